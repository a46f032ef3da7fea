"""From single reads to one visit: what lay on the table, what went through the gate, and when.

A tag in front of an antenna answers dozens of times a second; a person sees one garment. The
builder gathers reads into a *pass*, one visit of many things, and says when it is over. It knows
no clock: a pass ends at a time that follows from the reads alone, so the same reads give the
same passes however often, early or late somebody asks.

>>> from datetime import datetime, timedelta, timezone
>>> start = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
>>> builder = PassBuilder(PassRules(quiet_ms=200))
>>> [builder.see(Sight(start + timedelta(milliseconds=ms), "/01/09506000134352/21/7", "gate"))
...  for ms in (0, 40, 90)]
[True, False, False]
>>> builder.advance(start + timedelta(milliseconds=289)) is None
True
>>> closed = builder.advance(start + timedelta(seconds=5))
>>> closed.closed_by, closed.closed_at.microsecond, closed.sightings[0].read_count
('quiet', 290000, 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

ClosedBy = Literal["quiet", "still", "complete", "next", "each", "stop", "full"]
"""Nobody answered any more; nothing new came; all that was expected came; other work was begun;
every thing is a pass of its own; somebody stopped; no more things fit into one pass."""

KNOWN_MAX = 200_000
"""Things remembered against a second event; a busy gate sees fewer in a merge window."""
THINGS_MAX = 20_000
"""Things in one pass: what one capture may carry."""
EPCS_MAX = 2_000
"""Things in one event of ours (DATA_MODEL, "A pass")."""


@dataclass(frozen=True, slots=True)
class PassRules:
    """How one station tells visits apart."""

    quiet_ms: int = 200
    """No tag answers for so long: the visit is over."""
    scan_quiet_ms: int = 1_500
    """The same after a hand scan; a person needs about a second for the next label."""
    still_ms: int = 3_000
    """Tags answer, but nothing new came for so long: what is there stays there."""
    merge_s: int = 60
    """Seen again within this time, a thing belongs to the visit before."""
    away_ms: int = 1_000
    """A tag lying near the antenna was away only if it is silent for so long."""
    min_reads: int = 1
    """Reads that make a glimpse a sighting."""
    glimpse_ms: int = 1_000
    """Within this time."""
    is_once: bool = False
    """True where a thing can be done only once, under whatever work: it is sewn, not re-sewn."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One read of one thing, after its bits were turned into its key."""

    at: datetime
    """UTC, when the last byte was taken from the port."""
    key: str
    reader: str
    is_scan: bool = False
    """True for a barcode, False for a tag."""
    antenna: int | None = None
    rssi_dbm: float | None = None
    read_count: int = 1
    context: str = ""
    """The open work that it belongs to (a ticket, a carton); empty where there is none."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing seen in one pass, however often it was read."""

    key: str
    first_seen_at: datetime
    last_seen_at: datetime
    read_count: int
    rssi_first_dbm: float | None
    rssi_last_dbm: float | None
    rssi_max_dbm: float | None
    antennas: tuple[int, ...]
    readers: tuple[str, ...]
    is_scan: bool
    is_new: bool
    """False if it is part of a visit that has already made its event."""
    context: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A tag that lies near the antenna or was only glimpsed: shown, never hidden, no event."""

    key: str
    read_count: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """One visit of many things, closed."""

    started_at: datetime
    ended_at: datetime
    """Time of the last read; the time of the event."""
    closed_at: datetime
    closed_by: ClosedBy
    sightings: tuple[Sighting, ...]
    """By first sight, then key."""
    strays: tuple[Stray, ...]

    @property
    def new(self) -> tuple[Sighting, ...]:
        """Sightings that have made no event yet."""
        return tuple(each for each in self.sightings if each.is_new)


@dataclass(slots=True)
class _Visit:
    """A thing in the open pass: glimpsed until it has been read often enough, then observed."""

    first: Sight
    last: Sight
    is_new: bool
    window_at: datetime
    window_count: int = 0
    read_count: int = 0
    is_observed: bool = False
    rssi_max_dbm: float | None = None
    antennas: set[int] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)

    def add(self, sight: Sight, rules: PassRules) -> bool:
        """Take in one more read; True if it turns a glimpse into a sighting."""
        self.last = sight
        self.read_count += sight.read_count
        self.readers.add(sight.reader)
        if sight.antenna is not None:
            self.antennas.add(sight.antenna)
        if sight.rssi_dbm is not None:
            strongest = sight.rssi_dbm if self.rssi_max_dbm is None else self.rssi_max_dbm
            self.rssi_max_dbm = max(sight.rssi_dbm, strongest)
        if self.is_observed:
            return False
        if sight.at - self.window_at > timedelta(milliseconds=rules.glimpse_ms):
            self.window_at, self.window_count = sight.at, 0
        self.window_count += sight.read_count
        # A person points a scanner on purpose: a barcode is never just glimpsed.
        self.is_observed = sight.is_scan or self.window_count >= rules.min_reads
        return self.is_observed

    def sighting(self) -> Sighting:
        return Sighting(
            key=self.first.key,
            first_seen_at=self.first.at,
            last_seen_at=self.last.at,
            read_count=self.read_count,
            rssi_first_dbm=self.first.rssi_dbm,
            rssi_last_dbm=self.last.rssi_dbm,
            rssi_max_dbm=self.rssi_max_dbm,
            antennas=tuple(sorted(self.antennas)),
            readers=tuple(sorted(self.readers)),
            is_scan=self.first.is_scan,
            is_new=self.is_new,
            context=self.first.context,
        )


class PassBuilder:
    """Gathers reads into passes. Owned by one thread.

    Theory. A thing is, for this builder, in one of four states: *unknown*; *in the pass* (glimpsed
    or observed); *known*, because a pass with it has closed less than `merge_s` ago; *resident*,
    because it was still answering when a pass was closed over its head. Reads of residents hold no
    pass open and begin none, until the thing was silent for `away_ms`: a rack beside the door must
    not keep a gate from ever coming to a verdict.
    """

    def __init__(self, rules: PassRules) -> None:
        self.rules = rules
        self._visits: dict[str, _Visit] = {}
        self._known: dict[str, tuple[datetime, str]] = {}
        self._residents: dict[str, Stray] = {}
        self._stray_reads: dict[str, Stray] = {}
        self._tag_at: datetime | None = None
        self._scan_at: datetime | None = None
        self._new_at: datetime | None = None
        self._clock: datetime | None = None
        self._deadline: datetime | None = None
        self._quiet = timedelta(milliseconds=rules.quiet_ms)
        self._scan_quiet = timedelta(milliseconds=rules.scan_quiet_ms)
        self._still = timedelta(milliseconds=rules.still_ms)

    @property
    def deadline(self) -> datetime | None:
        """When the open pass closes if nothing more is read; None if no pass is open."""
        return self._deadline

    @property
    def live(self) -> tuple[Sighting, ...]:
        """What has been observed in the open pass so far, by first sight."""
        return tuple(each.sighting() for each in self._visits.values() if each.is_observed)

    @property
    def last_at(self) -> datetime | None:
        """Time of the last read in the open pass; None if no pass is open."""
        return max((at for at in (self._tag_at, self._scan_at) if at is not None), default=None)

    def is_new(self, key: str) -> bool:
        """Tell whether a thing of the open pass has made no event yet."""
        return key in self._visits and self._visits[key].is_new

    def is_open(self, key: str) -> bool:
        """Tell whether a thing is in the open pass."""
        return key in self._visits

    def forget(self, key: str) -> None:
        """Take back that a thing was part of a closed pass: it only stood beside it."""
        self._known.pop(key, None)
        self._residents.pop(key, None)

    @property
    def strays(self) -> tuple[Stray, ...]:
        """What lies near the antenna, by key."""
        return tuple(sorted(self._residents.values(), key=lambda stray: stray.key))

    def advance(self, at: datetime) -> Pass | None:
        """Close the open pass if its time has come at `at`.

        The pass closes at its own deadline, not at `at`: asking late changes nothing.
        """
        deadline = self.deadline
        if deadline is None or at < deadline:
            return None
        by: ClosedBy = "quiet" if deadline == self._quiet_at() else "still"
        return self.close(by, deadline)

    def see(self, sight: Sight) -> bool:
        """Take in one read; True if the thing is now observed and was not before in this pass.

        The caller asks `advance(sight.at)` first. A time before the last one is taken as the
        last one: readers have one clock, but their threads may overtake each other.
        """
        at = sight.at if self._clock is None else max(sight.at, self._clock)
        self._clock = at
        if at != sight.at:
            sight = replace(sight, at=at)
        assert self._deadline is None or at < self._deadline, "ask advance() first"
        if not sight.is_scan and self._is_resident(sight, at):
            return False
        visit = self._visits.get(sight.key)
        if visit is None:
            visit = _Visit(sight, sight, self._begins_visit(sight, at), window_at=at)
            self._visits[sight.key] = visit
            self._new_at = at
        if sight.is_scan:
            self._scan_at = at
        else:
            self._tag_at = at
        was_observed = visit.is_observed
        is_observed = visit.add(sight, self.rules)
        if is_observed and not was_observed:
            self._new_at = at
        self._deadline = self._ends_at()
        return is_observed

    def begin(self, context: str) -> None:
        """Begin a work: what lay here before it was begun may now belong to it."""
        for key in list(self._residents):
            if self._known.get(key, (None, ""))[1] == "" != context:
                del self._residents[key]

    def remember(self, key: str, at: datetime, context: str) -> None:
        """Take a thing as known since `at`: for what a station did before it was restarted."""
        self._known.pop(key, None)
        self._known[key] = (at, context)
        while len(self._known) > KNOWN_MAX:
            self._known.pop(next(iter(self._known)))

    def close(self, by: ClosedBy, at: datetime) -> Pass | None:
        """Close the open pass now; None if no pass is open."""
        if not self._visits:
            return None
        observed = [each.sighting() for each in self._visits.values() if each.is_observed]
        glimpsed = [
            Stray(key, each.read_count, each.last.at)
            for key, each in self._visits.items()
            if not each.is_observed
        ]
        strays = {stray.key: stray for stray in [*self._stray_reads.values(), *glimpsed]}
        closed = Pass(
            started_at=min(each.first.at for each in self._visits.values()),
            ended_at=max(each.last.at for each in self._visits.values()),
            closed_at=at,
            closed_by=by,
            sightings=tuple(sorted(observed, key=lambda one: (one.first_seen_at, one.key))),
            strays=tuple(strays[key] for key in sorted(strays)),
        )
        for sighting in observed:
            context = sighting.context
            if not sighting.is_new:
                context = self._known.get(sighting.key, (None, context))[1]
            self.remember(sighting.key, sighting.last_seen_at, context)
            if by != "quiet" and not sighting.is_scan:
                self._residents[sighting.key] = Stray(
                    sighting.key, sighting.read_count, sighting.last_seen_at
                )
        self._visits.clear()
        self._stray_reads.clear()
        self._tag_at = self._scan_at = self._new_at = self._deadline = None
        return closed

    def _quiet_at(self) -> datetime | None:
        """When it will have been quiet for long enough, after tags and after scans."""
        tag_at = self._tag_at + self._quiet if self._tag_at is not None else None
        scan_at = self._scan_at + self._scan_quiet if self._scan_at is not None else None
        if tag_at is None or scan_at is None:
            return tag_at or scan_at
        return max(tag_at, scan_at)

    def _ends_at(self) -> datetime | None:
        quiet_at = self._quiet_at()
        if quiet_at is None or self._new_at is None:
            return None
        still = self._still
        if self._scan_at is not None:
            still = max(still, self._scan_quiet)
        return min(quiet_at, self._new_at + still)

    def _is_resident(self, sight: Sight, at: datetime) -> bool:
        stray = self._residents.get(sight.key)
        if stray is None:
            return False
        if at - stray.last_seen_at > timedelta(milliseconds=self.rules.away_ms):
            del self._residents[sight.key]
            return False
        stray = Stray(sight.key, stray.read_count + sight.read_count, at)
        self._residents[sight.key] = stray
        self._stray_reads[sight.key] = stray
        self.remember(sight.key, at, self._known.get(sight.key, (at, ""))[1])
        return True

    def _begins_visit(self, sight: Sight, at: datetime) -> bool:
        known = self._known.get(sight.key)
        if known is None:
            return True
        seen_at, context = known
        if at - seen_at > timedelta(seconds=self.rules.merge_s):
            return True
        if sight.context in (context, ""):
            return False
        if context == "":
            return True
        return not self.rules.is_once and at - seen_at > timedelta(milliseconds=self.rules.away_ms)


def split(keys: Sequence[str], most: int = EPCS_MAX) -> list[tuple[str, ...]]:
    """Split the things of one pass into parts small enough for one event each, by sorted key.

    >>> split(["c", "a", "b"], most=2)
    [('a', 'b'), ('c',)]
    """
    ordered = sorted(keys)
    return [tuple(ordered[start : start + most]) for start in range(0, len(ordered), most)]
