"""A code that nobody knows: one question, one decision, and the code is used as it is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text as sql

from tests.scanning.conftest import MakeShop
from tests.scanning.test_rules import cut, said, sewn
from tests.scanning.workshop import (
    ANA,
    EAN,
    GREY,
    NAVY,
    NS,
    Workshop,
    carton,
    digits,
    key_of_carton,
    ticket,
)
from traceability.projections.aliases import aliases, names_of
from traceability.projections.items import item
from traceability.projections.search import find_key, find_keys, is_known
from traceability.projections.view import look
from traceability.scanning.answer import Answer
from traceability.scanning.batch import Answered, once
from traceability.scanning.binding import CannotBind, read_binding
from traceability.scanning.bound import take_bound
from traceability.scanning.undo import undo

BRAND = "5449000000996"
BRAND_KEY = "/01/05449000000996"
OTHER_BRAND = "4006381333931"
ONE_OF_A_BRAND = "(01)05449000000996(21)77"


def bind(shop: Workshop, stage: str, text: str, sort: str, **asked: Any) -> Answered:
    """Say at a step what a code is."""
    binding = read_binding({"as": sort, **asked})
    answered = once(
        shop.ledger,
        shop.desk(stage),
        shop.next_scan(text),
        lambda view, desk, scan: take_bound(view, desk, scan, binding),
    )
    shop.opened["pc"], shop.person = answered.answer.opened, answered.answer.person
    return answered


def take_back(shop: Workshop, answered: Answered) -> Answer:
    """Take a scan back."""
    at = int(shop.at.timestamp() * 1_000_000) + 1
    answer, _ = undo(shop.ledger, "pc", answered.event, at=at)
    return answer


def found(shop: Workshop, text: str) -> str | None:
    """Find something as the page Find does."""
    with look(shop.ledger) as view:
        return find_key(view, text)


# --- the question ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "first"),
    [("cutting", ["roll", "bundle"]), ("packing", ["carton", "garment", "bundle"])],
)
def test_what_is_handled_here_is_asked_first(shop: Workshop, stage: str, first: list[str]) -> None:
    answer = shop.scan(stage, BRAND)
    offered = answer.facts["offers"]
    assert offered[: len(first)] == first
    assert offered[-3:] == ["place", "person", "stray"]
    assert sorted(offered) == sorted(
        ["roll", "bundle", "garment", "carton", "place", "person", "stray"]
    )


def test_where_rolls_come_in_a_roll_is_asked_for_and_all_else_is_offered(shop: Workshop) -> None:
    answer = shop.scan("fabric-in", "MILL-9")
    assert (said(answer), answer.facts["offers"][0]) == (("unknown", "no-roll"), "roll")


def test_a_workshop_without_garments_by_the_piece_is_not_asked_for_them(
    make_shop: MakeShop,
) -> None:
    shop = make_shop("knitwear_counted")
    offered = shop.scan("bagging", "XY 1").facts["offers"]
    assert offered == ["carton", "bundle", "roll", "place", "person", "stray"]


# --- garments --------------------------------------------------------------------------------


def test_a_brand_s_ean_packs_a_piece_with_each_scan(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    asked = shop.scan("packing", BRAND)
    assert (said(asked), asked.done) == (("unknown", "unknown"), None)
    bound = bind(shop, "packing", BRAND, "garment", name="Polo, white, M").answer
    assert (said(bound), bound.key, bound.done, bound.unit) == (
        ("pass", "done"), BRAND_KEY, 1, "pieces",
    )  # fmt: skip
    again = shop.scan("packing", f"]E0{BRAND}")
    assert (said(again), again.done) == (("pass", "done"), 2)
    items = shop.state().items
    assert items[f"{BRAND_KEY}@{key_of_carton(1500)}"][8] == "2"
    # Nothing is owed where they were packed: each began to be known with its scan.
    assert items[f"{BRAND_KEY}@//{NS}/loc/packing"][8] == "0"
    assert found(shop, BRAND) == BRAND_KEY


def test_its_code_stands_for_a_product_that_is_known(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    bound = bind(shop, "packing", BRAND, "garment", product=NAVY).answer
    assert (said(bound), bound.key, bound.facts["order"]) == (
        ("pass", "done"), NAVY, f"//{NS}/bt/118",
    )  # fmt: skip
    assert (found(shop, BRAND), found(shop, f"0{BRAND}")) == (NAVY, NAVY)
    # A label or chip with this number and a serial is one piece of the same product.
    one = shop.scan("store", ONE_OF_A_BRAND)
    assert said(one) != ("unknown", "unknown")


def test_two_product_numbers_of_one_thing_are_a_conflict(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    before = shop.ledger.size
    with pytest.raises(CannotBind) as refused:
        bind(shop, "packing", BRAND, "garment", product=EAN)
    assert str(refused.value) == (
        "Two codes of one thing disagree: one says product number 05449000000996, the other "
        "09521141001059. Put it aside; nothing was joined."
    )
    assert shop.ledger.size == before


def test_a_code_of_its_own_becomes_one_garment(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    bound = bind(shop, "packing", "TAILOR 0042", "garment", product=GREY).answer
    key = f"//{NS}/obj/G-TAILOR 0042"
    assert (said(bound), bound.key, bound.done) == (("pass", "done"), key, 1)
    again = shop.scan("packing", "TAILOR 0042")
    assert (said(again), again.facts["carton"]) == (("again", "already"), key_of_carton(1500))
    assert shop.state().items[key][2] == GREY
    assert found(shop, "TAILOR 0042") == key


def test_one_of_a_brand_s_pieces_keeps_its_number(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    assert said(shop.scan("packing", ONE_OF_A_BRAND)) == ("unknown", "unknown")
    # Looked at twice it is still nobody's.
    assert said(shop.scan("packing", ONE_OF_A_BRAND)) == ("unknown", "unknown")
    bound = bind(shop, "packing", ONE_OF_A_BRAND, "garment", name="Polo").answer
    assert (said(bound), bound.key) == (("pass", "done"), f"{BRAND_KEY}/21/77")
    assert said(shop.scan("packing", ONE_OF_A_BRAND)) == ("again", "already")
    # The next piece of the same product needs no question.
    assert said(shop.scan("packing", "(01)05449000000996(21)78"))[1] != "unknown"


def test_a_product_that_was_entered_is_counted_once_somebody_says_so(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    asked = shop.scan("packing", EAN)
    assert (said(asked), asked.facts["offers"]) == (("unknown", "product"), ["garment"])
    assert said(bind(shop, "packing", EAN, "garment").answer) == ("pass", "done")
    assert shop.scan("packing", EAN).done == 2


def test_nothing_is_packed_where_nothing_is_open(shop: Workshop) -> None:
    bound = bind(shop, "packing", BRAND, "garment", name="Polo").answer
    assert (said(bound), bound.facts["bound"]["as"]) == (("stop", "nothing-open"), "garment")
    shop.scan("packing", carton(1500))
    assert said(shop.scan("packing", BRAND)) == ("pass", "done")


# --- bundles, cartons, places, people ------------------------------------------------------


def test_a_card_of_one_s_own_becomes_a_bundle(shop: Workshop) -> None:
    shop.roll("MILL-7")
    shop.scan("cutting", "MILL-7")
    bound = bind(shop, "cutting", "CARD 12", "bundle", order="118", pieces="14").answer
    key = f"//{NS}/class/B-CARD 12"
    assert (said(bound), bound.key, bound.facts["pieces"]) == (("pass", "done"), key, "14")
    assert shop.progress("cutting") == "14"
    assert said(shop.scan("sewing", "CARD 12")) == ("ready", "came-in")
    with look(shop.ledger) as view:
        assert str(view.label(key)) == "CARD 12 Shirt, navy, M"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"order": "999", "pieces": "14"}, "order"),
        ({"order": "118", "pieces": "many"}, "pieces"),
        ({"order": "118", "pieces": "0"}, "pieces"),
        ({"order": "118", "pieces": "5", "product": GREY}, "product"),
    ],
)
def test_a_bundle_says_order_and_pieces(shop: Workshop, asked: dict[str, str], why: str) -> None:
    with pytest.raises(CannotBind) as refused:
        bind(shop, "cutting", "CARD 12", "bundle", **asked)
    assert refused.value.said == why


def test_a_number_of_our_own_row_is_printed_not_bound(shop: Workshop) -> None:
    with pytest.raises(CannotBind, match="is a number of our own labels"):
        bind(shop, "cutting", digits(7000), "bundle", order="118", pieces="14")


def test_a_box_becomes_a_carton_and_is_open(shop: Workshop) -> None:
    shop.scan("packing", "BOX 7")
    bound = bind(shop, "packing", "BOX 7", "carton").answer
    key = f"//{NS}/obj/C-BOX 7"
    assert (said(bound), bound.opened) == (("ready", "opened"), (key,))
    with look(shop.ledger) as view:
        assert names_of(view, key) == [f"//{NS}/obj/BOX 7"]
        card = item(view, key)
    assert card is not None
    # What was scanned while nobody knew it is a part of its story.
    assert [one.reason for one in card.timeline] == ["opened", "unknown"]


def test_a_place_has_a_code_on_its_door(shop: Workshop) -> None:
    bound = bind(shop, "store", "DOOR 3", "place", name="Back room").answer
    assert (said(bound), bound.key) == (("pass", "bound"), f"//{NS}/loc/Back room")
    assert bind(shop, "store", "DOOR 4", "place", name="packing").answer.key == (
        f"//{NS}/loc/packing"
    )
    assert found(shop, "DOOR 3") == f"//{NS}/loc/Back room"


def test_another_firm_s_card_is_a_badge_here(shop: Workshop) -> None:
    shop.enter("person", ANA, badge="W", is_active=True)
    bound = bind(shop, "sewing", "CANTEEN 9", "person", whose=ANA).answer
    assert (said(bound), bound.person) == (("ready", "person"), ANA)
    new = bind(shop, "sewing", "CANTEEN 10", "person", name="Rui").answer
    assert new.person == f"//{NS}/obj/W-CANTEEN 10"
    assert shop.scan("sewing", "CANTEEN 9").person == ANA
    # The name stands beside the record, never in it.
    with shop.database.read() as connection:
        bodies = [bytes(row.body) for row in connection.execute(sql("SELECT body FROM body"))]
    assert not any(b"Rui" in body for body in bodies)


def test_another_code_of_a_known_thing_is_that_thing(shop: Workshop) -> None:
    cut(shop, 1000)
    bound = bind(shop, "sewing", "SPARE CARD", "same", thing=digits(1000)).answer
    assert (said(bound), bound.key) == (("ready", "came-in"), ticket(1000))
    assert found(shop, "SPARE CARD") == ticket(1000)


# --- not ours --------------------------------------------------------------------------------


def test_what_is_not_ours_is_said_quietly_and_never_asked_again(shop: Workshop) -> None:
    first = bind(shop, "packing", BRAND, "stray").answer
    again = shop.scan("sewing", BRAND)
    assert (said(first), said(again), again.sound) == (
        ("ready", "stray"), ("ready", "stray"), "tick",
    )  # fmt: skip
    assert "offers" not in again.facts
    assert found(shop, BRAND) is None


def test_what_is_entered_later_is_ours_after_all(shop: Workshop) -> None:
    bind(shop, "packing", BRAND, "stray")
    shop.enter("product", BRAND_KEY, name="Polo")
    assert said(shop.scan("sewing", BRAND)) == ("unknown", "product")


# --- taking back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sort", "asked"),
    [
        (BRAND, "garment", {"name": "Polo"}),
        (BRAND, "garment", {"product": NAVY}),
        ("TAILOR 0042", "garment", {"product": GREY}),
        ("BOX 7", "carton", {}),
        ("DOOR 3", "place", {"name": "Back room"}),
        ("CANTEEN 10", "person", {"name": "Rui"}),
        (BRAND, "stray", {}),
    ],
)
def test_a_decision_can_be_taken_back(
    shop: Workshop, text: str, sort: str, asked: dict[str, str]
) -> None:
    shop.scan("packing", carton(1500))
    answered = bind(shop, "packing", text, sort, **asked)
    assert take_back(shop, answered).said == "undone"
    shop.person = None
    again = shop.scan("packing", text)
    assert (said(again), "garment" in again.facts["offers"]) == (("unknown", "unknown"), True)
    with look(shop.ledger) as view:
        assert find_keys(view, text) in ([], [f"//{NS}/obj/{text}"])


def test_it_is_not_taken_back_under_what_followed(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    answered = bind(shop, "packing", BRAND, "garment", name="Polo")
    second = shop.scans("packing", [BRAND])[0]
    assert take_back(shop, answered).said == "built-upon"
    assert take_back(shop, second).said == "undone"
    assert take_back(shop, answered).said == "undone"
    # As if no piece had ever been there.
    assert f"{BRAND_KEY}@{key_of_carton(1500)}" not in shop.state().items


# --- the record ------------------------------------------------------------------------------


def test_the_decision_says_who_when_and_where(shop: Workshop) -> None:
    shop.enter("person", ANA, badge="W", is_active=True)
    shop.person = ANA
    bind(shop, "packing", "BOX 7", "carton")
    with look(shop.ledger) as view:
        values = view.master("alias", [f"//{NS}/obj/BOX 7"])[f"//{NS}/obj/BOX 7"]
        named = aliases(view, [f"//{NS}/obj/BOX 7"])
    assert dict(values) == {
        "stands_for": f"//{NS}/obj/C-BOX 7",
        "as": "carton",
        "code": "BOX 7",
        "at": "2026-11-19T08:01:00.000001+00:00",
        "device": "pc",
        "person": ANA,
        "entered": [["carton", f"//{NS}/obj/C-BOX 7"]],
    }
    assert [one.sort for one in named.values()] == ["carton"]


def test_the_same_decision_sent_again_is_the_same(shop: Workshop) -> None:
    binding = read_binding({"as": "carton"})
    scan, desk = shop.next_scan("BOX 7"), shop.desk("packing")
    first, second = (
        once(shop.ledger, desk, scan, lambda v, d, s: take_bound(v, d, s, binding))
        for _ in range(2)
    )
    assert (first.status, second.status) == ("accepted", "duplicate")
    assert first.answer == second.answer


def test_what_is_known_is_not_bound_again(shop: Workshop) -> None:
    sewn(shop, 1000)
    for text in (digits(1000), "MILL-7"):
        with pytest.raises(CannotBind) as refused:
            bind(shop, "packing", text, "carton")
        assert refused.value.said == "known"


def test_a_thing_s_other_name_is_not_the_thing(shop: Workshop) -> None:
    bind(shop, "packing", "BOX 7", "carton")
    with look(shop.ledger) as view:
        assert not is_known(view, f"//{NS}/obj/BOX 7")
        assert is_known(view, f"//{NS}/obj/C-BOX 7")


# --- tags that nobody wrote --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "why"), [("0" * 24, "empty"), ("E2801160600002054D5A1234", "chip-number")]
)
def test_a_tag_that_was_never_written_is_no_garment(shop: Workshop, tag: str, why: str) -> None:
    answer = shop.scan("packing", tag)
    assert (said(answer), answer.facts["blank"]) == (("unknown", "blank"), why)
    assert "offers" not in answer.facts
    assert [key for key in shop.state().items if "raw" in key] == []
    with pytest.raises(CannotBind) as refused:
        bind(shop, "packing", tag, "garment", product=NAVY)
    assert refused.value.said == "blank"
