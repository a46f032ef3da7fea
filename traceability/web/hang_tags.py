"""Hang-tags: a number for each garment of an order or a product, and its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import abort, request
from werkzeug.wrappers import Response

from traceability.commissioning.blocks import following, newest
from traceability.errors import Refused
from traceability.labels import garments, tickets
from traceability.labels.codes import ShortCode
from traceability.labels.garments import COUNT_MAX, Garment, Wanted
from traceability.labels.issuing import next_running
from traceability.labels.run import Run
from traceability.projections import progress
from traceability.projections.view import Values, View
from traceability.sheets.wearing import in_wearing_order
from traceability.web import access
from traceability.web.label_kinds import LISTED_MAX, Bench, bench, bench_page
from traceability.web.labels import blueprint as page_of
from traceability.web.labels import printed
from traceability.web.orders import number_of
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

ORDERS_SHOWN = 30
PRODUCTS_OFFERED = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One product of an order: how many of its garments have a number."""

    key: str
    product: Values
    name: str
    pieces: int
    made: int
    lacking: int


def _order_key(view: View, number: str) -> str:
    key = f"//{view.namespace}/bt/{number}"
    return key if view.master("order", [key]) else abort(404)


# --- of an order ---------------------------------------------------------------------------------


@page_of.get("/orders/<path:number>/hang-tags")
def show_hang_tags(number: str) -> str:
    """Show what would be numbered and printed, and what was before."""
    return _order_page(number, bench("hang-tag", request.args))


def _order_page(number: str, found: Bench) -> str:
    with current().look() as view:
        order = _order_key(view, number)
        have = garments.of_order(view, number)
        try:
            rows = _rows(view, order, have)
        except Refused as error:
            found.wrong["count"] = str(error)
            rows = []
        lacking = sum(row.lacking for row in rows)
        first = next((_next(view, row.key, number) for row in rows if row.lacking), None)
        return bench_page(
            view,
            "labels_tags_order.html",
            found,
            first or (have[0] if have else None),
            number=number,
            order=view.master("order", [order])[order],
            rows=rows,
            have=have[:LISTED_MAX],
            have_count=len(have),
            names={row.key: row.name for row in rows},
            lacking=lacking,
            now_count=min(lacking, COUNT_MAX),
        )


def _rows(view: View, order: str, have: Sequence[Garment]) -> list[Row]:
    asked = tickets.ordered(view, order)
    lacking = garments.missing(view, order, have)
    products = view.master("product", list(asked))
    labels = view.labels(list(asked))
    return [
        Row(
            key=key,
            product=products.get(key, {}),
            name=labels[key].name,
            pieces=int(pieces),
            made=sum(one.product == key for one in have),
            lacking=lacking[key],
        )
        for key, pieces in asked.items()
    ]


def _next(view: View, product: str, order: str = "") -> Garment:
    """Return the garment that would be numbered next, for the preview: nothing is entered."""
    if product.startswith("//"):
        code = ShortCode("G", next_running(view))
        return Garment(code.key(view.namespace), product, order)
    serial = following(view, newest(view, product))
    return Garment(f"{product}/21/{serial}", product, order)


@page_of.post("/orders/<path:number>/hang-tags")
def print_hang_tags(number: str) -> Response | tuple[str, int]:
    """Number the garments that are missing, or choose some again, and lead to the sheet."""
    with current().look() as view:
        order = _order_key(view, number)
    found = bench("hang-tag", request.form)
    form = request.form
    if found.wrong:
        return _order_page(number, found), 422
    if "one" in form:
        run = Run("hang-tag", order=number, first=form["one"][:200], last=form["one"][:200])
    elif "on" in form:
        run = Run("hang-tag", order=number, first=form["on"][:200])
    elif "all" in form:
        run = Run("hang-tag", order=number, product=form["all"][:200])
    else:
        ledger = cast("Ledger", current().ledger)
        only = form.get("product", "")[:200]
        made = garments.make_missing(ledger, order, by=access.by(), product=only)
        first, last = (made[0].key, made[-1].key) if made else ("", "")
        run = Run("hang-tag", order=number, product=only, first=first, last=last)
    return _printed(run, found, number)


def _printed(run: Run, found: Bench, number: str) -> Response | tuple[str, int]:
    with current().look() as view:
        is_there = bool(garments.of_order(view, number))
    if not is_there:
        found.wrong["count"] = _("This order asks for no pieces: there is nothing to be printed.")
        return _order_page(number, found), 422
    return printed(run, found.chosen)


# --- of a product --------------------------------------------------------------------------------


@page_of.get("/labels/hang-tags")
def show_tags() -> str:
    """Show orders with their hang-tags, and number garments of one product."""
    return _tags_page(bench("hang-tag", request.args))


def _tags_page(found: Bench) -> str:
    with current().look() as view:
        if not garments.has_garments(view.flow):
            abort(404)
        products = _products(view)
        wish = request.values.get("product", "")
        chosen = wish if wish in dict(products) else next((key for key, _name in products), "")
        rows = [row for row in progress.orders(view) if not row.ordered <= row.finished]
        orders = [
            (row, number_of(row.label.key, view.namespace), garments.standing(view, row.label.key))
            for row in rows[:ORDERS_SHOWN]
        ]
        have = garments.of_product(view, chosen) if chosen else []
        return bench_page(
            view,
            "labels_tags.html",
            found,
            _next(view, chosen) if chosen else None,
            orders=orders,
            products=products,
            chosen=chosen,
            have_count=len(have),
        )


def _products(view: View) -> list[tuple[str, str]]:
    """Return what garments may be of: each product once that is no cloth, by name, S before M."""
    known = {
        key: values
        for key, values in view.masters("product").items()
        if values.get("kind") != "material" and not values.get("same_as")
    }
    names = {
        key: str(values.get("name", "")) or key.rsplit("/", 1)[-1] for key, values in known.items()
    }
    sizes = {key: str(values.get("size", "")) for key, values in known.items()}
    worn = {size: place for place, size in enumerate(in_wearing_order(set(sizes.values())))}

    def rank(key: str) -> tuple[str, int, str]:
        # Without its size the name is that of the style: sizes stand beside one another.
        return names[key].removesuffix(sizes[key]).casefold(), worn[sizes[key]], key

    return [(key, names[key]) for key in sorted(known, key=rank)][:PRODUCTS_OFFERED]


@page_of.post("/labels/hang-tags")
def print_tags() -> Response | tuple[str, int]:
    """Number so many garments of a product, and lead to their sheet."""
    found = bench("hang-tag", request.form)
    product = request.form.get("product", "")[:200]
    typed = request.form.get("count", "").strip()
    count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 0
    with current().look() as view:
        if not view.master("product", [product]):
            found.wrong["product"] = _("Choose the product first.")
    if not 1 <= count <= COUNT_MAX:
        found.wrong["count"] = _(
            "Cannot number %(given)s garments: expected a whole number from 1 to %(most)s.",
            given=typed[:12] or "0",
            most=COUNT_MAX,
        )
    if found.wrong:
        return _tags_page(found), 422
    ledger = cast("Ledger", current().ledger)
    made = garments.make(ledger, Wanted(product, count), by=access.by())
    run = Run("hang-tag", product=product, first=made[0].key, last=made[-1].key)
    return printed(run, found.chosen)
