"""A scan that says what its code is: the decision and the scan itself, written at once.

What was just bound is worked on at the same step by the flow's own rules, as if it had been known
before; so nobody scans it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from traceability.database import rows_by
from traceability.epcis.event_ids import fresh_event_id
from traceability.epcis.event_time import format_time
from traceability.ledger import tables as record
from traceability.ledger.drafts import Draft
from traceability.projections import tables
from traceability.projections.entering import event_draft
from traceability.projections.view import Values, View
from traceability.scanning.answer import Answer
from traceability.scanning.binding import Binding, Bound, CannotBind, bind
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.pieces import MADE, made_draft
from traceability.scanning.rules import take
from traceability.scanning.twice import tree_at
from traceability.scanning.writing import draft_of

__all__ = ["PAGE", "entries_of", "made_alone", "take_back", "take_bound", "undo_bound", "withdrawn"]

PAGE = "page"
"""How the record names a decision made away from a desk, before who made it."""
MADE_MAX = 1
"""Events by which a thing of a decision begins to be known."""
ENTRIES_MAX = 8
"""Entries that one decision makes at most; they stand right before its scan."""


def take_bound(
    view: View, desk: Desk, scan: Scan, binding: Binding
) -> tuple[Answer, tuple[Draft, ...]]:
    """Bind a code and do with it what the step does with such a thing.

    Raises:
        CannotBind: If the code cannot become that; nothing is written.
    """
    found = bind(view, scan.text, binding)
    for kind, key, values in found.entries:
        view.suppose(kind, key, values)
    taken = take(view, desk, scan)
    answer, own = taken.answer, taken.drafts[-1]
    if found.sort == "place":
        answer = replace(answer, state="pass", said="bound", facts={})
    answer = replace(answer, facts={**answer.facts, "bound": found.tree()})
    assert own.event is not None, "a scan is an event"
    event, made = own.event, list(taken.drafts[:-1])
    if found.made is not None:
        made.insert(0, made_draft(desk, scan, found.made))
        event = replace(event, extensions={**event.extensions, MADE: made[0].id})
    by = {"at": format_time(scan.at, scan.offset), "device": desk.title or desk.device}
    by |= {"person": desk.person} if desk.person is not None else {}
    entered = entries_of(found, name=desk.event_id(scan), by=desk.device, said=by)
    return answer, (*entered, *made, draft_of(desk, scan, event, answer))


def entries_of(
    found: Bound, *, name: str, by: str, said: Mapping[str, str] | None = None
) -> list[Draft]:
    """Make the entries of a decision.

    Args:
        found: The decision.
        name: What makes their ids: the same decision sent again is the same entries.
        by: Who enters it.
        said: When, on which device and by whom, for the decision's own entry.
    """
    drafts = []
    for kind, key, values in found.entries:
        if kind in ("alias", "stray"):
            values = {**values, **(said or {})}
            if len(found.entries) > 1:
                values["entered"] = [[one, its] for one, its, _ in found.entries[:-1]]
        tree = {"type": kind, "id": key, "values": values}
        private = found.private if kind == "person" else {}
        entry = f"master:{kind}:{key[:200]}:{name}"
        drafts.append(Draft("master", entry, tree, by=by, private=private))
    return drafts


def made_alone(found: Bound, *, at: int, by: str) -> list[Draft]:
    """Make the entry that a thing begins to be known, where no scan goes with the decision.

    Args:
        found: The decision.
        at: Time of it, µs UTC.
        by: Who made it.
    """
    if found.made is None:
        return []
    whole = replace(found.made, event_id=fresh_event_id(at), event_time=at, offset="+00:00")
    return [Draft("event", whole.event_id, whole.tree(), whole, by)]


def take_back(view: View, code: str, *, name: str, by: str) -> list[Draft]:
    """Make the entries that take back what a code stands for, and what was entered for it alone.

    Args:
        view: The ledger.
        code: Key of the code.
        name: What makes the ids of the entries.
        by: Who takes it back.

    Raises:
        CannotBind: If something was done since with what was entered for it.
    """
    drafts: list[Draft] = []
    for kind in ("alias", "stray"):
        values = view.master(kind, [code]).get(code)
        if values is None:
            continue
        listed = [(str(one), str(key)) for one, key in values.get("entered", ())]
        after = _position(view, kind, code) + 1
        # The decision's own events: that the thing begins to be known, and at a desk its scan.
        own = MADE_MAX if values.get("device") == PAGE else MADE_MAX + 1
        if any(_is_used(view, key, since=after + own) for _, key in listed):
            raise CannotBind("followed", "Something was done with it since: take that back first.")
        drafts += withdrawn(view, [*listed, (kind, code)], before=after, name=name, by=by)
    return drafts


def _is_used(view: View, key: str, *, since: int) -> bool:
    """Say whether an event from a position on named a thing, or pieces of a product."""
    pieces = key
    for letter in "!%_":
        pieces = pieces.replace(letter, f"!{letter}")
    row = view.connection.execute(
        text(
            "SELECT 1 FROM touch t JOIN item i ON i.ledger_id = t.ledger_id "
            "AND i.item_no = t.item_no WHERE i.ledger_id = :l AND t.position >= :p "
            "AND t.void_position IS NULL AND (i.key = :k OR i.key LIKE :h ESCAPE '!') LIMIT 1"
        ),
        {"l": view.ledger_id, "p": since, "k": key, "h": f"{pieces}@%"},
    ).first()
    return row is not None


def undo_bound(
    view: View, told: Answer, tree: Mapping[str, Any], *, position: int, at: int, by: str
) -> list[Draft]:
    """Make the entries that take back what a scan bound, and what it marked first.

    Args:
        view: The ledger.
        told: What the scan was answered.
        tree: Its event.
        position: Where its event stands: what was entered right before belongs to it.
        at: Time of taking back, µs UTC.
        by: Whose scan it was.
    """
    drafts: list[Draft] = []
    made = tree.get(MADE)
    if isinstance(made, str):
        before = _event(view, made)
        if before:
            declaration = {"declarationTime": format_time(at, "+00:00"), "reason": "did_not_occur"}
            drafts.append(event_draft({**before, "errorDeclaration": declaration}, by=by))
    bound = told.facts.get("bound")
    if isinstance(bound, Mapping):
        listed = [(str(kind), str(key)) for kind, key in bound.get("entered", ())]
        drafts += withdrawn(view, listed, before=position, name=str(tree["eventID"]), by=by)
    return drafts


def withdrawn(
    view: View, listed: list[tuple[str, str]], *, before: int, name: str, by: str
) -> list[Draft]:
    """Make the entries that take back master data, but not what was entered anew since.

    Args:
        view: The ledger.
        listed: Type and key of each.
        before: Position behind the last of them.
        name: What makes the ids of the entries.
        by: Who takes it back.
    """
    drafts = []
    for kind, key in listed:
        values = view.master(kind, [key]).get(key)
        if values is None or not before - ENTRIES_MAX <= _position(view, kind, key) < before:
            continue
        kept: Values = {**values, "withdrawn": True}
        tree = {"type": kind, "id": key, "values": kept}
        drafts.append(Draft("master", f"master:{kind}:{key[:200]}:{name}:back", tree, by=by))
    return drafts


def _position(view: View, kind: str, key: str) -> int:
    rows = rows_by(
        view.connection,
        tables.master_data,
        ("position",),
        ledger_id=view.ledger_id,
        column="key",
        values=[key],
        where=f"t.type = '{kind}'",
    )
    return int(rows[0].position) if rows else -1


def _event(view: View, event_id: str) -> Mapping[str, Any]:
    rows = rows_by(
        view.connection,
        record.event_id,
        ("position", "declared_at"),
        ledger_id=view.ledger_id,
        column="event_id",
        values=[event_id],
    )
    is_wrong = any(row.declared_at for row in rows)
    position = next((row.position for row in rows if not row.declared_at), None)
    return {} if position is None or is_wrong else tree_at(view, position)
