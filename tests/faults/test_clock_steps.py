"""A wall clock that jumps by an hour or ten years, either way: record times only ever grow."""

from __future__ import annotations

import pytest

from tests.faults.processes import Writers
from tests.faults.shelf import Shelf

SEED = 77
HOUR = 3_600
DECADE = 10 * 365 * 86_400
STEPS = {
    "an hour ahead and back": (0, HOUR, 0, HOUR),
    "an hour back": (0, -HOUR, -HOUR, 0),
    "ten years ahead and back": (0, DECADE, DECADE, 0),
    "ten years back": (0, -DECADE, 0, -DECADE),
    "to and fro": (HOUR, -HOUR, DECADE, -DECADE, HOUR, 0, -HOUR),
}


@pytest.mark.parametrize("name", STEPS)
def test_record_times_grow_whatever_the_clock_does(
    shelf: Shelf, on_bad_disk: Writers, name: str
) -> None:
    place = shelf.fresh()
    job = place.job(SEED, batches=8, shim="- keep 1 0", steps_s=STEPS[name])
    assert on_bad_disk.run(job) == 0
    assert place.check(SEED, batches=8, clean=place.state()) == []
