"""Sheets that we write: what is known now, and blank ones to fill in.

Whatever is written here is read back as the same: taking it in again changes nothing. Text that a
spreadsheet would calculate gets a mark before it, so that no name of a customer becomes a formula.

>>> guarded("=1+1"), guarded("-3 %"), guarded("Rua 12")
("'=1+1", "'-3 %", 'Rua 12')
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from traceability.gs1 import key_of
from traceability.projections.people import people
from traceability.projections.progress import day
from traceability.projections.view import Values, View
from traceability.sheets.field_words import HEADINGS
from traceability.sheets.grid import plain
from traceability.sheets.headings import Kind
from traceability.sheets.wearing import in_wearing_order

__all__ = ["Form", "blank", "export", "write_sheet"]

Form = Literal["matrix", "list"]
Sheet = Sequence[Sequence[object]]

BLANK_SIZES = ("XS", "S", "M", "L", "XL", "2XL")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "products": ("style", "name", "colour", "size", "gtin", "swatch"),
    "places": ("name", "code", "kind"),
    "people": ("name", "badge", "language"),
    "stock": (
        "place", "style", "name", "colour", "size", "gtin", "pieces", "roll", "amount", "unit",
        "dye_lot", "supplier",
    ),
    "list": (
        "number", "title", "customer", "city", "due", "marked", "style", "name", "colour", "size",
        "gtin", "pieces",
    ),
    "matrix": ("number", "title", "customer", "city", "due", "marked", "style", "name", "colour"),
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def blank(kind: Kind, form: Form, language: str) -> Sheet:
    """Return a sheet with headings and nothing below them."""
    return [_headings(kind, form, language, BLANK_SIZES)]


def export(view: View, kind: Kind, form: Form, language: str) -> Sheet:
    """Return what is known, as a sheet that would change nothing.

    Args:
        view: The ledger.
        kind: Of what.
        form: Orders with sizes as columns, or a line for each size.
        language: Of the headings.
    """
    if kind == "orders":
        rows, sizes = _orders(view, form)
        return [_headings(kind, form, language, sizes), *rows]
    rows_of = {"products": _products, "places": _places, "people": _people, "stock": _stock}
    return [_headings(kind, form, language, ()), *rows_of[kind](view)]


def _headings(kind: Kind, form: Form, language: str, sizes: Sequence[str]) -> list[object]:
    words = HEADINGS.get(language, HEADINGS["en"])
    fields = _COLUMNS[form if kind == "orders" else kind]
    heads: list[object] = [words[name] for name in fields]
    if kind == "orders" and form == "matrix":
        heads += [*sizes, words["total"]]
    return heads


def own_name(values: Values) -> str:
    """Return a product's name where it is more than its style, colour and size.

    >>> own_name({"name": "Overshirt, navy, M", "style": "1188", "colour": "navy", "size": "M"})
    'Overshirt'
    """
    name = str(values.get("name", ""))
    end = "".join(f", {values[part]}" for part in ("colour", "size") if values.get(part))
    plain_name = name.removesuffix(end) if end else name
    return "" if plain_name == str(values.get("style", "")) else plain_name


def _gtin(key: str) -> str:
    return key[4:18].removeprefix("0") if key.startswith("/01/") else ""


def _words(values: Values) -> list[object]:
    return [values.get("style", ""), own_name(values), values.get("colour", "")]


def _orders(view: View, form: Form) -> tuple[list[list[object]], Sequence[str]]:
    known = view.masters("order")
    products = view.masters("product")
    ordered = sorted(known.items(), key=lambda one: str(one[1].get("number", one[0])))
    if form == "list":
        return [row for key, values in ordered for row in _listed(key, values, products)], ()
    sizes = in_wearing_order(
        {
            str(products.get(key, {}).get("size", ""))
            for _, values in ordered
            for key, _ in _lines(values)
        }
        - {""}
    )
    rows = [row for key, values in ordered for row in _across(key, values, products, sizes)]
    return rows, sizes


def _head(key: str, values: Values) -> list[object]:
    due = day(str(values.get("due", "")))
    return [
        str(values.get("number", "")) or key.rsplit("/", 1)[-1],
        values.get("title", ""),
        values.get("customer", ""),
        values.get("city", ""),
        due if due is not None else "",
        values.get("marked", ""),
    ]


def _lines(values: Values) -> Iterator[tuple[str, Decimal]]:
    for line in values.get("lines", ()):
        yield key_of(str(line["product"])), Decimal(str(line["pieces"]))


def _listed(key: str, values: Values, products: Mapping[str, Values]) -> Iterator[list[object]]:
    for product, pieces in _lines(values):
        known = products.get(product, {"style": product.rsplit("/", 1)[-1]})
        yield [*_head(key, values), *_words(known), known.get("size", ""), _gtin(product), pieces]


def _across(
    key: str, values: Values, products: Mapping[str, Values], sizes: Sequence[str]
) -> Iterator[list[object]]:
    rows: dict[tuple[object, ...], dict[str, Decimal]] = {}
    for product, pieces in _lines(values):
        known = products.get(product, {"style": product.rsplit("/", 1)[-1]})
        size = str(known.get("size", ""))
        # What has no size stands on a row of its own, under the sum alone.
        cells = rows.setdefault((*_words(known), not size), {})
        cells[size] = cells.get(size, Decimal()) + pieces
    for words, cells in rows.items():
        across = [cells.get(size, "") for size in sizes]
        yield [*_head(key, values), *words[:-1], *across, sum(cells.values(), Decimal())]


def _products(view: View) -> Iterator[list[object]]:
    for key, values in sorted(view.masters("product").items()):
        if values.get("kind", "garment") != "material":
            yield [*_words(values), values.get("size", ""), _gtin(key), values.get("swatch", "")]


def _places(view: View) -> Iterator[list[object]]:
    home = f"//{view.namespace}/loc/"
    for key, values in sorted(view.masters("place").items()):
        yield [values.get("name", ""), key.removeprefix(home), values.get("kind", "")]


def _people(view: View) -> Iterator[list[object]]:
    for one in people(view):
        if one.name and one.is_active:
            yield [one.name, one.badge, one.language]


def _stock(view: View) -> Iterator[list[object]]:
    from traceability.sheets.from_before import said_from_before

    places = view.masters("place")
    products = view.masters("product")
    rolls = view.masters("roll")
    for key, place, quantity, unit in said_from_before(view):
        name = places.get(place, {}).get("name", place.rsplit("/", 1)[-1])
        if unit or key in rolls:
            roll = rolls.get(key, {})
            words = [roll.get("material", ""), "", "", "", "", ""]
            more = [roll.get("dye_lot", ""), roll.get("supplier", "")]
            sign = {"MTR": "m", "YRD": "yd", "KGM": "kg"}.get(unit, unit)
            yield [name, *words, roll.get("code", ""), quantity, sign, *more]
            continue
        known = products.get(key, {"style": key.rsplit("/", 1)[-1]})
        size = known.get("size", "")
        yield [name, *_words(known), size, _gtin(key), quantity, "", "", "", "", ""]


# --- writing -----------------------------------------------------------------------------------


def write_sheet(sheet: Sheet, ending: Literal["xlsx", "csv"], title: str = "Sheet") -> bytes:
    """Return a sheet as a file.

    Args:
        sheet: Rows; the first one holds the headings.
        ending: Format. CSV is UTF-8 with its mark, so that every spreadsheet reads the letters.
        title: Of the tab.
    """
    return _workbook(sheet, title) if ending == "xlsx" else _csv(sheet)


def _csv(sheet: Sheet) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    for row in sheet:
        writer.writerow([_text(value) for value in row])
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else guarded(str(value))


def _workbook(sheet: Sheet, title: str) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    page = book.create_sheet(title[:31])
    page.freeze_panes = "A2"
    for column, width in enumerate(_widths(sheet), 1):
        page.column_dimensions[get_column_letter(column)].width = width
    for number, row in enumerate(sheet):
        cells = []
        for value in row:
            cell = WriteOnlyCell(page)
            if isinstance(value, Decimal):
                cell.value = int(value) if value == value.to_integral_value() else value
            elif isinstance(value, date):
                cell.value = value
                cell.number_format = "yyyy-mm-dd"
            elif value not in ("", None):
                cell.value = guarded(str(value))
                cell.number_format = "@"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        page.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _widths(sheet: Sheet) -> Iterable[int]:
    columns = max((len(row) for row in sheet), default=0)
    for column in range(columns):
        texts = (_text(row[column]) for row in sheet[:200] if column < len(row))
        yield min(
            36, 3 + max((sum(1 + (ord(c) > 0x2E80) for c in text) for text in texts), default=6)
        )
