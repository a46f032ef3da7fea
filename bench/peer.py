"""A ledger of other authors in the same run: the library `eventsourcing`, recording in SQLite.

It keeps bytes by aggregate and version in one table and numbers them; it proves nothing, folds
nothing and looks nothing up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from traceability.ledger.drafts import Prepared

__all__ = ["peer_s"]


def peer_s(file: Path, drafts: Sequence[Prepared], batch: int) -> float | None:
    """Record the bodies of events, a durable transaction a batch.

    Returns:
        Seconds; None if the library is not installed.
    """
    try:
        from eventsourcing.persistence import StoredEvent
        from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
    except ImportError:
        return None
    datastore = SQLiteDatastore(str(file))
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    events = [StoredEvent(uuid4(), 1, "seen", draft.body) for draft in drafts]
    started = time.perf_counter()
    for first in range(0, len(events), batch):
        recorder.insert_events(events[first : first + batch])
    spent = time.perf_counter() - started
    datastore.close()
    return spent
