"""The wire at the moment of an entry: bytes, what was read out of them, are they right."""

from __future__ import annotations

import gzip
import io
import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from readers.protocols.r2000_a0.codec import Frame, R2000Codec
from readers.reads import Received, TagRead
from readers.recordings.recording import replay
from readers.recordings.tape import Pointer, Tape, blocks_of
from readers.recordings.tapes import give_up, seal
from traceability.epcis.vocabulary import PASS, READER, RECORDING
from traceability.station.wire import wire_at

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EPC = bytes.fromhex("3034257bf7194e4000001a85")
FRAME = Frame(1, 0x8B, b"\x70\x30\x00" + EPC + b"\x45").encode()
Make = Any


def after(seconds: float) -> datetime:
    return BEGUN + timedelta(seconds=seconds)


@pytest.fixture
def stations(tmp_path: Path) -> Path:
    return tmp_path / "stations"


@pytest.fixture
def pointer(stations: Path) -> Pointer:
    """Record a tag in two halves and some noise, long after something else."""
    tape = Tape(stations / "tapes" / "dock-gate", "r2000_a0")
    tape(after(-600), "in", b"long before")
    tape.flush()
    tape(after(0), "out", b"\xa0\x04\x01\x89\x01\xd1")
    tape(after(0.1), "in", FRAME[:9])
    tape(after(0.2), "in", FRAME[9:] + b"\x00\x01")
    found = tape.mark(after(0), after(0.2))
    tape(after(600), "in", b"long after")
    tape.close()
    assert found is not None
    return found


def entry(app: Flask, said: list[str]) -> str:
    """Record an event that points to a tape; return its page's address."""
    event = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTime": "2026-03-02T09:00:00.2Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": ["https://id.gs1.org/01/09521141000076/21/4711"],
        READER: "gate",
        PASS: f"dock {BEGUN:%Y%m%dT%H%M%S.%fZ}",
        RECORDING: said,
    }
    answer = app.test_client().post("/api/capture", json=[event])
    [told] = answer.get_json()
    assert told["status"] in ("accepted", "duplicate"), told
    return f"/ledger/{told['position']}"


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.partition("<main")[2]).split())


def test_the_entry_leads_to_the_bytes_and_to_what_was_read_out_of_them(
    app: Flask, stations: Path, pointer: Pointer
) -> None:
    app.extensions["hangtag.wire"] = partial(wire_at, stations)
    client = app.test_client()
    address = entry(app, [str(pointer)])
    assert f'href="{address}/wire"' in client.get(address).text

    page = client.get(f"{address}/wire")

    told = words(page.text)
    assert page.status_code == 200
    assert "As it was when the entry was made" in told
    assert (
        f"09:00:00.000 to the reader a004018901d1 09:00:00.100 from the reader {FRAME[:9].hex()}"
        in told
    )
    assert f"{FRAME[9:].hex()}0001 tag {EPC.hex()} · antenna 1" in told
    assert b"long".hex() not in told
    assert "那一刻的线路" in client.get(f"{address}/wire?lang=zh_Hans").text

    kept = client.get(f"{address}/wire.jsonl?tape=dock-gate").data

    blocks = list(blocks_of(kept))
    assert all(block.is_right for block in blocks)
    assert pointer.sum in [block.after.hex() for block in blocks]
    played = list(replay(kept.decode().splitlines(), R2000Codec(), "gate"))
    reads = [each.value for each in played if isinstance(each, Received)]
    assert [each.epc for each in reads if isinstance(each, TagRead)] == [EPC]


def test_without_recordings_there_is_no_link_and_no_page(app: Flask, pointer: Pointer) -> None:
    client = app.test_client()
    address = entry(app, [str(pointer)])
    assert "/wire" not in client.get(address).text
    assert client.get(f"{address}/wire").status_code == 404


def test_each_reason_why_the_bytes_are_not_there_is_said(
    app: Flask, stations: Path, pointer: Pointer
) -> None:
    app.extensions["hangtag.wire"] = partial(wire_at, stations)
    client = app.test_client()
    folder = stations / "tapes" / "dock-gate"
    path = folder / "000001.jsonl"

    def told(said: str) -> str:
        return words(client.get(f"{entry(app, [said])}/wire").text)

    assert "Recorded on another PC" in told(str(pointer).replace("dock", "quay"))
    assert "Recorded on another PC" in told("a recording of another program")
    lost = Pointer(pointer.tape, 1, "0" * 64)
    assert "The end of this recording was lost" in told(str(lost))
    assert "Given up for room" in told(str(Pointer(pointer.tape, 9, "0" * 64)))

    seal(path)
    give_up(folder / "000001.jsonl.gz")
    kept = told(str(pointer))
    assert "As it was when the entry was made" in kept
    assert f"tag {EPC.hex()}" in kept

    window = folder / "000001.kept.gz"
    raw = gzip.decompress(window.read_bytes())
    window.write_bytes(gzip.compress(raw.replace(FRAME[:9].hex().encode(), b"00" * 9)))
    assert "These are not the bytes that were recorded" in told(str(pointer))
    window.write_bytes(b"broken")
    assert "These are not the bytes that were recorded" in told(str(pointer))
    window.unlink()
    assert "Given up for room" in told(str(pointer))


def test_recordings_are_found_where_a_station_keeps_them(
    app: Flask, stations: Path, pointer: Pointer, tmp_path: Path
) -> None:
    (stations / "tapes").rename(tmp_path / "elsewhere")
    said = json.dumps(str(tmp_path / "elsewhere"))
    (stations / "dock.toml").write_text(f'name = "dock"\nrecordings = {said}\n')
    (stations / "broken.toml").write_text("name = ")
    assert wire_at(stations, str(pointer), after(0), after(0.2)).state == "whole"


def test_a_long_visit_is_cut_on_the_page_and_whole_in_the_file(stations: Path) -> None:
    tape = Tape(stations / "tapes" / "dock-gate", "r2000_a0")
    for number in range(1200):
        tape(after(number / 1000), "in", FRAME)
    found = tape.mark(after(0), after(1.2))
    tape.close()
    wire = wire_at(stations, str(found), after(0), after(1.2))
    assert (wire.state, len(wire.lines), wire.is_cut) == ("whole", 1000, True)
    assert io.BytesIO(wire.download).read().count(FRAME.hex().encode()) == 1200
