"""What happened lately, in the factory's words: the late projection of events, and its questions.

The follower folds it within a second of the append, so that these indexes cost the append nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, text

from traceability.database import MICRO, insert_rows
from traceability.epcis.event import Event
from traceability.errors import TraceabilityError
from traceability.flow import Flow, Stage
from traceability.gs1 import key_of
from traceability.ledger.append import Ledger
from traceability.projections import tables
from traceability.projections.fold import Stored
from traceability.projections.numbers import Head, Numbers
from traceability.projections.pieces import Pieces, named_wrong
from traceability.projections.rebuild import read_stored
from traceability.projections.touches import Facts, facts_of
from traceability.projections.view import Label, View, moment

NAME = "event"
VERSION = 1
SLICE = 500
"""Entries that the follower takes in one transaction: others append in between."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of "Now": something that happened, ready to be put into a sentence."""

    position: int
    at: datetime
    type: str
    """Event type, or ``gap``."""
    action: str
    stage: Stage | None
    place: Label | None
    read_point: str
    pieces: Decimal
    things: list[Label]
    """The first few things named, containers first."""
    things_count: int
    reason: str = ""


def follow(ledger: Ledger) -> bool:
    """Fold the next slice of entries; say whether more may be waiting."""
    with ledger.database.read() as connection:
        at = _position(connection, ledger.ledger_id)
        size: int = connection.execute(
            text("SELECT size FROM ledger WHERE ledger_id = :l"), {"l": ledger.ledger_id}
        ).scalar_one()
        if at >= size:
            return False
        flow, until = _flow_at(ledger, connection, at)
        slice_ = list(read_stored(connection, ledger.ledger_id, at, min(size, at + SLICE, until)))
    with ledger.database.write() as connection:
        # The head row is locked as by an append: new names take numbers from it.
        row = connection.execute(
            text(
                "UPDATE ledger SET epoch = epoch WHERE ledger_id = :l "
                "RETURNING item_next, name_next"
            ),
            {"l": ledger.ledger_id},
        ).one()
        if _position(connection, ledger.ledger_id) != at:
            return True
        head = Head(ledger.ledger_id, row.item_next, row.name_next)
        _fold(connection, head, flow, slice_)
        connection.execute(
            text("UPDATE ledger SET name_next = :n WHERE ledger_id = :l"),
            {"n": head.name_next, "l": ledger.ledger_id},
        )
    return at + len(slice_) < size


def _flow_at(ledger: Ledger, connection: Connection, at: int) -> tuple[Flow, int]:
    """Return the flow in force at a position, and the position from which on it is another."""
    where = {"l": ledger.ledger_id, "p": at}
    told = "FROM landmark WHERE ledger_id = :l AND kind = 'flow' AND position"
    until = connection.execute(text(f"SELECT min(position) {told} > :p"), where).scalar()
    if until is None:
        return ledger.opening_and_flow(connection)[1], 2**62
    first = connection.execute(text(f"SELECT max(position) {told} <= :p"), where).scalar_one()
    (stored,) = read_stored(connection, ledger.ledger_id, first, first + 1)
    return Flow.parse(str(stored.tree["flow"])), until


def _position(connection: Connection, ledger_id: int) -> int:
    found = connection.execute(
        text("SELECT position FROM projection WHERE ledger_id = :l AND name = :n"),
        {"l": ledger_id, "n": NAME},
    ).scalar()
    return int(found) if found is not None else 0


def _fold(connection: Connection, head: Head, flow: Flow, slice_: list[Stored]) -> None:
    numbers = Numbers(head.ledger_id)
    facts: list[tuple[Stored, Event, Facts]] = [
        (stored, stored.event, facts_of(stored.event, flow, at=stored.at))
        for stored in slice_
        if stored.kind == "event" and stored.event is not None
    ]

    def learn(names: Iterable[tuple[str, str]]) -> Numbers:
        numbers.learn(connection, head, names)
        return numbers

    columns = columns_of([(event, fact) for _, event, fact in facts], learn)
    pieces = Pieces.read(connection, head.ledger_id, flow, [fact for _, _, fact in facts])
    ids = {stored.event.event_id for stored in slice_ if stored.event is not None}
    wrong = named_wrong(connection, head.ledger_id, ids)
    rows = [
        (
            head.ledger_id,
            stored.position,
            *told,
            0 if event.event_id in wrong else pieces.of(fact),
        )
        for (stored, event, fact), told in zip(facts, columns, strict=True)
    ]
    insert_rows(connection, tables.event, rows)
    _take_back(connection, head.ledger_id, wrong.values())
    last = slice_[-1].position + 1
    where = {"l": head.ledger_id, "n": NAME, "p": last, "v": VERSION}
    moved = connection.execute(
        text(
            "UPDATE projection SET position = :p, version = :v WHERE ledger_id = :l AND name = :n"
        ),
        where,
    )
    if not moved.rowcount:
        insert_rows(connection, tables.projection, [(head.ledger_id, NAME, VERSION, last, "")])


