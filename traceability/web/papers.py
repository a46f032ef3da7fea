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
USUAL = PAPERS[0].name
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


def choice(given: Mapping[str, str]) -> Choice:
    """Read the paper from a form or an address, else from the cookie, else take the usual one.

    Raises:
        Refused: If what was chosen cannot be.
    """
    kept, used = _kept()
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


def _kept() -> tuple[Paper, int]:
    name, _blank, used = request.cookies.get(COOKIE, "").partition(" ")
    try:
        paper = find_paper(name or USUAL)
    except Refused:
        return find_paper(USUAL), 0
    is_count = bool(_COUNT.match(used))
    return paper, int(used) if is_count and int(used) < paper.count else 0


def keep(response: Response, chosen: Choice, label_count: int) -> None:
    """Remember the paper in this browser, and how far the last sheet was used."""
    used = (chosen.start - 1 + label_count) % chosen.paper.count
    response.set_cookie(
        COOKIE,
        f"{chosen.paper.name} {used}",
        max_age=COOKIE_AGE_S,
        samesite="Lax",
        httponly=True,
    )


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


def groups(chosen: Choice) -> tuple[Group, ...]:
    """Return the papers that are offered, the chosen one among them."""
    papers: list[Paper] = [*PAPERS, *(find_paper(name) for name in SINGLES)]
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
