"""Is the tag still there? A tag that is silent for a moment has not gone away.

Each tag has a patience of its own. One that answers in nine of ten looks and is then silent twice
is gone; one deep in a carton, which answers in one of five, may well be silent ten times. Only
changes are told: *glimpsed*, *observed*, *lost*.

>>> from datetime import UTC, datetime, timedelta
>>> start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
>>> smoother = Smoother(PresenceRules(look_ms=100, min_reads=2))
>>> [each.state for each in smoother.see(start, "a") + smoother.see(start, "a")]
['glimpsed', 'observed']
>>> [each.state for each in smoother.advance(start + timedelta(seconds=9))]
['lost']

Source: S. R. Jeffery, M. Garofalakis, M. J. Franklin, Adaptive Cleaning for RFID Data Streams,
VLDB 2006, section 4.2: with a chance p to answer in one look, ``ln(1/δ) / p`` looks miss a tag
that is there with a chance of at most δ. Of that work only this bound is used: there is no
resizing for tags in motion, because here a window that holds a read never ends a presence.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

TAGS_MAX = 20_000
"""Tags followed at once; beyond it the one that was silent longest is let go."""
LOOKS_KEPT = 64
"""Looks over which the chance to answer is counted."""
LOOKS_DOUBTED = 4
"""As many looks without an answer are added to those that were."""

State = Literal["glimpsed", "observed", "lost"]


@dataclass(frozen=True, slots=True)
class PresenceRules:
    """How patient to be."""

    look_ms: int = 200
    """One look: a tag answers in it or not. A few rounds of the reader."""
    min_reads: int = 2
    """Reads that make a glimpse a presence."""
    glimpse_ms: int = 1_000
    """Within this time."""
    chance_missed: float = 0.05
    """δ: how likely a tag that is there may be called lost."""
    patience_ms_min: int = 600
    patience_ms_max: int = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of one tag."""

    at: datetime
    key: str
    state: State
    since: datetime
    """When it was first seen; of a lost one, until when is `at`."""
    read_count: int


@dataclass(slots=True)
class _Tag:
    first_at: datetime
    last_at: datetime
    read_count: int = 0
    glimpse_at: datetime | None = None
    glimpse_count: int = 0
    is_observed: bool = False
    looks: int = 1
    """One bit for each of the last looks, the newest lowest."""
    look_count: int = 1


class Smoother:
    """Follows the presence of many tags at one place. Owned by one thread; it knows no clock."""

    def __init__(self, rules: PresenceRules | None = None) -> None:
        self.rules = rules or PresenceRules()
        self._look = timedelta(milliseconds=self.rules.look_ms)
        self._tags: dict[str, _Tag] = {}
        self._ends: list[tuple[datetime, str]] = []  # a heap; an end may be out of date

    @property
    def present(self) -> tuple[str, ...]:
        """Every tag that has been observed and is not lost, longest there first."""
        return tuple(key for key, tag in self._tags.items() if tag.is_observed)

    def since(self, key: str) -> datetime | None:
        """Return since when a tag has been there; None if it is not."""
        tag = self._tags.get(key)
        return tag.first_at if tag is not None else None

    def last_seen_at(self, key: str) -> datetime:
        """Return when a tag that is there was last read.

        Raises:
            KeyError: If it is not there.
        """
        return self._tags[key].last_at

    def see(self, at: datetime, key: str, count: int = 1) -> list[Change]:
        """Take in a read; give what changes by it, and by the time that has passed."""
        changes = self.advance(at)
        tag = self._tags.get(key)
        if tag is None:
            changes += self._make_room(at)
            tag = self._tags[key] = _Tag(at, at)
            heapq.heappush(self._ends, (at + self._patience(tag), key))
            changes.append(Change(at, key, "glimpsed", at, count))
        self._note_look(tag, max(at, tag.last_at))
        tag.last_at = max(at, tag.last_at)
        tag.read_count += count
        if tag.is_observed:
            return changes
        window = timedelta(milliseconds=self.rules.glimpse_ms)
        if tag.glimpse_at is None or at - tag.glimpse_at > window:
            tag.glimpse_at, tag.glimpse_count = at, 0
        tag.glimpse_count += count
        if tag.glimpse_count >= self.rules.min_reads:
            tag.is_observed = True
            changes.append(Change(at, key, "observed", tag.first_at, tag.read_count))
        return changes

    def advance(self, at: datetime) -> list[Change]:
        """Let go of the tags whose patience is over at `at`."""
        changes: list[Change] = []
        while self._ends and self._ends[0][0] <= at:
            _, key = heapq.heappop(self._ends)
            tag = self._tags[key]
            ends_at = tag.last_at + self._patience(tag)
            if ends_at > at:
                heapq.heappush(self._ends, (ends_at, key))
                continue
            del self._tags[key]
            changes.append(Change(tag.last_at, key, "lost", tag.first_at, tag.read_count))
        return changes

    def _make_room(self, at: datetime) -> list[Change]:
        if len(self._tags) < TAGS_MAX:
            return []
        key = min(self._tags, key=lambda one: self._tags[one].last_at)
        tag = self._tags.pop(key)
        self._ends = [end for end in self._ends if end[1] != key]
        heapq.heapify(self._ends)
        return [Change(at, key, "lost", tag.first_at, tag.read_count)]

    def _note_look(self, tag: _Tag, at: datetime) -> None:
        passed = (at - tag.first_at) // self._look - (tag.last_at - tag.first_at) // self._look
        if passed:
            kept = (1 << LOOKS_KEPT) - 1
            tag.looks = ((tag.looks << min(passed, LOOKS_KEPT)) | 1) & kept
            tag.look_count = min(tag.look_count + passed, LOOKS_KEPT)

    def _patience(self, tag: _Tag) -> timedelta:
        """Return how long a tag may be silent: the looks that SMURF's bound asks for."""
        # A tag just met is taken for a shy one, until it has shown how often it answers.
        chance = tag.looks.bit_count() / (tag.look_count + LOOKS_DOUBTED)
        looks = math.ceil(math.log(1 / self.rules.chance_missed) / chance)
        asked_ms = looks * self.rules.look_ms
        return timedelta(
            milliseconds=min(max(asked_ms, self.rules.patience_ms_min), self.rules.patience_ms_max)
        )
