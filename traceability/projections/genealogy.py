"""What it was made from, and everything made from it: back to the roll, forward to the shops.

An edge is input → event → output; there is no table of edges. Going breadth first, a level at a
time, takes a few look-ups a level, however many things are in it. A roll can have ten thousand
descendants: they stay rows here, and become named things only where somebody looks at them.

A container is no ancestor: a carton is traced through what is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceability.database import MICRO, rows_by
from traceability.flow import Kind
from traceability.projections import tables
from traceability.projections.holding import class_of
from traceability.projections.items import find_items, items_by_number
from traceability.projections.tables import RELATING
from traceability.projections.touches import Form, Role
from traceability.projections.view import Label, View, moment
from traceability.projections.world import HELD, Item

LEVELS_MAX = 32
"""A circle of rework ends here at the latest."""

MEMBER = (
    "item_no",
    "form",
    "kind_no",
    "product_no",
    "place_no",
    "step_no",
    "disposition_no",
    "container_no",
    "is_active",
    "quantity",
    "consumed",
    "order_no",
    "flags",
    "stages_reached",
    "last_at",
)
"""What a trace needs to know of each descendant, in the order of `Member`."""

Member = Any  # a row with the columns of MEMBER: ten thousand of them are no place for objects


@dataclass(frozen=True, slots=True)
class Edge:
    """Something was made from something."""

    source: str
    target: str
    """Keys."""
    position: int
    is_certain: bool
    """False where several things went in and nothing says which of them is in this output."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of a trace, as it is now."""

    label: Label
    kind: Kind | None
    product: Label | None
    place: Label | None
    step: str
    disposition: str
    order: Label | None
    container: Label | None
    is_active: bool
    is_consumed: bool
    is_held: bool
    pieces: Decimal
    """What it counts for: 1 for a thing, the quantity of a lot (what went on included)."""
    quantity: Decimal
    """What of it is left."""
    uom: str
    last_at: datetime


@dataclass(slots=True)
class Walk:
    """One direction of a family: numbers by level, and what was made in which entry."""

    levels: list[list[int]] = field(default_factory=list)
    parent: dict[int, int] = field(default_factory=dict)
    """From a thing to the one by which it was found: one level nearer to the start."""
    inputs: dict[int, list[int]] = field(default_factory=dict)
    """By position of the entry: what went in, whether of this family or not."""
    outputs: dict[int, list[int]] = field(default_factory=dict)
    """By position: what of this family came out."""

    def numbers(self) -> Iterator[int]:
        """Yield everything found, nearest first."""
        for level in self.levels:
            yield from level


@dataclass(slots=True)
class Family:
    """The descendants of one thing (or of what is in it), with the thing itself, as rows."""

    start: Item
    roots: list[int]
    """Where the walk began: the start, or the contents of a container."""
    back: Walk
    forward: Walk
    members: dict[int, Member]
    """Roots and descendants by number."""
    kinds: dict[int, Kind | None]
    """By number of the kind."""

    def kind(self, member: Member) -> Kind | None:
        """Return the kind of a member as the flow in force sees it."""
        return self.kinds[member.kind_no]

    def is_counted_in_pieces(self, member: Member) -> bool:
        """Say whether a member counts as goods: cartons and cloth do not."""
        kind = self.kinds[member.kind_no]
        return kind is not None and kind.in_stock and not kind.unit


def family_of(view: View, key: str) -> Family | None:
    """Find everything a thing was made from and everything made from it; None if never met."""
    start = find_items(view, [key]).get(key)
    if start is None:
        return None
    roots = [start.item_no]
    kind = view.flow.kind_of(class_of(key))
    if kind is not None and not kind.in_stock:
        roots = contents_of(view, start.item_no) or roots
    back = _walk(view, roots, Role.OUTPUT, Role.INPUT)
    forward = _walk(view, roots, Role.INPUT, Role.OUTPUT)
    members = {row[0]: row for row in _members(view, [*roots, *forward.numbers()])}
    names = view.names({row.kind_no for row in members.values()})
    by_name = {kind.name: kind for kind in view.flow.kinds}
    kinds = {row.kind_no: by_name.get(names[row.kind_no]) for row in members.values()}
    return Family(start, roots, back, forward, members, kinds)


def contents_of(view: View, item_no: int) -> list[int]:
    """Return the numbers of the things inside a container, however deep."""
    found: list[int] = []
    holders = [item_no]
    while holders and len(found) < 100_000:
        rows = rows_by(
            view.connection,
            tables.item,
            ("item_no",),
            ledger_id=view.ledger_id,
            column="container_no",
            values=holders,
            index="item_container",
            where="t.container_no IS NOT NULL",
        )
        holders = sorted(row.item_no for row in rows)
        found += holders
    return found


def _members(view: View, numbers: Collection[int]) -> list[Member]:
    return rows_by(
        view.connection,
        tables.item,
        MEMBER,
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    )


