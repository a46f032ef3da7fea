"""Codes that begin alike, codes that were stopped, and figures that no bundle has."""

import pytest

from tests.scanning.test_rules import cut, said, sewn
from tests.scanning.test_unknown import bind
from tests.scanning.workshop import NS, Workshop, carton, digits
from traceability.projections.aliases import stranger_key
from traceability.projections.view import look
from traceability.scanning.binding import CannotBind, read_binding
from traceability.scanning.binding import bind as decide
from traceability.scanning.bound import PAGE, entries_of, take_back

LINK = "https://brand.example/products/" + "x" * 60 + "/000"


@pytest.mark.parametrize(
    ("one", "other"),
    [(f"{LINK}1", f"{LINK}2"), ("K" * 79 + "1", "K" * 79 + "2"), ("a\tb", "a\x1bb")],
)
def test_codes_that_differ_only_at_their_ends_are_two_things(
    shop: Workshop, one: str, other: str
) -> None:
    first = bind(shop, "packing", one, "carton").answer
    assert said(shop.scan("packing", other)) == ("unknown", "unknown")
    second = bind(shop, "packing", other, "carton").answer
    assert first.key != second.key
    assert said(shop.scan("packing", one)) == ("ready", "opened")
    assert shop.opened["pc"] == (first.key,)


def test_the_scanner_s_word_for_the_bars_makes_no_other_code(shop: Workshop) -> None:
    with look(shop.ledger) as view:
        assert stranger_key(view, f"]Q1{LINK}1") == stranger_key(view, f"{LINK}1")
    bound = bind(shop, "packing", f"]Q1{LINK}1", "carton").answer
    assert shop.scan("packing", f"{LINK}1").key == bound.key


def test_a_stop_on_a_code_stops_the_thing_when_it_is_scanned_by_that_code(shop: Workshop) -> None:
    cut(shop)
    sewn(shop)
    bind(shop, "packing", "MILL 7", "same", thing=digits(1000))
    shop.hold(f"//{NS}/obj/MILL 7")
    shop.scan("packing", carton(1500))
    assert said(shop.scan("packing", "MILL 7")) == ("hold", "held")


def test_a_code_that_was_stopped_before_anybody_knew_it_stays_stopped(shop: Workshop) -> None:
    shop.scan("packing", "BOX 7")
    shop.hold(f"//{NS}/obj/BOX 7")
    assert said(shop.scan("packing", "BOX 7")) == ("hold", "held")
    with pytest.raises(CannotBind, match="on hold: release it first"):
        bind(shop, "packing", "BOX 7", "carton")


@pytest.mark.parametrize("pieces", ["9" * 6_000, "100001", "0", "-1", "1e3", "²", ""])
def test_pieces_that_no_bundle_has_are_refused_in_a_sentence(shop: Workshop, pieces: str) -> None:
    with pytest.raises(CannotBind, match="Say how many pieces it has"):
        bind(shop, "cutting", "MILL-3", "bundle", order="118", pieces=pieces)


def test_what_a_page_bound_is_not_taken_back_once_it_was_used(shop: Workshop) -> None:
    code = f"//{NS}/obj/BOX 7"
    with look(shop.ledger) as view:
        found = decide(view, "BOX 7", read_binding({"as": "carton"}))
        drafts = entries_of(found, name="1", by="admin", said={"device": PAGE})
    shop.ledger.append(drafts)
    with look(shop.ledger) as view:
        kinds = [one.tree["type"] for one in take_back(view, code, name="2", by="admin")]
    assert kinds == ["carton", "alias"]
    sewn(shop, 1000)
    shop.scan("packing", "BOX 7")
    shop.scan("packing", digits(1000))
    with look(shop.ledger) as view, pytest.raises(CannotBind, match="take that back first"):
        take_back(view, code, name="3", by="admin")


@pytest.mark.parametrize(
    ("text", "sort", "own"),
    [
        ("(00)106141412345678908", "garment", "carton"),
        ("(00)106141412345678908", "person", "carton"),
        ("(414)9506000134352", "carton", "place"),
        ("4006381333931", "carton", "product"),
        ("]E04006381333931", "person", "product"),
    ],
)
def test_a_code_does_not_become_what_it_says_itself_that_it_is_not(
    shop: Workshop, text: str, sort: str, own: str
) -> None:
    with pytest.raises(CannotBind, match=f"it stands for a {own}"):
        bind(shop, "packing", text, sort, name="X")
