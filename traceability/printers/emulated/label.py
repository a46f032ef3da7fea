"""A label that an emulated printer prints: ink on a sheet, and what is wrong with it.

Codes are made again from what the printer understood, by other means than the label was drawn with.
So a slip in an escape, a subset or a separator gives another code, and a scanner will notice.

>>> label = EmulatedLabel(80, 40)
>>> label.box(70, 10, 20, 5)
>>> label.faults
['A box reaches 10 dots over the right edge.']
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import zxingcpp
from barcode.charsets.code128 import CODES, STOP
from PIL import Image, ImageDraw, ImageFont

__all__ = ["EmulatedLabel", "bar_modules", "code128_modules", "itf_modules", "square_rows"]

FAULTS_MAX = 100
ASCENT = 0.75
"""Letters of a printer's font stand on a line so far below the top of their cell."""
CONDENSED = 0.86
"""How much narrower than a common grotesque a printer's condensed bold is."""
_ITF = ("NNWWN", "WNNNW", "NWNNW", "WWNNN", "NNWNW", "WNWNN", "NWWNN", "NNNWW", "WNNWN", "NWNWN")
"""Narrow and wide of each digit. Source: ISO/IEC 16390:2007, table 1."""
_FORMATS = {
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "ean8": zxingcpp.BarcodeFormat.EAN8,
    "upc_a": zxingcpp.BarcodeFormat.UPCA,
}

Box = tuple[int, int, int, int]


