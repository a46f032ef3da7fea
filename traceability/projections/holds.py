"""Stop them: things that must not move until quality sets them free again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from traceability.database import delete_by, insert_rows, rows_by, upsert, wiping
from traceability.projections import tables
from traceability.projections.world import Item


def apply(
    connection: Connection,
    ledger_id: int,
    position: int,
    at: int,
    tree: Mapping[str, Any],
    found: dict[str, Item],
) -> set[int]:
    """Open or release a hold.

    Args:
        connection: The append's transaction.
        ledger_id: The ledger.
        position: Position of the entry.
        at: Microseconds since 1970.
        tree: Body of the entry: ``type`` "hold" or "release", ``id``, ``reason``, ``contact``,
            ``things`` (keys). A release without things frees all of the hold.
        found: The things named, by key; those of a release of all are added.

    Returns:
        Numbers of the found things that some hold still stops.
    """
    hold_id = str(tree["id"])
    if tree["type"] == "hold":
        upsert(
            connection,
            tables.hold,
            [
                {
                    "ledger_id": ledger_id,
                    "hold_id": hold_id,
                    "reason": str(tree.get("reason", "")),
                    "contact": str(tree.get("contact", "")),
                    "held_at": at,
                    "position": position,
                    "released_position": None,
                }
            ],
        )
        upsert(
            connection,
            tables.hold_item,
            [
                {"ledger_id": ledger_id, "item_no": item.item_no, "hold_id": hold_id}
                for item in found.values()
            ],
        )
    else:
        _release(connection, ledger_id, position, hold_id, found)
    rows = rows_by(
        connection,
        tables.hold_item,
        ("item_no",),
        ledger_id=ledger_id,
        column="item_no",
        values={item.item_no for item in found.values()},
    )
    return {row.item_no for row in rows}


def forget(connection: Connection, ledger_id: int, positions: Iterable[int]) -> None:
    """Blank the words of the holds that these entries began: their bodies were erased."""
    rows = [{"l": ledger_id, "p": position} for position in positions]
    if rows:
        blank = "UPDATE hold SET reason = '', contact = '' WHERE ledger_id = :l AND position = :p"
        with wiping(connection):
            connection.execute(text(blank), rows)


def _release(
    connection: Connection,
    ledger_id: int,
    position: int,
    hold_id: str,
    found: dict[str, Item],
) -> None:
    of_hold = tables.hold_item.select().where(
        tables.hold_item.c.ledger_id == ledger_id, tables.hold_item.c.hold_id == hold_id
    )
    stopped = {row.item_no for row in connection.execute(of_hold)}
    if not found:
        for row in rows_by(
            connection,
            tables.item,
            tuple(Item.__struct_fields__),
            ledger_id=ledger_id,
            column="item_no",
            values=stopped,
        ):
            found[row.key] = Item(*row)
    freed = stopped & {item.item_no for item in found.values()}
    others = [
        (ledger_id, row.item_no, row.hold_id)
        for row in rows_by(
            connection,
            tables.hold_item,
            ("item_no", "hold_id"),
            ledger_id=ledger_id,
            column="item_no",
            values=freed,
        )
        if row.hold_id != hold_id
    ]
    delete_by(connection, tables.hold_item, ledger_id=ledger_id, column="item_no", values=freed)
    insert_rows(connection, tables.hold_item, others)
    if freed == stopped:
        connection.execute(
            text("UPDATE hold SET released_position = :p WHERE ledger_id = :l AND hold_id = :h"),
            {"p": position, "l": ledger_id, "h": hold_id},
        )
