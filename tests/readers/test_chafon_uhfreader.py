"""What is special to UHFReader18 / 288: no head, several tags a frame, pushes, tag memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.protocols.chafon_uhfreader.codec import Frame, UHFReaderCodec, UHFReaderHostCodec
from readers.protocols.chafon_uhfreader.emulator import UHFReaderEmulator
from readers.reads import Item, Noise, Reply, TagRead
from tests.readers.samples import samples

EPC = bytes.fromhex("30751feb705c5904e3d50d70")
OTHER = bytes.fromhex("3034257bf7194e4000001a85")


def asked(reader: UHFReaderEmulator, code: int, data: str = "") -> list[Item]:
    wire = Frame(0xFF, code, bytes.fromhex(data)).encode()
    return UHFReaderCodec().receive(reader.receive(wire))


def status(reader: UHFReaderEmulator, code: int, data: str = "") -> int:
    [item] = asked(reader, code, data)
    assert isinstance(item, Reply)
    return int(str(item.fields["status"]))


def polled(reader: UHFReaderEmulator, rounds: int, codec: UHFReaderCodec) -> list[TagRead]:
    wire = codec.start()
    seen: list[TagRead] = []
    for _ in range(rounds):
        items = codec.receive(reader.receive(wire))
        seen += [item for item in items if isinstance(item, TagRead)]
        wire = b"".join(codec.on_item(item) for item in items)
    return seen


def test_the_tags_of_one_frame_share_it() -> None:
    frame = bytes.fromhex(
        "2300010101020c0307260000000000000092d5e00c03072600000000000000926dde90fc"
    )
    one, other, end = UHFReaderCodec().receive(frame)

    assert isinstance(one, TagRead)
    assert isinstance(other, TagRead)
    assert isinstance(end, Reply)
    assert one.frame is other.frame is end.frame
    assert (one.rssi_dbm, one.rssi_raw, one.antenna) == (None, 0xE0, 1)
    assert end.fields["kind"] == "inventory end"


@pytest.mark.parametrize("mask", range(256))
def test_an_antenna_is_a_mask_with_one_bit(mask: int) -> None:
    frame = Frame(0, 0xEE, bytes((0, mask, 2, 0xE2, 0x80, 99))).encode()
    [read] = UHFReaderCodec().receive(frame)

    assert isinstance(read, TagRead)
    assert read.antenna == {1 << at: at + 1 for at in range(8)}.get(mask)
    assert dict(read.more) == {"status": 0, "antenna_mask": mask}


def test_a_tid_behind_the_epc_is_parted_from_it() -> None:
    tid = bytes.fromhex("e28011602000123456789abc")
    tag = bytes((0x80 | 24,)) + EPC + tid + b"\x55"
    inventory = Frame(0, 0x01, b"\x03\x01\x01" + tag).encode()
    pushed = Frame(0, 0xEE, b"\x00\x01" + tag).encode()
    buffered = Frame(0, 0x72, b"\x01\x01\x01" + tag + b"\x02").encode()

    found = UHFReaderCodec().receive(inventory + pushed + buffered)

    assert len(found) == 3
    assert all(isinstance(read, TagRead) and read.epc == EPC for read in found)
    assert {str(read.tree()["tid"]) for read in found} == {tid.hex()}


def test_a_heartbeat_tells_how_the_antennas_are() -> None:
    beat = b"\x28" + (7).to_bytes(4, "big") + b"\x01\x00\x02\x09" + (1000).to_bytes(4, "big")
    [item] = UHFReaderCodec().receive(Frame(0, 0xEE, beat).encode())

    assert isinstance(item, Reply)
    assert item.error is None
    assert item.fields["kind"] == "heartbeat"
    assert item.fields["packet_number"] == 7
    assert item.fields["antennas"] == ["ok", "idle", "disconnected", "0x09"]
    assert item.fields["total_read"] == 1000


@given(
    st.lists(st.tuples(st.binary(max_size=60), samples("chafon_uhfreader").frame), max_size=5),
    st.lists(st.integers(0, 700), max_size=8),
)
def test_any_noise_between_frames_costs_none(
    pairs: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    wire = b"".join(noise + frame for noise, frame in pairs)
    codec, start = UHFReaderCodec(), 0
    items: list[Item] = []
    for cut in [*sorted(cuts), len(wire)]:
        items += codec.receive(wire[start:cut])
        start = max(start, cut)
    items += codec.flush()

    found = [item.frame for item in items if not isinstance(item, Noise)]
    frames = [frame for _, frame in pairs]
    # Once in 65,536 the checksum of noise is right: then a stranger is found.
    if all(frame in frames for frame in found):
        unique = [frame for at, frame in enumerate(found) if not at or frame is not found[at - 1]]
        assert unique == frames


def test_a_frame_behind_a_false_length_comes_out_once_the_line_is_quiet() -> None:
    frame = bytes.fromhex("05004000102b")
    codec = UHFReaderCodec()
    assert codec.receive(b"\xf0" + frame) == []

    head, found = codec.idle(20)

    assert head == Noise(b"\xf0", "a frame that never ended")
    assert isinstance(found, Reply)
    assert found.frame == frame


def test_a_288_is_asked_at_each_antenna_that_it_names() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC], antenna=1)
    reader.show([OTHER], antenna=4)

    seen = polled(reader, 12, UHFReaderCodec())

    assert [(read.epc, read.antenna) for read in seen[:4]] == [
        (EPC, 1), (OTHER, 4), (EPC, 1), (OTHER, 4),
    ]  # fmt: skip


def test_the_antennas_that_are_wanted_take_turns() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC], antenna=1)
    reader.show([OTHER], antenna=2)

    seen = polled(reader, 6, UHFReaderCodec(antennas=(2,)))

    assert {read.epc for read in seen} == {OTHER}


def test_an_18_is_asked_without_parameters_and_tells_no_antenna() -> None:
    reader = UHFReaderEmulator(layout="18")
    reader.show([EPC], antenna=3)

    [read, *_] = polled(reader, 3, UHFReaderCodec())

    assert (read.epc, read.antenna, read.rssi_raw) == (EPC, None, None)
    assert dict(read.more)["layout"] == "18"


@pytest.mark.parametrize("layout", ["288", "18"])
def test_a_reader_in_real_time_mode_pushes_and_answers_three_questions(layout: str) -> None:
    reader = UHFReaderEmulator(layout=layout)
    reader.show([EPC])
    assert reader.tick() == []
    assert status(reader, 0x76, "01") == 0

    [pushed] = UHFReaderCodec().receive(b"".join(sent.frame for sent in reader.tick()))

    assert isinstance(pushed, TagRead)
    assert pushed.epc == EPC
    assert [status(reader, code) for code in (0x21, 0x77, 0x01, 0x72)] == [0, 0, 0xFE, 0xFE]
    assert status(reader, 0x76, "00") == 0
    assert reader.tick() == []


def test_a_reader_that_is_refused_a_round_is_not_asked_again_at_once() -> None:
    codec = UHFReaderCodec()
    [refusal] = codec.receive(Frame(0, 0x00, b"\xfe").encode())
    assert codec.on_item(refusal) == b""
    assert codec.keep_going(1999) == b""
    assert codec.keep_going(2000) == codec.start()


def test_a_heartbeat_is_said_as_often_as_it_was_asked_for() -> None:
    reader = UHFReaderEmulator()
    asked(reader, 0x78, "81")
    asked(reader, 0x76, "01")

    beats = [at for at in range(1, 1300) if reader.tick()]

    assert beats == [600, 1200]


@pytest.mark.parametrize(
    ("code", "data", "expected"),
    [
        (0x2F, "1e", 0x00), (0x2F, "50", 0xFF), (0x2F, "", 0xFD), (0x22, "4e", 0xFD),
        (0x01, "040000", 0xFD), (0x01, "0400008705", 0xF8),
        (0x01, "", 0x01), (0x99, "", 0xFE), (0x02, "0130", 0xFD), (0x01, "040000800b", 0x01),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(code: int, data: str, expected: int) -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC])
    last = asked(reader, code, data)[-1]
    assert isinstance(last, Reply)
    assert last.fields["status"] == expected


def test_a_command_whose_rest_never_comes_is_given_up() -> None:
    reader = UHFReaderEmulator()
    assert reader.receive(bytes.fromhex("a003ff72ec")) == b""
    reader.tick()
    reader.tick()
    assert status(reader, 0x21) == 0


def test_another_address_is_not_answered() -> None:
    reader = UHFReaderEmulator(address=5)
    assert reader.receive(Frame(0, 0x21, b"").encode()) == b""
    [info] = UHFReaderCodec().receive(reader.receive(Frame(5, 0x21, b"").encode()))
    assert isinstance(info, Reply)
    assert info.fields["address"] == "0x05"


def test_memory_is_read_written_protected_and_killed() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC])
    epc = f"06{EPC.hex()}"

    def read(place: str, password: str = "00000000") -> str:
        [item] = asked(reader, 0x02, epc + place + password)
        assert isinstance(item, Reply)
        return str(item.fields.get("data", item.fields.get("code")))

    assert read("010106") == "3000" + EPC.hex()[:20]
    assert read("030002") == "00000000"
    assert status(reader, 0x03, f"02{epc}0300cafe123400000000") == 0
    assert read("030002") == "cafe1234"
    assert read("030063") == "0xFC tag error"
    assert status(reader, 0x05, epc + "00000000") == 0x0A  # its kill password is zero
    assert status(reader, 0x03, f"04{epc}0000111111112222222200000000") == 0
    assert read("030002", "33333333") == "0x05 wrong access password"
    assert read("030002", "22222222") == "cafe1234"
    assert status(reader, 0x06, epc + "040222222222") == 0
    assert status(reader, 0x03, f"01{epc}0300beef00000000") == 0xFC
    assert status(reader, 0x03, f"01{epc}0300beef22222222") == 0
    assert status(reader, 0x05, epc + "44444444") == 0x09
    assert status(reader, 0x05, epc + "11111111") == 0
    assert reader.field == {}
    assert status(reader, 0x02, epc + "03000222222222") == 0xFB


def test_an_epc_is_written_only_where_one_tag_answers() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC, OTHER])
    assert status(reader, 0x04, "0200000000e2801234") == 0xFA
    reader.hide([OTHER])
    assert status(reader, 0x04, "0200000000e2801234") == 0
    assert list(reader.field) == [bytes.fromhex("e2801234")]


def test_a_mask_says_which_tag_is_meant() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC, OTHER])
    mask = "01002020" + OTHER.hex()[:8]
    [item] = asked(reader, 0x15, "ff0100020200000000" + mask)
    assert isinstance(item, Reply)
    assert item.fields["data"] == OTHER.hex()[:8]


def test_a_buffer_counts_how_often_a_tag_was_seen() -> None:
    reader = UHFReaderEmulator()
    reader.show([EPC, OTHER])
    asked(reader, 0x18, "0400008005")
    asked(reader, 0x18, "0400008005")

    reads = asked(reader, 0x72)
    assert [(read.epc, read.read_count) for read in reads if isinstance(read, TagRead)] == [
        (EPC, 2), (OTHER, 2),
    ]  # fmt: skip
    assert status(reader, 0x73) == 0
    [count] = asked(reader, 0x74)
    assert count.tree()["buffer_count"] == 0


def test_a_setting_that_is_not_saved_says_so() -> None:
    [command] = UHFReaderHostCodec().receive(Frame(0, 0x2F, b"\x9a").encode())
    assert command.tree()["power_dbm"] == 26
    assert command.tree()["is_saved"] is False
