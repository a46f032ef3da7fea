"""Appends with all prompt projections, against the same rows written by hand in the same run.

Each batch of the ledger is followed by the same batch of the raw side, so that both meet the same
moments of a busy machine. ``HANGTAG_BENCH_PG`` names an empty PostgreSQL database to measure on
besides; without it the tests' own server serves, where PostgreSQL is installed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.bench_ledger import drafts, open_in
from bench.callers import measure_callers
from bench.peer import peer_s
from bench.raw import Raw, RawFile, RawServer, event_rows, state_rows
from traceability.database import Database, open_database, open_file
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.drafts import prepare_all
from traceability.long_lived import settle
from traceability.projections.happenings import follow

EVENTS = 20_000
BATCHES = (1, 10, 100, 1000)
CALLERS = (16, 64)
CALLERS_S = 5.0
WIDE = 100
"""Things of a wide event."""
WIDE_BATCH = 50

Row = dict[str, object]


def main() -> None:
    """Print one line a figure."""
    settle()  # as a server does
    with tempfile.TemporaryDirectory() as scratch:
        for engine, database in _engines(Path(scratch)):
            ledger = open_in(database)
            raw: Raw = (
                RawFile(Path(scratch) / "raw.sqlite", like=ledger)
                if database.is_file
                else RawServer(database.engine.url.render_as_string(hide_password=False))
            )
            for row in measure(ledger, raw, EVENTS):
                show({"on": engine, **row})
            raw.close()
            for series, (imports, callers) in enumerate(
                ((imports, callers) for imports in (False, True) for callers in CALLERS), start=1
            ):
                found = measure_callers(
                    ledger,
                    callers=callers,
                    seconds=CALLERS_S,
                    imports=imports,
                    series=1_000 * series,
                )
                show({"on": engine, **found})
            database.close()
        show(measure_peer(Path(scratch), EVENTS))


def show(row: Row) -> None:
    """Print a figure as a line, or as JSON."""
    if "--json" in sys.argv:
        print(json.dumps(row), flush=True)
    else:
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def measure(ledger: Ledger, raw: Raw, events: int) -> Iterator[Row]:
    """Measure batches of every size, events of many things, and a follower beside."""
    for series, batch in enumerate(BATCHES):
        own = drafts(max(events * min(batch, 100) // 100, 1), 1, series=series)
        yield _against(ledger, raw, own, batch, f"append, {batch} a batch")
    wide = drafts(max(events // 20, 1), WIDE, series=10)
    yield _against(ledger, raw, wide, WIDE_BATCH, f"append, {WIDE} things an event")
    with _following(ledger):
        own = drafts(events, 1, series=11)
        yield _against(ledger, raw, own, 1000, "append, 1000 a batch, follower beside")


def _against(ledger: Ledger, raw: Raw, own: Sequence[Draft], batch: int, what: str) -> Row:
    append_s = raw_s = 0.0
    is_wide = own[0].event is not None and len(own[0].event.epcs) > 1
    for first in range(0, len(own), batch):
        part = own[first : first + batch]
        began = time.perf_counter()
        outcomes = ledger.append(part)
        append_s += time.perf_counter() - began
        positions = [one.position or 0 for one in outcomes]
        events = event_rows(prepare_all(part), positions)
        state = state_rows(ledger, positions[0], positions[-1] + 1) if is_wide else ()
        began = time.perf_counter()
        raw.write(events, state)
        raw_s += time.perf_counter() - began
    return {
        "bench": what,
        "events_per_s": round(len(own) / append_s),
        "raw_per_s": round(len(own) / raw_s),
        "ratio_to_raw": round(raw_s / append_s, 3),
    }


@contextmanager
def _following(ledger: Ledger) -> Iterator[None]:
    ended = threading.Event()

    def keep_following() -> None:
        while not ended.is_set():
            if not follow(ledger):
                ended.wait(0.05)

    while follow(ledger):  # what was appended before is not what is measured
        pass
    thread = threading.Thread(target=keep_following)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def measure_peer(scratch: Path, events: int) -> Row:
    """Measure the ledger against the library of other authors, 1,000 events a batch."""
    own = drafts(events, 1)
    found = peer_s(scratch / "peer.sqlite", prepare_all(own), 1000)
    if found is None:
        return {"bench": "append against eventsourcing", "skipped": "it is not installed"}
    ledger = open_in(open_file(scratch / "against-peer.sqlite"))
    began = time.perf_counter()
    for first in range(0, events, 1000):
        ledger.append(own[first : first + 1000])
    spent = time.perf_counter() - began
    ledger.database.close()
    return {
        "bench": "append against eventsourcing",
        "events_per_s": round(events / spent),
        "peer_per_s": round(events / found),
        "ratio_to_peer": round(found / spent, 3),
    }


def _engines(scratch: Path) -> Iterator[tuple[str, Database]]:
    yield "file", open_file(scratch / "book.sqlite")
    url = os.environ.get("HANGTAG_BENCH_PG")
    if url is None:
        try:
            from tests import postgres
        except ImportError:
            return
        if postgres.programs() is None:
            return
        url = postgres.new_database()
    yield "server", open_database(url)


if __name__ == "__main__":
    main()
