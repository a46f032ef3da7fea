"""A family as a picture needs it: columns from origin to place, and how much went from where.

A column of more than eight things is grouped by product, and then by order, so that a roll with ten
thousand garments still is a picture and no hairball. What a bar stands for is always said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from traceability.database import MICRO
from traceability.flow import Kind
from traceability.projections.accounting import PlaceCount, Trace
from traceability.projections.genealogy import MEMBER, Node, nodes_of
from traceability.projections.view import Label, View

COLUMN_BARS_MAX = 8
MISSING = "missing"
"""Key of the bar of what is not accounted for."""
_KIND, _PRODUCT, _ORDER = map(MEMBER.index, ("kind_no", "product_no", "order_no"))


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing, or a group of things of one column."""

    key: str
    """Unique in the picture."""
    thing: Node | None
    """The thing, if it stands alone."""
    name: Label | None
    """Otherwise the product or order that the group has in common; None: all the rest."""
    place: PlaceCount | None
    """The place, in the last column."""
    count: int
    """Things in it."""
    pieces: Decimal
    """Pieces at the ends behind it."""


@dataclass(frozen=True, slots=True)
class Column:
    """Things of one level, or the places now."""

    kind: Kind | None
    """None for the places."""
    count: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The whole picture in figures."""

    columns: tuple[Column, ...]
    flows: tuple[tuple[str, str, Decimal], ...]
    """From one bar's key to another's: so many pieces."""


def lineage(view: View, found: Trace) -> Lineage:
    """Group a trace into columns; the origin stands first, the places last."""
    return _Drawing(view, found).lineage()


class _Drawing:
    """Sorts the things of a trace into bars, then adds up what went between the bars."""

    def __init__(self, view: View, found: Trace) -> None:
        self.view = view
        self.found = found
        self.family = found.family
        self.bar_of: dict[int, str] = {}
        self.weight: dict[int, int] = defaultdict(int)
        self.cut = {one.number: one.micro for one in found.unaccounted if one.reason == "cut"}

    def lineage(self) -> Lineage:
        for number, micro in self._ends():
            for one in self._line(number):
                self.weight[one] += micro
        columns = [self._origin(level) for level in reversed(self.family.back.levels)]
        levels = [self.family.roots, *self.family.forward.levels]
        columns += [self._column(depth, level) for depth, level in enumerate(levels)]
        columns.append(self._places())
        return Lineage(tuple(column for column in columns if column.bars), tuple(self._flows()))

    def _ends(self) -> Iterator[tuple[int, int]]:
        for number, micro in self.found.ends.items():
            if micro > 0:
                yield number, micro
        yield from self.cut.items()

    def _line(self, number: int) -> Iterator[int]:
        """Yield a thing and what it came from, up to where the walk began."""
        parent = self.family.forward.parent
        one: int | None = number
        while one is not None:
            yield one
            one = parent.get(one)

    def _origin(self, level: list[int]) -> Column:
        pieces = sum((Decimal(micro) / MICRO for _, micro in self._ends()), Decimal())
        bars = []
        for number in level[:COLUMN_BARS_MAX]:
            self.bar_of[number] = f"a{number}"
            node = self.found.ancestors[number]
            bars.append(Bar(f"a{number}", node, None, None, 1, pieces / len(level)))
        kind = self.found.ancestors[level[0]].kind
        return Column(kind, len(level), tuple(bars))

    def _column(self, depth: int, level: list[int]) -> Column:
        members = self.family.members
        kind = self.family.kind(members[level[0]])
        if len(level) <= COLUMN_BARS_MAX:
            bars = []
            for number, node in zip(level, nodes_of(self.view, level), strict=True):
                self.bar_of[number] = f"t{number}"
                pieces = Decimal(self.weight[number]) / MICRO
                bars.append(Bar(f"t{number}", node, None, None, 1, pieces))
            return Column(kind, len(level), tuple(bars))
        groups: dict[int, list[int]] = {}
        for by in (_PRODUCT, _ORDER):
            groups = defaultdict(list)
            for number in level:
                groups[members[number][by] or 0].append(number)
            if len(groups) <= COLUMN_BARS_MAX:
                break
        return Column(kind, len(level), tuple(self._grouped(depth, groups)))

    def _grouped(self, depth: int, groups: dict[int, list[int]]) -> Iterator[Bar]:
        largest = sorted(groups, key=lambda no: -len(groups[no]))
        shown, rest = largest[:COLUMN_BARS_MAX], largest[COLUMN_BARS_MAX:]
        if rest:
            shown, rest = largest[: COLUMN_BARS_MAX - 1], largest[COLUMN_BARS_MAX - 1 :]
        name = self.view.names(shown)
        label = self.view.labels([name[no] for no in shown])
        # In the order of the family, so that ribbons cross as little as they must.
        for no in sorted(shown, key=lambda no: groups[no][0]):
            yield self._group(f"g{depth}.{no}", label[name[no]] if no else None, groups[no])
        if rest:
            numbers = [number for no in rest for number in groups[no]]
            yield self._group(f"g{depth}.rest", None, numbers)

    def _group(self, key: str, name: Label | None, numbers: list[int]) -> Bar:
        self.bar_of.update(dict.fromkeys(numbers, key))
        micro = sum(self.weight[number] for number in numbers)
        return Bar(key, None, name, None, len(numbers), Decimal(micro) / MICRO)

    def _places(self) -> Column:
        bars = []
        places = self.found.places
        first = list(enumerate(places[:COLUMN_BARS_MAX]))
        first.sort(key=lambda pair: sum(pair[1].numbers) / len(pair[1].numbers))
        for number, place in first:
            bars.append(
                Bar(f"p{number}", None, place.place, place, len(place.numbers), place.pieces)
            )
        rest = places[COLUMN_BARS_MAX:]
        if rest:
            pieces = sum((place.pieces for place in rest), Decimal())
            bars.append(Bar("prest", None, None, rest[0], len(rest), pieces))
        if self.found.unaccounted:
            count = len(self.found.unaccounted)
            bars.append(Bar(MISSING, None, None, None, count, self.found.missing))
        return Column(None, len(places), tuple(bars))

    def _flows(self) -> Iterator[tuple[str, str, Decimal]]:
        sums: dict[tuple[str, str], int] = defaultdict(int)
        at = {
            number: f"p{index if index < COLUMN_BARS_MAX else 'rest'}"
            for index, place in enumerate(self.found.places)
            for number in place.numbers
        }
        for number, micro in self.found.ends.items():
            if micro > 0:
                self._flow(sums, number, at.get(number, MISSING), micro)
        for number, micro in self.cut.items():
            self._flow(sums, number, MISSING, micro)
        for level in self.family.back.levels:
            for number in level:
                target = self.bar_of.get(self.family.back.parent[number])
                if number in self.bar_of and target is not None:
                    total = sum(micro for _, micro in self._ends())
                    sums[self.bar_of[number], target] += total // len(level)
        for (source, target), micro in sums.items():
            yield source, target, Decimal(micro) / MICRO

    def _flow(self, sums: dict[tuple[str, str], int], number: int, target: str, micro: int) -> None:
        for one in self._line(number):
            bar = self.bar_of.get(one)
            if bar is None:
                continue
            if bar != target:
                sums[bar, target] += micro
            target = bar
