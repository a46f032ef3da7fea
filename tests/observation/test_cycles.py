"""Event cycles begin, end and compare as the standard has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.tables import rows
from traceability.observation.cycles import (
    Boundary,
    EventCycles,
    InputTrigger,
    InvalidBoundary,
    Report,
    TimeTrigger,
    Trigger,
)

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def trigger_of(text: str) -> Trigger:
    """Read `gate/1/on` or `every 1000 from 250`."""
    words = text.split()
    if words[0] == "every":
        return TimeTrigger(int(words[1]), int(words[3]))
    reader, pin, level = text.split("/")
    return InputTrigger(reader, int(pin), level == "on")


def play(cycles: EventCycles, steps: list[list[Any]]) -> list[Report]:
    reports: list[Report] = []
    for ms, act, *what in steps:
        if act == "see":
            reports += cycles.see(at(ms), what[0])
        elif act == "input":
            said = trigger_of(what[0])
            assert isinstance(said, InputTrigger)
            reports += cycles.trigger(at(ms), said.reader, said.pin, said.level)
        elif act == "unrequest":
            reports += cycles.unrequest(at(ms))
        elif act == "request":
            cycles.request(at(ms))
        else:
            reports += cycles.advance(at(ms))
    return reports


@pytest.mark.parametrize("row", rows("event_cycles.jsonl"), ids=lambda row: str(row["source"]))
def test_a_cycle_is_what_the_standard_says(row: dict[str, Any]) -> None:
    said = dict(row["boundary"])
    for name in ("start", "stop"):
        said[name] = tuple(trigger_of(each) for each in said.get(name, ()))
    cycles = EventCycles(Boundary(**said))
    cycles.request(START)
    found = [
        [
            (each.begun_at - START) / timedelta(milliseconds=1),
            (each.ended_at - START) / timedelta(milliseconds=1),
            each.begun_by,
            each.ended_by,
            sorted(each.current),
            sorted(each.additions),
            sorted(each.deletions),
        ]
        for each in play(cycles, row["steps"])
    ]
    assert found == row["reports"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Nothing ends this cycle: give a stop, a duration or a set."),
        ({"duration_ms": -1}, "duration_ms is -1; expected 0 or more."),
        (
            {"start": (InputTrigger("gate", 1),), "repeat_ms": 1, "duration_ms": 1},
            "A start trigger and a repeat period exclude each other.",
        ),
    ],
)
def test_a_cycle_that_cannot_be_is_refused(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidBoundary) as caught:
        Boundary(**said)
    assert str(caught.value) == sentence


reads = st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcde")), max_size=30)
boundaries = st.builds(
    Boundary,
    repeat_ms=st.integers(0, 500),
    duration_ms=st.integers(20, 300),
    stable_set_ms=st.sampled_from([0, 50, 120]),
    count=st.integers(0, 3),
)


@settings(max_examples=60, deadline=None)
@given(boundaries, reads, st.lists(st.integers(0, 3_000), max_size=20))
def test_reports_do_not_hang_on_how_often_somebody_looks(
    boundary: Boundary, gaps: list[tuple[int, str]], looks: list[int]
) -> None:
    seldom, often = EventCycles(boundary), EventCycles(boundary)
    seldom.request(START)
    often.request(START)
    moment, heard = 0, []
    for gap, key in gaps:
        moment += gap
        heard.append((moment, key))
    few: list[Report] = []
    many: list[Report] = []
    waiting = sorted(looks)
    for ms, key in heard:
        while waiting and waiting[0] <= ms:
            many += often.advance(at(waiting.pop(0)))
        few += seldom.see(at(ms), key)
        many += often.see(at(ms), key)
    few += seldom.advance(at(moment + 3_000))
    many += often.advance(at(moment + 3_000))
    assert few == many


@settings(max_examples=60, deadline=None)
@given(boundaries, reads)
def test_additions_and_deletions_lead_from_set_to_set(
    boundary: Boundary, gaps: list[tuple[int, str]]
) -> None:
    cycles = EventCycles(boundary)
    cycles.request(START)
    reports: list[Report] = []
    moment = 0
    for gap, key in gaps:
        moment += gap
        reports += cycles.see(at(moment), key)
    reports += cycles.unrequest(at(moment + 1_000))
    there: frozenset[str] = frozenset()
    ended_at = START
    for report in reports:
        there = (there | report.additions) - report.deletions
        assert there == report.current
        assert ended_at <= report.begun_at <= report.ended_at
        ended_at = report.ended_at
