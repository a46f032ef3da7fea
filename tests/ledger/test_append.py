"""The ledger takes what is said once, in order, whole, or says why not."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.engines import ON_A_FILE
from tests.ledger.books import draft, open_book, packed, reopened
from traceability.database import open_file
from traceability.epcis.event import Event
from traceability.errors import DatabaseBusy, Refused
from traceability.flow import Flow
from traceability.ledger.append import Draft, Ledger, Outcome
from traceability.ledger.clock import MINUTE, RecordClock
from traceability.ledger.entry import Entry
from traceability.ledger.runs import extend, holes
from traceability.ledger.verify import verify
from traceability.projections import fold as folding
from traceability.projections.stock import stock
from traceability.projections.touches import Facts, facts_of
from traceability.projections.view import look

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger that holds only its opening."""
    return open_book(tmp_path / "book.sqlite")


def entries(ledger: Ledger) -> list[Entry]:
    with ledger.database.read() as connection:
        rows = connection.execute(text("SELECT entry FROM entry ORDER BY position"))
        return [Entry.parse(row.entry) for row in rows]


def test_positions_are_dense_and_record_times_grow(ledger: Ledger) -> None:
    outcomes = ledger.append([draft(packed(number)) for number in range(1, 300)])
    assert [one.position for one in outcomes] == list(range(1, 300))
    records = [entry.record for entry in entries(ledger)]
    assert all(earlier < later for earlier, later in itertools.pairwise(records))


def test_a_retry_gets_the_first_answer(ledger: Ledger) -> None:
    first = ledger.append([draft(packed(1))])
    again = reopened(ledger)
    assert again.append([draft(packed(1))]) == [
        Outcome(first[0].id, "duplicate", first[0].position, None)
    ]
    assert again.size == 2


def test_one_id_with_other_content_is_kept_aside(ledger: Ledger) -> None:
    ledger.append([draft(packed(1))])
    outcome = ledger.append([draft(packed(1, at="2026-01-05T10:00:00Z"))])[0]
    assert (outcome.status, outcome.position) == ("conflict", 1)
    assert outcome.problem is not None
    assert "the first stays" in outcome.problem
    with ledger.database.read() as connection:
        kept = connection.execute(text("SELECT event_id, bytes FROM conflict")).one()
    assert kept.event_id == outcome.id
    assert b"10:00:00" in kept.bytes


def test_a_conflict_that_is_sent_again_is_kept_once(ledger: Ledger) -> None:
    ledger.append([draft(packed(1))])
    other = draft(packed(1, at="2026-01-05T10:00:00Z"))
    assert [ledger.append([other])[0].status for _ in range(3)] == ["conflict"] * 3
    with ledger.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM conflict")).scalar() == 1


def test_a_new_flow_counts_everything_anew(ledger: Ledger) -> None:
    ledger.append([draft(packed(1))])
    with look(ledger) as view:
        flow = view.flow.text
    garment = '[[kind]]\nname = "garment"\n'
    changed = flow.replace(garment, f"{garment}in_stock = false\n")
    assert changed != flow
    ledger.append([Draft("flow", "flow-2", {"type": "flow", "flow": changed})])
    with look(ledger) as view:
        assert stock(view) == []
    assert verify(ledger, projections=True).finding is None


def test_the_same_twice_in_one_batch_is_taken_once(ledger: Ledger) -> None:
    outcomes = ledger.append(
        [draft(packed(1)), draft(packed(1)), draft(packed(1, at="2026-01-05T10:00:00Z"))]
    )
    assert [one.status for one in outcomes] == ["accepted", "duplicate", "conflict"]
    assert ledger.size == 2


def test_a_refused_draft_costs_its_neighbours_nothing(ledger: Ledger) -> None:
    bad = Draft("event", "x" * 600, packed(2), draft(packed(2)).event)
    outcomes = ledger.append([draft(packed(1)), bad, draft(packed(3))])
    assert [(one.status, one.position) for one in outcomes] == [
        ("accepted", 1),
        ("refused", None),
        ("accepted", 2),
    ]
    assert outcomes[1].problem is not None
    assert "expected an id of 1 to 512 bytes, got 600" in outcomes[1].problem


def test_one_poisoned_caller_does_not_cost_the_others(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fault is put into the fold itself: no input that we know of makes it fail.
    honest = facts_of

    def poisoned(event: Event, flow: Flow, *, at: int | None = None) -> Facts:
        if event.event_id.endswith("000013"):
            raise RuntimeError("poison")
        return honest(event, flow, at=at)

    monkeypatch.setattr(folding, "facts_of", poisoned)
    answers: dict[int, object] = {}

    def call(number: int) -> None:
        try:
            answers[number] = ledger.append([draft(packed(number))])[0].status
        except RuntimeError as error:
            answers[number] = str(error)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8, 24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: "poison" if n == 13 else "accepted" for n in range(8, 24)}
    assert verify(ledger, projections=True).finding is None


