"""`hangtag readers watch`, `replay` and `tapes`: what a person at a terminal sees."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from readers.commands import readers
from readers.emulated.emulation import EmulatedReader
from readers.reads import LineDown, LineUp, Noise, ReaderError, Received, TagRead
from readers.recordings.tape import Tape
from readers.recordings.tapes import seal
from readers.session import Session
from readers.watching.commands import screen_of
from readers.watching.tally import Tally
from tests.readers.test_session import EPCS, wait_for
from tests.readers.test_tapes import frame, later

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def started() -> Iterator[list[EmulatedReader | Session]]:
    made: list[EmulatedReader | Session] = []
    yield made
    for each in reversed(made):
        each.stop()


def read(ms: int, epc: bytes, antenna: int | None, dbm: float | None, count: int = 1) -> Received:
    at = AT + timedelta(milliseconds=ms)
    return Received(at, "gate", TagRead(epc, antenna, dbm, None), count)


def test_rates_strengths_and_tags_are_those_of_the_last_seconds() -> None:
    tally = Tally("gate")
    tally.hear(LineUp(AT, "gate"))
    for number in range(50):
        tally.hear(read(number * 100, EPCS[number % 2], 1 + number % 2, -50.0 - number % 4))
    tally.hear(Received(AT + timedelta(seconds=4), "gate", Noise(b"\0", "no head")))
    now = AT + timedelta(milliseconds=4900)
    first = tally.antennas[1]
    assert (tally.reads, tally.rates(now), tally.tags_in_field(now)) == (50, (10.0, 0.2), 2)
    assert (first.reads, first.rssi_last_dbm, first.rssi_min_dbm, first.rssi_max_dbm) == (
        25,
        -50.0,
        -52.0,
        -50.0,
    )
    assert first.rssi_mean_dbm == pytest.approx(-50.96)
    later_on = now + timedelta(seconds=3)
    assert (tally.rates(later_on)[0], tally.tags_in_field(later_on)) == (4.2, 0)


def test_a_fall_and_folded_reads_are_told() -> None:
    tally = Tally("gate")
    tally.hear(read(0, EPCS[0], None, None, count=7))
    tally.hear(LineDown(AT, "gate", "The port is gone."))
    assert (tally.reads, tally.falls, tally.is_up, tally.reason) == (
        7,
        1,
        False,
        "The port is gone.",
    )
    assert tally.antennas[0].rssi_mean_dbm is None


def test_several_ports_are_watched_at_once_a_line_each(
    started: list[EmulatedReader | Session], tmp_path: Path
) -> None:
    gate = EmulatedReader("gate", "r2000_a0", port="tcp")
    pad = EmulatedReader("pad", "r200_bb7e", port="tcp")
    started += [gate, pad]
    gate.show(EPCS[:1])
    pad.show(EPCS[1:2])
    protocols = ["--protocol", "r2000_a0", "--protocol", "r200_bb7e"]
    done = CliRunner().invoke(
        readers,
        ["watch", gate.url, pad.url, *protocols, "--seconds", "2", "--json",
         "--record", str(tmp_path)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.output.splitlines()]
    found = {(each["reader"], each["epc"]) for each in told if each["type"] == "read"}
    assert found == {(gate.url, EPCS[0].hex()), (pad.url, EPCS[1].hex())}
    kept = {path.name: path for path in tmp_path.iterdir()}
    assert len(kept) == 2
    for reader in (gate, pad):
        folder = tmp_path / reader.url.replace("://", "-").replace(":", "-")
        again = CliRunner().invoke(readers, ["replay", str(folder), "--json"])
        played = [json.loads(line) for line in again.output.splitlines()]
        mine = [each for each in told if each["reader"] == reader.url]
        assert [{**each, "reader": reader.url} for each in played][: len(mine)] == mine


def test_as_many_protocols_as_ports_or_one_for_all() -> None:
    done = CliRunner().invoke(
        readers, ["watch", "a", "b", "c", "--protocol", "r2000_a0", "--protocol", "llrp"]
    )
    assert isinstance(done.exception, ReaderError)
    assert str(done.exception) == (
        "Cannot watch 3 ports with 2 protocols: give --protocol once for all, or once for each"
        " port."
    )


def test_the_screen_shows_line_rates_antennas_and_what_came(
    started: list[EmulatedReader | Session],
) -> None:
    gate = EmulatedReader("gate", "r2000_a0", port="tcp")
    session = Session("gate", "r2000_a0", gate.url)
    gone = Session("pad", "r200_bb7e", "socket://127.0.0.1:1")
    started += [gate, session, gone]
    session.start()
    gone.start()
    gate.show(EPCS[:3])
    tallies = [Tally("gate"), Tally("pad")]

    def heard() -> bool:
        for one, tally in zip((session, gone), tallies, strict=True):
            for happening in one.take():
                tally.hear(happening)
        return tallies[0].reads >= 10 and bool(gone.down_reason)

    wait_for(heard)
    paper = Console(file=io.StringIO(), width=200, record=True)
    pairs = [(session, tallies[0]), (gone, tallies[1])]
    paper.print(screen_of(pairs, datetime.now(UTC)))
    text = paper.export_text()
    assert "Cannot reach 127.0.0.1 port 1" in text
    for words in ("reads/s", "up", "down", "strongest", f"read       epc {EPCS[0].hex()}"):
        assert words in text


LISTENS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
"""Tests that run in the background hand on that Ctrl-C means nothing."""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
def test_on_a_terminal_it_is_live_until_interrupted(
    started: list[EmulatedReader | Session],
) -> None:
    gate = EmulatedReader("gate", "r2000_a0", port="tcp")
    started.append(gate)
    gate.show(EPCS[:2])
    host, terminal = pty.openpty()
    shown = subprocess.Popen(
        [sys.executable, "-c", LISTENS + "from readers.commands import readers; readers()", "watch",
         gate.url, "--protocol", "r2000_a0"],
        stdout=terminal, stderr=terminal, env={**os.environ, "COLUMNS": "160", "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    seen = ""
    while EPCS[1].hex() not in seen:
        seen += os.read(host, 65536).decode("utf-8", "replace")
    shown.send_signal(signal.SIGINT)
    try:
        while more := os.read(host, 65536):
            seen += more.decode("utf-8", "replace")
    except OSError:
        pass  # Linux says so when the last writer has closed a terminal.
    os.close(host)
    assert shown.wait(20) == 0
    assert "tags here" in seen
    assert "Traceback" not in seen


# --- tapes ---------------------------------------------------------------------------------------


def recorded(folder: Path) -> None:
    tape = Tape(folder, "r2000_a0", segment_size_max=1)
    for number in range(4):
        tape(later(number * 1000), "in", frame(number))
        tape.flush()
    tape.close()
    for path in sorted(folder.glob("*.jsonl"))[:3]:
        seal(path)


def test_a_span_of_a_recording_is_played_over_its_segments(tmp_path: Path) -> None:
    recorded(tmp_path / "gate")
    span = ["--from", "2026-03-02T09:00:01Z", "--to", "2026-03-02T09:00:02.500"]
    done = CliRunner().invoke(readers, ["replay", str(tmp_path / "gate"), *span, "--json"])
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [(each["at"], int(each["epc"][8:], 16)) for each in told] == [
        ("2026-03-02T09:00:01.000Z", 1),
        ("2026-03-02T09:00:02.000Z", 2),
    ]
    one = CliRunner().invoke(readers, ["replay", str(tmp_path / "gate" / "000002.jsonl.gz")])
    assert [line[:12] for line in one.output.splitlines()] == ["09:00:01.000"]


def test_a_file_that_says_no_protocol_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text('{"t": 1, "dir": "in", "hex": "350d0a"}\n')
    done = CliRunner().invoke(readers, ["replay", str(path)])
    assert isinstance(done.exception, ReaderError)
    assert "give --protocol" in str(done.exception)
    done = CliRunner().invoke(readers, ["replay", str(path), "--protocol", "barcode_lines"])
    assert "text 5" in done.output


def test_segments_are_listed_and_a_changed_one_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    recorded(folder)
    (folder / "000001.jsonl.gz").unlink()
    done = CliRunner().invoke(readers, ["tapes", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.output.splitlines()] == [
        ["gate/000001", "gone"],
        ["gate/000002", "sealed"],
        ["gate/000003", "sealed"],
        ["gate/000004", "open"],
    ]
    path = folder / "000004.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"in"', b'"up"'))
    done = CliRunner().invoke(readers, ["tapes", str(folder), "--json"])
    assert done.exit_code == 1
    assert [json.loads(line)["problem"] for line in done.output.splitlines()] == [
        "", "", "", "1 of 1 blocks do not match their sums"
    ]  # fmt: skip
