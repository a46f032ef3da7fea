r"""What an emulated printer makes of TSPL: strictly by the maker's manual, and nothing guessed.

It shares no line with what writes labels. An unknown command, a wrong number of parameters, text
that leaves its quotes, ink outside the label: each is a fault that is remembered with the label.

>>> reader = TsplReader(203)
>>> sent = b"SIZE 50 mm,30 mm\r\nCLS\r\nBAR 10,10,40,4\r\nPRINT 1,1\r\n"
>>> [(label, copies)] = reader.receive(sent)
>>> label.faults, label.picture.size
([], (400, 240))
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from traceability.printers.emulated.fields import whole
from traceability.printers.emulated.label import (
    EmulatedLabel,
    bar_modules,
    code128_modules,
    square_rows,
)

__all__ = ["TsplReader"]

BUFFER_MAX = 8_000_000
LINE_MAX = 4_096
_CELLS = {"1": (8, 12), "2": (12, 20), "3": (16, 24), "4": (24, 32), "5": (32, 48)}
_KINDS = {"EAN13": ("ean13", 12), "EAN8": ("ean8", 7), "UPCA": ("upc_a", 11)}
_DOTS_PER_MM = {203: 8.0, 300: 300 / 25.4, 600: 600 / 25.4}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) mm")
_BITMAP = re.compile(rb"BITMAP (\d{1,5}),(\d{1,5}),(\d{1,4}),(\d{1,5}),([012]),")
_IMMEDIATE = (b"\x1b!?", b"\x1b!.", b"\x1b!R")


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A parameter that stood between quotes."""

    text: str


Part = str | _Quoted


