"""What a label shows, and where: the face of a ticket, of a carton, of a badge.

One layout serves all of them at every size: the square code at the right, the words beside it, and
along the bottom the bars with the digits that can be typed.

>>> face = Face("B-10006", heading="118", corner="7 of 20", lines=("Overshirt", "navy"),
...             figures=(Figure("M", "Size"), Figure("20", "Pieces")))
>>> picture = draw(face, (70, 37))
>>> [part.module for part in picture.parts if isinstance(part, Code)]
[0.875, 0.25]
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import Refused
from traceability.labels.barcode_1d import QUIET_MODULES as BARS_QUIET
from traceability.labels.barcode_1d import code128
from traceability.labels.layout import GAP, Figure, Room, snap
from traceability.labels.lettering import width
from traceability.labels.picture import DOT, Code, Part, Picture, Words
from traceability.labels.sheet import LABEL_MIN
from traceability.labels.square import QUIET_MODULES, qr_code

__all__ = ["Face", "Figure", "draw"]

STRIP_SHARE, STRIP_MIN, STRIP_MAX = 0.28, 5.5, 15.0
"""Height of the strip with the bars, as a share of the label's, and its ends."""
SQUARE_SHARE = 0.42
"""The square code takes at most this much of the width."""
SQUARE_MODULE_MIN, SQUARE_MODULE_MAX = 3 * DOT, 1.0
BARS_MODULE_MIN, BARS_MODULE_MAX = 2 * DOT, 4 * DOT
BARS_HEIGHT_MIN = 5.0
BARS_SHARE = 0.62
DIGITS_ROOM_MIN = 9.0
HEADING, FIRST_LINE, NEXT_LINE, FIGURES = 1.0, 1.0, 0.85, 2.8
"""Heights of what stands below one another, in parts of the heading's."""
MORE_FROM = 21.0
"""Room for words from which one line more does not make the others too small, mm."""
CORNER_SHARE = 0.42


@dataclass(frozen=True, slots=True)
class Face:
    """What one label shows."""

    code: str
    """What its codes say, and what is typed: letter, hyphen, digits."""
    heading: str = ""
    """Top left: the number of the order."""
    corner: str = ""
    """Top right: which of how many."""
    lines: tuple[str, ...] = ()
    """The most important first; the first one is bold, empty ones are left out."""
    more: str = ""
    """One more line where the label is high enough for it: the customer."""
    figures: tuple[Figure, ...] = ()
    title: str = ""
    """What it is, for those who hear the page."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out on a label of a size in mm, as `draw` does."""
        return draw(self, size, inset)


