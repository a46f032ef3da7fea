"""A label as it is drawn: words, codes and lines at places in millimetres.

The same picture becomes SVG here; whatever else a printer speaks starts from it as well.

>>> picture = Picture(50, 30, (Words("118", 2, 6, 4),))
>>> picture.svg(x=5, y=10)[:40]
'<svg x="5" y="10" width="50" height="30"'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

from traceability.labels.barcode_1d import Bars
from traceability.labels.lettering import Line, fit, width
from traceability.labels.square import Square

__all__ = ["Code", "Part", "Picture", "Rule", "Words"]

DOT = 0.125
"""One dot of a printer with 8 dots a millimetre (203 dpi): codes are laid on its grid."""
_BASELINE = 0.76
"""Letters of a line stand this far below its top, in parts of its height."""

_FAMILIES = (
    "Archivo, Arial, Helvetica, 'Noto Sans', 'Noto Sans SC', 'Noto Sans CJK SC', "
    "'Noto Sans Bengali', sans-serif"
)

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What may stand in no document; a scanner or a paste may leave it in a name."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Words:
    """Text in a room of its own: it is fitted, never cut off."""

    text: str
    x: float
    """Left, middle or right of the room, as the anchor says."""
    y: float
    """Top of the room."""
    height: float
    room: float = 1000.0
    """Width of the room."""
    anchor: Anchor = "start"
    weight: Literal[400, 600, 700] = 600
    least: float = 1.7
    is_whole: bool = False
    """Never broken into two lines."""

    def lines(self) -> Iterator[tuple[Line, float]]:
        """Yield each line with the height of its baseline."""
        most = 1 if self.is_whole else 2
        found = fit(self.text, self.room, self.height * 0.92, least=self.least, lines=most)
        each = self.height / max(1, len(found))
        for number, line in enumerate(found):
            # A smaller line stands on the same ground as a large one beside it.
            yield line, self.y + number * each + each * _BASELINE + (each * 0.92 - line.size) * 0.12


@dataclass(frozen=True, slots=True)
class Code:
    """A code of bars or squares, its quiet zone inside."""

    code: Bars | Square
    x: float
    y: float
    module: float
    """Width of one module."""
    height: float = 0.0
    """Height of bars; squares have their own."""
    guard: float = 0.0
    """How much further down the guard bars of an EAN reach."""
    is_beside: bool = False
    """It says more about the thing that another code of the label names, as the contents of a
    carton do."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture."""
        if isinstance(self.code, Bars):
            return self.code.width_mm(self.module), self.height + self.guard
        side = self.code.side_mm(self.module)
        return side, side


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line; a dashed one is to be cut along."""

    x1: float
    y1: float
    x2: float
    y2: float
    is_dashed: bool = False
    thickness: float = 0.2
    """Half of it lies on either side of the line."""


Part = Words | Code | Rule


@dataclass(frozen=True, slots=True)
class Picture:
    """One label."""

    width: float
    height: float
    parts: tuple[Part, ...]
    title: str = ""
    """What it is, for those who hear the page."""

    @property
    def spoken(self) -> str:
        """Return the title without what no file can hold, such as control characters."""
        return _NO_TEXT.sub(" ", self.title)

    def svg(self, *, x: float = 0, y: float = 0) -> str:
        """Write the label as an SVG element that lies at a place of the page."""
        inside = "".join(_write(part) for part in self.parts)
        title = f"<title>{escape(self.spoken)}</title>" if self.title else ""
        size = f'width="{_mm(self.width)}" height="{_mm(self.height)}"'
        box = f'viewBox="0 0 {_mm(self.width)} {_mm(self.height)}"'
        return (
            f'<svg x="{_mm(x)}" y="{_mm(y)}" {size} {box} class="label" role="img">'
            f"{title}{inside}</svg>"
        )

    def svg_file(self) -> str:
        """Write the label as a file of its own, in true size, for drawing programs.

        Words stay words; a program that has not our face's narrow cuts presses them together.
        """
        inside = "".join(_write(part, is_alone=True) for part in self.parts)
        wide, high = _mm(self.width), _mm(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}mm" height="{high}mm" '
            f'viewBox="0 0 {wide} {high}" font-family="{_FAMILIES}">'
            f"<title>{escape(self.spoken)}</title>"
            f"<style>.w84{{font-stretch:84%}}.w76{{font-stretch:76%}}</style>"
            f'<rect width="{wide}" height="{high}" fill="#fff"/>{inside}</svg>'
        )


def _write(part: Part, *, is_alone: bool = False) -> str:
    if isinstance(part, Words):
        return "".join(_line(part, line, y, is_alone=is_alone) for line, y in part.lines())
    if isinstance(part, Code):
        return _code(part)
    dashes = ' stroke-dasharray="1.2 0.8"' if part.is_dashed else ""
    ends = f'x1="{_mm(part.x1)}" y1="{_mm(part.y1)}" x2="{_mm(part.x2)}" y2="{_mm(part.y2)}"'
    return f'<line {ends} stroke="#000" stroke-width="{_mm(part.thickness)}"{dashes}/>'


def _line(part: Words, line: Line, y: float, *, is_alone: bool) -> str:
    length = line.squeeze
    if length is None and is_alone and line.stretch != 100:
        length = min(part.room, width(line.text, line.size, stretch=line.stretch))
    squeeze = f' textLength="{_mm(length)}" lengthAdjust="spacingAndGlyphs"' if length else ""
    anchor = f' text-anchor="{part.anchor}"' if part.anchor != "start" else ""
    return (
        f'<text x="{_mm(part.x)}" y="{_mm(y)}" font-size="{_mm(line.size)}" '
        f'font-weight="{part.weight}" class="w{line.stretch}"{anchor}{squeeze}>'
        f"{escape(_NO_TEXT.sub(' ', line.text))}</text>"
    )


def _code(part: Code) -> str:
    is_bars = isinstance(part.code, Bars)
    across = _mm(part.module)
    down = _mm(part.height if is_bars else part.module)
    kind = "bars" if is_bars else "square"
    path = part.code.path
    if isinstance(part.code, Bars) and part.guard:
        low = f"{(part.height + part.guard) / part.height:.4f}"
        path += "".join(
            f"M{at} 0h{width}v{low}h-{width}z" for at, width in part.code.runs(guards_only=True)
        )
    return (
        f'<path class="{kind}" shape-rendering="crispEdges" '
        f'transform="translate({_mm(part.x)} {_mm(part.y)}) scale({across} {down})" '
        f'd="{path}"/>'
    )


def _mm(value: float) -> str:
    return f"{round(value, 3):g}"
