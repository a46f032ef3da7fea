"""One thing: what it is, where it is, and everything that happened to it, in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text

from traceability.database import MICRO, rows_by
from traceability.flow import Kind, Stage
from traceability.projections import tables
from traceability.projections.aliases import names_of
from traceability.projections.holding import class_of
from traceability.projections.state import flag_names
from traceability.projections.tables import RELATING
from traceability.projections.timeline import Happening, timeline
from traceability.projections.touches import Role
from traceability.projections.view import Label, Values, View, moment
from traceability.projections.world import BEGUN, HELD, Item

COLUMNS = tuple(Item.__struct_fields__)
SHOWN_MAX = 200
"""Relatives and contents that a card names; more are counted."""


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
    consumed: Decimal
    """How much of it went into something."""
    last_at: datetime
    facts: Values
    """What was entered about it: a roll's supplier, a ticket's pieces; of a thing, its product's
    style, colour and size."""
    other_products: list[tuple[Label, Label]]
    """Sources whose product is another than its own: the source, and that product. What the tag
    says and what the workshop's names say cannot both be right."""


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
        {
            *inside[:SHOWN_MAX],
            *sources[:SHOWN_MAX],
            *results[:SHOWN_MAX],
            *([holder] if holder is not None else []),
        },
    )
    others = _other_products(view, name[found.product_no], [near[no] for no in sources[:SHOWN_MAX]])
    texts = [name[no or 0] for no in (found.place_no, found.product_no, found.order_no)]
    texts += [product for _, product in others]
    label = view.labels([key, *texts, *(one.key for one in near.values())])
    step = name[found.step_no]

    def named(no: int | None) -> Label | None:
        return label[name[no]] if no else None

    return ItemCard(
        label=label[key],
        kind=view.flow.kind_of(class_of(key)),
        product=named(found.product_no),
        place=named(found.place_no),
        step=step,
        disposition=name[found.disposition_no],
        stage=stage_of_step(view, step),
        order=named(found.order_no),
        container=label[near[holder].key] if holder is not None else None,
        contents=[label[near[no].key] for no in inside[:SHOWN_MAX]],
        contents_count=len(inside),
        is_active=found.is_active,
        quantity=Decimal(found.quantity) / MICRO,
        uom=found.uom,
        flags=frozenset(flag_names(found.flags).split()),
        holds=holds_of(view, [found.item_no]) if found.flags & HELD else [],
        timeline=_story(view, found.item_no, key),
        made_from=[label[near[no].key] for no in sources[:SHOWN_MAX]],
        made_into=[label[near[no].key] for no in results[:SHOWN_MAX]],
        made_into_count=len(results),
        consumed=Decimal(found.consumed) / MICRO,
        last_at=moment(max(found.last_at, 0)),
        facts=_facts(view, key, name[found.product_no]),
        other_products=[(label[one.key], label[product]) for one, product in others],
    )


def _story(view: View, item_no: int, key: str) -> list[Happening]:
    """Return what happened to a thing, also while nobody knew what its other codes stood for."""
    told = timeline(view, item_no, key)
    strangers = find_items(view, names_of(view, key))
    for other, one in strangers.items():
        told += timeline(view, one.item_no, other)
    return sorted(told, key=lambda one: one.at, reverse=True) if strangers else told


def _other_products(view: View, mine: str, sources: list[Item]) -> list[tuple[Item, str]]:
    """Return the sources in pieces that are pieces of another product, with that product.

    What a ticket was printed for goes before what an event said: several tickets of one lay share
    an event.
    """
    others = []
    name = view.names([one.product_no for one in sources])
    view.master("ticket", [one.key for one in sources])
    for source in sources:
        kind = view.flow.kind_of(source.key)
        is_pieces = kind is not None and kind.in_stock and not kind.unit
        ticket = view.master("ticket", [source.key]).get(source.key, {})
        product = str(ticket.get("product") or name[source.product_no])
        if is_pieces and product and mine and product != mine:
            others.append((source, product))
    return others


def _facts(view: View, key: str, product: str) -> Values:
    for kind in ("roll", "ticket", "carton"):
        found = view.master(kind, [key]).get(key)
        if found is not None:
            return found
    return view.master("product", [product]).get(product, {}) if product else {}


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
