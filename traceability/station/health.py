"""How well a station and its readers are, for whoever looks: the server, and its own page.

Owned by the station's loop; `Health` values may be read by any thread.
"""

from __future__ import annotations

import json
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise

from readers.reads import Received, TagRead
from readers.session import Session
from traceability.station.drift import WINDOW_S, WINDOWS_MAX, Window, drifts
from traceability.station.said import Load

RSSI_MAX = 2_000
"""Signal strengths kept of one window; more of them make no better median."""
RATE_S = 60.0
"""The rate that is shown is that of the last minute."""


@dataclass(frozen=True, slots=True)
class ReaderHealth:
    """One reader."""

    name: str
    protocol: str
    url: str
    is_up: bool
    since: datetime
    """When its line came or went last."""
    reason: str
    """Why it cannot be heard, with the remedy; empty while it can."""
    reads: int
    """Since the station began, as the next."""
    noise: int
    dropped: int
    rate: float
    """Reads a second in the last minute."""
    rssi_dbm: float | None
    """Median of the window that is not over yet."""
    temperature_c: float | None
    """Of the reader itself; None where it does not tell."""
    last_read_at: datetime | None
    drift: tuple[str, ...]
    """What has got worse against its own past week: `rate`, `noise`, `rssi`."""


@dataclass(frozen=True, slots=True)
class Health:
    """A station at one moment."""

    station: str
    title: str
    stage: str
    version: str
    at: datetime
    is_at_work: bool
    is_online: bool
    """Whether the server answered last time."""
    problem: str
    """Why the spool takes nothing; empty while it does."""
    load: Load
    parked: int
    disk_free_bytes: int
    clock_offset_s: float | None
    """By how much the server's clock is ahead; None while nobody knows."""
    readers: tuple[ReaderHealth, ...]

    def tree(self) -> dict[str, object]:
        """Return it as JSON; times are ISO 8601."""
        tree = asdict(self)
        tree["load"]["is_nearly_full"] = self.load.is_nearly_full
        return json.loads(json.dumps(tree, default=datetime.isoformat))  # type: ignore[no-any-return]  # an object


@dataclass(slots=True)
class _Past:
    """One reader's windows, and the one that is going on."""

    windows: deque[Window] = field(default_factory=lambda: deque(maxlen=WINDOWS_MAX))
    rssi: list[float] = field(default_factory=list)
    seconds: int = 0
    """Seconds of this window in which there was a read."""
    second: int = 0
    reads: int = 0
    noise_before: int = 0
    marks: deque[tuple[datetime, int]] = field(default_factory=lambda: deque(maxlen=64))
    """(when, reads so far), for the rate."""
    last_read_at: datetime | None = None
    temperature_c: float | None = None
    drift: tuple[str, ...] = ()


class Watch:
    """Watches the readers of one station."""

    def __init__(self, names: Sequence[str], now: datetime, kept: str | None = None) -> None:
        """Begin.

        Args:
            names: The readers.
            now: UTC.
            kept: What `kept` returned before the last end; None: the readers have no past.
        """
        self._past = {name: _Past() for name in names}
        self._begun_at = now
        tree = json.loads(kept or "{}")
        for name, past in self._past.items():
            past.windows.extend(Window(*each) for each in tree.get(name, []))
            past.drift = drifts(list(past.windows))

    def kept(self) -> str:
        """Return the past, to be remembered."""
        return json.dumps(
            {
                name: [[each.rate, each.noise, each.rssi_dbm] for each in past.windows]
                for name, past in self._past.items()
            }
        )

    def hear(self, heard: Received) -> None:
        """Count one read."""
        past = self._past.get(heard.reader)
        if past is None:
            return
        past.last_read_at = heard.at
        past.reads += heard.count
        second = int(heard.at.timestamp())
        if second != past.second:
            past.second, past.seconds = second, past.seconds + 1
        value = heard.value
        if isinstance(value, TagRead) and value.rssi_dbm is not None and len(past.rssi) < RSSI_MAX:
            past.rssi.append(value.rssi_dbm)

    def warm(self, reader: str, temperature_c: float | None) -> None:
        """Note how warm a reader is. Any thread may tell."""
        self._past[reader].temperature_c = temperature_c

    def beat(self, sessions: Sequence[Session], now: datetime) -> bool:
        """Note how far the readers are, every few seconds; True when a window ended."""
        for session in sessions:
            counters = session.counters
            self._past[session.name].marks.append((now, counters.tag_reads + counters.scans))
        if 0 <= (now - self._begun_at).total_seconds() < WINDOW_S:
            return False
        self._begun_at = now
        for session in sessions:
            self._close(self._past[session.name], session.counters.noise_frames)
        return True

    def _close(self, past: _Past, noise: int) -> None:
        came, past.noise_before = noise - past.noise_before, noise
        if past.seconds:
            past.windows.append(
                Window(
                    round(past.reads / past.seconds, 2),
                    round(came / (came + past.reads), 4),
                    statistics.median(past.rssi) if past.rssi else None,
                )
            )
            past.drift = drifts(list(past.windows))
        past.rssi, past.seconds, past.reads = [], 0, 0

    def readers(
        self, sessions: Sequence[Session], since: Mapping[str, datetime]
    ) -> tuple[ReaderHealth, ...]:
        """Return how each reader is."""
        return tuple(self._reader(each, since) for each in sessions)

    def _reader(self, session: Session, since: Mapping[str, datetime]) -> ReaderHealth:
        past, counters = self._past[session.name], session.counters
        marks, rssi = list(past.marks), list(past.rssi)
        recent = [each for each in marks if (marks[-1][0] - each[0]).total_seconds() <= RATE_S]
        took_s = sum((later[0] - one[0]).total_seconds() for one, later in pairwise(recent))
        return ReaderHealth(
            name=session.name,
            protocol=session.protocol,
            url=session.url,
            is_up=session.is_up,
            since=since[session.name],
            reason=session.down_reason,
            reads=counters.tag_reads + counters.scans,
            noise=counters.noise_frames,
            dropped=counters.dropped,
            rate=round((recent[-1][1] - recent[0][1]) / took_s, 1) if took_s > 0 else 0.0,
            rssi_dbm=statistics.median(rssi) if rssi else None,
            temperature_c=past.temperature_c,
            last_read_at=past.last_read_at,
            drift=past.drift,
        )
