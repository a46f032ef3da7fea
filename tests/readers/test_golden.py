"""The project's own table of frames: what each command and answer of the makers' tables means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from readers.reads import Item, Noise, Scan, TagRead
from readers.registry import PROTOCOLS

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
BINARY = [name for name in PROTOCOLS if name != "barcode_lines"]


# `Any`: a row's meaning has the fields of its frame.
def rows(protocol: str) -> list[dict[str, Any]]:
    text = (GOLDEN / f"reader_{protocol}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def decoded(protocol: str, side: str, data: bytes) -> list[Item]:
    entry = PROTOCOLS[protocol]
    make = entry.host_codec if side == "host" else entry.codec
    assert make is not None
    codec = make()
    return codec.receive(data) + codec.flush()


@pytest.mark.parametrize(
    ("protocol", "row"),
    [(name, row) for name in BINARY for row in rows(name)],
    ids=lambda value: value["hex"] if isinstance(value, dict) else value,
)
def test_a_frame_means_what_the_table_says(protocol: str, row: dict[str, Any]) -> None:
    items = decoded(protocol, row["from"], bytes.fromhex(row["hex"]))

    expected = row["meaning"]
    if expected["type"] == "noise":
        assert all(isinstance(item, Noise) for item in items)
        assert b"".join(item.data for item in items if isinstance(item, Noise)).hex() == row["hex"]
        return
    if "tags" in expected:  # several tags share one frame
        trees = [item.tree() for item in items if isinstance(item, TagRead)]
        told = zip(expected["tags"], trees, strict=True)
        assert [{key: tree[key] for key in tag} for tag, tree in told] == expected["tags"]
        assert {tree["frame"] for tree in trees} == {row["hex"]}
        return
    [item] = items
    tree = item.tree()
    assert {key: tree[key] for key in expected} == expected
    assert tree["frame"] == row["hex"]


@pytest.mark.parametrize("row", rows("barcode_lines"), ids=lambda row: row["source"])
def test_a_line_means_what_the_table_says(row: dict[str, Any]) -> None:
    items = decoded("barcode_lines", "reader", bytes.fromhex(row["hex"]))

    scans = [[item.text, item.symbology] for item in items if isinstance(item, Scan)]
    assert scans == row["meaning"]["scans"]


def test_every_row_names_its_source() -> None:
    assert [row for name in PROTOCOLS for row in rows(name) if not row.get("source")] == []
