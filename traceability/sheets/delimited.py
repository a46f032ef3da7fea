r"""Cells as text: CSV of any country, and what is on the clipboard after copying cells.

>>> read_delimited("Order;Metres\n118;92,5\n").rows
(('Order', 'Metres'), ('118', '92,5'))
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter

from traceability.sheets.complaint import N_, THE_SHEET, Unreadable
from traceability.sheets.grid import Grid

__all__ = ["CELLS_MAX", "decode", "read_delimited"]

ROWS_MAX = 100_000
COLUMNS_MAX = 500
CELLS_MAX = 2_000_000
_CELL_MAX = 4_000

NO_TEXT = N_("%(file)s is no text and no sheet: expected .xlsx, .csv, or pasted cells.")
CUT_OFF = N_("%(file)s is cut off or damaged at byte %(byte)s. Save it once more.")
QUOTED = N_(
    "%(file)s cannot be read at row %(row)s: a quotation mark is opened and not closed, or the "
    "cell is too long."
)
TOO_MANY = N_(
    "%(file)s is too large: expected at most %(rows)s rows, %(columns)s columns and %(cells)s "
    "cells. Split it."
)
_LOOKED_AT = 200
# Two characters of GB 2312 in a row: accented letters of a Western page stand alone in a word.
_HAN_PAIR = re.compile(rb"[\xb0-\xf7][\xa1-\xfe][\xb0-\xf7][\xa1-\xfe]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, said: str = THE_SHEET) -> str:
    """Turn bytes into text: UTF-8, UTF-16, GB 18030, or Western (Windows 1252).

    Raises:
        Unreadable: If it is no text.

    >>> decode("订单号,数量".encode("gb18030")), decode("Größe".encode("cp1252"))
    ('订单号,数量', 'Größe')
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding, said)
    zeros = data[:2000].count(0)
    if zeros > len(data[:2000]) // 4:
        # Latin text in UTF-16 without its mark: every other byte is zero.
        return _strict(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be", said)
    if zeros:
        raise Unreadable(NO_TEXT, file=said)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _HAN_PAIR.search(data):
            return text
    return data.decode("cp1252", errors="replace")


def _strict(data: bytes, encoding: str, said: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(CUT_OFF, file=said, byte=str(error.start)) from error


def read_delimited(text: str, said: str = THE_SHEET) -> Grid:
    """Read lines of cells; what parts them is found out.

    Raises:
        Unreadable: If it is larger than a sheet may be.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first) == 5:
        # A line for the spreadsheet itself; an empty row keeps the names of the cells below true.
        mark, text = first[4], f"\n{rest}"
    else:
        mark = _separator(text)
    rows: list[tuple[str | None, ...]] = []
    cells = 0
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            rows.append(tuple(clean(cell) for cell in line))
            cells += len(line)
            check_size(len(rows), len(line), cells, said)
    except csv.Error as error:
        raise Unreadable(QUOTED, file=said, row=str(len(rows) + 1)) from error
    while rows and not any(rows[-1]):
        rows.pop()
    return Grid("", tuple(rows))


def check_size(rows: int, columns: int, cells: int, said: str) -> None:
    """Refuse a sheet that no person would have typed.

    Raises:
        Unreadable: If it has too many rows, columns or cells.
    """
    if rows > ROWS_MAX or columns > COLUMNS_MAX or cells > CELLS_MAX:
        limits = {"rows": str(ROWS_MAX), "columns": str(COLUMNS_MAX), "cells": str(CELLS_MAX)}
        raise Unreadable(TOO_MANY, file=said, **limits)


def clean(text: str) -> str | None:
    r"""Return the text of a cell: NFC, one line, without the mark that keeps it from calculating.

    >>> clean("'=1+1"), clean("  "), clean("two\nlines")
    ('=1+1', None, 'two lines')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())[:_CELL_MAX]
    if text.startswith("'") and text[1:2] in tuple("=+-@"):
        text = text[1:]
    return text or None


def _separator(text: str) -> str:
    lines = [line for line in text.split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
    if sum("\t" in line for line in lines) * 2 >= len(lines):
        return "\t"
    found = ";"
    best = (0, 0)
    for mark in (";", ",", "|", "，"):
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda one: (one[0] > 1, one[1], one[0]))
        score = (count if width > 1 else 0, width)
        if score > best:
            found, best = mark, score
    return found
