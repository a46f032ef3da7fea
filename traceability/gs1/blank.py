"""Tags as they leave their factory: nobody gave them a number yet, so they stand for no garment.

The header 00 says "unprogrammed"; E2 begins the number that the chip's maker burnt in (the TID),
which some makers copy into the EPC bank. Neither can ever be the number of a thing.

Source: EPC Tag Data Standard 2.3, table 14-1 (headers 00 and E2) and section 16.2 (TID, class E2).

>>> blank_of_epc(bytes(12))
<Blank.EMPTY: 'empty'>
>>> blank_of_epc(bytes.fromhex("E2801160600002054D5A1234"))
<Blank.CHIP_NUMBER: 'chip-number'>
>>> blank_of_epc(bytes.fromhex("3034257BF7194E4000001A85")) is None
True
"""

import re
from enum import StrEnum

__all__ = ["Blank", "blank_of_epc", "blank_of_key"]

_RAW = re.compile(r"urn:epc:raw:[0-9]+\.x([0-9A-Fa-f]+)\Z")
_NEVER_WRITTEN, _CHIP_NUMBER = 0x00, 0xE2


class Blank(StrEnum):
    """Why a tag says nothing of its own."""

    EMPTY = "empty"
    """No number at all: an empty bank, or the header 00."""
    CHIP_NUMBER = "chip-number"
    """The chip's own number, or the beginning of it, where the garment's should stand."""
    SHARED = "shared"
    """A number that several tags carry: what a maker writes on all of a kind."""


def blank_of_epc(epc: bytes) -> Blank | None:
    """Tell whether a tag was never written, by its header alone; None if it was.

    Args:
        epc: The EPC bank from bit 20h on, as it left the reader, without PC word and CRC.
    """
    if not epc or epc[0] == _NEVER_WRITTEN:
        return Blank.EMPTY
    return Blank.CHIP_NUMBER if epc[0] == _CHIP_NUMBER else None


def blank_of_key(key: str) -> Blank | None:
    """Tell the same of a key: only raw ones can belong to such a tag.

    >>> blank_of_key("urn:epc:raw:96.x000000000000000000000000").value
    'empty'
    >>> blank_of_key("/01/80614141123458/21/6789") is None
    True
    """
    found = _RAW.match(key)
    if found is None:
        return None
    digits = found[1]
    return blank_of_epc(bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}"))
