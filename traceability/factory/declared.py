"""A restore that is said aloud: the entry by which a record tells that it came out of a backup.

A record that is older than it was looks like one whose end somebody cut off. What tells the two
apart is this entry: how far the backup reached, what is known to be missing, and the key under
which the record is signed from then on, signed by the key before it where that one came back too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.proof import key_files
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.key_files import key_folder
from traceability.ledger.proof.log_keys import (
    RESTORE,
    LogKey,
    endorse,
    key_entries,
    read_log_keys,
)
from traceability.ledger.proof.note import InvalidNote, Signer, parse_note
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.roots import root_at

__all__ = ["NEWS", "Missing", "Restore", "Rollback", "declare", "declared", "news", "rolled_back"]

NEWS = "restore-news"
"""Type of the body of an entry that says more of what a restore has lost."""
NEWS_MAX = 100
"""Entries of that kind after one restore: who delivers must not fill the record."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What is known of entries that were there and are not in the backup."""

    signed: int | None = None
    """Size that the signer of this PC remembers to have signed."""
    stations: Mapping[str, int] = field(default_factory=dict)
    """Station → the highest position that the record had given to something it said."""

    def known_size(self, size: int) -> int | None:
        """Return how many entries there were at least; None if no more than came back.

        >>> Missing(90, {"dock": 103}).known_size(80), Missing(90).known_size(95)
        (104, None)
        """
        told = max([self.signed or 0, *(at + 1 for at in self.stations.values())])
        return told if told > size else None


@dataclass(frozen=True, slots=True)
class Restore:
    """A declared restore as it stands in the record."""

    position: int
    """Of its entry."""
    size: int
    """How many entries came out of the backup."""
    root: str
    """Root of these, 64 hex digits."""
    at: str
    epoch: int
    """Number of the key under which the record is signed from then on."""
    verifier: str
    """That key, as `name+id+key`."""
    backup: str
    """Name of the backup's file."""
    digest: str
    """SHA-256 of the backup's list; empty if nobody knows."""
    known_size: int | None
    """How many entries there were at least before; None if nobody knows of more."""
    is_signed_by_old: bool
    """Whether the key before it has signed it, too."""

    @property
    def missing(self) -> range:
        """Positions of the record as it was that are known to be missing."""
        return range(self.size, max(self.size, self.known_size or 0))


@dataclass(frozen=True, slots=True)
class Rollback:
    """The record is not the one that was signed, and nobody has declared why."""

    size: int
    signed: int
    """Entries that were signed."""
    sentence: str


def declared(connection: Connection, ledger_id: int) -> tuple[Restore, ...]:
    """Return the declared restores of a record, oldest first."""
    found: list[Restore] = []
    for position, tree in key_entries(connection, ledger_id):
        if tree.get("type") == RESTORE:
            found.append(_restore(position, tree))
        elif tree.get("type") == NEWS:
            found = [_with_news(one, tree) for one in found]
    return tuple(found)


