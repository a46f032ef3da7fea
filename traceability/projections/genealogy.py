"""What it was made from, and everything made from it: back to the roll, forward to the shops.

An edge is input → event → output; there is no table of edges. Going breadth first, a level at a
time, takes two look-ups a level, however many things are in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from traceability.database import MICRO, rows_by
from traceability.flow import Kind
from traceability.projections import tables
from traceability.projections.items import find_items, items_by_number, stage_of_step
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.view import Label, View, moment
from traceability.projections.world import HELD, Item

LEVELS_MAX = 32
"""A circle of rework ends here at the latest."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Something was made from something."""

    source: str
    target: str
    """Keys."""
    position: int
    is_certain: bool
    """False where several inputs of one kind went in and nothing says which is in this output."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of a trace, as it is now."""

    label: Label
    kind: Kind | None
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


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """How much of a trace's goods is at one place now."""

    place: Label
    stage: str
    """Title of the stage reached last, or the disposition where no stage is named."""
    pieces: Decimal
    things: list[Node]


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Pieces that ought to be somewhere, and nobody has seen where. Never called lost."""

    last: Node
    """What was seen last: the thing itself, or the lot that it should have come out of."""
    pieces: Decimal
    is_overdue: bool
    """True: seen, but waiting longer than its stage allows. False: cut, but never came out."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The family of one thing."""

    start: Node
    back: list[list[Node]]
    """Levels of origin: what it was made from, what that was made from, …"""
    forward: list[list[Node]]
    """Levels of offspring."""
    edges: list[Edge]
    ends: list[Node]
    """Goods at the end of the family: those of which something is left that is nothing else."""
    places: list[PlaceCount]
    pieces: Decimal
    """All pieces at the end of the family, wherever they are."""
    unaccounted: list[Unaccounted]


def trace(view: View, key: str) -> Trace | None:
    """Trace a thing both ways; None if it was never met. Waiting is measured at the view's time."""
    start = find_items(view, [key]).get(key)
    if start is None:
        return None
    walk = _Walk(view)
    back = walk.levels(start, Role.OUTPUT, Role.INPUT)
    forward = walk.levels(start, Role.INPUT, Role.OUTPUT)
    nodes = _nodes(view, [start, *(one for level in (*back, *forward) for one in level)])
    family = [nodes[one.key] for one in (start, *(one for level in forward for one in level))]
    ends = [node for node in family if _is_end(node)]
    return Trace(
        start=nodes[start.key],
        back=[[nodes[one.key] for one in level] for level in back],
        forward=[[nodes[one.key] for one in level] for level in forward],
        edges=walk.edges,
        ends=ends,
        places=_places(view, ends),
        pieces=sum((_left(node) for node in ends), Decimal()),
        unaccounted=_unaccounted(view, family, walk.edges),
    )


def _is_end(node: Node) -> bool:
    if node.kind is None or not node.kind.in_stock or node.kind.unit:
        return False
    return not node.is_consumed or node.quantity > 0


def _left(node: Node) -> Decimal:
    is_thing = node.kind is not None and node.kind.form == "thing"
    return Decimal(1) if is_thing else node.quantity


