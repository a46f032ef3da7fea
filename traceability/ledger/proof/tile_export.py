"""The record as files that other people's programs read: signed size, tree and entries.

    checkpoint              the newest signed size, written last
    log.vkey                the key that signed it
    tile/LEVEL/N            the tree, 256 hashes to a file
    tile/entries/N          the entries, 256 to a file
    bodies/N                with bodies: what was said, a line for each entry

What is full never changes, so that a second export into the same folder writes only what is new.
Whoever serves the folder as it is has a log in tiles.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from traceability.ledger.proof.checkpoint import NUMBER_MAX, Checkpoint
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import InvalidNote, parse_note
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.tiles import (
    HEIGHT,
    WIDTH,
    TileName,
    encode_bundle,
    tile_names,
    tile_path,
)

__all__ = ["Body", "Exported", "export_tiles", "read_body", "read_bundle", "read_tile"]

CHECKPOINT: Final = "checkpoint"
VKEY: Final = "log.vkey"
BODIES: Final = "bodies"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Body:
    """What was said in one entry, and what an entry's commitment is computed of."""

    salt: bytes
    body: bytes
    erased_by: int | None = None
    """Position of the entry that erased it; salt and body are empty then."""

    def tree(self) -> dict[str, object]:
        """Return it as JSON: the salt in hex, the bytes of the body in base64."""
        if self.erased_by is not None:
            return {"erased_by": self.erased_by}
        return {"salt": self.salt.hex(), "body": b64encode(self.body).decode()}


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export brought into its folder."""

    checkpoint: Checkpoint
    vkey: str
    size_before: int
    """Entries that lay in the folder already."""
    file_count: int
    """Files written."""


def read_tile(connection: Connection, ledger_id: int, name: TileName, size: int) -> bytes | None:
    """Return the hashes of a tile; None if the ledger of that size has no such tile.

    Raises:
        LedgerCorrupt: If the stored tile is missing or too short.
    """
    assert name.level is not None, "a bundle of entries is no tile"
    if not _is_there(name, size >> HEIGHT * name.level):
        return None
    data = connection.execute(
        text("SELECT data FROM tile WHERE ledger_id = :l AND level = :v AND n = :n"),
        {"l": ledger_id, "v": name.level, "n": name.n},
    ).scalar()
    data = bytes(data or b"")[: name.width * HASH_SIZE]
    if len(data) != name.width * HASH_SIZE:
        raise LedgerCorrupt(
            f"{tile_path(name.level, name.n)}: expected {name.width} hashes, "
            f"got {len(data) // HASH_SIZE}."
        )
    return data


def read_bundle(connection: Connection, ledger_id: int, name: TileName, size: int) -> bytes | None:
    """Return a bundle of entries; None if the ledger of that size has no such bundle.

    Raises:
        LedgerCorrupt: If an entry is missing.
    """
    if not _is_there(name, size):
        return None
    first = name.n * WIDTH
    entries = connection.execute(
        text(
            "SELECT entry FROM entry WHERE ledger_id = :l AND position >= :f AND position < :t "
            "ORDER BY position"
        ),
        {"l": ledger_id, "f": first, "t": first + name.width},
    ).scalars()
    found = [bytes(entry) for entry in entries]
    if len(found) != name.width:
        raise LedgerCorrupt(
            f"Entries {first} to {first + name.width - 1}: expected {name.width}, got {len(found)}."
        )
    return encode_bundle(found)


def read_body(connection: Connection, ledger_id: int, position: int) -> Body | None:
    """Return what was said at a position; None if there is no such entry or its body is lost."""
    if position >= NUMBER_MAX:  # no database could be asked for what comes after it
        return None
    return dict(_bodies(connection, ledger_id, position, position + 1)).get(position)


def _bodies(
    connection: Connection, ledger_id: int, first: int, end: int
) -> Iterator[tuple[int, Body]]:
    rows = connection.execute(
        text(
            "SELECT e.position, b.salt, b.body, x.position AS erased_by FROM entry e "
            "LEFT JOIN body b ON b.ledger_id = e.ledger_id AND b.position = e.position "
            "LEFT JOIN erasure x ON x.ledger_id = e.ledger_id AND x.erased = e.position "
            "WHERE e.ledger_id = :l AND e.position >= :f AND e.position < :t ORDER BY e.position"
        ),
        {"l": ledger_id, "f": first, "t": end},
    )
    for row in rows:
        if row.body is not None:
            yield row.position, Body(_stored(row.salt), _stored(row.body))
        elif row.erased_by is not None:
            yield row.position, Body(b"", b"", int(row.erased_by))


def _stored(value: bytes | str) -> bytes:
    """Return stored bytes; who changed a row by hand may have left text there."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _is_there(name: TileName, count: int) -> bool:
    return name.n * WIDTH + name.width <= count


