"""Bars and squares of GS1: what they say is checked before, and read back by another program."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.labels.test_bars_and_squares import drawn
from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.check_digit import check_digit
from traceability.gs1.identity import Elements
from traceability.labels.barcode_1d import (
    Bars,
    check_module,
    code128,
    ean8,
    ean13,
    gs1_128,
    itf14,
    upc_a,
)
from traceability.labels.layout import lay_bars
from traceability.labels.message import format_message, in_order
from traceability.labels.picture import Code, Picture, Rule, Words
from traceability.labels.raster import rasterise
from traceability.labels.square import data_matrix, matrix_text, qr_code

GTIN = "09506000134352"
UNHURRIED = settings(deadline=None, max_examples=60)
"""A picture takes as long as the machine is busy: its time says nothing."""
DIGITS = st.text("0123456789", min_size=1, max_size=20)
CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""The 82 characters of GS1 General Specifications, figure 7.11-1."""
VALUES = st.text(CHARACTERS, min_size=1, max_size=20)


def scans(image: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    return [one.symbology_identifier + one.text for one in found]


def with_check(body: str) -> str:
    return f"{body}{check_digit(body)}"


@pytest.mark.parametrize(
    ("made", "scan"),
    [
        (code128("B-10006"), "]C0B-10006"),
        (gs1_128((("01", GTIN), ("21", "A1"), ("10", "L7"))), f"]C101{GTIN}21A1\x1d10L7"),
        (itf14("19506000134359"), "]I119506000134359"),
        (ean13("9506000134352"), "]E09506000134352"),
        (ean8("96385074"), "]E496385074"),
        (upc_a("614141000036"), "]E00614141000036"),
    ],
    ids=lambda one: one.kind if isinstance(one, Bars) else "",
)
def test_bars_are_read_back_with_the_prefix_of_their_kind(made: Bars, scan: str) -> None:
    parts = lay_bars(made, 0, 2, 0.5, 20, text_height=4)
    picture = Picture(max(40.0, made.width_mm(0.5)), 34, tuple(parts))
    assert scans(rasterise(picture, 203).convert("L")) == [scan]


@UNHURRIED
@given(DIGITS)
def test_every_gtin_of_fourteen_digits_is_read_from_its_bars(body: str) -> None:
    gtin = with_check("1" + body.zfill(12)[-12:])
    assert scans(drawn([itf14(gtin).modules] * 24, 2)) == [f"]I1{gtin}"]


@UNHURRIED
@given(DIGITS)
def test_every_gtin_of_thirteen_digits_is_read_from_its_bars(body: str) -> None:
    gtin = with_check("5" + body.zfill(11)[-11:])
    assert scans(drawn([ean13(gtin).modules] * 60, 2)) == [f"]E0{gtin}"]


@UNHURRIED
@given(serial=VALUES, lot=VALUES)
def test_every_element_string_is_read_from_a_data_matrix(serial: str, lot: str) -> None:
    square = data_matrix((("01", GTIN), ("21", serial), ("10", lot)))
    assert scans(drawn(list(square.rows), 4)) == [f"]d201{GTIN}21{serial}\x1d10{lot}"]
    assert square.size == len(square.rows[0])


@UNHURRIED
@given(VALUES, VALUES)
def test_every_element_string_is_read_from_bars(serial: str, lot: str) -> None:
    elements: Elements = (("01", GTIN), ("21", serial[:13]), ("10", lot[:12]))
    bars = gs1_128(elements)
    found = scans(drawn([bars.modules] * 30, 2))
    assert found == [f"]C101{GTIN}21{serial[:13]}\x1d10{lot[:12]}"]


@UNHURRIED
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_a_text_of_our_own_is_no_gs1_matrix(text: str) -> None:
    assert scans(drawn(list(matrix_text(text).rows), 4)) == [f"]d1{text}"]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "digits", "sentence"),
    [
        (ean13, "9506000134353", "expected check digit 2, got '3'"),
        (ean13, "950600013435", "expected 13 digits, got 12"),
        (ean13, "95060001343521", "expected 13 digits, got 14"),
        (ean13, "95060001343a2", "expected digits, got 'a'"),
        (ean8, "96385073", "expected check digit 4, got '3'"),
        (upc_a, "614141000037", "expected check digit 6, got '7'"),
        (itf14, "19506000134350", "expected check digit 9, got '0'"),
        (itf14, "9506000134352", "expected 14 digits, got 13"),
        (itf14, "1950600013435٩", "expected digits"),
    ],
)
def test_a_wrong_digit_is_refused_and_never_repaired(
    draw: Callable[[str], Bars], digits: str, sentence: str
) -> None:
    with pytest.raises(InvalidIdentifier, match=sentence):
        draw(digits)


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ((), "expected an AI, got none"),
        ((("01", "09506000134353"),), "expected check digit 2"),
        ((("00", "395060001343520002"),), "expected check digit 1"),
        ((("01", GTIN), ("21", "A#1")), "got '#'"),
        ((("01", GTIN), ("21", "A\x1d10B")), r"got '\\x1d'"),
        ((("05", "1"),), "is no GS1 Application Identifier"),
        ((("01", GTIN), ("02", GTIN)), "never stand on one thing"),
        ((("01", GTIN), ("21", "1"), ("21", "2")), "twice with two values"),
    ],
)
def test_no_code_says_what_the_standard_forbids(elements: Elements, sentence: str) -> None:
    for draw in (gs1_128, data_matrix):
        with pytest.raises(InvalidIdentifier, match=sentence):
            draw(elements)


