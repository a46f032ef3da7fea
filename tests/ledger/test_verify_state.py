"""Every table of the state is held against the entries: a row changed, missing, too many, stale."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledger.attacked import Hand, copied, make_book
from tests.ledger.books import draft, open_book, packed
from tests.projections.histories import history_of
from tests.projections.kept_ledger import KeptLedger
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.state import COMPARED
from traceability.ledger.verify import Kept, verify
from traceability.projections import happenings

EVENTS = 12


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger with a row in every table of the state."""
    file = tmp_path_factory.mktemp("state") / "book.sqlite"
    make_book(file, EVENTS).database.close()
    return file


@pytest.fixture
def hand(honest: Path, tmp_path: Path) -> Hand:
    """Somebody with a copy of it."""
    return Hand(copied(honest, tmp_path))


def found(ledger: Ledger) -> Finding | None:
    """Check entries and state."""
    try:
        return verify(ledger, projections=True, kept=Kept()).finding
    finally:
        ledger.database.close()


# Of each table a column to change, and the columns that make another row of a copied one.
TABLES: dict[str, tuple[str, str]] = {
    "touch": ("place_no = 999", "line = 77"),
    "item": ("place_no = 999", "item_no = 99999, key = 'x'"),
    "containment": ("to_at = 5", "child_no = 99999"),
    "stock": ("quantity = quantity + 1", "step_no = 999"),
    "order_head": ("due = 'never'", "order_no = 999"),
    "order_line": ("ordered = ordered + 1", "line = 99"),
    "progress": ("quantity = quantity + 1", "stage_no = 77"),
    "order_waited": ("item_no = 77777", "item_no = 77777"),
    "master_data": ("value = '{}'", "key = 'x'"),
    "hold": ("released_position = 9", "hold_id = 'x'"),
    "hold_item": ("hold_id = 'x'", "hold_id = 'x'"),
    "event": ("step_no = 999", "position = 2"),
    "event_id": ("position = position + 1", "event_id = 'x'"),
    "name": ("text = 'elsewhere'", "no = 88888, text = 'nowhere'"),
    "station_run": ("contiguous = 9", "epoch = 2"),
}


def keys_of(hand: Hand, table: str) -> str:
    """Return a condition that only the row in the middle of a table meets."""
    columns = [row[1] for row in hand.raw.execute(f"PRAGMA table_info({table})") if row[5]]
    names = ", ".join(columns)
    count = hand.raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    row = hand.raw.execute(
        f"SELECT {names} FROM {table} ORDER BY {names} LIMIT 1 OFFSET {count // 2}"
    ).fetchone()
    return " AND ".join(f"{name} = {value!r}" for name, value in zip(columns, row, strict=True))


def change(hand: Hand, table: str, how: str) -> None:
    """Change, take or add a row."""
    where, (changed, added) = keys_of(hand, table), TABLES[table]
    if how == "changed":
        hand.run(f"UPDATE {table} SET {changed} WHERE {where}")
    elif how == "missing":
        hand.run(f"DELETE FROM {table} WHERE {where}")
    else:
        hand.run(
            f"CREATE TEMP TABLE copy AS SELECT * FROM {table} WHERE {where}",
            f"UPDATE copy SET {added}",
            f"INSERT INTO {table} SELECT * FROM copy",
        )


def test_no_table_is_forgotten() -> None:
    assert {table.name for table in COMPARED} <= TABLES.keys()


@pytest.mark.parametrize("how", ["changed", "missing", "extra"])
@pytest.mark.parametrize("table", TABLES)
def test_a_row_of_the_state_is_named(hand: Hand, table: str, how: str) -> None:
    change(hand, table, how)
    finding = found(hand.done())
    assert finding is not None
    assert finding.kind == "projection row"
    # A name shows where it is used, and a key that was changed is a row missing and one too many.
    if table != "name":
        assert f"The row of {table} for " in finding.detail
        is_key = how == "changed" and table in ("order_waited", "hold_item", "event_id")
        assert finding.detail.endswith("is missing.") if is_key else f" is {how}" in finding.detail


@pytest.mark.parametrize("seed", range(6))
def test_however_the_entries_came_the_state_is_theirs(seed: int, tmp_path: Path) -> None:
    kept = KeptLedger.open(tmp_path)
    for number, batch in enumerate(history_of(seed).batches):
        kept.tell(batch)
        if number % 3 == 0:
            happenings.follow(kept.ledger)
    assert found(kept.ledger) is None


def test_a_last_moment_that_is_too_early_is_named(hand: Hand) -> None:
    finding = found(hand.run("UPDATE item SET last_at = 0 WHERE key LIKE '%/21/5'").done())
    assert finding is not None
    assert "is changed: last_at is 0, the entries give" in finding.detail


def test_a_state_that_stands_still_is_stale(honest: Path, tmp_path: Path) -> None:
    file = copied(honest, tmp_path)
    ledger = open_book(file)
    size = ledger.size
    ledger.append([draft(packed(9000 + number)) for number in range(20)])
    ledger.database.close()
    hand = Hand(file)
    hand.run(f"ATTACH DATABASE '{honest}' AS before")
    for table in ("touch", "item", "stock", "progress", "name"):
        hand.run(f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM before.{table}")
    finding = found(hand.done())
    assert finding is not None
    assert (finding.position, finding.kind) == (size, "projection stale")


def test_a_body_that_says_nothing_is_named(hand: Hand) -> None:
    hand.rewrite(20, lambda body: body.replace(b'"eventTime"', b'"eventTine"')).recompute()
    finding = found(hand.run("DELETE FROM checkpoint").done())
    assert finding is not None
    assert (finding.position, finding.kind) == (20, "unreadable body")


def test_the_numbers_that_come_next_are_compared(hand: Hand) -> None:
    finding = found(hand.run("UPDATE ledger SET item_next = item_next + 1").done())
    assert finding is not None
    assert (finding.position, finding.kind) == (None, "head altered")


@pytest.fixture
def written(honest: Path, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that somebody writes while it is checked."""
    ledger = open_book(copied(honest, tmp_path))
    stopping = threading.Event()

    def write() -> None:
        first = 20_000
        while not stopping.is_set():
            ledger.append([draft(packed(first + number)) for number in range(50)])
            first += 50
            happenings.follow(ledger)

    writer = threading.Thread(target=write)
    writer.start()
    yield ledger
    stopping.set()
    writer.join()
    ledger.database.close()


def test_what_is_appended_meanwhile_is_not_judged(written: Ledger) -> None:
    for _ in range(3):
        assert verify(written, projections=True).finding is None


def test_a_name_is_only_the_ledgers_own(hand: Hand) -> None:
    with closing(sqlite3.connect(hand.file)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM name WHERE kind = 'read_point'").fetchone()
    assert count > 0
    hand.run("INSERT INTO name VALUES (1, 77777, 'read_point', 'nowhere')")
    finding = found(hand.done())
    assert finding is not None
    assert "of name for no 77777 is extra" in finding.detail


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE event_id SET position = 'x' WHERE position = 10", 10),
        ("UPDATE station_run SET holes = 'nonsense'", None),
        ("UPDATE projection SET position = 'x'", 5),
        ("UPDATE projection SET position = 100000", None),
    ],
)
def test_nonsense_in_a_column_is_named_too(
    hand: Hand, statement: str, position: int | None
) -> None:
    ledger = hand.run(statement).done()
    finding = verify(ledger, projections=True).finding
    ledger.database.close()
    assert finding is not None
    assert (finding.position, finding.kind) == (position, "projection row")
