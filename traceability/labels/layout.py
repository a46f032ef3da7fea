"""Rooms of a label and what is laid into them: lines of words, big figures, a square, bars.

>>> Room(2, 2, 46, 26).right
48
>>> from traceability.labels.barcode_1d import ean13
>>> [code, *digits] = lay_bars(ean13("9506000134352"), 1, 2, 0.375, 9)
>>> code.size, [part.text for part in digits]
((42.375, 10.875), ['9', '506000', '134352'])
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import Refused
from traceability.labels.barcode_1d import Bars
from traceability.labels.lettering import width
from traceability.labels.picture import DOT, Code, Part, Rule, Words
from traceability.labels.square import Square

__all__ = [
    "GAP",
    "Figure",
    "Room",
    "digits_height",
    "lay_bars",
    "lay_figures",
    "lay_lines",
    "lay_square",
    "snap",
]

GAP = 1.0
GUARD_MODULES = 5
"""Guard bars of an EAN reach this much further down. Source: GS1 General Specifications, 5.2.3."""
DIGITS_MODULES = 10
"""Height of the digits under an EAN, in modules: seven modules wide, as the digits' bars are."""
BEARER_MODULES = 2
"""Thickness of the bars above and below an ITF-14, in widths of its narrowest bar: the least where
no printing plate is used. Source: GS1 General Specifications, section 5.3.2.4."""
LINE_LEAST = 1.5
"""Lines of words lower than this are not read, mm."""
_SET = 0.92
_LONG = 1.7
"""What has to be broken into two lines gets this much more height."""
_BASELINE, _CAPITAL = 0.76, 0.7


@dataclass(frozen=True, slots=True)
class Figure:
    """Something read from two metres away, with the word that says what it is."""

    value: str
    word: str


@dataclass(frozen=True, slots=True)
class Room:
    """A rectangle that something is laid into, mm."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.y + self.height

    def above(self, height: float) -> Room:
        """Return its upper part."""
        return Room(self.x, self.y, self.width, height)

    def below(self, height: float) -> Room:
        """Return what is left under its upper part."""
        return Room(self.x, self.y + height, self.width, self.height - height)


def snap(value: float) -> float:
    """Lay a place on the grid of a label printer's dots, so that all bars print equally wide."""
    return round(value / DOT) * DOT


# --- words ---------------------------------------------------------------------------------------


def lay_lines(
    lines: tuple[tuple[str, float, bool], ...], room: Room, *, most: float = 1000.0
) -> list[Part]:
    """Lay lines below one another, in heights by their weight.

    Args:
        lines: Text, height in parts of the others', whether it is bold; empty ones are left out.
        room: Where.
        most: Height of a line of 1, mm, where there is room enough.

    Raises:
        Refused: If they would be too small to be read.
    """
    said = [
        (text, share * (_LONG if _is_long(text, share * most, room.width) else 1.0), is_bold)
        for text, share, is_bold in lines
        if text.strip()
    ]
    if not said:
        return []
    unit = min(most, room.height / sum(share for _, share, _ in said))
    least = min(share for _, share, _ in said) * unit
    if least < LINE_LEAST:
        raise Refused(
            f"Cannot lay out {len(said)} lines of words in {room.height:.1f} mm: expected a label "
            f"{sum(share for _, share, _ in said) * LINE_LEAST - room.height:.0f} mm higher, or "
            "fewer lines."
        )
    parts: list[Part] = []
    y = room.y
    for text, share, is_bold in said:
        height = unit * share
        parts.append(Words(text, room.x, y, height, room.width, weight=700 if is_bold else 400))
        y += height
    return parts


def _is_long(text: str, height: float, room: float) -> bool:
    """Tell whether a line would have to be much smaller than its neighbours to stand on one."""
    return width(text, height * _SET * 0.75, stretch=76) > room


def lay_figures(figures: tuple[Figure, ...], room: Room) -> list[Part]:
    """Lay big figures beside one another, each under its word; the wider ones get more room."""
    small = min(max(room.height * 0.2, 1.8), 3.6)
    lengths = [max(2.2, len(figure.value), len(figure.word) * 0.45) for figure in figures]
    apart = GAP * (1 + (len(figures) > 1))
    parts: list[Part] = []
    x = room.x
    for figure, length in zip(figures, lengths, strict=True):
        each = room.width * length / sum(lengths)
        top, height = room.y + small * 0.9, room.height - small * 0.9
        parts.append(Words(figure.word, x, room.y, small, each - apart, weight=400, least=1.4))
        parts.append(
            Words(figure.value, x, top, height, each - apart, weight=700, least=2.2, is_whole=True)
        )
        x += each
    return parts


