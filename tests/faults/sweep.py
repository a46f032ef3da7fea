"""Killing at the first, second, third … hit of a place, until a run gets through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.faults.processes import KILLED, Writers
from tests.faults.shelf import Shelf
from tests.faults.signatures import signatures_of


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
    signs: bool = False,
) -> Done:
    """Kill a writer at each hit of a place, send everything again, and check the whole history.

    Args:
        shelf: Where each run gets a ledger of its own.
        writers: Who writes.
        point: The place, `traceability.ledger.crash_points.POINTS`.
        seed: What the plan is drawn from.
        batches: How much is written.
        clean: The state's hash after an undisturbed run.
        hits: Rising; the first that is not reached ends the sweep.
        signs: Sign for the ledger after each append, and check the signatures, too.
    """
    done = Done()
    for hit in hits:
        place = shelf.fresh()
        is_through = False
        job = place.job(seed, batches=batches, signs=signs)
        code = writers.run(replace(job, crash_at=f"{point}:{hit}"))
        if code == KILLED:
            done.kills += 1
            code = writers.run(job)
        elif not done.kills:
            done.problems.append(f"{point} was not passed {hit} times.")
            return done
        else:
            is_through = True
        if code != 0:
            done.problems.append(f"{point}:{hit} with seed {seed}: a writer ended with {code}.")
        found = place.check(seed, batches=batches, clean=None if signs else clean)
        found += signatures_of(place) if signs else []
        done.problems += [f"{point}:{hit} with seed {seed}: {one}" for one in found]
        if is_through:
            return done
    return done
