"""What came to which stage when, of one order: first arrivals only, so that sums are its figures.

A thing that is seen twice at a stage, or whose carton is, came there once. What stands in a carton
comes along with it; a carton on a pallet too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceability.database import MICRO, ExactDecimal, rows_by
from traceability.flow import Stage
from traceability.projections import tables
from traceability.projections.holding import class_of
from traceability.projections.items import items_by_number
from traceability.projections.tables import RELATING
from traceability.projections.view import Label, View, moment

QUARTER_US = 15 * 60 * 1_000_000
"""Arrivals are gathered by quarters of an hour: every zone's day begins at one."""
CARTONS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Step:
    """Some pieces of an order, or one roll for it, that came to a stage together."""

    stage: Stage
    place: Label | None
    first_at: datetime
    last_at: datetime
    pieces: Decimal
    """Of the order; 0 for a roll."""
    carton: str = ""
    """Key of the container that they came in, or were put into."""
    thing: Label | None = None
    """The roll."""


@dataclass(frozen=True, slots=True)
class Carton:
    """A container that pieces of the order were put into."""

    label: Label
    number: int
    """1 for the one that was begun first: what people call it among the order's cartons."""
    kind_name: str
    pieces: Decimal
    """Of the order, inside it now."""
    had: int
    """Things of the order that were ever put into it."""
    place: Label | None
    stage: Stage | None
    since: datetime


# The numbers of an order's things come from the index of orders alone, their rows by their numbers:
# asked for both at once, SQLite takes every thing of the ledger for a shorter way.
_MINE = (
    "o.ledger_id = :l AND o.order_no = :o AND o.order_no IS NOT NULL "
    "AND i.ledger_id = :l AND i.item_no = o.item_no AND i.quantity + i.consumed <> 0"
)
_COUNTS = (
    "t.ledger_id = :l AND t.void_position IS NULL AND t.stage_no IS NOT NULL "
    # What is used up at a stage did not come to it (World, rule 2).
    "AND t.role <> 9"
)
_ITEM = "i.item_no, i.kind_no, i.quantity + i.consumed AS amount"
_TOUCH = "t.stage_no, t.place_no, t.event_at, t.tie"
_DURING = (
    "(t.event_at, t.tie) > ({0}.from_at, {0}.from_tie) "
    "AND ({0}.to_at IS NULL OR (t.event_at, t.tie) <= ({0}.to_at, {0}.to_tie))"
)
# CROSS JOIN keeps SQLite's planner to the written order: from the order's things outward.
_ARRIVALS = f"""
SELECT k.stage_no, k.place_no, k.kind_no, k.carton_no, k.event_at / {QUARTER_US} AS quarter,
    min(k.event_at) AS first_at, max(k.event_at) AS last_at, sum(k.amount) AS amount
FROM (SELECT k.*, row_number() OVER (
        PARTITION BY k.item_no, k.stage_no ORDER BY k.event_at, k.tie, k.depth DESC) AS nth
    FROM (
        SELECT {_ITEM}, {_TOUCH}, t.parent_no AS carton_no, 0 AS depth
        FROM item o CROSS JOIN item i CROSS JOIN touch t
        WHERE {_MINE} AND t.item_no = i.item_no AND {_COUNTS}
        UNION ALL
        SELECT {_ITEM}, {_TOUCH}, c.parent_no, 1
        FROM item o CROSS JOIN item i CROSS JOIN containment c CROSS JOIN touch t
        WHERE {_MINE} AND c.ledger_id = :l AND c.child_no = i.item_no
            AND t.item_no = c.parent_no AND {_DURING.format("c")} AND {_COUNTS}
        UNION ALL
        SELECT {_ITEM}, {_TOUCH}, c.parent_no, 2
        FROM item o CROSS JOIN item i CROSS JOIN containment c CROSS JOIN containment d
            CROSS JOIN touch t
        WHERE {_MINE} AND c.ledger_id = :l AND c.child_no = i.item_no
            AND d.ledger_id = :l AND d.child_no = c.parent_no
            AND t.item_no = d.parent_no
            AND {_DURING.format("c")} AND {_DURING.format("d")} AND {_COUNTS}
    ) k) k
WHERE k.nth = 1
GROUP BY k.stage_no, k.place_no, k.kind_no, k.carton_no, k.event_at / {QUARTER_US}
"""  # noqa: S608 - built from the constants above
_MAKINGS = """
SELECT DISTINCT t.position FROM item o CROSS JOIN touch t
WHERE o.ledger_id = :l AND o.order_no = :o AND o.order_no IS NOT NULL
    AND t.ledger_id = :l AND t.item_no = o.item_no AND t.role = 10 AND t.void_position IS NULL
"""
_CARTONS = f"""
SELECT c.parent_no, min(c.from_at) AS begun_at, count(DISTINCT c.child_no) AS had,
    sum(CASE WHEN c.to_at IS NULL THEN i.quantity + i.consumed ELSE 0 END) AS amount
FROM item o CROSS JOIN item i CROSS JOIN containment c
WHERE {_MINE} AND c.ledger_id = :l AND c.child_no = i.item_no
GROUP BY c.parent_no ORDER BY min(c.from_at), c.parent_no LIMIT :n
"""  # noqa: S608 - built from a constant


