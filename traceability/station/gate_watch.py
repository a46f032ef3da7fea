"""What a gate notices beside the tags themselves: which way, what stands by, what it misses.

It is told every read and every photo-eye, and asked when a pass ends. Nothing here knows a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from traceability.observation.completeness import Fall, Looks, Share, Tally
from traceability.observation.direction import (
    Beam,
    Eyes,
    Passage,
    Way,
    decide,
    lead_ms,
    way_of_pass,
)
from traceability.observation.passes import THINGS_MAX, Pass, Sight, Stray
from traceability.observation.smoothing import PresenceRules, Smoother
from traceability.observation.strays import StrayRules, is_stray, trail_of, weigh_pass
from traceability.observation.trace import Trace
from traceability.station.gate_settings import GateSettings, Spot

SLACK_S = 1.0
"""A tag may be heard so long before the first beam breaks and after the last is free."""
APART = timedelta(seconds=2)
"""Reads further apart belong to two visits, as far as looks are counted."""
FOLLOW = 0.25
"""How far a bystander's level follows each read: one lucky read of 8 dB more moves it by 2."""
TRACED_MAX = 5_000
"""Things traced in one pass; those beyond it count as ever, without evidence."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a closed pass comes to."""

    visit: Pass
    """Without what only stood by."""
    way: Way | None
    """None at a gate that cannot tell."""
    strays: tuple[str, ...]
    """Keys that were left out."""


@dataclass(slots=True)
class _Bystander:
    """A tag that stands beside the gate, and how loud it was when that was found."""

    read_count: int
    peak_dbm: float
    level_dbm: float
    """A running mean of its last reads."""


