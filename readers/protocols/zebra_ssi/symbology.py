"""From the barcode type of a packet to the AIM id, and the text as that id promises it.

>>> read_symbology(0x08, "036000291452")
('0036000291452', ']E0')
>>> read_symbology(0x09, "04252614")
('0042100005264', ']E0')
"""

from __future__ import annotations

import re

from readers.protocols.zebra_ssi.commands import DIGITS, TYPES, UPC_A, UPC_E

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_UPC_E_SIZE = 8


def read_symbology(kind: int, text: str) -> tuple[str, str | None]:
    """Return the text without AIM id and the AIM id; None where the type has none.

    An AIM id that the scanner is set to send in front says more than the type, and wins.
    """
    known = TYPES.get(kind, ("", ""))[1]
    said = _AIM.match(text)
    if said and len(text) > said.end() and (not known or known[1].lower() == text[1].lower()):
        return text[said.end() :], said.group()
    if kind == UPC_E:
        text = _expand(text)
    if kind in (UPC_A, UPC_E) and len(text) == 12 and text.isdigit():
        text = f"0{text}"
    if kind in DIGITS and (len(text) not in DIGITS[kind] or not text.isdigit()):
        return text, None
    return text, known or None


def _expand(text: str) -> str:
    """Write the zeros that an 8-digit UPC-E leaves out (GS1 General Specifications, UPC-E)."""
    if len(text) != _UPC_E_SIZE or not text.isdigit():
        return text
    system, body, check = text[0], text[1:7], text[7]
    last = body[5]
    if last in "012":
        middle = f"{body[:2]}{last}0000{body[2:5]}"
    elif last == "3":
        middle = f"{body[:3]}00000{body[3:5]}"
    elif last == "4":
        middle = f"{body[:4]}00000{body[4]}"
    else:
        middle = f"{body[:5]}0000{last}"
    return f"{system}{middle}{check}"
