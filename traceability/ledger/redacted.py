"""What is read in the place of a body that was erased: the words that its erasure left of it.

Whoever reads a body asks here, so that the floor, the pages and a rebuild see the same of an erased
entry. An erasure cannot be erased itself, so the search ends after one step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent
from traceability.ledger import tables

__all__ = ["bodies_at", "erased_by", "left_of", "read_redacted"]


def bodies_at(
    connection: Connection, ledger_id: int, positions: Collection[int]
) -> dict[int, bytes]:
    """Return the bodies at some positions as they are to be read, by position.

    An erased one comes as its erasure left it; one that is lost, or never was, is left out.
    """
    found = {
        row.position: bytes(row.body)
        for row in rows_by(
            connection,
            tables.body,
            ("position", "body"),
            ledger_id=ledger_id,
            column="position",
            values=positions,
        )
    }
    missing = [position for position in positions if position not in found]
    return found | read_redacted(connection, ledger_id, missing) if missing else found


def read_redacted(
    connection: Connection, ledger_id: int, positions: Collection[int]
) -> dict[int, bytes]:
    """Return what erasures left of bodies, by the position of the erased entry."""
    by = {
        row.erased: row.position
        for row in rows_by(
            connection,
            tables.erasure,
            ("erased", "position"),
            ledger_id=ledger_id,
            column="erased",
            values=positions,
        )
    }
    trees = {
        row.position: _tree(row.body)
        for row in rows_by(
            connection,
            tables.body,
            ("position", "body"),
            ledger_id=ledger_id,
            column="position",
            values=set(by.values()),
        )
    }
    found = {erased: left_of(trees.get(position, {}), erased) for erased, position in by.items()}
    return {erased: bodies.canonical(tree) for erased, tree in found.items() if tree is not None}


def erased_by(connection: Connection, ledger_id: int, position: int) -> int | None:
    """Return which entry erased the body at a position and says so itself; None if none did."""
    if position not in read_redacted(connection, ledger_id, [position]):
        return None
    rows = rows_by(
        connection,
        tables.erasure,
        ("position",),
        ledger_id=ledger_id,
        column="erased",
        values=[position],
    )
    return int(rows[0].position)


def left_of(erasure: Mapping[str, Any], position: int) -> Mapping[str, Any] | None:
    """Return what the body of an erasure leaves of the body at a position, None if it is not it.

    >>> left_of({"type": "erasure", "positions": [7], "redacted": [{"type": "gap"}]}, 7)
    {'type': 'gap'}
    """
    positions, left = erasure.get("positions"), erasure.get("redacted")
    if erasure.get("type") != "erasure" or not isinstance(positions, list):
        return None
    if position not in positions or not isinstance(left, list) or len(left) != len(positions):
        return None
    tree = left[positions.index(position)]
    return tree if isinstance(tree, Mapping) else None


def _tree(body: bytes) -> dict[str, Any]:  # JSON; empty where somebody spoilt it
    try:
        tree = bodies.parse(body)
    except (InvalidEvent, TypeError):
        return {}
    return dict(tree) if isinstance(tree, dict) else {}
