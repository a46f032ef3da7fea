"""The people of the invented workshop: one at each station, with a plan and no view of the ledger.

A worker does the next job whose forerunners are done: pulls the trigger, puts garments on the
pad, pushes a carton through the gate. He looks at the screen of his station, as people do, and
shows a thing again when it says so or when nothing is said. That is all he knows of what happens
behind the wire.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from traceability.simulation import floor
from traceability.simulation.jobs import Job, Show, Step
from traceability.simulation.plan import Plan

__all__ = ["CALM", "FAST", "Factory", "Pace", "Screen", "Sight", "Wire"]

_TRIES_MAX: Final = 12
"""How often a worker shows a thing again before he puts it aside and goes on."""
_GOODBYE_S: Final = 0.5
"""How long all workers together have to put down what they hold."""
_HELD_S: Final = 20.0
"""How long a worker leaves a thing that the gate holds, before he tries it again."""
_LOOK_S: Final = 0.05
_TICK_S: Final = 0.2


class Wire(Protocol):
    """The emulated reader at the far end of a line (`readers.emulated.emulation`)."""

    @property
    def is_connected(self) -> bool:
        """Whether its lamp says that somebody listens."""
        ...

    def show(self, tags: Sequence[bytes]) -> None:
        """Bring tags before the antennas."""
        ...

    def clear(self) -> None:
        """Take all tags away."""
        ...

    def scan(self, text: str, aim: str | None = None) -> bool:
        """Pull the trigger on a code; say whether it beeped."""
        ...

    def unplug(self) -> None:
        """Pull the cable."""
        ...

    def plug(self) -> None:
        """Put it back."""
        ...

    def flip_bits(self, count: int) -> None:
        """Flip a bit in each of the next frames."""
        ...

    def swallow_next(self, count: int = 1) -> None:
        """Write the next frames into the wire log, and do not send them."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What the screen of a station says."""

    state: str
    """`READY`, `READING`, `PASS`, `READ AGAIN`, `STOP`, `UNKNOWN`, `HOLD`."""
    carton: str | None
    """Key of the carton it speaks of."""
    at: datetime
    """When it said so, by the station's clock."""


class Screen(Protocol):
    """Where a worker looks."""

    def look(self, station: str) -> Sight | None:
        """Return what the station's screen says; None if it is dark."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people move, in seconds."""

    job_gap: tuple[float, float]
    """Between two jobs at one station, least and most."""
    beep_gap: float
    """Between two pulls of a trigger."""
    hold: float
    """How long things are held before an antenna."""
    patience: float
    """How long a worker waits for the screen to say something."""
    settle: float
    """How long a carton stands before somebody pushes it through a gate."""
    lead: int = 0
    """Jobs done without any gap at the beginning, so that a visitor sees movement at once."""


CALM: Final = Pace(job_gap=(14.0, 34.0), beep_gap=0.45, hold=1.6, patience=4.0, settle=2.0, lead=26)
"""For people who look on."""
FAST: Final = Pace(job_gap=(0.0, 0.0), beep_gap=0.03, hold=0.5, patience=3.0, settle=0.7)
"""As fast as readers and stations follow."""

_NO: Final = frozenset({"STOP", "READ AGAIN", "UNKNOWN"})
_DOCK: Final = next(station.name for station in floor.STATIONS if station.is_gate)
"""The gate at which cartons leave."""

Status = Literal["waiting", "doing", "done"]
Judged = Literal["fine", "again", "held"]


