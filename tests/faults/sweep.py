"""Killing at the first, second, third … hit of a place, until a run gets through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.processes import KILLED, Writers
from tests.faults.shelf import Shelf


@dataclass(slots=True)
class Done:
    """What a sweep did and found."""

    kills: int = 0
    problems: list[str] = field(default_factory=list)


def sweep(
    shelf: Shelf,
    writers: Writers,
    point: str,
    seed: int,
    *,
    batches: int,
    clean: str,
    hits: Iterable[int],
) -> Done:
    """Kill a writer at each hit of a place, send everything again, and check the whole history.

    Args:
        shelf: Where each run gets a ledger of its own.
        writers: Who writes.
        point: The place, `traceability.ledger.crash_points.POINTS`.
        seed: What the plan is drawn from.
        batches: How much is written.
        clean: The state's hash after an undisturbed run.
        hits: From 1 upward; the first that is not reached ends the sweep.
    """
    done = Done()
    for hit in hits:
        place = shelf.fresh()
        code = writers.run(place.job(seed, batches=batches, crash_at=f"{point}:{hit}"))
        if code == KILLED:
            done.kills += 1
            code = writers.run(place.job(seed, batches=batches))
        elif hit == 1:
            done.problems.append(f"{point} was never passed.")
            return done
        if code != 0:
            done.problems.append(f"{point}:{hit} with seed {seed}: a writer ended with {code}.")
        found = place.check(seed, batches=batches, clean=clean)
        done.problems += [f"{point}:{hit} with seed {seed}: {one}" for one in found]
        if done.kills < hit:
            return done
    return done
