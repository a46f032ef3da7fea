"""How far one clock is from another, when asking takes time in both directions.

A question leaves at the station's time, reaches the server, and its answer comes back: four
times. Half of what the way took is the greatest error, so of the last questions the quickest
counts. Over hours the offsets make a line; its slope is how much the clock gains or loses.

>>> sample = Asked(sent=100.000, received=105.010, answered=105.010, back=100.020)
>>> sample.offset_s, round(sample.error_s, 3)
(5.0, 0.01)

Source: RFC 5905, section 8 (offset and delay of one exchange) and section 10 (of eight exchanges
that with the smallest delay counts).
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

KEPT = 8
POINTS_MAX = 288
"""One point every few minutes: a day."""
POINT_EVERY_S = 300.0
DRIFT_AFTER_S = 1_800.0
"""Before half an hour nobody can tell a drift from the jitter of a network."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer; seconds since 1970, each by the clock of who notes it."""

    sent: float
    received: float
    answered: float
    back: float

    @property
    def offset_s(self) -> float:
        """By how much the other clock is ahead of one's own."""
        return round(((self.received - self.sent) + (self.answered - self.back)) / 2, 6)

    @property
    def error_s(self) -> float:
        """The offset cannot be wrong by more: half the time that the two ways took."""
        return max((self.back - self.sent) - (self.answered - self.received), 0.0) / 2


@dataclass(frozen=True, slots=True)
class Offset:
    """What is known of one clock against another."""

    offset_s: float
    """By how much the other is ahead."""
    error_s: float
    drift_ppm: float | None
    """By how many millionths the other runs faster; None before it can be told."""


class ClockOffset:
    """Compares one's own clock with another. Owned by one thread."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._points: deque[tuple[float, float]] = deque(maxlen=POINTS_MAX)

    def add(self, asked: Asked) -> None:
        """Take in one exchange.

        If an answer came before its question, or the offset jumped by more than both errors
        explain, a clock was set: all that was known before is void.
        """
        if asked.back < asked.sent or asked.answered < asked.received:
            self._forget()
            return
        best = self._best()
        if best is not None and abs(asked.offset_s - best.offset_s) > (
            asked.error_s + best.error_s + 1.0
        ):
            self._forget()
        self._asked.append(asked)
        best = self._best()
        assert best is not None
        if not self._points or best.back - self._points[-1][0] >= POINT_EVERY_S:
            self._points.append((best.back, best.offset_s))

    @property
    def known(self) -> Offset | None:
        """What is known now; None before the first answer."""
        best = self._best()
        return Offset(best.offset_s, best.error_s, self._drift_ppm()) if best is not None else None

    def _best(self) -> Asked | None:
        return min(self._asked, key=lambda one: one.error_s, default=None)

    def _forget(self) -> None:
        self._asked.clear()
        self._points.clear()

    def _drift_ppm(self) -> float | None:
        """Return the median slope between points half a span apart; outliers move it little."""
        points = list(self._points)
        if len(points) < 4 or points[-1][0] - points[0][0] < DRIFT_AFTER_S:
            return None
        half = len(points) // 2
        pairs = zip(points[:half], points[-half:], strict=True)
        slopes = [(there - here) / (then - at) for (at, here), (then, there) in pairs if then > at]
        return statistics.median(slopes) * 1_000_000 if slopes else None
