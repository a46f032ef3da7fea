"""What is known of a thing that lies on the desk: its kind, its ticket, its order, where it stands.

>>> Thing("//w.invalid/class/B-10006", None).is_ours
False
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import text

from traceability.database import MICRO, rows_by
from traceability.flow import Kind, Stage, Work
from traceability.gs1 import product_of
from traceability.projections import tables
from traceability.projections.aliases import is_stranger
from traceability.projections.holding import class_of
from traceability.projections.items import Hold, find_items, holds_of, items_by_number
from traceability.projections.touches import Role
from traceability.projections.view import Values, View
from traceability.projections.world import BEGUN, HELD, POSTED, Item

__all__ = ["Thing", "first_at", "last_touch", "mark_of", "order_key", "thing", "things"]

ENTERED = ("ticket", "roll", "carton", "garment", "person", "product", "order", "place")
"""Types of master data that say what a code is, in the order of trust."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as the ledger knows it before the scan."""

    key: str
    kind: Kind | None
    item: Item | None = None
    """Its row, if any event met it."""
    entered: str = ""
    """Type of the master data that names it; empty if nobody entered it."""
    values: Values = field(default_factory=dict)
    order: str | None = None
    """Key of its order."""
    place: str = ""
    """Key of the place where it is."""
    product: str | None = None
    is_product_known: bool = False
    is_piece: bool = False
    """Each scan of it is one more piece: a product's own code that stands on every garment."""
    is_adopted: bool = False
    """Somebody bound another's code to it: its story here begins where that was done."""

    @property
    def is_ours(self) -> bool:
        """Say whether anybody here vouches for it: it was entered, or made of what was."""
        if self.entered:
            return True
        if self.kind is None:
            return False
        if self.is_product_known and self.kind.form == "thing":
            return True
        return self.is_met and not self._is_strange

    @property
    def _is_strange(self) -> bool:
        """Say whether it was only ever seen: looking at another's garment makes it none of ours."""
        item = self.item
        is_goods = self.kind is not None and self.kind.in_stock
        return item is not None and is_goods and is_stranger(item)

    @property
    def is_met(self) -> bool:
        """Say whether any event that counts named it."""
        return self.item is not None and bool(self.item.flags & BEGUN)

    @property
    def is_class(self) -> bool:
        """Say whether it is counted, not told apart piece by piece."""
        if self.kind is not None:
            return self.kind.form != "thing"
        return "/class/" in self.key or "/10/" in self.key

    @property
    def is_measured(self) -> bool:
        """Say whether it has metres or kilograms, not pieces."""
        return self.kind is not None and self.kind.form == "lot" and bool(self.kind.unit)

    @property
    def is_posted(self) -> bool:
        """Say whether any event said how much of it there is."""
        return self.item is not None and bool(self.item.flags & POSTED)

    @property
    def left(self) -> Decimal:
        """How much of it there is now."""
        return Decimal(self.item.quantity) / MICRO if self.item is not None else Decimal(0)

    @property
    def unit(self) -> str:
        """Its unit: of what was posted, else of its label, else of its kind."""
        if self.item is not None and self.item.flags & POSTED:
            return self.item.uom
        if self.is_measured and self.values.get("unit"):
            return str(self.values["unit"])
        return self.kind.unit if self.kind is not None else ""

    @property
    def amount(self) -> Decimal | None:
        """How much it says it is: pieces of its ticket, what the roll's label says."""
        for member in ("pieces", "amount", "metres"):
            found = exact(self.values.get(member))
            if found is not None:
                return found
        return None

    def is_done(self, stage: Stage) -> bool:
        """Say whether it has passed a stage."""
        return self.item is not None and bool(self.item.stages_reached >> stage.number & 1)


