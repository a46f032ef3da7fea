"""A clock is compared with another through a network that takes its time."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.observation.offset import Asked, ClockOffset


def exchange(at: float, ahead: float, there: float, back: float) -> Asked:
    """Ask at a time; the other clock is ahead, the ways take so long."""
    return Asked(at, at + there + ahead, at + there + ahead, at + there + back)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-9_000, 9_000),
    st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)), min_size=1, max_size=30),
)
def test_the_error_holds_the_truth(ahead: float, ways: list[tuple[float, float]]) -> None:
    clock = ClockOffset()
    for number, (there, back) in enumerate(ways):
        clock.add(exchange(1_000.0 + number * 5, ahead, there, back))
    known = clock.known
    assert known is not None
    assert abs(known.offset_s - ahead) <= known.error_s + 1e-5


def test_the_quickest_answer_counts() -> None:
    clock = ClockOffset()
    clock.add(exchange(0, 2.0, 0.001, 0.001))
    clock.add(exchange(5, 2.0, 0.8, 0.0))
    assert clock.known is not None
    assert (clock.known.offset_s, round(clock.known.error_s, 6)) == (2.0, 0.001)


def test_a_clock_that_runs_fast_is_known_by_its_slope() -> None:
    dice = random.Random(1)
    clock = ClockOffset()
    for number in range(0, 4 * 3_600, 5):
        ahead = 0.5 + number * 40e-6
        clock.add(exchange(number, ahead, dice.uniform(0.002, 0.05), dice.uniform(0.002, 0.05)))
    assert clock.known is not None
    assert clock.known.drift_ppm is not None
    assert abs(clock.known.drift_ppm - 40) < 2


def test_a_clock_that_was_set_is_measured_anew() -> None:
    clock = ClockOffset()
    for number in range(10):
        clock.add(exchange(number * 5, 300.0, 0.001, 0.001))
    clock.add(exchange(60, 0.0, 0.2, 0.2))
    assert clock.known is not None
    assert abs(clock.known.offset_s) < 0.3
    assert clock.known.drift_ppm is None


def test_an_answer_before_its_question_is_none() -> None:
    clock = ClockOffset()
    clock.add(exchange(0, 1.0, 0.001, 0.001))
    clock.add(Asked(sent=10.0, received=11.0, answered=11.0, back=4.0))
    assert clock.known is None
