"""The place in the bits of a tag while reading them from left to right, and what was read.

>>> cursor = Cursor(0xF73, 12)
>>> cursor.read(8) == 0xF7, cursor.left
(True, 4)
"""

from typing import NamedTuple

from traceability.errors import InvalidIdentifier

Bits = tuple[int, int]
"""A number and how many bits it is written in."""

_SHOWN_MAX = 64


class BitFault(InvalidIdentifier):
    """Bits that the standard does not allow; `bit` counts from the EPC's first bit, 0."""

    def __init__(self, message: str, bit: int) -> None:
        super().__init__(message, bit // 4)
        self.bit = bit


class Mark(NamedTuple):
    """One stretch of bits that was read, and what it says."""

    name: str
    start: int
    end: int
    value: str
    note: str = ""


def fault_of(value: int, bits: int, expected: str, got: str, bit: int) -> BitFault:
    """Build the error: which tag, what was expected, what came, at which bit."""
    shown = f"{value:0{-(-bits // 4)}X}"
    shown = shown if len(shown) <= _SHOWN_MAX else shown[:_SHOWN_MAX] + "…"
    return BitFault(f"Cannot decode EPC {shown}: expected {expected}, got {got}.", bit)


class Cursor:
    """The bits of one EPC bank, read from left to right by one reader."""

    __slots__ = ("bits", "marks", "place", "value")

    def __init__(self, value: int, bits: int, place: int = 0) -> None:
        self.value = value
        self.bits = bits
        self.place = place
        self.marks: list[Mark] = []

    @property
    def left(self) -> int:
        """How many bits are not read yet."""
        return self.bits - self.place

    def rest(self) -> int:
        """Return all bits not read yet as one number, without reading them."""
        return self.value & ((1 << self.left) - 1)

    def read(self, width: int) -> int:
        """Read the next bits as one number.

        Raises:
            BitFault: If the bank ends before.
        """
        end = self.place + width
        if end > self.bits:
            raise self.fault(f"{width} more bits at bit {self.place}", str(self.left), self.bits)
        found = self.value >> (self.bits - end) & ((1 << width) - 1)
        self.place = end
        return found

    def mark(self, name: str, start: int, value: object, note: str = "") -> None:
        """Note that the bits from `start` to here are one field."""
        self.marks.append(Mark(name, start, self.place, str(value), note))

    def fault(self, expected: str, got: str, bit: int) -> BitFault:
        """Build the error for this bank."""
        return fault_of(self.value, self.bits, expected, got, bit)


def join(fields: list[Bits]) -> Bits:
    """Put fields one behind the other.

    >>> join([(0xF, 4), (1, 2)])
    (61, 6)
    """
    value = used = 0
    for field, width in fields:
        value = value << width | field
        used += width
    return value, used


def number_width(digits: int) -> int:
    """Return how many bits hold every number of that many decimal digits.

    Source: EPC Tag Data Standard 2.3, section 14.5.2 and table B.

    >>> number_width(6), number_width(20)
    (20, 67)
    """
    largest: int = 10**digits - 1
    return largest.bit_length()
