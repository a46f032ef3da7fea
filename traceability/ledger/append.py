"""The book that is only ever added to: appends are grouped, numbered without holes, and sealed.

Everybody who waits is written in one transaction: entries, bodies, tree and state together,
durable before anyone is answered. Who goes in with whom is the turnstile's to say; what one draft
spoils never costs its neighbours.

Several processes may write to one ledger on a server. Each keeps in mind what it learnt; before it
believes any of that, it compares the head, under its lock, with the head that it left.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, Row, text

from traceability.database import Database, rows_by
from traceability.errors import DatabaseBusy, Refused
from traceability.flow import Flow
from traceability.ledger import tables
from traceability.ledger.clock import Disbelief, RecordClock
from traceability.ledger.clock_answer import confirmed, is_of_the_ledger
from traceability.ledger.crash_points import pass_point
from traceability.ledger.doubt import Doubt, readable
from traceability.ledger.drafts import Draft, Opening, Outcome, Prepared, prepare_all
from traceability.ledger.entry import entry_line
from traceability.ledger.merkle import EMPTY_ROOT, Frontier
from traceability.ledger.record import Record
from traceability.ledger.sorting import Sorting
from traceability.ledger.turnstile import Turnstile, slices
from traceability.projections.fold import Fold, Stored
from traceability.projections.numbers import Head
from traceability.schema import check_tables, is_empty, upgrade

__all__ = ["Draft", "Ledger", "Opening", "Outcome"]

AHEAD_MAX_US = 10 * 60 * 1_000_000
YEAR_2000_US = 946_684_800_000_000


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
        self._left = (0, 0)  # size and epoch after this process's last write; owned by _writing
        self._turnstile = Turnstile(self._write)
        self._writing = threading.Lock()
        self._grown = threading.Condition()
        self._size_seen = 0  # owned by _grown
        self._record_seen = 0  # record time of the last entry that this process knows of
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
        if not is_empty(database):
            check_tables(database)
            if (found := cls._begun(database, name)) is not None:
                return found
            if opening is None:
                raise Refused(f"There is no ledger {name!r} in {database.engine.url!r}.")
        elif opening is None:
            raise Refused(
                f"There is no ledger in {database.engine.url!r} yet: make one with "
                "hangtag serve or hangtag demo."
            )
        # Several servers that are started at once begin it once.
        with database.alone():
            if is_empty(database):
                upgrade(database)
            return cls._begun(database, name) or cls._begin(database, name, opening)

    @classmethod
    def _begun(cls, database: Database, name: str) -> Ledger | None:
        """Return the ledger, if somebody has opened it; one without entries was cut off."""
        row = _row(database, name)
        if row is None or not row.size:
            return None
        found = cls(database, row.ledger_id, name, row.origin)
        found._record_seen = row.record_at
        return found

    @classmethod
    def _begin(cls, database: Database, name: str, opening: Opening) -> Ledger:
        row = _row(database, name)
        if row is None:
            _add_row(database, name)
            row = _row(database, name)
        assert row is not None, "it was added just above, if it was not there"
        ledger = cls(database, row.ledger_id, name, row.origin)
        ledger.append([opening.draft()])
        return ledger

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
        if self._doubt.problem:
            return self._doubt.problem
        asked = self.clock_question()
        return asked.sentence if asked is not None and asked.stops else ""

    @property
    def clock(self) -> RecordClock:
        """The clock that record times are taken from; tell it what other clocks say."""
        return self._clock

    def clock_question(self) -> Disbelief | None:
        """Return why the clock is not believed now; None if it is. Costs nothing while it is."""
        if self._clock.disbelief(self._record_seen) is None:
            return None
        with self.database.read() as connection:
            last: int = connection.execute(
                text("SELECT record_at FROM ledger WHERE ledger_id = :l"), {"l": self.ledger_id}
            ).scalar_one()
            said = confirmed(connection, self.ledger_id)
        self._record_seen = last
        return self._clock.disbelief(last, said)

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
        outcomes: list[Outcome] = []
        for part in slices(drafts):
            outcomes += self._turnstile.pass_through(prepare_all(part))
            pass_point("before answer")
        return outcomes

    def _write(self, drafts: list[Prepared]) -> list[Outcome]:
        """Write drafts in one transaction; only one thread at a time."""
        with self._writing:
            self._doubt.settle()
            try:
                with self.database.write() as connection:
                    outcomes, frontier, epoch = self._write_all(connection, drafts)
                    pass_point("before commit")
                pass_point("after commit")
                self._doubt.acknowledge(frontier.size, frontier.encode())
            except BaseException as error:
                self._fold = None  # what it learnt in the failed transaction is not true
                if isinstance(error, Exception):
                    self._doubt.raise_known(error)
                raise
            if self._fold is not None:
                self._fold.keep()
            self._left = (frontier.size, epoch)
        with self._grown:
            self._size_seen = max(self._size_seen, frontier.size)
            self._grown.notify_all()
        return outcomes

    def _fold_at(self, connection: Connection, head: Row[Any], drafts: list[Prepared]) -> Fold:
        """Return the fold, read anew if another process wrote since this one did."""
        fold = self._fold
        if fold is None or self._left != (head.size, head.epoch):
            if head.size:
                flow = self.opening_and_flow(connection)[1]
            else:
                flow = Flow.parse(str(drafts[0].tree["flow"]))
            fold = Fold(self.ledger_id, flow)
            fold.open(connection)
            self._fold = fold
        return fold

    def _write_all(
        self, connection: Connection, drafts: list[Prepared]
    ) -> tuple[list[Outcome], Frontier, int]:
        """Write drafts; return what became of each, the frontier after them and the epoch."""
        # The head row is locked before anything else is read: positions are dense, and no reader
        # ever sees one before its predecessor.
        head = connection.execute(
            text(
                "UPDATE ledger SET epoch = epoch WHERE ledger_id = :l RETURNING "
                "size, record_at, item_next, name_next, frontier, epoch"
            ),
            {"l": self.ledger_id},
        ).one()
        pass_point("head locked")
        self._doubt.follow(head.size, head.frontier)
        fold = self._fold_at(connection, head, drafts)
        frontier = Frontier.decode(head.size, head.frontier)
        sorting = Sorting(connection, self.ledger_id, head.size)
        outcomes, accepted = sorting.sort(drafts)
        pass_point("sorted")
        if not accepted:
            return outcomes, frontier, head.epoch
        record_at, is_held = self._clock.now(
            head.record_at,
            confirmed=lambda: confirmed(connection, self.ledger_id),
            may_hold=all(map(is_of_the_ledger, accepted)),
        )
        self._record_seen = record_at
        entries: list[bytes] = []
        stored: list[Stored] = []
        for record, position, draft in zip(
            range(record_at, record_at + len(accepted)), count(head.size), accepted, strict=False
        ):
            at = draft.at
            is_doubtful = at > record + AHEAD_MAX_US or at < YEAR_2000_US
            entries.append(
                entry_line(
                    kind=draft.kind,
                    at=at,
                    record=record,
                    body=draft.commitment,
                    by=draft.by,
                    id=draft.id,
                    origin=self.origin,
                    document=draft.document_hash,
                    fold_at=record if is_doubtful else None,
                    run=draft.run,
                    wrong=sorting.wrong_of(draft) if draft.declared_at else None,
                    clock="held" if is_held else None,
                )
            )
            folds_at = record if is_doubtful else at
            stored.append(Stored(position, draft.kind, folds_at, draft.tree, draft.event))
        grown = Record(connection, self.ledger_id).write(frontier, accepted, entries)
        counters = Head(self.ledger_id, head.item_next, head.name_next)
        fold.apply(connection, counters, stored)
        pass_point("state folded")
        self._write_head(connection, head, grown, counters, record_at + len(accepted) - 1)
        pass_point("head written")
        return outcomes, grown, head.epoch

    def _write_head(
        self,
        connection: Connection,
        head: Row[Any],
        grown: Frontier,
        counters: Head,
        record_at: int,
    ) -> None:
        # The row was locked all the while; if it is not as it was, this is no longer the database
        # that it was, and nothing of this may become true.
        written = connection.execute(
            text(
                "UPDATE ledger SET size = :s, record_at = :r, root = :h, frontier = :f, "
                "item_next = :i, name_next = :n "
                "WHERE ledger_id = :l AND size = :was AND epoch = :e"
            ),
            {
                "s": grown.size,
                "r": record_at,
                "h": grown.root(),
                "f": grown.encode(),
                "i": counters.item_next,
                "n": counters.name_next,
                "l": self.ledger_id,
                "was": head.size,
                "e": head.epoch,
            },
        )
        if written.rowcount != 1:
            raise DatabaseBusy(
                f"Nothing was stored: the head of the ledger moved from {head.size} entries in "
                f"epoch {head.epoch} while it was locked. Send it again."
            )


def _row(database: Database, name: str) -> Row[Any] | None:
    with database.read() as connection:
        return connection.execute(
            tables.ledger.select().where(tables.ledger.c.name == name)
        ).first()


def _add_row(database: Database, name: str) -> None:
    with database.write() as connection:
        last = connection.execute(text("SELECT max(ledger_id) FROM ledger")).scalar()
        connection.execute(
            tables.ledger.insert(),
            {
                "ledger_id": 1 + (last or 0),
                "name": name,
                "origin": f"{os.environ.get('HANGTAG_ORIGIN', 'localhost')}/{name}",
                "size": 0,
                "record_at": 0,
                "root": EMPTY_ROOT,
                "epoch": 1,
                "item_next": 1,
                "name_next": 1,
                "frontier": b"",
            },
        )
