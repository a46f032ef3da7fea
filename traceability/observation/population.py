"""How many tags are there, counting those that never answered: two looks and what both saw.

If the second look sees again nine of ten that the first saw, the first missed about one in ten of
everything, and so did nobody knows whom. Two looks are two antennas, two rounds, two gates.

>>> both = population(first=90, second=80, both=72)
>>> round(both.count), round(both.low), round(both.high)
(100, 98, 106)

Source: D. G. Chapman, Some Properties of the Hypergeometric Distribution with Applications to
Zoological Sample Censuses, 1951 (count and variance, as given by Seber 1982, section 3.1.1); the
interval is log-normal over what was not seen: A. Chao, Biometrics 43 (1987), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_95 = 1.959964
"""Two-sided 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Population:
    """An estimated number of tags with its 95 % interval; never below what was seen."""

    seen: int
    count: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """Of all that is there, how much was seen by either look; 1 if nothing is there."""
        return self.seen / self.count if self.count else 1.0


def population(first: int, second: int, both: int) -> Population:
    """Estimate how many there are from two independent looks.

    Args:
        first: Different tags that the first look saw.
        second: The same of the second.
        both: Tags that both saw.

    Raises:
        ValueError: If both saw more than one of them did.
    """
    if not 0 <= both <= min(first, second):
        raise ValueError(f"Cannot estimate: both looks saw {both}, of {first} and {second}.")
    seen = first + second - both
    count = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (
        (first + 1) * (second + 1) * (first - both) * (second - both)
        / ((both + 1) ** 2 * (both + 2))
    )  # fmt: skip
    missed = max(count - seen, 0.0)
    if not missed or not variance:
        return Population(seen, seen + missed, seen, seen + missed)
    spread = math.exp(Z_95 * math.sqrt(math.log(1 + variance / missed**2)))
    return Population(seen, count, seen + missed / spread, seen + missed * spread)
