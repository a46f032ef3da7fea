"""Frames of 125 kHz card readers, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readers.codec import FramedCodec
from readers.reads import CardRead, Item

STX, ETX = 0x02, 0x03
NUMBER_SIZE = 5
_DIGITS = re.compile(rb"[0-9A-Fa-f]{0,12}")
_DIGIT_COUNT = 2 * NUMBER_SIZE + 2
_ENDINGS = (bytes((ETX,)), b"\r\n" + bytes((ETX,)))


def xor_of(number: bytes) -> int:
    """Return the check byte of a number."""
    check = 0
    for byte in number:
        check ^= byte
    return check


@dataclass(frozen=True, slots=True)
class Frame:
    """One card as its reader says it."""

    number: bytes
    """5 bytes."""
    has_line_end: bool = False
    """True as an ID-12 says it: CR LF before the ETX."""

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        text = (self.number + bytes((xor_of(self.number),))).hex().upper()
        return bytes((STX,)) + text.encode("ascii") + _ENDINGS[self.has_line_end]


class Em4100Codec(FramedCodec):
    """Hears a card reader."""

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(STX, position)

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        match = _DIGITS.match(data, position + 1)
        assert match is not None, "no digits at all is a match, too"
        digits, end = match.group(), match.end()
        if len(digits) < _DIGIT_COUNT:
            if end < len(data):
                return -1, f"byte {data[end]:02X} after {len(digits)} of {_DIGIT_COUNT} hex digits"
            return 0, f"{len(digits)} of {_DIGIT_COUNT} hex digits"
        tail = data[end : end + len(_ENDINGS[1])]
        ending = next((each for each in _ENDINGS if tail.startswith(each)), b"")
        if not ending:
            if any(each.startswith(tail) for each in _ENDINGS):
                return 0, "a card's number without its end"
            return -1, f"end {tail.hex(' ').upper()}, expected 03 or 0D 0A 03"
        raw = bytes.fromhex(digits.decode("ascii"))
        number, check = raw[:NUMBER_SIZE], raw[NUMBER_SIZE]
        if (expected := xor_of(number)) != check:
            return -1, f"checksum {check:02X}, expected {expected:02X}"
        end += len(ending)
        text = digits[: 2 * NUMBER_SIZE].decode("ascii")
        return end, CardRead(number, text, data[position:end])
