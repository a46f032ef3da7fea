"""Which paper lies in the printer: chosen on a page and kept in a cookie of this browser.

>>> read_measure("63,5"), read_measure("wide")
('63.5', '')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from traceability.errors import Refused
from traceability.labels.sheet import PAPERS, SINGLES, Paper, find_paper
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.words import number

__all__ = ["Choice", "Group", "Option", "choice", "groups", "keep", "read_measure", "size_words"]

COOKIE = "labels"
COOKIE_AGE_S = 365 * 86_400
USUAL: dict[str, str] = {"hang-tag": "a4-3x8", "roll": "a4-2x7", "logistic": "a4-2x2"}
"""The paper that a kind of label begins with; the others begin with the first one."""
SINGLE_SIZES: dict[str, tuple[str, ...]] = {
    "hang-tag": ("50x30", "60x40", "50x80"),
    "roll": ("70x37", "100x50", "100x70"),
    "logistic": ("105x148", "101.6x152.4", "148x210"),
}
"""Labels of label printers by kind, where they are not the usual ones."""
SMALLEST: dict[str, tuple[float, float]] = {"logistic": (100.0, 138.0), "roll": (60.0, 35.0)}
"""Sheets with smaller labels than these are not offered for a kind."""
LARGE = 70.0
"""Labels from this height on are for cartons and pallets alone, mm."""
_MEASURE = re.compile(r"\d{1,3}(\.\d{1,2})?\Z")
_COUNT = re.compile(r"\d{1,4}\Z")

PAGE_WORDS: dict[str, LazyString] = {
    "a4": lazy_gettext("Sheets of labels, A4"),
    "letter": lazy_gettext("Sheets of labels, Letter"),
    "roll": lazy_gettext("Label printer, one label a page"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to print on."""

    paper: Paper
    start: int = 1
    used: int = 0
    """Labels of this sheet that were used when it was printed on last."""


@dataclass(frozen=True, slots=True)
class Option:
    """One paper that is offered."""

    paper: Paper
    title: str
    is_chosen: bool
    start: int
    used: int


@dataclass(frozen=True, slots=True)
class Group:
    """Papers of one sort."""

    title: str
    options: tuple[Option, ...]


def read_measure(given: str) -> str:
    """Read millimetres as people type them; nothing if it is no number."""
    said = given.strip().replace(",", ".")
    return said if _MEASURE.match(said) else ""


def choice(given: Mapping[str, str], kind: str = "") -> Choice:
    """Read the paper from a form or an address, else from the cookie, else take the usual one.

    Args:
        given: The form or the address.
        kind: What is printed: kinds of other sizes have papers of their own.

    Raises:
        Refused: If what was chosen cannot be.
    """
    kept, used = _kept(kind)
    name = given.get("paper", "")
    if not name:
        return Choice(kept, 1, used)
    paper = find_paper(_name(name, given))
    start = given.get(f"start-{name}", given.get("start", "1")).strip() or "1"
    if not _COUNT.match(start) or not 1 <= int(start) <= paper.count:
        raise Refused(
            _(
                "Cannot begin at label %(start)s: this sheet has labels 1 to %(count)s.",
                start=start[:12],
                count=paper.count,
            )
        )
    return Choice(paper, int(start), used if paper.name == kept.name else 0)


def _name(name: str, given: Mapping[str, str]) -> str:
    """Write down the paper whose measures were typed in."""
    if name == "single":
        return f"{_typed(given, 'single-width')}x{_typed(given, 'single-height')}"
    if name == "sheet":
        one = {
            member: _typed(given, f"sheet-{member}")
            for member in ("columns", "rows", "width", "height", "left", "top", "across", "down")
        }
        page = "letter" if given.get("sheet-page") == "letter" else "a4"
        return (
            f"{page}:{one['columns']}x{one['rows']}:{one['width']}x{one['height']}"
            f":{one['left']},{one['top']}:{one['across']},{one['down']}"
        )
    return name


def _typed(given: Mapping[str, str], field: str) -> str:
    read = read_measure(given.get(field, ""))
    if not read:
        raise Refused(
            _(
                "Cannot read the measure “%(given)s”: expected millimetres, for example 63.5.",
                given=given.get(field, "")[:20],
            )
        )
    return read


def _cookie(kind: str) -> str:
    return f"{COOKIE}-{kind}" if kind in SINGLE_SIZES else COOKIE


def _kept(kind: str) -> tuple[Paper, int]:
    usual = find_paper(USUAL.get(kind, PAPERS[0].name))
    name, _blank, used = request.cookies.get(_cookie(kind), "").partition(" ")
    try:
        paper = find_paper(name) if name else usual
    except Refused:
        return usual, 0
    is_count = bool(_COUNT.match(used))
    return paper, int(used) if is_count and int(used) < paper.count else 0


def keep(response: Response, chosen: Choice, label_count: int, kind: str = "") -> None:
    """Remember the paper in this browser, and how far the last sheet was used."""
    used = (chosen.start - 1 + label_count) % chosen.paper.count
    response.set_cookie(
        _cookie(kind),
        f"{chosen.paper.name} {used}",
        max_age=COOKIE_AGE_S,
        samesite="Lax",
        httponly=True,
    )


def _suits(paper: Paper, kind: str) -> bool:
    """Say whether a sheet is offered: large labels are of no use for tickets, nor small ones."""
    if kind in SMALLEST:
        return all(side >= least for side, least in zip(paper.label, SMALLEST[kind], strict=True))
    return paper.label[1] < LARGE


def size_words(size: tuple[float, float]) -> str:
    """Write the size of a label or page."""
    return f"{number(size[0])} × {number(size[1])} mm"


def title(paper: Paper) -> str:
    """Name a paper in words."""
    if paper.is_roll:
        return size_words(paper.label)
    words = {"count": number(paper.count), "size": size_words(paper.label)}
    if paper.is_cut:
        return _("Plain paper, to be cut: %(count)s of %(size)s", **words)
    return _("%(count)s labels of %(size)s", **words)


def groups(chosen: Choice, kind: str = "") -> tuple[Group, ...]:
    """Return the papers that are offered for a kind of label, the chosen one among them."""
    singles = [find_paper(name) for name in SINGLE_SIZES.get(kind, SINGLES)]
    papers = [*(one for one in PAPERS if _suits(one, kind)), *singles]
    if chosen.paper.name not in {paper.name for paper in papers}:
        papers.append(chosen.paper)
    sorts: dict[str, list[Option]] = {sort: [] for sort in PAGE_WORDS}
    for paper in papers:
        sort = "roll" if paper.is_roll else "letter" if paper.page[0] > 212 else "a4"
        is_chosen = paper.name == chosen.paper.name
        sorts[sort].append(
            Option(
                paper,
                title(paper),
                is_chosen,
                chosen.start if is_chosen else 1,
                chosen.used if is_chosen else 0,
            )
        )
    return tuple(Group(str(PAGE_WORDS[sort]), tuple(many)) for sort, many in sorts.items() if many)
