"""Two programs on one ledger: the second server is refused, and whoever is not, waits his turn."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.faults.processes import Writers, problems_of
from tests.faults.seeds import SEED
from tests.faults.servers import Server, is_stopped, wait_until
from tests.faults.shelf import Shelf
from tests.faults.writer import BUSY_EXIT
from tests.ledger.books import packed

BATCHES = 7


def test_the_second_server_on_a_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.sqlite'}"
    log = tmp_path / "second.log"
    with Server(url, tmp_path / "first.log") as first:
        with Server(url, log) as second:
            assert second.process.wait(30) == 1
        sentence, remedy = log.read_text().splitlines()
        assert "is in use by another Hangtag server: stop that one first" in sentence
        assert remedy.startswith("`hangtag doctor`")
        assert first.capture([packed(1)]).tree[0]["position"] == 2


def test_programs_that_do_not_ask_first_are_right_all_the_same(
    shelf: Shelf, writers: Writers
) -> None:
    callers = (1, 2, 3)
    alone = shelf.fresh()
    for caller in callers:
        assert writers.run(alone.job(SEED, callers=(caller,), batches=BATCHES)) == 0
    place = shelf.fresh()
    jobs = [place.job(SEED, callers=(caller,), batches=BATCHES, tries=50) for caller in callers]
    codes = [writers.wait(pid) for pid in [writers.start(job) for job in jobs]]
    assert (codes, problems_of(place.acks)) == ([0, 0, 0], [])
    assert place.check(SEED, callers=callers, batches=BATCHES, clean=alone.state()) == []


def test_who_holds_the_lock_and_stands_still_stops_no_reader(
    shelf: Shelf, writers: Writers
) -> None:
    place = shelf.fresh()
    halted = writers.start(place.job(SEED, batches=BATCHES, crash_at="state folded:2:stop"))
    wait_until(lambda: is_stopped(halted))
    assert writers.run(place.job(SEED, callers=(2,), batches=BATCHES)) == BUSY_EXIT
    (problem,) = problems_of(place.acks)
    assert problem.startswith("DatabaseBusy: Nothing was stored")
    assert place.check(SEED, batches=BATCHES) == []
    os.kill(halted, signal.SIGCONT)
    assert writers.wait(halted) == 0
    assert writers.run(place.job(SEED, callers=(2,), batches=BATCHES)) == 0
    assert place.check(SEED, callers=(1, 2), batches=BATCHES, clean=place.state()) == []
