"""The tickets of an order: which there are, which are missing, and which are to be printed again.

A ticket is master data: it says which order and product its bundle is of, how many pieces it stands
for, and which of how many it is. What happens to the bundle later is no business of the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from traceability.errors import Refused
from traceability.gs1 import key_of
from traceability.labels import bundles
from traceability.labels.bundles import Bundle
from traceability.labels.codes import ShortCode, parse_code
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.projections.view import Values, View

__all__ = ["Ticket", "between", "found", "make", "missing", "of_order", "ordered", "ticket"]

RANGE_MAX = 2_000
"""Tickets of one range that are printed again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as it was entered."""

    key: str
    order: str
    """Number of its order."""
    product: str
    """Key of what its pieces are."""
    pieces: int
    running: int
    """Which one of its order's, from 1."""
    of: int
    """How many the order had when this one was made."""

    @property
    def code(self) -> str:
        """What its bars say."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def digits(self) -> str:
        """What is typed."""
        return self.code.partition("-")[2] or self.code


def ticket(view: View, key: str) -> Ticket | None:
    """Return one ticket by its key; None if nobody made it."""
    values = view.master("ticket", [key]).get(key)
    return _ticket(key, values) if values is not None else None


def of_order(view: View, number: str) -> list[Ticket]:
    """Return the tickets of an order, in the order in which they were made."""
    # The stored text is canonical, so that the member can be looked for in it; what it says is read
    # again below. Percent signs and underscores of a number would stand for anything.
    rows = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'ticket' "
            "AND value LIKE :o ORDER BY position, length(key), key"
        ),
        {"l": view.ledger_id, "o": '%"order":"' + _loose(number) + '"%'},
    )
    keys = [row.key for row in rows]
    known = view.master("ticket", keys)
    found = [_ticket(key, known[key]) for key in keys if str(known[key].get("order")) == number]
    return [
        one if one.running else _counted(one, place, len(found))
        for place, one in enumerate(found, 1)
    ]


def _loose(number: str) -> str:
    # What JSON escapes is looked for as anything at all.
    return "".join(one if one.isalnum() or one in " -." else "%" for one in number)


def _counted(one: Ticket, place: int, count: int) -> Ticket:
    """Number a ticket that was entered without a running number, by its place."""
    return Ticket(one.key, one.order, one.product, one.pieces, place, count)


def _ticket(key: str, values: Values) -> Ticket:
    return Ticket(
        key=key,
        order=str(values.get("order", "")),
        product=key_of(str(values["product"])) if values.get("product") else "",
        pieces=int(Decimal(str(values.get("pieces", 0)))),
        running=int(Decimal(str(values.get("running", 0)))),
        of=int(Decimal(str(values.get("of", 0)))),
    )


def between(view: View, first: ShortCode, last: ShortCode) -> list[Ticket]:
    """Return the tickets whose running numbers lie in a range, whosever order they are of.

    Raises:
        Refused: If the range runs backwards or spans more than 2,000 numbers.
    """
    count = last.running - first.running + 1
    if not 1 <= count <= RANGE_MAX:
        raise Refused(
            f"Cannot print from {first.digits} to {last.digits}: expected the lower code first "
            f"and at most {RANGE_MAX} between them."
        )
    keys = [
        ShortCode("B", running).key(view.namespace)
        for running in range(first.running, last.running + 1)
    ]
    known = view.master("ticket", keys)
    return [_ticket(key, known[key]) for key in keys if key in known]


def ordered(view: View, order: str) -> dict[str, Decimal]:
    """Return the pieces that an order asks for by product, in the order of its lines.

    Args:
        view: The ledger.
        order: Key of the order.
    """
    total: dict[str, Decimal] = {}
    for line in view.master("order", [order]).get(order, {}).get("lines", ()):
        product = key_of(str(line["product"]))
        total[product] = total.get(product, Decimal()) + Decimal(str(line["pieces"]))
    return total


def missing(
    view: View, order: str, *, size: int = bundles.SIZE_USUAL, is_equal: bool = False
) -> tuple[Bundle, ...]:
    """Return the bundles of an order that have no ticket yet.

    Args:
        view: The ledger.
        order: Key of the order.
        size: Pieces in a full bundle.
        is_equal: Whether bundles are made as equal as can be.

    Raises:
        Refused: If the size cannot be, or the order is none for tickets.
    """
    ticketed: dict[str, int] = {}
    for one in of_order(view, _number(view, order)):
        ticketed[one.product] = ticketed.get(one.product, 0) + one.pieces
    return bundles.plan(ordered(view, order), size=size, ticketed=ticketed, is_equal=is_equal)


def _number(view: View, order: str) -> str:
    values: Mapping[str, object] = view.master("order", [order]).get(order, {})
    return str(values.get("number", order.rsplit("/", 1)[-1]))


def make(
    ledger: Ledger, order: str, *, size: int, is_equal: bool = False, by: str
) -> list[ShortCode]:
    """Make the tickets that an order lacks; those it has stay as they are.

    Args:
        ledger: Where they are entered.
        order: Key of the order.
        size: Pieces in a full bundle.
        is_equal: Whether bundles are made as equal as can be.
        by: Who prints.

    Returns:
        The codes of the new ones; none if the order lacks none.

    Raises:
        Refused: If the size cannot be, or the order is none for tickets.
        Conflict: If others went on taking the same numbers.
    """

    def wanted(view: View) -> list[Wish]:
        number = _number(view, order)
        have = len(of_order(view, number))
        lacking = missing(view, order, size=size, is_equal=is_equal)
        return [
            Wish(
                "B",
                {
                    "order": number,
                    "product": bundle.product,
                    "pieces": bundle.pieces,
                    "running": have + place,
                    "of": have + len(lacking),
                },
            )
            for place, bundle in enumerate(lacking, 1)
        ]

    return issue(ledger, wanted, by=by)


def found(view: View, typed: str) -> Ticket | None:
    """Return the ticket of a code as it was typed or scanned; None if it is of no ticket.

    Raises:
        WrongCode: If it is no code, or one digit of it is wrong.
    """
    whole = f"//{view.namespace}/class/{typed.strip()}"
    if (one := ticket(view, whole)) is not None:
        return one
    return ticket(view, ShortCode("B", parse_code(typed).running).key(view.namespace))
