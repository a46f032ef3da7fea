"""The label on a roll of cloth: article, colour, dye lot and how much is on it, big, and its code.

A roll with a GS1 number carries its lot and its measures in the square code as well. One with a
name of the workshop's own, or of who sent it, carries that name, in bars too where there is room.

>>> from traceability.labels.picture import Code
>>> label = roll_label("//rua.invalid/obj/R-17", article="Poplin", figures=(Figure("L7", "Lot"),))
>>> picture = label.drawing.draw((100, 50))
>>> [part.code.kind for part in picture.parts if isinstance(part, Code)]
['code128', 'qr']
>>> measures(metres=Decimal("42.5"), kilograms=Decimal("12.25"))
(('3111', '000425'), ('3102', '001225'))
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from traceability.errors import InvalidIdentifier
from traceability.gs1.identify import identify
from traceability.gs1.identity import Elements
from traceability.gs1.local import parse_local_key
from traceability.labels.barcode_1d import Bars, code128
from traceability.labels.label import Label
from traceability.labels.layout import (
    GAP,
    Figure,
    Room,
    lay_bars,
    lay_figures,
    lay_lines,
    lay_square,
)
from traceability.labels.picture import DOT, Part, Picture, Words
from traceability.labels.reading_back import says
from traceability.labels.square import Square, data_matrix, qr_code

__all__ = ["RollLabel", "measures", "roll_label"]

SQUARE_SHARE = 0.36
STRIP_SHARE, STRIP_MIN, STRIP_MAX = 0.24, 6.5, 22.0
BARS_MODULES = (4 * DOT, 3 * DOT, 2 * DOT)
NAME_MOST = 7.0
LINE_MOST = 7.5
DIGITS_MAX, PLACES_MAX = 6, 5
"""A measure has six digits, up to five of them after the point. Source: GS1 General Specifications,
section 3.6."""


@dataclass(frozen=True, slots=True)
class RollLabel:
    """What one roll label shows."""

    square: Square
    name: str
    """What can be typed: its number or name."""
    article: str = ""
    colour: str = ""
    supplier: str = ""
    figures: tuple[Figure, ...] = ()
    """Dye lot, metres, kilograms: read from two metres away."""
    lines: tuple[str, ...] = ()
    """More about it; empty ones are left out."""
    bars: Bars | None = None
    title: str = ""
    """What it is, for those who hear the page."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out, upright or wide.

        Args:
            size: Width and height of the label, mm.
            inset: What stays white at the sides, and above and below, mm.

        Raises:
            Refused: If it has no room there; the sentence says how much it needs.
        """
        inside = Room(inset[0], inset[1], size[0] - 2 * inset[0], size[1] - 2 * inset[1])
        draw = _upright if size[1] > size[0] else _wide
        return Picture(
            size[0], size[1], tuple(draw(self, inside, min(inset))), self.title or self.name
        )

    @property
    def words(self) -> tuple[tuple[str, float, bool], ...]:
        """Its lines: text, height in parts of the others', whether bold."""
        return (
            (self.article, 1.2, True),
            (self.colour, 1.0, False),
            (self.supplier, 0.8, False),
            *((line, 0.75, False) for line in self.lines),
        )


def _wide(roll: RollLabel, inside: Room, edge: float) -> list[Part]:
    height = min(max(inside.height * STRIP_SHARE, STRIP_MIN), STRIP_MAX)
    top = inside.above(inside.height - height - GAP / 2)
    parts = _strip(roll, inside.below(inside.height - height), edge)
    most = min(top.width * SQUARE_SHARE, top.height)
    square = lay_square(roll.square, Room(top.right - most, top.y, most, most), edge, most=1.5)
    parts.append(square)
    beside = Room(top.x, top.y, square.x - top.x, top.height)
    share = 0.42 if roll.figures else 0.0
    words = beside.above(beside.height * (1 - share) - GAP / 2)
    parts += lay_lines(roll.words, words, most=LINE_MOST)
    if roll.figures:
        parts += lay_figures(roll.figures, beside.below(beside.height * (1 - share)))
    return parts


