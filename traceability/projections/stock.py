"""What is there, where, in which state: live stock, and the touches behind each figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, text

from traceability.database import MICRO, rows_by
from traceability.projections import tables
from traceability.projections.view import Label, View, moment


@dataclass(frozen=True, slots=True)
class StockLine:
    """One figure of stock."""

    place: Label
    product: Label
    step: str
    disposition: str
    uom: str
    """Empty for pieces, else MTR, YRD, KGM …"""
    quantity: Decimal
    """Below zero is shown as it is: a difference to sort out."""
    numbers: tuple[int, int, int, int]
    """For ``why_stock`` within the same view only."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is part of a figure, and the entry that put it there."""

    thing: Label
    quantity: Decimal
    at: datetime
    position: int
    is_inferred: bool


def stock(view: View, *, place: str | None = None, product: str | None = None) -> list[StockLine]:
    """Return all stock, or that of one place or product (keys), by place and product name."""
    column = tables.stock.c
    query = select(tables.stock).where(column.ledger_id == view.ledger_id, column.quantity != 0)
    query = query.order_by(*tables.stock.primary_key)
    for kind, key in (("place", place), ("product", product)):
        if key is not None:
            number = view.number(kind, key)
            if number is None:
                return []
            query = query.where(column[f"{kind}_no"] == number)
    rows = view.connection.execute(query).all()
    name = view.names([no for row in rows for no in row[1:5]])
    label = view.labels([name[no] for row in rows for no in row[1:3]])
    lines = [
        StockLine(
            place=label[name[row.place_no]],
            product=label[name[row.product_no]],
            step=name[row.step_no],
            disposition=name[row.disposition_no],
            uom=row.uom,
            quantity=Decimal(row.quantity) / MICRO,
            numbers=(row.place_no, row.product_no, row.step_no, row.disposition_no),
        )
        for row in rows
    ]
    lines.sort(key=lambda line: (line.place.name, line.product.name, line.step))
    return lines


def why_stock(view: View, line: StockLine, *, limit: int = 50) -> list[Reason]:
    """Return the things behind a figure with the latest entry of each, newest first.

    Args:
        view: The same view that gave the line.
        line: The figure.
        limit: At most so many things; the newest ones.
    """
    place_no, product_no, step_no, disposition_no = line.numbers
    rows = view.connection.execute(
        text(
            "SELECT item_no, key, quantity, flags FROM item WHERE ledger_id = :l "
            "AND place_no = :p AND product_no = :g AND step_no = :s AND disposition_no = :d "
            "AND uom = :u AND is_active ORDER BY item_no DESC LIMIT :n"
        ).columns(
            tables.item.c.item_no, tables.item.c.key, tables.item.c.quantity, tables.item.c.flags
        ),
        {
            "l": view.ledger_id,
            "p": place_no,
            "g": product_no,
            "s": step_no,
            "d": disposition_no,
            "u": line.uom,
            "n": limit,
        },
    ).all()
    latest = latest_touches(view, [row.item_no for row in rows])
    labels = view.labels([row.key for row in rows])
    reasons = [
        Reason(
            thing=labels[row.key],
            quantity=Decimal(row.quantity) / MICRO,
            at=moment(latest[row.item_no][0]),
            position=latest[row.item_no][1],
            is_inferred=bool(row.flags & 1),
        )
        for row in rows
        if row.item_no in latest
    ]
    return sorted(reasons, key=lambda reason: reason.at, reverse=True)


def latest_touches(view: View, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """Return time (µs) and position of the latest touch that counts, for each item."""
    latest: dict[int, tuple[int, int]] = {}
    for row in rows_by(
        view.connection,
        tables.touch,
        ("item_no", "event_at", "position"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
        where="t.void_position IS NULL",
    ):
        latest[row.item_no] = max(latest.get(row.item_no, (0, 0)), (row.event_at, row.position))
    return latest
