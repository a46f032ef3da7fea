"""Reads become visits: when a pass ends, what is in it, and what is left lying by the door."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.observation.passes import Pass, PassBuilder, PassRules, Sight, split

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = PassRules(quiet_ms=200, merge_s=60)


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def sight(ms: float, key: str, *, is_scan: bool = False, context: str = "") -> Sight:
    return Sight(at(ms), key, "gate", is_scan=is_scan, antenna=1, rssi_dbm=-50.0, context=context)


def passes_of(
    sights: list[Sight], rules: PassRules = RULES, ticks: random.Random | None = None
) -> list[Pass]:
    builder = PassBuilder(rules)
    closed: list[Pass | None] = []
    moment = START
    for each in sights:
        while ticks is not None and moment < each.at and ticks.random() < 0.7:
            moment += (each.at - moment) * ticks.random()
            closed.append(builder.advance(moment))
        moment = max(moment, each.at)
        closed.append(builder.advance(moment))
        builder.see(each)
    closed.append(builder.advance(moment + timedelta(days=1)))
    return [each for each in closed if each is not None]


def brief(passes: list[Pass]) -> list[tuple[str, float, list[str], list[str]]]:
    """Return how each pass ended, when (ms), what was in it, and what of it was new."""
    return [
        (
            each.closed_by,
            (each.closed_at - START) / timedelta(milliseconds=1),
            [one.key for one in each.sightings],
            [one.key for one in each.new],
        )
        for each in passes
    ]


def test_a_pass_ends_when_it_is_quiet() -> None:
    heard = [sight(0, "a"), sight(50, "b"), sight(120, "a")]
    assert brief(passes_of(heard)) == [("quiet", 320, ["a", "b"], ["a", "b"])]


def test_a_hand_scan_waits_for_the_next_label() -> None:
    heard = [sight(0, "a", is_scan=True), sight(1400, "b", is_scan=True)]
    assert brief(passes_of(heard)) == [("quiet", 2900, ["a", "b"], ["a", "b"])]


def test_a_thing_seen_again_soon_makes_no_second_event() -> None:
    heard = [sight(0, "a"), sight(10, "b"), sight(5_000, "a"), sight(5_010, "c")]
    assert brief(passes_of(heard)) == [
        ("quiet", 210, ["a", "b"], ["a", "b"]),
        ("quiet", 5_210, ["a", "c"], ["c"]),
    ]


def test_a_thing_seen_again_much_later_is_a_new_visit() -> None:
    heard = [sight(0, "a"), sight(61_000, "a")]
    assert [new for *_, new in brief(passes_of(heard))] == [["a"], ["a"]]


def test_a_rack_beside_the_door_does_not_keep_the_gate_from_a_verdict() -> None:
    rack = [sight(ms, "rack") for ms in range(0, 20_000, 100)]
    carton = [sight(8_003 + ms, "carton") for ms in range(0, 300, 50)]
    found = passes_of(sorted(rack + carton, key=lambda one: one.at))
    assert (
        brief(found),
        [(stray.key, stray.read_count > 1) for stray in found[1].strays],
    ) == (
        [("still", 3_000, ["rack"], ["rack"]), ("quiet", 8_453, ["carton"], ["carton"])],
        [("rack", True)],
    )


def test_what_was_only_glimpsed_stays_visible_but_makes_no_event() -> None:
    rules = PassRules(quiet_ms=200, min_reads=2)
    found = passes_of([sight(0, "a"), sight(10, "a"), sight(20, "ghost")], rules)
    assert (brief(found), [stray.key for stray in found[0].strays]) == (
        [("quiet", 220, ["a"], ["a"])],
        ["ghost"],
    )


def test_a_barcode_is_never_just_glimpsed() -> None:
    found = passes_of([sight(0, "a", is_scan=True)], PassRules(min_reads=5))
    assert [one.key for one in found[0].sightings] == ["a"]


def test_work_begun_later_takes_what_lay_there_before() -> None:
    builder = PassBuilder(RULES)
    builder.see(sight(0, "shirt"))
    first = builder.close("next", at(50))
    builder.begin("ticket")
    builder.see(sight(60, "shirt", context="ticket"))
    second = builder.close("quiet", at(500))
    assert first is not None
    assert second is not None
    assert [(one.context, one.is_new) for one in (*first.sightings, *second.sightings)] == [
        ("", True),
        ("ticket", True),
    ]


@pytest.mark.parametrize(("is_once", "again"), [(True, False), (False, True)])
def test_what_is_done_once_is_not_done_again_under_other_work(is_once: bool, again: bool) -> None:
    builder = PassBuilder(PassRules(is_once=is_once, merge_s=43_200))
    builder.see(sight(0, "shirt", context="ticket 1"))
    builder.close("complete", at(0))
    builder.see(sight(600_000, "shirt", context="ticket 2"))
    second = builder.close("quiet", at(600_200))
    assert second is not None
    assert second.sightings[0].is_new is again


def test_a_sighting_counts_reads_strength_antennas_and_readers() -> None:
    builder = PassBuilder(RULES)
    for ms, antenna, rssi, reader in (
        (0, 1, -60.0, "in"),
        (10, 3, -41.5, "out"),
        (20, 1, -55.0, "in"),
    ):
        builder.see(Sight(at(ms), "a", reader, antenna=antenna, rssi_dbm=rssi, read_count=2))
    found = builder.live[0]
    assert (
        found.read_count,
        found.rssi_first_dbm,
        found.rssi_last_dbm,
        found.rssi_max_dbm,
        found.antennas,
        found.readers,
        found.first_seen_at,
        found.last_seen_at,
    ) == (6, -60.0, -55.0, -41.5, (1, 3), ("in", "out"), at(0), at(20))


def test_a_read_that_comes_late_from_another_thread_is_taken_as_now() -> None:
    builder = PassBuilder(RULES)
    builder.see(sight(100, "a"))
    builder.see(sight(40, "b"))
    assert [one.first_seen_at for one in builder.live] == [at(100), at(100)]


def test_nothing_closes_where_nothing_is() -> None:
    builder = PassBuilder(RULES)
    assert (builder.deadline, builder.advance(at(10**6)), builder.close("stop", at(0))) == (
        None,
        None,
        None,
    )


def test_a_large_pass_is_split_by_sorted_key() -> None:
    keys = [f"k{number:04d}" for number in range(4_100)]
    parts = split(random.Random(1).sample(keys, len(keys)))
    assert ([len(part) for part in parts], [key for part in parts for key in part]) == (
        [2_000, 2_000, 100],
        keys,
    )


HEARD = st.lists(
    st.tuples(
        st.integers(0, 1_500),
        st.sampled_from("abcdefgh"),
        st.booleans(),
        st.sampled_from(["", "x"]),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(heard=HEARD, seed=st.integers(0, 2**32), min_reads=st.integers(1, 3))
def test_passes_follow_from_the_reads_whenever_somebody_asks(
    heard: list[tuple[int, str, bool, str]], seed: int, min_reads: int
) -> None:
    moment = 0
    sights = []
    for gap, key, is_scan, context in heard:
        moment += gap
        sights.append(sight(moment, key, is_scan=is_scan, context=context))
    rules = PassRules(quiet_ms=200, merge_s=3, min_reads=min_reads)
    assert passes_of(sights, rules, random.Random(seed)) == passes_of(sights, rules)


@settings(max_examples=200, deadline=None)
@given(heard=HEARD)
def test_every_read_is_in_a_pass_or_among_the_strays(
    heard: list[tuple[int, str, bool, str]],
) -> None:
    moment, sights = 0, []
    for gap, key, is_scan, _ in heard:
        moment += gap
        sights.append(sight(moment, key, is_scan=is_scan))
    found = passes_of(sights)
    shown = {one.key for each in found for one in each.sightings}
    shown |= {one.key for each in found for one in each.strays}
    assert shown == {one.key for one in sights}
