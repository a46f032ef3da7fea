"""Which way something went through a gate: in, out, or nobody can say.

Two sources speak. Two antennas, one looking outside and one inside: what goes in is loudest
outside first. Two photo-eyes: which beam was broken first and which was free last. The eyes see
the carton itself, not a signal that walls throw back, so they have the last word; where they say
nothing the antennas do. `unknown` is an answer: nothing is guessed.

>>> way_of(((0, -60.0), (100, -45.0), (200, -60.0)), ((700, -60.0), (800, -44.0), (900, -61.0)))
'out'
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from traceability.observation.trace import Curve, Side, smooth

Way = Literal["in", "out", "unknown"]

SEPARATION_MS = 200
"""Peaks closer than this say nothing: at walking speed (1.2 m/s) it is 24 cm."""
SMOOTH_MS = 250
"""Fading is averaged over so much time to either side: about two wavelengths of a person's walk."""
AGREE = 2 / 3
"""So many of the things in one pass must say the same."""
PASSAGE_S = 10
"""A beam that stays broken longer is something that stands there, not something that passes."""


def way_of(inside: Curve, outside: Curve, separation_ms: int = SEPARATION_MS) -> Way:
    """Say which way one thing went by the order of its peaks.

    Args:
        inside: What the antenna looking inside heard.
        outside: The same of the one looking outside.
        separation_ms: Least time between the peaks.
    """
    lead = lead_ms(inside, outside)
    return "unknown" if lead is None else _sign(lead, separation_ms)


def lead_ms(inside: Curve, outside: Curve) -> float | None:
    """Return by how much the outside was loudest earlier than the inside; None with one side."""
    if not inside or not outside:
        return None
    return _peak_ms(inside) - _peak_ms(outside)


def way_of_pass(leads: Iterable[float], separation_ms: int = SEPARATION_MS) -> Way:
    """Say which way a whole pass went: the median lead, if enough of its things agree.

    A carton's garments move together; where they do not, two people crossed in the gate.
    """
    found = sorted(leads)
    if not found:
        return "unknown"
    way = _sign(statistics.median(found), separation_ms)
    agreeing = sum(1 for lead in found if lead * (1 if way == "in" else -1) > 0)
    return way if way != "unknown" and agreeing >= AGREE * len(found) else "unknown"


def decide(antennas: Way, eyes: Way | None) -> Way:
    """Let the photo-eyes, where there are any, decide over the antennas.

    >>> decide("in", "out"), decide("in", "unknown"), decide("in", None)
    ('out', 'in', 'in')
    """
    return eyes if eyes in ("in", "out") else antennas


def _sign(lead: float, separation_ms: int) -> Way:
    if abs(lead) < separation_ms:
        return "unknown"
    return "in" if lead > 0 else "out"


def _peak_ms(curve: Curve) -> float:
    """Return the middle of the loudest part, weighted by power: one lucky read moves it little."""
    level = smooth(curve, SMOOTH_MS)
    loudest = max(dbm for _, dbm in level)
    weighed = [(ms, math.pow(10, (dbm - loudest) / 10)) for ms, dbm in level]
    return sum(ms * weight for ms, weight in weighed) / sum(weight for _, weight in weighed)


@dataclass(frozen=True, slots=True)
class Beam:
    """A photo-eye changed."""

    at: datetime
    side: Side
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """Something broke the beams of a gate and is through, whether or not it bears a tag."""

    begun_at: datetime
    ended_at: datetime
    way: Way
    """`unknown` where it turned back, where one beam tells, or where both broke at once."""


class Eyes:
    """The photo-eyes of one gate. Owned by one thread.

    Theory. A passage lasts from the first broken beam until both are free. With two eyes it counts
    if both were broken in it: an arm that leans into one beam is none. The way is the order of
    the first breaks, if the last beam to come free is the other one; else it turned back.
    """

    def __init__(self, eye_count: int = 2) -> None:
        self._eye_count = eye_count
        self._broken: set[Side] = set()
        self._met: list[Side] = []
        self._begun_at: datetime | None = None
        self._is_tied = False
        self._tied_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True while something stands in a beam."""
        return bool(self._broken)

    def receive(self, beam: Beam) -> Passage | None:
        """Take in one change; give the passage that it ends."""
        if beam.is_broken:
            if not self._broken:
                self._begun_at, self._met, self._is_tied = beam.at, [], False
            if beam.side not in self._met:
                self._is_tied = self._is_tied or (bool(self._met) and beam.at == self._tied_at)
                self._met.append(beam.side)
                self._tied_at = beam.at
            self._broken.add(beam.side)
            return None
        if beam.side not in self._broken:
            return None
        self._broken.discard(beam.side)
        if self._broken or self._begun_at is None:
            return None
        if len(self._met) < self._eye_count:
            return None
        if beam.at - self._begun_at > timedelta(seconds=PASSAGE_S):
            return Passage(self._begun_at, beam.at, "unknown")
        return Passage(self._begun_at, beam.at, self._way(beam.side))

    def _way(self, freed_last: Side) -> Way:
        if len(self._met) < 2 or self._is_tied or freed_last == self._met[0]:
            return "unknown"
        return "in" if self._met[0] == "outside" else "out"
