"""One thing: what it is, where it is, and everything that happened to it, in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceability.database import MICRO, rows_by
from traceability.flow import Kind, Stage
from traceability.projections import tables
from traceability.projections.state import flag_names
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.view import Label, View, moment
from traceability.projections.world import BEGUN, HELD, Item

COLUMNS = tuple(Item.__struct_fields__)
HAPPENINGS_MAX = 500


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: what, when, where, and which entry says so."""

    at: datetime
    position: int
    role: Role
    quantity: Decimal | None
    uom: str
    place: Label | None
    step: str
    disposition: str
    stage: Stage | None
    other: Label | None
    """The container of a packing; for a happening inside a container, that container."""
    is_inside: bool
    """True if it happened to the container that the thing was in."""
    is_void: bool
    """Declared wrong afterwards."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a thing must not move."""

    id: str
    reason: str
    contact: str
    since: datetime
    position: int


@dataclass(frozen=True, slots=True)
class ItemCard:
    """All that a page about one thing shows."""

    label: Label
    kind: Kind | None
    product: Label | None
    place: Label | None
    step: str
    disposition: str
    stage: Stage | None
    order: Label | None
    container: Label | None
    contents: list[Label]
    contents_count: int
    is_active: bool
    quantity: Decimal
    uom: str
    flags: frozenset[str]
    holds: list[Hold]
    timeline: list[Happening]
    """Newest first."""
    made_from: list[Label]
    made_into: list[Label]
    made_into_count: int


def stage_of_step(view: View, step: str) -> Stage | None:
    """Return the stage that a stored step stands for: its operation, else its business step."""
    return view.flow.stage_of(step, None) or view.flow.stage_of(None, step)


def find_items(view: View, keys: Collection[str]) -> dict[str, Item]:
    """Return the rows of things that have been met, by key."""
    rows = rows_by(
        view.connection,
        tables.item,
        COLUMNS,
        ledger_id=view.ledger_id,
        column="key",
        values=keys,
        index="item_key",
    )
    return {row.key: Item(*row) for row in rows}


def items_by_number(view: View, numbers: Collection[int]) -> dict[int, Item]:
    """Return the rows of things by their numbers."""
    rows = rows_by(
        view.connection,
        tables.item,
        COLUMNS,
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )
    return {row.item_no: Item(*row) for row in rows}


def item(view: View, key: str) -> ItemCard | None:
    """Answer everything about one thing; None if it was never met."""
    found = find_items(view, [key]).get(key)
    if found is None or not found.flags & (BEGUN | HELD):
        return None
    name = view.names(
        [found.place_no, found.step_no, found.disposition_no, found.product_no, found.order_no]
    )
    inside = _inside(view, found.item_no)
    sources, results = _relatives(view, found.item_no)
    holder = found.container_no
    near = items_by_number(
        view,
        {*inside[:200], *sources[:200], *results[:200], *([holder] if holder is not None else [])},
    )
    texts = [name[no or 0] for no in (found.place_no, found.product_no, found.order_no)]
    label = view.labels([key, *texts, *(one.key for one in near.values())])
    step = name[found.step_no]

    def named(no: int | None) -> Label | None:
        return label[name[no]] if no else None

    return ItemCard(
        label=label[key],
        kind=view.flow.kind_of(key.split("@", maxsplit=1)[0]),
        product=named(found.product_no),
        place=named(found.place_no),
        step=step,
        disposition=name[found.disposition_no],
        stage=stage_of_step(view, step),
        order=named(found.order_no),
        container=label[near[holder].key] if holder is not None else None,
        contents=[label[near[no].key] for no in inside[:200]],
        contents_count=len(inside),
        is_active=found.is_active,
        quantity=Decimal(found.quantity) / MICRO,
        uom=found.uom,
        flags=frozenset(flag_names(found.flags).split()),
        holds=holds_of(view, [found.item_no]) if found.flags & HELD else [],
        timeline=timeline(view, found.item_no),
        made_from=[label[near[no].key] for no in sources[:200]],
        made_into=[label[near[no].key] for no in results[:200]],
        made_into_count=len(results),
    )


def holds_of(view: View, numbers: Collection[int]) -> list[Hold]:
    """Return the open holds that stop any of these things."""
    ids = {
        row.hold_id
        for row in rows_by(
            view.connection,
            tables.hold_item,
            ("hold_id",),
            ledger_id=view.ledger_id,
            column="item_no",
            values=numbers,
        )
    }
    rows = rows_by(
        view.connection,
        tables.hold,
        ("hold_id", "reason", "contact", "held_at", "position"),
        ledger_id=view.ledger_id,
        column="hold_id",
        values=ids,
        where="t.released_position IS NULL",
    )
    return [
        Hold(row.hold_id, row.reason, row.contact, moment(row.held_at), row.position)
        for row in rows
    ]


