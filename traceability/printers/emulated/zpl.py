"""What an emulated printer makes of ZPL: strictly by the maker's guide, and nothing guessed.

It is written from the guide alone and shares no line with what writes labels, so that a slip there
shows here. An unknown command, a parameter out of its range, a control character, ink outside the
label: each is a fault that is remembered with the label.

>>> [label] = ZplReader().receive(b"^XA^PW400^LL240^FO10,20^GB50,4,4^FS^XZ")
>>> label.label.faults, label.label.picture.size
([], (400, 240))
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from traceability.errors import InvalidIdentifier
from traceability.gs1.element_string import parse_message
from traceability.printers.emulated.fields import (
    dots_of,
    parts_of,
    ratio,
    unescaped,
    unhexed,
    values_of_field,
    whole,
)
from traceability.printers.emulated.label import (
    ASCENT,
    EmulatedLabel,
    bar_modules,
    code128_modules,
    itf_modules,
    square_rows,
)

__all__ = ["ChipOrder", "Format", "HostAnswer", "ZplReader"]

BUFFER_MAX = 4_000_000
WIDTH_MAX, HEIGHT_MAX = 4_096, 16_000
_IMMEDIATE = {"HS", "JA", "HI", "PS", "PP"}
_SIGN = re.compile(r"[\^~]")


@dataclass(frozen=True, slots=True)
class ChipOrder:
    """Write to a chip, or read it into a numbered field."""

    is_write: bool
    bank: int
    start: int
    """First 16-bit word."""
    size: int
    """Bytes."""
    data: bytes = b""
    number: int = 0


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """Send a numbered field to the host."""

    number: int
    size: int
    head: str
    tail: str


@dataclass(slots=True)
class Format:
    """One label as it was understood, ready to be printed."""

    label: EmulatedLabel
    copies: int = 1
    chip: list[ChipOrder] = field(default_factory=list)
    answers: list[HostAnswer] = field(default_factory=list)


@dataclass(slots=True)
class _Field:
    """What is known of the field that is being told."""

    x: int = 0
    y: int = 0
    is_baseline: bool = False
    font: tuple[int, int] | None = None
    block: tuple[int, str] = (0, "L")
    hexed: str = ""
    data: str | None = None
    code: tuple[str, list[str]] | None = None
    chip: list[str] | None = None
    number: int = 0


class ZplReader:
    """Reads a stream of ZPL; half a command is normal."""

    def __init__(self) -> None:
        self._buffer = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._found: list[Format | str] = []
        self._commands: dict[str, Callable[[str], None]] = {
            name[1:].upper(): getattr(self, name) for name in dir(type(self)) if name[:2] == "_x"
        }
        self._reset()

    def _reset(self) -> None:
        self._is_open = False
        self._size = [832, 1218]
        self._format: Format | None = None
        self._early: list[str] = []
        self._by = (2, 3.0, 10)
        self._field = _Field()

    def clear(self) -> None:
        """Forget half a format: the line was cut, or all was cancelled."""
        self._buffer = ""
        self._reset()

    def receive(self, data: bytes) -> list[Format]:
        """Return the labels that are complete; what is to be done at once is passed over."""
        return [one for one in self.read(data) if isinstance(one, Format)]

    def read(self, data: bytes) -> list[Format | str]:
        """Return labels, and names of commands that are obeyed at once, in their order."""
        self._buffer += self._decoder.decode(data)
        if len(self._buffer) > BUFFER_MAX:
            self._fault(f"The buffer of {BUFFER_MAX} bytes is full.")
            self._buffer = ""
        while (command := self._next()) is not None:
            self._obey(*command)
        found, self._found = self._found, []
        return found

    def _next(self) -> tuple[str, str, str] | None:
        """Take the next command off the buffer: its sign, its name, its parameters."""
        text = self._buffer
        first = _SIGN.search(text)
        begin = first.start() if first else len(text)
        if text[:begin].strip("\r\n"):
            self._fault(f"{text[:begin][:40]!r} is no command.")
        self._buffer = text = text[begin:]
        if len(text) < 3:
            return None
        name = text[1:3].upper()
        if (text[0] == "~" and name in _IMMEDIATE) or name in ("XA", "XZ"):
            self._buffer = text[3:]
            return text[0], name, ""
        sign = _SIGN.search(text, 3)
        if sign is None:
            return None
        end = sign.start()
        self._buffer = text[end:]
        said = text[3:end]
        if name[0] == "A" and name != "A@":
            return text[0], "A", text[2:end].rstrip("\r\n")
        return text[0], name, said.rstrip("\r\n") if name != "FD" else said

    def _obey(self, sign: str, name: str, said: str) -> None:
        if sign == "~":
            if name in _IMMEDIATE:
                self._found.append(name)
            else:
                self._fault(f"Unknown command ~{name}.")
            return
        wrong = next((one for one in said if ord(one) < 0x20 and one not in "\r\n"), None)
        if wrong is not None or (name == "FD" and ("\r" in said or "\n" in said)):
            self._fault(f"Control character in ^{name}{said[:40]!r}.")
        command = self._commands.get("X" + name)
        if command is None:
            self._fault(f"Unknown command ^{name}.")
        elif not self._is_open and name != "XA":
            self._fault(f"^{name} outside of a label.")
        else:
            try:
                command(said)
            except (ValueError, KeyError, IndexError) as error:
                self._fault(f"Cannot obey ^{name}{said[:60]}: {error}.")

    def _fault(self, sentence: str) -> None:
        if self._format is not None:
            self._format.label.fault(sentence)
        else:
            self._early.append(sentence)

    @property
    def _label(self) -> EmulatedLabel:
        """The sheet; it lies in the printer once its size is known."""
        return self._open().label

    def _open(self) -> Format:
        if self._format is None:
            self._format = Format(EmulatedLabel(self._size[0], self._size[1], self._early))
            self._early = []
        return self._format

    # --- the label ---

    def _xxa(self, said: str) -> None:
        if self._is_open:
            self._fault("^XA inside of a label.")
        early = self._early
        self._reset()
        self._early, self._is_open = early, True

    def _xxz(self, said: str) -> None:
        if self._field.data is not None or self._field.code is not None:
            self._fault("The last field has no ^FS.")
        made = self._open()
        made.label.finish()
        self._reset()
        self._found.append(made)

    def _xci(self, said: str) -> None:
        whole(said, 0, 36)
        if said != "28":
            self._fault(f"Code page {said}: only 28 (UTF-8) is understood.")

    def _xmu(self, said: str) -> None:
        if said.split(",", maxsplit=1)[0].upper() != "D":
            raise ValueError("only dots are understood")

    def _xfw(self, said: str) -> None:
        if said[:1].upper() != "N":
            raise ValueError("only upright fields are understood")

    def _xpw(self, said: str) -> None:
        self._side(0, whole(said, 2, WIDTH_MAX))

    def _xll(self, said: str) -> None:
        self._side(1, whole(said, 1, HEIGHT_MAX))

    def _side(self, which: int, dots: int) -> None:
        if self._format is not None:
            raise ValueError("the size is told after the first field")
        self._size[which] = dots

    def _xlh(self, said: str) -> None:
        if said != "0,0":
            raise ValueError("only 0,0 is understood")

    def _xpq(self, said: str) -> None:
        self._open().copies = whole(said.split(",", maxsplit=1)[0], 1, 99_999_999)

    def _xby(self, said: str) -> None:
        parts = [*said.split(","), "", "", ""]
        self._by = (
            whole(parts[0] or "2", 1, 100),
            ratio(parts[1] or "3"),
            whole(parts[2] or "10", 1, 32_000),
        )

    # --- fields ---

    def _xfo(self, said: str) -> None:
        self._place(said, is_baseline=False)

    def _xft(self, said: str) -> None:
        self._place(said, is_baseline=True)

    def _place(self, said: str, *, is_baseline: bool) -> None:
        x, y = (whole(one, 0, 32_000) for one in said.split(","))
        self._field = _Field(x, y, is_baseline, number=self._field.number)

    def _xa(self, said: str) -> None:
        match = re.fullmatch(r"0N,(\d+),(\d+)", said)
        if match is None:
            raise ValueError("expected font 0, upright, height and width")
        self._field.font = (whole(match[1], 10, 32_000), whole(match[2], 10, 32_000))

    def _xfb(self, said: str) -> None:
        width, lines, space, side, indent = said.split(",")
        if lines != "1" or indent != "0" or space != "0" or side not in ("L", "C", "R"):
            raise ValueError("expected one line, set left, in the middle or right")
        self._field.block = (whole(width, 1, WIDTH_MAX), side)

    def _xfh(self, said: str) -> None:
        if len(said) > 1:
            raise ValueError("expected one sign")
        self._field.hexed = said or "_"

    def _xfn(self, said: str) -> None:
        self._field.number = whole(said, 0, 9_999)

    def _xfd(self, said: str) -> None:
        if self._field.data is not None:
            raise ValueError("the field has data already")
        self._field.data = unhexed(said, self._field.hexed) if self._field.hexed else said

    def _xgb(self, said: str) -> None:
        width, height, thick = (whole(one, 1, 32_000) for one in said.split(","))
        self._label.box(self._field.x, self._field.y, width, height, thick)

    def _xgf(self, said: str) -> None:
        kind, size, total, across, data = said.split(",", 4)
        if kind != "A" or size != total:
            raise ValueError("expected hex digits, and one size twice")
        width = whole(across, 1, 9_999)
        rows = dots_of(data, width)
        if len(rows) * width != int(total):
            raise ValueError(f"{len(rows) * width} bytes came, {total} were told")
        dots = bytes(one ^ 0xFF for one in b"".join(rows))
        image = Image.frombytes("1", (width * 8, len(rows)), dots)
        self._label.dots(image, self._field.x, self._field.y)

    def _xfs(self, said: str) -> None:
        told, self._field = self._field, _Field()
        if told.chip is not None:
            self._chip(told, told.chip)
        elif told.code is not None:
            self._code(told, *told.code)
        elif told.data is not None:
            self._words(told, told.data)

    def _words(self, told: _Field, said: str) -> None:
        if told.font is None:
            raise ValueError("words without a font")
        block, side = told.block
        if block and "\\" in said:
            raise ValueError("a backslash in a block is an order")
        if not said.isascii():
            raise ValueError(f"{said[:20]!r} is not in font 0")
        height, width = told.font
        y = told.y if told.is_baseline else told.y + round(height * ASCENT)
        self._label.text(said, told.x, y, height, width, block=block, side=side)

    # --- codes ---

    def _xbc(self, said: str) -> None:
        self._field.code = ("BC", parts_of(said, "N", 6))

    def _xb2(self, said: str) -> None:
        self._field.code = ("B2", parts_of(said, "N", 5))

    def _xbe(self, said: str) -> None:
        self._field.code = ("ean13", parts_of(said, "N", 4))

    def _xb8(self, said: str) -> None:
        self._field.code = ("ean8", parts_of(said, "N", 4))

    def _xbu(self, said: str) -> None:
        self._field.code = ("upc_a", parts_of(said, "N", 5))

    def _xbx(self, said: str) -> None:
        self._field.code = ("BX", parts_of(said, "N", 8))

    def _xbq(self, said: str) -> None:
        self._field.code = ("BQ", parts_of(said, "N", 5))

    def _code(self, told: _Field, name: str, parts: list[str]) -> None:
        if told.data is None or told.is_baseline:
            raise ValueError("a code needs ^FO and data")
        if name == "BX":
            self._matrix(told, parts, told.data)
        elif name == "BQ":
            self._qr(told, parts, told.data)
        else:
            self._stripes(told, name, parts, told.data)

    def _stripes(self, told: _Field, name: str, parts: list[str], said: str) -> None:
        height, narrow = whole(parts[1], 1, 32_000), self._by[0]
        if parts[2] != "N" or parts[3] not in ("N", "") or parts[4] not in ("N", ""):
            raise ValueError("no line of letters and no check digit of its own is understood")
        if name == "BC":
            if parts[5] not in ("N", ""):
                raise ValueError("only mode N is understood")
            modules = code128_modules(values_of_field(said))
        elif name == "B2":
            if not said.isdecimal() or len(said) % 2:
                raise ValueError("expected an even number of digits")
            modules, narrow = itf_modules(said, narrow, self._by[1]), 1
        else:
            wanted = {"ean13": 12, "ean8": 7, "upc_a": 11}[name]
            if not said.isdecimal() or len(said) != wanted:
                raise ValueError(f"expected {wanted} digits, got {len(said)}")
            modules = bar_modules(name, said)
        self._label.bars(modules, told.x, told.y, narrow, height)

    def _matrix(self, told: _Field, parts: list[str], said: str) -> None:
        module = whole(parts[1], 1, 100)
        if parts[2] != "200" or not parts[6]:
            raise ValueError("only quality 200 with a sign for escapes is understood")
        text, is_gs1 = unescaped(said, parts[6])
        if is_gs1:
            try:
                elements = parse_message(text, requisites=False)
            except InvalidIdentifier as error:
                raise ValueError(str(error)) from error
            text = "".join(f"[{ai}]{value}" for ai, value in elements)
        rows = square_rows("datamatrix", text, gs1=is_gs1, force_square=True)
        if parts[3] != parts[4] or (parts[3] and int(parts[3]) != len(rows)):
            raise ValueError(f"the code has {len(rows)} columns, {parts[3]} were told")
        self._label.square(rows, told.x, told.y, module)

    def _qr(self, told: _Field, parts: list[str], said: str) -> None:
        module = whole(parts[2], 1, 100)
        match = re.fullmatch(r"([HQML])A,(.+)", said, re.DOTALL)
        if parts[1] != "2" or match is None:
            raise ValueError("expected model 2, and a level, A and a comma before the data")
        rows = square_rows("qr", match[2], ec_level=match[1])
        # Real printers move a QR code down by the height of bars that ^BY left behind.
        self._label.square(rows, told.x, told.y + self._by[2], module)

    # --- chips ---

    def _xrs(self, said: str) -> None:
        if said.split(",", maxsplit=1)[0] not in ("", "8"):
            raise ValueError("only tag type 8 (EPC Gen2) is understood")

    def _xrf(self, said: str) -> None:
        self._field.chip = said.split(",")

    def _chip(self, told: _Field, parts: list[str]) -> None:
        order, form, start, size, bank = parts
        if form != "H" or order not in ("W", "R"):
            raise ValueError("expected W or R, and hex digits")
        data = bytes.fromhex(told.data or "")
        count = whole(size, 1, 512)
        if order == "W" and len(data) != count:
            raise ValueError(f"{len(data)} bytes came, {count} were told")
        told_bank, word = whole(bank, 0, 3), whole(start, 0, 255)
        self._open().chip.append(ChipOrder(order == "W", told_bank, word, count, data, told.number))

    def _xhv(self, said: str) -> None:
        number, size, head, tail, scope = said.split(",")
        if scope not in ("F", "L"):
            raise ValueError("expected F or L")
        hexed = self._field.hexed
        texts = [unhexed(one, hexed) if hexed else one for one in (head, tail)]
        self._open().answers.append(
            HostAnswer(whole(number, 0, 9_999), whole(size, 1, 256), *texts)
        )
