"""The tape of a wire: every byte with its time, as JSON lines, and its playback.

A line is `{"t": µs since 1970 UTC, "dir": …, "hex": …}`. `in` came from the reader, `out` went
to it; `idle` is a silence that closed something, `up` and `down` are the line itself. So a tape
played into a fresh codec gives the same values at the same times, on any machine.

>>> from readers.protocols.barcode_lines.codec import BarcodeCodec
>>> tape = ['{"t": 1000000, "dir": "in", "hex": "350d0a"}']
>>> [(happening.at.second, happening.value.text) for happening in replay(tape, BarcodeCodec(), "a")]
[(1, '5')]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

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


class Recorder:
    """Writes a session's bytes to a text stream; give it to the session as `on_bytes`.

    The session's thread owns it while the session runs. At `size_max` it stops writing: a tape
    with a hole in the middle would replay into something that never happened.
    """

    def __init__(self, stream: IO[str], *, size_max: int = 1 << 30) -> None:
        """Record to `stream`, which the caller closes."""
        self._stream = stream
        self._left = size_max
        self.is_full = False

    def __call__(self, at: datetime, direction: str, data: bytes) -> None:
        """Write one line."""
        microseconds = (at - _EPOCH) // _MICROSECOND
        line = f'{{"t": {microseconds}, "dir": "{direction}", "hex": "{data.hex()}"}}\n'
        self._left -= len(line)
        if self._left < 0:
            self.is_full = True
        if not self.is_full:
            self._stream.write(line)
            self._stream.flush()


def replay(
    lines: Iterable[str],
    codec: Codec,
    reader: str,
    *,
    deliver: tuple[type[Item], ...] = DELIVERED,
) -> Iterator[Happening]:
    """Play a tape into a fresh codec and give what a session gave, one happening at a time.

    Raises:
        ReaderError: If a line is not a line of a tape.
    """
    heard_t = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            tree = json.loads(line)
            t, direction, data = int(tree["t"]), tree["dir"], bytes.fromhex(tree["hex"])
        except (ValueError, KeyError, TypeError) as error:
            raise ReaderError(
                f'Cannot read line {number} of the recording: expected {{"t", "dir", "hex"}},'
                f" got {line.strip()[:60]!r}."
            ) from error
        at = _EPOCH + t * _MICROSECOND
        if direction == "in":
            heard_t = t
            items = codec.receive(data)
        elif direction == "idle":
            items = codec.idle((t - heard_t) // 1000)
        elif direction == "down":
            items = codec.cut()
        else:
            items = []
        for item in items:
            if isinstance(item, deliver):
                yield Received(at, reader, item)
        if direction == "up":
            yield LineUp(at, reader)
        elif direction == "down":
            yield LineDown(at, reader, data.decode("utf-8", "replace"))
