"""Which keys sign for a record, told by the record: each new key is signed by the one before.

The first key stands in an entry signed by itself: whoever wants to rely on it gets it in another
way, too. A key that follows is signed by the key before it and by itself, so that trust in the
first one leads to all of them. Only a key that was lost has a successor without its word.

Source of the form of keys and signatures: C2SP signed-note.

>>> first = Signer.make("mill.example/main", seed=bytes(32))
>>> tree = key_body(1, first)
>>> tree["type"], tree["epoch"], [one["vkey"] == tree["vkey"] for one in tree["signatures"]]
('log-key', 1, [True])
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from traceability.database import rows_by
from traceability.errors import LedgerCorrupt
from traceability.ledger import tables
from traceability.ledger.drafts import Draft
from traceability.ledger.proof.note import ED25519, InvalidNote, Signer, Verifier, decode_base64

LOG_KEY: Final = "log-key"
"""Type of the body of an entry that begins a key."""
RESTORE: Final = "restore"
"""Type of the body of an entry that declares a restore: it begins a key as well."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key that signs for the record from its entry on, until the next one."""

    epoch: int
    """1 for the first, then counted up."""
    verifier: Verifier
    position: int
    """Of its entry."""
    is_vouched_for: bool
    """Whether the key before it has signed it; the first key has none before it."""


def key_statement(epoch: int, verifier: Verifier) -> str:
    """Return the text that is signed, by the old key and by the new one, when a key begins."""
    return f"{LOG_KEY} {epoch}\n{verifier}\n"


def endorse(epoch: int, verifier: Verifier, *signers: Signer) -> list[dict[str, str]]:
    """Return the member `signatures` of the body of an entry that begins a key."""
    statement = key_statement(epoch, verifier)
    return [
        {
            "vkey": str(signer.verifier),
            "signature": b64encode(signer.sign(statement)).decode(),
        }
        for signer in signers
    ]


def key_body(epoch: int, new: Signer, old: Signer | None = None) -> dict[str, Any]:
    """Return the body (JSON) of the entry that begins a key.

    Args:
        epoch: Its number.
        new: The key that begins.
        old: The key before it; None for the first, or if it is lost.
    """
    signers = [new] if old is None else [old, new]
    return {
        "type": LOG_KEY,
        "epoch": epoch,
        "vkey": str(new.verifier),
        "signatures": endorse(epoch, new.verifier, *signers),
    }


def key_draft(epoch: int, new: Signer, old: Signer | None = None) -> Draft:
    """Return the entry that begins a key, to be appended."""
    name = f"{LOG_KEY}:{epoch}:{new.verifier.key_id.hex()}"
    return Draft("key", name, key_body(epoch, new, old))


def read_log_keys(connection: Connection, ledger_id: int) -> tuple[LogKey, ...]:
    """Return every key that has signed for a ledger, in their order.

    Raises:
        LedgerCorrupt: If an entry that begins a key is not signed by that key, or the epochs do
            not count up.
    """
    keys: list[LogKey] = []
    for position, tree in key_entries(connection, ledger_id):
        if tree.get("type") in (LOG_KEY, RESTORE):
            try:
                keys.append(_read(position, tree, keys[-1] if keys else None))
            except (InvalidNote, KeyError, TypeError, ValueError) as error:
                raise LedgerCorrupt(f"Entry {position} begins no key: {error}") from error
    return tuple(keys)


def key_entries(connection: Connection, ledger_id: int) -> list[tuple[int, dict[str, Any]]]:
    """Return position and body (JSON) of every entry of the kind `key`, in their order."""
    positions = connection.execute(
        text("SELECT position FROM landmark WHERE ledger_id = :l AND kind = 'key'"),
        {"l": ledger_id},
    ).scalars()
    rows = rows_by(
        connection,
        tables.body,
        ("position", "body"),
        ledger_id=ledger_id,
        column="position",
        values=list(positions),
    )
    found = []
    for row in sorted(rows, key=lambda one: int(one.position)):
        try:
            tree = json.loads(row.body)
        except ValueError:
            tree = None
        if isinstance(tree, dict):
            found.append((int(row.position), tree))
    return found


def _read(position: int, tree: Mapping[str, Any], before: LogKey | None) -> LogKey:
    epoch, verifier = int(tree["epoch"]), Verifier.parse(tree["vkey"])
    if verifier.algorithm != ED25519 or epoch <= (before.epoch if before else 0):
        raise InvalidNote(f"epoch {epoch} with signature type {verifier.algorithm}.")
    statement = key_statement(epoch, verifier)
    signed = {one["vkey"]: one["signature"] for one in tree["signatures"]}
    verifier.check(statement, decode_base64(signed[str(verifier)]) or b"")
    is_vouched_for = before is not None and str(before.verifier) in signed
    if before is not None and is_vouched_for:
        before.verifier.check(statement, decode_base64(signed[str(before.verifier)]) or b"")
    return LogKey(epoch, verifier, position, is_vouched_for)
