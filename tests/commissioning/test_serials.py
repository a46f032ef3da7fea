"""Serial numbers given out: never twice, nor to two at once, nor after a restore."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tests.commissioning.conftest import OTHER, OWN, PRODUCT, open_ledger
from traceability.commissioning import blocks
from traceability.commissioning.blocks import NUMBER_MAX, SerialBlock, given, left, products
from traceability.commissioning.ranges import DAY_SIZE, open_range
from traceability.commissioning.serials import allocate, numbers_for, read_product
from traceability.commissioning.taken import is_taken, step_over
from traceability.commissioning.tids import CHIPS_FROM
from traceability.database import open_database
from traceability.errors import Conflict, InvalidIdentifier, Refused
from traceability.factory.backup import back_up
from traceability.factory.coming_back import come_back
from traceability.factory.folder import Factory
from traceability.factory.going_live import go_live
from traceability.factory.restore import restore
from traceability.gs1.epc_bits import encode_tag
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.verify import verify
from traceability.projections.entering import event_draft, master_draft
from traceability.projections.view import look

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)


def span(block: SerialBlock) -> tuple[int, int]:
    return block.first, block.last


def take(ledger: Ledger, count: int, product: str = PRODUCT, holder: str = "dock") -> SerialBlock:
    return allocate(ledger, product, count, holder=holder, by="admin")


def meet(ledger: Ledger, *serials: str) -> None:
    """Let things of the product come in that somebody else has numbered."""
    tree = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTime": "2026-11-19T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": [f"https://id.gs1.org{PRODUCT}/21/{one}" for one in serials],
        "bizStep": "receiving",
    }
    assert ledger.append([event_draft(tree, by="partner")])[0].status == "accepted"


def assert_apart(blocks_: Iterable[SerialBlock]) -> None:
    ordered = sorted(blocks_, key=lambda one: one.first)
    for before, after in pairwise(ordered):
        assert before.last < after.first, (before, after)


def test_numbers_begin_at_one_and_go_on(ledger: Ledger) -> None:
    assert [span(take(ledger, count)) for count in (10, 1, 100)] == [(1, 10), (11, 11), (12, 111)]


def test_each_product_has_numbers_of_its_own(ledger: Ledger) -> None:
    assert [span(take(ledger, 5, one)) for one in (PRODUCT, OTHER, OWN)] == [(1, 5)] * 3
    assert span(take(ledger, 5, OWN)) == (6, 10)
    with look(ledger) as view:
        assert {key: len(all_) for key, all_ in products(view).items()} == {
            PRODUCT: 1,
            OTHER: 1,
            OWN: 2,
        }


def test_products_whose_names_begin_alike_do_not_mix(ledger: Ledger) -> None:
    longer = f"{OWN}:00000001"
    take(ledger, 5, longer)
    assert span(take(ledger, 5, OWN)) == (1, 5)
    assert span(take(ledger, 5, longer)) == (6, 10)


def test_who_got_what_stands_in_the_record(ledger: Ledger) -> None:
    made = allocate(ledger, PRODUCT, 50, holder="dock", by="key:17", purpose="order 118")
    with look(ledger) as view:
        assert given(view, PRODUCT) == [made]
        assert left(view, PRODUCT) == NUMBER_MAX - 50
    assert (made.holder, made.by, made.purpose, made.number) == ("dock", "key:17", "order 118", 1)
    assert made.position == ledger.size - 1
    assert verify(ledger).finding is None


def test_every_number_fits_a_tag_of_96_bits_and_has_no_leading_zero(ledger: Ledger) -> None:
    block = take(ledger, 1)
    for serial in (block.first, NUMBER_MAX):
        elements = (("01", "09506000134352"), ("21", str(serial)))
        assert len(encode_tag("SGTIN-96", 1, elements, company_digits=7)) == 12
    assert NUMBER_MAX < CHIPS_FROM < 2**38


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_a_wish_for_none_or_too_many_is_refused(ledger: Ledger, count: int) -> None:
    with pytest.raises(Refused) as refused:
        take(ledger, count)
    assert str(refused.value) == (
        f"Cannot give out {count} serial numbers: expected 1 to 100000 at a time."
    )


def test_a_holder_is_asked_for(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="expected a holder, got none"):
        take(ledger, 1, holder=" ")
    with pytest.raises(Refused, match="expected a holder of at most 200 characters, got 201"):
        take(ledger, 1, holder="x" * 201)


# --- several at once -----------------------------------------------------------------------------


def test_threads_get_numbers_of_their_own(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: take(ledger, 1 + n % 7), range(60)))
    assert_apart(made)
    assert sorted(one.number for one in made) == list(range(1, 61))


def test_processes_get_numbers_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    open_ledger(file).database.close()
    command = [sys.executable, "-m", "tests.commissioning.taking", str(file)]
    running = [
        subprocess.Popen([*command, name, "25"], stdout=subprocess.PIPE, text=True)
        for name in ("one", "two", "three")
    ]
    said = [line.split() for one in running for line in one.communicate(timeout=60)[0].splitlines()]
    assert len(said) == 75
    assert_apart(SerialBlock(PRODUCT, int(first), int(last)) for first, last, _ in said)
    ledger = open_ledger(file)
    with closing(ledger.database), look(ledger) as view:
        kept = {(str(one.first), str(one.last), one.holder) for one in given(view, PRODUCT)}
    assert kept == {(first, last, holder) for first, last, holder in said}


def test_whoever_looked_too_early_looks_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process takes the same block between our look and our entry."""
    others: list[None] = []
    append = ledger.append

    def late(drafts: list[Draft]) -> object:
        if not others:
            others.append(None)
            tree = {**drafts[0].tree, "values": {**drafts[0].tree["values"], "holder": "other"}}
            assert append([Draft("master", drafts[0].id, tree)])[0].status == "accepted"
        return append(drafts)

    monkeypatch.setattr(ledger, "append", late)
    assert span(take(ledger, 10)) == (11, 20)
    with look(ledger) as view:
        assert [one.holder for one in given(view, PRODUCT)] == ["other", "dock"]


