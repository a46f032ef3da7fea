"""How far an order is at a step, and what a carton that leaves should bring along.

>>> sign_of("YRD")
'yd'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceability.database import MICRO, rows_by
from traceability.epcis import body as bodies
from traceability.flow import Stage, Work
from traceability.projections import tables
from traceability.projections.items import items_by_number
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.view import View
from traceability.projections.world import Item
from traceability.scanning.desk import UNITS
from traceability.scanning.things import Thing, exact, inside, last_touch, mark_of, things

__all__ = [
    "Missing",
    "after",
    "missing",
    "orders_in_work",
    "orders_of",
    "overfull",
    "packing_stage",
]

SHOWN_MAX = 20
"""Missing things that an answer names; the rest is a number."""
Short = dict[str, Any]
"""One missing thing as JSON: key, pieces, place and time where it was last seen."""


def sign_of(unit: str) -> str:
    """Return the sign of a unit; empty for pieces."""
    return UNITS.get(unit, "")


def tickets_of(view: View, number: str) -> list[str]:
    """Return the keys of the tickets that were printed for an order, in the order of printing."""
    said = bodies.canonical({"order": number}).decode()[1:-1]
    for letter in "!%_":
        said = said.replace(letter, f"!{letter}")
    rows = view.connection.execute(
        text(
            "SELECT key, position FROM master_data WHERE ledger_id = :l AND type = 'ticket' "
            "AND value LIKE :v ESCAPE '!'"
        ),
        {"l": view.ledger_id, "v": f"%{said}%"},
    )
    return [row.key for row in sorted(rows, key=lambda row: (row.position, row.key))]


def number_of(view: View, order: str) -> str:
    """Return the number of an order by its key."""
    values = view.master("order", [order]).get(order, {})
    return str(values.get("number") or order.rsplit("/", 1)[-1])


def after(
    view: View, stage: Stage, one: Thing, opened: Sequence[Thing]
) -> tuple[int | None, int | None, str]:
    """Return how many are done of how many, once this scan counts too.

    Tickets of the order at this step; of garments, those that came out of the open ticket, or lie
    in the open carton.
    """
    if one.is_measured:
        return None, None, ""
    if not one.is_class:
        source = opened[0] if opened else None
        if source is None:
            return None, None, ""
        if source.is_class:
            says = source.amount
            used = Decimal(source.item.consumed) / MICRO if source.item is not None else Decimal(0)
            return int(used) + 1, int(says) if says is not None else None, "pieces"
        held = inside(view, [source.item.item_no]) if source.item is not None else []
        return len(held) + 1, None, "pieces"
    if one.order is None:
        return None, None, ""
    done = _tickets_done(view, stage, one) + (not one.is_done(stage))
    said = exact(one.values.get("of"))
    if said is None:
        said = Decimal(len(tickets_of(view, number_of(view, one.order))))
    total = max(int(said), done) if said else 0
    return done, total or None, "tickets" if total else ""


def _tickets_done(view: View, stage: Stage, one: Thing) -> int:
    """Return how many tickets of the same order and kind have passed a step."""
    order_no = view.number("order", one.order or "")
    kind_no = view.number("kind", one.kind.name) if one.kind is not None else None
    if order_no is None or kind_no is None:
        return 0
    rows = rows_by(
        view.connection,
        tables.item,
        ("kind_no", "stages_reached"),
        ledger_id=view.ledger_id,
        column="order_no",
        values=[order_no],
        index="item_order",
        where="t.order_no IS NOT NULL",
    )
    return sum(row.kind_no == kind_no and row.stages_reached >> stage.number & 1 for row in rows)


def of_opened(view: View, one: Thing) -> tuple[int | None, int | None, str]:
    """Return how much is done under something that is opened."""
    if one.is_measured:
        return None, None, ""
    if one.is_class:
        used = Decimal(one.item.consumed) / MICRO if one.item is not None else Decimal(0)
        return int(used), int(one.amount) if one.amount is not None else None, "pieces"
    held = inside(view, [one.item.item_no]) if one.item is not None else []
    return len(held), None, "pieces" if all(each.form == 0 for each in held) else "tickets"


def packing_stage(view: View, one: Thing) -> Stage | None:
    """Return the step at which such a thing is put into a carton; None if the flow has none."""
    name = one.kind.name if one.kind is not None else ""
    for stage in view.flow.stages:
        for work in stage.works:
            if work.event == "AggregationEvent" and name in work.takes:
                return stage
    return None


def overfull(view: View, stage: Stage, one: Thing) -> tuple[Decimal, Decimal] | None:
    """Return (made, ordered) if this scan brings a step above what the order's line wants."""
    name = one.kind.name if one.kind is not None else ""
    if one.order is None or one.product is None or name not in stage.counts:
        return None
    order_no, product_no = view.number("order", one.order), view.number("product", one.product)
    if order_no is None or product_no is None:
        return None
    where = {"l": view.ledger_id, "o": order_no, "p": product_no, "s": stage.number}
    ordered = view.connection.execute(
        text(
            "SELECT sum(ordered) AS ordered FROM order_line WHERE ledger_id = :l "
            "AND order_no = :o AND product_no = :p"
        ).columns(tables.order_line.c.ordered),
        where,
    ).scalar()
    made = view.connection.execute(
        text(
            "SELECT sum(quantity) AS quantity FROM progress WHERE ledger_id = :l "
            "AND order_no = :o AND product_no = :p AND stage_no = :s"
        ).columns(tables.progress.c.quantity),
        where,
    ).scalar()
    if not ordered:
        return None
    more = Decimal(1)
    if one.is_class:
        more = (one.left if one.is_posted else one.amount) or Decimal(0)
    total = Decimal(made or 0) / MICRO + more
    wanted = Decimal(ordered) / MICRO
    return (total, wanted) if total > wanted else None


