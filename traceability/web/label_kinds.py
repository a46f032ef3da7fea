"""The pages of roll labels, carton labels and badges: what is there, a preview, the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from traceability.commissioning.prefixes import prefixes
from traceability.errors import Refused
from traceability.labels import logistic_units, rolls
from traceability.labels.codes import FIRST, ShortCode
from traceability.labels.issuing import Wish, issue, next_running
from traceability.labels.run import LabelKind, Run, Thing, drawn
from traceability.projections import progress
from traceability.projections.people import people
from traceability.projections.view import View
from traceability.web import access, papers
from traceability.web.label_faces import preview, wording
from traceability.web.labels import blueprint as page_of
from traceability.web.labels import printed
from traceability.web.orders import number_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.telling import item_path

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

CARTONS_MAX = 200
LISTED_MAX = 200
"""Rows with a button each; the others are found by their code."""
ORDERS_OFFERED = 200


@dataclass(slots=True)
class Bench:
    """The side of such a page: the paper, how many of each, what is wrong with them."""

    kind: LabelKind
    chosen: papers.Choice
    copies: str = "1"
    wrong: dict[str, str] = field(default_factory=dict)

    def run(self, **more: Any) -> Run:
        """Return a run of as many copies as were asked for."""
        read = Run.read({"what": self.kind, "copies": self.copies})
        assert read is not None, "its kind is one of ours"
        return Run(self.kind, copies=read.copies, **more)


def bench(kind: LabelKind, given: Mapping[str, str]) -> Bench:
    """Read the paper and the copies of a form; what cannot be is said beside it."""
    wrong: dict[str, str] = {}
    try:
        chosen = papers.choice(given, kind)
    except Refused as error:
        wrong["paper"] = str(error)
        chosen = papers.choice({}, kind)
    found = Bench(kind, chosen, given.get("copies", "1").strip()[:4] or "1", wrong)
    try:
        found.run()
    except Refused:
        wrong["copies"] = _(
            "Cannot print %(given)s of each: expected a whole number from 1 to 9.",
            given=found.copies,
        )
    return found


def bench_page(view: View, name: str, found: Bench, first: Thing | None, **more: Any) -> str:
    """Write such a page, with the label that would be printed first at its true size."""
    labels = drawn(view, found.kind, [first], wording()) if first is not None else []
    return render_template(
        name,
        bench=found,
        preview=preview(labels[0] if labels else None, found.chosen.paper),
        groups=papers.groups(found.chosen, found.kind),
        paper=found.chosen.paper,
        size_words=papers.size_words(found.chosen.paper.label),
        wrong=found.wrong,
        given=request.values,
        item_path=item_path,
        **more,
    )


def chosen_run(found: Bench) -> Run | None:
    """Return the run that a button of the list asks for: one, from one on, all of them."""
    form = request.form
    if "one" in form:
        return found.run(first=form["one"][:200], last=form["one"][:200])
    if "on" in form:
        return found.run(first=form["on"][:200])
    return found.run() if "all" in form else None


# --- rolls ---------------------------------------------------------------------------------------


@page_of.get("/labels/rolls")
def show_rolls() -> str:
    """Show the rolls that have cloth on them, with a label for each."""
    return _rolls_page(bench("roll", request.args))


def _rolls_page(found: Bench) -> str:
    with current().look() as view:
        have = rolls.listed(view)
        names = view.labels([one.product for one in have if one.product])
        return bench_page(
            view,
            "labels_rolls.html",
            found,
            have[0] if have else None,
            rolls=have[:LISTED_MAX],
            count=len(have),
            names={key: one.name for key, one in names.items()},
        )


@page_of.post("/labels/rolls")
def print_rolls() -> Response | tuple[str, int]:
    """Lead to the sheet with the labels of rolls."""
    found = bench("roll", request.form)
    if found.wrong:
        return _rolls_page(found), 422
    run = chosen_run(found)
    return printed(run, found.chosen) if run is not None else abort(400)


# --- cartons -------------------------------------------------------------------------------------


@page_of.get("/labels/cartons")
def show_cartons() -> str:
    """Show how many carton labels there are, and make new ones."""
    return _cartons_page(bench(_carton_kind(request.args), request.args))


def _carton_kind(given: Mapping[str, str]) -> LabelKind:
    return "logistic" if given.get("number") == "sscc" and own_prefix() else "carton"


def own_prefix() -> str:
    """Return the company prefix under which cartons are numbered; empty without one."""
    with current().look() as view:
        own = (one for one in prefixes(view) if not one.is_ended and not one.owner)
        return next((one.digits for one in own), "")


def _cartons_page(found: Bench) -> str:
    prefix = own_prefix()
    with current().look() as view:
        if found.kind == "logistic":
            have = logistic_units.listed(view)
            first = logistic_units.next_key(view, prefix)
        else:
            have = [key for key in view.masters("carton") if key.startswith("//")]
            have.sort(key=lambda key: (len(key), key), reverse=True)
            first = ShortCode("C", max(next_running(view), FIRST)).key(view.namespace)
        order = request.values.get("order", "")[:80]
        if order:
            view.suppose("carton", first, {"order": order})
        known = view.master("carton", have[:LISTED_MAX])
        rows = [row for row in progress.orders(view) if not row.ordered <= row.finished]
        numbers = [number_of(row.label.key, view.namespace) for row in rows[:ORDERS_OFFERED]]
        return bench_page(
            view,
            "labels_cartons.html",
            found,
            first,
            cartons=[(key, key.rsplit("/", 1)[-1], known[key]) for key in known],
            count=len(have),
            orders=[("", _("none")), *((number, number) for number in numbers)],
            has_prefix=bool(prefix),
        )


@page_of.post("/labels/cartons")
def print_cartons() -> Response | tuple[str, int]:
    """Make new carton labels, or lead to the sheet with those that are there."""
    found = bench(_carton_kind(request.form), request.form)
    if not found.wrong:
        run = chosen_run(found) or _new_cartons(found)
        if run is not None:
            return printed(run, found.chosen)
    return _cartons_page(found), 422


def _new_cartons(found: Bench) -> Run | None:
    typed = request.form.get("count", "").strip()
    count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    order = request.form.get("order", "")[:80]
    if not 1 <= count <= CARTONS_MAX:
        found.wrong["count"] = _(
            "Cannot make %(given)s carton labels: expected a whole number from 1 to %(most)s.",
            given=typed[:12] or "0",
            most=CARTONS_MAX,
        )
        return None
    ledger, by = cast("Ledger", current().ledger), access.by()
    if found.kind == "logistic":
        keys = logistic_units.make(ledger, own_prefix(), count, order=order, by=by)
        return found.run(first=keys[0], last=keys[-1])
    values = {"order": order} if order else {}
    made = issue(ledger, lambda _view: [Wish("C", values)] * count, by=by)
    return found.run(first=made[0].text, last=made[-1].text)


# --- badges --------------------------------------------------------------------------------------


@page_of.get("/labels/badges")
def show_badges() -> str:
    """Show the people who work here, with a badge for each: for the owner alone."""
    return _badges_page(bench("person", request.args))


def _badges_page(found: Bench) -> str:
    if access.role() != "admin":
        abort(403)
    with current().look() as view:
        working = [one for one in people(view) if one.is_active]
        return bench_page(
            view,
            "labels_badges.html",
            found,
            working[0].key if working else None,
            people=working[:LISTED_MAX],
            count=len(working),
        )


@page_of.post("/labels/badges")
def print_badges() -> Response | tuple[str, int]:
    """Lead to the sheet with the badges."""
    found = bench("person", request.form)
    if found.wrong:
        return _badges_page(found), 422
    run = chosen_run(found)
    if run is None:
        abort(400)
    return printed(run, found.chosen)
