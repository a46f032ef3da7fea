"""Print the tickets of an order: into how many bundles, on which paper, from which label on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, cast

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from traceability.errors import Refused
from traceability.labels import tickets
from traceability.labels.bundles import SIZE_MAX, SIZE_USUAL, Bundle
from traceability.labels.codes import ShortCode
from traceability.labels.issuing import next_running
from traceability.labels.run import Run, drawn
from traceability.labels.tickets import Ticket
from traceability.projections.view import Values, View
from traceability.web import access, papers
from traceability.web.label_addresses import sheet_address
from traceability.web.label_faces import preview, wording
from traceability.web.papers import Choice
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

blueprint = Blueprint("tickets", __name__)

LISTED_MAX = 400
"""Tickets that are listed with a button each; the others are found by their code."""
_SIZE = re.compile(r"\d{1,6}\Z")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many tickets an order has, and how many it lacks in bundles of the usual size."""

    made: int
    lacking: int


@dataclass(frozen=True, slots=True)
class Row:
    """One product of an order on the form."""

    product: Values
    name: str
    pieces: int
    made: int
    """Tickets that are there."""
    split: str
    """The bundles to come: "3 × 20 + 12"."""
    lacking: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form says."""

    size: int
    is_equal: bool
    chosen: Choice
    size_typed: str = ""
    wrong: dict[str, str] = field(default_factory=dict)


def standing(view: View, order: str) -> Standing | None:
    """Count the tickets of an order; None if it is none for tickets."""
    have = tickets.of_order(view, _order_number(view, order))
    try:
        lacking = tickets.missing(view, order, size=usual_size(have))
    except Refused:
        return None
    return Standing(len(have), len(lacking)) if have or lacking else None


def usual_size(have: Sequence[Ticket]) -> int:
    """Return the bundle size that an order has had so far.

    >>> usual_size(())
    20
    """
    return max((one.pieces for one in have), default=SIZE_USUAL) or SIZE_USUAL


def _order_number(view: View, order: str) -> str:
    return str(view.master("order", [order])[order].get("number", order.rsplit("/", 1)[-1]))


def _key(view: View, number: str) -> str:
    key = f"//{view.namespace}/bt/{number}"
    return key if view.master("order", [key]) else abort(404)


@blueprint.get("/orders/<path:number>/tickets")
def show(number: str) -> str:
    """Show the form: what would be printed, on which paper, and what was printed before."""
    with current().look() as view:
        order = _key(view, number)
        have = tickets.of_order(view, _order_number(view, order))
        return _page(view, order, have, _wish(request.args, have))


@blueprint.post("/orders/<path:number>/tickets")
def make(number: str) -> Response | tuple[str, int]:
    """Make the tickets that are missing, or choose some again, and lead to the sheet."""
    with current().look() as view:
        order = _key(view, number)
        name = _order_number(view, order)
        have = tickets.of_order(view, name)
        wish = _wish(request.form, have)
        if wish.wrong:
            return _page(view, order, have, wish), 422
    made: list[ShortCode] = []
    again = {
        member: request.form[member] for member in ("one", "on", "all") if member in request.form
    }
    if not again:
        try:
            made = tickets.make(
                cast("Ledger", current().ledger),
                order,
                size=wish.size,
                is_equal=wish.is_equal,
                by=access.by(),
            )
        except Refused as error:
            with current().look() as view:
                wish.wrong["size"] = str(error)
                return _page(view, order, have, wish), 422
    first, last = _range(again, made)
    with current().look() as view:
        count = len(between(tickets.of_order(view, name), first, last))
        if not count:
            wish.wrong["size"] = _("This order asks for no pieces: there is nothing to be printed.")
            return _page(view, order, have, wish), 422
    run = Run("ticket", order=name, first=first, last=last)
    response = redirect(sheet_address(run, wish.chosen), 303)
    papers.keep(response, wish.chosen, count)
    return response


def _range(again: Mapping[str, str], made: Sequence[ShortCode]) -> tuple[str, str]:
    """Return the codes of the first and the last ticket to be printed; empty is no bound."""
    if "one" in again:
        return again["one"][:40], again["one"][:40]
    if "on" in again:
        return again["on"][:40], ""
    return (made[0].text, made[-1].text) if made else ("", "")


def between(have: Sequence[Ticket], first: str, last: str) -> list[Ticket]:
    """Return the tickets of an order from one code to another; an empty code is no bound."""
    codes = [one.code for one in have]
    begin = codes.index(first) if first in codes else 0
    end = codes.index(last) if last in codes else len(codes) - 1
    return list(have[begin : end + 1])


def _wish(given: Mapping[str, str], have: Sequence[Ticket]) -> Wish:
    wrong: dict[str, str] = {}
    typed = given.get("size", "").strip() or str(usual_size(have))
    size = int(typed) if _SIZE.match(typed) else 0
    if not 1 <= size <= SIZE_MAX:
        wrong["size"] = _(
            "Cannot make bundles of %(given)s pieces: expected a whole number from 1 to %(most)s.",
            given=typed[:12],
            most=SIZE_MAX,
        )
        size = SIZE_USUAL
    try:
        chosen = papers.choice(given)
    except Refused as error:
        wrong["paper"] = str(error)
        chosen = papers.choice({})
    return Wish(size, given.get("equal") == "1", chosen, typed, wrong)


def _page(view: View, order: str, have: Sequence[Ticket], wish: Wish) -> str:
    values = view.master("order", [order])[order]
    try:
        lacking = tickets.missing(view, order, size=wish.size, is_equal=wish.is_equal)
    except Refused as error:
        wish.wrong.setdefault("size", str(error))
        lacking = ()
    number = _order_number(view, order)
    return render_template(
        "tickets.html",
        number=number,
        order=values,
        pieces=sum(int(one) for one in tickets.ordered(view, order).values()),
        rows=_rows(view, order, have, lacking),
        have=have[:LISTED_MAX],
        have_count=len(have),
        lacking=len(lacking),
        wish=wish,
        groups=papers.groups(wish.chosen),
        paper=wish.chosen.paper,
        size_words=papers.size_words(wish.chosen.paper.label),
        preview=_preview(view, number, have, lacking, wish.chosen),
        products=view.master("product", [one.product for one in have]),
    )


def _rows(view: View, order: str, have: Sequence[Ticket], lacking: Sequence[Bundle]) -> list[Row]:
    asked = tickets.ordered(view, order)
    products = view.master("product", list(asked))
    labels = view.labels(list(asked))
    found = []
    for key, pieces in asked.items():
        sizes = [one.pieces for one in lacking if one.product == key]
        found.append(
            Row(
                product=products.get(key, {}),
                name=labels[key].name,
                pieces=int(pieces),
                made=sum(one.product == key for one in have),
                split=split_words(sizes),
                lacking=len(sizes),
            )
        )
    return found


def split_words(sizes: Sequence[int]) -> str:
    """Write bundles as a tailor reckons them.

    >>> split_words([20, 20, 20, 12]), split_words([7])
    ('3 × 20 + 12', '7')
    """
    runs = [(size, len(list(run))) for size, run in groupby(sizes)]
    return " + ".join(f"{count} × {size}" if count > 1 else str(size) for size, count in runs)


def _preview(
    view: View,
    number: str,
    have: Sequence[Ticket],
    lacking: Sequence[Bundle],
    chosen: Choice,
) -> str:
    """Draw the ticket that would be printed first, at its true size."""
    if lacking:
        code = ShortCode("B", next_running(view)).key(view.namespace)
        of = len(have) + len(lacking)
        first = lacking[0]
        shown = Ticket(code, number, first.product, first.pieces, len(have) + 1, of)
    elif have:
        shown = have[0]
    else:
        return ""
    [label] = drawn(view, "ticket", [shown], wording())
    return preview(label, chosen.paper)
