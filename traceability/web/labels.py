"""Labels: what can be printed, and printed again by its code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability.errors import Refused
from traceability.labels import garments, rolls
from traceability.labels.codes import WrongCode
from traceability.labels.run import Run, drawn, named, things
from traceability.projections import progress
from traceability.projections.people import people
from traceability.projections.view import View
from traceability.web import access, papers
from traceability.web import tickets as ticket_form
from traceability.web.label_addresses import sheet_address
from traceability.web.label_faces import preview, wording
from traceability.web.layout import MenuEntry
from traceability.web.orders import number_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext
from traceability.web.telling import item_path

blueprint = Blueprint("labels", __name__)
MENU = MenuEntry(lazy_gettext("Labels"), "labels.show", 60)

ORDERS_SHOWN = 30
REACHES = ("one", "on", "range")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of label that has a page of its own."""

    icon: str
    words: str
    line: str
    href: str
    count: int | None = None
    """How many things there are that carry one."""


@blueprint.get("/labels")
def show() -> str:
    """Show what can be printed: tickets of orders, the other kinds, and any label again."""
    return _menu_page(papers.choice({}), {})


def _menu_page(chosen: papers.Choice, wrong: dict[str, str]) -> str:
    with current().look() as view:
        rows = [row for row in progress.orders(view) if not row.ordered <= row.finished]
        shown = rows[:ORDERS_SHOWN]
        listed = [
            (row, number_of(row.label.key, view.namespace), _standing(view, row.label.key))
            for row in shown
        ]
        return render_template(
            "labels.html",
            orders=listed,
            more=len(rows) - len(shown),
            kinds=_kinds(view),
            groups=papers.groups(chosen),
            paper=chosen.paper,
            paper_words=papers.title(chosen.paper),
            wrong=wrong,
            given=request.form,
            advanced=_advanced(),
        )


def _advanced() -> list[tuple[str, str]]:
    """Return what few workshops ever open: words and address."""
    if access.role() != "admin":
        return []
    listed = (
        ("/labels/printers", _("Printers that are written to directly")),
        ("/labels/company", _("Company prefixes and serial numbers")),
    )
    there = {rule.rule for rule in current_app.url_map.iter_rules()}
    return [(words, address) for address, words in listed if address in there]


def _standing(view: View, order: str) -> ticket_form.Standing | None:
    return ticket_form.standing(view, order)


def _kinds(view: View) -> list[Kind]:
    """Return the kinds of labels that have a page of their own."""
    found = []
    if garments.has_garments(view.flow):
        line = _("One for each garment, with a number of its own")
        found.append(Kind("tag", _("Hang-tags"), line, url_for("labels.show_tags")))
    if any(kind.form == "lot" and kind.unit for kind in view.flow.kinds):
        line = _("For rolls whose own label is torn, or cannot be scanned")
        address = url_for("labels.show_rolls")
        found.append(Kind("roll", _("Roll labels"), line, address, len(rolls.listed(view))))
    line = _("Blank cartons get a label each; what is scanned into one belongs to it")
    address = url_for("labels.show_cartons")
    found.append(Kind("carton", _("Carton labels"), line, address, len(view.masters("carton"))))
    working = sum(one.is_active for one in people(view)) if access.role() == "admin" else 0
    if working:
        line = _("One for each person, with the name and a code")
        found.append(Kind("user", _("Badges"), line, url_for("labels.show_badges"), working))
    if access.role() == "admin":
        line = _("Steps, undo and people as codes, to hang up beside a scanner")
        found.append(Kind("print", _("Command sheet"), line, url_for("command_sheet.show")))
    return found


# --- any label again, by its code ----------------------------------------------------------------


@blueprint.post("/labels")
def again() -> Response | tuple[str, int]:
    """Print one label again, or from a torn one on, or as far as another one."""
    try:
        chosen = papers.choice(request.form)
    except Refused as error:
        return _menu_page(papers.choice({}), {"paper": str(error)}), 422
    run = wanted(request.form)
    if isinstance(run, str):
        return _menu_page(chosen, {"again": run}), 422
    return printed(run, chosen)


