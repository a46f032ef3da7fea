"""The ledger's own time: it never steps back, and it does not believe every clock.

Record times grow by at least one microsecond from entry to entry, so one that lies far ahead would
stay for ever. A wall clock is *not believed*

- before the day this version was released: an empty battery says 1970;
- more than ten minutes behind the last entry;
- more than 30 days ahead of the last entry, as long as no second clock agrees: that of a person who
  was asked, of another machine (a station, an open browser), or of the network.

Then nothing that was captured is written: whoever sent it keeps it and sends it again. What the
ledger says of itself is written with the last time plus one, and says ``held``. So is everything
while a clock is behind by no more than ten minutes, or believed although it is behind, and for ten
minutes after the wall clock ran away from the machine's steady one by more than a minute.
Source: DATA_MODEL, "Record time"; docs/decisions/0009.

>>> at = RELEASED_AT + 60 * DAY
>>> clock = RecordClock(lambda: at, lambda: 0)
>>> clock.now(at - DAY) == (at, False)
True
>>> clock.disbelief(at - 40 * DAY).reason
'ahead'
>>> clock.hear("a phone", at + MINUTE)
>>> clock.disbelief(at - 40 * DAY) is None
True
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from traceability import RELEASED_ON
from traceability.errors import ClockDoubted

__all__ = ["DAY", "MINUTE", "RELEASED_AT", "Confirmed", "Disbelief", "RecordClock"]

MINUTE = 60_000_000
"""µs."""
DAY = 24 * 60 * MINUTE
BELIEVE_AFTER = 10 * MINUTE
BEHIND_MAX = 10 * MINUTE
"""A correction of the clock while people work is smaller; it stops nobody."""
AHEAD_MAX = 30 * DAY
AGREE_WITHIN = 5 * MINUTE
HEARD_FOR = DAY
"""How long the word of another machine counts; a person's counts until the process ends."""
HEARD_MAX = 64
HELD_MAX = 60 * MINUTE
"""Entries are 1 µs apart while held: more of them than fit into this were never written."""
PERSON = "a person"
RELEASED_AT = round(
    datetime(RELEASED_ON.year, RELEASED_ON.month, RELEASED_ON.day, tzinfo=UTC).timestamp() * 1e6
)
"""µs since 1970."""
Reason = Literal["release", "behind", "ahead", "jumped"]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person said last about a clock that was not believed: that it is right."""

    wall: int
    """µs: what it said then."""
    last: int
    """µs: record time of the last entry then."""


@dataclass(frozen=True, slots=True)
class Disbelief:
    """Why a wall clock is not believed."""

    reason: Reason
    wall: int
    """µs: what the clock says."""
    last: int
    """µs: record time of the last entry; 0 in an empty ledger."""

    @property
    def stops(self) -> bool:
        """Say whether nothing that is captured is written until it is settled."""
        return self.reason != "jumped"

    @property
    def may_be_right(self) -> bool:
        """Say whether a person can know better: no day before the release is today."""
        return self.reason != "release"

    @property
    def sentence(self) -> str:
        """Say in English what is wrong and what to do."""
        said, last = f"{_written(self.wall)} UTC", f"{_written(self.last)} UTC"
        ask = "Nothing was stored. Open the page /clock on the server, or set its clock."
        match self.reason:
            case "release":
                return (
                    f"The clock of the server says {said}, before this version was made "
                    f"({RELEASED_ON}): set it. Nothing was stored; send the same again."
                )
            case "behind":
                return (
                    f"The clock of the server says {said}, but the last entry is of {last}. {ask}"
                )
            case "ahead":
                return (
                    f"The clock of the server says {said}, more than 30 days after the last "
                    f"entry of {last}, and no second clock agrees. {ask}"
                )
            case "jumped":
                return (
                    f"The clock of the server jumped ahead to {said}. Recording goes on with the "
                    "time of the last entry."
                )


def _steady() -> int:
    # A PC that slept did not jump; where there is such a clock, the night is counted.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)) // 1000


class RecordClock:
    """Gives record times in microseconds since 1970. One thread asks for them; any may tell."""

    def __init__(
        self,
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
        steady: Callable[[], int] = _steady,
        *,
        released: int = RELEASED_AT,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._released = released
        self._offset = wall() - steady()
        self._jumped_at: int | None = None
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[int, int]] = {}  # source → offset, heard at; owned by _lock
        self.may_hold = False
        """Write everything with a held time meanwhile: while a server opens, before it answers."""

    def now(
        self,
        last: int,
        *,
        confirmed: Callable[[], Confirmed | None] = lambda: None,
        may_hold: bool = False,
    ) -> tuple[int, bool]:
        """Return the time for the next entry and whether the clock was held.

        Args:
            last: Record time of the last entry; 0 if there is none.
            confirmed: Reads what a person said last; asked only of a clock that is behind.
            may_hold: The entry is one of the ledger's own: better with a held time than not at all.

        Raises:
            ClockDoubted: If the clock is not believed.
        """
        wall, steady = self._wall(), self._steady()
        found = self._judge(wall, steady, last, confirmed)
        self._follow(wall, steady)
        if found is not None:
            if found.stops and not may_hold and not (self.may_hold and last):
                raise ClockDoubted(found.sentence)
            return last + 1, True
        if wall < last - MINUTE:
            return last + 1, True
        return max(wall, last + 1), False

    def disbelief(self, last: int, confirmed: Confirmed | None = None) -> Disbelief | None:
        """Say whether the clock would not be believed now, and why; nothing is changed by asking.

        Args:
            last: Record time of the last entry; 0 if there is none.
            confirmed: What a person said last.
        """
        return self._judge(self._wall(), self._steady(), last, lambda: confirmed)

    def hear(self, source: str, says: int) -> None:
        """Take note of a second clock.

        Args:
            source: Whose it is; the newest word of each counts.
            says: µs since 1970, now.
        """
        steady = self._steady()
        with self._lock:
            self._heard.pop(source, None)
            while len(self._heard) >= HEARD_MAX:
                del self._heard[next(iter(self._heard))]
            self._heard[source] = (says - steady, steady)

    def believe(self, wall: int) -> None:
        """Take a person's word that it is now ``wall`` (µs since 1970)."""
        self.hear(PERSON, wall)

    def _judge(
        self, wall: int, steady: int, last: int, confirmed: Callable[[], Confirmed | None]
    ) -> Disbelief | None:
        reason: Reason
        if wall < self._released:
            reason = "release"
        elif not last:
            return None
        elif wall < last - BEHIND_MAX:
            reason = "behind"
        elif wall > last + AHEAD_MAX:
            reason = "ahead"
        elif self._has_jumped(wall, steady):
            reason = "jumped"
        else:
            return None
        if reason != "release" and self._is_agreed(wall, steady):
            return None
        if reason == "behind" and _covers(confirmed(), wall, last):
            return None
        return Disbelief(reason, wall, last)

    def _has_jumped(self, wall: int, steady: int) -> bool:
        if wall - steady - self._offset <= MINUTE:
            return False
        return self._jumped_at is None or steady - self._jumped_at < BELIEVE_AFTER

    def _is_agreed(self, wall: int, steady: int) -> bool:
        with self._lock:
            return any(
                abs(offset + steady - wall) <= AGREE_WITHIN
                and (source == PERSON or steady - at <= HEARD_FOR)
                for source, (offset, at) in self._heard.items()
            )

    def _follow(self, wall: int, steady: int) -> None:
        ahead = wall - steady - self._offset
        if ahead > MINUTE:
            self._jumped_at = steady if self._jumped_at is None else self._jumped_at
            if steady - self._jumped_at >= BELIEVE_AFTER or self._is_agreed(wall, steady):
                self._offset, self._jumped_at = wall - steady, None
            return
        self._jumped_at = None
        if ahead < 0:  # set back a little: follow it, so that the next jump is seen from here
            self._offset = wall - steady


def _covers(confirmed: Confirmed | None, wall: int, last: int) -> bool:
    """Say whether a person's word still holds: nothing but held entries was written since."""
    return (
        confirmed is not None
        and wall >= confirmed.wall
        and confirmed.last <= last <= confirmed.last + HELD_MAX
    )


def _written(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d %H:%M}"
