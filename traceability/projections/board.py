"""Is all well, where does work wait and since when, what leaves today: the figures of the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, true

from traceability.database import MICRO
from traceability.flow import Stage
from traceability.projections import tables
from traceability.projections.happenings import by_hour
from traceability.projections.view import Label, View, moment


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
    """Pieces (or the unit of the kind that it counts) that passed it today."""
    planned: Decimal | None
    """Pieces that known orders still want here, with those done today; None if it counts none."""
    uom: str
    hours: list[tuple[datetime, Decimal]]
    """Each hour of the day so far, in the place's zone."""
    waiting: Decimal
    """What stands after this stage and has not reached the next."""
    oldest: Waiting | None

    @property
    def is_behind(self) -> bool:
        """Say whether something waits here longer than the flow allows."""
        return self.oldest is not None and self.oldest.is_late


@dataclass(frozen=True, slots=True)
class Board:
    """One look at the factory."""

    stages: list[StageCard]
    held: int
    """Things that some hold stops."""
    inferred: int


def board(view: View, now: datetime) -> Board:
    """Return the figures of the board.

    Args:
        view: The ledger.
        now: UTC; the day is cut in the zone of the ledger's opening.
    """
    zone = ZoneInfo(str(view.opening.get("zone", "UTC")))
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = by_hour(view, midnight)
    planned = _wanted(view)
    first = midnight.astimezone(now.tzinfo)
    count = int((now - first) / timedelta(hours=1)) + 1
    steps = [first + timedelta(hours=hour) for hour in range(count)]
    cards = []
    for stage in view.flow.stages:
        done = hours.get(stage.number, {})
        units = {kind.unit for kind in view.flow.kinds if kind.name in stage.counts}
        today = sum(done.values(), Decimal())
        wanted = planned.get(stage.number)
        waiting, oldest = _waiting(view, stage, now)
        cards.append(
            StageCard(
                stage=stage,
                done=today,
                planned=None if wanted is None or units == {"MTR"} else wanted,
                uom=next(iter(units), ""),
                hours=[(step.astimezone(zone), done.get(step, Decimal())) for step in steps],
                waiting=waiting,
                oldest=oldest,
            )
        )
    held = view.connection.execute(
        text("SELECT count(DISTINCT item_no) FROM hold_item WHERE ledger_id = :l"),
        {"l": view.ledger_id},
    ).scalar_one()
    return Board(stages=cards, held=int(held), inferred=0)


def _wanted(view: View) -> dict[int, Decimal]:
    """Return what all known orders want, by stage: each stage wants every piece."""
    line = tables.order_line.c
    ordered = view.connection.execute(
        text("SELECT sum(ordered) AS ordered FROM order_line WHERE ledger_id = :l").columns(
            line.ordered
        ),
        {"l": view.ledger_id},
    ).scalar()
    if not ordered:
        return {}
    return {stage.number: Decimal(ordered) / MICRO for stage in view.flow.stages}


def _waiting(view: View, stage: Stage, now: datetime) -> tuple[Decimal, Waiting | None]:
    """Return what stands after a stage now, and the thing that has stood there longest."""
    number = view.number("step", stage.operation or stage.step)
    if number is None or stage is view.flow.stages[-1]:
        return Decimal(), None
    where = {"l": view.ledger_id, "s": number}
    total = view.connection.execute(
        text(
            "SELECT sum(quantity) AS quantity FROM stock WHERE ledger_id = :l AND step_no = :s"
        ).columns(tables.stock.c.quantity),
        where,
    ).scalar()
    item = tables.item.c
    row = view.connection.execute(
        select(item.key, item.last_at)
        .where(item.ledger_id == view.ledger_id, item.step_no == number, item.is_active == true())
        .order_by(item.last_at)
        .limit(1)
    ).first()
    if row is None:
        return Decimal(total or 0) / MICRO, None
    since = moment(row.last_at)
    limit = stage.dwell_hours
    is_late = limit is not None and now - since > timedelta(hours=limit)
    waiting = Waiting(view.label(row.key), since, is_late)
    return Decimal(total or 0) / MICRO, waiting