def export_tiles(
    ledger: Ledger,
    folder: Path,
    *,
    with_bodies: bool = False,
    progress: Progress | None = None,
    signer: LogSigner | None = None,
) -> Exported:
    """Sign for a ledger as it is now and write it into a folder as a log in tiles.

    Args:
        ledger: What to export.
        folder: New, empty, or with an earlier export of the same ledger, which grows.
        with_bodies: Also what was said in each entry: these hold more than the proofs need.
        progress: Told how many of how many entries are written.
        signer: Who signs; by default the ledger's own.

    Raises:
        Refused: If the folder holds another log or other things, or cannot be written.
        TraceabilityError: As for `LogSigner.sign`.
    """
    note = (signer or LogSigner(ledger)).sign()
    signed = Checkpoint.parse(parse_note(note).text)
    try:
        with ledger.database.read() as connection:
            before = _before(connection, ledger, folder, signed)
            export = _Export(connection, ledger.ledger_id, folder, before, signed.size)
            export.entries(progress)
            if with_bodies:
                export.bodies()
            export.tiles()
            vkey = str(read_log_keys(connection, ledger.ledger_id)[-1].verifier)
            export.write(VKEY, f"{vkey}\n".encode())
            if hasattr(os, "sync"):
                os.sync()  # the signed size must not outlive a power cut that its tiles did not
            export.write(CHECKPOINT, note)
            export.tidy()
    except OSError as error:
        raise Refused(f"Cannot write into {folder}: {error.strerror}.") from error
    return Exported(signed, vkey, before, export.file_count)


def _before(connection: Connection, ledger: Ledger, folder: Path, signed: Checkpoint) -> int:
    """Return how many entries of this very ledger a folder holds already."""
    path = folder / CHECKPOINT
    if not path.exists():
        ours = {CHECKPOINT, VKEY, BODIES, "tile"}  # an export that was cut off
        strangers = {one.name for one in folder.iterdir()} - ours if folder.exists() else set()
        if strangers:
            raise Refused(
                f"{folder} holds {min(strangers)!r}: name a new or empty folder, or one with an "
                "earlier export of this ledger."
            )
        return 0
    try:
        older = Checkpoint.parse(parse_note(path.read_bytes()).text)
    except InvalidNote as error:
        raise Refused(f"{path} is not what an export writes: {error}") from error
    root = EMPTY_ROOT
    if 0 < older.size <= signed.size:
        root = Proofs(ledger.ledger_id, kept_max=64).root(connection, older.size)
    if older.origin != signed.origin or older.size > signed.size or older.root != root:
        raise Refused(
            f"{folder} holds {older.size} entries of {older.origin!r} that are not the beginning "
            f"of the {signed.size} entries of this ledger: keep it, it may be evidence, and name "
            "another folder."
        )
    return older.size


class _Export:
    """Writes one export, slice by slice: memory does not grow with the ledger."""

    def __init__(
        self, connection: Connection, ledger_id: int, folder: Path, before: int, size: int
    ) -> None:
        self._connection = connection
        self._ledger_id = ledger_id
        self._folder = folder
        self._before = before
        self._size = size
        self._replaced: list[Path] = []
        """Partial files that a newer one has taken the place of."""
        self.file_count = 0

    def entries(self, progress: Progress | None) -> None:
        for name in _names(None, self._before, self._size):
            data = read_bundle(self._connection, self._ledger_id, name, self._size)
            assert data is not None, name
            self.write(tile_path(None, name.n, name.width), data)
            if progress is not None:
                progress(name.n * WIDTH + name.width, self._size)

    def tiles(self) -> None:
        for level in sorted({name.level or 0 for name in tile_names(self._size)}):
            shift = HEIGHT * level
            for name in _names(level, self._before >> shift, self._size >> shift):
                data = read_tile(self._connection, self._ledger_id, name, self._size)
                assert data is not None, name
                self.write(tile_path(level, name.n, name.width), data)

    def bodies(self) -> None:
        changed = self._erased_since()
        for name in _names(None, 0, self._size):
            path = tile_path(None, name.n, name.width).replace("tile/entries", BODIES)
            is_old = (name.n + 1) * WIDTH <= self._before and name.n not in changed
            if is_old and (self._folder / path).exists():
                continue
            first = name.n * WIDTH
            found = dict(_bodies(self._connection, self._ledger_id, first, first + name.width))
            lines = [
                {"position": at} | (found[at].tree() if at in found else {"missing": True})
                for at in range(first, first + name.width)
            ]
            self.write(path, "".join(f"{json.dumps(line)}\n" for line in lines).encode())

    def _erased_since(self) -> set[int]:
        """Return the bundles in which something was erased after the export before."""
        rows = self._connection.execute(
            text("SELECT erased FROM erasure WHERE ledger_id = :l AND position >= :p"),
            {"l": self._ledger_id, "p": self._before},
        ).scalars()
        return {erased // WIDTH for erased in rows}

    def write(self, path: str, data: bytes) -> None:
        """Write one file whole or not at all."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # A full tile replaces its partial ones. Bodies replace them at once: what an older file
        # holds may have been erased since.
        partial = (
            target.parent if path.startswith(BODIES) and ".p/" in path else Path(f"{target}.p")
        )
        if partial.is_dir():
            self._replaced += [one for one in partial.iterdir() if one.name != target.name]
        fresh = target.with_name(f"{target.name}.new")
        fresh.write_bytes(data)
        fresh.replace(target)
        self.file_count += 1

    def tidy(self) -> None:
        """Remove what was replaced: called when the new size is there."""
        for path in self._replaced:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others are still in it
                path.parent.rmdir()


def _names(level: int | None, before: int, count: int) -> Iterator[TileName]:
    """Name the tiles that hold hashes from `before` on; the last one may be partial."""
    for n in range(before // WIDTH, -(-count // WIDTH)):
        width = min(WIDTH, count - n * WIDTH)
        if n * WIDTH + width > before:
            yield TileName(level, n, width)
