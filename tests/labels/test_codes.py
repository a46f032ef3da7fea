"""Short codes: check digits that others computed, slips of the finger, the sentence for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import InvalidIdentifier
from traceability.labels.codes import (
    FIRST,
    RUNNING_MAX,
    ShortCode,
    WrongCode,
    check_digit,
    code_keys,
    parse_code,
)

KNOWN = [
    ("0794", 5),  # ISO/IEC 7064:2003, the example of the hybrid systems
    ("79462", 3),  # 794623 and the next: test values of the published `stdnum` packages
    ("00200667308", 5),
    ("8609574271", 9),  # German tax numbers end with this digit: the example 86095742719
    ("13669597", 6),  # so do German VAT numbers: the example DE136695976
    ("6943515153", 0),  # and Croatian personal numbers: the example 69435151530
]
NUMBERS = st.integers(FIRST, RUNNING_MAX)


@pytest.mark.parametrize(("digits", "expected"), KNOWN)
def test_the_check_digit_is_the_one_that_others_compute(digits: str, expected: int) -> None:
    assert check_digit(digits) == expected


@pytest.mark.parametrize("digits", ["", "12a", "１２", "-1", "1" * 41])
def test_a_check_digit_is_of_digits_alone(digits: str) -> None:
    with pytest.raises(InvalidIdentifier, match="expected 1 to 40 decimal digits"):
        check_digit(digits)


@given(NUMBERS, st.sampled_from("BCW"))
def test_what_is_printed_is_read_again(running: int, letter: str) -> None:
    code = ShortCode(letter, running)
    assert parse_code(code.text) == code
    assert parse_code(code.digits).running == running


@given(NUMBERS, st.data())
def test_every_single_wrong_digit_is_noticed(running: int, data: st.DataObject) -> None:
    digits = ShortCode("", running).digits
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([one for one in "0123456789" if one != digits[place]]))
    with pytest.raises(WrongCode):
        parse_code(digits[:place] + other + digits[place + 1 :])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("B-10006", "B-10006"),
        (" b10006 ", "B-10006"),
        ("B 10006", "B-10006"),
        ("B–10006", "B-10006"),
        ("Ｂ－１０００６", "B-10006"),
        ("10006", "10006"),
        ("c-10006", "C-10006"),
    ],
)
def test_people_type_codes_in_many_ways(typed: str, text: str) -> None:
    assert parse_code(typed).text == text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "10009",
            "10009 is not one of our codes: the last digit should be 6. Look again.",
        ),
        ("118", "'118' is not one of our codes: expected 5 to 9 digits."),
        ("", "'' is not one of our codes: expected 5 to 9 digits."),
        ("X-10006", "'X-10006' is not one of our codes: expected 5 to 9 digits."),
        ("010006", "'010006' is not one of our codes: expected 5 to 9 digits."),
        ("9" * 60, f"'{'9' * 40}' is not one of our codes: expected 5 to 9 digits."),
    ],
)
def test_a_wrong_code_is_told_in_one_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(WrongCode) as told:
        parse_code(typed)
    assert str(told.value) == sentence


def test_digits_alone_may_be_a_ticket_a_carton_a_garment_or_a_badge() -> None:
    assert code_keys("10006", "w.invalid") == [
        "//w.invalid/class/B-10006",
        "//w.invalid/obj/C-10006",
        "//w.invalid/obj/G-10006",
        "//w.invalid/obj/W-10006",
    ]
    assert code_keys("C-10006", "w.invalid") == ["//w.invalid/obj/C-10006"]


@pytest.mark.parametrize(("letter", "running"), [("X", 1000), ("B", 999), ("B", RUNNING_MAX + 1)])
def test_a_code_that_cannot_be_is_not_made(letter: str, running: int) -> None:
    with pytest.raises(InvalidIdentifier, match="Cannot make a code"):
        ShortCode(letter, running)
