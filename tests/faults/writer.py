"""A program that appends what a plan says and tells each answer only after it has it.

`python -m tests.faults.writer` reads jobs from stdin and forks a process for each: that one has
its own connections, can be killed at any moment, and costs no second for importing. The answers
go line by line into a file; a line is written by one system call, so that it is there or not.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import disk, documents, plans, safe, station
from traceability.database import open_database
from traceability.errors import DatabaseBusy, LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.crash_points import arm
from traceability.ledger.proof.signing import LogSigner

BUSY_EXIT = 3
CORRUPT_EXIT = 4
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Job:
    """What one process has to append, and where it may end."""

    url: str
    ledger: str
    acks: str
    """File that answers are written to."""
    seed: int
    callers: tuple[int, ...] = (1,)
    """Each is a thread of its own, if there are several."""
    batches: int = plans.BATCHES
    crash_at: str = ""
    tries: int = 1
    """How often a caller sends the same before it gives up because nothing is stored."""
    shim: str = ""
    """What the preloaded disk shall do, `tests/faults/disk.py`."""
    signs: bool = False
    """Whether the ledger is signed for after each append."""
    server: str = ""
    """Address of a server: this process is a station then, and ``url`` the path of its spool."""
    steps_s: tuple[int, ...] = ()
    """How far the wall clock is off, batch by batch; needs the preloaded disk, too."""
    deed: tuple[str, ...] = ()
    """What to do with a backup instead, `tests/faults/safe.py`."""
    document: str = ""
    """File that is taken in as one large document, instead of the plan."""


def work(job: Job) -> int:
    """Append everything; return the exit code."""
    if job.deed:
        return _keep_safe(job)
    if job.server:
        arm(job.crash_at)
        return station.deliver(Path(job.url), job.server, job.batches)
    ledger = _opened(job)
    answers = os.open(job.acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    codes: list[int] = []

    def call(caller: int) -> None:
        codes.append(_call(ledger, job, caller, lambda line: _tell(answers, line)))

    arm(job.crash_at)
    if job.shim:
        disk.arm_shim(job.shim)
    if job.document:
        codes.append(documents.take_in(ledger, job, lambda line: _tell(answers, line)))
    elif len(job.callers) == 1:
        call(job.callers[0])
    else:
        threads = [threading.Thread(target=call, args=(one,)) for one in job.callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ledger.database.close()
    if job.shim:
        _tell(answers, {"hits": disk.hits()})
    return max(codes)


def _opened(job: Job) -> Ledger:
    for _ in range(job.tries - 1):
        try:
            return Ledger.open(open_database(job.url, create=False), job.ledger)
        except DatabaseBusy:  # a server that is being started again
            time.sleep(PAUSE_S)
    return Ledger.open(open_database(job.url, create=False), job.ledger)


def _keep_safe(job: Job) -> int:
    told = os.open(job.acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    arm(job.crash_at)
    if job.shim:
        disk.arm_shim(job.shim)
    code, sentence = safe.do(*job.deed)
    _tell(told, {"problem": sentence, "hits": disk.hits() if job.shim else 0})
    return code


def _tell(answers: int, line: object) -> None:
    os.write(answers, json.dumps(line).encode() + b"\n")


def _call(ledger: Ledger, job: Job, caller: int, tell: Callable[[object], None]) -> int:
    for number, batch in enumerate(plans.plan(job.seed, caller, job.batches)):
        if number < len(job.steps_s):
            disk.set_clock(job.steps_s[number])
        for left in reversed(range(job.tries)):
            try:
                outcomes = ledger.append(batch)
            except DatabaseBusy as error:
                tell(_told(caller, error, ledger))
                if not left:
                    return BUSY_EXIT
                time.sleep(PAUSE_S)
            except LedgerCorrupt as error:
                tell(_told(caller, error, ledger))
                return CORRUPT_EXIT
            else:
                break
        if job.signs:
            LogSigner(ledger, every_s=0.0).sign()
        answers = [[one.id, one.status, one.position] for one in outcomes]
        tell({"caller": caller, "batch": number, "answers": answers})
    return 0


def _told(caller: int, error: Exception, ledger: Ledger) -> dict[str, object]:
    kind = type(error).__name__
    return {"caller": caller, "kind": kind, "problem": str(error), "health": ledger.problem}


def main() -> None:
    """Fork a process for each job; end one, and say how one ended, when asked.

    A process that ended keeps its number until it was waited for here: so nobody else is killed.
    """
    children: set[int] = set()
    try:
        for line in sys.stdin:
            print(_obey(json.loads(line), children), flush=True)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def _obey(order: dict[str, Any], children: set[int]) -> int:
    child = order.get("kill") or order.get("wait")
    if child is None:
        order |= {name: tuple(order[name]) for name in ("callers", "steps_s", "deed")}
        child = os.fork()
        if child == 0:
            _end(Job(**order))
        children.add(child)
        return child
    if "kill" in order:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    children.discard(child)
    return os.waitstatus_to_exitcode(status)


def _end(job: Job) -> None:
    code = 1
    try:
        code = work(job)
    except BaseException as error:  # noqa: BLE001 - told to whoever reads stderr, then the end
        sys.stderr.write(f"{error!r}\n")
        sys.stderr.flush()
    os._exit(code)


def order(job: Job) -> str:
    """Write a job as a line of stdin."""
    return json.dumps(dataclasses.asdict(job))


if __name__ == "__main__":
    main()