def test_bars_of_more_than_48_characters_are_refused() -> None:
    elements: Elements = (("01", GTIN), ("21", "A" * 20), ("10", "B" * 20))
    with pytest.raises(InvalidIdentifier, match="expected at most 48 characters, got 61"):
        gs1_128(elements)
    assert data_matrix(elements).content.startswith(f"01{GTIN}21AAAA")


@pytest.mark.parametrize("text", ["", "a\x1db", "x" * 401, "\x00"])
def test_what_a_matrix_of_our_own_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="as Data Matrix: expected 1 to 400 characters"):
        matrix_text(text)


@pytest.mark.parametrize(
    ("bars", "module", "is_logistic", "fits"),
    [
        (ean13("9506000134352"), 0.264, False, True),
        (ean13("9506000134352"), 0.25, False, False),
        (ean13("9506000134352"), 0.66, False, True),
        (ean13("9506000134352"), 0.7, False, False),
        (itf14("19506000134359"), 0.25, False, True),
        (itf14("19506000134359"), 0.125, False, False),
        (gs1_128((("01", GTIN),)), 0.25, False, True),
        (gs1_128((("01", GTIN),)), 0.375, True, False),
        (gs1_128((("01", GTIN),)), 0.5, True, True),
        (gs1_128((("01", GTIN),)), 1.0, True, False),
    ],
)
def test_bars_keep_to_the_widths_of_their_use(
    bars: Bars, module: float, is_logistic: bool, fits: bool
) -> None:
    if fits:
        check_module(bars, module, is_logistic=is_logistic)
        return
    with pytest.raises(Refused, match=r"with bars of 0\.\d{3} mm|with bars of 1\.000 mm"):
        check_module(bars, module, is_logistic=is_logistic)


# --- how they stand ------------------------------------------------------------------------------


def test_fixed_lengths_come_first_and_need_no_separator() -> None:
    elements: Elements = (("01", GTIN), ("10", "L7"), ("3111", "000425"), ("21", "A1"))
    message = format_message(in_order(elements))
    assert message == f"01{GTIN}3111000425" + "10L7\x1d21A1"


def test_quiet_zones_are_those_of_each_kind() -> None:
    found = {
        one.kind: (one.quiet, one.modules_per_bar)
        for one in (ean13("9506000134352"), ean8("96385074"), itf14("19506000134359"), code128("a"))
    }
    assert found == {
        "ean13": ((11, 7), 1),
        "ean8": ((7, 7), 1),
        "itf14": ((20, 20), 2),
        "code128": ((10, 10), 1),
    }
    assert (qr_code("a").quiet, matrix_text("a").quiet) == (4, 1)


def test_wide_bars_of_itf_are_two_and_a_half_times_as_wide() -> None:
    widths = {width for _, width in itf14("19506000134359").runs()}
    assert widths == {2, 5}


def test_guard_bars_reach_down_between_the_digits() -> None:
    [code, *digits] = lay_bars(ean13("9506000134352"), 0, 0, 0.375, 10)
    assert isinstance(code, Code)
    assert code.size[1] == 10 + 5 * 0.375
    assert [one.text for one in digits if isinstance(one, Words)] == ["9", "506000", "134352"]
    assert len(code.code.runs()) == 30


def test_bearer_bars_run_over_the_quiet_zones() -> None:
    parts = lay_bars(itf14("19506000134359"), 0, 0, 0.25, 12)
    [code] = [one for one in parts if isinstance(one, Code)]
    rules = [one for one in parts if isinstance(one, Rule)]
    assert [(one.x2 - one.x1, one.thickness) for one in rules] == [(code.size[0], 1.0)] * 2
    assert rules[0].y1 < code.y < code.y + code.height < rules[1].y1
