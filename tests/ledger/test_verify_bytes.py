"""No byte of the record can change unseen; a long record is checked in short moments."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.attacked import Hand, make_book
from tests.ledger.books import draft, open_book, packed
from traceability.ledger.append import Ledger
from traceability.ledger.entry import Entry, body_commitment
from traceability.ledger.verify import verify

ROWS = (
    ("entry", "entry"),
    ("body", "body"),
    ("body", "salt"),
    ("tile", "data"),
    ("ledger", "root"),
    ("ledger", "frontier"),
    ("private", "salt"),
    ("private", "value"),
    ("document", "bytes"),
    ("checkpoint", "note"),
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger of a little more than a tile."""
    ledger = make_book(tmp_path_factory.mktemp("bytes") / "book.sqlite", 250)
    Hand(Path(str(ledger.database.path))).raw.commit()
    yield ledger
    ledger.database.close()


@given(data=st.data())
@settings(max_examples=60)
def test_no_byte_changes_unseen(book: Ledger, data: st.DataObject) -> None:
    table, column = data.draw(st.sampled_from(ROWS))
    raw = sqlite3.connect(str(book.database.path))
    values = raw.execute(
        f"SELECT {column} FROM {table} WHERE length({column}) > 0 ORDER BY 1"
    ).fetchall()
    (old,) = data.draw(st.sampled_from(values))
    stored = old.encode() if isinstance(old, str) else old
    at = data.draw(st.integers(0, len(stored) - 1))
    flipped = bytes([stored[at] ^ 1 << data.draw(st.integers(0, 6))])
    new = stored[:at] + flipped + stored[at + 1 :]
    change = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"
    changed = new.decode() if isinstance(old, str) else new
    with raw:
        raw.execute(change, [changed, old])
    finding = verify(book).finding
    with raw:
        raw.execute(change, [old, changed])
    raw.close()
    assert finding is not None, (table, column, at)
    if finding.kind == "trigger removed":
        pytest.fail(f"{table}.{column} byte {at} of {old!r} was not seen")


def test_nothing_else_is_found_in_it(book: Ledger) -> None:
    finding = verify(book).finding
    assert finding is not None
    assert finding.kind == "trigger removed"


LONG = 65_536 + 300


@pytest.fixture(scope="module")
def long_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger whose tiles stand three levels high, written below the ledger for speed."""
    ledger = open_book(tmp_path_factory.mktemp("long") / "book.sqlite")
    ledger.append([draft(packed(1))])
    file = ledger.database.path
    assert file is not None
    ledger.database.close()
    hand = Hand(file)
    (line,) = hand.raw.execute("SELECT entry FROM entry WHERE position = 1").fetchone()
    first, salt = Entry.parse(line), bytes(16)
    bodies = [b'{"type":"x%d"}' % position for position in range(2, LONG)]
    told = line.replace(first.body.hex().encode(), b"%s").replace(
        b'"record":%d' % first.record, b'"record":%d'
    )
    hand.raw.executemany(
        "INSERT INTO entry VALUES (1, ?, 'event', ?)",
        [
            (at, told % (body_commitment(salt, body).hex().encode(), first.record + at))
            for at, body in enumerate(bodies, start=2)
        ],
    )
    hand.raw.executemany(
        "INSERT INTO body VALUES (1, ?, ?, ?)",
        [(at, salt, body) for at, body in enumerate(bodies, start=2)],
    )
    ledger = hand.recompute().done()
    yield ledger
    ledger.database.close()


def test_a_tree_of_three_levels_is_checked_tile_by_tile(long_book: Ledger) -> None:
    steps: list[int] = []
    report = verify(long_book, progress=lambda done, _total: steps.append(done))
    assert (report.finding, report.size) == (None, LONG)
    assert (len(steps), steps[-1]) == (65, LONG)


def test_a_check_holds_no_moment_open(long_book: Ledger) -> None:
    """Between any two slices the log of the database can be emptied: no reader is in the way."""
    path = str(long_book.database.path)
    busy: list[int] = []

    def empty(done: int, _total: int) -> None:
        if done % 8 == 0:
            raw = sqlite3.connect(path)
            raw.execute("UPDATE ledger SET epoch = epoch + 1")
            raw.commit()
            busy.append(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            raw.close()

    assert verify(long_book, progress=empty).finding is None
    assert busy
    assert not any(busy)
