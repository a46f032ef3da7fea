"""One reader's tape while it runs: segments of lines, each hashed together with all before it.

A folder holds the tape of one reader as `000001.jsonl`, `000002.jsonl` and so on. Lines gather for
a moment and are written as one *block* that ends with its sum:

    sum = SHA-256(sum of the block before, the exact bytes of the block's lines)

The head of a segment carries the sum before it and belongs to its first block, so one sum stands
for every byte recorded until then. That is what an event names: it is known at once, while the
hash of a file that is still being written is not, and a single block can be checked against it
when all others are gone.

>>> str(Pointer.parse("dock-gate/000017#" + "0f" * 32))[:22]
'dock-gate/000017#0f0f0'
"""

from __future__ import annotations

import errno
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Self

from readers.reads import ReaderError
from readers.recordings.recording import microseconds, read_line

RAW, SEALED, KEPT, INDEX = ".jsonl", ".jsonl.gz", ".kept.gz", "segments.index"
"""Ends of file names: being written, closed, what is left of one given up; and the list."""
BLOCK_SIZE_MAX = 32_768
BLOCK_S_MAX = 0.2
"""A block is written when it is so large or so old; a process that is killed loses no more."""
SEGMENT_SIZE_MAX = 8 << 20
SEGMENT_S_MAX = 3600
NO_SUM = bytes(32)
"""Stands before the first block of all."""
_POINTER = re.compile(r"([\w.-]{1,80})/([0-9]{6,12})#([0-9a-f]{64})")
_SUM_LINE = re.compile(rb'^\{"sum": "([0-9a-f]{64})"\}\n', re.MULTILINE)
_TIME = re.compile(rb'"t": (\d+)')


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where on which tape something stands, and the sum of all that was recorded until then."""

    tape: str
    segment: int
    sum: str
    """64 hex digits."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what an event says.

        Raises:
            ReaderError: If it names no recording.
        """
        found = _POINTER.fullmatch(text)
        if found is None:
            raise ReaderError(
                f"Cannot read {text[:60]!r} as a recording: expected TAPE/SEGMENT#SUM."
            )
        return cls(found[1], int(found[2]), found[3])

    def __str__(self) -> str:
        return f"{self.tape}/{self.segment:06d}#{self.sum}"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that were written together."""

    before: bytes
    """The sum before it, 32 bytes."""
    data: bytes
    """Its lines, without the line of its sum."""
    after: bytes
    """The sum that the tape says."""

    @property
    def is_right(self) -> bool:
        """True if the sum follows from the bytes."""
        return sha256(self.before + self.data).digest() == self.after

    @property
    def times(self) -> tuple[int, int] | None:
        """First and last time in it, µs since 1970 UTC; None if it has none."""
        found = [int(each) for each in _TIME.findall(self.data)]
        return (min(found), max(found)) if found else None


def sum_line(total: bytes) -> bytes:
    """Return the line that ends a block."""
    return b'{"sum": "%s"}\n' % total.hex().encode()


def blocks_of(raw: bytes) -> Iterator[Block]:
    """Cut a segment into its blocks; lines behind the last sum belong to none.

    What is left of a segment that was given up begins anew with each `kept` head, which carries
    the sum before it and is not itself part of a block.
    """
    before, begin = NO_SUM, 0
    for found in _SUM_LINE.finditer(raw):
        data, after = raw[begin : found.start()], bytes.fromhex(found[1].decode())
        begin = found.end()
        if data.startswith(b'{"tape"'):
            line, _, rest = data.partition(b"\n")
            with suppress(ValueError, KeyError):  # A head that cannot be read: the sum is wrong.
                head = json.loads(line)
                before = bytes.fromhex(head["sum"])
                if head.get("kept"):
                    data = rest
        yield Block(before, data, after)
        before = after


