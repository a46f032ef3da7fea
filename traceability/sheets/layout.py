"""Where the headings of a sheet stand, and what each column holds.

Above them there may be titles and facts about the whole sheet; the sizes may stand in a row of
their own; the same headings may come again further down, with other sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from traceability.sheets.choices import Choices
from traceability.sheets.grid import Grid, Value, shown
from traceability.sheets.headings import IGNORED, Kind, field_of, normal
from traceability.sheets.sizes import likely_size, size_of

__all__ = ["Columns", "Known", "find_columns"]

_SEARCHED_ROWS = 60
_SIZED: tuple[Kind, ...] = ("orders", "stock")
ENOUGH = 4
"""Score of the least row of headings: two fields, or one and two sizes."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about headings: the trade's vocabulary, and what people said before."""

    kind: Kind
    columns: Mapping[str, str] = field(default_factory=dict)
    """Normal heading → field."""
    sizes: frozenset[str] = frozenset()
    """Sizes of this workshop that look like none."""

    @classmethod
    def of(cls, kind: Kind, remembered: Mapping[str, object], choices: Choices) -> Known:
        """Join what was remembered with what was answered now."""
        columns = remembered.get("columns")
        sizes = remembered.get("sizes")
        return cls(
            kind,
            {
                **(
                    {str(k): str(v) for k, v in columns.items()}
                    if isinstance(columns, Mapping)
                    else {}
                ),
                **choices.columns,
            },
            frozenset([*(map(str, sizes) if isinstance(sizes, list) else ()), *choices.sizes]),
        )

    def size(self, text: str) -> str | None:
        """Return a size as it is written; None if the word is none."""
        return text if text in self.sizes else size_of(text)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns hold from one row on."""

    row: int
    """Row of the headings; data begins below."""
    last_row: int
    fields: Mapping[str, int]
    """Field → column."""
    sizes: Mapping[int, str]
    """Column → size as it is written."""
    size_row: int
    likely: Mapping[int, str]
    """Columns among the sizes that are none: column → heading."""
    unknown: Mapping[int, str]
    """Column → heading that nobody knows."""
    unused: Mapping[int, str] = field(default_factory=dict)
    """Columns that are known and not used, or say again what another one says."""
    score: int = 0

    @property
    def is_matrix(self) -> bool:
        """Say whether sizes stand across."""
        return bool(self.sizes) and ("size" not in self.fields or len(self.sizes) > 1)


def find_columns(grid: Grid, known: Known) -> Columns | None:
    """Find the headings; None if there are none.

    A row wins by the fields and sizes that it names; where no heading is known at all, the first
    row of three or more words with figures below is offered, for the person to say what each is.
    """
    best: Columns | None = None
    for row in range(min(_SEARCHED_ROWS, len(grid.rows))):
        found = columns_at(grid, row, known)
        if found is not None and (best is None or found.score > best.score):
            best = found
    return best or _any_headings(grid, known)


def columns_at(grid: Grid, row: int, known: Known) -> Columns | None:
    """Read a row as headings; None if it has too few that are known."""
    fields: dict[str, int] = {}
    sizes: dict[int, str] = {}
    others: dict[int, str] = {}
    unused: dict[int, str] = {}
    figures = 0
    for column, value in enumerate(grid.rows[row]):
        if value is None:
            continue
        text = shown(value)
        figures += isinstance(value, Decimal | date)
        if isinstance(value, str) and (said := field_of(text, known.kind, known.columns)):
            if not _name(fields, said, column):
                unused[column] = text
        elif known.kind in _SIZED and (size := known.size(text)):
            sizes[column] = size
        else:
            others[column] = text
    real = [name for name in fields if name != "total"]
    score = 2 * len(real) + min(len(sizes), 6) - len(others)
    score += 3 * ("pieces" in fields or len(sizes) > 1)
    least = 1 if known.kind in ("people", "places") else 2
    if not real or len(real) + (len(sizes) > 1) < least or (figures > len(sizes)):
        return None
    found = Columns(row, row, fields, sizes, row, {}, others, unused, score)
    return _with_likely(grid, _with_size_row(grid, found, known))


def _name(fields: dict[str, int], said: str, column: int) -> bool:
    """Give a field its column: the first one that names it; a second word for style is its name.

    Returns:
        False if the column is not used.
    """
    if said == "style" and "style" in fields and "name" not in fields:
        said = "name"
    if said == IGNORED or said in fields:
        return False
    fields[said] = column
    return True


def _with_size_row(grid: Grid, found: Columns, known: Known) -> Columns:
    """Look for sizes in the row below the headings, or above them, where those are blank."""
    if known.kind not in _SIZED or len(found.sizes) > 1:
        return found
    for row in (found.row + 1, found.row - 1):
        if not 0 <= row < len(grid.rows):
            continue
        filled = {at: shown(value) for at, value in enumerate(grid.rows[row]) if value is not None}
        free = {
            at: size
            for at, text in filled.items()
            if (size := known.size(text))
            and (
                grid.at(found.row, at) is None
                or at in (found.fields.get("size"), found.fields.get("pieces"))
            )
        }
        if len(free) < 2 or len(free) < len(filled) - (row < found.row) * len(filled) - 1:
            continue
        fields = {name: at for name, at in found.fields.items() if at not in free}
        fields.pop("size", None)
        likely = {at: text for at, text in filled.items() if at not in free and likely_size(text)}
        return replace(
            found,
            last_row=max(row, found.row),
            fields=fields,
            sizes=free,
            size_row=row,
            unknown={**found.unknown, **likely},
        )
    return found


def _with_likely(grid: Grid, found: Columns) -> Columns:
    """Part headings that stand among the sizes, and have figures below, from unknown ones."""
    if len(found.sizes) < 2:
        return found
    first, last = min(found.sizes), max(found.sizes)
    likely = {}
    for column, text in found.unknown.items():
        is_inside = first < column < last
        is_beside = column in (first - 1, last + 1) and likely_size(text) is not None
        if (is_inside or is_beside) and len(text) <= 12 and _has_figures(grid, found, column):
            likely[column] = text
    unknown = {at: text for at, text in found.unknown.items() if at not in likely}
    # They count as sizes meanwhile, so that sums can be judged: nothing is taken in before the
    # heading is put right.
    taken = set(found.sizes.values())
    sizes = dict(found.sizes)
    for column, text in likely.items():
        guess = likely_size(text)
        sizes[column] = guess if guess is not None and guess not in taken else text
        taken.add(sizes[column])
    in_order = dict(sorted(sizes.items()))
    return replace(found, sizes=in_order, likely=likely, unknown=unknown)


def _has_figures(grid: Grid, found: Columns, column: int) -> bool:
    below = (grid.at(row, column) for row in range(found.last_row + 1, found.last_row + 30))
    return any(_is_figure(value) for value in below)


def _is_figure(value: Value) -> bool:
    return isinstance(value, Decimal) or (isinstance(value, str) and value.strip().isdecimal())


def _any_headings(grid: Grid, known: Known) -> Columns | None:
    for row in range(min(_SEARCHED_ROWS, len(grid.rows))):
        words = {at: value for at, value in enumerate(grid.rows[row]) if isinstance(value, str)}
        if any(_is_figure(value) for value in grid.rows[row]):
            continue
        below = grid.rows[row + 1] if row + 1 < len(grid.rows) else ()
        if len(words) >= 3 and any(_is_figure(value) for value in below):
            named = {at: field_of(text, known.kind, known.columns) for at, text in words.items()}
            fields: dict[str, int] = {}
            for at, said in named.items():
                if said:
                    _name(fields, said, at)
            sizes = {at: size for at, text in words.items() if (size := known.size(text))}
            unknown = {at: text for at, text in words.items() if not named[at] and at not in sizes}
            return Columns(row, row, fields, sizes, row, {}, unknown)
    return None


def facts_above(grid: Grid, found: Columns, known: Known) -> dict[str, tuple[int, int, Value]]:
    """Return what is said once above the headings: "Order: 118", or the word and beside it.

    Returns:
        Field → row, column, value.
    """
    facts: dict[str, tuple[int, int, Value]] = {}
    for row in range(found.row):
        cells = grid.rows[row]
        for column, value in enumerate(cells):
            if not isinstance(value, str):
                continue
            head, colon, rest = value.replace("：", ":").partition(":")
            said = field_of(head, known.kind, known.columns)
            if said in (None, IGNORED, "total", "pieces", "size"):
                continue
            assert said is not None
            if colon and rest.strip():
                facts.setdefault(said, (row, column, rest.strip()))
                continue
            beside = next(
                (
                    (at, one)
                    for at, one in enumerate(cells[column + 1 :], column + 1)
                    if one is not None
                ),
                None,
            )
            if beside is not None and field_of(shown(beside[1]), known.kind, known.columns) is None:
                facts.setdefault(said, (row, beside[0], beside[1]))
    return facts


def heading_key(text: str) -> str:
    """Return under which words a heading is remembered."""
    return normal(text)
