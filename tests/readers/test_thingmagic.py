"""A ThingMagic module is woken, set to read, kept reading; a Silion one shows by a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.codec import Codec, Sent
from readers.emulated.emulation import EmulatedReader
from readers.inquiry import About
from readers.probe import Found, probe
from readers.protocols.thingmagic.codec import Frame, ThingMagicCodec, checksum, silion
from readers.protocols.thingmagic.emulator import ThingMagicEmulator
from readers.reads import Item, Reply, TagRead
from readers.transports.transport import open_port
from tests.readers.samples.epcs import EPC

TAG = bytes.fromhex("3034257bf7194e4000001a85")
OTHER = bytes.fromhex("3034257bf7194e4000001a86")


def talk(device: ThingMagicEmulator, codec: Codec, rounds: int, wire: bytes) -> list[Item]:
    """Let both speak for some rounds of 50 ms; return what the host heard."""
    heard: list[Item] = []
    for _ in range(rounds):
        told = device.receive(wire) + b"".join(sent.frame for sent in device.tick())
        items = codec.receive(told)
        heard += items
        wire = b"".join(codec.on_item(item) for item in items)
    return heard


def asked(device: ThingMagicEmulator, frame: Frame) -> Reply | TagRead:
    [item] = ThingMagicCodec().receive(device.receive(frame.encode()))
    assert isinstance(item, Reply | TagRead)
    return item


def nibble_by_nibble(data: bytes) -> int:
    """The CRC as the makers' guide describes it."""
    register = 0xFFFF
    for byte in data:
        for nibble in (byte >> 4, byte & 0xF):
            shifted = (register << 4 | nibble) & 0xFFFF
            register = shifted ^ (register >> 12) * 0x1021 & 0xFFFF
    return register


@given(data=st.binary(min_size=2, max_size=60))
def test_the_checksum_is_the_makers_own(data: bytes) -> None:
    assert checksum(b"\xff" + data) == nibble_by_nibble(data)


@pytest.mark.parametrize("is_booted", [False, True])
@pytest.mark.parametrize("is_silion", [False, True])
def test_a_module_is_woken_and_reads(*, is_booted: bool, is_silion: bool) -> None:
    device = ThingMagicEmulator(is_booted=is_booted, is_silion=is_silion)
    device.show([TAG], antenna=2, rssi_dbm=-61)
    codec = ThingMagicCodec()

    reads = [item for item in talk(device, codec, 12, codec.start()) if isinstance(item, TagRead)]

    assert {(read.epc, read.antenna, read.rssi_dbm) for read in reads} == {(TAG, 2, -61.0)}
    device.receive(codec.stop())
    assert device.tick() == []


def test_region_and_power_are_set_only_where_they_are_wished_for() -> None:
    device = ThingMagicEmulator(is_booted=False)
    before = dict(device._settings)
    talk(device, codec := ThingMagicCodec(), 8, codec.start())
    assert device._settings == before | {0x63: b"\x00\x05"}

    device.restart()
    codec = ThingMagicCodec(antennas=(1, 3), region=0x01, power_cdbm=2000)
    talk(device, codec, 10, codec.start())

    assert device._settings == before | {
        0x61: b"\x01\x01\x03\x03", 0x62: b"\x07\xd0", 0x63: b"\x00\x05", 0x67: b"\x01",
    }  # fmt: skip


def test_a_reading_module_hears_nothing_but_the_stop() -> None:
    device, codec = ThingMagicEmulator(), ThingMagicCodec()
    talk(device, codec, 8, codec.start())
    assert device.receive(Frame(0x03, b"").encode()) == b""
    assert device.receive(codec.stop()) == Frame(0x2F, b"\x02", 0).encode()
    assert device.receive(Frame(0x03, b"").encode()) != b""


def test_an_empty_field_has_a_heartbeat_and_three_missed_begin_anew() -> None:
    device, codec = ThingMagicEmulator(), ThingMagicCodec()
    heard = talk(device, codec, 60, codec.start())
    beats = [item for item in heard if item.tree().get("kind") == "keep-alive"]
    assert len(beats) == 2
    assert {item.error for item in beats if isinstance(item, Reply)} == {None}
    assert codec.keep_going(2999) == b""
    assert codec.keep_going(3000) == codec.stop()

    device.restart()
    device.show([TAG])
    assert [item for item in talk(device, codec, 10, codec.stop()) if isinstance(item, TagRead)]


def test_a_setting_without_an_answer_is_asked_again_after_a_second() -> None:
    codec = ThingMagicCodec()
    codec.start()
    assert codec.keep_going(999) == b""
    # Whose stop nobody answered may be of the other dialect: both know the firmware's start.
    assert codec.keep_going(1000) == Frame(0x04, b"").encode()
    assert codec.keep_going(1000) == codec.start() == Frame(0x2F, b"\x00\x00\x02").encode()


def test_a_record_without_epc_is_no_read_and_is_counted() -> None:
    codec = ThingMagicCodec()
    wire = bytes.fromhex("ff1c22000010001b01ff0101d9220dc65e0000001400b1050000000020021817ab1336")
    [item] = codec.receive(wire)
    assert isinstance(item, Reply)
    assert (item.error, item.fields["epc"], codec.records_without_epc) == (0x0410, "", 1)