def printed(run: Run, chosen: papers.Choice) -> Response:
    """Lead to the sheet of a run, and remember its paper."""
    with current().look() as view:
        count = len(things(view, run)) * run.copies
    response = redirect(sheet_address(run, chosen), 303)
    papers.keep(response, chosen, count, run.kind)
    return response


def wanted(given: Any) -> Run | str:  # a form or the values of an address
    """Return the run that a code and a reach ask for, or one sentence about what is wrong."""
    reach = given.get("reach", "one")
    if reach not in REACHES:
        abort(400)
    typed, until = given.get("first", "")[:400], given.get("last", "")[:400]
    try:
        with current().look() as view:
            first = named(view, typed)
            if first is None:
                return nobody(typed)
            if reach == "one":
                return first
            if reach == "on":
                return replace(first, last="")
            last = named(view, until)
            return nobody(until) if last is None else _as_far_as(view, first, last)
    except WrongCode as error:
        return code_words(error)
    except Refused as error:
        return str(error)


def _as_far_as(view: View, first: Run, last: Run) -> Run | str:
    if first.kind != last.kind:
        return _("The two codes are of different kinds of labels: give two of one kind.")
    if first.order == last.order:
        run = replace(first, last=last.first)
    else:
        run = replace(first, order="", last=last.first)
    if run.kind == "hang-tag":
        one = garments.garment(view, first.first)
        other = garments.garment(view, last.first)
        if one is None or other is None or one.product != other.product:
            return _("The two codes are of different products: give two of one product.")
        run = replace(run, product=one.product)
    if not things(view, run):
        return _("There is nothing between these two codes: give the lower one first.")
    return run


def nobody(said: str) -> str:
    """Say that no label has a code."""
    if not said.strip():
        return _("Scan the label, or type the digits that stand large on it.")
    return _(
        "No label has the code %(code)s. Look again, or print new ones.",
        code=_shown(said),
    )


def _shown(said: str) -> str:
    # Control characters are shown as what they are, long text only as far as it helps.
    plain = "".join(one if one.isprintable() else "·" for one in said.strip())
    return plain if len(plain) <= 40 else f"{plain[:40]}…"


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


@blueprint.get("/labels/one")
def show_one() -> str | tuple[str, int]:
    """Show the label of one thing, and print it, or from it on."""
    return _one_page(papers.choice, {})


def _one_page(choose: Any, wrong: dict[str, str]) -> str | tuple[str, int]:
    of = request.values.get("of", "")[:400]
    with current().look() as view:
        run = named(view, of)
        if run is None:
            abort(404)
        if run.kind == "person" and access.role() != "admin":
            abort(403)
        try:
            chosen = choose(request.values, run.kind)
        except Refused as error:
            wrong["paper"] = str(error)
            chosen = papers.choice({}, run.kind)
        found = things(view, run)
        [label] = drawn(view, run.kind, found[:1], wording())
        page = render_template(
            "labels_one.html",
            of=of,
            run=run,
            label=label,
            preview=preview(label, chosen.paper),
            groups=papers.groups(chosen, run.kind),
            paper=chosen.paper,
            size_words=papers.size_words(chosen.paper.label),
            copies=request.values.get("copies", "1")[:3],
            item_path=item_path,
            wrong=wrong,
        )
    return (page, 422) if wrong and request.method == "POST" else page


@blueprint.post("/labels/one")
def print_one() -> Response | str | tuple[str, int]:
    """Lead to the sheet of one thing's label, or of those from it on."""
    form = request.form
    wrong: dict[str, str] = {}
    try:
        with current().look() as view:
            run = named(view, form.get("of", "")[:400])
            if run is None:
                abort(404)
            if form.get("reach") == "on":
                run = replace(run, last="")
        chosen = papers.choice(form, run.kind)
        copied = Run.read({"what": run.kind, "copies": form.get("copies", "1")})
        assert copied is not None, "its kind was found above"
        return printed(replace(run, copies=copied.copies), chosen)
    except Refused as error:
        wrong["copies" if "of each" in str(error) else "paper"] = str(error)
        return _one_page(papers.choice, wrong)
