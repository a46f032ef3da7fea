"""One who has seen a log grow: he signs each of its sizes once, and never two stories of one size.

A partner runs a witness for a workshop's log, and the workshop one for his. The log sends each new
checkpoint with the proof that it continues the one before. The witness remembers the last it
signed, in a file of its own, before it answers: after a crash it may have signed something that
nobody received, never something that it forgot.

A log that was honestly restored from a backup is smaller than the witness remembers, and so it is
refused like a log whose end was cut off. No message of the log can change that. A person who has
heard from its owner what happened accepts the restore by hand; it then stays in the history.

Source: C2SP tlog-witness.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text

from traceability.database import Database, open_file
from traceability.errors import Refused
from traceability.ledger.merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency
from traceability.ledger.proof.checkpoint import Checkpoint, decimal
from traceability.ledger.proof.note import (
    COSIGNATURE,
    ED25519,
    NOTE_SIZE_MAX,
    InvalidNote,
    Signer,
    Verifier,
    decode_base64,
    open_note,
    parse_note,
)

__all__ = ["Answer", "Request", "Seen", "WitnessBook"]

PROOF_LINES_MAX: Final = 63
REQUEST_SIZE_MAX: Final = NOTE_SIZE_MAX + 64 * 1024
"""Bytes of a request: a checkpoint, and far more than 63 hashes."""
FORKS_MAX: Final = 100
"""Forks of one log that are kept; the first is proof enough."""
_TABLES = """
CREATE TABLE IF NOT EXISTS watched (origin TEXT PRIMARY KEY, size BIGINT NOT NULL,
    root TEXT NOT NULL, note TEXT NOT NULL, seen_at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS watched_key (origin TEXT NOT NULL, vkey TEXT NOT NULL, until_at BIGINT,
    PRIMARY KEY (origin, vkey));
CREATE TABLE IF NOT EXISTS happened (no INTEGER PRIMARY KEY, at BIGINT NOT NULL,
    origin TEXT NOT NULL, what TEXT NOT NULL, size BIGINT NOT NULL, root TEXT NOT NULL,
    new_size BIGINT NOT NULL, new_root TEXT NOT NULL, note TEXT NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers to a request, as HTTP has it."""

    status: int
    """200, 400, 403, 404, 409 or 422."""
    body: str
    """Cosignature lines; the known size; or one sentence."""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint to be signed, and the proof that it continues an older size."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    """The signed checkpoint, byte for byte."""

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """Read the body of ``add-checkpoint``.

        Raises:
            InvalidNote: If a line is not as the standard has it.
        """
        head, blank, note = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise InvalidNote("Above the empty line of a request stands only ASCII.") from error
        size = decimal(first.removeprefix("old ")) if first.startswith("old ") else None
        if size is None or not blank:
            raise InvalidNote("A request begins with 'old N', hashes, and an empty line.")
        hashes = tuple(decode_base64(line) or b"" for line in lines)
        if len(hashes) > PROOF_LINES_MAX or any(len(one) != HASH_SIZE for one in hashes):
            raise InvalidNote(
                f"A consistency proof is at most {PROOF_LINES_MAX} lines of {HASH_SIZE} bytes in "
                "base64."
            )
        return cls(size, hashes, note)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something about a log that a person should know."""

    at: datetime
    what: str
    """restore (accepted by hand) or fork (two signed roots of one size)."""
    size: int
    root: str
    """What the witness knew: 64 hex digits."""
    new_size: int
    new_root: str
    """What it accepted, or refused if it was a fork."""
    note: str
    """The last checkpoint signed before; of a fork, the other checkpoint: proof against the log."""

    def __str__(self) -> str:
        if self.what == "fork":
            return (
                f"{self.at:%Y-%m-%d %H:%M} UTC: FORK. The log signed two roots of size "
                f"{self.size}: {self.root[:16]} and {self.new_root[:16]}."
            )
        gap = f"entries {self.new_size} to {self.size - 1} are its gap"
        return (
            f"{self.at:%Y-%m-%d %H:%M} UTC: declared restore, gap named: from {self.size} back to "
            f"{self.new_size} entries, {gap if self.size > self.new_size else 'nothing missing'}; "
            f"signed under a new key from then on."
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness knows of one log."""

    origin: str
    size: int
    """0 until it has signed something."""
    root: str
    seen_at: datetime | None
    note: str
    """The last checkpoint that it signed, without its own signature; empty before."""
    keys: tuple[str, ...]
    """Keys it takes, as vkeys; those retired at a restore are left out."""
    history: tuple[Happened, ...]


class WitnessBook:
    """A witness's own file, and the key it signs with. Safe for many threads and processes."""

    def __init__(self, database: Database, signer: Signer, clock: Callable[[], float]) -> None:
        self._database = database
        self._signer = signer
        self._clock = clock

    @classmethod
    def open(
        cls, place: Path, *, name: str | None = None, clock: Callable[[], float] = time.time
    ) -> WitnessBook:
        """Open a witness, or begin one.

        Args:
            place: A folder, or the file that keeps what was seen; the key lies beside that file.
            name: Under which it signs, for example ``brand.example/witness``; for a new one only.
            clock: Seconds since 1970.

        Raises:
            Refused: If there is none yet and no name was given, it has another name, or its key
                is there without its memory.
        """
        is_file = bool(place.suffix) and not place.is_dir()
        file = place if is_file or place.is_file() else place / "witness.db"
        key_file = file.with_name(f"{file.name}.key")
        if not key_file.exists() and name is None:
            raise Refused(
                f"There is no witness at {place} yet: begin one with hangtag witness run "
                "FOLDER --name, for example brand.example/witness."
            )
        fresh = None
        if not key_file.exists():
            fresh = Signer.make(str(name), algorithm=COSIGNATURE)
        elif not file.exists() or not file.stat().st_size:
            # A key that has forgotten what it signed would sign a second history of it.
            raise Refused(
                f"The witness at {place} has its key and has lost its memory, {file.name}: put "
                f"that back, or begin another witness: remove {key_file.name} and give --name."
            )
        database = open_file(file)
        with database.write() as connection:
            for statement in _TABLES.split(";"):
                connection.execute(text(statement))
        # The memory is there before the key: cut off in between, it is begun again.
        try:
            if fresh is not None:
                _write_key(key_file, f"{fresh}\n")
            signer = Signer.parse(key_file.read_text("utf-8").strip())
            if name not in (None, signer.name):
                raise Refused(f"The witness at {place} is called {signer.name}, not {name}.")
        except (OSError, Refused) as error:
            database.close()
            if isinstance(error, OSError):
                raise Refused(f"Cannot read {key_file}: {error.strerror}.") from error
            raise
        return cls(database, signer.cosigner(), clock)

    @property
    def verifier(self) -> Verifier:
        """The key that others check its signatures with."""
        return self._signer.verifier

    def close(self) -> None:
        """Give back the file."""
        self._database.close()

    def add_log(self, vkey: str) -> str:
        """Watch a log from now on, or take one more key of it; return its origin.

        Raises:
            Refused: If the key cannot be a log's, or was retired at a restore.
        """
        key = _log_key(vkey)
        with self._database.write() as connection:
            retired = connection.execute(
                text("SELECT until_at FROM watched_key WHERE origin = :o AND vkey = :k"),
                {"o": key.name, "k": str(key)},
            ).scalar()
            if retired is not None:
                raise Refused(
                    f"This key of {key.name} was retired at a restore: it cannot come again."
                )
            _insert_key(connection, key)
            connection.execute(
                text(
                    "INSERT INTO watched VALUES (:o, 0, :r, '', 0) ON CONFLICT (origin) DO NOTHING"
                ),
                {"o": key.name, "r": EMPTY_ROOT.hex()},
            )
        return key.name

    def add_checkpoint(self, data: bytes) -> Answer:
        """Answer one request: sign what continues what was seen, refuse everything else.

        What was signed is on disk before this returns, with the size it was compared with
        checked in the same statement.

        Source: C2SP tlog-witness, section "add-checkpoint".
        """
        try:
            request = Request.parse(data)
            checkpoint = Checkpoint.parse(parse_note(request.note).text)
        except InvalidNote as error:
            return Answer(400, f"{error}\n")
        origin = checkpoint.origin
        known = self._known(origin)
        if known is None:
            return Answer(404, f"The log {origin[:80]!r} is not watched here.\n")
        size, root, keys = known
        try:
            open_note(request.note, keys)
        except InvalidNote as error:
            return Answer(403, f"{error}\n")
        if request.old_size > checkpoint.size:
            return Answer(400, f"Size {checkpoint.size} is below old size {request.old_size}.\n")
        if request.old_size != size:
            return _conflict(size)
        if size == checkpoint.size and root != checkpoint.root:
            self._note_fork(origin, size, root, checkpoint, request.note)
            return _conflict(size)
        if not _continues(size, root, request.proof, checkpoint):
            return Answer(422, f"The proof does not lead from {size} to {checkpoint.size}.\n")
        if not self._remember(checkpoint, request.note, size, root):
            return _conflict((self._known(origin) or known)[0])
        at_s = int(self._clock())
        return Answer(200, f"{self._signer.signature(checkpoint.text, at_s=at_s)}\n")

    def accept_restore(self, origin: str, *, size: int, root: bytes, vkey: str) -> None:
        """Let a log that was restored from a backup go on from where the backup reached.

        Only a person may say so: whoever answers the log's messages cannot tell a restore from a
        tail that was cut off. The old state and the old checkpoint stay in the history, and the
        log's old keys are taken no longer.

        Args:
            origin: The log.
            size: Entries that came out of the backup, as its owner declares.
            root: Root of these.
            vkey: The new key under which the log signs from then on.

        Raises:
            Refused: If the log is not watched, was not that large, or brings no new key.
        """
        key = _log_key(vkey)
        with self._database.write() as connection:
            row = connection.execute(
                text("SELECT size, root, note FROM watched WHERE origin = :o"), {"o": origin}
            ).first()
            if row is None or key.name != origin:
                raise Refused(f"No log {origin!r} with a key of that name is watched here.")
            if not 0 < size <= row.size or len(root) != HASH_SIZE:
                raise Refused(
                    f"{origin} was seen with {row.size} entries: a restore goes back to 1 to "
                    f"{row.size}, with a root of {2 * HASH_SIZE} hex digits."
                )
            if size == row.size and root.hex() != row.root:
                raise Refused(f"At {size} entries {origin} had another root: this is a fork.")
            if _insert_key(connection, key) == 0:
                raise Refused(
                    "A restored log signs under a new key; this one was known before the restore."
                )
            at = int(self._clock() * 1_000_000)
            values = {"o": origin, "k": str(key), "t": at, "n": size, "r": root.hex()}
            connection.execute(
                text(
                    "INSERT INTO happened (at, origin, what, size, root, new_size, new_root, note) "
                    "SELECT :t, origin, 'restore', size, root, :n, :r, note FROM watched "
                    "WHERE origin = :o"
                ),
                values,
            )
            connection.execute(
                text(
                    "UPDATE watched_key SET until_at = :t "
                    "WHERE origin = :o AND vkey <> :k AND until_at IS NULL"
                ),
                values,
            )
            connection.execute(
                text(
                    "UPDATE watched SET size = :n, root = :r, note = '', seen_at = :t "
                    "WHERE origin = :o"
                ),
                values,
            )

    def seen(self) -> list[Seen]:
        """Return what it knows of each log, by origin."""
        with self._database.read() as connection:
            rows = connection.execute(text("SELECT * FROM watched ORDER BY origin")).all()
            return [_seen(connection, row) for row in rows]

    def _known(self, origin: str) -> tuple[int, bytes, list[Verifier]] | None:
        with self._database.read() as connection:
            row = connection.execute(
                text("SELECT size, root FROM watched WHERE origin = :o"), {"o": origin}
            ).first()
            keys = _keys(connection, origin)
        if row is None:
            return None
        return row.size, bytes.fromhex(row.root), [Verifier.parse(key) for key in keys]

    def _remember(self, new: Checkpoint, note: bytes, size: int, root: bytes) -> bool:
        # Compared and stored in one statement: of two requests that continue the same size, the
        # one that comes second changes no row, whichever process it came to.
        with self._database.write() as connection:
            changed = connection.execute(
                text(
                    "UPDATE watched SET size = :n, root = :r, note = :c, seen_at = :t "
                    "WHERE origin = :o AND size = :s AND root = :q"
                ),
                {
                    "n": new.size,
                    "r": new.root.hex(),
                    "c": note.decode(),
                    "t": int(self._clock() * 1_000_000),
                    "o": new.origin,
                    "s": size,
                    "q": root.hex(),
                },
            )
            return changed.rowcount == 1

    def _note_fork(
        self, origin: str, size: int, root: bytes, other: Checkpoint, note: bytes
    ) -> None:
        """Keep the other checkpoint: two signed roots of one size prove that a log lied."""
        with self._database.write() as connection:
            values = {"o": origin, "n": size, "q": root.hex(), "r": other.root.hex()}
            forks = connection.execute(
                text(
                    "SELECT count(*), coalesce(max(new_root = :r), 0) FROM happened "
                    "WHERE origin = :o AND what = 'fork' AND size = :n"
                ),
                values,
            ).one()
            if forks[0] < FORKS_MAX and not forks[1]:
                connection.execute(
                    text(
                        "INSERT INTO happened (at, origin, what, size, root, new_size, new_root, "
                        "note) VALUES (:t, :o, 'fork', :n, :q, :n, :r, :c)"
                    ),
                    {**values, "t": int(self._clock() * 1_000_000), "c": note.decode()},
                )


def _conflict(size: int) -> Answer:
    return Answer(409, f"{size}\n", "text/x.tlog.size")


def _continues(size: int, root: bytes, proof: tuple[bytes, ...], new: Checkpoint) -> bool:
    # Nothing can be proven about an empty beginning, so nothing may be sent for it.
    if size == 0:
        return not proof
    return verify_consistency(size, new.size, root, new.root, proof)


def _log_key(vkey: str) -> Verifier:
    key = Verifier.parse(vkey.strip())
    if key.algorithm != ED25519:
        raise Refused(f"A log signs with type {ED25519}; this key has type {key.algorithm}.")
    return key


def _insert_key(connection: Connection, key: Verifier) -> int:
    """Return 1 if the key was not there yet, also not as a retired one."""
    return connection.execute(
        text("INSERT INTO watched_key VALUES (:o, :k, NULL) ON CONFLICT DO NOTHING"),
        {"o": key.name, "k": str(key)},
    ).rowcount


def _keys(connection: Connection, origin: str) -> list[str]:
    rows = connection.execute(
        text("SELECT vkey FROM watched_key WHERE origin = :o AND until_at IS NULL ORDER BY vkey"),
        {"o": origin},
    )
    return [row.vkey for row in rows]


def _seen(connection: Connection, row: Any) -> Seen:  # a row of watched
    happened = connection.execute(
        text("SELECT * FROM happened WHERE origin = :o ORDER BY no"), {"o": row.origin}
    )
    return Seen(
        row.origin,
        row.size,
        row.root,
        _moment(row.seen_at) if row.seen_at else None,
        row.note,
        tuple(_keys(connection, row.origin)),
        tuple(
            Happened(
                _moment(one.at), one.what, one.size, one.root, one.new_size, one.new_root, one.note
            )
            for one in happened
        ),
    )


def _moment(micro: int) -> datetime:
    return datetime.fromtimestamp(micro / 1_000_000, UTC)


def _write_key(file: Path, words: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(words)
        out.flush()
        os.fsync(out.fileno())
