"""After a fault of the disk nothing is believed until it was read again.

A disk that failed once at making a commit durable may say "done" the next time and have forgotten
it. So the ledger stops acknowledging, gives all connections back, opens the database anew and
compares the head with tiles and entries; only then it goes on. A record that does not fit, or that
is shorter than what was acknowledged, is not written to at all.

Source: the lesson that PostgreSQL drew in 2018 from fsync errors on Linux.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from traceability.database import Database
from traceability.database_faults import Fault, fault_of
from traceability.errors import DatabaseBusy, DiskFull, LedgerCorrupt, TraceabilityError
from traceability.ledger.disk_floor import floor_bytes, refuse_when_full
from traceability.ledger.entry import SALT_SIZE, body_commitment
from traceability.ledger.merkle import Frontier, leaf_hash
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.tiles import WIDTH
from traceability.same_file import SameFile, same_file

__all__ = ["Doubt", "check_head", "readable"]

_WHY = {
    Fault.BUSY: "Nothing was stored: {}.",
    Fault.FULL: "The disk is full, and nothing was stored: {}. Make room; recording then goes on.",
    Fault.LOST: "The database does not answer, and what was sent last is not acknowledged: {}.",
    Fault.BROKEN: "The disk failed, and what was sent last is not acknowledged: {}.",
}


class Doubt:
    """Whether a ledger may be written to. Owned by whoever holds the ledger's writing lock."""

    def __init__(self, database: Database, ledger_id: int) -> None:
        self._database = database
        self._ledger_id = ledger_id
        self._floor = floor_bytes()
        path = database.path
        self._file: SameFile | None = None if path is None else same_file(database.engine, path)
        self._acknowledged = (0, b"")
        self._fault = ""  # read by other threads, too
        self._is_looked_at = False
        self._damage = ""

    @property
    def problem(self) -> str:
        """Why nothing is acknowledged now; empty if all is well. For any thread."""
        if self._fault or self._damage:
            return self._damage or self._fault
        try:
            self._check_place()
        except DatabaseBusy as error:
            return str(error)
        return ""

    def settle(self) -> None:
        """Make sure that the ledger may be written to: look at it first, and again after a fault.

        Raises:
            DatabaseBusy: If it may not now.
            LedgerCorrupt: If what is stored contradicts itself or what was acknowledged.
        """
        self._check_place()
        if self._is_looked_at and not self._fault:
            return
        if self._fault:
            self._database.engine.dispose()
        try:
            with self._database.read() as connection:
                check_head(connection, self._ledger_id)
                self._check_acknowledged(connection)
        except LedgerCorrupt as error:
            self._damage = str(error)
            raise
        except TraceabilityError:
            raise
        except Exception as error:
            if self._fault:
                raise DatabaseBusy(self._fault) from error
            self.raise_known(error)
            raise
        self._is_looked_at = True
        self._fault = self._damage = ""

    def follow(self, size: int, frontier: bytes) -> None:
        """Compare the head under the lock with the last one that was acknowledged.

        Raises:
            LedgerCorrupt: If the record is shorter than it was, or another.
        """
        last, edge = self._acknowledged
        if size < last or (size == last and frontier != edge):
            self._damage = (
                f"The record ends at {size} entries with another content than the {last} that were "
                "acknowledged here: the database was set back. Nothing is written to it; restore "
                "the newest backup, or the right database, and start Hangtag again."
            )
            raise LedgerCorrupt(self._damage)
        self._damage = ""

    def acknowledge(self, size: int, frontier: bytes) -> None:
        """Note what callers are about to be told: the head that was just committed.

        Raises:
            DatabaseBusy: If it went into a file that has lost its name meanwhile.
        """
        try:
            if self._file is not None:
                self._file.check()
                self._file.check_log()
        except DatabaseBusy as error:
            self._fault = str(error)
            raise
        self._acknowledged = (size, frontier)

    def raise_known(self, error: Exception) -> None:
        """Raise what callers must hear of a fault of the database; return if it is none.

        Raises:
            DatabaseBusy: If nothing is acknowledged and the same may be sent again.
        """
        fault = Fault.OTHER if isinstance(error, TraceabilityError) else fault_of(error)
        if fault is Fault.OTHER:
            return
        sentence = _WHY[fault].format(_said(error))
        if fault in (Fault.LOST, Fault.BROKEN):
            self._fault = sentence
        raise (DiskFull if fault is Fault.FULL else DatabaseBusy)(sentence) from error

    def _check_place(self) -> None:
        if self._file is not None:
            self._file.check()
            refuse_when_full(self._file.path, self._floor)

    def _check_acknowledged(self, connection: Connection) -> None:
        last, edge = self._acknowledged
        size: int = connection.execute(
            text("SELECT size FROM ledger WHERE ledger_id = :l"), {"l": self._ledger_id}
        ).scalar_one()
        root = Frontier.decode(last, edge).root()
        if size < last or Proofs(self._ledger_id).root(connection, last) != root:
            raise LedgerCorrupt(
                f"Of {last} entries that were acknowledged not all are there after a fault: the "
                f"record has {size}. Nothing is written to it: restore the newest backup."
            )


