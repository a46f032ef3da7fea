"""What a station may forget, what it sends again after a restore, what it says to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from traceability.station.returning import hear
from traceability.station.spool import Element, Spool, reached

NOW = datetime.now(UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "s.sqlite", "dock", epoch=7)
    yield spool
    spool.close()


def told(**more: Any) -> dict[str, Any]:
    """Return what a server says of its record."""
    return {"record": "r", "size": 100, "covered": 0, "life": "", "since": 0, **more}


def put(spool: Spool, count: int, first_position: int | None = None) -> None:
    """Say things; with a position, the server has taken them in."""
    first = spool.next_counter
    counters = range(first, first + count)
    spool.put([Element(n, f"id {n}", b"{}") for n in counters])
    if first_position is not None:
        spool.settle([(n, first_position + n - first, None) for n in counters])


def held(spool: Spool) -> list[int]:
    with spool._lock:
        rows = spool._db.execute("SELECT counter FROM element ORDER BY counter")
        return [row[0] for row in rows]


def waiting(spool: Spool) -> list[int]:
    return [row[0] for row in spool.waiting()]


def test_what_a_backup_covers_is_forgotten_and_no_more(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 5, first_position=10)
    for covered, left in ((0, 5), (10, 5), (12, 3), (15, 0)):
        assert not hear(spool, told(covered=covered), NOW)
        assert len(held(spool)) == left
    assert (spool.counts().holes, spool.counts().delivered_position) == (0, 14)


def test_without_a_backup_it_is_kept_for_fourteen_days(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 3, first_position=10)
    hear(spool, told(), NOW + timedelta(days=13, hours=23))
    assert len(held(spool)) == 3
    hear(spool, told(), NOW + timedelta(days=14, hours=1))
    assert held(spool) == []


def test_nothing_before_what_waits_is_forgotten(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 2, first_position=10)
    put(spool, 1)
    put(spool, 2, first_position=12)
    hear(spool, told(covered=50), NOW)
    assert (held(spool), spool.counts().holes) == ([3, 4, 5], 0)


def test_after_a_restore_all_goes_out_again_that_the_backup_had_not(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 6, first_position=10)
    put(spool, 1)
    assert hear(spool, told(life="2:13", since=13, size=14), NOW)
    assert waiting(spool) == [4, 5, 6, 7]
    assert spool.reached == 12
    spool.settle([(n, 20 + n, None) for n in waiting(spool)])
    assert not hear(spool, told(life="2:13", since=13, size=30), NOW)
    assert waiting(spool) == []


def test_a_record_that_is_shorter_than_it_was_gets_all_again_unasked(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 6, first_position=10)
    assert hear(spool, told(size=12), NOW)
    assert waiting(spool) == [3, 4, 5, 6]


def test_what_was_said_to_one_record_is_said_to_no_other(spool: Spool) -> None:
    put(spool, 1)  # before any server was heard: it is for the first
    hear(spool, told(), NOW)
    put(spool, 2, first_position=10)
    put(spool, 2)
    # A new PC answers, empty, at the same address; then the old record is restored there.
    hear(spool, told(record="empty", size=1), NOW)
    assert waiting(spool) == []
    put(spool, 1, first_position=1)
    hear(spool, told(record="empty", size=3, covered=3), NOW)
    hear(spool, told(life="2:10", since=10, size=11), NOW)
    assert waiting(spool) == [1, 2, 3, 4, 5]
    assert (len(held(spool)), spool.counts().holes) == (6, 0)


def test_what_no_record_ever_asked_for_again_goes_after_fourteen_days(spool: Spool) -> None:
    hear(spool, told(), NOW)
    put(spool, 3)
    hear(spool, told(record="live"), NOW)
    hear(spool, told(record="live"), NOW + timedelta(days=15))
    assert held(spool) == []


def test_a_spool_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "old.sqlite", "dock", epoch=7)
    put(spool, 2, first_position=10)
    with spool._lock:
        spool._db.execute("ALTER TABLE element DROP COLUMN delivered_at")
        spool._db.execute("ALTER TABLE element DROP COLUMN record")
    spool.close()
    again = Spool(tmp_path / "old.sqlite", "dock", epoch=8)
    hear(again, told(), NOW)
    assert hear(again, told(life="2", since=11), NOW)
    assert (waiting(again), held(again)) == ([2], [1, 2])
    again.close()


def test_how_far_a_spool_came_is_read_without_opening_it_for_writing(
    spool: Spool, tmp_path: Path
) -> None:
    put(spool, 3, first_position=10)
    assert reached(tmp_path / "s.sqlite") == ("dock", 12)
    (tmp_path / "no.sqlite").write_bytes(b"nothing of the kind")
    assert (reached(tmp_path / "no.sqlite"), reached(tmp_path / "gone.sqlite")) == (None, None)
