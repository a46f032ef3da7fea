"""A session over real ptys and sockets hears everything that an emulated reader says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from readers.emulated.emulation import EmulatedReader, Faults
from readers.reads import Happening, LineDown, LineUp, Received, Scan, TagRead
from readers.recordings.recording import replay
from readers.recordings.tapes import Tapes, tape_lines
from readers.registry import PROTOCOLS
from readers.session import Session

PortKind = Literal["pty", "tcp"]
EPCS = [bytes.fromhex(f"3034257bf7194e40000000{n:02x}") for n in range(30)]


def wait_for(done: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Poll until `done`, with a deadline."""
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Listener:
    """Collects what a session hands on."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.heard: list[Happening] = []

    def drain(self) -> list[Happening]:
        self.heard += self.session.take(0.01)
        return self.heard

    def epcs(self) -> set[bytes]:
        return {
            each.value.epc
            for each in self.drain()
            if isinstance(each, Received) and isinstance(each.value, TagRead)
        }

    def scans(self) -> list[str]:
        return [
            each.value.text
            for each in self.drain()
            if isinstance(each, Received) and isinstance(each.value, Scan)
        ]

    def lines(self) -> list[str]:
        return [type(each).__name__ for each in self.drain() if not isinstance(each, Received)]


@pytest.fixture
def started() -> Iterator[list[EmulatedReader | Session]]:
    things: list[EmulatedReader | Session] = []
    yield things
    for thing in reversed(things):
        thing.stop()


def logged(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("port", ["pty", "tcp"])
@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS if PROTOCOLS[p].reads == "tags"])
def test_every_tag_in_the_field_is_heard(
    protocol: str, port: PortKind, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    reader = EmulatedReader("gate", protocol, port=port, folder=tmp_path)
    session = Session("gate", protocol, reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()

    reader.show(EPCS)

    wait_for(lambda: listener.epcs() == set(EPCS))
    reader.clear()
    assert session.counters.noise_frames == 0


@pytest.mark.parametrize("port", ["pty", "tcp"])
def test_every_scan_is_heard_once_and_in_order(
    port: PortKind, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    log = tmp_path / "wire.jsonl"
    faults = Faults(chunk_size_max=3, noise_rate=0.3)
    reader = EmulatedReader(
        "desk", "barcode_lines", port=port, folder=tmp_path, wire_log=log, faults=faults
    )
    session = Session("desk", "barcode_lines", reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()
    assert reader.wait_connected(10)
    texts = [f"59012341{n:05d}" for n in range(50)]

    assert all(reader.scan(text, "]E0") for text in texts)

    wait_for(lambda: len(listener.scans()) >= len(texts))
    assert listener.scans() == texts
    assert [line["text"] for line in logged(log)] == texts
    assert session.counters.noise_frames > 0


@pytest.mark.parametrize("port", ["pty", "tcp"])
@pytest.mark.parametrize("protocol", ["r200_bb7e", "r2000_a0"])
def test_reads_survive_noise_split_frames_and_flipped_bits(
    protocol: str, port: PortKind, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    faults = Faults(chunk_size_max=5, noise_rate=0.2)
    reader = EmulatedReader("gate", protocol, port=port, folder=tmp_path, faults=faults)
    session = Session("gate", protocol, reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()
    reader.flip_bits(5)

    reader.show(EPCS)

    wait_for(lambda: listener.epcs() == set(EPCS))
    assert session.counters.noise_frames > 0


@pytest.mark.parametrize("port", ["pty", "tcp"])
@pytest.mark.parametrize("protocol", ["r200_bb7e", "r2000_a0"])
def test_a_pulled_cable_leaves_a_gap_and_comes_back(
    protocol: str, port: PortKind, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    reader = EmulatedReader("gate", protocol, port=port, folder=tmp_path)
    session = Session("gate", protocol, reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()
    reader.show(EPCS[:3])
    wait_for(lambda: listener.epcs() == set(EPCS[:3]))

    reader.unplug()
    wait_for(lambda: listener.lines() == ["LineUp", "LineDown"])
    assert not session.is_up
    assert session.down_reason
    reader.show(EPCS[3:6])
    reader.plug()

    wait_for(lambda: listener.epcs() == set(EPCS[:6]))
    assert listener.lines() == ["LineUp", "LineDown", "LineUp"]
    assert session.counters.losses == 1


def test_a_scan_while_the_cable_is_out_is_refused_and_not_logged(
    tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    log = tmp_path / "wire.jsonl"
    reader = EmulatedReader("desk", "barcode_lines", folder=tmp_path, wire_log=log)
    started.append(reader)

    assert not reader.scan("12345670")

    assert logged(log) == []


@pytest.mark.parametrize("port", ["pty", "tcp"])
def test_scans_before_and_after_an_unplug_are_all_heard(
    port: PortKind, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    reader = EmulatedReader("desk", "barcode_lines", port=port, folder=tmp_path)
    session = Session("desk", "barcode_lines", reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()
    texts = []
    for number in range(3):
        assert reader.wait_connected(10)
        for again in range(20):
            texts.append(f"{number}-{again}")
            assert reader.scan(texts[-1])
        reader.unplug()
        reader.plug()

    wait_for(lambda: len(listener.scans()) >= len(texts))

    assert listener.scans() == texts


def test_a_swallowed_frame_is_in_the_wire_log_and_nowhere_else(
    tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    log = tmp_path / "wire.jsonl"
    reader = EmulatedReader("desk", "barcode_lines", folder=tmp_path, wire_log=log)
    session = Session("desk", "barcode_lines", reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()
    assert reader.wait_connected(10)

    reader.swallow_next()
    for text in ("one", "two"):
        assert reader.scan(text)

    wait_for(lambda: listener.scans() == ["two"])
    assert [(line["text"], line["sent"]) for line in logged(log)] == [
        ("one", "swallowed"),
        ("two", True),
    ]


def test_a_tag_that_nobody_hears_is_swallowed_in_every_round(
    tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    reader = EmulatedReader("gate", "r2000_a0", port="tcp")
    session = Session("gate", "r2000_a0", reader.url)
    started += [reader, session]
    listener = Listener(session)
    session.start()

    reader.swallow_tag(EPCS[0])
    reader.show(EPCS[:2])
    wait_for(lambda: session.counters.tag_reads > 3)

    assert listener.epcs() == {EPCS[1]}


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
def test_the_recorded_bytes_replay_into_the_same_values_and_times(
    protocol: str, tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    tapes = Tapes(tmp_path / "tapes")
    reader = EmulatedReader(
        "gate", protocol, folder=tmp_path, faults=Faults(chunk_size_max=7, noise_rate=0.1)
    )
    session = Session("gate", protocol, reader.url, on_bytes=tapes.tape("gate", protocol))
    started += [reader, session]
    listener = Listener(session)
    session.start()
    assert reader.wait_connected(10)
    if PROTOCOLS[protocol].reads == "barcodes":
        for number in range(20):
            reader.scan(f"{number:08d}")
        wait_for(lambda: len(listener.scans()) == 20)
    elif PROTOCOLS[protocol].reads == "cards":
        reader.show([epc[-5:] for epc in EPCS[1:4]])
        wait_for(lambda: session.counters.tag_reads >= 3)
    else:
        reader.show(EPCS)
        wait_for(lambda: listener.epcs() == set(EPCS))
    reader.unplug()
    wait_for(lambda: any(isinstance(each, LineDown) for each in listener.drain()))
    session.stop()
    tapes.close()

    lines = tape_lines(tmp_path / "tapes" / "gate")
    played = list(replay(lines, PROTOCOLS[protocol].codec(), "gate"))

    assert played == listener.drain()
    assert isinstance(played[0], LineUp)


def test_a_full_queue_folds_reads_of_one_tag_and_counts_them(
    started: list[EmulatedReader | Session],
) -> None:
    reader = EmulatedReader("gate", "r200_bb7e", port="tcp")
    session = Session("gate", "r200_bb7e", reader.url, queue_max=2)
    started += [reader, session]
    session.start()
    reader.show(EPCS[:2])
    wait_for(lambda: session.counters.tag_reads >= 12)
    session.stop()

    reads = [each for each in session.take() if isinstance(each, Received)]

    assert sum(each.count for each in reads) == session.counters.tag_reads
    assert session.counters.folded > 0
    assert session.counters.dropped == 0
    assert len(reads) <= 4


def test_a_silent_reader_is_down_although_its_port_is_open(
    monkeypatch: pytest.MonkeyPatch, started: list[EmulatedReader | Session]
) -> None:
    from readers.protocols.r2000_a0.codec import R2000Codec

    monkeypatch.setattr(R2000Codec, "silent_ms_max", 200)
    deaf = EmulatedReader("gate", "barcode_lines", port="tcp")
    session = Session("gate", "r2000_a0", deaf.url)
    started += [deaf, session]
    listener = Listener(session)

    session.start()

    wait_for(lambda: listener.lines() == ["LineUp", "LineDown"])
    assert session.down_reason == "The reader has not answered for 0.2 s."


def test_the_first_read_comes_within_50_ms_of_its_last_byte(
    tmp_path: Path, started: list[EmulatedReader | Session]
) -> None:
    reader = EmulatedReader("desk", "barcode_lines", folder=tmp_path)
    session = Session("desk", "barcode_lines", reader.url)
    started += [reader, session]
    session.start()
    assert reader.wait_connected(10)
    session.take(0.5)
    best_s = 1.0
    for _ in range(10):
        begun = time.perf_counter()
        reader.scan("12345670")
        assert session.take(2.0)
        best_s = min(best_s, time.perf_counter() - begun)

    assert best_s < 0.05


def test_ready_is_called_when_there_is_something_to_take(
    started: list[EmulatedReader | Session],
) -> None:
    calls: list[int] = []
    reader = EmulatedReader("desk", "barcode_lines", port="tcp")
    session = Session("desk", "barcode_lines", reader.url, on_ready=lambda: calls.append(1))
    started += [reader, session]

    session.start()

    wait_for(lambda: bool(calls))
