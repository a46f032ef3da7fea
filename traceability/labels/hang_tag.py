"""The tag that hangs on a garment: whose it is, what it is, its size, and the codes of this one.

The square names this very garment, the bars under it its article, as a till wants it. On a tag too
narrow for bars their digits stay.

>>> from traceability.labels.picture import Code
>>> label = hang_tag("/01/09506000134352/21/1042", style="Overshirt", size=Figure("M", "Size"))
>>> picture = label.drawing.draw((60, 90))
>>> [part.code.kind for part in picture.parts if isinstance(part, Code)]
['ean13', 'qr']
>>> [part.code.kind for part in label.drawing.draw((38, 40)).parts if isinstance(part, Code)]
['qr']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from traceability.gs1.escapes import unescape
from traceability.gs1.identify import identify
from traceability.gs1.identity import CANONICAL_HOST, Elements
from traceability.gs1.local import parse_local_key
from traceability.labels.barcode_1d import Bars, ean8, ean13, upc_a
from traceability.labels.label import Label
from traceability.labels.layout import (
    GAP,
    Figure,
    Room,
    digits_height,
    lay_bars,
    lay_figures,
    lay_lines,
    lay_square,
    snap,
)
from traceability.labels.picture import DOT, Code, Part, Picture, Words
from traceability.labels.reading_back import says
from traceability.labels.square import Square, data_matrix, qr_code

__all__ = ["HangTag", "hang_tag", "retail_bars"]

FINER_MODULE = 4 * 25.4 / 300
"""Bars of four dots at 300 dpi, 0.339 mm: where three dots of a 203 dpi printer are too wide."""
RETAIL_MODULES = (4 * DOT, 3 * DOT, FINER_MODULE)
RETAIL_EDGE = 0.5
"""An EAN's quiet zone ends this far before the edge of the tag."""
UPRIGHT_SHARE, UPRIGHT_ALONE, SQUARE_WIDE_SHARE = 0.5, 0.7, 0.4
"""The square takes at most this much of the width of an upright tag beside a size and without one,
and of a wide tag."""
WIDE_FIGURE = 0.36
"""The size on a wide tag takes this much of the room beside the square."""
NAME_LEAST, LINE_MOST = 2.1, 5.5
"""What can be typed is at least so high; other lines at most so high, mm."""


@dataclass(frozen=True, slots=True)
class HangTag:
    """What one hang-tag shows."""

    square: Square
    name: str
    """What can be typed: the serial number, or the workshop's own short code."""
    brand: str = ""
    style: str = ""
    colour: str = ""
    size: Figure | None = None
    lines: tuple[str, ...] = ()
    """Origin, material, care; empty ones are left out."""
    bars: Bars | None = None
    title: str = ""
    """What it is, for those who hear the page."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out, upright or wide.

        Args:
            size: Width and height of the tag, mm.
            inset: What stays white at the sides, and above and below, mm.

        Raises:
            Refused: If it has no room there; the sentence says how much it needs.
        """
        inside = Room(inset[0], inset[1], size[0] - 2 * inset[0], size[1] - 2 * inset[1])
        draw = _upright if size[1] > size[0] else _wide
        parts = draw(self, inside, size[0], min(inset))
        return Picture(size[0], size[1], tuple(parts), self.title or self.name)

    def words(self, *, with_digits: bool) -> tuple[tuple[str, float, bool], ...]:
        """Return its lines: text, height in parts of the others', whether bold."""
        digits = self.bars.text if self.bars and with_digits else ""
        return (
            (self.brand, 0.85, False),
            (self.style, 1.15, True),
            (self.colour, 1.0, False),
            *((line, 0.72, False) for line in (*self.lines, digits)),
        )


def _bars_module(tag: HangTag, width: float) -> float | None:
    if tag.bars is None:
        return None
    fitting = (one for one in RETAIL_MODULES if tag.bars.width_mm(one) <= width - RETAIL_EDGE)
    # Wider bars than three dots are for tags that have the room twice over.
    return next((one for one in fitting if one <= 3 * DOT or width > 90), None)


def _upright(tag: HangTag, inside: Room, width: float, edge: float) -> list[Part]:
    """Words at the top, the square with the size beside it, the bars along the bottom."""
    module = _bars_module(tag, width)
    parts: list[Part] = []
    rest = inside
    if module is not None and tag.bars is not None:
        block = min(max(inside.height * 0.24, 9.5), 24.0)
        x = (width - tag.bars.width_mm(module)) / 2
        parts += _retail(tag.bars, x, inside.bottom - block, module, block)
        rest = inside.above(inside.height - block - GAP)
    name = min(max(rest.height * (0.07 if module else 0.1), NAME_LEAST), 7.0)
    lines = tag.words(with_digits=module is None)
    total = sum(share for text, share, _ in lines if text.strip())
    unit = min(LINE_MOST, rest.height * 0.54 / max(total, 3.0))
    row = rest.below(unit * total + GAP).above(rest.height - unit * total - GAP - name - GAP / 2)
    most = min(row.width * (UPRIGHT_SHARE if tag.size else UPRIGHT_ALONE), row.height)
    # Its dark modules stand exactly under the words' left edge, its quiet zone in the white one.
    fitted = lay_square(tag.square, Room(row.x, row.y, most, most), edge, most=1.5)
    quiet = min(edge, tag.square.quiet * fitted.module)
    side = fitted.size[0]
    top = row.bottom - side + quiet
    square = Code(tag.square, snap(row.x - quiet), snap(top), fitted.module)
    parts.append(square)
    if tag.size is not None:
        beside = square.x + side + (GAP if quiet == tag.square.quiet * fitted.module else 0)
        parts += lay_figures(
            (tag.size,), Room(beside, top + quiet, row.right - beside, side - 2 * quiet)
        )
    parts.append(Words(tag.name, rest.x, rest.bottom - name, name, rest.width, is_whole=True))
    words = Room(rest.x, rest.y, rest.width, top + quiet - GAP - rest.y)
    return [*parts, *lay_lines(lines, words, most=min(LINE_MOST, words.height * 0.3))]


