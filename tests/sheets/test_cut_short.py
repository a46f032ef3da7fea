"""A long sheet that is cut short: what is told is true, and the same sheet brings the rest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.sheets.desk import NOW, taken, workshop
from traceability.errors import DatabaseBusy
from traceability.sheets.book import read_book
from traceability.sheets.choices import Choices
from traceability.sheets.taking import SLICE, take_in

HEAD = "order,style,colour,size,pieces\n"


def test_what_is_in_is_told_and_the_same_sheet_goes_on(tmp_path: Path) -> None:
    ledger = workshop(tmp_path)
    sheet = HEAD + "".join(f"{n},S{n},navy,M,4\n" for n in range(700))
    path = ledger.database.path
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)

    def stand_in_the_way(done: int, _of: int) -> None:
        if done == SLICE:
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusy, match=r"500 of 1400 entries are taken in, then the record"):
        take_in(
            ledger,
            read_book(sheet.encode(), "sheet"),
            "orders",
            Choices(),
            at=NOW,
            by="admin",
            progress=stand_in_the_way,
        )
    other.close()
    assert ledger.size == 1 + SLICE
    taken(ledger, sheet)
    assert ledger.size == 1 + 1400
    assert taken(ledger, sheet).entries == 0
