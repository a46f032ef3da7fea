"""People as their owner enters them, and names that are forgotten while the record stays true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.ledger.books import open_book
from traceability.database import open_database
from traceability.errors import Refused
from traceability.factory import staff
from traceability.factory.folder import Factory
from traceability.factory.going_live import go_live
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.people import Person, people
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state
from traceability.projections.view import look


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with nothing but its opening."""
    book = open_book(tmp_path / "shop.sqlite")
    yield book
    book.database.close()


def listed(ledger: Ledger) -> list[Person]:
    with look(ledger) as view:
        return people(view)


def values(ledger: Ledger) -> list[str]:
    """Return every personal value that lies beside the record."""
    with ledger.database.read() as connection:
        rows = connection.execute(text("SELECT value FROM private ORDER BY position, field"))
        return [row.value for row in rows]


def state_hash(ledger: Ledger) -> object:
    with ledger.database.read() as connection:
        return read_state(connection, ledger.ledger_id).hash


def test_each_person_gets_a_badge_once(ledger: Ledger) -> None:
    assert staff.take_on(ledger, ["Ana  Lopes", "Rui"], by="admin") == ["W-10006", "W-10014"]
    assert staff.take_on(ledger, ["rui", "Ana Lopes", "李娜"], by="admin") == ["W-10022"]
    assert [one.name for one in listed(ledger)] == ["Ana Lopes", "Rui", "李娜"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["x" * 61], "has 61 characters: expected at most 60; write one name per line."),
        ([" "], "A person needs a name: write one, or erase the name on its own page."),
        ([f"N{n}" for n in range(500)], "Enter at most 500 people at once, got 501."),
    ],
)
def test_names_that_cannot_be_enter_nobody(ledger: Ledger, names: list[str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence.replace(".", r"\.")):
        staff.take_on(ledger, ["Ana", *names], by="admin")
    assert listed(ledger) == []


def test_a_change_keeps_all_that_is_not_said(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana"], by="admin")
    key = listed(ledger)[0].key
    staff.change(ledger, key, by="admin", language="zh_Hans")
    staff.change(ledger, key, by="admin", is_active=False)
    staff.change(ledger, key, by="admin", name=" Ana  Reis ")
    (one,) = listed(ledger)
    assert (one.name, one.badge, one.language, one.is_active) == (
        "Ana Reis",
        "W-10006",
        "zh_Hans",
        False,
    )


def test_no_change_enters_nothing(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana"], by="admin")
    size = ledger.size
    staff.change(ledger, listed(ledger)[0].key, by="admin", name="Ana", is_active=True)
    assert ledger.size == size


def test_nobody_is_changed_under_an_unknown_badge(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="Nobody here has the badge 'W-99'"):
        staff.change(ledger, "//shop.invalid/obj/W-99", by="admin", is_active=False)


def test_an_erased_name_is_gone_from_every_entry_and_the_record_stays_true(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana Lopes", "Rui"], by="admin")
    key = listed(ledger)[0].key
    staff.change(ledger, key, by="admin", name="Ana Reis")
    staff.change(ledger, key, by="admin", language="en")
    assert values(ledger) == ["Ana Lopes", "Rui", "Ana Reis", "Ana Reis"]
    before = state_hash(ledger)
    staff.erase_name(ledger, key, by="admin")
    assert values(ledger) == ["Rui"]
    assert [(one.name, one.badge) for one in listed(ledger)] == [
        ("", "W-10006"),
        ("Rui", "W-10014"),
    ]
    report = verify(ledger, projections=True)
    assert (report.finding, report.erased) == (None, 0)
    assert state_hash(ledger) == before
    rebuild(ledger)
    assert (state_hash(ledger), values(ledger)) == (before, ["Rui"])


def test_an_erased_name_is_not_left_in_the_file(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana Lopes-Vasconcelos"], by="admin")
    staff.erase_name(ledger, listed(ledger)[0].key, by="admin")
    path = ledger.database.path
    assert path is not None
    ledger.database.close()
    files = [one.read_bytes() for one in path.parent.iterdir() if one.name.startswith(path.name)]
    assert not any(b"Lopes-Vasconcelos" in held for held in files)


def test_what_was_erased_is_said_with_the_badge_alone(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana Lopes"], by="admin")
    key = listed(ledger)[0].key
    staff.erase_name(ledger, key, by="admin")
    with ledger.database.read() as connection:
        row = connection.execute(text("SELECT position, kind FROM entry ORDER BY position")).all()
        body = connection.execute(text("SELECT body FROM body ORDER BY position DESC")).scalar()
    assert row[-1].kind == "erasure"
    assert bytes(body or b"") == (
        f'{{"fields":["{key}:name"],"id":"{key}","type":"erasure"}}'.encode()
    )


def test_a_name_written_after_the_erasure_stays(ledger: Ledger) -> None:
    staff.take_on(ledger, ["Ana"], by="admin")
    key = listed(ledger)[0].key
    staff.erase_name(ledger, key, by="admin")
    staff.change(ledger, key, by="admin", is_active=False)
    assert [one.name for one in listed(ledger)] == [""]
    staff.change(ledger, key, by="admin", name="Ana again")
    rebuild(ledger)
    assert [one.name for one in listed(ledger)] == ["Ana again"]


def test_names_of_the_opening_are_erased_one_by_one(tmp_path: Path) -> None:
    practice = Factory.make(tmp_path / "shop")
    before = open_factory(practice)
    staff.take_on(before, ["Ana", "Rui"], by="admin")
    live = go_live(practice, before)
    before.database.close()
    ledger = open_factory(live)
    ana = listed(ledger)[0]
    staff.erase_name(ledger, ana.key, by="admin")
    assert values(ledger) == ["Rui"]
    # Practice, kept aside, held the name as well.
    assert staff.erase_aside(live, ana.key, by="admin")
    ledger.database.close()
    before = open_factory(practice)
    assert values(before) == ["Rui"]
    assert verify(before).is_true
    before.database.close()


def test_a_ledger_that_is_open_elsewhere_keeps_the_name_and_says_so(tmp_path: Path) -> None:
    practice = Factory.make(tmp_path / "shop")
    before = open_factory(practice)
    staff.take_on(before, ["Ana"], by="admin")
    key = listed(before)[0].key
    live = go_live(practice, before)
    before.database.own()
    assert not staff.erase_aside(live, key, by="admin")
    before.database.close()
    assert staff.erase_aside(live, key, by="admin")


def test_without_a_second_ledger_there_is_nothing_to_erase_there(tmp_path: Path) -> None:
    assert staff.erase_aside(Factory.make(tmp_path / "shop"), "//x.invalid/obj/W-1", by="admin")


def open_factory(factory: Factory) -> Ledger:
    return Ledger.open(open_database(factory.url, create=False))
