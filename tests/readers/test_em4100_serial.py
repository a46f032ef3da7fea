"""Cards of 125 kHz: said once or again and again, one at a time, in any case of letters."""

from __future__ import annotations

import time

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.protocols.em4100_serial.codec import Em4100Codec, Frame
from readers.protocols.em4100_serial.emulator import Em4100Emulator
from readers.reads import CardRead, Noise, ReaderError, Received
from readers.session import Session

CARD = bytes.fromhex("62e3086ced")
OTHER = bytes.fromhex("0a0001ffff")


def frames(emulator: Em4100Emulator, ticks: int) -> list[bytes]:
    return [sent.frame for _ in range(ticks) for sent in emulator.tick()]


def test_an_rdm6300_says_its_card_again_and_again() -> None:
    reader = Em4100Emulator()
    reader.show([CARD])
    assert frames(reader, 3) == [b"\x0262E3086CED08\x03"] * 3
    reader.hide()
    assert frames(reader, 3) == []


def test_an_id_12_says_its_card_once_each_time_it_comes() -> None:
    reader = Em4100Emulator(is_repeating=False)
    said = []
    for _ in range(2):
        reader.show([CARD])
        said += frames(reader, 3)
        reader.hide()
        said += frames(reader, 1)
    assert said == [b"\x0262E3086CED08\r\n\x03"] * 2


def test_a_second_card_takes_the_place_of_the_first() -> None:
    reader = Em4100Emulator()
    reader.show([CARD])
    reader.show([OTHER])
    assert frames(reader, 1) == [Frame(OTHER).encode()]


def test_a_number_that_no_card_has_is_not_shown() -> None:
    with pytest.raises(ReaderError) as caught:
        Em4100Emulator().show([b"\x30\x34"])
    assert str(caught.value) == "Cannot show 3034: expected a card's number of 5 bytes, got 2."


def test_a_frame_cut_short_does_not_cost_the_next_one() -> None:
    good = Frame(CARD).encode()
    assert Em4100Codec().receive(good[:6] + good) == [
        Noise(good[:6], "byte 02 after 5 of 12 hex digits"),
        CardRead(CARD, "62E3086CED", good),
    ]


def test_a_card_on_a_real_port_is_read_and_counted() -> None:
    reader = EmulatedReader("badge", "em4100_serial")
    session = Session("badge", "em4100_serial", reader.url)
    session.start()
    assert reader.wait_connected(10)
    reader.show([CARD])
    read: list[CardRead] = []
    ends_at = time.monotonic() + 10
    while len(read) < 3 and time.monotonic() < ends_at:
        heard = [one.value for one in session.take(0.2) if isinstance(one, Received)]
        read += [value for value in heard if isinstance(value, CardRead)]
    session.stop()
    reader.stop()
    assert {each.text for each in read} == {"62E3086CED"}
    assert session.counters.tag_reads >= 3
