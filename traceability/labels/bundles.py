"""An order cut into bundles: how many tickets, and how many pieces each of them stands for.

>>> split(50, 20), split(50, 20, is_equal=True)
((20, 20, 10), (17, 17, 16))
>>> plan({"navy M": 50}, size=20, ticketed={"navy M": 20})
(Bundle(product='navy M', pieces=20), Bundle(product='navy M', pieces=10))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from traceability.errors import Refused

__all__ = ["SIZE_MAX", "SIZE_USUAL", "TICKETS_MAX", "Bundle", "plan", "split"]

SIZE_USUAL = 20
SIZE_MAX = 500
"""Pieces under one ticket: more cannot be tied together and carried."""
TICKETS_MAX = 2_000
"""Tickets made at once; an order that needs more is wrong, or wants larger bundles."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Pieces of one product that will hang together under one ticket."""

    product: str
    pieces: int


def split(pieces: int, size: int, *, is_equal: bool = False) -> tuple[int, ...]:
    """Split pieces into bundles.

    Args:
        pieces: How many there are; none gives no bundle.
        size: Pieces in a full bundle, 1 to 500.
        is_equal: Make bundles as equal as can be, rather than full ones and a small last one.

    Raises:
        Refused: If the size cannot be.
    """
    if not 1 <= size <= SIZE_MAX:
        raise Refused(
            f"Cannot make bundles of {size} pieces: expected a whole number from 1 to {SIZE_MAX}."
        )
    if pieces <= 0:
        return ()
    count = -(-pieces // size)
    if is_equal:
        each, more = divmod(pieces, count)
        return (each + 1,) * more + (each,) * (count - more)
    last = pieces - (count - 1) * size
    return (size,) * (count - 1) + (last,)


def plan(
    ordered: Mapping[str, Decimal | int],
    *,
    size: int,
    ticketed: Mapping[str, int] | None = None,
    is_equal: bool = False,
) -> tuple[Bundle, ...]:
    """Return the bundles of an order that have no ticket yet, product by product.

    Args:
        ordered: Pieces by product, in the order of the lines.
        size: Pieces in a full bundle.
        ticketed: Pieces by product that have tickets already.
        is_equal: As in `split`.

    Raises:
        Refused: If the size cannot be, a product has no whole number of pieces, or it would be
            more than 2,000 tickets at once.
    """
    found: list[Bundle] = []
    count = 0
    for product, pieces in ordered.items():
        if pieces != int(pieces):
            raise Refused(
                f"Cannot make tickets for {pieces} pieces of {product!r}: "
                "expected a whole number of pieces."
            )
        left = int(pieces) - (ticketed or {}).get(product, 0)
        # Counted before it is laid out: a slip in a sheet may ask for millions.
        count += -(-max(left, 0) // size) if size > 0 else 0
        if count > TICKETS_MAX:
            raise Refused(
                f"Cannot make {count} tickets at once: expected at most {TICKETS_MAX}. "
                "Make the bundles larger, or look for a slip in the order."
            )
        found += [Bundle(product, one) for one in split(left, size, is_equal=is_equal)]
    return tuple(found)
