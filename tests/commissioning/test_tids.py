"""Serials out of chips: as each maker says, and a sentence for a chip that has none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.tables import rows
from traceability.commissioning.blocks import NUMBER_MAX
from traceability.commissioning.tids import CHIPS_FROM, chip_serial, serial_of_tid
from traceability.errors import InvalidIdentifier
from traceability.gs1.epc_bits import encode_tag

NXP = bytes.fromhex("E28068942000")
MONZA_R6 = bytes.fromhex("E28011602000")
OTHER = bytes.fromhex("E28278032000")


@pytest.mark.parametrize("row", rows("gs1_tid_serials.jsonl"), ids=lambda row: row["tid"])
def test_a_chip_gives_the_serial_that_its_maker_says(row: dict[str, Any]) -> None:
    found = chip_serial(bytes.fromhex(row["tid"]))
    assert (found.serial, found.maker, found.is_promised) == (
        row["serial"],
        row["maker"],
        row["is_promised"],
    )
    assert serial_of_tid(bytes.fromhex(row["tid"])) == row["serial"]


def test_what_follows_the_serial_is_not_looked_at() -> None:
    tid = NXP + bytes.fromhex("5015E1A661E8")
    assert serial_of_tid(tid + bytes.fromhex("0008AABB")) == serial_of_tid(tid)


@pytest.mark.parametrize(
    ("tid", "sentence"),
    [
        ("", "expected a TID that begins with E2, got nothing."),
        ("3034257BF7194E4000001A85", "expected a TID that begins with E2, got 30."),
        ("E280", "expected 32 to 1024 bits, got 16."),
        ("E2806894", "expected 48 bits or more, got 32; read more of the TID bank."),
        ("E280689420005015", "expected 96 bits, got 64; read more of the TID bank."),
        ("E280689400005015E1A661E8", "expected a serial number in it, got a model number alone."),
        ("E2003412", "expected a serial number in it, got a model number alone."),
        ("E28068942000000000000000", "expected a serial number in it, got one bit repeated."),
        ("E28068942000FFFFFFFFFFFF", "expected a serial number in it, got one bit repeated."),
    ],
)
def test_a_chip_without_a_serial_is_refused_in_one_sentence(tid: str, sentence: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        serial_of_tid(bytes.fromhex(tid))
    assert str(refused.value) == f"Cannot take a serial number from TID {tid!r}: {sentence}"


SERIALS = st.integers(1, 2**48 - 2)


@settings(deadline=None)
@given(st.sampled_from([NXP, MONZA_R6, OTHER]), SERIALS)
def test_every_serial_of_a_chip_fits_a_tag_and_is_never_given_out(head: bytes, own: int) -> None:
    serial = serial_of_tid(head + own.to_bytes(6, "big"))
    assert NUMBER_MAX < CHIPS_FROM <= serial < 2**38
    elements = (("01", "09506000134352"), ("21", str(serial)))
    assert len(encode_tag("SGTIN-96", 1, elements, company_digits=7)) == 12


@settings(deadline=None)
@given(SERIALS, SERIALS)
def test_chips_of_two_makers_never_meet(a: int, b: int) -> None:
    found = {serial_of_tid(head + own.to_bytes(6, "big")) >> 35
             for head, own in ((NXP, a), (MONZA_R6, b), (OTHER, a))}  # fmt: skip
    assert found == {0b111, 0b101, 0b100}


@settings(deadline=None)
@given(st.integers(1, 2**35 - 1), st.integers(1, 2**35 - 1), st.integers(0, 2**13 - 1))
def test_chips_of_one_lot_never_meet(a: int, b: int, lot: int) -> None:
    """Where a maker counts in the lowest 35 bits, only one chip gives each number."""
    for head in (NXP, OTHER):
        one, two = (serial_of_tid(head + (lot << 35 | own).to_bytes(6, "big")) for own in (a, b))
        assert (one == two) == (a == b)
