"""All tapes of a PC: a folder a reader, closed segments packed, the oldest given up for room.

    tapes = Tapes(Path("tapes"), size_max=2_000_000_000)
    session = Session("gate", "r2000_a0", url, on_bytes=tapes.tape("dock-gate", "r2000_a0"))
    …
    tapes.close()

A closed segment is packed into `000017.jsonl.gz`, and `segments.index` says the SHA-256 of its
exact bytes. When room runs out the oldest segment goes; of what an event points to, the window
around it stays in `000017.kept.gz`, and the index says so. Each step may be the last one before a
power cut: a file has its name only when it is whole, and every step can be done again.

>>> Limits().in_all, Limits().per_reader
(2000000000, 1000000000)
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from readers.reads import ReaderError
from readers.recordings.recording import time_of
from readers.recordings.tape import (
    INDEX,
    KEPT,
    RAW,
    SEALED,
    SEGMENT_S_MAX,
    SEGMENT_SIZE_MAX,
    Block,
    Tape,
    blocks_of,
    number_of,
    read_index,
    sum_line,
)

log = logging.getLogger(__name__)

TICK_S = 0.5
"""How often what has gathered is written, if nothing more comes."""
BEFORE_US, AFTER_US = 10_000_000, 5_000_000
"""What is kept before and after the span that an event points to."""
_PASS = re.compile(rb'"dir": "pass", "from": (\d+), "to": (\d+)')
_SPOKEN = re.compile(rb'"protocol": "(\w+)"')
_LEVEL = 6
State = Literal["open", "sealed", "kept", "gone"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is recorded, in bytes, and when a new segment begins."""

    in_all: int = 2_000_000_000
    per_reader: int = 1_000_000_000
    segment_size: int = SEGMENT_SIZE_MAX
    segment_s: float = SEGMENT_S_MAX


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a tape, whether it is still here or not."""

    folder: Path
    number: int
    state: State
    """Being written or not yet packed; packed; only windows are left; given up."""
    said: dict[str, int | str]
    """What the index says of it; empty before it was packed."""

    @property
    def path(self) -> Path | None:
        """Its file, if there is one."""
        end = {"open": RAW, "sealed": SEALED, "kept": KEPT, "gone": None}[self.state]
        return None if end is None else self.folder / f"{self.number:06d}{end}"

    def read(self) -> bytes:
        """Return the bytes that are here.

        Raises:
            ReaderError: If the file cannot be read.
        """
        path = self.path
        if path is None:
            return b""
        try:
            raw = path.read_bytes()
            return raw if path.suffix != ".gz" else gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise ReaderError(f"Cannot read the recording {path}: {error}.") from error


def segments(folder: Path) -> list[Segment]:
    """List a tape's segments, oldest first, with those that are gone."""
    said = {int(each["segment"]): each for each in read_index(folder) if "sha256" in each}
    here: dict[int, State] = dict.fromkeys(said, "gone")
    ends: tuple[tuple[str, State], ...] = ((KEPT, "kept"), (RAW, "open"), (SEALED, "sealed"))
    for end, state in ends:
        here |= {number_of(path): state for path in folder.glob(f"*{end}") if number_of(path)}
    return [Segment(folder, each, here[each], said.get(each, {})) for each in sorted(here)]


def tape_lines(folder: Path, first_t: int = 0, last_t: int = 1 << 62) -> Iterator[str]:
    """Yield a tape's lines over all its segments, or of those that hold a span of time.

    Whole segments are given, since a codec must hear what comes before. The last line of the
    segment that is being written may be half there, and is left out then.

    Raises:
        ReaderError: If a segment cannot be read.
    """
    for each in segments(folder):
        if each.said and (_t(each, "to") < first_t or _t(each, "from") > last_t):
            continue
        whole, _, _ = each.read().rpartition(b"\n")
        for line in whole.split(b"\n"):
            yield line.decode("utf-8", "replace")


def _t(segment: Segment, name: str) -> int:
    return int(segment.said.get(name) or 0)


