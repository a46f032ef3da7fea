"""Many tags at once: the same keys as one by one, whatever the bits are."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1 import key_of_epc
from traceability.gs1.many_tags import CHUNK, SIZE, keys_of_epcs


def one_by_one(data: bytes) -> list[str]:
    return [key_of_epc(data[at : at + SIZE]) for at in range(0, len(data), SIZE)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x30, 0x30, 0x30, 0x31, 0x00, 0xE2, 0xF7]),
            st.integers(0, 63),
            st.integers(0, (1 << 44) - 1),
            st.one_of(st.integers(0, (1 << 38) - 1), st.sampled_from([0, 1, 9999, 10_000, 10**8])),
        ),
        max_size=40,
    )
)
def test_any_bits_have_the_keys_of_one_by_one(parts: list[tuple[int, int, int, int]]) -> None:
    data = b"".join(
        (((header << 6 | filters) << 44 | item) << 38 | serial).to_bytes(SIZE)
        for header, filters, item, serial in parts
    )
    assert keys_of_epcs(data) == one_by_one(data)


def test_serials_of_every_length_and_pieces_longer_than_one_chunk() -> None:
    chance = random.Random(11)
    head = 0x3034257BF7194E4000001A85 >> 38
    serials = [0, (1 << 38) - 1]
    for digits in range(1, 13):
        low, high = 10 ** (digits - 1), min(10**digits, 1 << 38)
        serials += [low, high - 1, *(chance.randrange(low, high) for _ in range(40))]
    serials += [chance.randrange(1 << 38) for _ in range(CHUNK)]
    data = b"".join((head << 38 | serial).to_bytes(SIZE) for serial in serials)
    assert keys_of_epcs(data) == one_by_one(data)


def test_without_numpy_the_keys_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes.fromhex("3034257BF7194E4000001A85E2801160600002040000ABCD" * 3)
    quick = keys_of_epcs(data)
    # A module that is said to be absent cannot be found, as on a base install.
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert keys_of_epcs(data) == quick == one_by_one(data)


def test_a_tag_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="13 bytes apart: expected 12 for each tag"):
        keys_of_epcs(bytes(13))
