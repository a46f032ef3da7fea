"""The station's memory: everything it said, in order, until the server has it and long after.

One SQLite file. What is in it is durable when `put` returns, so a station that is killed forgets
nothing that a screen has shown. Each element has a counter, 1, 2, 3 … without holes in one epoch;
that is how anybody can see later that nothing is missing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from traceability.errors import DatabaseBusy
from traceability.ledger.crash_points import pass_point
from traceability.station.said import Counts, Element, Known, Load

__all__ = ["KEEP_FOR", "KEEP_MAX", "Counts", "Element", "Known", "Load", "Spool", "reached"]

KEEP_MAX = 200_000
"""Delivered elements kept for the day when the server must be restored from a backup, at most."""
KEEP_FOR = timedelta(days=14)
"""How long they are kept while no backup covers them."""
KNOWN_MAX = 200_000
ROOM_AT_ONCE = 2_000
"""Delivered elements that are let go at a time when the file has reached its limit."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS element (
    counter INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    position INTEGER,
    problem TEXT,
    delivered_at INTEGER,
    record TEXT,
    said_at INTEGER
);
CREATE INDEX IF NOT EXISTS element_waiting ON element (counter) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS element_parked ON element (counter) WHERE state = 'parked';
CREATE TABLE IF NOT EXISTS known (
    key TEXT PRIMARY KEY, at INTEGER NOT NULL, context TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS known_at ON known (at);
CREATE TABLE IF NOT EXISTS down (reader TEXT PRIMARY KEY, at INTEGER, reason TEXT) WITHOUT ROWID;
"""


class Spool:
    """The file. Two threads may use one spool: who reads the readers, and who delivers."""

    def __init__(
        self, path: Path, station: str, *, epoch: int, bytes_max: int | None = None
    ) -> None:
        """Open the file, or make it.

        Args:
            path: The SQLite file.
            station: The station's name; a file of another station is refused.
            epoch: Number of the run of counters if the file is new: seconds since 1970 will do,
                since it must only be another one whenever a file is lost.
            bytes_max: What the file may hold. What was delivered makes room for what waits; when
                all of it waits, nothing more is taken. None: as much as the disk takes.

        Raises:
            ValueError: If the file belongs to another station.
        """
        self.station = station
        self._bytes_max = bytes_max
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # What a screen shows as read must survive the plug being pulled.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA busy_timeout = 5000")
        self._db.executescript(_TABLES)
        with self._transaction():
            self._add_columns()
            self._default("station", station)
            self._default("epoch", str(epoch))
            self._default("next", "1")
        owner = self.meta("station")
        if owner != station:
            self._db.close()
            raise ValueError(
                f"Cannot use {path.name} for station {station!r}: it belongs to {owner!r}. "
                "Give each station a spool file of its own."
            )
        self.epoch = int(self.meta("epoch") or epoch)
        self._next = int(self.meta("next") or 1)
        self._tally = (0, 0)  # waiting, parked; owned by the lock
        self._recount()

    def _add_columns(self) -> None:
        columns = [row[1] for row in self._db.execute("PRAGMA table_info(element)")]
        if "delivered_at" not in columns:  # a file of an earlier version
            self._db.execute("ALTER TABLE element ADD COLUMN delivered_at INTEGER")
            self._db.execute("ALTER TABLE element ADD COLUMN record TEXT")
            self._db.execute(
                "UPDATE element SET delivered_at = ? WHERE state = 'delivered'", (_now(),)
            )
        if "said_at" not in columns:
            self._db.execute("ALTER TABLE element ADD COLUMN said_at INTEGER")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @property
    def next_counter(self) -> int:
        """The counter that the next element must bear. Only the thread that puts asks this."""
        return self._next

    def put(
        self,
        elements: Sequence[Element],
        *,
        snapshot: str | None = None,
        known: Iterable[Known] = (),
        heard_again: str | None = None,
    ) -> None:
        """Keep elements, and what the station must remember with them, in one transaction.

        Args:
            elements: In the order of their counters.
            snapshot: The work in hand.
            known: Things that have made their event.
            heard_again: A reader whose silence these elements tell of: it has ended.

        Raises:
            DatabaseBusy: If the disk or the limit does not take it: nothing of it is kept then.
        """
        counter = self._next
        for element in elements:
            assert element.counter == counter, "counters of one epoch have no holes"
            counter += 1
        if elements:
            self._make_room()
        with self._lock:
            self._insert(elements, snapshot, known, heard_again, counter)
            self._next = counter
            self._tally = (self._tally[0] + len(elements), self._tally[1])
            pass_point("spooled")
            self._changed.notify_all()

    def _insert(
        self,
        elements: Sequence[Element],
        snapshot: str | None,
        known: Iterable[Known],
        heard_again: str | None,
        following: int,
    ) -> None:
        with self._transaction():
            record, at = self._text("record"), _now()
            self._db.executemany(
                "INSERT INTO element (counter, id, body, record, said_at) VALUES (?, ?, ?, ?, ?)",
                [
                    (each.counter, each.id, each.line(self.station, self.epoch), record, at)
                    for each in elements
                ],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO known (key, at, context) VALUES (?, ?, ?)",
                [(each.key, _micros(each.at), each.context) for each in known],
            )
            if snapshot is not None:
                self._set("snapshot", snapshot)
            if heard_again is not None:
                self._db.execute("DELETE FROM down WHERE reader = ?", (heard_again,))
            self._set("next", str(following))
            pass_point("spool written")

    def _make_room(self) -> None:
        """Let go of the oldest that was delivered, if the file has reached its limit.

        Raises:
            DatabaseBusy: If everything in it is still needed.
        """
        if self._bytes_max is None:
            return
        with self._lock:
            if self._used() < self._bytes_max:
                return
            with self._transaction():
                gone = self._db.execute(
                    "DELETE FROM element WHERE counter < min(ifnull((SELECT min(counter) FROM"
                    " element WHERE state <> 'delivered'), 1 << 62),"
                    " (SELECT min(counter) FROM element) + ?)",
                    (ROOM_AT_ONCE,),
                ).rowcount
            if not gone and self._used() >= self._bytes_max:
                raise DatabaseBusy(
                    f"The spool of station {self.station!r} takes nothing: it has reached its limit"
                    f" of {self._bytes_max // 1_000_000} MB and all of it waits to be sent."
                )

    def _used(self) -> int:
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def waiting(
        self, most: int = 200, bytes_max: int = 1_000_000, *, after: int = 0
    ) -> list[tuple[int, str, bytes]]:
        """Return the oldest elements that the server has not got: counter, id, bytes to send.

        Args:
            most: How many at most.
            bytes_max: How many bytes together; the first is given however large it is.
            after: Only what has a higher counter.
        """
        with self._lock:
            rows = self._db.execute(
                "SELECT counter, id, body FROM element WHERE state = 'waiting' AND counter > ?"
                " ORDER BY counter LIMIT ?",
                (after, most),
            ).fetchall()
        size = 0
        taken: list[tuple[int, str, bytes]] = []
        for row in rows:
            size += len(row[2])
            if taken and size > bytes_max:
                break
            taken.append((row[0], row[1], row[2]))
        return taken

    def wait(self, timeout_s: float) -> None:
        """Wait until something may be waiting."""
        with self._changed:
            self._changed.wait(timeout_s)

    def wake(self) -> None:
        """End every `wait`."""
        with self._changed:
            self._changed.notify_all()

    def settle(self, results: Iterable[tuple[int, int | None, str | None]]) -> None:
        """Note what the server said: counter, position, and the problem if it will never take it.

        What is refused is parked, with its reason, for a person; the queue behind it goes on.
        """
        pass_point("before settling")
        with self._transaction():
            at, reached = _now(), self._reached()
            for counter, position, problem in results:
                state = "delivered" if problem is None else "parked"
                self._db.execute(
                    "UPDATE element SET state = ?, position = ?, problem = ?, delivered_at = ?"
                    " WHERE counter = ?",
                    (state, position, problem, at, counter),
                )
                reached = max(reached, -1 if position is None else position)
            self._set(f"reached {self._text('record') or ''}", str(reached))
            # Only what lies before everything waiting and parked is let go, so that counters
            # in the file stay without holes.
            self._db.execute(
                "DELETE FROM element WHERE counter < ? AND counter < ifnull("
                "(SELECT min(counter) FROM element WHERE state <> 'delivered'), 1 << 62)",
                (self._next - KEEP_MAX,),
            )
            pass_point("settling written")
        pass_point("settled")
        self._recount()

    def turn_to(self, record: str) -> None:
        """Deliver to a record from now on; what was said for another one is put aside for it.

        A workshop that goes live begins another record, and so does an empty one on a new PC, until
        the backup of the old one is restored there: then the old record is turned to again.
        """
        with self._transaction():
            # What was said before any record was known is for the first that is.
            self._db.execute("UPDATE element SET record = ? WHERE record IS NULL", (record,))
            self._db.execute(
                "UPDATE element SET state = 'aside', delivered_at = ?"
                " WHERE state = 'waiting' AND record <> ?",
                (_now(), record),
            )
            self._db.execute(
                "UPDATE element SET state = 'waiting', delivered_at = NULL"
                " WHERE state = 'aside' AND record = ?",
                (record,),
            )
            self._set("record", record)
        self._recount()

    def let_go(self, covered: int, *, before: datetime) -> int:
        """Forget what was delivered and need not be sent again.

        Args:
            covered: Entries of the record that a backup holds: lower positions are safe.
            before: What was delivered earlier is kept no longer, covered or not.

        Returns:
            How many elements went. Only what lies before all that is kept goes: the counters in
            the file stay without holes.
        """
        with self._transaction():
            return self._db.execute(
                "DELETE FROM element WHERE counter < ifnull((SELECT min(counter) FROM element"
                " WHERE state IN ('waiting', 'parked') OR (delivered_at >= ? AND"
                " (state = 'aside' OR position IS NULL OR position >= ? OR record IS NOT ?))"
                "), 1 << 62)",
                (_micros(before), covered, self._text("record")),
            ).rowcount

    def send_again(self, since: int) -> int:
        """Let everything wait again that the record had taken in at a position or later.

        Args:
            since: The position; what has none is sent again, too.

        Returns:
            How many elements wait again.
        """
        with self._transaction():
            record = self._text("record")
            count = self._db.execute(
                "UPDATE element SET state = 'waiting', position = NULL, delivered_at = NULL"
                " WHERE state = 'delivered' AND record IS ?"
                " AND (position IS NULL OR position >= ?)",
                (record, since),
            ).rowcount
            self._set(f"reached {record or ''}", str(since - 1))
        self._recount()
        self.wake()
        return count

    @property
    def reached(self) -> int:
        """Highest position that the record has given to anything of this spool; -1 for none."""
        with self._lock:
            return self._reached()

    def _reached(self) -> int:
        return int(self._text(f"reached {self._text('record') or ''}") or -1)

    def _recount(self) -> None:
        # Both have an index of their own: this reads no body.
        waits = "SELECT count(*) FROM element WHERE state = "
        with self._lock:
            self._tally = self._db.execute(
                f"SELECT ({waits}'waiting'), ({waits}'parked')"
            ).fetchone()

    def load(self) -> Load:
        """Return how much the spool holds; however much it is, this takes no time."""
        with self._lock:
            row = self._db.execute(
                "SELECT said_at FROM element WHERE state = 'waiting' ORDER BY counter LIMIT 1"
            ).fetchone()
            oldest_at = _moment(row[0]) if row and row[0] is not None else None
            return Load(*self._tally, oldest_at, self._used(), self._bytes_max)

    def counts(self) -> Counts:
        """Return how the spool stands; every element is counted for that."""
        with self._lock:
            one = self._db.execute
            waiting, parked = self._tally
            # The highest counter delivered bears the highest position but for retries; cheap.
            position = one(
                "SELECT max(position) FROM (SELECT position FROM element"
                " WHERE position IS NOT NULL ORDER BY counter DESC LIMIT 200)"
            ).fetchone()[0]
            low, count = one("SELECT min(counter), count(*) FROM element").fetchone()
            following = int(self.meta("next") or 1)
            if position is None and self.reached >= 0:
                position = self.reached
        holes = 0 if not count else following - low - count
        return Counts(self.epoch, following, waiting, parked, position, holes)

    def parked(self) -> list[tuple[int, str, str]]:
        """Return what the server refused: counter, id, its sentence."""
        with self._lock:
            return self._db.execute(
                "SELECT counter, id, problem FROM element WHERE state = 'parked' ORDER BY counter"
            ).fetchall()

    def known(self, since: datetime) -> list[Known]:
        """Return what has made its event since then; forget what is older."""
        with self._transaction():
            self._db.execute("DELETE FROM known WHERE at < ?", (_micros(since),))
            rows = self._db.execute(
                "SELECT key, at, context FROM known ORDER BY at DESC LIMIT ?", (KNOWN_MAX,)
            ).fetchall()
        return [Known(key, _moment(at), context) for key, at, context in reversed(rows)]

    def meta(self, name: str) -> str | None:
        """Return a remembered text."""
        with self._lock:
            return self._text(name)

    def _text(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_meta(self, name: str, value: str) -> None:
        """Remember a text."""
        with self._transaction():
            self._set(name, value)

    def line_down(self, reader: str, at: datetime, reason: str) -> None:
        """Remember since when a reader cannot be heard; the first time counts."""
        with self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO down (reader, at, reason) VALUES (?, ?, ?)",
                (reader, _micros(at), reason),
            )

    def down_since(self, reader: str) -> tuple[datetime, str] | None:
        """Return since when, and why, a reader cannot be heard; None if it can."""
        with self._lock:
            row = self._db.execute(
                "SELECT at, reason FROM down WHERE reader = ?", (reader,)
            ).fetchone()
        return (_moment(row[0]), row[1]) if row else None

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db, self._lock, self.station)

    def _set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def _default(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", (name, value))


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT under the spool's lock; anything raised inside rolls back.

    What the disk refuses is raised as `DatabaseBusy`: nothing of it has happened.
    """

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock, station: str) -> None:
        self._db, self._lock, self._station = db, lock, station

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error):
                raise self._refused(error) from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        except sqlite3.Error as failed:
            raise self._refused(failed) from failed
        finally:
            # A COMMIT that failed (full disk) leaves the transaction open: it must not stay.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise self._refused(error) from error

    def _refused(self, error: sqlite3.Error) -> DatabaseBusy:
        return DatabaseBusy(f"The spool of station {self._station!r} takes nothing: {error}.")


def reached(path: Path) -> tuple[str, int] | None:
    """Return whose spool a file is and the highest position it was given; None if neither."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            [station] = db.execute("SELECT value FROM meta WHERE name = 'station'").fetchone()
            [position] = db.execute("SELECT max(position) FROM element").fetchone()
    except (sqlite3.Error, TypeError):
        return None
    return (str(station), position) if isinstance(position, int) else None


def _now() -> int:
    return _micros(datetime.now(UTC))


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