def orders_in_work(view: View, work: Work, opened: Sequence[Thing]) -> set[str]:
    """Return the orders that the open work is for: of what was cut last, of what lies inside."""
    if not opened:
        return set()
    last = opened[-1]
    if last.item is None:
        return set()
    if work.event != "TransformationEvent":
        return orders_of(view, inside(view, [last.item.item_no]))
    if not last.is_measured:
        return {last.order} if last.order is not None else set()
    touch = last_touch(view, last)
    if touch is None or touch["role"] != Role.INPUT:
        return set()
    rows = rows_by(
        view.connection,
        tables.touch,
        ("item_no",),
        ledger_id=view.ledger_id,
        column="position",
        values=[touch["position"]],
        index="touch_position",
        where=f"t.{RELATING} AND t.role = {Role.OUTPUT:d} AND t.void_position IS NULL",
    )
    made = items_by_number(view, [row.item_no for row in rows])
    return orders_of(view, list(made.values()))


def orders_of(view: View, items: Collection[Item]) -> set[str]:
    """Return the orders that things belong to; those inside cartons inside are not looked at."""
    name = view.names([item.order_no for item in items])
    return {name[item.order_no] for item in items if item.order_no is not None}


def keys_of(view: View, numbers: Collection[int]) -> dict[int, str]:
    """Return the keys of things by their numbers."""
    return {no: item.key for no, item in items_by_number(view, numbers).items()}


@dataclass(frozen=True, slots=True)
class Missing:
    """What of some orders is not in the cartons that leave."""

    left_behind: list[Short]
    """Ready, and in no carton: it should be there."""
    coming: list[Short]
    """Not ready yet: it cannot be there."""
    done: int | None = None
    of: int | None = None
    """Of orders with tickets: how many tickets are there, of how many."""


def missing(view: View, stage: Stage, orders: Collection[str]) -> Missing:
    """Return what of these orders has not come as far as the step before this one.

    What has passed the step before that one is left behind; what has not is still being made, and
    no reason to stop what leaves first.
    """
    asked = _stages(view, stage.after)
    ready = _stages(view, [name for each in asked for name in each.after])
    found = Missing([], [])
    there = total = 0
    for order in sorted(orders):
        number = number_of(view, order)
        tickets = things(view, tickets_of(view, number))
        counted = [one for one in tickets.values() if mark_of(view, one) == "counted"]
        for one in counted:
            total += 1
            if any(one.is_done(each) for each in asked):
                there += 1
            elif not ready or any(one.is_done(each) for each in ready):
                found.left_behind.append(_short(one))
            else:
                found.coming.append(_short(one))
        if not counted:
            _add_lines(view, order, asked, ready, found)
    return replace(found, done=there, of=total) if total else found


def _stages(view: View, names: Sequence[str]) -> list[Stage]:
    found = (view.flow.stage(name) for name in dict.fromkeys(names))
    return [one for one in found if one is not None]


def _short(one: Thing) -> Short:
    tree: Short = {"key": one.key}
    pieces = one.left if one.is_posted else one.amount
    if pieces is not None:
        tree["pieces"] = str(pieces)
    if one.item is not None and one.place:
        tree |= {"place": one.place, "at": one.item.last_at}
    return tree


def _add_lines(
    view: View, order: str, asked: Sequence[Stage], ready: Sequence[Stage], found: Missing
) -> None:
    number = view.number("order", order)
    if number is None:
        return
    values = view.master("order", [order]).get(order, {})
    there, made = _made(view, number, asked), _made(view, number, ready)
    for line in values.get("lines", ()):
        product, pieces = str(line.get("product", "")), exact(line.get("pieces"))
        if pieces is None:
            continue
        packed = there.get(product, Decimal(0))
        finished = min(pieces, made.get(product, Decimal(0))) if ready else pieces
        for lacks, into in (
            (finished - packed, found.left_behind),
            (pieces - max(finished, packed), found.coming),
        ):
            if lacks > 0:
                into.append({"product": product, "pieces": str(lacks)})


def _made(view: View, order_no: int, asked: Sequence[Stage]) -> Mapping[str, Decimal]:
    rows = rows_by(
        view.connection,
        tables.progress,
        ("product_no", "stage_no", "quantity"),
        ledger_id=view.ledger_id,
        column="order_no",
        values=[order_no],
    )
    stages = {stage.number for stage in asked}
    name = view.names([row.product_no for row in rows])
    made: dict[str, Decimal] = {}
    for row in rows:
        if row.stage_no in stages:
            product = name[row.product_no]
            made[product] = max(made.get(product, Decimal(0)), Decimal(row.quantity) / MICRO)
    return made
