"""How much of what passes a gate is read at all, although nobody knows what passed.

Two looks at the same passes tell: what the inside antenna read and the outside one did not is
what the outside one missed. A gate with both misses what neither read; taken as independent,
that is the product of the two shares missed. Two gates in series tell the same of the first one:
of all that the second read, how much had the first?

The figure is a range, because a handful of passes proves little, and because misses come in
cartons: one carton beside metal loses ten garments at once. So the passes, not the garments, are
what is counted as independent.

>>> tally = Tally()
>>> for _ in range(50):
...     tally.add(Looks(first=19, second=19, both=18))
>>> known = tally.both_together()
>>> round(known.low, 3), round(known.share, 3), round(known.high, 3)
(0.996, 0.997, 0.998)

What both looks miss for the same reason (a dead tag, a carton full of foil) neither sees: against
that no counting helps, and the true share lies lower.

Source: Lincoln-Petersen estimate, G. A. F. Seber, The Estimation of Animal Abundance, 1982,
section 3.1; the interval of a share is E. B. Wilson, JASA 22 (1927), with the number of things
divided by the design effect of whole passes: L. Kish, Survey Sampling, 1965, section 5.4.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from traceability.observation.population import Z_95

PASSES_KEPT = 1_000
RECENT = 50
"""Passes that stand for now; those before them stand for what is usual."""
USUAL_MIN = 100
"""Passes before anybody says what is usual."""
THINGS_MIN = 100
"""Things before a share is said at all."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What two looks saw of one pass, in things."""

    first: int
    second: int
    both: int

    def __post_init__(self) -> None:
        if not 0 <= self.both <= min(self.first, self.second):
            raise ValueError(f"both looks saw {self.both}, of {self.first} and {self.second}")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole with its 95 % interval, each from 0 to 1."""

    share: float
    low: float
    high: float
    passes: int
    things: int
    """Different things that either look saw."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A gate reads less than it used to, and chance does not explain it."""

    now: Share
    usual: Share


class Tally:
    """The looks of a gate's last passes. Owned by one thread."""

    def __init__(self, looks: Iterable[Looks] = ()) -> None:
        self._looks: deque[Looks] = deque(looks, maxlen=PASSES_KEPT)

    def __len__(self) -> int:
        return len(self._looks)

    def add(self, looks: Looks) -> None:
        """Take in one pass; one in which nothing was read says nothing."""
        if looks.first or looks.second:
            self._looks.append(looks)

    def both_together(self) -> Share | None:
        """Return what the two looks read together; None while too little has passed."""
        return together(list(self._looks))

    def fall(self) -> Fall | None:
        """Return how far the last passes fell below the usual; None if they did not."""
        looks = list(self._looks)
        if len(looks) < USUAL_MIN + RECENT:
            return None
        now, usual = together(looks[-RECENT:]), together(looks[:-RECENT])
        if now is None or usual is None or now.high >= usual.low:
            return None
        return Fall(now, usual)


def together(looks: Sequence[Looks]) -> Share | None:
    """Estimate how much two looks read together of what passed."""
    things = sum(each.first + each.second - each.both for each in looks)
    if things < THINGS_MIN:
        return None
    first = share_of([(each.both, each.second) for each in looks])
    second = share_of([(each.both, each.first) for each in looks])
    if first is None or second is None:
        return None
    # Each missed share has an interval of its own; on the scale of logarithms they add up.
    missed = (1 - first.share) * (1 - second.share)
    return Share(
        share=1 - missed,
        low=1 - _missed(first, second, is_most=True),
        high=1 - _missed(first, second, is_most=False),
        passes=len(looks),
        things=things,
    )


def share_of(parts: Sequence[tuple[int, int]]) -> Share | None:
    """Return a share over passes with its interval; None if there is nothing to share.

    Args:
        parts: Of each pass, how many things have it, of how many.
    """
    parts = [part for part in parts if part[1]]
    whole = sum(of for _, of in parts)
    if not whole:
        return None
    share = sum(having for having, _ in parts) / whole
    # With a handful of passes, or none that differs, nothing is known of how passes differ.
    effect = 1.0
    if len(parts) > 1 and 0 < share < 1:
        spread = sum((having - share * of) ** 2 for having, of in parts) / whole**2
        effect = max(1.0, spread * len(parts) / (len(parts) - 1) / (share * (1 - share) / whole))
    low, high = _wilson(share, whole / effect)
    return Share(share, low, high, len(parts), whole)


def _wilson(share: float, count: float) -> tuple[float, float]:
    centre = (share + Z_95**2 / (2 * count)) / (1 + Z_95**2 / count)
    half = (
        Z_95 / (1 + Z_95**2 / count)
        * math.sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    )  # fmt: skip
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _missed(first: Share, second: Share, *, is_most: bool) -> float:
    """Return the greatest or least share that both may miss, at 95 %."""
    tiny = 1e-6
    parts = []
    for each in (first, second):
        middle = max(1 - each.share, tiny)
        far = max(1 - (each.low if is_most else each.high), tiny)
        parts.append((math.log(middle), math.log(far) - math.log(middle)))
    away = math.hypot(*(part[1] for part in parts)) * (1 if is_most else -1)
    return min(max(math.exp(sum(part[0] for part in parts) + away), 0.0), 1.0)
