"""The wire at the moment of an event: found on the tapes of this PC, checked, decoded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from readers.reads import (
    DELIVERED,
    CardRead,
    Command,
    Happening,
    LineDown,
    Noise,
    ReaderError,
    Received,
    Reply,
    Scan,
    TagRead,
)
from readers.recordings.recording import HEAD, SUM, WIRE, TapeLine, microseconds, play, read_line
from readers.recordings.tape import Pointer, blocks_of
from readers.recordings.tapes import Segment, cut_out, near
from readers.registry import protocol as protocol_named
from traceability.wire_values import Wire, WireLine, WireRead, WireState

TAPES = "tapes"
"""Folder of the recordings beside the stations' files."""
BEFORE_US, AFTER_US = 2_000_000, 1_000_000
"""What is shown before and after the visit."""
RUN_IN_US = 10_000_000
"""What is played before it, so that a codec knows where a frame begins."""
LINES_MAX = 1_000


def wire_at(stations: Path, text: str, first_at: datetime, last_at: datetime) -> Wire:
    """Return what was on the wire when an event came about.

    Args:
        stations: Folder of the stations' files.
        text: Where it stands, as the event says: `TAPE/SEGMENT#SUM`.
        first_at: Begin of the visit, UTC.
        last_at: Its last read, UTC.

    Returns:
        The window; what cannot be found or read is told by its state.
    """
    try:
        pointer = Pointer.parse(text)
    except ReaderError:  # from another program; the page says that it is not here
        return Wire(text[:80], "elsewhere")
    folder = next((each for each in _folders(stations, pointer.tape)), None)
    if folder is None:
        return Wire(pointer.tape, "elsewhere")
    found = near(folder, pointer.segment)
    raws = {each.number: _bytes_of(each) for each in found if each.state != "gone"}
    state = _state(pointer, found, raws)
    span = (microseconds(first_at) - BEFORE_US, microseconds(last_at) + AFTER_US)
    played = (span[0] - RUN_IN_US, span[1])
    pieces = [cut_out(folder.name, number, raw, [played]) for number, raw in raws.items()]
    spoken = next((line for line in b"".join(pieces).splitlines() if b'"protocol"' in line), b"")
    name = spoken.partition(b'"protocol": "')[2].partition(b'"')[0].decode()
    if not name:
        return Wire(pointer.tape, "gone" if state == "whole" else state)
    lines = [read_line(line.decode()) for piece in pieces for line in piece.splitlines()]
    shown = list(_shown(lines, name, span))
    return Wire(
        pointer.tape,
        state,
        name,
        tuple(shown[:LINES_MAX]),
        len(shown) > LINES_MAX,
        b"".join(cut_out(folder.name, number, raw, [span]) for number, raw in raws.items()),
    )


def _folders(stations: Path, tape: str) -> Iterator[Path]:
    """Yield where a tape of this name lies: beside the stations' files, or where they say."""
    roots = [stations / TAPES]
    for file in sorted(stations.glob("*.toml")):
        try:
            said = tomllib.loads(file.read_text("utf-8")).get("recordings")
        except (OSError, ValueError):  # said in a sentence by whoever starts the station
            continue
        if isinstance(said, str) and said:
            roots.append(file.parent / said)
    for root in roots:
        if (root / tape).is_dir():
            yield root / tape


def _bytes_of(segment: Segment) -> bytes:
    try:
        return segment.read()
    except ReaderError:
        return b"not a tape"


def _state(pointer: Pointer, found: list[Segment], raws: dict[int, bytes]) -> WireState:
    """Say whether the bytes until the event are those that it names."""
    mine = next((each for each in found if each.number == pointer.segment), None)
    if mine is None or mine.state == "gone":
        return "gone"
    blocks = list(blocks_of(raws[mine.number]))
    if not blocks:
        return "changed"
    sums = [block.after.hex() for block in blocks]
    if pointer.sum not in sums:
        if not all(block.is_right for block in blocks):
            return "changed"
        return "gone" if mine.state == "kept" else "lost"
    until = blocks[: sums.index(pointer.sum) + 1]
    return "whole" if all(block.is_right for block in until) else "changed"


def _shown(lines: list[TapeLine], name: str, span: tuple[int, int]) -> Iterator[WireLine]:
    kinds = (*DELIVERED, Reply, Noise)
    for line, happenings in play(lines, protocol_named(name).codec(), "", deliver=kinds):
        if line.kind in (HEAD, SUM) or not span[0] <= line.t <= span[1]:
            continue
        reads = tuple(_read(each) for each in happenings)
        said = line.data.hex() if line.kind in WIRE and line.kind != "down" else ""
        yield WireLine(line.at, line.kind, said, reads)


def _read(happening: Happening) -> WireRead:
    if isinstance(happening, LineDown):
        return WireRead("down", happening.reason)
    if not isinstance(happening, Received):
        return WireRead("up", "")
    value = happening.value
    if isinstance(value, TagRead):
        return WireRead("tag", value.epc.hex(), value.antenna, value.rssi_dbm)
    if isinstance(value, CardRead):
        return WireRead("card", value.text)
    if isinstance(value, Scan):
        return WireRead("scan", value.message)
    if isinstance(value, Noise):
        return WireRead("noise", value.reason)
    return WireRead("reply", value.name if isinstance(value, Reply | Command) else "")
