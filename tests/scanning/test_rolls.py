"""Rolls: the supplier's barcode is the name, the label says how much, in its own unit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scanning.workshop import NS, Workshop, digits
from traceability.errors import Conflict, InvalidEvent
from traceability.projections import stock
from traceability.projections.search import find_key
from traceability.projections.view import look
from traceability.scanning.desk import read_amount
from traceability.scanning.rolls import last_roll

FABRIC = f"//{NS}/loc/fabric-in"


def roll(name: str) -> str:
    """Return the key of a roll."""
    return f"//{NS}/class/R-{name}"


def test_an_unknown_code_where_rolls_come_in_is_asked_about_once(shop: Workshop) -> None:
    asked = shop.scan("fabric-in", "MILL 47/11")
    assert (asked.state, asked.said) == ("unknown", "no-roll")
    assert (asked.facts["text"], asked.facts["offers"][0]) == ("MILL 47/11", "roll")
    taken = shop.roll("MILL 47/11", dye_lot="7", supplier="Mill", material="Twill, navy")
    assert (taken.state, taken.said, taken.key) == ("pass", "done", roll("MILL 47/11"))
    item = shop.state().items[taken.key]
    assert (item[2], item[3], item[8], item[10]) == (
        f"//{NS}/class/P-Twill, navy", FABRIC, "92.5", "MTR",
    )  # fmt: skip
    with look(shop.ledger) as view:
        values = view.master("roll", [taken.key])[taken.key]
        assert (str(view.label(taken.key)), last_roll(view)) == ("MILL 47/11 Twill, navy", values)
    assert values == {
        "code": "MILL 47/11",
        "amount": "92.5",
        "unit": "MTR",
        "metres": "92.5",
        "dye_lot": "7",
        "supplier": "Mill",
        "material": "Twill, navy",
        "product": f"//{NS}/class/P-Twill, navy",
    }


def test_a_roll_is_found_although_its_barcode_was_a_stranger_before(shop: Workshop) -> None:
    shop.scan("cutting", "JY20261120-007-86.5")
    assert shop.roll("JY20261120-007-86.5").said == "done"
    with look(shop.ledger) as view:
        assert find_key(view, "JY20261120-007-86.5") == roll("JY20261120-007-86.5")


def test_the_next_roll_needs_a_scan_and_a_yes(shop: Workshop) -> None:
    shop.roll("A-1", dye_lot="7")
    assert shop.scan("fabric-in", "A-2").said == "no-roll"
    assert shop.roll("A-2", dye_lot="7").said == "done"
    assert shop.scan("fabric-in", "A-3", amount={"quantity": "80", "unit": "MTR"}).said == "done"
    assert shop.state().items[roll("A-3")][8] == "80"


def test_units_are_kept_and_summed_apart(shop: Workshop) -> None:
    shop.roll("M", "92.5", "MTR", material="Twill")
    shop.roll("Y", "100", "YRD", material="Twill")
    shop.roll("K", "12.25", "KGM", material="Twill")
    with look(shop.ledger) as view:
        found = {(line.product.name, line.uom): line.quantity for line in stock.stock(view)}
        yards = view.master("roll", [roll("Y")])[roll("Y")]
        kilos = view.master("roll", [roll("K")])[roll("K")]
    assert found == {
        ("Twill", "MTR"): Decimal("92.5"),
        ("Twill", "YRD"): Decimal(100),
        ("Twill", "KGM"): Decimal("12.25"),
    }
    assert (yards["metres"], "metres" in kilos) == ("91.44", False)


def test_a_gs1_label_names_product_and_lot(shop: Workshop) -> None:
    text = "(01)09524137001002(10)L 7".replace(" ", "")
    assert shop.roll(text, material="Drill").key == "/01/09524137001002/10/L7"
    with look(shop.ledger) as view:
        assert str(view.label("/01/09524137001002/10/L7")).endswith("Drill")
    assert shop.scan("fabric-in", "]C10109524137001002" + "10L7").said == "already"


@pytest.mark.usefixtures("engine")
def test_two_rolls_with_one_barcode_are_told_apart(shop: Workshop) -> None:
    shop.roll("ARTICLE 5", "50")
    again = shop.scan("fabric-in", "ARTICLE 5")
    assert (again.state, again.said, again.facts["left"]) == ("again", "already", "50")
    with pytest.raises(Conflict, match="Is this another roll with the same code"):
        shop.roll("ARTICLE 5", "60")
    assert shop.roll("ARTICLE 5", "60", another=True).key == roll("ARTICLE 5-2")
    assert shop.roll("ARTICLE 5", "70", another=True).key == roll("ARTICLE 5-3")
    which = shop.scan("cutting", "ARTICLE 5")
    assert (which.state, which.said, len(which.facts["keys"])) == ("unknown", "which", 3)
    chosen = shop.scan("cutting", which.facts["keys"][1], by="tap")
    assert (chosen.said, chosen.opened) == ("opened", (roll("ARTICLE 5-2"),))


def test_a_roll_on_a_list_is_taken_in_by_its_scan_alone(shop: Workshop) -> None:
    shop.enter("roll", roll("L-1"), code="L-1", amount="100", unit="YRD", dye_lot="9")
    taken = shop.scan("fabric-in", "L-1")
    assert (taken.said, taken.facts) == ("done", {"amount": "100", "unit": "YRD", "dye_lot": "9"})
    assert shop.state().items[roll("L-1")][8:11] == ("100", "0", "YRD")


def test_a_roll_that_never_came_in_is_taken_in_where_it_is_cut(shop: Workshop) -> None:
    assert shop.scan("cutting", "NEW-1").facts["offers"][0] == "roll"
    opened = shop.roll("NEW-1", "40", stage="cutting")
    assert (opened.state, opened.said, opened.opened) == ("ready", "opened", (roll("NEW-1"),))
    assert shop.state().items[roll("NEW-1")][3:5] == (FABRIC, "fabric-in")
    assert shop.scan("cutting", digits(1000)).said == "done"


def test_a_roll_can_be_measured_again(shop: Workshop) -> None:
    shop.roll("R9", "92.5")
    counted = shop.scan("fabric-in", "R9", amount={"quantity": "30", "unit": "MTR"})
    assert (counted.said, shop.state().items[roll("R9")][8]) == ("recounted", "30")


@pytest.mark.parametrize(
    ("amount", "unit", "sentence"),
    [
        ("0", "MTR", "A roll has more than nothing on it: 0 m cannot be."),
        ("-3", "YRD", "A roll has more than nothing on it: -3 yd cannot be."),
        ("12 m", "MTR", "'12m' is none"),
        ("", "MTR", "Say how much is on the roll as a number, such as 92.5; '' is none."),
        ("1.234,5", "MTR", "is none"),
        ("NaN", "KGM", "is none"),
        ("5", "FTS", "expected metres (MTR), yards (YRD) or kilograms (KGM), got 'FTS'."),
    ],
)
def test_what_no_roll_can_hold_is_refused(amount: str, unit: str, sentence: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        read_amount(amount, unit)
    assert sentence in str(caught.value)


@pytest.mark.usefixtures("engine")
def test_rolls_and_tickets_are_found_by_what_people_read_out(shop: Workshop) -> None:
    shop.roll("MILL-7")
    shop.scan("cutting", "MILL-7")
    shop.scan("cutting", digits(1000))
    with look(shop.ledger) as view:
        found = [find_key(view, text) for text in ("MILL-7", digits(1000), digits(1001), "10009")]
    assert found == [
        roll("MILL-7"),
        f"//{NS}/class/B-{digits(1000)}",
        f"//{NS}/class/B-{digits(1001)}",
        None,
    ]


def test_a_very_long_barcode_is_cut_and_stays_its_own(shop: Workshop) -> None:
    first, second = "X" * 90 + "1", "X" * 90 + "2"
    keys = [shop.roll(text).key for text in (first, second)]
    assert len(set(keys)) == 2
    assert shop.scan("fabric-in", first).key == keys[0]
