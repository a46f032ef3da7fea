"""Serial numbers given out: each number of a product to one holder, once, whatever happens.

A holder (a station, a printer, a program) gets a block and works on alone, without a network. Each
block is an entry of the record under a running number of its own: of two who take the same one the
record accepts the first, and the other looks again. Numbers are decimal, without a leading zero,
and stay below 2^37, where the numbers begin that chips bring along; so every one fits a tag of 96
bits.

A record that was brought back from a backup does not know what was given out after it. So a restore
opens a new range: numbers go on from a place that was not reached before (`ranges`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from traceability.commissioning.blocks import (
    MASTER_TYPE,
    NUMBER_MAX,
    SerialBlock,
    block_key,
    following,
    given,
    newest,
)
from traceability.commissioning.taken import step_over
from traceability.commissioning.tids import serial_of_tid
from traceability.errors import Conflict, InvalidIdentifier, Refused
from traceability.gs1 import identify
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.view import View, look

__all__ = [
    "COUNT_MAX",
    "SerialBlock",
    "allocate",
    "numbers_for",
    "read_product",
    "serial_of_tid",
]

COUNT_MAX = 100_000
"""Numbers in one block."""
TEXT_MAX = 200
_TRIES = 40
_LOOKED_AT = 200
_giving = threading.Lock()


def allocate(
    ledger: Ledger,
    product: str,
    count: int,
    *,
    holder: str,
    by: str,
    purpose: str = "",
    request: str = "",
) -> SerialBlock:
    """Give a holder serial numbers of a product that nobody had; durable when this returns.

    Args:
        ledger: Where it is entered.
        product: Key of the product, ``/01/{gtin}`` or one of the workshop's own.
        count: How many, 1 to 100,000.
        holder: Who works with them: name of a station, a printer, a program.
        by: Who asked.
        purpose: What they are for; empty if nothing in particular.
        request: Name of this wish; asked again by the same holder, it gets the same block. Known
            for the last 200 blocks of the product.

    Raises:
        Refused: If the wish is none, or the product's numbers are used up.
        Conflict: If others went on taking the same numbers, or the same request wanted another
            count before.
        DatabaseBusy: If nothing could be stored; the same call may be repeated.
    """
    _check(count, holder, purpose, request)
    wish = _Wish(product, holder, by, purpose, request)
    found = _give(ledger, wish, lambda _had: count)
    assert found is not None, "a wish for one or more numbers ends in a block"
    return found


def numbers_for(
    ledger: Ledger, product: str, count: int, *, purpose: str, holder: str, by: str
) -> tuple[int, ...]:
    """Return the first serial numbers of a purpose; those that lack are given out now.

    The third label of an order has the third number, whenever and by whomever it is printed again.

    Args:
        ledger: Where it is entered.
        product: Key of the product.
        count: How many labels the purpose has, 1 to 100,000.
        purpose: What the labels are for, such as the number of an order.
        holder: Who prints.
        by: Who asked.

    Raises:
        Refused: As for `allocate`.
        Conflict: As for `allocate`.
    """
    _check(count, holder, purpose, "")
    if not purpose:
        raise Refused("Cannot keep serial numbers for nothing: expected a purpose, got none.")
    wish = _Wish(product, holder, by, purpose, "")
    _give(ledger, wish, lambda had: count - sum(one.count for one in had))
    with look(ledger) as view:
        blocks = given(view, product, purpose=purpose)
    numbers = (number for one in blocks for number in range(one.first, one.last + 1))
    return tuple(number for number, _ in zip(numbers, range(count), strict=False))


def read_product(given_text: str, namespace: str) -> str:
    """Return the key of the product that a text names: a GTIN in any form, a key, a link.

    Raises:
        InvalidIdentifier: If it is no product.

    >>> read_product("9506000134352", "w.invalid"), read_product("//w.invalid/class/SHIRT-M", "")
    ('/01/09506000134352', '//w.invalid/class/SHIRT-M')
    """
    found = identify(given_text, namespace=namespace)
    is_own = found.key is not None and found.key.startswith("//") and "/class/" in found.key
    if found.key is None or not (is_own or (found.kind == "class" and "/01/" in found.key[:4])):
        raise InvalidIdentifier(
            f"Cannot give out serial numbers for {given_text[:60]!r}: "
            f"expected a product, got {found.kind}."
        )
    return found.key


# --- giving --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wish:
    product: str
    holder: str
    by: str
    purpose: str
    request: str

    def draft(self, block: SerialBlock) -> Draft:
        values: dict[str, Any] = {
            "product": self.product,
            "first": block.first,
            "last": block.last,
            "holder": self.holder,
            "by": self.by,
            # Never twice the same words: the record must not take another's block for this one.
            "token": uuid4().hex,
        }
        values |= {"purpose": self.purpose} if self.purpose else {}
        values |= {"request": self.request} if self.request else {}
        name = block_key(self.product, block.number)
        return Draft(
            "master", name, {"type": MASTER_TYPE, "id": name, "values": values}, by=self.by
        )


def _give(
    ledger: Ledger, wish: _Wish, count_of: Callable[[Sequence[SerialBlock]], int]
) -> SerialBlock | None:
    """Append one block; None if no number lacks.

    Args:
        ledger: Where it is entered.
        wish: What is wanted.
        count_of: Says how many lack, from the blocks that the purpose has already.
    """
    with _giving:
        for _ in range(_TRIES):
            with look(ledger) as view:
                if wish.request:
                    answered = _answered(view, wish)
                    if answered is not None and answered.count != count_of(()):
                        raise Conflict(
                            f"The request {wish.request[:60]!r} got {answered.count} serial "
                            f"numbers before, and now asks for {count_of(())}: name each wish anew."
                        )
                    if answered is not None:
                        return answered
                had = given(view, wish.product, purpose=wish.purpose) if wish.purpose else ()
                count = count_of(had)
                if count <= 0:
                    return None
                block = _next(view, wish, count)
            outcome = ledger.append([wish.draft(block)])[0]
            if outcome.status == "accepted":
                return replace(block, position=outcome.position)
            if outcome.status == "refused":
                raise Refused(outcome.problem or "The record does not take the numbers.")
    raise Conflict("Somebody else is taking serial numbers at the same moment: try again.")


def _next(view: View, wish: _Wish, count: int) -> SerialBlock:
    last = newest(view, wish.product)
    first = step_over(view, wish.product, following(view, last), count, NUMBER_MAX)
    if first + count - 1 > NUMBER_MAX:
        remain = max(0, NUMBER_MAX - following(view, last) + 1)
        raise Refused(
            f"Cannot give out {count} serial numbers of {wish.product}: {remain} are left up to "
            f"{NUMBER_MAX}. Take a new product number for what is made from now on."
        )
    return SerialBlock(
        wish.product,
        first,
        first + count - 1,
        wish.holder,
        wish.by,
        wish.purpose,
        wish.request,
        last[0].number + 1 if last else 1,
    )


def _answered(view: View, wish: _Wish) -> SerialBlock | None:
    """Return the block that the same holder got for the same wish.

    Another holder's wish may have the same name; it is another wish, or two would print one number.
    """
    wanted = (wish.request, wish.holder, wish.by)
    known = newest(view, wish.product, _LOOKED_AT)
    return next((one for one in known if (one.request, one.holder, one.by) == wanted), None)


def _check(count: int, holder: str, purpose: str, request: str) -> None:
    if not 1 <= count <= COUNT_MAX:
        raise Refused(
            f"Cannot give out {count} serial numbers: expected 1 to {COUNT_MAX} at a time."
        )
    if not holder.strip():
        raise Refused("Cannot give out serial numbers: expected a holder, got none.")
    for what, value in (("holder", holder), ("purpose", purpose), ("request", request)):
        if len(value) > TEXT_MAX:
            raise Refused(
                f"Cannot give out serial numbers: expected a {what} of at most {TEXT_MAX} "
                f"characters, got {len(value)}."
            )
