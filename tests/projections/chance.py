"""Where the decisions of an invented history come from: a seed, or Hypothesis."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Chance(Protocol):
    """Where decisions come from."""

    def number(self, low: int, high: int) -> int: ...

    def pick(self, options: Sequence[T]) -> T: ...

    def often(self, percent: int) -> bool: ...


class Dice:
    """Chance from a seed: the same seed tells the same history, on every machine."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def pick(self, options: Sequence[T]) -> T:
        return options[self._random.randrange(len(options))]

    def often(self, percent: int) -> bool:
        return self._random.randrange(100) < percent


class Drawn:
    """Chance from Hypothesis; what comes first in a list is what a failure shrinks to."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        return int(self._draw(st.integers(low, high)))

    def pick(self, options: Sequence[T]) -> T:
        picked: T = self._draw(st.sampled_from(options))
        return picked

    def often(self, percent: int) -> bool:
        return int(self._draw(st.integers(0, 99))) >= 100 - percent
