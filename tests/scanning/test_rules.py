"""What each scan is answered, at each step: by the flow's rules, one answer a scan."""

from __future__ import annotations

import pytest

from tests.scanning.conftest import MakeShop
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
from traceability.gs1.check_digit import check_digit
from traceability.labels.codes import ShortCode
from traceability.scanning.answer import Answer
from traceability.scanning.writing import TOLD

ROLL = f"//{NS}/class/R-MILL-7"
ORDER = f"//{NS}/bt/118"


def said(answer: Answer) -> tuple[str, str]:
    """Return state and reason."""
    return answer.state, answer.said


def cut(shop: Workshop, *running: int) -> None:
    """Take in a roll if there is none, and cut tickets from it."""
    if not shop.state().items.get(ROLL):
        shop.roll("MILL-7")
    shop.scan("cutting", "MILL-7")
    for number in running:
        assert shop.scan("cutting", digits(number)).said in ("done", "overfull")


def sewn(shop: Workshop, *running: int) -> None:
    """Cut tickets, and sew them."""
    cut(shop, *running)
    for number in running:
        assert shop.scan("sewing", digits(number)).said == "came-in"
        assert shop.scan("sewing", digits(number)).said == "done"


def packed(shop: Workshop, box: int, *running: int) -> None:
    """Cut and sew tickets, and pack them into a carton."""
    sewn(shop, *running)
    shop.scan("packing", carton(box))
    for number in running:
        assert shop.scan("packing", digits(number)).said == "done"


# --- cutting: the roll, then its tickets ---------------------------------------------------------


def test_a_ticket_is_cut_from_the_roll_that_is_open(shop: Workshop) -> None:
    shop.roll("MILL-7")
    opened = shop.scan("cutting", "MILL-7")
    first = shop.scan("cutting", digits(1000))
    assert (said(opened), opened.sound, opened.opened) == (("ready", "opened"), "tick", (ROLL,))
    assert (said(first), first.key, first.done, first.of, first.unit) == (
        ("pass", "done"), ticket(1000), 1, 3, "tickets",
    )  # fmt: skip
    assert first.facts == {"pieces": "20", "order": ORDER}
    assert shop.progress("cutting") == "20"


def test_it_may_be_typed_scanned_as_link_or_written_small(shop: Workshop) -> None:
    shop.roll("MILL-7")
    shop.scan("cutting", "mill-7")
    texts = [digits(1000), f"https://192.168.1.5:8443/class/B-{digits(1001)}"]
    texts.append(f"b-{digits(1002)}")
    assert [one.answer.said for one in shop.scans("cutting", texts)] == ["done"] * 3


def test_a_ticket_without_a_roll_says_what_to_scan_first(shop: Workshop) -> None:
    answer = shop.scan("cutting", digits(1000))
    assert (said(answer), answer.facts) == (("stop", "nothing-open"), {"opens": ["roll"]})
    assert shop.progress("cutting") == "0"


def test_a_ticket_scanned_twice_is_cut_once(shop: Workshop) -> None:
    cut(shop, 1000)
    cut_at = int(shop.at.timestamp() * 1_000_000)
    again = shop.scan("cutting", digits(1000))
    assert (said(again), again.sound) == (("again", "already"), "again")
    assert abs(again.facts["at"] - cut_at) < 1000
    assert shop.progress("cutting") == "20"


def test_a_ticket_of_another_order_waits_for_a_second_scan(shop: Workshop) -> None:
    cut(shop, 1000)
    asked = shop.scan("cutting", digits(1100))
    bounced = shop.scan("cutting", digits(1100), after_s=0.5)
    assert [said(asked), said(bounced)] == [("stop", "other-order")] * 2
    assert asked.facts == {"order": f"//{NS}/bt/119", "others": [ORDER]}
    assert shop.progress("cutting", "119", GREY) == "0"
    assert shop.scan("cutting", digits(1100)).said == "done"
    assert shop.progress("cutting", "119", GREY) == "10"


def test_something_else_between_is_no_yes(shop: Workshop) -> None:
    cut(shop, 1000)
    shop.scan("cutting", digits(1100))
    shop.scan("cutting", digits(1001))
    assert shop.scan("cutting", digits(1100)).said == "other-order"


