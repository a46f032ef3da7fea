"""The lines and angles of small drawings: reading ring, hour bars, days of a promise, tree peaks.

Everything here is arithmetic on numbers that a page already has; templates put the result into SVG.
Lengths are CSS pixels unless a name says ``_percent``.

>>> [bar.height for bar in bars([5, 10, 0], height=30)]
[15.0, 30.0, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

RING_SEGMENTS_MAX = 60
"""Above this many garments a segment stands for one percent (LOOK, reading ring)."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One upright bar of a row of bars."""

    x_percent: float
    width_percent: float
    y: float
    height: float
    value: float


def bars(values: Sequence[float], *, height: float, top: float = 0.0) -> list[Bar]:
    """Lay out bars that start at zero, side by side over the whole width.

    Args:
        values: One value a bar, oldest first.
        height: Height of the drawing in pixels.
        top: The value that reaches the full height, if it is above all values (a plan).
    """
    most = max([top, *values], default=0.0)
    if not values or most <= 0:
        return [Bar(0, 0, height, 0.0, value) for value in values]
    step = 100 / len(values)
    found = []
    for index, value in enumerate(values):
        tall = round(height * value / most, 1)
        found.append(
            Bar(round(index * step, 3), round(step * 0.92, 3), round(height - tall, 1), tall, value)
        )
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line from left to right, in percent of the whole."""

    kind: str
    """observed, work, inferred, hidden, stop, late."""
    x_percent: float
    width_percent: float


def stretches(
    total: float | Decimal, parts: Sequence[tuple[str, float | Decimal]]
) -> tuple[list[Part], float]:
    """Lay parts end to end over a line of ``total``; return them and where the rest begins.

    A line whose parts exceed the total is scaled to the parts: nothing is drawn outside.

    >>> stretches(200, [("observed", 50), ("work", 100)])[1]
    75.0
    """
    sizes = [(kind, float(size)) for kind, size in parts]
    whole = max(float(total), sum(size for _, size in sizes))
    if whole <= 0:
        return [], 0.0
    at = 0.0
    found = []
    for kind, size in sizes:
        if size > 0:
            found.append(Part(kind, round(100 * at / whole, 3), round(100 * size / whole, 3)))
            at += size
    return found, round(100 * at / whole, 3)


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the reading ring as an SVG path, and what it says."""

    path: str
    is_read: bool


def ring(
    read: int, expected: int, *, radius: float = 218.0, thickness: float = 36.0
) -> list[Segment]:
    """Cut a ring into one segment a garment, read ones first, clockwise from the top.

    Args:
        read: Garments read so far; more than expected closes the ring.
        expected: Garments expected; above 60 each segment is one percent.
        radius: Outer radius; the centre is at (radius, radius).
        thickness: Width of the band.

    >>> [segment.is_read for segment in ring(1, 3)]
    [True, False, False]
    """
    count = max(1, min(expected, RING_SEGMENTS_MAX) if expected <= RING_SEGMENTS_MAX else 100)
    done = min(count, read if count == expected else int(count * read / max(expected, 1)))
    gap = 2 * math.pi * 0.0035 * min(1.0, 38 / count) if count > 1 else 0.0
    return [
        Segment(_band(index, count, gap, radius, radius - thickness), index < done)
        for index in range(count)
    ]


def _band(index: int, count: int, gap: float, outer: float, inner: float) -> str:
    start = 2 * math.pi * index / count + gap
    # A whole turn would begin and end in one point, and an arc between equal points draws nothing.
    end = min(2 * math.pi * (index + 1) / count - gap, start + 2 * math.pi - 0.001)
    large = int(end - start > math.pi)

    def point(angle: float, radius: float) -> str:
        return f"{outer + radius * math.sin(angle):.1f} {outer - radius * math.cos(angle):.1f}"

    return (
        f"M{point(start, outer)}A{outer:g} {outer:g} 0 {large} 1 {point(end, outer)}"
        f"L{point(end, inner)}A{inner:g} {inner:g} 0 {large} 0 {point(start, inner)}Z"
    )


@dataclass(frozen=True, slots=True)
class Days:
    """A line of days with a range on it; all places are percent of the line."""

    ticks: tuple[tuple[date, float], ...]
    start_percent: float
    likely_percent: float
    end_percent: float
    promise_percent: float | None

    def is_named(self, place: float) -> bool:
        """Say whether the day at this place gets its name: the range's own days and the ends."""
        ends = (self.ticks[0][1], self.ticks[-1][1])
        return place in (self.start_percent, self.likely_percent, self.end_percent, *ends)


def days(first: date, likely: date, last: date, promise: date | None) -> Days:
    """Place an expected range on a line of days with a little air at both ends.

    Args:
        first: The earliest likely day.
        likely: The day by which 4 in 5 are done.
        last: The day by which 9 in 10 are done.
        promise: The promised day, if one was given.
    """
    marks = [first, likely, last, *([promise] if promise else [])]
    begin = min(marks).toordinal() - 2
    finish = max(marks).toordinal() + 2
    span = finish - begin

    def place(day: date) -> float:
        return round(100 * (day.toordinal() - begin) / span, 2)

    every = max(1, math.ceil(span / 12))
    ticks = tuple(
        (date.fromordinal(day), place(date.fromordinal(day)))
        for day in range(begin, finish + 1, every)
    )
    return Days(
        ticks, place(first), place(likely), place(last), place(promise) if promise else None
    )


@dataclass(frozen=True, slots=True)
class Peak:
    """One complete subtree of the ledger's Merkle tree, drawn as a triangle."""

    size: int
    left: float
    right: float
    top: float
    levels: tuple[tuple[float, float, float], ...]
    """Lines across: left, right, height from the top of the drawing."""

    @property
    def middle(self) -> float:
        """The x of the tip."""
        return (self.left + self.right) / 2


def peaks(size: int, *, width: float = 760.0, height: float = 150.0) -> list[Peak]:
    """Draw the complete subtrees of a tree of ``size`` entries, biggest first.

    The sizes are the powers of two in the binary form of ``size`` (RFC 6962, section 2.1).

    >>> [peak.size for peak in peaks(13)]
    [8, 4, 1]
    """
    depths = [bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]
    weights = [2.0 + depth**1.5 for depth in depths]
    gap = 8.0
    scale = (width - gap * max(0, len(depths) - 1)) / sum(weights) if weights else 0.0
    scale = min(scale, width / 14)
    found = []
    left = 0.0
    for depth, weight in zip(depths, weights, strict=True):
        right = left + weight * scale
        tall = height * (0.06 + 0.94 * depth / max(depths[0], 1))
        found.append(_peak(1 << depth, depth, left, right, height - tall, height))
        left = right + gap
    return found


def _peak(size: int, depth: int, left: float, right: float, top: float, bottom: float) -> Peak:
    lines = min(depth, 6)
    levels = []
    for line in range(1, lines + 1):
        share = line / (lines + 1)
        inset = (right - left) / 2 * (1 - share)
        levels.append(
            (
                round(left + inset, 1),
                round(right - inset, 1),
                round(top + (bottom - top) * share, 1),
            )
        )
    return Peak(size, round(left, 1), round(right, 1), round(top, 1), tuple(levels))
