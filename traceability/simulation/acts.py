"""What a visitor did last, and what the stations said to it: memory of the page `/sim`.

One act of each kind is kept. A station's screen changes several times a second; of what it says
only the changes are kept, so that somebody who looks away for a moment can still read that the
gate said READ AGAIN before it said STOP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

__all__ = ["Act", "Acts", "Kind", "utc_now"]

Kind = Literal["wave", "push", "unplug", "flip", "network", "tamper"]
Json = dict[str, object]

LISTEN: Final = timedelta(seconds=60)
"""How long what a station says is taken as an answer to an act."""
SAID_MAX: Final = 40


def utc_now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Act:
    """One thing that a visitor did."""

    begun_at: datetime
    facts: Json
    """What was done, to what, for how long."""
    station: str = ""
    """Whose screen answers; empty if none does."""
    keys: frozenset[str] = frozenset()
    """The screen must speak of one of these things; empty: whatever it says counts."""
    said: list[Json] = field(default_factory=list)

    def hear(self, state: Mapping[str, Any]) -> None:  # JSON of a station
        """Note what the screen says, if it is an answer to this act and something new."""
        at = _time(state.get("at"))
        is_late = at is None or not self.begun_at <= at <= self.begun_at + LISTEN
        if state.get("station") != self.station or is_late or not self._is_meant(state):
            return
        said = _short(state)
        before = self.said[-1] if self.said else None
        if before is not None and before["state"] == said["state"] == "READING":
            self.said[-1] = said
        elif before is None or _without_time(before) != _without_time(said):
            self.said.append(said)
            del self.said[:-SAID_MAX]

    def _is_meant(self, state: Mapping[str, Any]) -> bool:  # JSON of a station
        if state.get("state") == "READY":
            return False
        return not self.keys or not self.keys.isdisjoint(_spoken_of(state))

    def tree(self) -> Json:
        """Return the act as JSON."""
        return {"begun_at": self.begun_at.isoformat(), **self.facts, "said": list(self.said)}


class Acts:
    """The last act of each kind. Methods may be called from any thread."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        """Begin with nothing done."""
        self._now = now
        self._lock = threading.Lock()
        self._acts: dict[Kind, Act] = {}  # owned by the lock

    def begin(
        self, kind: Kind, facts: Json, *, station: str = "", keys: frozenset[str] = frozenset()
    ) -> None:
        """Remember what is begun now, in place of the last act of its kind."""
        act = Act(self._now(), facts, station, keys)
        with self._lock:
            self._acts[kind] = act

    def add(self, kind: Kind, **facts: object) -> None:
        """Add what became of the last act of a kind; nothing happens if there is none."""
        with self._lock:
            act = self._acts.get(kind)
            if act is not None:
                act.facts.update(facts)

    def hear(self, state: Mapping[str, Any]) -> None:  # JSON of a station
        """Take what a station's screen says now."""
        with self._lock:
            for act in self._acts.values():
                if act.station:
                    act.hear(state)

    def tree(self) -> Json:
        """Return all acts as JSON, by kind."""
        with self._lock:
            return {kind: act.tree() for kind, act in self._acts.items()}


def _short(state: Mapping[str, Any]) -> Json:
    kept = ("at", "state", "reason", "count", "expected", "missing_count")
    return {name: state.get(name) for name in kept} | {
        name: list(state.get(name) or ())[:3] for name in ("missing", "others")
    }


def _without_time(said: Json) -> tuple[object, ...]:
    return tuple(said[name] for name in ("state", "reason", "count", "expected"))


def _spoken_of(state: Mapping[str, Any]) -> set[object]:
    carton = state.get("carton")
    spoken = {carton.get("key")} if isinstance(carton, Mapping) else set()
    for name in ("items", "others"):
        spoken |= {one.get("key") for one in state.get(name) or () if isinstance(one, Mapping)}
    return spoken


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
