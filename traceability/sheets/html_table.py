"""A web page that calls itself a sheet: many programs "export to Excel" by writing a table.

>>> read_html("<table><tr><th>Order<th>Pieces<tr><td>118<td>40</table>")[0].rows
(('Order', 'Pieces'), ('118', '40'))
"""

from __future__ import annotations

from html.parser import HTMLParser

from traceability.sheets.complaint import THE_SHEET
from traceability.sheets.delimited import check_size, clean
from traceability.sheets.grid import Grid

__all__ = ["read_html"]

_SPAN_MAX = 500


def read_html(text: str) -> tuple[Grid, ...]:
    """Return the tables of a page that have cells; a cell over several rows or columns is first.

    Raises:
        Unreadable: If a table is larger than a sheet may be.
    """
    reader = _Tables()
    reader.feed(text)
    reader.close()
    reader.end_table()
    return tuple(Grid("", tuple(map(tuple, rows))) for rows in reader.tables if any(map(any, rows)))


class _Tables(HTMLParser):
    """Collects cells; tags that a page forgot to close are closed by what follows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str | None]]] = []
        self._rows: list[list[str | None]] = []
        self._taken: dict[tuple[int, int], bool] = {}
        self._text: list[str] | None = None
        self._span = (1, 1)
        self._cells = 0
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._skipped += 1
        elif tag == "table":
            self.end_table()
        elif tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif tag in ("td", "th"):
            self._end_cell()
            given = dict(attrs)
            self._span = (_span(given.get("rowspan")), _span(given.get("colspan")))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skipped = max(0, self._skipped - 1)
        elif tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag == "table":
            self.end_table()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._skipped:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None:
            return
        if not self._rows:
            self._rows.append([])
        row = self._rows[-1]
        while self._taken.get((len(self._rows) - 1, len(row))):
            row.append(None)
        down, across = self._span
        for below in range(1, down):
            for beside in range(across):
                self._taken[len(self._rows) - 1 + below, len(row) + beside] = True
        row += [clean("".join(self._text)), *([None] * (across - 1))]
        self._text = None
        self._cells += down * across
        check_size(len(self._rows), len(row), self._cells, THE_SHEET)

    def end_table(self) -> None:
        """Close what is open."""
        self._end_cell()
        if self._rows:
            self.tables.append(self._rows)
        self._rows = []
        self._taken = {}


def _span(given: str | None) -> int:
    return min(int(given), _SPAN_MAX) if given and given.isdecimal() and int(given) else 1