def test_rolls_scanned_in_a_row_make_one_lay(shop: Workshop) -> None:
    shop.enter("product", NAVY, name="Shirt, navy, M", metres_each="1.5")
    shop.roll("MILL-7", "92.5")
    shop.roll("MILL-8", "80")
    shop.scan("cutting", "MILL-7")
    both = shop.scan("cutting", "MILL-8")
    assert (both.opened, both.facts["count"]) == ((ROLL, f"//{NS}/class/R-MILL-8"), 2)
    shop.scan("cutting", digits(1000))
    items = shop.state().items
    left = [items[key][8:11] for key in both.opened]
    assert left == [("77.5", "15", "MTR"), ("65", "15", "MTR")]
    # After a ticket was cut, the next roll begins a lay of its own.
    assert shop.scan("cutting", "MILL-8").opened == both.opened
    shop.roll("MILL-9", "10")
    assert shop.scan("cutting", "MILL-9").opened == (f"//{NS}/class/R-MILL-9",)


def test_a_roll_in_yards_is_used_up_in_yards(shop: Workshop) -> None:
    shop.enter("product", NAVY, name="Shirt, navy, M", metres_each="4.572")
    shop.roll("Y-1", "100", "YRD")
    shop.scan("cutting", "Y-1")
    shop.scan("cutting", digits(1000))
    key = f"//{NS}/class/R-Y-1"
    assert shop.state().items[key][8:11] == ("0", "100", "YRD")
    again = shop.scan("cutting", "Y-1")
    assert said(again) == ("late", "used-up")
    assert again.opened == (key,)


def test_a_roll_that_was_only_listed_is_opened_all_the_same(shop: Workshop) -> None:
    shop.enter("roll", ROLL, code="MILL-7", amount="50", unit="MTR")
    answer = shop.scan("cutting", "MILL-7")
    assert (said(answer), answer.facts["stage"], answer.opened) == (
        ("late", "not-booked"), "fabric-in", (ROLL,),
    )  # fmt: skip


def test_more_than_was_ordered_is_done_and_said(shop: Workshop) -> None:
    shop.enter("ticket", ticket(1003), order="118", product=NAVY, pieces=5)
    cut(shop, 1000, 1001, 1002)
    answer = shop.scan("cutting", digits(1003))
    assert (said(answer), answer.facts["made"], answer.facts["ordered"]) == (
        ("late", "overfull"), "65", "60",
    )  # fmt: skip
    assert shop.progress("cutting") == "65"


def test_a_ticket_without_a_count_cannot_be_cut(shop: Workshop) -> None:
    shop.enter("ticket", ticket(1004), order="118", product=NAVY)
    shop.roll("MILL-7")
    shop.scan("cutting", "MILL-7")
    assert said(shop.scan("cutting", digits(1004))) == ("stop", "no-count")


# --- sewing: in, out ---------------------------------------------------------------------------


def test_a_counted_ticket_goes_in_and_out(shop: Workshop) -> None:
    cut(shop, 1000)
    came = shop.scan("sewing", digits(1000))
    assert (said(came), shop.progress("sewing")) == (("ready", "came-in"), "0")
    assert shop.state().items[ticket(1000)][3:5] == (f"//{NS}/loc/sewing", "cutting")
    done = shop.scan("sewing", digits(1000))
    assert (said(done), done.facts["counts"], shop.progress("sewing")) == (
        ("pass", "done"), True, "20",
    )  # fmt: skip
    assert shop.scan("sewing", digits(1000)).said == "already"


def test_a_wrong_step_names_the_right_one(shop: Workshop) -> None:
    early = shop.scan("sewing", digits(1000))
    assert (said(early), early.facts) == (
        ("stop", "not-before"), {"stage": "cutting", "is_in": False},
    )  # fmt: skip
    cut(shop, 1001)
    shop.scan("sewing", digits(1001))
    shop.scan("packing", carton(1500))
    late = shop.scan("packing", digits(1001))
    assert late.facts == {"stage": "sewing", "is_in": True}
    wrong = shop.scan("sewing", "MILL-7")
    assert (said(wrong), wrong.facts["stages"]) == (
        ("stop", "not-here"), ["fabric-in", "cutting"],
    )  # fmt: skip


def serial(number: int) -> str:
    """Return the label of one garment."""
    return f"{EAN}/21/{number}"


def test_garments_come_out_of_the_open_ticket(shop: Workshop) -> None:
    shop.order("120", EAN, [2], first=1200, marked="barcode")
    cut(shop, 1200)
    opened = shop.scan("sewing", digits(1200))
    assert (opened.said, opened.done, opened.of) == ("opened", 0, 2)
    found = [shop.scan("sewing", serial(number)) for number in (1, 1, 2, 3)]
    assert [(one.said, one.done, one.of) for one in found] == [
        ("done", 1, 2),
        ("already", None, None),
        ("done", 2, 2),
        ("too-many", None, None),
    ]
    assert shop.progress("sewing", "120", EAN) == "2"


