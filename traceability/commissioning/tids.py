"""A serial number out of the chip itself: for who writes tags without asking anybody for numbers.

The maker of a chip burns a number into it (TID) of 48 bits or more; a serial has 38. So a number is
made of it as the makers agreed: three bits say the maker, 35 come out of his own number by his own
rule. Numbers of chips begin where those that the workshop gives out end: the two never meet.

>>> serial_of_tid(bytes.fromhex("E280689420005015E1A661E8"))
265778782696
>>> chip_serial(bytes.fromhex("E280689420005015E1A661E8")).maker
'NXP'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier

__all__ = ["CHIPS_FROM", "ChipSerial", "chip_serial", "serial_of_tid"]

_BITS = 35
_MASK = (1 << _BITS) - 1
_OTHERS = 0b100
CHIPS_FROM = _OTHERS << _BITS
"""The first number of chips, 2^37; numbers that are given out stay below."""

_CLASS = 0xE2
_HEAD_BITS = 32
_HEADER_BITS = 48
_BITS_MAX = 1024
_UNSERIALISED_MIN = 32


@dataclass(frozen=True, slots=True)
class ChipSerial:
    """A serial that a chip brings along."""

    serial: int
    """From 2^37 to 2^38 - 1."""
    maker: str
    """Impinj, Alien or NXP; empty for the others."""
    is_promised: bool
    """True if the maker says that no two of his chips give the same; else ask the record."""


@dataclass(frozen=True, slots=True)
class _Tid:
    """A TID bank taken apart (EPC Tag Data Standard 2.3, section 16)."""

    value: int
    bits: int
    maker: int
    """Mask designer, 9 bits."""
    model: int
    """Tag model number, 12 bits."""
    serial: int
    serial_bits: int

    def field(self, first: int, last: int) -> int:
        """Return bits of the bank by their addresses, both included."""
        return self.value >> (self.bits - 1 - last) & ((1 << (last - first + 1)) - 1)


def _lowest(tid: _Tid) -> int:
    return tid.serial & _MASK


def _monza_r6(tid: _Tid) -> int:
    # 38 bits in three places; of these the highest three give way to the maker's.
    serial = tid.field(0x55, 0x5F) << 27 | tid.field(0x40, 0x4F) << 11 | tid.field(0x35, 0x3F)
    return serial & _MASK


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one maker's number becomes 35 bits, and for which of his models that is known."""

    maker: str
    lead: int
    """His three bits in the agreement on multi-vendor chip-based serialisation (MCS)."""
    models: frozenset[int]
    """Empty: all of them."""
    bits: Callable[[_Tid], int]


# Sources: NXP, SL3S1204 (UCODE 7) data sheet, section on self pre-serialisation: 111 and the lowest
# 35 bits of the TID's serial. Impinj, "TID memory maps for Monza self-serialization": 38 bits out
# of 55h-5Fh, 40h-4Fh and 35h-3Fh of a Monza R6; 101. Alien, "Higgs-4 serialization": 110 and the
# lowest 35 bits of the 64 bits behind the model number. The last two are known at second hand, by
# programs that cite these papers.
_RULES = {
    0x001: _Rule("Impinj", 0b101, frozenset({0x160, 0x170}), _monza_r6),
    0x003: _Rule("Alien", 0b110, frozenset({0x412, 0x414}), _lowest),
    0x006: _Rule("NXP", 0b111, frozenset(), _lowest),
}


def serial_of_tid(tid: bytes) -> int:
    """Return the serial number that a chip brings along, 2^37 to 2^38 - 1.

    It fits into SGTIN-96, GRAI-96 and ITIP-110, has no leading zero, and is the same whenever the
    chip is asked. What its maker promises, `chip_serial` says.

    Args:
        tid: The TID bank from its first bit on; what follows the serial is not looked at.

    Raises:
        InvalidIdentifier: If it is no TID of class E2, is cut short, or holds no serial number.

    Source: EPC Tag Data Standard 2.3, section 16; the makers' rules are named in this module.
    """
    return chip_serial(tid).serial


def chip_serial(tid: bytes) -> ChipSerial:
    """Return a chip's serial number and what its maker says about it.

    Raises:
        InvalidIdentifier: As for `serial_of_tid`.
    """
    read = _read(tid)
    rule = _RULES.get(read.maker)
    if rule is not None and (not rule.models or read.model in rule.models):
        return ChipSerial(rule.lead << _BITS | rule.bits(read), rule.maker, is_promised=True)
    maker = rule.maker if rule is not None else ""
    return ChipSerial(_OTHERS << _BITS | _folded(read), maker, is_promised=False)


def _folded(tid: _Tid) -> int:
    """Lay a longer number over itself; the model takes part, since two may count alike."""
    left, bits = tid.serial, tid.serial_bits
    found = (tid.maker << 12 | tid.model) << (_BITS - 21)
    while bits > 0:
        piece = left & _MASK
        # What is left over is laid on the end that changes least from chip to chip.
        found ^= piece if bits >= _BITS else piece << (_BITS - bits)
        left >>= _BITS
        bits -= _BITS
    return found & _MASK


def _read(tid: bytes) -> _Tid:
    bits, value = 8 * len(tid), int.from_bytes(tid, "big")
    if not tid or tid[0] != _CLASS:
        raise _fault(tid, "a TID that begins with E2", tid[:1].hex().upper() or "nothing")
    if not _HEAD_BITS <= bits <= _BITS_MAX:
        raise _fault(tid, f"{_HEAD_BITS} to {_BITS_MAX} bits", str(bits))
    is_extended = bool(value >> (bits - 9) & 1)
    length = _extended_length(tid, value, bits) if is_extended else bits - _HEAD_BITS
    start = _HEADER_BITS if is_extended else _HEAD_BITS
    if length < _UNSERIALISED_MIN:
        raise _fault(tid, "a serial number in it", "a model number alone")
    if start + length > bits:
        raise _fault(tid, f"{start + length} bits", f"{bits}; read more of the TID bank")
    serial = value >> (bits - start - length) & ((1 << length) - 1)
    if serial in (0, (1 << length) - 1):
        raise _fault(tid, "a serial number in it", "one bit repeated")
    head = value >> (bits - _HEAD_BITS)
    return _Tid(value, bits, head >> 12 & 0x1FF, head & 0xFFF, serial, length)


def _extended_length(tid: bytes, value: int, bits: int) -> int:
    """Return the bits of the serial that the extended TID's header names; 0 if it has none."""
    if bits < _HEADER_BITS:
        raise _fault(tid, f"{_HEADER_BITS} bits or more", f"{bits}; read more of the TID bank")
    steps = value >> (bits - 35) & 7
    return 0 if steps == 0 else 48 + 16 * (steps - 1)


def _fault(tid: bytes, expected: str, got: str) -> InvalidIdentifier:
    shown = tid.hex().upper()
    shown = shown if len(shown) <= 64 else shown[:64] + "…"
    return InvalidIdentifier(
        f"Cannot take a serial number from TID {shown!r}: expected {expected}, got {got}."
    )
