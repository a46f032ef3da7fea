"""What is special to `53 57` readers: tags with lengths of their own, and who speaks first."""

from __future__ import annotations

import pytest

from readers.protocols.chafon_5357.codec import FROM_READER, Chafon5357Codec, Frame
from readers.protocols.chafon_5357.emulator import Chafon5357Emulator
from readers.reads import Item, Noise, Reply, TagRead

EPC = bytes.fromhex("30751feb705c5904e3d50d70")
OTHER = bytes.fromhex("3034257bf7194e4000001a85")


def asked(reader: Chafon5357Emulator, code: int, data: str = "") -> Reply:
    wire = Frame(0xFF, code, bytes.fromhex(data)).encode()
    [item] = Chafon5357Codec().receive(reader.receive(wire))
    assert isinstance(item, Reply)
    return item


def pushed(reader: Chafon5357Emulator) -> list[Item]:
    return Chafon5357Codec().receive(b"".join(sent.frame for sent in reader.tick()))


def told(command: int, data: str, status: str = "01") -> bytes:
    return Frame(0, command, bytes.fromhex(status + data), FROM_READER).encode()


def test_the_fast_way_reads_what_the_slow_one_does() -> None:
    frame = told(0x01, "0002" + f"0f0102{EPC.hex()}49" + "050101e2804a")
    fast = Chafon5357Codec().receive(frame)
    _, slow = Chafon5357Codec()._take(frame, 0)

    assert fast == slow
    one, other, end = fast
    assert isinstance(one, TagRead)
    assert isinstance(other, TagRead)
    assert isinstance(end, Reply)
    assert (one.epc, one.antenna, one.rssi_raw, one.rssi_dbm) == (EPC, 2, 0x49, None)
    assert (other.epc, other.antenna) == (b"\xe2\x80", 1)
    assert one.frame is other.frame is end.frame
    assert end.fields["tag_count"] == 2


@pytest.mark.parametrize(
    "data",
    [
        "0002" + f"0f0102{EPC.hex()}49",  # two announced, one there
        "0001" + f"0f0102{EPC.hex()}4900",  # a byte too many
        "0001" + "02010249",  # no room for an RSSI byte
        "0001" + "040102e249",  # half a word
        "ffff" + "030101" + "49",  # a count that nothing bears out
    ],
)
def test_tags_whose_lengths_do_not_meet_the_end_are_noise(data: str) -> None:
    frame = told(0x01, data)
    codec = Chafon5357Codec()
    items = codec.receive(frame) + codec.flush()
    assert all(isinstance(item, Noise) for item in items)
    assert b"".join(item.data for item in items if isinstance(item, Noise)) == frame


def test_a_head_cut_in_its_middle_waits_for_its_rest() -> None:
    frame = told(0x40, "")
    codec = Chafon5357Codec()
    assert codec.receive(frame[:1]) == []
    [item] = codec.receive(frame[1:])
    assert isinstance(item, Reply)


def test_an_impossible_length_is_refused_at_once() -> None:
    frame = told(0x40, "")
    [noise, item] = Chafon5357Codec().receive(b"CT\x10\x01" + frame)
    assert noise == Noise(b"CT\x10\x01", "length 4097, expected 4 to 4096")
    assert isinstance(item, Reply)


def test_a_reader_out_of_its_box_speaks_and_is_not_asked() -> None:
    reader, codec = Chafon5357Emulator(), Chafon5357Codec()
    reader.show([EPC], antenna=3)

    [read] = codec.receive(b"".join(sent.frame for sent in reader.tick()))
    assert isinstance(read, TagRead)
    assert (read.epc, read.antenna) == (EPC, 3)
    assert dict(read.more)["sn"] == "c3dd938e170123"
    codec.on_item(read)

    assert [codec.on_item(item) for item in codec.receive(told(0x01, "0000"))] == [b""]


def test_a_reader_that_answers_is_asked_again_and_again() -> None:
    reader, codec = Chafon5357Emulator(), Chafon5357Codec()
    assert asked(reader, 0x24, "0200").error is None
    reader.show([EPC, OTHER], antenna=2)
    assert reader.tick() == []
    wire, seen = codec.start(), []
    for _ in range(4):
        items = codec.receive(reader.receive(wire))
        seen += [item.epc for item in items if isinstance(item, TagRead)]
        wire = b"".join(codec.on_item(item) for item in items)
        assert wire == codec.start()
    assert seen == [EPC, OTHER, EPC, OTHER]


def test_a_silent_reader_is_asked_what_it_is() -> None:
    reader, codec = Chafon5357Emulator(), Chafon5357Codec()
    assert codec.keep_going(1499) == b""
    [info] = codec.receive(reader.receive(codec.keep_going(1500)))
    assert codec.on_item(info) == codec.start()


def test_a_refusal_is_not_followed_by_the_same_question() -> None:
    codec = Chafon5357Codec()
    [refused] = codec.receive(told(0x01, "", "00"))
    assert isinstance(refused, Reply)
    assert (refused.error, refused.fields["kind"]) == (0, "error")
    assert codec.on_item(refused) == b""


def test_reading_stops_and_starts() -> None:
    reader = Chafon5357Emulator()
    reader.show([EPC])
    assert len(pushed(reader)) == 1
    asked(reader, 0x40)
    assert pushed(reader) == []
    asked(reader, 0x41)
    assert len(pushed(reader)) == 1


def test_antennas_that_are_switched_off_hear_nothing() -> None:
    reader = Chafon5357Emulator()
    reader.show([EPC], antenna=2)
    asked(reader, 0xE1, "0001")
    assert asked(reader, 0xE1).fields["antenna_mask"] == 1
    assert pushed(reader) == []


@pytest.mark.parametrize(
    ("code", "data"),
    [(0x24, "0550"), (0x24, "0900"), (0x24, "0203"), (0x23, "00"), (0x99, ""), (0x02, "00"),
     (0x21, "00"), (0x3F, "4e")],
)  # fmt: skip
def test_what_is_wrong_is_refused(code: int, data: str) -> None:
    assert asked(Chafon5357Emulator(), code, data).error == 0


def test_a_setting_is_told_as_it_was_set() -> None:
    reader = Chafon5357Emulator()
    assert asked(reader, 0x24, "051a").error is None
    assert asked(reader, 0x23, "05").fields["power_dbm"] == 26
    assert asked(reader, 0x3F, "3180").error is None
    assert asked(reader, 0x3E).fields["freq"] == "3180 USA"
    assert asked(reader, 0x2C, "110102030405").error is None
    assert asked(reader, 0x2B).fields["time"] == "2017-01-02 03:04:05"
    assert asked(reader, 0x22).error is None
    assert asked(reader, 0x23, "05").fields["power_dbm"] == 30


def test_another_address_and_a_hosts_thanks_are_not_answered() -> None:
    reader = Chafon5357Emulator(address=4)
    assert reader.receive(Frame(0, 0x10, b"").encode()) == b""
    assert reader.receive(Frame(4, 0x10, b"").encode())
    assert reader.receive(Frame(0xFF, 0x45, b"").encode()) == b""


def test_a_heartbeat_names_the_reader() -> None:
    [beat] = Chafon5357Codec().receive(Chafon5357Emulator().beat().frame)
    assert (beat.tree()["kind"], beat.tree()["sn"]) == ("heartbeat", "c3dd938e170123")
