"""The sheet as the printer gets it, the same as PDF and PNG, and a page to try the printer."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from flask import Response, abort, render_template, request, url_for

from traceability.errors import Refused
from traceability.labels.label import Label
from traceability.labels.page import (
    TrialPage,
    draw_pages,
    draw_test,
    ruler_length,
    whole_page,
)
from traceability.labels.pdf import write_pdf
from traceability.labels.png import write_png
from traceability.labels.reading_back import proven
from traceability.labels.run import Run, find
from traceability.labels.sheet import Paper, find_paper, pages
from traceability.web import access, papers
from traceability.web.direct_printing import offered
from traceability.web.label_addresses import sheet_address
from traceability.web.label_faces import wording
from traceability.web.labels import blueprint as page_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

PRINTED_MAX = 600
"""Labels on one page of the browser; the next ones are one press away."""
PICTURES_MAX = 60
"""Labels of one bundle of pictures: a PDF serves better for more."""
TEST_TEXT = "HANGTAG-TEST-7"
_FILE_NAME = re.compile(r"[^A-Za-z0-9_-]+")


# --- the sheet -----------------------------------------------------------------------------------


def asked() -> tuple[Run, list[Label]]:
    """Return the run that an address asks for, and its labels; 404 where there are none."""
    run = Run.read(request.values)
    if run is None:
        abort(404)
    if run.kind == "person" and access.role() != "admin":
        # A badge shows a name: that is nobody's business but the owner's.
        abort(403)
    with current().look() as view:
        labels = find(view, run, wording())
    return (run, labels) if labels else abort(404)


@page_of.get("/labels/print")
def show_print() -> str:
    """Show the sheet as the printer gets it."""
    run, labels = asked()
    chosen = papers.choice(request.args, run.kind)
    with current().look() as view:
        direct = offered(view, run, chosen.paper)
    part = _part(len(labels))
    shown = labels[part * PRINTED_MAX : (part + 1) * PRINTED_MAX]
    # A part that follows begins where the one before it ended.
    before = chosen.start - 1 + part * PRINTED_MAX
    start = before % chosen.paper.count + 1
    return render_template(
        "labels_print.html",
        run=run,
        sheets=draw_pages(shown, chosen.paper, start=start),
        paper=chosen.paper,
        paper_size=papers.size_words(chosen.paper.page),
        start=chosen.start,
        count=len(labels),
        shown=(part * PRINTED_MAX + 1, part * PRINTED_MAX + len(shown)),
        page_count=pages(len(shown), chosen.paper, start=start),
        part_number=part,
        part_of_many=len(labels) > PRINTED_MAX,
        more=(part + 1) * PRINTED_MAX < len(labels),
        back=_back(run),
        offered=direct,
        pdf=sheet_address(run, chosen, "labels.give_pdf"),
        png=sheet_address(run, chosen, "labels.give_png") if len(labels) <= PICTURES_MAX else "",
    )


def _part(count: int) -> int:
    given = request.args.get("part", "0")
    part = int(given) if given.isdecimal() and len(given) < 5 else 0
    return min(part, (count - 1) // PRINTED_MAX)


def _back(run: Run) -> str:
    if run.kind == "ticket" and run.order:
        return url_for("tickets.show", number=run.order)
    if run.kind == "hang-tag" and run.order:
        return url_for("labels.show_hang_tags", number=run.order)
    return url_for("labels.show")


@page_of.get("/labels/print.pdf")
def give_pdf() -> Response:
    """Give the labels as one PDF, each page as large as its paper."""
    run, labels = asked()
    chosen = papers.choice(request.args, run.kind)
    data = write_pdf(labels, chosen.paper, start=chosen.start)
    return _file(data, "application/pdf", f"{_name(run, labels)}.pdf")


@page_of.get("/labels/print.png")
def give_png() -> Response:
    """Give one label as a picture, several as pictures in one archive."""
    run, labels = asked()
    chosen = papers.choice(request.args, run.kind)
    if len(labels) > PICTURES_MAX:
        raise Refused(
            f"Cannot make pictures of {len(labels)} labels: expected at most {PICTURES_MAX}. "
            "Take the PDF instead."
        )
    pictures = [_picture(one, chosen.paper) for one in labels]
    if len(pictures) == 1:
        return _file(pictures[0], "image/png", f"{_name(run, labels)}.png")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (one, data) in enumerate(zip(labels, pictures, strict=True), 1):
            archive.writestr(f"{number:03d}-{_plain(one.name)}.png", data)
    return _file(packed.getvalue(), "application/zip", f"{_name(run, labels)}.zip")


def _picture(label: Label, paper: Paper) -> bytes:
    return write_png(proven(label, paper.label, paper.inset))


def _name(run: Run, labels: Sequence[Label]) -> str:
    names = [labels[0].name] if len(labels) == 1 else [labels[0].name, labels[-1].name]
    return _plain("-".join([run.kind, *names]))


def _plain(said: str) -> str:
    return _FILE_NAME.sub("-", said).strip("-")[:80]


def _file(data: bytes, mimetype: str, name: str) -> Response:
    response = Response(data, mimetype=mimetype)
    kind = "inline" if mimetype == "application/pdf" else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    return response


@page_of.get("/labels/paper.css")
def style_paper() -> Response:
    """Tell the printer the size of the page; the policy of our pages allows no style in them."""
    paper = find_paper(request.args.get("paper", ""))
    return Response(page_rule(paper), mimetype="text/css")


def page_rule(paper: Paper) -> str:
    r"""Write the rule that gives the printed page its size.

    >>> page_rule(find_paper("60x40"))
    '@page { size: 60mm 40mm; margin: 0; }\n'
    """
    wide, high = (f"{side:g}mm" for side in paper.page)
    return f"@page {{ size: {wide} {high}; margin: 0; }}\n"


# --- trying the printer --------------------------------------------------------------------------


@page_of.get("/labels/test")
def show_test() -> str:
    """Show a page with a ruler and a code, and say whether the code was read right."""
    chosen = papers.choice(request.args)
    length = ruler_length(chosen.paper)
    read = request.args.get("read", "").strip()
    return render_template(
        "labels_test.html",
        sheet=draw_test(chosen.paper, TEST_TEXT, caption(chosen.paper)),
        paper=chosen.paper,
        paper_size=papers.size_words(chosen.paper.page),
        length=length,
        text=TEST_TEXT,
        read=read[:80],
        is_right=read.removeprefix("]Q1").removeprefix("]C0") == TEST_TEXT,
        pdf=url_for("labels.give_test", paper=chosen.paper.name),
    )


@page_of.get("/labels/test.pdf")
def give_test() -> Response:
    """Give the page that tries the printer as PDF."""
    paper = papers.choice(request.args).paper
    trial = TrialPage(paper, TEST_TEXT, caption(paper))
    return _file(write_pdf([trial], whole_page(paper)), "application/pdf", "test-page.pdf")


def caption(paper: Paper) -> str:
    """Say how long the ruler on a trial page must be."""
    return _("This line is %(length)s mm long.", length=ruler_length(paper))
