"""Code 128 and QR: patterns that others published, and pictures that another program reads."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.labels.worn import read
from traceability.errors import InvalidIdentifier
from traceability.labels.barcode_1d import QUIET_MODULES, code128
from traceability.labels.square import qr_code

START_B = "11010010000"
STOP = "1100011101011"
# Symbols of the published worked example "HI345678" (ISO/IEC 15417, table 1): H I CODE-C 34 56 78.
HI345678 = (
    "11000101000",
    "11000100010",
    "10111011110",
    "10001011000",
    "11100010110",
    "11000010100",
)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=24)


def drawn(rows: list[str], scale: int) -> Image.Image:
    """Draw rows of modules, black on white, with a wide white edge."""
    edge = 12 * scale
    picture = Image.new("L", (len(rows[0]) * scale + 2 * edge, len(rows) * scale + 2 * edge), 255)
    for down, row in enumerate(rows):
        for across, module in enumerate(row):
            if module == "1":
                left, top = edge + across * scale, edge + down * scale
                picture.paste(0, (left, top, left + scale, top + scale))
    return picture


def test_the_symbols_are_those_of_the_published_example() -> None:
    modules = code128("HI345678").modules
    symbols = [modules[at : at + 11] for at in range(0, len(modules) - len(STOP), 11)]
    assert (symbols[0], tuple(symbols[1:7])) == (START_B, HI345678)
    assert modules.endswith(STOP)


def test_bars_have_their_quiet_zones_inside() -> None:
    bars = code128("B-10006")
    assert bars.width_mm(0.25) == (len(bars.modules) + 2 * QUIET_MODULES) * 0.25
    assert bars.path.startswith(f"M{QUIET_MODULES} 0h2v1h-2z")


@given(TEXTS)
def test_another_program_reads_the_bars(text: str) -> None:
    rows = [code128(text).modules] * 40
    assert read(drawn(rows, 2), zxingcpp.BarcodeFormat.Code128) == [text]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_another_program_reads_the_square(text: str) -> None:
    assert read(drawn(list(qr_code(text).rows), 4), zxingcpp.BarcodeFormat.QRCode) == [text]


def test_a_short_code_needs_the_smallest_square_with_correction_m() -> None:
    square = qr_code("B-10006")
    [found] = zxingcpp.read_barcodes(drawn(list(square.rows), 4))
    assert (square.size, found.ec_level, found.text) == (21, "M", "B-10006")


@pytest.mark.parametrize("text", ["", "a\nb", "é", "x" * 49])
def test_what_bars_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="as Code 128: expected 1 to 48 letters"):
        code128(text)


@pytest.mark.parametrize("text", ["", "a\x1db", "x" * 401])
def test_what_a_small_square_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="as QR code: expected 1 to 400 characters"):
        qr_code(text)
