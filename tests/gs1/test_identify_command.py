"""`hangtag identify`: one JSON line for each line in, whatever comes in."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1.commands import answer, identify
from traceability.gs1.epc_bits import encode_bits
from traceability.gs1.tag_line import format_tag_line


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """Run the command as a shell would."""
    return CliRunner().invoke(identify, list(arguments), input=stdin)


def lines(result: Result) -> list[Any]:  # JSON, whose shape each test compares as a whole
    """Read the output, a JSON value per line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_tag_is_answered_with_every_form_it_has() -> None:
    result = run("--as", "epc", "3034257BF7194E4000001A85")
    assert (result.exit_code, lines(result)) == (
        0,
        [
            {
                "input": "3034257BF7194E4000001A85",
                "id": "https://id.gs1.org/01/80614141123458/21/6789",
                "key": "/01/80614141123458/21/6789",
                "kind": "instance",
                "scheme": "SGTIN-96",
                "filter": 1,
                "ais": [["01", "80614141123458"], ["21", "6789"]],
                "element_string": "(01)80614141123458(21)6789",
                "digital_link": "https://id.gs1.org/01/80614141123458/21/6789",
                "epc_uri": "urn:epc:id:sgtin:0614141.812345.6789",
                "tag_uri": "urn:epc:tag:sgtin-96:1.0614141.812345.6789",
            }
        ],
    )


def test_one_bad_line_costs_neither_its_neighbours_nor_its_place() -> None:
    stdin = b"]E09506000134352\n\n]E09506000134353\r\n\xff\nBundle 17"
    result = run(stdin=stdin)
    found = [(line["input"], line.get("key"), line.get("position")) for line in lines(result)]
    assert (result.exit_code, found) == (
        1,
        [
            ("]E09506000134352", "/01/09506000134352", None),
            ("", None, 0),
            ("]E09506000134353", None, 15),
            ("\\xff", "//localhost.workshop.invalid/obj/\\xff", None),
            ("Bundle 17", "//localhost.workshop.invalid/obj/Bundle 17", None),
        ],
    )


def test_a_tag_that_does_not_decode_says_why_and_how_it_is_kept() -> None:
    result = run("--as", "epc", "3037FFFFFC00000000000000")
    assert (result.exit_code, lines(result)) == (
        1,
        [
            {
                "input": "3037FFFFFC00000000000000",
                "error": "Cannot decode EPC 3037FFFFFC00000000000000: expected a company prefix "
                "of 7 digits, got 16777215.",
                "position": 3,
                "id": "urn:epc:raw:96.x3037FFFFFC00000000000000",
                "key": "urn:epc:raw:96.x3037FFFFFC00000000000000",
                "kind": "raw",
            }
        ],
    )


def test_the_separator_of_a_scanner_is_a_setting() -> None:
    result = run("--as", "message", "--fnc1", "^", "^010950600013435210L7^21A1")
    assert [line["ais"] for line in lines(result)] == [
        [["01", "09506000134352"], ["10", "L7"], ["21", "A1"]]
    ]


def test_the_namespace_of_the_site_can_be_named() -> None:
    result = run("--namespace", "knit.example", "T 17")
    assert [line["id"] for line in lines(result)] == ["https://knit.example/obj/T%2017"]


def test_wrong_usage_is_exit_2() -> None:
    assert run("--as", "qr", "x").exit_code == 2
    assert run("--fnc1", "FN", "x").exit_code == 2


def test_a_million_characters_without_a_line_end_are_one_error() -> None:
    result = run(stdin=b"A" * 1_000_000 + b"\n]E09506000134352\n")
    assert [("error" in line) for line in lines(result)] == [True, False]


@given(
    st.integers(6, 12).flatmap(
        lambda n: st.tuples(
            st.text("0123456789", min_size=n, max_size=n),
            st.text("0123456789", min_size=13 - n, max_size=13 - n),
            st.integers(0, 2**38 - 1).map(str),
        )
    ),
    st.integers(0, 7),
)
def test_the_line_of_a_product_is_that_of_the_long_way(
    parts: tuple[str, str, str], filter_value: int
) -> None:
    text = encode_bits("SGTIN-96", filter_value, parts).hex()
    assert format_tag_line(text) == answer(text, form="epc").text