def mend(path: Path) -> tuple[bytes, int]:
    """Close a segment whose writer was killed: cut its torn end, sum what had no sum yet.

    Returns:
        The last sum, and how many bytes were cut. Both may be done again at any time.

    Raises:
        OSError: If the disk takes nothing.
    """
    raw = path.read_bytes()
    total, summed = _last_sum(raw)
    good = summed
    while (end := raw.find(b"\n", good)) >= 0:
        try:
            read_line(raw[good:end].decode())
        except (ReaderError, UnicodeDecodeError):
            break
        good = end + 1
    if good == len(raw) == summed:
        return total, 0
    with path.open("r+b") as file:
        file.truncate(good)
        if good > summed:
            total = sha256(total + raw[summed:good]).digest()
            file.seek(good)
            file.write(sum_line(total))
        file.flush()
        os.fsync(file.fileno())
    return total, len(raw) - good


def _last_sum(raw: bytes) -> tuple[bytes, int]:
    """Return the last sum and where its line ends; without one, what the head says and 0."""
    if sums := list(_SUM_LINE.finditer(raw)):
        return bytes.fromhex(sums[-1][1].decode()), sums[-1].end()
    with suppress(ValueError, KeyError, TypeError):
        return bytes.fromhex(json.loads(raw.partition(b"\n")[0])["sum"]), 0
    return NO_SUM, 0


