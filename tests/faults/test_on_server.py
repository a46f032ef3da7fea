"""The same on a PostgreSQL server, where several processes append at once and any may be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests import postgres
from tests.faults.plans import plan
from tests.faults.processes import KILLED, Writers, answers_of, problems_of
from tests.faults.seeds import SEED
from tests.faults.server_restarts import BATCHES, restarted, standby_promoted
from tests.faults.servers import is_stopped, wait_until
from tests.faults.shelf import Place, Shelf
from tests.faults.sweep import sweep
from tests.faults.writer import BUSY_EXIT
from tests.postgres import Server

pytestmark = pytest.mark.postgres

HITS = (2,)
POINTS = ("head locked", "entries written", "state folded", "before commit", "after commit")
CALLERS = (1, 2, 3)


@pytest.fixture(scope="module")
def on_server(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Ledgers in one database of a server."""
    return Shelf(tmp_path_factory.mktemp("server"), postgres.new_database())


@pytest.fixture(scope="module")
def clean(shelf: Shelf, writers: Writers) -> str:
    """The state's hash after an undisturbed run, on a file: state is the same on both."""
    place = shelf.fresh()
    assert writers.run(place.job(SEED, batches=BATCHES)) == 0
    return place.state()


@pytest.fixture(scope="module")
def whole(shelf: Shelf, writers: Writers) -> str:
    """The same after one of all callers, one after the other."""
    place = shelf.fresh()
    for caller in CALLERS:
        assert writers.run(place.job(SEED, callers=(caller,), batches=BATCHES)) == 0
    return place.state()


@pytest.mark.parametrize("point", POINTS)
def test_nothing_acknowledged_is_lost(
    on_server: Shelf, writers: Writers, clean: str, point: str
) -> None:
    done = sweep(on_server, writers, point, SEED, batches=BATCHES, clean=clean, hits=HITS)
    assert (done.kills, done.problems) == (len(HITS), [])


def test_one_of_several_is_killed_while_it_holds_the_head(
    on_server: Shelf, writers: Writers, whole: str
) -> None:
    place = on_server.fresh()
    jobs = [place.job(SEED, callers=(one,), batches=BATCHES, tries=20) for one in CALLERS]
    doomed = replace(jobs[0], crash_at="head written:3")
    pids = [writers.start(job) for job in (doomed, *jobs[1:])]
    assert [writers.wait(pid) for pid in pids] == [KILLED, 0, 0]
    assert place.check(SEED, callers=CALLERS, batches=BATCHES) == []
    assert writers.run(jobs[0]) == 0
    assert place.check(SEED, callers=CALLERS, batches=BATCHES, clean=whole) == []


def test_who_holds_the_head_and_stands_still_is_waited_for_ten_seconds(
    on_server: Shelf, writers: Writers
) -> None:
    place = on_server.fresh()
    halted = writers.start(place.job(SEED, batches=BATCHES, crash_at="state folded:2:stop"))
    wait_until(lambda: is_stopped(halted))
    assert writers.run(place.job(SEED, callers=(2,), batches=BATCHES)) == BUSY_EXIT
    assert place.check(SEED, batches=BATCHES) == []
    os.kill(halted, signal.SIGCONT)
    assert writers.wait(halted) == 0
    assert place.check(SEED, batches=BATCHES) == []


def cut_lines(place: Place) -> int:
    """End every connection of others to the database, as a line that breaks does."""
    name = place.url.rpartition("@/")[2].partition("?")[0]
    with postgres.shared().connect(name) as connection:
        (row,) = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return int(row[0])


def test_a_lost_connection_costs_an_answer_and_nothing_else(
    on_server: Shelf, writers: Writers, clean: str
) -> None:
    place = on_server.fresh()
    running = writers.start(place.job(SEED, batches=BATCHES, tries=20))
    cuts, answered = 0, 0
    while len(answers_of(place.acks)) < len_of_plan():
        if len(answers_of(place.acks)) > answered:  # once after each answer, whatever runs then
            answered = len(answers_of(place.acks))
            cuts += cut_lines(place)
        time.sleep(0.001)
    assert writers.wait(running) == 0
    assert cuts >= 3
    assert all("DatabaseBusy" in problem for problem in problems_of(place.acks))
    assert place.check(SEED, batches=BATCHES, clean=clean) == []


def len_of_plan() -> int:
    return sum(len(batch) for batch in plan(SEED, 1, BATCHES))


@pytest.mark.parametrize("play", [restarted, standby_promoted])
def test_a_server_that_crashes_keeps_what_it_acknowledged(
    own: Server,
    writers: Writers,
    tmp_path: Path,
    whole: str,
    play: Callable[..., tuple[int, list[str]]],
) -> None:
    crashes, problems = play(own, tmp_path, writers, SEED, CALLERS, whole)
    assert (crashes > 0, problems) == (True, [])


def test_the_room_of_the_server_is_its_own_business(on_server: Shelf) -> None:
    ledger = on_server.fresh().open()
    assert (ledger.database.path, ledger.problem) == (None, "")
    ledger.database.close()
