"""Whoever signs for the record: seldom, only forwards, and never for two histories.

The signer remembers, outside the database, the last size and root it signed. It signs a larger
size only with a proof that this is the same history grown on, so that an old copy of the database,
or a changed one, never gets its signature. It forgets nothing when it is killed at any moment: the
memory is on the disk before a signature leaves.

Source: C2SP tlog-checkpoint, section "Signatures".
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import InterfaceError, OperationalError

from traceability.errors import DatabaseBusy, LedgerCorrupt, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.crash_points import pass_point
from traceability.ledger.merkle import verify_consistency
from traceability.ledger.proof import key_files
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.cosigning import cosigned_note
from traceability.ledger.proof.key_files import key_folder
from traceability.ledger.proof.log_keys import LogKey, key_draft, read_log_keys
from traceability.ledger.proof.note import InvalidNote, Signer, Verifier, parse_note, sign_note
from traceability.ledger.proof.proving import Proofs

__all__ = [
    "Forked",
    "LogSigner",
    "RolledBack",
    "SigningState",
    "keep_signing",
    "key_folder",
    "latest_note",
    "sign_now",
]

EVERY_S: Final = 1.0
"""Shortest time between two signatures for one ledger."""
TROUBLE_PAUSE_S: Final = 5.0
_TILES_KEPT: Final = 64
_log = structlog.get_logger()


class RolledBack(LedgerCorrupt):
    """The ledger is smaller than what was signed: nothing is signed until it is explained."""


class Forked(LedgerCorrupt):
    """The ledger is another history than the one that was signed: nothing is signed."""


@dataclass(frozen=True, slots=True)
class SigningState:
    """How the signing in the background goes."""

    size: int = 0
    """Entries of the last size that was signed."""
    signed_at: float = 0.0
    """Seconds since 1970; 0 if this process signed nothing yet."""
    problem: str = ""
    """Why nothing is signed; empty if all is well."""


class LogSigner:
    """Signs for one ledger. Safe for many threads, and for many processes on one machine."""

    def __init__(self, ledger: Ledger, *, every_s: float = EVERY_S) -> None:
        self.folder = key_folder(ledger.database)
        self._ledger = ledger
        self._every_s = every_s
        self._proofs = Proofs(ledger.ledger_id, kept_max=_TILES_KEPT)

    def sign(self) -> bytes:
        """Sign for the ledger as it is now; the first time, make its key and enter it.

        Returns:
            The signed note, on the disk and in the table `checkpoint`; the earlier one if nothing
            has grown since.

        Raises:
            RolledBack: If the ledger is smaller than what was signed.
            Forked: If it is another history.
            LedgerCorrupt: If its tiles and its root do not fit.
            Refused: If the key is missing or the folder of keys cannot be used.
            DatabaseBusy: If the database or another signer is too busy.
        """
        with self._alone():
            return self._sign()

    def prepare(self) -> Verifier:
        """Make the ledger's first key and enter it, if it has none; return the key in force.

        Raises:
            TraceabilityError: As for `sign`.
        """
        with self._alone():
            self._examine()
            return self._signer().verifier

    def rotate(self, *, is_lost: bool = False) -> Verifier:
        """Begin a new key, signed by the one before and by itself; sign its size with both.

        Args:
            is_lost: The key before is gone: the new one begins without its word.

        Raises:
            TraceabilityError: As for `sign`.
        """
        with self._alone():
            self._examine()
            old = None if is_lost else self._signer()
            known = self._keys()
            new = self._begin(known[-1].epoch + 1 if known else 1, old)
            self._sign(*(() if old is None else (old,)))
            return new.verifier

    def remembered(self) -> Checkpoint | None:
        """Return what was signed last; None if nothing was.

        Raises:
            LedgerCorrupt: If the memory cannot be read.
        """
        note = self._memory()
        try:
            return None if note is None else Checkpoint.parse(parse_note(note).text)
        except InvalidNote as error:
            path = key_files.memory_file(self.folder, self._ledger.name)
            raise LedgerCorrupt(f"{path} is not what the signer wrote: {error}") from error

    def exposed(self) -> str:
        """Say in a sentence if others can read the key in force; empty if they cannot."""
        known = self._keys()
        return key_files.exposed(self._file(known[-1].epoch)) if known else ""

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with key_files.only_one(self.folder, self._ledger.name):
            try:
                yield
            except (OperationalError, InterfaceError) as error:
                raise DatabaseBusy(f"Nothing was signed: {error.orig}.") from error

    def _sign(self, *also: Signer) -> bytes:
        self._rest()
        self._examine()
        signer = self._signer()
        # Looked at again: a key that began just now is an entry of its own.
        now, before = self._examine()
        if before is not None and before.size == now.size:
            note = self._memory()
            return self._store(now.size, note if note is not None else b"")
        note = sign_note(now.text, signer, *also)
        pass_point("before memory")
        key_files.write_file(key_files.memory_file(self.folder, self._ledger.name), note)
        pass_point("between memory and table")
        note = self._store(now.size, note)
        pass_point("after table")
        return note

    def _rest(self) -> None:
        """Wait until the last signature is old enough."""
        path = key_files.memory_file(self.folder, self._ledger.name)
        with contextlib.suppress(FileNotFoundError):
            # A clock that was set back does not make anybody wait for longer than usual.
            age = time.time() - path.stat().st_mtime
            if 0 <= age < self._every_s:
                time.sleep(self._every_s - age)

    def _examine(self) -> tuple[Checkpoint, Checkpoint | None]:
        """Return the ledger as it is and as it was signed, if it is the same history grown on."""
        before = self.remembered()
        with self._ledger.database.read() as connection:
            row = connection.execute(
                text("SELECT size, root FROM ledger WHERE ledger_id = :l"),
                {"l": self._ledger.ledger_id},
            ).one()
            now = Checkpoint(self._ledger.origin, row.size, bytes(row.root))
            if before is None:
                if self._proofs.root(connection, now.size) != now.root:
                    raise LedgerCorrupt(
                        f"The root of ledger {self._name} is not that of its tiles."
                    )
                return now, None
            self._compare(connection, now, before)
            return now, before

    def _compare(self, connection: Connection, now: Checkpoint, before: Checkpoint) -> None:
        was = f"{before.size} entries with root {before.root.hex()[:16]} were signed"
        if before.origin != now.origin:
            raise Forked(
                f"The ledger {self._name} is {now.origin!r}, and the signer's memory in "
                f"{self.folder} is of {before.origin!r}. Nothing is signed."
            )
        if now.size < before.size:
            raise RolledBack(
                f"The ledger {self._name} has {now.size} entries with root "
                f"{now.root.hex()[:16]}, but {was}: it went back to an old state. Nothing is "
                "signed until the newer state is back, or the restore is declared."
            )
        is_same = now.size == before.size and now.root == before.root
        if not is_same and not self._continues(connection, now, before):
            raise Forked(
                f"The ledger {self._name} with {now.size} entries and root "
                f"{now.root.hex()[:16]} does not continue what was signed, for {was}: its history "
                "was changed. Nothing is signed."
            )

    def _continues(self, connection: Connection, now: Checkpoint, before: Checkpoint) -> bool:
        if before.size == 0 or now.size == before.size:
            return before.size == 0
        proof = self._proofs.consistency(connection, before.size, now.size)
        return verify_consistency(before.size, now.size, before.root, now.root, proof)

    @property
    def _name(self) -> str:
        return repr(self._ledger.name)

    def _memory(self) -> bytes | None:
        """Return the last note that was signed; if its file is gone, the last that was stored."""
        try:
            return key_files.memory_file(self.folder, self._ledger.name).read_bytes()
        except FileNotFoundError:
            with self._ledger.database.read() as connection:
                return latest_note(connection, self._ledger.ledger_id)

    def _keys(self) -> tuple[LogKey, ...]:
        with self._ledger.database.read() as connection:
            return read_log_keys(connection, self._ledger.ledger_id)

    def _file(self, epoch: int) -> Path:
        return key_files.key_file(self.folder, self._ledger.name, epoch)

    def _signer(self) -> Signer:
        known = self._keys()
        if not known:
            return self._begin(1, None)
        path = self._file(known[-1].epoch)
        signer = key_files.read_key(path)
        if signer is None:
            raise Refused(
                f"The key that signs for the ledger {self._name} is missing: put {path.name} back "
                f"into {path.parent} from a backup, or begin a new one with "
                "hangtag ledger rotate-key --lost."
            )
        if signer.verifier != known[-1].verifier:
            raise Refused(f"{path} is not the key {known[-1].verifier} that stands in the ledger.")
        return signer

    def _begin(self, epoch: int, old: Signer | None) -> Signer:
        """Make a key and enter it; the file is there first: an entry without a key helps nobody."""
        path = self._file(epoch)
        new = key_files.read_key(path)  # left by a process that was killed before the entry
        if new is None:
            new = Signer.make(self._ledger.origin)
            key_files.write_key(path, new)
        outcome = self._ledger.append([key_draft(epoch, new, old)])[0]
        if outcome.status not in ("accepted", "duplicate"):
            raise Refused(f"The key of epoch {epoch} was not entered: {outcome.problem}")
        return new

    def _store(self, size: int, note: bytes) -> bytes:
        """Keep a note in the table; return the one that is there, witnesses' signatures and all."""
        where = {"l": self._ledger.ledger_id, "s": size}
        found = "SELECT note FROM checkpoint WHERE ledger_id = :l AND size = :s"
        with self._ledger.database.read() as connection:
            kept = connection.execute(text(found), where).scalar()
        if kept is None:
            with self._ledger.database.write() as connection:
                connection.execute(
                    text(
                        "INSERT INTO checkpoint (ledger_id, size, note) VALUES (:l, :s, :n) "
                        "ON CONFLICT (ledger_id, size) DO NOTHING"
                    ),
                    {**where, "n": note.decode()},
                )
                kept = connection.execute(text(found), where).scalar_one()
        return str(kept).encode()


