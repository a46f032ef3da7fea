"""What is special to `CF` readers: barcodes in tag reports, active mode, a trigger, texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.protocols.chafon_cf.codec import CFCodec, CFHostCodec, Frame
from readers.protocols.chafon_cf.emulator import CFEmulator
from readers.reads import Item, Noise, Reply, Scan, TagRead

EPC = bytes.fromhex("30751feb705c5904e3d50d70")


def asked(reader: CFEmulator, code: int, data: str = "") -> Reply:
    wire = Frame(0xFF, code, bytes.fromhex(data)).encode()
    [item] = CFCodec().receive(reader.receive(wire))
    assert isinstance(item, Reply)
    return item


def pushed(reader: CFEmulator) -> list[Item]:
    return CFCodec().receive(b"".join(sent.frame for sent in reader.tick()))


@given(st.integers(-1200, 0), st.integers(1, 16), st.integers(0, 255))
def test_the_fast_way_reads_what_the_slow_one_does(
    tenths_dbm: int, antenna: int, channel: int
) -> None:
    data = b"\x00" + tenths_dbm.to_bytes(2, "big", signed=True)
    frame = Frame(0, 1, data + bytes((antenna, channel, len(EPC))) + EPC).encode()

    [fast] = CFCodec().receive(frame)
    _, slow = CFCodec()._take(frame, 0)

    assert type(fast) is TagRead
    assert fast == slow
    assert (fast.rssi_dbm, fast.antenna) == (tenths_dbm / 10, antenna)
    assert dict(fast.more) == {"status": 0, "channel": channel}


@pytest.mark.parametrize(("text", "aim"), [("5901234123457", None), ("0109", "]C1"), ("]", None)])
def test_a_sled_that_reads_both_puts_barcodes_into_tag_reports(text: str, aim: str | None) -> None:
    sent = CFEmulator().scan(text, aim)
    assert CFCodec().receive(sent.frame) == [Scan(text, aim, sent.frame)]


def test_a_tag_that_looks_like_a_barcode_is_one_where_it_has_an_antenna() -> None:
    body = bytes.fromhex("0233030d")
    frame = Frame(0, 1, b"\x00\xfd\x8a\x01\x00\x04" + body).encode()
    [read] = CFCodec().receive(frame)
    assert isinstance(read, TagRead)
    assert read.epc == body


def test_what_a_network_reader_says_on_connecting_is_noise() -> None:
    frame = Frame(0, 0x0070, b"\x00").encode()
    [noise, reply] = CFCodec().receive(b"\x00\x00" + frame)
    assert noise == Noise(b"\x00\x00", "no frame begins here")
    assert isinstance(reply, Reply)


def test_the_trigger_is_told() -> None:
    reader = CFEmulator()
    told = [reader.pull_trigger(is_pressed=state).frame for state in (True, False)]
    assert [item.tree()["pressed"] for item in CFCodec().receive(b"".join(told))] == [True, False]


def test_an_inventory_goes_on_until_it_is_stopped() -> None:
    reader, codec = CFEmulator(), CFCodec()
    assert reader.tick() == []
    reader.receive(codec.start())
    [empty] = pushed(reader)
    assert isinstance(empty, Reply)
    assert (empty.fields["kind"], empty.error) == ("inventory end", None)
    reader.show([EPC], antenna=3, rssi_dbm=-61)

    [read] = pushed(reader)
    assert isinstance(read, TagRead)
    assert (read.epc, read.antenna, read.rssi_dbm) == (EPC, 3, -61.0)
    reader.receive(codec.stop())
    assert reader.tick() == []


@pytest.mark.parametrize(("data", "rounds"), [("0000000001", 20), ("0100000003", 3)])
def test_an_inventory_by_time_or_rounds_ends_by_itself(data: str, rounds: int) -> None:
    reader = CFEmulator()
    reader.show([EPC])
    reader.receive(Frame(0, 1, bytes.fromhex(data)).encode())

    reads = [item for _ in range(30) for item in pushed(reader) if isinstance(item, TagRead)]

    assert len(reads) == rounds


def test_a_reader_in_active_mode_speaks_unasked() -> None:
    reader = CFEmulator()
    reader.show([EPC])
    everything = bytearray(CFEmulator()._settings[0x72])
    everything[2] = 1
    assert asked(reader, 0x71, everything.hex()).fields["status"] == 0
    assert asked(reader, 0x72).fields["work_mode"] == 1
    assert [item.tree()["epc"] for item in pushed(reader)] == [EPC.hex()]


def test_a_setting_is_told_as_it_was_set() -> None:
    reader = CFEmulator()
    assert asked(reader, 0x53, "1a00").fields["status"] == 0
    assert asked(reader, 0x54).fields["power_dbm"] == 26
    assert asked(reader, 0x72).fields["power_dbm"] == 26
    assert asked(reader, 0x57, "03").error is None
    assert asked(reader, 0x58).fields["antenna_mask"] == 3
    assert asked(reader, 0x63, "01012121212121212121").error is None
    assert asked(reader, 0x63, "02").fields["power_dbm"] == [33] * 8
    assert asked(reader, 0x8E, "0101" + "00" * 7).error is None
    assert asked(reader, 0x8E, "02").fields["read_mode"] == 1


@pytest.mark.parametrize(
    ("code", "data", "expected"),
    [(0x53, "1a", 0x01), (0x99, "", 0x01), (0x03, "00", 0x14), (0x01, "00", 0x01)],
)
def test_what_is_wrong_is_refused(code: int, data: str, expected: int) -> None:
    refused = asked(CFEmulator(), code, data)
    assert (refused.error, refused.fields["kind"]) == (expected, "error")


def test_a_reader_that_fell_silent_is_asked_what_it_is_and_then_for_tags() -> None:
    reader, codec = CFEmulator(), CFCodec()
    assert codec.keep_going(1999) == b""
    [info] = codec.receive(reader.receive(codec.keep_going(2000)))
    assert codec.on_item(info) == codec.start()


def test_another_address_is_not_answered() -> None:
    assert CFEmulator(address=7).receive(Frame(0, 0x70, b"").encode()) == b""
    assert CFEmulator(address=7).receive(Frame(7, 0x70, b"").encode())


def test_the_texts_of_a_reader_end_where_they_end() -> None:
    info = asked(CFEmulator(), 0x70).fields
    assert info["hardware"] == "CF661-HW1.0"
    assert info["serial"] == "CF0000000001"


def test_an_inventory_says_how_long() -> None:
    [by_time] = CFHostCodec().receive(bytes.fromhex("cfff0001050000000005a218"))
    [by_rounds] = CFHostCodec().receive(Frame(0xFF, 1, b"\x01\0\0\0\x09").encode())
    assert (by_time.tree()["by"], by_time.tree()["seconds"]) == ("time", 5)
    assert (by_rounds.tree()["by"], by_rounds.tree()["rounds"]) == ("rounds", 9)