class Factory:
    """Workers, jobs and wires. Public methods may be called from any thread."""

    def __init__(
        self,
        plan: Plan,
        wires: Mapping[str, Wire],
        screen: Screen,
        pace: Pace,
        *,
        before_step: Callable[[Job, int, int], None] = lambda job, attempt, index: None,
        keeps_one: bool = False,
    ) -> None:
        """Hire the workers; they begin at `start`.

        Args:
            plan: What they will do.
            wires: The emulated readers by name.
            screen: Where they look.
            pace: How fast they move.
            before_step: Called with a job, the number of the attempt and the number of the
                step; faults come from there.
            keeps_one: Leave one tagged carton at the gate for a visitor to push.
        """
        self.plan = plan
        self._wires = wires
        self._screen = screen
        self._pace = pace
        self._before_step = before_step
        self._keeps_one = keeps_one
        # One condition guards all that follows; workers wait on it for their forerunners.
        self._changed = threading.Condition()
        self._status: dict[int, Status] = {job.number: "waiting" for job in plan.jobs}
        self._retries = 0
        self._put_aside: list[int] = []
        self._not_before: dict[int, float] = {}
        self._done_at: dict[int, float] = {}
        self._is_stopping = threading.Event()
        # A station is used by its worker or by the visitor, never by both.
        self._hands_on = {station.name: threading.Lock() for station in floor.STATIONS}
        self._plugged = {name: threading.Event() for name in wires}
        for plugged in self._plugged.values():
            plugged.set()
        self._workers = [
            threading.Thread(target=self._work, args=(station.name,), name=f"at {station.name}")
            for station in floor.STATIONS
        ]
        for worker in self._workers:
            worker.daemon = True

    def start(self) -> None:
        """Let the workers begin."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Send everybody home; nothing is finished that is not begun."""
        self._is_stopping.set()
        with self._changed:
            self._changed.notify_all()
        end = time.monotonic() + _GOODBYE_S
        for worker in self._workers:
            if worker.is_alive():
                worker.join(max(0.0, end - time.monotonic()))

    @property
    def done_count(self) -> int:
        """Jobs done."""
        with self._changed:
            return sum(status == "done" for status in self._status.values())

    @property
    def retry_count(self) -> int:
        """How often something was shown again."""
        with self._changed:
            return self._retries

    @property
    def put_aside(self) -> tuple[str, ...]:
        """Jobs given up after too many tries, by title."""
        with self._changed:
            return tuple(self.plan.jobs[number].title for number in self._put_aside)

    def wait(self, timeout_s: float) -> bool:
        """Wait until every job is done; say whether they are."""
        with self._changed:
            return self._changed.wait_for(
                lambda: all(status == "done" for status in self._status.values()), timeout_s
            )

    def is_done(self, job: Job) -> bool:
        """Say whether a job is done."""
        with self._changed:
            return self._status[job.number] == "done"

    def waiting_cartons(self) -> list[Job]:
        """Return the jobs at the dock whose cartons are packed and have not left."""
        with self._changed:
            return [
                job
                for job in self.plan.jobs
                if job.station == _DOCK
                and job.carton is not None  # a stranger's jacket passes there, too
                and self._status[job.number] == "waiting"
                and self._is_ready(job)
            ]

    def claim(self, job: Job) -> bool:
        """Take a job over from its worker; False if he has begun or done it."""
        with self._changed:
            if self._status[job.number] != "waiting":
                return False
            self._status[job.number] = "doing"
            return True

    def finish(self, job: Job, *, is_done: bool) -> None:
        """Give a claimed job back, done or for somebody else to do."""
        with self._changed:
            self._status[job.number] = "done" if is_done else "waiting"
            self._done_at[job.number] = time.monotonic()
            self._changed.notify_all()

    def perform(self, station: str, steps: Sequence[Step], *, hold: float | None = None) -> None:
        """Do some steps at a station as soon as nobody else is using it."""
        with self._hands_on[station]:
            self._perform(station, steps, self._pace.hold if hold is None else hold)

    def unplug(self, reader: str, seconds: float) -> None:
        """Pull a reader's cable and put it back later; returns at once."""

        def mend() -> None:
            self._is_stopping.wait(seconds)
            self._wires[reader].plug()
            self._plugged[reader].set()

        self._plugged[reader].clear()
        self._wires[reader].unplug()
        threading.Thread(target=mend, name=f"mend {reader}", daemon=True).start()

    def is_plugged(self, reader: str) -> bool:
        """Say whether a reader's cable is in."""
        return self._plugged[reader].is_set()

    # --- one worker ---------------------------------------------------------------------------

    def _work(self, station: str) -> None:
        chance = random.Random(f"{self.plan.seed} {station}")
        mine = [job for job in self.plan.jobs if job.station == station]
        while (job := self._next(mine)) is not None:
            self._do(job)
            if job.number >= self._pace.lead:
                self._is_stopping.wait(chance.uniform(*self._pace.job_gap))

    def _next(self, mine: list[Job]) -> Job | None:
        """Wait for a job that can be begun, and begin it; None when there will be none."""
        with self._changed:
            while not self._is_stopping.is_set():
                open_jobs = [job for job in mine if self._status[job.number] != "done"]
                if not open_jobs:
                    return None
                for job in open_jobs:
                    if self._may_begin(job):
                        self._status[job.number] = "doing"
                        return job
                self._changed.wait(_TICK_S)
        return None

    def _may_begin(self, job: Job) -> bool:
        """Say whether a worker may begin a job now; the caller holds the condition."""
        if self._status[job.number] != "waiting" or not self._is_ready(job):
            return False
        now = time.monotonic()
        if self._not_before.get(job.number, 0.0) > now:
            return False
        if _is_gate(job.station):
            stood_since = max((self._done_at[number] for number in job.after), default=0.0)
            if now - stood_since < self._pace.settle:
                return False
        if not self._keeps_one or job.number < self._pace.lead or not _is_pushable(job):
            return True
        return any(
            other.number != job.number
            and _is_pushable(other)
            and self._status[other.number] == "waiting"
            and self._is_ready(other)
            for other in self.plan.jobs
        )

    def _is_ready(self, job: Job) -> bool:
        return all(self._status[number] == "done" for number in job.after)

    def _do(self, job: Job) -> None:
        judged: Judged = "again"
        with self._hands_on[job.station]:
            for attempt in range(_TRIES_MAX):
                begun_at = datetime.now(UTC)
                is_weak = attempt == 0 and bool(job.shaded)
                for index, step in enumerate(job.first_try if is_weak else job.steps):
                    self._before_step(job, attempt, index)
                    self._perform(job.station, [step], self._pace.hold)
                judged = self._judge(job, begun_at)
                if self._is_stopping.is_set():
                    return
                if judged == "held" or (judged == "fine" and not is_weak):
                    break
                with self._changed:
                    self._retries += 1
        if judged == "held":
            # Nobody may move it. It stays where it is until somebody frees it again.
            with self._changed:
                self._not_before[job.number] = time.monotonic() + _HELD_S
            self.finish(job, is_done=False)
            return
        if judged == "again":
            with self._changed:
                self._put_aside.append(job.number)
        self.finish(job, is_done=True)

    def _perform(self, station: str, steps: Sequence[Step], hold: float) -> None:
        for step in steps:
            name = floor.reader_for(station, step).name
            wire = self._wires[name]
            while not self._plugged[name].wait(_TICK_S):
                if self._is_stopping.is_set():
                    return
            if isinstance(step, Show):
                self._show(wire, name, step, hold)
                continue
            # No beep, no scan: a worker pulls the trigger until he hears one.
            while not wire.scan(step.text, step.aim):
                if self._is_stopping.wait(_TICK_S):
                    return
            self._is_stopping.wait(self._pace.beep_gap)

    def _show(self, wire: Wire, name: str, step: Show, hold: float) -> None:
        wire.show(step.tags)
        end = time.monotonic() + hold
        while time.monotonic() < end and not self._is_stopping.wait(_LOOK_S):
            if not (self._plugged[name].is_set() and wire.is_connected):
                # Dead antennas see nothing: what lies before them stays there until they live.
                # A station may take a few seconds to find a reader that was plugged in again.
                end = time.monotonic() + hold
        wire.clear()

    def _judge(self, job: Job, begun_at: datetime) -> Judged:
        """Look at the gate's screen until it has judged this carton.

        At a table there is nothing to wait for: what a scanner beeped at is read, and what lay
        before the antenna was read many times over. A dark screen is no pass.
        """
        if job.carton is None or not _is_gate(job.station):
            return "fine"
        end = time.monotonic() + self._pace.patience
        while time.monotonic() < end and not self._is_stopping.is_set():
            sight = self._screen.look(job.station)
            if sight is not None and sight.carton == job.carton.key:
                if sight.state == "PASS":
                    return "fine"
                if sight.at >= begun_at and sight.state == "HOLD":
                    return "held"
            if sight is not None and sight.at >= begun_at and sight.state in _NO:
                return "again"
            time.sleep(_LOOK_S)
        return "again"


def _is_pushable(job: Job) -> bool:
    """Say whether a visitor can push this job's carton and miss something in it."""
    return job.station == _DOCK and job.carton is not None and job.carton.tag is not None


def _is_gate(station: str) -> bool:
    return any(one.is_gate for one in floor.STATIONS if one.name == station)


def without(job: Job, missing: int) -> Job:
    """Return the job with some garments' tags left behind, the last ones first."""
    steps = tuple(
        Show(step.tags[: max(1, len(step.tags) - missing)]) if isinstance(step, Show) else step
        for step in job.steps
    )
    return replace(job, steps=steps, shaded=frozenset())
