"""The record's file moved, deleted or replaced while it is written to: said, never written past."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledger.books import draft, open_book, packed
from traceability.errors import DatabaseBusy, LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.sqlite"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = open_book(file)
    opened.append([draft(packed(1))])
    yield opened
    opened.database.close()


def test_a_deleted_file_is_not_begun_anew(ledger: Ledger, file: Path) -> None:
    file.unlink()
    ledger.database.engine.dispose()
    with pytest.raises(DatabaseBusy, match=r"was moved, deleted or replaced"):
        ledger.append([draft(packed(2))])
    with pytest.raises(DatabaseBusy, match=r"was moved, deleted or replaced"):
        _ = ledger.size
    assert not file.exists()
    assert "was moved" in ledger.problem


def test_a_file_that_is_put_back_goes_on(ledger: Ledger, file: Path) -> None:
    away = file.with_name("away.sqlite")
    file.rename(away)
    with pytest.raises(DatabaseBusy, match=r"put the file back"):
        ledger.append([draft(packed(2))])
    away.rename(file)
    assert ledger.append([draft(packed(2))])[0].position == 2
    assert verify(ledger, projections=True).finding is None


def test_another_file_under_the_name_is_not_written_to(ledger: Ledger, file: Path) -> None:
    other = file.with_name("other.sqlite")
    open_book(other).database.close()
    other.replace(file)
    before = file.read_bytes()
    with pytest.raises(DatabaseBusy, match=r"was moved, deleted or replaced"):
        ledger.append([draft(packed(2))])
    ledger.database.close()
    assert file.read_bytes() == before


def test_a_log_left_beside_another_file_is_found_out(ledger: Ledger, file: Path) -> None:
    other = file.with_name("other.sqlite")
    stranger = open_book(other)
    stranger.append([draft(packed(one)) for one in range(50, 99)])
    stranger.database.close()
    ledger.database.engine.dispose()
    ledger.append([draft(packed(2))])
    shutil.copy(file.with_name(file.name + "-wal"), other.with_name(other.name + "-wal"))
    with pytest.raises(LedgerCorrupt, match=r"cannot be read: .* Keep it as it is"):
        open_book(other)


def test_a_head_that_does_not_fit_its_entries_is_not_written_to(ledger: Ledger, file: Path) -> None:
    ledger.database.close()
    with closing(sqlite3.connect(file)) as by_hand, by_hand:
        by_hand.execute("UPDATE ledger SET root = zeroblob(32)")
    again = open_book(file)
    with pytest.raises(LedgerCorrupt, match="The head of the record is not what its tiles give"):
        again.append([draft(packed(2))])
    assert again.size == 2
    again.database.close()


def test_a_log_that_is_deleted_costs_nothing_acknowledged(ledger: Ledger, file: Path) -> None:
    ledger.append([draft(packed(2))])
    log = file.with_name(file.name + "-wal")
    log.unlink()
    with pytest.raises(DatabaseBusy, match=r"was deleted or replaced while Hangtag worked"):
        ledger.append([draft(packed(3))])
    assert ledger.append([draft(packed(3))])[0].position == 3
    again = open_book(file)
    assert (again.size, verify(again, projections=True).finding) == (4, None)
    again.database.close()


def test_a_record_that_was_set_back_is_not_written_to(ledger: Ledger, file: Path) -> None:
    kept = file.with_name("kept.sqlite")
    ledger.database.engine.dispose()
    shutil.copy(file, kept)
    ledger.append([draft(packed(2))])
    ledger.database.engine.dispose()
    shutil.copy(kept, file)  # into the same file: its name still stands for it
    with pytest.raises(LedgerCorrupt, match=r"the database was set back"):
        ledger.append([draft(packed(3))])
    assert "set back" in ledger.problem
    assert ledger.size == 2