def _walk(view: View, roots: Sequence[int], mine: Role, theirs: Role) -> Walk:
    """Walk breadth first; each thing stands in the first level it appears in."""
    walk = Walk()
    seen = set(roots)
    frontier = list(roots)
    while frontier and len(walk.levels) < LEVELS_MAX:
        near = _by_position(view, frontier, mine)
        far = _across(view, near, theirs)
        inputs = far if theirs == Role.INPUT else _across(view, near, Role.INPUT)
        outputs = far if theirs == Role.OUTPUT else near
        walk.inputs.update(inputs)
        for position, numbers in outputs.items():
            known = walk.outputs.setdefault(position, numbers)
            if known is not numbers:
                walk.outputs[position] = list(dict.fromkeys([*known, *numbers]))
        level: dict[int, int] = {}
        for position, numbers in far.items():
            source = near[position][0]
            for number in numbers:
                if number not in seen:
                    level.setdefault(number, source)
        seen.update(level)
        walk.parent.update(level)
        frontier = sorted(level)
        if frontier:
            walk.levels.append(frontier)
    return walk


def _by_position(view: View, numbers: Collection[int], role: Role) -> dict[int, list[int]]:
    rows = rows_by(
        view.connection,
        tables.touch,
        ("item_no", "position"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
        where=f"t.role = {role:d} AND t.void_position IS NULL",
    )
    return _grouped(rows)


def _across(view: View, positions: Collection[int], role: Role) -> dict[int, list[int]]:
    rows = rows_by(
        view.connection,
        tables.touch,
        ("item_no", "position"),
        ledger_id=view.ledger_id,
        column="position",
        values=positions,
        index="touch_position",
        where=f"t.{RELATING} AND t.role = {role:d} AND t.void_position IS NULL",
    )
    return _grouped(rows)


def _grouped(rows: list[Any]) -> dict[int, list[int]]:  # rows of item_no and position
    positions: dict[int, list[int]] = defaultdict(list)
    for number, position in rows:
        positions[position].append(number)
    return dict(positions)


# --- names for those that are looked at --------------------------------------------------------


def nodes_of(view: View, numbers: Sequence[int]) -> list[Node]:
    """Return things by number with all their names, in the order asked for."""
    items = items_by_number(view, numbers)
    found = nodes_of_items(view, [items[number] for number in numbers if number in items])
    return [found[items[number].key] for number in numbers if number in items]


def nodes_of_items(view: View, items: Collection[Item]) -> dict[str, Node]:
    """Return items with all their names, by key: a handful of look-ups for all of them."""
    holders = items_by_number(
        view, {one.container_no for one in items if one.container_no is not None}
    )
    name = view.names(
        {
            no
            for one in items
            for no in (
                one.place_no,
                one.step_no,
                one.disposition_no,
                one.order_no,
                one.product_no,
                one.kind_no,
            )
        }
    )
    label = view.labels(
        [one.key for one in (*items, *holders.values())]
        + [name[no or 0] for one in items for no in (one.place_no, one.order_no, one.product_no)]
    )

    def named(no: int | None) -> Label | None:
        return label[name[no]] if no else None

    kinds = {kind.name: kind for kind in view.flow.kinds}
    return {
        one.key: Node(
            label=label[one.key],
            kind=kinds.get(name[one.kind_no]),
            product=named(one.product_no),
            place=named(one.place_no),
            step=name[one.step_no],
            disposition=name[one.disposition_no],
            order=named(one.order_no),
            container=label[holders[one.container_no].key]
            if one.container_no in holders and one.container_no is not None
            else None,
            is_active=one.is_active,
            is_consumed=one.consumed > 0,
            is_held=bool(one.flags & HELD),
            pieces=Decimal(1)
            if one.form == Form.THING and one.is_active
            else Decimal(one.pieces) / MICRO,
            quantity=Decimal(one.quantity) / MICRO,
            uom=one.uom,
            last_at=moment(max(one.last_at, 0)),
        )
        for one in items
    }


def edges_of(view: View, family: Family) -> list[Edge]:
    """Return all edges of a family, both ways, with keys."""
    numbers = {*family.roots, *family.back.numbers(), *family.forward.numbers()}
    for walk in (family.back, family.forward):
        for many in walk.inputs.values():
            numbers.update(many)
    keys = {no: one.key for no, one in items_by_number(view, numbers).items()}
    found: dict[tuple[int, int, int], Edge] = {}
    for walk in (family.back, family.forward):
        for position, outputs in walk.outputs.items():
            inputs = walk.inputs.get(position, [])
            for source in inputs:
                for target in outputs:
                    found[source, target, position] = Edge(
                        keys[source], keys[target], position, len(inputs) == 1
                    )
    return [found[name] for name in sorted(found, key=lambda name: (name[2], name[0], name[1]))]