def file_lines(path: Path) -> Iterator[str]:
    """Yield the lines of one file of a tape, packed or not.

    Raises:
        ReaderError: If it cannot be read.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for line in file:
                yield line.decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error) as error:
        raise ReaderError(f"Cannot read the recording {path}: {error}.") from error


def protocol_of(path: Path) -> str:
    """Return which protocol was recorded on a tape, or in one file of it.

    Raises:
        ReaderError: If it does not say, or cannot be read.
    """
    lines = tape_lines(path) if path.is_dir() else file_lines(path)
    if found := _SPOKEN.search(next(lines, "").encode()):
        return found[1].decode()
    raise ReaderError(f"{path} does not say what was spoken: give --protocol.")


def check(folder: Path) -> Iterator[tuple[Segment, str]]:
    """Yield each segment with what is wrong with it; empty if nothing is."""
    before: bytes | None = None
    for each in segments(folder):
        if each.state == "gone":
            before = None
            yield each, ""
            continue
        try:
            raw = each.read()
        except ReaderError as error:
            before = None
            yield each, str(error)
            continue
        blocks = list(blocks_of(raw))
        problem = ""
        if each.state == "sealed" and each.said and sha256(raw).hexdigest() != each.said["sha256"]:
            problem = "its bytes are not those of the index"
        elif wrong := sum(not block.is_right for block in blocks):
            problem = f"{wrong} of {len(blocks)} blocks do not match their sums"
        elif each.state != "kept" and before is not None and blocks and blocks[0].before != before:
            problem = "it does not follow on the segment before"
        before = blocks[-1].after if blocks and each.state != "kept" else None
        yield each, problem


def seal(path: Path) -> None:
    """Pack a closed segment and say in the index what it holds. May be done again.

    Raises:
        OSError: If the disk takes nothing.
    """
    raw = path.read_bytes()
    packed = path.with_name(f"{path.stem}{SEALED}")
    blocks = list(blocks_of(raw))
    spans = [times for block in blocks if (times := block.times) is not None]
    first_t = min((each[0] for each in spans), default=0)
    last_t = max((each[1] for each in spans), default=0)
    _put(packed, raw, last_t)
    tree: dict[str, int | str] = {
        "segment": number_of(path),
        "from": first_t,
        "to": last_t,
        "bytes": len(raw),
        "stored_bytes": packed.stat().st_size,
        "sha256": sha256(raw).hexdigest(),
        "sum": blocks[-1].after.hex() if blocks else "",
    }
    _append(path.parent, tree)
    path.unlink()


def _put(path: Path, raw: bytes, last_t: int) -> None:
    """Pack bytes into a file that has its name only when it is whole on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with draft.open("wb") as file:
            file.write(gzip.compress(raw, _LEVEL, mtime=0))
            file.flush()
            os.fsync(file.fileno())
        # Whoever makes room on the disk goes by the time of a file: that of its last byte.
        os.utime(draft, (last_t / 1e6, last_t / 1e6))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _append(folder: Path, tree: dict[str, int | str]) -> None:
    with (folder / INDEX).open("a+b") as file:
        # A torn line of a power cut is ended first, so that it spoils no other.
        file.seek(max(0, file.tell() - 1))
        torn = file.read(1) not in (b"", b"\n")
        file.write(b"\n" * torn + json.dumps(tree).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def give_up(path: Path) -> int:
    """Give up a closed segment but for the windows around what events point to.

    Returns:
        How many bytes came free, at least 0.
    """
    folder, number = path.parent, number_of(path)
    size = path.stat().st_size
    if path.name.endswith(KEPT) or not number:
        path.unlink(missing_ok=True)
        if number:
            _say_gone(folder, number, 0)
        return size
    kept, last_t = _windows(folder, number)
    left = path.with_name(f"{number:06d}{KEPT}")
    if kept:
        try:
            _put(left, kept, last_t)
        except OSError:
            # No room even for the windows: there will be once the segment is gone.
            path.unlink(missing_ok=True)
            with suppress(OSError):
                _put(left, kept, last_t)
    path.unlink(missing_ok=True)
    _say_gone(folder, number, len(kept))
    return max(0, size - (left.stat().st_size if left.exists() else 0))


def _say_gone(folder: Path, number: int, kept: int) -> None:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with suppress(OSError):  # The missing file says it, too.
        _append(folder, {"segment": number, "gone": at, "kept_bytes": kept})


def _windows(folder: Path, number: int) -> tuple[bytes, int]:
    """Return what events point to in a segment, and its last time."""
    spans: list[tuple[int, int]] = []
    mine = b""
    # A window may reach over from the segment before or after.
    for each in near(folder, number):
        with suppress(ReaderError):
            raw = each.read()
            found = [(int(a), int(b)) for a, b in _PASS.findall(raw)]
            spans += [(a - BEFORE_US, b + AFTER_US) for a, b in found]
            mine = raw if each.number == number else mine
    kept = cut_out(folder.name, number, mine, spans)
    times = [block.times for block in blocks_of(kept)]
    return kept, max((each[1] for each in times if each is not None), default=0)


def near(folder: Path, number: int) -> list[Segment]:
    """Return a segment with the ones before and after it."""
    return [each for each in segments(folder) if abs(each.number - number) <= 1]


def cut_out(tape: str, number: int, raw: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return the blocks of a segment that touch a span, each run of them under a head of its own.

    Such a piece can be checked and played like a segment.
    """
    spoken = _SPOKEN.search(raw)
    kept: list[bytes] = []
    before: bytes | None = None
    for block in blocks_of(raw):
        if not _is_wanted(block, spans):
            continue
        if block.before != before:
            head = {"tape": tape, "segment": number, "kept": True, "sum": block.before.hex()}
            if spoken is not None:
                head["protocol"] = spoken[1].decode()
            kept.append(json.dumps(head).encode() + b"\n")
        kept.append(block.data + sum_line(block.after))
        before = block.after
    return b"".join(kept)


def _is_wanted(block: Block, spans: list[tuple[int, int]]) -> bool:
    times = block.times
    return times is not None and any(a <= times[1] and times[0] <= b for a, b in spans)


def make_room(root: Path, limits: Limits) -> int:
    """Give up the oldest segments until all fits; return how many bytes came free.

    Kept windows go last, and only when they alone take more than half of the room.
    """
    folders = [each for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
    freed = 0
    for folder in folders:
        freed += _shrink([folder], SEALED, limits.per_reader)
        freed += _shrink([folder], KEPT, limits.per_reader // 2)
    freed += _shrink(folders, SEALED, limits.in_all)
    return freed + _shrink(folders, KEPT, limits.in_all // 2)


def _shrink(folders: list[Path], end: str, limit: int) -> int:
    """Give up the oldest files of one kind while all that counts is more than the limit."""
    counted = (KEPT,) if end == KEPT else (RAW, SEALED, KEPT)
    sizes: dict[Path, tuple[int, float]] = {}
    for folder in folders:
        for path in (each for one in counted for each in folder.glob(f"[0-9]*{one}")):
            with suppress(OSError):
                found = path.stat()
                sizes[path] = (found.st_size, found.st_mtime)
    over = sum(size for size, _ in sizes.values()) - limit
    freed = 0
    for path in sorted(sizes, key=lambda each: (sizes[each][1], each)):
        if freed >= over:
            break
        if path.name.endswith(end):
            with suppress(OSError):
                freed += give_up(path)
    return freed


class Tapes:
    """The tapes of one folder, with the thread that packs them and makes room."""

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        """Record below `root`; nothing is touched before the first byte."""
        self.root = root
        self._limits = limits or Limits()
        self._lock = threading.Lock()  # guards the next three
        self._tapes: dict[str, Tape] = {}
        self._closed: list[Path] = []
        self._is_full = False
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tapes", daemon=True)
        self._thread.start()

    def tape(self, name: str, protocol: str) -> Tape:
        """Return a new tape; its folder has its name."""
        made = Tape(
            self.root / name,
            protocol,
            segment_size_max=min(self._limits.segment_size, max(4096, self._limits.in_all // 16)),
            segment_s_max=self._limits.segment_s,
            on_closed=self._on_closed,
            on_full=self._on_full,
        )
        with self._lock:
            self._tapes[name] = made
        return made

    def close(self) -> None:
        """End all tapes, pack what is closed, end the thread."""
        for each in list(self._tapes.values()):
            each.close()
        self._stopping.set()
        self._changed.set()
        self._thread.join(timeout=30)

    def _on_closed(self, path: Path) -> None:
        with self._lock:
            self._closed.append(path)
        self._changed.set()

    def _on_full(self) -> None:
        with self._lock:
            self._is_full = True
        self._changed.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait(TICK_S)
            is_asked = self._changed.is_set()
            self._changed.clear()
            self._flush()
            if is_asked:
                self._pack()
        self._pack()

    def _flush(self) -> None:
        with self._lock:
            tapes = list(self._tapes.values())
        for each in tapes:
            each.flush()

    def _pack(self) -> None:
        with self._lock:
            closed, self._closed = self._closed, []
            limits, is_full, self._is_full = self._limits, self._is_full, False
        for path in closed:
            try:
                if path.exists():
                    seal(path)
            except OSError as error:
                log.warning("the recording %s is not packed yet: %s", path, error)
                with self._lock:
                    self._closed.append(path)
        try:
            if is_full:  # A full disk is a narrower limit: an oldest segment or two make room.
                used = sum(each.stat().st_size for each in self.root.glob("*/[0-9]*"))
                limits = replace(limits, in_all=max(0, used - limits.segment_size))
            if freed := make_room(self.root, limits):
                log.info("recordings were thinned: %d bytes came free", freed)
        except OSError as error:
            log.warning("recordings cannot be thinned: %s", error)


def tree_of(segment: Segment) -> dict[str, object]:
    """Return the JSON form: its number, state, span in UTC, bytes and their SHA-256."""
    known = bool(segment.said.get("to"))
    return {
        "tape": segment.folder.name,
        "segment": segment.number,
        "state": segment.state,
        "from": f"{time_of(_t(segment, 'from')).isoformat()}" if known else "",
        "to": f"{time_of(_t(segment, 'to')).isoformat()}" if known else "",
        "bytes": _t(segment, "bytes"),
        "sha256": str(segment.said.get("sha256", "")),
    }
