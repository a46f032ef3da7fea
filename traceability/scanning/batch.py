"""Scans worked off one after another: each sees what the one before did, none is written twice.

A device sends what it has, in its own order, as often as it takes until it hears an answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from traceability.database import rows_by
from traceability.ledger import tables as record
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft, Status
from traceability.projections.view import View, look
from traceability.scanning.answer import Answer
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.rules import take
from traceability.scanning.twice import tree_at
from traceability.scanning.writing import SCANNED, TOLD

__all__ = ["Answered", "once", "work_off"]

Taking = Callable[[View, Desk, Scan], tuple[Answer, tuple[Draft, ...]]]

# Between looking and writing nobody else may scan: two people who scan one ticket in the same
# moment would both be told that it is the first time. Held for about ten milliseconds a scan.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Answered:
    """One scan with what became of it."""

    scan: Scan
    answer: Answer
    event: str
    """Id of its event."""
    position: int | None
    status: Status
    is_undone: bool = False


def work_off(ledger: Ledger, desk: Desk, scans: Sequence[Scan]) -> tuple[list[Answered], Desk]:
    """Take scans in, in order; every one is durable when this returns.

    Returns:
        An answer for each scan, and the desk as the last one left it.

    Raises:
        DatabaseBusy: If one could not be stored. Those before it are; send all of them again.
    """
    found = []
    for scan in scans:
        answered = once(ledger, desk, scan, _by_rules)
        found.append(answered)
        if answered.status != "conflict":
            desk = desk.after(answered.answer.opened, answered.answer.person)
    return found, desk


def _by_rules(view: View, desk: Desk, scan: Scan) -> tuple[Answer, tuple[Draft, ...]]:
    taken = take(view, desk, scan)
    return taken.answer, taken.drafts


def once(ledger: Ledger, desk: Desk, scan: Scan, taking: Taking) -> Answered:
    """Do one thing with a scan, unless it was done before: then give the same answer.

    Args:
        ledger: Where it is written.
        desk: Where it was scanned.
        scan: The scan; device, epoch, counter and time make it this one and no other.
        taking: What is to be done with it.
    """
    with _one_at_a_time:
        with look(ledger) as view:
            known = _known(view, desk, scan)
            if known is not None:
                return known
            answer, drafts = taking(view, desk, scan)
        outcome = ledger.append(drafts)[-1]
    if outcome.status == "refused":
        # Its sentence is for whoever wrote the flow; the scan itself must not be lost in it.
        answer = replace(answer, state="stop", said="conflict", facts={"problem": outcome.problem})
    return Answered(scan, answer, outcome.id, outcome.position, outcome.status)


def _known(view: View, desk: Desk, scan: Scan) -> Answered | None:
    event_id = desk.event_id(scan)
    rows = rows_by(
        view.connection,
        record.event_id,
        ("position", "declared_at"),
        ledger_id=view.ledger_id,
        column="event_id",
        values=[event_id],
    )
    position = next((row.position for row in rows if not row.declared_at), None)
    if position is None:
        return None
    tree = tree_at(view, position)
    answer = Answer.read(tree.get(TOLD))
    is_undone = any(row.declared_at for row in rows)
    if answer is None or tree.get(SCANNED) != scan.text[:200]:
        clash = Answer("stop", "conflict", facts={"text": scan.text[:80]})
        clash = replace(clash, opened=desk.opened, person=desk.person)
        return Answered(scan, clash, event_id, position, "conflict")
    return Answered(scan, answer, event_id, position, "duplicate", is_undone)
