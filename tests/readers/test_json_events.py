"""What is special about JSON events: glued objects, halves, blank lines, lost numbers, HTTP."""

from __future__ import annotations

from base64 import b64decode

import pytest

from readers.json_stream import SIZE_MAX, JsonStream
from readers.protocols.impinj_r700_json.codec import ImpinjR700Codec, request
from readers.protocols.impinj_r700_json.emulator import ImpinjR700Emulator
from readers.protocols.zebra_iotc_json.codec import ZebraIotcCodec
from readers.reads import Item, Noise, Reply, TagRead

EVENT = b'{"data":{"idHex":"E200","eventNum":%d,"MAC":"a"}}'


def reads(items: list[Item]) -> list[TagRead]:
    return [item for item in items if isinstance(item, TagRead)]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_glued_events_come_apart_in_any_pieces(size: int) -> None:
    wire = b"".join(EVENT % number for number in range(1, 8))
    codec = ZebraIotcCodec()
    items = [item for at in range(0, len(wire), size) for item in codec.receive(wire[at:][:size])]
    assert [item.frame for item in reads(items)] == [EVENT % number for number in range(1, 8)]
    assert len(items) == 7


def test_half_an_event_costs_itself_alone() -> None:
    half = b'{"type":"SIMPLE","data":{"idHex":"E2'
    noise, read = ZebraIotcCodec().receive(half + EVENT % 1)
    assert isinstance(noise, Noise)
    assert isinstance(read, TagRead)
    assert (noise.data, read.frame) == (half, EVENT % 1)


def test_lost_events_are_told_by_the_next() -> None:
    found = reads(ZebraIotcCodec().receive(EVENT % 1 + EVENT % 2 + EVENT % 6))
    assert [dict(read.more).get("lost_events") for read in found] == [None, None, 3]


def test_an_event_has_a_limit_of_length_and_of_depth() -> None:
    stream = JsonStream()
    stream.receive(b'{"a":"' + b"x" * SIZE_MAX)
    assert len(stream.rest) <= SIZE_MAX
    stream.receive(b'{"a":' + b"[" * 60_000 + b"]" * 60_000)
    stream.flush()
    long = ImpinjR700Codec()
    assert isinstance(long.receive(b"x" * (SIZE_MAX + 1))[0], Noise)


@pytest.mark.parametrize("figure", [b"1e999", b"NaN", b"1" + b"0" * 400, b"true", b'"-61"'])
def test_a_figure_that_no_radio_can_mean_is_none(figure: bytes) -> None:
    [read] = ZebraIotcCodec().receive(b'{"data":{"idHex":"E200","peakRssi":%b}}' % figure)
    assert isinstance(read, TagRead)
    assert read.rssi_dbm is None
    line = b'{"tagInventoryEvent":{"epcHex":"E200","peakRssiCdbm":%b}}\r\n' % figure
    [read] = ImpinjR700Codec().receive(line)
    assert isinstance(read, TagRead)
    assert read.rssi_dbm is None


def test_a_stream_that_is_asked_for_begins_with_the_head_of_http() -> None:
    ask = request("10.0.0.5", user="root", password="impinj")  # the maker's own
    assert b64decode(ask.partition(b"Basic ")[2].split()[0]) == b"root:impinj"
    reader, codec = ImpinjR700Emulator(), ImpinjR700Codec(ask=ask)
    reader.show([b"\xe2\x00"], rssi_dbm=-61)

    wire = reader.receive(codec.start()) + b"".join(sent.frame for sent in reader.tick())
    items = codec.receive(wire)

    assert [item.name for item in items if isinstance(item, Reply)] == [
        "HTTP", "HTTP", "keep-alive",
    ]  # fmt: skip
    assert [(read.epc, read.rssi_dbm) for read in reads(items)] == [(b"\xe2\x00", -61.0)]


def test_a_refused_password_is_an_error() -> None:
    [item] = ImpinjR700Codec().receive(b"HTTP/1.1 401 Unauthorized\r\n")
    assert isinstance(item, Reply)
    assert item.error == 401


def test_the_events_of_one_webhook_share_their_frame() -> None:
    event = b'{"tagInventoryEvent":{"epcHex":"E200"}}'
    line = b"[%b,%b]\r\n" % (event, event)
    first, second = reads(ImpinjR700Codec().receive(line))
    assert first.frame is second.frame
