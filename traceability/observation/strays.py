"""What only stands beside a gate: a rack by the door, a carton that waits for its turn.

Who passes comes nearer and goes away again, so its signal rises and falls; it may also be loudest
on one side first and on the other then. What stands there is heard at one strength, often weaker
than what passes, and often for longer than anybody takes to pass. Only evidence rejects: a thing
of which too little was heard counts as part of the pass, as without any of this.

>>> still = Trail(read_count=40, heard_ms=2400, rise_db=2.0, peak_dbm=-66.0, is_across=False)
>>> weigh(still, Passing(loudest_dbm=-47.0, heard_ms=2200), StrayRules())
'weak'
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from traceability.observation.trace import Trace, smooth

SMOOTH_MS = 300
"""Fading is averaged over so much time to either side before anything is called a rise."""

Evidence = Literal["moved", "standing", "weak", "too-little"]
"""It rose and fell or went across; it was there long at one strength; it was at one strength and
far below the pass; nobody can say."""


@dataclass(frozen=True, slots=True)
class StrayRules:
    """What counts as movement."""

    rise_db: float = 8.0
    """A smoothed signal that rises or falls by so much has moved."""
    weaker_db: float = 10.0
    """A flat signal so far below what passes, and heard for as long, stands beside it."""
    stand_ms: int = 2_500
    """A flat signal for so long stands there, however loud."""
    reads_min: int = 4
    """With fewer reads nobody calls a signal flat."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What the trace of one thing comes to."""

    read_count: int
    heard_ms: int
    """From the first to the last read with a strength."""
    rise_db: float
    """Smoothed loudest less smoothed quietest, on the side where that is most."""
    peak_dbm: float | None
    """None where no strength was told."""
    is_across: bool
    """True if it was louder on one side at first and on the other at last."""


@dataclass(frozen=True, slots=True)
class Passing:
    """What surely moved in a pass."""

    loudest_dbm: float
    """Its strongest smoothed signal."""
    heard_ms: int
    """For how long half of it was heard."""


def trail_of(trace: Trace) -> Trail:
    """Sum a trace up."""
    curves = [smooth(trace.curve(side), SMOOTH_MS) for side in trace.sides]
    levels = [dbm for curve in curves for _, dbm in curve]
    if not levels:
        return Trail(trace.read_count, 0, 0.0, None, is_across=False)
    times = [ms for curve in curves for ms, _ in curve]
    rises = [max(dbm for _, dbm in curve) - min(dbm for _, dbm in curve) for curve in curves]
    return Trail(
        read_count=trace.read_count,
        heard_ms=max(times) - min(times),
        rise_db=max(rises),
        peak_dbm=max(levels),
        is_across=_goes_across(trace),
    )


def weigh(trail: Trail, passing: Passing | None, rules: StrayRules) -> Evidence:
    """Say what the trail of one thing proves.

    A tag deep in a carton is weak and flat, too, but it is heard for a shorter time than its
    louder neighbours; what stands beside is heard all the while.

    Args:
        trail: What was heard of it.
        passing: What surely moved in the same pass; None if nothing did.
        rules: What counts as movement.
    """
    if is_moved(trail, rules):
        return "moved"
    if trail.peak_dbm is None or trail.read_count < rules.reads_min:
        return "too-little"
    if passing is not None and trail.heard_ms < passing.heard_ms:
        return "too-little"
    if trail.heard_ms >= rules.stand_ms:
        return "standing"
    if passing is not None and passing.loudest_dbm - trail.peak_dbm >= rules.weaker_db:
        return "weak"
    return "too-little"


def weigh_pass(traces: Mapping[str, Trace], rules: StrayRules) -> dict[str, Evidence]:
    """Weigh all that was heard in one pass."""
    trails = {key: trail_of(trace) for key, trace in traces.items()}
    moved = [one for one in trails.values() if is_moved(one, rules) and one.peak_dbm is not None]
    passing = None
    if moved:
        loudest = max(one.peak_dbm for one in moved if one.peak_dbm is not None)
        passing = Passing(loudest, int(statistics.median(one.heard_ms for one in moved)))
    return {key: weigh(trail, passing, rules) for key, trail in trails.items()}


def is_moved(trail: Trail, rules: StrayRules) -> bool:
    """Tell whether the trail alone proves movement."""
    return trail.is_across or trail.rise_db >= rules.rise_db


def is_stray(evidence: Evidence) -> bool:
    """Tell whether the evidence keeps a thing out of the pass."""
    return evidence in ("standing", "weak")


def _goes_across(trace: Trace) -> bool:
    """Tell whether the louder side changed between the first and the last third of the visit."""
    inside, outside = trace.curve("inside"), trace.curve("outside")
    if not inside or not outside:
        return False
    times = [ms for ms, _ in (*inside, *outside)]
    third = (max(times) - min(times)) / 3
    if third <= 0:
        return False
    early, late = min(times) + third, max(times) - third
    leads = []
    for first, last in ((min(times), early), (late, max(times))):
        means = []
        for curve in (inside, outside):
            near = [dbm for ms, dbm in curve if first <= ms <= last]
            means.append(sum(near) / len(near) if near else None)
        if means[0] is None or means[1] is None:
            return False
        leads.append(means[0] - means[1])
    return leads[0] * leads[1] < 0 and min(map(abs, leads)) >= 3.0
