"""Is all well, where does work wait and since when, what leaves today: the figures of the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, true

from traceability.database import MICRO, rows_by
from traceability.flow import Kind, Stage
from traceability.projections import tables
from traceability.projections.happenings import by_hour
from traceability.projections.holding import class_of
from traceability.projections.items import items_by_number
from traceability.projections.view import Label, Values, View, moment

ORDERS_MAX = 500
"""Orders looked at, the newest first: older ones have left the floor long ago."""
OLDEST_LOOKED_AT = 500
"""Things that may stand at a stage without being its work, such as ends of rolls, before the
oldest that is."""
HOURS_SHOWN = 8
HOURS_LEAST = 4
LEAVING = "in_transit"
"""The disposition of the stage at which goods leave (CBV 2.0, 7.2)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The thing that has waited longest after a stage."""

    thing: Label
    since: datetime
    is_late: bool


@dataclass(frozen=True, slots=True)
class StageCard:
    """One stage on the board."""

    stage: Stage
    done: Decimal
    """Made of the orders in work; where no order counts (cloth), what came in today."""
    planned: Decimal | None
    """What the orders in work want; None where no order counts."""
    today: Decimal
    """Done since midnight."""
    uom: str
    hours: list[tuple[datetime, Decimal]]
    """The last hours in which anything was done in the factory, in its zone, oldest first."""
    waiting: Decimal
    """What stands after this stage and has not reached the next."""
    oldest: Waiting | None
    is_leaving: bool
    """Goods leave the house here: what waits after it is on the road."""
    is_last: bool

    @property
    def is_behind(self) -> bool:
        """Say whether something waits here longer than the flow allows."""
        return self.oldest is not None and self.oldest.is_late


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in work."""

    label: Label
    values: Values
    due: date | None
    ordered: Decimal
    begun: Decimal
    left: Decimal
    """Pieces that have left the house."""
    finished: Decimal
    """Pieces that have passed the last stage."""
    made: Mapping[int, Decimal]
    """Pieces that have passed each stage, by the stage's number."""

    @property
    def is_done(self) -> bool:
        """Say whether every piece has passed the last stage."""
        return self.finished >= self.ordered > 0


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Things that must not move."""

    id: str
    reason: str
    contact: str
    since: datetime
    position: int
    count: int
    first: Label | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What leaves today."""

    stage: Stage | None
    today: Decimal
    ready: Decimal
    """Stands before the door: passed the stage before, not yet this one."""
    due: int
    """Orders due today or earlier that have not left entirely."""
    due_pieces: Decimal


@dataclass(frozen=True, slots=True)
class Board:
    """One look at the factory."""

    stages: list[StageCard]
    orders: list[OrderRow]
    """Not finished, or finished before their day has passed; soonest due first."""
    leaving: Leaving
    holds: list[OpenHold]

    @property
    def longest(self) -> StageCard | None:
        """The stage where something waits longest for the next, on the way excepted."""
        waiting = [one for one in self.stages if one.oldest is not None and not one.is_leaving]
        return min(waiting, key=lambda one: one.oldest.since) if waiting else None  # type: ignore[union-attr]  # filtered above


def board(view: View, now: datetime) -> Board:
    """Return the figures of the board.

    Args:
        view: The ledger.
        now: UTC; the day is cut in the zone of the ledger's opening.
    """
    zone = ZoneInfo(str(view.opening.get("zone", "UTC")))
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    all_orders, made, wanted = _orders(view, midnight.date())
    cards = _cards(view, now, midnight, made, wanted)
    return Board(
        stages=cards,
        orders=all_orders,
        leaving=_leaving(cards, all_orders, midnight.date()),
        holds=holds(view),
    )


def _leaving(cards: list[StageCard], orders: list[OrderRow], today: date) -> Leaving:
    at = next((index for index, card in enumerate(cards) if card.is_leaving), None)
    if at is None:
        return Leaving(None, Decimal(), Decimal(), 0, Decimal())
    due = [one for one in orders if one.due and one.due <= today and one.left < one.ordered]
    return Leaving(
        stage=cards[at].stage,
        today=cards[at].today,
        ready=cards[at - 1].waiting if at else Decimal(),
        due=len(due),
        due_pieces=sum((one.ordered - one.left for one in due), Decimal()),
    )


