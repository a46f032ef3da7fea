"""Taking something back: who may say that an event was wrong, and what may not follow from it.

A correction names the events that say what really happened. If following them from correction to
correction led back to the event itself, nobody could say any more what happened: that is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.epcis.sealed import read_sealed
from traceability.ledger import tables
from traceability.ledger.drafts import Prepared
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import bodies_at

__all__ = ["no_correction"]

CHAIN_MAX = 1000
"""Events that a correction may lead to, all together: a handful in earnest."""


def no_correction(
    connection: Connection,
    ledger_id: int,
    draft: Prepared,
    *,
    wrong_at: int | None,
    accepted: Sequence[Prepared],
    size: int,
) -> str:
    """Say in a sentence why a declaration cannot be taken; empty if it can.

    Args:
        connection: The append's transaction.
        ledger_id: The ledger.
        draft: A declaration.
        wrong_at: Position of the event that it declares wrong; None if that has not come yet.
        accepted: What stands before it in the same batch, from position `size` on.
        size: Entries of the ledger before the batch.
    """
    if not draft.may_correct and wrong_at is not None:
        by = _capturer(connection, ledger_id, wrong_at, accepted, size)
        if by != draft.by:
            return (
                f"{draft.id} was captured by {by!r}: only who captured it, or who may correct, "
                f"declares it wrong, not {draft.by!r}."
            )
    event = draft.event
    corrective = event.error.corrective_ids if event is not None and event.error else ()
    if not corrective:
        return ""
    fresh: dict[str, set[str]] = {}
    for one in accepted:
        if one.declared_at and one.event is not None and one.event.error is not None:
            fresh.setdefault(one.id, set()).update(one.event.error.corrective_ids)
    seen: set[str] = set()
    frontier = set(corrective)
    while frontier:
        if draft.id in frontier:
            return (
                f"{draft.id} cannot be corrected by what leads back to it: "
                f"{', '.join(corrective)[:200]}."
            )
        seen |= frontier
        if len(seen) > CHAIN_MAX:
            return f"The correction of {draft.id} leads to more than {CHAIN_MAX} events."
        frontier = _corrective_of(connection, ledger_id, frontier, fresh) - seen
    return ""


def _capturer(
    connection: Connection, ledger_id: int, at: int, accepted: Sequence[Prepared], size: int
) -> str:
    if at >= size:
        return accepted[at - size].by
    rows = rows_by(
        connection, tables.entry, ("entry",), ledger_id=ledger_id, column="position", values=[at]
    )
    return Entry.parse(bytes(rows[0].entry)).by


def _corrective_of(
    connection: Connection, ledger_id: int, ids: Collection[str], fresh: Mapping[str, set[str]]
) -> set[str]:
    """Return the events that correct these, by all declarations of them."""
    rows = rows_by(
        connection,
        tables.event_id,
        ("position",),
        ledger_id=ledger_id,
        column="event_id",
        values=ids,
        where="t.declared_at > 0",
    )
    found = {one for name in ids for one in fresh.get(name, ())}
    positions = [row.position for row in rows if row.position is not None]
    for body in bodies_at(connection, ledger_id, positions).values():
        error = read_sealed(body).error
        found |= set(error.corrective_ids if error is not None else ())
    return found