def sign_now(ledger: Ledger) -> bytes:
    """Sign for a ledger as it is now; see `LogSigner.sign`."""
    return LogSigner(ledger).sign()


def latest_note(connection: Connection, ledger_id: int) -> bytes | None:
    """Return the newest signed checkpoint of a ledger, with all its signatures; None if none is."""
    size = connection.execute(
        text("SELECT max(size) FROM checkpoint WHERE ledger_id = :l"), {"l": ledger_id}
    ).scalar()
    return None if size is None else cosigned_note(connection, ledger_id, size)


def keep_signing(
    ledger: Ledger,
    stopping: threading.Event,
    tell: Callable[[SigningState], None] = lambda _state: None,
) -> None:
    """Sign what has grown, at most once a second, until `stopping` is set: a thread's whole work.

    Args:
        ledger: What to sign for.
        stopping: Looked at every second, every five while something is wrong; before the first
            signature, too.
        tell: Told after every look how it goes.
    """
    signer, state = LogSigner(ledger), SigningState()
    while not stopping.wait(TROUBLE_PAUSE_S if state.problem else EVERY_S):
        state = _look(signer, ledger, state)
        tell(state)


def _look(signer: LogSigner, ledger: Ledger, state: SigningState) -> SigningState:
    try:
        if ledger.size == state.size:
            return replace(state, problem="")
        signed = Checkpoint.parse(parse_note(signer.sign()).text)
        return SigningState(signed.size, time.time())
    except Exception as error:  # noqa: BLE001 - the top of a thread
        if str(error) != state.problem:
            _log.warning("nothing is signed", reason=str(error))
        return replace(state, problem=str(error) or type(error).__name__)
