"""Who goes in with whom: short callers are never behind more than one slice of a long one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.ledger.books import draft, open_book, packed
from traceability.errors import DatabaseBusy, LedgerCorrupt
from traceability.ledger.drafts import Outcome, Prepared, prepare_all
from traceability.ledger.turnstile import Turnstile, slices


def brought(name: str, count: int = 1, touched: int = 1) -> list[Prepared]:
    """Return drafts of one caller; the first one bears his name."""
    garments = [f"https://id.gs1.org/01/09521141001011/21/{n}" for n in range(touched)]
    return prepare_all(
        [draft(packed(n, eventID=f"urn:{name}:{n}", epcList=garments)) for n in range(count)]
    )


class Book:
    """Notes who was written together; the first group waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.is_inside = threading.Event()
        self.may_go = threading.Event()

    def write(self, drafts: list[Prepared]) -> list[Outcome]:
        self.groups.append(list(dict.fromkeys(one.id.split(":")[1] for one in drafts)))
        self.is_inside.set()
        assert self.may_go.wait(10)
        return [Outcome(one.id, "accepted", 0, None) for one in drafts]


def test_short_callers_and_imports_take_turns() -> None:
    book = Book()
    turnstile = Turnstile(book.write)
    callers = [
        ("import-a", 500),
        ("import-b", 500),
        ("gate-1", 1),
        ("import-c", 500),
        ("gate-2", 2),
    ]
    threads = [
        threading.Thread(target=turnstile.pass_through, args=(brought(name, count),))
        for name, count in callers
    ]
    for number, thread in enumerate(threads):
        thread.start()
        book.is_inside.wait(10)
        while number and len(turnstile._short) + len(turnstile._long) < number:
            pass
    book.may_go.set()
    for thread in threads:
        thread.join()
    assert book.groups[:3] == [["import-a"], ["gate-1", "gate-2"], ["import-b"]]
    assert [name for group in book.groups[3:] for name in group][-1] == "import-c"


@pytest.mark.parametrize("kind", [DatabaseBusy, LedgerCorrupt])
def test_what_is_the_databases_fault_is_told_to_all_and_not_tried_again(
    kind: type[Exception],
) -> None:
    tried: list[int] = []

    def write(drafts: list[Prepared]) -> list[Outcome]:
        tried.append(len(drafts))
        raise kind("not now")

    with pytest.raises(kind, match="not now"):
        Turnstile(write).pass_through(brought("a", 8))
    assert tried == [8]


def test_a_contradiction_in_the_tables_is_no_drafts_fault() -> None:
    def write(drafts: list[Prepared]) -> list[Outcome]:
        raise IntegrityError("INSERT", (), Exception("entries follow one another"))

    with pytest.raises(IntegrityError, match="entries follow one another"):
        Turnstile(write).pass_through(brought("a", 8))


def test_a_writer_who_is_ended_lets_the_next_one_in() -> None:
    book = Book()
    book.may_go.set()
    turnstile = Turnstile(book.write)
    honest, turnstile._write = turnstile._write, _ended
    with pytest.raises(KeyboardInterrupt):
        turnstile.pass_through(brought("a"))
    turnstile._write = honest
    assert [one.status for one in turnstile.pass_through(brought("b"))] == ["accepted"]


def _ended(_drafts: list[Prepared]) -> list[Outcome]:
    raise KeyboardInterrupt


def test_transactions_end_at_a_thousand_drafts_or_five_thousand_things() -> None:
    single = [draft(packed(n)) for n in range(3)]
    hundred = [f"https://id.gs1.org/01/09521141001011/21/{n}" for n in range(100)]
    wide = [draft(packed(n, epcList=hundred)) for n in range(120)]
    huge = draft(packed(9, epcList=[f"{hundred[0]}{n}" for n in range(6000)]))
    assert [len(part) for part in slices(single)] == [3]
    assert [len(part) for part in slices(wide)] == [50, 50, 20]
    assert [len(part) for part in slices([*single, huge, *single])] == [3, 1, 3]
    assert list(slices([])) == []


def test_a_caller_of_many_is_never_left_behind(tmp_path: Path) -> None:
    # Who finds others before him in the queue goes on until his own are written.
    ledger = open_book(tmp_path / "book.sqlite")
    answers: dict[int, int] = {}

    def call(caller: int, count: int) -> None:
        drafts = [draft(packed(10_000 * caller + n)) for n in range(count)]
        answers[caller] = len(ledger.append(drafts))

    counts = [1, 300, 1, 150, 2, 120, 1, 1]
    threads = [threading.Thread(target=call, args=pair) for pair in enumerate(counts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[caller] for caller in range(len(counts))] == counts
    assert ledger.size == 1 + sum(counts)
