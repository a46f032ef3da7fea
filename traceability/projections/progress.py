"""How far is an order: made of total at each stage, and since when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text

from traceability.database import MICRO
from traceability.flow import Stage
from traceability.projections import tables
from traceability.projections.view import Label, Values, View, moment


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One stage of one order."""

    stage: Stage
    done: Decimal
    total: Decimal
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineProgress:
    """One product of an order."""

    product: Label
    values: Values
    """Master data of the product: style, colour, swatch, size."""
    ordered: Decimal
    done: dict[str, Decimal]
    """Pieces by stage name."""


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as staff and its customer see it."""

    label: Label
    values: Values
    ordered: Decimal
    lines: list[LineProgress]
    stages: list[StageProgress]

    @property
    def finished(self) -> Decimal:
        """Pieces that have passed the last stage."""
        return self.stages[-1].done if self.stages else Decimal()


def orders(view: View) -> list[OrderCard]:
    """Return every order, soonest due first."""
    numbers = [
        row.order_no
        for row in view.connection.execute(
            text("SELECT order_no FROM order_head WHERE ledger_id = :l ORDER BY due, order_no"),
            {"l": view.ledger_id},
        )
    ]
    return [_card(view, no) for no in numbers]


def order(view: View, key: str) -> OrderCard | None:
    """Return one order by its key; None if nobody entered it."""
    number = view.number("order", key)
    if number is None or not view.master("order", [key]):
        return None
    return _card(view, number)


def _card(view: View, order_no: int) -> OrderCard:
    where = {"l": view.ledger_id, "o": order_no}
    line = tables.order_line.c
    lines = view.connection.execute(
        text(
            "SELECT product_no, ordered FROM order_line WHERE ledger_id = :l AND order_no = :o "
            "ORDER BY line"
        ).columns(line.product_no, line.ordered),
        where,
    ).all()
    column = tables.progress.c
    done: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in view.connection.execute(
        text(
            "SELECT product_no, stage_no, quantity FROM progress "
            "WHERE ledger_id = :l AND order_no = :o AND quantity <> 0"
        ).columns(column.product_no, column.stage_no, column.quantity),
        where,
    ):
        done[row.product_no][row.stage_no] += Decimal(row.quantity) / MICRO
    name = view.names([order_no, *(row.product_no for row in lines), *done])
    key = name[order_no]
    values = view.master("order", [key])[key]
    products = [name[row.product_no] for row in lines]
    master = view.master("product", products)
    label = view.labels([key, *products])
    ordered = sum((Decimal(row.ordered) / MICRO for row in lines), Decimal())
    stages = [stage for stage in view.flow.stages if _counts_pieces(view, stage)]
    times = _times(view, order_no)
    return OrderCard(
        label=label[key],
        values=values,
        ordered=ordered,
        lines=[
            LineProgress(
                product=label[product],
                values=master.get(product, {}),
                ordered=Decimal(row.ordered) / MICRO,
                done={stage.name: done[row.product_no][stage.number] for stage in stages},
            )
            for row, product in zip(lines, products, strict=True)
        ],
        stages=[
            StageProgress(
                stage,
                sum((by_stage[stage.number] for by_stage in done.values()), Decimal()),
                ordered,
                *times.get(stage.number, (None, None)),
            )
            for stage in stages
        ],
    )


def _counts_pieces(view: View, stage: Stage) -> bool:
    kinds = {kind.name: kind for kind in view.flow.kinds}
    return any(name in kinds and not kinds[name].unit for name in stage.counts)


def _times(view: View, order_no: int) -> dict[int, tuple[datetime, datetime]]:
    """Return first and last event time at each stage, of what belongs to the order now."""
    rows = view.connection.execute(
        text(
            "SELECT t.stage_no, min(t.event_at) AS first_at, max(t.event_at) AS last_at "
            "FROM item i CROSS JOIN touch t "
            "WHERE i.ledger_id = :l AND i.order_no = :o AND i.order_no IS NOT NULL "
            "AND t.ledger_id = :l AND t.item_no = i.item_no "
            "AND t.void_position IS NULL AND t.stage_no IS NOT NULL AND t.role <> 9 "
            "GROUP BY t.stage_no"
        ),
        {"l": view.ledger_id, "o": order_no},
    )
    return {row.stage_no: (moment(row.first_at), moment(row.last_at)) for row in rows}
