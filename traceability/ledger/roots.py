"""The root that a record had when it was smaller: what an older signature is held against.

It is read from the tiles that lie beside the entries; the entries themselves are not looked at.
"""

from __future__ import annotations

from sqlalchemy import Connection

from traceability.ledger.proof.proving import Proofs

__all__ = ["root_at"]

_TILES_KEPT = 16


def root_at(connection: Connection, ledger_id: int, size: int) -> bytes:
    """Return the root of the first entries of a record: 32 bytes.

    Args:
        connection: The record's database.
        ledger_id: The record.
        size: How many entries; not more than there are.

    Raises:
        LedgerCorrupt: If a tile that must be there is missing or too short.
    """
    return Proofs(ledger_id, kept_max=_TILES_KEPT).root(connection, size)