def _wide(tag: HangTag, inside: Room, width: float, edge: float) -> list[Part]:
    """Words at the left, the size, the square at the right over its name, the bars below."""
    module = _bars_module(tag, width)
    parts: list[Part] = []
    rest, column = inside, 0.0
    if module is not None and tag.bars is not None:
        strip = min(max(inside.height * 0.34, 8.5), 20.0)
        x = max(RETAIL_EDGE, inside.x - tag.bars.quiet[0] * module)
        parts += _retail(tag.bars, x, inside.bottom - strip, module, strip)
        rest = inside.above(inside.height - strip - GAP)
        # Beside short bars the square may reach down to the edge.
        column = min(inside.height, inside.right - x - tag.bars.width_mm(module))
    name = min(max(inside.height * 0.08, NAME_LEAST), 5.0)
    most = min(rest.width * SQUARE_WIDE_SHARE, max(rest.height, column) - name)
    square = lay_square(tag.square, Room(rest.right - most, rest.y, most, most), edge, most=1.5)
    parts.append(square)
    side = square.size[0]
    ink = tag.square.quiet * square.module
    under = square.y + side - ink + name * 0.15
    parts.append(
        Words(
            tag.name, square.x + side / 2, under, name, side - ink,
            anchor="middle", least=1.2, is_whole=True,
        )
    )  # fmt: skip
    beside = Room(rest.x, rest.y, square.x - rest.x, rest.height)
    share = WIDE_FIGURE if tag.size is not None else 0.0
    words = Room(beside.x, beside.y, beside.width * (1 - share) - GAP, beside.height)
    lines = tag.words(with_digits=module is None)
    parts += lay_lines(lines, words, most=min(LINE_MOST, beside.height * 0.28))
    if tag.size is not None:
        height = min(beside.height, beside.width * share * 0.9, 16.0)
        x = beside.x + beside.width * (1 - share)
        parts += lay_figures((tag.size,), Room(x, beside.y, beside.right - x, height))
    return parts


def _retail(bars: Bars, x: float, y: float, module: float, height: float) -> list[Part]:
    """Lay bars and their digits into so much height."""
    return lay_bars(bars, x, y, module, height - digits_height(bars, module) - module)


# --- from a key ----------------------------------------------------------------------------------


def retail_bars(gtin: str) -> Bars | None:
    """Return the bars that a till reads for a GTIN-14; None where it has an indicator digit.

    Raises:
        InvalidIdentifier: If its check digit is wrong.

    >>> retail_bars("09506000134352").kind, retail_bars("00614141000036").kind
    ('ean13', 'upc_a')
    """
    if gtin.startswith("000000"):
        return ean8(gtin[6:])
    if gtin.startswith("00"):
        return upc_a(gtin[2:])
    return ean13(gtin[1:]) if gtin.startswith("0") else None


def hang_tag(
    key: str,
    *,
    square: Literal["link", "matrix", "name"] = "link",
    host: str = CANONICAL_HOST,
    brand: str = "",
    style: str = "",
    colour: str = "",
    size: Figure | None = None,
    lines: tuple[str, ...] = (),
    title: str = "",
    epc: bytes | None = None,
) -> Label:
    """Make the hang-tag of a garment, or of an article without serial numbers.

    Args:
        key: Its key: ``/01/…/21/…``, or a workshop's own.
        square: ``link``, a QR code that a phone opens; ``matrix``, a GS1 DataMatrix; ``name``, a QR
            code with the short name alone. A workshop's own key has no GS1 DataMatrix: its link is
            its URI, and so is a name that a scanner would take for something else.
        host: Scheme and host of the link; a resolver or shop of the brand's own.
        brand: Whose it is.
        style: What it is.
        colour: Of the garment.
        size: Its size, and the word for it.
        lines: Origin, material, care.
        title: What it is, for those who hear the page.
        epc: What its chip is to carry.

    Raises:
        InvalidIdentifier: If the key cannot be printed.
    """
    own = parse_local_key(key)
    bars = None
    if own is not None:
        name = own.text
        is_name = square == "name" and says(own.text, key, own.namespace)
        code = qr_code(own.text if is_name else own.uri)
    else:
        elements: Elements = identify(key).ais
        values = dict(elements)
        name = f"(21) {unescape(values['21'])}" if "21" in values else ""
        code = data_matrix(elements) if square == "matrix" else qr_code(host.rstrip("/") + key)
        bars = retail_bars(values["01"]) if "01" in values else None
        name = name or values.get("01", key)
    tag = HangTag(code, name, brand, style, colour, size, lines, bars, title)
    return Label("hang-tag", name.removeprefix("(21) "), tag, key, epc)
