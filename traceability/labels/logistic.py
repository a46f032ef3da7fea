"""The label on a carton or pallet that travels: words, data with their titles, and bars lowest.

The lowest bars are the number of this one unit, the SSCC; those above it say what is inside. All
stand upright like a fence, high enough for a scanner above a conveyor.

>>> from traceability.labels.picture import Code
>>> label = logistic_label("/00/395060001343520001", blocks=(Block("To", ("Alder & Finch",)),),
...                        contents=(("02", "09506000134352"), ("37", "24")))
>>> picture = label.drawing.draw((105, 148))
>>> [part.code.text for part in picture.parts if isinstance(part, Code)]
['(02)09506000134352(37)24', '(00)395060001343520001']
>>> label.drawing.draw((60, 40))
Traceback (most recent call last):
    ...
traceability.errors.Refused: Cannot print (00)395060001343520001 on a label of 60 × 40 mm: its \
bars need at least 88 mm of width.
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.identity import Elements
from traceability.labels.barcode_1d import LENGTH_MAX, Bars, check_module, gs1_128
from traceability.labels.label import Label
from traceability.labels.layout import GAP, Figure, Room, lay_bars, lay_lines
from traceability.labels.message import format_brackets, format_message, in_order
from traceability.labels.picture import DOT, Part, Picture, Rule, Words

__all__ = ["Block", "LogisticLabel", "logistic_label"]

MODULES = (6 * DOT, 5 * DOT, 4 * DOT)
"""Widths of a bar on the dots of a 203 dpi printer, 0.75 to 0.5 mm."""
BARS_HEIGHT, BARS_HEIGHT_MAX = 32.0, 40.0
"""Height of the bars. Source: GS1 General Specifications, section 6.6.4.3: 31.75 mm at least."""
WIDTH_MAX = 165.1
"""Widest GS1-128, mm. Source: GS1 General Specifications, section 5.4.1."""
TEXT_HEIGHT = 4.8
"""Line of the text under bars: letters of 3 mm."""
PAIR_LEAST, PAIR_MOST = 7.0, 12.0
"""A title with its data under it, mm. Source: GS1 General Specifications, section 6.6.4.4."""
TITLES = {
    "00": "SSCC", "01": "GTIN", "02": "CONTENT", "10": "BATCH/LOT", "11": "PROD DATE",
    "21": "SERIAL", "37": "COUNT", "400": "ORDER NUMBER", "401": "GINC", "402": "GSIN",
    "403": "ROUTE", "410": "SHIP TO LOC", "420": "SHIP TO POST", "421": "SHIP TO POST",
    "3100": "NET WEIGHT (kg)", "3300": "GROSS WEIGHT (kg)",
}  # fmt: skip
"""Data titles. Source: GS1 General Specifications, section 3.2, figure 3.2-1."""
_MEASURE_TITLES = {"310": "NET WEIGHT (kg)", "330": "GROSS WEIGHT (kg)", "311": "LENGTH (m)"}


@dataclass(frozen=True, slots=True)
class Block:
    """Free text at the top: from whom, to whom, what."""

    title: str
    lines: tuple[str, ...]
    """The first one is bold; empty ones are left out."""


@dataclass(frozen=True, slots=True)
class LogisticLabel:
    """What one logistic label shows.

    Raises:
        InvalidIdentifier: If the SSCC or the contents are not what the standard demands.
    """

    sscc: str
    blocks: tuple[Block, ...] = ()
    contents: Elements = ()
    """AIs about what is inside: (02)(37)(10)(400)(401) …; they get bars of their own."""
    figures: tuple[Figure, ...] = ()
    """What people read from afar: carton 3 of 12, 24 pieces."""
    title: str = ""
    """What it is, for those who hear the page."""

    def __post_init__(self) -> None:
        in_order((("00", self.sscc), *self.contents), requisites=True)

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"(00){self.sscc}"

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out: free text, data with titles, bars, the SSCC's lowest.

        Args:
            size: Width and height of the label, mm; A6, 4 × 6 inch and A5 are usual.
            inset: What stays white at the sides, and above and below, mm.

        Raises:
            Refused: If it has no room there; the sentence says how much it needs.
        """
        inside = Room(inset[0], inset[1], size[0] - 2 * inset[0], size[1] - 2 * inset[1])
        symbols = self._symbols(size)
        height = self._bars_height(inside, len(symbols))
        parts: list[Part] = []
        y = inside.bottom
        for bars, module in symbols:
            is_beside = bars is not symbols[0][0]
            y -= height + TEXT_HEIGHT
            x = max(0.0, (size[0] - bars.width_mm(module)) / 2)
            parts = [
                *lay_bars(bars, x, y, module, height, text_height=TEXT_HEIGHT, is_beside=is_beside),
                *parts,
            ]
            y -= GAP
        top = Room(inside.x, inside.y, inside.width, y - inside.y)
        return Picture(size[0], size[1], (*self._words(top), *parts), self.title or self.name)

    def _symbols(self, size: tuple[float, float]) -> list[tuple[Bars, float]]:
        """Return the bars from the lowest up, each with the widest module that fits."""
        lowest = gs1_128((("00", self.sscc),))
        found = [lowest, *_packed(self.contents, min(size[0], WIDTH_MAX))]
        result = []
        for bars in found:
            module = next((m for m in MODULES if bars.width_mm(m) <= min(size[0], WIDTH_MAX)), None)
            if module is None:
                need = bars.width_mm(MODULES[-1])
                raise Refused(
                    f"Cannot print {bars.text} on a label of {size[0]:g} × {size[1]:g} mm: its "
                    f"bars need at least {need:.0f} mm of width."
                )
            check_module(bars, module, is_logistic=True)
            result.append((bars, module))
        return result

    def _bars_height(self, inside: Room, count: int) -> float:
        """Return the height of all bars: a little more than must be where there is room."""
        words = self._words_least()
        free = inside.height - words - count * (TEXT_HEIGHT + GAP)
        if free < count * BARS_HEIGHT:
            need = count * (BARS_HEIGHT + TEXT_HEIGHT + GAP) + words + 2 * inside.y
            raise Refused(
                f"Cannot print {self.name} on a label {inside.height + 2 * inside.y:g} mm high: "
                f"its {count} rows of bars and its words need at least {need:.0f} mm, or less in "
                "bars."
            )
        return min(BARS_HEIGHT_MAX, max(BARS_HEIGHT, free * 0.4 / count))

    def _words_least(self) -> float:
        lines = max((1 + len(block.lines) for block in self.blocks), default=0)
        pairs = -(-(1 + len(self.contents)) // 2)
        return max(lines * 3.0, 7.0 * bool(self.figures)) + pairs * PAIR_LEAST

    def _words(self, room: Room) -> list[Part]:
        """Lay the free text at the top, a line, and below it the data with their titles."""
        data = [("00", self.sscc), *self.contents]
        pairs = -(-len(data) // 2)
        each = min(PAIR_MOST, max(room.height * 0.45 / pairs, PAIR_LEAST))
        lower = pairs * each
        line = Room(room.x, room.bottom - lower, room.width, lower)
        parts: list[Part] = _data(data, line, each)
        upper = room.above(room.height - lower - GAP)
        if upper.height > 1.5 * GAP and (self.blocks or self.figures):
            y = upper.bottom
            parts.append(Rule(room.x, y, room.right, y, thickness=0.3))
            parts += self._free(upper.above(upper.height - GAP))
        return parts

    def _free(self, room: Room) -> list[Part]:
        count = len(self.blocks) + bool(self.figures)
        each = room.width / count
        parts: list[Part] = []
        for place, block in enumerate(self.blocks):
            x = room.x + place * each
            said = [line for line in block.lines if line.strip()]
            lines = (
                (block.title, 0.7, False),
                *((line, 1.1 if at == 0 else 0.9, at == 0) for at, line in enumerate(said)),
            )
            column = Room(x, room.y, each - 2 * GAP, room.height)
            parts += lay_lines(lines, column, most=min(9.0, room.height * 0.25))
            if place:
                parts.append(Rule(x - GAP, room.y, x - GAP, room.bottom, thickness=0.3))
        if self.figures:
            parts += _figures(self.figures, Room(room.x + (count - 1) * each, room.y, each,
                                                 room.height))  # fmt: skip
        return parts


def _figures(figures: tuple[Figure, ...], room: Room) -> list[Part]:
    each = room.height / len(figures)
    parts: list[Part] = []
    for place, figure in enumerate(figures):
        y = room.y + place * each
        small = min(each * 0.3, 4.0)
        parts.append(Words(figure.word, room.right, y, small, room.width, "end", 400))
        height = min(each - small - GAP / 2, 14.0)
        parts.append(
            Words(figure.value, room.right, y + small, height, room.width, "end", 700,
                  is_whole=True)
        )  # fmt: skip
    return parts


def _data(data: list[tuple[str, str]], room: Room, each: float) -> list[Part]:
    """Lay titles and data in two columns; the SSCC, being the longest, has a row of its own."""
    parts: list[Part] = []
    half = room.width / 2
    at_row = 0
    column = 0
    for ai, value in data:
        title = TITLES.get(ai) or _MEASURE_TITLES.get(ai[:3], f"({ai})")
        x, y = room.x + column * half, room.y + at_row * each
        wide = half - GAP
        parts.append(Words(title, x, y, each * 0.38, wide, weight=400))
        parts.append(
            Words(_readable(ai, value), x, y + each * 0.36, each * 0.58, wide, weight=600,
                  is_whole=True)
        )  # fmt: skip
        column += 1
        if column == 2:
            at_row, column = at_row + 1, 0
    return parts


def _readable(ai: str, value: str) -> str:
    """Write a value as people read it: measures with their point."""
    if len(ai) == 4 and ai[:2] in {"31", "33"} and ai[3] != "0":
        places = int(ai[3])
        return f"{int(value[:-places])}.{value[-places:]}"
    if len(ai) == 4 and ai[:2] in {"31", "33"}:
        return str(int(value))
    return value


def _packed(contents: Elements, width: float) -> list[Bars]:
    """Share elements out over as few bars as fit the width, their order kept."""
    if not contents:
        return []
    ordered = in_order(contents)
    rows: list[Elements] = [()]
    for element in ordered:
        longer = (*rows[-1], element)
        fits = len(format_message(longer)) <= LENGTH_MAX
        if rows[-1] and not (fits and gs1_128(longer).width_mm(MODULES[-1]) <= width):
            rows.append((element,))
        else:
            rows[-1] = longer
    # The lowest bars are laid first: what comes first in reading stands highest.
    return [gs1_128(row) for row in reversed(rows)]


def logistic_label(
    key: str,
    *,
    blocks: tuple[Block, ...] = (),
    contents: Elements = (),
    figures: tuple[Figure, ...] = (),
    title: str = "",
    epc: bytes | None = None,
) -> Label:
    """Make the label of a unit that has an SSCC.

    Args:
        key: Its key, ``/00/…``.
        blocks: Free text: from whom, to whom.
        contents: AIs about what is inside, with their values.
        figures: What people read from afar.
        title: What it is, for those who hear the page.
        epc: What its chip is to carry.

    Raises:
        InvalidIdentifier: If the key is no SSCC's, or the contents are not allowed.
    """
    if not key.startswith("/00/"):
        raise InvalidIdentifier(f"Cannot make a logistic label of {key!r}: expected /00/ and 18 "
                                "digits.")  # fmt: skip
    drawn = LogisticLabel(key[4:], blocks, contents, figures, title)
    return Label("logistic", format_brackets((("00", key[4:]),)), drawn, key, epc)
