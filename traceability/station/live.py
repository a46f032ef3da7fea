"""What the screen beside the reader shows right now; it is sent, shown and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from traceability.observation.offset import Offset
from traceability.observation.passes import Sighting, Stray
from traceability.station.cache import Cache
from traceability.station.interpret import Closed
from traceability.station.passes import InHand
from traceability.station.said import Load
from traceability.station.two_codes import TwoCodes
from traceability.station.verdict import READY, Verdict

ITEMS_MAX = 200
MISSING_MAX = 50
OTHERS_MAX = 50
STRAYS_MAX = 20
PASS_SHOWN_S = 4
"""A green screen goes back to waiting by itself; amber and red stay until something is done."""
UNKNOWN_SHOWN_S = 10


@dataclass(frozen=True, slots=True)
class Line:
    """How one reader's line is."""

    name: str
    role: str
    is_up: bool
    reads: int
    noise: int
    since: str


@dataclass(frozen=True, slots=True)
class Behind:
    """How far the server is behind the station."""

    waiting: int
    parked: int
    position: int | None
    is_online: bool
    load: Load = field(default_factory=Load)
    problem: str = ""
    """Why the spool takes nothing; empty while it does."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the last closed pass left on the screen."""

    verdict: Verdict
    items: tuple[str, ...]
    at: datetime
    reason: str | None = None
    blank: int = 0
    """Tags in it that were never written."""
    differing: TwoCodes | None = None
    """A label and a chip in it that cannot both be right."""

    def fades(self, at: datetime) -> bool:
        """Tell whether the screen has gone back to waiting by itself."""
        limits = {"PASS": PASS_SHOWN_S, "UNKNOWN": UNKNOWN_SHOWN_S}
        limit = limits.get(self.verdict.state)
        return limit is not None and (at - self.at).total_seconds() > limit


def shown(closed: Closed, before: Shown | None = None) -> Shown:
    """Return what a closed pass leaves on the screen.

    Args:
        closed: The pass.
        before: What was on the screen. A stranger's tag that is read just after a carton does not
            wipe that carton's verdict off.
    """
    items = tuple(each.key for each in closed.visit.sightings)
    at = closed.visit.closed_at
    if before is not None and not before.fades(at) and _is_strangers_only(closed):
        return before
    blank = sum(closed.blank.values())
    if closed.verdict is not None:
        return Shown(closed.verdict, items, at, closed.verdict.reason, blank)
    if closed.differing is not None:
        verdict = Verdict("STOP", count=len(items))
        return Shown(verdict, items, at, "codes-differ", blank, closed.differing)
    own = [each for each in items if each not in closed.blank]
    if not own and blank:
        return Shown(Verdict("UNKNOWN", count=blank), items, at, "blank", blank)
    odd = [closed.reasons[each] for each in own if each in closed.reasons]
    state = Verdict("UNKNOWN" if odd else "PASS", count=len(own))
    return Shown(state, items, at, odd[0] if odd else None, blank)


def _is_strangers_only(closed: Closed) -> bool:
    """Tell whether nothing of ours passed: neither a carton nor a garment."""
    verdict = closed.verdict
    return (
        verdict is not None
        and verdict.state == "UNKNOWN"
        and not verdict.cartons
        and bool(verdict.others)
        and not any(each.is_ours for each in verdict.others)
    )


def live_tree(
    *,
    station: str,
    title: str,
    stage: str,
    at: datetime,
    cache: Cache,
    reading: Sequence[Sighting],
    verdict: Verdict,
    last: Shown | None,
    in_hand: InHand | None,
    strays: Sequence[Stray],
    lines: Sequence[Line],
    behind: Behind,
    watch: Mapping[str, object],
    clock: Offset | None,
) -> dict[str, object]:
    """Write the state of one station as JSON.

    While a pass is open it shows `reading` (the live set) with its `verdict` (a table has none:
    READY); else what the `last` pass left, until that fades.
    """
    verdict, items, reason = _decide(at, cache, reading, verdict, last)
    return {
        "station": station,
        "title": title,
        "stage": stage,
        "at": spell_time(at),
        **_decided(verdict, items, reason, cache),
        **_oddities(last, is_shown=not reading and last is not None and not last.fades(at)),
        "strays": [{"key": each.key, "reads": each.read_count} for each in strays[:STRAYS_MAX]],
        "watch": {**watch, "standing_by": len(strays)},
        "clock": _clock(clock),
        "open": _open(in_hand, cache),
        "waiting": behind.waiting,
        "parked": behind.parked,
        "online": behind.is_online,
        "delivered_position": behind.position,
        "readers": [
            {
                "name": line.name,
                "role": line.role,
                "is_up": line.is_up,
                "since": line.since,
                "reads": line.reads,
                "noise": line.noise,
            }
            for line in lines
        ],
        "reader": "up" if all(line.is_up for line in lines) else "down",
    }


