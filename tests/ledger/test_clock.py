"""A clock that is not believed stops what is captured, asks a person, and remembers the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.ledger.books import draft, open_book, packed, reopened
from traceability.errors import ClockDoubted, Refused
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.clock import (
    BEHIND_MAX,
    DAY,
    MINUTE,
    RELEASED_AT,
    Confirmed,
    RecordClock,
)
from traceability.ledger.clock_answer import answer
from traceability.ledger.entry import Entry
from traceability.ledger.verify import verify

START = RELEASED_AT + 100 * DAY


class Clocks:
    """A wall clock that is set as one likes, and a steady one that goes on."""

    def __init__(self, at: int = START) -> None:
        self.wall = at
        self.steady = 0

    def pass_time(self, span: int) -> None:
        self.wall += span
        self.steady += span

    def made(self, *, fresh: bool = False) -> RecordClock:
        """Return the clock of a process that starts now."""
        self.steady = 0 if fresh else self.steady
        return RecordClock(lambda: self.wall, lambda: self.steady)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def book(tmp_path: Path, clocks: Clocks) -> Iterator[Ledger]:
    """A ledger whose last entry is of the moment that the clock says."""
    ledger = open_book(tmp_path / "book.sqlite")
    clocks.wall = _last(ledger).record + DAY
    ledger._clock = clocks.made()
    ledger.append([draft(packed(1))])
    yield ledger
    ledger.database.close()


def _last(ledger: Ledger) -> Entry:
    with ledger.database.read() as connection:
        found = connection.execute(
            text("SELECT entry FROM entry ORDER BY position DESC LIMIT 1")
        ).scalar_one()
    return Entry.parse(bytes(found))


def _restarted(ledger: Ledger, clocks: Clocks) -> Ledger:
    again = reopened(ledger)
    again._clock = clocks.made(fresh=True)
    return again


@pytest.mark.parametrize(
    ("wall", "last", "reason"),
    [
        (RELEASED_AT - 1, 0, "release"),
        (RELEASED_AT, 0, None),
        (0, START, "release"),
        (START + 30 * DAY, START, None),
        (START + 30 * DAY + 1, START, "ahead"),
        (START, START + BEHIND_MAX, None),
        (START, START + BEHIND_MAX + 1, "behind"),
        (START + 9000 * DAY, 0, None),
    ],
)
def test_what_is_believed(wall: int, last: int, reason: str | None) -> None:
    found = RecordClock(lambda: wall, lambda: 0).disbelief(last)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize("span", [-11 * MINUTE, -DAY, 31 * DAY, 3650 * DAY])
def test_nothing_captured_is_written_until_somebody_answers(
    book: Ledger, clocks: Clocks, span: int
) -> None:
    clocks.wall += span
    size, before = book.size, _last(book).record
    with pytest.raises(ClockDoubted, match="Nothing was stored"):
        book.append([draft(packed(2))])
    assert (book.size, "clock" in book.problem) == (size, True)

    asked = answer(book, is_right=True, by="Ana")

    assert asked is not None
    assert asked.wall == clocks.wall
    assert [one.status for one in book.append([draft(packed(2))])] == ["accepted"]
    assert book.problem == ""
    last = _last(book)
    assert (last.clock, last.record > before) == ("held" if span < 0 else None, True)
    assert last.record >= clocks.wall
    assert verify(book, projections=True).finding is None


def test_an_answer_is_an_entry_and_outlives_the_process(book: Ledger, clocks: Clocks) -> None:
    clocks.wall -= 5 * DAY
    answer(book, is_right=True, by="Ana")
    clocks.pass_time(DAY)
    again = _restarted(book, clocks)
    assert again.append([draft(packed(2))])[0].status == "accepted"

    with again.database.read() as connection:
        said = connection.execute(
            text("SELECT value FROM master_data WHERE type = 'clock'")
        ).scalar_one()
    assert json.loads(said)["answer"] == "yes"
    clocks.wall -= 3 * DAY  # earlier than what she confirmed: asked anew
    third = _restarted(again, clocks)
    with pytest.raises(ClockDoubted):
        third.append([draft(packed(3))])
    third.database.close()


def test_an_old_answer_is_no_word_for_a_later_fault() -> None:
    confirmed = Confirmed(wall=START, last=START + DAY)
    clock = RecordClock(lambda: START + MINUTE, lambda: 0)
    assert clock.disbelief(START + DAY + 5000, confirmed) is None
    later = clock.disbelief(START + 90 * DAY, confirmed)
    assert later is not None
    assert later.reason == "behind"


def test_a_no_is_kept_and_recording_waits_for_the_right_time(book: Ledger, clocks: Clocks) -> None:
    right = clocks.wall
    clocks.wall += 400 * DAY
    answer(book, is_right=False, by="Ana")
    with pytest.raises(ClockDoubted):
        book.append([draft(packed(2))])
    clocks.wall = right + MINUTE
    assert book.append([draft(packed(2))])[0].status == "accepted"
    assert _last(book).record < right + DAY


def test_nobody_can_call_a_day_before_the_release_right(book: Ledger, clocks: Clocks) -> None:
    clocks.wall = 0
    with pytest.raises(Refused, match="1970-01-01"):
        answer(book, is_right=True, by="Ana")


def test_a_new_ledger_does_not_begin_in_1970(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Clocks(0)
    monkeypatch.setattr("traceability.ledger.append.RecordClock", wall.made)
    with pytest.raises(ClockDoubted, match="before this version was made"):
        open_book(tmp_path / "new.sqlite")
    wall.wall = RELEASED_AT
    assert open_book(tmp_path / "new.sqlite").size == 1


@pytest.mark.parametrize(("off", "is_believed"), [(MINUTE, True), (-DAY, False)])
def test_another_machine_may_agree(
    book: Ledger, clocks: Clocks, off: int, is_believed: bool
) -> None:
    clocks.wall += 60 * DAY
    book.clock.hear("phone 10.0.0.7", clocks.wall + off)
    clocks.pass_time(60 * MINUTE)
    assert (book.clock_question() is None) == is_believed
    clocks.pass_time(2 * DAY)  # and its word grows old
    assert book.clock_question() is not None


def test_words_of_many_machines_are_bounded(clocks: Clocks) -> None:
    clock = clocks.made()
    for number in range(1000):
        clock.hear(f"10.0.{number}", clocks.wall)
    assert len(clock._heard) == 64


def test_what_the_ledger_says_of_itself_is_written_and_said_to_be_held(
    book: Ledger, clocks: Clocks
) -> None:
    before = _last(book).record
    clocks.wall += 100 * DAY
    own = Draft("key", "restore:1", {"type": "restore", "n": 1})
    both = threading.Barrier(2)
    stile = book._turnstile
    told: dict[str, str] = {}

    def write(name: str, one: Draft) -> None:
        both.wait()
        try:
            told[name] = book.append([one])[0].status
        except ClockDoubted:
            told[name] = "put off"

    threads = [
        threading.Thread(target=write, args=pair)
        for pair in (("own", own), ("captured", draft(packed(2))))
    ]
    stile._is_taken = True  # somebody is inside, so that both wait for one group
    for thread in threads:
        thread.start()
    while len(stile._short) < 2:
        pass
    stile._hand_over()
    for thread in threads:
        thread.join()
    assert told == {"own": "accepted", "captured": "put off"}
    assert (_last(book).record, _last(book).clock) == (before + 1, "held")


def test_what_is_sent_again_is_known_whatever_the_clock_says(book: Ledger, clocks: Clocks) -> None:
    clocks.wall = 0
    assert book.append([draft(packed(1))])[0].status == "duplicate"


def test_a_person_ends_the_ten_minutes_of_a_jump(book: Ledger, clocks: Clocks) -> None:
    clocks.wall += 3 * 60 * MINUTE
    book.append([draft(packed(2))])
    asked = book.clock_question()
    assert (_last(book).clock, asked and asked.reason, asked and asked.stops) == (
        "held",
        "jumped",
        False,
    )
    assert book.problem == ""
    answer(book, is_right=True, by="Ana")
    book.append([draft(packed(3))])
    assert (_last(book).clock, _last(book).record >= clocks.wall) == (None, True)
    assert answer(book, is_right=True, by="Ana") is None