def test_the_same_wish_again_gets_the_same_block(ledger: Ledger) -> None:
    first = allocate(ledger, PRODUCT, 10, holder="dock", by="dock", request="r-1")
    size = ledger.size
    again = allocate(ledger, PRODUCT, 10, holder="dock", by="dock", request="r-1")
    assert (again, ledger.size) == (first, size)
    assert span(allocate(ledger, PRODUCT, 10, holder="dock", by="dock", request="r-2")) == (11, 20)


def test_the_same_name_of_a_wish_in_another_s_mouth_is_another_wish(ledger: Ledger) -> None:
    first = allocate(ledger, PRODUCT, 5, holder="dock", by="dock", request="1")
    other = allocate(ledger, PRODUCT, 5, holder="table", by="table", request="1")
    named_alike = allocate(ledger, PRODUCT, 5, holder="dock", by="another key", request="1")
    assert [span(one) for one in (first, other, named_alike)] == [(1, 5), (6, 10), (11, 15)]


def test_one_wish_does_not_grow(ledger: Ledger) -> None:
    allocate(ledger, PRODUCT, 5, holder="dock", by="dock", request="1")
    with pytest.raises(Conflict, match="got 5 serial numbers before, and now asks for 7"):
        allocate(ledger, PRODUCT, 7, holder="dock", by="dock", request="1")


# --- what others have numbered -------------------------------------------------------------------


def test_serials_that_exist_are_stepped_over(ledger: Ledger) -> None:
    meet(ledger, "5", "007", "8A", "12")
    assert span(take(ledger, 4)) == (1, 4)
    assert span(take(ledger, 4)) == (6, 9), "007 and 8A are other serials than 7 and 8"
    assert span(take(ledger, 4)) == (13, 16)


