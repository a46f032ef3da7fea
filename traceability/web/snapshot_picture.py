"""An order as one picture: how far it is, by step, size and colour, for a phone far away.

The picture is drawn here, letter by letter, with the faces of the pages; it needs no browser. For
Chinese letters it borrows a face of this PC.

>>> draw(Sheet("Porto", "Order 118", "Shirts", ("24 pieces",)))[1:4]
b'PNG'
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from traceability.assets import folder
from traceability.errors import Refused

WIDTH = 1080
MARGIN = 56
HEIGHT_MAX = 8_000
ROWS_MAX = 60
INK, INK2, INK3 = "#12161c", "#434b55", "#5c656f"
GROUND, SUNK, LINE, BAR, WASH = "#ffffff", "#e6e9e5", "#d6dad5", "#2a3f8f", "#e7ebf7"
DONE = "#0a6648"

_LATIN = "archivo-latin-wght-normal.woff2"
_LATIN_MORE = "archivo-latin-ext-wght-normal.woff2"
_VIETNAMESE = "archivo-vietnamese-wght-normal.woff2"
_SPACES = {" ": 0.26, "\u00a0": 0.26, "\u202f": 0.16}
"""Widths of spaces in parts of the size: drawn letters stand tighter than a page sets them."""
_WIDE_FROM = 0x2E80
"""First letter of the Chinese and Japanese blocks."""
_BORROWED = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "simsun.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Medium.ttc",
)
"""Files of faces with Chinese letters, the best first."""
_FACE_FILES_MAX = 20_000
_BOLD_FROM = 560
_VIETNAMESE_LETTERS = frozenset("ĂăĐđĨĩŨũƠơƯư\u0300\u0301\u0303\u0309\u0323₫")


@dataclass(frozen=True, slots=True)
class Bar:
    """One step: how much of it is done."""

    name: str
    made: int
    of: int
    figures: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One colour: figures by size; None where the size is not ordered."""

    colour: str
    swatch: str
    """``#rrggbb``, or empty."""
    cells: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the picture says, in words and figures that are ready."""

    workshop: str
    heading: str
    title: str
    facts: tuple[str, ...]
    """Lines below the title: pieces, promise."""
    notice: str = ""
    """Set apart at the top: that it is a demo."""
    steps_title: str = ""
    bars: tuple[Bar, ...] = ()
    matrix_title: str = ""
    sizes: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    foot: tuple[str, ...] = ()
    """As of when, and to ask for a newer one."""

    def letters(self) -> str:
        """Return all that is written."""
        words = [self.workshop, self.heading, self.title, self.notice, *self.facts, *self.foot]
        words += [f"{one.name}{one.words}" for one in self.bars]
        words += [self.steps_title, self.matrix_title, *self.sizes, *(r.colour for r in self.rows)]
        return "".join(words)


def draw(sheet: Sheet) -> bytes:
    """Draw the picture.

    Returns:
        A PNG, 1080 pixels wide and as high as it has to be.

    Raises:
        Refused: If it holds Chinese letters and this PC has no face with them.
    """
    if any(ord(letter) >= _WIDE_FROM for letter in sheet.letters()) and _borrowed() is None:
        raise Refused(
            "Cannot draw this picture: it holds Chinese letters and this PC has no face with them. "
            "Install one (on Debian and Ubuntu: sudo apt install fonts-noto-cjk), or send the page."
        )
    image = Image.new("RGB", (WIDTH, HEIGHT_MAX), GROUND)
    pen = _Pen(ImageDraw.Draw(image))
    _head(pen, sheet)
    _steps(pen, sheet)
    _matrix(pen, sheet)
    _foot(pen, sheet)
    kept = image.crop((0, 0, WIDTH, min(pen.y, HEIGHT_MAX)))
    out = io.BytesIO()
    # Few colours are in it: a palette makes it a third of the size.
    kept.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


# --- letters -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pen:
    """Where the next line goes."""

    on: ImageDraw.ImageDraw
    y: int = 0

    def write(
        self,
        text: str,
        x: float,
        *,
        size: int,
        weight: int = 400,
        colour: str = INK,
        anchor: str = "start",
        down: float = 0,
    ) -> None:
        """Write one line with its baseline below the pen, without moving it."""
        left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * _width(text, size, weight)
        for part, face in _parts(text, size, weight):
            if part not in _SPACES:
                self.on.text((left, self.y + down), part, fill=colour, font=face, anchor="ls")
            left += _length(part, face, size)

    def line(self) -> None:
        """Rule a hairline across."""
        self.on.line((MARGIN, self.y, WIDTH - MARGIN, self.y), fill=LINE, width=2)


def _parts(text: str, size: int, weight: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    for file, letters in groupby(text, _file_of):
        face = _face(file, size, weight)
        if file:
            yield "".join(letters), face
        else:
            yield from ((space, face) for space in letters)


def _file_of(letter: str) -> str:
    if letter in _SPACES:
        return ""
    if ord(letter) < 0x100 or 0x2000 <= ord(letter) < 0x2070:
        return _LATIN
    if letter in "€™−" or letter in "ıŒœˆ˜":
        return _LATIN
    if letter in _VIETNAMESE_LETTERS or 0x1EA0 <= ord(letter) < 0x1EFA:
        return _VIETNAMESE
    if ord(letter) < 0x2E80:
        return _LATIN_MORE
    return _borrowed() or _LATIN


@lru_cache(maxsize=256)
def _face(file: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    if Path(file).is_absolute():
        bold = Path(file.replace("Regular", "Bold"))
        chosen = str(bold) if weight >= _BOLD_FROM and bold.is_file() else file
        return ImageFont.truetype(chosen, size, index=_simplified(file))
    own = (folder("static") / "fonts" / (file or _LATIN)).read_bytes()
    face = ImageFont.truetype(io.BytesIO(own), size)
    face.set_variation_by_axes([weight])
    return face


def _simplified(file: str) -> int:
    """Return which face of a collection has the letters as China writes them."""
    return 2 if Path(file).name.startswith("NotoSansCJK") else 0


def _length(part: str, face: ImageFont.FreeTypeFont, size: int) -> float:
    return _SPACES[part] * size if part in _SPACES else float(face.getlength(part))


def _width(text: str, size: int, weight: int) -> float:
    return sum(_length(part, face, size) for part, face in _parts(text, size, weight))


@lru_cache(maxsize=1)
def _borrowed() -> str | None:
    """Find a face with Chinese letters on this PC."""
    home = Path.home()
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts"]
    places += [home / ".local/share/fonts", Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    places.append(Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")
    found: dict[str, str] = {}
    looked = 0
    for place in places:
        for where, _below, files in os.walk(place):
            looked += len(files)
            if looked > _FACE_FILES_MAX:
                break
            for name in set(files) & set(_BORROWED):
                found.setdefault(name, str(Path(where) / name))
    return next((found[name] for name in _BORROWED if name in found), None)


def _wrapped(text: str, room: float, size: int, weight: int) -> list[str]:
    """Break a text where it may break: at spaces, and between Chinese letters."""
    lines = [""]
    for word in _words(text):
        if lines[-1] and _width((lines[-1] + word).rstrip(), size, weight) > room:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        word += letter
        if letter == " " or ord(letter) >= _WIDE_FROM:
            yield word
            word = ""
    yield word


def _fitting(texts: Sequence[str], room: float, size: int, weight: int, least: int = 15) -> int:
    """Return the largest size, from the wished one down, at which the widest text has room."""
    while size > least and max((_width(one, size, weight) for one in texts), default=0) > room:
        size -= 1
    return size


# --- parts of the sheet --------------------------------------------------------------------------


def _head(pen: _Pen, sheet: Sheet) -> None:
    pen.y = 76
    pen.write(sheet.workshop, MARGIN, size=28, weight=640)
    pen.write(sheet.heading, WIDTH - MARGIN, size=28, colour=INK2, anchor="end")
    if sheet.notice:
        pen.y += 44
        pen.write(sheet.notice, MARGIN, size=24, weight=620, colour=INK2)
    pen.y += 30
    pen.line()
    pen.y += 20
    for line in _wrapped(sheet.title, WIDTH - 2 * MARGIN, 54, 660)[:3]:
        pen.y += 62
        pen.write(line, MARGIN, size=54, weight=660)
    pen.y += 10
    for fact in sheet.facts:
        for line in _wrapped(fact, WIDTH - 2 * MARGIN, 30, 400):
            pen.y += 42
            pen.write(line, MARGIN, size=30, colour=INK2)
    pen.y += 44


def _section(pen: _Pen, title: str) -> None:
    pen.line()
    pen.y += 56
    pen.write(title, MARGIN, size=32, weight=640)
    pen.y += 14


def _steps(pen: _Pen, sheet: Sheet) -> None:
    if not sheet.bars:
        return
    _section(pen, sheet.steps_title)
    figures = max(_width(one.figures, 30, 620) for one in sheet.bars)
    for one in sheet.bars:
        pen.y += 52
        names = _wrapped(one.name, WIDTH - 2 * MARGIN - figures - 40, 30, 560)
        pen.write(names[0] if names else "", MARGIN, size=30, weight=560)
        is_done = one.made >= one.of > 0
        colour = DONE if is_done else INK if one.made else INK3
        pen.write(one.figures, WIDTH - MARGIN, size=30, weight=620, colour=colour, anchor="end")
        for line in names[1:3]:
            pen.y += 38
            pen.write(line, MARGIN, size=30, weight=560)
        _bar(pen, one)
        if one.words:
            pen.y += 30
            pen.write(one.words, MARGIN, size=23, colour=INK3)
    pen.y += 44


def _bar(pen: _Pen, one: Bar) -> None:
    pen.y += 18
    full = WIDTH - 2 * MARGIN
    pen.on.rectangle((MARGIN, pen.y, MARGIN + full, pen.y + 13), fill=SUNK)
    share = min(1.0, one.made / one.of) if one.of else 0.0
    if share:
        pen.on.rectangle((MARGIN, pen.y, MARGIN + max(3, full * share), pen.y + 13), fill=BAR)
    pen.y += 14


def _matrix(pen: _Pen, sheet: Sheet) -> None:
    if not sheet.rows:
        return
    _section(pen, sheet.matrix_title)
    rows = sheet.rows[:ROWS_MAX]
    named = min(300.0, max(_width(row.colour, 27, 520) for row in rows) + 50)
    each = (WIDTH - 2 * MARGIN - named) / max(1, len(sheet.sizes))
    written = [f"{cell[0]}/{cell[1]}" for row in rows for cell in row.cells if cell]
    size = _fitting([*written, *sheet.sizes], each - 12, 28, 600)
    middles = [MARGIN + named + each * (at + 0.5) for at in range(len(sheet.sizes))]
    pen.y += 40
    for name, middle in zip(sheet.sizes, middles, strict=True):
        pen.write(name, middle, size=min(size, 25), weight=520, colour=INK2, anchor="middle")
    pen.y += 16
    for row in rows:
        names = _wrapped(row.colour, named - 46, 27, 520)[:2]
        height = 64 if len(names) < 2 else 84
        for at, cell in enumerate(row.cells):
            left = MARGIN + named + each * at
            _cell(pen, cell, left, each, height, size)
        if row.swatch:
            box = (MARGIN, pen.y + 22, MARGIN + 22, pen.y + 44)
            pen.on.rectangle(box, fill=row.swatch, outline=INK3)
        for at, line in enumerate(names):
            pen.write(line, MARGIN + 34, size=27, weight=520, down=42 + 32 * at)
        pen.y += height + 6
    if len(sheet.rows) > ROWS_MAX:
        pen.write("…", MARGIN, size=28, down=24)
        pen.y += 40
    pen.y += 34


def _cell(
    pen: _Pen,
    cell: tuple[int, int] | None,
    left: float,
    width: float,
    height: int,
    size: int,
) -> None:
    if cell is None:
        return
    made, of = cell
    ground = WASH if made >= of else GROUND
    box = (left + 2, pen.y, left + width - 2, pen.y + height)
    pen.on.rectangle(box, fill=ground, outline=LINE)
    middle = left + width / 2
    whole = _width(f"{made}/{of}", size, 600)
    start = middle - whole / 2
    down = height / 2 + size * 0.3
    pen.write(str(made), start, size=size, weight=640, colour=INK if made else INK3, down=down)
    start += _width(str(made), size, 640)
    pen.write(f"/{of}", start, size=size, colour=INK2, down=down)
    share = min(1.0, made / of) if of else 0.0
    if share:
        end = left + 2 + (width - 4) * share
        pen.on.rectangle((left + 2, pen.y + height - 6, end, pen.y + height), fill=BAR)


def _foot(pen: _Pen, sheet: Sheet) -> None:
    pen.line()
    pen.y += 12
    for at, text in enumerate(sheet.foot):
        for line in _wrapped(text, WIDTH - 2 * MARGIN, 26, 600 if at == 0 else 400):
            pen.y += 38
            weight, colour = (620, INK) if at == 0 else (400, INK2)
            pen.write(line, MARGIN, size=26, weight=weight, colour=colour)
    pen.y += 52
