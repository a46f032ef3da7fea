"""Forgetting a personal value: it goes from beside the record, and the record says that it went.

The bodies only commit to personal values, each through a salt of its own, so every proof stays
what it was. With the value its salt goes: nobody can try out names against the commitment.

>>> draft = erasure_draft("//w.invalid/obj/W-10006", ["name"], by="admin")
>>> draft.kind, draft.tree["fields"]
('erasure', ['//w.invalid/obj/W-10006:name'])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from traceability.database import insert_rows, rows_by, wipe_by
from traceability.ledger import tables
from traceability.ledger.drafts import Draft

__all__ = ["erase", "erasure_draft"]


def erasure_draft(key: str, names: Sequence[str], *, by: str) -> Draft:
    """Have personal values of one thing forgotten, every one that was ever entered.

    Args:
        key: Key of the person or thing.
        names: Names of the values, as they were given to `Draft.private`.
        by: Who asks for it.
    """
    tree = {"type": "erasure", "id": key, "fields": [f"{key}:{name}" for name in names]}
    return Draft("erasure", f"erasure:{key[:300]}:{uuid4()}", tree, by=by)


def erase(connection: Connection, ledger_id: int, position: int, tree: Mapping[str, Any]) -> None:
    """Carry out an erasure: what was entered before it goes, what is entered later stays.

    Args:
        connection: The append's transaction.
        ledger_id: The ledger.
        position: Position of the erasure.
        tree: Its body.
    """
    wanted = {str(name) for name in tree.get("fields", ())}
    # A few names in a table as small as the workshop's staff: no index of fields is kept for it.
    listed = connection.execute(
        tables.private.select()
        .with_only_columns(tables.private.c.position, tables.private.c.field)
        .where(tables.private.c.ledger_id == ledger_id, tables.private.c.position < position)
    )
    places = {row.position for row in listed if row.field in wanted}
    kept = [
        tuple(row)
        for row in rows_by(
            connection,
            tables.private,
            ("ledger_id", "position", "field", "salt", "value"),
            ledger_id=ledger_id,
            column="position",
            values=places,
        )
        if row.field not in wanted
    ]
    wipe_by(connection, tables.private, ledger_id=ledger_id, column="position", values=places)
    insert_rows(connection, tables.private, kept)
