"""Words on a label: as large as there is room for, narrower before smaller, never cut off.

What a printer's face really measures is not known here, so a line is reckoned with the widths of
the bold cut of our own face, the widest that is used; where even the smallest letters are too wide
the line is told to squeeze itself into its room.

>>> fit("Overshirt", 40, 4)
(Line(text='Overshirt', size=4, stretch=100, squeeze=None),)
>>> [line.text for line in fit("Overshirt with two breast pockets", 24, 4)]
['Overshirt with two', 'breast pockets']
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import accumulate

from traceability.errors import Refused

__all__ = ["Line", "fit", "width"]

# Advance widths of Archivo, weight 700, width 100, from U+0020: thousandths of the letters' size.
_ASCII = (
    196, 301, 456, 600, 556, 973, 764, 253, 364, 364, 407, 641, 307, 333, 307, 300, 598, 598, 598,
    598, 598, 598, 598, 598, 598, 598, 335, 335, 641, 641, 641, 613, 1001, 724, 722, 733, 739, 683,
    622, 802, 754, 301, 603, 725, 591, 872, 754, 793, 681, 793, 730, 679, 641, 748, 694, 964, 706,
    699, 653, 350, 300, 350, 641, 518, 228, 580, 608, 573, 608, 584, 325, 607, 602, 267, 264, 570,
    267, 891, 602, 613, 608, 608, 380, 556, 342, 601, 547, 798, 572, 547, 519, 393, 253, 393, 641,
)  # fmt: skip
_OTHER = 850
"""Letters of other alphabets, from a face of the system's that is not known here."""
_STACKED, _SIGN = 720, 400
"""Letters of the alphabets of India and their neighbours, and the signs beside them."""
_STACKED_FROM, _STACKED_TO = "\u0900", "\u109f"
_LOWER = 0.8
"""Such letters reach far above and below their line: they are set so much smaller."""
_WIDE = 1000
"""Chinese, Japanese and Korean signs fill a square; they cannot be narrowed."""
_STRETCHES = ((100, 1.0), (84, 0.89), (76, 0.83))
"""Narrower cuts, and the most of the full width that a text takes in them."""
_SMALLER = 0.92
_BETWEEN_LINES = 1.05
_BREAK = 1.3
TEXT_MAX = 400
"""Characters of one text on a label."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as it will be set."""

    text: str
    size: float
    """Height of the letters' square, mm."""
    stretch: int = 100
    """Width of the cut in per cent: 100, 84 or 76."""
    squeeze: float | None = None
    """The width that the line is forced into, mm; None where it fits by itself."""


def width(text: str, size: float, *, stretch: int = 100) -> float:
    """Return how wide a text is at most, in the unit of the size."""
    narrower = dict(_STRETCHES)[stretch]
    return sum(_advance(character, narrower) for character in text) * size / 1000


def _advance(character: str, narrower: float) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    if unicodedata.combining(character):
        return 0
    plain = unicodedata.normalize("NFD", character)[0]
    place = ord(plain) - 0x20
    if 0 <= place < len(_ASCII):
        return _ASCII[place] * narrower
    kind = unicodedata.category(character)
    if kind in {"Mn", "Cf"}:
        return 0
    if _STACKED_FROM <= character <= _STACKED_TO:
        return _SIGN if kind == "Mc" else _STACKED
    return _OTHER


def fit(
    text: str, room: float, size: float, *, least: float = 1.7, lines: int = 2
) -> tuple[Line, ...]:
    """Set a text into a room that is one line of the given size high.

    Args:
        text: What is to be read; blanks at the ends and line breaks do not count.
        room: Width, mm.
        size: Height of the letters where there is room enough, mm.
        least: Smaller letters than this are not read at arm's length, mm.
        lines: 1 keeps it on one line whatever it costs; a code is not to be broken.

    Returns:
        One line, or two smaller ones that take no more height; nothing for empty text.

    Raises:
        Refused: If it is longer than could be read on any label.
    """
    said = " ".join(text.split())
    if not said:
        return ()
    if len(said) > TEXT_MAX:
        raise Refused(
            f"Cannot print {said[:40]!r}… on a label: expected at most {TEXT_MAX} characters, "
            f"got {len(said)}."
        )
    if any(_STACKED_FROM <= one <= _STACKED_TO for one in said):
        size = max(_down(size * _LOWER), least)
    for stretch, _ in _STRETCHES:
        if width(said, size, stretch=stretch) <= room:
            return (Line(said, size, stretch),)
    if lines == 1:
        return (_squeezed(said, room, size, least),)
    half = size / (2 * _BETWEEN_LINES)
    smaller = size * _SMALLER
    while smaller > max(half * 1.25, least):
        if width(said, smaller, stretch=76) <= room:
            return (Line(said, _down(smaller), 76),)
        smaller *= _SMALLER
    if half >= least:
        return _alike(tuple(_squeezed(part, room, half, least) for part in _halves(said)))
    return (_squeezed(said, room, max(smaller, least), least),)


def _squeezed(text: str, room: float, size: float, least: float) -> Line:
    while True:
        for stretch, _ in _STRETCHES:
            if width(text, size, stretch=stretch) <= room:
                return Line(text, _down(size), stretch)
        if size <= least:
            return Line(text, _down(size), 76, round(room, 2))
        size = max(size * _SMALLER, least)


def _alike(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Set the lines of one text in one size and one cut: those that need the most room decide."""
    size, stretch = min(line.size for line in lines), min(line.stretch for line in lines)
    return tuple(Line(line.text, size, stretch, line.squeeze) for line in lines)


def _down(size: float) -> float:
    """Round a size so that the text does not grow."""
    return int(size * 100) / 100


def _halves(text: str) -> tuple[str, ...]:
    """Break a text where its two lines come out most alike: at a blank, or between wide signs."""
    places = [
        at
        for at in range(1, len(text))
        if text[at - 1] == " "
        or "W" in {unicodedata.east_asian_width(one) for one in text[at - 1 : at + 1]}
    ] or list(range(1, len(text)))
    if not places:
        return (text,)
    # The width of each beginning, so that a long text is measured once.
    until = [0.0, *accumulate(width(one, 1) for one in text)]

    def longer(at: int) -> float:
        # Between signs a break costs a little: words that were set apart stay whole if they can.
        cost = 1.0 if text[at - 1] == " " else _BREAK
        return cost * max(until[at], until[-1] - until[at])

    best = min(places, key=longer)
    return (text[:best].strip(), text[best:].strip())
