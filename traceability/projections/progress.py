"""How far is an order: made of total at each stage, and who else waits where it waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import text

from traceability.database import MICRO, rows_by
from traceability.flow import Kind, Stage
from traceability.projections import tables
from traceability.projections.board import leaving_stage
from traceability.projections.steps import Step, steps
from traceability.projections.view import Label, Values, View

ORDERS_MAX = 1_000
"""Orders looked at for a list, the newest entered first."""

Standing = Literal["late", "due", "done", "left", "work", "new"]
"""Promised day passed and not all out; promised today; all arrived; all out; begun; not begun."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in a list."""

    label: Label
    values: Values
    due: date | None
    ordered: Decimal
    made: Mapping[int, Decimal]
    """Pieces by stage number, of the stages that count pieces."""
    begun: Decimal
    left: Decimal
    """Pieces that have left the house."""
    finished: Decimal
    """Pieces that have passed the last stage."""

    def standing(self, today: date) -> Standing:
        """Say in one word how the order stands on a day of the factory's calendar."""
        if self.finished >= self.ordered > 0:
            return "done"
        if self.left >= self.ordered > 0:
            return "left"
        if self.due is not None and self.due <= today:
            return "late" if self.due < today else "due"
        return "work" if self.begun else "new"


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One stage of one order."""

    stage: Stage
    kind: Kind | None
    """What is counted if not pieces: rolls where cloth comes in."""
    done: Decimal
    total: Decimal
    first_at: datetime | None
    """When the first of them came to this stage."""
    last_at: datetime | None
    """When the last one so far did; seeing a thing again does not move it."""

    @property
    def is_done(self) -> bool:
        """Say whether everything is through."""
        return self.done >= self.total > 0


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
class Queue:
    """Where an order stands among those that wait at the same stage, by promised day."""

    stage: Stage
    waiting: Decimal
    """Pieces of this order that have not come to the stage."""
    place: int
    """1 for the order promised first."""
    count: int


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as staff and its customer see it."""

    label: Label
    values: Values
    due: date | None
    ordered: Decimal
    lines: list[LineProgress]
    stages: list[StageProgress]
    steps: list[Step]
    """What came to which stage when, oldest first: the sums by stage are the figures above."""

    @property
    def counted(self) -> list[StageProgress]:
        """The stages that count pieces."""
        return [one for one in self.stages if one.kind is None]

    @property
    def finished(self) -> Decimal:
        """Pieces that have passed the last stage."""
        return self.counted[-1].done if self.counted else Decimal()

    @property
    def is_done(self) -> bool:
        """Say whether every piece has passed the last stage."""
        return self.finished >= self.ordered > 0


def orders(view: View) -> list[OrderRow]:
    """Return the orders, soonest due first; the newest thousand that were entered."""
    heads = view.connection.execute(
        text(
            "SELECT order_no, due FROM order_head WHERE ledger_id = :l "
            "ORDER BY order_no DESC LIMIT :n"
        ),
        {"l": view.ledger_id, "n": ORDERS_MAX},
    ).all()
    numbers = [row.order_no for row in heads]
    ordered: dict[int, Decimal] = defaultdict(Decimal)
    for row in _of_orders(view, tables.order_line, ("order_no", "ordered"), numbers):
        ordered[row.order_no] += Decimal(row.ordered) / MICRO
    counted = [stage.number for stage in view.flow.stages if _measured(view, stage) is None]
    made: dict[int, dict[int, Decimal]] = defaultdict(lambda: dict.fromkeys(counted, Decimal()))
    columns = ("order_no", "stage_no", "quantity")
    for row in _of_orders(view, tables.progress, columns, numbers):
        if row.stage_no in counted:
            made[row.order_no][row.stage_no] += Decimal(row.quantity) / MICRO
    name = view.names(numbers)
    label = view.labels([name[no] for no in numbers])
    values = view.master("order", [name[no] for no in numbers])
    leaving = leaving_stage(view)
    last = counted[-1] if counted else None
    rows = []
    for head in heads:
        by_stage = made[head.order_no]
        finished = by_stage[last] if last is not None else Decimal()
        left = by_stage.get(leaving.number, Decimal()) if leaving is not None else finished
        rows.append(
            (
                head.order_no,
                OrderRow(
                    label=label[name[head.order_no]],
                    values=values.get(name[head.order_no], {}),
                    due=day(head.due),
                    ordered=ordered[head.order_no],
                    made=by_stage,
                    begun=max(by_stage.values(), default=Decimal()),
                    left=max(left, finished),
                    finished=finished,
                ),
            )
        )
    rows.sort(key=lambda pair: (pair[1].due or date.max, pair[0]))
    return [row for _, row in rows]


