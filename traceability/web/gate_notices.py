"""What a gate notices beside the tags, in words: who stands by, what it misses, whose clock.

>>> notices({}).standing, notices({}).is_alarm
('', False)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeGuard

from traceability.web import screen
from traceability.web.sentences import gettext as _
from traceability.web.sentences import ngettext
from traceability.web.words import THIN, duration, number

CLOCK_MS = 2_000
"""Clocks further apart are told in the list of gates: two scans may then stand in wrong order."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Sentences in the page's language; empty where there is nothing to say."""

    standing: str = ""
    reads: str = ""
    reads_from: str = ""
    """From how much that was worked out."""
    fell: str = ""
    """An alarm: it reads less than it used to."""
    remedy: str = ""
    clock: str = ""
    clock_alarm: str = ""

    @property
    def is_alarm(self) -> bool:
        """Tell whether somebody should look."""
        return bool(self.fell or self.clock_alarm)


def notices(tree: Mapping[str, Any]) -> Notices:
    """Put what a station notices into words.

    Args:
        tree: Its live state as it came; trusted in nothing.
    """
    watch = tree.get("watch")
    watch = watch if isinstance(watch, Mapping) else {}
    count = screen.whole(watch.get("standing_by"))
    known = watch.get("completeness")
    reads = reads_from = ""
    if _is_share(known):
        reads = _("Reads %(range)s of what passes", range=_range(known))
        reads_from = _(
            "from %(things)s things in %(passes)s visits",
            things=number(screen.whole(known.get("things"))),
            passes=number(screen.whole(known.get("passes"))),
        )
    fell = ""
    now, usual = watch.get("completeness_now"), watch.get("completeness_usual")
    if _is_share(now) and _is_share(usual):
        fell = _(
            "Reads only %(now)s of what passes; it used to be %(usual)s",
            now=_range(now),
            usual=_range(usual),
        )
    clock, is_far = _clock(tree.get("clock"))
    return Notices(
        standing=ngettext("%(num)s seen standing by", "%(num)s seen standing by", count)
        if count
        else "",
        reads=reads,
        reads_from=reads_from,
        fell=fell,
        remedy=_("Look at the antennas, their cables, and what stands near the gate.")
        if fell
        else "",
        clock=clock,
        clock_alarm=clock if is_far else "",
    )


def _is_share(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(end), int | float) and 0 <= value[end] <= 1 for end in ("low", "high")
    )


def _range(share: Mapping[str, Any]) -> str:
    """Write a range in percent; rounded away from its middle, so that it still holds."""
    low, high = int(share["low"] * 1_000) / 10, -int(-share["high"] * 1_000 // 1) / 10
    low, high = min(low, 100.0), min(high, 100.0)
    shown = number(low, 1) if low == high else f"{number(low, 1)}–{number(high, 1)}"
    return f"{shown}{THIN}%"


def _clock(said: object) -> tuple[str, bool]:
    """Say how far a station's clock is from the server's, and whether that is too far."""
    if not isinstance(said, Mapping):
        return "", False
    ahead, error = said.get("server_ahead_ms"), said.get("error_ms")
    if not isinstance(ahead, int) or not isinstance(error, int | float):
        return "", False
    apart = abs(ahead)
    if apart <= error:
        words = _("Its clock agrees with the server's")
    else:
        far = timedelta(milliseconds=apart)
        span = duration(far) if apart >= 60_000 else _("%(count)s s", count=number(apart / 1_000))
        words = (
            _("Its clock is %(span)s behind the server's", span=span)
            if ahead > 0
            else _("Its clock is %(span)s ahead of the server's", span=span)
        )
    drift = said.get("drift_ppm")
    if isinstance(drift, int | float) and abs(drift) >= 1:
        a_day = number(abs(drift) * 0.0864, 1)
        words += ", " + (
            _("and loses %(count)s s a day", count=a_day)
            if drift > 0
            else _("and gains %(count)s s a day", count=a_day)
        )
    return words, apart - error > CLOCK_MS
