"""What carries one person's badge number in the record: the scans made with it in hand.

There is no index of persons, on purpose: nobody is to be looked up by the day or compared. So the
newest entries are read one by one, and the answer says how far back it looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.epcis.event import read_event
from traceability.epcis.vocabulary import READER
from traceability.errors import TraceabilityError
from traceability.gs1 import key_of, uri_of
from traceability.ledger import tables as record
from traceability.ledger.entry import Entry
from traceability.projections.view import Label, View, moment
from traceability.scanning.answer import Answer
from traceability.scanning.writing import PERSON, TOLD

__all__ = ["BadgeScan", "BadgeScans", "scans_of"]

REACH = 2_000
"""Newest entries that are looked at: some megabytes, some milliseconds."""
SHOWN = 20

What = Literal["scan", "badge", "confirmed"]


@dataclass(frozen=True, slots=True)
class BadgeScan:
    """One entry that carries the badge number."""

    position: int
    at: datetime
    what: What
    """A thing scanned with the badge in hand, the badge itself, a stop that was confirmed over."""
    thing: Label
    place: Label
    """The step, by the name of its place."""
    device: str
    is_void: bool = False
    """It was taken back."""


@dataclass(frozen=True, slots=True)
class BadgeScans:
    """The newest of them."""

    scans: tuple[BadgeScan, ...]
    looked: int
    """How many of the newest entries were looked at."""
    is_all: bool
    """Whether these are all entries that there are."""


@dataclass(frozen=True, slots=True)
class _Found:
    position: int
    at: datetime
    what: What
    thing: str
    place: str
    device: str
    event_id: str


def scans_of(view: View, key: str, *, limit: int = SHOWN, reach: int = REACH) -> BadgeScans:
    """Return the last entries that carry a person's badge number, newest first.

    Args:
        view: The record.
        key: Key of the person.
        limit: How many at most.
        reach: How many of the newest entries are looked at.
    """
    first = max(0, view.size - reach)
    rows = view.connection.execute(
        text(
            "SELECT position, body FROM body WHERE ledger_id = :l AND position >= :f "
            "AND position < :t ORDER BY position DESC"
        ),
        {"l": view.ledger_id, "f": first, "t": view.size},
    )
    needle, found = key.rsplit("/", 1)[-1].encode(), list[_Found]()
    for row in rows:
        if needle not in row.body:
            continue
        one = _read(row.position, row.body, key)
        if one is not None:
            found.append(one)
        if len(found) >= limit:
            break
    return BadgeScans(tuple(_told(view, found)), view.size - first, first == 0)


def _read(position: int, body: bytes, key: str) -> _Found | None:
    tree = bodies.parse(body)
    if not isinstance(tree, Mapping):
        return None
    if tree.get("type") == "release" and tree.get("confirmed") == key:
        return _Found(position, moment(0), "confirmed", str(tree["id"]), "", "", "")
    if "eventTime" not in tree or "errorDeclaration" in tree:
        return None
    is_own_badge = tree.get("epcList") == [uri_of(key)]
    if tree.get(PERSON) != key and not is_own_badge:
        return None
    try:
        event = read_event(tree)
    except TraceabilityError:  # an entry of another version of the standard is no scan of ours
        return None
    return _Found(
        position,
        moment(event.event_time),
        "badge" if is_own_badge else "scan",
        _thing(tree),
        key_of(event.read_point) if event.read_point else "",
        str(tree.get(READER, "")),
        event.event_id,
    )


def _thing(tree: Mapping[str, Any]) -> str:
    """Return the key of what was scanned: the answer names it; else the first thing named."""
    told = Answer.read(tree.get(TOLD))
    if told is not None and told.key:
        return told.key
    for member in ("epcList", "outputEPCList", "childEPCs"):
        for one in tree.get(member) or ():
            return key_of(str(one))
    for member in ("quantityList", "outputQuantityList", "childQuantityList"):
        for one in tree.get(member) or ():
            return key_of(str(one["epcClass"]))
    return ""


def _told(view: View, found: list[_Found]) -> list[BadgeScan]:
    labels = view.labels([one.thing for one in found] + [one.place for one in found])
    entries = {
        row.position: Entry.parse(row.entry)
        for row in rows_by(
            view.connection,
            record.entry,
            ("position", "entry"),
            ledger_id=view.ledger_id,
            column="position",
            values=[one.position for one in found],
        )
    }
    declared = {
        row.event_id
        for row in rows_by(
            view.connection,
            record.event_id,
            ("event_id", "declared_at"),
            ledger_id=view.ledger_id,
            column="event_id",
            values=[one.event_id for one in found if one.event_id],
        )
        if row.declared_at > 0
    }
    return [
        BadgeScan(
            one.position,
            one.at if one.event_id else moment(entries[one.position].at),
            one.what,
            labels[one.thing] if one.event_id else Label("", one.thing),
            labels[one.place],
            (one.device or entries[one.position].by) if one.event_id else "",
            one.event_id in declared,
        )
        for one in found
    ]
