"""Taking a scan back: the record keeps it, and says that it did not happen.

Only one of the last ten of the same device, and only while nothing else was built upon it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from traceability.database import rows_by
from traceability.epcis.event_time import format_time
from traceability.ledger import tables as record
from traceability.ledger.append import Ledger
from traceability.ledger.entry import Entry
from traceability.projections import tables
from traceability.projections.entering import event_draft
from traceability.projections.items import find_items
from traceability.projections.rebuild import read_stored
from traceability.projections.touches import Form, Role, Touch, facts_of
from traceability.projections.view import View, look
from traceability.projections.world import Item
from traceability.scanning.answer import Answer
from traceability.scanning.bound import undo_bound
from traceability.scanning.twice import tree_at
from traceability.scanning.writing import SCANNED, TOLD

__all__ = ["LAST_MAX", "Last", "last_of", "undo"]

LAST_MAX = 10
"""Scans of a device that it may take back."""
LOOKED_AT_MAX = 5_000
"""Entries looked back over for them; a device that is behind so many was not in use."""

_undoing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Last:
    """One of a device's last scans."""

    position: int
    entry: Entry
    tree: Mapping[str, Any]
    answer: Answer
    is_undone: bool


def last_of(view: View, device: str, limit: int = LAST_MAX) -> list[Last]:
    """Return the last scans of a device, newest first."""
    found: list[tuple[int, Entry]] = []
    marker = f'"run":["{device}",'.encode()
    rows = view.connection.execute(
        text(
            "SELECT position, entry FROM entry WHERE ledger_id = :l AND position >= :f "
            "AND kind = 'event' ORDER BY position DESC"
        ),
        {"l": view.ledger_id, "f": view.size - LOOKED_AT_MAX},
    )
    for row in rows:
        if marker in bytes(row.entry):
            found.append((row.position, Entry.parse(row.entry)))
        if len(found) >= limit:
            break
    rows.close()
    wrong = {
        row.event_id
        for row in rows_by(
            view.connection,
            record.event_id,
            ("event_id", "declared_at"),
            ledger_id=view.ledger_id,
            column="event_id",
            values=[entry.id for _, entry in found],
        )
        if row.declared_at
    }
    listed = []
    for position, entry in found:
        tree = tree_at(view, position)
        answer = Answer.read(tree.get(TOLD))
        if answer is not None:
            listed.append(Last(position, entry, tree, answer, entry.id in wrong))
    return listed


def undo(
    ledger: Ledger, device: str, event_id: str, *, at: int, opened: tuple[str, ...] = ()
) -> tuple[Answer, Last | None]:
    """Declare that a scan did not happen.

    Args:
        ledger: Where it stands.
        device: Whose scan it is.
        event_id: Its event.
        at: Time of the declaration, µs UTC.
        opened: What is open on the device.

    Returns:
        ``undone``; or ``too-old`` or ``built-upon`` with state stop, and nothing was written.
    """
    with _undoing:
        with look(ledger) as view:
            last = next((one for one in last_of(view, device) if one.entry.id == event_id), None)
            if last is None:
                return Answer("stop", "too-old", opened=opened), None
            key = last.answer.key
            left = tuple(each for each in opened if not (_opens(last) and each == key))
            undone = Answer("ready", "undone", key, {"at": last.entry.at}, opened=left)
            if last.is_undone:
                return undone, last
            upon = _used_since(view, device, last) or _built_upon(view, last)
            if upon is not None:
                return replace(undone, state="stop", said="built-upon", facts=upon), last
            more = undo_bound(
                view, last.answer, last.tree, position=last.position, at=at, by=device
            )
        declaration = {"declarationTime": format_time(at, "+00:00"), "reason": "did_not_occur"}
        tree = {**last.tree, "errorDeclaration": declaration}
        ledger.append([event_draft(tree, by=device), *more])
    return undone, replace(last, is_undone=True)


def _opens(last: Last) -> bool:
    return last.answer.said in ("opened", "opened-again", "used-up", "not-booked")


def _used_since(view: View, device: str, last: Last) -> dict[str, Any] | None:
    """Return the scan that went on with a code which this scan bound; None if there is none."""
    if "bound" not in last.answer.facts:
        return None
    for one in last_of(view, device):
        is_same = one.tree.get(SCANNED) == last.tree.get(SCANNED)
        if one.position > last.position and not one.is_undone and is_same and one.answer.key:
            return {"thing": one.answer.key, "at": one.entry.at}
    return None


def _built_upon(view: View, last: Last) -> dict[str, Any] | None:
    """Return what went on since with the things of a scan: thing, stage, time."""
    stored = next(
        iter(read_stored(view.connection, view.ledger_id, last.position, last.position + 1))
    )
    assert stored.event is not None, "a scan is an event"
    fact = facts_of(stored.event, view.flow, at=stored.at)
    # Pieces that are only counted are alike: another one counted since is nobody's hindrance.
    mine = [
        touch
        for touch in fact.touches
        if touch.role != Role.INPUT and touch.form < Form.HOLDING_AT_PLACE
    ]
    if fact.place is None and fact.stage_number is None:
        return None
    items = find_items(view, [touch.key for touch in mine])
    by_number = {item.item_no: item for item in items.values()}
    rows = rows_by(
        view.connection,
        tables.touch,
        ("item_no", "event_at", "tie", "position", "role", "stage_no", "place_no"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=by_number,
        where="t.void_position IS NULL",
    )
    roles = {items[touch.key].item_no: touch for touch in mine if touch.key in items}
    for row in sorted(rows, key=lambda row: (row.event_at, row.tie)):
        later = (row.event_at, row.tie) > (fact.at, fact.tie) and row.position != last.position
        if later and _counts(row, roles[row.item_no]):
            return _told(view, by_number[row.item_no], row)
    return None


def _counts(row: Any, mine: Touch) -> bool:  # a row of the touch table
    if mine.role == Role.PARENT:
        # More goods in the carton are nobody's hindrance; the carton's own way onward is.
        return row.stage_no is not None and row.role != Role.PARENT
    is_only_seen = row.role == Role.SEEN and row.stage_no is None and row.place_no is None
    return not is_only_seen


def _told(view: View, item: Item, row: Any) -> dict[str, Any]:  # a row of the touch table
    stage = next((one.name for one in view.flow.stages if one.number == row.stage_no), None)
    facts: dict[str, Any] = {"thing": item.key, "at": row.event_at}
    if stage is not None:
        facts["stage"] = stage
    elif row.place_no:
        facts["place"] = view.names([row.place_no])[row.place_no]
    if row.role == Role.QUANTITY:
        facts["is_count"] = True
    return facts
