"""What happened to one thing: its own events, and those of what it was inside of meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projections.family import CARTON, DOCK, ROLL, SHOP, Floor, bundle, shirt
from traceability.projections.held import stop_of, stops, stops_on
from traceability.projections.items import ItemCard, find_items, item
from traceability.projections.search import find_keys, newest_rolls
from traceability.projections.touches import Role
from traceability.projections.view import look


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """A workshop in which two shirts lie in a carton at the dock."""
    made = Floor(tmp_path)
    made.receive()
    made.cut({bundle(1): 2})
    made.sew(bundle(1), 2, [shirt(1), shirt(2)])
    made.pack([shirt(1), shirt(2)])
    made.passes([CARTON, shirt(1)])
    return made


def card(floor: Floor, key: str) -> ItemCard:
    """Return the card of a thing."""
    with look(floor.ledger) as view:
        found = item(view, key)
        assert found is not None
        return found


def test_a_timeline_begins_with_the_newest_and_names_both_sides(floor: Floor) -> None:
    told = [
        (one.role, one.other.name if one.other else "", [str(label) for label in one.partners])
        for one in card(floor, shirt(1)).timeline
    ]
    assert told == [
        (Role.SEEN, "", []),
        (Role.CHILD, "…7016", []),
        (Role.OUTPUT, "", ["B-1 Shirt, navy, M"]),
    ]


def test_what_its_carton_passed_is_concluded_and_a_missed_read_is_said(floor: Floor) -> None:
    newest = card(floor, shirt(2)).timeline[0]
    assert (newest.is_inside, newest.is_unread, newest.other and newest.other.key) == (
        True,
        True,
        CARTON,
    )


def test_a_carton_that_passes_alone_leaves_nothing_unread(floor: Floor) -> None:
    floor.passes([CARTON], place=SHOP, step="receiving")
    newest = card(floor, shirt(2)).timeline[0]
    assert (newest.is_inside, newest.is_unread) == (True, False)


def test_what_left_its_carton_does_not_pass_with_it(floor: Floor) -> None:
    floor.passes([shirt(2)], place=DOCK)
    unpacked = {"action": "DELETE", "parentID": f"https://id.gs1.org{CARTON}"}
    from datetime import timedelta

    floor.tell("Aggregation", DOCK, "unpacking", timedelta(minutes=1), **unpacked)
    position = floor.passes([CARTON], place=SHOP, step="receiving")
    assert position not in [one.position for one in card(floor, shirt(2)).timeline]


def test_a_cards_figures(floor: Floor) -> None:
    roll = card(floor, ROLL)
    assert (int(roll.quantity), int(roll.consumed), roll.uom) == (46, 4, "MTR")
    assert roll.facts["dye_lot"] == "D7"
    assert [label.key for label in roll.made_into] == [bundle(1)]
    carton = card(floor, CARTON)
    assert [label.key for label in carton.contents] == [shirt(1), shirt(2)]


def test_a_shirt_of_another_product_than_its_ticket_is_a_conflict(floor: Floor) -> None:
    floor.cut({bundle(2): 1})
    floor.sew(bundle(2), 1, [shirt(7)])
    wrong = [
        (str(source), str(product)) for source, product in card(floor, shirt(7)).other_products
    ]
    assert wrong == [("B-2 Shirt, navy, L", "Shirt, navy, L")]
    assert card(floor, shirt(1)).other_products == []


def test_a_hold_stands_until_it_is_released(floor: Floor) -> None:
    from traceability.ledger.append import Draft

    floor.hold([shirt(1), shirt(2)])
    with look(floor.ledger) as view:
        numbers = [one.item_no for one in find_items(view, [shirt(1), shirt(2), CARTON]).values()]
        assert stops_on(view, numbers) == {"Q-1": 2}
        stop = stop_of(view, "Q-1")
        assert stop is not None
        assert (stop.is_open, stop.reason, len(stop.numbers)) == (True, "hole", 2)
    floor.ledger.append([Draft("hold", "release:Q-1", {"type": "release", "id": "Q-1"})])
    with look(floor.ledger) as view:
        assert [(one.id, one.is_open, one.numbers) for one in stops(view)] == [("Q-1", False, ())]
        assert stop_of(view, "Q-9") is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (shirt(1), [shirt(1)]),
        ("]d2010952114100105921" + "1", [shirt(1)]),
        ("https://id.gs1.org" + shirt(1), [shirt(1)]),
        ("R-1", [ROLL]),
        ("B-1", [bundle(1)]),
        ("]C000" + "x", []),
        ("(00)095211410000077016", [CARTON]),
        ("never", []),
        ("%", []),
        ("", []),
    ],
)
def test_whatever_people_say_finds_the_thing(floor: Floor, given: str, found: list[str]) -> None:
    with look(floor.ledger) as view:
        assert find_keys(view, given) == found


def test_a_serial_alone_is_enough(floor: Floor) -> None:
    floor.cut({bundle(2): 1})
    floor.sew(bundle(2), 1, [shirt(4711)])
    with look(floor.ledger) as view:
        assert find_keys(view, "4711") == [shirt(4711)]
        assert find_keys(view, "…4711") == [shirt(4711)]


def test_orders_and_products_are_found_by_their_words(floor: Floor) -> None:
    with look(floor.ledger) as view:
        assert len(find_keys(view, "4471")) == 1
        assert len(find_keys(view, "navy shirt")) == 2


def test_only_rolls_that_came_in_are_offered(floor: Floor) -> None:
    floor.enter("roll", "/01/09524137001002/10/R-2", product="x", metres="5")
    with look(floor.ledger) as view:
        assert list(newest_rolls(view)) == [ROLL]
