"""Is everything kept? The last backup, where it lies, the button that makes one, the way back.

What is shown of backups is for the owner alone: such a file holds the key and what is personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from traceability import __version__
from traceability.errors import Refused
from traceability.factory import daily
from traceability.factory.budget import Budget
from traceability.factory.drives import drives
from traceability.factory.health import Check, examine
from traceability.factory.moved import last_move
from traceability.factory.thinning import last_thinned
from traceability.ledger import history
from traceability.web import access
from traceability.web.clock import now
from traceability.web.disk import disk_of, disk_words
from traceability.web.floor_door import floor
from traceability.web.keeping import Keeping
from traceability.web.layout import MenuEntry
from traceability.web.reader_words import trouble_told
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.words import duration

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.floor_values import Trouble
    from traceability.ledger.append import Ledger

blueprint = Blueprint("safe", __name__)
MENU = MenuEntry(lazy_gettext("Safe"), "safe.show", 90)

PATIENCE_S = 1.0
"""A small workshop's backup is done by then, and the page that comes back shows it."""
LISTED = 50
PHASES = {
    "copying": lazy_gettext("Copying the record as it is now"),
    "writing": lazy_gettext("Writing the file"),
    "checking": lazy_gettext("Reading it back and verifying every entry"),
}


DISK_PARTS = {
    "ledger": lazy_gettext("Record, keys and settings"),
    "uploads": lazy_gettext("What was handed in"),
    "thumbnails": lazy_gettext("Small pictures"),
    "recordings": lazy_gettext("Recordings of readers"),
    "spool": lazy_gettext("Stations"),
    "logs": lazy_gettext("Logs"),
    "backups": lazy_gettext("Backups"),
}


@dataclass(slots=True)
class Desk:
    """What this server remembers about its backups between two pages."""

    keeping: Keeping
    born_at: datetime | None = None
    """When the ledger was begun; it never changes, so it is read once."""


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    app = state.app
    app.extensions["hangtag.safe"] = Desk(Keeping(app.extensions["hangtag.clock"]))
    app.jinja_env.globals["safe_warning"] = warning
    app.jinja_env.globals["doctor_url"] = doctor_url


def desk() -> Desk:
    """Return what this server remembers about its backups."""
    return cast("Desk", current_app.extensions["hangtag.safe"])


def factory() -> Factory | None:
    """Return the workshop's folder behind this server, None if it serves a bare ledger."""
    return cast("Factory | None", current_app.extensions.get("hangtag.factory"))


def for_owner() -> None:
    """Answer 403 to everybody but the owner."""
    if access.role() != "admin":
        abort(403)


def warning() -> str:
    """Return the red line for every page: empty unless the last backup is older than three days.

    Or the record is not the one that was signed. Asked on every page of the owner: two small files
    at most are looked at.
    """
    from traceability.web.safe_keys import put_back

    workshop = factory()
    if workshop is None or current().opening.is_demo or access.role() != "admin":
        return ""
    if request.endpoint == "safe.show":  # which says it itself, larger
        return ""
    if put_back():
        return _("This record was put back from an old copy: nothing is signed.")
    last = daily.last(workshop)
    since = last.made_at or _born()
    if not daily.is_late(since, now()):
        return ""
    if last.made_at is None:
        return _("There is no backup yet. A broken disk would take everything with it.")
    return _("The last backup is %(age)s old.", age=duration(now() - since))


def doctor_url() -> str:
    """Return where the owner sees what is wrong on this PC; nothing for anybody else."""
    return url_for("safe.doctor") if access.role() == "admin" else ""


def _born() -> datetime:
    remembered = desk()
    if remembered.born_at is None:
        with current().look() as view:
            first = history.sheets(view.connection, view.ledger_id, 0, 1)
        remembered.born_at = first[0].recorded_at if first else now()
    return remembered.born_at


@dataclass(frozen=True, slots=True)
class Line:
    """One backup in the list."""

    name: str
    made_at: datetime
    bytes: int
    entries: int
    place: str
    version: str


@blueprint.get("/safe")
def show() -> str:
    """Show the last backup, the button, where to, the list, the room left, the way back."""
    for_owner()
    return _page({}, {})


