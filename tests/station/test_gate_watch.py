"""A gate that knows its sides: the way stands in the event, bystanders do not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from readers.reads import Input, Received, TagRead
from tests.observation.simulated_gate import Heard, Thing, carton, listen, rack
from tests.station.floor import (
    BOX,
    RULES,
    START,
    at,
    box,
    box_tag,
    cache,
    content,
    garment,
    post,
    shirt_tag,
)
from traceability.gs1 import uri_of
from traceability.simulation import labels
from traceability.station.gate_settings import GateSettings
from traceability.station.interpret import DIRECTION, REASON, Closed, interpret
from traceability.station.passes import StationPasses
from traceability.station.settings import InvalidSettings, parse_settings
from traceability.station.station_file import write_settings

SIDES = GateSettings(inside=(("dock", 1),), outside=(("dock", 2),))
WATCHFUL = replace(SIDES, stray_rise_db=10)
EYES = GateSettings(inside_eye=("dock", 1), outside_eye=("dock", 2))
PACKED = box(f"/00/{BOX}", [content(garment(n)) for n in range(1, 9)])
FILE = """
name = "dock"
server = "http://127.0.0.1:8000"
stage = "shipping"
"""
READER = """
[[reader]]
name = "dock"
protocol = "r2000_a0"
url = "socket://127.0.0.1:4001"
"""


def received(heard: Sequence[Heard]) -> list[Received]:
    """Turn what the simulated gate heard into reads; racks hold shirts 101 and up."""
    antenna = {"inside": 1, "outside": 2, "": 3}
    reads = []
    for each in heard:
        kind, _, number = each.key.partition("-")
        serial = int(number) + (1 if kind == "garment" else 101)
        epc = labels.sgtin_tag(labels.gtin("9521141", 101), 7, serial)
        if kind == "carton":
            epc = labels.sscc_tag(BOX, 7)
        late = each.at - START
        value = TagRead(epc, antenna[each.side], each.rssi_dbm, None)
        reads.append(Received(START + late, "dock", value))
    return reads


def walk(seed: int, speed: float, bystanders: int = 0) -> list[Received]:
    """Carry a carton of eight garments past the gate; give what is read."""
    dice = random.Random(seed)
    label = Thing("carton-0", -3.0 if speed > 0 else 3.0, speed)
    things = [*carton(dice, 8, speed), label, *rack(dice, bystanders)]
    return received(listen(dice, things, 6 / abs(speed)))


def station(gate: GateSettings) -> StationPasses:
    rules = replace(RULES, quiet_ms=600, still_ms=6_000) if gate.has_two_sides else RULES
    return StationPasses(post("shipping"), rules, cache(expected=[PACKED]), gate)


def hear(passes: StationPasses, reads: Sequence[Received]) -> list[Closed]:
    closed = [one for each in reads for one in passes.hear(each)]
    return closed + passes.advance(START + timedelta(minutes=5))


@pytest.mark.parametrize(("speed", "way"), [(1.1, "in"), (-0.8, "out")])
def test_the_way_of_a_carton_stands_in_its_event(speed: float, way: str) -> None:
    passes = station(SIDES)
    closed, *_ = hear(passes, walk(3, speed))
    assert closed.verdict is not None
    assert (closed.verdict.state, closed.way) == ("PASS", way)
    events = interpret(closed, passes.cache, passes.post)
    assert {event.extensions[DIRECTION] for event in events} == {way}


def test_a_gate_that_knows_no_sides_says_nothing_of_ways() -> None:
    passes = station(GateSettings())
    closed = hear(passes, walk(3, 1.1))
    assert {one.way for one in closed} == {None}
    events = [event for one in closed for event in interpret(one, passes.cache, passes.post)]
    assert not any(DIRECTION in event.extensions for event in events)


def test_a_way_that_nobody_can_say_is_unknown() -> None:
    passes = station(SIDES)
    [closed] = hear(passes, [box_tag(0), *(shirt_tag(20 * n, n) for n in range(1, 9))])
    assert closed.way == "unknown"


def test_what_stands_beside_the_gate_is_shown_and_in_no_event() -> None:
    passes = station(WATCHFUL)
    reads = walk(7, 1.0, bystanders=3)
    closed = [one for each in reads for one in passes.hear(each)] + passes.flush(reads[-1].at)
    assert [one.verdict.state for one in closed if one.verdict is not None] == ["PASS"]
    standing = {stray.key for stray in passes.watch.standing()}
    assert standing
    assert standing <= {stray.key for stray in passes.strays}
    assert standing <= {garment(101 + n) for n in range(3)}
    told = {
        epc
        for one in closed
        for event in interpret(one, passes.cache, passes.post)
        for epc in event.epcs
    }
    assert told.isdisjoint(uri_of(key) for key in standing)
    assert {uri_of(garment(n)) for n in range(1, 9)} <= told


def test_without_the_setting_all_that_is_heard_counts() -> None:
    passes = station(SIDES)
    [closed] = hear(passes, walk(7, 1.0, bystanders=3))
    assert closed.verdict is not None
    assert closed.verdict.state == "STOP"


def still(ms: float, dbm: float) -> Received:
    epc = labels.sgtin_tag(labels.gtin("9521141", 101), 7, 150)
    return Received(at(ms), "dock", TagRead(epc, 1, dbm, None))


def test_a_bystander_that_is_taken_up_passes_like_anything_else() -> None:
    stood = [still(ms, -66.0) for ms in range(0, 6_000, 50)]
    passes = StationPasses(post("shipping"), RULES, cache(), WATCHFUL)
    closed = [one for each in stood for one in passes.hear(each)]
    assert closed == []
    assert [stray.key for stray in passes.strays] == [garment(150)]
    raised = [still(6_000 + 50 * n, -60.0 + min(n, 12)) for n in range(25)]
    closed = [one for each in raised for one in passes.hear(each)] + passes.advance(at(60_000))
    [found] = closed
    assert [one.key for one in found.visit.new] == [garment(150)]
    assert len(passes.strays) == 0


def test_a_bystander_that_is_gone_is_no_longer_shown() -> None:
    passes = StationPasses(post("shipping"), RULES, cache(), WATCHFUL)
    for ms in range(0, 6_000, 50):
        passes.hear(still(ms, -66.0))
    assert len(passes.strays) == 1
    passes.advance(at(60_000))
    assert len(passes.strays) == 0


def test_something_without_a_tag_is_an_observation() -> None:
    passes = station(EYES)
    closed: list[Closed] = []
    for ms, pin, broken in ((0, 2, True), (300, 1, True), (500, 2, False), (800, 1, False)):
        closed += passes.beam(at(ms), "dock", pin, is_high=broken)
    assert closed == []
    assert passes.deadline == at(1_800)
    [bare] = passes.advance(at(5_000))
    assert (bare.way, bare.visit.started_at, bare.visit.ended_at) == ("in", at(0), at(800))
    [event] = interpret(bare, passes.cache, passes.post)
    assert (event.action, event.epcs) == ("OBSERVE", ())
    assert (event.extensions[REASON], event.extensions[DIRECTION]) == ("no-tag", "in")


def test_eyes_that_go_low_when_broken_see_the_same() -> None:
    passes = station(replace(EYES, eyes_break_low=True))
    closed: list[Closed] = []
    for ms, pin, high in ((0, 1, False), (300, 2, False), (500, 1, True), (800, 2, True)):
        closed += passes.hear(Received(at(ms), "dock", Input(pin, high)))
    [bare] = closed + passes.advance(at(5_000))
    assert bare.way == "out"


def test_photo_eyes_tell_the_way_of_what_was_read() -> None:
    passes = station(EYES)
    closed: list[Closed] = passes.beam(at(0), "dock", 1, is_high=True)
    for each in (box_tag(50), *(shirt_tag(100 + 20 * n, n) for n in range(1, 9))):
        closed += passes.hear(each)
    for ms, pin, broken in ((270, 2, True), (300, 1, False), (400, 2, False)):
        closed += passes.beam(at(ms), "dock", pin, is_high=broken)
    [one] = closed + passes.advance(at(60_000))
    assert one.verdict is not None
    assert (one.verdict.state, one.way) == ("PASS", "out")


def test_a_gate_says_how_much_it_reads() -> None:
    """Two antennas that each miss one in twenty; the gate then misses one in four hundred."""
    dice = random.Random(2)
    passes = station(GateSettings())
    moment = 0.0
    for number in range(60):
        moment += 10_000
        for serial in range(24):
            for antenna in (1, 2):
                if dice.random() < 0.95:
                    epc = labels.sgtin_tag(labels.gtin("9521141", 101), 7, number * 24 + serial + 1)
                    value = TagRead(epc, antenna, -50.0, None)
                    passes.hear(Received(at(moment + serial), "dock", value))
        passes.advance(at(moment + 5_000))
    known = passes.watch.completeness
    assert known is not None
    assert known.low <= 0.9975 <= known.high
    assert known.high - known.low < 0.01


def test_one_antenna_cannot_tell_what_it_misses() -> None:
    passes = station(GateSettings())
    for number in range(300):
        passes.hear(replace(shirt_tag(0, number + 1), at=at(number * 1_000)))
        passes.advance(at(number * 1_000 + 900))
    assert passes.watch.completeness is None


GATE = """
[gate]
inside = ["dock:1", "dock:3"]
outside = ["dock:2"]
inside_eye = "dock:1"
outside_eye = "dock:2"
eyes_break_low = true
separation_ms = 350
stray_rise_db = 8
"""


EYED = """
[gate]
inside_eye = "dock:1"
outside_eye = "dock:2"
"""


def test_a_gate_that_tells_ways_waits_longer_for_what_comes_from_afar() -> None:
    stage = post("shipping").stage
    rules = [
        parse_settings(FILE + gate + READER).pass_rules(stage)
        for gate in ("", GATE, EYED, "quiet_ms = 300\n" + GATE)
    ]
    assert [(one.quiet_ms, one.still_ms) for one in rules] == [
        (200, 3_000),
        (600, 6_000),
        (600, 6_000),
        (300, 6_000),
    ]


def test_a_file_says_how_a_gate_is_built_and_is_written_back() -> None:
    settings = parse_settings(FILE + GATE + READER)
    assert settings.gate == GateSettings(
        (("dock", 1), ("dock", 3)), (("dock", 2),), ("dock", 1), ("dock", 2), True, 350, 8
    )
    assert parse_settings(write_settings(settings)) == settings


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'outside = ["dock:2"]',
            "",
            "A gate with antennas on one side only tells no way: name both sides.",
        ),
        ('"dock:3"', '"dock:2"', "Antenna dock:2 looks both inside and outside; choose one."),
        (
            '"dock:3"',
            '"dock"',
            "inside names 'dock'; expected a reader and a number, such as 'dock.gate:1'.",
        ),
        ("= true", "= 1", "eyes_break_low is 1; expected true or false."),
        ("= 350", "= 5", "separation_ms is 5; expected a whole number from 20 to 10000."),
        (
            "stray_rise_db",
            "stray_db",
            "The gate says 'stray_db', which no gate knows; correct or delete it.",
        ),
        (
            'inside = ["dock:1", "dock:3"]',
            'inside = "dock:1"',
            "inside is 'dock:1'; expected a list such as [\"dock.gate:1\"].",
        ),
    ],
)
def test_a_gate_that_cannot_be_is_refused(old: str, new: str, sentence: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_settings(FILE + GATE.replace(old, new) + READER)
    assert str(caught.value) == sentence
