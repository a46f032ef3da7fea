"""The gate's verdict, row by row as the table in its module says."""

from __future__ import annotations

import pytest

from tests.station.floor import (
    APRON,
    BOX,
    BOX_2,
    COUNTED_BOX,
    COUNTED_TICKET,
    FOREIGN,
    box,
    cache,
    content,
    garment,
    post,
)
from traceability.station.cache import Cache
from traceability.station.verdict import Missing, judge

WORK = post("shipping").stage.works[0]
CARTON, CARTON_2 = f"/00/{BOX}", f"/00/{BOX_2}"
SHIRTS = [garment(serial) for serial in (1, 2, 3)]
HOLD = {"key": SHIRTS[1], "id": "Q-17", "reason": "hole near the seam", "contact": "tel 12"}
UNTOLD = f"/00/{BOX[:-3]}123"


def known(*, is_held: bool = False) -> Cache:
    return cache(
        expected=[
            box(CARTON, [content(key) for key in SHIRTS]),
            box(CARTON_2, [content(garment(serial)) for serial in (11, 12)]),
            box(COUNTED_BOX, [content(COUNTED_TICKET, "4473", "12")], "4473"),
            box(UNTOLD, []),
        ],
        holds=[HOLD] if is_held else [],
    )


STRANGER = garment(5, FOREIGN)
LOOSE = garment(99, APRON)

ROWS = [
    # seen, live, closed at the first time, closed at the second
    ([], "READY", "READY", "READY"),
    ([CARTON, *SHIRTS], "PASS", "PASS", "PASS"),
    (SHIRTS, "PASS", "PASS", "PASS"),
    ([CARTON, *SHIRTS, STRANGER], "PASS", "PASS", "PASS"),
    ([CARTON, *SHIRTS[:2]], "READING", "READ AGAIN", "STOP"),
    ([CARTON], "READING", "READ AGAIN", "STOP"),
    (SHIRTS[:2], "READING", "READ AGAIN", "STOP"),
    ([CARTON, *SHIRTS, garment(11)], "READING", "STOP", "STOP"),
    ([CARTON, *SHIRTS, LOOSE], "READING", "STOP", "STOP"),
    ([CARTON, CARTON_2, *SHIRTS, garment(11), garment(12)], "PASS", "PASS", "PASS"),
    ([CARTON, CARTON_2, *SHIRTS, garment(11)], "READING", "READ AGAIN", "STOP"),
    ([COUNTED_BOX], "PASS", "PASS", "PASS"),
    ([UNTOLD], "READING", "UNKNOWN", "UNKNOWN"),
    (["/00/095211410000099995"], "READING", "UNKNOWN", "UNKNOWN"),
    ([LOOSE], "READING", "UNKNOWN", "UNKNOWN"),
    ([STRANGER], "READING", "UNKNOWN", "UNKNOWN"),
    (["urn:epc:raw:96.xFF"], "READING", "UNKNOWN", "UNKNOWN"),
    ([SHIRTS[0], garment(11)], "READING", "UNKNOWN", "UNKNOWN"),
]


@pytest.mark.parametrize(("seen", "live", "first", "second"), ROWS)
def test_the_verdict(seen: list[str], live: str, first: str, second: str) -> None:
    facts = known()
    assert (
        judge(seen, facts, WORK, is_closed=False).state,
        judge(seen, facts, WORK, is_closed=True).state,
        judge(seen, facts, WORK, is_closed=True, attempt=2).state,
    ) == (live, first, second)


@pytest.mark.parametrize("seen", [[SHIRTS[1]], [CARTON], [CARTON, *SHIRTS]])
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_held_thing_or_the_carton_around_it_goes_nowhere(
    seen: list[str], is_closed: bool
) -> None:
    verdict = judge(seen, known(is_held=True), WORK, is_closed=is_closed)
    assert (verdict.state, verdict.hold and verdict.hold.number) == ("HOLD", "Q-17")


def test_what_is_missing_has_a_name_and_a_last_place() -> None:
    verdict = judge([CARTON, *SHIRTS[:2]], known(), WORK, is_closed=True)
    assert (verdict.count, verdict.expected, verdict.order, verdict.reason, verdict.missing) == (
        2,
        3,
        "4471",
        "missing",
        (Missing(SHIRTS[2], "Overshirt, navy, M", "Packing", "2026-03-02T08:12:33.120000Z"),),
    )


def test_a_thing_of_another_carton_names_that_carton() -> None:
    verdict = judge([CARTON, *SHIRTS, garment(11)], known(), WORK, is_closed=True)
    assert (verdict.reason, [(each.key, each.belongs_to) for each in verdict.others]) == (
        "other-carton",
        [(garment(11), CARTON_2)],
    )


def test_words_fit_on_a_gate() -> None:
    states = {state for _, *row in ROWS for state in row} | {"HOLD"}
    assert max(map(len, states)) <= 12


def test_a_station_without_a_cache_says_that_it_does_not_know() -> None:
    flow = known().flow
    assert judge([CARTON], Cache.empty("x.invalid", flow), WORK, is_closed=True).state == "UNKNOWN"
