"""Tapes: rotated, hashed, bounded, and never in the way of the reads."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.protocols.r2000_a0.codec import Frame, R2000Codec
from readers.reads import Happening, LineDown, LineUp, ReaderError, Received
from readers.recordings.recording import replay
from readers.recordings.tape import INDEX, Pointer, Tape, blocks_of, mend
from readers.recordings.tapes import (
    Limits,
    Tapes,
    check,
    file_lines,
    give_up,
    make_room,
    seal,
    segments,
    tape_lines,
)
from tests.readers.test_session import wait_for

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROTOCOL = "r2000_a0"


def later(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def frame(number: int) -> bytes:
    epc = b"\x30\x34\x25\x7b" + number.to_bytes(8, "big")
    return Frame(1, 0x8B, b"\x70\x30\x00" + epc + b"\x45").encode()


def tape_in(folder: Path, **limits: float) -> Tape:
    return Tape(folder, PROTOCOL, **limits)  # type: ignore[arg-type]  # sizes are whole numbers


def write(tape: Tape, numbers: range) -> None:
    """Record a frame each ten milliseconds, a block each."""
    for number in numbers:
        tape(later(number * 10), "in", frame(number))
        tape.flush()


def played(folder: Path) -> list[Happening]:
    return list(replay(tape_lines(folder), R2000Codec(), "gate"))


def epc_numbers(happenings: list[Happening]) -> list[int]:
    return [
        int.from_bytes(each.value.epc[4:], "big")  # type: ignore[union-attr]  # the tape holds tags
        for each in happenings
        if isinstance(each, Received)
    ]


def problems(folder: Path) -> list[str]:
    return [problem for _, problem in check(folder) if problem]


def closed(folder: Path, numbers: range, segment_size: int = 1) -> Tape:
    """Make a tape of closed and packed segments."""
    packed: list[Path] = []
    tape = tape_in(folder, segment_size_max=segment_size)
    tape._on_closed = packed.append
    write(tape, numbers)
    tape.close()
    for each in packed:
        seal(each)
    return tape


@st.composite
def wires(draw: st.DrawFn) -> list[tuple[float, str, bytes]]:
    """Draw frames with noise, cut anywhere, with silences, falls and answers between them."""
    stream = b"".join(
        draw(st.binary(max_size=4)) + frame(number) for number in range(draw(st.integers(0, 12)))
    )
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    lines: list[tuple[float, str, bytes]] = [(0, "up", b"")]
    at = 0.0
    for piece in pieces:
        at += draw(st.sampled_from([0.001, 1, 300]))
        between = draw(st.sampled_from(["", "idle", "out", "down"]))
        if between:
            lines.append((at, between, b"gone" if between == "down" else b""))
        if between == "down":
            lines.append((at, "up", b""))
        if piece:
            lines.append((at, "in", piece))
    return lines


@given(lines=wires(), size=st.integers(1, 2000))
@settings(max_examples=40, deadline=None)
def test_any_rotation_gives_the_same_values_and_times_as_one_tape(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[float, str, bytes]], size: int
) -> None:
    whole = tmp_path_factory.mktemp("whole") / "gate"
    cut = tmp_path_factory.mktemp("cut") / "gate"
    for folder, limit in ((whole, 1 << 20), (cut, size)):
        tape = tape_in(folder, segment_size_max=limit)
        for ms, direction, data in lines:
            tape(later(ms), direction, data)
            if folder is cut:
                tape.flush()
        tape.close()
    assert played(cut) == played(whole)
    assert problems(cut) == problems(whole) == []


def test_a_closed_segment_is_packed_and_its_exact_bytes_are_in_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    write(tape, range(5))
    tape.close()
    raw = (folder / "000001.jsonl").read_bytes()

    seal(folder / "000001.jsonl")

    (line,) = [json.loads(each) for each in (folder / INDEX).read_text().splitlines()]
    assert gzip.decompress((folder / "000001.jsonl.gz").read_bytes()) == raw
    assert (line["segment"], line["bytes"], line["sha256"]) == (
        1,
        len(raw),
        sha256(raw).hexdigest(),
    )
    assert [each.state for each in segments(folder)] == ["sealed"]
    assert epc_numbers(played(folder)) == list(range(5))


def test_a_tape_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    closed(folder, range(3))
    write(again := tape_in(folder), range(3, 6))
    again.close()
    assert [each.number for each in segments(folder)] == [1, 2, 3, 4]
    assert (problems(folder), epc_numbers(played(folder))) == ([], list(range(6)))


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    closed(folder, range(4))
    path = folder / "000002.jsonl.gz"
    raw = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(raw.replace(b'"dir": "in"', b'"dir": "up"', 1)))
    assert [problem for _, problem in check(folder)] == [
        "",
        "its bytes are not those of the index",
        "",
        "",
    ]


def test_a_segment_of_another_history_is_found(tmp_path: Path) -> None:
    for name, first in (("gate", 0), ("other", 100)):
        write(tape := tape_in(tmp_path / name, segment_size_max=1), range(first, first + 3))
        tape.close()
    (tmp_path / "gate" / "000002.jsonl").write_bytes(
        (tmp_path / "other" / "000002.jsonl").read_bytes()
    )
    assert "it does not follow on the segment before" in problems(tmp_path / "gate")


# --- what an event points to --------------------------------------------------------------------


def test_an_event_names_the_sum_of_all_that_was_recorded_until_then(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    write(tape, range(3))
    pointer = tape.mark(later(0), later(20))
    write(tape, range(3, 5))
    tape.close()
    assert pointer == Pointer.parse(str(pointer))
    blocks = list(blocks_of((folder / "000001.jsonl").read_bytes()))
    assert [block.after.hex() for block in blocks].index(pointer.sum) == 3
    assert all(block.is_right for block in blocks)


@pytest.mark.parametrize("text", ["", "gate/1#00", "gate#" + "0" * 64, "../x/000001#" + "0" * 64])
def test_what_names_no_recording_is_refused(text: str) -> None:
    with pytest.raises(ReaderError, match="expected TAPE/SEGMENT#SUM"):
        Pointer.parse(text)


def marked(folder: Path) -> Pointer:
    """Record two minutes in three segments; an event points to a moment of the second."""
    tape = tape_in(folder, segment_size_max=1 << 20)
    pointer = None
    for number in range(120):
        tape(later(number * 1000), "in", frame(number))
        tape.flush()
        if number == 62:
            pointer = tape.mark(later(60_000), later(62_000))
        if number % 40 == 39:
            tape._end()
    tape.close()
    for path in sorted(folder.glob("*.jsonl")):
        seal(path)
    assert pointer is not None
    return pointer


def test_of_a_segment_given_up_the_window_of_an_event_stays_and_can_be_checked(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "gate"
    pointer = marked(folder)
    size = (folder / "000002.jsonl.gz").stat().st_size

    freed = give_up(folder / "000002.jsonl.gz")

    assert 0 < freed < size
    found = {each.number: each for each in segments(folder)}
    assert [each.state for each in found.values()] == ["sealed", "kept", "sealed"]
    blocks = list(blocks_of(found[2].read()))
    assert all(block.is_right for block in blocks)
    assert pointer.sum in {block.after.hex() for block in blocks}
    assert epc_numbers(list(replay(tape_lines(folder), R2000Codec(), "a"))) == [
        *range(40),
        *range(50, 68),
        *range(80, 120),
    ]
    assert problems(folder) == []
    said = [json.loads(each) for each in (folder / INDEX).read_text().splitlines()][-1]
    assert (said["segment"], "gone" in said, said["kept_bytes"] > 0) == (2, True, True)


def test_where_a_part_was_given_up_the_replay_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    closed(folder, range(3))
    give_up(folder / "000002.jsonl.gz")
    happenings = played(folder)
    assert epc_numbers(happenings) == [0, 2]
    assert [each.reason for each in happenings if isinstance(each, LineDown)] == [
        "This part of the recording was given up."
    ]
    assert isinstance(happenings[-2], LineUp)
    assert [each.state for each in segments(folder)] == ["sealed", "gone", "sealed"]


def test_a_window_reaches_into_the_segment_before(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    write(tape, range(2))
    tape._end()
    write(tape, range(2, 4))
    tape.mark(later(20), later(30))
    tape.close()
    for path in sorted(folder.glob("*.jsonl")):
        seal(path)
    give_up(folder / "000001.jsonl.gz")
    assert [each.state for each in segments(folder)] == ["kept", "sealed"]
    assert epc_numbers(played(folder)) == [0, 1, 2, 3]


def test_the_oldest_goes_first_within_each_reader_and_in_all(tmp_path: Path) -> None:
    for name, first in (("a", 0), ("b", 1000)):
        closed(tmp_path / name, range(first, first + 8))
    size = max(path.stat().st_size for path in tmp_path.glob("*/*.gz"))
    make_room(tmp_path, Limits(in_all=size * 9, per_reader=size * 6))
    assert [[each.state == "gone" for each in segments(tmp_path / name)] for name in "ab"] == [
        [True] * 5 + [False] * 3,
        [True] * 2 + [False] * 6,
    ]


def test_kept_windows_take_half_of_the_room_at_most(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    for number in range(8):
        tape(later(number * 60_000), "in", frame(number))
        tape.mark(later(number * 60_000), later(number * 60_000))
        tape._end()
    tape.close()
    for path in sorted(folder.glob("*.jsonl")):
        seal(path)
    total = sum(path.stat().st_size for path in folder.glob("*.gz"))
    make_room(tmp_path, Limits(in_all=total // 2, per_reader=total // 2))
    left = [each for each in segments(folder) if each.state != "gone"]
    assert left
    assert {each.state for each in left} == {"kept"}
    assert left == segments(folder)[-len(left) :]
    assert sum(path.stat().st_size for path in folder.glob("*.gz")) <= total // 4


def test_the_store_packs_and_makes_room_by_itself(tmp_path: Path) -> None:
    tapes = Tapes(tmp_path, Limits(in_all=20_000, per_reader=20_000, segment_size=4096))
    tape = tapes.tape("gate", PROTOCOL)
    for number in range(1000):
        tape(later(number * 10), "in", os.urandom(60))
        if number % 20 == 19:
            tape.flush()
    tapes.close()
    states = [each.state for each in segments(tmp_path / "gate")]
    assert set(states) == {"gone", "sealed"}
    assert states == sorted(states)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.gz")) <= 20_000


# --- what can go wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(0, 420, 7))
def test_a_torn_end_is_cut_and_the_rest_is_whole(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    write(tape, range(3))
    tape.close()
    path = folder / "000001.jsonl"
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - cut] + b"\0" * (cut % 3))

    write(again := tape_in(folder), range(10, 12))
    again.close()

    found = epc_numbers(played(folder))
    assert found[-2:] == [10, 11]
    assert found[:-2] == list(range(len(found) - 2))
    assert problems(folder) == []
    total, torn = mend(path)
    assert (torn, mend(path)) == (0, (total, 0))


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from readers.recordings.tapes import Limits, Tapes
start = datetime(2026, 3, 2, 9, tzinfo=UTC)
tapes = Tapes(Path(sys.argv[1]), Limits(in_all=200_000, per_reader=60_000, segment_size=12_000))
tape = tapes.tape("gate", "r2000_a0")
number = int(sys.argv[2])
while True:
    at = start + timedelta(milliseconds=number)
    tape(at, "in", bytes.fromhex("a013018b703000") + number.to_bytes(12, "big"))
    if number % 20 == 19:
        print(tape.mark(at, at), flush=True)
    number += 1
"""


