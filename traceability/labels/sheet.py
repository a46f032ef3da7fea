"""Where labels lie on paper: sheets of labels from the stationer, plain paper to be cut, a roll.

All lengths are millimetres from the top left corner of the page. Paper is named in addresses by a
short word or by its own measures, so that what was chosen once can be kept in one line.

>>> paper = find_paper("a4-3x8")
>>> paper.count, paper.place(1), paper.place(5)
(24, (0.0, 0.5), (70.0, 37.5))
>>> find_paper("50x30").is_roll
True
>>> pages(20, paper, start=5), pages(21, paper, start=5)
(1, 2)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from traceability.errors import Refused

__all__ = ["PAPERS", "SINGLES", "Paper", "find_paper", "pages", "places"]

PAGES = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
LABEL_MIN = (38.0, 20.0)
"""Narrower or lower, no code that a scanner finds fits beside a word."""
SIDE_MAX = 420.0
UNPRINTABLE = 4.5
"""Office printers leave this much of the paper's edge white."""
INSET = 2.0
"""Paper shifts in the printer by up to this much."""
ROLL_INSET = 1.5


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of paper: a page and the grid of labels on it.

    Raises:
        Refused: If the labels do not fit on the page, overlap, or are too small to be read.
    """

    name: str
    """Its short word or its measures: `find_paper` gives the same paper back."""
    page: tuple[float, float]
    """Width and height."""
    columns: int
    rows: int
    label: tuple[float, float]
    """Width and height."""
    first: tuple[float, float] = (0.0, 0.0)
    """Left and top of the first label."""
    pitch: tuple[float, float] = (0.0, 0.0)
    """From one label's left and top to the next one's; unused where there is one."""
    is_cut: bool = False
    """Plain paper: lines are printed to cut along."""

    def __post_init__(self) -> None:
        for side, least in zip(self.label, LABEL_MIN, strict=True):
            if side < least:
                raise Refused(
                    f"Cannot print labels of {_by(self.label)} mm: "
                    f"expected at least {_by(LABEL_MIN)} mm."
                )
        if max(self.page) > SIDE_MAX:
            raise Refused(
                f"Cannot print on paper of {_by(self.page)} mm: "
                f"expected at most {SIDE_MAX:g} mm along a side."
            )
        if not (1 <= self.columns <= 10 and 1 <= self.rows <= 30):
            raise Refused(
                f"Cannot lay out {self.columns} × {self.rows} labels: expected 1 to 10 beside "
                "one another and 1 to 30 below one another."
            )
        for axis, count in enumerate((self.columns, self.rows)):
            if count > 1 and self.pitch[axis] < self.label[axis] - 0.01:
                raise Refused(
                    f"Cannot lay out labels of {_by(self.label)} mm every {self.pitch[axis]:g} mm: "
                    "they would lie on one another."
                )
            end = self.first[axis] + (count - 1) * self.pitch[axis] + self.label[axis]
            if self.first[axis] < 0 or end > self.page[axis] + 0.5:
                raise Refused(
                    f"Cannot lay out {self.columns} × {self.rows} labels on paper of "
                    f"{_by(self.page)} mm: they end at {end:g} mm."
                )

    @property
    def count(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    @property
    def is_roll(self) -> bool:
        """Say whether each label is a page of its own, as on a label printer."""
        return self.count == 1 and self.page == self.label

    @property
    def inset(self) -> tuple[float, float]:
        """How much of a label stays white at its sides, and above and below."""
        if self.is_roll:
            return ROLL_INSET, ROLL_INSET
        ends = tuple(
            self.page[axis] - self.first[axis] - (count - 1) * self.pitch[axis] - self.label[axis]
            for axis, count in enumerate((self.columns, self.rows))
        )
        across, down = (
            max(INSET, UNPRINTABLE - min(self.first[axis], ends[axis])) for axis in (0, 1)
        )
        return across, down

    def place(self, number: int) -> tuple[float, float]:
        """Return left and top of a label, counted from 1 along the rows."""
        down, across = divmod(number - 1, self.columns)
        return (
            round(self.first[0] + across * self.pitch[0], 3),
            round(self.first[1] + down * self.pitch[1], 3),
        )


def _by(size: tuple[float, float]) -> str:
    return f"{size[0]:g} × {size[1]:g}"


def _sheet(  # the measures of one row in a stationer's catalogue
    name: str,
    page: str,
    grid: tuple[int, int],
    label: tuple[float, float],
    first: tuple[float, float],
    gap: tuple[float, float] = (0.0, 0.0),
    *,
    is_cut: bool = False,
) -> Paper:
    pitch = (label[0] + gap[0], label[1] + gap[1])
    return Paper(name, PAGES[page], *grid, label, first, pitch, is_cut)


PAPERS = (
    _sheet("a4-3x8", "a4", (3, 8), (70, 37), (0, 0.5)),
    _sheet("a4-3x7", "a4", (3, 7), (63.5, 38.1), (7.25, 15.15), (2.5, 0)),
    _sheet("a4-2x7", "a4", (2, 7), (99.1, 38.1), (4.65, 15.15), (2.5, 0)),
    _sheet("a4-2x5", "a4", (2, 5), (99.1, 57), (4.65, 6), (2.5, 0)),
    _sheet("a4-4x10", "a4", (4, 10), (48.5, 25.4), (8, 21.5)),
    _sheet("a4-2x2", "a4", (2, 2), (105, 148.5), (0, 0)),
    _sheet("a4-cut", "a4", (3, 8), (66, 35.5), (6, 6.5), is_cut=True),
    _sheet("letter-3x10", "letter", (3, 10), (66.7, 25.4), (4.75, 12.7), (3.15, 0)),
    _sheet("letter-2x5", "letter", (2, 5), (101.6, 50.8), (4, 12.7), (4.7, 0)),
    _sheet("letter-1x2", "letter", (1, 2), (215.9, 139.7), (0, 0)),
)
"""Sheets that are sold everywhere, by the measures of their makers; the first is the usual one."""
SINGLES = ("50x30", "60x40", "70x37", "100x50")
"""Labels of label printers: each is a page of its own."""

_NUMBER = r"(\d{1,3}(?:\.\d{1,2})?)"
_SINGLE = re.compile(rf"{_NUMBER}x{_NUMBER}\Z")
_OWN = re.compile(
    rf"(a4|letter):(\d{{1,2}})x(\d{{1,2}}):{_NUMBER}x{_NUMBER}:{_NUMBER},{_NUMBER}"
    rf":{_NUMBER},{_NUMBER}\Z"
)


def find_paper(name: str) -> Paper:
    """Return the paper of a name.

    Args:
        name: A word of `PAPERS`; ``50x30`` for single labels of any size; or a sheet of one's own
            as page, columns × rows, label, left and top, pitch:
            ``a4:3x7:63.5x38.1:7.25,15.15:66,38.1``.

    Raises:
        Refused: If it is none of these, or cannot be.
    """
    for paper in PAPERS:
        if paper.name == name:
            return paper
    if single := _SINGLE.match(name):
        size = (float(single[1]), float(single[2]))
        return Paper(name, size, 1, 1, size)
    if own := _OWN.match(name):
        numbers = [float(one) for one in own.groups()[3:]]
        return Paper(
            name,
            PAGES[own[1]],
            int(own[2]),
            int(own[3]),
            (numbers[0], numbers[1]),
            (numbers[2], numbers[3]),
            (numbers[4], numbers[5]),
        )
    words = ", ".join([*(paper.name for paper in PAPERS), *SINGLES])
    raise Refused(f"Cannot print on {name[:60]!r}: expected one of {words}, or other measures.")


def places(count: int, paper: Paper, *, start: int = 1) -> list[tuple[int, float, float]]:
    """Return page (from 0), left and top of each of so many labels.

    Args:
        count: Labels to be printed.
        paper: Where.
        start: Place of the first one on the first page, counted from 1 along the rows.

    Raises:
        Refused: If the page has no such place.
    """
    if not 1 <= start <= paper.count:
        raise Refused(f"Cannot begin at label {start}: this sheet has labels 1 to {paper.count}.")
    found = []
    for number in range(start - 1, start - 1 + count):
        page, on_page = divmod(number, paper.count)
        found.append((page, *paper.place(on_page + 1)))
    return found


def pages(count: int, paper: Paper, *, start: int = 1) -> int:
    """Return how many pages so many labels take."""
    return -(-(start - 1 + count) // paper.count) if count else 0
