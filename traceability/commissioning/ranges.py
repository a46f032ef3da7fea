"""New ranges of serial numbers: where the record may not know all that was given out.

A record that was brought back from a backup has forgotten the numbers that were given out after it,
and they are on garments. So numbers go on from a place that was not reached before.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from uuid import uuid4

from traceability.commissioning.blocks import NUMBER_MAX, RANGE_TYPE, products
from traceability.errors import Conflict, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.view import look

__all__ = ["DAY_SIZE", "open_range"]

DAY_SIZE = 1 << 24
"""Numbers of a product between the range of one day and that of the next."""
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS_MAX = 6_000
"""A clock that is wrong by decades must not use up the numbers: a quarter of them stays."""
_TRIES = 40


def open_range(ledger: Ledger, *, at: datetime, by: str) -> int:
    """Go on with numbers that were not reached before, for all products.

    To be called when the record may not know all that was given out: after a restore. The new range
    lies above all that the record knows and, by the day, above all that a lost part of it can have
    known, as long as no product gets more than 16 million numbers a day; where in the day it begins
    is drawn, so that two restores of one day part as well.

    Args:
        ledger: Where it is entered.
        at: Now, UTC.
        by: Who says so.

    Returns:
        The first number of the range.

    Raises:
        Refused: If the ledger does not take the entry.
        Conflict: If others went on opening ranges.
    """
    for _ in range(_TRIES):
        with look(ledger) as view:
            ranges = view.masters(RANGE_TYPE)
            last = max((one.last for all_ in products(view).values() for one in all_), default=0)
        days = min(max(0, (at - _FIRST_DAY).days), _DAYS_MAX)
        reached = max(last, *(int(values["from"]) for values in ranges.values()), 0)
        start = max(days * DAY_SIZE, reached + 1) + secrets.randbelow(DAY_SIZE // 2)
        start = min(start, NUMBER_MAX)
        name = f"{RANGE_TYPE}:{len(ranges) + 1:08d}"
        tree = {"type": RANGE_TYPE, "id": name, "values": {"from": start, "token": uuid4().hex}}
        outcome = ledger.append([Draft("master", name, tree, by=by)])[0]
        if outcome.status == "accepted":
            return start
        if outcome.status == "refused":
            raise Refused(outcome.problem or "The record does not take a new range of numbers.")
    raise Conflict("Somebody else is opening a range of numbers at the same moment: try again.")
