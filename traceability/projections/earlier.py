"""Declared wrong: the touches of an earlier event are marked, never deleted.

Source: EPCIS 2.0, error declaration; DATA_MODEL, rule 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from traceability.database import rows_by
from traceability.epcis import body
from traceability.epcis.event import read_event
from traceability.flow import Flow
from traceability.ledger import tables as record
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import bodies_at
from traceability.projections import tables
from traceability.projections.touches import facts_of

if TYPE_CHECKING:
    from traceability.projections.fold import Stored


def void(
    connection: Connection, ledger_id: int, flow: Flow, declarations: Sequence[Stored]
) -> tuple[set[int], int]:
    """Mark the touches of the events that these entries declare wrong.

    Returns:
        The numbers of the things touched, and the earliest moment of the voided events (µs).
    """
    by_id: dict[str, int] = {}
    for one in declarations:
        if one.event is not None:  # the first one counts: a later one only says it again
            by_id.setdefault(one.event.event_id, one.position)
    events = rows_by(
        connection,
        record.event_id,
        ("event_id", "position", "declared_at"),
        ledger_id=ledger_id,
        column="event_id",
        values=by_id,
    )
    touched: set[int] = set()
    since = 2**62
    for row in events:
        if row.declared_at == 0:
            numbers, at = _void_one(connection, ledger_id, flow, row.position, by_id[row.event_id])
            touched |= numbers
            since = min(since, at)
    return touched, since


def _void_one(
    connection: Connection, ledger_id: int, flow: Flow, position: int, by_position: int
) -> tuple[set[int], int]:
    parameters = {"l": ledger_id, "p": position}
    entry = connection.execute(
        text("SELECT entry FROM entry WHERE ledger_id = :l AND position = :p"), parameters
    ).scalar_one()
    said = body.parse(bodies_at(connection, ledger_id, [position])[position])
    facts = facts_of(read_event(said), flow, at=Entry.parse(entry).fold_at)
    found = rows_by(
        connection,
        tables.item,
        ("item_no",),
        ledger_id=ledger_id,
        column="key",
        values={touch.key for touch in facts.touches},
        index="item_key",
    )
    if not found:  # its declaration came first, and nothing it touches is known yet
        return set(), facts.at
    connection.execute(
        text(
            "UPDATE touch SET void_position = :v WHERE ledger_id = :l AND item_no = :i "
            "AND event_at = :a AND tie = :t AND position = :p AND void_position IS NULL"
        ),
        [
            {"v": by_position, "i": row.item_no, "a": facts.at, "t": facts.tie, **parameters}
            for row in found
        ],
    )
    return {row.item_no for row in found}, facts.at
