"""Sheets of an .xlsx file: the values that were calculated when it was saved."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from traceability.sheets.complaint import N_, Unreadable
from traceability.sheets.delimited import check_size, clean
from traceability.sheets.grid import Formula, Grid, Value

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["read_workbook"]

_INFLATED_MAX = 300 * 1024 * 1024
_SHEETS_MAX = 60

DAMAGED = N_("%(file)s is damaged and cannot be read. Save it once more.")
INFLATED = N_("%(file)s is too large when it is unpacked. Split it.")


def read_workbook(data: bytes, said: str) -> tuple[Grid, ...]:
    """Read every sheet of a workbook; sheets that are hidden come last.

    A number keeps its digits whatever the cell shows: an EAN that is shown as 6.90E+12 is whole in
    such a file. A formula gives its saved result, or stays a `Formula` if there is none.

    Raises:
        Unreadable: If the file is damaged or too large.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if sum(one.file_size for one in package.infolist()) > _INFLATED_MAX:
            raise Unreadable(INFLATED, file=said)
        has_formulas = any(
            b"<f" in package.read(name)
            for name in package.namelist()
            if name.startswith("xl/worksheets/") and name.endswith(".xml")
        )
    book = _open(data, said, values=True)
    formulas = _open(data, said, values=False) if has_formulas else None
    try:
        grids = [
            Grid(
                sheet.title,
                _rows(sheet, formulas[sheet.title] if formulas is not None else None, said),
                sheet.sheet_state != "visible",
            )
            for sheet in book.worksheets[:_SHEETS_MAX]
        ]
    except Unreadable:
        raise
    except Exception as error:  # a damaged file can fail anywhere in the reader
        raise Unreadable(DAMAGED, file=said) from error
    finally:
        for one in (book, formulas):
            if one is not None:
                one.close()
    return tuple(sorted(grids, key=lambda grid: grid.is_hidden))


def _open(data: bytes, said: str, *, values: bool) -> Workbook:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            # Styles and extensions that the reader does not know change no value.
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(data), read_only=True, data_only=values)
    except Exception as error:  # a damaged file can fail anywhere in the reader
        raise Unreadable(DAMAGED, file=said) from error


# `Any`: sheets of the reader in its reading mode have no public type.
def _rows(sheet: Any, formulas: Any, said: str) -> tuple[tuple[Value, ...], ...]:
    sheet.reset_dimensions()
    written: Iterable[tuple[Any, ...]] = ()
    if formulas is not None:
        formulas.reset_dimensions()
        written = formulas.iter_rows(values_only=True)
    asked = iter(written)
    rows: list[tuple[Value, ...]] = []
    cells = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for values in sheet.iter_rows(values_only=True):
            row = [_value(value) for value in values]
            for column, text in enumerate(next(asked, ())):
                if text is not None and column < len(row) and row[column] is None:
                    row[column] = _formula(text)
            while row and row[-1] is None:
                row.pop()
            rows.append(tuple(row))
            cells += len(row)
            check_size(len(rows) if row else 0, len(row), cells, said)
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


def _formula(given: object) -> Value:
    text = str(getattr(given, "text", None) or given)
    return Formula(text) if text.startswith("=") else None


def _value(given: object) -> Value:
    if given is None:
        return None
    if isinstance(given, bool):
        return "TRUE" if given else "FALSE"
    if isinstance(given, int | float | Decimal):
        try:
            number = Decimal(str(given))
        except InvalidOperation:
            return str(given)
        return number if number.is_finite() else str(given)
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    if isinstance(given, time | timedelta):
        return str(given)
    return clean(str(given))
