r"""JSON events in a stream of bytes: each event an object, on a line of its own or glued together.

>>> stream = JsonStream()
>>> stream.receive(b'{"a":1}{"b":"}"}\r\n{"c"')
[({'a': 1}, b'{"a":1}'), ({'b': '}'}, b'{"b":"}"}')]

There is no checksum and no length: what is not JSON is refused where its grammar breaks, and the
search goes on at the next brace. So half an event costs itself alone.
"""

from __future__ import annotations

import json
from typing import Any

from readers.reads import Noise

SIZE_MAX = 65_536
"""A longer event is refused; the longest of these readers hold a few thousand bytes."""
_TAIL = 12
"""A word or escape cut off by the end of what has come so far is shorter than this."""
_DECODER = json.JSONDecoder()

# Any: JSON. Between events stand `Noise` and the bytes of blank lines.
Event = dict[str, Any]


class JsonStream:
    """Objects in the order in which they end; belongs to one thread."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self.rest = b""
        self._is_noisy = False

    def receive(self, data: bytes) -> list[tuple[Event, bytes] | Noise]:
        """Return the events that are whole in the bytes so far; keep the rest."""
        found, end = self._walk(self.rest + data, is_final=False)
        self.rest = (self.rest + data)[end:]
        return found

    def flush(self) -> list[tuple[Event, bytes] | Noise]:
        """Give up on half an event; whole ones behind it still come out."""
        found, _ = self._walk(self.rest, is_final=True)
        self.rest = b""
        return found

    def _walk(
        self, data: bytes, *, is_final: bool
    ) -> tuple[list[tuple[Event, bytes] | Noise], int]:
        # One byte is one character, so that places in the text are places in the bytes.
        text = data.decode("latin-1")
        found: list[tuple[Event, bytes] | Noise] = []
        # A blank inside noise belongs to it, also where the bytes came apart just there.
        at, bad_from, size = 0, 0 if self._is_noisy else -1, len(data)
        while at < size:
            brace = data.find(b"{", at)
            brace = size if brace < 0 else brace
            if data[at:brace].strip() and bad_from < 0:
                bad_from = at
            at = brace
            if at == size:
                break
            event, end = _object_at(text, data, at)
            if event is not None:
                if 0 <= bad_from < at:
                    found.append(Noise(data[bad_from:at], "no JSON object"))
                bad_from = -1
                found.append((event, data[at:end]))
                at = end
                continue
            is_open = end == 0 and size - at <= SIZE_MAX
            if is_open and not is_final:
                break
            bad_from = at if bad_from < 0 else bad_from
            at += 1
        if 0 <= bad_from < at:
            found.append(Noise(data[bad_from:at], "no JSON object"))
        self._is_noisy = bad_from >= 0 and not is_final
        return found, at


def _object_at(text: str, data: bytes, at: int) -> tuple[Event | None, int]:
    """Return the object that begins here and its end; (None, 0) if its rest is to come, else -1."""
    try:
        _, end = _DECODER.raw_decode(text, at)
        event = json.loads(data[at:end])
    except json.JSONDecodeError as error:
        is_cut = error.msg.startswith("Unterminated") or error.pos >= len(text) - _TAIL
        return None, 0 if is_cut else -1
    except (ValueError, RecursionError):
        return None, -1
    return (event, end) if isinstance(event, dict) else (None, -1)


def number_of(value: object) -> int | None:
    """Return a whole number of JSON, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def hex_of(value: object) -> bytes | None:
    """Return the bytes of hex digits; None if it is no such text."""
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None