@dataclass(slots=True)
class EmulatedLabel:
    """One label while it is printed; all places in dots from its top left."""

    width: int
    height: int
    faults: list[str] = field(default_factory=list)
    codes: list[Box] = field(default_factory=list)
    words: list[tuple[str, Box]] = field(default_factory=list)
    picture: Image.Image = field(init=False)
    """Mode 1, black is 0."""

    def __post_init__(self) -> None:
        self.picture = Image.new("1", (self.width, self.height), 1)

    def fault(self, sentence: str) -> None:
        """Remember what is wrong."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(sentence)

    def finish(self) -> None:
        """Compare what was printed with itself: no words may lie on a code or on other words."""
        for number, (said, box) in enumerate(self.words):
            if any(_meet(box, code) for code in self.codes):
                self.fault(f"The words {said[:40]!r} lie on a code.")
            for other, place in self.words[:number]:
                if _meet(box, place):
                    self.fault(f"The words {said[:40]!r} lie on {other[:40]!r}.")

    def box(self, x: int, y: int, width: int, height: int, thick: int = 0) -> None:
        """Print a box; 0 is a filled one."""
        self._check("A box", (x, y, x + width, y + height))
        brush = ImageDraw.Draw(self.picture)
        edges = (x, y, x + width - 1, y + height - 1)
        if not thick or thick >= min(width, height):
            brush.rectangle(edges, fill=0)
        else:
            brush.rectangle(edges, outline=0, width=thick)

    def dots(self, picture: Image.Image, x: int, y: int, what: str = "A picture") -> None:
        """Print dots: mode L or 1, black is 0."""
        ink = picture.convert("L").point(lambda light: 255 if light < 128 else 0).convert("1")
        inside = ink.getbbox()
        if inside is not None:
            found = (x + inside[0], y + inside[1], x + inside[2], y + inside[3])
            self._check(what, found)
        self.picture.paste(0, (x, y), ink)

    def bars(self, modules: str, x: int, y: int, module: int, height: int) -> None:
        """Print bars; 1 is black, every module equally wide."""
        small = Image.frombytes("L", (len(modules), 1), bytes(255 * (m == "0") for m in modules))
        self._code(small, (len(modules) * module, height), x, y)

    def square(self, rows: list[str], x: int, y: int, module: int) -> None:
        """Print squares; 1 is black."""
        dots = bytes(255 * (one == "0") for row in rows for one in row)
        small = Image.frombytes("L", (len(rows[0]), len(rows)), dots)
        self._code(small, (len(rows[0]) * module, len(rows) * module), x, y)

    def _code(self, small: Image.Image, size: tuple[int, int], x: int, y: int) -> None:
        self.dots(small.resize(size, Image.Resampling.NEAREST), x, y, "A code")
        self.codes.append((x, y, x + size[0], y + size[1]))

    def text(
        self, said: str, x: int, baseline: int, height: int, width: int, *, block: int = 0,
        side: str = "L",
    ) -> None:  # fmt: skip
        """Print one line in the printer's own scalable font.

        Args:
            said: What is printed.
            x: Left of the line, or of the block.
            baseline: Where the letters stand.
            height: Height of the letters.
            width: As the printer is told: equal to the height for letters of common shape.
            block: Width of a block in which the line is set; 0 for none.
            side: L, C or R in the block.
        """
        if not said:
            return
        font = ImageFont.load_default(size=height)
        natural = font.getlength(said)
        length = max(1, round(natural * CONDENSED * width / height))
        image = Image.new("L", (round(natural) + 2 * height, 3 * height), 255)
        ImageDraw.Draw(image).text((height, 2 * height), said, font=font, fill=0, anchor="ls")
        share = length / natural
        image = image.resize((max(1, round(image.width * share)), image.height))
        if block and length > block:
            self.fault(f"The words {said[:40]!r} are {length - block} dots wider than their block.")
        start = {"L": 0, "C": (block - length) // 2, "R": block - length}[side] if block else 0
        self._words(said, image, x + start - round(height * share), baseline - 2 * height)

    def cells(self, said: str, x: int, y: int, width: int, height: int) -> None:
        """Print one line in a font whose letters all have the same cell."""
        font = ImageFont.load_default(size=height)
        image = Image.new("L", (width * len(said), height), 255)
        for number, letter in enumerate(said):
            cell = Image.new("L", (height * 2, height), 255)
            brush = ImageDraw.Draw(cell)
            brush.text((0, round(height * ASCENT)), letter, font=font, fill=0, anchor="ls")
            natural = max(1, round(font.getlength(letter)))
            fitted = cell.crop((0, 0, natural, height))
            if natural > width:
                fitted = fitted.resize((width, height))
            image.paste(fitted, (number * width, 0))
        self._check(f"The words {said[:40]!r}", (x, y, x + image.width, y + height))
        self._words(said, image, x, y)

    def _words(self, said: str, image: Image.Image, x: int, y: int) -> None:
        self.dots(image, x, y, f"The words {said[:40]!r}")
        inside = image.point(lambda light: 255 if light < 128 else 0).getbbox()
        if inside is not None:
            box = (x + inside[0], y + inside[1], x + inside[2], y + inside[3])
            self.words.append((said, box))

    def _check(self, what: str, box: Box) -> None:
        over = {
            "left": -box[0],
            "upper": -box[1],
            "right": box[2] - self.width,
            "lower": box[3] - self.height,
        }
        for edge, count in over.items():
            if count > 0:
                verb = "reach" if what.startswith("The words") else "reaches"
                self.fault(f"{what} {verb} {count} dots over the {edge} edge.")


def _meet(one: Box, other: Box) -> bool:
    is_beside = one[0] >= other[2] or other[0] >= one[2]
    return not is_beside and one[1] < other[3] and other[1] < one[3]


def code128_modules(values: list[int]) -> str:
    """Encode values from the start on as bars; the check character is added.

    Source: ISO/IEC 15417:2007, section 4.3.

    >>> len(code128_modules([104, 34]))
    46
    """
    check = (values[0] + sum(place * one for place, one in enumerate(values[1:], 1))) % 103
    return str("".join(CODES[one] for one in [*values, check]) + STOP + "11")


def itf_modules(digits: str, narrow: int, ratio: float) -> str:
    """Encode an even number of digits as interleaved 2 of 5; each character is one dot.

    Source: ISO/IEC 16390:2007, section 4.3.
    """
    wide = round(narrow * ratio)
    widths = {"N": narrow, "W": wide}
    found = ("1" * narrow + "0" * narrow) * 2
    for at in range(0, len(digits), 2):
        pair = zip(_ITF[int(digits[at])], _ITF[int(digits[at + 1])], strict=True)
        found += "".join("1" * widths[bar] + "0" * widths[gap] for bar, gap in pair)
    return found + "1" * wide + "0" * narrow + "1" * narrow


def bar_modules(kind: str, digits: str) -> str:
    """Encode digits as EAN-13, EAN-8 or UPC-A; the check digit is added if it is not there.

    Raises:
        ValueError: If they cannot be encoded.
    """
    return _rows(zxingcpp.create_barcode(digits, _FORMATS[kind]))[0]


def square_rows(kind: str, text: str, **how: Any) -> list[str]:  # options of the encoder's own
    """Encode a text as ``qr`` or ``datamatrix``.

    Raises:
        ValueError: If it cannot be encoded.
    """
    name = zxingcpp.BarcodeFormat.QRCode if kind == "qr" else zxingcpp.BarcodeFormat.DataMatrix
    return _rows(zxingcpp.create_barcode(text, name, **how))


def _rows(made: zxingcpp.Barcode) -> list[str]:
    # Its image speaks the buffer protocol, which type checkers of this Python do not know.
    view = memoryview(cast("Any", made.to_image(scale=1, add_quiet_zones=False)))
    assert view.shape is not None, "a picture has two sides"
    width, data = view.shape[1], view.tobytes()
    whole = [data[at : at + width] for at in range(0, len(data), width)]
    return ["".join("0" if one else "1" for one in row) for row in whole]
