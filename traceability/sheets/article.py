"""What is made, as a row of a sheet names it: style, colour, size, barcode number."""

from __future__ import annotations

from dataclasses import dataclass

from traceability.sheets.colours import read_swatch
from traceability.sheets.complaint import N_
from traceability.sheets.layout import Known
from traceability.sheets.reading import Judge
from traceability.sheets.table import Cell, Record, size_complaint

__all__ = ["Article", "ArticleReader"]

NO_STYLE = N_("%(cell)s: this row names no style. Write what is to be made.")
NOT_A_SWATCH = N_("%(cell)s says %(value)s: expected a colour such as #22325a.")


@dataclass(frozen=True, slots=True)
class Article:
    """What is made, as a sheet names it."""

    style: str
    colour: str
    size: str
    gtin: str = ""
    """14 digits."""
    name: str = ""
    swatch: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two lines the same product: capitals do not count."""
        return (self.style.casefold(), self.colour.casefold(), self.size.casefold(), self.gtin)


class ArticleReader:
    """Reads the product of each row; the same words in every row are judged once."""

    def __init__(self, judge: Judge, known: Known, *, is_matrix: bool) -> None:
        self._judge = judge
        self._known = known
        self._is_matrix = is_matrix
        self._texts: dict[tuple[object, str], str] = {}

    def read(self, record: Record, owner: str) -> Article | None:
        """Return the product of a row; None if it names none.

        What is wrong with it is kept. The product is then the one that stands there, so that the
        sheet's pieces can be counted; it is never taken in like that.
        """
        count = len(self._judge.complaints)
        style = self._code(record.cell("style"), owner)
        name = self._judge.text(record.cell("name"), owner)
        colour = self._code(record.cell("colour"), owner)
        gtin = self._judge.gtin(record.cell("gtin"), owner) if not self._is_matrix else ""
        size = "" if self._is_matrix else self._size(record.cell("size"), owner)
        swatch = read_swatch(self._judge.text(record.cell("swatch"), owner) or "#000000")
        if swatch is None:
            self._judge.complain(NOT_A_SWATCH, record.fields["swatch"], owner)
        if not style and not name and not gtin and len(self._judge.complaints) == count:
            cell = (
                record.fields.get("style") or record.fields.get("name") or record.fields.get("gtin")
            )
            self._judge.complain(NO_STYLE, cell or Cell(None, ""), owner)
        if len(self._judge.complaints) > count:
            style = style or _written(record.cell("style"))
            colour = colour or _written(record.cell("colour"))
            size = size or ("" if self._is_matrix else _written(record.cell("size")))
            if not (style or name or gtin):
                style = _written(record.cell("gtin"))
                if not style:
                    return None
        given = swatch if record.cell("swatch") is not None and swatch else ""
        return Article(style or name, colour, size, gtin, name if style else "", given)

    def _code(self, cell: Cell | None, owner: str) -> str:
        """Read a code; the same text twice is read once, for it stands in every row."""
        if cell is None or not isinstance(cell.value, str):
            return self._judge.code(cell, owner)
        key = (cell.value, "code")
        if key not in self._texts:
            count = len(self._judge.complaints)
            text = self._judge.code(cell, owner)
            if len(self._judge.complaints) > count:
                return text
            self._texts[key] = text
        return self._texts[key]

    def _size(self, cell: Cell | None, owner: str) -> str:
        if cell is None:
            return ""
        key = (cell.value, "size")
        if key in self._texts:
            return self._texts[key]
        text = self._judge.code(cell, owner)
        size = self._known.size(text) if text else ""
        if size is None:
            self._judge.complaints.append(size_complaint(cell, frozenset({owner} - {""})))
            return ""
        if text:
            self._texts[key] = size
        return size


def _written(cell: Cell | None) -> str:
    """Return what stands in a cell, right or wrong."""
    return cell.text[:80] if cell is not None else ""
