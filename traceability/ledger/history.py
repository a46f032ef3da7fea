"""How the record grew, who wrote into it, and what is missing: answered from the ledger alone.

Record times grow with the position, so the entries of a day are found by halving, without an
index of times.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent, LedgerCorrupt
from traceability.ledger import tables
from traceability.ledger.entry import Entry, body_commitment
from traceability.ledger.merkle import HASH_SIZE, leaf_hash
from traceability.ledger.redacted import bodies_at, read_redacted
from traceability.ledger.runs import holes
from traceability.ledger.tiles import WIDTH

PROBES = 16
"""Positions looked at between two known ones: four more halvings for one statement."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day in the zone of the workshop."""

    begins_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a station: its own count of what it sent, compared with what came."""

    station: str
    epoch: int
    accepted: int
    highest: int
    """The highest number that came."""
    missing: tuple[tuple[int, int], ...]
    """Stretches of numbers below it that have not come."""
    seen_at: datetime

    @property
    def missing_count(self) -> int:
        """How many numbers have not come."""
        return sum(last - first + 1 for first, last in self.missing)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a reader's line was silent."""

    position: int
    reader: str
    station: str
    since: datetime | None
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something sent under a known id with other content: kept aside, never written over."""

    number: int
    id: str
    at: datetime
    by: str
    position: int | None
    """The entry that has the id."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry as it is stored, and whether it still is what was sealed."""

    position: int
    entry: bytes
    kind: str
    by: str
    id: str
    at: datetime
    recorded_at: datetime
    run: tuple[str, int, int] | None
    body: bytes | None
    """None if it is gone."""
    is_erased: bool
    leaf: bytes
    problem: str
    """changed entry, changed body, missing body; empty if both are as they were sealed."""
    left: bytes | None = None
    """What the erasure left of an erased body; it is sealed there, not here."""

    def tree(self) -> object:
        """Return the body, or what is left of it, as JSON; None where it cannot be read."""
        body = self.left if self.body is None else self.body
        if body is None:
            return None
        try:
            return bodies.parse(body)
        except InvalidEvent:
            return None


def moment(at: int) -> datetime:
    """Turn microseconds since 1970 into a UTC time, exactly."""
    return _EPOCH + timedelta(microseconds=at)


def growth(
    connection: Connection, ledger_id: int, *, size: int, now: datetime, zone: str, days: int = 14
) -> list[Day]:
    """Return how many entries each of the last days brought, oldest first, today last.

    Args:
        connection: An open snapshot.
        ledger_id: The ledger.
        size: Entries at this moment.
        now: UTC.
        zone: IANA name; days are cut there.
        days: How many days, today included.
    """
    today = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [today - timedelta(days=back) for back in reversed(range(days))]
    firsts = _first_at_or_after(connection, ledger_id, size, [_micro(one) for one in begins])
    ends = [*firsts[1:], size]
    return [Day(begin, end - first) for begin, first, end in zip(begins, firsts, ends, strict=True)]


