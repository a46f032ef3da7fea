"""The short way through a message says what the long way says, or leaves it to that."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1 import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.check_digit import check_digit
from traceability.gs1.element_string import GS, _read_fields, parse_message
from traceability.gs1.message_fields import read_fields

WELL = (
    "010950600013435221A1",
    f"010950600013435210L7{GS}21A1",
    f"01095060001343521727123121A1{GS}3103000500",
    "00095201234567891235",
    "414950600013435225432a/b",
    "8003095211411234545678",
    "800826011512",
    "4330001850-",
    "7007260101260131",
    "39329781050",
    f"801095060001343{GS}801112345",
)


def slowly(text: str, separator: str = GS) -> object:
    """Return what the long way reads, None if it refuses."""
    try:
        return _read_fields(text, separator, 0)
    except InvalidIdentifier:
        return None


@pytest.mark.parametrize("text", WELL)
def test_both_ways_read_a_good_message_alike(text: str) -> None:
    found = slowly(text)
    assert (found is not None, read_fields(text, GS)) == (True, found)


@given(
    text=st.sampled_from(WELL),
    place=st.integers(0, 60),
    sign=st.characters(min_codepoint=0x1C, max_codepoint=0x7F),
    kind=st.sampled_from(["replace", "insert", "remove", "double"]),
    separator=st.sampled_from([GS, "^", "/"]),
)
def test_a_message_gone_wrong_is_read_alike_or_left_to_the_long_way(
    text: str, place: int, sign: str, kind: str, separator: str
) -> None:
    text = text.replace(GS, separator)
    place %= len(text)
    rest = {
        "replace": sign + text[place + 1 :],
        "insert": sign + text[place:],
        "remove": text[place + 1 :],
        "double": text[place:] + separator + text,
    }
    changed = text[:place] + rest[kind]
    found = read_fields(changed, separator)
    assert found is None or found == slowly(changed, separator)


@given(ai=st.sampled_from(sorted(AIS)), value=st.text("0123456789ABZaz-/%:;_+ \x1d", max_size=40))
def test_every_identifier_takes_what_the_long_way_takes(ai: str, value: str) -> None:
    found = read_fields(ai + value, GS)
    assert found is None or found == slowly(ai + value)


def test_a_separator_that_may_stand_in_a_value_is_left_to_the_long_way() -> None:
    assert read_fields("010950600013435221A/B", "/") is None


def test_check_digits_of_all_lengths_are_told_alike() -> None:
    chance = random.Random(5)
    for _ in range(500):
        body = f"{chance.randrange(10**17):017d}"
        for wrong in range(10):
            digits = body + str((check_digit(body) + wrong) % 10)
            assert (read_fields("00" + digits, GS) is not None) == (wrong == 0)


def test_a_carton_whose_number_ends_like_a_product_is_a_carton() -> None:
    # (00)540149188077512332 ends in 01 and a GTIN with a right check digit.
    assert parse_message("00540149188077512332") == (("00", "540149188077512332"),)