def test_killed_at_any_moment_it_loses_nothing_that_an_event_points_to(tmp_path: Path) -> None:
    said: list[Pointer] = []
    for turn in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(turn * 1_000_000)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout is not None
        said += [Pointer.parse(writer.stdout.readline().strip()) for _ in range(40 + turn * 7)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

    tapes = Tapes(tmp_path)
    write(tapes.tape("gate", PROTOCOL), range(5))
    tapes.close()

    folder = tmp_path / "gate"
    assert problems(folder) == []
    assert not list(folder.glob("*.jsonl"))
    here = [each for each in segments(folder) if each.state != "gone"]
    sums = {block.after.hex() for each in here for block in blocks_of(each.read())}
    first = min(each.number for each in here)
    assert [each for each in said if each.segment > first and each.sum not in sums] == []
    assert epc_numbers(played(folder))[-5:] == list(range(5))


@pytest.mark.parametrize("step", ["draft", "packed", "said", "torn index"])
def test_packing_can_be_done_again_after_each_step(tmp_path: Path, step: str) -> None:
    folder = tmp_path / "gate"
    write(tape := tape_in(folder), range(4))
    tape.close()
    path = folder / "000001.jsonl"
    raw = path.read_bytes()
    if step == "draft":
        (folder / ".000001.jsonl.gz.1-1").write_bytes(b"half")
    else:
        seal(path)
        path.write_bytes(raw)
    if step == "packed":
        (folder / INDEX).unlink()
    if step == "torn index":
        (folder / INDEX).write_bytes((folder / INDEX).read_bytes()[:-30])

    tapes = Tapes(tmp_path)
    write(tapes.tape("gate", PROTOCOL), range(4, 6))
    tapes.close()

    assert [each.state for each in segments(folder)] == ["sealed", "sealed"]
    assert all(each.said for each in segments(folder))
    assert sorted(each.name for each in folder.iterdir()) == [
        "000001.jsonl.gz",
        "000002.jsonl.gz",
        INDEX,
    ]
    assert (problems(folder), epc_numbers(played(folder))) == ([], list(range(6)))


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let the system refuse what makes a file larger than 2,000 bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handled)


