"""A label in the dots of a printer: black or white, each bar and each module whole dots wide.

>>> from traceability.labels.barcode_1d import code128
>>> picture = Picture(50, 30, (Code(code128("B-10006"), 2, 2, 0.25, 10),))
>>> rasterise(picture, 203).size
(400, 240)
"""

from __future__ import annotations

from math import ceil, floor

from PIL import Image, ImageChops, ImageDraw

from traceability.errors import Refused
from traceability.labels.barcode_1d import Bars, check_module
from traceability.labels.lettering import Line
from traceability.labels.picture import Code, Picture, Rule, Words
from traceability.labels.square import Square
from traceability.labels.typefaces import Run, runs

__all__ = ["code_bitmap", "dots_per_mm", "module_dots", "rasterise", "run_bitmap", "words_bitmap"]

DPI_MIN, DPI_MAX = 150, 1_200
GROWTH_MAX = 1.03
"""A module may become this much wider on a printer's grid; more, and the code leaves its room."""
_BLACK, _WHITE = 0, 255
_HALF = 127
"""A dot is printed if at least half of it is ink."""


def dots_per_mm(dpi: int) -> float:
    """Return the dots of a millimetre; a print head of 203 dpi has 8 of them.

    Raises:
        Refused: If no printer prints so.
    """
    if not DPI_MIN <= dpi <= DPI_MAX:
        raise Refused(f"Cannot draw at {dpi} dpi: expected {DPI_MIN} to {DPI_MAX}.")
    return 8.0 if dpi == 203 else dpi / 25.4


def module_dots(code: Code, dpi: int) -> int:
    """Return how many dots one module of a code is wide.

    Raises:
        Refused: If bars would be narrower than their kind allows.
    """
    per_mm = dots_per_mm(dpi)
    dots = max(1, floor(code.module * per_mm * GROWTH_MAX))
    if isinstance(code.code, Bars):
        check_module(code.code, dots / per_mm)
    return dots


def code_bitmap(code: Code, dpi: int) -> tuple[Image.Image, int, int]:
    """Draw a code with its quiet zone.

    Returns:
        A picture of black and white, and where its left and top lie on the label, in dots: the
        code is in the middle of its room, where its dots do not fill it.

    Raises:
        Refused: If bars would be narrower than their kind allows.
    """
    dots, per_mm = module_dots(code, dpi), dots_per_mm(dpi)
    wide, high = code.size
    if isinstance(code.code, Bars):
        drawn = _bars(code.code, dots, round(code.height * per_mm), round(code.guard * per_mm))
        top = round(code.y * per_mm)
    else:
        drawn = _square(code.code, dots)
        top = round((code.y + high / 2) * per_mm - drawn.height / 2)
    left = round((code.x + wide / 2) * per_mm - drawn.width / 2)
    return drawn, left, top


def _bars(bars: Bars, dots: int, height: int, guard: int) -> Image.Image:
    count = len(bars.modules) + sum(bars.quiet)
    drawn = Image.new("1", (count * dots, height + guard), _WHITE)
    brush = ImageDraw.Draw(drawn)
    for is_guard, end in ((False, height), (True, height + guard)):
        for at, width in bars.runs(guards_only=is_guard):
            brush.rectangle((at * dots, 0, (at + width) * dots - 1, end - 1), fill=0)
    return drawn


def _square(square: Square, dots: int) -> Image.Image:
    side = (square.size + 2 * square.quiet) * dots
    drawn = Image.new("1", (side, side), _WHITE)
    brush = ImageDraw.Draw(drawn)
    for across, down, width in square.runs():
        box = (across * dots, down * dots, (across + width) * dots - 1, (down + 1) * dots - 1)
        brush.rectangle(box, fill=0)
    return drawn


def words_bitmap(words: Words, dpi: int) -> tuple[Image.Image, float, float]:
    """Draw words, for a printer that has not their letters.

    Returns:
        A picture of black and white as small as the words are, and left and top of it on the
        label, mm. For words that say nothing it is one white dot.

    Raises:
        Refused: If no face of this PC has one of the letters.
    """
    per_mm = dots_per_mm(dpi)
    lines = [_line(words, line, baseline, per_mm) for line, baseline in words.lines()]
    drawn = [one for one in lines if one is not None]
    if not drawn:
        return Image.new("1", (1, 1), _WHITE), words.x, words.y
    left, top = min(one[1] for one in drawn), min(one[2] for one in drawn)
    right = max(left_ + image.width for image, left_, _ in drawn)
    bottom = max(top_ + image.height for image, _, top_ in drawn)
    canvas = Image.new("1", (right - left, bottom - top), _WHITE)
    for image, left_, top_ in drawn:
        canvas.paste(0, (left_ - left, top_ - top), image)
    return canvas, left / per_mm, top / per_mm