# --- codes ---------------------------------------------------------------------------------------


def lay_square(
    code: Square, room: Room, edge: float, *, most: float = 1.0, least: float = 3 * DOT
) -> Code:
    """Lay a square as large as there is room for into the upper right corner of a room.

    Args:
        code: What it says.
        room: Its dark modules stay within.
        edge: How far its quiet zone may reach over the room, mm: the label's white edge.
        most: Widest module, mm.
        least: Narrowest module, mm.

    Raises:
        Refused: If not even the narrowest modules fit.
    """
    module = snap(most)
    while module >= least - 1e-9:
        quiet = min(edge, code.quiet * module)
        side = code.side_mm(module)
        if side - 2 * quiet <= min(room.width, room.height) + 1e-9:
            return Code(code, snap(room.right + quiet - side), snap(room.y - quiet), module)
        module -= DOT
    need = code.side_mm(least)
    raise Refused(
        f"Cannot print this code on so small a label: its squares need {need:.0f} × {need:.0f} mm, "
        f"and there are {room.width:.0f} × {room.height:.0f} mm."
    )


def digits_height(bars: Bars, module: float) -> float:
    """Return the height of the digits under an EAN or UPC, mm."""
    return DIGITS_MODULES * module if bars.guards else 0.0


def lay_bars(
    bars: Bars,
    x: float,
    y: float,
    module: float,
    height: float,
    *,
    text_height: float = 0.0,
    is_beside: bool = False,
) -> list[Part]:
    """Lay bars with what belongs to them: digits of an EAN, text under others, bearer bars.

    Args:
        bars: What they say.
        x: Left of the quiet zone, mm.
        y: Top, mm.
        module: Width of one module, mm.
        height: Of the bars, mm.
        text_height: Of the line under bars that are no EAN; 0 leaves it out.
        is_beside: They say more about the thing that another code names.
    """
    if bars.guards:
        guard = GUARD_MODULES * module
        code = Code(bars, snap(x), snap(y), module, height, guard=guard, is_beside=is_beside)
        return [code, *_ean_digits(bars, code)]
    thick = BEARER_MODULES * bars.modules_per_bar * module if bars.kind == "itf14" else 0.0
    code = Code(bars, snap(x), snap(y + thick), module, height, is_beside=is_beside)
    parts: list[Part] = [code]
    wide = code.size[0]
    if thick:
        parts += [
            Rule(code.x, middle, code.x + wide, middle, thickness=thick)
            for middle in (code.y - thick / 2, code.y + height + thick / 2)
        ]
    if text_height:
        below = code.y + height + thick + text_height * 0.12
        parts.append(
            Words(
                bars.text, code.x + wide / 2, below, text_height, wide,
                anchor="middle", weight=400, is_whole=True,
            )
        )  # fmt: skip
    return parts


def _ean_digits(bars: Bars, code: Code) -> list[Part]:
    """Place the digits: those of each half under it, what stands apart beside the bars."""
    module = code.module
    start = code.x + bars.quiet[0] * module
    size = DIGITS_MODULES * module
    height = size / _SET
    # One module below the bars, as the standard draws it.
    y = code.y + code.height + module + _CAPITAL * size - _BASELINE * height
    (_, left), (near, far), (right, end) = bars.guards
    digits = bars.text
    apart_before = 1 if bars.kind != "ean8" else 0
    apart_after = 1 if bars.kind == "upc_a" else 0
    under = digits[apart_before : len(digits) - apart_after]
    half = len(under) // 2
    halves = (
        (under[:half], (left + near) / 2, near - left - 1),
        (under[half:], (far + right) / 2, right - far - 1),
    )
    parts: list[Part] = []
    if apart_before:
        parts.append(
            Words(
                digits[0], start - 2 * module, y, height, (bars.quiet[0] - 2) * module,
                anchor="end", weight=400, is_whole=True,
            )
        )  # fmt: skip
    for text, middle, room in halves:
        parts.append(
            Words(
                text, start + middle * module, y, height, room * module,
                anchor="middle", weight=400, is_whole=True,
            )
        )  # fmt: skip
    if apart_after:
        parts.append(
            Words(
                digits[-1], start + (end + 2) * module, y, height, (bars.quiet[1] - 2) * module,
                weight=400, is_whole=True,
            )
        )  # fmt: skip
    return parts
