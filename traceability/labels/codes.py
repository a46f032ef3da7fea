"""Short codes: what stands in big digits on a ticket, short enough to be typed with one finger.

A code is a running number of the workshop and a check digit. Tickets, garments, cartons and badges
share the one row of numbers, so that the digits alone already say which thing is meant.

>>> ShortCode("B", 1000).text
'B-10006'
>>> parse_code("10006").running
1000
>>> parse_code("10009")
Traceback (most recent call last):
    ...
traceability.labels.codes.WrongCode: 10009 is not one of our codes: the last digit should be 6. \
Look again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from traceability.errors import InvalidIdentifier

__all__ = [
    "FIRST",
    "RUNNING_MAX",
    "SORTS",
    "ShortCode",
    "WrongCode",
    "check_digit",
    "code_keys",
    "parse_code",
]

FIRST = 1_000
"""The first running number: every code has at least five digits, so none passes for a quantity."""
RUNNING_MAX = 99_999_999
SORTS = {"B": "class", "C": "obj", "G": "obj", "W": "obj"}
"""How the key of a thing is made from its letter: tickets, cartons, garments, badges of workers."""

_DIGITS_MAX = 40
_SHAPE = re.compile(r"([A-Za-z]?)\s*[-–−]?\s*([0-9]+)\Z")


class WrongCode(InvalidIdentifier):
    """A text is no short code, or one digit of it was read or typed wrong.

    Args:
        given: What was typed.
        expected: The digit that would make it right; None if it is no code at all.
    """

    def __init__(self, given: str, expected: int | None = None) -> None:
        self.given = given
        self.expected = expected
        if expected is None:
            sentence = f"{given[:40]!r} is not one of our codes: expected 5 to 9 digits."
        else:
            sentence = (
                f"{given} is not one of our codes: the last digit should be {expected}. Look again."
            )
        super().__init__(sentence)


def check_digit(digits: str) -> int:
    """Compute the check digit that finds every single wrong digit and nearly every swapped pair.

    Args:
        digits: 1 to 40 decimal digits, most significant first, without the check digit.

    Raises:
        InvalidIdentifier: If a character is not a decimal digit, or there are none or too many.

    Source: ISO/IEC 7064:2003, system MOD 11,10.

    >>> check_digit("0794")
    5
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        raise InvalidIdentifier(
            f"Cannot compute a check digit of {digits[:60]!r}: "
            f"expected 1 to {_DIGITS_MAX} decimal digits."
        )
    carried = 10
    for digit in map(int, digits):
        carried = ((carried + digit) % 10 or 10) * 2 % 11
    return (11 - carried) % 10


@dataclass(frozen=True, slots=True)
class ShortCode:
    """One code, with the letter of its sort or without.

    Raises:
        InvalidIdentifier: If the letter or the running number is none of ours.
    """

    letter: str
    """B ticket, C carton, G garment, W badge; empty where only digits were typed."""
    running: int

    def __post_init__(self) -> None:
        if self.letter not in ("", *SORTS):
            raise InvalidIdentifier(
                f"Cannot make a code with {self.letter!r}: expected one of {', '.join(SORTS)}."
            )
        if not FIRST <= self.running <= RUNNING_MAX:
            raise InvalidIdentifier(
                f"Cannot make a code of number {self.running}: expected {FIRST} to {RUNNING_MAX}."
            )

    @property
    def digits(self) -> str:
        """What a person types: the running number and its check digit."""
        return f"{self.running}{check_digit(str(self.running))}"

    @property
    def text(self) -> str:
        """What the bars say."""
        return f"{self.letter}-{self.digits}" if self.letter else self.digits

    def key(self, namespace: str) -> str:
        """Return the key of the thing in a workshop's own names."""
        return f"//{namespace}/{SORTS[self.letter]}/{self.text}"


def parse_code(text: str, letter: Literal["", "B", "C", "G", "W"] = "") -> ShortCode:
    """Read a short code as people type it: with or without its letter, wide digits too.

    Args:
        text: What was typed or scanned.
        letter: The sort that a bare number stands for here.

    Raises:
        WrongCode: If it is no code, or its check digit says that one digit is wrong.

    >>> parse_code(" b 10006 ").text, parse_code("１０００６", "C").text
    ('B-10006', 'C-10006')
    """
    typed = unicodedata.normalize("NFKC", text[:80]).strip()
    match = _SHAPE.match(typed)
    if match is None or (match[1] and match[1].upper() not in SORTS):
        raise WrongCode(typed)
    running, digit = match[2][:-1], int(match[2][-1])
    if not running or running[0] == "0" or not FIRST <= int(running) <= RUNNING_MAX:
        raise WrongCode(typed)
    expected = check_digit(running)
    if digit != expected:
        raise WrongCode(typed, expected)
    return ShortCode(match[1].upper() or letter, int(running))


def code_keys(text: str, namespace: str) -> list[str]:
    """Return the keys that a typed code may stand for: one with its letter, four without.

    >>> code_keys("10006", "w.invalid")[0]
    '//w.invalid/class/B-10006'
    >>> code_keys("118", "w.invalid")
    []
    """
    try:
        code = parse_code(text)
    except WrongCode:
        return []
    letters = (code.letter,) if code.letter else tuple(SORTS)
    return [ShortCode(letter, code.running).key(namespace) for letter in letters]