def steps(view: View, order_no: int) -> list[Step]:
    """Return what came to each stage, oldest first.

    The pieces of all steps of a stage add up to the order's progress there. A container on a
    container is followed, a third one above is not.
    """
    rows = view.connection.execute(
        text(_ARRIVALS).columns(amount=ExactDecimal()),
        {"l": view.ledger_id, "o": order_no},
    ).all()
    name = view.names([no for row in rows for no in (row.kind_no, row.place_no)])
    boxes = items_by_number(view, {row.carton_no for row in rows if row.carton_no is not None})
    label = view.labels([name[row.place_no or 0] for row in rows])
    stages = {stage.number: stage for stage in view.flow.stages}
    found = [
        Step(
            stage=stages[row.stage_no],
            place=label[name[row.place_no]] if row.place_no else None,
            first_at=moment(row.first_at),
            last_at=moment(row.last_at),
            pieces=Decimal(row.amount) / MICRO,
            carton=boxes[row.carton_no].key if row.carton_no in boxes else "",
        )
        for row in rows
        if row.stage_no in stages and name[row.kind_no] in stages[row.stage_no].counts
    ]
    found += _cloth(view, order_no)
    found.sort(key=lambda step: (step.last_at, step.first_at, step.stage.number, step.carton))
    return found


def _cloth(view: View, order_no: int) -> list[Step]:
    """Return the arrivals of the rolls that the order's pieces were cut from."""
    made_at = view.connection.execute(text(_MAKINGS), {"l": view.ledger_id, "o": order_no})
    inputs = rows_by(
        view.connection,
        tables.touch,
        ("item_no",),
        ledger_id=view.ledger_id,
        column="position",
        values=set(made_at.scalars()),
        index="touch_position",
        where=f"t.{RELATING} AND t.role = 9 AND t.void_position IS NULL",
    )
    numbers = {row.item_no for row in inputs}
    kinds = {kind.name for kind in view.flow.kinds if kind.unit}
    rolls = {
        no: item
        for no, item in items_by_number(view, numbers).items()
        if (kind := view.flow.kind_of(class_of(item.key))) is not None and kind.name in kinds
    }
    stages = {stage.number: stage for stage in view.flow.stages if kinds & set(stage.counts)}
    first: dict[tuple[int, int], Any] = {}  # rows of the touch table
    for row in _touches(view, rolls):
        at = (row.item_no, row.stage_no)
        known = first.get(at)
        if row.stage_no in stages and (known is None or row.event_at < known.event_at):
            first[at] = row
    name = view.names([row.place_no for row in first.values()])
    places = [name[row.place_no or 0] for row in first.values()]
    label = view.labels([*(item.key for item in rolls.values()), *places])
    return [
        Step(
            stage=stages[stage_no],
            place=label[name[row.place_no]] if row.place_no else None,
            first_at=moment(row.event_at),
            last_at=moment(row.event_at),
            pieces=Decimal(),
            thing=label[rolls[item_no].key],
        )
        for (item_no, stage_no), row in first.items()
    ]


def _touches(view: View, numbers: Collection[int]) -> list[Any]:  # rows of the touch table
    return rows_by(
        view.connection,
        tables.touch,
        ("item_no", "stage_no", "place_no", "event_at"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
        where="t.void_position IS NULL AND t.stage_no IS NOT NULL AND t.role <> 9",
    )


def cartons(view: View, key: str) -> list[Carton]:
    """Return the containers that pieces of an order were put into, the first begun first."""
    number = view.number("order", key)
    if number is None:
        return []
    rows = view.connection.execute(
        text(_CARTONS).columns(amount=ExactDecimal()),
        {"l": view.ledger_id, "o": number, "n": CARTONS_MAX},
    ).all()
    boxes = items_by_number(view, {row.parent_no for row in rows})
    name = view.names([no for item in boxes.values() for no in (item.place_no, item.step_no)])
    label = view.labels(
        [*(item.key for item in boxes.values()), *(name[item.place_no] for item in boxes.values())]
    )
    found = []
    for at, row in enumerate(rows, start=1):
        box = boxes[row.parent_no]
        step = name[box.step_no]
        kind = view.flow.kind_of(box.key)
        found.append(
            Carton(
                label=label[box.key],
                number=at,
                kind_name=kind.name if kind is not None else "",
                pieces=Decimal(row.amount) / MICRO,
                had=row.had,
                place=label[name[box.place_no]] if box.place_no else None,
                stage=view.flow.stage_of(step, None) or view.flow.stage_of(None, step),
                since=moment(box.last_at),
            )
        )
    return found
