"""How strong a tag was, moment by moment, on each side of a gate: the trail it leaves behind.

>>> from datetime import UTC, datetime, timedelta
>>> start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
>>> trace = Trace(start)
>>> for ms, dbm in ((0, -60.0), (40, -62.0), (310, -48.0)):
...     trace.add(start + timedelta(milliseconds=ms), "outside", dbm)
>>> trace.curve("outside")
((50, -61.0), (350, -48.0))
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Side = Literal["inside", "outside", ""]
"""Where an antenna or photo-eye of a gate looks; empty: nobody said."""
Curve = tuple[tuple[int, float], ...]
"""Milliseconds since the first read, and mean dBm around that moment; only moments with reads."""

SLOT_MS = 100
SLOTS_MAX = 128
"""Slots kept of one thing and side; a longer visit is kept half as finely."""


class Trace:
    """Strength of one thing over one visit, in slots of time."""

    __slots__ = ("_begun_at", "_slots", "read_count", "slot_ms")

    def __init__(self, begun_at: datetime) -> None:
        self._begun_at = begun_at
        self._slots: dict[Side, dict[int, tuple[float, int]]] = {}
        self.slot_ms = SLOT_MS
        self.read_count = 0

    def add(self, at: datetime, side: Side, rssi_dbm: float | None, count: int = 1) -> None:
        """Take in one read; without a strength it only counts."""
        self.read_count += count
        if rssi_dbm is None:
            return
        slots = self._slots.setdefault(side, {})
        number = max((at - self._begun_at) // timedelta(milliseconds=self.slot_ms), 0)
        total, heard = slots.get(number, (0.0, 0))
        slots[number] = (total + rssi_dbm, heard + 1)
        if len(slots) > SLOTS_MAX:
            self._halve()

    def curve(self, side: Side) -> Curve:
        """Return what was heard on one side."""
        slots = self._slots.get(side, {})
        return tuple(
            (number * self.slot_ms + self.slot_ms // 2, total / heard)
            for number, (total, heard) in sorted(slots.items())
        )

    @property
    def sides(self) -> tuple[Side, ...]:
        """Where it was heard with a strength."""
        return tuple(sorted(self._slots))

    def _halve(self) -> None:
        self.slot_ms *= 2
        for side, slots in self._slots.items():
            coarse: dict[int, tuple[float, int]] = {}
            for number, (total, heard) in slots.items():
                had, times = coarse.get(number // 2, (0.0, 0))
                coarse[number // 2] = (had + total, times + heard)
            self._slots[side] = coarse


def smooth(curve: Curve, width_ms: int) -> Curve:
    """Return the curve with each value the mean of those within `width_ms` to either side."""
    found = []
    first = 0
    for ms, _ in curve:
        while curve[first][0] < ms - width_ms:
            first += 1
        near = []
        for other, dbm in curve[first:]:
            if other > ms + width_ms:
                break
            near.append(dbm)
        found.append((ms, sum(near) / len(near)))
    return tuple(found)