def test_a_buffer_of_two_tags_shares_one_frame() -> None:
    record = "bf110080300030{:02x}257bf7194e4000001a850102"
    data = bytes.fromhex("00060002" + record.format(1) + record.format(2))
    first, second = ThingMagicCodec().receive(Frame(0x29, data, 0).encode())
    assert isinstance(first, TagRead)
    assert isinstance(second, TagRead)
    assert first.frame is second.frame
    assert (first.epc[1], second.epc[1]) == (1, 2)


def test_reads_of_a_run_are_those_that_are_taken_one_by_one() -> None:
    frame = bytes.fromhex(
        "ff2822000010001b01ff0101c4110e16400000012700000500000f00803000000000000000000000001545e94a"
        "561d"
    )
    slow, fast = ThingMagicCodec().receive(frame * 2)
    assert (type(fast), fast, hash(fast)) == (TagRead, slow, hash(slow))


@given(epc=EPC, antenna=st.integers(1, 16), dbm=st.integers(-120, -30))
def test_a_tag_shown_to_the_module_is_read_as_shown(epc: bytes, antenna: int, dbm: int) -> None:
    device, codec = ThingMagicEmulator(), ThingMagicCodec()
    device.show([epc], antenna=antenna, rssi_dbm=dbm)
    reads = [item for item in talk(device, codec, 6, codec.start()) if isinstance(item, TagRead)]
    assert {(each.epc, each.antenna, each.rssi_dbm) for each in reads} == {(epc, antenna, dbm)}


def test_memory_is_read_written_and_locked_as_asked() -> None:
    device = ThingMagicEmulator()
    device.show([TAG, OTHER])
    chosen = b"\x60" + OTHER
    none, key = bytes(4), bytes.fromhex("11223344")
    at_0, timeout = bytes(4), b"\x03\xe8"

    def write(bank: int, address: int, data: bytes, password: bytes = none) -> int | None:
        where = address.to_bytes(4, "big") + bytes((bank,))
        body = timeout + b"\x01" + where + password + chosen + data
        item = asked(device, Frame(0x24, body))
        assert isinstance(item, Reply)
        return item.error

    def read(bank: int, words: int) -> object:
        body = timeout + b"\x11\x00\x00" + bytes((bank,)) + at_0 + bytes((words,)) + none + chosen
        item = asked(device, Frame(0x28, body))
        assert isinstance(item, Reply)
        return item.fields.get("data", item.error)

    lock = Frame(0x25, timeout + b"\x01" + key + b"\x00\x03\x00\x02" + chosen)

    assert read(2, 2) == "110000" + "e2801105"
    assert read(3, 64) == 0x423
    assert write(3, 0, b"\xbe\xef") is None
    assert read(3, 1) == "110000" + "beef"
    assert write(0, 2, key) is None
    assert asked(device, lock).tree()["status"] == 0
    assert write(3, 0, b"\x00\x00") == 0x424
    assert write(3, 0, b"\x12\x34", b"\x00\x00\x00\x01") == 0x406
    assert write(3, 0, b"\x12\x34", key) is None
    assert read(3, 1) == "110000" + "1234"
    assert asked(device, Frame(0x26, timeout + b"\x00" + key + b"\x00")).tree()["status"] == 0x40C


def test_a_new_epc_is_what_is_read_from_then_on() -> None:
    device = ThingMagicEmulator()
    device.show([TAG])
    asked(device, Frame(0x23, b"\x03\xe8\x00\x00" + OTHER))
    item = asked(device, Frame(0x21, b"\x03\xe8"))
    assert isinstance(item, TagRead)
    assert item.epc == OTHER


def test_silion_commands_carry_an_inner_checksum() -> None:
    known = "ff13aa4d6f64756c6574656368aa48001600800088bbbc6d"
    assert silion(0x48, bytes.fromhex("0016008000")).hex() == known
    assert silion(0x49).hex() == "ff0eaa4d6f64756c6574656368aa49f3bb0391"


def test_a_bootloader_refuses_what_needs_the_firmware() -> None:
    device = ThingMagicEmulator(is_booted=False)
    assert asked(device, Frame(0x21, b"\x03\xe8")).tree()["code"] == "0x0101 invalid opcode"
    assert asked(device, Frame(0x0C, b"")).tree()["program_name"] == "bootloader"
    assert asked(device, Frame(0x04, b"")).tree()["fw_version"] == "01070209"
    assert asked(device, Frame(0x0C, b"")).tree()["program_name"] == "firmware"
    assert asked(device, Frame(0x04, b"")).tree()["status"] == 0x0101


def test_a_crowded_field_is_read_over_several_rounds() -> None:
    device, codec = ThingMagicEmulator(), ThingMagicCodec()
    device.show([number.to_bytes(12, "big") for number in range(30)])
    talk(device, codec, 6, codec.start())
    rounds: list[list[Sent]] = [device.tick() for _ in range(5)]
    assert len({sent.epc for each in rounds for sent in each if sent.epc}) == 30


def test_a_module_that_is_reading_already_is_known_by_what_it_pushes() -> None:
    reader = EmulatedReader("busy", "thingmagic", port="tcp")
    reader.show([TAG])
    port = open_port(reader.url)
    wire = (codec := ThingMagicCodec()).start()
    for _ in range(5):
        port.send(wire)
        items = codec.receive(port.recv_some(1.0))
        wire = b"".join(codec.on_item(item) for item in items)
    port.close()

    found = probe(reader.url)

    reader.stop()
    assert isinstance(found, Found)
    assert (found.protocol, found.about) == ("thingmagic", About())
