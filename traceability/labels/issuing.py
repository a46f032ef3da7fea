"""Numbers given out: what is labelled for the first time gets the next free codes of the workshop.

Several people may print at once. Who asks is served one after another, looks again at what is
already there, and enters what he got before the next one looks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from traceability.errors import Conflict, Refused
from traceability.labels.codes import FIRST, RUNNING_MAX, SORTS, ShortCode, WrongCode, parse_code
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.view import View, look

__all__ = ["Wish", "issue", "next_running"]

KINDS = {"B": "ticket", "C": "carton", "G": "garment", "W": "person"}
"""Type of master data by the letter of its code."""
TRIES = 20
LOOKED_AT = 200
_issuing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that is to get a code, and what is to be entered about it."""

    letter: str
    values: Mapping[str, Any]
    private: Mapping[str, str] = field(default_factory=dict)
    """Personal values by their names (see `Draft.private`)."""


def next_running(view: View) -> int:
    """Return the next running number: one more than the largest that any label has."""
    return max((_largest(view, letter) for letter in KINDS), default=FIRST - 1) + 1


def _largest(view: View, letter: str) -> int:
    """Return the largest number given out under a letter; codes of others' making do not count.

    Longer keys carry larger numbers, so the first one that is a code of ours is the largest.
    """
    keys = f"//{view.namespace}/{SORTS[letter]}/{letter}-%"
    for limit in (LOOKED_AT, RUNNING_MAX):
        rows = view.connection.execute(
            text(
                "SELECT key FROM master_data WHERE ledger_id = :l AND type = :t AND key LIKE :k "
                "ORDER BY length(key) DESC, key DESC LIMIT :n"
            ),
            {"l": view.ledger_id, "t": KINDS[letter], "k": keys, "n": limit},
        ).all()
        for row in rows:
            try:
                return parse_code(row.key.rsplit("/", 1)[-1]).running
            except WrongCode:
                continue
        if len(rows) < limit:
            break
    return FIRST - 1


def issue(ledger: Ledger, wanted: Callable[[View], Sequence[Wish]], *, by: str) -> list[ShortCode]:
    """Give codes to what is wanted, and enter it.

    Args:
        ledger: Where it is entered.
        wanted: Says what is wanted, in a look at the ledger during which nobody else in this
            process gets codes; so two who print one order make its tickets once.
        by: Who prints.

    Returns:
        The codes in the order of the wishes.

    Raises:
        Conflict: If others went on taking the same numbers.
        Refused: If the ledger does not take an entry.
    """
    with _issuing:
        with look(ledger) as view:
            wishes = list(wanted(view))
            running = next_running(view)
            namespace = view.namespace
        found: dict[int, ShortCode] = {}
        for _ in range(TRIES):
            missing = [number for number in range(len(wishes)) if number not in found]
            if not missing:
                return [found[number] for number in range(len(wishes))]
            codes = [
                ShortCode(wishes[number].letter, running + offset)
                for offset, number in enumerate(missing)
            ]
            running += len(missing)
            drafts = [
                _draft(wishes[number], code, namespace, by)
                for number, code in zip(missing, codes, strict=True)
            ]
            for number, code, outcome in zip(missing, codes, ledger.append(drafts), strict=True):
                if outcome.status == "refused":
                    raise Refused(outcome.problem or f"The record does not take {code.text}.")
                if outcome.status == "accepted":
                    found[number] = code
    raise Conflict("Somebody else is printing at the same moment: press once more.")


def _draft(wish: Wish, code: ShortCode, namespace: str, by: str) -> Draft:
    key = code.key(namespace)
    private = {f"{key}:{name}": value for name, value in wish.private.items()}
    values = dict(wish.values)
    if code.letter == "W":
        values["badge"] = code.text
    tree = {"type": KINDS[code.letter], "id": key, "values": values}
    # The number alone is the entry's name: of two processes that take the same one, the record
    # accepts the first, and the other takes the next.
    return Draft("master", f"code:{namespace}:{code.running}", tree, by=by, private=private)
