"""Every character of a code has one field, right or wrong, and fields say what identify says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.element_string import GS
from traceability.gs1.identify import FORMS, identify
from traceability.gs1.text_fields import SHOWN_MAX, TextField, mark_fault, text_fields

GOOD = [
    "9506000134352",
    "]E09506000134352",
    "]E496385074",
    "]C1010950600013435221A1",
    f"]d2010950600013435221A1{GS}10L7",
    f"010950600013435221A1{GS}10L7{GS}",
    "(01)09506000134352(21)A1(10)L7",
    "(8003)00614141123452ABC",
    "(8006)040123451234560102(21)987",
    "(8013)1987654Ad4X4bL5ttr2310c2K",
    "https://id.gs1.org/01/09506000134352/21/A1",
    "HTTPS://BRAND.EXAMPLE/shop/01/09506000134352/22/V/10/L7/21/A1?17=271231&linkType=all#x",
    "/01/09506000134352/21/A1",
    "]Q1https://brand.example/01/09506000134352/21/A1",
]
ODD = [
    "", "]C1", "](", "(01", "((", "(99)", "https://", "https:///01", "HTTPS://a/01/", "/01/",
    "//x/obj/", "urn:epc:", "urn:epc:id:", "urn:epc:tag:sgtin-96:", "urn:epc:raw:96", "\x1d\x1d",
    "0109506000134353" + "21A", "10" + "A" * 60, "https://a/eh00/", "]E0123456789012X", "%", "\0",
]  # fmt: skip


def told(fields: tuple[TextField, ...]) -> list[tuple[str, str]]:
    """Put the values of the AIs together again, as the fields spell them."""
    found: list[tuple[str, str]] = []
    for one in fields:
        if one.name == "AI":
            found.append((one.ai, ""))
        elif one.ai:
            if not found:
                found.append((one.ai, ""))
            found[-1] = (found[-1][0], found[-1][1] + (one.value or one.text))
    return found


@pytest.mark.parametrize("text", GOOD)
def test_the_fields_of_a_good_code_carry_what_it_stands_for(text: str) -> None:
    fields = text_fields(text)
    spelled = [(ai, value.zfill(14) if ai == "01" else value) for ai, value in told(fields)]
    assert spelled == list(identify(text).ais)
    assert [one for one in fields if one.is_right is False] == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [*GOOD, *ODD, "urn:epc:id:sgtin:0614141.812345.6%2F7"])
def test_fields_cover_a_text_without_a_gap(text: str, form: str) -> None:
    fields = text_fields(text, form=form)
    assert "".join(one.text for one in fields) == text
    assert [one.start for one in fields] == [
        sum(len(before.text) for before in fields[:n]) for n in range(len(fields))
    ]


@given(st.text(st.sampled_from("]C1d2E0(){}/:.?=&%#\\Aurnepcid0123\x1d \u00e9"), max_size=60))
def test_any_text_at_all_is_covered(text: str) -> None:
    assert "".join(one.text for one in text_fields(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9506000134353", "2"),
        ("]C10109506000134353", "2"),
        ("(00)106141412345678900", "8"),
        ("https://id.gs1.org/01/09506000134350", "2"),
        ("(8013)1987654Ad4X4bL5ttr2310c2L", "2K"),
        ("(8003)00614141123459ABC", "2"),
    ],
)
def test_a_wrong_check_digit_names_the_right_one_and_repairs_nothing(
    text: str, expected: str
) -> None:
    fields = text_fields(text)
    wrong = [one for one in fields if one.is_right is False]
    assert [one.expected for one in wrong] == [expected]
    assert wrong[0].text in text
    with pytest.raises(InvalidIdentifier):
        identify(text)


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_the_names_of_the_parts_of_a_urn(spell: Callable[[str], str]) -> None:
    fields = text_fields(spell("urn:epc:tag:sgtin-96:") + "3.0614141.812345.6789")
    assert [(one.name, one.text) for one in fields if one.name != "point"] == [
        ("URN", spell("urn:epc:tag:")),
        ("scheme", spell("sgtin-96:")),
        ("filter", "3"),
        ("company prefix", "0614141"),
        ("item", "812345"),
        ("serial", "6789"),
    ]


def test_the_separator_is_a_field_and_can_be_another_sign() -> None:
    names = [one.name for one in text_fields("^010950600013435210L7^21A1", fnc1="^")]
    assert names == ["FNC1", "AI", "value", "check digit", "AI", "value", "FNC1", "AI", "value"]


def test_what_is_longer_than_its_ai_allows_is_shown_as_unread() -> None:
    fields = text_fields("]C110" + "A" * 25)
    assert [(one.name, one.text, one.is_right) for one in fields[-2:]] == [
        ("value", "A" * 20, None),
        ("unread", "A" * 5, False),
    ]


def test_the_place_of_a_fault_is_marked_once() -> None:
    fields = mark_fault(text_fields("(10)L 7"), 5)
    assert [one.text for one in fields if one.is_right is False] == ["L 7"]
    assert mark_fault(fields, 0) == fields
    assert mark_fault((), 3) == ()


def test_a_long_text_is_taken_apart_at_its_beginning_only() -> None:
    text = "(10)" + "A" * 10_000
    fields = text_fields(text)
    assert sum(len(one.text) for one in fields) == len(text)
    assert fields[-1] == TextField("unread", SHOWN_MAX, text[SHOWN_MAX:])


def test_every_ai_of_the_table_can_be_walked() -> None:
    for ai, rule in AIS.items():
        text = f"({ai})" + "0" * rule.length_max
        assert "".join(one.text for one in text_fields(text)) == text
