"""The book that is only ever added to: appends are grouped, numbered without holes, and sealed.

Everybody who waits is written in one transaction: entries, bodies, tree and state together,
durable before anyone is answered. Whoever comes first carries the others: there is no writer
thread, only a lock, and who holds it writes all that queued up meanwhile. A refused or conflicting
event never costs its neighbours; if a transaction fails for a reason of one caller, each is tried
alone.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from traceability.database import Database, insert_rows, rows_by, upsert
from traceability.errors import DatabaseBusy, Refused
from traceability.flow import Flow
from traceability.ledger import tables
from traceability.ledger.clock import RecordClock
from traceability.ledger.crash_points import pass_point
from traceability.ledger.doubt import Doubt, readable
from traceability.ledger.drafts import Draft, Opening, Outcome, Prepared, prepare
from traceability.ledger.entry import Entry
from traceability.ledger.erasing import erase
from traceability.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from traceability.ledger.runs import extend
from traceability.ledger.sorting import Sorting
from traceability.ledger.tiles import grow, tails_of
from traceability.projections.fold import Fold, Stored
from traceability.projections.numbers import Head
from traceability.schema import is_empty, upgrade

__all__ = ["Draft", "Ledger", "Opening", "Outcome"]

GROUP_MAX = 1000
"""Events in one transaction: about 40 ms on the reference machine, the longest that others wait."""
COMMON_KINDS = ("event", "declaration", "master")
AHEAD_MAX_US = 10 * 60 * 1_000_000
YEAR_2000_US = 946_684_800_000_000


class _Waiting:
    """One caller's drafts on their way into the ledger. Owned by the writer lock's holder."""

    __slots__ = ("drafts", "error", "is_done", "outcomes")

    def __init__(self, drafts: list[Prepared]) -> None:
        self.drafts = drafts
        self.outcomes: list[Outcome] = []
        self.error: BaseException | None = None
        self.is_done = False


class Ledger:
    """One organisation's ledger in a database. Safe for many threads."""

    def __init__(self, database: Database, ledger_id: int, name: str, origin: str) -> None:
        self.database = database
        self.ledger_id = ledger_id
        self.name = name
        self.origin = origin
        self._clock = RecordClock()
        self._doubt = Doubt(database, ledger_id)
        self._fold: Fold | None = None
        self._queue: deque[_Waiting] = deque()  # owned by _writing for taking, append is atomic
        self._writing = threading.Lock()
        self._grown = threading.Condition()
        self._size_seen = 0  # owned by _grown
        self._flow_known: tuple[int, Mapping[str, Any], Flow] | None = None

    @classmethod
    def open(
        cls, database: Database, name: str = "main", *, opening: Opening | None = None
    ) -> Ledger:
        """Open a ledger; with ``opening``, make it (and the tables) if it is not there yet.

        Raises:
            Refused: If there is no such ledger and no opening was given.
            LedgerCorrupt: If the database is damaged.
        """
        with readable(database):
            return cls._open(database, name, opening)

    @classmethod
    def _open(cls, database: Database, name: str, opening: Opening | None) -> Ledger:
        if is_empty(database):
            if opening is None:
                raise Refused(
                    f"There is no ledger in {database.engine.url!r} yet: make one with "
                    "hangtag serve or hangtag demo."
                )
            upgrade(database)
        with database.read() as connection:
            row = connection.execute(
                tables.ledger.select().where(tables.ledger.c.name == name)
            ).first()
        if row is not None and row.size:
            return cls(database, row.ledger_id, name, row.origin)
        if opening is None:
            raise Refused(f"There is no ledger {name!r} in {database.engine.url!r}.")
        # A row without entries was left by somebody who was cut off before the first one.
        ledger = (
            cls._begin(database, name)
            if row is None
            else cls(database, row.ledger_id, name, row.origin)
        )
        ledger._fold = Fold(ledger.ledger_id, Flow.parse(opening.flow))
        ledger.append([opening.draft()])
        return ledger

    @classmethod
    def _begin(cls, database: Database, name: str) -> Ledger:
        origin = f"{os.environ.get('HANGTAG_ORIGIN', 'localhost')}/{name}"
        with database.write() as connection:
            ledger_id = 1 + (
                connection.execute(text("SELECT max(ledger_id) FROM ledger")).scalar() or 0
            )
            connection.execute(
                tables.ledger.insert(),
                {
                    "ledger_id": ledger_id,
                    "name": name,
                    "origin": origin,
                    "size": 0,
                    "record_at": 0,
                    "root": EMPTY_ROOT,
                    "epoch": 1,
                    "item_next": 1,
                    "name_next": 1,
                    "frontier": b"",
                },
            )
        return cls(database, ledger_id, name, origin)

    @property
    def size(self) -> int:
        """Number of entries, read from the head row."""
        with self.database.read() as connection:
            size: int = connection.execute(
                text("SELECT size FROM ledger WHERE ledger_id = :l"), {"l": self.ledger_id}
            ).scalar_one()
        return size

    @property
    def size_seen(self) -> int:
        """Number of entries when this process last wrote or waited; costs no question."""
        with self._grown:
            return self._size_seen

    @property
    def problem(self) -> str:
        """Why nothing is appended at the moment, in a sentence; empty if all is well."""
        return self._doubt.problem

    def wait_for(self, size: int, timeout_s: float) -> int:
        """Wait until the ledger is larger than ``size``; return its size then, or at the time-out.

        Appends of this process wake the waiter at once; those of others are seen within 0.25 s.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._grown:
                if self._size_seen <= size:
                    self._grown.wait(max(0.0, min(0.25, deadline - time.monotonic())))
                seen = self._size_seen
            if seen <= size:
                seen = self.size
            if seen > size or time.monotonic() >= deadline:
                return seen

    def opening_and_flow(self, connection: Connection) -> tuple[Mapping[str, Any], Flow]:
        """Return the first entry's body and the flow in force.

        Both are remembered by the position of the last flow entry: flows change rarely.
        """
        position = connection.execute(
            text("SELECT max(position) FROM landmark WHERE ledger_id = :l AND kind = 'flow'"),
            {"l": self.ledger_id},
        ).scalar_one()
        known = self._flow_known
        if known is None or known[0] != position:
            rows = rows_by(
                connection,
                tables.body,
                ("position", "body"),
                ledger_id=self.ledger_id,
                column="position",
                values={0, position},
            )
            trees = {row.position: json.loads(row.body) for row in rows}
            known = (position, trees[0], Flow.parse(str(trees[position]["flow"])))
            self._flow_known = known
        return known[1], known[2]

    def forget_fold(self) -> None:
        """Read the state's numbers anew before the next append: it was rebuilt underneath."""
        with self._writing:
            self._fold = None

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Write what is said, and return when it is durable.

        Returns:
            One outcome for each draft, in order: accepted, duplicate (the first answer again),
            conflict (the id is known with other content; this one is kept aside), or refused.

        Raises:
            DatabaseBusy: If nothing of it is acknowledged; the same call may be repeated.
            LedgerCorrupt: If what is stored contradicts itself, or what was acknowledged before.
        """
        prepared = [prepare(draft) for draft in drafts]
        outcomes: list[Outcome] = []
        for start in range(0, len(prepared), GROUP_MAX):
            outcomes += self._append_group(prepared[start : start + GROUP_MAX])
        return outcomes

    def _append_group(self, drafts: list[Prepared]) -> list[Outcome]:
        mine = _Waiting(drafts)
        self._queue.append(mine)
        pass_point("queued")
        with self._writing:
            if not mine.is_done:
                self._write_queued()
        if mine.error is not None:
            raise mine.error
        pass_point("before answer")
        return mine.outcomes

    def _write_queued(self) -> None:
        group: list[_Waiting] = []
        count = 0
        while self._queue and (not group or count + len(self._queue[0].drafts) <= GROUP_MAX):
            group.append(self._queue.popleft())
            count += len(group[-1].drafts)
        try:
            self._write(group)
        except DatabaseBusy as error:
            for waiting in group:
                waiting.error, waiting.is_done = error, True
        except Exception as error:  # noqa: BLE001 - one caller's fault must not become everybody's
            if len(group) == 1:
                group[0].error, group[0].is_done = error, True
                return
            for waiting in group:
                self._write_alone(waiting)

    def _write_alone(self, waiting: _Waiting) -> None:
        try:
            self._write([waiting])
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for it
            waiting.error, waiting.is_done = error, True

    def _write(self, group: list[_Waiting]) -> None:
        drafts = [draft for waiting in group for draft in waiting.drafts]
        self._doubt.settle()
        try:
            with self._folding() as fold:
                with self.database.write() as connection:
                    outcomes, frontier = self._write_all(connection, fold, drafts)
                    pass_point("before commit")
                pass_point("after commit")
                self._doubt.acknowledge(frontier.size, frontier.encode())
        except Exception as error:
            self._doubt.raise_known(error)
            raise
        taken = iter(outcomes)
        for waiting in group:
            waiting.outcomes = [next(taken) for _ in waiting.drafts]
            waiting.is_done = True
        with self._grown:
            self._size_seen = max(self._size_seen, frontier.size)
            self._grown.notify_all()

    @contextmanager
    def _folding(self) -> Iterator[Fold]:
        fold = self._fold
        if fold is None:
            with self.database.read() as connection:
                fold = Fold(self.ledger_id, self.opening_and_flow(connection)[1])
                fold.open(connection)
            self._fold = fold
        try:
            yield fold
        except BaseException:
            self._fold = None  # what it learnt in the failed transaction is not true
            raise
        fold.keep()

    def _write_all(
        self, connection: Connection, fold: Fold, drafts: list[Prepared]
    ) -> tuple[list[Outcome], Frontier]:
        # The head row is locked before anything else is read: positions are dense, and no reader
        # ever sees one before its predecessor.
        head = connection.execute(
            text(
                "UPDATE ledger SET epoch = epoch WHERE ledger_id = :l RETURNING "
                "size, record_at, item_next, name_next, frontier"
            ),
            {"l": self.ledger_id},
        ).one()
        pass_point("head locked")
        self._doubt.follow(head.size, head.frontier)
        frontier = Frontier.decode(head.size, head.frontier)
        sorting = Sorting(connection, self.ledger_id, head.size)
        outcomes, accepted = sorting.sort(drafts)
        pass_point("sorted")
        if not accepted:
            return outcomes, frontier
        record_at, is_held = self._clock.now(head.record_at)
        entries: list[bytes] = []
        stored: list[Stored] = []
        for offset, draft in enumerate(accepted):
            at = record_at + offset
            fold_at = at if _is_doubtful(draft.at, at) else None
            entries.append(
                Entry(
                    kind=draft.kind,
                    at=draft.at,
                    record=at,
                    body=draft.commitment,
                    by=draft.by,
                    id=draft.id,
                    origin=self.origin,
                    document=draft.document_hash,
                    fold_at=fold_at,
                    run=draft.run,
                    wrong=sorting.wrong_of(draft),
                    clock="held" if is_held else None,
                ).encode()
            )
            stored.append(
                Stored(
                    head.size + offset,
                    draft.kind,
                    draft.at if fold_at is None else fold_at,
                    draft.tree,
                    draft.event,
                )
            )
        frontier = self._write_record(connection, frontier, accepted, entries)
        counters = Head(self.ledger_id, head.item_next, head.name_next)
        fold.apply(connection, counters, stored)
        pass_point("state folded")
        connection.execute(
            text(
                "UPDATE ledger SET size = :s, record_at = :r, root = :h, frontier = :f, "
                "item_next = :i, name_next = :n WHERE ledger_id = :l"
            ),
            {
                "s": frontier.size,
                "r": record_at + len(accepted) - 1,
                "h": frontier.root(),
                "f": frontier.encode(),
                "i": counters.item_next,
                "n": counters.name_next,
                "l": self.ledger_id,
            },
        )
        pass_point("head written")
        return outcomes, frontier

    def _write_record(
        self,
        connection: Connection,
        frontier: Frontier,
        accepted: list[Prepared],
        entries: list[bytes],
    ) -> Frontier:
        numbered = list(enumerate(accepted, start=frontier.size))
        key = self.ledger_id
        insert_rows(
            connection,
            tables.entry,
            [
                (key, position, draft.kind, entry)
                for (position, draft), entry in zip(numbered, entries, strict=True)
            ],
        )
        pass_point("entries written")
        insert_rows(
            connection, tables.body, [(key, at, draft.salt, draft.body) for at, draft in numbered]
        )
        pass_point("bodies written")
        insert_rows(
            connection,
            tables.event_id,
            [(key, draft.id, draft.declared_at, at) for at, draft in numbered],
        )
        insert_rows(
            connection,
            tables.landmark,
            [(key, draft.kind, at) for at, draft in numbered if draft.kind not in COMMON_KINDS],
        )
        pass_point("event ids written")
        documents = {draft.document_hash: draft for _, draft in numbered if draft.document_hash}
        upsert(
            connection,
            tables.document,
            [
                {
                    "ledger_id": key,
                    "sha256": digest,
                    "media_type": "application/json",
                    "bytes": draft.document_deflated,
                    "job_no": None,
                }
                for digest, draft in documents.items()
            ],
        )
        pass_point("documents written")
        self._write_private(connection, numbered)
        pass_point("private written")
        self._count_runs(connection, accepted)
        pass_point("runs counted")
        tails = {
            level: connection.execute(
                text("SELECT data FROM tile WHERE ledger_id = :l AND level = :v AND n = :n"),
                {"l": key, "v": level, "n": n},
            ).scalar_one()
            for level, (n, _) in tails_of(frontier.size).items()
        }
        grown, tiles = grow(frontier, [leaf_hash(entry) for entry in entries], tails)
        upsert(
            connection,
            tables.tile,
            [
                {"ledger_id": key, "level": tile.level, "n": tile.n, "data": tile.data}
                for tile in tiles
            ],
        )
        pass_point("tiles written")
        return grown

    def _write_private(self, connection: Connection, numbered: list[tuple[int, Prepared]]) -> None:
        rows = [
            (self.ledger_id, position, field, salt, value)
            for position, draft in numbered
            for field, salt, value in draft.private
        ]
        insert_rows(connection, tables.private, rows)
        for position, draft in numbered:
            if draft.kind == "erasure":
                erase(connection, self.ledger_id, position, draft.tree)

    def _count_runs(self, connection: Connection, accepted: list[Prepared]) -> None:
        counters: dict[tuple[str, int], list[int]] = {}
        for draft in accepted:
            if draft.run is not None:
                counters.setdefault(draft.run[:2], []).append(draft.run[2])
        for (station, epoch), numbers in counters.items():
            where = {"l": self.ledger_id, "s": station, "e": epoch}
            row = connection.execute(
                text(
                    "SELECT contiguous, holes FROM station_run "
                    "WHERE ledger_id = :l AND station = :s AND epoch = :e"
                ),
                where,
            ).first()
            ahead = [] if row is None else [(a, b) for a, b in json.loads(row.holes)]
            contiguous, ahead = extend(0 if row is None else row.contiguous, ahead, numbers)
            upsert(
                connection,
                tables.station_run,
                [
                    {
                        "ledger_id": self.ledger_id,
                        "station": station,
                        "epoch": epoch,
                        "contiguous": contiguous,
                        "holes": json.dumps(ahead),
                        "seen_at": time.time_ns() // 1000,
                    }
                ],
            )


def _is_doubtful(at: int, record_at: int) -> bool:
    return at > record_at + AHEAD_MAX_US or at < YEAR_2000_US