def timeline(view: View, item_no: int) -> list[Happening]:
    """Return what happened to a thing, and to what it was inside of meanwhile; newest first."""
    stays = rows_by(
        view.connection,
        tables.containment,
        ("parent_no", "from_at", "from_tie", "to_at", "to_tie"),
        ledger_id=view.ledger_id,
        column="child_no",
        values=[item_no],
    )
    rows = [(row, False) for row in _touches(view, [item_no])]
    own = {row.position for row, _ in rows}
    for row in _touches(view, {stay.parent_no for stay in stays}):
        when = (row.event_at, row.tie)
        if row.position not in own and any(
            stay.parent_no == row.item_no
            and (stay.from_at, stay.from_tie) < when
            and (stay.to_at is None or when <= (stay.to_at, stay.to_tie))
            for stay in stays
        ):
            rows.append((row, True))
    rows.sort(key=lambda pair: (pair[0].event_at, pair[0].tie, pair[0].line), reverse=True)
    del rows[HAPPENINGS_MAX:]
    others = items_by_number(
        view,
        {row.parent_no for row, _ in rows if row.parent_no is not None}
        | {row.item_no for row, is_inside in rows if is_inside},
    )
    name = view.names(
        [no for row, _ in rows for no in (row.place_no, row.step_no, row.disposition_no)]
    )
    label = view.labels(
        [name[row.place_no or 0] for row, _ in rows] + [one.key for one in others.values()]
    )
    return [
        Happening(
            at=moment(row.event_at),
            position=row.position,
            role=Role(row.role),
            quantity=None if row.quantity is None else Decimal(row.quantity) / MICRO,
            uom=row.uom or "",
            place=label[name[row.place_no]] if row.place_no else None,
            step=name[row.step_no or 0],
            disposition=name[row.disposition_no or 0],
            stage=next((s for s in view.flow.stages if s.number == row.stage_no), None),
            other=_other(row, is_inside, others, label),
            is_inside=is_inside,
            is_void=row.void_position is not None,
        )
        for row, is_inside in rows
    ]


def _other(
    row: Any, is_inside: bool, others: dict[int, Item], label: dict[str, Label]
) -> Label | None:
    number = getattr(row, "item_no" if is_inside else "parent_no")
    found = others.get(number) if number is not None else None
    return label[found.key] if found is not None else None


def _touches(view: View, numbers: Collection[int]) -> list[Any]:  # rows of the touch table
    return rows_by(
        view.connection,
        tables.touch,
        tuple(column.name for column in tables.touch.c if column.name != "ledger_id"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )


def _inside(view: View, item_no: int) -> list[int]:
    rows = rows_by(
        view.connection,
        tables.item,
        ("item_no",),
        ledger_id=view.ledger_id,
        column="container_no",
        values=[item_no],
        index="item_container",
        where="t.container_no IS NOT NULL",
    )
    return sorted(row.item_no for row in rows)


def _relatives(view: View, item_no: int) -> tuple[list[int], list[int]]:
    return (
        related(view, [item_no], Role.OUTPUT, Role.INPUT),
        related(view, [item_no], Role.INPUT, Role.OUTPUT),
    )


def related(view: View, numbers: Collection[int], mine: Role, theirs: Role) -> list[int]:
    """Return what met these things across a transformation: their inputs, or their outputs."""
    positions = {
        row.position
        for row in rows_by(
            view.connection,
            tables.touch,
            ("position",),
            ledger_id=view.ledger_id,
            column="item_no",
            values=numbers,
            where=f"t.role = {mine:d} AND t.void_position IS NULL",
        )
    }
    rows = rows_by(
        view.connection,
        tables.touch,
        ("item_no",),
        ledger_id=view.ledger_id,
        column="position",
        values=positions,
        index="touch_position",
        where=f"t.{RELATING} AND t.role = {theirs:d} AND t.void_position IS NULL",
    )
    return sorted({row.item_no for row in rows})


def count_items(view: View) -> int:
    """Return how many things have been met."""
    found = view.connection.execute(
        text("SELECT item_next - 1 FROM ledger WHERE ledger_id = :l"), {"l": view.ledger_id}
    ).scalar_one()
    return int(found)
