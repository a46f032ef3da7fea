"""What a reader sends of a tag's first memory bank: a check sum, a word about the tag, its number.

The word in front, PC, says how long the number is and whether it is an EPC at all. Many readers
leave it away, some send it, and a tag with it in front must not pass for another garment.

>>> bank = read_bank(bytes.fromhex("3000 3034257BF7194E4000001A85"))
>>> bank.pc.words, bank.pc.is_iso, bank.epc.hex().upper()
(6, False, '3034257BF7194E4000001A85')
>>> pc_word(96), pc_word(198)
(12288, 26624)
"""

from binascii import crc_hqx
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.tag_key import raw_uri

WORDS_MAX = 31
"""Longest EPC that five bits of length can tell, in words of 16 bits."""

BYTES_MAX = 128
"""More than any tag has in this bank: 35 words end behind XPC_W2."""

_XPC_AT = 32
"""Words between PC and XPC_W1 in a whole bank: XPC_W1 stands at bit 210h, PC at 10h."""


@dataclass(frozen=True, slots=True)
class ProtocolWord:
    """The PC word, bits 10h to 1Fh of the bank.

    Raises:
        InvalidIdentifier: If a part is out of its range.

    Source: EPC Tag Data Standard 2.3, section 9.3; EPC Gen2 air interface, section 6.3.2.1.2.
    """

    words: int
    """Length of the EPC in words of 16 bits, 0 to 31."""
    has_user_memory: bool = False
    has_xpc: bool = False
    """Whether extension words (XPC_W1, XPC_W2) say more about the tag."""
    is_iso: bool = False
    """Toggle bit: what follows is no EPC but a number of an ISO standard."""
    low: int = 0
    """Bits 18h to 1Fh: the AFI if `is_iso`, else attributes such as hazardous goods."""

    def __post_init__(self) -> None:
        if not 0 <= self.words <= WORDS_MAX:
            raise InvalidIdentifier(
                f"Cannot write a PC word: expected 0 to {WORDS_MAX} words of EPC, got {self.words}."
            )
        if not 0 <= self.low <= 255:
            raise InvalidIdentifier(
                f"Cannot write a PC word: expected an AFI or attributes of 0 to 255, "
                f"got {self.low}."
            )

    @property
    def value(self) -> int:
        """The word as a number."""
        flags = self.has_user_memory << 2 | self.has_xpc << 1 | self.is_iso
        return self.words << 11 | flags << 8 | self.low

    @property
    def afi(self) -> int | None:
        """Application Family Identifier; None for an EPC."""
        return self.low if self.is_iso else None

    @property
    def attributes(self) -> int:
        """Attribute bits of an EPC; 0 where their place holds an AFI."""
        return 0 if self.is_iso else self.low


def parse_pc(word: int) -> ProtocolWord:
    """Take a PC word apart.

    >>> parse_pc(0x3400).has_user_memory, parse_pc(0x31A2).afi
    (True, 162)
    """
    return ProtocolWord(
        words=word >> 11,
        has_user_memory=bool(word & 0x0400),
        has_xpc=bool(word & 0x0200),
        is_iso=bool(word & 0x0100),
        low=word & 0xFF,
    )


