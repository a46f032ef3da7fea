"""A NUR reader streams many tags in one frame, stops by itself, and is started again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.codec import Codec
from readers.emulated.emulation import EmulatedReader
from readers.inquiry import About
from readers.probe import Found, probe
from readers.protocols.nordicid_nur.codec import Frame, NurCodec
from readers.protocols.nordicid_nur.emulator import NurEmulator
from readers.reads import Input, Item, Noise, Reply, TagRead
from readers.transports.transport import open_port
from tests.readers.samples.epcs import EPC

TAG = bytes.fromhex("300000000789004000000002")
OTHER = bytes.fromhex("300000000789004000000003")


def talk(device: NurEmulator, codec: Codec, rounds: int) -> list[Item]:
    """Let both speak for some rounds of 50 ms; return what the host heard."""
    heard: list[Item] = []
    wire = codec.start()
    for _ in range(rounds):
        told = device.receive(wire) + b"".join(sent.frame for sent in device.tick())
        items = codec.receive(told)
        heard += items
        wire = b"".join(codec.on_item(item) for item in items)
    return heard


def asked(device: NurEmulator, payload: bytes) -> Item:
    [item] = NurCodec().receive(device.receive(Frame(payload).encode()))
    return item


def test_the_tags_of_a_notification_share_its_frame() -> None:
    device = NurEmulator()
    device.show([TAG, OTHER], antenna=3, rssi_dbm=-58)

    _, first, second = talk(device, NurCodec(), 1)

    assert isinstance(first, TagRead)
    assert isinstance(second, TagRead)
    assert first.frame is second.frame
    assert [(each.epc, each.antenna, each.rssi_dbm) for each in (first, second)] == [
        (TAG, 3, -58.0),
        (OTHER, 3, -58.0),
    ]
    assert {key: first.tree()[key] for key in ("rounds", "collisions", "q")} == {
        "rounds": 1, "collisions": 0, "q": 4,
    }  # fmt: skip


def test_a_stream_without_tags_says_so_and_its_end_follows_its_tags() -> None:
    device = NurEmulator(stream_rounds=2)
    heard = talk(device, NurCodec(), 1)
    assert heard[-1].tree()["kind"] == "inventory round"

    device.show([TAG])
    read, end = NurCodec().receive(device.tick()[0].frame)

    assert isinstance(read, TagRead)
    assert isinstance(end, Reply)
    assert end.frame is read.frame
    assert (end.fields["kind"], end.fields["tag_count"]) == ("inventory end", 1)


def test_a_stream_that_has_stopped_is_started_again() -> None:
    device = NurEmulator(stream_rounds=3)
    device.show([TAG])

    heard = talk(device, NurCodec(), 12)

    ends = [item for item in heard if item.tree().get("kind") == "inventory end"]
    starts = [item for item in heard if isinstance(item, Reply) and item.command == 0x39]
    assert len(ends) == 4
    assert len(starts) == 4
    assert sum(isinstance(item, TagRead) for item in heard) == 12


def test_a_restart_or_two_silent_seconds_start_the_stream_again() -> None:
    codec = NurCodec(session=1)
    [boot] = codec.receive(Frame(b"\x80APP.", 1).encode())
    assert codec.on_item(boot) == codec.start() == Frame(b"\x39\x00\x01\x00").encode()
    assert codec.keep_going(1999) == b""
    assert codec.keep_going(2000) == codec.start()
    assert codec.stop() == Frame(b"\x0e").encode()


def test_a_stopped_reader_is_silent() -> None:
    device, codec = NurEmulator(), NurCodec()
    device.show([TAG])
    talk(device, codec, 2)
    device.receive(codec.stop())
    assert device.tick() == []


def test_a_crowded_field_is_told_in_several_notifications() -> None:
    device = NurEmulator()
    device.show([number.to_bytes(12, "big") for number in range(20)])
    device.receive(NurCodec().start())
    assert [len(sent.epcs) for sent in device.tick()] == [8, 8, 4]


def test_an_impossible_length_stalls_nobody() -> None:
    good = Frame(b"\x01\x00OK").encode()
    for length in (0, 2, 8186, 0xFFFF):
        head = b"\xa5" + length.to_bytes(2, "little") + b"\x00\x00"
        head += bytes((0xFF ^ 0xA5 ^ head[1] ^ head[2],))
        noise, item = NurCodec().receive(head + good)
        assert isinstance(noise, Noise)
        assert isinstance(item, Reply)
        assert item.frame == good


@given(epcs=st.lists(EPC, min_size=1, max_size=6, unique=True), dbm=st.integers(-120, -20))
def test_tags_shown_to_the_reader_are_read_as_shown(epcs: list[bytes], dbm: int) -> None:
    device = NurEmulator()
    device.show(epcs, antenna=2, rssi_dbm=dbm)
    reads = [item for item in talk(device, NurCodec(), 1) if isinstance(item, TagRead)]
    assert [(each.epc, each.antenna, each.rssi_dbm) for each in reads] == [
        (epc, 2, float(dbm)) for epc in epcs
    ]
    assert [each.pc for each in reads] == [len(epc) // 2 << 11 for epc in epcs]


def test_memory_is_read_written_and_locked_as_asked() -> None:
    device = NurEmulator()
    device.show([TAG, OTHER])
    key, none = (0x11223344).to_bytes(4, "little"), bytes(4)
    chosen = b"\x13\x01" + (32).to_bytes(4, "little") + (96).to_bytes(2, "little") + OTHER

    def where(bank: int, address: int, words: int) -> bytes:
        return bytes((bank,)) + address.to_bytes(4, "little") + bytes((words,))

    def write(bank: int, address: int, data: bytes, password: bytes = none) -> object:
        block = where(bank, address, len(data) // 2) + data
        body = b"\x34\x03" + password + chosen + bytes((len(block),)) + block
        return asked(device, body).tree()["status"]

    def read(bank: int, words: int) -> object:
        return asked(device, b"\x33\x02" + none + chosen + b"\x06" + where(bank, 0, words)).tree()

    lock = b"\x36\x03" + key + chosen + b"\x04\x03\x00\x02\x00"

    assert write(3, 0, b"\xbe\xef") == 0
    assert read(3, 1)["data"] == "beef"  # type: ignore[index]
    assert read(3, 64)["code"] == "0x42 tag refused"  # type: ignore[index]
    assert write(0, 2, bytes.fromhex("11223344")) == 0
    assert asked(device, lock).tree()["status"] == 0
    assert write(3, 0, b"\x00\x00") == 66
    assert write(3, 0, b"\x00\x00", b"\x01\x00\x00\x00") == 36
    assert write(3, 0, b"\x12\x34", key) == 0
    assert write(1, 2, b"\x31", key) == 2
    assert asked(device, b"\x37\x02" + key + chosen).tree()["status"] == 36


def test_setup_is_told_for_the_fields_that_are_asked_and_changed_for_those_that_are_given() -> None:
    device = NurEmulator()
    before = asked(device, b"\x22\x14\x00\x00\x00").tree()
    assert (before["tx_level"], before["region"]) == (0, 0)
    changed = asked(device, b"\x22\x04\x00\x00\x00\x06").tree()
    assert changed["tx_level"] == 6
    assert asked(device, b"\x22\x14\x00\x00\x00").tree()["tx_level"] == 6
    assert asked(device, b"\x22\x04\x00\x00\x00\x06\x00").tree()["status"] == 2


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x7e", "0x01 invalid command"), (b"\x30", "0x02 invalid length"), (b"\x06", "0x20 no tag"),
     (b"\x30\xf4\x01", "0x20 no tag"), (b"\x31", "0x20 no tag")],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(payload: bytes, code: str) -> None:
    assert asked(NurEmulator(), payload).tree()["code"] == code


def test_a_reader_that_is_reading_already_is_known_by_what_it_pushes() -> None:
    reader = EmulatedReader("busy", "nordicid_nur", port="tcp")
    reader.show([TAG])
    port = open_port(reader.url)
    wire = (codec := NurCodec()).start()
    for _ in range(1):
        port.send(wire)
        items = codec.receive(port.recv_some(1.0))
        wire = b"".join(codec.on_item(item) for item in items)
    port.close()

    found = probe(reader.url)

    reader.stop()
    assert isinstance(found, Found)
    assert (found.protocol, found.about) == ("nordicid_nur", About("STIX", "4.7-H", "eu", (27.0,)))


def test_an_input_that_changes_is_told() -> None:
    device, codec = NurEmulator(), NurCodec()
    device.input(2, is_high=True)
    device.input(2, is_high=False)
    told = codec.receive(b"".join(sent.frame for sent in device.tick()))
    assert [(each.pin, each.is_high) for each in told if isinstance(each, Input)] == [
        (2, True),
        (2, False),
    ]
    assert len(told) == 2