def test_a_garment_of_another_product_is_put_aside(shop: Workshop) -> None:
    shop.order("121", GREY, [2], first=1210, marked="barcode")
    cut(shop, 1210)
    shop.scan("sewing", digits(1210))
    answer = shop.scan("sewing", serial(9))
    assert (said(answer), answer.facts) == (
        ("stop", "other-product"), {"product": EAN, "wanted": GREY},
    )  # fmt: skip


def test_tickets_that_went_out_come_back(make_shop: MakeShop) -> None:
    shop = make_shop("sewn_out")
    sewn(shop, 1000)
    assert shop.progress("sewing") == "20"


def test_one_piece_goes_all_the_way_by_its_ticket(make_shop: MakeShop) -> None:
    shop = make_shop("tailoring")
    shop.order("130", NAVY, [1], first=1300)
    sewn(shop, 1300)
    found = [shop.scan(step, digits(1300)).said for step in ("handed-over", "finishing")]
    assert found == ["not-before", "done"]
    assert shop.scan("handed-over", digits(1300)).said == "done"
    assert shop.progress("handed-over", "130") == "1"


# --- packing ------------------------------------------------------------------------------------


def test_tickets_are_packed_into_the_open_carton(shop: Workshop) -> None:
    packed(shop, 1500, 1000, 1001)
    again = shop.scan("packing", digits(1000))
    assert (said(again), again.facts["carton"]) == (("again", "already"), key_of_carton(1500))
    reopened = shop.scan("packing", carton(1500))
    assert (reopened.said, reopened.done, reopened.unit) == ("opened-again", 2, "tickets")
    assert shop.state().items[key_of_carton(1500)][-1] == ""


def test_a_ticket_lies_in_one_carton(shop: Workshop) -> None:
    packed(shop, 1500, 1000)
    shop.scan("packing", carton(1501))
    answer = shop.scan("packing", digits(1000))
    assert (said(answer), answer.facts) == (
        ("stop", "other-carton"), {"carton": key_of_carton(1500)},
    )  # fmt: skip


def test_a_carton_is_for_one_order_unless_somebody_says_so(shop: Workshop) -> None:
    packed(shop, 1500, 1000)
    cut(shop)
    shop.scan("cutting", digits(1100))
    shop.scan("cutting", digits(1100))
    shop.scan("sewing", digits(1100))
    shop.scan("sewing", digits(1100))
    shop.scan("packing", carton(1500))
    assert [shop.scan("packing", digits(1100)).said for _ in range(2)] == ["other-order", "done"]


def test_a_carton_that_left_is_not_packed_again(shop: Workshop) -> None:
    packed(shop, 1500, 1000)
    shop.scan("shipping", carton(1500))
    shop.scan("shipping", carton(1500))
    answer = shop.scan("packing", carton(1500))
    assert (said(answer), answer.facts["stage"]) == (("stop", "gone"), "shipping")


def test_a_product_s_own_code_is_no_piece(shop: Workshop) -> None:
    shop.scan("packing", carton(1500))
    answer = shop.scan("packing", EAN.removeprefix("/01/0"))
    assert (said(answer), answer.key) == (("unknown", "product"), EAN)


# --- shipping and store ---------------------------------------------------------------------------


def test_a_carton_leaves_when_all_is_packed(shop: Workshop) -> None:
    packed(shop, 1500, 1100, 1101)
    answer = shop.scan("shipping", carton(1500))
    assert (said(answer), answer.done, answer.of) == (("pass", "done"), 2, 2)
    assert shop.progress("shipping", "119", GREY) == "20"
    assert said(shop.scan("shipping", carton(1500))) == ("again", "already")


def test_what_is_missing_is_named_and_a_second_scan_ships_without(shop: Workshop) -> None:
    cut(shop, 1001, 1002)
    for number in (1001, 1002):
        shop.scan("sewing", digits(number))
        shop.scan("sewing", digits(number))
    packed(shop, 1500, 1000)
    stopped = shop.scan("shipping", carton(1500))
    assert (said(stopped), stopped.sound, stopped.done, stopped.of) == (
        ("stop", "missing"), "stop", 1, 3,
    )  # fmt: skip
    assert [each["key"] for each in stopped.facts["missing"]] == [ticket(1001), ticket(1002)]
    assert stopped.facts["missing"][0]["place"] == f"//{NS}/loc/sewing"
    assert shop.progress("shipping") == "0"
    passed = shop.scan("shipping", carton(1500))
    assert (said(passed), passed.facts["missing_count"]) == (("late", "done"), 2)
    assert shop.progress("shipping") == "20"


def test_what_is_still_being_made_holds_no_carton_up(shop: Workshop) -> None:
    cut(shop, 1001)
    packed(shop, 1500, 1000)
    answer = shop.scan("shipping", carton(1500))
    assert (said(answer), answer.done, answer.of) == (("pass", "done"), 1, 3)
    assert [each["key"] for each in answer.facts["coming"]] == [ticket(1001), ticket(1002)]
    assert shop.progress("shipping") == "20"


