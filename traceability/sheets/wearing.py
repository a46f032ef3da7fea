"""Sizes in the order in which they are worn.

>>> in_wearing_order({"XL", "S", "40", "2XL", "38", "M", "均码"})
['S', 'M', 'XL', '2XL', '38', '40', '均码']
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["in_wearing_order"]

_LETTERS = re.compile(r"(?:([2-9]?)(X*))?([SML])\Z")


def in_wearing_order(sizes: Iterable[str]) -> list[str]:
    """Sort sizes: letters from small to large, then figures, then all others by their words."""
    return sorted(sizes, key=_rank)


def _rank(size: str) -> tuple[int, float, str]:
    match = _LETTERS.match(size)
    if match:
        count = int(match[1]) if match[1] else len(match[2] or "")
        middle = {"S": -1.0, "M": 0.0, "L": 1.0}[match[3]]
        return 0, middle + count * (1 if match[3] == "L" else -1 if match[3] == "S" else 0), size
    figures = re.match(r"[0-9]+(?:\.[0-9]+)?", size)
    return (1, float(figures[0]), size) if figures else (2, 0.0, size)
