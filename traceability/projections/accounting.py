"""Where everything made from a roll is now, how we know it, and what nobody can account for.

A piece is accounted for if it was seen itself, or lies as packed in a carton that was seen. What
was only supposed never counts: a garment that its carton's gate did not read, while it read its
neighbours, is not accounted for, although a carton is known to have passed. Nor are pieces that
were cut and never came out of their bundle, nor what waits longer than the flow allows. Nothing is
called lost: it is only said what was seen last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from traceability.database import MICRO, rows_by
from traceability.flow import Stage
from traceability.projections import tables
from traceability.projections.genealogy import (
    MEMBER,
    Family,
    Node,
    Walk,
    family_of,
    nodes_of,
    nodes_of_items,
)
from traceability.projections.items import items_by_number, stage_of_step
from traceability.projections.touches import Form
from traceability.projections.view import Label, View
from traceability.projections.world import HELD, INFERRED

Reason = Literal["cut", "left", "unread", "waiting"]
"""Why a piece is not accounted for: more went in than came out; it stayed behind while the others
of its bundle went on; its carton was read and it was not; it waits longer than allowed."""

_PLACE, _STEP, _DISPOSITION, _CONTAINER, _ACTIVE, _QUANTITY, _ORDER, _FLAGS = map(
    MEMBER.index,
    (
        "place_no",
        "step_no",
        "disposition_no",
        "container_no",
        "is_active",
        "quantity",
        "order_no",
        "flags",
    ),
)
"""Places in a row of a member: looking them up by name costs more than the question."""

OWN_LAST_TOUCH = (
    "t.container_no IS NOT NULL AND EXISTS (SELECT 1 FROM touch AS own "
    "WHERE own.ledger_id = t.ledger_id AND own.item_no = t.item_no "
    "AND own.event_at = t.last_at AND own.tie = t.last_tie)"
)
"""Of things in a container: only those that were read themselves when it was read last."""


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """How much of a trace's goods is at one place in one state, as far as accounted for."""

    place: Label
    stage: Stage | None
    """The stage reached last."""
    disposition: str
    """The standard's word, where no stage of the flow is named."""
    pieces: Decimal
    seen: Decimal
    """Pieces that were seen there themselves."""
    held: Decimal
    """Pieces that some hold stops."""
    numbers: tuple[int, ...]
    """Of the things, for `nodes_of`."""

    @property
    def concluded(self) -> Decimal:
        """Pieces that are there because the carton they were packed into was seen there."""
        return self.pieces - self.seen


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Pieces that ought to be somewhere, and nobody has seen where. Never called lost."""

    number: int
    """Of the thing itself, or of the lot that it should have come out of."""
    micro: int
    """Millionths of a piece."""
    reason: Reason

    @property
    def pieces(self) -> Decimal:
        """How many pieces."""
        return Decimal(self.micro) / MICRO


@dataclass(frozen=True, slots=True)
class Trace:
    """The family of one thing and where it is now."""

    family: Family
    start: Node
    pieces: Decimal
    """All pieces at the end of the family, accounted for or not."""
    places: list[PlaceCount]
    """Most first."""
    unaccounted: list[Unaccounted]
    orders: list[tuple[Label, Decimal]]
    """Whose pieces they are."""
    held: Decimal
    """Pieces that some hold stops."""
    ends: dict[int, int]
    """Millionths of pieces of each thing at the end of the family, accounted for or not."""
    ancestors: dict[int, Node]

    @property
    def missing(self) -> Decimal:
        """Pieces that are not accounted for."""
        return sum((one.pieces for one in self.unaccounted), Decimal())

    @property
    def seen(self) -> Decimal:
        """Pieces that were seen themselves where they are."""
        return sum((one.seen for one in self.places), Decimal())

    @property
    def concluded(self) -> Decimal:
        """Pieces whose place is that of the carton they were packed into."""
        return sum((one.concluded for one in self.places), Decimal())

    def back(self) -> list[list[Node]]:
        """Levels of origin: what it was made from, what that was made from, and so on."""
        return [[self.ancestors[number] for number in level] for level in self.family.back.levels]


def trace(view: View, key: str, *, now: datetime | None = None) -> Trace | None:
    """Trace a thing both ways; None if it was never met.

    Args:
        view: The ledger.
        key: Of a roll, bundle, garment, carton …
        now: When waiting is measured; by default at the last entry.
    """
    family = family_of(view, key)
    if family is None:
        return None
    counting = _Counting(view, family, now or view.record_at)
    unaccounted = counting.unaccounted()
    cut = sum(one.micro for one in unaccounted if one.reason == "cut")
    ancestors = list(family.back.numbers())
    return Trace(
        family=family,
        start=nodes_of_items(view, [family.start])[key],
        pieces=_plain(sum(counting.ends.values()) + cut),
        places=counting.places(unaccounted),
        unaccounted=unaccounted,
        orders=counting.orders(),
        held=_plain(
            sum(micro for no, micro in counting.ends.items() if no in counting.held),
        ),
        ends=counting.ends,
        ancestors=dict(zip(ancestors, nodes_of(view, ancestors), strict=True)),
    )


def _plain(micro: int) -> Decimal:
    return Decimal(micro) / MICRO


class _Counting:
    """Goes through a family once, in whole millionths: it may have ten thousand members."""

    def __init__(self, view: View, family: Family, now: datetime) -> None:
        self.view = view
        self.family = family
        self.now_us = int(now.timestamp() * 1_000_000)
        self.ends: dict[int, int] = {}
        self.amounts: dict[int, int] = {}
        """What each member counts for, what went on included."""
        self.lots: dict[int, int] = {}
        """Of lots in pieces: how much of each went into something."""
        self.went_far: dict[int, int] = defaultdict(int)
        """By lot: stages that anything made from it has reached."""
        self.held: set[int] = set()
        self._count()
        self.name = view.names(
            {
                no
                for number in (*self.ends, *self.lots)
                for no in family.members[number][_PLACE : _DISPOSITION + 1]
            }
        )
        self._stages: dict[int, Stage | None] = {}
        self.read, self.cartons_read = self._read()

    def _count(self) -> None:
        goods = {
            no
            for no, kind in self.family.kinds.items()
            if kind is not None and kind.in_stock and not kind.unit
        }
        parent = self.family.forward.parent
        for row in self.family.members.values():
            number, form, kind_no = row[:3]
            quantity, consumed, _order, flags, stages, _last = row[_QUANTITY:]
            source = parent.get(number)
            if source is not None:
                self.went_far[source] |= stages
            if flags & HELD:
                self.held.add(number)
            if form == Form.THING:
                self.amounts[number] = MICRO
                if kind_no in goods and not consumed:
                    self.ends[number] = MICRO
                continue
            self.amounts[number] = quantity + consumed
            if kind_no in goods:
                self.lots[number] = consumed
                if quantity or not consumed:
                    self.ends[number] = quantity

    def _read(self) -> tuple[set[int], set[int]]:
        """Return which things in cartons were read themselves last, and in which cartons."""
        members = self.family.members
        rows = rows_by(
            self.view.connection,
            tables.item,
            ("item_no", "container_no"),
            ledger_id=self.view.ledger_id,
            column="container_no",
            values={members[number][_CONTAINER] for number in self.ends} - {None},
            index="item_container",
            where=OWN_LAST_TOUCH,
        )
        return {row[0] for row in rows}, {row[1] for row in rows}

    def stage(self, step_no: int) -> Stage | None:
        """Return the stage that a step stands for."""
        if step_no not in self._stages:
            self._stages[step_no] = stage_of_step(self.view, self.name[step_no])
        return self._stages[step_no]

    def unaccounted(self) -> list[Unaccounted]:
        """Return what nobody can account for, in the order of the family."""
        found = self._never_came_out()
        members = self.family.members
        for number, micro in self.ends.items():
            row = members[number]
            if micro <= 0 or not row[_ACTIVE]:
                continue
            step_no, container_no, last_at = row[_STEP], row[_CONTAINER], row[-1]
            stage = self.stage(step_no)
            reason: Reason | None = None
            if self.lots.get(number) and stage and self.went_far[number] >> (stage.number + 1):
                reason = "left"
            elif row[_FLAGS] & INFERRED or (
                container_no in self.cartons_read and number not in self.read
            ):
                reason = "unread"
            elif stage is not None and stage.dwell_hours is not None:
                waited_us = self.now_us - last_at
                reason = "waiting" if waited_us > stage.dwell_hours * 3_600_000_000 else None
            if reason is not None:
                found.append(Unaccounted(number, micro, reason))
        return found

    def _never_came_out(self) -> list[Unaccounted]:
        """Return the lots into whose products more went than came out."""
        came_out: dict[int, int] = defaultdict(int)
        forward = self.family.forward
        for position, outputs in forward.outputs.items():
            made = sum(self.amounts[number] for number in outputs)
            lots = [number for number in forward.inputs.get(position, ()) if number in self.lots]
            # Several bundles in one entry share what came out by what went in of each; the last
            # one takes the rest, so that the sum is right.
            for number in lots:
                share = made if number == lots[-1] else min(made, self.lots[number])
                came_out[number] += share
                made -= share
        return [
            Unaccounted(number, consumed - came_out[number], "cut")
            for number, consumed in self.lots.items()
            if consumed > came_out[number]
        ]

    def places(self, unaccounted: Iterable[Unaccounted]) -> list[PlaceCount]:
        """Group what is accounted for by place and state, most first."""
        missing = {one.number for one in unaccounted if one.reason != "cut"}
        groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        members = self.family.members
        for number, micro in self.ends.items():
            if number in missing or not micro:
                continue
            place_no, step_no, disposition_no = members[number][_PLACE : _DISPOSITION + 1]
            if members[number][_ACTIVE] and self.stage(step_no) is not None:
                groups[place_no, step_no, 0].append(number)
            else:
                groups[place_no, 0, disposition_no].append(number)
        label = self.view.labels([self.name[place] for place, _, _ in groups])
        found = []
        for (place, step, disposition), numbers in groups.items():
            seen = [
                number
                for number in numbers
                if members[number][_CONTAINER] is None or number in self.read
            ]
            found.append(
                PlaceCount(
                    place=label[self.name[place]],
                    stage=self.stage(step) if step else None,
                    disposition=self.name[disposition],
                    pieces=_plain(sum(self.ends[number] for number in numbers)),
                    seen=_plain(sum(self.ends[number] for number in seen)),
                    held=_plain(sum(self.ends[number] for number in self.held & set(numbers))),
                    numbers=tuple(numbers),
                )
            )
        found.sort(key=lambda one: -one.pieces)
        return found

    def orders(self) -> list[tuple[Label, Decimal]]:
        """Return whose pieces these are, most first; pieces without an order are left out."""
        by_order: dict[int, int] = defaultdict(int)
        for number, micro in self.ends.items():
            by_order[self.family.members[number][_ORDER] or 0] += micro
        by_order.pop(0, None)
        name = self.view.names(by_order)
        label = self.view.labels([name[no] for no in by_order])
        found = [(label[name[no]], _plain(micro)) for no, micro in by_order.items()]
        return sorted(found, key=lambda one: -one[1])


def members_of(walk: Walk) -> int:
    """Return how many things a walk found."""
    return sum(len(level) for level in walk.levels)


def stoppable(view: View, found: Trace) -> list[str]:
    """Return the keys of everything a hold on this family must name.

    Those are the goods at its ends, and what is left of the lots on the way: the rest of the roll
    must not be cut either. What is used up or out of use needs no stopping.
    """
    family = found.family
    numbers = [
        number
        for number, member in family.members.items()
        if (number in found.ends and member[_ACTIVE])
        or (member.form != Form.THING and member[_QUANTITY] > 0)
    ]
    if family.start.item_no not in family.members and family.start.is_active:
        numbers.append(family.start.item_no)
    items = items_by_number(view, numbers)
    return [items[number].key for number in sorted(items)]
