"""How long the disk will do, judged by what the last two weeks have taken of it.

>>> Room(41_000_000_000, 18_700_000.0).years
6.0
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from traceability.database import file_of
from traceability.factory.daily import Last, Plan
from traceability.factory.drives import drive_of
from traceability.factory.folder import Factory
from traceability.ledger import history
from traceability.projections.view import View

DAYS = 14
ENTRIES_MIN = 30
"""Fewer say nothing about a pace."""
DAYS_MIN = 3
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Room:
    """What is free, and what a day takes of it."""

    free_bytes: int
    bytes_a_day: float | None
    """None while too little was recorded to tell."""

    @property
    def years(self) -> float | None:
        """How long it is enough for, to a tenth of a year; None if that cannot be told yet."""
        if not self.bytes_a_day:
            return None
        return round(self.free_bytes / self.bytes_a_day / DAYS_A_YEAR, 1)


def room_of(factory: Factory, view: View, plan: Plan, last: Last, now: datetime) -> Room:
    """Measure the disk of a workshop and its pace.

    Backups on the same disk count: each that is kept grows with the record.
    """
    free = shutil.disk_usage(factory.folder).free
    zone = str(view.opening.get("zone", "UTC"))
    days = history.growth(
        view.connection, view.ledger_id, size=view.size, now=now, zone=zone, days=DAYS
    )
    counts = [day.count for day in days]
    # The day the record began may lie within: what was before it is no pace of zero.
    while counts and counts[0] == 0:
        counts.pop(0)
    if len(counts) < DAYS_MIN or sum(counts) < ENTRIES_MIN or not view.size:
        return Room(free, None)
    stored = _bytes(file_of(factory.url))
    a_day = sum(counts) / len(counts) * stored / view.size
    if stored and last.bytes and _is_same_disk(plan, factory):
        a_day *= 1 + plan.keep * last.bytes / stored
    return Room(free, a_day)


def _bytes(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.is_file() else 0


def _is_same_disk(plan: Plan, factory: Factory) -> bool:
    if plan.target is None:
        return True
    if drive_of(plan.target) is not None or not plan.target.is_dir():
        return False
    return plan.target.stat().st_dev == factory.folder.stat().st_dev
