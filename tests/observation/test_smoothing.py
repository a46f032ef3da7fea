"""A tag that is silent for a moment has not gone away; one that has gone is let go."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.observation import smoothing
from traceability.observation.smoothing import Change, PresenceRules, Smoother

START = datetime(2026, 3, 2, tzinfo=UTC)
RULES = PresenceRules(look_ms=100, patience_ms_min=200, patience_ms_max=8_000)


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def brief(changes: list[Change]) -> list[tuple[float, str, str]]:
    return [((one.at - START) / timedelta(milliseconds=1), one.key, one.state) for one in changes]


def test_a_glimpse_becomes_a_presence_and_ends() -> None:
    smoother = Smoother(RULES)
    changes = smoother.see(at(0), "a") + smoother.see(at(40), "a") + smoother.see(at(90), "a")
    assert smoother.present == ("a",)
    changes += smoother.advance(at(5_000))
    assert brief(changes) == [(0, "a", "glimpsed"), (40, "a", "observed"), (90, "a", "lost")]
    assert len(smoother.present) == 0


def test_glimpses_far_apart_never_become_a_presence() -> None:
    smoother = Smoother(RULES)
    changes = [one for ms in range(0, 9_000, 3_000) for one in smoother.see(at(ms), "a")]
    assert {one.state for one in changes} == {"glimpsed", "lost"}


def test_a_tag_that_answers_seldom_is_waited_for_longer() -> None:
    smoother = Smoother(RULES)
    for ms in range(0, 3_000, 100):
        smoother.see(at(ms), "often")
        if ms % 500 == 0:
            smoother.see(at(ms), "seldom")
    smoother.advance(at(3_500))
    assert smoother.present == ("seldom",)
    assert smoother.since("seldom") == START


def test_what_was_silent_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "TAGS_MAX", 2)
    smoother = Smoother(RULES)
    changes = [one for n, key in enumerate("abc") for one in smoother.see(at(n), key)]
    assert brief(changes)[-2:] == [(2, "a", "lost"), (2, "c", "glimpsed")]


@pytest.mark.parametrize(("chance", "known_least"), [(0.15, 0.9), (0.4, 0.95), (0.9, 0.99)])
def test_a_tag_that_stays_is_rarely_called_lost(chance: float, known_least: float) -> None:
    """At nearly all moments at which a tag is there it is said to be, however shy it is."""
    dice = random.Random(int(chance * 100))
    smoother = Smoother(RULES)
    there = known = 0
    for look in range(6_000):
        if dice.random() < chance:
            smoother.see(at(look * 100), "a")
        smoother.advance(at(look * 100))
        if look > 50:
            there += 1
            known += smoother.since("a") is not None
    assert known / there >= known_least


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.sampled_from("abc"), st.integers(1, 3))),
    st.lists(st.integers(0, 9_000), max_size=20),
)
def test_each_tag_comes_before_it_goes(reads: list[tuple[int, str, int]], looks: list[int]) -> None:
    """However often somebody looks in between, every tag is glimpsed, perhaps observed, lost."""
    seldom, often = Smoother(RULES), Smoother(RULES)
    few: list[Change] = []
    many: list[Change] = []
    moment, waiting = 0, sorted(looks)
    for gap, key, count in reads:
        moment += gap
        while waiting and waiting[0] <= moment:
            many += often.advance(at(waiting.pop(0)))
        few += seldom.see(at(moment), key, count)
        many += often.see(at(moment), key, count)
    end = at(moment + 60_000)
    few += seldom.advance(end)
    many += often.advance(end)
    assert sorted(few, key=repr) == sorted(many, key=repr)
    for key in {one.key for one in few}:
        states = [one.state for one in few if one.key == key]
        lives = " ".join(states).split("lost")
        assert lives[-1] == ""
        assert {life.strip() for life in lives[:-1]} <= {"glimpsed", "glimpsed observed"}