def columns_of(
    facts: Sequence[tuple[Event, Facts]],
    learn: Callable[[Iterable[tuple[str, str]]], Numbers],
) -> list[tuple[object, ...]]:
    """Return the columns of events' rows between position and pieces.

    Args:
        facts: The events, and what each says.
        learn: Gives names by kind their numbers.
    """
    kinds = ("step", "disposition", "read_point", "place")
    # Most events of a minute stand at the same places in the same words.
    words = [(fact.step, fact.disposition, event.read_point, fact.place) for event, fact in facts]
    texts = {
        one: (one[0], one[1], key_of(one[2]) if one[2] else None, one[3])
        for one in dict.fromkeys(words)
    }
    numbers = learn(
        (kind, name)
        for many in texts.values()
        for kind, name in zip(kinds, many, strict=True)
        if name is not None
    )
    known = {
        one: tuple(numbers.of(kind, name) or 0 for kind, name in zip(kinds, many, strict=True))
        for one, many in texts.items()
    }
    return [
        (fact.at, event.type, event.action or "", *known[one], fact.stage_number)
        for one, (event, fact) in zip(words, facts, strict=True)
    ]


def _take_back(connection: Connection, ledger_id: int, positions: Iterable[int | None]) -> None:
    """Let events that were declared wrong count for nothing."""
    rows = [{"l": ledger_id, "p": one} for one in positions if one is not None]
    if rows:
        connection.execute(
            text("UPDATE event SET pieces = 0 WHERE ledger_id = :l AND position = :p"), rows
        )


def by_hour(view: View, since: datetime) -> dict[int, dict[datetime, Decimal]]:
    """Return the pieces that each stage did in each hour, by stage number and the hour's start."""
    first = int(since.timestamp()) * 1_000_000
    rows = view.connection.execute(
        text(
            "SELECT stage_no, event_at / 3600000000 AS hour, sum(pieces) AS pieces FROM event "
            "WHERE ledger_id = :l AND event_at >= :f AND stage_no IS NOT NULL "
            "GROUP BY stage_no, event_at / 3600000000"
        ).columns(tables.event.c.stage_no, tables.event.c.event_at, tables.event.c.pieces),
        {"l": view.ledger_id, "f": first},
    ).all()
    hours: dict[int, dict[datetime, Decimal]] = {}
    for stage_no, hour, pieces in rows:
        start = moment(0) + timedelta(hours=int(hour))
        hours.setdefault(stage_no, {})[start] = Decimal(pieces) / MICRO
    return hours


def latest(view: View, *, limit: int = 12, before: int | None = None) -> list[Line]:
    """Return what happened last, newest first; master data is no happening."""
    found: list[Stored] = []
    last = view.size if before is None else before
    while last > 0 and len(found) < limit:
        first = max(0, last - 4 * limit)
        found += [
            stored
            for stored in reversed(_readable(view, first, last))
            if stored.kind in ("event", "declaration", "gap", "hold")
        ]
        last = first
    return _lines(view, found[:limit])


def _readable(view: View, first: int, last: int) -> list[Stored]:
    """Read entries, leaving out what somebody spoilt: the board must be able to say so."""
    try:
        return list(read_stored(view.connection, view.ledger_id, first, last))
    except (TraceabilityError, AssertionError, TypeError):
        if last - first == 1:
            return []
    middle = (first + last) // 2
    return _readable(view, first, middle) + _readable(view, middle, last)


def _lines(view: View, found: list[Stored]) -> list[Line]:
    facts = {
        stored.position: facts_of(stored.event, view.flow, at=stored.at)
        for stored in found
        if stored.event is not None
    }
    keys = {
        position: list(dict.fromkeys(touch.key for touch in fact.touches))
        for position, fact in facts.items()
    }
    label = view.labels(
        [key for many in keys.values() for key in many[:3]]
        + [fact.place or "" for fact in facts.values()]
    )
    pieces = Pieces.read(view.connection, view.ledger_id, view.flow, list(facts.values()))
    stages = {stage.number: stage for stage in view.flow.stages}
    lines = []
    for stored in found:
        event = stored.event
        if event is None:
            lines.append(_other_line(stored))
            continue
        fact, named = facts[stored.position], keys[stored.position]
        lines.append(
            Line(
                position=stored.position,
                at=moment(fact.at),
                type=event.type if stored.kind == "event" else "declaration",
                action=event.action or "",
                stage=stages.get(fact.stage_number) if fact.stage_number is not None else None,
                place=label[fact.place] if fact.place else None,
                read_point=key_of(event.read_point) if event.read_point else "",
                pieces=Decimal(pieces.of(fact)) / MICRO,
                things=[label[key] for key in named[:3]],
                things_count=len(named),
            )
        )
    return lines


def _other_line(stored: Stored) -> Line:
    tree: Mapping[str, object] = stored.tree
    things = tree.get("things")
    count = len(things) if isinstance(things, list) else 0
    return Line(
        position=stored.position,
        at=moment(stored.at),
        type=str(tree.get("type", stored.kind)),
        action="",
        stage=None,
        place=None,
        read_point=str(tree.get("reader", "")),
        pieces=Decimal(count),
        things=[],
        things_count=count,
        reason=str(tree.get("reason", "")),
    )