def test_a_trigger_pulled_twice_is_no_work_done(shop: Workshop) -> None:
    cut(shop, 1000)
    answers = [shop.scan("sewing", digits(1000), after_s=gap) for gap in (5, 1, 1, 5)]
    assert [one.said for one in answers] == ["came-in", "came-in", "came-in", "done"]


def test_missing_garments_are_named_by_their_product(shop: Workshop) -> None:
    shop.order("120", EAN, [3], first=1200, marked="barcode")
    cut(shop, 1200)
    shop.scan("sewing", digits(1200))
    shop.scan("sewing", serial(1))
    shop.scan("sewing", serial(2))
    shop.scan("sewing", serial(3))
    shop.scan("packing", carton(1500))
    assert shop.scan("packing", serial(1)).done == 1
    stopped = shop.scan("shipping", carton(1500))
    assert stopped.facts["missing"] == [{"product": EAN, "pieces": "2"}]


def test_an_empty_carton_does_not_leave(shop: Workshop) -> None:
    assert said(shop.scan("shipping", carton(1500))) == ("stop", "empty")


def test_a_ticket_at_the_gate_is_sent_to_its_carton(shop: Workshop) -> None:
    sewn(shop, 1000)
    loose = shop.scan("shipping", digits(1000))
    assert (said(loose), loose.facts) == (("stop", "loose"), {"stage": "packing"})
    shop.scan("packing", carton(1500))
    shop.scan("packing", digits(1000))
    boxed = shop.scan("shipping", digits(1000))
    assert boxed.facts == {"carton": key_of_carton(1500)}


def test_what_has_arrived_has_arrived(shop: Workshop) -> None:
    packed(shop, 1500, 1000)
    answer = shop.scan("store", carton(1500))
    assert (said(answer), answer.facts["skipped"]) == (("late", "done"), "shipping")
    assert shop.progress("store") == "20"


# --- at any step ----------------------------------------------------------------------------------


def test_what_is_held_moves_nowhere(shop: Workshop) -> None:
    cut(shop, 1000)
    shop.hold(ticket(1000))
    answer = shop.scan("sewing", digits(1000))
    assert (said(answer), answer.sound, answer.facts) == (
        ("hold", "held"), "stop", {"hold": "Q-1", "reason": "hole", "contact": "Ines, 214"},
    )  # fmt: skip


def test_what_lies_in_a_carton_holds_it_back(shop: Workshop) -> None:
    packed(shop, 1500, 1100, 1101)
    shop.hold(ticket(1101))
    assert shop.scan("shipping", carton(1500)).said == "held"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5449000000996", "unknown"),
        ("5449000000997", "unknown"),
        ("nonsense", "unknown"),
        ("https://example.com/about?x=1", "unknown"),
        ("a\tb\x1d", "unknown"),
        ("10009", "mistyped"),
        (digits(7000), "no-ticket"),
        (f"B-{digits(7000)}", "no-ticket"),
        (f"W-{digits(7000)}", "no-badge"),
        ("118", "product"),
    ],
)
def test_a_code_that_nobody_knows_is_kept_and_asked_about(
    shop: Workshop, text: str, reason: str
) -> None:
    before = shop.ledger.size
    answer = shop.scan("sewing", text)
    assert (answer.state, answer.said, answer.sound) == ("unknown", reason, "unknown")
    assert shop.ledger.size == before + 1


def test_a_badge_says_who_scans_from_now_on(shop: Workshop) -> None:
    shop.enter("person", ANA, badge="W", is_active=True)
    cut(shop, 1000)
    welcome = shop.scan("sewing", ShortCode("W", 1900).text)
    assert (said(welcome), welcome.sound, welcome.person) == (("ready", "person"), "tick", ANA)
    assert shop.scan("sewing", digits(1000)).person == ANA
    shop.enter("person", ANA, badge="W", is_active=False)
    assert shop.scan("sewing", ShortCode("W", 1900).text).said == "no-badge"


def test_every_scan_is_one_entry_with_its_answer(shop: Workshop) -> None:
    cut(shop, 1000)
    before = shop.ledger.size
    texts = [digits(1000), digits(1001), digits(1100), "what is this", "10009", "MILL-7"]
    found = shop.scans("cutting", texts)
    assert shop.ledger.size == before + len(texts)
    assert [one.position for one in found] == list(range(before, before + len(texts)))
    assert TOLD.endswith("/voc/told")


def test_check_digits_of_the_two_series_differ() -> None:
    # A GTIN's digit is computed otherwise: no ticket passes for one.
    assert check_digit("1000") != int(digits(1000)[-1])
