"""The parameter bytes of a command as a row of named fields, written as one line of text.

>>> Layout("bank:u1 word_addr:u2 data:h*").decode(bytes.fromhex("030002beef"))
{'bank': 3, 'word_addr': 2, 'data': 'beef'}

Kinds: `uN` unsigned and `sN` signed numbers of N bytes, most significant first; `hN` N bytes as
hex; `xN` the same with `0x` in front; `h*` and `t*` the rest as hex or as text; `-N` N bytes that
mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence


class Layout:
    """One way in which parameter bytes can be laid out."""

    __slots__ = ("_fields", "_is_open", "_size")

    def __init__(self, text: str) -> None:
        """Read the layout from its line of text."""
        self._fields: list[tuple[str, str, int]] = []
        self._is_open = False
        self._size = 0
        for part in text.split():
            name, _, kind = part.partition(":")
            if kind.endswith("*"):
                self._is_open = True
                self._fields.append((name, kind[0], 0))
            else:
                self._size += int(kind[1:])
                self._fields.append((name, kind[0], int(kind[1:])))

    def decode(self, data: bytes) -> dict[str, object] | None:
        """Return the fields, or None if the length does not fit."""
        if len(data) < self._size or (len(data) > self._size and not self._is_open):
            return None
        found: dict[str, object] = {}
        position = 0
        for name, kind, size in self._fields:
            raw = data[position : position + size] if size else data[position:]
            position += size
            if kind == "u":
                found[name] = int.from_bytes(raw, "big")
            elif kind == "s":
                found[name] = int.from_bytes(raw, "big", signed=True)
            elif kind == "h":
                found[name] = raw.hex()
            elif kind == "x":
                found[name] = "0x" + raw.hex().upper()
            elif kind == "t":
                found[name] = raw.decode("ascii", "replace")
        return found


def decode_first(layouts: Sequence[Layout], data: bytes) -> dict[str, object]:
    """Return the fields of the first layout that fits; else the bytes as `data`, or nothing."""
    for layout in layouts:
        if (found := layout.decode(data)) is not None:
            return found
    return {"data": data.hex()} if data else {}


def layouts(text: str) -> tuple[Layout, ...]:
    """Read alternatives separated by `|`; the first that fits the length wins."""
    return tuple(Layout(part) for part in text.split("|"))