def draw(face: Face, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
    """Lay a face out on a label.

    Args:
        face: What it shows.
        size: Width and height of the label, mm.
        inset: What stays white at the sides, and above and below, mm.

    Raises:
        Refused: If no code that a scanner finds fits there beside a word.
    """
    if size[0] < LABEL_MIN[0] or size[1] < LABEL_MIN[1]:
        raise Refused(
            f"Cannot print {face.code} on a label of {size[0]:g} × {size[1]:g} mm: expected at "
            f"least {LABEL_MIN[0]:g} × {LABEL_MIN[1]:g} mm."
        )
    inside = Room(inset[0], inset[1], size[0] - 2 * inset[0], size[1] - 2 * inset[1])
    height = min(max(inside.height * STRIP_SHARE, STRIP_MIN), STRIP_MAX)
    strip = Room(inside.x, inside.y + inside.height - height, inside.width, height)
    top = Room(inside.x, inside.y, inside.width, inside.height - height - GAP / 2)
    square = _square(face.code, top, size[0])
    words = Room(top.x, top.y, square.x - top.x, top.height)
    parts: list[Part] = [square, *_strip(face, strip), *_words(face, words)]
    return Picture(size[0], size[1], tuple(parts), face.title or face.code)


def _square(text: str, room: Room, label_width: float) -> Code:
    """Make the square as large as there is room; its quiet zone may lie in the white edge."""
    code = qr_code(text)
    module = SQUARE_MODULE_MAX
    while True:
        quiet = QUIET_MODULES * module
        side = code.side_mm(module)
        x = min(label_width, room.right + quiet) - side
        y = max(0.0, room.y - quiet)
        is_low = y + side <= room.y + room.height + GAP / 2
        is_narrow = room.right - x <= room.width * SQUARE_SHARE
        if (is_low and is_narrow) or module <= SQUARE_MODULE_MIN:
            return Code(code, snap(x), snap(y), module)
        module -= DOT


def _strip(face: Face, room: Room) -> list[Part]:
    """Lay out the bars and the digits; where both have no room, the digits stay."""
    letter, hyphen, digits = face.code.rpartition("-")
    code = _bars(face.code, room)
    left = room.x if code is None else code.x + code.size[0]
    small = min(room.height * 0.42, (room.right - left) * 0.2)
    letter_room = small * 1.06 + GAP / 2 if letter else 0.0
    most = room.right - left - letter_room
    number = Words(
        digits, room.right, room.y, room.height, most, anchor="end", weight=700, is_whole=True
    )
    parts: list[Part] = [number] if code is None else [code, number]
    if letter:
        [(line, baseline)] = number.lines()
        beside = room.right - min(width(digits, line.size, stretch=line.stretch), most) - GAP / 2
        top = baseline - small * 0.8
        parts.append(
            Words(
                letter + hyphen,
                beside,
                top,
                small,
                letter_room - GAP / 2,
                anchor="end",
                is_whole=True,
            )
        )
    return parts


def _bars(text: str, room: Room) -> Code | None:
    code = code128(text)
    modules = code.width_mm(1)
    module = BARS_MODULE_MAX
    while modules * module > room.width * BARS_SHARE and module > BARS_MODULE_MIN:
        module -= DOT
    x = max(0.0, room.x - BARS_QUIET * module)
    if room.right - x - modules * module < DIGITS_ROOM_MIN or room.height < BARS_HEIGHT_MIN:
        return None
    return Code(code, snap(x), snap(room.y), module, room.height)


def _words(face: Face, room: Room) -> list[Part]:
    """Lay out the words below one another, in heights by their weight."""
    lines = [line for line in face.lines if line.strip()]
    if face.more.strip() and room.height >= MORE_FROM:
        lines.append(face.more)
    has_heading = bool(face.heading or face.corner)
    shares = [HEADING] * has_heading + [FIRST_LINE] + [NEXT_LINE] * (len(lines) - 1)
    unit = room.height / (sum(shares) + (FIGURES if face.figures else 0.0))
    unit = min(unit, room.height * (0.2 if face.figures else 0.42))
    parts: list[Part] = []
    y = room.y
    if has_heading:
        parts += _heading(face, Room(room.x, y, room.width, unit * HEADING))
        y += unit * HEADING
    for number, line in enumerate(lines):
        height = unit * (NEXT_LINE if number else FIRST_LINE)
        parts.append(Words(line, room.x, y, height, room.width, weight=400 if number else 700))
        y += height
    if face.figures:
        below = Room(room.x, y, room.width, room.y + room.height - y)
        parts += _figures(face.figures, below)
    return parts


def _heading(face: Face, room: Room) -> list[Part]:
    corner = room.width * (CORNER_SHARE if face.heading else 1.0) if face.corner else 0.0
    parts: list[Part] = []
    if face.heading:
        most = room.width - corner - GAP / 2
        parts.append(Words(face.heading, room.x, room.y, room.height, most, weight=700))
    if face.corner:
        parts.append(
            Words(face.corner, room.right, room.y, room.height, corner, anchor="end", weight=600)
        )
    return parts


def _figures(figures: tuple[Figure, ...], room: Room) -> list[Part]:
    each = room.width / len(figures)
    small = min(max(room.height * 0.2, 1.8), 3.6)
    parts: list[Part] = []
    for number, figure in enumerate(figures):
        x = room.x + number * each
        value = Room(x, room.y + small * 0.9, each - GAP, room.height - small * 0.9)
        parts.append(Words(figure.word, x, room.y, small, each - GAP, weight=400, least=1.4))
        parts.append(
            Words(
                figure.value,
                x,
                value.y,
                value.height,
                value.width,
                weight=700,
                least=2.2,
                is_whole=True,
            )
        )
    return parts
