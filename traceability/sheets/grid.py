"""A sheet as cells: what stands where, by the names that a spreadsheet shows at its edges.

>>> cell_name(6, 2), cell_name(0, 27)
('C7', 'AB1')
>>> Grid("Orders", (("Order", "Pieces"), ("118", Decimal(40)))).at(1, 1)
Decimal('40')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

__all__ = ["Formula", "Grid", "cell_name"]

_NAME = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula whose result the file does not hold: it was never calculated, or not saved."""

    text: str

    def __str__(self) -> str:
        return self.text


Value = str | Decimal | date | Formula | None
"""What a cell can hold. Numbers are exact; blank text is None."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet of a file."""

    name: str
    """What its tab says; empty for text."""
    rows: tuple[tuple[Value, ...], ...]
    """Rows may differ in length; what is beyond the end of one is blank."""
    is_hidden: bool = False

    @property
    def width(self) -> int:
        """Columns of the longest row."""
        return max((len(row) for row in self.rows), default=0)

    def at(self, row: int, column: int) -> Value:
        """Return a cell, both counted from 0; None outside the sheet."""
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return None

    def corrected(self, corrections: Mapping[str, str]) -> Grid:
        """Return the sheet with other text in some cells, by their names."""
        rows = [list(row) for row in self.rows]
        for name, text in corrections.items():
            match = _NAME.match(name)
            if match is None:
                continue
            row, column = int(match[2]) - 1, column_index(match[1])
            if row >= len(rows):
                continue
            if column >= len(rows[row]):
                rows[row] += [None] * (column + 1 - len(rows[row]))
            rows[row][column] = text.strip() or None
        return replace(self, rows=tuple(tuple(row) for row in rows))


def column_index(letters: str) -> int:
    """Return the index of a column from its letters.

    >>> column_index("A"), column_index("AB")
    (0, 27)
    """
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_name(column: int) -> str:
    """Return the letters of a column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return what a spreadsheet calls a cell; both are counted from 0."""
    return f"{column_name(column)}{row + 1}"


def shown(value: Value) -> str:
    """Return a cell's value as a person would type it.

    >>> shown(Decimal("40.0")), shown(date(2026, 3, 5))
    ('40', '2026-03-05')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
