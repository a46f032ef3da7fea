"""What a gate misses is estimated without knowing it, and the range holds the truth."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.observation.completeness import Looks, Tally, share_of, together
from traceability.observation.population import population


def passes(
    dice: random.Random, count: int, first: float, second: float, *, per_carton: float = 0.0
) -> list[Looks]:
    """Let cartons of 24 pass before two looks that see so much each.

    `per_carton` is the share of cartons in which the first look misses three times as much.
    """
    looks = []
    for _ in range(count):
        misses = (1 - first) * (3 if dice.random() < per_carton else 1)
        both = one = two = 0
        for _ in range(24):
            is_first, is_second = dice.random() >= misses, dice.random() < second
            both += is_first and is_second
            one += is_first
            two += is_second
        looks.append(Looks(one, two, both))
    return looks


@pytest.mark.parametrize(
    ("first", "second", "per_carton"),
    [(0.9, 0.9, 0.0), (0.95, 0.8, 0.0), (0.7, 0.6, 0.0), (0.9, 0.85, 0.2)],
)
def test_the_range_holds_the_truth(first: float, second: float, per_carton: float) -> None:
    dice = random.Random(f"{first} {second} {per_carton}")
    truth = 1 - (1 - first) * (1 + 2 * per_carton) * (1 - second)
    held = 0
    for _ in range(100):
        known = together(passes(dice, 60, first, second, per_carton=per_carton))
        assert known is not None
        held += known.low <= truth <= known.high
    assert held >= 88  # 95 of 100, less what chance may take.


def test_two_gates_in_series_tell_what_the_first_reads() -> None:
    dice = random.Random(4)
    looks = passes(dice, 200, 0.97, 0.9)
    known = share_of([(each.both, each.second) for each in looks])
    assert known is not None
    assert known.low <= 0.97 <= known.high
    assert known.high - known.low < 0.03


def test_misses_that_come_in_cartons_widen_the_range() -> None:
    evenly = share_of([(23, 24)] * 24)
    in_one = share_of([(24, 24)] * 23 + [(0, 24)])
    assert evenly is not None
    assert in_one is not None
    assert evenly.share == in_one.share
    assert in_one.low < evenly.low - 0.05


def test_a_gate_that_reads_less_than_it_used_to_is_noticed() -> None:
    dice = random.Random(8)
    tally = Tally(passes(dice, 200, 0.95, 0.95))
    assert tally.fall() is None
    for each in passes(dice, 50, 0.95, 0.6):
        tally.add(each)
    fall = tally.fall()
    assert fall is not None
    assert fall.now.high < fall.usual.low


def test_a_gate_that_stays_as_it_is_raises_no_alarm() -> None:
    dice = random.Random(9)
    falls = 0
    for _ in range(40):
        falls += Tally(passes(dice, 200, 0.95, 0.9, per_carton=0.1)).fall() is not None
    assert falls <= 1


@pytest.mark.parametrize("looks", [[], [Looks(3, 3, 3)] * 20])
def test_too_little_says_nothing(looks: list[Looks]) -> None:
    tally = Tally(looks)
    assert tally.both_together() is None
    assert tally.fall() is None


def test_looks_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="both looks saw 3, of 2 and 4"):
        Looks(2, 4, 3)
    with pytest.raises(ValueError, match="Cannot estimate: both looks saw 3, of 2 and 4"):
        population(2, 4, 3)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_population_is_never_below_what_was_seen(both: int, one: int, two: int) -> None:
    found = population(both + one, both + two, both)
    assert found.seen == both + one + two
    assert found.seen <= found.low <= found.count + 1e-9
    assert found.count <= found.high + 1e-9
    assert 0 <= found.share <= 1


def test_the_population_holds_the_truth() -> None:
    dice = random.Random(3)
    held = 0
    for _ in range(100):
        one = {n for n in range(150) if dice.random() < 0.8}
        two = {n for n in range(150) if dice.random() < 0.7}
        found = population(len(one), len(two), len(one & two))
        held += found.low <= 150 <= found.high
    assert held >= 88
