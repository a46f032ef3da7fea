"""Scanning the same thing once more says yes to what the desk asked.

A scanner whose trigger bounces must not say yes by itself: the second scan comes later than a
bounce, and nothing else was scanned between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.ledger import tables as record
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import bodies_at
from traceability.projections.view import View
from traceability.scanning.answer import Answer, Said
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.things import Thing, last_touch
from traceability.scanning.writing import TOLD

__all__ = ["BOUNCE_US", "entry_at", "record_mark", "said_before", "tree_at"]

BOUNCE_US = 800_000
"""Two scans closer together are one pull of the trigger."""


def said_before(view: View, desk: Desk, scan: Scan, one: Thing, said: Said) -> bool:
    """Say whether this device's scan just before was the same thing, and asked this.

    Args:
        view: The ledger.
        desk: The device.
        scan: The scan that may say yes.
        one: What was scanned.
        said: What was answered then.
    """
    touch = last_touch(view, one)
    if touch is None or scan.at - touch["event_at"] < BOUNCE_US:
        return False
    entry = entry_at(view, touch["position"])
    if entry is None or entry.run != desk.run(scan.counter - 1):
        return False
    answer = Answer.read(tree_at(view, touch["position"]).get(TOLD))
    return answer is not None and answer.said == said


def entry_at(view: View, position: int) -> Entry | None:
    """Return the entry at a position."""
    rows = rows_by(
        view.connection,
        record.entry,
        ("entry",),
        ledger_id=view.ledger_id,
        column="position",
        values=[position],
    )
    return Entry.parse(rows[0].entry) if rows else None


def record_mark(view: View) -> str:
    """Return what tells this record from another one of the same workshop: when it was begun.

    A scan that was meant for practice must not count once the workshop is live.
    """
    first = entry_at(view, 0)
    return str(first.record) if first is not None else ""


def tree_at(view: View, position: int) -> Mapping[str, Any]:
    """Return the body at a position as JSON; empty if it is gone."""
    found = bodies_at(view.connection, view.ledger_id, [position])
    tree = bodies.parse(found[position]) if found else {}
    return tree if isinstance(tree, Mapping) else {}