class _Walk:
    """Breadth first through inputs and outputs, a level at a time."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.edges: list[Edge] = []

    def levels(self, start: Item, mine: Role, theirs: Role) -> list[list[Item]]:
        """Return the levels beyond a thing; each thing stands in the first level it appears in."""
        seen = {start.item_no}
        keys = {start.item_no: start.key}
        frontier = [start.item_no]
        levels: list[list[Item]] = []
        while frontier and len(levels) < LEVELS_MAX:
            positions = self._positions(frontier, mine)
            across = self._across(positions, theirs)
            found = items_by_number(
                self._view, {no for many in across.values() for no in many} - set(keys)
            )
            keys.update({no: one.key for no, one in found.items()})
            self._note(positions, across, keys, towards_outputs=theirs == Role.OUTPUT)
            level = [one for no, one in sorted(found.items()) if no not in seen]
            seen.update(one.item_no for one in level)
            frontier = [one.item_no for one in level]
            if level:
                levels.append(level)
        return levels

    def _positions(self, numbers: list[int], role: Role) -> dict[int, list[int]]:
        rows = rows_by(
            self._view.connection,
            tables.touch,
            ("item_no", "position"),
            ledger_id=self._view.ledger_id,
            column="item_no",
            values=numbers,
            where=f"t.role = {role:d} AND t.void_position IS NULL",
        )
        positions: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            positions[row.position].append(row.item_no)
        return positions

    def _across(self, positions: Collection[int], role: Role) -> dict[int, list[int]]:
        rows = rows_by(
            self._view.connection,
            tables.touch,
            ("item_no", "position"),
            ledger_id=self._view.ledger_id,
            column="position",
            values=positions,
            index="touch_position",
            where=f"t.{RELATING} AND t.role = {role:d} AND t.void_position IS NULL",
        )
        across: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            across[row.position].append(row.item_no)
        return across

    def _note(
        self,
        positions: dict[int, list[int]],
        across: dict[int, list[int]],
        keys: dict[int, str],
        *,
        towards_outputs: bool,
    ) -> None:
        for position, mine in positions.items():
            for one in mine:
                for other in across.get(position, ()):
                    source, target = (one, other) if towards_outputs else (other, one)
                    inputs = mine if towards_outputs else across[position]
                    self.edges.append(Edge(keys[source], keys[target], position, len(inputs) == 1))


def _nodes(view: View, items: Collection[Item]) -> dict[str, Node]:
    holders = items_by_number(
        view, {one.container_no for one in items if one.container_no is not None}
    )
    numbers = [
        no for one in items for no in (one.place_no, one.step_no, one.disposition_no, one.order_no)
    ]
    name = view.names(numbers)
    label = view.labels(
        [one.key for one in (*items, *holders.values())]
        + [name[no or 0] for one in items for no in (one.place_no, one.order_no)]
    )
    return {
        one.key: Node(
            label=label[one.key],
            kind=view.flow.kind_of(one.key.split("@")[0]),
            place=label[name[one.place_no]] if one.place_no else None,
            step=name[one.step_no],
            disposition=name[one.disposition_no],
            order=label[name[one.order_no]] if one.order_no else None,
            container=label[holders[one.container_no].key]
            if one.container_no is not None
            else None,
            is_active=one.is_active,
            is_consumed=one.consumed > 0,
            is_held=bool(one.flags & HELD),
            pieces=Decimal(one.pieces) / MICRO,
            quantity=Decimal(one.quantity) / MICRO,
            uom=one.uom,
            last_at=moment(one.last_at),
        )
        for one in items
    }


def _places(view: View, ends: list[Node]) -> list[PlaceCount]:
    groups: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in ends:
        stage = stage_of_step(view, node.step)
        state = stage.name if node.is_active and stage is not None else node.disposition
        groups[node.place.key if node.place else "", state].append(node)
    counts = []
    for (place, state), things in groups.items():
        stage = view.flow.stage(state)
        counts.append(
            PlaceCount(
                place=things[0].place or Label(place, ""),
                stage=stage.title if stage is not None else state,
                pieces=sum((_left(node) for node in things), Decimal()),
                things=things,
            )
        )
    counts.sort(key=lambda count: -count.pieces)
    return counts


def _unaccounted(view: View, family: list[Node], edges: list[Edge]) -> list[Unaccounted]:
    by_key = {node.label.key: node for node in family}
    came_out: dict[str, Decimal] = defaultdict(Decimal)
    targets: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        targets[edge.source].add(edge.target)
    for source, made in targets.items():
        for target in made & by_key.keys():
            node = by_key[target]
            is_thing = node.kind is not None and node.kind.form == "thing"
            came_out[source] += Decimal(1) if is_thing else node.pieces
    found = []
    for node in family:
        if node.kind is None or node.kind.unit or not node.kind.in_stock:
            continue
        if node.is_consumed and node.kind.form == "lot":
            gone = node.pieces - node.quantity - came_out[node.label.key]
            if gone > 0:
                found.append(Unaccounted(node, gone, is_overdue=False))
        if _is_end(node) and _is_overdue(view, node):
            found.append(Unaccounted(node, _left(node), is_overdue=True))
    return found


def _is_overdue(view: View, node: Node) -> bool:
    stage = stage_of_step(view, node.step)
    if stage is None or stage.dwell_hours is None or not node.is_active:
        return False
    waited_s = (view.record_at - node.last_at).total_seconds()
    return waited_s > stage.dwell_hours * 3600