def test_a_disk_that_takes_nothing_leaves_a_hole_that_is_said(
    tmp_path: Path, small_files: None
) -> None:
    folder = tmp_path / "gate"
    tape = tape_in(folder)
    write(tape, range(20))
    before = (folder / "000001.jsonl").read_bytes()
    assert len(before) <= 2000
    assert tape.mark(later(0), later(1)) is None
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    write(tape, range(20, 22))
    tape.close()

    assert problems(folder) == []
    happenings = played(folder)
    numbers = epc_numbers(happenings)
    kept = numbers.index(20)
    assert numbers == [*range(kept), 20, 21]
    assert kept < 20
    down, up = happenings[kept : kept + 2]
    assert isinstance(down, LineDown)
    assert (down.at, down.reason) == (later(kept * 10), "This part could not be recorded.")
    assert (type(up), up.at) == (LineUp, later(200))


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "tapes").write_text("a file stands where the folder should be")
    tape = tape_in(tmp_path / "tapes" / "gate")
    write(tape, range(3))
    assert tape.mark(later(0), later(1)) is None
    (tmp_path / "tapes").unlink()
    write(tape, range(3, 5))
    tape.close()
    assert epc_numbers(played(tmp_path / "tapes" / "gate")) == [3, 4]


def test_a_full_disk_gives_up_what_is_oldest(tmp_path: Path) -> None:
    closed(tmp_path / "old", range(6))
    tapes = Tapes(tmp_path, Limits(segment_size=1))
    tapes._on_full()
    wait_for(lambda: any(each.state == "gone" for each in segments(tmp_path / "old")))
    tapes.close()
    assert segments(tmp_path / "old")[0].state == "gone"
    assert segments(tmp_path / "old")[-1].state == "sealed"


def test_a_packed_file_that_is_cut_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    closed(folder, range(1))
    path = folder / "000001.jsonl.gz"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ReaderError, match=r"Cannot read the recording .*000001\.jsonl\.gz"):
        list(file_lines(path))
    assert problems(folder)[0].startswith("Cannot read the recording")