class TsplReader:
    """Reads a stream of TSPL; half a line is normal."""

    def __init__(self, dpi: int) -> None:
        self._dpi = dpi
        self._buffer = b""
        self._found: list[tuple[EmulatedLabel, int] | str] = []
        self._size = (0, 0)
        self._label: EmulatedLabel | None = None
        self._early: list[str] = []
        self._commands: dict[str, Callable[[list[Part]], None]] = {
            "SIZE": self._paper,
            "GAP": self._gap,
            "DENSITY": self._density,
            "DIRECTION": self._direction,
            "REFERENCE": self._reference,
            "CLS": self._clear,
            "BAR": self._bar,
            "TEXT": self._text,
            "BARCODE": self._barcode,
            "QRCODE": self._qrcode,
            "DMATRIX": self._dmatrix,
            "PRINT": self._print,
        }

    def clear(self) -> None:
        """Forget half a label: the line was cut, or all was cancelled."""
        self._buffer = b""
        self._label = None

    def receive(self, data: bytes) -> list[tuple[EmulatedLabel, int]]:
        """Return the labels that are complete and their copies."""
        return [one for one in self.read(data) if not isinstance(one, str)]

    def read(self, data: bytes) -> list[tuple[EmulatedLabel, int] | str]:
        """Return labels, and orders that are obeyed at once (``?``, ``.``, ``R``), in order."""
        self._buffer += data
        if len(self._buffer) > BUFFER_MAX:
            self._fault(f"The buffer of {BUFFER_MAX} bytes is full.")
            self._buffer = b""
        while self._take():
            pass
        found, self._found = self._found, []
        return found

    def _take(self) -> bool:
        """Take one command off the buffer; tell whether there was a whole one."""
        buffer = self._buffer
        if buffer[:1] == b"\x1b":
            if len(buffer) < 3:
                return False
            if buffer[:3] in _IMMEDIATE:
                self._found.append(chr(buffer[2]))
            else:
                self._fault(f"Unknown order {buffer[:3]!r}.")
            self._buffer = buffer[3:]
            return True
        if buffer[:7] == b"BITMAP ":
            return self._bitmap(buffer)
        end, order = buffer.find(b"\n"), buffer.find(b"\x1b")
        if order >= 0 and not buffer[:order].strip() and (end < 0 or order < end):
            self._buffer = buffer[order:]
            return True
        if end < 0:
            if len(buffer) > LINE_MAX:
                self._fault(f"A line is longer than {LINE_MAX} bytes.")
                self._buffer = b""
            return False
        self._buffer = buffer[end + 1 :]
        self._obey(buffer[:end].rstrip(b"\r"))
        return True

    def _obey(self, line: bytes) -> None:
        if not line.strip():
            return
        said = line.decode("utf-8", "replace")
        if any(ord(one) < 0x20 for one in said):
            self._fault(f"Control character in {said[:60]!r}.")
            return
        name, _, rest = said.partition(" ")
        command = self._commands.get(name)
        if command is None:
            self._fault(f"Unknown command {said[:60]!r}.")
            return
        try:
            command(_split(rest))
        except (ValueError, KeyError, IndexError) as error:
            self._fault(f"Cannot obey {said[:60]!r}: {error}.")

    def _fault(self, sentence: str) -> None:
        if self._label is not None:
            self._label.fault(sentence)
        else:
            self._early.append(sentence)

    def _open(self) -> EmulatedLabel:
        if self._label is None:
            raise ValueError("nothing was cleared yet (CLS)")
        return self._label

    # --- the label ---

    def _paper(self, parts: list[Part]) -> None:
        self._size = (self._dots(parts[0]), self._dots(parts[1]))

    def _dots(self, part: Part) -> int:
        match = _LENGTH.fullmatch(part) if isinstance(part, str) else None
        if match is None:
            raise ValueError(f"{part!r} is no length in mm")
        return round(float(match[1]) * _DOTS_PER_MM[self._dpi])

    def _gap(self, parts: list[Part]) -> None:
        self._dots(parts[0])
        self._dots(parts[1])

    def _density(self, parts: list[Part]) -> None:
        _numbers(parts, 15)

    def _direction(self, parts: list[Part]) -> None:
        _numbers(parts, 1)

    def _reference(self, parts: list[Part]) -> None:
        if _numbers(parts, 0) != [0, 0]:
            raise ValueError("only 0,0 is understood")

    def _clear(self, parts: list[Part]) -> None:
        if not all(self._size):
            raise ValueError("the size was not told")
        early, self._early = self._early, []
        self._label = EmulatedLabel(*self._size, early)

    def _print(self, parts: list[Part]) -> None:
        label, self._label = self._open(), None
        sets, copies = _numbers(parts, 999_999_999)
        label.finish()
        self._found.append((label, sets * copies))

    # --- what is on it ---

    def _bar(self, parts: list[Part]) -> None:
        x, y, width, height = _numbers(parts, 32_000)
        self._open().box(x, y, width, height)

    def _text(self, parts: list[Part]) -> None:
        x, y = _numbers(parts[:2], 32_000)
        font, said = _said(parts[2]), _said(parts[6])
        rotation, across, down = _numbers(parts[3:6], 10)
        if rotation or len(parts) != 7 or not said.isascii() or "\\" in said:
            raise ValueError("only upright ASCII is understood")
        width, height = _CELLS[font]
        self._open().cells(said, x, y, width * across, height * down)

    def _barcode(self, parts: list[Part]) -> None:
        x, y = _numbers(parts[:2], 32_000)
        kind, said = _said(parts[2]), _said(parts[8])
        height, readable, rotation, narrow, _ = _numbers(parts[3:8], 32_000)
        if readable or rotation or len(parts) != 9:
            raise ValueError("only upright bars without letters are understood")
        if kind == "128":
            modules = code128_modules([104, *(_in_b(one) for one in said)])
        else:
            name, count = _KINDS[kind]
            if not said.isdecimal() or len(said) != count:
                raise ValueError(f"expected {count} digits, got {len(said)}")
            modules = bar_modules(name, said)
        self._open().bars(modules, x, y, narrow, height)

    def _qrcode(self, parts: list[Part]) -> None:
        x, y = _numbers(parts[:2], 32_000)
        level, cell, mode, rotation, model, mask, last = parts[2:]
        said = _said(last)
        if level not in ("L", "M", "Q", "H") or mode != "A" or rotation != "0":
            raise ValueError("expected a level, A, and no rotation")
        if model != "M2" or mask not in {f"S{one}" for one in range(9)} or "\\" in said:
            raise ValueError("expected model 2 and a mask")
        rows = square_rows("qr", said, ec_level=level)
        self._open().square(rows, x, y, whole(str(cell), 1, 10))

    def _dmatrix(self, parts: list[Part]) -> None:
        x, y, _, _ = _numbers(parts[:4], 32_000)
        module, said = parts[4], _said(parts[5])
        if not isinstance(module, str) or not module.startswith("x"):
            raise ValueError("expected the size of a module")
        rows = square_rows("datamatrix", said, force_square=True)
        self._open().square(rows, x, y, whole(module[1:], 1, 100))

    def _bitmap(self, buffer: bytes) -> bool:
        match = _BITMAP.match(buffer)
        if match is None:
            if len(buffer) < 40:
                return False
            self._fault(f"Cannot obey {buffer[:40]!r}.")
            self._buffer = buffer[buffer.find(b"\n") + 1 :] if b"\n" in buffer else b""
            return True
        x, y, across, down, mode = map(int, match.groups())
        size = across * down
        if len(buffer) < match.end() + size + 2:
            return False
        data, end = buffer[match.end() : match.end() + size], buffer[match.end() + size :]
        self._buffer = end[2:]
        if end[:2] != b"\r\n" or mode == 2:
            self._fault(f"BITMAP at {x},{y} has other bytes than it told, or inverts.")
        elif self._label is None:
            self._fault("BITMAP before CLS.")
        else:
            if mode == 0:
                self._label.picture.paste(1, (x, y, x + across * 8, y + down))
            self._label.dots(Image.frombytes("1", (across * 8, down), data), x, y)
        return True


def _split(rest: str) -> list[Part]:
    """Split parameters at commas; what stands between quotes is one."""
    parts: list[Part] = []
    at = 0
    while at < len(rest):
        if rest[at] == '"':
            end = rest.index('"', at + 1)
            parts.append(_Quoted(rest[at + 1 : end]))
            at = end + 1
        else:
            end = rest.find(",", at)
            end = len(rest) if end < 0 else end
            parts.append(rest[at:end])
            at = end
        if at < len(rest):
            if rest[at] != ",":
                raise ValueError(f"{rest[at : at + 20]!r} stands behind quotes")
            at += 1
    return parts


def _numbers(parts: list[Part], most: int) -> list[int]:
    return [whole(_bare(part), 0, most) for part in parts]


def _bare(part: Part) -> str:
    if isinstance(part, _Quoted):
        raise ValueError(f"{part.text[:20]!r} stands between quotes")
    return part


def _said(part: Part) -> str:
    if isinstance(part, str):
        raise ValueError(f"{part[:20]!r} stands without quotes")
    return part.text


def _in_b(one: str) -> int:
    if not 32 <= ord(one) <= 126:
        raise ValueError(f"{one!r} is not in subset B")
    return ord(one) - 32
