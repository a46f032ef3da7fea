"""What goes wrong in the factory on purpose: noise on the lines, a pulled cable, a lost frame.

Which fault hits when is fixed by the seed, so that a run with faults can be repeated.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from readers.emulated.emulation import Faults
from traceability.simulation import floor
from traceability.simulation.factory import Wire
from traceability.simulation.jobs import Beep, Job, Show
from traceability.simulation.plan import Plan

__all__ = ["Mischief", "line_faults", "swallowable"]

_NOISE_RATE: Final = 0.02
_CHUNK_BYTES_MAX: Final = 7
_FLIP_SHARE: Final = 0.3
"""How many steps begin with disturbed frames."""
_FLIPS_MAX: Final = 3
_UNPLUG_S: Final = 2.0


def line_faults(seed: int, number: int) -> Faults:
    """Return what is wrong with one line of a noisy factory: bursts, frames in pieces."""
    return Faults(
        chunk_size_max=_CHUNK_BYTES_MAX, noise_rate=_NOISE_RATE, seed=seed * 1_000 + number
    )


@dataclass(slots=True)
class Mischief:
    """Does its harm just before a step; workers call it from their own threads."""

    plan: Plan
    wires: Mapping[str, Wire]
    unplug: Callable[[str, float], None]
    is_noisy: bool = False
    swallow: int = 0
    """Scans that are put on the wire by the log's word and never sent."""
    _victims: frozenset[tuple[int, int]] = field(init=False)
    _unplugged: int = field(init=False)

    def __post_init__(self) -> None:
        self._victims = frozenset(swallowable(self.plan)[: self.swallow])
        shows = [
            job.number
            for job in self.plan.jobs
            if job.station == _UNPLUGGED and any(isinstance(step, Show) for step in job.steps)
        ]
        self._unplugged = shows[len(shows) // 2] if shows else -1

    def before_step(self, job: Job, attempt: int, index: int) -> None:
        """Disturb the step that comes next, if it is its turn; only the first attempt suffers."""
        if attempt > 0:
            return
        step = job.steps[index]
        reader = floor.reader_for(job.station, step).name
        if (job.number, index) in self._victims:
            self.wires[reader].swallow_next()
        if not self.is_noisy:
            return
        chance = random.Random(f"{self.plan.seed} {job.number} {index}")
        if chance.random() < _FLIP_SHARE:
            self.wires[reader].flip_bits(chance.randint(1, _FLIPS_MAX))
        if job.number == self._unplugged and isinstance(step, Show):
            # In the middle of the reading, not before it.
            later = threading.Timer(_UNPLUG_AFTER_S, self.unplug, (reader, _UNPLUG_S))
            later.daemon = True
            later.start()


def swallowable(plan: Plan) -> list[tuple[int, int]]:
    """List the scans that can be swallowed, as (job, step): rolls that come in.

    Everybody behind the first station works on without that scan, and no gate stops for it. So
    what is swallowed is lost exactly once, and every garment still reaches the store.
    """
    return [
        (job.number, index)
        for job in plan.jobs
        if job.station == floor.STATIONS[0].name
        for index, step in enumerate(job.steps)
        if isinstance(step, Beep)
    ]


_UNPLUGGED: Final = "packing"
_UNPLUG_AFTER_S: Final = 0.15
