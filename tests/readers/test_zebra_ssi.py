"""Scans that are acknowledged: each once, however often it is sent, with text in between."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.emulated.emulation import EmulatedReader
from readers.protocols.zebra_ssi.codec import ACKNOWLEDGE, Frame, SSICodec, with_status
from readers.protocols.zebra_ssi.emulator import TIMEOUT_TICKS, TRIES_MAX, SSIEmulator
from readers.reads import Item, Noise, ReaderError, Received, Reply, Scan
from readers.session import Session
from tests.readers.samples import samples

EAN = bytes.fromhex("12f300000b34303036333831333333393331fc54")
EAN_8 = Frame(0xF3, b"\x0a12345670", 0).encode()
DONE = bytes.fromhex("04d00000ff2c")
AGAIN = with_status(EAN, 1)


def texts(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Scan)]


def told(items: list[Item]) -> list[Any]:  # `Any`: texts and kinds beside each other
    return [
        item.text if isinstance(item, Scan) else item.tree().get("kind", item.tree()["type"])
        for item in items
    ]


def answers(codec: SSICodec, items: list[Item]) -> list[bytes]:
    return [codec.on_item(item) for item in items]


# --- receipts and repeats ---------------------------------------------------------------------


def test_a_scan_is_acknowledged() -> None:
    codec = SSICodec()
    assert answers(codec, codec.receive(EAN)) == [bytes.fromhex("04d00400ff28")]


def test_what_is_no_decode_packet_is_not_acknowledged() -> None:
    codec = SSICodec()
    items = codec.receive(DONE + b"4006381333931\r\n") + codec.idle(20)
    assert answers(codec, items) == [b"", b""]


def test_a_packet_sent_again_is_acknowledged_and_is_no_second_scan() -> None:
    codec = SSICodec()
    items = codec.receive(EAN + AGAIN + AGAIN)
    assert told(items) == ["4006381333931", "sent again", "sent again"]
    assert answers(codec, items) == [ACKNOWLEDGE] * 3


def test_the_same_code_scanned_twice_is_two_scans() -> None:
    assert texts(SSICodec().receive(EAN + EAN)) == ["4006381333931"] * 2


def test_a_packet_whose_first_sending_was_never_heard_is_a_scan() -> None:
    assert texts(SSICodec().receive(EAN_8 + AGAIN)) == ["12345670", "4006381333931"]


def test_a_second_scan_of_the_same_code_that_was_damaged_is_not_taken_for_a_repeat() -> None:
    hurt = bytes((*EAN[:7], EAN[7] ^ 1, *EAN[8:]))
    items = SSICodec().receive(EAN + hurt + AGAIN)
    assert told(items) == ["4006381333931", "noise", "4006381333931"]


def test_an_answer_between_a_packet_and_its_repeat_changes_nothing() -> None:
    items = SSICodec().receive(EAN + DONE + AGAIN)
    assert told(items) == ["4006381333931", "reply", "sent again"]


# --- packets and text -------------------------------------------------------------------------


def test_lines_of_a_scanner_set_to_text_are_scans() -> None:
    codec = SSICodec()
    items = codec.receive(b"4006381333931\r\n]C10109501101530003\r") + codec.idle(20)
    assert [(i.text, i.symbology) for i in items if isinstance(i, Scan)] == [
        ("4006381333931", None),
        ("0109501101530003", "]C1"),
    ]


def test_text_may_be_glued_to_an_answer_on_either_side() -> None:
    codec = SSICodec()
    items = codec.receive(b"111\r\n" + DONE + b"4006381333931\r\n" + DONE) + codec.idle(20)
    assert told(items) == ["111", "reply", "4006381333931", "reply"]


def test_a_line_without_an_ending_is_closed_by_silence_or_by_a_packet() -> None:
    codec = SSICodec()
    assert codec.receive(b"4006381333931") + codec.idle(80) == []
    assert texts(codec.idle(100)) == ["4006381333931"]
    assert told(codec.receive(b"12345670" + DONE)) == ["12345670", "reply"]


def test_a_packet_whose_length_is_a_line_end_may_pause_behind_it() -> None:
    codec = SSICodec()
    assert EAN_8[0] == 0x0D
    assert codec.receive(EAN_8[:1]) + codec.idle(500) == []
    assert texts(codec.receive(EAN_8[1:])) == ["12345670"]


def test_text_without_an_ending_among_packets_is_noise() -> None:
    items = SSICodec().receive(EAN + b"12345670" + EAN_8)
    assert told(items) == ["4006381333931", "noise", "12345670"]


@given(at=st.integers(0, len(EAN) - 1), bit=st.integers(0, 7), is_first=st.booleans())
def test_a_damaged_packet_never_becomes_a_scan(at: int, bit: int, is_first: bool) -> None:
    hurt = bytes((*EAN[:at], EAN[at] ^ 1 << bit, *EAN[at + 1 :]))
    codec = SSICodec()
    before = b"" if is_first else EAN_8
    items = codec.receive(before + hurt) + codec.idle(1000) + codec.receive(AGAIN)
    # A hurt status byte is found by the sum as any other.
    assert texts(items) == [*([] if is_first else ["12345670"]), "4006381333931"]


@given(
    texts_of=st.lists(st.text("0123456789ABCxyz-é", min_size=3, max_size=20), max_size=4),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_packets_and_lines_are_told_apart_under_any_split(
    texts_of: list[str], cuts: list[int]
) -> None:
    wire = b"".join(
        Frame(0xF3, b"\x03" + text.encode(), 0).encode() + text.encode() + b"\r\n"
        for text in texts_of
    )
    codec, items, start = SSICodec(), [], 0
    for cut in [*sorted(min(cut, len(wire)) for cut in cuts), len(wire)]:
        items += codec.receive(wire[start:cut])
        start = cut
    items += codec.flush()
    assert texts(items) == [text for text in texts_of for _ in range(2)]
    assert b"".join(i.data if isinstance(i, Noise) else i.frame for i in items) == wire


@given(data=st.data())
def test_noise_between_packets_costs_no_scan(data: st.DataObject) -> None:
    frames = data.draw(st.lists(samples("zebra_ssi").frame, max_size=6))
    quiet = st.binary(max_size=9).map(lambda raw: bytes(byte & 0x3F | 0x80 for byte in raw))
    wire = b"".join(data.draw(quiet) + frame for frame in frames)
    codec = SSICodec()
    items = codec.receive(wire) + codec.flush()
    whole = [item.frame for item in items if not isinstance(item, Noise)]
    assert whole == frames


def test_a_packet_behind_a_false_head_is_heard_once_the_line_is_quiet() -> None:
    codec = SSICodec()
    assert codec.receive(b"\xf0\xf3\x00" + EAN) == []
    assert told(codec.idle(20)) == ["noise", "4006381333931"]


# --- scans of several packets -----------------------------------------------------------------


def test_a_long_scan_comes_in_parts_each_acknowledged() -> None:
    scanner, codec = SSIEmulator(), SSICodec()
    text = "0123456789" * 60
    wire, items = scanner.scan(text, "]Q1").frame, []
    while wire:
        heard = codec.receive(wire)
        items += heard
        wire = b"".join(scanner.receive(answer) for answer in answers(codec, heard))
    assert told(items) == ["part", "part", text]
    assert isinstance(items[-1], Scan)
    assert items[-1].symbology == "]Q1"


def test_half_a_long_scan_is_forgotten_when_the_line_goes_down() -> None:
    codec = SSICodec()
    codec.receive(Frame(0xF3, b"\x03HALF", 0, 2).encode())
    codec.cut()
    assert texts(codec.receive(EAN)) == ["4006381333931"]


# --- the scanner ------------------------------------------------------------------------------


def pushed(scanner: SSIEmulator, ticks: int) -> list[bytes]:
    return [sent.frame for _ in range(ticks) for sent in scanner.tick()]


def test_a_scan_that_nobody_acknowledges_comes_again_and_is_given_up() -> None:
    scanner = SSIEmulator()
    assert scanner.scan("4006381333931", "]E0").frame == EAN
    assert pushed(scanner, TIMEOUT_TICKS - 1) == []
    assert pushed(scanner, 10 * TIMEOUT_TICKS) == [AGAIN] * TRIES_MAX


def test_an_acknowledged_scan_does_not_come_again() -> None:
    scanner = SSIEmulator()
    scanner.scan("4006381333931", "]E0")
    assert scanner.receive(ACKNOWLEDGE) == b""
    assert pushed(scanner, 10 * TIMEOUT_TICKS) == []


def test_a_host_may_ask_for_a_packet_again_at_once() -> None:
    scanner = SSIEmulator()
    scanner.scan("4006381333931", "]E0")
    assert scanner.receive(Frame(0xD1, b"\x01").encode()) == AGAIN


@pytest.mark.parametrize("aim", ["]E0", "]E4", "]C0", "]C1", "]A0", "]d1", "]d2", "]Q1", "]J1"])
def test_what_is_scanned_is_told_with_its_aim_id(aim: str) -> None:
    text = {"]E0": "4006381333931", "]E4": "12345670"}.get(aim, "0109501101530003\x1d10AB")
    [scan] = SSICodec().receive(SSIEmulator().scan(text, aim).frame)
    assert isinstance(scan, Scan)
    assert (scan.text, scan.symbology) == (text, aim)


def test_settings_are_kept_told_and_put_back() -> None:
    scanner, codec = SSIEmulator(), SSICodec()
    ask = Frame(0xC7, b"\xee").encode()

    def packeted(sent: bytes) -> object:
        scanner.receive(sent)
        [reply] = codec.receive(scanner.receive(ask))
        assert isinstance(reply, Reply)
        return reply.fields["value"]

    assert packeted(b"") == 1
    assert packeted(bytes.fromhex("07c6040800ee00fe39")) == 0
    assert scanner.scan("4006381333931", "]E0").frame == b"]E04006381333931\r"
    assert packeted(Frame(0xC8).encode()) == 1


def test_a_scanner_that_was_switched_off_scans_nothing() -> None:
    scanner = SSIEmulator()
    scanner.receive(bytes.fromhex("04ea0400ff0e"))
    with pytest.raises(ReaderError) as caught:
        scanner.scan("1")
    assert str(caught.value) == "Cannot scan '1': the host has switched scanning off."
    scanner.receive(bytes.fromhex("04e90400ff0f"))
    assert texts(SSICodec().receive(scanner.scan("1").frame)) == ["1"]


def test_a_session_acknowledges_each_scan_in_time() -> None:
    reader = EmulatedReader("desk", "zebra_ssi", port="tcp")
    session = Session("desk", "zebra_ssi", reader.url)
    session.start()
    assert reader.wait_connected(10)
    heard: list[Item] = []
    for number in range(3):
        assert reader.scan(f"W-{number}", "]C0")
        ends_at = time.monotonic() + 10
        while len(heard) <= number and time.monotonic() < ends_at:
            heard += [one.value for one in session.take(0.2) if isinstance(one, Received)]
    session.stop()
    waiting = reader._emulator._waiting  # type: ignore[attr-defined]  # the scanner's own
    reader.stop()
    assert texts(heard) == ["W-0", "W-1", "W-2"]
    assert not waiting
    assert session.counters.bytes_out == 3 * len(ACKNOWLEDGE)
