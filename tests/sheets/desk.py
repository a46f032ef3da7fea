"""A workshop's ledger with nothing in it, and sheets as programs save them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from openpyxl import Workbook

from tests.engines import open_place
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening
from traceability.projections.view import look
from traceability.sheets.book import read_book
from traceability.sheets.change import Plan
from traceability.sheets.choices import Choices
from traceability.sheets.headings import Kind
from traceability.sheets.planning import plan
from traceability.sheets.taking import Taken, take_in

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
NAMESPACE = "porto.invalid"
NOTHING = Choices()
Cells = Sequence[Iterable[object]]


def workshop(folder_of: Path, flow: str = "workshop") -> Ledger:
    """Open an empty ledger."""
    text = (folder("flows") / f"{flow}.toml").read_text(encoding="utf-8")
    database = open_place(folder_of / "ledger.sqlite")
    return Ledger.open(database, opening=Opening(text, name="Porto", namespace=NAMESPACE))


def planned(
    ledger: Ledger, data: bytes | str, kind: Kind = "orders", choices: Choices = NOTHING
) -> Plan:
    """Say what a sheet would do."""
    book = read_book(data if isinstance(data, bytes) else data.encode(), "sheet")
    with look(ledger) as view:
        return plan(view, book, kind, choices, at=NOW)


def taken(
    ledger: Ledger,
    data: bytes | str,
    kind: Kind = "orders",
    choices: Choices = NOTHING,
    *,
    rest: bool = False,
) -> Taken:
    """Take a sheet in."""
    book = read_book(data if isinstance(data, bytes) else data.encode(), "sheet")
    return take_in(ledger, book, kind, choices, at=NOW, by="admin", rest=rest)


def orders_of(made: Plan) -> dict[str, dict[str, int]]:
    """Return order number → product name → pieces, as a plan would write them."""
    names = {one.key: one.name for one in made.of("product")}
    return {
        one.name: {
            names.get(line["product"], line["product"]): int(line["pieces"])
            for line in one.values["lines"]
        }
        for one in made.of("order")
    }


def sentences(made: Plan) -> list[str]:
    """Return what is wrong, as people read it."""
    return [str(one) for one in made.complaints]


def workbook(**sheets: Cells) -> bytes:
    """Save sheets as a spreadsheet program does."""
    book = Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return a workbook's bytes."""
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
