"""Where a check begins that is to look only at what came since: a size whose root is known.

The last size that was checked here is remembered beside the signer's memory, outside the database.
It is no signature: whoever can write that folder can write it too. Where that is not enough, begin
at a checkpoint that you kept yourself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.ledger.checks.rows import plain_rows
from traceability.ledger.merkle import HASH_SIZE
from traceability.ledger.proof.checkpoint import Checkpoint, decimal
from traceability.ledger.proof.key_files import key_folder, write_file
from traceability.ledger.proof.note import InvalidNote, parse_note

if TYPE_CHECKING:
    from traceability.ledger.verify import Kept, Report

__all__ = ["Start", "find_start", "remember"]


@dataclass(frozen=True, slots=True)
class Start:
    """A size from which on everything is looked at, and what it is known by."""

    size: int
    root: bytes
    source: str
    """For a sentence."""
    note: bytes = b""
    """The signed checkpoint, if it is one: its signature is checked with the others."""


def find_start(ledger: Ledger, given: str, kept: Kept) -> Start | None:
    """Find where to begin; None means at the first entry.

    Args:
        ledger: The ledger.
        given: A checkpoint's file, a size, or nothing: the last check here, else the last
            checkpoint that was signed.
        kept: What is kept outside the database.

    Raises:
        Refused: If there is no such file, or no checkpoint of such a size.
    """
    size = decimal(given)
    if given and size is None:
        path = Path(given)
        if not path.is_file():
            raise Refused(f"Cannot begin at {given!r}: expected a checkpoint's file or a size.")
        return _of_note(str(path), path.read_bytes())
    if size is not None:
        return _row(ledger, size)
    found = [_of_note(source, data) for source, data in kept.notes]
    mark = _marked(ledger)
    newest = _row(ledger, None)
    # What was checked here once needs no second look; a signature alone says less.
    return mark or max([*found, *([newest] if newest else [])], key=_size, default=None)


def _size(start: Start) -> int:
    return start.size


def _of_note(source: str, data: bytes) -> Start:
    try:
        checkpoint = Checkpoint.parse(parse_note(data).text)
    except InvalidNote as error:
        raise InvalidNote(f"Cannot begin at {source}: {error}") from error
    return Start(checkpoint.size, checkpoint.root, source, data)


def _row(ledger: Ledger, size: int | None) -> Start | None:
    # Of a size, or else the newest.
    with ledger.database.read() as connection:
        row = plain_rows(
            connection,
            "SELECT size, note FROM checkpoint WHERE ledger_id = :l AND size >= :s "
            "AND size <= :t ORDER BY size DESC LIMIT 1",
            {"l": ledger.ledger_id, "s": size or 0, "t": 2**62 if size is None else size},
        ).fetchone()
    if row is None and size is not None:
        raise Refused(
            f"No checkpoint of {size} entries is stored: give the file of one, or leave it out."
        )
    return None if row is None else _of_note(f"The checkpoint of {row[0]}", str(row[1]).encode())


def _mark(ledger: Ledger) -> Path:
    return key_folder(ledger.database) / f"{ledger.name}.verified"


def _marked(ledger: Ledger) -> Start | None:
    try:
        tree = json.loads(_mark(ledger).read_text("utf-8"))
        start = Start(int(tree["size"]), bytes.fromhex(tree["root"]), "The last check here")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return start if len(start.root) == HASH_SIZE and start.size > 0 else None


def remember(ledger: Ledger, report: Report) -> None:
    """Remember how far the entries were found to be true, where the ledger has a folder of keys."""
    path = _mark(ledger)
    if path.parent.is_dir():
        tree = {"size": report.size, "root": report.root}
        try:
            write_file(path, json.dumps(tree).encode())
        except Refused:
            return  # it only saves the next check time
