"""Killing backups and restores at each hit of a place, and looking at what is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.factory.premises import NOW, names_below, write_premises
from tests.faults.processes import KILLED, Writers, lines_of
from tests.faults.safe import REFUSED_EXIT
from tests.faults.servers import is_stopped, wait_until
from tests.faults.sweep import Done
from tests.faults.writer import Job
from traceability.database import open_database
from traceability.errors import Refused, TraceabilityError
from traceability.factory import daily
from traceability.factory.backup import PART, SCRATCH, back_up, check
from traceability.factory.folder import UNPACKED, Factory
from traceability.factory.restore import is_prepared, restore, settle
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify

ENTRIES = 12
MOVING_POINTS = ("file moved in", "factory moved in", "restore cleared")
"""What a backup passes when it is moved into a workshop that is in use, as in an empty folder."""


@dataclass(slots=True)
class Deposit:
    """A workshop that nobody works in, its backups on something like a stick, and a good one."""

    room: Path
    factory: Factory
    stick: Path
    good: Path
    count: int = 0

    @classmethod
    def made(cls, room: Path) -> Deposit:
        """Set one up in an empty folder."""
        premises = write_premises(room / "porto", entries=ENTRIES)
        premises.close()
        stick, away = room / "stick", room / "away"
        stick.mkdir()
        away.mkdir()
        good = back_up(premises.factory, away, at=NOW).path
        daily.choose(premises.factory, stick, keep=1, is_daily=True)
        return cls(room, premises.factory, stick, good)

    def job(self, *deed: str, crash_at: str = "", shim: str = "") -> Job:
        """Return what a process shall do; what it tells goes into a file of its own."""
        self.count += 1
        told = str(self.room / f"{self.count}.told")
        return Job("", "", told, 0, crash_at=crash_at, shim=shim, deed=deed)

    def kill(self, writers: Writers, crash_at: str, *deed: str) -> bool:
        """Do something and end at a place; return whether it was reached."""
        code = writers.run(self.job(*deed, crash_at=crash_at))
        assert code in (0, KILLED), f"{deed} ended with {code} at {crash_at}"
        return code == KILLED

    @contextmanager
    def halted(self, writers: Writers, point: str, *deed: str) -> Iterator[None]:
        """Let something else be done while a process stands still at a place."""
        pid = writers.start(self.job(*deed, crash_at=f"{point}:1:stop"))
        wait_until(lambda: is_stopped(pid))
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
            assert writers.wait(pid) == 0

    def refused(self, writers: Writers, shim: str, *deed: str) -> str:
        """Do something on a disk that fails; return the sentence."""
        job = self.job(*deed, shim=shim)
        assert writers.run(job) == REFUSED_EXIT
        return str(lines_of(Path(job.acks))[0]["problem"])

    def halves(self) -> list[str]:
        """List what a backup that was cut off may leave, wherever it leaves it."""
        places = (self.factory.backups, self.stick)
        names = [path.name for place in places for path in place.iterdir()]
        return sorted(name for name in names if SCRATCH in name or PART in name)

    def problems_of(self, folder: Path, size: int = ENTRIES + 1) -> list[str]:
        """Return what is wrong with a workshop; nothing if it is whole."""
        try:
            factory = Factory.find(folder)
            places = {"uploads", "stations", "backups"} if size > 1 else set()
            missing = places - {one.name for one in folder.iterdir()}
            with contextlib.closing(open_database(factory.url, create=False)) as database:
                report = verify(Ledger.open(database), projections=True)
        except TraceabilityError as error:
            return [str(error)]
        found = [f"{name} is missing" for name in sorted(missing)]
        if (report.finding, report.size) != (None, size):
            found.append(f"verify: {report.finding}, {report.size} entries")
        return found


def sweep_backup(deposit: Deposit, writers: Writers, point: str, *, hits: Iterable[int]) -> Done:
    """Kill a backup at each hit of a place: what is listed is whole, and the next one works.

    Args:
        deposit: What is backed up, and where to; one backup is kept there.
        writers: Who makes it.
        point: The place.
        hits: Rising; the first that is not reached ends the sweep.
    """
    done = Done()
    for hit in hits:
        was_hit = deposit.kill(writers, f"{point}:{hit}", "backup", str(deposit.factory.folder))
        if not was_hit:
            return _not_hit(done, point, hit)
        done.kills += 1
        done.problems += [f"{point}:{hit}: {one}" for one in _listed_badly(deposit)]
        made = daily.make(deposit.factory, at=NOW)
        if [one.path for one in daily.kept(deposit.stick)] != [made.path]:
            done.problems.append(f"{point}:{hit}: not the new one alone is listed afterwards.")
        done.problems += [f"{point}:{hit}: {one} was left." for one in deposit.halves()]
    return done


def _listed_badly(deposit: Deposit) -> Iterator[str]:
    """Check each backup that is offered: on the stick, and in the workshop's own folder."""
    for one in [*daily.kept(deposit.stick), *daily.kept(deposit.factory.backups)]:
        scratch = deposit.room / "scratch"
        try:
            check(one.path, scratch)
        except TraceabilityError as error:
            yield f"{one.path.name} is offered: {error}"
        shutil.rmtree(scratch, ignore_errors=True)