def pc_word(
    epc_bits: int,
    *,
    has_user_memory: bool = False,
    afi: int | None = None,
    attributes: int = 0,
) -> int:
    """Build the PC word to write in front of an EPC.

    Args:
        epc_bits: Length of the EPC; a part of a word counts as a whole one.
        has_user_memory: Whether the user bank is used.
        afi: Application Family Identifier, 0 to 255, if what follows is no EPC.
        attributes: Attribute bits of an EPC, 0 to 255.

    Raises:
        InvalidIdentifier: If the EPC is longer than 31 words, or a number is out of its range.

    Source: EPC Tag Data Standard 2.3, section 9.3.

    >>> f"{pc_word(128):04X} {pc_word(96, attributes=1):04X} {pc_word(80, afi=0xA2):04X}"
    '4000 3001 29A2'
    """
    if afi is not None and attributes:
        raise InvalidIdentifier(
            f"Cannot write a PC word: expected either the AFI {afi:02X} or attributes, got both."
        )
    return ProtocolWord(
        words=-(-epc_bits // 16),
        has_user_memory=has_user_memory,
        is_iso=afi is not None,
        low=attributes if afi is None else afi,
    ).value


def crc16(data: bytes) -> int:
    """Compute the check sum that a tag keeps in front of its PC word.

    Args:
        data: PC word and EPC, as long as the PC word says.

    Source: EPC Gen2 air interface, section 6.3.1.5 (polynomial 1021h, preset FFFFh, inverted).

    >>> f"{crc16(b'123456789'):04X}"
    'D64E'
    """
    return crc_hqx(data, 0xFFFF) ^ 0xFFFF


@dataclass(frozen=True, slots=True)
class Bank:
    """The first memory bank of one tag, as far as the reader sent it."""

    pc: ProtocolWord
    epc: bytes
    """From bit 20h on, exactly as long as the PC word says."""
    crc: int | None = None
    """The check sum in front, right; None if it was not sent."""
    xpc: tuple[int, ...] = ()
    """XPC_W1 and, if it announces one, XPC_W2; empty if not sent."""
    rest: bytes = b""
    """What was sent behind all that: memory that the tag does not announce."""

    @property
    def raw_uri(self) -> str:
        """The bits as a URI, with the AFI where they are no EPC.

        Source: EPC Tag Data Standard 2.3, section 12.4.
        """
        return raw_uri(int.from_bytes(self.epc), 8 * len(self.epc), self.pc.afi)


def _fault(data: bytes, expected: str, got: object, digit: int) -> InvalidIdentifier:
    shown = data.hex().upper()
    shown = shown if len(shown) <= 64 else shown[:64] + "…"
    return InvalidIdentifier(
        f"Cannot read the memory bank {shown}: expected {expected}, got {got}.", digit
    )


def read_bank(data: bytes, *, has_crc: bool | None = False) -> Bank:
    """Read what a reader sent from the PC word on, or from the check sum on.

    Args:
        data: Whole words of 16 bits. XPC words are found behind the PC word, where a tag answers
            with them, and at bit 210h, where a whole bank holds them.
        has_crc: Whether the check sum stands in front; None to find out: it does if it is right.
            A right one at the very end, as some readers pass it on, is always recognised.

    Raises:
        InvalidIdentifier: If there are half words or more than `BYTES_MAX`, the length goes
            beyond the data or is zero, or the check sum is wrong.

    Source: EPC Tag Data Standard 2.3, section 9; EPC Gen2 air interface, section 6.3.2.1.
    """
    if len(data) % 2:
        raise _fault(data, "whole words of 4 hex digits", f"{2 * len(data)} digits", 2 * len(data))
    if len(data) > BYTES_MAX:
        raise _fault(data, f"at most {BYTES_MAX} bytes", len(data), 2 * BYTES_MAX)
    if has_crc is None:
        has_crc = _is_checked(data)
    start = 2 if has_crc else 0
    if len(data) < start + 2:
        raise _fault(data, "a PC word", "no more data", 2 * len(data))
    pc = parse_pc(int.from_bytes(data[start : start + 2]))
    size = 2 * pc.words
    body = data[start + 2 :]
    if not pc.words:
        raise _fault(data, "an EPC", f"the length 0 in PC word {pc.value:04X}", 2 * start)
    if size > len(body):
        raise _fault(
            data,
            f"{pc.words} words behind PC word {pc.value:04X}",
            f"{len(body) // 2}",
            2 * len(data),
        )
    crc = _check(data, start, size) if has_crc else None
    xpc, epc, rest = _split_xpc(pc, body)
    if crc is None and len(rest) == 2 and crc16(data[:-2]) == int.from_bytes(rest):
        rest = b""
    return Bank(pc, epc, crc, xpc, rest)


def _check(data: bytes, start: int, size: int) -> int:
    crc = int.from_bytes(data[:2])
    expected = crc16(data[start : start + 2 + size])
    if crc != expected:
        raise _fault(data, f"the check sum {expected:04X}", f"{crc:04X}", 0)
    return crc


def _is_checked(data: bytes) -> bool:
    """Tell whether the data begin with a right check sum; by chance one of 65,536 does."""
    if len(data) < 6:
        return False
    end = 4 + 2 * (data[2] >> 3)
    return end <= len(data) and crc16(data[2:end]) == int.from_bytes(data[:2])


def _split_xpc(pc: ProtocolWord, body: bytes) -> tuple[tuple[int, ...], bytes, bytes]:
    """Return XPC words, EPC and rest of what stands behind the PC word."""
    size = 2 * pc.words
    if not pc.has_xpc:
        return (), body[:size], body[size:]
    # A tag that answers sends its XPC words between PC and EPC: then nothing is left over. In a
    # bank read word by word they stand at 210h, far behind.
    first = int.from_bytes(body[:2])
    count = 2 if first & 0x8000 else 1
    if len(body) - size in (2 * count, 2 * count + 2):
        words = tuple(int.from_bytes(body[2 * i : 2 * i + 2]) for i in range(count))
        end = 2 * count + size
        return words, body[2 * count : end], body[end:]
    at = 2 * (_XPC_AT - 1)
    if len(body) >= at + 2:
        count = 2 if body[at] & 0x80 else 1
        words = tuple(
            int.from_bytes(body[at + 2 * i : at + 2 * i + 2])
            for i in range(count)
            if len(body) >= at + 2 * i + 2
        )
        return words, body[:size], body[size:at]
    return (), body[:size], body[size:]
