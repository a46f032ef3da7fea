"""Cartons and pallets with a number that holds all over the world: the SSCC.

The number is the owner's company prefix, a running number and a check digit. Each one is entered as
a carton before its label is printed, and is never given a second time.

>>> sscc("9521141", 42)
'095211410000000427'
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sqlalchemy import text

from traceability.errors import Conflict, Refused
from traceability.gs1.check_digit import check_digit
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.view import View, look

__all__ = ["COUNT_MAX", "between", "listed", "make", "next_key", "sscc"]

COUNT_MAX = 200
"""Labels numbered at once, as with cartons of the workshop's own numbers."""
LISTED_MAX = 2_000
TRIES = 20
EXTENSION = "0"
"""First digit of the number: ours to choose, and only of use where the other digits run out."""
BODY_DIGITS = 17
"""Source: GS1 General Specifications, section 3.2."""
_making = threading.Lock()


def sscc(prefix: str, running: int) -> str:
    """Write the number of one logistic unit.

    Args:
        prefix: The owner's company prefix, 6 to 12 digits.
        running: Running number of the unit, from 0.

    Raises:
        Refused: If the prefix has no place for so large a number.
    """
    room = BODY_DIGITS - len(EXTENSION) - len(prefix)
    if len(str(running)) > room:
        raise Refused(
            f"Cannot number logistic unit {running} under the company prefix {prefix}: expected at "
            f"most {room} digits."
        )
    body = f"{EXTENSION}{prefix}{running:0{room}d}"
    return f"{body}{check_digit(body)}"


def next_key(view: View, prefix: str) -> str:
    """Return the key that the next unit under a prefix gets; nothing is entered."""
    return f"/00/{sscc(prefix, _next(view, prefix))}"


def listed(view: View) -> list[str]:
    """Return the keys of the units that have a number, the newest first, at most 2,000."""
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'carton' "
            "AND key LIKE '/00/%' ORDER BY position DESC, key DESC LIMIT :n"
        ),
        {"l": view.ledger_id, "n": LISTED_MAX},
    )
    return [row.key for row in rows]


def between(view: View, first: str, last: str) -> list[str]:
    """Return the units from one key to another by their numbers; an empty end is no bound."""
    have = sorted(listed(view))
    if first and first not in have:
        return []
    begin = have.index(first) if first else 0
    end = have.index(last) if last in have else len(have) - 1
    return have[begin : end + 1]


def make(ledger: Ledger, prefix: str, count: int, *, order: str = "", by: str) -> list[str]:
    """Number so many new logistic units.

    Args:
        ledger: Where they are entered.
        prefix: The owner's company prefix.
        count: 1 to 200.
        order: Number of the order that they are for; empty for none.
        by: Who prints.

    Returns:
        Their keys, in the order of their numbers.

    Raises:
        Refused: If the count cannot be, or the prefix has no number left.
        Conflict: If others went on taking the same numbers.
    """
    if not 1 <= count <= COUNT_MAX:
        raise Refused(f"Cannot number {count} cartons at once: expected 1 to {COUNT_MAX}.")
    values = {"order": order} if order else {}
    found: list[str] = []
    with _making:
        with look(ledger) as view:
            running = _next(view, prefix)
        for _ in range(TRIES):
            keys = [f"/00/{sscc(prefix, running + one)}" for one in range(count - len(found))]
            running += len(keys)
            drafts = [
                Draft(
                    "master", f"sscc:{key}", {"type": "carton", "id": key, "values": values}, by=by
                )
                for key in keys
            ]
            for key, outcome in zip(keys, ledger.append(drafts), strict=True):
                if outcome.status == "refused":
                    raise Refused(outcome.problem or f"The record does not take {key}.")
                if outcome.status == "accepted":
                    found.append(key)
            if len(found) == count:
                return found
    raise Conflict("Somebody else is printing at the same moment: press once more.")


def _draft(key: str, values: Mapping[str, str], by: str) -> Draft:
    # The key is the entry's name: of two who take one number, the record takes the first.
    return Draft("master", f"sscc:{key}", {"type": "carton", "id": key, "values": values}, by=by)


def _next(view: View, prefix: str) -> int:
    """Return the next running number: one more than the largest under this prefix."""
    beginning = f"/00/{EXTENSION}{prefix}"
    key = view.connection.execute(
        text(
            "SELECT max(key) FROM master_data WHERE ledger_id = :l AND type = 'carton' "
            "AND key LIKE :k"
        ),
        {"l": view.ledger_id, "k": f"{beginning}%"},
    ).scalar()
    # Partners' cartons may carry numbers of ours as well: they were given out by us once.
    return int(str(key)[len(beginning) : -1]) + 1 if key else 0
