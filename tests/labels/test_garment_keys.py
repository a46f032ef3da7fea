"""From the bits of a chip to its key and back through a printed code: always the same key."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.labels.samples import NAMESPACE, scanned
from traceability.gs1 import identify, identify_epc, key_of, key_of_epc
from traceability.gs1.check_digit import check_digit
from traceability.gs1.epc_bits import encode_tag
from traceability.gs1.identity import CANONICAL_HOST, Elements
from traceability.gs1.local import LocalName
from traceability.labels.barcode_1d import gs1_128
from traceability.labels.label import Label
from traceability.labels.picture import Code, Picture
from traceability.labels.raster import rasterise
from traceability.labels.reading_back import prove
from traceability.labels.square import data_matrix, qr_code

CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""The 82 characters of GS1 General Specifications, figure 7.11-1."""
TEXTS = st.text(CHARACTERS, min_size=1, max_size=16)
COMPANY = "9521141"
EXAMPLES = 40


@dataclass(frozen=True, slots=True)
class Chip:
    """A tag, and what it is to stand for."""

    scheme: str
    elements: Elements
    bits: bytes


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def checked(body: str) -> str:
    return f"{body}{check_digit(body)}"


@st.composite
def chips(draw: DrawFn) -> Chip:
    """Tags of all keys that things in a garment chain carry, in old and new schemes."""
    number = str(draw(st.integers(1, 2**38 - 1)))
    serial = draw(TEXTS)
    gtin = checked(draw(digits(1)) + COMPANY + draw(digits(5)))
    gln = checked(COMPANY + draw(digits(5)))
    grai = "0" + checked(COMPANY + draw(digits(5)))
    sscc = checked(draw(digits(1)) + COMPANY + draw(digits(9)))
    tables: dict[str, Elements] = {
        "SGTIN-96": (("01", gtin), ("21", number)),
        "SGTIN-198": (("01", gtin), ("21", serial)),
        "SGTIN+": (("01", gtin), ("21", serial)),
        "SSCC-96": (("00", sscc),),
        "SSCC+": (("00", sscc),),
        "SGLN-96": (("414", gln), ("254", number)),
        "SGLN-195": (("414", gln), ("254", serial)),
        "SGLN+": (("414", gln), ("254", serial)),
        "GRAI-96": (("8003", grai + number),),
        "GRAI-170": (("8003", grai + serial),),
        "GRAI+": (("8003", grai + serial),),
        "GIAI-96": (("8004", COMPANY + number),),
        "GIAI-202": (("8004", COMPANY + serial),),
        "GIAI+": (("8004", COMPANY + serial),),
    }
    scheme = draw(st.sampled_from(sorted(tables)))
    elements = tables[scheme]
    return Chip(scheme, elements, encode_tag(scheme, 0, elements, company_digits=len(COMPANY)))


def shown(code: Code) -> Picture:
    wide, high = code.size
    return Picture(wide + 4, high + 4, (code,))


@settings(max_examples=EXAMPLES, deadline=None)
@given(chips())
def test_bits_and_a_printed_matrix_are_one_key(chip: Chip) -> None:
    identity = identify_epc(chip.bits)
    assert set(identity.ais) == set(chip.elements)
    picture = shown(Code(data_matrix(identity.ais), 2, 2, 0.5))
    [scan] = scanned(rasterise(picture, 203).convert("L"))
    assert scan.startswith("]d2")
    assert identify(scan).key == identity.key == key_of_epc(chip.bits)


@settings(max_examples=EXAMPLES, deadline=None)
@given(chips())
def test_bits_and_printed_bars_are_one_key(chip: Chip) -> None:
    identity = identify_epc(chip.bits)
    picture = shown(Code(gs1_128(identity.ais), 2, 2, 0.25, 12))
    [scan] = scanned(rasterise(picture, 203).convert("L"))
    assert (scan[:3], identify(scan).key) == ("]C1", identity.key)


@settings(max_examples=EXAMPLES, deadline=None)
@given(chips())
def test_bits_and_a_printed_link_are_one_key(chip: Chip) -> None:
    key = key_of_epc(chip.bits)
    assert key is not None
    picture = shown(Code(qr_code(CANONICAL_HOST + key), 2, 2, 0.5))
    [scan] = scanned(rasterise(picture, 203).convert("L"))
    assert (scan[:3], identify(scan).key) == ("]Q1", key)


@settings(max_examples=EXAMPLES, deadline=None)
@given(digits(12), TEXTS)
def test_a_lot_is_one_key_on_every_code(body: str, lot: str) -> None:
    elements: Elements = (("01", "0" + checked(body)), ("10", lot))
    key = identify("".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements))
    for code in (Code(data_matrix(elements), 2, 2, 0.5), Code(gs1_128(elements), 2, 2, 0.25, 12)):
        [scan] = scanned(rasterise(shown(code), 203).convert("L"))
        assert identify(scan).key == key.key


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=24))
def test_a_name_of_our_own_is_one_key_as_bare_name_and_as_link(text: str) -> None:
    name = LocalName(NAMESPACE, "obj", text)
    [link] = scanned(rasterise(shown(Code(qr_code(name.uri), 2, 2, 0.5)), 203).convert("L"))
    assert identify(link, namespace=NAMESPACE).key == name.key == key_of(name.uri)


@settings(max_examples=EXAMPLES, deadline=None)
@given(chips())
def test_a_label_with_its_chip_is_proven_as_twins(chip: Chip) -> None:
    identity = identify_epc(chip.bits)
    assert identity.key is not None
    prove(Label("hang-tag", chip.scheme, Plain(identity.ais), identity.key, chip.bits), (60, 60))


@dataclass(frozen=True, slots=True)
class Plain:
    """A drawing of nothing but its matrix."""

    elements: Elements

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out."""
        return Picture(*size, (Code(data_matrix(self.elements), *inset, 0.5),))


@pytest.mark.parametrize("flipped", range(8, 96))
def test_a_chip_with_one_bit_flipped_is_never_a_twin(flipped: int) -> None:
    chip = encode_tag("SGTIN-96", 1, (("01", "09521141123454"), ("21", "77")), company_digits=7)
    value = int.from_bytes(chip, "big") ^ (1 << (95 - flipped))
    other = key_of_epc(value.to_bytes(12, "big"))
    is_control = 8 <= flipped < 11
    assert (other == "/01/09521141123454/21/77") == is_control
