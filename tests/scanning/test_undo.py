"""Taking a scan back: the record says that it did not happen, unless something follows from it."""

from __future__ import annotations

import pytest

from tests.scanning.test_rules import cut, packed, sewn
from tests.scanning.workshop import ANA, GREY, NS, Workshop, carton, digits, key_of_carton, ticket
from traceability.scanning import quality
from traceability.scanning.answer import Answer
from traceability.scanning.quality import Miscount
from traceability.scanning.undo import undo


def last(shop: Workshop, stage: str, text: str) -> str:
    """Scan something; return the id of its event."""
    return shop.scans(stage, [text])[0].event


def take_back(shop: Workshop, event: str, device: str = "pc") -> Answer:
    """Take a scan back a minute later."""
    at = int(shop.at.timestamp() * 1_000_000) + 60_000_000
    return undo(shop.ledger, device, event, at=at, opened=shop.opened.get(device, ()))[0]


def count(shop: Workshop, event: str, good: object, bad: object = None) -> Answer:
    """Count the pieces of a ticket."""
    at = int(shop.at.timestamp() * 1_000_000) + 1_000_000
    return quality.count(shop.ledger, "pc", event, good=good, bad=bad, at=at, person=ANA)[0]


@pytest.mark.usefixtures("engine")
def test_what_was_taken_back_can_be_scanned_again(shop: Workshop) -> None:
    cut(shop)
    event = last(shop, "cutting", digits(1000))
    undone = take_back(shop, event)
    assert (undone.state, undone.said, shop.progress("cutting")) == ("ready", "undone", "0")
    assert shop.scan("cutting", digits(1000)).said == "done"
    assert shop.progress("cutting") == "20"


def test_twice_is_once(shop: Workshop) -> None:
    cut(shop)
    event = last(shop, "cutting", digits(1000))
    take_back(shop, event)
    size = shop.ledger.size
    assert take_back(shop, event).said == "undone"
    assert shop.ledger.size == size


def test_an_opened_roll_is_laid_down(shop: Workshop) -> None:
    shop.roll("MILL-7")
    event = last(shop, "cutting", "MILL-7")
    assert take_back(shop, event).opened == ()


def test_nothing_is_taken_back_that_something_was_built_upon(shop: Workshop) -> None:
    cut(shop)
    event = last(shop, "cutting", digits(1000))
    shop.scan("sewing", digits(1000))
    shop.scan("sewing", digits(1000))
    answer = take_back(shop, event)
    assert (answer.state, answer.said, answer.facts["thing"]) == (
        "stop", "built-upon", ticket(1000),
    )  # fmt: skip
    assert shop.progress("cutting") == "20"


def test_a_roll_stays_while_tickets_were_cut_from_it(shop: Workshop) -> None:
    event = shop.scans("fabric-in", ["R1"], amount={"quantity": "9", "unit": "MTR"})[0].event
    shop.scan("cutting", "R1")
    first = last(shop, "cutting", digits(1000))
    assert take_back(shop, event).said == "built-upon"
    assert take_back(shop, first).said == "undone"
    assert take_back(shop, event).said == "undone"
    assert shop.scan("fabric-in", "R1").said == "done"


def test_a_packed_ticket_stays_once_its_carton_has_left(shop: Workshop) -> None:
    sewn(shop, 1000)
    shop.scan("packing", carton(1500))
    event = last(shop, "packing", digits(1000))
    shop.scan("shipping", carton(1500))
    shop.scan("shipping", carton(1500))
    answer = take_back(shop, event)
    assert (answer.said, answer.facts["thing"], answer.facts["stage"]) == (
        "built-upon", key_of_carton(1500), "shipping",
    )  # fmt: skip


def test_only_the_last_ten_of_the_same_device(shop: Workshop) -> None:
    cut(shop)
    event = last(shop, "cutting", digits(1000))
    assert take_back(shop, event, "phone").said == "too-old"
    for number in range(10):
        shop.scan("cutting", f"nonsense {number}")
    assert take_back(shop, event).said == "too-old"
    assert shop.progress("cutting") == "20"


@pytest.mark.usefixtures("engine")
def test_a_carton_s_shipping_can_be_taken_back(shop: Workshop) -> None:
    packed(shop, 1500, 1100, 1101)
    event = last(shop, "shipping", carton(1500))
    assert shop.progress("shipping", "119", GREY) == "20"
    assert take_back(shop, event).said == "undone"
    assert shop.progress("shipping", "119", GREY) == "0"


def done_ticket(shop: Workshop) -> str:
    """Return the scan by which a ticket of twenty was sewn."""
    cut(shop, 1000)
    shop.scan("sewing", digits(1000))
    return last(shop, "sewing", digits(1000))


def test_bad_pieces_leave_their_ticket(shop: Workshop) -> None:
    event = done_ticket(shop)
    answer = count(shop, event, 18, 2)
    assert (answer.said, answer.facts["good"], answer.facts["bad"]) == ("counted", 18, 2)
    assert shop.progress("sewing") == "18"
    item = shop.state().items[ticket(1000)]
    assert (item[3], item[4], item[8]) == (f"//{NS}/loc/sewing", "sewing", "18")


@pytest.mark.usefixtures("engine")
def test_a_count_can_be_corrected_and_sent_again(shop: Workshop) -> None:
    event = done_ticket(shop)
    count(shop, event, 18, 2)
    count(shop, event, None, 5)
    assert shop.progress("sewing") == "15"
    size = shop.ledger.size
    count(shop, event, 15)
    assert shop.ledger.size == size
    count(shop, event, 20, 0)
    assert shop.progress("sewing") == "20"


def test_a_counted_ticket_goes_on_with_what_is_good(shop: Workshop) -> None:
    event = done_ticket(shop)
    count(shop, event, 17)
    assert take_back(shop, event).said == "built-upon"
    shop.scan("packing", carton(1500))
    assert shop.scan("packing", digits(1000)).facts["pieces"] == "17"
    assert shop.progress("packing") == "17"
    count(shop, event, 0, 20)
    assert shop.progress("packing") == "0"


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        (-3, None, "-3 pieces cannot be. Say how many are good, and how many are bad."),
        (0, None, "0 good would mean that all 20 are bad. If so, say 20 bad."),
        (21, None, "21 is more than the ticket has: 20. Count again."),
        (None, 25, "25 is more than the ticket has: 20. Count again."),
        (18, 5, "18 good and 5 bad are 23, but the ticket has 20. Count again."),
        (18, 1, "18 good and 1 bad are 19, but the ticket has 20. Count again."),
        ("some", None, "Pieces are whole numbers, such as 18; 'some' is none."),
        ("1.5", None, "Pieces are whole numbers, such as 18; '1.5' is none."),
        (None, None, "Say how many pieces are good."),
    ],
)
def test_figures_that_cannot_be_are_refused(
    shop: Workshop, good: object, bad: object, sentence: str
) -> None:
    event = done_ticket(shop)
    size = shop.ledger.size
    with pytest.raises(Miscount) as caught:
        count(shop, event, good, bad)
    assert (str(caught.value), shop.ledger.size) == (sentence, size)


def test_only_a_ticket_that_is_done_is_counted(shop: Workshop) -> None:
    cut(shop)
    event = last(shop, "cutting", digits(1000))
    for name in (event, "urn:uuid:nothing"):
        with pytest.raises(Miscount, match="Scan the ticket"):
            count(shop, name, 5)
