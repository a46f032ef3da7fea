"""Checks of the record: the chain beside hashing the same bytes, the state beside appending it.

    python -m bench.bench_verify

The raw limit of the chain is SHA-256 over every entry and every salted body, and nothing else: no
reading, no tree; beside it stands what reading the same rows takes. With the state the measure is
the append of the same entries in the same run. All are CPU time, the best of three rounds that take
turns: neighbours do not count. While a writer appends as fast as it can, the log beside the
database is watched, too; and how much memory a check needs beyond what the process had before.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from bench.bench_ledger import drafts, open_book
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.checks.rows import Row, entry_rows
from traceability.ledger.verify import verify
from traceability.projections import happenings

EVENTS = 20_000
BATCH = 1_000
ROUNDS = 3
HOLD_CHAIN, HOLD_STATE = 0.25, 0.8
"""Ratios below which a run fails."""
LOG_MAX_MB = 64
MEMORY_MAX_MB = 96
"""64 of them are the pages that SQLite keeps, however large the ledger is."""


def cpu_s(run: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest round."""
    return cpu_s_of([run])[0]


def cpu_s_of(runs: Sequence[Callable[[], object]]) -> list[float]:
    """Return the CPU seconds of the fastest round of each; they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for at, run in enumerate(runs):
            started = time.process_time()
            run()
            best[at] = min(best[at], time.process_time() - started)
    return best


def append(ledger: Ledger, made: list[Draft]) -> None:
    """Append in batches, as a server does under load."""
    for first in range(0, len(made), BATCH):
        ledger.append(made[first : first + BATCH])


def measure(events: int = EVENTS) -> list[dict[str, object]]:
    """Measure both checks, each against its limit."""
    made = drafts(events, 1)
    with tempfile.TemporaryDirectory() as scratch:
        ledger = open_book(Path(scratch) / "book.sqlite")
        books = [open_book(Path(scratch) / f"other-{number}.sqlite") for number in range(ROUNDS)]
        fresh = iter(books)
        append_s = cpu_s(lambda: append(next(fresh), made))
        append(ledger, made)
        while happenings.follow(ledger):
            pass
        size = ledger.size
        before_mb = _memory_mb()
        _true(verify(ledger).finding)
        memory_mb = _memory_mb() - before_mb
        rows = _rows(ledger, size)

        def hashes() -> None:
            for _, _, entry, salt, body in rows:
                sha256(salt + body).digest()
                sha256(b"\x00" + entry).digest()

        raw_s, read_s, chain_s = cpu_s_of(
            [hashes, lambda: _rows(ledger, size), lambda: _true(verify(ledger).finding)]
        )
        state_s = cpu_s(lambda: _true(verify(ledger, projections=True).finding))
        log_mb = _log_under_a_writer(ledger, events)
        for one in (ledger, *books):
            one.database.close()
    return [
        _row("verify, chain", size, chain_s, raw_s),
        _row("verify, with projections", size, state_s, append_s),
        _row("rows read and hashed", size, raw_s + read_s, raw_s),
        {"bench": "log beside the database, writer and checks", "mb": round(log_mb, 1)},
        {"bench": "memory that a check of the chain adds", "mb": round(memory_mb, 1)},
    ]


def _rows(ledger: Ledger, size: int) -> list[Row]:
    """Read every row as a check reads it, and keep them."""
    rows: list[Row] = []
    with ledger.database.read() as connection:
        while len(rows) < size:
            rows += entry_rows(connection, ledger.ledger_id, len(rows), size)[0]
    return rows


def _memory_mb() -> float:
    """Return the most memory that this process ever had."""
    import resource  # no such thing on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def _true(finding: object) -> None:
    assert finding is None, finding


def _row(name: str, count: int, took_s: float, limit_s: float) -> dict[str, object]:
    return {
        "bench": name,
        "events_per_s": round(count / took_s),
        "raw_per_s": round(count / limit_s),
        "ratio_to_raw": round(limit_s / took_s, 4),
    }


def _log_under_a_writer(ledger: Ledger, events: int) -> float:
    """Check again and again while a thread appends as fast as it can; return the largest log."""
    more = drafts(2 * events, 1)[events:]
    file = Path(f"{ledger.database.path}-wal")
    writer = threading.Thread(target=append, args=(ledger, more))
    largest = 0
    writer.start()
    while writer.is_alive():
        _true(verify(ledger, progress=lambda *_: None).finding)
        largest = max(largest, file.stat().st_size if file.exists() else 0)
    writer.join()
    return largest / 2**20


def main() -> None:
    """Print every figure with its ratio; exit 1 if one that must be held is not."""
    rows = measure()
    for row in rows:
        if "--json" in sys.argv:
            print(json.dumps(row))
        elif "mb" in row:
            print(f"{row['bench']:44} {row['mb']} MB, at most {LOG_MAX_MB}")
        else:
            print(
                f"{row['bench']:28} {row['events_per_s']:>8,} events/s"
                f"  raw {row['raw_per_s']:,}/s  ratio {row['ratio_to_raw']}"
            )
    chain, state, _read, log, memory = rows
    is_held = float(str(chain["ratio_to_raw"])) >= HOLD_CHAIN
    is_held &= float(str(state["ratio_to_raw"])) >= HOLD_STATE
    is_held &= float(str(log["mb"])) <= LOG_MAX_MB
    is_held &= float(str(memory["mb"])) <= MEMORY_MAX_MB
    sys.exit(0 if is_held else 1)


if __name__ == "__main__":
    main()
