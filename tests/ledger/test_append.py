"""The ledger takes what is said once, in order, whole, or says why not."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.engines import ON_A_FILE, open_place
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


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the fold fail on every event whose id ends in 13."""
    # The fault is put into the fold itself: no input that we know of makes it fail.
    honest = facts_of

    def poisoned(event: Event, flow: Flow, *, at: int | None = None) -> Facts:
        if event.event_id.endswith("13"):
            raise RuntimeError("poison")
        return honest(event, flow, at=at)

    monkeypatch.setattr(folding, "facts_of", poisoned)


def at_once(ledger: Ledger, brought: list[list[Draft]]) -> list[list[Outcome]]:
    """Append from as many threads as there are lists; return their outcomes."""
    answers: list[list[Outcome]] = [[] for _ in brought]

    def call(number: int) -> None:
        answers[number] = ledger.append(brought[number])

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(brought))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.usefixtures("poison")
def test_what_cannot_be_carried_out_is_refused_alone(ledger: Ledger) -> None:
    callers = [[draft(packed(100 * caller + n)) for n in range(8, 16)] for caller in range(1, 17)]
    answers = at_once(ledger, callers)
    for outcomes in answers:
        told = [(one.id[-2:], one.status) for one in outcomes]
        assert told == [(f"{n:02}", "refused" if n == 13 else "accepted") for n in range(8, 16)]
        assert outcomes[5].problem == (
            f"Cannot enter '{outcomes[5].id}': carrying it out failed (RuntimeError: poison). "
            "It is not stored."
        )
    assert ledger.size == 1 + 16 * 7
    assert verify(ledger, projections=True).finding is None


def test_no_poison_that_callers_can_bring_costs_the_others(ledger: Ledger) -> None:
    ledger.append([draft(packed(1))])
    float_in_it: Draft = draft(packed(2))
    float_in_it.tree["https://shop.invalid/heat"] = 1.5  # type: ignore[index]
    box, lid = (
        "https://id.gs1.org/00/095211410000000019",
        "https://id.gs1.org/00/095211410000000026",
    )

    def packs(number: int, parent: str, child: str) -> Draft:
        tree = {**packed(number), "type": "AggregationEvent", "action": "ADD"}
        del tree["epcList"]
        return draft({**tree, "parentID": parent, "childEPCs": [child]})

    poisons = [
        replace(draft(packed(3)), id="x" * 600),
        replace(draft(packed(4)), id="\udc00"),
        replace(draft(packed(5)), by="gate\0"),
        replace(draft(packed(6)), by="e\u0301"),
        replace(draft(packed(7)), by="\1" * 900),
        replace(draft(packed(8)), run=("dock", 1, 2**80)),
        draft(packed(1, at="2026-01-05T10:00:00Z")),
        float_in_it,
        replace(draft(packed(9)), event=None),
        Draft("hold", "hold:1", {"type": "hold"}),
        Draft("flow", "flow:1", {"type": "flow", "flow": "name ="}),
        packs(10, box, box),
        # Stored, these two could never be read again: a body has at most 4 MiB, once it is spelled.
        draft(packed(13, **{"https://shop.invalid/words": "a" * 5_000_000})),
        draft(packed(14, **{f"gs1:word{n}": "" for n in range(150_000)})),
        Draft("master", "a name", {"type": "person"}, private={"name": "Ro\0sa"}),
    ]
    innocent = [[draft(packed(100 * caller + n)) for n in range(3)] for caller in range(1, 17)]
    brought = [
        [*own[:2], poison, *own[2:]] for own, poison in zip(innocent, poisons, strict=False)
    ] + innocent[len(poisons) :]
    answers = at_once(ledger, [*brought, [packs(11, box, lid), packs(12, lid, box)]])
    told = [
        [one.status for one in outcomes if one.status != "accepted"] for outcomes in answers[:-1]
    ]
    refused = [["refused"] if n not in (6, 11) else [] for n in range(len(poisons))]
    refused[6] = ["conflict"]
    assert told == refused + [[]] * (16 - len(poisons))
    assert all(one.problem for outcomes in answers for one in outcomes if one.position is None)
    # A loop is stored and reported: it was said, and cannot be true.
    assert [one.status for one in answers[-1]] == ["accepted", "accepted"]
    assert verify(ledger, projections=True).finding is None


def test_another_writer_is_noticed(ledger: Ledger, tmp_path: Path) -> None:
    here, there = ledger, Ledger.open(open_place(tmp_path / "book.sqlite"))
    order = {
        "type": "order",
        "id": "//shop.invalid/bt/4471",
        "values": {"number": "4471", "lines": [{"product": "/01/09521141001011", "pieces": 9}]},
    }
    of_order = [{"type": "prodorder", "bizTransaction": "https://shop.invalid/bt/4471"}]
    at_table = {"id": "https://shop.invalid/loc/table-2"}
    here.append([draft(packed(1))])
    there.append([draft(packed(2, bizLocation=at_table))])
    here.append([draft(packed(3, bizLocation=at_table))])
    there.append([Draft("master", "order-1", order)])
    here.append([draft(packed(4, bizTransactionList=of_order))])
    wrong = {**packed(5), "errorDeclaration": {"declarationTime": "2026-02-01T00:00:00Z"}}
    there.append([draft(wrong)])
    here.append([draft(packed(5)), draft(packed(6))])
    with look(here) as view:
        flow = view.flow.text
    changed = flow.replace(
        '[[kind]]\nname = "garment"\n', '[[kind]]\nname = "garment"\nin_stock = false\n'
    )
    there.append([Draft("flow", "flow-2", {"type": "flow", "flow": changed})])
    here.append([draft(packed(7))])
    assert verify(here, projections=True).finding is None
    assert here.size == there.size == 11


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
    clock = RecordClock(lambda: wall[0], lambda: steady[0], released=0)
    wall[0] = steady[0] = 5
    assert clock.now(0) == (5, False)
    assert clock.now(100) == (101, False)
    wall[0] += 2 * MINUTE
    assert clock.now(5) == (6, True)
    steady[0] += 10 * MINUTE
    wall[0] += 10 * MINUTE
    assert clock.now(6) == (wall[0], False)
    wall[0] = 3 * MINUTE
    assert clock.now(12 * MINUTE) == (12 * MINUTE + 1, True)


def test_waiters_hear_of_growth(ledger: Ledger) -> None:
    assert ledger.wait_for(ledger.size, 0.0) == 1
    heard: list[int] = []
    waiter = threading.Thread(target=lambda: heard.append(ledger.wait_for(1, 20)))
    waiter.start()
    ledger.append([draft(packed(1))])
    waiter.join()
    assert heard == [2]
