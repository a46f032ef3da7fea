"""The long run of the fault suite: every place at every hit, and processes killed at random.

    python -m tests.faults.chaos [--seeds 100] [--first-seed 1] [--only points,disk,kills,…]

Each part prints what it did. A failure prints its seed; the same seed kills at the same places of
the plan, though not at the same microsecond.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import postgres
from tests.faults import wal
from tests.faults.disk import PowerCut, build, compiler
from tests.faults.plans import BATCHES
from tests.faults.processes import KILLED, Writers
from tests.faults.safe_sweep import (
    MOVING_POINTS,
    Deposit,
    sweep_backup,
    sweep_replace,
    sweep_restore,
)
from tests.faults.server_restarts import BATCHES as CRASH_BATCHES
from tests.faults.server_restarts import own_server, restarted, standby_promoted
from tests.faults.shelf import Place, Shelf
from tests.faults.sweep import sweep
from tests.faults.writer import BUSY_EXIT, Job
from traceability.database import file_of
from traceability.ledger.crash_points import (
    APPEND_POINTS,
    BACKUP_POINTS,
    REPLACE_POINTS,
    RESTORE_POINTS,
    SIGNING_POINTS,
    UNPACKING_POINTS,
)

CALLERS = (1, 2, 3)
SIGNED_BATCHES = 4
LIFE_MS = (5, 400)
"""How long a process lives before it is killed at random."""
RUNS_MAX = 60
"""Starts of a seed's callers before those who are not through are left alone."""


@dataclass(slots=True)
class Tally:
    """What a part of the run did and found."""

    runs: int = 0
    kills: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class House:
    """Where ledgers stand, and who writes."""

    room: Path
    shelves: dict[str, Shelf]
    writers: Writers
    on_bad_disk: Writers | None

    def clean(self, seed: int, callers: tuple[int, ...] = (1,), batches: int = BATCHES) -> str:
        """Return the state's hash after an undisturbed run on a file."""
        place = self.shelves["file"].fresh()
        for caller in callers:
            code = self.writers.run(place.job(seed, callers=(caller,), batches=batches))
            assert code == 0, "an undisturbed run must end well"
        return place.state()


def points(house: House, seeds: range) -> Iterator[Tally]:
    """Kill at every hit of every place until a run gets through, on each engine."""
    seed = seeds.start
    clean = house.clean(seed)
    signed_clean = house.clean(seed, batches=SIGNED_BATCHES)
    for shelf in house.shelves.values():
        for point in APPEND_POINTS + SIGNING_POINTS:
            signs = point in SIGNING_POINTS
            done = sweep(
                shelf, house.writers, point, seed,
                batches=SIGNED_BATCHES if signs else BATCHES,
                clean=signed_clean if signs else clean,
                hits=itertools.count(1),
                signs=signs,
            )  # fmt: skip
            yield Tally(done.kills + 1, done.kills, done.problems)


def disk(house: House, seeds: range) -> Iterator[Tally]:
    """Fail, tear and end at every write, sync and truncation, until a run gets through."""
    if house.on_bad_disk is None:
        return
    seed = seeds.start
    clean = house.clean(seed)
    deeds = ("fail=EIO", "fail=ENOSPC", "kill", "tear")
    for calls, deed in itertools.product(("write", "sync", "truncate"), deeds):
        for hit in itertools.count(1):
            place = house.shelves["file"].fresh()
            job = place.job(seed, shim=f"{calls} {deed} {hit} 1", tries=3)
            code = house.on_bad_disk.run(job)
            was_hit = code == KILLED or place.was_hit(hit)
            problems = _finished(house.writers, place, seed, clean) if was_hit else []
            yield Tally(1, int(code == KILLED), [f"{calls} {deed} {hit}: {x}" for x in problems])
            if not was_hit:
                break


def power(house: House, seeds: range) -> Iterator[Tally]:
    """Cut the power at a random place; any part of what was not synced is gone."""
    if house.on_bad_disk is None:
        return
    for seed in seeds:
        chance = random.Random(seed)
        place = house.shelves["file"].fresh()
        file = file_of(place.url)
        assert file is not None
        cut = PowerCut(seed)
        cut.begin(file)
        crash_at = f"{chance.choice(APPEND_POINTS)}:{chance.randint(1, BATCHES)}"
        code = house.on_bad_disk.run(place.job(seed, shim="- keep 1 0", crash_at=crash_at))
        cut.strike(file)
        problems = place.check(seed) + _finished(house.writers, place, seed, house.clean(seed))
        yield Tally(1, int(code == KILLED), [f"power cut {seed}: {one}" for one in problems])


def kills(
    house: House, seeds: range, callers: tuple[int, ...] = CALLERS, batches: int = BATCHES
) -> Iterator[Tally]:
    """Kill several processes at random moments, over and over, until all have come through."""
    for seed in seeds:
        clean = house.clean(seed, callers, batches)
        for name, shelf in house.shelves.items():
            tally = Tally()
            place = shelf.fresh()
            jobs = {who: _job(place, seed, who, batches) for who in callers}
            _kill_at_random(house.writers, jobs, random.Random(seed), seed, tally)
            problems = place.check(seed, callers=callers, batches=batches, clean=clean)
            tally.problems += [f"{name}, seed {seed}: {one}" for one in problems]
            yield tally


