"""Words that were erased are nowhere in the file, and nothing else has changed by it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import main
from tests.ledger.books import GTIN, NAMESPACE, draft, open_book, packed
from traceability.epcis.event import read_event
from traceability.errors import Refused
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.erasing import erase_bodies
from traceability.ledger.history import sheets
from traceability.ledger.redacted import bodies_at
from traceability.ledger.verify import verify
from traceability.projections.rebuild import rebuild
from traceability.projections.state import state_hash

NOTE = "https://partner.invalid/note"
SECRET = "Rosa Almeida was ill"
THING = f"https://id.gs1.org{GTIN}/21"


def told(number: int, **more: Any) -> dict[str, Any]:
    """Return an event with a personal note in a member that nobody here knows."""
    place = {"id": f"https://{NAMESPACE}/loc/packing", NOTE: SECRET}
    return packed(number, **{NOTE: SECRET, "bizLocation": place, **more})


def put(number: int) -> dict[str, Any]:
    """Return an event that packs a garment into a carton, with a note."""
    packing = told(number, action="ADD", at=f"2026-01-05T10:00:{number % 60:02}Z")
    things = packing.pop("epcList")
    parent = "https://id.gs1.org/00/095011010000000018"
    return {**packing, "type": "AggregationEvent", "parentID": parent, "childEPCs": things}


def hold(reason: str) -> Draft:
    """Return an entry that stops a garment for a reason with a name in it."""
    tree = {
        "type": "hold",
        "id": "H-1",
        "reason": reason,
        "contact": "Rosa Almeida",
        "things": [f"{GTIN}/21/2"],
    }
    return Draft("hold", f"hold:{uuid4()}", tree)


@pytest.fixture
def book(tmp_path: Path) -> Ledger:
    """Events with personal notes, one of them taken back, one from a document, one a hold."""
    ledger = open_book(tmp_path / "book.sqlite")
    wrong = {"declarationTime": "2026-01-06T08:00:00Z", "reason": "incorrect_data", NOTE: SECRET}
    sent = told(3)
    documented = Draft("event", sent["eventID"], sent, read_event(sent), document=SECRET.encode())
    outcomes = ledger.append(
        [
            draft(told(1)),
            draft(told(2)),
            documented,
            draft(put(4)),
            draft(told(2, errorDeclaration=wrong)),
            hold(SECRET),
            draft(packed(3)),
        ]
    )
    assert [one.status for one in outcomes][-1] == "conflict"
    return ledger


def state(ledger: Ledger) -> str:
    with ledger.database.read() as connection:
        return state_hash(connection, ledger.ledger_id)


def test_nothing_but_the_words_is_gone(book: Ledger) -> None:
    before = state(book)
    assert erase_bodies(book, [1, 2, 3, 4, 5, 6], reason="asked for it", by="admin") == {
        1: 7, 2: 8, 3: 9, 4: 10, 5: 11, 6: 12,
    }  # fmt: skip
    assert state(book) == before
    report = verify(book, projections=True)
    assert (report.finding, report.erased, report.size) == (None, 6, 13)
    rebuild(book)
    assert state(book) == before
    assert verify(book, projections=True).finding is None


def test_an_erased_event_may_be_taken_back(book: Ledger) -> None:
    erase_bodies(book, [4], by="admin")
    wrong = {"declarationTime": "2026-01-07T08:00:00Z"}
    (outcome,) = book.append([draft({**put(4), "errorDeclaration": wrong})])
    assert outcome.status == "accepted"
    after = state(book)
    rebuild(book)
    assert state(book) == after


def test_the_words_are_nowhere_in_the_file(book: Ledger) -> None:
    file = book.database.path
    assert file is not None
    erase_bodies(book, [1, 2, 3, 4, 5, 6], by="admin")
    with book.database.read() as connection:
        dump = "".join(
            str(row)
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'table'")
            ).all()
            for row in connection.execute(text(f"SELECT * FROM {name}"))
        )
        left = connection.execute(text("SELECT count(*) FROM document")).scalar()
    assert ("Rosa" in dump, left) == (False, 0)
    book.database.close()
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"Rosa" not in file.read_bytes()


def test_what_is_left_is_read_instead(book: Ledger) -> None:
    erase_bodies(book, [1], by="admin")
    with book.database.read() as connection:
        left = json.loads(bodies_at(connection, book.ledger_id, [1])[1])
        (sheet,) = sheets(connection, book.ledger_id, 1, 2)
    assert left == packed(1)
    assert (sheet.is_erased, sheet.problem, sheet.body, sheet.tree()) == (True, "", None, left)


def test_a_sender_that_tries_again_brings_nothing_back(book: Ledger) -> None:
    erase_bodies(book, [1], by="admin")
    assert [one.status for one in book.append([draft(told(1))])] == ["duplicate"]
    with book.database.read() as connection:
        kept = connection.execute(
            text("SELECT count(*) FROM conflict WHERE event_id = :i"), {"i": packed(1)["eventID"]}
        ).scalar()
    assert kept == 0


@pytest.mark.parametrize(
    ("positions", "sentence"),
    [
        ([0], "of kind 'flow' and cannot be erased: a flow has no personal words in it."),
        ([99], "There is no entry at position 99."),
        ([2**64], f"There is no entry at position {2**64}."),
        ([2, 1], "The body of entry 1 is gone already."),
        ([7], "of kind 'erasure' and cannot be erased: it carries what is read instead of another"),
    ],
)
def test_what_cannot_be_erased_is_refused(
    book: Ledger, positions: list[int], sentence: str
) -> None:
    erase_bodies(book, [1], by="admin")
    with pytest.raises(Refused) as refused:
        erase_bodies(book, positions, by="admin")
    assert (sentence in str(refused.value), book.size) == (True, 8)


def test_a_body_that_is_lost_is_not_erased(book: Ledger) -> None:
    erase_bodies(book, [1], by="admin")
    file = book.database.path
    assert file is not None
    book.database.close()
    with sqlite3.connect(file) as raw:
        raw.execute("DROP TRIGGER body_delete")
        raw.execute("INSERT INTO erasure VALUES (1, 2, 7)")
        raw.execute("DELETE FROM body WHERE position = 2")
    finding = verify(open_book(file)).finding
    assert finding is not None
    assert (finding.position, finding.kind) == (2, "missing body")


def test_the_command_asks_and_says_where_it_stands(book: Ledger) -> None:
    url = f"sqlite:///{book.database.path}"
    book.database.close()
    run = CliRunner().invoke
    refused = run(main, ["ledger", "erase", "1", "--db", url], input="n\n")
    done = run(main, ["ledger", "erase", "1", "2", "--yes", "--db", url, "--reason", "asked"])
    assert (refused.exit_code, done.exit_code) == (1, 0)
    assert done.stdout.splitlines() == [
        "The words at 1 are gone; entry 7 says so.",
        "The words at 2 are gone; entry 8 says so.",
    ]