def _of_orders(
    view: View, table: Any, columns: tuple[str, ...], numbers: list[int]
) -> Sequence[Any]:  # a table and its rows
    return rows_by(
        view.connection,
        table,
        columns,
        ledger_id=view.ledger_id,
        column="order_no",
        values=numbers,
    )


def queue(view: View, key: str, everyone: Sequence[OrderRow] | None = None) -> Queue | None:
    """Return who waits with an order at the first stage that it has not passed entirely.

    The place is by promised day, then by who was entered first. It says nothing about the order in
    which people work. None if the order is through, has no promised day, or waits alone.
    """
    rows = orders(view) if everyone is None else everyone
    mine = next((row for row in rows if row.label.key == key), None)
    if mine is None or mine.due is None:
        return None
    before: int | None = None
    for stage in view.flow.stages:
        if stage.number not in mine.made or stage.optional:
            continue
        if _waiting(mine, before, stage.number) > 0:
            wait = [row for row in rows if row.due and _waiting(row, before, stage.number) > 0]
            place = 1 + next(at for at, row in enumerate(wait) if row.label.key == key)
            waiting = _waiting(mine, before, stage.number)
            return Queue(stage, waiting, place, len(wait)) if len(wait) > 1 else None
        before = stage.number
    return None


def _waiting(row: OrderRow, before: int | None, stage: int) -> Decimal:
    ready = row.ordered if before is None else row.made[before]
    return ready - row.made[stage]


def order(view: View, key: str) -> OrderCard | None:
    """Return one order by its key; None if nobody entered it."""
    number = view.number("order", key)
    if number is None or not view.master("order", [key]):
        return None
    where = {"l": view.ledger_id, "o": number}
    line = tables.order_line.c
    lines = view.connection.execute(
        text(
            "SELECT product_no, ordered FROM order_line WHERE ledger_id = :l AND order_no = :o "
            "ORDER BY line"
        ).columns(line.product_no, line.ordered),
        where,
    ).all()
    ordered: dict[int, Decimal] = defaultdict(Decimal)
    for row in lines:
        ordered[row.product_no] += Decimal(row.ordered) / MICRO
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
    # What was made for the order without being ordered is shown too: it is there.
    products = list(dict.fromkeys([*ordered, *sorted(done)]))
    name = view.names(products)
    label = view.labels([key, *(name[no] for no in products)])
    master = view.master("product", [name[no] for no in products])
    values = view.master("order", [key])[key]
    happened = steps(view, number)
    return OrderCard(
        label=label[key],
        values=values,
        due=day(str(values.get("due", ""))),
        ordered=sum(ordered.values(), Decimal()),
        lines=[
            LineProgress(
                product=label[name[no]],
                values=master.get(name[no], {}),
                ordered=ordered.get(no, Decimal()),
                done={stage.name: done[no][stage.number] for stage in view.flow.stages},
            )
            for no in products
        ],
        stages=_stages(view, done, sum(ordered.values(), Decimal()), happened),
        steps=happened,
    )


def _stages(
    view: View,
    done: Mapping[int, Mapping[int, Decimal]],
    ordered: Decimal,
    happened: Sequence[Step],
) -> list[StageProgress]:
    found = []
    rolls = {step.thing.key for step in happened if step.thing is not None}
    for stage in view.flow.stages:
        kind = _measured(view, stage)
        mine = [step for step in happened if step.stage == stage]
        pieces = sum((one.get(stage.number, Decimal()) for one in done.values()), Decimal())
        here = {step.thing.key for step in mine if step.thing is not None}
        found.append(
            StageProgress(
                stage=stage,
                kind=kind,
                done=pieces if kind is None else Decimal(len(here)),
                total=ordered if kind is None else Decimal(len(rolls)),
                first_at=min((step.first_at for step in mine), default=None),
                last_at=max((step.last_at for step in mine), default=None),
            )
        )
    return found


def _measured(view: View, stage: Stage) -> Kind | None:
    """Return the kind that a stage counts if that is measured, not counted in pieces."""
    kinds = [kind for kind in view.flow.kinds if kind.name in stage.counts]
    return kinds[0] if kinds and all(kind.unit for kind in kinds) else None


def day(written: str) -> date | None:
    """Read a promised day as it was entered; None if there is none.

    >>> day("2026-12-07"), day("soon")
    (datetime.date(2026, 12, 7), None)
    """
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