def _page(given: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    workshop = factory()
    if workshop is None:
        return render_template("safe_bare.html", file=_bare_file(), version=__version__)
    plan, trouble = _plan(workshop)
    last = daily.last(workshop)
    lines = _lines(workshop, plan)
    return render_template(
        "safe.html",
        last=last,
        is_late=daily.is_late(last.made_at or _born(), now()),
        running=desk().keeping.running,
        phases=PHASES,
        plan=plan,
        trouble=trouble,
        **_sticks(workshop, plan),
        own=workshop.backups,
        lines=lines[:LISTED],
        line_count=len(lines),
        version=__version__,
        disk=disk_of(workshop),
        disk_words=disk_words,
        disk_parts=DISK_PARTS,
        thinned=last_thinned(workshop),
        **_keys(workshop),
        given=given,
        wrong=wrong,
    )


def _sticks(workshop: Factory, plan: daily.Plan) -> Mapping[str, object]:
    """Return what is plugged in, and which place is chosen before anybody has chosen one."""
    found = drives()
    able = [one for one in found if one.is_writable]
    preferred = str(plan.target or "")
    if len(able) == 1 and not _is_chosen(workshop):
        preferred = str(able[0].path)
    mark = "\n".join(f"{one.path} {one.is_writable}" for one in found)
    seen = sha256(mark.encode()).hexdigest()[:16]
    return {"drives": found, "preferred": preferred, "seen": seen}


def _is_chosen(workshop: Factory) -> bool:
    try:
        return "backup" in workshop.settings()
    except Refused:  # the page says so
        return False


@blueprint.get("/safe/sticks")
def sticks() -> str | tuple[str, int]:
    """Show only what is plugged in, if it is something else than the page shows."""
    for_owner()
    workshop = factory()
    if workshop is None:
        abort(404)
    plan, _trouble = _plan(workshop)
    now_in = _sticks(workshop, plan)
    if request.args.get("seen") == now_in["seen"]:
        return "", 204
    # Who is typing a folder has chosen: a stick that comes meanwhile is shown and takes nothing.
    chosen = "typed" if request.args.get("target") == "typed" else now_in["preferred"]
    return render_template("safe_sticks.html", plan=plan, chosen=chosen, **now_in)


def _keys(workshop: Factory) -> Mapping[str, object]:
    """Return what the page says of the recovery code and of restores."""
    from traceability.web import safe_keys

    return {
        "move": last_move(workshop, now=now()),
        "rollback": safe_keys.put_back(anew=True),
        "restores": safe_keys.restores(),
        "sheet_is_kept": safe_keys.sheet_is_kept(workshop),
        "moment_of": safe_keys.moment_of,
        "gap_words": safe_keys.gap_words,
    }


def _plan(workshop: Factory) -> tuple[daily.Plan, str]:
    try:
        return daily.read_plan(workshop), ""
    except Refused as error:
        return daily.Plan(), str(error)


def _bare_file() -> str:
    book = cast("Ledger", current().ledger)
    path = book.database.path
    return str(path.absolute()) if path is not None else ""


def _folders(workshop: Factory, plan: daily.Plan) -> list[Path]:
    return list(dict.fromkeys([plan.target or workshop.backups, workshop.backups]))


def _lines(workshop: Factory, plan: daily.Plan) -> list[Line]:
    found = [one for folder in _folders(workshop, plan) for one in daily.kept(folder)]
    found.sort(key=lambda one: one.manifest.made_at, reverse=True)
    return [
        Line(
            one.path.name,
            one.manifest.made_at,
            one.bytes,
            one.manifest.newest.size if one.manifest.newest else 0,
            str(one.path.parent),
            one.manifest.version,
        )
        for one in found
    ]


@blueprint.post("/safe/backup")
def begin() -> Response | str | tuple[str, int]:
    """Begin a backup where the form says, and keep that; the page shows how far it is."""
    for_owner()
    workshop = factory()
    if workshop is None:
        abort(404)
    if "target" in request.form:
        wrong = _kept_choice(workshop)
        if wrong:
            return _page(dict(request.form), wrong), 400
    desk().keeping.start(workshop)
    desk().keeping.wait(PATIENCE_S)
    return redirect(url_for("safe.show") + "#last", 303)


@blueprint.get("/safe/progress")
def progress() -> str:
    """Show only how the backup is going: what the page asks for while it runs."""
    for_owner()
    workshop = factory()
    if workshop is None:
        abort(404)
    last = daily.last(workshop)
    return render_template(
        "safe_last.html",
        last=last,
        is_late=daily.is_late(last.made_at or _born(), now()),
        running=desk().keeping.running,
        phases=PHASES,
    )


@blueprint.post("/safe/where")
def where() -> Response | str | tuple[str, int]:
    """Keep where backups go, how many stay, and whether one is made every day."""
    for_owner()
    workshop = factory()
    if workshop is None:
        abort(404)
    wrong = _kept_choice(workshop)
    if wrong:
        return _page(dict(request.form), wrong), 400
    return redirect(url_for("safe.show") + "#where", 303)


def _kept_choice(workshop: Factory) -> dict[str, str]:
    """Keep what the form says of where backups go; return what is wrong with it, by field."""
    form = request.form
    typed = form.get("typed", "").strip()
    chosen = typed if form.get("target") == "typed" else form.get("target", "")
    keep = form.get("keep", "").strip()
    wrong: dict[str, str] = {}
    if form.get("target") == "typed" and not typed:
        wrong["typed"] = _("Type the path of a folder, for example %(path)s.", path=_example())
    if not (keep.isascii() and keep.isdigit() and 1 <= int(keep[:6]) <= daily.KEEP_MAX):
        wrong["keep"] = _(
            "%(given)s cannot be: how many backups stay, from 1 to 1000?", given=keep or "–"
        )
    if not wrong:
        try:
            daily.choose(
                workshop,
                Path(chosen) if chosen else None,
                keep=int(keep),
                is_daily=form.get("daily") == "yes",
            )
        except Refused as error:
            wrong["typed"] = str(error)
    return wrong


def _example() -> str:
    return "D:\\backups" if Path().absolute().drive else "/media/stick"


@blueprint.get("/safe/backups/<name>")
def download(name: str) -> Response:
    """Give a backup to the owner, to carry it away."""
    for_owner()
    workshop = factory()
    if workshop is None:
        abort(404)
    plan, _trouble = _plan(workshop)
    found = [one.path for folder in _folders(workshop, plan) for one in daily.kept(folder)]
    path = next((one for one in found if one.name == name), None)
    if path is None:
        abort(404)
    return send_file(path, mimetype="application/zip", as_attachment=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing the doctor looked at, in the page's language."""

    state: str
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Plug:
    """A serial port as the doctor asks for it, its remedy in the page's language."""

    device: str
    remedy: str


def _plugs() -> list[Plug]:
    desk_of_readers = floor()
    assert desk_of_readers is not None, "asked only where readers are"
    return [
        Plug(port.url, _remedy(port.trouble))
        for port in desk_of_readers.ports()
        if not port.is_network
    ]


def _remedy(trouble: Trouble | None) -> str:
    if trouble is None:
        return ""
    told = trouble_told(trouble)
    return " · ".join(part for part in (told.title, told.line, told.command) if part)


STATES = {"ok": "pass", "look": "late", "bad": "stop"}


@blueprint.get("/doctor")
def doctor() -> str:
    """Show what is wrong on the PC of the server, with remedies: as `hangtag doctor` does."""
    for_owner()
    has_floor = floor() is not None
    checks = examine(factory(), now=now(), port=None, ports=_plugs if has_floor else None)
    worst = sorted(checks, key=lambda check: ("bad", "look", "ok").index(check.state))
    rows = [_row(check) for check in worst]
    return render_template("doctor.html", rows=rows, wrong=sum(row.state != "pass" for row in rows))


def _row(check: Check) -> Row:
    values = {
        name: disk_words(value) if isinstance(value, Budget) else value
        for name, value in check.values.items()
    }
    remedy = _(check.remedy, **values) if check.remedy else ""
    return Row(STATES[check.state], _(check.words, **values), remedy)
