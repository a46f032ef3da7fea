"""The record's own story: growth by day, runs of stations, gaps, what was kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engines import past
from tests.ledger.books import draft, open_book, packed
from traceability.ledger import history
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.clock import RecordClock

pytestmark = pytest.mark.usefixtures("engine")

ZONE = "Asia/Dhaka"
"""Six hours east of Greenwich: its day begins at 18:00 UTC."""
GAP = {
    "type": "gap",
    "reader": "R2000",
    "station": "dock",
    "from": "2026-01-05T08:10:00Z",
    "to": "2026-01-05T08:10:40Z",
    "reason": "unplugged",
}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_book(tmp_path / "book.sqlite")
    yield ledger
    ledger.database.close()


def spoil(book: Ledger, position: int, name: str, old: bytes, new: bytes) -> None:
    """Change the database past Hangtag, as anybody with a shell of it can."""
    with past(book.database) as execute:
        rows = execute(f"SELECT {name} FROM {name} WHERE position = ?", (position,))
        stored = bytes(rows[0][0]).replace(old, new)
        execute(f"UPDATE {name} SET {name} = ? WHERE position = ?", (stored, position))


@pytest.mark.parametrize("counts", [(1, 0, 3), (40, 2, 0), (0, 0, 0), (7, 300, 25)])
def test_growth_is_cut_at_the_midnight_of_the_workshop(
    book: Ledger, counts: tuple[int, ...]
) -> None:
    # 18:00 UTC is midnight in Dhaka; the opening was recorded before all of these days.
    midnight = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
    first = midnight + timedelta(days=2)
    number = 0
    for day, count in enumerate(counts):
        at = round((first + timedelta(days=day)).timestamp()) * 1_000_000
        book._clock = RecordClock(lambda at=at: at, lambda at=at: at)  # type: ignore[misc]
        drafts = [draft(packed(number + one, at="2026-01-05T09:00:00Z")) for one in range(count)]
        book.append(drafts)
        number += count
    now = first + timedelta(days=len(counts) - 1, hours=3)
    with book.database.read() as connection:
        days = history.growth(
            connection, book.ledger_id, size=book.size, now=now, zone=ZONE, days=len(counts)
        )
    assert [day.count for day in days] == list(counts)
    assert [day.begins_at.isoformat()[11:] for day in days] == ["00:00:00+06:00"] * len(counts)


def test_runs_tell_what_came_and_which_numbers_are_missing(book: Ledger) -> None:
    book.append([draft(packed(n), run=("dock", 7, n)) for n in (1, 2, 5, 6, 9)])
    book.append([draft(packed(20), run=("dock", 8, 1)), draft(packed(21), run=("table", 1, 1))])
    with book.database.read() as connection:
        runs = history.runs(connection, book.ledger_id)
    assert [
        (run.station, run.epoch, run.accepted, run.highest, run.missing, run.missing_count)
        for run in runs
    ] == [
        ("dock", 8, 1, 1, (), 0),
        ("dock", 7, 5, 9, ((3, 4), (7, 8)), 4),
        ("table", 1, 1, 1, (), 0),
    ]


def test_gaps_and_contradictions_are_listed_newest_first(book: Ledger) -> None:
    book.append([Draft("gap", f"gap:{n}", {**GAP, "reader": f"R{n}"}) for n in (1, 2)])
    book.append([draft(packed(1))])
    book.append([draft(packed(1, disposition="active"))])
    with book.database.read() as connection:
        gaps = history.gaps(connection, book.ledger_id)
        count = history.gap_count(connection, book.ledger_id)
        aside = history.contradictions(connection, book.ledger_id)
    since = datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
    until = since + timedelta(seconds=40)
    assert gaps == [
        history.Gap(2, "R2", "dock", since, until, "unplugged"),
        history.Gap(1, "R1", "dock", since, until, "unplugged"),
    ]
    assert (count, [(one.id, one.position) for one in aside]) == (2, [(packed(1)["eventID"], 3)])


def test_a_sheet_says_whether_the_entry_is_as_it_was_sealed(book: Ledger) -> None:
    book.append([draft(packed(n)) for n in (1, 2, 3)])
    spoil(book, 2, "body", b"packing", b"picking")
    with past(book.database) as execute:
        execute("DELETE FROM body WHERE position = 3")
    with book.database.read() as connection:
        sheets = history.sheets(connection, book.ledger_id, 1, 4)
    assert [(one.position, one.kind, one.problem) for one in sheets] == [
        (1, "event", ""),
        (2, "event", "changed body"),
        (3, "event", "missing body"),
    ]


def test_a_sheet_of_an_altered_entry_says_so(book: Ledger) -> None:
    book.append([draft(packed(1))])
    spoil(book, 1, "entry", b"test", b"tost")
    with book.database.read() as connection:
        (sheet,) = history.sheets(connection, book.ledger_id, 1, 2)
    assert (sheet.by, sheet.problem) == ("tost", "changed entry")
