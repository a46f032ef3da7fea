"""The shape of a short story whose end is written by hand, and short words to tell it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.projections.small_flow import CLOTH
from tests.projections.telling import Tree, class_, order, place, thing, told

FIELDS = (
    "kind",
    "form",
    "product",
    "place",
    "step",
    "disposition",
    "container",
    "active",
    "quantity",
    "consumed",
    "uom",
    "stages",
    "order",
    "flags",
)
"""Fields of an item's row after its key, in their order."""

G1, G2, C1, C2, P1, T1 = (thing(name) for name in ("G1", "G2", "C1", "C2", "P1", "T1"))
B1, B2, THREAD = class_("B1"), class_("B2"), class_("thread-40")
ROLL, ROLL2 = f"{CLOTH}/10/R1", f"{CLOTH}/10/R2"
TABLE, DOCK, SHOP = place("table"), place("dock"), place("shop")
O1, O2 = order("4471"), order("4472")

Stay = tuple[str, int, str, int | None]
"""Child, minute of entering, container, minute of leaving (none = still inside)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A story, and what must be true at its end."""

    name: str
    trees: list[Tree]
    items: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    """Some fields of some items; `None` in place of the fields: no such item."""
    stock: dict[tuple[str, ...], str] | None = None
    progress: dict[tuple[str, str, int], str] | None = None
    stays: set[Stay] | None = None
    orders: tuple[str, ...] = (O1, O2)
    held: tuple[str, ...] = ()
    """Items that are held before anything is known of them."""


def seen(minute: int, *epcs: str, at: str = TABLE, **more: Any) -> Tree:
    return told("Object", minute, action="OBSERVE", epcs=epcs, place=at, **more)


def added(minute: int, *epcs: str, at: str = TABLE, **more: Any) -> Tree:
    return told("Object", minute, action="ADD", epcs=epcs, place=at, **more)


def packed(minute: int, parent: str, *children: str, at: str | None = TABLE, **more: Any) -> Tree:
    return told(
        "Aggregation", minute, action="ADD", parent=parent, children=children, place=at, **more
    )


def unpacked(minute: int, parent: str, *children: str, at: str | None = None, **more: Any) -> Tree:
    return told(
        "Aggregation", minute, action="DELETE", parent=parent, children=children, place=at, **more
    )


def looked_into(minute: int, parent: str, *children: str, at: str = TABLE) -> Tree:
    return told("Aggregation", minute, action="OBSERVE", parent=parent, children=children, place=at)


def deleted(minute: int, *epcs: str, at: str = TABLE, **more: Any) -> Tree:
    return told("Object", minute, action="DELETE", epcs=epcs, place=at, **more)


def made(minute: int, **more: Any) -> Tree:
    has_both = any("input" in name for name in more) and any("output" in name for name in more)
    run = None if has_both else "https://shop.invalid/run/1"
    return told("Transformation", minute, place=more.pop("at", TABLE), transformation=run, **more)


def amounts(minute: int, action: str, *elements: Any, at: str | None = TABLE, **more: Any) -> Tree:
    return told("Object", minute, action=action, quantities=elements, place=at, **more)