def sweep_restore(deposit: Deposit, writers: Writers, point: str, *, hits: Iterable[int]) -> Done:
    """Kill a restore at each hit of a place: the next try begins anew, or says it is complete."""
    done = Done()
    for hit in hits:
        deposit.count += 1
        folder = deposit.room / f"again-{deposit.count}"
        was_hit = deposit.kill(writers, f"{point}:{hit}", "restore", str(deposit.good), str(folder))
        if not was_hit:
            return _not_hit(done, point, hit)
        done.kills += 1
        try:
            is_whole = not restore(deposit.good, folder).was_cut_off
        except Refused as error:
            is_whole = f"holds the whole workshop out of {deposit.good.name}" in str(error)
            if not is_whole:
                done.problems.append(f"{point}:{hit}: {error}")
        if is_whole != (point in ("factory moved in", "restore cleared")):
            done.problems.append(f"{point}:{hit}: the second try said the wrong thing.")
        settle(folder, at=NOW)  # as `hangtag start` does
        left = [name for name in names_below(folder) if name.startswith(UNPACKED)]
        done.problems += [f"{point}:{hit}: {one} was left." for one in left]
        done.problems += [f"{point}:{hit}: {one}" for one in deposit.problems_of(folder)]
    return done


def sweep_replace(deposit: Deposit, writers: Writers, point: str, *, hits: Iterable[int]) -> Done:
    """Kill the moving in of a backup at each hit: it goes on at the next start."""
    done = Done()
    for hit in hits:
        deposit.count += 1
        factory = Factory.make(deposit.room / f"new-{deposit.count}", name="New")
        words = (str(deposit.good), str(factory.folder))
        if point == "restore prepared":
            was_hit = deposit.kill(writers, f"{point}:{hit}", "prepare", *words)
        else:
            assert writers.run(deposit.job("prepare", *words)) == 0
            was_hit = deposit.kill(writers, f"{point}:{hit}", "settle", words[1])
        if not was_hit:
            return _not_hit(done, point, hit)
        done.kills += 1
        settle(factory.folder, at=NOW)
        found = deposit.problems_of(factory.folder)
        asides = list(factory.backups.glob("before-restore-*"))
        found += [f"{one} aside" for path in asides for one in deposit.problems_of(path, size=1)]
        if len(asides) != 1 or is_prepared(factory.folder):
            found.append(f"{len(asides)} folders aside")
        done.problems += [f"{point}:{hit}: {one}" for one in found]
    return done


def _not_hit(done: Done, point: str, hit: int) -> Done:
    if not done.kills:
        done.problems.append(f"{point} was not passed {hit} times.")
    return done
