"""A card of 125 kHz at a station is what it was bound to, once each time it is held there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.reads import CardRead, Received
from tests.station.floor import (
    NS,
    RULES,
    TICKET,
    at,
    cache,
    closed_passes,
    events_of,
    post,
    scan,
    shirt_tag,
    tree,
)
from traceability.station.cache import Cache
from traceability.station.looking import ReadNow
from traceability.station.passes import StationPasses

NUMBER = bytes.fromhex("62e3086ced")
KEY = f"//{NS}/obj/3808980205"
OTHER_TICKET = f"//{NS}/class/B-109"
TABLE = post("sewing")
REPEAT_MS = 65
"""How often an RDM6300 says a card that lies on it."""


def card(ms: float, number: bytes = NUMBER, reader: str = "badge") -> Received:
    return Received(at(ms), reader, CardRead(number, number.hex().upper()))


def lying(begin_ms: int, end_ms: int, number: bytes = NUMBER) -> list[Received]:
    """A card that lies on its reader for a while."""
    return [card(ms, number) for ms in range(begin_ms, end_ms, REPEAT_MS)]


def bound() -> Cache:
    """A cache that knows what the card stands for."""
    given = tree()
    master = given["master"]
    assert isinstance(master, dict)
    alias = {KEY: {"stands_for": TICKET, "as": "bundle"}}
    tickets = {**master["ticket"], OTHER_TICKET: master["ticket"][TICKET]}
    return Cache.from_json({**given, "master": {**master, "alias": alias, "ticket": tickets}})


def test_a_card_is_known_by_the_digits_printed_on_it() -> None:
    [closed] = closed_passes(TABLE, cache(), [card(0)])
    assert [each.key for each in closed.visit.sightings] == [KEY]


def test_a_card_at_its_reader_and_its_number_from_a_keyboard_reader_are_one() -> None:
    [closed] = closed_passes(TABLE, cache(), [card(0), scan(200, "3808980205", "")])
    assert [(each.key, each.read_count) for each in closed.visit.sightings] == [(KEY, 2)]


def test_a_number_has_its_ten_digits_also_when_they_begin_with_zeros() -> None:
    [closed] = closed_passes(TABLE, cache(), [card(0, bytes.fromhex("01000000aa"))])
    assert [each.key for each in closed.visit.sightings] == [f"//{NS}/obj/0000000170"]


def test_a_bound_card_opens_the_work_of_its_bundle() -> None:
    made = events_of(TABLE, bound(), [card(0), shirt_tag(500, 1)])
    assert [one.type for one in made] == ["TransformationEvent"]


def test_a_card_that_lies_there_is_held_to_the_reader_once() -> None:
    [closed] = closed_passes(TABLE, cache(), lying(0, 1000))
    assert [each.read_count for each in closed.visit.sightings] == [1]


@pytest.mark.parametrize(("away_ms", "count"), [(299, 1), (300, 2)])
def test_a_card_was_taken_away_after_300_ms_without_it(away_ms: int, count: int) -> None:
    [closed] = closed_passes(TABLE, cache(), [card(0), card(away_ms)])
    assert [each.read_count for each in closed.visit.sightings] == [count]


def test_a_card_left_on_its_reader_does_not_take_the_work_back() -> None:
    passes = StationPasses(TABLE, RULES, bound())
    passes.hear(card(0))
    passes.hear(card(REPEAT_MS))
    passes.hear(scan(120, "B-109"))
    for each in lying(2 * REPEAT_MS, 1200):
        passes.hear(each)
    assert passes.in_hand is not None
    assert passes.in_hand.task.opened == (OTHER_TICKET,)


def test_two_readers_have_a_card_each() -> None:
    passes = StationPasses(TABLE, RULES, cache())
    for ms in range(0, 260, REPEAT_MS):
        passes.hear(card(ms, reader="left"))
        passes.hear(card(ms, bytes.fromhex("0a0001ffff"), reader="right"))
    assert {(each.key, each.read_count) for each in passes.builder.live} == {
        (KEY, 1),
        (f"//{NS}/obj/0000131071", 1),
    }


@pytest.fixture
def badge(tmp_path: Path) -> Iterator[Callable[[], EmulatedReader]]:
    readers: list[EmulatedReader] = []

    def make() -> EmulatedReader:
        readers.append(EmulatedReader("badge", "em4100_serial", folder=tmp_path))
        return readers[-1]

    yield make
    for reader in readers:
        reader.stop()


def test_a_card_is_seen_when_somebody_looks(badge: Callable[[], EmulatedReader]) -> None:
    reader = badge()
    reader.show([NUMBER])
    look = ReadNow(reader.url, "em4100_serial", None, seconds=1.0)
    look.start()
    assert look.wait(10)
    [seen] = look.value.seen
    assert (seen.code, seen.is_tag, seen.antenna) == ("3808980205", False, None)
    assert seen.count > 1