def test_garments_that_were_entered_are_stepped_over(ledger: Ledger) -> None:
    ledger.append([master_draft("garment", f"{PRODUCT}/21/3", {"name": "sample"}, by="admin")])
    assert span(take(ledger, 5)) == (4, 8)


def test_numbers_of_another_length_in_the_way_are_seen(ledger: Ledger) -> None:
    meet(ledger, "100", "9", "1000")
    assert span(take(ledger, 100)) == (101, 200)
    with look(ledger) as view:
        assert step_over(view, PRODUCT, 95, 10, NUMBER_MAX) == 101
        assert step_over(view, PRODUCT, 990, 20, NUMBER_MAX) == 1001
        assert step_over(view, OTHER, 95, 10, NUMBER_MAX) == 95
        assert is_taken(view, PRODUCT, 9)
        assert not is_taken(view, PRODUCT, 90)


def test_a_dense_field_of_others_is_crossed(ledger: Ledger) -> None:
    meet(ledger, *(str(one) for one in range(1, 3000)))
    assert span(take(ledger, 2)) == (3000, 3001)


def test_letters_between_the_numbers_do_not_hide_one(ledger: Ledger) -> None:
    meet(ledger, "1200", *(f"12{a}{b}" for a in "ABCDEFGHIJKLMNOPQR" for b in "ABCDEFGHIJKLMN"))
    with look(ledger) as view:
        assert step_over(view, PRODUCT, 1100, 500, NUMBER_MAX) == 1201


@settings(max_examples=30, deadline=None)
@examples(
    taken=st.sets(st.integers(1, 400), max_size=60),
    first=st.integers(1, 300),
    count=st.integers(1, 50),
)
def test_a_block_never_holds_a_number_that_exists(
    tmp_path_factory: pytest.TempPathFactory, taken: set[int], first: int, count: int
) -> None:
    ledger = open_ledger(tmp_path_factory.mktemp("taken") / "ledger.sqlite")
    with closing(ledger.database):
        if taken:
            meet(ledger, *map(str, taken))
        with look(ledger) as view:
            start = step_over(view, PRODUCT, first, count, NUMBER_MAX)
    assert start >= first
    assert not taken & set(range(start, start + count))


# --- the end -------------------------------------------------------------------------------------


def test_a_product_whose_numbers_are_used_up_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traceability.commissioning.serials.NUMBER_MAX", 25)
    monkeypatch.setattr(blocks, "NUMBER_MAX", 25)
    take(ledger, 20)
    with pytest.raises(Refused) as refused:
        take(ledger, 6)
    assert str(refused.value) == (
        "Cannot give out 6 serial numbers of /01/09506000134352: 5 are left up to 25. "
        "Take a new product number for what is made from now on."
    )
    assert span(take(ledger, 5)) == (21, 25)
    with look(ledger) as view:
        assert left(view, PRODUCT) == 0


# --- printed again -------------------------------------------------------------------------------


def test_a_reprint_keeps_its_numbers(ledger: Ledger) -> None:
    def of_order(count: int) -> tuple[int, ...]:
        return numbers_for(ledger, PRODUCT, count, purpose="118", holder="labels", by="admin")

    first = of_order(5)
    take(ledger, 10)
    size = ledger.size
    assert of_order(5) == first == (1, 2, 3, 4, 5)
    assert of_order(3) == first[:3]
    assert ledger.size == size, "nothing new was given out"
    assert of_order(7) == (*first, 16, 17)
    assert of_order(7) == (*first, 16, 17)


def test_two_who_print_one_order_get_the_same_numbers(ledger: Ledger) -> None:
    def printed(_: int) -> tuple[int, ...]:
        return numbers_for(ledger, PRODUCT, 20, purpose="118", holder="labels", by="admin")

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(printed, range(8))) == {tuple(range(1, 21))}


