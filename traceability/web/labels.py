"""Labels: what can be printed and printed again, the sheet itself, a page to try the printer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused
from traceability.labels import tickets
from traceability.labels.codes import ShortCode, WrongCode, parse_code
from traceability.labels.face import Face
from traceability.labels.issuing import Wish, issue
from traceability.labels.page import draw_pages, draw_test, ruler_length
from traceability.labels.sheet import Paper, find_paper, pages
from traceability.projections import progress
from traceability.projections.people import people
from traceability.projections.view import View
from traceability.web import access, papers
from traceability.web import tickets as ticket_form
from traceability.web.label_faces import badge_faces, carton_faces, ticket_faces
from traceability.web.layout import MenuEntry
from traceability.web.orders import number_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

blueprint = Blueprint("labels", __name__)
MENU = MenuEntry(lazy_gettext("Labels"), "labels.show", 60)

ORDERS_SHOWN = 30
PRINTED_MAX = 600
"""Labels on one page of the browser; the next ones are one press away."""
CARTONS_MAX = 200
TEST_TEXT = "HANGTAG-TEST-7"
WHAT = ("ticket", "carton", "person")


@blueprint.get("/labels")
def show() -> str:
    """Show what can be printed: tickets of orders, one ticket again, cartons, badges."""
    return _menu_page(papers.choice({}), {})


def _menu_page(chosen: papers.Choice, wrong: dict[str, str]) -> str:
    with current().look() as view:
        rows = [row for row in progress.orders(view) if not row.ordered <= row.finished]
        shown = rows[:ORDERS_SHOWN]
        listed = [
            (row, number_of(row.label.key, view.namespace), _standing(view, row.label.key))
            for row in shown
        ]
        everybody = people(view) if access.role() == "admin" else []
        cartons = sorted(view.masters("carton"), key=lambda key: (len(key), key))
    return render_template(
        "labels.html",
        orders=listed,
        more=len(rows) - len(shown),
        people_count=sum(one.is_active for one in everybody),
        cartons=[key.rsplit("/", 1)[-1] for key in cartons],
        groups=papers.groups(chosen),
        wrong=wrong,
        given=request.form,
    )


def _standing(view: View, order: str) -> ticket_form.Standing | None:
    return ticket_form.standing(view, order)


@blueprint.post("/labels")
def choose() -> BaseResponse | tuple[str, int]:
    """Take the forms of the page: tickets again, new carton labels, badges."""
    wrong: dict[str, str] = {}
    try:
        chosen = papers.choice(request.form)
    except Refused as error:
        return _menu_page(papers.choice({}), {"paper": str(error)}), 422
    what = request.form.get("what", "")
    first = last = order = ""
    if what == "ticket":
        first, last, order = _again(wrong)
    elif what == "carton":
        first, last = _new_cartons(wrong)
    elif what == "carton-again":
        first, last = _codes("C", wrong)
        what = "carton"
    elif what != "person":
        abort(400)
    if wrong:
        return _menu_page(chosen, wrong), 422
    with current().look() as view:
        count = len(_faces(view, what, order, first, last))
    if not count:
        return _menu_page(chosen, {what: _("Nothing of that is there to be printed.")}), 422
    address = ticket_form.print_address(what, chosen, order=order, first=first, last=last)
    response = redirect(address, 303)
    papers.keep(response, chosen, count)
    return response


def _again(wrong: dict[str, str]) -> tuple[str, str, str]:
    """Return first code, last code and order of the tickets that are wanted once more."""
    typed, until = request.form.get("first", ""), request.form.get("last", "")
    reach = request.form.get("reach", "one")
    with current().look() as view:
        try:
            found = tickets.found(view, typed)
            end = tickets.found(view, until) if reach == "range" else found
        except WrongCode as error:
            wrong["ticket"] = code_words(error)
            return "", "", ""
    for one, said in ((found, typed), (end, until)):
        if one is None:
            wrong["ticket"] = _(
                "No ticket has the code %(code)s. Look again, or print the tickets of its order.",
                code=said[:20],
            )
            return "", "", ""
    assert found is not None, "said just above"
    assert end is not None, "said just above"
    if reach == "on":
        return found.code, "", found.order
    same = found.order if found.order == end.order else ""
    return found.code, end.code, same


def _codes(letter: str, wrong: dict[str, str]) -> tuple[str, str]:
    try:
        first = parse_code(request.form.get("first", ""), "C")
        last = parse_code(request.form.get("last", "") or first.text, "C")
    except WrongCode as error:
        wrong["carton"] = code_words(error)
        return "", ""
    return ShortCode(letter, first.running).text, ShortCode(letter, last.running).text


def _new_cartons(wrong: dict[str, str]) -> tuple[str, str]:
    typed = request.form.get("count", "").strip()
    count = int(typed) if typed.isdecimal() and len(typed) < 5 else 0
    if not 1 <= count <= CARTONS_MAX:
        wrong["carton"] = _(
            "Cannot make %(given)s carton labels: expected a whole number from 1 to %(most)s.",
            given=typed[:12] or "0",
            most=CARTONS_MAX,
        )
        return "", ""
    made = issue(
        cast("Ledger", current().ledger),
        lambda _view: [Wish("C", {})] * count,
        by=access.role() or "",
    )
    return made[0].text, made[-1].text


def code_words(error: WrongCode) -> str:
    """Say what is wrong with a code that was typed."""
    if error.expected is None:
        return _(
            "“%(given)s” is not one of our codes: expected the digits that stand large on the "
            "label.",
            given=error.given[:20],
        )
    return _(
        "%(given)s is not one of our codes: the last digit should be %(digit)s. Look again.",
        given=error.given,
        digit=error.expected,
    )


# --- the sheet -----------------------------------------------------------------------------------


@blueprint.get("/labels/print")
def show_print() -> str:
    """Show the sheet as the printer gets it."""
    chosen = papers.choice(request.args)
    what, order = request.args.get("what", ""), request.args.get("order", "")
    first, last = request.args.get("from", ""), request.args.get("to", "")
    if what not in WHAT:
        abort(404)
    with current().look() as view:
        faces = _faces(view, what, order, first, last)
    if not faces:
        abort(404)
    part = _part(len(faces))
    shown = faces[part * PRINTED_MAX : (part + 1) * PRINTED_MAX]
    # A part that follows begins where the one before it ended.
    before = chosen.start - 1 + part * PRINTED_MAX
    start = before % chosen.paper.count + 1
    return render_template(
        "labels_print.html",
        what=what,
        order=order,
        sheets=draw_pages(shown, chosen.paper, start=start),
        paper=chosen.paper,
        paper_size=papers.size_words(chosen.paper.page),
        start=chosen.start,
        count=len(faces),
        shown=(part * PRINTED_MAX + 1, part * PRINTED_MAX + len(shown)),
        page_count=pages(len(shown), chosen.paper, start=start),
        part_number=part,
        part_of_many=len(faces) > PRINTED_MAX,
        more=(part + 1) * PRINTED_MAX < len(faces),
        back=_back(what, order),
    )


def _part(count: int) -> int:
    given = request.args.get("part", "0")
    part = int(given) if given.isdecimal() and len(given) < 5 else 0
    return min(part, (count - 1) // PRINTED_MAX)


def _back(what: str, order: str) -> str:
    if what == "ticket" and order:
        return url_for("tickets.show", number=order)
    return url_for("labels.show")


def _faces(view: View, what: str, order: str, first: str, last: str) -> list[Face]:
    """Return the labels that are meant; none if there are none."""
    if what == "ticket":
        if order:
            have = ticket_form.between(tickets.of_order(view, order), first, last)
        else:
            have = tickets.between(view, parse_code(first, "B"), parse_code(last, "B"))
        return ticket_faces(view, have)
    if what == "carton":
        return carton_faces(view, _carton_keys(view, parse_code(first, "C"), parse_code(last, "C")))
    if access.role() != "admin":
        # A badge shows a name: that is nobody's business but the owner's.
        abort(403)
    return badge_faces(view, [one for one in people(view) if one.is_active])


def _carton_keys(view: View, first: ShortCode, last: ShortCode) -> Sequence[str]:
    if not 0 <= last.running - first.running < PRINTED_MAX:
        return ()
    keys = [
        ShortCode("C", running).key(view.namespace)
        for running in range(first.running, last.running + 1)
    ]
    known = view.master("carton", keys)
    return [key for key in keys if key in known]


@blueprint.get("/labels/paper.css")
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


@blueprint.get("/labels/test")
def show_test() -> str:
    """Show a page with a ruler and a code, and say whether the code was read right."""
    chosen = papers.choice(request.args)
    length = ruler_length(chosen.paper)
    caption = _("This line is %(length)s mm long.", length=length)
    read = request.args.get("read", "").strip()
    return render_template(
        "labels_test.html",
        sheet=draw_test(chosen.paper, TEST_TEXT, caption),
        paper=chosen.paper,
        paper_size=papers.size_words(chosen.paper.page),
        length=length,
        text=TEST_TEXT,
        read=read[:80],
        is_right=read.removeprefix("]Q1").removeprefix("]C0") == TEST_TEXT,
    )
