"""Tags without a number of their own: where they were seen lately, and numbers seen twice at once.

Only the newest entries are looked at: what lies on the table now is what somebody can act on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from traceability.epcis.event_time import parse_time
from traceability.epcis.vocabulary import PASS
from traceability.gs1 import key_of
from traceability.projections.view import Label, View, moment
from traceability.stage_event import BLANK

__all__ = ["BlankSeen", "Twin", "blank_seen", "twins"]

REACH = 300
"""Newest entries that are looked at: a few milliseconds."""
FRESH = timedelta(hours=12)
MOMENT_US = 1_000_000
"""Between two places no cart is faster: a number seen at both within a second is on two tags, or
two readers hear each other's table."""


@dataclass(frozen=True, slots=True)
class BlankSeen:
    """Tags that were never written, where they were seen last."""

    position: int
    at: datetime
    place: Label
    tags: int
    """How many at least."""


@dataclass(frozen=True, slots=True)
class Twin:
    """One number that was seen at two places at once."""

    key: str
    position: int
    at: datetime
    places: tuple[Label, Label]


def blank_seen(view: View, at: datetime) -> list[BlankSeen]:
    """Return where tags were seen lately that nobody ever wrote, the newest of each place."""
    newest: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for position, tree in _newest(view, BLANK):
        newest.setdefault(_place(tree), (position, tree))
    labels = view.labels(newest)
    found = []
    for place, (position, tree) in newest.items():
        then = moment(parse_time(str(tree["eventTime"])))
        tags = sum(int(one.get("tags", 1)) for one in tree[BLANK])
        if at - then <= FRESH:
            found.append(BlankSeen(position, then, labels[place], tags))
    return found


def twins(view: View, at: datetime) -> list[Twin]:
    """Return numbers that two stations saw within a moment that no cart can travel."""
    last: dict[str, tuple[int, str, str]] = {}
    found: dict[str, tuple[int, int, str, str]] = {}
    for position, tree in _newest(view, PASS):
        then, station = parse_time(str(tree["eventTime"])), str(tree[PASS]).partition(" ")[0]
        place = _place(tree)
        for key in map(key_of, map(str, tree.get("epcList") or ())):
            before = last.get(key)
            if (
                before is not None
                and before[1] != station
                and place
                and before[2] not in ("", place)
                and abs(before[0] - then) <= MOMENT_US
            ):
                found.setdefault(key, (position, then, place, before[2]))
            last[key] = (then, station, place)
    labels = view.labels(place for one in found.values() for place in one[2:])
    return [
        Twin(key, position, moment(then), (labels[place], labels[other]))
        for key, (position, then, place, other) in found.items()
        if at - moment(then) <= FRESH
    ]


def _place(tree: Mapping[str, Any]) -> str:
    for member in ("readPoint", "bizLocation"):
        spot = tree.get(member)
        if isinstance(spot, Mapping) and spot.get("id"):
            return key_of(str(spot["id"]))
    return ""


def _newest(view: View, member: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the newest events that have a member, newest first; what was declared wrong is none."""
    rows = view.connection.execute(
        text(
            "SELECT position, body FROM body WHERE ledger_id = :l AND position >= :f "
            "AND position < :t ORDER BY position DESC"
        ),
        {"l": view.ledger_id, "f": max(0, view.size - REACH), "t": view.size},
    )
    needle = member.encode()
    wrong: set[str] = set()
    for row in rows:
        if needle not in row.body:
            continue
        tree = json.loads(row.body)
        if "errorDeclaration" in tree:
            wrong.add(str(tree.get("eventID")))
        elif member in tree and tree.get("eventID") not in wrong and "eventTime" in tree:
            yield row.position, tree
