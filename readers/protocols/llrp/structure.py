"""LLRP's parameters taken apart and put together: typed fields, then parameters inside.

>>> spec = Parameter.of("KeepaliveSpec", trigger=1, interval_ms=2000)
>>> spec.encode().hex()
'00dc000901000007d0'
>>> [again], rest = parameters_of(spec.encode()); again == spec
True

A TLV says its own length, so one that nobody knows is kept as its bytes. A TV does not: what
follows an unknown one can only be kept as it came, up to the end of the parameter around it.

Source: LLRP 1.0.1, section 17.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readers.protocols.llrp.parameters import NUMBERS, PARAMETERS, TV_SIZES

DEPTH_MAX = 10
"""Parameters inside parameters; the deepest of the standard is 7."""
HEAD_SIZE = 4


class Contradiction(Exception):
    """Lengths or types inside a message contradict each other."""


class Shape:
    """The fields of a message or parameter in front of what is inside it.

    Kinds: `uN`, `sN` numbers and `hN` hex of N bytes; `bN` bits, `b1` true or false, `-` for those
    that mean nothing; `u1*`, `u2*`, `u4*` counted numbers, `t*` counted text, `w*` counted words
    as hex, `m*` counted bits as hex; `h*` all the rest as hex.
    """

    __slots__ = ("_fields",)

    def __init__(self, text: str) -> None:
        """Read the shape from its line of text."""
        parts = (part.partition(":") for part in text.split())
        self._fields = [
            (name, kind[0], 0 if kind[-1] == "*" and kind[0] != "u" else int(kind[1:2] + kind[2:].
             rstrip("*")), kind[-1] == "*")
            for name, _, kind in parts
        ]  # fmt: skip

    def decode(self, data: bytes, at: int, end: int) -> tuple[dict[str, object], int]:
        """Return the fields and where they end.

        Raises:
            Contradiction: If they would end behind `end`.
        """
        found: dict[str, object] = {}
        bit = 0
        for name, kind, size, is_counted in self._fields:
            if kind == "b":
                value, bit = _bits(data, at, end, bit, size)
                at, bit = at + bit // 8, bit % 8
                if name != "-":
                    found[name] = bool(value) if size == 1 else value
                continue
            if kind == "h" and is_counted:
                size = end - at
            elif is_counted:
                count = int.from_bytes(_piece(data, at, end, 2), "big")
                at += 2
                if kind == "m":
                    found[f"{name}_bits"] = count
                piece = _piece(data, at, end, _counted_size(kind, size, count))
                found[name] = _counted(kind, size, piece)
                at += len(piece)
                continue
            piece = _piece(data, at, end, size)
            at += size
            found[name] = (
                piece.hex() if kind == "h" else int.from_bytes(piece, "big", signed=kind == "s")
            )
        return found, at

    def encode(self, values: Mapping[str, object]) -> bytes:
        """Return the bytes; a field that has no value is zero or empty."""
        out = bytearray()
        word = width = 0
        for name, kind, size, is_counted in self._fields:
            value = values.get(name, 0)
            if kind == "b":
                word, width = word << size | int(value), width + size  # type: ignore[call-overload]
                if width % 8 == 0:
                    out += word.to_bytes(width // 8, "big")
                    word = width = 0
            elif not is_counted and kind != "h":
                out += int(value).to_bytes(size, "big", signed=kind == "s")  # type: ignore[call-overload]
            elif kind == "h":
                out += bytes.fromhex(str(value)) if value else bytes(size)
            else:
                count = values.get(f"{name}_bits") if kind == "m" else None
                out += _encode_counted(kind, size, value or (), count)
        return bytes(out)


def _piece(data: bytes, at: int, end: int, size: int) -> bytes:
    if at + size > end:
        raise Contradiction(f"{end - at} bytes for a field of {size}")
    return data[at : at + size]


def _bits(data: bytes, at: int, end: int, bit: int, size: int) -> tuple[int, int]:
    length = (bit + size + 7) // 8
    word = int.from_bytes(_piece(data, at, end, length), "big")
    return word >> (length * 8 - bit - size) & (1 << size) - 1, bit + size


def _counted_size(kind: str, size: int, count: int) -> int:
    if kind == "m":
        return (count + 7) // 8
    return count * {"t": 1, "w": 2}.get(kind, size)


def _counted(kind: str, size: int, piece: bytes) -> object:
    if kind == "t":
        return piece.decode("utf-8", "replace")
    if kind in "mw":
        return piece.hex()
    return [int.from_bytes(piece[at : at + size], "big") for at in range(0, len(piece), size)]


def _encode_counted(kind: str, size: int, value: object, count: object) -> bytes:
    if kind == "u":
        assert isinstance(value, list | tuple)
        pieces = [int(each).to_bytes(size, "big") for each in value]
        return len(pieces).to_bytes(2, "big") + b"".join(pieces)
    text = str(value or "")
    raw = text.encode() if kind == "t" else bytes.fromhex(text)
    told = len(raw) * 8 if kind == "m" else len(raw) // (2 if kind == "w" else 1)
    return (count if isinstance(count, int) else told).to_bytes(2, "big") + raw


_SHAPES = {number: Shape(text) for number, (_, text) in PARAMETERS.items()}
_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its fields, and the parameters inside it."""

    type: int
    fields: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Parameter, ...] = ()
    rest: bytes = b""
    """Bytes that could not be read: all of an unknown TLV, or what follows an unknown TV."""

    @classmethod
    def of(cls, name: str, *parts: Parameter, **fields: object) -> Parameter:
        """Make a parameter by its name."""
        return cls(NUMBERS[name], fields, parts)

    @property
    def name(self) -> str:
        """What the standard calls it."""
        return PARAMETERS[self.type][0] if self.type in PARAMETERS else str(self.type)

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        shape = _SHAPES.get(self.type)
        body = shape.encode(self.fields) if shape else b""
        if self.type in TV_SIZES:
            return bytes((0x80 | self.type,)) + body
        body += b"".join(part.encode() for part in self.parts) + self.rest
        return self.type.to_bytes(2, "big") + (len(body) + HEAD_SIZE).to_bytes(2, "big") + body

    def part(self, name: str) -> Parameter | None:
        """Return the first parameter of this name inside, or None."""
        number = NUMBERS[name]
        return next((part for part in self.parts if part.type == number), None)

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        tree: dict[str, object] = {"parameter": self.name, **self.fields}
        if self.parts:
            tree["parameters"] = [part.tree() for part in self.parts]
        if self.rest:
            tree["unread"] = self.rest.hex()
        return tree


