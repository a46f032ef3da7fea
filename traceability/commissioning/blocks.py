"""Blocks of serial numbers as the record knows them: which numbers, of what, with whom.

>>> SerialBlock("/01/09506000134352", 1, 500, "printer-2").count
500
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from traceability.commissioning.tids import CHIPS_FROM
from traceability.epcis import body as bodies
from traceability.projections.view import View

MASTER_TYPE = "serials"
RANGE_TYPE = "serial-range"
NUMBER_MAX = CHIPS_FROM - 1
"""The last number that is given out, 2^37 - 1."""
BLOCKS_MAX = 100_000
"""Blocks that are listed."""
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class SerialBlock:
    """Consecutive serial numbers of one product that one holder got."""

    product: str
    first: int
    last: int
    holder: str = ""
    by: str = ""
    purpose: str = ""
    """What they are for, such as the number of an order; a reprint finds them by it."""
    request: str = ""
    """Name of the wish, by which it is recognised when it comes again."""
    number: int = 0
    """Running number of the block among those of its product, from 1."""
    position: int | None = None
    """Its entry in the record."""

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return self.last - self.first + 1


def given(view: View, product: str, *, purpose: str | None = None) -> list[SerialBlock]:
    """Return the blocks of a product in the order in which they were given out.

    Args:
        view: The ledger.
        product: Key of the product.
        purpose: Only those for this purpose; None: all.
    """
    found = newest(view, product, BLOCKS_MAX)
    return [one for one in reversed(found) if purpose is None or one.purpose == purpose]


def products(view: View) -> dict[str, list[SerialBlock]]:
    """Return all blocks by product, each in the order in which they were given out."""
    rows = view.connection.execute(
        text(
            "SELECT key, value, position FROM master_data WHERE ledger_id = :l AND type = :t "
            "ORDER BY key LIMIT :n"
        ),
        {"l": view.ledger_id, "t": MASTER_TYPE, "n": BLOCKS_MAX},
    )
    found: dict[str, list[SerialBlock]] = {}
    for row in rows:
        block = _read(row.key, row.value, row.position)
        found.setdefault(block.product, []).append(block)
    return found


def left(view: View, product: str) -> int:
    """Return how many numbers of a product can still be given out."""
    return max(0, NUMBER_MAX - following(view, newest(view, product)) + 1)


def newest(view: View, product: str, most: int = 1) -> list[SerialBlock]:
    """Return the newest blocks of a product, the last one first."""
    return [_read(row.key, row.value, row.position) for row in _rows(view, product, most)]


def following(view: View, last: Sequence[SerialBlock]) -> int:
    """Return the number after the last block, or where the newest range begins."""
    starts = [int(values["from"]) for values in view.masters(RANGE_TYPE).values()]
    return max(last[0].last + 1 if last else 1, *starts, 1)


def block_key(product: str, number: int) -> str:
    """Return the name of a block in the record, by its running number.

    >>> block_key("/01/09506000134352", 7)
    'serials:/01/09506000134352:00000007'
    """
    return f"{MASTER_TYPE}:{product}:{number:0{_DIGITS}d}"


def _rows(view: View, product: str, most: int) -> Sequence[Any]:  # rows of a driver
    # Other products may begin with the same letters; their keys are longer.
    return view.connection.execute(
        text(
            "SELECT key, value, position FROM master_data WHERE ledger_id = :l AND type = :t "
            "AND key >= :a AND key <= :b AND length(key) = :s ORDER BY key DESC LIMIT :n"
        ),
        {
            "l": view.ledger_id,
            "t": MASTER_TYPE,
            "a": block_key(product, 0),
            "b": block_key(product, 10**_DIGITS - 1),
            "s": len(block_key(product, 0)),
            "n": most,
        },
    ).all()


def _values(stored: str) -> Mapping[str, Any]:
    tree = bodies.parse(stored.encode())
    assert isinstance(tree, dict), "master data is stored as a JSON object"
    return tree


def _read(key: str, stored: str, position: int) -> SerialBlock:
    values = _values(stored)
    return SerialBlock(
        str(values["product"]),
        int(values["first"]),
        int(values["last"]),
        str(values.get("holder", "")),
        str(values.get("by", "")),
        str(values.get("purpose", "")),
        str(values.get("request", "")),
        int(key[-_DIGITS:]),
        position,
    )
