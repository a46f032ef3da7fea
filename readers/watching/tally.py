"""What one reader has said lately: rates, strengths per antenna, tags in its field.

It knows no clock and no port: the times are those of what was heard, and "now" is an argument.

>>> from datetime import UTC, datetime
>>> from readers.reads import Received, TagRead
>>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
>>> tally = Tally("gate")
>>> tally.hear(Received(at, "gate", TagRead(bytes(12), antenna=1, rssi_dbm=-51.0, rssi_raw=70)))
>>> tally.tags_in_field(at), tally.antennas[1].rssi_mean_dbm
(1, -51.0)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from readers.reads import CardRead, Happening, LineDown, LineUp, Noise, Received, Scan, TagRead

RATE_S = 5.0
"""Rates are those of the last seconds."""
IN_FIELD_S = 2.0
"""A tag that was not heard for so long has left the field."""
RECENT_MAX = 12
BUCKETS_MAX = 4096
TAGS_MAX = 20_000


@dataclass(slots=True)
class Antenna:
    """What one antenna has heard."""

    reads: int = 0
    rssi_last_dbm: float | None = None
    rssi_min_dbm: float | None = None
    rssi_max_dbm: float | None = None
    _sum: float = 0.0
    _count: int = 0

    def add(self, rssi_dbm: float | None, count: int) -> None:
        """Take in a read."""
        self.reads += count
        if rssi_dbm is None:
            return
        low, high = self.rssi_min_dbm, self.rssi_max_dbm
        self.rssi_last_dbm = rssi_dbm
        self.rssi_min_dbm = rssi_dbm if low is None else min(low, rssi_dbm)
        self.rssi_max_dbm = rssi_dbm if high is None else max(high, rssi_dbm)
        self._sum += rssi_dbm
        self._count += 1

    @property
    def rssi_mean_dbm(self) -> float | None:
        """Mean strength; None where the reader says none."""
        return self._sum / self._count if self._count else None


@dataclass(slots=True)
class Tally:
    """What one reader has said. Owned by whoever watches."""

    reader: str
    reads: int = 0
    """Tags, cards and scans."""
    noise: int = 0
    noise_last: str = ""
    antennas: dict[int, Antenna] = field(default_factory=dict)
    """By antenna, 0 where the reader has one."""
    is_up: bool = False
    reason: str = "not opened yet"
    falls: int = 0
    recent: deque[Received] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    _times: deque[tuple[datetime, int, int]] = field(
        default_factory=lambda: deque(maxlen=BUCKETS_MAX)
    )
    _tags: dict[bytes, datetime] = field(default_factory=dict)

    def hear(self, happening: Happening) -> None:
        """Take in what the reader said, or what befell its line."""
        if isinstance(happening, LineUp):
            self.is_up, self.reason = True, ""
        elif isinstance(happening, LineDown):
            self.is_up, self.reason = False, happening.reason
            self.falls += 1
        else:
            self._receive(happening)

    def _receive(self, received: Received) -> None:
        value, count = received.value, received.count
        if isinstance(value, Noise):
            self.noise += 1
            self.noise_last = value.reason
            self._times.append((received.at, 0, 1))
            return
        if not isinstance(value, TagRead | CardRead | Scan):
            return
        self.reads += count
        self._times.append((received.at, count, 0))
        self.recent.append(received)
        if isinstance(value, TagRead):
            self.antennas.setdefault(value.antenna or 0, Antenna()).add(value.rssi_dbm, count)
            self._tags.pop(value.epc, None)
            self._tags[value.epc] = received.last_at or received.at
            if len(self._tags) > TAGS_MAX:
                self._tags.pop(next(iter(self._tags)))

    def rates(self, now: datetime) -> tuple[float, float]:
        """Return reads and runs of noise per second, of the last seconds."""
        since = now - timedelta(seconds=RATE_S)
        while self._times and self._times[0][0] < since:
            self._times.popleft()
        reads = sum(each[1] for each in self._times)
        return reads / RATE_S, sum(each[2] for each in self._times) / RATE_S

    def tags_in_field(self, now: datetime) -> int:
        """Return how many tags answered just now."""
        since = now - timedelta(seconds=IN_FIELD_S)
        while self._tags and (oldest := next(iter(self._tags))) is not None:
            if self._tags[oldest] >= since:
                break
            del self._tags[oldest]
        return len(self._tags)
