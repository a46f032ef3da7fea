"""Labels as a PDF in exact millimetres, for any printer and any copy shop.

Codes are drawn as areas, words are text in our own face, so that they can be searched and copied.
Letters of other scripts come from the PC's faces and lie on the page as fine dots.

>>> from traceability.labels.face import Face
>>> from traceability.labels.sheet import find_paper
>>> write_pdf([Face("B-10006")], find_paper("60x40"))[:5]
b'%PDF-'
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from traceability.labels.barcode_1d import Bars
from traceability.labels.label import Drawing, Label
from traceability.labels.lettering import Line
from traceability.labels.page import cut_lines, drawn
from traceability.labels.picture import Code, Part, Picture, Rule, Words
from traceability.labels.raster import run_bitmap
from traceability.labels.sheet import Paper, places
from traceability.labels.typefaces import Run, our_face, runs

__all__ = ["write_pdf"]

POINT = 25.4 / 72
"""One point of PDF, mm."""
FINE_DPI = 600
"""Dots of an inch of letters that are no text: as fine as an office printer prints."""


def write_pdf(labels: Sequence[Label | Drawing], paper: Paper, *, start: int = 1) -> bytes:
    """Write labels on their paper as PDF; each label is proven before.

    Args:
        labels: What is printed, in order.
        paper: Where they lie; each page is exactly as large.
        start: Place of the first one on the first page, from 1.

    Raises:
        Refused: If the page has no such place, a label no room, or no face a letter.
        Conflict: If a code cannot be read back or leads elsewhere than its label.
    """
    file = io.BytesIO()
    wide, high = (side / POINT for side in paper.page)
    canvas = Canvas(file, pagesize=(wide, high), invariant=True)
    canvas.setCreator("Hangtag")
    # Whoever prints it without looking shall get the true size.
    canvas.setViewerPreference("PrintScaling", "None")
    shown = -1
    for label, (page, x, y) in zip(labels, places(len(labels), paper, start=start), strict=True):
        if page != shown:
            if shown >= 0:
                canvas.showPage()
            shown = page
            if paper.is_cut:
                _Place(canvas, 0, 0, paper.page[1]).draw(cut_lines(paper))
        picture = drawn(label, paper)
        if len(labels) == 1:
            canvas.setTitle(picture.spoken)
        _Place(canvas, x, y, paper.page[1]).draw(picture)
    canvas.save()
    return file.getvalue()


@cache
def _registered(weight: int, stretch: int) -> str:
    """Make our face known to the writer, and return what it calls it."""
    name = f"Archivo-{weight}-{stretch}"
    pdfmetrics.registerFont(TTFont(name, str(our_face(weight, stretch).path)))
    return name


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a label lies on a page; the page counts from below, labels from above."""

    canvas: Canvas
    left: float
    top: float
    page_height: float

    def x(self, value: float) -> float:
        return (self.left + value) / POINT

    def y(self, value: float) -> float:
        return (self.page_height - self.top - value) / POINT

    def draw(self, picture: Picture) -> None:
        for part in picture.parts:
            self._draw(part)

    def _draw(self, part: Part) -> None:
        if isinstance(part, Code):
            self._code(part)
        elif isinstance(part, Rule):
            self._rule(part)
        else:
            for line, baseline in part.lines():
                self._line(part, line, baseline)

    def _code(self, code: Code) -> None:
        """Fill all dark areas as one: no hairlines where two of them touch."""
        path = self.canvas.beginPath()
        module = code.module
        for left, top, wide, high in _areas(code):
            path.rect(
                self.x(code.x + left * module), self.y(code.y + top + high),
                wide * module / POINT, high / POINT,
            )  # fmt: skip
        self.canvas.drawPath(path, stroke=0, fill=1)

    def _rule(self, rule: Rule) -> None:
        self.canvas.setLineWidth(rule.thickness / POINT)
        if rule.is_dashed:
            self.canvas.setDash(1.2 / POINT, 0.8 / POINT)
        else:
            self.canvas.setDash()
        self.canvas.line(self.x(rule.x1), self.y(rule.y1), self.x(rule.x2), self.y(rule.y2))

    def _line(self, words: Words, line: Line, baseline: float) -> None:
        parts = runs(line.text, weight=words.weight, stretch=line.stretch)
        font = _registered(words.weight, line.stretch)
        lengths = [_length(run, font, line.size) for run in parts]
        length = sum(lengths)
        # What is wider than was reckoned is pressed into its room.
        press = min(1.0, words.room / length) if length else 1.0
        x = words.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor] * length * press
        for run, each in zip(parts, lengths, strict=True):
            if run.face.is_ours:
                said = self.canvas.beginText(self.x(x), self.y(baseline))
                said.setFont(font, line.size / POINT)
                said.setHorizScale(press * 100)
                said.textOut(run.text)
                self.canvas.drawText(said)
            else:
                self._dots(run, line.size, x, baseline, press)
            x += each * press

    def _dots(self, run: Run, size: float, x: float, baseline: float, press: float) -> None:
        """Lay letters that are no text as black dots, white being left out."""
        image, left, top = run_bitmap(run, _dots_high(size))
        dot = size / _dots_high(size)
        grey = Image.new("L", image.size, 255)
        grey.paste(0, (0, 0), image)
        self.canvas.drawImage(
            ImageReader(grey),
            self.x(x + left * dot * press),
            self.y(baseline + (top + image.height) * dot),
            image.width * dot * press / POINT,
            image.height * dot / POINT,
            mask=[255, 255],
        )


def _dots_high(size: float) -> int:
    return max(8, round(size * FINE_DPI / 25.4))


def _length(run: Run, font: str, size: float) -> float:
    """Return how wide letters are, mm."""
    if run.face.is_ours:
        return float(pdfmetrics.stringWidth(run.text, font, size))
    high = _dots_high(size)
    return float(run.face.font(high).getlength(run.text)) * size / high


def _areas(code: Code) -> list[tuple[float, float, float, float]]:
    """Return left and width in modules, top and height in mm, of each dark area of a code."""
    if isinstance(code.code, Bars):
        low = set(code.code.runs(guards_only=True))
        return [
            (at, 0.0, wide, code.height + (code.guard if (at, wide) in low else 0.0))
            for at, wide in code.code.runs()
        ]
    return [
        (across, down * code.module, wide, code.module) for across, down, wide in code.code.runs()
    ]