def parameters_of(
    data: bytes, at: int = 0, end: int | None = None, *, depth: int = 0
) -> tuple[list[Parameter], bytes]:
    """Return the parameters in `data[at:end]`, and what follows an unknown TV.

    Raises:
        Contradiction: If a length or a type is impossible.
    """
    end = len(data) if end is None else end
    found: list[Parameter] = []
    if depth > DEPTH_MAX:
        raise Contradiction(f"more than {DEPTH_MAX} parameters inside each other")
    while at < end:
        if data[at] & 0x80:
            number = data[at] & 0x7F
            if number not in TV_SIZES:
                return found, data[at:end]
            fields, at = _SHAPES[number].decode(data, at + 1, end)
            found.append(Parameter(number, fields))
            continue
        number, last = tlv_head(data, at, end)
        shape = _SHAPES.get(number)
        if shape is None:
            found.append(Parameter(number, _NOTHING, (), data[at + HEAD_SIZE : last]))
        else:
            fields, inside = shape.decode(data, at + HEAD_SIZE, last)
            parts, rest = parameters_of(data, inside, last, depth=depth + 1)
            found.append(Parameter(number, fields, tuple(parts), rest))
        at = last
    return found, b""


def tlv_head(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number of the TLV at `at` and where it ends.

    Raises:
        Contradiction: If it cannot be one, or would end behind `end`.
    """
    if at + HEAD_SIZE > end:
        raise Contradiction(f"{end - at} bytes where a parameter should be")
    number, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
    if number >> 10:
        raise Contradiction(f"no parameter begins with {number:04X}")
    if size < HEAD_SIZE or at + size > end:
        raise Contradiction(f"parameter {number} of {size} bytes, {end - at} are there")
    return number, at + size