@contextmanager
def readable(database: Database) -> Iterator[None]:
    """Say in a sentence that a database is damaged; everything else goes through as it is.

    Raises:
        LedgerCorrupt: If what is on the disk contradicts itself.
    """
    try:
        yield
    except TraceabilityError:
        raise
    except Exception as error:
        if fault_of(error) is not Fault.BROKEN:
            raise
        raise LedgerCorrupt(
            f"{database.path or 'The database'} cannot be read: {_said(error)}. Keep it as it is, "
            "with the files beside it, and restore the newest backup into another folder."
        ) from error


def check_head(connection: Connection, ledger_id: int) -> None:
    """Compare a ledger's head with its tiles, and its last entries and bodies with both.

    Raises:
        LedgerCorrupt: If they do not fit.
    """
    where = {"l": ledger_id}
    head = connection.execute(
        text("SELECT size, root, frontier, record_at FROM ledger WHERE ledger_id = :l"), where
    ).one()
    try:
        edge = Frontier.decode(head.size, bytes(head.frontier))
    except ValueError as error:
        raise LedgerCorrupt(f"The head of the record cannot be read: {error}") from error
    if not edge.root() == bytes(head.root) == Proofs(ledger_id).root(connection, head.size):
        raise LedgerCorrupt("The head of the record is not what its tiles give.")
    first = max(0, (head.size - 1) // WIDTH * WIDTH)
    rows = connection.execute(
        text(
            "SELECT e.position, e.entry, b.salt, b.body FROM entry e LEFT JOIN body b "
            "ON b.ledger_id = e.ledger_id AND b.position = e.position "
            "WHERE e.ledger_id = :l AND e.position >= :f ORDER BY e.position"
        ),
        {**where, "f": first},
    ).all()
    if [row.position for row in rows] != list(range(first, head.size)):
        raise LedgerCorrupt(f"The last entries are not those from {first} to {head.size - 1}.")
    leaves = b"".join(leaf_hash(bytes(row.entry)) for row in rows)
    tile = connection.execute(
        text("SELECT data FROM tile WHERE ledger_id = :l AND level = 0 AND n = :n"),
        {**where, "n": first // WIDTH},
    ).scalar()
    if head.size and bytes(tile or b"") != leaves:
        raise LedgerCorrupt(f"The entries from {first} do not hash to their leaves in the tree.")
    for row in rows:
        _check_body(row.position, bytes(row.entry), row.salt, row.body)
    if rows and json.loads(bytes(rows[-1].entry))["record"] != head.record_at:
        raise LedgerCorrupt("The head of the record bears another time than its last entry.")


def _said(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")


def _check_body(position: int, entry: bytes, salt: bytes | None, body: bytes | None) -> None:
    # An erased body is missing rightly; the full verification tells it from a lost one.
    if salt is None or body is None:
        return
    sealed = json.loads(entry)["body"]
    if len(salt) != SALT_SIZE or body_commitment(bytes(salt), bytes(body)).hex() != sealed:
        raise LedgerCorrupt(f"The body at position {position} is not what was sealed.")
