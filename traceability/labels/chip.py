"""The chip in a label: how a ZPL printer is told to write it and to read it back.

The printer writes the length of the EPC (the PC word) and the EPC, then reads both and the chip's
own number, and says what it read. Only that is proof: a chip that was told is not yet a chip that
knows.

>>> commands(bytes.fromhex("3034257bf7194e4000001a85"))[1]
'^RFW,H,1,2,1^FD3000^FS'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from traceability.errors import Refused

__all__ = ["ReadBack", "commands", "pc_word", "read_answers"]

EPC_BYTES_MAX = 62
"""The PC word counts 16-bit words in five bits. Source: EPC Gen2 2.1, section 6.3.2.1.2.2."""
TID_BYTES = 12
"""A chip of today has 96 bits of number. Source: EPC Tag Data Standard 2.3, section 16.2."""
PC_COMPARED = 0xF9FF
"""The chip reckons the bits for user memory and XPC itself."""
_ANSWER = re.compile(rb"(BANK|TID)\[([^\]]{0,400})\]")


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a chip said after it was written; both empty where it could not be read."""

    pc: int
    epc: bytes
    tid: bytes


def pc_word(epc: bytes) -> int:
    """Return the word that says how long the EPC is.

    Args:
        epc: The EPC bank from bit 20h on, whole 16-bit words.

    Raises:
        Refused: If there is none, it is no whole number of words, or too long.

    Source: EPC Tag Data Standard 2.3, section 9.3.

    >>> f"{pc_word(bytes(26)):04X}"
    '6800'
    """
    if not 2 <= len(epc) <= EPC_BYTES_MAX or len(epc) % 2:
        raise Refused(
            f"Cannot write {epc.hex() or 'nothing'} into a chip: expected 1 to "
            f"{EPC_BYTES_MAX // 2} words of 16 bits, got {len(epc)} bytes."
        )
    return len(epc) // 2 << 11


def commands(epc: bytes) -> list[str]:
    """Return the commands that write a chip, read it back and send what was read.

    One try a label: a chip that fails makes the printer print VOID over it, and whoever sent the
    label decides what comes next.

    Args:
        epc: The EPC bank from bit 20h on.

    Raises:
        Refused: If it fits into no chip.

    Source: RFID Programming Guide 3 (P1062165), ^RS, ^RF, ^HV.
    """
    pc = pc_word(epc)
    size = len(epc)
    return [
        "^RS8,,,1,N^FS",
        f"^RFW,H,1,2,1^FD{pc:04X}^FS",
        f"^RFW,H,2,{size},1^FD{epc.hex().upper()}^FS",
        f"^FN1^RFR,H,1,{size + 2},1^FS",
        f"^FN2^RFR,H,0,{TID_BYTES},2^FS",
        f"^FH^HV1,{2 * size + 4},BANK[,]_0D_0A,L^FS",
        f"^FH^HV2,{2 * TID_BYTES},TID[,]_0D_0A,L^FS",
    ]


def read_answers(data: bytes) -> ReadBack | None:
    r"""Read what the printer sent back; None while not all of it is here.

    Args:
        data: Everything since the label was sent; other answers may stand between.

    >>> read_answers(b"BANK[3000DEADBEEF]\r\nTID[E2801160]\r\n")
    ReadBack(pc=12288, epc=b'\xde\xad\xbe\xef', tid=b'\xe2\x80\x11`')
    """
    found = {match[1]: match[2] for match in _ANSWER.finditer(data)}
    if len(found) < 2:
        return None
    try:
        bank, tid = bytes.fromhex(found[b"BANK"].decode()), bytes.fromhex(found[b"TID"].decode())
    except (ValueError, UnicodeDecodeError):
        return ReadBack(0, b"", b"")
    if len(bank) < 2:
        return ReadBack(0, b"", tid)
    return ReadBack(int.from_bytes(bank[:2], "big"), bank[2:], tid)
