"""Numbers as people write them: which mark parts the decimals is decided by the whole column.

>>> decide(["1.234,5", "92"]).mark, decide(["1,240", "36"]).is_clear
(',', False)
>>> read_amount("1.234,5 m", ","), read_amount("１２０件", ".")
(Decimal('1234.5'), Decimal('120'))
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Mark", "decide", "read_amount"]

DIGITS_MAX = 15
_BLANKS = re.compile(r"[\s\u2009\u202f\u00a0'’_]")
_UNIT = re.compile(
    r"(?:pcs?\.?|pieces?|units?|st(?:k|ck)?\.?|pza?s?\.?|m|mt|mtrs?|metres?|meters?|yds?|yards?|kgs?|"
    r"件|个|條|条|套|只|米|码|碼|公斤|千克)\Z",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*\Z")
_NONE = frozenset({"-", "–", "—", "−", "/", "x", "nil", "none", "无"})


@dataclass(frozen=True, slots=True)
class Mark:
    """What parts the decimals in a column."""

    mark: str
    """Point or comma."""
    is_clear: bool
    """False if the same digits can be read both ways and nothing in the column decides."""
    example: str = ""
    """What can be read both ways."""


def decide(texts: Iterable[str], *, are_whole: bool = False) -> Mark:
    """Find the decimal mark of a column.

    Args:
        texts: Cells that hold numbers as text.
        are_whole: They count pieces: "1,240" cannot be 1.24 of a garment.
    """
    votes = {".": 0, ",": 0}
    doubt = ""
    doubted = ""
    for text in texts:
        bare = strip(text)
        vote = _vote(bare, are_whole=are_whole)
        if vote in votes:
            votes[vote] += 1
        elif vote == "?":
            doubt, doubted = doubt or text, doubted + ("," if "," in bare else ".")
    if votes[","] or votes["."]:
        return Mark("," if votes[","] > votes["."] else ".", True)
    if "," in doubted and "." in doubted:
        return Mark(".", False, doubt)
    # In doubt it is taken as thousands until somebody says otherwise.
    return Mark("." if "," in doubted or not doubt else ",", not doubt, doubt)


def _vote(bare: str, *, are_whole: bool) -> str:
    """Return the decimal mark that a number proves, "?" if it can be read both ways, else ""."""
    if not _NUMBER.match(bare):
        return ""
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        return "," if bare.rindex(",") > bare.rindex(".") else "."
    if not points and not commas:
        return ""
    mark, other = (".", ",") if points else (",", ".")
    if points + commas > 1:
        return other
    whole, _, rest = bare.lstrip("+-").partition(mark)
    if len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
        return mark
    return other if are_whole and rest != "000" else "?"


def strip(text: str) -> str:
    """Return a number's text without blanks and unit, in plain digits."""
    bare = _BLANKS.sub("", unicodedata.normalize("NFKC", text)).replace("−", "-")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    return _UNIT.sub("", bare)


def is_nothing(text: str) -> bool:
    """Say whether a cell says in its own way that there is none."""
    return text.strip().casefold() in _NONE


def read_amount(text: str, mark: str) -> Decimal | None:
    """Read a number; None if it is none.

    Args:
        text: As typed, with thousands, a unit or a minus.
        mark: What parts the decimals.
    """
    bare = strip(text)
    if not _NUMBER.match(bare):
        return None
    other = "," if mark == "." else "."
    whole, _, rest = bare.partition(mark)
    if mark in rest or other in rest:
        return None
    groups = whole.lstrip("+-").split(other)
    if any(len(group) != 3 for group in groups[1:]):
        return None
    digits = "".join(groups)
    if len(digits) + len(rest) > DIGITS_MAX or (len(groups) > 1 and not 1 <= len(groups[0]) <= 3):
        return None
    sign = "-" if bare.startswith("-") else ""
    return Decimal(f"{sign}{digits}.{rest}" if rest else f"{sign}{digits}")
