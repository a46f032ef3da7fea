"""Pages as they come out of the printer: labels at their places, and a page that tries the printer.

>>> from traceability.labels.face import Face
>>> [svg] = draw_pages([Face("B-10006")], find_paper("60x40"))
>>> svg[:50]
'<svg class="page" viewBox="0 0 60 40" width="60mm"'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from traceability.labels.barcode_1d import code128
from traceability.labels.label import Drawing, Label
from traceability.labels.picture import Code, Part, Picture, Rule, Words
from traceability.labels.reading_back import proven
from traceability.labels.sheet import Paper, find_paper, places
from traceability.labels.square import qr_code

__all__ = [
    "TrialPage",
    "cut_lines",
    "draw_pages",
    "draw_test",
    "drawn",
    "find_paper",
    "ruler_length",
    "whole_page",
]

RULER = 100
TICK, LONG_TICK = 2.5, 5.0
MODULE = 0.375
BARS_HIGH_MIN = 6.0
"""Millimetres: lower ones are hard to hit by hand."""


def draw_pages(labels: Sequence[Label | Drawing], paper: Paper, *, start: int = 1) -> list[str]:
    """Draw labels on their paper; each label is proven before.

    Args:
        labels: What is printed, in order; a drawing alone names no thing and is not proven.
        paper: Where they lie.
        start: Place of the first one on the first page, from 1.

    Returns:
        One SVG element for each page, in millimetres.

    Raises:
        Refused: If the page has no such place, or a label has no room on it.
        Conflict: If a code cannot be read back or leads elsewhere than its label.
    """
    inside: dict[int, list[str]] = {}
    for label, (page, x, y) in zip(labels, places(len(labels), paper, start=start), strict=True):
        inside.setdefault(page, []).append(drawn(label, paper).svg(x=x, y=y))
    lines = cut_lines(paper).svg() if paper.is_cut else ""
    return [_page(paper, lines + "".join(inside[page])) for page in sorted(inside)]


def drawn(label: Label | Drawing, paper: Paper) -> Picture:
    """Draw a label as large as the paper's are, proven if it names a thing.

    Raises:
        Refused: If it has no room there.
        Conflict: If a code cannot be read back or leads elsewhere than its label.
    """
    if isinstance(label, Label):
        return proven(label, paper.label, paper.inset)
    return label.draw(paper.label, paper.inset)


def _page(paper: Paper, inside: str, title: str = "") -> str:
    wide, high = (f"{side:g}" for side in paper.page)
    said = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<svg class="page" viewBox="0 0 {wide} {high}" width="{wide}mm" height="{high}mm">'
        f"{said}{inside}</svg>"
    )


def cut_lines(paper: Paper) -> Picture:
    """Draw the lines that plain paper is cut along, over the whole page."""
    parts: list[Part] = []
    ends = (
        paper.first[0] + paper.columns * paper.pitch[0],
        paper.first[1] + paper.rows * paper.pitch[1],
    )
    for column in range(paper.columns + 1):
        x = paper.first[0] + column * paper.pitch[0]
        parts.append(Rule(x, paper.first[1], x, ends[1], is_dashed=True))
    for row in range(paper.rows + 1):
        y = paper.first[1] + row * paper.pitch[1]
        parts.append(Rule(paper.first[0], y, ends[0], y, is_dashed=True))
    return Picture(*paper.page, tuple(parts))


# --- the page that tries the printer -------------------------------------------------------------


def ruler_length(paper: Paper) -> int:
    """Return how long a ruler fits on the page: 100 mm, on smaller labels whole centimetres.

    >>> ruler_length(find_paper("a4-3x8")), ruler_length(find_paper("50x30"))
    (100, 40)
    """
    return int(min(RULER, (paper.page[0] - 2 * 3) // 10 * 10))


def draw_test(paper: Paper, text: str, caption: str) -> str:
    """Draw a page with a ruler, the edges of the labels, and a code to be read back.

    Args:
        paper: What lies in the printer.
        text: What the codes say.
        caption: What the ruler is for, in the language of who looks at it.
    """
    return _page(paper, TrialPage(paper, text, caption).draw(paper.page).svg())


def whole_page(paper: Paper) -> Paper:
    """Return the paper of one page of another paper, with nothing cut out of it.

    >>> whole_page(find_paper("a4-3x8")).label
    (210.0, 297.0)
    """
    return find_paper("x".join(f"{side:g}" for side in paper.page))


@dataclass(frozen=True, slots=True)
class TrialPage:
    """The page that tries a printer: a ruler, the edges of the labels, and a code."""

    paper: Paper
    text: str
    """What the codes say."""
    caption: str
    """What the ruler is for."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out; its size is that of the paper's page, whatever is asked for."""
        paper, length = self.paper, ruler_length(self.paper)
        wide, high = paper.page
        left = (wide - length) / 2
        top = 3.0 if paper.is_roll else min(20.0, high / 8)
        unit = 3.0 if paper.is_roll else 5.0
        parts: list[Part] = [] if paper.is_roll else _frames(paper)
        parts += _ruler(left, top, length)
        below = top + LONG_TICK + 0.5
        if paper.is_roll:
            caption_at, caption_width = left, float(length)
        else:
            caption_at, caption_width = _beside_edges(paper, left)
        parts.append(Words(self.caption, caption_at, below, unit, caption_width, weight=400))
        below += unit + 0.5
        if paper.is_roll:
            parts += _codes(self.text, 2.0, below, wide - 2 * 2.0, high - below - 1)
        else:
            # Inside one label: a line of a frame must not run through a code.
            rows = range(1, paper.count + 1)
            label = next((one for one in rows if paper.place(one)[1] >= below), paper.count)
            x, y = paper.place(label + (paper.columns - 1) // 2 if paper.columns > 2 else label)
            across, down = paper.inset
            room = (paper.label[0] - 2 * across, paper.label[1] - 2 * down)
            parts += _codes(self.text, x + across, y + down, *room)
        return Picture(wide, high, tuple(parts), self.caption)


def _codes(text: str, x: float, y: float, width: float, height: float) -> list[Part]:
    square, bars = qr_code(text), code128(text)
    module = MODULE if square.side_mm(0.5) > height else 0.5
    side = square.side_mm(module)
    parts: list[Part] = [Code(square, x, y, module)]
    wide = bars.width_mm(0.25)
    if side + wide <= width:
        parts.append(Code(bars, x + side, y + 1, 0.25, min(12.0, height - 2)))
    elif wide <= width and side + BARS_HIGH_MIN <= height:
        # Scanners that read bars alone are the most common: they must be tried, too.
        parts.append(Code(bars, x, y + side, 0.25, min(12.0, height - side)))
    return parts


def _beside_edges(paper: Paper, left: float) -> tuple[float, float]:
    """Return where words may begin that no edge of a label runs through, and their room."""
    columns = range(paper.columns)
    starts = (paper.first[0] + column * paper.pitch[0] for column in columns)
    start = next((one for one in starts if one >= left), left)
    across = paper.inset[0]
    return start + across, paper.label[0] - 2 * across


def _ruler(left: float, top: float, length: int) -> list[Part]:
    parts: list[Part] = [Rule(left, top, left + length, top)]
    for mark in range(0, length + 1, 5):
        end = top + (LONG_TICK if mark % 10 == 0 else TICK)
        parts.append(Rule(left + mark, top, left + mark, end))
        if mark % 50 == 0 and 0 < mark < length:
            parts.append(Words(str(mark), left + mark + 0.8, top + 1.8, 3.2, 12))
    return parts


def _frames(paper: Paper) -> list[Part]:
    parts: list[Part] = []
    wide, high = paper.label
    for number in range(1, paper.count + 1):
        x, y = paper.place(number)
        for x1, y1, x2, y2 in ((0, 0, 1, 0), (0, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)):
            parts.append(
                Rule(x + x1 * wide, y + y1 * high, x + x2 * wide, y + y2 * high, is_dashed=True)
            )
    return parts
