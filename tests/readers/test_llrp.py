"""What is special about LLRP: a conversation that the reader begins, reports of many tags."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.codec import Sent
from readers.emulated.emulation import EmulatedReader
from readers.probe import NotFound, probe
from readers.protocols.llrp.client import LlrpCodec
from readers.protocols.llrp.codec import LlrpHostCodec, LlrpReplyCodec, Message
from readers.protocols.llrp.commands import MESSAGES
from readers.protocols.llrp.conversation import (
    access_spec,
    kill,
    lock_fields,
    read_words,
    rospec,
    write_words,
)
from readers.protocols.llrp.emulator import LlrpEmulator
from readers.protocols.llrp.parameters import PARAMETERS, TV_SIZES
from readers.protocols.llrp.report import ReportReader
from readers.protocols.llrp.structure import Contradiction, Parameter, Shape, parameters_of
from readers.reads import Command, Input, Item, LineDown, LineUp, Noise, Received, Reply, TagRead
from readers.session import Session
from tests.readers.samples.llrp import FRAME, REPORT

EPC = bytes.fromhex("3034257bf7194e4000001a85")
OTHER = bytes.fromhex("30751feb705c5904e3d50d7030751feb")


def talk(device: LlrpEmulator, codec: LlrpCodec, wire: bytes, rounds: int = 12) -> list[Item]:
    """Let both sides answer each other; return what the client heard."""
    heard: list[Item] = []
    answer = b"".join(sent.frame for sent in device.connect()) + device.receive(
        codec.start() + wire
    )
    for _ in range(rounds):
        answer += b"".join(sent.frame for sent in device.tick())
        items = codec.receive(answer)
        heard += items
        answer = device.receive(b"".join(codec.on_item(item) for item in items))
    return heard


def asked(wire: bytes) -> list[str]:
    return [
        str(item.fields["kind"])
        for item in LlrpHostCodec().receive(wire)
        if isinstance(item, Command)
    ]


def reads(items: list[Item]) -> list[TagRead]:
    return [item for item in items if isinstance(item, TagRead)]


def more(read: TagRead) -> dict[str, object]:
    return dict(read.more)


def test_the_reader_speaks_first_and_each_answer_calls_for_the_next_step() -> None:
    device, codec = LlrpEmulator(), LlrpCodec()
    assert codec.start() == b""
    told = b"".join(sent.frame for sent in device.connect())
    steps = []
    while told:
        wire = b"".join(codec.on_item(item) for item in codec.receive(told))
        steps.append(asked(wire))
        told = device.receive(wire)

    assert steps == [
        ["ENABLE_EVENTS_AND_REPORTS", "GET_READER_CAPABILITIES"],
        ["CUSTOM IMPINJ_ENABLE_EXTENSIONS"],
        ["SET_READER_CONFIG"],
        ["SET_READER_CONFIG"],
        ["DELETE_ROSPEC"],
        ["ADD_ROSPEC"],
        ["ENABLE_ROSPEC"],
        ["START_ROSPEC"],
        [],
    ]


def test_tags_are_read_with_all_that_was_asked_for() -> None:
    device = LlrpEmulator()
    device.show([EPC], antenna=2, rssi_dbm=-61)
    [read, *_] = reads(talk(device, LlrpCodec(), b""))

    assert (read.epc, read.antenna, read.rssi_dbm, read.pc, read.read_count) == (
        EPC, 2, -61.0, 0x3000, 1,
    )  # fmt: skip
    told = more(read)
    assert told["frequency_khz"] in (865_700, 866_300, 866_900, 867_500)
    assert told["first_seen_utc_us"] == told["last_seen_utc_us"]
    assert "is_held" not in told


def test_region_and_power_are_never_set() -> None:
    device, codec = LlrpEmulator(), LlrpCodec()
    wire = b""
    for item in codec.receive(b"".join(sent.frame for sent in device.connect())):
        wire += codec.on_item(item)
    said = wire
    while wire:
        items = codec.receive(device.receive(wire))
        wire = b"".join(codec.on_item(item) for item in items)
        said += wire
    text = str([item.tree() for item in LlrpHostCodec().receive(said)])
    assert "ROSpec" in text
    assert all(word not in text for word in ("AntennaConfiguration", "RFTransmitter"))


def test_a_reader_that_refuses_a_rich_round_gets_a_plain_one() -> None:
    class Strict(LlrpEmulator):
        def _do(self, asked: Message) -> list[Sent]:
            if asked.type == 20 and b"\x01\x5c" in asked.encode():
                return [self._refuse("ADD_ROSPEC_RESPONSE", asked.id, 111, "no memory selector")]
            return super()._do(asked)

    device = Strict()
    device.show([EPC])
    [read, *_] = reads(talk(device, LlrpCodec(), b""))
    assert (read.epc, read.pc) == (EPC, None)


def test_a_reader_that_refuses_every_round_is_left_alone() -> None:
    class Full(LlrpEmulator):
        def _do(self, asked: Message) -> list[Sent]:
            if asked.type == 20:
                return [self._refuse("ADD_ROSPEC_RESPONSE", asked.id, 401, "full")]
            return super()._do(asked)

    heard = talk(Full(), LlrpCodec(), b"")
    refused = [item for item in heard if isinstance(item, Reply) and item.error == 401]
    assert len(refused) == 2
    assert reads(heard) == []


def test_a_keepalive_is_answered_with_its_number() -> None:
    codec = LlrpCodec()
    [item] = codec.receive(Message.of("KEEPALIVE", id=77).encode())
    assert codec.on_item(item).hex() == "04480000000a0000004d"


def test_keepalives_come_as_often_as_they_were_asked_for() -> None:
    device, codec = LlrpEmulator(), LlrpCodec()
    heard = talk(device, codec, b"", rounds=130)
    alive = [item for item in heard if isinstance(item, Reply) and item.command == 62]
    assert len(alive) == 3  # 2 s each in 6.5 s


def test_a_round_that_ended_is_started_again() -> None:
    codec = LlrpCodec()
    event = Parameter.of("ROSpecEvent", event_type=1, rospec_id=1)
    data = Parameter.of("ReaderEventNotificationData", Parameter.of("Uptime"), event)
    [item] = codec.receive(Message.of("READER_EVENT_NOTIFICATION", data).encode())
    assert asked(codec.on_item(item)) == ["START_ROSPEC"]


def test_a_reader_that_does_not_greet_is_spoken_to() -> None:
    codec = LlrpCodec()
    codec.start()
    assert codec.keep_going(1999) == b""
    assert asked(codec.keep_going(2000)) == ["ENABLE_EVENTS_AND_REPORTS", "GET_READER_CAPABILITIES"]
    assert codec.keep_going(4999) == b""
    assert codec.keep_going(5000) != b""


def test_what_was_read_while_nobody_heard_comes_first_and_is_marked() -> None:
    device, codec = LlrpEmulator(), LlrpCodec()
    talk(device, codec, b"")
    device.disconnect()
    device.show([EPC, OTHER])
    device.hide()

    held = reads(talk(device, codec, b""))

    assert [(read.epc, more(read).get("is_held")) for read in held] == [(EPC, True), (OTHER, True)]
    assert held[0].frame is held[1].frame
    device.show([EPC])
    fresh = reads(codec.receive(b"".join(sent.frame for sent in device.tick())))
    assert ["is_held" in more(read) for read in fresh] == [False]


def test_an_input_is_heard() -> None:
    device, codec = LlrpEmulator(), LlrpCodec()
    talk(device, codec, b"")
    device.gpi(1, is_high=True)
    [event] = codec.receive(b"".join(sent.frame for sent in device.tick()))
    assert isinstance(event, Input)
    assert (event.pin, event.is_high, dict(event.more)["event"]) == (1, True, "GPIEvent")


def do(device: LlrpEmulator, message: Message) -> list[dict[str, object]]:
    """Add, enable an access; return the results that the next round tells of the first tag."""
    number = message.parameters[0].fields["access_spec_id"]
    enable = Message.of("ENABLE_ACCESSSPEC", access_spec_id=number)
    delete = Message.of("DELETE_ACCESSSPEC", access_spec_id=number)
    for answer in LlrpReplyCodec().receive(device.receive(message.encode() + enable.encode())):
        assert isinstance(answer, Reply)
        assert answer.error is None
    found = reads(LlrpReplyCodec().receive(b"".join(sent.frame for sent in device.tick())))
    device.receive(delete.encode())
    results = more(found[0])["results"]
    assert isinstance(results, list)
    return results


def test_memory_is_read_written_locked_and_killed() -> None:
    device = LlrpEmulator()
    device.show([EPC])
    talk(device, LlrpCodec(), b"")

    [tid] = do(device, access_spec(1, read_words(1, 2, 0, 2)))
    assert (tid["result"], tid["data"]) == ("0 no error", "e2801105")
    [wrote] = do(device, access_spec(2, write_words(1, 3, 0, b"\xbe\xef"), mask=EPC))
    assert wrote["words_written"] == 1
    [user] = do(device, access_spec(3, read_words(1, 3, 0, 1)))
    assert user["data"] == "beef"
    do(device, access_spec(4, write_words(1, 0, 0, bytes.fromhex("1111111122222222"))))
    [locked] = do(device, access_spec(5, lock_fields(1, [(0, 4)], 0x22222222)))
    assert locked["result_number"] == 0
    [refused] = do(device, access_spec(6, write_words(1, 3, 0, b"\0\0")))
    assert refused["result"] == "2 memory locked"
    [dead] = do(device, access_spec(7, kill(1, 0x11111111)))
    assert dead["result_number"] == 0
    assert device.field == {}


def test_an_access_is_for_the_tag_it_names() -> None:
    device = LlrpEmulator()
    device.show([EPC, OTHER])
    talk(device, LlrpCodec(), b"")
    spec = access_spec(1, read_words(1, 3, 0, 1), mask=OTHER)
    device.receive(spec.encode() + Message.of("ENABLE_ACCESSSPEC", access_spec_id=1).encode())
    found = reads(LlrpReplyCodec().receive(b"".join(sent.frame for sent in device.tick())))
    assert [(read.epc, "results" in more(read)) for read in found] == [(EPC, False), (OTHER, True)]


@pytest.mark.parametrize("count", [1, 20])
def test_reports_are_as_full_as_the_round_says(count: int) -> None:
    device = LlrpEmulator()
    device.show([bytes((0x30, number)) * 6 for number in range(20)])
    for message in (
        Message.of("ADD_ROSPEC", rospec(tag_count=count)),
        Message.of("ENABLE_ROSPEC", rospec_id=1),
        Message.of("START_ROSPEC", rospec_id=1),
    ):
        device.receive(message.encode())
    sent = device.tick()
    assert [len(each.epcs) for each in sent] == [count] * (20 // count)
    found = reads(LlrpReplyCodec().receive(b"".join(each.frame for each in sent)))
    assert [read.epc for read in found] == list(device.field)


@given(frames=st.lists(REPORT, max_size=6))
def test_what_was_learned_of_a_layout_reads_as_parameter_by_parameter(frames: list[bytes]) -> None:
    codec = LlrpReplyCodec()
    fast = codec.receive(b"".join(frames * 2))

    slow = [read for frame in frames * 2 for read in ReportReader().tags(frame)[0]]

    # The order in which further values are told is the wire's in one, ours in the other.
    assert [replace(read, more=()) for read in reads(fast)] == [
        replace(read, more=()) for read in slow
    ]
    assert [more(read) for read in reads(fast)] == [more(read) for read in slow]


@pytest.mark.parametrize("number", sorted(PARAMETERS))
def test_every_parameter_decodes_what_it_encodes(number: int) -> None:
    shape = Shape(PARAMETERS[number][1])
    fields, _ = shape.decode(b"\x00\x02" * 4000, 0, 8000)
    made = Parameter(number, fields)

    [again], rest = parameters_of(made.encode())

    assert (again, rest) == (made, b"")
    assert len(made.encode()) == TV_SIZES.get(number, len(made.encode()) - 1) + 1


@pytest.mark.parametrize("number", sorted(MESSAGES))
def test_every_message_decodes_what_it_encodes(number: int) -> None:
    first = MESSAGES[number].first
    parts = () if first is None else (Parameter(first, _zero(first)),)
    frame = Message(number, {}, parts, 9).encode()
    assert Message.decode(frame).encode() == frame


def _zero(number: int) -> dict[str, object]:
    return Shape(PARAMETERS[number][1]).decode(bytes(40), 0, 40)[0]


def test_parameters_inside_each_other_have_a_limit() -> None:
    deep = b""
    for _ in range(40):
        deep = b"\x00\xb2" + (len(deep) + 4).to_bytes(2, "big") + deep
    with pytest.raises(Contradiction):
        parameters_of(deep)


@given(frame=FRAME, length=st.integers(0, 0xFFFFFFFF), following=REPORT)
def test_a_wrong_length_is_found_out_with_the_next_message(
    frame: bytes, length: int, following: bytes
) -> None:
    if length == len(frame):
        return
    codec = LlrpReplyCodec()
    hurt = frame[:2] + length.to_bytes(4, "big") + frame[6:]

    found = codec.receive(hurt + following) + codec.idle(20)

    is_whole = [item.frame == following for item in found if not isinstance(item, Noise)]
    # A length may by chance end between two tags: then fewer tags are read, each as it was.
    assert is_whole[-1:] == [True] or length < len(frame)


def test_a_message_that_cannot_be_is_refused_before_its_end() -> None:
    codec = LlrpReplyCodec()
    begun = bytes.fromhex("043d0000ffff00000001" + "00f000040000") + bytes(8)
    [noise] = codec.receive(begun)
    assert noise == Noise(begun, "RO_ACCESS_REPORT: parameter 0 of 0 bytes, 65521 are there")


def test_a_flipped_bit_in_a_value_is_another_value() -> None:
    """There is no checksum: what TCP did not catch, nobody catches."""
    frame = bytes.fromhex("043d000000230000000700f000198d000102030405060708090a0b81000386d6880002")
    [read] = reads(LlrpReplyCodec().receive(frame[:17] + b"\xff" + frame[18:]))
    assert read.epc.hex() == "0001ff030405060708090a0b"


def heard_by(session: Session, seconds: float, count: int = 1) -> list[TagRead]:
    found: list[TagRead] = []
    ends_at = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < ends_at:
        values = [each.value for each in session.take(0.1) if isinstance(each, Received)]
        found += [value for value in values if isinstance(value, TagRead)]
    return found


def test_a_session_reads_again_after_the_cable_was_pulled_and_loses_nothing() -> None:
    gate = EmulatedReader("gate", "llrp", port="tcp")
    session = Session("gate", "llrp", gate.url)
    session.start()
    gate.show([EPC])
    assert heard_by(session, 5)
    gate.hide([EPC])
    session.take(0.3)

    gate.unplug()
    gate.show([OTHER])
    gate.hide([OTHER])
    gate.plug()
    found = heard_by(session, 8)
    session.stop()
    gate.stop()

    assert [(read.epc, more(read).get("is_held")) for read in found] == [(OTHER, True)]


def test_a_second_client_is_refused_and_told_so() -> None:
    gate = EmulatedReader("gate", "llrp", port="tcp")
    session = Session("gate", "llrp", gate.url, deliver=(TagRead, Reply))
    session.start()
    gate.show([EPC])
    assert heard_by(session, 5)

    with socket.create_connection(("127.0.0.1", int(gate.url.rpartition(":")[2])), 3) as second:
        told = second.recv(4096)
        assert second.recv(4096) == b""
    [event] = LlrpReplyCodec().receive(told)
    assert isinstance(event, Reply)
    assert event.fields["connection_attempt"] == "Failed: a connection begun by a client exists"
    found = probe(gate.url, seconds=3)
    assert isinstance(found, NotFound)
    assert found.reason == "occupied"
    assert heard_by(session, 3)
    lines = [each for each in session.take() if isinstance(each, LineDown | LineUp)]
    session.stop()
    gate.stop()
    assert lines == []
