r"""A file from a spreadsheet, whatever saved it, as grids of cells.

>>> read_book("Order;Pieces\r\n118;40\r\n".encode(), "orders.csv").grids[0].rows
(('Order', 'Pieces'), ('118', '40'))
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from traceability.errors import Refused
from traceability.sheets.delimited import decode, read_delimited
from traceability.sheets.grid import Grid
from traceability.sheets.html_table import read_html
from traceability.sheets.workbook import read_workbook

__all__ = ["BYTES_MAX", "Book", "read_book"]

BYTES_MAX = 16 * 1024 * 1024
"""The largest file: 20,000 lines with twelve columns are less than a tenth of it."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "Open it in your spreadsheet program, choose Save as, type “Excel workbook (.xlsx)”, and"
_PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


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
        Refused: If it is no sheet, or of a kind that must be saved anew; the sentence says how.
    """
    said = name or "The sheet"
    if len(data) > BYTES_MAX:
        size, limit = len(data) // 1_000_000, BYTES_MAX // 1_000_000
        raise Refused(f"{said} has {size} MB: expected at most {limit} MB. Split it in two.")
    if not data.strip():
        raise Refused(f"{said} is empty: expected a row of headings and rows below it.")
    head = data[:4096].lstrip().lower()
    if data.startswith(_OLE):
        grids = _old_file(data, said)
    elif data.startswith(b"PK\x03\x04"):
        grids = _package(data, said)
    elif data.startswith(_PICTURES):
        raise Refused(f"{said} is a picture or a PDF: the cells themselves are needed, as a sheet.")
    elif head.startswith(b"mime-version:"):
        raise Refused(
            f"{said} is a web archive, not a sheet, whatever its name says. {_SAVE_AS} drop that."
        )
    else:
        grids = _text(data, said)
    if not any(grid.rows for grid in grids):
        raise Refused(f"{said} has no filled cell: expected a row of headings and rows below it.")
    return Book(name, grids)


def _old_file(data: bytes, said: str) -> tuple[Grid, ...]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused(f"{said} is locked with a password. Save a copy without one, and drop that.")
    raise Refused(
        f"{said} is in the format of Excel before 2007 (.xls), which is not read. "
        f"{_SAVE_AS} drop the new file."
    )


def _package(data: bytes, said: str) -> tuple[Grid, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
    except zipfile.BadZipFile as error:
        raise Refused(f"{said} is damaged and cannot be opened. Save it once more.") from error
    if "xl/workbook.xml" in names:
        return read_workbook(data, said)
    if "xl/workbook.bin" in names or "content.xml" in names:
        kind = ".xlsb" if "xl/workbook.bin" in names else ".ods"
        raise Refused(f"{said} is an {kind} file, which is not read. {_SAVE_AS} drop the new file.")
    raise Refused(f"{said} is no sheet: expected .xlsx, .csv, or cells pasted as text.")


def _text(data: bytes, said: str) -> tuple[Grid, ...]:
    text = decode(data, said)
    begin = text[:4096].lstrip().lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in begin:
        raise Refused(f"{said} is an XML sheet of 2003, which is not read. {_SAVE_AS} drop that.")
    if begin.startswith(("<", "<!doctype")) and ("<table" in text.lower() or "<html" in begin):
        grids = read_html(text)
        if not grids:
            raise Refused(
                f"{said} is a web page without a table, whatever its name says. {_SAVE_AS} "
                "drop the new file."
            )
        return grids
    if begin.startswith(("{", "<?xml")):
        raise Refused(f"{said} is no sheet: expected .xlsx, .csv, or cells pasted as text.")
    return (read_delimited(text, said),)
