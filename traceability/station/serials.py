"""The station's own serial numbers: blocks that the server gave it, used up without asking.

One small file in the station's folder. A number is out of it before anybody gets it, so a station
that is killed at any moment never gives one twice; at worst a few are lost. It asks for the next
block while half of one is left. The file begins with a point and is in no backup: a station whose
folder was restored has no old numbers to give out again, and asks for new ones.
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from traceability.errors import DatabaseBusy, Offline, Refused
from traceability.station.link import Link, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

BLOCK_SIZE = 500
"""Numbers that a station asks for at a time, unless more are wanted at once."""
TAKE_MAX = 10_000
"""Numbers that are taken in one step."""
_PAUSE_S = (1.0, 30.0)

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY,
    product TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    next INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS block_left ON block (product, id) WHERE next <= last;
CREATE TABLE IF NOT EXISTS want (
    product TEXT PRIMARY KEY, count INTEGER NOT NULL, request TEXT NOT NULL, problem TEXT
) WITHOUT ROWID;
"""


class RunDry(Refused):
    """The station has too few numbers of a product left; it has asked for more."""


@dataclass(frozen=True, slots=True)
class Stock:
    """How a station stands with the numbers of one product."""

    product: str
    left: int
    is_asking: bool = False
    """A block was asked for and is not there yet."""
    problem: str = ""
    """Why the server gives none."""


def serials_path(spool: Path, station: str) -> Path:
    """Return the file of a station's serial numbers, beside its spool.

    >>> serials_path(Path("stations/live/dock.spool.sqlite"), "dock").name
    '.dock.serials'
    """
    return spool.with_name(f".{station}.serials")


class SerialFile:
    """The file. Threads and processes of one station may use it together."""

    def __init__(self, path: Path, station: str, *, block_size: int = BLOCK_SIZE) -> None:
        """Open the file, or make it.

        Args:
            path: The file.
            station: The station's name; a file of another station is refused.
            block_size: Numbers to ask for at a time, 2 or more.

        Raises:
            Refused: If the file belongs to another station.
            DatabaseBusy: If it cannot be opened.
        """
        self.station = station
        self._block_size = max(2, block_size)
        self._lock = threading.RLock()
        self._low = threading.Event()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA busy_timeout = 10000")
            self._db.execute("PRAGMA journal_mode = WAL")
            # A number that somebody got must be gone from here even if the plug is pulled.
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
            with self._transaction() as db:
                db.execute("INSERT OR IGNORE INTO meta VALUES ('station', ?)", (station,))
                (owner,) = db.execute("SELECT value FROM meta WHERE name = 'station'").fetchone()
        except sqlite3.Error as error:
            raise DatabaseBusy(f"Cannot open the numbers of {station!r}: {error}.") from error
        if owner != station:
            self._db.close()
            raise Refused(
                f"Cannot use {path.name} for station {station!r}: it belongs to {owner!r}. "
                "Give each station a folder or a name of its own."
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def take(self, product: str, count: int = 1) -> list[int]:
        """Take numbers out for good; they are the caller's when this returns.

        Args:
            product: Key of the product.
            count: How many, 1 to 10,000; all or none.

        Raises:
            RunDry: If fewer are left; the next block is asked for.
            Refused: If none or too many are wanted.
            DatabaseBusy: If the disk does not take it: nothing was taken then.
        """
        if not 1 <= count <= TAKE_MAX:
            raise Refused(f"Cannot take {count} serial numbers: expected 1 to {TAKE_MAX}.")
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, next, last FROM block WHERE product = ? AND next <= last ORDER BY id",
                (product,),
            ).fetchall()
            have = sum(last - following + 1 for _, following, last in rows)
            taken: list[int] = []
            if have >= count:
                for number, following, last in rows:
                    end = min(last, following + count - len(taken) - 1)
                    taken += range(following, end + 1)
                    db.execute("UPDATE block SET next = ? WHERE id = ?", (end + 1, number))
                    if len(taken) == count:
                        break
            if len(taken) < count or have - len(taken) <= self._block_size // 2:
                self._want(db, product, max(self._block_size, count))
        if len(taken) < count:
            raise RunDry(
                f"Station {self.station!r} has {have} serial numbers of {product} left and "
                f"{count} are wanted: it gets more as soon as the server answers."
            )
        return taken

    def expect(self, product: str) -> None:
        """See to it that numbers of a product are there before the first one is wanted."""
        with self._transaction() as db:
            if self._left(db, product) <= self._block_size // 2:
                self._want(db, product, self._block_size)

    def standing(self) -> list[Stock]:
        """Return what is left of each product that was ever wanted here."""
        with self._lock:
            rows = self._db.execute(
                "SELECT product, sum(left), max(asks), max(problem) FROM ("
                " SELECT product, max(0, last - next + 1) AS left, 0 AS asks, '' AS problem"
                " FROM block UNION ALL"
                " SELECT product, 0, 1, ifnull(problem, '') FROM want)"
                " GROUP BY product ORDER BY product"
            ).fetchall()
        return [Stock(product, left, bool(asks), problem) for product, left, asks, problem in rows]

    def left(self, product: str) -> int:
        """Return how many numbers of a product can be taken without asking."""
        with self._lock:
            return self._left(self._db, product)

    def refill(self, link: Link) -> int:
        """Ask the server for every block that is wanted; return how many numbers came.

        What is asked has a name that is kept before it is sent: an answer that got lost comes
        again, and no block is given out for nothing.

        Raises:
            Offline: If the server does not answer, or has no time; the wishes stay.
        """
        self._low.clear()
        with self._lock:
            wants = self._db.execute("SELECT product, count, request FROM want").fetchall()
        came = 0
        for product, count, request in wants:
            asked = {"product": product, "count": count, "holder": self.station, "request": request}
            status, data, _ = link.ask("POST", "/api/serials", json.dumps(asked).encode())
            tree = read_json(data)
            if status == 200:
                came += self._add(product, count, tree)
            elif status in (400, 403, 404, 409, 422):
                detail = tree.get("detail") if isinstance(tree, Mapping) else None
                self._refused(product, str(detail or tree)[:300])
            else:
                raise Offline(f"The server answered {status} to POST /api/serials.")
        return came

    def wait_low(self, timeout_s: float) -> None:
        """Wait until a block is wanted."""
        self._low.wait(timeout_s)

    def wake(self) -> None:
        """End every `wait_low`."""
        self._low.set()

    def _add(self, product: str, count: int, tree: object) -> int:
        """Keep a block that came, unless some of its numbers were here before."""
        first, last = _span(tree, product, count)
        with self._transaction() as db:
            old = db.execute(
                "SELECT first, last FROM block WHERE product = ? AND first <= ? AND last >= ?",
                (product, last, first),
            ).fetchone()
            if old is None:
                db.execute(
                    "INSERT INTO block (product, first, last, next) VALUES (?, ?, ?, ?)",
                    (product, first, last, first),
                )
            db.execute("DELETE FROM want WHERE product = ?", (product,))
        if old is not None:
            # A server that was put back by hand may not know what it gave out before.
            log.error("numbers %d to %d of %s came twice: not used", first, last, product)
            self._refused(
                product,
                f"The server gave out {first} to {last} once more: begin a new range of "
                "numbers there.",
            )
            return 0
        return last - first + 1

    def _refused(self, product: str, problem: str) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO want (product, count, request, problem)"
                " VALUES (?, ?, ?, ?)",
                (product, self._block_size, uuid4().hex, problem),
            )

    def _want(self, db: sqlite3.Connection, product: str, count: int) -> None:
        # A wish that is on its way keeps its name, and its size with it.
        db.execute(
            "INSERT OR IGNORE INTO want (product, count, request) VALUES (?, ?, ?)",
            (product, count, uuid4().hex),
        )
        self._low.set()

    def _left(self, db: sqlite3.Connection, product: str) -> int:
        row = db.execute(
            "SELECT ifnull(sum(last - next + 1), 0) FROM block WHERE product = ? AND next <= last",
            (product,),
        ).fetchone()
        return int(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT under the lock; anything raised inside rolls back."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise DatabaseBusy(
                    f"The numbers of station {self.station!r} cannot be written: {error}."
                ) from error
            finally:
                # A COMMIT that failed (full disk) leaves the transaction open: it must not stay.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


