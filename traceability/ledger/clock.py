"""The ledger's own time: it never steps back, and it does not believe a clock that jumps.

Record times grow by at least one microsecond from entry to entry. A wall clock that is more than a
minute behind the last entry, or that runs ahead of the machine's steady clock by more than a
minute, is not believed: entries go on with the last time plus one, and say so. A jump ahead that
lasts ten minutes is believed. Source: DATA_MODEL, "Record time".
"""

from __future__ import annotations

import time
from collections.abc import Callable

MINUTE = 60_000_000
"""µs."""
BELIEVE_AFTER = 10 * MINUTE


class RecordClock:
    """Gives record times in microseconds since 1970."""

    def __init__(
        self,
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
        steady: Callable[[], int] = lambda: time.monotonic_ns() // 1000,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._jumped_at: int | None = None

    def now(self, last: int) -> tuple[int, bool]:
        """Return the time for the next entry and whether the clock was held.

        Args:
            last: Record time of the last entry.
        """
        wall, steady = self._wall(), self._steady()
        ahead = wall - steady - self._offset
        if ahead > MINUTE:
            self._jumped_at = steady if self._jumped_at is None else self._jumped_at
            if steady - self._jumped_at < BELIEVE_AFTER:
                return last + 1, True
            self._offset, self._jumped_at = wall - steady, None
        else:
            self._jumped_at = None
            if ahead < 0:  # set back a little: follow it, so that the next jump is seen from here
                self._offset = wall - steady
        if wall < last - MINUTE:
            return last + 1, True
        return max(wall, last + 1), False
