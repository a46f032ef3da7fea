"""Laws of texts: what one form carries all forms carry, for every AI; nothing else happens."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gs1.values import values
from traceability.gs1 import InvalidIdentifier, identify, key_of, uri_of
from traceability.gs1.ai_table import ROWS
from traceability.gs1.application_identifiers import AIS, check_together
from traceability.gs1.components import SET_82
from traceability.gs1.digital_link import canonical_link, parse_link, read_link
from traceability.gs1.element_string import (
    GS,
    format_message,
    lost_separator,
    parse_brackets,
    parse_message,
)
from traceability.gs1.element_value import amount_of, currency_of, dates_of
from traceability.gs1.gtin import expand_upc_e, format_gtin, parse_gtin, shorten_upc_a
from traceability.gs1.identify import FORMS, PERMITS
from traceability.gs1.identity import Elements, format_elements, format_key, format_link
from traceability.gs1.instance import require_instance
from traceability.gs1.link_compression import decompress
from traceability.gs1.scanner import scan_of, scan_of_elements
from traceability.gs1.syntax_checks import NAMES, check_piece

FAMILIES = sorted({row[0].partition("-")[0] for row in ROWS})
"""One AI of every row of the table."""


def is_together(ais: list[str], *, requisites: bool) -> bool:
    """Tell whether AIs may stand on one thing."""
    try:
        check_together(tuple((ai, ai) for ai in ais), requisites=requisites)
    except InvalidIdentifier:
        return False
    return True


def companions(ai: str) -> list[str]:
    """Return an AI with others that it needs, so that all may stand together."""
    ways = [[ai]]
    while ways:
        way = ways.pop(0)
        if is_together(way, requisites=True):
            return way
        lacking = next(
            one for one in way
            if AIS[one].needs and not any(holds(group, way) for group in AIS[one].needs)
        )  # fmt: skip
        for group in AIS[lacking].needs:
            more = [*way, *(name for name in map(named, group) if name not in way)]
            if is_together(more, requisites=False):
                ways.append(more)
    raise AssertionError(f"({ai}) can stand on nothing")


def named(pattern: str) -> str:
    """Return an AI of a pattern."""
    return pattern.replace("n", "0")


def holds(group: tuple[str, ...], way: list[str]) -> bool:
    """Tell whether all of a group are there."""
    return all(named(pattern) in way for pattern in group)


def with_companions(ai: str) -> st.SearchStrategy[Elements]:
    """Draw elements that may stand on one thing, one of them this AI."""
    return st.tuples(*(st.tuples(st.just(one), values(one)) for one in companions(ai)))


@pytest.mark.parametrize("ai", FAMILIES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_brackets_message_and_link_carry_the_same(ai: str, data: st.DataObject) -> None:
    elements = data.draw(with_companions(ai))
    assert parse_brackets(format_elements(elements)) == elements
    message = format_message(elements)
    assert parse_message(message) == elements
    assert identify("]d2" + message).ais == identify("^" + format_message(elements, "^"),
                                                      form="message", fnc1="^").ais  # fmt: skip
    assert scan_of_elements("GS1 DataMatrix", elements) == "]d2" + message
    key = format_key(elements)
    assert identify(format_elements(elements)).key == key
    try:
        link = format_link(elements)
    except InvalidIdentifier:
        # No key among them, or one that a link has no place for.
        assert key is None or not all(AIS[one].is_attribute for one, _ in elements)
        return
    expected = {pair for pair in elements if pair != ("254", "0")}
    assert set(parse_link(link)) == expected
    assert (key_of(link), canonical_link(link)) == (key, link)
    assert read_link(link, is_strict=True).elements == parse_link(link)
    assert key is not None
    assert key_of(uri_of(key)) == key


TODAY = date(2026, 7, 1)


@pytest.mark.parametrize("ai", FAMILIES)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_every_value_means_a_date_an_amount_or_neither(ai: str, data: st.DataObject) -> None:
    value = data.draw(values(ai))
    for day in dates_of(ai, value, today=TODAY):
        written = f"{day:%y%m%d}"
        assert written[:4] in value
    amount = amount_of(ai, value)
    assert amount is None or amount >= 0
    assert currency_of(ai, value) is None or amount is not None


def test_every_ai_is_in_a_family() -> None:
    assert len(FAMILIES) == len(ROWS)
    assert all(is_together(companions(ai), requisites=True) for ai in AIS)


ODD = "\x00\x1d\x1e\n\r\t\x7f\u00a0\u2028\ud800١²é𝄞()[]{}<>|^~%&;=?#/\\:.'\"+-_,* "
texts = (
    st.text(max_size=40)
    | st.text(SET_82 + ODD, max_size=40)
    | st.sampled_from(
        ["01", "(01)", "]C1", "]Q1", "https://", "HTTPS://a/", "urn:epc:", "urn:epc:raw:", "/01/",
         "//a/obj/", "3034", "eh", "https://id.gs1.org/ex", "https://id.gs1.org/A"]
    ).flatmap(lambda lead: st.text(SET_82 + ODD, max_size=30).map(lambda rest: lead + rest))
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    text=texts,
    form=st.sampled_from(FORMS),
    fnc1=st.sampled_from([None, "^", "|", GS, "1"]),
    permit=st.sets(st.sampled_from(PERMITS)),
)
def test_any_text_is_something_or_refused_at_a_place_inside(
    text: str, form: str, fnc1: str | None, permit: set[str]
) -> None:
    found: int | str | None
    try:
        found = identify(text, form=form, fnc1=fnc1, permit=permit).key
    except InvalidIdentifier as refusal:
        found = refusal.position
        sentence = str(refusal)
        assert len(sentence) < 400
        assert sentence.endswith(".")
    if isinstance(found, int):
        assert 0 <= found <= len(text)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_no_text_does_anything_else_to_any_reader(text: str) -> None:
    for read in (
        parse_brackets,
        parse_message,
        parse_link,
        read_link,
        canonical_link,
        parse_gtin,
        expand_upc_e,
        shorten_upc_a,
        lambda text: parse_message(text, separator="|", permit_unknown=True),
        lambda text: scan_of("QR", text),
        lambda text: scan_of("GS1-128", text),
        lambda text: scan_of("EAN-13", text),
        lambda text: scan_of(text, "x"),
        lambda text: require_instance(identify(text)),
    ):
        with suppress(InvalidIdentifier):
            read(text)
    assert isinstance(key_of(text), str)
    decompress(text)
    lost_separator(text, ())
    for name in NAMES:
        check_piece(name, text)


@given(st.integers(0, 10**13 - 1))
def test_a_gtin_of_any_length_comes_back(number: int) -> None:
    body = f"{number:013d}"
    gtin = parse_gtin(body + str(_check(body)))
    for length in (8, 12, 13, 14):
        if not gtin[: 14 - length].strip("0"):
            assert parse_gtin(format_gtin(gtin, length)) == gtin


@given(st.integers(0, 1), st.integers(0, 999_999))
def test_a_upc_e_comes_back_unless_a_shorter_way_exists(system: int, body: int) -> None:
    long = expand_upc_e(f"{system}{body:06d}")
    assert expand_upc_e(shorten_upc_a(long)) == long


def _check(body: str) -> int:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return -total % 10
