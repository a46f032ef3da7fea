"""What a station has heard and not yet understood, and what it has understood and not yet kept.

Both have a limit and lose nothing silently: while the disk takes nothing, what was understood waits
here in its order; when that is too much, the readers' own queues fold what comes, and what even
they must drop is told of as a silence of that reader.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from readers.reads import Happening, LineDown, LineUp
from readers.session import Session
from traceability.errors import DatabaseBusy
from traceability.station.cache import Cache
from traceability.station.interpret import Closed
from traceability.station.keeper import Keeper
from traceability.station.passes import StationPasses

log = logging.getLogger(__name__)

UNKEPT_MAX = 20_000
"""Sightings that wait in memory for room on the disk."""


@dataclass(slots=True)
class Heard:
    """Everything heard and not yet taken, in the order of time."""

    _heap: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _number: int = 0

    def add(self, happenings: list[Happening]) -> None:
        """Put what came from one reader."""
        for each in happenings:
            self._number += 1
            heapq.heappush(self._heap, (each.at, self._number, each))

    def until(self, horizon: datetime) -> list[Happening]:
        """Take what happened up to a time."""
        taken = []
        while self._heap and self._heap[0][0] <= horizon:
            taken.append(heapq.heappop(self._heap)[2])
        return taken

    @property
    def next_at(self) -> datetime | None:
        """Time of the oldest."""
        return self._heap[0][0] if self._heap else None


@dataclass(frozen=True, slots=True)
class Dropped:
    """Reads of one reader that nobody could keep."""

    reader: str
    begun_at: datetime
    ended_at: datetime
    count: int

    @property
    def reason(self) -> str:
        """Why they are missing, for the record."""
        return f"The station's disk was full: {self.count} reads were dropped."


class Unkept:
    """What has a meaning and is not durable yet, in its order. Owned by the station's loop."""

    def __init__(self, keeper: Keeper, *, size_max: int = UNKEPT_MAX) -> None:
        self._keeper = keeper
        self._size_max = size_max
        self._waiting: deque[Closed | LineDown | LineUp | Dropped] = deque()
        self._size = 0
        self._deaf_since: datetime | None = None
        self._dropped: dict[str, int] = {}
        self.problem = ""
        """Why nothing is kept; empty while it is."""

    def add(self, *happened: Closed | LineDown | LineUp | Dropped) -> None:
        """Put what happened behind everything that waits."""
        self._waiting += happened
        self._size += sum(map(_size, happened))

    def keep(self, passes: StationPasses, cache: Cache) -> list[Closed]:
        """Keep what the disk takes; return the passes that are durable now."""
        kept: list[Closed] = []
        while self._waiting:
            try:
                self._keep(self._waiting[0], passes, cache)
            except DatabaseBusy as error:
                if not self.problem:
                    log.error("%s %d things wait in memory.", error, len(self._waiting))
                self.problem = str(error)
                return kept
            first = self._waiting.popleft()
            self._size -= _size(first)
            if isinstance(first, Closed):
                kept.append(first)
        if self.problem:
            log.warning("The spool takes again what is said.")
        self.problem = ""
        return kept

    def _keep(
        self, first: Closed | LineDown | LineUp | Dropped, passes: StationPasses, cache: Cache
    ) -> None:
        if isinstance(first, LineDown):
            self._keeper.line_down(first)
        elif isinstance(first, LineUp):
            self._keeper.line_up(first)
        elif isinstance(first, Dropped):
            self._keeper.gap(first.reader, first.begun_at, first.ended_at, first.reason)
        elif not first.is_repeat:
            self._keeper.keep(first, passes, cache)

    def may_hear(self, sessions: Sequence[Session], now: datetime) -> bool:
        """Tell whether there is room for more; what was dropped meanwhile is told of afterwards."""
        if self._size >= self._size_max:
            if self._deaf_since is None:
                self._deaf_since = now
                self._dropped = {one.name: one.counters.dropped for one in sessions}
            return False
        if self._deaf_since is not None:
            for one in sessions:
                count = one.counters.dropped - self._dropped.get(one.name, 0)
                if count:
                    self.add(Dropped(one.name, self._deaf_since, now, count))
            self._deaf_since = None
        return True


def _size(one: Closed | LineDown | LineUp | Dropped) -> int:
    return 1 + (len(one.visit.sightings) if isinstance(one, Closed) else 0)
