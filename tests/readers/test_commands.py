"""`hangtag readers` prints what scripts rely on and refuses with one sentence."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import app
from readers.commands import read_line
from readers.emulated.emulation import EmulatedReader
from readers.reads import ReaderError, TagRead
from readers.recordings.recording import replay
from readers.registry import PROTOCOLS, protocol

TAG = "a0130189d43000300833b2ddd90140000000013674"


def run(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(app.main, ["readers", *words], input=text)


# `Any`: a JSON line.
def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_decode_joins_chunks_numbers_frames_and_shows_noise(tmp_path: Path) -> None:
    chunks = tmp_path / "chunks.txt"
    chunks.write_text(f"# a capture\n\n{TAG[:20]}\n{TAG[20:]}ffee\n{TAG}\na0047410\n")

    result = run("decode", "--protocol", "r2000_a0", str(chunks))

    told = lines(result)
    assert result.exit_code == 0
    assert [(each["type"], each.get("n")) for each in told] == [
        ("read", 1), ("noise", None), ("read", 2), ("noise", None),
    ]  # fmt: skip
    assert told[0] == {
        "type": "read", "kind": "tag", "epc": "300833b2ddd9014000000001", "rssi_dbm": -75.0,
        "rssi_raw": 54, "antenna": 1, "pc": "3000", "frequency_index": 53,
        "frequency_mhz": 925.0, "freq_ant": "0xD4", "frame": TAG, "n": 1,
    }  # fmt: skip
    assert told[1] == {"type": "noise", "hex": "ffee", "reason": "no frame begins here"}
    assert told[3]["reason"] == "4 bytes of a frame of 6"


def test_decode_reads_standard_input_and_flushes_a_scan_without_ending() -> None:
    told = lines(run("decode", "--protocol", "barcode_lines", text="5d4331\n3031\n"))
    assert told == [
        {"type": "scan", "text": "01", "symbology": "]C1", "aim": "]C1", "data": "01",
         "frame": "5d43313031", "n": 1},
    ]  # fmt: skip


def test_decode_of_the_hosts_side_gives_commands() -> None:
    told = lines(run("decode", "--protocol", "r2000_a0", "--from", "host", text="a0030172ea"))
    assert told == [
        {"type": "command", "cmd": "0x72 get firmware version", "address": "0x01",
         "frame": "a0030172ea", "n": 1},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "text", "sentence"),
    [
        (("--protocol", "r2000_a0"), "a0\nzz", "Cannot read line 2 as hex: got 'zz'."),
        (
            ("--protocol", "x"),
            "",
            f"No protocol is called 'x': expected {', '.join(PROTOCOLS)}.",
        ),
        (
            ("--protocol", "barcode_lines", "--from", "host"),
            "",
            "Cannot decode a host's bytes of barcode_lines: its host says nothing.",
        ),
        (
            ("--protocol", "r2000_a0", "/nowhere/at.all"),
            "",
            "Cannot read /nowhere/at.all: No such file or directory.",
        ),
    ],
)
def test_decode_refuses_with_one_sentence(words: tuple[str, ...], text: str, sentence: str) -> None:
    result = run("decode", *words, text=text)
    assert (result.exit_code, result.stderr.splitlines()[0]) == (1, sentence)
    result = run("decode", *words, "--json", text=text)
    assert json.loads(result.stdout.splitlines()[-1])["error"]["message"] == sentence


def test_what_was_good_before_a_bad_line_is_printed() -> None:
    told = run("decode", "--protocol", "r2000_a0", text=f"{TAG}\nzz\n").stdout
    assert json.loads(told.splitlines()[0])["frame"] == TAG


def test_list_shows_ports_with_remedies_and_protocols() -> None:
    [port] = lines(run("list", "--json", "/dev/ttyUSB99"))
    assert port["can_open"] is False
    assert port["remedy"].startswith("/dev/ttyUSB99 does not exist.")
    shown = run("list", "/dev/ttyUSB99").stdout
    assert shown.startswith("closed /dev/ttyUSB99")
    assert all(name in shown for name in PROTOCOLS)


def test_watch_shows_what_an_emulated_reader_says() -> None:
    reader = EmulatedReader("desk", "barcode_lines", port="tcp")

    def scan() -> None:
        assert reader.wait_connected(10)
        reader.scan("12345670", "]E4")

    scanning = threading.Thread(target=scan)
    scanning.start()
    words = ("--protocol", "barcode_lines", "--seconds", "1.5")
    told = lines(run("watch", reader.url, *words, "--json"))
    scanning.join()
    reader.stop()

    assert [each["type"] for each in told[:2]] == ["line_up", "scan"]
    assert told[1]["text"] == "12345670"


def test_emulate_is_a_reader_that_obeys_lines(tmp_path: Path) -> None:
    log = tmp_path / "wire.jsonl"
    orders = "show 0102\nunplug\nplug\nflip\nswallow 2\nscan x\njump\nshow zz\nclear\n"
    words = ("--protocol", "r2000_a0", "--port", "tcp", "--wire-log", str(log), "--json")

    told = lines(run("emulate", *words, text=orders))

    assert told[0]["url"].startswith("socket://127.0.0.1:")
    assert [each.get("ok", "refused") for each in told[1:]] == [
        True, True, True, True, True, "refused", "refused", "refused", True,
    ]  # fmt: skip


def test_emulate_and_watch_work_as_two_programs(tmp_path: Path) -> None:
    hangtag = [sys.executable, "-c", "import app; app.main()", "readers"]
    emulated = subprocess.Popen(
        [*hangtag, "emulate", "--protocol", "r200_bb7e", "--port", "tcp", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with emulated:
        assert emulated.stdout is not None
        assert emulated.stdin is not None
        url = json.loads(emulated.stdout.readline())["url"]
        emulated.stdin.write("show 3034257bf7194e4000001a85\n")
        emulated.stdin.flush()
        emulated.stdout.readline()
        seen = subprocess.run(
            [*hangtag, "watch", url, "--protocol", "r200_bb7e", "--seconds", "1", "--json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        emulated.stdin.close()

    reads = [json.loads(line) for line in seen.stdout.splitlines()]
    assert {each["epc"] for each in reads if each["type"] == "read"} == {"3034257bf7194e4000001a85"}


def test_a_line_that_is_no_recording_is_refused() -> None:
    tape = io.StringIO('{"t": 1, "dir": "in"}\n')
    with pytest.raises(ReaderError) as caught:
        list(replay(tape, protocol("barcode_lines").codec(), "a"))
    assert str(caught.value) == (
        'Cannot read line 1 of the recording: expected {"t", "dir", "hex"}, got'
        ' \'{"t": 1, "dir": "in"}\'.'
    )


@pytest.mark.parametrize(
    ("protocol_name", "frame"),
    [
        ("r2000_a0", TAG),
        ("r2000_a0", "a0150189703000" + "3034257bf7194e4000001a85" + "450a0b"),
        ("r200_bb7e", "bb02220011c93400e20010710000529b0940b402163dd47e"),
    ],
)
def test_the_line_of_a_read_is_its_tree(protocol_name: str, frame: str) -> None:
    raw = bytes.fromhex(frame)
    if protocol_name == "r2000_a0":
        raw = raw + bytes((-sum(raw) & 0xFF,)) if sum(raw) & 0xFF else raw
    [read] = protocol(protocol_name).codec().receive(raw)

    assert isinstance(read, TagRead)
    assert json.loads(read_line(read, 7)) == read.tree() | {"n": 7}
    assert list(json.loads(read_line(read, 7))) == [*read.tree(), "n"]