class GateWatch:
    """One gate's attention. Owned by one thread."""

    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings
        self.tally = Tally()
        self._rules = StrayRules(rise_db=settings.stray_rise_db) if settings.stray_rise_db else None
        self._is_traced = settings.has_two_sides or self._rules is not None
        self._traces: dict[str, Trace] = {}
        self._eyes = Eyes(settings.eye_count) if settings.eye_count else None
        self._passage: Passage | None = None
        self._waiting: Passage | None = None
        self._heard_at: datetime | None = None
        self._met: dict[str, set[Spot]] = {}
        self._spots: set[Spot] = set()
        self._nearby = Smoother(PresenceRules(patience_ms_min=2_000, patience_ms_max=30_000))
        self._standing: dict[str, _Bystander] = {}
        self._said: dict[str, object] | None = None

    @property
    def completeness(self) -> Share | None:
        """How much of what passes is read; None while nobody knows, or with one antenna."""
        return self.tally.both_together() if len(self._spots) > 1 else None

    @property
    def fall(self) -> Fall | None:
        """How far that fell below the usual; None if it did not."""
        return self.tally.fall() if len(self._spots) > 1 else None

    @property
    def deadline(self) -> datetime | None:
        """When it will be known whether what broke the beams bore a tag."""
        waiting = self._waiting
        return waiting.ended_at + timedelta(seconds=SLACK_S) if waiting is not None else None

    def tree(self) -> dict[str, object]:
        """Return as JSON how much of what passes is read; worked out once a visit."""
        if self._said is None:
            fall = self.fall
            self._said = {
                "completeness": _share_tree(self.completeness),
                "completeness_usual": _share_tree(fall.usual if fall is not None else None),
                "completeness_now": _share_tree(fall.now if fall is not None else None),
            }
        return self._said

    def note(self, sight: Sight) -> None:
        """Take in one read of a tag."""
        is_apart = self._heard_at is not None and sight.at - self._heard_at > APART
        if is_apart or len(self._met) >= THINGS_MAX:
            self._count_looks()
        self._heard_at = sight.at
        spot = (sight.reader, sight.antenna or 1)
        self._spots.add(spot)
        self._met.setdefault(sight.key, set()).add(spot)
        if not self._is_traced:
            return
        trace = self._traces.get(sight.key)
        if trace is None:
            if len(self._traces) >= TRACED_MAX:
                return
            trace = self._traces[sight.key] = Trace(sight.at)
        side = self.settings.side_of(sight.reader, sight.antenna)
        trace.add(sight.at, side, sight.rssi_dbm, sight.read_count)

    def is_standing(self, sight: Sight) -> bool:
        """Take in a read of what stands beside the gate; False if it does not, or moves now.

        It begins to be part of a pass again after it was away, or as soon as it grows louder by
        half of what counts as movement: then somebody has taken it up.
        """
        if not self._standing or self._rules is None:
            return False
        one = self._standing.get(sight.key)
        if one is None:
            return False
        if sight.rssi_dbm is not None:
            one.level_dbm += FOLLOW * (sight.rssi_dbm - one.level_dbm)
        if sight.is_scan or one.level_dbm - one.peak_dbm >= self._rules.rise_db / 2:
            del self._standing[sight.key]
            return False
        one.read_count += sight.read_count
        self._nearby.see(sight.at, sight.key, sight.read_count)
        return True

    def standing(self) -> tuple[Stray, ...]:
        """Return what stands by: shown, and never in an event."""
        return tuple(
            Stray(key, one.read_count, self._nearby.last_seen_at(key))
            for key, one in self._standing.items()
        )

    def beam(self, beam: Beam) -> None:
        """Take in a change of a photo-eye."""
        if self._eyes is None:
            return
        passage = self._eyes.receive(beam)
        if passage is not None:
            self._passage = self._waiting = passage

    def advance(self, at: datetime) -> Passage | None:
        """Return the passage of something without any tag, once that is sure."""
        self._forget(at)
        waiting = self._waiting
        deadline = self.deadline
        if waiting is None or deadline is None or at < deadline:
            return None
        self._waiting = None
        slack = timedelta(seconds=SLACK_S)
        is_heard = self._heard_at is not None and self._heard_at >= waiting.begun_at - slack
        return None if is_heard else waiting

    def end(self, visit: Pass, kept: Collection[str]) -> Noticed:
        """Say what a pass that has closed comes to.

        Args:
            visit: The pass.
            kept: Things that are no strays whatever their signal says: what lies in the cartons
                that are here, and the cartons themselves.
        """
        traces = {each.key: self._traces.pop(each.key, None) for each in visit.sightings}
        known = {key: trace for key, trace in traces.items() if trace is not None}
        strays = self._strays(visit, known, kept)
        for key in strays:
            self._met.pop(key, None)
        if visit.closed_by == "quiet":
            self._count_looks()
            self._traces.clear()
        sightings = tuple(each for each in visit.sightings if each.key not in strays)
        left = tuple(
            Stray(each.key, each.read_count, each.last_seen_at)
            for each in visit.sightings
            if each.key in strays
        )
        for each in left:
            peak = trail_of(known[each.key]).peak_dbm
            assert peak is not None, "nothing is called a stray that told no strength"
            self._standing[each.key] = _Bystander(each.read_count, peak, peak)
            self._nearby.see(each.last_seen_at, each.key, each.read_count)
        way = self._way(visit, {key: known[key] for key in known if key not in strays})
        visit = replace(visit, sightings=sightings, strays=(*visit.strays, *left))
        return Noticed(visit, way, tuple(sorted(strays)))

    def _strays(
        self, visit: Pass, traces: Mapping[str, Trace], kept: Collection[str]
    ) -> frozenset[str]:
        if self._rules is None:
            return frozenset()
        evidence = weigh_pass(traces, self._rules)
        # What was scanned by hand, or is known from a visit before, is no stray.
        fixed = {each.key for each in visit.sightings if each.is_scan or not each.is_new}
        return frozenset(
            key for key, said in evidence.items() if is_stray(said) and key not in {*kept, *fixed}
        )

    def _way(self, visit: Pass, traces: Mapping[str, Trace]) -> Way | None:
        if not self.settings.tells_way:
            return None
        leads = [
            lead
            for trace in traces.values()
            if (lead := lead_ms(trace.curve("inside"), trace.curve("outside"))) is not None
        ]
        eyes: Way | None = None
        passage, slack = self._passage, timedelta(seconds=SLACK_S)
        if passage is not None and passage.ended_at >= visit.started_at - slack:
            eyes, self._passage = passage.way, None
        return decide(way_of_pass(leads, self.settings.separation_ms), eyes)

    def _forget(self, at: datetime) -> None:
        if not self._standing:
            return
        for change in self._nearby.advance(at):
            if change.state == "lost":
                self._standing.pop(change.key, None)

    def _count_looks(self) -> None:
        """Add what the two looks saw of the visit that is over."""
        met, self._met, self._said = self._met, {}, None
        first, second = self._looks()
        ones = [bool(spots & first) for spots in met.values()]
        twos = [bool(spots & second) for spots in met.values()]
        both = sum(one and two for one, two in zip(ones, twos, strict=True))
        self.tally.add(Looks(sum(ones), sum(twos), both))

    def _looks(self) -> tuple[set[Spot], set[Spot]]:
        """Part the antennas in two: by side, else by reader, else every other antenna."""
        if self.settings.has_two_sides:
            return set(self.settings.inside), set(self.settings.outside)
        spots = sorted(self._spots)
        names = sorted({reader for reader, _ in spots})
        if len(names) > 1:
            half = set(names[::2])
            return {one for one in spots if one[0] in half}, {
                one for one in spots if one[0] not in half
            }
        return set(spots[::2]), set(spots[1::2])


def _share_tree(share: Share | None) -> dict[str, object] | None:
    if share is None:
        return None
    return {
        "low": round(share.low, 4),
        "share": round(share.share, 4),
        "high": round(share.high, 4),
        "passes": share.passes,
        "things": share.things,
    }
