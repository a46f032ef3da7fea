"""Many who say one thing each, as stations and browsers do, with and without an import beside."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from statistics import quantiles

from bench.bench_ledger import drafts
from traceability.ledger.append import Draft, Ledger

__all__ = ["measure_callers"]

SPARE = 3_000
"""Events that a caller has to say at most."""
IMPORTED = 60_000
PIECE = 5_000
"""Events that the import brings at a time."""


def measure_callers(
    ledger: Ledger, *, callers: int, seconds: float, imports: bool, series: int
) -> dict[str, object]:
    """Measure how many single events are stored a second, and how long each caller waits.

    Args:
        ledger: Nobody else appends to it.
        callers: Threads, each with one event after another.
        seconds: How long.
        imports: Whether a file is imported meanwhile.
        series: First number of series of events that nobody used yet; one more a caller.
    """
    said = [drafts(SPARE, 1, series=series + 1 + caller) for caller in range(callers)]
    brought = drafts(IMPORTED, 1, series=series) if imports else []
    until = time.monotonic() + seconds
    waits: list[list[float]] = [[] for _ in said]
    imported = [0]

    def scan(own: Sequence[Draft], waited: list[float]) -> None:
        for draft in own:
            if time.monotonic() > until:
                break
            began = time.perf_counter()
            ledger.append([draft])
            waited.append(time.perf_counter() - began)

    def bring() -> None:
        for first in range(0, len(brought), PIECE):
            if time.monotonic() > until:
                break
            imported[0] += len(ledger.append(brought[first : first + PIECE]))

    threads = [
        threading.Thread(target=scan, args=pair) for pair in zip(said, waits, strict=True)
    ] + [threading.Thread(target=bring)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    cuts = quantiles([wait for waited in waits for wait in waited], n=100)
    return {
        "bench": f"{callers} callers of one event" + (", an import beside" if imports else ""),
        "events_per_s": round(sum(map(len, waits)) / spent),
        "p50_ms": round(1000 * cuts[49], 1),
        "p99_ms": round(1000 * cuts[98], 1),
        **({"imported_per_s": round(imported[0] / spent)} if imports else {}),
    }