def leaving_stage(view: View) -> Stage | None:
    """Return the stage at which goods leave the house; None if the flow has none."""
    return next((one for one in view.flow.stages if one.disposition == LEAVING), None)


def _cards(
    view: View,
    now: datetime,
    midnight: datetime,
    made: Mapping[int, Decimal],
    wanted: Decimal,
) -> list[StageCard]:
    hours = by_hour(view, midnight)
    steps = _hours(hours, now)
    waiting = _waiting(view)
    oldest = _oldest(view, now)
    leaving = leaving_stage(view)
    kinds = {kind.name: kind for kind in view.flow.kinds}
    cards = []
    for stage in view.flow.stages:
        done = hours.get(stage.number, {})
        units = {kinds[name].unit for name in stage.counts if name in kinds}
        uom = "" if "" in units or not units else min(units)
        today = sum(done.values(), Decimal())
        is_last = stage is view.flow.stages[-1]
        cards.append(
            StageCard(
                stage=stage,
                done=made.get(stage.number, Decimal()) if not uom else today,
                planned=wanted if not uom and wanted else None,
                today=today,
                uom=uom,
                hours=[
                    (step.astimezone(midnight.tzinfo), done.get(step, Decimal())) for step in steps
                ],
                waiting=Decimal() if is_last else waiting.get((_step(stage), uom), Decimal()),
                oldest=None if is_last else oldest.get(stage.number),
                is_leaving=stage is leaving,
                is_last=is_last,
            )
        )
    return cards


def _hours(hours: Mapping[int, Mapping[datetime, Decimal]], now: datetime) -> list[datetime]:
    """Choose the hours that bars are drawn for: the last ones, from the first with any work."""
    this = now.replace(minute=0, second=0, microsecond=0)
    worked = [at for done in hours.values() for at, pieces in done.items() if pieces]
    first = min(worked, default=this)
    count = int((this - first) / timedelta(hours=1)) + 1
    count = max(HOURS_LEAST, min(HOURS_SHOWN, count))
    return [this - timedelta(hours=back) for back in reversed(range(count))]


def _step(stage: Stage) -> str:
    return stage.operation or stage.step


def _waiting(view: View) -> dict[tuple[str, str], Decimal]:
    """Return what stands after each step now, by step and unit."""
    stock = tables.stock.c
    rows = view.connection.execute(
        text(
            "SELECT step_no, uom, sum(quantity) AS quantity FROM stock "
            "WHERE ledger_id = :l GROUP BY step_no, uom"
        ).columns(stock.step_no, stock.uom, stock.quantity),
        {"l": view.ledger_id},
    ).all()
    name = view.names([row.step_no for row in rows])
    return {(name[row.step_no], row.uom): Decimal(row.quantity) / MICRO for row in rows}


def _oldest(view: View, now: datetime) -> dict[int, Waiting]:
    """Return the thing that has stood longest after each stage, by the stage's number.

    What lies in a carton is called by its carton: that is what somebody can go and look for.
    """
    found: dict[int, Any] = {}
    for stage in view.flow.stages[:-1]:
        number = view.number("step", _step(stage))
        row = _oldest_row(view, stage, number) if number is not None else None
        if row is not None:
            found[stage.number] = row
    boxes = items_by_number(
        view, {row.container_no for row in found.values() if row.container_no is not None}
    )
    named = {
        number: boxes[row.container_no].key if row.container_no in boxes else row.key
        for number, row in found.items()
    }
    label = view.labels(named.values())
    oldest = {}
    for stage in view.flow.stages[:-1]:
        if stage.number in found:
            since = moment(found[stage.number].last_at)
            limit = stage.dwell_hours
            is_late = limit is not None and now - since > timedelta(hours=limit)
            oldest[stage.number] = Waiting(label[named[stage.number]], since, is_late)
    return oldest


def _oldest_row(view: View, stage: Stage, step_no: int) -> Any:  # a row of the item table, or None
    item = tables.item.c
    rows = view.connection.execute(
        select(item.key, item.last_at, item.container_no)
        .where(item.ledger_id == view.ledger_id, item.step_no == step_no, item.is_active == true())
        .order_by(item.last_at, item.item_no)
        .limit(OLDEST_LOOKED_AT)
    )
    for row in rows:
        kind = view.flow.kind_of(class_of(row.key))
        if kind is not None and kind.name in stage.counts:
            return row
    return None