def _micro(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _first_at_or_after(
    connection: Connection, ledger_id: int, size: int, times: Sequence[int]
) -> list[int]:
    """Return for each time the first position recorded at it or later; the size if none is."""
    # Every position below `low` is earlier than the time, the one at `high` is not.
    bounds = [(0, size) for _ in times]
    while any(low < high for low, high in bounds):
        wanted = {probe for low, high in bounds for probe in _probes(low, high)}
        recorded = recorded_at(connection, ledger_id, wanted)
        for index, (time, (low, high)) in enumerate(zip(times, bounds, strict=True)):
            for probe in _probes(low, high):
                if recorded[probe] >= time:
                    high = probe
                    break
                low = probe + 1
            bounds[index] = (low, high)
    return [low for low, _ in bounds]


def _probes(low: int, high: int) -> list[int]:
    span = high - low
    if span <= PROBES:
        return list(range(low, high))
    return [low + span * step // (PROBES + 1) for step in range(1, PROBES + 1)]


def recorded_at(connection: Connection, ledger_id: int, positions: set[int]) -> dict[int, int]:
    """Return when entries were recorded, µs since 1970, by position; one statement."""
    rows = rows_by(
        connection,
        tables.entry,
        ("position", "entry"),
        ledger_id=ledger_id,
        column="position",
        values=positions,
    )
    found = {}
    for row in rows:
        # A spoilt or deleted row must not stop the page that would tell of it.
        with contextlib.suppress(LedgerCorrupt):
            found[row.position] = Entry.parse(_stored(row.entry)).record
    return {position: found.get(position, 0) for position in positions}


def runs(connection: Connection, ledger_id: int) -> list[Run]:
    """Return every run of every station, the newest of each station first."""
    rows = connection.execute(
        text(
            "SELECT station, epoch, contiguous, holes, seen_at FROM station_run "
            "WHERE ledger_id = :l ORDER BY station, epoch DESC"
        ),
        {"l": ledger_id},
    )
    found = []
    for row in rows:
        ahead = [(first, last) for first, last in json.loads(row.holes)]
        found.append(
            Run(
                station=row.station,
                epoch=row.epoch,
                accepted=row.contiguous + sum(last - first + 1 for first, last in ahead),
                highest=ahead[-1][1] if ahead else row.contiguous,
                missing=tuple(holes(row.contiguous, ahead)),
                seen_at=moment(row.seen_at),
            )
        )
    return found


def gaps(connection: Connection, ledger_id: int, *, limit: int = 20) -> list[Gap]:
    """Return the latest times in which a reader was silent, newest first."""
    positions = list(
        connection.execute(
            text(
                "SELECT position FROM landmark WHERE ledger_id = :l AND kind = 'gap' "
                "ORDER BY position DESC LIMIT :n"
            ),
            {"l": ledger_id, "n": limit},
        ).scalars()
    )
    read = bodies_at(connection, ledger_id, positions)
    found = {position: _tree(body) for position, body in read.items()}
    return [
        Gap(
            position,
            str(found[position].get("reader", "")),
            str(found[position].get("station", "")),
            _time(found[position].get("from")),
            _time(found[position].get("to")),
            str(found[position].get("reason", "")),
        )
        for position in positions
        if position in found
    ]


def gap_count(connection: Connection, ledger_id: int) -> int:
    """Return how many such times the record holds."""
    found = connection.execute(
        text("SELECT count(*) FROM landmark WHERE ledger_id = :l AND kind = 'gap'"),
        {"l": ledger_id},
    ).scalar_one()
    return int(found)


def _tree(body: bytes) -> dict[str, Any]:  # JSON; empty where somebody spoilt it
    try:
        tree = bodies.parse(_stored(body))
    except InvalidEvent:
        return {}
    return dict(tree) if isinstance(tree, dict) else {}


def _time(written: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def contradictions(
    connection: Connection, ledger_id: int, *, limit: int = 20
) -> list[Contradiction]:
    """Return what was kept aside, newest first."""
    rows = connection.execute(
        text(
            'SELECT conflict_no, event_id, at, "by" FROM conflict WHERE ledger_id = :l '
            "ORDER BY conflict_no DESC LIMIT :n"
        ),
        {"l": ledger_id, "n": limit},
    ).all()
    known = {
        row.event_id: row.position
        for row in rows_by(
            connection,
            tables.event_id,
            ("event_id", "position"),
            ledger_id=ledger_id,
            column="event_id",
            values=[row.event_id for row in rows],
        )
    }
    return [
        Contradiction(
            row.conflict_no, row.event_id, moment(row.at), row.by, known.get(row.event_id)
        )
        for row in rows
    ]


def sheets(connection: Connection, ledger_id: int, first: int, last: int) -> list[Sheet]:
    """Return entries from ``first`` up to, not including, ``last``, each checked by itself."""
    rows = connection.execute(
        text(
            "SELECT e.position, e.entry, b.salt, b.body FROM entry e LEFT JOIN body b "
            "ON b.ledger_id = e.ledger_id AND b.position = e.position "
            "WHERE e.ledger_id = :l AND e.position >= :f AND e.position < :t ORDER BY e.position"
        ),
        {"l": ledger_id, "f": first, "t": last},
    ).all()
    leaves = _leaves(connection, ledger_id, {row.position for row in rows})
    left = read_redacted(connection, ledger_id, [row.position for row in rows if row.body is None])
    return [_sheet(row, leaves.get(row.position, b""), left.get(row.position)) for row in rows]


# A row of entry and body.
def _sheet(row: Any, sealed: bytes, left: bytes | None) -> Sheet:
    line, body = _stored(row.entry), None if row.body is None else _stored(row.body)
    leaf = leaf_hash(line)
    try:
        entry = Entry.parse(line)
    except LedgerCorrupt:
        entry = Entry(kind="event", at=0, record=0, body=b"", by="", id="", origin="")
    problem = ""
    if leaf != sealed:
        problem = "changed entry"
    elif body is None:
        problem = "" if left is not None else "missing body"
    elif body_commitment(row.salt, body) != entry.body:
        problem = "changed body"
    return Sheet(
        position=row.position,
        entry=line,
        kind=entry.kind,
        by=entry.by,
        id=entry.id,
        at=moment(entry.at),
        recorded_at=moment(entry.record),
        run=entry.run,
        body=body,
        is_erased=body is None and left is not None,
        leaf=leaf,
        problem=problem,
        left=left,
    )


def _stored(value: bytes | str) -> bytes:
    """Return stored bytes; who changed a row by hand may have left text there."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _leaves(connection: Connection, ledger_id: int, positions: set[int]) -> dict[int, bytes]:
    """Return the leaves that the tree holds for these positions."""
    tiles = {
        row.n: row.data
        for row in rows_by(
            connection,
            tables.tile,
            ("n", "data"),
            ledger_id=ledger_id,
            column="n",
            values={position // WIDTH for position in positions},
            where="t.level = 0",
        )
    }
    found = {}
    for position in positions:
        n, at = divmod(position, WIDTH)
        found[position] = tiles.get(n, b"")[at * HASH_SIZE : (at + 1) * HASH_SIZE]
    return found
