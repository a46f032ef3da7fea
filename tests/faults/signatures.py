"""What was signed for a ledger: each signature is good, for one history, and none is forgotten."""

from __future__ import annotations

from sqlalchemy import text

from tests.faults.shelf import Place
from traceability.ledger.proof import key_files
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import open_note
from traceability.ledger.proof.proving import Proofs


def signatures_of(place: Place) -> list[str]:
    """Return what is wrong with a ledger's signatures; nothing if all is well."""
    ledger = place.open()
    found = []
    with ledger.database.read() as connection:
        rows = connection.execute(
            text("SELECT size, note FROM checkpoint WHERE ledger_id = :l ORDER BY size"),
            {"l": ledger.ledger_id},
        ).all()
        keys = [key.verifier for key in read_log_keys(connection, ledger.ledger_id)]
        for row in rows:
            opened = open_note(row.note.encode(), keys)
            signed = Checkpoint.parse(opened.text)
            if signed.size != row.size:
                found.append(f"Beside size {row.size} lies a signature for {signed.size}.")
            if Proofs(ledger.ledger_id).root(connection, signed.size) != signed.root:
                found.append(f"What was signed at {signed.size} is another history.")
    folder = key_files.key_folder(ledger.database)
    memory = key_files.memory_file(folder, ledger.name)
    remembered = Checkpoint.parse(open_note(memory.read_bytes(), keys).text)
    if not rows or remembered.size != rows[-1].size:
        found.append(f"The signer remembers {remembered.size}, the last signature is another.")
    ledger.database.close()
    return found
