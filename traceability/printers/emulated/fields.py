"""What stands in the fields of ZPL: numbers, escapes, characters of codes, packed dots.

Everything is read by the maker's guide; what it does not allow is a ValueError that says so.

>>> unhexed("_5EXZ", "_"), unescaped("_1010950", "_"), values_of_field(">;>81234")
('^XZ', ('010950', True), [105, 102, 12, 34])
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib

from traceability.gs1.element_string import GS

__all__ = ["dots_of", "parts_of", "ratio", "unescaped", "unhexed", "values_of_field", "whole"]

DOTS_MAX = 4_000_000
"""Bytes of one picture."""
_STARTS = {"9": ("A", 103), ":": ("B", 104), ";": ("C", 105)}
_IN_B = {"<": 62, "0": 30, "=": 94, "1": 95, "2": 96, "3": 97, "8": 102}


def whole(text: str, least: int, most: int) -> int:
    """Read a whole number within a range."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text[:20]!r} is no whole number")
    if not least <= int(text) <= most:
        raise ValueError(f"{text} is not within {least} to {most}")
    return int(text)


def ratio(text: str) -> float:
    """Read the ratio of wide to narrow bars."""
    if re.fullmatch(r"[23](\.\d)?", text) is None or float(text) > 3:
        raise ValueError(f"{text[:20]!r} is no ratio from 2.0 to 3.0")
    return float(text)


def parts_of(said: str, upright: str, most: int) -> list[str]:
    """Read parameters; those left out are empty, and one more is."""
    parts = said.split(",")
    if parts[0] != upright or len(parts) > most:
        raise ValueError(f"expected {upright} and at most {most} parameters")
    return [*parts, *[""] * (most - len(parts)), ""]


def unhexed(said: str, sign: str) -> str:
    """Read the hex pairs behind a sign."""

    def pair(match: re.Match[str]) -> str:
        return "".join(chr(int(match[0][at + 1 : at + 3], 16)) for at in range(0, len(match[0]), 3))

    mark = re.escape(sign)
    if re.search(f"{mark}(?![0-9A-Fa-f]{{2}})", said):
        raise ValueError(f"{sign} without two hex digits")
    return re.sub(f"(?:{mark}[0-9A-Fa-f]{{2}})+", pair, said)


def unescaped(said: str, sign: str) -> tuple[str, bool]:
    """Read the escapes of a Data Matrix; tell whether FNC1 opens it."""
    text, at, is_gs1 = "", 0, False
    while at < len(said):
        if said[at] != sign:
            text += said[at]
            at += 1
            continue
        order = said[at + 1 : at + 2]
        if order == sign:
            text += sign
        elif order == "1" and at == 0:
            is_gs1 = True
        elif order == "1":
            text += GS
        else:
            raise ValueError(f"{sign}{order} is not understood")
        at += 2
    return text, is_gs1


def values_of_field(said: str) -> list[int]:
    """Read the field of a Code 128: characters, pairs of digits, and orders behind ``>``."""
    subset, values, at = "B", [104], 0
    if said[:1] == ">" and said[1:2] in _STARTS:
        subset, start = _STARTS[said[1]]
        values, at = [start], 2
    while at < len(said):
        one, order = said[at], said[at + 1 : at + 2]
        if one == ">" and order in ("5", "6", "7"):
            values.append({"5": 99, "6": 100, "7": 101}[order])
            subset = {"5": "C", "6": "B", "7": "A"}[order]
            at += 2
        elif one == ">" and order in _IN_B:
            values.append(_IN_B[order])
            at += 2
        elif one == ">" or subset == "A":
            raise ValueError(f"{said[at : at + 2]!r} in subset {subset} is not understood")
        elif subset == "C":
            pair = said[at : at + 2]
            if not (len(pair) == 2 and pair.isascii() and pair.isdecimal()):
                raise ValueError(f"{pair!r} is no pair of digits in subset C")
            values.append(int(pair))
            at += 2
        else:
            if not 32 <= ord(one) <= 126:
                raise ValueError(f"{one!r} is not in subset B")
            values.append(ord(one) - 32)
            at += 1
    return values


def dots_of(data: str, across: int) -> list[bytes]:
    """Unpack the rows of a ^GFA."""
    if data.startswith((":Z64:", ":B64:")):
        return _dots_64(data, across)
    rows: list[bytes] = []
    row, count = "", 0
    for one in data:
        if "G" <= one <= "Y":
            count += ord(one) - ord("G") + 1
        elif "g" <= one <= "z":
            count += 20 * (ord(one) - ord("g") + 1)
        elif one in "0123456789ABCDEFabcdef":
            row += one * (count or 1)
            count = 0
        elif one in ",!":
            row = row.ljust(across * 2, "0" if one == "," else "F")
        elif one == ":" and not row and rows:
            rows.append(rows[-1])
        elif one not in "\r\n":
            raise ValueError(f"{one!r} is no digit of a picture")
        while len(row) >= across * 2:
            rows.append(bytes.fromhex(row[: across * 2]))
            row = row[across * 2 :]
    if row or count:
        raise ValueError("the last row is not complete")
    return rows


def _dots_64(data: str, across: int) -> list[bytes]:
    kind, body, told = data[1:4], *data[5:].rsplit(":", 1)
    if f"{binascii.crc_hqx(body.encode(), 0):04X}" != told.upper():
        raise ValueError("the check sum of the picture is wrong")
    whole = base64.b64decode(body, validate=True)
    if kind == "Z64":
        whole = zlib.decompressobj().decompress(whole, DOTS_MAX)
    return [whole[at : at + across] for at in range(0, len(whole), across)]
