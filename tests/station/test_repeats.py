"""What a gate says when a carton comes again, or a stranger comes after it."""

from __future__ import annotations

from datetime import timedelta

from tests.station.floor import (
    BOX,
    COUNTED_BOX,
    COUNTED_TICKET,
    FOREIGN,
    at,
    box,
    box_tag,
    cache,
    content,
    garment,
    post,
    scan,
    shirt_tag,
)
from traceability.observation.passes import PassRules
from traceability.station.interpret import Closed, interpret
from traceability.station.live import PASS_SHOWN_S, shown
from traceability.station.passes import StationPasses

KNOWN = cache(
    expected=[
        box(f"/00/{BOX}", [content(garment(serial)) for serial in (1, 2)]),
        box(COUNTED_BOX, [content(COUNTED_TICKET, "4473", "12")], "4473"),
    ]
)
GATE = post("shipping")


def gate() -> StationPasses:
    return StationPasses(GATE, PassRules(), KNOWN)


def push(passes: StationPasses, ms: float) -> list[Closed]:
    closed = [*passes.hear(box_tag(ms)), *passes.hear(shirt_tag(ms + 1, 1))]
    closed += passes.hear(shirt_tag(ms + 2, 2))
    return closed + passes.advance(at(ms + 900))


def test_a_carton_that_comes_again_is_answered_and_makes_no_event() -> None:
    passes = gate()
    (first,), second = push(passes, 0), push(passes, 5_000)
    assert {each.verdict.state for each in (first, *second) if each.verdict} == {"PASS"}
    assert [each.is_repeat for each in (first, *second)] == [False] + [True] * len(second)
    assert len(second) > 0
    assert [len(interpret(each, KNOWN, GATE)) for each in (first, *second)] == [1] + [0] * len(
        second
    )


def test_a_label_scanned_twice_is_answered_twice_and_ships_once() -> None:
    passes = gate()
    name = COUNTED_BOX.rpartition("/")[2]
    closed = [*passes.hear(scan(0, name)), *passes.hear(scan(3_000, name))]
    assert [each.verdict.state for each in closed if each.verdict] == ["PASS", "PASS"]
    assert [len(interpret(each, KNOWN, GATE)) for each in closed] == [1, 0]


def test_a_stranger_after_a_carton_leaves_its_verdict_on_the_screen() -> None:
    passes = gate()
    (passed,) = push(passes, 0)
    screen = shown(passed)
    assert passes.hear(shirt_tag(1_000, 5, FOREIGN)) == []
    (strange,) = passes.advance(at(2_000))
    assert [event.action for event in interpret(strange, KNOWN, GATE)] == ["OBSERVE"]
    assert shown(strange, screen) == screen


def test_a_stranger_alone_is_unknown() -> None:
    passes = gate()
    passes.hear(shirt_tag(0, 5, FOREIGN))
    (strange,) = passes.advance(at(1_000))
    assert shown(strange).verdict.state == "UNKNOWN"


def test_a_stranger_long_after_a_carton_is_unknown() -> None:
    passes = gate()
    (passed,) = push(passes, 0)
    screen = shown(passed)
    late = (PASS_SHOWN_S + 1) * 1_000
    passes.hear(shirt_tag(late, 5, FOREIGN))
    (strange,) = passes.advance(at(late) + timedelta(seconds=1))
    assert shown(strange, screen).verdict.state == "UNKNOWN"
