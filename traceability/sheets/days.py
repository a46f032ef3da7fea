"""Days as people write them: whether the day or the month comes first is decided by the column.

>>> decide_order(["25/12/2026", "03/04/2026"]).order
'dmy'
>>> decide_order(["03/04/2026"]).is_clear
False
>>> read_day("2026年3月5日", "dmy"), read_day("05.03.26", "dmy"), read_day("46086", "dmy")
(datetime.date(2026, 3, 5), datetime.date(2026, 3, 5), datetime.date(2026, 3, 5))
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

__all__ = ["DayOrder", "decide_order", "read_day"]

Order = Literal["dmy", "mdy"]

_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(20_000, 80_000)
"""Days as a spreadsheet counts them, from 1954 to 2118."""
_YEARS = range(2000, 2101)
_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:[T\s].*)?\Z"
)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)\Z")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(?:\s.*)?\Z")
_WORDS = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[-\s.]*([a-z]{3,9})\.?|"
    r"([a-z]{3,9})\.?[-\s]*(\d{1,2})(?:st|nd|rd|th)?),?[-\s]*(\d{4}|\d{2})\Z"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class DayOrder:
    """Which of two figures is the day."""

    order: Order
    is_clear: bool
    """False if swapping them gives other days and nothing in the column decides."""
    example: str = ""


def decide_order(texts: Iterable[str]) -> DayOrder:
    """Find out whether the days of a column are written day first or month first."""
    doubt = ""
    dmy = mdy = 0
    for text in texts:
        match = _YEAR_LAST.match(_normal(text))
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        # Points are written by countries that put the day first.
        dmy += second <= 12 and (first > 12 or match[2] == ".")
        mdy += first <= 12 < second
        if first != second and max(first, second) <= 12:
            doubt = doubt or text
    if dmy or mdy:
        return DayOrder("mdy" if mdy > dmy else "dmy", True)
    return DayOrder("dmy", not doubt, doubt)


def read_day(text: str, order: Order) -> date | None:
    """Read a day; None if it is none, has no year, or lies outside 2000 to 2100.

    Args:
        text: ISO, Chinese, day or month first, with the month's English name, or the number of
            the day in a spreadsheet's own count.
        order: What comes first where both are figures.
    """
    said = _normal(text)
    for pattern in (_YEAR_FIRST, _COMPACT):
        if match := pattern.match(said):
            return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _YEAR_LAST.match(said):
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if order == "dmy" else (second, first)
        return _date(_year(match[4]), month, day)
    if match := _WORDS.match(said):
        name, figure = (match[2], match[1]) if match[2] else (match[3], match[4])
        month = _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else 0
        return _date(_year(match[5]), month, int(figure))
    if said.isdecimal() and int(said) in _SERIALS:
        return _SERIAL_ZERO + timedelta(days=int(said))
    return None


def in_range(day: date) -> bool:
    """Say whether a day can be meant at all."""
    return day.year in _YEARS


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if in_range(found) else None
