"""Forgetting what was written: a personal value beside the record, or the words of a whole entry.

The record says that something went, by an entry of its own; every proof stays what it was. Bodies
only commit to personal values, and entries only to bodies, each through a salt that goes with what
it salted: nobody can try out names against the commitment. What an erased entry says of things,
places, times and amounts is kept in the entry that erased it, and is read from there.

>>> draft = erasure_draft("//w.invalid/obj/W-10006", ["name"], by="admin")
>>> draft.kind, draft.tree["fields"]
('erasure', ['//w.invalid/obj/W-10006:name'])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, text

from traceability.database import delete_by, insert_rows, rows_by, wiping
from traceability.epcis import body as bodies
from traceability.epcis.redaction import redacted
from traceability.errors import Refused
from traceability.ledger import tables
from traceability.ledger.drafts import Draft
from traceability.ledger.entry import Entry
from traceability.ledger.tiles import INDEX_MAX

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

__all__ = ["body_erasure", "erase", "erase_bodies", "erasure_draft"]

REASON_LENGTH_MAX = 500
"""Characters; the reason stands in the record for ever."""
_KEPT = {
    "hold": ("type", "id", "things"),
    "gap": ("type", "reader", "station", "from", "to"),
}
"""Members that are left of entries that are no events."""


def erasure_draft(key: str, names: Sequence[str], *, by: str) -> Draft:
    """Have personal values of one thing forgotten, every one that was ever entered.

    Args:
        key: Key of the person or thing.
        names: Names of the values, as they were given to `Draft.private`.
        by: Who asks for it.
    """
    tree = {"type": "erasure", "id": key, "fields": [f"{key}:{name}" for name in names]}
    return Draft("erasure", f"erasure:{key[:300]}:{uuid4()}", tree, by=by)


def erase_bodies(
    ledger: Ledger, positions: Sequence[int], *, reason: str = "", by: str
) -> dict[int, int]:
    """Have the words of entries forgotten: bodies, salts, and the originals that senders sent.

    All are looked at before the first one goes.

    Args:
        ledger: The ledger; its server appends meanwhile.
        positions: Of the entries.
        reason: Why; it stays in the record, so nothing personal.
        by: Who asks for it.

    Returns:
        The position of the erasure by the position of the erased entry.

    Raises:
        Refused: If there is no such entry, it was erased already, or it cannot be.
    """
    with ledger.database.read() as connection:
        drafts = [
            body_erasure(connection, ledger.ledger_id, position, reason=reason, by=by)
            for position in dict.fromkeys(positions)
        ]
    outcomes = ledger.append(drafts)
    found = {}
    for draft, outcome in zip(drafts, outcomes, strict=True):
        if outcome.position is None:
            raise Refused(outcome.problem or f"{draft.id} was not entered.")
        found[int(draft.tree["positions"][0])] = outcome.position
    return found


def body_erasure(
    connection: Connection, ledger_id: int, position: int, *, reason: str = "", by: str
) -> Draft:
    """Make the entry that erases the words of another and carries what stays of it.

    Raises:
        Refused: If there is no such entry, it was erased already, or it cannot be.
    """
    if len(reason) > REASON_LENGTH_MAX:
        raise Refused(f"A reason has at most {REASON_LENGTH_MAX} characters, got {len(reason)}.")
    if not 0 <= position <= INDEX_MAX:
        raise Refused(f"There is no entry at position {position}.")
    row = connection.execute(
        text(
            "SELECT e.entry, b.body FROM entry e LEFT JOIN body b ON b.ledger_id = e.ledger_id "
            "AND b.position = e.position WHERE e.ledger_id = :l AND e.position = :p"
        ),
        {"l": ledger_id, "p": position},
    ).first()
    if row is None:
        raise Refused(f"There is no entry at position {position}.")
    entry = Entry.parse(bytes(row.entry))
    if row.body is None:
        raise Refused(f"The body of entry {position} is gone already.")
    tree: dict[str, Any] = {
        "type": "erasure",
        "positions": [position],
        "redacted": [_left(position, entry.kind, bodies.parse(bytes(row.body)))],
    }
    if reason:
        tree["reason"] = reason
    if entry.document is not None:
        tree["documents"] = [entry.document.hex()]
    return Draft("erasure", f"erasure:body:{position}:{uuid4()}", tree, by=by)


def _left(position: int, kind: str, tree: Any) -> Mapping[str, Any]:
    if kind in ("event", "declaration"):
        return redacted(tree)
    if kind in _KEPT:
        return {name: tree[name] for name in _KEPT[kind] if name in tree}
    instead = {
        "master": "enter the thing anew without it, and erase its personal values",
        "flow": "a flow has no personal words in it",
        "key": "every signature is checked with it",
        "erasure": "it carries what is read instead of another entry",
    }
    raise Refused(
        f"Entry {position} is of kind {kind!r} and cannot be erased: {instead.get(kind, kind)}."
    )


def erase(connection: Connection, ledger_id: int, position: int, tree: Mapping[str, Any]) -> None:
    """Carry out an erasure: what was entered before it goes, what is entered later stays.

    Args:
        connection: The append's transaction.
        ledger_id: The ledger.
        position: Position of the erasure.
        tree: Its body.
    """
    if "fields" in tree:
        _erase_values(connection, ledger_id, position, {str(name) for name in tree["fields"]})
    erased = [int(one) for one in tree.get("positions", ()) if int(one) < position]
    if erased:
        _erase_bodies(connection, ledger_id, position, erased)
        documents = [bytes.fromhex(str(one)) for one in tree.get("documents", ())]
        with wiping(connection):
            for digest in documents:
                document = tables.document
                connection.execute(
                    document.delete().where(
                        document.c.ledger_id == ledger_id, document.c.sha256 == digest
                    )
                )


def _erase_bodies(
    connection: Connection, ledger_id: int, position: int, erased: Sequence[int]
) -> None:
    known = {
        row.erased
        for row in rows_by(
            connection,
            tables.erasure,
            ("erased",),
            ledger_id=ledger_id,
            column="erased",
            values=erased,
        )
    }
    # Two who erase the same at once: the first one stands, the other changes nothing.
    new = [(ledger_id, one, position) for one in dict.fromkeys(erased) if one not in known]
    insert_rows(connection, tables.erasure, new)
    entries = rows_by(
        connection,
        tables.entry,
        ("entry",),
        ledger_id=ledger_id,
        column="position",
        values=erased,
    )
    kept_aside = rows_by(
        connection,
        tables.conflict,
        ("conflict_no",),
        ledger_id=ledger_id,
        column="event_id",
        values=[Entry.parse(bytes(row.entry)).id for row in entries],
        index="conflict_event",
    )
    with wiping(connection):
        delete_by(
            connection, tables.body, ledger_id=ledger_id, column="position", values=set(erased)
        )
        delete_by(
            connection,
            tables.conflict,
            ledger_id=ledger_id,
            column="conflict_no",
            values={row.conflict_no for row in kept_aside},
        )


def _erase_values(connection: Connection, ledger_id: int, position: int, wanted: set[str]) -> None:
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
    with wiping(connection):
        delete_by(connection, tables.private, ledger_id=ledger_id, column="position", values=places)
    insert_rows(connection, tables.private, kept)
