"""The rows of a sheet as records: each value with the cell that it came from.

Blank rows, notes below the table and repeated headings are passed over; what merged cells leave out
is filled in from above; rows that announce a sum are kept aside, to be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Complaint, Question
from traceability.sheets.grid import Grid, Value, cell_name, shown
from traceability.sheets.headings import FIELDS, IGNORED, Kind, is_total
from traceability.sheets.layout import (
    Columns,
    Known,
    columns_at,
    facts_above,
    find_columns,
    heading_key,
)
from traceability.sheets.sizes import likely_size

__all__ = ["Cell", "Record", "Table", "read_table"]

_FILLED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "orders": (
        ("number", "customer", "due", "title", "city", "marked"),
        ("style", "name"),
        ("colour",),
    ),
    "stock": (("place",), ("style", "name"), ("colour",)),
}
"""Groups that merged cells leave blank; a group is filled only while the ones before it are."""

NO_HEADINGS = N_(
    "No row of headings was found. Expected one above the table, for example: "
    "Order, Customer, Due, Style, Colour, S, M, L, XL."
)
TWICE_SIZE = N_("%(cell)s: size %(value)s stands above two columns. Name one of them otherwise.")
NOT_A_SIZE = N_(
    "%(cell)s: %(value)s is not in the list of sizes. Write the size, or keep it as it is."
)
UNKNOWN_COLUMN = N_("Column %(column)s is headed “%(heading)s”. What is it?")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and where it stands."""

    value: Value
    name: str

    @property
    def text(self) -> str:
        """The value as a person would type it."""
        return shown(self.value)


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    row: int
    """Counted from 0."""
    fields: Mapping[str, Cell]
    sizes: tuple[tuple[str, Cell], ...] = ()
    """Where sizes stand across: size and pieces."""
    filled: frozenset[str] = frozenset()
    """Fields that were taken from above."""

    def cell(self, name: str) -> Cell | None:
        """Return a filled cell; None where the sheet says nothing."""
        found = self.fields.get(name)
        return found if found is not None and found.value is not None else None


@dataclass(frozen=True, slots=True)
class Total:
    """A row that announces sums."""

    count: int
    """Records above it."""
    cells: Mapping[str, Cell]
    """Size, "pieces" or "total" → the sum as it is said."""


@dataclass(slots=True)
class Table:
    """What a sheet says, row by row."""

    kind: Kind
    grid: Grid
    known: Known
    records: list[Record] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    is_matrix: bool = False
    fields: frozenset[str] = frozenset()
    """Fields that have a column, or stand above the table."""
    headings: dict[str, str] = field(default_factory=dict)
    """Field → its heading as it stands there."""
    complaints: list[Complaint] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    likely: dict[str, tuple[Cell, list[int]]] = field(default_factory=dict)
    """Headings among the sizes that are none: cell → heading, records with pieces below it."""


def read_table(grid: Grid, kind: Kind, known: Known, choices: Choices) -> Table:
    """Read a sheet's rows.

    Args:
        grid: The sheet.
        kind: What it holds.
        known: Vocabulary, with what was remembered and answered.
        choices: Cells with other text in them.
    """
    grid = grid.corrected(choices.corrections)
    table = Table(kind, grid, known)
    columns = find_columns(grid, known)
    if columns is None:
        table.complaints.append(Complaint(NO_HEADINGS))
        return table
    table.is_matrix = columns.is_matrix
    facts = facts_above(grid, columns, known)
    table.fields = frozenset([*columns.fields, *facts])
    table.headings = {name: shown(grid.at(columns.row, at)) for name, at in columns.fields.items()}
    above = {
        name: Cell(value, cell_name(row, column)) for name, (row, column, value) in facts.items()
    }
    _ask_columns(table, columns, choices)
    _read_rows(table, columns, above)
    return table


def _ask_columns(table: Table, columns: Columns, choices: Choices) -> None:
    """Ask what unknown columns are; those that are known may be named otherwise."""
    known = {at: name for name, at in columns.fields.items()} | dict.fromkeys(
        columns.unused, IGNORED
    )
    options = ((IGNORED, IGNORED), *((name, name) for name in FIELDS[table.kind]))
    for column in sorted([*columns.unknown, *known]):
        heading = shown(table.grid.at(columns.row, column))
        if not heading or not _has_data(table.grid, columns, column):
            continue
        key = heading_key(heading)
        answer = choices.columns.get(key) or known.get(column, IGNORED)
        table.questions.append(
            Question(
                f"column:{key}",
                UNKNOWN_COLUMN,
                {"column": cell_name(columns.row, column).rstrip("0123456789"), "heading": heading},
                options,
                answer,
                is_known=column in known,
            )
        )


