"""What carries one person's badge number in the record."""

from __future__ import annotations

from tests.scanning.workshop import ANA, Workshop, digits, ticket
from traceability.ledger.append import Draft
from traceability.projections.view import look
from traceability.scanning.badges import BadgeScans, scans_of
from traceability.scanning.undo import undo

BRUNO = ANA[:-1] + "0"


def told(shop: Workshop, key: str = ANA, **more: int) -> BadgeScans:
    with look(shop.ledger) as view:
        return scans_of(view, key, **more)


def brief(found: BadgeScans) -> list[tuple[str, str, str]]:
    return [(one.what, one.thing.key.rsplit("/", 1)[-1], one.place.name) for one in found.scans]


def test_the_scans_with_a_badge_in_hand_are_listed_newest_first(shop: Workshop) -> None:
    shop.enter("person", ANA, badge=ANA.rsplit("/", 1)[-1], is_active=True)
    shop.scan("cutting", digits(1000))
    shop.scan("cutting", ANA.rsplit("/", 1)[-1])
    shop.scan("cutting", digits(1001))
    shop.scan("cutting", digits(1002))
    assert brief(told(shop)) == [
        ("scan", ticket(1002).rsplit("/", 1)[-1], "Cutting"),
        ("scan", ticket(1001).rsplit("/", 1)[-1], "Cutting"),
        ("badge", ANA.rsplit("/", 1)[-1], "Cutting"),
    ]
    assert {one.device for one in told(shop).scans} == {"pc"}


def test_a_scan_of_somebody_else_is_not_among_them(shop: Workshop) -> None:
    shop.person = BRUNO
    shop.scan("cutting", digits(1000))
    assert told(shop) == BadgeScans((), shop.ledger.size, is_all=True)


def test_a_scan_that_was_taken_back_says_so(shop: Workshop) -> None:
    shop.person = ANA
    event = shop.scans("cutting", [digits(1000)])[0].event
    at = int(shop.at.timestamp() * 1_000_000) + 60_000_000
    undo(shop.ledger, "pc", event, at=at)
    assert [one.is_void for one in told(shop).scans] == [True]


def test_a_confirmation_carries_the_badge_too(shop: Workshop) -> None:
    shop.hold(ticket(1000))
    tree = {"type": "release", "id": "Q-1", "reason": "", "confirmed": ANA}
    shop.ledger.append([Draft("hold", "release:Q-1", tree)])
    (one,) = told(shop).scans
    assert (one.what, one.thing.name, one.place.name, one.device) == ("confirmed", "Q-1", "", "")


def test_no_more_are_listed_than_asked_for_and_the_reach_is_said(shop: Workshop) -> None:
    shop.person = ANA
    for running in (1000, 1001, 1002):
        shop.scan("cutting", digits(running))
    assert len(told(shop, limit=2).scans) == 2
    near = told(shop, reach=1)
    assert (len(near.scans), near.looked, near.is_all) == (1, 1, False)
