"""Printers that are written to directly: which there are, try one, a run on its way through one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast

from flask import abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability.errors import Refused
from traceability.labels.label import Label
from traceability.labels.page import TrialPage
from traceability.labels.run import RUN_MAX
from traceability.labels.sheet import Paper, find_paper
from traceability.printers.known import (
    Printer,
    enter_printer,
    find_printer,
    printers,
    remove_printer,
)
from traceability.printers.sending import print_out
from traceability.web import access
from traceability.web.direct_printing import plugged_in
from traceability.web.label_sheet import TEST_TEXT, asked, caption
from traceability.web.labels import blueprint as page_of
from traceability.web.print_jobs import PrintJob, PrintJobs
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import ngettext
from traceability.web.words import number

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

WAITED_S = 0.8
"""How long a request waits for a job's end: short jobs are done when their page appears."""
TEST_SIZE = "50x30"
_JOBS = "hangtag.print-jobs"


def _ledger() -> Ledger:
    return cast("Ledger", current().ledger)


def _clock() -> Callable[[], datetime]:
    # The app's clock itself: threads that print stand outside of any request.
    found: Callable[[], datetime] = current_app.extensions["hangtag.clock"]
    return found


def jobs() -> PrintJobs:
    """Return the jobs of this server."""
    found: PrintJobs = current_app.extensions.setdefault(_JOBS, PrintJobs(_clock()))
    return found


def _owner_only() -> None:
    if access.role() != "admin":
        abort(403)


# --- which printers there are --------------------------------------------------------------------


@dataclass(slots=True)
class Given:
    """What the form says of a printer."""

    name: str = ""
    address: str = ""
    language: str = "zpl"
    dpi: str = "203"
    has_rfid: bool = False
    wrong: dict[str, str] = field(default_factory=dict)


@page_of.get("/labels/printers")
def show_printers() -> str:
    """Show the printers that were entered and those that are plugged in, and take a new one."""
    _owner_only()
    given = Given(
        address=request.args.get("address", "")[:200],
        language="tspl" if request.args.get("language") == "tspl" else "zpl",
    )
    return _page(given)


def _page(given: Given, said: str = "") -> str:
    with current().look() as view:
        known = printers(view)
    return render_template(
        "labels_printers.html",
        printers=known,
        found=plugged_in(known),
        given=given,
        said=said,
    )


@page_of.post("/labels/printers")
def add_printer() -> Response | tuple[str, int]:
    """Enter a printer."""
    form = request.form
    given = Given(
        form.get("name", "").strip()[:200],
        form.get("address", "").strip()[:400],
        form.get("language", "zpl"),
        form.get("dpi", "203"),
        form.get("rfid") == "1",
    )
    try:
        enter_printer(_ledger(), _printer(given), by=access.by())
    except Refused as error:
        member = "address" if "address" in str(error) else "name"
        given.wrong[member] = str(error)
        return _page(given), 422
    return redirect(url_for("labels.show_printers"), 303)


def _printer(given: Given) -> Printer:
    language: Literal["zpl", "tspl"] = "tspl" if given.language == "tspl" else "zpl"
    dpi = int(given.dpi) if given.dpi in ("203", "300", "600") else 0
    address = given.address
    # The address that a printer prints of itself has no scheme.
    if address and "://" not in address:
        address = f"tcp://{address}"
    return Printer(given.name, address, language, dpi, given.has_rfid and language == "zpl")


@page_of.post("/labels/printers/remove")
def take_printer_away() -> Response:
    """Take a printer out of the list; what it printed stays printed."""
    remove_printer(_ledger(), request.form.get("name", "")[:200], by=access.by())
    return redirect(url_for("labels.show_printers"), 303)


@page_of.post("/labels/printers/test")
def test_printer() -> Response:
    """Print a label that says whether printer and scanner understand each other."""
    with current().look() as view:
        printer = find_printer(view, request.form.get("name", "")[:200])
    paper = find_paper(TEST_SIZE)
    trial = TrialPage(paper, TEST_TEXT, caption(paper))
    label = Label("test", TEST_TEXT, trial, None)
    job = PrintJob("", _("Test label"), printer.name, 1)
    return _begin(printer, [label], paper, job)


# --- a run ---------------------------------------------------------------------------------------


@page_of.post("/labels/send")
def send_run() -> Response:
    """Begin to print a run on a printer, from one of its labels on."""
    _owner_only()
    run, labels = asked()
    typed = request.form.get("skip", "0")
    skip = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    with current().look() as view:
        printer = find_printer(view, request.form.get("printer", "")[:200])
    paper = find_paper(request.form.get("size", "")[:40])
    left = labels[skip:RUN_MAX]
    if not left:
        abort(404)
    query = {**run.query(), "size": paper.name, "printer": printer.name}
    title = ngettext("%(count)s label", "%(count)s labels", len(left), count=number(len(left)))
    if run.order:
        title = f"{title} · {_('Order %(number)s', number=run.order)}"
    job = PrintJob("", title, printer.name, len(left), tuple(query.items()), skip)
    return _begin(printer, left, paper, job)


def _begin(printer: Printer, labels: list[Label], paper: Paper, job: PrintJob) -> Response:
    out = print_out(printer, labels, paper, ledger=_ledger(), by=access.by(), clock=_clock())
    job_id = jobs().start(job, [one.name for one in labels], out)
    jobs().wait(job_id, WAITED_S)
    return redirect(url_for("labels.show_job", job_id=job_id), 303)


@page_of.get("/labels/sending/<job_id>")
def show_job(job_id: str) -> str:
    """Show how far a job is, what stopped it, and from where to go on."""
    _owner_only()
    job = jobs().job(job_id)
    if job is None:
        abort(404)
    return render_template("labels_job.html", job=job, shows_each=job.total <= 200 and job.chips)
