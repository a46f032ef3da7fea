"""What becomes of each draft: accepted, the first answer again, a conflict, or refused.

Decided under the ledger's lock before the first row is written, so that one caller's draft never
costs another's.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

from traceability.database import insert_rows, rows_by
from traceability.ledger import tables
from traceability.ledger.correcting import Corrections
from traceability.ledger.drafts import Outcome, Prepared
from traceability.ledger.entry import Entry
from traceability.ledger.merkle import leaf_hash


class Sorting:
    """Decides for each draft, before the first row is written, what becomes of it."""

    def __init__(self, connection: Connection, ledger_id: int, size: int) -> None:
        self._connection = connection
        self._ledger_id = ledger_id
        self._size = size
        self._known: dict[tuple[str, int], int] = {}
        self._corrections = Corrections(connection, ledger_id)

    def sort(self, drafts: list[Prepared]) -> tuple[list[Outcome], list[Prepared]]:
        """Return all outcomes, and the accepted drafts in the order of their positions."""
        for row in rows_by(
            self._connection,
            tables.event_id,
            ("event_id", "declared_at", "position"),
            ledger_id=self._ledger_id,
            column="event_id",
            values={draft.id for draft in drafts if draft.problem is None},
        ):
            self._known[row.event_id, row.declared_at] = row.position
        stored = self._contents(drafts) if self._known else {}
        outcomes: list[Outcome] = []
        accepted: list[Prepared] = []
        for draft in drafts:
            name = (draft.id, draft.declared_at)
            at = self._known.get(name)
            if draft.problem is not None:
                outcomes.append(Outcome(draft.id, "refused", None, draft.problem))
            elif at is None and draft.declared_at and (no := self._refusal(draft, accepted)):
                outcomes.append(Outcome(draft.id, "refused", None, no))
            elif at is None:
                self._known[name] = at = self._size + len(accepted)
                outcomes.append(Outcome(draft.id, "accepted", at, None))
                accepted.append(draft)
                self._corrections.accept(draft)
            elif at >= self._size:  # said twice in this batch
                first = accepted[at - self._size]
                salts = {field: salt for field, salt, _ in first.private}
                outcomes.append(self._repeated(draft, at, first.body == draft.resealed(salts)))
            else:
                commitment, salt = stored[name]
                # An erased body cannot be compared, and must not come back as a conflict's.
                is_same = not salt or draft.matches(
                    commitment, salt, self._personal(at) if draft.private else {}
                )
                outcomes.append(self._repeated(draft, at, is_same))
        return outcomes, accepted

    def _refusal(self, draft: Prepared, accepted: list[Prepared]) -> str:
        return self._corrections.refusal(
            draft,
            wrong_at=self._known.get((draft.id, 0)),
            accepted=accepted,
            size=self._size,
        )

    def wrong_of(self, draft: Prepared) -> tuple[int, bytes] | None:
        """Return position and leaf of the event that a declaration takes back, if it is stored."""
        position = self._known.get((draft.id, 0)) if draft.declared_at else None
        if position is None or position >= self._size:
            return None
        entry = self._connection.execute(
            text("SELECT entry FROM entry WHERE ledger_id = :l AND position = :p"),
            {"l": self._ledger_id, "p": position},
        ).scalar_one()
        return position, leaf_hash(entry)

    def _contents(self, drafts: list[Prepared]) -> dict[tuple[str, int], tuple[bytes, bytes]]:
        names = {(draft.id, draft.declared_at) for draft in drafts} & set(self._known)
        positions = [self._known[name] for name in names]
        commitments, salts = (
            {
                row.position: row[1]
                for row in rows_by(
                    self._connection,
                    source,
                    ("position", column),
                    ledger_id=self._ledger_id,
                    column="position",
                    values=positions,
                )
            }
            for source, column in ((tables.entry, "entry"), (tables.body, "salt"))
        )
        return {
            name: (Entry.parse(commitments[at]).body, salts.get(at, b""))
            for name in names
            for at in [self._known[name]]
        }

    def _personal(self, position: int) -> dict[str, bytes]:
        rows = rows_by(
            self._connection,
            tables.private,
            ("field", "salt"),
            ledger_id=self._ledger_id,
            column="position",
            values=[position],
        )
        return {row.field: row.salt for row in rows}

    def _repeated(self, draft: Prepared, position: int, is_same: bool) -> Outcome:
        if is_same:
            return Outcome(draft.id, "duplicate", position, None)
        kept = rows_by(
            self._connection,
            tables.conflict,
            ("bytes",),
            ledger_id=self._ledger_id,
            column="event_id",
            values=[draft.id],
            index="conflict_event",
        )
        problem = (
            f"{draft.id} is known with other content at position {position}: the first stays, "
            "this one is kept aside."
        )
        if any(row.bytes == draft.body for row in kept):  # a station that tries again
            return Outcome(draft.id, "conflict", position, problem)
        number = (
            self._connection.execute(
                text("SELECT max(conflict_no) FROM conflict WHERE ledger_id = :l"),
                {"l": self._ledger_id},
            ).scalar()
            or 0
        )
        insert_rows(
            self._connection,
            tables.conflict,
            [
                (
                    self._ledger_id,
                    number + 1,
                    draft.id,
                    time.time_ns() // 1000,
                    draft.by,
                    draft.body,
                )
            ],
        )
        return Outcome(draft.id, "conflict", position, problem)
