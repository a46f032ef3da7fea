"""Serials that exist already: things of others, and those that came in a sheet or an event.

A product's number may have been used before this workshop began to give any out. A block never
holds such a number: it begins behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from traceability.projections.view import View

__all__ = ["is_taken", "step_over"]

_PAGE = 200
_STEPS_MAX = 64
_SHORT_STEPS = 8
"""Single numbers in the way cost no more than themselves."""
_MET = (
    "SELECT key FROM item WHERE ledger_id = :l AND key >= :a AND key <= :b "
    "AND length(key) = :s ORDER BY key DESC LIMIT :n"
)
_ENTERED = (
    "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'garment' AND key >= :a "
    "AND key <= :b AND length(key) = :s ORDER BY key DESC LIMIT :n"
)


def is_taken(view: View, product: str, serial: int) -> bool:
    """Say whether a thing of a product with this serial is known."""
    return _highest(view, product, serial, serial) is not None


def step_over(view: View, product: str, first: int, count: int, number_max: int) -> int:
    """Return the first place from which so many numbers of a product are free.

    Args:
        view: The ledger.
        product: Key of the product.
        first: Where to begin.
        count: How many numbers in a row are wanted.
        number_max: The search ends here.

    Returns:
        A number ≥ ``first``; beyond ``number_max`` if there is no such place.
    """
    width = count
    for step in range(_STEPS_MAX):
        found = _highest(view, product, first, min(first + count - 1, number_max))
        if found is None:
            return first
        if step >= _SHORT_STEPS:
            # A dense field is crossed in ever longer steps: 38 at most, however large it is.
            width = min(width * 2, number_max)
            found = _highest(view, product, found, min(found + width, number_max)) or found
        first = found + 1
        if first > number_max:
            break
    return number_max + 1


def _highest(view: View, product: str, first: int, last: int) -> int | None:
    """Return the highest serial of a product that is taken in a range, None if none is."""
    if not product.startswith("/01/") or first > last:
        return None
    # Texts of one length are in the order of their numbers.
    for digits in range(len(str(last)), len(str(first)) - 1, -1):
        low, high = max(first, 10 ** (digits - 1)), min(last, 10**digits - 1)
        found = max(_top(view, product, low, high, one) or 0 for one in (_MET, _ENTERED))
        if found:
            return found
    return None


def _top(view: View, product: str, low: int, high: int, asked: str) -> int | None:
    for key in _keys(view, f"{product}/21/", low, high, asked):
        serial = key.rsplit("/", 1)[-1]
        if serial.isascii() and serial.isdigit():
            return int(serial)
    return None


def _keys(view: View, start: str, low: int, high: int, asked: str) -> Iterator[str]:
    """Yield keys from the last one down; letters may stand between the digits of two numbers."""
    upper = f"{start}{high}"
    while True:
        rows = view.connection.execute(
            text(asked),
            {"l": view.ledger_id, "a": f"{start}{low}", "b": upper, "s": len(upper), "n": _PAGE},
        ).all()
        yield from (row.key for row in rows)
        if len(rows) < _PAGE or rows[-1].key <= f"{start}{low}":
            return
        upper = rows[-1].key