class Refilling:
    """Asks for blocks in a thread of its own, as long as the station works."""

    def __init__(
        self, serials: SerialFile, link: Link, *, pause_s: tuple[float, float] = _PAUSE_S
    ) -> None:
        """Set up; nothing is asked before `start`.

        Args:
            serials: The station's file.
            link: A line of its own; closed at the end.
            pause_s: First and longest pause after a failure.
        """
        self._serials, self._link, self._pause_s = serials, link, pause_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="serials", daemon=True)
        self.problem = ""
        """Why no block comes; empty while they do."""

    def start(self) -> None:
        """Ask from now on."""
        self._thread.start()

    def stop(self, *, patience_s: float = 5.0) -> None:
        """End."""
        self._stopping.set()
        self._serials.wake()
        self._thread.join(timeout=patience_s)
        self._link.close()

    def _live(self) -> None:
        pause_s, longest_s = self._pause_s
        while not self._stopping.is_set():
            try:
                self._serials.refill(self._link)
                self.problem, pause_s = "", self._pause_s[0]
                self._serials.wait_low(longest_s)
            except (Offline, DatabaseBusy) as error:
                self.problem = str(error)
                self._stopping.wait(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
                pause_s = min(pause_s * 2, longest_s)
            except Exception as error:
                # The top of a thread: a mistake of ours must not leave the printer dry for ever.
                log.exception("asking for serial numbers failed and begins again")
                self.problem = f"Asking for serial numbers failed: {error!r}."
                self._stopping.wait(longest_s)


@contextmanager
def refilling(path: Path, station: str, link: Link) -> Iterator[None]:
    """Ask for the blocks that a station's file wants, as long as the station works.

    A station that never took a number has no such file, and nothing is asked.

    Args:
        path: The file.
        station: The station's name.
        link: A line of its own; closed at the end.

    Raises:
        Refused: If the file belongs to another station.
        DatabaseBusy: If it cannot be opened.
    """
    if not path.exists():
        yield
        return
    file = SerialFile(path, station)
    asking = Refilling(file, link)
    asking.start()
    try:
        yield
    finally:
        asking.stop(patience_s=1.0)
        file.close()


def _span(tree: object, product: str, count: int) -> tuple[int, int]:
    """Return the first and last number of an answer.

    Raises:
        Offline: If the answer is not for what was asked: something stands between us.
    """
    if isinstance(tree, Mapping) and tree.get("product") == product:
        first, last = tree.get("first"), tree.get("last")
        if type(first) is int and type(last) is int and first >= 1 and last - first + 1 == count:
            return first, last
    raise Offline(f"The answer to POST /api/serials is not for {count} numbers of {product}.")
