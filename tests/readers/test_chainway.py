"""What is special about Chainway readers: records by length, silence, tags with passwords."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readers.emulated.tag_memory import RESERVED, TID
from readers.protocols.chainway.codec import ChainwayCodec, Frame, blocks_of
from readers.protocols.chainway.emulator import ChainwayEmulator
from readers.reads import Item, Reply, TagRead

EPC = bytes.fromhex("3034257bf7194e4000001a85")
OTHER = bytes.fromhex("3034257bf7194e4000001a86")
PASSWORD = bytes.fromhex("aabbccdd")
WHOLE = bytes.fromhex("0100000000")


def asked(device: ChainwayEmulator, command: int, data: bytes) -> Reply:
    [item] = ChainwayCodec().receive(device.receive(Frame(command, data).encode()))
    assert isinstance(item, Reply)
    assert item.command == command + 1
    return item


def of(epc: bytes) -> bytes:
    """A filter for exactly this EPC."""
    return bytes.fromhex("010020") + (len(epc) * 8).to_bytes(2, "big") + epc


@pytest.fixture
def device() -> ChainwayEmulator:
    device = ChainwayEmulator()
    device.show([EPC, OTHER])
    return device


@pytest.mark.parametrize(
    ("has_phase", "has_frequency"), [(False, False), (True, False), (False, True), (True, True)]
)
@pytest.mark.parametrize("mode", ["00000000", "00010000", "00020002", "00020001"])
def test_what_was_asked_for_is_read_whatever_the_length(
    device: ChainwayEmulator, mode: str, has_phase: bool, has_frequency: bool
) -> None:
    asked(device, 0x70, bytes.fromhex(mode))
    codec = ChainwayCodec(has_phase=has_phase, has_frequency=has_frequency)
    device.receive(codec.start())
    wire = b"".join(sent.frame for sent in device.tick())

    reads = codec.receive(wire)

    words = int(mode[-1])
    told = [read.tree() for read in reads]
    assert [each["epc"] for each in told] == [EPC.hex(), OTHER.hex()]
    assert {each.get("phase") for each in told} == {81 if has_phase else None}
    assert {each.get("frequency_khz") for each in told} == {866900 if has_frequency else None}
    assert told[0].get("tid") == (
        device.tags.tags()[0].banks[TID].hex() if mode[3] != "0" else None
    )
    assert told[0].get("user") == ("0000" * words if words else None)


def test_a_size_that_no_mode_sends_has_no_blocks() -> None:
    assert [size for size in range(24) if blocks_of(size, None, None) is None] == [
        1, 4, 6, 7, 8, 9, 10, 11, 13,
    ]  # fmt: skip
    assert blocks_of(3, False, False) is None


def test_a_reader_that_sees_nothing_is_stopped_and_started_to_hear_that_it_lives() -> None:
    codec, device = ChainwayCodec(), ChainwayEmulator()
    device.receive(codec.start())
    assert device.receive(Frame(0x02, b"").encode()) == b""
    assert device.receive(b"\x00") == b""
    assert codec.keep_going(4999) == b""

    [stopped] = codec.receive(device.receive(codec.keep_going(5000)))

    assert codec.on_item(stopped) == codec.start()
    assert codec.on_item(stopped) == b""


def test_only_the_tag_that_is_named_is_written(device: ChainwayEmulator) -> None:
    tail = bytes.fromhex("0100020006") + bytes(range(12))
    assert asked(device, 0x86, bytes(4) + of(OTHER) + tail).error is None
    assert list(device.field) == [EPC, bytes(range(12))]
    assert asked(device, 0x86, bytes(4) + of(OTHER) + tail).fields["errflag"] == 0x22


def test_an_epc_gets_shorter_with_its_pc_word(device: ChainwayEmulator) -> None:
    tail = bytes.fromhex("0100010001") + b"\x20\x00"
    assert asked(device, 0x86, bytes(4) + of(EPC) + tail).error is None
    assert list(device.field) == [EPC[:8], OTHER]


def test_memory_is_read_and_locked_behind_the_password(device: ChainwayEmulator) -> None:
    set_password = bytes.fromhex("0000020002") + PASSWORD
    write_user = bytes.fromhex("0300000001beef")
    read_user = bytes.fromhex("0300000001")

    done = [
        asked(device, 0x86, bytes(4) + of(EPC) + set_password),
        asked(device, 0x88, PASSWORD + of(EPC) + bytes.fromhex("000802")),
        asked(device, 0x86, bytes(4) + of(EPC) + write_user),
        asked(device, 0x86, PASSWORD + of(EPC) + write_user),
        asked(device, 0x86, bytes.fromhex("00000001") + of(EPC) + write_user),
        asked(device, 0x84, bytes(4) + of(EPC) + read_user),
        asked(device, 0x95, PASSWORD + of(EPC) + read_user),
    ]

    assert [each.error for each in done] == [None, None, 1, None, 2, None, None]
    assert done[5].fields["data"] == "beef"


def test_a_tag_is_killed_by_its_own_password_alone(device: ChainwayEmulator) -> None:
    device.tags.tags()[0].banks[RESERVED][:4] = PASSWORD
    refused = asked(device, 0x8A, bytes(4) + of(OTHER))
    wrong = asked(device, 0x8A, b"\x00\x00\x00\x01" + of(EPC))
    killed = asked(device, 0x8A, PASSWORD + of(EPC))
    assert (refused.error, wrong.error, killed.error) == (2, 2, None)
    assert list(device.field) == [OTHER]


def test_a_filter_is_for_reading_too(device: ChainwayEmulator) -> None:
    assert asked(device, 0x6E, b"\x00" + of(OTHER)).error is None
    [read] = ChainwayCodec().receive(device.receive(Frame(0x80, b"\x00\x64").encode()))
    assert isinstance(read, TagRead)
    assert read.epc == OTHER


@pytest.mark.parametrize(
    ("command", "data"), [(0x84, b""), (0x84, bytes(4) + WHOLE), (0xF3, b""), (0x2C, b"")]
)
def test_what_is_not_understood_is_refused(
    device: ChainwayEmulator, command: int, data: bytes
) -> None:
    wire = device.receive(Frame(command, data).encode())
    assert wire == Frame(command + 1, b"\x00").encode()


@pytest.mark.parametrize("make", [lambda frame: frame[:-2] + frame[-1:], lambda frame: frame[1:]])
def test_a_cut_frame_costs_no_other(make: Callable[[bytes], bytes]) -> None:
    frame = Frame(0x83, b"\x30\x00" + EPC + b"\xfd\x6f\x02").encode()
    items: list[Item] = ChainwayCodec().receive(make(frame) + frame)
    assert [item.frame for item in items if isinstance(item, TagRead)] == [frame]
