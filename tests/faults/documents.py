"""Large documents for fault runs: what is in one, and who takes it in."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ledger.books import packed
from traceability.capture import Document
from traceability.capture_jobs import CaptureJobs
from traceability.errors import DatabaseBusy
from traceability.ledger.append import Ledger
from traceability.ledger.jobs import Job

if TYPE_CHECKING:
    from tests.faults.writer import Job as Order

OPEN_EXIT = 3
"""Of who found nothing to do, or another at work, as often as he was to look."""
SLICE = 10
EVENTS = 35
"""Four slices, the last one shorter."""
BAD = 17
"""Place of the event that is none."""
TWICE = 23
"""Place of an event that has the id of the first one, and says the same."""


def event(number: int) -> dict[str, Any]:
    """Return an event; every third has an id of its own."""
    tree = packed(number, at=f"2026-01-05T09:00:{number % 60:02}Z")
    return tree if number % 3 == 0 else {k: v for k, v in tree.items() if k != "eventID"}


def write(file: Path, *, count: int = EVENTS) -> Path:
    """Write a document of events, of which one is bad and one comes twice."""
    trees = [event(number) for number in range(count)]
    trees[BAD] = {"type": "ObjectEvent", "eventTime": "yesterday"}
    trees[TWICE] = trees[0]
    file.write_text(json.dumps(trees), "utf-8")
    return file


def take_in(ledger: Ledger, order: Order, tell: Callable[[object], None]) -> int:
    """Send a document and take in whatever is open; tell what was acknowledged, and each slice."""
    data = Path(order.document).read_bytes()
    captures = CaptureJobs(ledger, slice_max=SLICE)
    job = captures.keep(data, Document.cut(data), by="partner", may_enter=True)
    tell({"kept": job.number})
    stopping = threading.Event()

    def hear(now: Job) -> None:
        tell({"taken": now.taken, "state": now.state, "pid": os.getpid()})

    for _ in range(order.tries):
        try:
            while captures.work(stopping, hear):
                pass
        except DatabaseBusy as error:
            tell({"problem": str(error)})
        found = captures.jobs.find(job.number)
        if found is not None and not found.is_open:
            return 0
        time.sleep(0.005)
    return OPEN_EXIT