def test_many_threads_append_without_a_hole(ledger: Ledger) -> None:
    positions: list[int] = []

    def call(start: int) -> None:
        for number in range(start, start + 20):
            (outcome,) = ledger.append([draft(packed(number))])
            positions.append(outcome.position or 0)

    threads = [threading.Thread(target=call, args=(100 * n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(positions) == list(range(1, 161))
    assert verify(ledger, projections=True).finding is None


@ON_A_FILE
def test_nothing_is_stored_while_another_writer_holds_the_file(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
        other = sqlite3.connect(tmp_path / "book.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    for pooled in [ledger.database.engine.connect() for _ in range(1)]:
        pooled.exec_driver_sql("PRAGMA busy_timeout=50")
        pooled.close()
    with pytest.raises(DatabaseBusy, match="Nothing was stored"):
        ledger.append([draft(packed(1))])
    other.execute("ROLLBACK")
    assert [one.status for one in ledger.append([draft(packed(1))])] == ["accepted"]
    assert ledger.size == 2


@ON_A_FILE
def test_a_second_server_on_one_file_is_told_so(ledger: Ledger, tmp_path: Path) -> None:
    ledger.database.own()
    second = open_file(tmp_path / "book.sqlite")
    with pytest.raises(DatabaseBusy, match="stop that one first"):
        second.own()
    ledger.database.close()
    second.own()
    second.close()


@ON_A_FILE
def test_a_missing_ledger_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no ledger"):
        Ledger.open(open_file(tmp_path / "nothing.sqlite"))


@ON_A_FILE
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET kind = 'gap' WHERE position = 1",
        "DELETE FROM entry WHERE position = 1",
        "INSERT OR REPLACE INTO entry SELECT ledger_id, 1, kind, entry FROM entry LIMIT 1",
        "INSERT INTO entry SELECT ledger_id, 7, kind, entry FROM entry LIMIT 1",
        "UPDATE body SET body = x'00' WHERE position = 1",
        "DELETE FROM body WHERE position = 1",
    ],
)
def test_the_schema_stops_accidents(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    ledger.append([draft(packed(1)), draft(packed(2))])
    by_hand = sqlite3.connect(tmp_path / "book.sqlite")
    with pytest.raises(sqlite3.IntegrityError):
        by_hand.execute(statement)
    assert verify(ledger).finding is None


def test_the_runs_of_a_station_are_counted(ledger: Ledger) -> None:
    for number in (1, 2, 5, 6, 9):
        ledger.append([draft(packed(number), run=("dock", 7, number))])
    with ledger.database.read() as connection:
        row = connection.execute(text("SELECT contiguous, holes FROM station_run")).one()
    assert (row.contiguous, row.holes) == (2, "[[5, 6], [9, 9]]")
    assert holes(2, [(5, 6), (9, 9)]) == [(3, 4), (7, 8)]


def test_counters_that_come_twice_change_nothing() -> None:
    assert extend(6, [(9, 9)], [3, 6, 9]) == (6, [(9, 9)])
    assert extend(0, [], []) == (0, [])


def test_a_doubtful_time_is_folded_when_it_was_recorded(ledger: Ledger) -> None:
    ledger.append([draft(packed(1, at="2099-01-01T00:00:00Z")), draft(packed(2))])
    future, honest = entries(ledger)[1:]
    assert future.fold_at == future.record
    assert honest.fold_at is None
    assert verify(ledger, projections=True).finding is None


def test_a_clock_that_jumps_is_held() -> None:
    wall, steady = [0], [0]
    clock = RecordClock(lambda: wall[0], lambda: steady[0])
    wall[0] = steady[0] = 5
    assert clock.now(0) == (5, False)
    assert clock.now(100) == (101, False)
    wall[0] += 2 * MINUTE
    assert clock.now(5) == (6, True)
    steady[0] += 10 * MINUTE
    wall[0] += 10 * MINUTE
    assert clock.now(6) == (wall[0], False)
    wall[0] = 0
    assert clock.now(12 * MINUTE) == (12 * MINUTE + 1, True)


def test_waiters_hear_of_growth(ledger: Ledger) -> None:
    assert ledger.wait_for(ledger.size, 0.0) == 1
    heard: list[int] = []
    waiter = threading.Thread(target=lambda: heard.append(ledger.wait_for(1, 20)))
    waiter.start()
    ledger.append([draft(packed(1))])
    waiter.join()
    assert heard == [2]