def _restore(position: int, tree: Mapping[str, Any]) -> Restore:
    try:
        known, backup = tree["missing"]["known_size"], tree["backup"]
        return Restore(
            position,
            int(tree["from"]),
            str(tree["root"]),
            str(tree["at"]),
            int(tree["epoch"]),
            str(tree["vkey"]),
            str(backup["name"] or ""),
            str(backup["sha256"] or ""),
            known if isinstance(known, int) else None,
            any(one["vkey"] != tree["vkey"] for one in tree["signatures"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerCorrupt(f"Entry {position} declares no restore: {error!r}.") from error


def _with_news(one: Restore, tree: Mapping[str, Any]) -> Restore:
    position = tree.get("position")
    if tree.get("restore") != one.position or not isinstance(position, int):
        return one
    known = max(one.known_size or 0, position + 1)
    return replace(one, known_size=known if known > one.size else None)


def declare(
    ledger: Ledger,
    *,
    at: datetime,
    by: str,
    size: int | None = None,
    backup: str = "",
    digest: str = "",
    stations: Mapping[str, int] | None = None,
) -> Restore:
    """Enter that a record came out of a backup, and begin another key.

    Done again for the same backup, after a power cut perhaps, it changes nothing.

    Args:
        ledger: The record.
        at: UTC.
        by: Who says so.
        size: Entries that came out of the backup; None: as many as are known to be the same.
        backup: Name of the backup's file, if it is known.
        digest: SHA-256 of the backup's list, if it is known.
        stations: Station → highest position that it was given.

    Raises:
        Refused: If the keys cannot be written, or the record does not take the entry.
        DatabaseBusy: If somebody else is signing.
    """
    folder = key_folder(ledger.database)
    with key_files.only_one(folder, ledger.name):
        remembered = _remembered(ledger)
        with ledger.database.read() as connection:
            known = declared(connection, ledger.ledger_id)
            keys = read_log_keys(connection, ledger.ledger_id)
            reached = _common_size(connection, ledger) if size is None else size
            root = root_at(connection, ledger.ledger_id, reached)
        if not digest or all(one.digest != digest for one in known):
            missing = Missing(remembered.size if remembered else None, stations or {})
            tree = {
                "type": RESTORE,
                "from": reached,
                "root": root.hex(),
                "at": at.isoformat(timespec="microseconds"),
                "backup": {"name": backup, "sha256": digest},
                "missing": {
                    "known_size": missing.known_size(reached),
                    "signed": missing.signed,
                    "stations": dict(missing.stations),
                },
                **_begin_key(folder, ledger, keys),
            }
            name = f"{RESTORE}:{tree['epoch']}:{reached}"
            outcome = ledger.append([Draft("key", name, tree, by=by)])[0]
            if outcome.status != "accepted":
                raise Refused(f"The restore was not entered: {outcome.problem or outcome.status}.")
        _forget(folder, ledger.name, reached)
    with ledger.database.read() as connection:
        return declared(connection, ledger.ledger_id)[-1]


def _begin_key(folder: Path, ledger: Ledger, keys: Sequence[LogKey]) -> dict[str, Any]:
    """Make the key of the new epoch; the one before signs it where it came back, too."""
    old: Signer | None = None
    if keys:
        old = key_files.read_key(key_files.key_file(folder, ledger.name, keys[-1].epoch))
        if old is not None and old.verifier != keys[-1].verifier:
            old = None
    epoch = 1 + max([one.epoch for one in keys] + _epochs(folder, ledger.name), default=0)
    new = Signer.make(ledger.origin)
    key_files.write_key(key_files.key_file(folder, ledger.name, epoch), new)
    signers = [new] if old is None else [old, new]
    return {
        "epoch": epoch,
        "vkey": str(new.verifier),
        "signatures": endorse(epoch, new.verifier, *signers),
    }


def _remembered(ledger: Ledger) -> Checkpoint | None:
    """Return what the signer remembers outside the database; nothing where that is unreadable."""
    with suppress(LedgerCorrupt):
        return LogSigner(ledger).remembered()
    return None


def _common_size(connection: Connection, ledger: Ledger) -> int:
    """Return how many entries are surely those that were signed: nothing was signed after that."""
    size = int(
        connection.execute(
            text("SELECT size FROM ledger WHERE ledger_id = :l"), {"l": ledger.ledger_id}
        ).scalar_one()
    )
    rows = connection.execute(
        text(
            "SELECT size, note FROM checkpoint WHERE ledger_id = :l AND size <= :s "
            "ORDER BY size DESC LIMIT 1"
        ),
        {"l": ledger.ledger_id, "s": size},
    )
    for row in rows:
        with suppress(InvalidNote):
            signed = Checkpoint.parse(parse_note(str(row.note).encode()).text)
            if signed.size and root_at(connection, ledger.ledger_id, signed.size) == signed.root:
                return signed.size
    return size


def _epochs(folder: Path, ledger: str) -> list[int]:
    names = (path.name for path in folder.glob(f"{ledger}-*.key"))
    found = (re.fullmatch(rf"{re.escape(ledger)}-([0-9]{{1,9}})\.key", name) for name in names)
    return [int(one[1]) for one in found if one]


def _forget(folder: Path, ledger: str, size: int) -> None:
    """Put the signer's memory of the lost history aside: it begins anew behind the entry."""
    memory = key_files.memory_file(folder, ledger)
    with suppress(FileNotFoundError):
        memory.replace(memory.with_name(f"{memory.name}.before-{size}"))


def rolled_back(ledger: Ledger) -> Rollback | None:
    """Say whether a record is older than, or another one than, what was signed of it.

    Cheap enough for every start: two sizes and, where the record has grown, one proof.
    """
    try:
        remembered = _remembered(ledger)
        if remembered is None:
            return None
        with ledger.database.read() as connection:
            head = connection.execute(
                text("SELECT size FROM ledger WHERE ledger_id = :l"), {"l": ledger.ledger_id}
            ).one()
            if head.size >= remembered.size:
                root = root_at(connection, ledger.ledger_id, remembered.size)
                if root == remembered.root:
                    return None
    except InvalidNote:
        return None
    return Rollback(
        head.size,
        remembered.size,
        f"This record has {head.size} entries, and {remembered.size} were signed on this PC: it "
        "was put back from an old copy. Nothing is signed until that is declared.",
    )


def news(ledger: Ledger, station: str, position: int) -> bool:
    """Note that somebody had been given a position that the restored record does not know of.

    Returns:
        Whether the record did not know it yet.
    """
    with ledger.database.read() as connection:
        found = declared(connection, ledger.ledger_id)
        said = key_entries(connection, ledger.ledger_id) if found else []
    if not found or position < (found[-1].known_size or found[-1].size):
        return False
    last = found[-1]
    if sum(tree.get("restore") == last.position for _, tree in said) >= NEWS_MAX:
        return False
    name = station[:64]
    tree = {"type": NEWS, "restore": last.position, "station": name, "position": position}
    draft = Draft("key", f"{NEWS}:{last.position}:{name}:{position}", tree, by=name)
    return ledger.append([draft])[0].status == "accepted"
