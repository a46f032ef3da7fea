"""What was wrong is taken back by an entry of its own; that one can be corrected, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from tests.ledger.books import GTIN, NAMESPACE, draft, open_book, packed
from traceability.capture import read_capture
from traceability.ledger.append import Ledger, Outcome
from traceability.ledger.entry import Entry
from traceability.ledger.merkle import leaf_hash
from traceability.ledger.verify import verify
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state

THING = f"{GTIN}/21/1"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    ledger = open_book(tmp_path / "book.sqlite")
    yield ledger
    ledger.database.close()


def name(number: int) -> str:
    """Return the id of an event."""
    return str(packed(number)["eventID"])


def seen(number: int, place: str) -> dict[str, Any]:
    """Return an event that saw the thing somewhere."""
    where = {"id": f"https://{NAMESPACE}/loc/{place}"}
    things = [f"https://id.gs1.org{THING}"]
    return packed(number, bizLocation=where, epcList=things, at=f"2026-01-05T09:{number:02}:00Z")


def wrong(tree: dict[str, Any], *corrective: int, day: int = 6) -> dict[str, Any]:
    """Declare an event wrong, and name those that say what really happened."""
    error: dict[str, Any] = {"declarationTime": f"2026-01-{day:02}T08:00:00Z"}
    if corrective:
        error |= {"reason": "incorrect_data", "correctiveEventIDs": [name(n) for n in corrective]}
    return {**tree, "errorDeclaration": error}


def tell(ledger: Ledger, *trees: dict[str, Any]) -> list[Outcome]:
    """Append events, each as a batch of its own."""
    return [outcome for tree in trees for outcome in ledger.append([draft(tree)])]


def place_of(ledger: Ledger) -> str | None:
    """Return where the thing is."""
    with ledger.database.read() as connection:
        item = read_state(connection, ledger.ledger_id).items.get(THING)
    return None if item is None else str(item[3]).rsplit("/", 1)[-1]


def test_a_correction_of_a_correction_works(book: Ledger) -> None:
    tell(book, seen(1, "dock"))
    where = [place_of(book)]
    for trees in (
        (wrong(seen(1, "dock"), 2), seen(2, "line")),
        (wrong(seen(2, "line"), 3), seen(3, "shop")),
        (wrong(seen(3, "shop")),),
    ):
        outcomes = tell(book, *trees)
        assert {one.status for one in outcomes} == {"accepted"}
        where.append(place_of(book))
    assert where == ["dock", "line", "shop", None]
    rebuild(book)
    assert place_of(book) is None
    assert verify(book, projections=True).finding is None


def test_a_declaration_names_the_wrong_event_by_position_and_leaf(book: Ledger) -> None:
    tell(book, seen(1, "dock"), wrong(seen(1, "dock")))
    with book.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT entry FROM entry ORDER BY position").all()
    assert Entry.parse(rows[2][0]).wrong == (1, leaf_hash(rows[1][0]))


def test_a_declaration_said_again_at_another_time_changes_nothing(book: Ledger) -> None:
    # Nothing points to a declaration: it goes by the event's own id. A later one under the same
    # id says once more that the event was wrong; it is taken back by saying the facts anew.
    tell(book, seen(1, "dock"), wrong(seen(1, "dock")))
    (outcome,) = tell(book, wrong(seen(1, "dock"), day=7))
    assert (outcome.status, place_of(book)) == ("accepted", None)
    tell(book, seen(4, "dock"))
    assert place_of(book) == "dock"
    assert verify(book, projections=True).finding is None


def test_a_declaration_may_come_before_its_event(book: Ledger) -> None:
    tell(book, wrong(seen(1, "dock"), 2), seen(2, "line"), seen(1, "dock"))
    assert place_of(book) == "line"
    assert verify(book, projections=True).finding is None


@pytest.mark.parametrize(
    ("before", "last"),
    [
        ([], wrong(seen(1, "dock"), 1)),
        ([wrong(seen(2, "line"), 1)], wrong(seen(1, "dock"), 2)),
        ([wrong(seen(2, "line"), 3), wrong(seen(3, "shop"), 1)], wrong(seen(1, "dock"), 2)),
        ([wrong(seen(2, "line")), wrong(seen(2, "line"), 1, day=7)], wrong(seen(1, "dock"), 2)),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_what_leads_back_to_itself_is_refused(
    book: Ledger, before: list[dict[str, Any]], last: dict[str, Any], *, together: bool
) -> None:
    trees = [seen(1, "dock"), seen(2, "line"), seen(3, "shop"), *before, last]
    outcomes = book.append([draft(tree) for tree in trees]) if together else tell(book, *trees)
    assert [one.status for one in outcomes] == ["accepted"] * (len(trees) - 1) + ["refused"]
    assert "cannot be corrected by what leads back to it" in str(outcomes[-1].problem)
    assert book.size == len(trees)


def captured(ledger: Ledger, tree: dict[str, Any], by: str, *, may: bool) -> Outcome:
    """Capture one event as a station, or as somebody who may correct."""
    read = read_capture(json.dumps([tree]).encode(), by=by, may_enter=may)
    (outcome,) = ledger.append(read.drafts)
    return outcome


def test_only_the_capturer_or_who_may_correct_declares(book: Ledger) -> None:
    captured(book, seen(1, "dock"), "dock", may=False)
    captured(book, seen(2, "line"), "dock", may=False)
    other = captured(book, wrong(seen(1, "dock")), "gate", may=False)
    sentence = (
        f"{name(1)} was captured by 'dock': only who captured it, or who may correct, "
        "declares it wrong, not 'gate'."
    )
    assert (other.status, other.problem) == ("refused", sentence)
    assert captured(book, wrong(seen(1, "dock")), "dock", may=False).status == "accepted"
    assert captured(book, wrong(seen(2, "line")), "office", may=True).status == "accepted"


def test_a_chain_told_backwards_is_looked_up_once_and_ends(book: Ledger) -> None:
    asked: list[str] = []
    engine = book.database.engine
    listens = (engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    drafts = [
        draft(tree) for n in range(200, 50, -1) for tree in (packed(n), wrong(packed(n), n + 1))
    ]
    sqlalchemy.event.listen(*listens)
    try:
        outcomes = book.append(drafts)[1::2]
    finally:
        sqlalchemy.event.remove(*listens)
    refused = [one for one in outcomes if one.status != "accepted"]
    assert [one.problem for one in refused] == [
        f"The correction of {name(100)} leads to more than 100 events."
    ]
    # One by one along the chain, for each declaration anew, it was 8,000 questions under the lock.
    assert sum("declared_at > 0" in one for one in asked) < 300
