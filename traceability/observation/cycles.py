"""Event cycles: when to look, when to have looked long enough, and what came or went since.

A program that wants "every ten seconds what is on the shelf, and what is new" describes it by
when a cycle begins and ends, and by which sets it wants to hear. The words are those of GS1's
Application Level Events; its start and stop triggers are inputs of a reader (a photo-eye, a
button) or moments of the clock.

>>> from datetime import UTC, datetime, timedelta
>>> start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
>>> cycles = EventCycles(Boundary(stable_set_ms=300))
>>> cycles.request(start)
>>> cycles.see(start + timedelta(milliseconds=100), "a")
[]
>>> [report] = cycles.advance(start + timedelta(milliseconds=500))
>>> report.current, report.ended_by, (report.ended_at - start).total_seconds()
(frozenset({'a'}), 'stable set', 0.4)

Source: Application Level Events 1.0, section 8.2.1 (ECBoundarySpec), names as in ALE 1.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from traceability.errors import TraceabilityError

THINGS_MAX = 100_000
"""Things in one cycle; one with more ends as if its count had been reached."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BegunBy = Literal["requested", "trigger", "repeat period"]
EndedBy = Literal["trigger", "duration", "stable set", "data available", "count", "unrequested"]


class InvalidBoundary(TraceabilityError):
    """A cycle that could not begin or end as described; the sentence says which rule it breaks."""


@dataclass(frozen=True, slots=True)
class InputTrigger:
    """An input of a reader goes to a level: a photo-eye is broken, a button pressed."""

    reader: str
    pin: int
    level: bool = True


@dataclass(frozen=True, slots=True)
class TimeTrigger:
    """A moment that comes again and again, counted from midnight UTC; ALE calls it `rtc`."""

    period_ms: int
    offset_ms: int = 0

    def __post_init__(self) -> None:
        if self.period_ms <= 0 or not 0 <= self.offset_ms < self.period_ms:
            raise InvalidBoundary(
                f"Cannot trigger every {self.period_ms} ms with offset {self.offset_ms} ms: "
                "expected a period above 0 and an offset from 0 to below the period."
            )

    def after(self, at: datetime) -> datetime:
        """Return the first such moment later than `at`."""
        passed = (at - _EPOCH) // timedelta(milliseconds=1)
        number = (passed - self.offset_ms) // self.period_ms + 1
        return _EPOCH + timedelta(milliseconds=number * self.period_ms + self.offset_ms)


Trigger = InputTrigger | TimeTrigger


@dataclass(frozen=True, slots=True)
class Boundary:
    """When cycles begin and end. 0 means that it was not said."""

    start: tuple[Trigger, ...] = ()
    """Each begins a cycle while none is open; none: the next begins as soon as it may."""
    repeat_ms: int = 0
    """From the beginning of one cycle to that of the next."""
    stop: tuple[Trigger, ...] = ()
    duration_ms: int = 0
    stable_set_ms: int = 0
    """Nothing new came for so long."""
    count: int = 0
    """So many things are there. Beyond ALE, which has no such end."""
    when_data_available: bool = False
    """The first thing ends the cycle."""

    def __post_init__(self) -> None:
        for name in ("repeat_ms", "duration_ms", "stable_set_ms", "count"):
            if getattr(self, name) < 0:
                raise InvalidBoundary(f"{name} is {getattr(self, name)}; expected 0 or more.")
        if self.start and self.repeat_ms:
            raise InvalidBoundary("A start trigger and a repeat period exclude each other.")
        ends = (self.stop, self.duration_ms, self.stable_set_ms, self.count)
        if not any(ends) and not self.when_data_available:
            raise InvalidBoundary("Nothing ends this cycle: give a stop, a duration or a set.")


@dataclass(frozen=True, slots=True)
class Report:
    """One closed cycle: what was there, and what that changes."""

    begun_at: datetime
    ended_at: datetime
    begun_by: BegunBy
    ended_by: EndedBy
    current: frozenset[str]
    additions: frozenset[str]
    """In this cycle and not in the one before."""
    deletions: frozenset[str]
    """In the one before and not in this."""

    @property
    def is_change(self) -> bool:
        """Tell whether it says anything that the report before did not."""
        return bool(self.additions or self.deletions)

    def tree(self) -> dict[str, object]:
        """Return the JSON form: times in UTC, sets in order."""
        return {
            "begun_at": self.begun_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "begun_by": self.begun_by,
            "ended_by": self.ended_by,
            "current": sorted(self.current),
            "additions": sorted(self.additions),
            "deletions": sorted(self.deletions),
        }


