"""A wall clock that jumps by minutes or ten years, either way: record times only ever grow.

What is not believed stops nobody for good: what was put off is sent again when the clock is right.
"""

from __future__ import annotations

import pytest

from tests.faults.processes import Writers, problems_of
from tests.faults.seeds import SEED
from tests.faults.shelf import Shelf
from tests.faults.writer import BUSY_EXIT

MINUTE = 60
HOUR = 3_600
DECADE = 10 * 365 * 86_400
STEPS = {
    "an hour ahead and back": (0, HOUR, 0, HOUR),
    "five minutes back": (0, -5 * MINUTE, -5 * MINUTE, 0),
    "to and fro": (HOUR, -9 * MINUTE, 0, HOUR, 5 * MINUTE, 0, -9 * MINUTE),
}
PUT_OFF = {
    "an hour back": (0, -HOUR),
    "ten years ahead": (0, 0, DECADE),
    "ten years back": (0, 0, 0, -DECADE),
    "ahead, then ten years": (HOUR, 0, DECADE),
}


@pytest.mark.parametrize("name", STEPS)
def test_record_times_grow_whatever_the_clock_does(
    shelf: Shelf, on_bad_disk: Writers, name: str
) -> None:
    place = shelf.fresh()
    job = place.job(SEED, batches=8, shim="- keep 1 0", steps_s=STEPS[name])
    assert on_bad_disk.run(job) == 0
    assert place.check(SEED, batches=8, clean=place.state()) == []


@pytest.mark.parametrize("name", PUT_OFF)
def test_a_clock_that_is_not_believed_puts_off_what_is_sent(
    shelf: Shelf, on_bad_disk: Writers, name: str
) -> None:
    place = shelf.fresh()
    wrong = place.job(SEED, batches=8, shim="- keep 1 0", steps_s=PUT_OFF[name])
    assert on_bad_disk.run(wrong) == BUSY_EXIT
    assert [one.partition(":")[0] for one in problems_of(place.acks)] == ["ClockDoubted"]
    assert on_bad_disk.run(place.job(SEED, batches=8)) == 0
    assert place.check(SEED, batches=8, clean=place.state()) == []
