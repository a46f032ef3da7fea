"""An emulated tag keeps its memory, its passwords and its locks as a real one does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from readers.emulated.tag_memory import EPC, RESERVED, TID, USER, EmulatedTag, Population
from tests.readers.samples.epcs import EPC as EPCS


@given(epc=EPCS)
def test_a_tag_sends_what_its_bank_holds(epc: bytes) -> None:
    tag = EmulatedTag(epc)
    assert tag.epc == epc
    assert tag.read(EPC, 0, 0) == tag.crc.to_bytes(2, "big") + tag.pc + epc
    assert tag.pc[0] >> 3 == len(epc) // 2


@given(epc=EPCS, new=EPCS)
def test_a_new_epc_with_its_length_is_the_epc(epc: bytes, new: bytes) -> None:
    field = {epc: (1, -50)}
    population = Population(field)
    [tag] = population.tags()
    assert tag.write(EPC, 1, (len(new) // 2 << 11).to_bytes(2, "big") + new) == "ok"
    population.settle()
    assert field == {new: (1, -50)}
    assert population.tags() == [tag]


def test_what_lies_beyond_a_bank_cannot_be_read_or_written() -> None:
    tag = EmulatedTag(bytes(12))
    assert tag.read(USER, 31, 1) == b"\x00\x00"
    assert tag.read(USER, 32, 1) is None
    assert tag.read(USER, 32, 0) is None
    assert tag.read(9, 0, 1) is None
    assert tag.write(USER, 31, bytes(4)) == "overrun"
    assert tag.write(EPC, 0, bytes(2)) == "overrun"
    assert tag.write(TID, 0, bytes(2)) == "locked"


def test_a_lock_asks_for_the_password_and_a_lock_for_ever_for_nothing() -> None:
    tag, key = EmulatedTag(bytes(12)), 0x11223344
    assert tag.lock(0b11, 0b10, 0) == "password"
    assert tag.write(RESERVED, 2, key.to_bytes(4, "big")) == "ok"
    assert tag.lock(0b11, 0b10, 1) == "password"
    assert tag.lock(0b11, 0b10, key) == "ok"
    assert tag.write(USER, 0, bytes(2)) == "locked"
    assert tag.write(USER, 0, bytes(2), 1) == "password"
    assert tag.write(USER, 0, bytes(2), key) == "ok"
    assert tag.lock(0b11, 0b11, key) == "ok"
    assert tag.write(USER, 0, bytes(2), key) == "locked"


def test_a_killed_tag_leaves_the_field() -> None:
    field = {bytes(12): (1, -50)}
    population = Population(field)
    [tag] = population.tags()
    assert tag.kill(0) == "password"
    assert tag.write(RESERVED, 0, b"\x00\x00\x00\x07") == "ok"
    assert tag.kill(8) == "password"
    assert tag.kill(7) == "ok"
    assert population.tags() == []
    population.settle()
    assert field == {}


@given(epc=EPCS, data=st.data())
def test_a_mask_that_was_cut_out_of_a_bank_selects_its_tag(epc: bytes, data: st.DataObject) -> None:
    tag = EmulatedTag(epc)
    bits = len(epc) * 8
    start = data.draw(st.integers(0, bits))
    size = data.draw(st.integers(0, bits - start))
    cut = int.from_bytes(epc, "big") >> (bits - start - size) & (1 << size) - 1
    width = (size + 7) // 8
    mask = (cut << (-size % 8)).to_bytes(width, "big")
    assert tag.matches(EPC, 32 + start, size, mask)
    if size:
        flipped = bytes((mask[0] ^ 0x80,)) + mask[1:]
        assert not tag.matches(EPC, 32 + start, size, flipped)
    assert not tag.matches(EPC, 32, bits + 1, bytes(width + 1))
