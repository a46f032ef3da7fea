"""Taking something back: who may say that an event was wrong, and what may not follow from it.

A correction names the events that say what really happened. If following them from correction to
correction led back to the event itself, nobody could say any more what happened: that is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from traceability.database import rows_by
from traceability.epcis.sealed import read_sealed
from traceability.ledger import tables
from traceability.ledger.drafts import Prepared
from traceability.ledger.entry import Entry
from traceability.ledger.redacted import bodies_at

__all__ = ["Corrections"]

CHAIN_MAX = 100
"""Events that a correction may lead to, all together: a handful in earnest. Each is looked up while
everybody else waits."""


class Corrections:
    """Judges the declarations of one transaction, and remembers what it read for them."""

    def __init__(self, connection: Connection, ledger_id: int) -> None:
        self._connection = connection
        self._ledger_id = ledger_id
        self._fresh: dict[str, set[str]] = {}
        """What corrects an event, by declarations accepted in this transaction."""
        self._stored: dict[str, set[str]] = {}
        """The same, by those in the record; only of events that were asked for."""

    def accept(self, draft: Prepared) -> None:
        """Take note of a draft that will be written."""
        if draft.declared_at and draft.event is not None and draft.event.error is not None:
            found = self._fresh.setdefault(draft.id, set())
            found.update(draft.event.error.corrective_ids)

    def refusal(
        self,
        draft: Prepared,
        *,
        wrong_at: int | None,
        accepted: Sequence[Prepared],
        size: int,
    ) -> str:
        """Say in a sentence why a declaration cannot be taken; empty if it can.

        Args:
            draft: A declaration.
            wrong_at: Position of the event that it declares wrong; None if that has not come yet.
            accepted: What stands before it in the same batch, from position `size` on.
            size: Entries of the ledger before the batch.
        """
        if not draft.may_correct and wrong_at is not None:
            by = self._capturer(wrong_at, accepted, size)
            if by != draft.by:
                return (
                    f"{draft.id} was captured by {by!r}: only who captured it, or who may correct, "
                    f"declares it wrong, not {draft.by!r}."
                )
        event = draft.event
        corrective = event.error.corrective_ids if event is not None and event.error else ()
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
            frontier = self._corrective_of(frontier) - seen
        return ""

    def _capturer(self, at: int, accepted: Sequence[Prepared], size: int) -> str:
        if at >= size:
            return accepted[at - size].by
        rows = rows_by(
            self._connection,
            tables.entry,
            ("entry",),
            ledger_id=self._ledger_id,
            column="position",
            values=[at],
        )
        return Entry.parse(bytes(rows[0].entry)).by

    def _corrective_of(self, ids: Collection[str]) -> set[str]:
        """Return the events that correct these, by all declarations of them."""
        if unread := [one for one in ids if one not in self._stored]:
            self._read(unread)
        nothing: set[str] = set()
        return nothing.union(
            *(known.get(one, nothing) for one in ids for known in (self._fresh, self._stored))
        )

    def _read(self, ids: Collection[str]) -> None:
        rows = rows_by(
            self._connection,
            tables.event_id,
            ("event_id", "position"),
            ledger_id=self._ledger_id,
            column="event_id",
            values=ids,
            where="t.declared_at > 0",
        )
        self._stored |= {one: set() for one in ids}
        names = {row.position: row.event_id for row in rows if row.position is not None}
        for at, body in bodies_at(self._connection, self._ledger_id, list(names)).items():
            error = read_sealed(body).error
            self._stored[names[at]] |= set(error.corrective_ids if error is not None else ())
