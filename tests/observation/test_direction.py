"""Which way things went, at simulated gates of which the truth is known."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.observation.simulated_gate import START, carton, listen, rack, traces
from traceability.observation.direction import (
    Beam,
    Eyes,
    Passage,
    decide,
    lead_ms,
    way_of,
    way_of_pass,
)
from traceability.observation.strays import StrayRules, is_stray, weigh_pass
from traceability.observation.trace import SLOTS_MAX, Side, Trace


def eyes_after(*steps: tuple[int, str, bool], eye_count: int = 2) -> list[Passage]:
    eyes = Eyes(eye_count)
    sides: dict[str, Side] = {"in": "inside", "out": "outside"}
    found = [
        eyes.receive(Beam(START + timedelta(milliseconds=ms), sides[side], broken))
        for ms, side, broken in steps
    ]
    return [one for one in found if one is not None]


def test_cartons_and_strays_at_a_walked_gate() -> None:
    """Fifty cartons of weak and strong tags, each past a rack of six, at 0.5 to 1.8 m/s."""
    dice = random.Random(11)
    said = {"right": 0, "unknown": 0, "wrong": 0}
    things = dict(said)
    strays = {"garment": 0, "rack": 0}
    heard = {"garment": 0, "rack": 0}
    for _ in range(50):
        speed = dice.choice([1, -1]) * dice.uniform(0.5, 1.8)
        truth = "in" if speed > 0 else "out"
        found = traces(listen(dice, carton(dice, 8, speed) + rack(dice, 6), 6 / abs(speed)))
        evidence = weigh_pass(found, StrayRules())
        leads = []
        for key, trace in found.items():
            kind = key.partition("-")[0]
            heard[kind] += 1
            strays[kind] += is_stray(evidence[key])
            if evidence[key] != "moved":
                continue
            way = way_of(trace.curve("inside"), trace.curve("outside"))
            if kind == "garment":
                things["right" if way == truth else way if way == "unknown" else "wrong"] += 1
            lead = lead_ms(trace.curve("inside"), trace.curve("outside"))
            leads += [lead] if lead is not None else []
        way = way_of_pass(leads)
        said["right" if way == truth else way if way == "unknown" else "wrong"] += 1
    assert said["wrong"] == 0
    assert said["right"] >= 48
    assert things["wrong"] <= 0.01 * sum(things.values())
    assert things["right"] >= 0.9 * sum(things.values())
    # To leave out what passed is worse than to count what stands there: evidence, or nothing.
    assert strays["garment"] <= 0.01 * heard["garment"]
    assert strays["rack"] >= 0.5 * heard["rack"]


def test_one_side_alone_tells_no_way() -> None:
    assert way_of(((0, -50.0),), ()) == "unknown"
    assert lead_ms((), ((0, -50.0),)) is None


def test_two_people_who_cross_in_the_gate_tell_no_way() -> None:
    assert way_of_pass([900, 850, -900, -700]) == "unknown"
    assert way_of_pass([900, 850, 700, -700]) == "in"
    assert way_of_pass([]) == "unknown"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-3_000, 3_000), max_size=20))
def test_the_other_way_round_is_the_other_way(leads: list[float]) -> None:
    other = {"in": "out", "out": "in", "unknown": "unknown"}
    assert way_of_pass([-lead for lead in leads]) == other[way_of_pass(leads)]


@pytest.mark.parametrize(
    ("steps", "ways"),
    [
        pytest.param(
            [(0, "out", True), (300, "in", True), (600, "out", False), (900, "in", False)],
            ["in"],
            id="through",
        ),
        pytest.param(
            [(0, "in", True), (300, "out", True), (600, "in", False), (900, "out", False)],
            ["out"],
            id="the other way",
        ),
        pytest.param(
            [(0, "out", True), (300, "in", True), (600, "in", False), (900, "out", False)],
            ["unknown"],
            id="turned back",
        ),
        pytest.param([(0, "out", True), (300, "out", False)], [], id="an arm in one beam"),
        pytest.param(
            [(0, "out", True), (0, "in", True), (600, "out", False), (900, "in", False)],
            ["unknown"],
            id="both at once",
        ),
        pytest.param(
            [(0, "out", True), (300, "in", True), (9_000, "out", False), (19_000, "in", False)],
            ["unknown"],
            id="it stood there",
        ),
        pytest.param([(0, "in", False), (10, "out", False)], [], id="free already"),
        pytest.param(
            [(0, "out", True), (100, "out", False), (200, "out", True), (300, "in", True),
             (600, "out", False), (900, "in", False)],
            ["in"],
            id="a strap swings in front",
        ),
    ],
)  # fmt: skip
def test_photo_eyes_say_the_way(steps: list[tuple[int, str, bool]], ways: list[str]) -> None:
    assert [one.way for one in eyes_after(*steps)] == ways


def test_one_photo_eye_says_that_something_passed() -> None:
    [passage] = eyes_after((0, "out", True), (400, "out", False), eye_count=1)
    assert passage == Passage(START, START + timedelta(milliseconds=400), "unknown")


def test_the_eyes_decide_over_the_antennas_if_they_know() -> None:
    assert decide("in", "out") == "out"
    assert decide("in", "unknown") == "in"
    assert decide("unknown", None) == "unknown"


def test_a_long_visit_is_kept_more_coarsely() -> None:
    trace = Trace(START)
    for number in range(SLOTS_MAX * 30):
        trace.add(START + timedelta(milliseconds=number * 100), "inside", -50.0)
    curve = trace.curve("inside")
    assert len(curve) <= SLOTS_MAX
    assert {dbm for _, dbm in curve} == {-50.0}
    assert curve[-1][0] >= SLOTS_MAX * 30 * 100 - trace.slot_ms
