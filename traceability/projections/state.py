"""The whole state of a ledger as rows that mean the same in every database, and their hash.

Rows are spelled with keys: no positions, record times or interned numbers. Two ledgers that hold
the same events have the same hash, in whatever order and grouping the events came.

A row is a JSON array on one line, and the state hash is the sum of the rows' SHA-256 modulo 2^256:

    ["item", key, kind, form, product, place, step, disposition, container, active, quantity,
     consumed, unit, stages, order, flags]
    ["stock", place, product, step, disposition, unit, quantity]
    ["progress", order, product, stage, quantity]
    ["stay", child, from_at, from_tie, parent, to_at, to_tie]

Missing text is ""; quantities are plain decimals without trailing zeros; flags are names in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, select

from traceability.database import MICRO
from traceability.projections import tables
from traceability.projections.touches import Form
from traceability.projections.world import (
    BEGUN,
    BELOW_ZERO,
    INFERRED,
    LOOP,
    ORDERS,
    UNBORN,
    UNIT,
)

FORMS = {
    Form.THING: "thing",
    Form.LOT: "lot",
    Form.HOLDING_AT_PLACE: "holding",
    Form.HOLDING_IN_CONTAINER: "holding",
}
FLAGS = (
    (BELOW_ZERO, "below_zero"),
    (INFERRED, "inferred"),
    (LOOP, "loop"),
    (ORDERS, "orders"),
    (UNBORN, "unborn"),
    (UNIT, "unit"),
)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the prompt projections hold, by keys."""

    items: dict[str, tuple[object, ...]]
    stock: dict[tuple[str, ...], str]
    progress: dict[tuple[str, str, int], str]
    stays: dict[tuple[str, int, int], tuple[object, ...]]
    hash: str


def plain(micro: int) -> str:
    """Write millionths as a plain decimal.

    >>> plain(92_500_000), plain(-1), plain(0)
    ('92.5', '-0.000001', '0')
    """
    whole, part = divmod(abs(micro), MICRO)
    text = f"{whole}.{part:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if micro < 0 else text


def flag_names(flags: int) -> str:
    """Write the flags of an item that belong to its state."""
    return " ".join(name for bit, name in FLAGS if flags & bit)


def read_state(connection: Connection, ledger_id: int) -> State:
    """Read the whole state; for checks, not for pages: it holds every row in memory."""
    items: dict[str, tuple[object, ...]] = {}
    stock: dict[tuple[str, ...], str] = {}
    progress: dict[tuple[str, str, int], str] = {}
    stays: dict[tuple[str, int, int], tuple[object, ...]] = {}
    total = 0
    for row in state_rows(connection, ledger_id):
        total += row_digest(row)
        kind, *rest = row
        if kind == "item":
            items[str(rest[0])] = tuple(rest[1:])
        elif kind == "stock":
            stock[tuple(str(one) for one in rest[:-1])] = str(rest[-1])
        elif kind == "progress":
            progress[str(rest[0]), str(rest[1]), int(str(rest[2]))] = str(rest[3])
        else:
            stays[str(rest[0]), int(str(rest[1])), int(str(rest[2]))] = tuple(rest[3:])
    return State(items, stock, progress, stays, f"{total % 2**256:064x}")


def row_digest(row: tuple[object, ...]) -> int:
    """Return the number that a row adds to the state hash."""
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(sha256(line.encode()).digest(), "big")


def state_hash(connection: Connection, ledger_id: int) -> str:
    """Compute the state hash row by row, 64 hex digits."""
    total = sum(row_digest(row) for row in state_rows(connection, ledger_id))
    return f"{total % 2**256:064x}"


def state_rows(connection: Connection, ledger_id: int) -> Iterator[tuple[object, ...]]:
    """Yield every row of the state."""
    name = {
        row.no: row.text
        for row in connection.execute(
            select(tables.name.c.no, tables.name.c.text).where(tables.name.c.ledger_id == ledger_id)
        )
    }
    name[0] = ""
    item = tables.item.c
    key = {
        row.item_no: row.key
        for row in connection.execute(
            select(item.item_no, item.key).where(item.ledger_id == ledger_id)
        )
    }
    for row in connection.execute(tables.item.select().where(item.ledger_id == ledger_id)):
        if row.flags & BEGUN:
            yield (
                "item",
                row.key,
                name[row.kind_no],
                FORMS[Form(row.form)],
                name[row.product_no],
                name[row.place_no],
                name[row.step_no],
                name[row.disposition_no],
                key[row.container_no] if row.container_no is not None else "",
                bool(row.is_active),
                plain(row.quantity),
                plain(row.consumed),
                row.uom,
                row.stages_reached,
                name[row.order_no] if row.order_no is not None else "",
                flag_names(row.flags),
            )
    stock = tables.stock
    for row in connection.execute(stock.select().where(stock.c.ledger_id == ledger_id)):
        if row.quantity:
            numbers = (row.place_no, row.product_no, row.step_no, row.disposition_no)
            yield ("stock", *(name[no] for no in numbers), row.uom, plain(row.quantity))
    progress = tables.progress
    for row in connection.execute(progress.select().where(progress.c.ledger_id == ledger_id)):
        if row.quantity:
            order, product = name[row.order_no], name[row.product_no]
            yield ("progress", order, product, row.stage_no, plain(row.quantity))
    stay = tables.containment
    for row in connection.execute(stay.select().where(stay.c.ledger_id == ledger_id)):
        yield (
            "stay",
            key[row.child_no],
            row.from_at,
            row.from_tie,
            key[row.parent_no],
            "" if row.to_at is None else row.to_at,
            "" if row.to_tie is None else row.to_tie,
        )
