"""Genealogy as a drawing: columns from origin to place, bars as tall as their garments, ribbons.

>>> drawing = levels(
...     [Level("roll", (Node("r", "R-2201", 3),)),
...      Level("places", (Node("a", "Lyon", 2), Node("b", "", 1, kind="stop")))],
...     [Flow("r", "a", 2), Flow("r", "b", 1)],
... )
>>> len(drawing.bars), len(drawing.ribbons)
(3, 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COLUMN_NODES_MAX = 8
"""More than this many bars in a column are grouped by the page before they come here (LOOK)."""
BAR_WIDTH = 20.0


@dataclass(frozen=True, slots=True)
class Node:
    """A thing or a group of things in one column."""

    key: str
    name: str
    size: float
    note: str = ""
    kind: str = "observed"
    """observed, inferred, hidden (out of sight) or stop (unaccounted)."""
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A column: what its things are called, and the things."""

    title: str
    nodes: tuple[Node, ...]
    count: int | None = None
    """How many things the column stands for, when bars are groups."""


@dataclass(frozen=True, slots=True)
class Flow:
    """So many garments went from one node to a node of a later column."""

    source: str
    target: str
    size: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A bar with its place in the drawing."""

    node: Node
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A band between two bars, as an SVG path."""

    path: str
    is_unaccounted: bool
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture with its size in pixels."""

    width: float
    height: float
    heads: tuple[tuple[float, int, str], ...]
    """x, count and title of each column."""
    bars: tuple[Placed, ...]
    ribbons: tuple[Ribbon, ...]


def levels(
    columns: Sequence[Level],
    flows: Sequence[Flow],
    *,
    width: float = 1180.0,
    height: float = 440.0,
    label_width: float = 270.0,
) -> Drawing:
    """Place bars and ribbons; the last column keeps ``label_width`` for its words.

    Args:
        columns: From origin to place; bars stand in the order given.
        flows: Between nodes of neighbouring or farther columns; unknown keys are left out.
        width: Width of the drawing.
        height: Height of the bars' field, without the heads.
        label_width: Room at the end for the names of the last column.
    """
    top = 70.0
    reach = max(len(columns) - 1, 1)
    step = (width - label_width - BAR_WIDTH) / reach
    placed: dict[str, Placed] = {}
    heads = []
    for index, column in enumerate(columns):
        x = round(index * step, 1)
        heads.append((x, column.count or len(column.nodes), column.title))
        for bar in _stand(column.nodes, x, top, height):
            placed[bar.node.key] = bar
    ribbons = _bands(flows, placed)
    return Drawing(width, top + height, tuple(heads), tuple(placed.values()), tuple(ribbons))


def _stand(nodes: Sequence[Node], x: float, top: float, height: float) -> list[Placed]:
    """Stand bars on one another with a gap; the smallest still gets 3 pixels."""
    gap = 8.0 if len(nodes) <= COLUMN_NODES_MAX else 3.0
    # Two lines of name need 36 pixels from one bar to the next, however small the bar.
    least = min(28.0, (height - gap * (len(nodes) - 1)) / max(len(nodes), 1))
    total = sum(node.size for node in nodes) or 1.0
    room = height - gap * (len(nodes) - 1)
    slots = [max(least, room * node.size / total) for node in nodes]
    squeeze = room / sum(slots) if slots else 1.0
    found = []
    y = top
    for node, slot in zip(nodes, slots, strict=True):
        tall = max(3.0, min(slot * squeeze, room * node.size / total))
        found.append(Placed(node, x, round(y, 1), round(tall, 1)))
        y += slot * squeeze + gap
    return found


def _bands(flows: Sequence[Flow], placed: dict[str, Placed]) -> list[Ribbon]:
    known = [flow for flow in flows if flow.source in placed and flow.target in placed]
    # Ribbons leave and arrive in the order of the bars at their other end: fewest crossings.
    known.sort(key=lambda flow: (placed[flow.source].y, placed[flow.target].y))
    leaving = _offsets(known, placed, by_source=True)
    known_arriving = sorted(known, key=lambda flow: (placed[flow.target].y, placed[flow.source].y))
    arriving = _offsets(known_arriving, placed, by_source=False)
    return [_ribbon(flow, placed, leaving[flow], arriving[flow]) for flow in known]


def _offsets(
    flows: Sequence[Flow], placed: dict[str, Placed], *, by_source: bool
) -> dict[Flow, tuple[float, float]]:
    sums: dict[str, float] = {}
    for flow in flows:
        key = flow.source if by_source else flow.target
        sums[key] = sums.get(key, 0.0) + flow.size
    at: dict[str, float] = {}
    found = {}
    for flow in flows:
        key = flow.source if by_source else flow.target
        bar = placed[key]
        tall = bar.height * flow.size / max(sums[key], bar.node.size, 1e-9)
        start = at.get(key, bar.y)
        found[flow] = (start, start + tall)
        at[key] = start + tall
    return found


def _ribbon(
    flow: Flow, placed: dict[str, Placed], out: tuple[float, float], into: tuple[float, float]
) -> Ribbon:
    source, target = placed[flow.source], placed[flow.target]
    left, right = source.x + BAR_WIDTH, target.x
    middle = (left + right) / 2
    path = (
        f"M{left:.1f} {out[0]:.1f}C{middle:.1f} {out[0]:.1f} {middle:.1f} {into[0]:.1f} "
        f"{right:.1f} {into[0]:.1f}L{right:.1f} {into[1]:.1f}"
        f"C{middle:.1f} {into[1]:.1f} {middle:.1f} {out[1]:.1f} {left:.1f} {out[1]:.1f}Z"
    )
    unaccounted = target.node.kind == "stop"
    return Ribbon(path, unaccounted, f"{source.node.name} → {target.node.name}: {flow.size:g}")
