"""Serial numbers and lots of any length in as few bits as their characters allow.

A text in a ``+`` tag begins with three bits that name one of six methods, then its length. The
same garment may be written by several methods, so all are read; the shortest is written.

>>> write_text("S1", 20)
(402613, 20)
>>> read_text(Cursor(402613, 20), "(21)", 20)
'S1'
"""

from traceability.gs1.components import SET_82
from traceability.gs1.epc_cursor import Bits, Cursor, join, number_width

METHODS = (
    "digits as one number",
    "hexadecimal, capitals",
    "hexadecimal, small letters",
    "base64url",
    "7-bit characters",
    "URN Code 40",
)
"""What the method 0 to 5 in front of a text means; 6 and 7 are reserved."""

_HEX_UPPER = "0123456789ABCDEF"
_HEX_LOWER = "0123456789abcdef"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CODE_40 = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
"""Alphabet of URN Code 40; the first fills up the last group of three."""
_ASCII = "".join(map(chr, range(128)))
_ALPHABETS = ("0123456789", _HEX_UPPER, _HEX_LOWER, _BASE64, SET_82 + "#", CODE_40[1:])
_FIXED = {1: (_HEX_UPPER, 4), 2: (_HEX_LOWER, 4), 3: (_BASE64, 6), 4: (_ASCII, 7)}


def read_number(cursor: Cursor, name: str, digits: int) -> str:
    """Read a number of a fixed count of decimal digits, leading zeros restored.

    Raises:
        BitFault: If it has more digits, or the bank ends.

    Source: EPC Tag Data Standard 2.3, section 14.5.2.
    """
    start = cursor.place
    number = cursor.read(number_width(digits))
    if number >= 10**digits:
        raise cursor.fault(f"a number of {digits} digits in {name}", str(number), start)
    text = f"{number:0{digits}d}"
    cursor.mark(name, start, text)
    return text


def write_number(text: str) -> Bits:
    """Write decimal digits as one number; the reader knows how many they are."""
    return int(text), number_width(len(text))


def read_text(cursor: Cursor, name: str, size: int, *, may_be_empty: bool = False) -> str:
    """Read method, length and characters.

    Args:
        cursor: Stands on the method's first bit.
        name: What errors and marks call the text, such as ``(21)``.
        size: Longest length; it fixes how many bits the length has.
        may_be_empty: Take length 0 for an absent part.

    Raises:
        BitFault: If the method is reserved, the length is out of range, or the bank ends.

    Source: EPC Tag Data Standard 2.3, section 14.5.6 and table E.
    """
    start = cursor.place
    method = cursor.read(3)
    if method >= len(METHODS):
        raise cursor.fault(f"a method 0 to 5 for {name}", f"{method} (reserved)", start)
    cursor.mark(f"{name} method", start, method, METHODS[method])
    length = read_length(cursor, name, size, may_be_empty=may_be_empty)
    start = cursor.place
    if length == 0:
        return ""
    if method == 0:
        return read_number(cursor, name, length)
    if method == 5:
        text = read_code_40(cursor, name, length)
    else:
        alphabet, width = _FIXED[method]
        text = "".join(alphabet[cursor.read(width)] for _ in range(length))
    cursor.mark(name, start, text)
    return text


def read_length(cursor: Cursor, name: str, size: int, *, may_be_empty: bool = False) -> int:
    """Read how many characters follow.

    Raises:
        BitFault: If it is above `size`, or 0 where something must follow.
    """
    start = cursor.place
    length = cursor.read(size.bit_length())
    if length > size or (length == 0 and not may_be_empty):
        low = 0 if may_be_empty else 1
        raise cursor.fault(f"a length of {name} from {low} to {size}", str(length), start)
    cursor.mark(f"{name} length", start, length)
    return length


def read_code_40(cursor: Cursor, name: str, length: int) -> str:
    """Read groups of three characters in 16 bits.

    Raises:
        BitFault: If a group is out of range, or its fill characters are not where the text ends.

    Source: EPC Tag Data Standard 2.3, section 14.5.6.5.
    """
    text = ""
    for first in range(0, length, 3):
        start = cursor.place
        group = cursor.read(16) - 1
        size = min(3, length - first)
        if not 0 <= group < 64_000:
            raise cursor.fault(f"a group of {name} from 1 to 64000", str(group + 1), start)
        codes = (group // 1600, group // 40 % 40, group % 40)
        if not all(codes[:size]) or any(codes[size:]):
            raise cursor.fault(f"{size} characters in a group of {name}", str(codes), start)
        text += "".join(CODE_40[code] for code in codes[:size])
    return text


def write_code_40(text: str) -> Bits:
    """Write characters of URN Code 40, three in 16 bits.

    >>> write_code_40("ABC")
    (1684, 16)
    """
    fields: list[Bits] = []
    for first in range(0, len(text), 3):
        a, b, c = (CODE_40.index(x) for x in text[first : first + 3].ljust(3, "\0"))
        fields.append((1600 * a + 40 * b + c + 1, 16))
    return join(fields)


def write_text(text: str, size: int) -> Bits:
    """Write method, length and characters, by the method that needs the fewest bits.

    Args:
        text: Characters that at least one method has; an empty text is an absent part.
        size: Longest length; the text is no longer.

    Source: EPC Tag Data Standard 2.3, section 14.5.6.
    """
    best = min(
        (_write_by(method, text) for method, alphabet in enumerate(_ALPHABETS)
         if set(text) <= set(alphabet)),
        key=lambda found: found[1][1],
    )  # fmt: skip
    method, body = best
    return join([(method, 3), (len(text), size.bit_length()), body])


def _write_by(method: int, text: str) -> tuple[int, Bits]:
    if not text:
        return method, (0, 0)
    if method == 0:
        return method, write_number(text)
    if method == 5:
        return method, write_code_40(text)
    alphabet, width = _FIXED[method]
    return method, join([(alphabet.index(character), width) for character in text])
