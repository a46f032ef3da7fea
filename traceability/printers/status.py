r"""What a printer says of itself: ready, out of paper, open, and how much it still has to print.

>>> answer = b"\x02030,1,0,0240,002,0,0,0,000,0,0,0\x03\r\n"
>>> answer += b"\x02000,0,1,0,0,2,4,0,00000000,1,000\x03\r\n\x020000,0\x03\r\n"
>>> status = read_zpl_status(answer)
>>> status.troubles, status.waiting
(('paper', 'head'), 2)
>>> read_tspl_status(b"\x04").sentence
'The printer is out of paper: put a roll in.'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["ASK", "CANCEL", "Status", "read_tspl_status", "read_zpl_status"]

ASK = {"zpl": b"~HS", "tspl": b"\x1b!?"}
"""How a printer is asked. Source: ZPL II Programming Guide, ~HS; TSPL Manual, <ESC>!?."""
CANCEL = {"zpl": b"~JA", "tspl": b"\x1b!."}
"""Throw away what is not printed yet. Source: ZPL II, ~JA; TSPL, <ESC>!."""
_DIGITS_MAX = 8
_STRING = re.compile(rb"\x02([^\x02\x03]*)\x03")
_SENTENCES = {
    "paper": "The printer is out of paper: put a roll in.",
    "ribbon": "The printer is out of ribbon: put one in, or set it to direct thermal.",
    "head": "The printer is open: close it.",
    "jam": "Paper is jammed in the printer: open it and take the paper out.",
    "paused": "The printer was paused: press its pause key.",
    "hot": "The print head is too hot or too cold: wait a while.",
    "other": "The printer reports a fault: look at its display.",
}
_TSPL_BITS = {0x01: "head", 0x02: "jam", 0x04: "paper", 0x08: "ribbon", 0x10: "paused"}
_TSPL_PRINTING, _TSPL_OTHER = 0x20, 0x80


@dataclass(frozen=True, slots=True)
class Status:
    """What a printer said of itself."""

    troubles: tuple[str, ...] = ()
    """Why it stands still: paper, ribbon, head, jam, paused, hot, other."""
    waiting: int = 0
    """Labels that it has taken and not printed yet, as far as it says."""

    @property
    def is_idle(self) -> bool:
        """Say whether it has nothing left to print."""
        return not self.troubles and self.waiting == 0

    @property
    def sentence(self) -> str:
        """What to do, or that all is well."""
        said = [_SENTENCES[one] for one in self.troubles]
        if said:
            return " ".join(said)
        return "The printer is ready." if self.is_idle else "The printer is printing."


def read_zpl_status(data: bytes) -> Status | None:
    """Read the three lines of ``~HS``; None while not all are here.

    Source: ZPL II Programming Guide, ~HS.
    """
    strings = [match[1].split(b",") for match in _STRING.finditer(data)]
    for first, second in pairwise(strings):
        if len(first) != 12 or len(second) != 11:
            continue
        flags = {
            "paper": first[1],
            "ribbon": second[3],
            "head": second[2],
            "paused": first[2],
            "hot": b"1" if b"1" in (first[10], first[11]) else b"0",
        }
        waiting = _number(first[4]) + _number(second[8])
        troubles = tuple(name for name, flag in flags.items() if flag == b"1")
        return Status(troubles, waiting + (first[7] == b"1"))
    return None


def read_tspl_status(data: bytes) -> Status | None:
    """Read the byte of ``<ESC>!?``; None if none came.

    Source: TSPL/TSPL2 Programming Manual, "Status Polling and Immediate Commands".
    """
    if not data:
        return None
    byte = data[-1]
    troubles = [name for bit, name in _TSPL_BITS.items() if byte & bit]
    if byte & _TSPL_OTHER:
        troubles.append("other")
    return Status(tuple(troubles), 1 if byte & _TSPL_PRINTING else 0)


def _number(text: bytes) -> int:
    # A printer keeps a few thousand labels at most; longer is noise.
    return int(text) if len(text) <= _DIGITS_MAX and text.strip().isdigit() else 0