def _clock(offset: Offset | None) -> dict[str, object] | None:
    """Say how far the server's clock is ahead of the station's, as far as that is known."""
    if offset is None:
        return None
    drift = offset.drift_ppm
    return {
        "server_ahead_ms": round(offset.offset_s * 1_000),
        "error_ms": round(offset.error_s * 1_000, 1),
        "drift_ppm": round(drift, 1) if drift is not None else None,
    }


def _oddities(last: Shown | None, *, is_shown: bool) -> dict[str, object]:
    """Say how many tags were never written, and which two codes disagree, of what is shown."""
    if last is None or not is_shown:
        return {"blank": 0, "differ": None}
    two = last.differing
    differ = {"what": two.what, "label": two.label, "tag": two.tag} if two is not None else None
    return {"blank": last.blank, "differ": differ}


def _decide(
    at: datetime, cache: Cache, reading: Sequence[Sighting], verdict: Verdict, last: Shown | None
) -> tuple[Verdict, list[str], str | None]:
    """Choose between what is being read, what the last pass left, and waiting."""
    items = [each.key for each in reading]
    reason: str | None = verdict.reason
    if reading:
        if verdict is READY:
            verdict = Verdict("READING", count=len(reading))
    elif last is not None and not last.fades(at):
        verdict, items, reason = last.verdict, list(last.items), last.reason
    else:
        verdict, reason = READY, None
    held = [key for key in items if key in cache.holds]
    if held and verdict.state != "HOLD":
        return Verdict("HOLD", count=len(items), hold=cache.holds[held[0]]), items, "held"
    return verdict, items, reason


def _decided(
    verdict: Verdict, items: Sequence[str], reason: str | None, cache: Cache
) -> dict[str, object]:
    return {
        "state": verdict.state,
        "reason": reason,
        "count": verdict.count,
        "expected": verdict.expected,
        "carton": _named(verdict.cartons[0], cache) if verdict.cartons else None,
        "order": verdict.order,
        "destination": _named(verdict.destination, cache) if verdict.destination else None,
        "items": [_named(key, cache) for key in items[-ITEMS_MAX:]],
        "missing": [
            {"key": each.key, "name": each.name, "place": each.place, "seen_at": each.seen_at}
            for each in verdict.missing[:MISSING_MAX]
        ],
        "missing_count": len(verdict.missing),
        "others": [
            {
                "key": each.key,
                "name": each.name,
                "belongs_to": each.belongs_to,
                "is_ours": each.is_ours,
            }
            for each in verdict.others[:OTHERS_MAX]
        ],
        "hold": _hold(verdict),
    }


def same_but_for_counts(tree: Mapping[str, object]) -> str:
    """Return what makes two states differ for a person: without times and running figures."""
    left = {name: value for name, value in tree.items() if name not in _RUNNING}
    lines = tree["readers"]
    assert isinstance(lines, list)
    return repr((left, [(line["name"], line["is_up"]) for line in lines]))


_RUNNING = frozenset({"at", "readers", "strays", "watch", "clock", "delivered_position"})


def spell_time(at: datetime) -> str:
    """Spell a time as JSON has it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _named(key: str, cache: Cache) -> dict[str, str]:
    box = cache.cartons.get(key)
    return {"key": key, "name": (box.name if box and box.name else None) or cache.name_of(key)}


def _open(hand: InHand | None, cache: Cache) -> list[dict[str, object]]:
    if hand is None:
        return []
    return [
        {**_named(key, cache), "done": hand.done, "pieces": hand.expected}
        for key in hand.task.opened
    ]


def _hold(verdict: Verdict) -> dict[str, str] | None:
    hold = verdict.hold
    if hold is None:
        return None
    return {"id": hold.number, "reason": hold.reason, "contact": hold.contact}
