"""What the bigger parts are drawn from: values that a page fills and a macro shows.

>>> TimelineEntry("carton", "Packed into carton 18").kind
'observed'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Known = Literal["observed", "inferred", "expected", "not-read"]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of what happened to a thing."""

    icon: str
    words: str
    """Verb first, in the page's language; may be Markup."""
    where: str = ""
    at: datetime | None = None
    when: str = ""
    """Instead of ``at``: "13:20 – 13:47"."""
    position: int | None = None
    recorded_at: datetime | None = None
    kind: Known = "observed"
    href: str = ""
    reader: str = ""
    """Which reader said so, in words."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One colour of the size × colour matrix."""

    colour: str
    swatch: str
    """``#rrggbb``, or empty."""
    cells: tuple[tuple[int, int] | None, ...]
    """Made and ordered for each size; None where the size is not ordered."""

    @property
    def made(self) -> int:
        """Made over all sizes."""
        return sum(cell[0] for cell in self.cells if cell)

    @property
    def of(self) -> int:
        """Ordered over all sizes."""
        return sum(cell[1] for cell in self.cells if cell)


def column_sums(rows: tuple[MatrixRow, ...]) -> tuple[tuple[int, int], ...]:
    """Add up each size over all colours.

    >>> column_sums((MatrixRow("Ink", "", ((1, 2), None)), MatrixRow("Ecru", "", ((3, 4), (0, 5)))))
    ((4, 6), (0, 5))
    """
    width = max((len(row.cells) for row in rows), default=0)
    columns = [[cell for row in rows if (cell := row.cells[at])] for at in range(width)]
    return tuple((sum(made for made, _ in one), sum(of for _, of in one)) for one in columns)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as a customer reads it."""

    icon: str
    name: str
    made: int | Decimal
    of: int | Decimal
    words: str = ""

    @property
    def is_done(self) -> bool:
        """Everything of this order is through."""
        return self.made >= self.of > 0

    @property
    def has_begun(self) -> bool:
        """At least one piece is through."""
        return self.made > 0
