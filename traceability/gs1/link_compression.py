"""The short links of 2019 in older QR codes: a whole identity as one word of letters and digits.

The scheme left the standard again in 2022; labels that carry it are still sewn in. It is read
strictly and never written: every bit must be used, every value must pass its checks, and there
must be a key, so that an ordinary web address is not taken for one.

>>> decompress("ARHKVAdpQg")
(('01', '09780345418913'),)
>>> decompress("about-us") is None
True
"""

import math
import re
from functools import lru_cache

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import ApplicationIdentifier, find, rule_of
from traceability.gs1.identity import Elements

LENGTH_MAX = 1_000
"""Longest compressed word that is looked at, in characters."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WORD = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEX = "0123456789ABCDEF"

# Two hex digits, one of them a letter, stand for several AIs at once (Digital Link 1.1, section
# on compression, table of optimisations).
_SEQUENCES: dict[int, tuple[str, ...]] = {
    0x0A: ("01", "22"), 0x0B: ("01", "10"), 0x0C: ("01", "21"), 0x0D: ("01", "17"),
    0x0E: ("01", "7003"), 0x0F: ("01", "30"), 0x1A: ("01", "10", "21", "17"),
    0x1B: ("01", "15"), 0x1C: ("01", "11"), 0x1D: ("01", "16"), 0x1E: ("01", "91"),
    0x1F: ("01", "10", "15"), 0x9A: ("8010", "8011"), 0x9B: ("8017", "8019"),
    0x9C: ("8018", "8019"), 0x9D: ("414", "254"),
    **{0x2A + n: ("01", f"310{n}") for n in range(6)},
    **{0x3A + n: ("01", f"320{n}") for n in range(6)},
    **{0xA0 + n: ("01", f"392{n}") for n in range(10)},
    **{0xC0 + n: ("255", f"390{n}") for n in range(10)},
    **{0xCA + n: ("255", f"394{n}") for n in range(4)},
}  # fmt: skip
# Value lengths of 2019 where the General Specifications have changed since.
_LENGTHS_THEN = {"8007": 24}

Piece = tuple[str, int, bool]
"""Alphabet (N digits, X text), longest length, whether the length is written before it."""


class _Exhausted(Exception):
    """There are fewer bits than the value needs."""


@lru_cache(maxsize=512)
def _pieces(rule: ApplicationIdentifier) -> tuple[Piece, ...]:
    """Return how a value is packed: neighbours of one sort count as one piece.

    Digits of fixed length come first; all behind them is one piece with its length before it.
    """
    found: list[Piece] = []
    for part in rule.parts:
        sort = "N" if part.alphabet == "N" else "X"
        is_open = part.is_optional or part.length_min != part.length_max
        length = part.length_max
        if found and found[-1][0] == sort and (found[-1][2] == is_open or sort == "X"):
            length += found.pop()[1]
        found.append((sort, _LENGTHS_THEN.get(rule.ai, length), is_open))
    return tuple(found)


def _bits_of_digits(count: int) -> int:
    # The standard's own formula; it asks for one bit where there is no digit.
    return math.ceil(count * math.log2(10) + 0.01)


class _Bits:
    """Reads a word bit by bit, from the left."""

    def __init__(self, word: str) -> None:
        self._value = 0
        for character in word:
            self._value = self._value << 6 | _ALPHABET.index(character)
        self.left = 6 * len(word)

    def take(self, count: int) -> int:
        if count > self.left:
            raise _Exhausted
        self.left -= count
        return self._value >> self.left & ((1 << count) - 1)

    def digits(self, count: int) -> str:
        number = self.take(_bits_of_digits(count))
        if number >= 10**count:
            raise InvalidIdentifier(f"expected a number of {count} digits, got {number}")
        return f"{number:0{count}d}" if count else ""

    def text(self, encoding: int, count: int) -> str:
        if encoding == 0:
            return self.digits(count)
        if encoding in (1, 2):
            text = "".join(_HEX[self.take(4)] for _ in range(count))
            return text.lower() if encoding == 1 else text
        if encoding == 3:
            return "".join(_ALPHABET[self.take(6)] for _ in range(count))
        if encoding == 4:
            return "".join(chr(self.take(7)) for _ in range(count))
        raise InvalidIdentifier(f"expected a text encoding 0 to 4, got {encoding}")


def _read_value(bits: _Bits, rule: ApplicationIdentifier) -> str:
    value = ""
    for sort, length, is_open in _pieces(rule):
        width = length.bit_length()
        if sort == "N":
            value += bits.digits(bits.take(width) if is_open else length)
            continue
        encoding = bits.take(3)
        value += bits.text(encoding, bits.take(width) if is_open else length)
    rule.check(value)
    return value


def _read_ai(bits: _Bits, lead: int) -> ApplicationIdentifier:
    digits = f"{lead:02X}"
    # `find` tells by the first two digits how many there are.
    while True:
        try:
            return find(digits, 0)
        except InvalidIdentifier:
            if len(digits) == 4:
                raise
            digits += f"{bits.take(4):X}"


def _skip_foreign(bits: _Bits, lead: int) -> None:
    """Read past a query parameter that is no AI: its name, its encoding, its value."""
    count = (lead & 15) << 3 | bits.take(3)
    name = "".join(_ALPHABET[bits.take(6)] for _ in range(count))
    if not name or name.isdigit():
        raise InvalidIdentifier(f"expected the name of a parameter, got {name!r}")
    encoding = bits.take(3)
    bits.text(encoding, bits.take(7))


def _read_all(word: str, *, is_sorted: bool) -> Elements:
    bits = _Bits(word)
    found: list[tuple[str, str]] = []
    # The last character is filled up with zeros, so fewer than six bits are left over.
    while bits.left >= 6:
        lead = bits.take(8)
        if lead >> 4 == 15:
            _skip_foreign(bits, lead)
            continue
        sequence = _SEQUENCES.get(lead)
        if sequence is not None:
            rules = [rule_of(ai) for ai in (sorted(sequence) if is_sorted else sequence)]
        else:
            rules = [_read_ai(bits, lead)]
        found += [(rule.ai, _read_value(bits, rule)) for rule in rules if rule is not None]
    if bits.take(bits.left):
        raise InvalidIdentifier("expected zeros behind the last value")
    return tuple(found)


def decompress(word: str) -> Elements | None:
    """Read the AIs of a compressed link's last path segment.

    Args:
        word: The segment, of the 64 characters that a URL carries unescaped.

    Returns:
        AIs and values, each checked by itself and none twice, in the order of the bits; None if
        the word is not of that form, or could be read in two ways. The caller checks them
        together.

    Source: GS1 Digital Link 1.1, section on compression; withdrawn with version 1.2.
    """
    if len(word) > LENGTH_MAX or _WORD.match(word) is None:
        return None
    readings: set[Elements] = set()
    # Writers disagreed on the order within a sequence: that of the table, or sorted.
    for is_sorted in (False, True):
        try:
            found = _read_all(word, is_sorted=is_sorted)
        except (InvalidIdentifier, _Exhausted):
            continue
        if found and len({ai for ai, _ in found}) == len(found):
            readings.add(found)
    return readings.pop() if len({frozenset(one) for one in readings}) == 1 else None
