"""The tape of a wire: every byte with its time, as JSON lines, and its playback.

A line is `{"t": µs since 1970 UTC, "dir": …, "hex": …}`. `in` came from the reader, `out` went
to it; `idle` is a silence that closed something, `up` and `down` are the line itself. So a tape
played into a fresh codec gives the same values at the same times, on any machine.

Between them stand lines about the tape itself: `{"tape": …}` heads each segment, `{"sum": …}` is
the hash of all that was recorded so far, `pass` marks what an event points to, and `hole` says that
a full disk took nothing for a while (see `readers.recordings.tape`).

>>> from readers.protocols.barcode_lines.codec import BarcodeCodec
>>> tape = ['{"t": 1000000, "dir": "in", "hex": "350d0a"}']
>>> [(happening.at.second, happening.value.text) for happening in replay(tape, BarcodeCodec(), "a")]
[(1, '5')]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from readers.codec import Codec
from readers.reads import (
    DELIVERED,
    Happening,
    Item,
    LineDown,
    LineUp,
    ReaderError,
    Received,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
HEAD, SUM, PASS, HOLE = "head", "sum", "pass", "hole"
"""Kinds of the lines about the tape itself."""
WIRE = ("in", "out", "idle", "up", "down")
"""Kinds of the lines that a session wrote."""
_NO_BYTES: tuple[str, ...] = (HEAD, SUM, PASS, HOLE)


@dataclass(frozen=True, slots=True)
class TapeLine:
    """One line of a tape."""

    kind: str
    """One of `WIRE`, or `HEAD`, `SUM`, `PASS`, `HOLE`."""
    t: int
    """µs since 1970 UTC; 0 for a head or a sum, which have no time of their own."""
    data: bytes = b""
    """The bytes on the wire; the reason of a `down`."""
    sum: str = ""
    """A head: the sum before it. A sum: itself."""
    segment: int = 0
    """A head: the number of its segment."""
    is_begun: bool = False
    """A head: a session begins here, it does not go on from the segment before."""
    first_t: int = 0
    """A pass: when it began."""
    last_t: int = 0
    """A pass: its last read. A hole: its end."""

    @property
    def at(self) -> datetime:
        """UTC."""
        return time_of(self.t)


def microseconds(at: datetime) -> int:
    """Return a time as on a tape: µs since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def time_of(t: int) -> datetime:
    """Return a tape's time as UTC."""
    return _EPOCH + t * _MICROSECOND


def read_line(text: str, number: int = 1) -> TapeLine:
    """Read a line of a tape.

    Args:
        text: The line, with or without its end.
        number: Which line it is, for the sentence.

    Raises:
        ReaderError: If it is none.
    """
    try:
        tree = json.loads(text)
        if "sum" in tree and "tape" not in tree:
            return TapeLine(SUM, 0, sum=tree["sum"])
        if "tape" in tree:
            begun = bool(tree.get("begun"))
            return TapeLine(HEAD, 0, sum=tree["sum"], segment=tree["segment"], is_begun=begun)
        t, kind = int(tree["t"]), tree["dir"]
        if kind == PASS:
            return TapeLine(PASS, t, first_t=int(tree["from"]), last_t=int(tree["to"]))
        if kind == HOLE:
            return TapeLine(HOLE, t, last_t=int(tree["to"]))
        return TapeLine(kind, t, bytes.fromhex(tree["hex"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ReaderError(
            f'Cannot read line {number} of the recording: expected {{"t", "dir", "hex"}},'
            f" got {text.strip()[:60]!r}."
        ) from error


def replay(
    lines: Iterable[str],
    codec: Codec,
    reader: str,
    *,
    deliver: tuple[type[Item], ...] = DELIVERED,
) -> Iterator[Happening]:
    """Play a tape into a fresh codec and give what a session gave, one happening at a time.

    Segments of one tape follow each other as if they were one. Where something is missing between
    them, or was never written, a `LineDown` and a `LineUp` stand for it.

    Raises:
        ReaderError: If a line is not a line of a tape.
    """
    played = (read_line(text, number) for number, text in enumerate(lines, 1) if text.strip())
    for _, happenings in play(played, codec, reader, deliver=deliver):
        yield from happenings


def play(
    lines: Iterable[TapeLine],
    codec: Codec,
    reader: str,
    *,
    deliver: tuple[type[Item], ...] = DELIVERED,
) -> Iterator[tuple[TapeLine, list[Happening]]]:
    """Give each line of a tape with what came out of it."""
    heard_t = last_t = 0
    sum_so_far: str | None = None
    for line in lines:
        found: list[Happening] = []
        items: list[Item] = []
        at = line.at
        if line.kind == "in":
            heard_t = line.t
            items = codec.receive(line.data)
        elif line.kind == "idle":
            items = codec.idle((line.t - heard_t) // 1000)
        elif line.kind == "down":
            items = codec.cut()
        elif line.kind == HEAD and (line.is_begun or line.sum != sum_so_far):
            codec.cut()  # Nobody heard what was half said before.
            if not line.is_begun and sum_so_far is not None:
                found += _hole(last_t, last_t, reader, "This part of the recording was given up.")
        elif line.kind == HOLE:
            codec.cut()
            found += _hole(line.t, line.last_t, reader, "This part could not be recorded.")
        if line.kind in (HEAD, SUM):
            sum_so_far = line.sum
        found += [Received(at, reader, item) for item in items if isinstance(item, deliver)]
        if line.kind == "up":
            found.append(LineUp(at, reader))
        elif line.kind == "down":
            found.append(LineDown(at, reader, line.data.decode("utf-8", "replace")))
        last_t = line.last_t if line.kind == HOLE else line.t or last_t
        yield line, found


def _hole(from_t: int, to_t: int, reader: str, reason: str) -> list[Happening]:
    return [LineDown(time_of(from_t), reader, reason), LineUp(time_of(to_t), reader)]
