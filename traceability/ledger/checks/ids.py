"""The two tables that an append asks before it writes: which ids are known, which counts have come.

Both follow from the entries. They are as long as the record, so that their rows are not looked up
one by one: sums over both sides, in whatever order, must be equal; only where they are not is the
row looked for.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from traceability.epcis import body as bodies
from traceability.epcis.event import read_event
from traceability.errors import TraceabilityError
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import SLICE, Row, entry_rows, one_value, plain_rows
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import read_redacted
from traceability.ledger.runs import extend

__all__ = ["Ids"]

_BUCKET = 4096
"""Positions whose sum is kept apart: what is wrong is then looked for among so many."""
_MASK = 2**64 - 1
_STEP = 5000
_Run = tuple[str, int]


class Ids:
    """Collects ids and counters from entries; compares them with what is stored."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._size = 0
        # The hash of a text hangs on a secret of this process: nobody can aim for a sum.
        self._sums: Counter[int] = Counter()
        self._runs: dict[_Run, tuple[int, list[tuple[int, int]]]] = {}

    def see(self, rows: Sequence[Row]) -> Finding | None:
        """Take note of entries, each known to be as it was sealed, in the order of positions."""
        counters: defaultdict[_Run, list[int]] = defaultdict(list)
        for position, kind, entry, _, body in rows:
            at = entry.index(b'","id":"') if b'","id":"' in entry else entry.index(b',"id":"') - 1
            name = entry[at + 8 : entry.index(b'","kind":"', at)]
            text = json.loads(b'"' + name + b'"') if b"\\" in name else name.decode()
            declared_at = 0 if kind != "declaration" else self._declared_at(position, body)
            self._sums[position // _BUCKET] += hash((text, declared_at, position)) & _MASK
            if b',"run":[' in entry and (run := Entry.parse(entry).run) is not None:
                counters[run[0], run[1]].append(run[2])
        for key, numbers in counters.items():
            contiguous, ahead = self._runs.get(key, (0, []))
            self._runs[key] = extend(contiguous, ahead, numbers)
        if rows:
            self._size = rows[-1][0] + 1
        return None

    def _declared_at(self, position: int, body: bytes | None) -> int:
        if body is None:
            with self._ledger.database.read() as connection:
                left = read_redacted(connection, self._ledger.ledger_id, [position])
            body = left.get(position, b"")
        try:
            error = read_event(bodies.parse(body)).error
        except TraceabilityError:
            return 0
        return 0 if error is None else error.declared_at

    def compare(self) -> Finding | None:
        """Return the first row that does not follow from the entries."""
        stored: Counter[int] = Counter()
        for event_id, declared_at, position in self._stored_ids():
            stored[position // _BUCKET] += hash((event_id, declared_at, position)) & _MASK
        for bucket in sorted(stored.keys() | self._sums.keys()):
            if stored[bucket] != self._sums[bucket]:
                return self._find(bucket)
        return self._compare_runs()

    def _stored_ids(self) -> Iterator[tuple[str, int, int]]:
        after = ("", -(2**62))
        while True:
            with self._ledger.database.read() as connection:
                rows = plain_rows(
                    connection,
                    "SELECT event_id, declared_at, position FROM event_id WHERE ledger_id = :l "
                    "AND (event_id, declared_at) > (:a, :b) ORDER BY event_id, declared_at "
                    "LIMIT :n",
                    {"l": self._ledger.ledger_id, "a": after[0], "b": after[1], "n": _STEP},
                ).fetchall()
            # No whole number is no position: its entry has no row then.
            yield from (row for row in rows if isinstance(row[2], int) and row[2] < self._size)
            if len(rows) < _STEP:
                return
            after = rows[-1][:2]

    def _find(self, bucket: int) -> Finding:
        first, last = bucket * _BUCKET, min((bucket + 1) * _BUCKET, self._size)
        wanted: dict[int, tuple[str, int]] = {}
        for position in range(first, last, SLICE):
            for at, kind, entry, _, body in self._entries(position, min(position + SLICE, last)):
                declared_at = self._declared_at(at, body) if kind == "declaration" else 0
                wanted[at] = (Entry.parse(entry).id, declared_at)
        have: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for event_id, declared_at, position in self._stored_ids():
            if first <= position < last:
                have[position].append((event_id, declared_at))
        for at in sorted(wanted.keys() | have.keys()):
            if have.get(at) != [wanted[at]]:
                word = "missing" if at not in have else "extra" if len(have[at]) > 1 else "changed"
                return Finding(
                    at,
                    "projection row",
                    f"The row of event_id for entry {at} ({wanted[at][0]}) is {word}.",
                )
        return Finding(first, "projection row", "A row of event_id is not what the entries give.")

    def _entries(self, first: int, last: int) -> list[Row]:
        rows: list[Row] = []
        while first < last:
            with self._ledger.database.read() as connection:
                more, _ = entry_rows(connection, self._ledger.ledger_id, first, last)
            if not more:
                break
            rows += more
            first += len(more)
        return rows

    def _compare_runs(self) -> Finding | None:
        with self._ledger.database.read() as connection:
            where = {"l": self._ledger.ledger_id}
            size = one_value(connection, "SELECT size FROM ledger WHERE ledger_id = :l", where)
            rows = plain_rows(
                connection,
                "SELECT station, epoch, contiguous, holes FROM station_run WHERE ledger_id = :l",
                where,
            ).fetchall()
        # What came meanwhile moved the counts on.
        for first in range(self._size, size, SLICE):
            self.see(self._entries(first, min(first + SLICE, size)))
        stored = {
            (station, epoch): (contiguous, _holes(holes))
            for station, epoch, contiguous, holes in rows
        }
        for key in sorted(stored.keys() | self._runs.keys()):
            if stored.get(key) != self._runs.get(key):
                word = (
                    "missing" if key not in stored else "extra" if key not in self._runs else
                    "changed"
                )  # fmt: skip
                return Finding(
                    None,
                    "projection row",
                    f"The row of station_run for {key[0]}, run {key[1]} is {word}.",
                )
        return None


def _holes(stored: str) -> list[tuple[int, int]] | None:
    try:
        return [(first, last) for first, last in json.loads(stored)]
    except (ValueError, TypeError):  # a hand at the file
        return None
