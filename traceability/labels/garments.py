"""Numbers for garments: each hang-tag names one piece, and keeps its number when it is torn.

A product with a barcode number gets serials of that number, a whole run at once; a product of the
workshop's own gets short codes that can be typed. Both are entered before anything is printed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from traceability.commissioning.blocks import MASTER_TYPE, SerialBlock, given
from traceability.commissioning.serials import allocate
from traceability.errors import Refused
from traceability.flow import Flow
from traceability.gs1 import key_of, product_of
from traceability.labels.codes import ShortCode, WrongCode, parse_code
from traceability.labels.issuing import Wish, issue
from traceability.labels.tickets import ordered
from traceability.ledger.append import Ledger
from traceability.projections.view import View, look

__all__ = [
    "COUNT_MAX",
    "Garment",
    "Standing",
    "Wanted",
    "after",
    "are_single",
    "garment",
    "has_garments",
    "make",
    "make_missing",
    "missing",
    "of_order",
    "of_product",
    "standing",
    "typed",
]

COUNT_MAX = 2_000
"""Hang-tags numbered at once, as with tickets: more than a roll of labels holds."""
HOLDER = "labels"
"""Who the serial numbers of hang-tags are given out to; the purpose of a block is its order."""
ONE = "garment"
"""Type of master data of a garment with a short code: product, order."""
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many garments of one product."""

    product: str
    """Key of what they are."""
    count: int
    order: str = ""
    """Number of the order that they are for."""


@dataclass(frozen=True, slots=True)
class Garment:
    """One garment that has a number."""

    key: str
    product: str
    """Key of what it is."""
    order: str = ""
    """Number of its order; empty where it was numbered for none."""

    @property
    def code(self) -> str:
        """What tells it from the next one: its serial, or its short code."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many garments of an order have a number, and how many do not."""

    made: int
    lacking: int


# --- which there are -----------------------------------------------------------------------------


def garment(view: View, key: str) -> Garment | None:
    """Return one garment by its key; None if nobody gave it a number here."""
    if key.startswith("//"):
        values = view.master(ONE, [key]).get(key)
        return _single(key, values) if values is not None else None
    product = product_of(key)
    serial = key.rpartition("/21/")[2]
    if product is None or not serial.isdecimal():
        return None
    for block in _blocks(view, product):
        if block.first <= int(serial) <= block.last:
            return Garment(key, product, block.purpose)
    return None


def of_order(view: View, number: str) -> list[Garment]:
    """Return the numbered garments of an order: product by product, as they were numbered."""
    found = [one for block in _blocks_for(view, number) for one in _expanded(block)]
    found += _singles(view, "order", number)
    lines = list(ordered(view, f"//{view.namespace}/bt/{number}"))
    # What the order asked for once, and does not any more, comes last.
    places = {product: place for place, product in enumerate(lines)}
    return sorted(found, key=lambda one: places.get(one.product, len(lines)))


def of_product(view: View, product: str) -> list[Garment]:
    """Return the numbered garments of a product, in the order in which they were numbered."""
    if product.startswith("//"):
        return _singles(view, "product", product)
    return [one for block in _blocks(view, product) for one in _expanded(block)]


def after(view: View, first: Garment) -> list[Garment]:
    """Return a garment and those that were numbered together with it and come after it."""
    if first.order:
        same = [one for one in of_order(view, first.order) if one.product == first.product]
    else:
        same = [one for one in of_product(view, first.product) if not one.order]
    keys = [one.key for one in same]
    return same[keys.index(first.key) :] if first.key in keys else [first]


def _blocks(view: View, product: str) -> list[SerialBlock]:
    """Return the serials of a product that hang-tags got, the first ones first."""
    return [one for one in given(view, product) if one.holder == HOLDER]


def _blocks_for(view: View, order: str) -> list[SerialBlock]:
    """Return the serials that hang-tags of an order got, in one look-up."""
    # The stored text is canonical: a member can be looked for in it, and is compared below.
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = :t "
            "AND value LIKE :v ORDER BY position, key"
        ),
        {"l": view.ledger_id, "t": MASTER_TYPE, "v": f'%"purpose":"{_loose(order)}"%'},
    )
    known = view.master(MASTER_TYPE, [row.key for row in rows])
    return [
        SerialBlock(
            str(values["product"]), int(str(values["first"])), int(str(values["last"])),
            purpose=order,
        )
        for values in known.values()
        if values.get("purpose") == order and values.get("holder") == HOLDER
    ]  # fmt: skip


def _singles(view: View, member: str, value: str) -> list[Garment]:
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = :t "
            "AND value LIKE :v ORDER BY position, length(key), key"
        ),
        {"l": view.ledger_id, "t": ONE, "v": f'%"{member}":"{_loose(value)}"%'},
    )
    keys = [row.key for row in rows]
    known = view.master(ONE, keys)
    found = [_single(key, values) for key, values in known.items()]
    return [one for one in found if getattr(one, member) == value]


