"""Proofs of one record, made to be sent away: of one entry, and of a record that grew on."""

from __future__ import annotations

from base64 import b64encode

from sqlalchemy import Connection, text

from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.entry import Entry
from traceability.ledger.proof.checkpoint import Checkpoint, decimal
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import InvalidNote, parse_note
from traceability.ledger.proof.proof_file import ProofFile
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.proof.signing import LogSigner, latest_note

__all__ = ["entry_of", "prove_continuation", "prove_entry"]

_TILES_KEPT = 64


def entry_of(ledger: Ledger, name: str) -> int:
    """Return the position that a person names: as digits, or by the id of its event.

    Raises:
        Refused: If there is no such entry.
    """
    position = decimal(name)
    with ledger.database.read() as connection:
        if position is None:
            position = connection.execute(
                text(
                    "SELECT position FROM event_id WHERE ledger_id = :l AND event_id = :i "
                    "ORDER BY declared_at LIMIT 1"
                ),
                {"l": ledger.ledger_id, "i": name},
            ).scalar()
            if position is None:
                raise Refused(f"No entry of the ledger {ledger.name!r} has the id {name[:80]!r}.")
    size = ledger.size
    if position >= size:
        raise Refused(
            f"The ledger {ledger.name!r} has {size} entries, from 0 to {size - 1}: there is no "
            f"position {position}."
        )
    return int(position)


def prove_entry(
    ledger: Ledger, signer: LogSigner, position: int
) -> tuple[ProofFile, Checkpoint, Entry]:
    """Prove that an entry stands in the newest size that was signed; sign if none has it yet.

    Returns:
        The proof with the entry in it, what was signed, and the entry.

    Raises:
        LedgerCorrupt: If what is stored does not lead from the entry to the signed root.
        TraceabilityError: As for `LogSigner.sign`.
    """
    with ledger.database.read() as connection:
        note = latest_note(connection, ledger.ledger_id)
    if note is None or _signed(note).size <= position:
        note = signer.sign()
    signed = _signed(note)
    with ledger.database.read() as connection:
        entry = _entry(connection, ledger.ledger_id, position)
        proofs = Proofs(ledger.ledger_id, kept_max=_TILES_KEPT)
        hashes = proofs.inclusion(connection, position, signed.size)
        keys = [key.verifier for key in read_log_keys(connection, ledger.ledger_id)]
    proof = ProofFile(position, tuple(hashes), note, entry)
    try:
        proof.verify(entry, keys, origin=ledger.origin)
    except InvalidNote as error:
        raise LedgerCorrupt(
            f"Entry {position} cannot be proven, hangtag ledger verify says why: {error}"
        ) from error
    return proof, signed, Entry.parse(entry)


def prove_continuation(ledger: Ledger, signer: LogSigner, older: int) -> tuple[bytes, Checkpoint]:
    """Prove that the ledger as it is now continues the one of an older size; sign it.

    Returns:
        The proof as a witness is sent it: ``old SIZE``, the hashes in base64, an empty line, the
        signed checkpoint; and what was signed.

    Raises:
        Refused: If it was never that large.
        TraceabilityError: As for `LogSigner.sign`.

    Source: C2SP tlog-witness, section "add-checkpoint".
    """
    note = signer.sign()
    signed = _signed(note)
    if older > signed.size:
        raise Refused(
            f"The ledger {ledger.name!r} has {signed.size} entries: it does not continue one of "
            f"{older}."
        )
    with ledger.database.read() as connection:
        proofs = Proofs(ledger.ledger_id, kept_max=_TILES_KEPT)
        hashes = proofs.consistency(connection, older, signed.size)
    lines = [f"old {older}", *(b64encode(item).decode() for item in hashes)]
    return ("\n".join(lines) + "\n\n").encode() + note, signed


def _signed(note: bytes) -> Checkpoint:
    return Checkpoint.parse(parse_note(note).text)


def _entry(connection: Connection, ledger_id: int, position: int) -> bytes:
    entry = connection.execute(
        text("SELECT entry FROM entry WHERE ledger_id = :l AND position = :p"),
        {"l": ledger_id, "p": position},
    ).scalar()
    if entry is None:
        raise LedgerCorrupt(f"Entry {position} is missing.")
    return bytes(entry)