def _upright(roll: RollLabel, inside: Room, edge: float) -> list[Part]:
    height = min(max(inside.height * 0.16, STRIP_MIN), STRIP_MAX)
    parts = _strip(roll, inside.below(inside.height - height), edge)
    top = inside.above(inside.height - height - 2 * GAP)
    most = min(top.width * 0.55, top.height * 0.45)
    corner = Room(top.right - most, top.bottom - most, most, most)
    square = lay_square(roll.square, corner, edge, most=2.5)
    parts.append(square)
    row = square.y + roll.square.quiet * square.module
    # Below one another beside the square: each figure gets a line of its own.
    column = Room(top.x, row, square.x - top.x, top.bottom - row)
    each = column.height / max(1, len(roll.figures))
    for place, figure in enumerate(roll.figures):
        part = Room(column.x, column.y + place * each, column.width, each - GAP)
        parts += lay_figures((figure,), part)
    words = top.above(row - top.y - GAP)
    parts += lay_lines(roll.words, words, most=min(12.0, words.height * 0.3))
    return parts


def _strip(roll: RollLabel, room: Room, edge: float) -> list[Part]:
    """Lay the bars and the name beside them; without bars the name alone."""
    if roll.bars is not None:
        for module in BARS_MODULES:
            wide = roll.bars.width_mm(module)
            if wide <= room.width * 0.64:
                code = lay_bars(roll.bars, max(0.0, room.x - edge), room.y, module, room.height)
                left = room.x - edge + wide
                height = min(room.height, NAME_MOST)
                return [
                    *code,
                    Words(
                        roll.name, room.right, room.bottom - height, height, room.right - left,
                        anchor="end", weight=700, is_whole=True,
                    ),
                ]  # fmt: skip
    height = min(room.height, NAME_MOST)
    y = room.bottom - height
    return [Words(roll.name, room.x, y, height, room.width, weight=600, least=1.3)]


# --- from a key ----------------------------------------------------------------------------------


def measures(*, metres: Decimal | None = None, kilograms: Decimal | None = None) -> Elements:
    """Write length and weight as elements, rounded to the six digits that there are.

    Args:
        metres: Length, not below 0.
        kilograms: Net weight, not below 0.

    Raises:
        InvalidIdentifier: If a measure has more than six digits before its point.

    Source: GS1 General Specifications, section 3.6.
    """
    found = []
    for group, amount in (("311", metres), ("310", kilograms)):
        if amount is None:
            continue
        places = min(max(0, -int(amount.normalize().as_tuple().exponent)), PLACES_MAX)
        places = max(0, min(places, DIGITS_MAX - len(str(int(amount)))))
        digits = f"{amount.scaleb(places):.0f}"
        if amount < 0 or len(digits) > DIGITS_MAX:
            raise InvalidIdentifier(
                f"Cannot write {amount} into ({group}n): expected 0 to 999999, got {amount}."
            )
        found.append((f"{group}{places}", digits.zfill(DIGITS_MAX)))
    return tuple(found)


def roll_label(
    key: str,
    *,
    article: str = "",
    colour: str = "",
    supplier: str = "",
    figures: tuple[Figure, ...] = (),
    lines: tuple[str, ...] = (),
    dye_lot: str = "",
    metres: Decimal | None = None,
    kilograms: Decimal | None = None,
    title: str = "",
    epc: bytes | None = None,
) -> Label:
    """Make the label of a roll, or of an article's lot.

    Args:
        key: Its key: ``/01/…/21/…``, a lot's ``/01/…/10/…``, or a workshop's own.
        article: Which cloth.
        colour: Of the cloth.
        supplier: Who sent it.
        figures: What is shown big: dye lot, metres, kilograms, each with its word.
        lines: More about it.
        dye_lot: For the code, where the roll has a GS1 number.
        metres: Length for the code, likewise.
        kilograms: Weight for the code, likewise.
        title: What it is, for those who hear the page.
        epc: What its chip is to carry.

    Raises:
        InvalidIdentifier: If the key, the lot or a measure cannot be printed.
    """
    own = parse_local_key(key)
    if own is not None:
        # A supplier's number that looks like a product's would be taken for one: its link is not.
        is_name = says(own.text, key, own.namespace)
        bars = code128(own.text) if is_name and _is_plain(own.text) else None
        drawn = RollLabel(
            qr_code(own.text if is_name else own.uri),
            own.text,
            article,
            colour,
            supplier,
            figures,
            lines,
            bars,
            title,
        )
        return Label("roll", own.text, drawn, key, epc)
    named = identify(key).ais
    lot = (("10", dye_lot),) if dye_lot and "10" not in dict(named) else ()
    square = data_matrix((*named, *measures(metres=metres, kilograms=kilograms), *lot))
    name = "".join(f"({ai}){value}" for ai, value in named)
    drawn = RollLabel(square, name, article, colour, supplier, figures, lines, None, title)
    return Label("roll", name, drawn, key, epc)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= 24