def _loose(said: str) -> str:
    # What JSON escapes, and what LIKE takes for "anything", is looked for as anything at all.
    return "".join(one if one.isalnum() or one in " -./" else "%" for one in said)


def _single(key: str, values: Mapping[str, Any]) -> Garment:
    return Garment(key, _product(values), str(values.get("order", "")))


def _expanded(block: SerialBlock) -> list[Garment]:
    return [
        Garment(f"{block.product}/21/{serial}", block.product, block.purpose)
        for serial in range(block.first, block.last + 1)
    ]


def _product(values: Mapping[str, Any]) -> str:
    return key_of(str(values["product"])) if values.get("product") else ""


# --- which are missing, and making them ----------------------------------------------------------


def are_single(view: View, order: str) -> bool:
    """Say whether the pieces of an order are told apart one by one: it says so, or the workshop.

    Args:
        view: The ledger.
        order: Key of the order.
    """
    values = view.master("order", [order]).get(order, {})
    marked = str(values.get("marked") or view.workshop.get("marked") or "")
    return marked in ("barcode", "rfid") and has_garments(view.flow)


def has_garments(flow: Flow) -> bool:
    """Say whether a flow tells the pieces that it makes apart one by one."""
    return any(kind.form == "thing" and kind.in_stock for kind in flow.kinds)


def standing(view: View, order: str) -> Standing | None:
    """Count the hang-tags of an order; None if it is none for them.

    Args:
        view: The ledger.
        order: Key of the order.
    """
    have = of_order(view, order.rsplit("/", 1)[-1])
    try:
        lacking = sum(missing(view, order, have).values())
    except Refused:
        return None
    return Standing(len(have), lacking) if have or lacking else None


def missing(view: View, order: str, have: Sequence[Garment] | None = None) -> dict[str, int]:
    """Return how many garments of each product of an order have no number yet.

    Args:
        view: The ledger.
        order: Key of the order.
        have: Those that have one, where they were asked for already.

    Raises:
        Refused: If a product of the order has no whole number of pieces.
    """
    there: dict[str, int] = {}
    for one in of_order(view, order.rsplit("/", 1)[-1]) if have is None else have:
        there[one.product] = there.get(one.product, 0) + 1
    lacking = {}
    for product, pieces in ordered(view, order).items():
        if pieces != int(pieces):
            raise Refused(
                f"Cannot number {pieces} garments of {product!r}: "
                "expected a whole number of pieces."
            )
        lacking[product] = max(0, int(pieces) - there.get(product, 0))
    return lacking


def make_missing(
    ledger: Ledger, order: str, *, by: str, product: str = "", most: int = COUNT_MAX
) -> list[Garment]:
    """Number the garments that an order lacks; two who ask at once number them once.

    Args:
        ledger: Where they are entered.
        order: Key of the order.
        by: Who prints.
        product: Only of this product; empty: of all of them.
        most: At most so many now; the next ones come with the next call.

    Raises:
        Refused: If the order is none for hang-tags, or the record does not take an entry.
        Conflict: If somebody else numbers them at the same moment.
    """
    with _making:
        with look(ledger) as view:
            lacking = missing(view, order)
            number = order.rsplit("/", 1)[-1]
        left = min(most, COUNT_MAX)
        found: list[Garment] = []
        for one, count in lacking.items():
            taken = min(count, left) if product in ("", one) else 0
            if taken:
                found += _make(ledger, Wanted(one, taken, number), by=by)
                left -= taken
        return found


def make(ledger: Ledger, wanted: Wanted, *, by: str) -> list[Garment]:
    """Number so many new garments of a product.

    Args:
        ledger: Where they are entered.
        wanted: Of which product, how many, and for which order.
        by: Who prints.

    Raises:
        Refused: If the count cannot be, or the record does not take an entry.
        Conflict: If somebody else went on taking the same numbers.
    """
    with _making:
        return _make(ledger, wanted, by=by)


def _make(ledger: Ledger, wanted: Wanted, *, by: str) -> list[Garment]:
    if not 1 <= wanted.count <= COUNT_MAX:
        raise Refused(f"Cannot number {wanted.count} garments at once: expected 1 to {COUNT_MAX}.")
    if wanted.product.startswith("/01/"):
        block = allocate(
            ledger,
            wanted.product,
            wanted.count,
            holder=HOLDER,
            by=by,
            purpose=wanted.order,
        )
        return _expanded(block)
    values = {"product": wanted.product} | ({"order": wanted.order} if wanted.order else {})
    codes = issue(ledger, lambda _view: [Wish("G", values)] * wanted.count, by=by)
    with look(ledger) as view:
        namespace = view.namespace
    return [Garment(one.key(namespace), wanted.product, wanted.order) for one in codes]


def typed(view: View, said: str) -> Garment | None:
    """Return the garment of a short code as it was typed; None if it is of no garment."""
    try:
        code = parse_code(said)
    except WrongCode:
        return None
    return garment(view, ShortCode("G", code.running).key(view.namespace))