def _line(
    words: Words, line: Line, baseline: float, per_mm: float
) -> tuple[Image.Image, int, int] | None:
    """Draw one line, ink white on black; return it with its left and top on the label, in dots."""
    size = max(4, round(line.size * per_mm))
    parts = runs(line.text, weight=words.weight, stretch=line.stretch)
    length = sum(_length(run, size) for run in parts)
    most = words.room * per_mm
    image, left, top = _ink(parts, size, ceil(length))
    if length > most:
        # A face of the PC is wider than was reckoned: the line is pressed into its room.
        image = image.resize((max(1, round(image.width * most / length)), image.height))
        left, length = round(left * most / length), most
    box = image.point(lambda light: _WHITE if light > _HALF else _BLACK).convert("1")
    ink = box.getbbox()
    if ink is None:
        return None
    start = {"start": 0.0, "middle": length / 2, "end": length}[words.anchor]
    at = round(words.x * per_mm - start) + left + ink[0]
    return box.crop(ink), at, round(baseline * per_mm) + top + ink[1]


def _length(run: Run, size: int) -> float:
    return float(run.face.font(size).getlength(run.text))


def _ink(parts: tuple[Run, ...], size: int, length: int) -> tuple[Image.Image, int, int]:
    """Draw runs beside one another; return left and top of the drawing from begin and baseline."""
    edge = size
    image = Image.new("L", (length + 2 * edge, 3 * size), _BLACK)
    brush = ImageDraw.Draw(image)
    at = float(edge)
    for run in parts:
        font = run.face.font(size)
        brush.text((at, 2 * size), run.text, font=font, fill=_WHITE, anchor="ls")
        at += float(font.getlength(run.text))
    return image, -edge, -2 * size


def run_bitmap(run: Run, size: int) -> tuple[Image.Image, int, int]:
    """Draw letters of one face, ink white on black.

    Args:
        run: The letters.
        size: Height of the face, dots.

    Returns:
        A picture as small as the ink, and its left and top counted from begin and baseline, dots.
    """
    image, left, top = _ink((run,), size, ceil(_length(run, size)))
    box = image.point(lambda light: _WHITE if light > _HALF else _BLACK).convert("1")
    ink = box.getbbox() or (0, 0, 1, 1)
    return box.crop(ink), left + ink[0], top + ink[1]


def rasterise(picture: Picture, dpi: int) -> Image.Image:
    """Draw a label as a printer prints it: one bit for each dot.

    Args:
        picture: The label.
        dpi: Dots of an inch: 203, 300 or 600.

    Raises:
        Refused: If bars would be narrower than their kind allows, or no face has a letter.
    """
    per_mm = dots_per_mm(dpi)
    size = (round(picture.width * per_mm), round(picture.height * per_mm))
    canvas = Image.new("1", size, _WHITE)
    brush = ImageDraw.Draw(canvas)
    for part in picture.parts:
        if isinstance(part, Words):
            drawn, x, y = words_bitmap(part, dpi)
            place = (round(x * per_mm), round(y * per_mm))
            canvas.paste(0, place, ImageChops.invert(drawn))
        elif isinstance(part, Code):
            drawn, left, top = code_bitmap(part, dpi)
            canvas.paste(0, (left, top), ImageChops.invert(drawn))
        else:
            _rule(brush, part, per_mm)
    return canvas


def _rule(brush: ImageDraw.ImageDraw, rule: Rule, per_mm: float) -> None:
    """Draw a line; its dashes are those of the browser's."""
    half = max(1.0, rule.thickness * per_mm) / 2
    is_level = rule.y1 == rule.y2
    start, end = sorted((rule.x1, rule.x2) if is_level else (rule.y1, rule.y2))
    across = (rule.y1 if is_level else rule.x1) * per_mm
    near, far = round(across - half), max(round(across - half), round(across + half) - 1)
    dash, step = (1.2, 2.0) if rule.is_dashed else (end - start, max(end - start, 1.0))
    at = start
    while at < end:
        first, last = round(at * per_mm), round(min(at + dash, end) * per_mm) - 1
        box = (first, near, last, far) if is_level else (near, first, far, last)
        brush.rectangle(box, fill=0)
        at += step
