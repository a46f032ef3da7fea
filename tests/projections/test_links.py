"""Links for customers: in the record with their end, and nothing else in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web import story
from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.projections import links
from traceability.projections.links import Link
from traceability.projections.rebuild import read_stored, rebuild
from traceability.projections.view import look

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MINE, OTHER = "//demo.workshop.invalid/bt/4471", "//demo.workshop.invalid/bt/4472"

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with nothing but its opening."""
    made = story.empty_ledger(tmp_path / "ledger.sqlite")
    yield made
    made.database.close()


def made(ledger: Ledger, order: str = MINE, *, days: float = 30, at: datetime = NOW) -> Link:
    link = links.new_link(order, by="admin", made_at=at, expires_at=at + timedelta(days=days))
    assert ledger.append([link.draft()])[0].status == "accepted"
    return link


def test_a_link_is_read_as_it_was_made(ledger: Ledger) -> None:
    link = made(ledger)
    with look(ledger) as view:
        assert links.link(view, link.id) == link
        assert links.links(view, MINE) == [link]


def test_the_newest_link_of_an_order_stands_first_and_others_have_their_own(
    ledger: Ledger,
) -> None:
    first = made(ledger)
    second = made(ledger, at=NOW + timedelta(hours=1))
    other = made(ledger, OTHER)
    with look(ledger) as view:
        assert links.links(view, MINE) == [second, first]
        assert links.links(view, OTHER) == [other]
        assert links.links(view, MINE + "1") == []


@pytest.mark.parametrize(
    ("after", "state"),
    [(0, "open"), (30 * 86_400 - 1, "open"), (30 * 86_400, "expired"), (10**8, "expired")],
)
def test_a_link_ends_at_its_time(ledger: Ledger, after: int, state: str) -> None:
    assert made(ledger).state(NOW + timedelta(seconds=after)) == state


def test_an_end_survives_a_rebuild_from_the_record(ledger: Ledger) -> None:
    link = made(ledger)
    end = links.ended(link, by="admin", at=NOW + timedelta(minutes=5))
    assert ledger.append([end.draft()])[0].status == "accepted"
    rebuild(ledger)
    with look(ledger) as view:
        found = links.link(view, link.id)
    assert found == end
    assert found.state(NOW) == "ended"


def test_a_link_that_was_ended_twice_keeps_its_first_end(ledger: Ledger) -> None:
    link = made(ledger)
    first = links.ended(link, by="admin", at=NOW + timedelta(minutes=5))
    second = links.ended(link, by="admin", at=NOW + timedelta(minutes=6))
    statuses = [one.status for one in ledger.append([first.draft(), second.draft()])]
    assert statuses == ["accepted", "conflict"]
    with look(ledger) as view:
        assert links.link(view, link.id) == first


def test_the_record_holds_who_when_what_and_no_address(ledger: Ledger) -> None:
    link = made(ledger)
    with ledger.database.read() as connection:
        stored = next(iter(read_stored(connection, ledger.ledger_id, 1, 2)))
    assert json.loads(json.dumps(dict(stored.tree))) == {
        "type": "link",
        "id": f"link:{link.id}",
        "values": {
            "order": MINE,
            "by": "admin",
            "made": "2026-01-05T12:00:00+00:00",
            "expires": "2026-02-04T12:00:00+00:00",
        },
    }


@pytest.mark.parametrize("days", [0, -1, 401])
def test_a_link_without_a_sensible_end_is_refused(days: int) -> None:
    with pytest.raises(Refused) as caught:
        links.new_link(MINE, by="admin", made_at=NOW, expires_at=NOW + timedelta(days=days))
    assert str(caught.value) == (
        f"Cannot make a link for {days} days: expected more than 0 and at most 400."
    )


def test_a_link_that_nobody_made_is_none(ledger: Ledger) -> None:
    with look(ledger) as view:
        assert links.link(view, "00" * 12) is None