def _orders(view: View, today: date) -> tuple[list[OrderRow], dict[int, Decimal], Decimal]:
    """Return the orders of the board, what is made of them by stage, and what they want.

    They are those not finished, and those finished whose day has not passed.
    """
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
    done: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    columns = ("order_no", "stage_no", "quantity")
    for row in _of_orders(view, tables.progress, columns, numbers):
        done[row.order_no][row.stage_no] += Decimal(row.quantity) / MICRO
    name = view.names(numbers)
    values = view.master("order", [name[no] for no in numbers])
    label = view.labels([name[no] for no in numbers])
    leaving = leaving_stage(view)
    last = view.flow.stages[-1].number
    door = leaving.number if leaving is not None else last
    rows: list[OrderRow] = []
    made: dict[int, Decimal] = defaultdict(Decimal)
    for head in heads:
        no = head.order_no
        counted = [quantity for stage, quantity in done[no].items() if stage in _counting(view)]
        row = OrderRow(
            label=label[name[no]],
            values=values.get(name[no], {}),
            due=_day(head.due),
            ordered=ordered[no],
            begun=max(counted, default=Decimal()),
            left=max(done[no][door], done[no][last]),
            finished=done[no][last],
            made=dict(done[no]),
        )
        if row.is_done and (row.due is None or row.due < today):
            continue
        rows.append(row)
        for stage, quantity in done[no].items():
            made[stage] += quantity
    rows.sort(key=lambda row: (row.due or date.max, row.label.detail))
    return rows, made, sum((row.ordered for row in rows), Decimal())


def _of_orders(
    view: View, table: Any, columns: tuple[str, ...], numbers: list[int]
) -> list[Any]:  # a table and its rows
    return rows_by(
        view.connection,
        table,
        columns,
        ledger_id=view.ledger_id,
        column="order_no",
        values=numbers,
    )


def _counting(view: View) -> set[int]:
    """Return the stages that count pieces."""
    pieces = {kind.name for kind in view.flow.kinds if not kind.unit}
    return {stage.number for stage in view.flow.stages if pieces & set(stage.counts)}


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def holds(view: View) -> list[OpenHold]:
    """Return the open holds, newest first."""
    rows = view.connection.execute(
        text(
            "SELECT hold_id, reason, contact, held_at, position FROM hold "
            "WHERE ledger_id = :l AND released_position IS NULL "
            "ORDER BY held_at DESC, position DESC"
        ),
        {"l": view.ledger_id},
    ).all()
    if not rows:
        return []
    counts = {
        row.hold_id: row
        for row in view.connection.execute(
            text(
                "SELECT hold_id, count(*) AS things, min(item_no) AS first FROM hold_item "
                "WHERE ledger_id = :l GROUP BY hold_id"
            ),
            {"l": view.ledger_id},
        )
    }
    first = items_by_number(view, {row.first for row in counts.values()})
    label = view.labels([one.key for one in first.values()])
    return [
        OpenHold(
            id=row.hold_id,
            reason=row.reason,
            contact=row.contact,
            since=moment(row.held_at),
            position=row.position,
            count=counts[row.hold_id].things if row.hold_id in counts else 0,
            first=label[first[counts[row.hold_id].first].key] if row.hold_id in counts else None,
        )
        for row in rows
    ]


def delivered(view: View) -> str | None:
    """Return the key of a thing that a customer has by now: the first that came to the last stage.

    None if nothing with a serial of its own has come that far; then the farthest one is taken.
    """
    kinds: dict[str, Kind] = {kind.name: kind for kind in view.flow.kinds if kind.form == "thing"}
    for stage in reversed(view.flow.stages):
        number = view.number("step", _step(stage))
        if number is None or not kinds.keys() & set(stage.counts):
            continue
        item = tables.item.c
        rows = view.connection.execute(
            select(item.key)
            .where(
                item.ledger_id == view.ledger_id,
                item.step_no == number,
                item.is_active == true(),
            )
            .order_by(item.last_at, item.item_no)
            .limit(OLDEST_LOOKED_AT)
        )
        for key in rows.scalars():
            kind = view.flow.kind_of(key)
            if kind is not None and kind.name in kinds and kind.name in stage.counts:
                return str(key)
    return None