class Tape:
    """Records one session; give it to the session as `on_bytes`.

    The session's thread writes, whoever makes events marks, the store's thread flushes: all under
    one lock. What the disk does not take is dropped and said as a hole when it takes again; a
    session goes on reading in any case.
    """

    def __init__(
        self,
        folder: Path,
        protocol: str,
        *,
        segment_size_max: int = SEGMENT_SIZE_MAX,
        segment_s_max: float = SEGMENT_S_MAX,
        on_closed: Callable[[Path], None] = lambda _: None,
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a tape in `folder`, named like it; nothing is touched before the first line.

        Args:
            folder: Of this reader alone; made when it is needed.
            protocol: Stands in each segment's head, so that it can be played by itself.
            segment_size_max: Bytes after which a new segment begins.
            segment_s_max: Seconds after which a new segment begins.
            on_closed: Told of each segment that nobody writes any more.
            on_full: Told that the disk took nothing.
        """
        self.name, self._folder, self._protocol = folder.name, folder, protocol
        self._size_max, self._s_max = segment_size_max, segment_s_max
        self._on_closed, self._on_full = on_closed, on_full
        self._lock = threading.Lock()  # guards all that follows
        self._lines: list[bytes] = []
        self._lines_size = 0
        self._block_until = 0.0
        self._file = -1
        self._path = folder
        self._segment = 0
        self._size = 0
        self._sum = NO_SUM
        self._segment_until = 0.0
        self._hole_t: int | None = None
        self._is_new = True
        self._is_closed = False

    def __call__(self, at: datetime, direction: str, data: bytes) -> None:
        """Write one line.

        Raises:
            OSError: If the disk took nothing: some lines are lost, and the tape will say so.
        """
        line = f'{{"t": {microseconds(at)}, "dir": "{direction}", "hex": "{data.hex()}"}}\n'
        with self._lock:
            if self._is_closed:
                return
            now = time.monotonic()
            if not self._lines:
                self._block_until = now + BLOCK_S_MAX
            self._lines.append(line.encode())
            self._lines_size += len(line)
            if self._lines_size >= BLOCK_SIZE_MAX or now >= self._block_until:
                self._write()

    def mark(self, first_at: datetime, last_at: datetime) -> Pointer | None:
        """Note that something in this span matters, and return where it stands.

        None if the disk takes nothing, or nothing was ever recorded.
        """
        with self._lock, suppress(OSError):
            if self._is_closed:
                return None
            first_t, last_t = microseconds(first_at), microseconds(last_at)
            line = f'{{"t": {last_t}, "dir": "pass", "from": {first_t}, "to": {last_t}}}\n'
            self._lines.append(line.encode())
            return self._write()
        return None

    def flush(self) -> None:
        """Write what has gathered; a disk that takes nothing is no error here."""
        with self._lock, suppress(OSError):
            self._write()
            if self._file >= 0 and time.monotonic() >= self._segment_until:
                self._end()

    def close(self) -> None:
        """Write the rest and close the segment; closing twice is harmless."""
        self.flush()
        with self._lock:
            self._is_closed = True
            self._end()

    def _write(self) -> Pointer | None:
        """Write a block and return where it ends."""
        if not self._lines:
            return None
        self._lines_size = 0
        lines, self._lines = self._lines, []
        first = lines[0]
        try:
            if self._file < 0:
                self._begin()
            if self._hole_t is not None:
                to_t = max(self._hole_t, read_line(first.decode()).t)
                lines.insert(0, b'{"t": %d, "dir": "hole", "to": %d}\n' % (self._hole_t, to_t))
            if self._size == 0:
                lines.insert(0, self._head())
            block = b"".join(lines)
            total = sha256(self._sum + block).digest()
            self._put(block + sum_line(total))
        except OSError:
            if self._hole_t is None:
                self._hole_t = read_line(first.decode()).t
            self._on_full()
            raise
        self._sum, self._hole_t, self._is_new = total, None, False
        pointer = Pointer(self.name, self._segment, total.hex())
        if self._size >= self._size_max or time.monotonic() >= self._segment_until:
            self._end()
        return pointer

    def _put(self, block: bytes) -> None:
        """Write all of it or nothing."""
        try:
            if os.write(self._file, block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(block)

    def _head(self) -> bytes:
        begun = ', "begun": true' if self._is_new else ""
        return (
            f'{{"tape": {json.dumps(self.name)}, "segment": {self._segment}, "protocol":'
            f' "{self._protocol}"{begun}, "sum": "{self._sum.hex()}"}}\n'
        ).encode()

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._is_new:
            self._segment, self._sum = take_up(self._folder, self._on_closed)
        path = self._folder / f"{self._segment + 1:06d}{RAW}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        self._path, self._size = path, 0
        self._segment += 1
        self._segment_until = time.monotonic() + self._s_max

    def _end(self) -> None:
        if self._file < 0:
            return
        os.close(self._file)
        self._file = -1
        if self._size == 0:  # The disk took not even the head.
            self._segment -= 1
            with suppress(OSError):
                self._path.unlink()
            return
        self._on_closed(self._path)


def take_up(folder: Path, on_closed: Callable[[Path], None]) -> tuple[int, bytes]:
    """Find out where a tape stopped, and mend what a kill left behind.

    Returns:
        The number of its last segment and its last sum; 0 and `NO_SUM` if there is none.

    Raises:
        OSError: If the disk takes nothing.
    """
    for draft in folder.glob(".0*"):
        draft.unlink(missing_ok=True)
    last, total = 0, NO_SUM
    for each in read_index(folder):
        if each.get("sum") and int(each["segment"]) >= last:
            last, total = int(each["segment"]), bytes.fromhex(str(each["sum"]))
    for path in sorted(folder.glob(f"*{RAW}")):
        if path.stat().st_size == 0:
            path.unlink()
            continue
        number = number_of(path)
        found, _ = mend(path)
        if number >= last:
            last, total = number, found
        on_closed(path)
    beyond = [number_of(path) for end in (SEALED, KEPT) for path in folder.glob(f"*{end}")]
    return max([last, *beyond]), total


def number_of(path: Path) -> int:
    """Return the number of a segment's file; 0 if it is none."""
    text = path.name.partition(".")[0]
    return int(text) if text.isdecimal() else 0


def read_index(folder: Path) -> Iterator[dict[str, int | str]]:
    """Yield what the list of segments says, oldest first; a torn line says nothing."""
    with suppress(OSError):
        for line in (folder / INDEX).read_bytes().splitlines():
            with suppress(ValueError, UnicodeDecodeError):
                tree = json.loads(line)
                if isinstance(tree, dict) and isinstance(tree.get("segment"), int):
                    yield tree