def exact(value: Any) -> Decimal | None:  # JSON of master data
    """Read an exact number of master data; None where none is said.

    >>> exact("92.5"), exact(20), exact("some")
    (Decimal('92.5'), Decimal('20'), None)
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def things(view: View, keys: Collection[str]) -> dict[str, Thing]:
    """Return what is known of several things at once."""
    wanted = list(dict.fromkeys(keys))
    items = find_items(view, wanted)
    items = {key: one for key, one in items.items() if one.flags & (BEGUN | HELD)}
    entered = _entered(view, wanted)
    products = {key: product_of(class_of(key)) for key in wanted}
    classes = [one for one in products.values() if one]
    known = view.master("product", classes) if classes else {}
    name = view.names([no for one in items.values() for no in _numbers(one)])
    found = {}
    for key in wanted:
        item, (kind_name, values) = items.get(key), entered.get(key, ("", {}))
        is_made = kind_name in ("ticket", "garment")
        number = str(values.get("order") or "") if is_made else ""
        order = order_key(view, number) if number else None
        product = str(values.get("product") or "") or products[key]
        if item is not None:
            order = order or name[item.order_no or 0] or None
            product = product or name[item.product_no] or None
        found[key] = Thing(
            key=key,
            kind=view.flow.kind_of(class_of(key)),
            item=item,
            entered=kind_name,
            values=values,
            order=order,
            place=name[item.place_no] if item is not None else "",
            product=product,
            is_product_known=products[key] in known,
        )
    return found


def _entered(view: View, keys: Collection[str]) -> dict[str, tuple[str, Values]]:
    """Return what was entered under these keys: the most trusted type, and its values."""
    found: dict[str, tuple[str, Values]] = {}
    for kind in ENTERED:
        known = view.master(kind, [key for key in keys if kind in _kinds_under(key)])
        for key, values in known.items():
            found.setdefault(key, (kind, values))
    return found


def _kinds_under(key: str) -> tuple[str, ...]:
    """Return the types of master data that a key of this sort may stand for.

    >>> _kinds_under("//w.invalid/obj/C-10006")
    ('carton', 'garment', 'person')
    """
    if not key.startswith("//"):
        return ("ticket", "roll", "carton", "product", "place")
    sort = key[2:].split("/", 2)[1] if key.count("/") > 3 else ""
    return _SORTS.get(sort, ())


_SORTS: Mapping[str, tuple[str, ...]] = {
    "class": ("ticket", "roll", "product"),
    "obj": ("carton", "garment", "person"),
    "bt": ("order",),
    "loc": ("place",),
}


def _numbers(item: Item) -> tuple[int, ...]:
    return item.place_no, item.product_no, item.order_no or 0


def thing(view: View, key: str) -> Thing:
    """Return what is known of one thing."""
    return things(view, [key])[key]


def order_key(view: View, number: str) -> str:
    """Return the key of the order with a number."""
    return f"//{view.namespace}/bt/{number}"


def mark_of(view: View, one: Thing) -> str:
    """Return how the things of an order are told apart: counted, barcode, rfid.

    What the order does not say, the workshop says; else a ticket with pieces is counted.
    """
    values = view.master("order", [one.order]).get(one.order, {}) if one.order else {}
    said = str(values.get("marked") or view.workshop.get("marked") or "")
    return said if said in ("counted", "barcode", "rfid") else "counted"


def applies(view: View, work: Work, one: Thing) -> bool:
    """Say whether a way of working is meant for this thing's order."""
    return not work.marked or mark_of(view, one) in work.marked


def holds_on(view: View, listed: Collection[Thing]) -> list[Hold]:
    """Return what stops any of these things, or anything inside them."""
    numbers = {one.item.item_no for one in listed if one.item is not None}
    held = {one.item.item_no for one in listed if one.item is not None and one.item.flags & HELD}
    for item in inside(view, numbers):
        if item.flags & HELD:
            held.add(item.item_no)
    return holds_of(view, held) if held else []


def inside(view: View, numbers: Collection[int]) -> list[Item]:
    """Return what is directly inside these containers."""
    rows = rows_by(
        view.connection,
        tables.item,
        ("item_no",),
        ledger_id=view.ledger_id,
        column="container_no",
        values=numbers,
        index="item_container",
        where="t.container_no IS NOT NULL",
    )
    found = items_by_number(view, [row.item_no for row in rows])
    return [found[no] for no in sorted(found)]


def last_touch(view: View, one: Thing) -> Mapping[str, Any] | None:
    """Return the latest touch of a thing that counts: its role, time, position, place, stage."""
    if one.item is None:
        return None
    row = view.connection.execute(
        text(
            "SELECT role, event_at, position, place_no, stage_no FROM touch "
            "WHERE ledger_id = :l AND item_no = :i AND void_position IS NULL "
            "ORDER BY event_at DESC, tie DESC, line DESC LIMIT 1"
        ),
        {"l": view.ledger_id, "i": one.item.item_no},
    ).first()
    return None if row is None else dict(row._mapping)


def first_at(view: View, item: Item, stage: Stage) -> int | None:
    """Return when a thing first came to a stage, µs; its container's time if it came inside."""
    rows = rows_by(
        view.connection,
        tables.touch,
        ("event_at", "stage_no", "role"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=[item.item_no, *([item.container_no] if item.container_no is not None else [])],
        where="t.void_position IS NULL",
    )
    times = [row.event_at for row in rows if row.stage_no == stage.number]
    times = [
        row.event_at for row in rows if row.stage_no == stage.number and row.role != Role.INPUT
    ] or times
    return min(times, default=None)