class EventCycles:
    """The cycles of one subscriber. Owned by one thread; every call bears its time.

    Theory. It is *unrequested* (nobody listens), *requested* (waits for its beginning) or *active*.
    While it is active the earliest of its ends closes it. With start triggers it then waits for
    the next; with a repeat period it waits until that has passed since the last beginning, or not
    at all if it is over; with neither it begins again at once. Calls come in the order of time.
    """

    def __init__(self, boundary: Boundary) -> None:
        self.boundary = boundary
        self._state: Literal["unrequested", "requested", "active"] = "unrequested"
        self._begins_at: datetime | None = None
        self._begins_by: BegunBy = "requested"
        self._begun_at: datetime | None = None
        self._begun_by: BegunBy = "requested"
        self._new_at: datetime | None = None
        self._current: set[str] = set()
        self._before: frozenset[str] = frozenset()

    @property
    def state(self) -> str:
        """`unrequested`, `requested` or `active`."""
        return self._state

    @property
    def deadline(self) -> datetime | None:
        """When a cycle begins or ends by itself; None if only an input can do it."""
        return self._begins_at if self._state == "requested" else self._ends()[0]

    def request(self, at: datetime) -> None:
        """Begin to listen. The sets begin anew: the first report adds all that is there."""
        if self._state != "unrequested":
            return
        self._before = frozenset()
        self._wait(at, "requested")

    def unrequest(self, at: datetime) -> list[Report]:
        """Stop listening; an open cycle is reported as it stands."""
        closed = self.advance(at)
        if self._state == "active":
            closed.append(self._end(at, "unrequested"))
        self._state = "unrequested"
        return closed

    def see(self, at: datetime, key: str) -> list[Report]:
        """Take in one read; give the cycles that it or its time closes."""
        closed = self.advance(at)
        if self._state != "active" or key in self._current:
            return closed
        self._current.add(key)
        self._new_at = at
        if self.boundary.when_data_available:
            closed.append(self._end(at, "data available"))
        elif len(self._current) >= (self.boundary.count or THINGS_MAX):
            closed.append(self._end(at, "count"))
        # What follows a closed cycle may begin at this very moment.
        return closed + self.advance(at) if closed else closed

    def trigger(self, at: datetime, reader: str, pin: int, level: bool) -> list[Report]:
        """Take in a change of an input."""
        closed = self.advance(at)
        said = InputTrigger(reader, pin, level)
        if self._state == "active" and said in self.boundary.stop:
            closed.append(self._end(at, "trigger"))
        elif self._state == "requested" and said in self.boundary.start:
            self._begin(at, "trigger")
        return closed + self.advance(at) if closed else closed

    def advance(self, at: datetime) -> list[Report]:
        """Begin and end what has come due up to `at`, each at its own moment.

        Every cycle is reported, empty ones too: who looks seldom gets many at once.
        """
        closed: list[Report] = []
        while (deadline := self.deadline) is not None and deadline <= at:
            if self._state == "requested":
                self._begin(deadline, self._begins_by)
            elif self._state == "active":
                closed.append(self._end(deadline, self._ends()[1]))
        return closed

    def _ends(self) -> tuple[datetime | None, EndedBy]:
        if self._begun_at is None or self._state != "active":
            return None, "duration"
        rule = self.boundary
        ends: list[tuple[datetime, EndedBy]] = []
        if rule.duration_ms:
            ends.append((self._begun_at + timedelta(milliseconds=rule.duration_ms), "duration"))
        if rule.stable_set_ms:
            since = self._new_at or self._begun_at
            ends.append((since + timedelta(milliseconds=rule.stable_set_ms), "stable set"))
        ends += [(moment, "trigger") for moment in _moments(rule.stop, self._begun_at)]
        return min(ends, key=lambda end: end[0]) if ends else (None, "duration")

    def _begin(self, at: datetime, by: BegunBy) -> None:
        self._state = "active"
        self._begun_at, self._begun_by, self._new_at = at, by, None
        self._current = set()

    def _end(self, at: datetime, by: EndedBy) -> Report:
        assert self._begun_at is not None
        current = frozenset(self._current)
        report = Report(
            begun_at=self._begun_at,
            ended_at=at,
            begun_by=self._begun_by,
            ended_by=by,
            current=current,
            additions=current - self._before,
            deletions=self._before - current,
        )
        self._before = current
        self._wait(at, "repeat period")
        return report

    def _wait(self, at: datetime, by: BegunBy) -> None:
        """Wait for the next beginning."""
        self._state = "requested"
        rule = self.boundary
        if rule.start:
            self._begins_by = "trigger"
            self._begins_at = min(_moments(rule.start, at), default=None)
            return
        self._begins_by, self._begins_at = by, at
        if by == "repeat period" and rule.repeat_ms and self._begun_at is not None:
            self._begins_at = max(at, self._begun_at + timedelta(milliseconds=rule.repeat_ms))


def _moments(triggers: Iterable[Trigger], after: datetime) -> list[datetime]:
    return [each.after(after) for each in triggers if isinstance(each, TimeTrigger)]