def test_labels_are_for_something(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="expected a purpose, got none"):
        numbers_for(ledger, PRODUCT, 1, purpose="", holder="labels", by="admin")


# --- restored ------------------------------------------------------------------------------------


def lived(factory: Factory, *counts: int) -> list[SerialBlock]:
    """Open a factory's ledger as its server does, take blocks, and end."""
    ledger = Ledger.open(open_database(factory.url))
    with closing(ledger.database):
        come_back(factory, ledger, at=NOW)
        return [take(ledger, count) for count in counts]


def test_after_a_restore_nothing_is_given_out_again(tmp_path: Path) -> None:
    factory = Factory.make(tmp_path / "porto", name="Porto")
    before = lived(factory, 100, 100)
    backup = back_up(factory, tmp_path, at=NOW).path
    lost = lived(factory, 5_000, 100_000)
    restored = restore(backup, tmp_path / "again")
    after = lived(Factory.find(restored.folder), 10, 100_000)
    assert [span(one) for one in lost] == [(201, 5_200), (5_201, 105_200)]
    assert_apart([*before, *lost, *after])
    assert after[0].first >= (NOW - datetime(2026, 1, 1, tzinfo=UTC)).days * DAY_SIZE
    assert after[1].first == after[0].last + 1, "one restore opens one range"


def test_two_restores_of_one_backup_part_as_well(tmp_path: Path) -> None:
    factory = Factory.make(tmp_path / "porto", name="Porto")
    backup = back_up(factory, tmp_path, at=NOW).path
    lives = []
    for name in ("first", "second", "third"):
        restored = restore(backup, tmp_path / name)
        lives += lived(Factory.find(restored.folder), 5)
    # Where in its day a range begins is drawn: two fives of eight million hardly ever meet.
    assert_apart(lives)


def test_a_range_lies_above_all_that_is_known_whatever_the_clock_says(ledger: Ledger) -> None:
    future = open_range(ledger, at=datetime(2199, 1, 1, tzinfo=UTC), by="restore")
    assert 6_000 * DAY_SIZE <= future < NUMBER_MAX - NUMBER_MAX // 4
    block = take(ledger, 10)
    assert block.first == future
    past = open_range(ledger, at=datetime(1970, 1, 1, tzinfo=UTC), by="restore")
    assert past > block.last
    assert span(take(ledger, 10)) == (past, past + 9)


def test_numbers_given_out_in_practice_are_not_given_out_live(tmp_path: Path) -> None:
    factory = Factory.make(tmp_path / "porto", name="Porto")
    practised = lived(factory, 30)
    practice = Ledger.open(open_database(factory.url))
    live = go_live(factory, practice)
    practice.database.close()
    assert_apart([*practised, *lived(live, 30)])


# --- products ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("9506000134352", PRODUCT),
        ("(01)09506000134352", PRODUCT),
        ("https://brand.example/01/09506000134352", PRODUCT),
        (PRODUCT, PRODUCT),
        ("urn:epc:idpat:sgtin:9506000.013435.*", PRODUCT),
        (OWN, OWN),
    ],
)
def test_a_product_is_understood_in_any_form(text: str, key: str) -> None:
    assert read_product(text, "porto.invalid") == key


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(01)09506000134352(21)5", "instance"),
        ("(01)09506000134352(10)L7", "lot"),
        ("(00)106141412345678908", "logistic"),
        ("SHIRT", "local"),
        ("(99)1", "data"),
    ],
)
def test_what_is_no_product_gets_no_serials(text: str, kind: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        read_product(text, "porto.invalid")
    assert str(refused.value) == (
        f"Cannot give out serial numbers for {text!r}: expected a product, got {kind}."
    )


def test_what_was_given_out_and_used_is_no_hindrance(ledger: Ledger) -> None:
    block = take(ledger, 3)
    meet(ledger, *(str(one) for one in range(block.first, block.last + 1)))
    assert span(take(ledger, 3)) == (4, 6)
