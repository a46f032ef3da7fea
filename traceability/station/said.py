"""What a station has said, as its spool keeps it, and how much of that the spool holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

NEARLY_FULL = 0.8
"""Share of a spool's limit from which on somebody should be told."""


@dataclass(frozen=True, slots=True)
class Element:
    """One thing said: an event or a gap, as the bytes that will be sent."""

    counter: int
    id: str
    body: bytes
    """JSON: the event's canonical form, or the gap."""
    kind: Literal["event", "gap"] = "event"

    def line(self, station: str, epoch: int) -> bytes:
        """Return the element as it goes over the wire, with the run that it belongs to."""
        run = json.dumps([station, epoch, self.counter]).encode()
        if self.kind == "event":
            return b'{"event":%b,"run":%b}' % (self.body, run)
        name = json.dumps(self.id).encode()
        return b'{"gap":%b,"id":%b,"run":%b}' % (self.body, name, run)


@dataclass(frozen=True, slots=True)
class Known:
    """A thing that has made its event, and under which work."""

    key: str
    at: datetime
    context: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How the spool stands."""

    epoch: int
    next_counter: int
    waiting: int
    parked: int
    delivered_position: int | None
    """Highest ledger position that the server has named."""
    holes: int
    """Counters that should be in the file and are not; always 0."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much the spool holds, cheap to know at every moment."""

    waiting: int = 0
    parked: int = 0
    oldest_at: datetime | None = None
    """When the oldest of what waits was said; None if nothing waits."""
    size_bytes: int = 0
    """What of the file is in use."""
    bytes_max: int | None = None
    """What it may use; None: no limit."""

    @property
    def is_nearly_full(self) -> bool:
        """Whether somebody should be told: soon nothing more is taken."""
        return self.bytes_max is not None and self.size_bytes >= NEARLY_FULL * self.bytes_max
