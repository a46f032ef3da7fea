"""Good and bad pieces of a ticket: the bad ones leave it, so that what goes on is what is good.

Said once more with other figures, the first count is taken back and the second one stands.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from traceability.database import MICRO, rows_by
from traceability.epcis.event import Event, Quantity, read_event
from traceability.epcis.event_ids import fresh_event_id
from traceability.epcis.event_time import format_time
from traceability.epcis.vocabulary import VOC
from traceability.errors import InvalidEvent
from traceability.gs1 import key_of
from traceability.ledger import tables as record
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections import tables
from traceability.projections.entering import event_draft
from traceability.projections.timeline import REASON
from traceability.projections.touches import Role
from traceability.projections.view import View, look
from traceability.scanning.answer import Answer
from traceability.scanning.things import thing
from traceability.scanning.twice import tree_at
from traceability.scanning.writing import PERSON, TOLD

__all__ = ["Miscount", "count", "counted_bad"]

OF = VOC + "of"
"""Event member: id of the scan whose pieces are counted."""
BAD = "bad"
"""Reason of an event by which pieces leave their ticket."""

_counting = threading.Lock()


class Miscount(InvalidEvent):
    """Good and bad pieces that cannot be.

    Args:
        said: Why: not-whole, negative, more, sum, none-good, not-counted.
        facts: Figures of the sentence.
        sentence: The sentence itself.
    """

    def __init__(self, said: str, facts: Mapping[str, object], sentence: str) -> None:
        super().__init__(sentence)
        self.said = said
        self.facts = facts


@dataclass(frozen=True, slots=True)
class _Counted:
    """The scan whose pieces are counted."""

    position: int
    event: Event
    key: str
    uri: str
    pieces: int


def count(
    ledger: Ledger,
    device: str,
    event_id: str,
    *,
    good: object,
    bad: object,
    at: int,
    person: str | None = None,
) -> tuple[Answer, int]:
    """Say how many pieces of a ticket came out good.

    Args:
        ledger: Where the ticket's scan stands.
        device: Who counts.
        event_id: The scan that said it is done.
        good: Whole pieces; None: all that are not bad.
        bad: Whole pieces; None: all that are not good.
        at: Time of the count, µs UTC.
        person: Key of the person, if people say who they are.

    Returns:
        The answer, and the position of the scan.

    Raises:
        Miscount: With a sentence, if the figures cannot be; nothing was written.
    """
    with _counting:
        with look(ledger) as view:
            found = _counted(view, event_id)
            right, wrong = _figures(good, bad, found.pieces)
            before = _corrections(view, found)
            answer = _answer(found, right, wrong)
            if [amount for _, amount in before] == ([wrong] if wrong else []):
                return answer, found.position
        when = max(at, found.event.event_time + 1)
        drafts = [_taken_back(tree, when, device) for tree, _ in before]
        if wrong:
            drafts.append(_removal(found, wrong, when, device, person))
        ledger.append(drafts)
    return answer, found.position


def counted_bad(view: View, event_id: str) -> int:
    """Return how many pieces of a scan were counted as bad; 0 if nobody counted."""
    try:
        return sum(amount for _, amount in _corrections(view, _counted(view, event_id)))
    except Miscount:
        return 0


def _counted(view: View, event_id: str) -> _Counted:
    rows = rows_by(
        view.connection,
        record.event_id,
        ("position", "declared_at"),
        ledger_id=view.ledger_id,
        column="event_id",
        values=[event_id],
    )
    position = next((row.position for row in rows if not row.declared_at), None)
    if position is None or any(row.declared_at for row in rows):
        raise Miscount(
            "not-counted", {}, "This scan is not in the record any more. Scan the ticket again."
        )
    event = read_event(tree_at(view, position))
    told = Answer.read(event.extensions.get(TOLD))
    quantity = event.quantities[0] if len(event.quantities) == 1 else None
    is_counted = told is not None and bool(told.facts.get("counts"))
    if not is_counted or quantity is None or quantity.quantity is None:
        raise Miscount(
            "not-counted",
            {},
            "Good and bad are counted where a ticket is done. Scan the ticket there, then count.",
        )
    key = key_of(quantity.epc_class)
    return _Counted(position, event, key, quantity.epc_class, int(quantity.quantity))


def _figures(good: object, bad: object, pieces: int) -> tuple[int, int]:
    right, wrong = _whole(good), _whole(bad)
    if right is None and wrong is None:
        raise Miscount("not-whole", {"given": ""}, "Say how many pieces are good.")
    right = pieces - wrong if right is None and wrong is not None else right or 0
    if right > pieces or (wrong or 0) > pieces:
        most = {"given": max(right, wrong or 0), "pieces": pieces}
        raise Miscount(
            "more", most, f"{most['given']} is more than the ticket has: {pieces}. Count again."
        )
    wrong = pieces - right if wrong is None else wrong
    if right < 0 or wrong < 0 or right + wrong != pieces:
        given = {"good": right, "bad": wrong, "sum": right + wrong, "pieces": pieces}
        raise Miscount(
            "sum",
            given,
            f"{right} good and {wrong} bad are {right + wrong}, but the ticket has {pieces}. "
            "Count again.",
        )
    if right == 0 and _whole(bad) is None:
        raise Miscount(
            "none-good",
            {"pieces": pieces},
            f"0 good would mean that all {pieces} are bad. If so, say {pieces} bad.",
        )
    return right, wrong


def _whole(value: object) -> int | None:
    if value is None or value == "":
        return None
    said = str(value).strip().replace("−", "-")
    digits = said.removeprefix("-")
    if isinstance(value, bool) or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Miscount(
            "not-whole",
            {"given": said[:20]},
            f"Pieces are whole numbers, such as 18; {said[:20]!r} is none.",
        )
    if said.startswith("-"):
        raise Miscount(
            "negative",
            {"given": said},
            f"{said} pieces cannot be. Say how many are good, and how many are bad.",
        )
    return int(said)


def _corrections(view: View, found: _Counted) -> list[tuple[Mapping[str, Any], int]]:
    """Return the counts of this scan that stand, with the pieces that left by each."""
    item = thing(view, found.key).item
    if item is None:
        return []
    rows = rows_by(
        view.connection,
        tables.touch,
        ("position", "quantity", "role"),
        ledger_id=view.ledger_id,
        column="item_no",
        values=[item.item_no],
        where=f"t.void_position IS NULL AND t.role = {Role.QUANTITY:d}",
    )
    listed = []
    for row in sorted(rows, key=lambda row: row.position):
        tree = tree_at(view, row.position)
        if tree.get(OF) == found.event.event_id and row.quantity is not None:
            listed.append((tree, int(Decimal(-row.quantity) / MICRO)))
    return listed


def _taken_back(tree: Mapping[str, Any], at: int, device: str) -> Draft:
    declaration = {"declarationTime": format_time(at, "+00:00"), "reason": "incorrect_data"}
    return event_draft({**tree, "errorDeclaration": declaration}, by=device)


def _removal(found: _Counted, bad: int, at: int, device: str, person: str | None) -> Draft:
    # Neither step nor disposition: they would be said of what stays on the ticket as well.
    event = Event(
        type="ObjectEvent",
        event_id=fresh_event_id(at),
        event_time=at,
        offset=found.event.offset,
        action="DELETE",
        quantities=(Quantity(found.uri, Decimal(bad)),),
        read_point=found.event.read_point,
        extensions={REASON: BAD, OF: found.event.event_id}
        | ({PERSON: person} if person is not None else {}),
    )
    return Draft("event", event.event_id, event.tree(), event, device)


def _answer(found: _Counted, good: int, bad: int) -> Answer:
    facts = {"pieces": str(found.pieces), "good": good, "bad": bad, "counts": True}
    return Answer("pass", "counted", found.key, facts)
