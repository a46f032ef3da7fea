"""What a person said about a clock that was not believed: asked once, kept as an entry.

The entry is master data of the type ``clock``: it holds what the clock said, the record time of the
entry before, and the answer. A "yes" is believed from then on, also after a restart and by other
servers on the same record; a "no" changes nothing but stands in the record.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from traceability.errors import Refused
from traceability.ledger.clock import Confirmed, Disbelief
from traceability.projections.entering import master_draft

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger
    from traceability.ledger.drafts import Prepared

__all__ = ["CLOCK", "answer", "confirmed", "is_of_the_ledger"]

CLOCK = "clock"
"""Type of the master data, and the name it goes by."""


def answer(ledger: Ledger, *, is_right: bool, by: str) -> Disbelief | None:
    """Enter what a person says to the question whether the clock is right.

    Returns:
        What was asked; None if nothing is asked any more, and nothing is entered then.

    Raises:
        Refused: If a clock is called right that cannot be.
    """
    asked = ledger.clock_question()
    if asked is None:
        return None
    if is_right:
        if not asked.may_be_right:
            raise Refused(asked.sentence)
        ledger.clock.believe(asked.wall)
    said: dict[str, Any] = {
        "answer": "yes" if is_right else "no",
        "wall": asked.wall,
        "last": asked.last,
        "reason": asked.reason,
    }
    ledger.append([master_draft(CLOCK, CLOCK, said, by=by)])
    return asked


def confirmed(connection: Connection, ledger_id: int) -> Confirmed | None:
    """Return the newest answer if it was a yes."""
    value = connection.execute(
        text("SELECT value FROM master_data WHERE ledger_id = :l AND type = :t AND key = :k"),
        {"l": ledger_id, "t": CLOCK, "k": CLOCK},
    ).scalar()
    said = {} if value is None else json.loads(value)
    return Confirmed(int(said["wall"]), int(said["last"])) if said.get("answer") == "yes" else None


def is_of_the_ledger(draft: Prepared) -> bool:
    """Say whether an entry is written although the clock is not believed: the answer, and keys."""
    return draft.kind == "key" or (draft.kind == "master" and draft.tree.get("type") == CLOCK)
