"""Codes that look like another sort of code, and faults that must point into what was given."""

import io
import json

import pytest

from traceability.errors import InvalidIdentifier
from traceability.gs1.commands import answer, read_lines
from traceability.gs1.identify import identify

CARTON = "106141412345678908"
GTIN = "09506000134352"
TAG = "3034257BF7194E4000001A85"


@pytest.mark.parametrize("behind", ["410" + GTIN[1:], "330200012301" + GTIN, "11260101"])
def test_a_carton_in_digits_alone_is_no_empty_tag(behind: str) -> None:
    assert identify("00" + CARTON + behind).key == f"/00/{CARTON}"


@pytest.mark.parametrize("digits", [24, 32, 40])
def test_zeros_alone_stay_an_empty_tag(digits: int) -> None:
    assert identify("0" * digits).kind == "raw"


def test_the_path_of_a_link_says_which_key_is_meant() -> None:
    assert identify(f"https://a/414/{GTIN[1:]}?01={GTIN}").key == f"/414/{GTIN[1:]}"


@pytest.mark.parametrize("serial", ["eh30", "ex30", "exMDQle_cZTkAAABqF", "eh3034257bf7194e"])
@pytest.mark.parametrize("path", [f"/01/{GTIN}/21/", f"/01/{GTIN}/10/", f"/414/{GTIN[1:]}/254/"])
def test_a_serial_that_begins_like_a_binary_link_is_a_serial(path: str, serial: str) -> None:
    found = identify(f"https://id.gs1.org{path}{serial}")
    assert found.key == path + serial
    assert found.scheme is None


def test_a_link_with_a_key_before_its_tag_is_refused() -> None:
    with pytest.raises(InvalidIdentifier, match="no key before the tag in the path"):
        identify(f"https://a/01/{GTIN}/eh{TAG.lower()}")
    assert identify(f"https://a/some/stem/eh{TAG.lower()}").key == "/01/80614141123458/21/6789"


def test_a_coupon_that_ends_like_a_carton_is_no_lost_separator() -> None:
    assert identify("]C1255903600869206163231978854").key == "/255/903600869206163231978854"


@pytest.mark.parametrize(
    "text", [f" {TAG}", f"{TAG}\t ", f"  (01){GTIN} ", f" https://a/01/{GTIN}"]
)
def test_blanks_around_a_code_do_not_make_a_name_of_it(text: str) -> None:
    assert identify(text).key == identify(text.strip()).key
    fields = identify_fields(text)
    assert sum(int(str(one["length"])) for one in fields) >= len(text.strip())


def identify_fields(text: str) -> list[dict[str, object]]:
    fields: list[dict[str, object]] = json.loads(answer(text, bits=True).text)["fields"]
    return fields


def test_a_blank_that_stands_for_fnc1_stays() -> None:
    assert identify(f" 01{GTIN} ", form="message", fnc1=" ").key == f"/01/{GTIN}"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("urn:epc:idpat:sgt", 17),
        ("urn:epc:id", 10),
        ("https://a/01/96385075", 20),
        (" (01)09506000134353", 18),
    ],
)
def test_a_fault_lies_inside_what_was_given(text: str, position: int) -> None:
    with pytest.raises(InvalidIdentifier) as fault:
        identify(text)
    assert fault.value.position == position


def test_a_filter_of_thousands_of_digits_is_refused_in_a_sentence() -> None:
    with pytest.raises(InvalidIdentifier, match="a filter value below 8"):
        identify(f"urn:epc:tag:sgtin-96:{'9' * 5_000}.0614141.812345.6789")


@pytest.mark.parametrize("form", ["auto", "epc"])
def test_more_digits_than_any_tag_has_are_no_tag(form: str) -> None:
    with pytest.raises(InvalidIdentifier, match="at most 24999 hex digits, got 25000"):
        identify("30" + "0" * 24_998, form=form)


def test_a_name_that_escapes_too_much_is_written_anew() -> None:
    found = identify("urn:epc:tag:sgtin-198:1.0614141.812345.%41%2f")
    assert found.epc_uri == "urn:epc:id:sgtin:0614141.812345.A%2F"
    assert found.tag_uri == "urn:epc:tag:sgtin-198:1.0614141.812345.A%2F"


def test_half_a_character_in_a_link_is_refused_bit_by_bit() -> None:
    assert '"error"' in answer("https://a/01\ud80009506000134352/21/a%2Fb", bits=True).text


def test_the_mark_that_editors_put_before_a_text_belongs_to_no_code() -> None:
    stream = io.BytesIO(b"\xef\xbb\xbf" + TAG.encode() + b"\r\n")
    assert list(read_lines(stream)) == [([TAG], 29)]