def _kill_at_random(
    writers: Writers, jobs: dict[int, Job], chance: random.Random, seed: int, tally: Tally
) -> None:
    waiting = list(jobs)
    while waiting and tally.runs < RUNS_MAX:
        started = {who: writers.start(jobs[who]) for who in waiting}
        tally.runs += len(started)
        # Towards the end they live longer, so that the run comes to one.
        longest = LIFE_MS[1] * (1 + tally.runs // 6)
        for who, pid in sorted(started.items(), key=lambda _one: chance.random()):
            time.sleep(chance.uniform(LIFE_MS[0], longest) / 1000)
            code = writers.kill(pid)
            tally.kills += code == KILLED
            if code == 0:
                waiting.remove(who)
            elif code not in (KILLED, BUSY_EXIT):
                tally.problems.append(f"seed {seed}: caller {who} ended with {code}.")
    # Whoever was killed so often is left alone at last: a busy machine is slow, not wrong.
    for pid in [writers.start(jobs[who]) for who in waiting]:
        tally.runs += 1
        if (code := writers.wait(pid)) != 0:
            tally.problems.append(f"seed {seed}: a caller that nobody killed ended with {code}.")


def _job(place: Place, seed: int, caller: int, batches: int) -> Job:
    return place.job(seed, callers=(caller,), batches=batches, tries=40)


def logs(house: House, seeds: range) -> Iterator[Tally]:
    """Cut the log at every byte of its last frame."""
    folder = house.room / "log"
    folder.mkdir()
    cut = wal.written(folder)
    cuts = list(cut.cuts(1))
    yield Tally(len(cuts), 0, cut.check(cuts, thorough=200))


def servers(house: House, seeds: range) -> Iterator[Tally]:
    """Crash a PostgreSQL server under its writers, and promote a standby in its place."""
    if not postgres.HERE:
        return
    for seed in seeds[: max(1, len(seeds) // 20)]:
        clean = house.clean(seed, CALLERS, CRASH_BATCHES)
        with own_server() as server:
            for play in (restarted, standby_promoted):
                crashes, problems = play(server, house.room, house.writers, seed, CALLERS, clean)
                told = [f"{play.__name__}, seed {seed}: {one}" for one in problems]
                yield Tally(1, crashes, told)


def _finished(writers: Writers, place: Place, seed: int, clean: str) -> list[str]:
    code = writers.run(place.job(seed))
    found = place.check(seed, clean=clean)
    return found if code == 0 else [f"a writer ended with {code}", *found]


def safe(house: House, seeds: range) -> Iterator[Tally]:
    """Kill a backup, a restore and a moving in at every hit of every place."""
    (house.room / "safe").mkdir()
    deposit = Deposit.made(house.room / "safe")
    for sweeping, all_points in (
        (sweep_backup, BACKUP_POINTS + UNPACKING_POINTS),
        (sweep_restore, UNPACKING_POINTS + RESTORE_POINTS),
        (sweep_replace, REPLACE_POINTS + MOVING_POINTS),
    ):
        for point in all_points:
            done = sweeping(deposit, house.writers, point, hits=itertools.count(1))
            yield Tally(done.kills + 1, done.kills, done.problems)


PARTS: dict[str, Callable[[House, range], Iterator[Tally]]] = {
    "points": points,
    "disk": disk,
    "power": power,
    "kills": kills,
    "logs": logs,
    "servers": servers,
    "safe": safe,
}


@contextmanager
def opened(room: Path) -> Iterator[House]:
    """Set up a house in an empty folder."""
    shelves = {"file": Shelf(room)}
    if postgres.HERE:
        (room / "server").mkdir()
        shelves["server"] = Shelf(room / "server", postgres.new_database())
    with Writers() as writers:
        if compiler() is None:
            yield House(room, shelves, writers, None)
            return
        with Writers({"LD_PRELOAD": str(build(room))}) as on_bad_disk:
            yield House(room, shelves, writers, on_bad_disk)


def main() -> int:
    """Run the parts that are asked for; exit with 1 if anything was found."""
    reader = argparse.ArgumentParser(prog="chaos", description=__doc__.partition("\n")[0])
    reader.add_argument("--seeds", type=int, default=100, help="how many seeds")
    reader.add_argument("--first-seed", type=int, default=1, help="the first of them")
    reader.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    given = reader.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    print(f"seeds {seeds.start} to {seeds.stop - 1}", flush=True)
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as house:
        for name in given.only.split(","):
            began, total = time.monotonic(), Tally()
            for one in PARTS[name](house, seeds):
                total.runs, total.kills = total.runs + one.runs, total.kills + one.kills
                total.problems += one.problems
                if sys.stdout.isatty():
                    print(f"\r{name}: {total.runs} runs, {total.kills} kills", end="", flush=True)
                for problem in one.problems:
                    print(f"  {problem}", flush=True)
            took = time.monotonic() - began
            if sys.stdout.isatty():
                print("\r", end="")
            print(
                f"{name}: {total.runs} runs, {total.kills} kills, "
                f"{len(total.problems)} problems, {took:.0f} s",
                flush=True,
            )
            found += total.problems
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
