"""Orders as a sheet says them: who wants what by when, and whether its sums are right."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from traceability.sheets.article import Article, ArticleReader
from traceability.sheets.choices import Choices
from traceability.sheets.complaint import N_, Complaint, Question, merged
from traceability.sheets.field_words import FIELD_WORDS
from traceability.sheets.grid import Formula
from traceability.sheets.reading import Judge
from traceability.sheets.table import Cell, Record, Table, Total, size_complaint

__all__ = ["OrderSaid", "OrderSheet", "read_orders"]

MISSING_COLUMN = N_(
    "No column says %(value)s. Name it in a heading, or say below what each column is."
)
NO_NUMBER = N_("%(cell)s: this row belongs to no order. Write the order's number.")
NO_ADDRESS = N_(
    "%(cell)s says %(value)s: an order's number is not only dots, does not begin or end with a "
    "slash, and does not end like a page. Write it another way, such as 118-1."
)
NO_PIECES = N_("%(cell)s: no pieces are given. Write how many, or take the row out.")
OTHER_VALUE = N_(
    "%(cell)s says %(value)s for order %(order)s, but %(other_cell)s says %(other)s. One order has "
    "one customer and one day: correct one of them, or give the second order another number."
)
ROW_SUM = N_("%(cell)s says %(value)s, but the row adds up to %(sum)s. Correct the sum or a size.")
COLUMN_SUM = N_(
    "%(cell)s says %(value)s, but the pieces above add up to %(sum)s. Correct the sum or the "
    "pieces, or empty this cell."
)
ORDER_SUM = N_(
    "%(cell)s says %(value)s, but order %(order)s adds up to %(sum)s. Correct the sum or the "
    "pieces."
)
UNCHECKED_SUM = N_("%(cell)s is a formula without a result: that sum was not checked.")
TWICE = N_(
    "%(cells)s name the same product of order %(order)s: their pieces are added up to %(sum)s."
)
FILLED = N_(
    "Rows without an order number, from %(cell)s on, belong to the order above them: %(count)s."
)
NOT_MARKED = N_("%(cell)s says %(value)s: expected rfid, barcode or counted.")

_NO_ADDRESS = re.compile(
    r"\.+|/.*|.*/|(.*/)?\.{1,2}/.*|.*/\.{1,2}"
    r"|.*/(tickets|links|as-customer|links/.*|snapshot\.(html|png))|export\.\w+"
)
"""An order is reached by its number: these would lead to another page."""

MARKED = {
    "rfid": "rfid", "tag": "rfid", "barcode": "barcode", "label": "barcode",
    "counted": "counted", "count": "counted", "ticket": "counted",
    "标签": "barcode", "条码": "barcode", "计数": "counted", "按件计": "counted", "射频": "rfid",
}  # fmt: skip
_HEAD = ("customer", "due", "title", "city", "marked")


@dataclass(slots=True)
class OrderSaid:
    """One order of a sheet."""

    number: str
    cell: str
    """Where its number stands first."""
    customer: str = ""
    due: date | None = None
    title: str = ""
    city: str = ""
    marked: str = ""
    lines: dict[tuple[str, str, str, str], tuple[Article, int]] = field(default_factory=dict)
    cells: dict[tuple[str, str, str, str], list[str]] = field(default_factory=dict)
    said: dict[str, tuple[object, Cell]] = field(default_factory=dict)
    """Field → first value and its cell."""

    @property
    def pieces(self) -> int:
        """All pieces ordered."""
        return sum(pieces for _, pieces in self.lines.values())


@dataclass(slots=True)
class OrderSheet:
    """All orders of a sheet, and what is wrong with it."""

    orders: dict[str, OrderSaid] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    remarks: list[Complaint] = field(default_factory=list)
    """What was done without asking."""


def read_orders(table: Table, choices: Choices) -> OrderSheet:
    """Read the orders of a sheet; wrong rows give complaints and no line."""
    sheet = OrderSheet()
    sheet.complaints += table.complaints
    sheet.questions += table.questions
    if not table.records and not table.headings:
        return sheet
    if not _has_columns(table, sheet):
        return sheet
    judge = Judge()
    counted = [cell for record in table.records for _, cell in _counted(record, table)]
    due = [cell for record in table.records if (cell := record.cell("due")) is not None]
    judge.learn(counted, due, choices, are_whole=True)
    reader = _Reader(table, sheet, judge)
    reader.read()
    sheet.complaints = merged([*sheet.complaints, *judge.complaints])
    sheet.questions += judge.questions
    return sheet


def _has_columns(table: Table, sheet: OrderSheet) -> bool:
    lacking = []
    if "number" not in table.fields:
        lacking.append("number")
    if not table.is_matrix and not {"pieces", "total"} & table.fields:
        lacking.append("pieces")
    if not {"style", "name", "gtin"} & table.fields:
        lacking.append("style")
    sheet.complaints += [missing_column(name) for name in lacking]
    return not lacking


def missing_column(field_name: str) -> Complaint:
    """Say that no column holds what is needed."""
    return Complaint(MISSING_COLUMN, {"value": FIELD_WORDS[field_name], "field": field_name})


def _counted(record: Record, table: Table) -> Iterator[tuple[str, Cell]]:
    """Yield size and pieces of a row; the size is empty where the row itself names it.

    Where sizes stand across, goods without a size have their pieces under the sum alone.
    """
    if table.is_matrix and record.sizes:
        yield from record.sizes
        return
    cell = record.cell("pieces") or record.cell("total")
    if cell is not None:
        yield "", cell


class _Reader:
    """Goes through the rows once."""

    def __init__(self, table: Table, sheet: OrderSheet, judge: Judge) -> None:
        self._table = table
        self._sheet = sheet
        self._judge = judge
        self._sums: dict[str, int] = defaultdict(int)
        """Pieces so far, by size, and together under "pieces"."""
        self._before: dict[str, int] = {}
        """The same at the last row of sums."""
        self._unknown: set[str] = set()
        """Columns in which a number could not be read: their sums cannot be judged."""
        self._lacking: set[str] = set()
        """Orders of which a line could not be read."""
        self._filled = 0
        self._filled_at = ""
        self._articles = ArticleReader(judge, table.known, is_matrix=table.is_matrix)
        self._said: list[tuple[OrderSaid, str, Cell, int]] = []
        """In a list: what a column of sums says beside the pieces of a line."""

    def read(self) -> None:
        owners = [self._owner(record) for record in self._table.records]
        for cell, rows in self._table.likely.values():
            known = frozenset(owners[row] for row in rows if owners[row])
            self._sheet.complaints.append(size_complaint(cell, known))
        sums: dict[int, list[Total]] = defaultdict(list)
        for total in self._table.totals:
            sums[total.count].append(total)
        for index, record in enumerate(self._table.records):
            self._row(record, owners[index])
            if index + 1 in sums:
                self._check_sums(sums[index + 1])
        if self._filled:
            values = {"count": str(self._filled), "cell": self._filled_at}
            self._sheet.remarks.append(Complaint(FILLED, values, self._filled_at))
        self._check_said()
        for order in self._sheet.orders.values():
            self._say_twice(order)

    def _check_sums(self, totals: list[Total]) -> None:
        for total in totals:
            for name, cell in total.cells.items():
                self._check_sum(name, cell)
        self._before = dict(self._sums)

    def _check_sum(self, name: str, cell: Cell) -> None:
        if isinstance(cell.value, Formula):
            self._sheet.remarks.append(Complaint(UNCHECKED_SUM, {}, cell.name))
            return
        said = self._judge.number(cell)
        column = "pieces" if name == "total" else name
        if said is None or column in self._unknown or (column == "pieces" and self._unknown):
            return
        whole = self._sums.get(column, 0)
        part = whole - self._before.get(column, 0)
        if said not in (whole, part):
            self._judge.complain(
                COLUMN_SUM, cell, sum=str(part or whole), suggestion=str(part or whole)
            )

    def _owner(self, record: Record) -> str:
        cell = record.cell("number")
        if cell is None or isinstance(cell.value, Formula):
            return ""
        return cell.text

    def _row(self, record: Record, owner: str) -> None:
        judge = self._judge
        if "number" in record.filled:
            self._filled += 1
            cell = record.cell("number")
            if cell is not None and not self._filled_at:
                self._filled_at = f"{cell.name.rstrip('0123456789')}{record.row + 1}"
            number = owner
        else:
            number = judge.code(record.cell("number"), owner)
            if _NO_ADDRESS.fullmatch(number):
                judge.complain(NO_ADDRESS, record.cell("number") or Cell(None, ""), owner)
                number = ""
        at = record.fields.get("number")
        if not number:
            if record.cell("number") is None:
                judge.complain(NO_NUMBER, at or Cell(None, ""))
            self._doubt(record)
            return
        order = self._sheet.orders.setdefault(number, OrderSaid(number, at.name if at else ""))
        self._head(order, record, owner)
        article = self._articles.read(record, owner)
        if article is None:
            self._doubt(record)
            return
        self._pieces(order, record, owner, article)

    def _doubt(self, record: Record) -> None:
        """Remember that a row's pieces are in the sheet's sums, but not in ours."""
        self._lacking.add(self._owner(record))
        self._unknown.update(size or "pieces" for size, _ in _counted(record, self._table))
        self._unknown.add("row")

    def _head(self, order: OrderSaid, record: Record, owner: str) -> None:
        for name in _HEAD:
            cell = record.cell(name)
            if cell is None or name in record.filled:
                continue
            known = order.said.get(name)
            if known is not None and known[1].value == cell.value:
                continue
            value = self._head_value(name, cell, owner)
            if not value:
                continue
            if known is None:
                order.said[name] = (value, cell)
                setattr(order, name, value)
            elif known[0] != value and name in ("customer", "due"):
                self._judge.complain(
                    OTHER_VALUE,
                    cell,
                    owner,
                    order=order.number,
                    other=known[1].text,
                    other_cell=known[1].name,
                    suggestion=known[1].text,
                )

    def _head_value(self, name: str, cell: Cell, owner: str) -> object:
        if name == "due":
            return self._judge.day(cell, owner)
        text = self._judge.text(cell, owner)
        if name != "marked" or not text:
            return text
        found = MARKED.get(text.casefold(), "")
        if not found:
            self._judge.complain(NOT_MARKED, cell, owner, suggestion="counted")
        return found

    def _pieces(self, order: OrderSaid, record: Record, owner: str, article: Article) -> None:
        row = 0
        is_known = True
        filled = list(_counted(record, self._table))
        if not filled:
            cell = (
                record.fields.get("pieces")
                or record.fields.get("total")
                or record.fields.get("style")
            )
            self._judge.complain(NO_PIECES, cell or Cell(None, ""), owner)
        for size, cell in filled:
            count = len(self._judge.complaints)
            pieces = self._judge.pieces(cell, owner, may_be_none=bool(size))
            if len(self._judge.complaints) > count:
                self._unknown.update((size or "pieces", "row"))
                self._lacking.add(order.number)
                is_known = False
            if pieces is None:
                continue
            row += pieces
            self._sums[size or "pieces"] += pieces
            if size:
                self._sums["pieces"] += pieces
            _add(order, article if not size else _sized(article, size), pieces, cell)
        if is_known:
            self._check_row(order, record, owner, row)

    def _check_row(self, order: OrderSaid, record: Record, owner: str, row: int) -> None:
        cell = record.cell("total") or (record.cell("pieces") if self._table.is_matrix else None)
        if cell is None:
            return
        if not self._table.is_matrix or not record.sizes:
            if record.cell("pieces") is not None:
                self._said.append((order, owner, cell, row))
            return
        if isinstance(cell.value, Formula):
            self._sheet.remarks.append(Complaint(UNCHECKED_SUM, {}, cell.name))
            return
        said = self._judge.number(cell)
        if said is not None and said != row:
            self._judge.complain(ROW_SUM, cell, owner, sum=str(row), suggestion=str(row))

    def _check_said(self) -> None:
        """Judge a column of sums in a list, if it speaks of pieces at all and not of money."""
        fits = [self._fits(*one) for one in self._said]
        if sum(fits) * 2 <= len(fits):
            return
        for (order, owner, cell, _), is_right in zip(self._said, fits, strict=True):
            if not is_right and order.number not in self._lacking:
                total = str(order.pieces)
                self._judge.complain(ORDER_SUM, cell, owner, order=order.number, sum=total)

    def _fits(self, order: OrderSaid, _owner: str, cell: Cell, row: int) -> bool:
        return self._judge.number(cell) in (row, order.pieces) or isinstance(cell.value, Formula)

    def _say_twice(self, order: OrderSaid) -> None:
        for key, cells in order.cells.items():
            if len(cells) > 1:
                values = {
                    "cells": ", ".join(cells[:6]),
                    "order": order.number,
                    "sum": str(order.lines[key][1]),
                }
                self._sheet.remarks.append(Complaint(TWICE, values, cells[0]))


def _sized(article: Article, size: str) -> Article:
    return Article(article.style, article.colour, size, "", article.name, article.swatch)


def _add(order: OrderSaid, article: Article, pieces: int, cell: Cell) -> None:
    known = order.lines.get(article.key)
    order.lines[article.key] = (known[0] if known else article, pieces + (known[1] if known else 0))
    order.cells.setdefault(article.key, []).append(cell.name)
