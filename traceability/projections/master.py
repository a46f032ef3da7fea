"""What people told Hangtag beforehand: products, places, orders and their lines, tickets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from traceability.database import MICRO, insert_rows, upsert
from traceability.epcis import body
from traceability.gs1 import key_of
from traceability.projections import tables
from traceability.projections.numbers import Head, Numbers


def apply(
    connection: Connection,
    head: Head,
    numbers: Numbers,
    position: int,
    tree: Mapping[str, Any],
) -> int | None:
    """Keep the newest values of one thing of master data.

    Returns:
        The number of the order that was entered or changed; None for other master data.
    """
    kind, key = str(tree["type"]), key_of(str(tree["id"]))
    values = tree.get("values", {})
    upsert(
        connection,
        tables.master_data,
        [
            {
                "ledger_id": head.ledger_id,
                "type": kind,
                "key": key,
                "value": body.canonical(values).decode(),
                "position": position,
            }
        ],
    )
    if kind != "order":
        return None
    lines = values.get("lines", ())
    products = [key_of(str(line["product"])) for line in lines]
    numbers.learn(
        connection, head, [("order", key), *(("product", product) for product in products)]
    )
    order_no = numbers.of("order", key)
    assert order_no is not None, "the order's name was learnt just above"
    upsert(
        connection,
        tables.order_head,
        [
            {
                "ledger_id": head.ledger_id,
                "order_no": order_no,
                "position": position,
                "due": str(values.get("due", "")),
            }
        ],
    )
    connection.execute(
        text("DELETE FROM order_line WHERE ledger_id = :l AND order_no = :o"),
        {"l": head.ledger_id, "o": order_no},
    )
    insert_rows(
        connection,
        tables.order_line,
        [
            (
                head.ledger_id,
                order_no,
                number,
                numbers.of("product", product),
                int(Decimal(str(line["pieces"])) * MICRO),
            )
            for number, (line, product) in enumerate(zip(lines, products, strict=True))
        ],
    )
    return order_no
