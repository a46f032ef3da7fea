"""A code taken apart: bits where it is a tag, signs where it is anything else, all of them once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1.anatomy import anatomy, field_tree, tag_bits, visible
from traceability.gs1.bank import crc16
from traceability.gs1.bank_fields import bank_fields
from traceability.gs1.bit_fields import BitField
from traceability.gs1.identify import identify

TAG = "3034257BF7194E4000001A85"


@pytest.mark.parametrize(
    "text",
    [
        TAG,
        TAG.lower(),
        f"https://id.gs1.org/eh{TAG.lower()}",
        "https://id.gs1.org/exMDQle_cZTkAAABqF",
        f"urn:epc:raw:96.x{TAG}",
    ],
)
def test_every_spelling_of_a_tag_has_the_same_bits(text: str) -> None:
    assert tag_bits(text, identify(text)) == (int(TAG, 16), 96)


@pytest.mark.parametrize(
    "text", ["9506000134352", "ABCDEF", "DEADBEEF" * 3, "(10)30(01)09506000134352"]
)
def test_what_is_no_tag_has_no_bits(text: str) -> None:
    assert tag_bits(text, identify(text)) is None


@given(st.binary(min_size=2, max_size=40), st.integers(0, 7), st.integers(0, 255))
def test_the_fields_of_a_bank_cover_it_whatever_is_in_it(epc: bytes, flags: int, low: int) -> None:
    epc = epc[: len(epc) // 2 * 2]
    pc = (len(epc) // 2 << 11 | flags << 8 | low).to_bytes(2)
    for data in (pc + epc, crc16(pc + epc).to_bytes(2) + pc + epc):
        fields = bank_fields(data)
        spelled = "".join(f"{one.raw:0{one.length}b}" for one in fields)
        assert spelled == f"{int.from_bytes(data):0{8 * len(data)}b}"
        assert all(one.start + one.length == after.start for one, after in pairwise(fields))


def test_a_check_sum_in_front_and_memory_behind_are_fields() -> None:
    data = bytes.fromhex("3000" + TAG)
    names = [one.name for one in bank_fields(crc16(data).to_bytes(2) + data + b"\x12\x34")]
    assert (names[:2], names[-1]) == (["check sum", "EPC length"], "memory behind")


def test_fields_as_json_say_only_what_applies() -> None:
    bits = anatomy(TAG, identify(TAG))
    assert isinstance(bits[0], BitField)
    assert field_tree(bits[3]) == {
        "name": "company prefix",
        "start": 14,
        "length": 24,
        "bits": "000010010101111011111101",
        "value": "0614141",
    }
    signs = anatomy("(10)L7", identify("(10)L7(01)09506000134352"))
    assert [field_tree(one) for one in signs] == [
        {"name": "AI", "start": 0, "length": 4, "text": "(10)", "value": "10", "ai": "10"},
        {"name": "value", "start": 4, "length": 2, "text": "L7", "value": "L7", "ai": "10"},
    ]


def test_control_characters_become_names_that_can_be_typed() -> None:
    assert visible("A\x1d\x00\x7f\tB\u00a0") == "A<GS><NUL><DEL><TAB>B\u00a0"