def _has_data(grid: Grid, columns: Columns, column: int) -> bool:
    last = min(len(grid.rows), columns.row + 200)
    return any(grid.at(row, column) is not None for row in range(columns.last_row + 1, last))


def _complain_of_sizes(table: Table, columns: Columns) -> None:
    seen: dict[str, int] = {}
    for column, size in columns.sizes.items():
        if size in seen:
            cell = cell_name(columns.size_row, column)
            table.complaints.append(Complaint(TWICE_SIZE, {"value": size}, cell, size))
        seen[size] = column


def _read_rows(table: Table, columns: Columns, above: Mapping[str, Cell]) -> None:
    grid, kind = table.grid, table.kind
    _complain_of_sizes(table, columns)
    last: dict[str, Cell] = {}
    row = columns.last_row
    is_closed = False
    while (row := row + 1) < len(grid.rows):
        cells = grid.rows[row]
        if not any(value is not None for value in cells):
            continue
        if _repeats(grid, row, columns):
            again = columns_at(grid, row, table.known)
            if again is not None:
                columns, row, is_closed = again, again.last_row, False
                _complain_of_sizes(table, columns)
                continue
        if any(isinstance(value, str) and is_total(value) for value in cells):
            table.totals.append(_total(row, cells, columns, len(table.records)))
            is_closed = True
            continue
        record = _record(row, cells, columns, above)
        if _is_note(record, columns, is_closed=is_closed):
            continue
        is_closed = False
        _note_likely(table, columns, cells)
        table.records.append(_fill(record, last, kind, columns))
        last = dict(table.records[-1].fields)


def _repeats(grid: Grid, row: int, columns: Columns) -> bool:
    same = 0
    for column in columns.fields.values():
        heading, value = grid.at(columns.row, column), grid.at(row, column)
        same += isinstance(value, str) and value == heading
        if same > 1:
            return True
    return False


def _record(
    row: int, cells: tuple[Value, ...], columns: Columns, above: Mapping[str, Cell]
) -> Record:
    width = len(cells)
    fields = dict(above)
    for name, column in columns.fields.items():
        value = cells[column] if column < width else None
        if value is not None or name not in above:
            fields[name] = Cell(value, cell_name(row, column))
    sizes: tuple[tuple[str, Cell], ...] = ()
    if columns.is_matrix:
        sizes = tuple(
            (size, Cell(cells[column], cell_name(row, column)))
            for column, size in columns.sizes.items()
            if column < width and cells[column] is not None
        )
    return Record(row, fields, sizes)


def _is_note(record: Record, columns: Columns, *, is_closed: bool) -> bool:
    """Say whether a row is a remark or a signature, and no part of the table."""
    own = [
        name
        for name, column in columns.fields.items()
        if record.cell(name) is not None and column >= 0
    ]
    if record.sizes or record.cell("pieces") is not None or record.cell("amount") is not None:
        return False
    if not own:
        return True
    counts = columns.is_matrix or "pieces" in columns.fields or "amount" in columns.fields
    return counts and (is_closed or len(own) == 1)


def _fill(record: Record, last: Mapping[str, Cell], kind: Kind, columns: Columns) -> Record:
    fields = dict(record.fields)
    filled: set[str] = set()
    groups = _FILLED.get(kind, ())
    for index, group in enumerate(groups):
        if record.cell(group[0]) is not None:
            break
        if index == 2 and columns.is_matrix:
            break
        for name in group:
            if name in last and last[name].value is not None and record.cell(name) is None:
                fields[name] = last[name]
                filled.add(name)
    return Record(record.row, fields, record.sizes, frozenset(filled)) if filled else record


def _total(row: int, cells: tuple[Value, ...], columns: Columns, count: int) -> Total:
    found: dict[str, Cell] = {}
    names = [*((size, at) for at, size in columns.sizes.items())] if columns.is_matrix else []
    names += [
        (name, columns.fields[name])
        for name in ("pieces", "total", "amount")
        if name in columns.fields
    ]
    for name, column in names:
        value = cells[column] if column < len(cells) else None
        if value is not None and not (isinstance(value, str) and is_total(value)):
            found[name] = Cell(value, cell_name(row, column))
    return Total(count, found)


def _note_likely(table: Table, columns: Columns, cells: tuple[Value, ...]) -> None:
    for column, heading in columns.likely.items():
        if column < len(cells) and cells[column] is not None:
            name = cell_name(columns.size_row, column)
            found = table.likely.setdefault(name, (Cell(heading, name), []))
            found[1].append(len(table.records))


def size_complaint(cell: Cell, owners: frozenset[str]) -> Complaint:
    """Say that a word is no size, and which one may be meant."""
    return Complaint(
        NOT_A_SIZE,
        {"value": cell.text},
        cell.name,
        cell.text,
        likely_size(cell.text) or "",
        owners,
        cell.text,
    )
