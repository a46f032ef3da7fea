r"""A file from a spreadsheet, whatever saved it, as grids of cells.

>>> read_book("Order;Pieces\r\n118;40\r\n".encode(), "orders.csv").grids[0].rows
(('Order', 'Pieces'), ('118', '40'))
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from traceability.sheets.complaint import N_, THE_SHEET, Unreadable
from traceability.sheets.delimited import decode, read_delimited
from traceability.sheets.grid import Grid
from traceability.sheets.html_table import read_html
from traceability.sheets.workbook import DAMAGED, read_workbook

__all__ = ["BYTES_MAX", "Book", "read_book"]

BYTES_MAX = 16 * 1024 * 1024
"""The largest file: 20,000 lines with twelve columns are less than a tenth of it."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")

TOO_LARGE = N_("%(file)s has %(size)s MB: expected at most %(limit)s MB. Split it in two.")
EMPTY = N_("%(file)s is empty: expected a row of headings and rows below it.")
PICTURE = N_("%(file)s is a picture or a PDF: the cells themselves are needed, as a sheet.")
ARCHIVE = N_(
    "%(file)s is a web archive, not a sheet, whatever its name says. Open it in your spreadsheet "
    "program, choose Save as, type “Excel workbook (.xlsx)”, and drop the new file."
)
NO_TABLE = N_(
    "%(file)s is a web page without a table, whatever its name says. Open it in your spreadsheet "
    "program, choose Save as, type “Excel workbook (.xlsx)”, and drop the new file."
)
LOCKED = N_("%(file)s is locked with a password. Save a copy without one, and drop that.")
OLD = N_(
    "%(file)s is in the format of Excel before 2007 (.xls), which is not read. Open it in your "
    "spreadsheet program, choose Save as, type “Excel workbook (.xlsx)”, and drop the new file."
)
OTHER_KIND = N_(
    "%(file)s is of the kind %(kind)s, which is not read. Open it in your spreadsheet program, "
    "choose Save as, type “Excel workbook (.xlsx)”, and drop the new file."
)
NO_SHEET = N_("%(file)s is no sheet: expected .xlsx, .csv, or cells pasted as text.")


@dataclass(frozen=True, slots=True)
class Book:
    """All sheets of one file."""

    name: str
    grids: tuple[Grid, ...]


def read_book(data: bytes, name: str = "") -> Book:
    """Read a file, or cells that were pasted as text.

    Args:
        data: The file's bytes.
        name: Its name, for sentences only: what it is follows from the bytes.

    Raises:
        Unreadable: If it is no sheet, or of a kind that must be saved anew; the sentence says how.
    """
    said = name or THE_SHEET
    if len(data) > BYTES_MAX:
        size, limit = str(len(data) // 1_000_000), str(BYTES_MAX // 1_000_000)
        raise Unreadable(TOO_LARGE, file=said, size=size, limit=limit)
    if not data.strip():
        raise Unreadable(EMPTY, file=said)
    head = data[:4096].lstrip().lower()
    if data.startswith(_OLE):
        is_locked = "EncryptedPackage".encode("utf-16-le") in data
        raise Unreadable(LOCKED if is_locked else OLD, file=said)
    if data.startswith(b"PK\x03\x04"):
        grids = _package(data, said)
    elif data.startswith(_PICTURES):
        raise Unreadable(PICTURE, file=said)
    elif head.startswith(b"mime-version:"):
        raise Unreadable(ARCHIVE, file=said)
    else:
        grids = _text(data, said)
    if not any(grid.rows for grid in grids):
        raise Unreadable(EMPTY, file=said)
    return Book(name, grids)


def _package(data: bytes, said: str) -> tuple[Grid, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
    except zipfile.BadZipFile as error:
        raise Unreadable(DAMAGED, file=said) from error
    if "xl/workbook.xml" in names:
        return read_workbook(data, said)
    if "xl/workbook.bin" in names or "content.xml" in names:
        kind = ".xlsb" if "xl/workbook.bin" in names else ".ods"
        raise Unreadable(OTHER_KIND, file=said, kind=kind)
    raise Unreadable(NO_SHEET, file=said)


def _text(data: bytes, said: str) -> tuple[Grid, ...]:
    text = decode(data, said)
    begin = text[:4096].lstrip().lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in begin:
        raise Unreadable(OTHER_KIND, file=said, kind="XML 2003")
    if begin.startswith("<") and ("<table" in text.lower() or "<html" in begin):
        grids = read_html(text)
        if not grids:
            raise Unreadable(NO_TABLE, file=said)
        return grids
    if begin.startswith(("{", "<?xml")):
        raise Unreadable(NO_SHEET, file=said)
    return (read_delimited(text, said),)
