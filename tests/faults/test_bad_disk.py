"""A disk that fails, tears or lies: what was acknowledged is there, or the checker says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.disk import PowerCut
from tests.faults.processes import KILLED, Writers, lines_of, problems_of
from tests.faults.seeds import SEED
from tests.faults.shelf import Place, Shelf
from tests.faults.writer import BUSY_EXIT
from traceability.database import file_of
from traceability.errors import TraceabilityError

BATCHES = 7
ALWAYS = 999_999


@pytest.fixture(scope="module")
def clean(shelf: Shelf, writers: Writers) -> str:
    """The state's hash after an undisturbed run."""
    place = shelf.fresh()
    assert writers.run(place.job(SEED, batches=BATCHES)) == 0
    return place.state()


def hits_of(place: Place) -> int:
    return next(int(line["hits"]) for line in lines_of(place.acks) if "hits" in line)


@pytest.mark.parametrize(
    ("fault", "hit"),
    [("write fail=EIO", 1), ("write fail=ENOSPC", 4), ("sync fail=EIO", 1), ("sync fail=EIO", 4)],
)
def test_one_fault_of_the_disk_costs_one_answer(
    shelf: Shelf, on_bad_disk: Writers, clean: str, fault: str, hit: int
) -> None:
    place = shelf.fresh()
    job = place.job(SEED, batches=BATCHES, shim=f"{fault} {hit} 1", tries=3)
    assert on_bad_disk.run(job) == 0
    assert hits_of(place) >= hit
    (problem,) = problems_of(place.acks)
    expected = (
        "DiskFull: The disk is full" if "ENOSPC" in fault else "DatabaseBusy: The disk failed"
    )
    assert problem.startswith(expected)
    assert place.check(SEED, batches=BATCHES, clean=clean) == []


@pytest.mark.parametrize("fault", ["any fail=EIO", "write fail=ENOSPC"])
def test_a_disk_that_stays_broken_acknowledges_nothing(
    shelf: Shelf, on_bad_disk: Writers, clean: str, fault: str
) -> None:
    place = shelf.fresh()
    job = place.job(SEED, batches=BATCHES, shim=f"{fault} 3 {ALWAYS}", tries=3)
    assert on_bad_disk.run(job) == BUSY_EXIT
    health = [line["health"] for line in lines_of(place.acks) if "health" in line]
    # A full disk is no doubt: as soon as there is room, the next append may go on.
    assert len(health) == 3
    assert all(one.startswith("The disk failed") == ("EIO" in fault) for one in health)
    assert place.check(SEED, batches=BATCHES) == []
    assert on_bad_disk.run(place.job(SEED, batches=BATCHES)) == 0
    assert place.check(SEED, batches=BATCHES, clean=clean) == []


@pytest.mark.parametrize(
    ("deed", "hit"),
    [("write kill", 5), ("write tear", 1), ("write tear", 12), ("sync kill", 1), ("sync kill", 4)],
)
def test_the_end_may_come_in_the_middle_of_a_write(
    shelf: Shelf, on_bad_disk: Writers, clean: str, deed: str, hit: int
) -> None:
    place = shelf.fresh()
    assert on_bad_disk.run(place.job(SEED, batches=BATCHES, shim=f"{deed} {hit} 1")) == KILLED
    assert on_bad_disk.run(place.job(SEED, batches=BATCHES)) == 0
    assert place.check(SEED, batches=BATCHES, clean=clean) == []


def after_power_cut(place: Place, disk: Writers, shim: str, crash_at: str, seed: int) -> None:
    file = file_of(place.url)
    assert isinstance(file, Path)
    cut = PowerCut(seed)
    cut.begin(file)
    job = place.job(SEED, batches=BATCHES, shim=shim, crash_at=crash_at)
    assert disk.run(job) == KILLED
    cut.strike(file)


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_takes_nothing_that_was_acknowledged(
    shelf: Shelf, on_bad_disk: Writers, clean: str, seed: int
) -> None:
    place = shelf.fresh()
    point = ("before answer", "before commit", "after commit", "head written")[seed % 4]
    after_power_cut(place, on_bad_disk, "- keep 1 0", f"{point}:5", seed)
    assert place.check(SEED, batches=BATCHES) == []
    assert on_bad_disk.run(place.job(SEED, batches=BATCHES)) == 0
    assert place.check(SEED, batches=BATCHES, clean=clean) == []


def test_a_disk_that_lies_about_syncing_is_found_out(shelf: Shelf, on_bad_disk: Writers) -> None:
    place = shelf.fresh()
    after_power_cut(place, on_bad_disk, f"sync lie 3 {ALWAYS}", "before answer:6", 0)
    try:
        found = place.check(SEED, batches=BATCHES)
    except TraceabilityError as error:
        found = [str(error)]
    assert any("is not there" in one for one in found)
