"""Frames made by others: every good one means what its row says, every bad one is noise."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from readers.codec import Codec
from readers.reads import Command, Item, Noise, Scan
from readers.registry import PROTOCOLS
from tests import vectors
from tests.readers.samples import samples

pytestmark = pytest.mark.vectors
# What a row says about itself, and names that are somebody's words for a command.
ABOUT = {"cmd", "checksum", "note", "expect", "tags", "text", "symbology", "suffix"}
UNKNOWN = {"keyboard_lines"}
"""Nobody publishes these bytes: the project's own table names the standards instead."""
ROWS = [
    (name, row)
    for name in PROTOCOLS
    if name not in UNKNOWN
    for row in vectors.rows(f"readers/{name}.jsonl")
]
SINGLE = [
    (name, row)
    for name, row in ROWS
    if name != "barcode_lines" and "chunks" not in row["meaning"] and "frames" not in row["meaning"]
]
STREAMS = [(name, row) for name, row in ROWS if "chunks" in row["meaning"]]
LINES = [row for name, row in ROWS if name == "barcode_lines"]


def codec_of(protocol: str, row: dict[str, Any]) -> Codec:
    entry = PROTOCOLS[protocol]
    make = entry.host_codec if row["direction"] == "host->reader" else entry.codec
    assert make is not None
    return make()


def frames(items: list[Item]) -> list[str]:
    found: list[bytes] = []
    for item in items:
        if not isinstance(item, Noise) and not (found and item.frame is found[-1]):
            found.append(item.frame)
    return [frame.hex() for frame in found]


def in_chunks(codec: Codec, data: bytes, sizes: list[int]) -> list[Item]:
    items: list[Item] = []
    position = 0
    for size in sizes:
        items += codec.receive(data[position : position + size])
        position += size
    assert position >= len(data)
    return items + codec.flush()


@pytest.mark.parametrize(("protocol", "row"), SINGLE)
def test_a_single_frame_means_what_its_row_says(protocol: str, row: dict[str, Any]) -> None:
    codec, meaning = codec_of(protocol, row), samples(protocol).stated(row["meaning"])

    items = codec.receive(bytes.fromhex(row["hex"])) + codec.flush()

    if meaning.get("checksum") == "bad":
        assert frames(items) == []
        assert "".join(i.data.hex() for i in items if isinstance(i, Noise)) == row["hex"]
        return
    trees = [item.tree() for item in items]
    assert [tree for tree in trees if tree["type"] == "noise"] == []
    tags = meaning.get("tags", [])
    if isinstance(tags, list) and tags:
        reads = [tree for tree in trees if tree["type"] == "read"]
        stated_of = zip(tags, reads, strict=True)
        assert [{key: tree.get(key) for key in tag} for tag, tree in stated_of] == tags
    stated = {key: value for key, value in meaning.items() if key not in ABOUT}
    for tree in trees:
        told = {key: tree.get(key) for key in stated}
        if "code" in stated:  # the words are the row's, the number is the protocol's
            stated["code"], told["code"] = stated["code"].split()[0], str(told["code"]).split()[0]
        assert told == stated
        number = re.match(r"0x[0-9A-F]+", meaning.get("cmd", ""))
        if number and tree["type"] != "read":
            assert str(tree["cmd"]).startswith(number.group())
        if "text" in meaning:
            assert tree["text"] == meaning["text"]
    assert trees


@pytest.mark.parametrize(("protocol", "row"), STREAMS)
def test_a_noisy_stream_is_recovered_in_its_chunks_and_any_other(
    protocol: str, row: dict[str, Any]
) -> None:
    data = bytes.fromhex(row["hex"])
    expected = row["meaning"]["expected_good_frames_in_order"]
    chance = random.Random(7)
    cuts = [row["meaning"]["chunks"], *([size] * (len(data) // size + 1) for size in range(1, 70))]
    cuts += [[chance.randint(1, 64) for _ in range(len(data))] for _ in range(100)]

    for sizes in cuts:
        items = in_chunks(codec_of(protocol, row), data, sizes)
        assert frames(items) == expected


@pytest.mark.parametrize(("protocol", "row"), STREAMS)
def test_a_noisy_stream_accounts_for_every_byte(protocol: str, row: dict[str, Any]) -> None:
    items = in_chunks(codec_of(protocol, row), bytes.fromhex(row["hex"]), row["meaning"]["chunks"])

    wire: list[bytes] = []
    for item in items:
        piece = item.data if isinstance(item, Noise) else item.frame
        if not (wire and piece is wire[-1]):  # the tags of one frame share it
            wire.append(piece)

    assert b"".join(wire).hex() == row["hex"]


def test_the_log_of_a_multi_poll_gives_its_tags() -> None:
    for protocol, row in ROWS:
        if isinstance(row["meaning"].get("tags"), int):
            trees = [
                item.tree() for item in codec_of(protocol, row).receive(bytes.fromhex(row["hex"]))
            ]
            assert len(trees) == row["meaning"]["frames"]
            assert sum(tree["type"] == "read" for tree in trees) == row["meaning"]["tags"]


@pytest.mark.parametrize("row", LINES)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_line_gives_its_scan_under_any_chunking(row: dict[str, Any], size: int) -> None:
    data, meaning = bytes.fromhex(row["hex"]), row["meaning"]

    items = in_chunks(codec_of("barcode_lines", row), data, [size] * (len(data) // size + 1))

    scans = [(item.text, item.symbology) for item in items if isinstance(item, Scan)]
    texts = meaning.get("scans") or [meaning["data"].replace("<GS>", "\x1d")]
    assert scans == [(text, meaning.get("aim")) for text in texts]
    assert len(scans) == len(items)


@pytest.mark.parametrize(
    ("protocol", "row"), [(n, r) for n, r in SINGLE if r["direction"] == "host->reader"]
)
def test_the_emulator_answers_what_hosts_really_send(protocol: str, row: dict[str, Any]) -> None:
    emulator = PROTOCOLS[protocol].emulator()
    emulator.show([bytes.fromhex("30751feb705c5904e3d50d70")])
    for asked in codec_of(protocol, row).receive(bytes.fromhex(row["hex"])):
        if isinstance(asked, Command):
            samples(protocol).stage(emulator, asked)

    answer = emulator.receive(bytes.fromhex(row["hex"]))
    pushed = b"".join(sent.frame for sent in emulator.tick())

    items = PROTOCOLS[protocol].codec().receive(answer + pushed)
    if samples(protocol).stated(row["meaning"]).get("checksum") == "bad":
        assert items == []
        return
    [asked] = codec_of(protocol, row).receive(bytes.fromhex(row["hex"]))
    assert isinstance(asked, Command)
    if asked.command in samples(protocol).unanswered:
        assert items == []
        return
    assert items
    assert not any(isinstance(item, Noise) for item in items)
    refused = [item for item in items if "kind" in item.tree() and item.tree()["kind"] == "error"]
    assert refused == []
