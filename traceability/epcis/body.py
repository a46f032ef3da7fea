"""The one spelling of an event, byte for byte, that the ledger commits to.

Two people who write down the same event must get the same bytes, or no proof could bind them.
`parse` reads JSON so strictly that nothing can mean two things; `canonical` writes "Hangtag
canonical JSON 1": keys sorted by code point, no blanks, minimal escapes, exact numbers in plain
digits, prefixes of member names spelled in full, texts and the order of lists as sent.

Source: RFC 8259 (JSON), RFC 8785 section 3.2.2.2 (escapes); numbers and the order of astral keys
are not those of RFC 8785: there numbers pass through a float, here never.

>>> canonical(parse(b'{"b": 1.50, "a": [1e2, -0.0], "gs1:size": "M"}'))
b'{"a":[100,0],"b":1.5,"https://gs1.org/voc/size":"M"}'
>>> parse(b'{"a": 1, "a": 2}')
Traceback (most recent call last):
    ...
traceability.errors.InvalidEvent: Cannot read the body: expected every member once, got 'a' twice.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeAlias
from unicodedata import is_normalized

import msgspec

from traceability.epcis.vocabulary import expand
from traceability.errors import InvalidEvent

Tree: TypeAlias = "bool | int | Decimal | str | Sequence[Tree] | Mapping[str, Tree] | None"
"""A JSON value whose numbers are exact: no float is ever in it."""

SIZE_MAX: Final = 4 * 1024 * 1024
"""Bytes of one body."""
DEPTH_MAX: Final = 32
"""Lists and objects inside one another; a number alone has depth 0."""
DIGITS_MAX: Final = 28
"""Significant digits of a number: what a decimal of PostgreSQL and of spreadsheets keeps."""
EXPONENT_MAX: Final = 28
"""Power of ten of a number's first digit, and of an exponent as written, either sign."""
NUMBER_LENGTH_MAX: Final = 64
"""Characters of a number; the longest canonical one has 58: ``-0.``, 27 zeros, 28 digits."""


def parse(data: bytes, *, size_max: int = SIZE_MAX, depth_max: int = DEPTH_MAX) -> Tree:
    """Read JSON that can mean one thing only.

    Args:
        data: UTF-8 without byte order mark.
        size_max: Longest `data`, in bytes.
        depth_max: Deepest nesting; a list of events needs more than an event.

    Returns:
        Numbers without point and exponent as int, all others as Decimal, both exact.

    Raises:
        InvalidEvent: On bytes that are not UTF-8 or not JSON; NaN and Infinity; a member named
            twice; U+0000, lone surrogates and texts not in normal form C (they are refused, never
            repaired); too deep, too large, or a number with more than 28 significant digits or
            an exponent outside -28 to 28.

    >>> parse(b'[12.50, 9007199254740993]')
    [Decimal('12.50'), 9007199254740993]
    """
    if len(data) > size_max:
        _refuse(f"at most {size_max} bytes", f"{len(data)}")
    tree = _parse_fast(data)
    if tree is None:
        tree = _parse_slow(data, depth_max)
    # A whole text in normal form C has only such texts inside, and U+0000 and lone surrogates
    # can only come in by an escape: most bodies need no second look.
    if (
        data.count(b"{") + data.count(b"[") > depth_max
        or b"\\u" in data
        or not (data.isascii() or is_normalized("NFC", data.decode()))
    ):
        _examine(tree, depth_max)
    return tree


def canonical(tree: Tree) -> bytes:
    r"""Write a value as Hangtag canonical JSON 1.

    Two trees that are equal give the same bytes; `parse` of the bytes gives an equal tree, save
    for prefixes of member names, which are spelled in full.

    Raises:
        InvalidEvent: If the tree holds what `parse` refuses, or one member under two spellings.
        TypeError: If it holds a float or anything else that JSON has no exact word for.

    Source: RFC 8785 section 3.2.2.2 for the escapes.

    >>> canonical({"é": "line\nfeed", "Z": Decimal("0.10")}).decode()
    '{"Z":0.1,"é":"line\\nfeed"}'
    """
    # Most bodies are texts alone under bare names: the encoder writes those as they stand. Copying
    # them for it was a tenth of the append.
    ready = tree if _is_plain(tree, DEPTH_MAX) else _exact(tree, 0)
    try:
        data = _ENCODER.encode(ready)
    except UnicodeEncodeError:
        _examine(tree, DEPTH_MAX)
        raise
    # The escape of U+0000 can also be a backslash followed by "u0000" in somebody's text.
    if b"\\u0000" in data or not (data.isascii() or is_normalized("NFC", data.decode())):
        _examine(tree, DEPTH_MAX)
    return data


def _refuse(expected: str, got: str) -> NoReturn:
    raise InvalidEvent(f"Cannot read the body: expected {expected}, got {got}.")


def _members(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                _refuse("every member once", f"{name!r} twice")
            seen.add(name)
    return members


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        _check_number(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    _check_number(text)
    return Decimal(text)


_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


def _check_number(text: str) -> None:
    """Refuse a JSON number that is longer than one can keep exactly everywhere."""
    shown = text if len(text) <= NUMBER_LENGTH_MAX else text[:NUMBER_LENGTH_MAX] + "…"
    if len(text) > NUMBER_LENGTH_MAX:
        _refuse(f"a number of at most {NUMBER_LENGTH_MAX} characters", f"{len(text)}: {shown}")
    match = _NUMBER.fullmatch(text)
    assert match is not None, text
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3) or 0)
    if abs(exponent) > EXPONENT_MAX:
        _refuse(f"an exponent from -{EXPONENT_MAX} to {EXPONENT_MAX}", shown)
    digits = (whole + fraction).strip("0")
    if len(digits) > DIGITS_MAX:
        _refuse(f"a number of at most {DIGITS_MAX} digits", f"{len(digits)}: {shown}")
    if digits and abs(Decimal(text).adjusted()) > EXPONENT_MAX:
        _refuse(f"an exponent from -{EXPONENT_MAX} to {EXPONENT_MAX}", shown)


def _constant(text: str) -> NoReturn:
    _refuse("a number", text)


def _plain_decimal(text: str) -> Decimal:
    # Up to 28 characters hold at most 27 digits and no power of ten below -26.
    if len(text) > DIGITS_MAX or "e" in text or "E" in text:
        raise InvalidEvent(text)
    return Decimal(text)


_NUMBERS_AS_ZEROS = bytes(ord("0") if chr(code).isdigit() else code for code in range(128)).ljust(
    256, b"."
)
_TOO_MANY_DIGITS = b"0" * (DIGITS_MAX + 1)
_LENGTH_ENCODER = msgspec.json.Encoder(decimal_format="number")
_FAST_DECODER = msgspec.json.Decoder(float_hook=_plain_decimal)


def _parse_fast(data: bytes) -> Tree:
    """Return the tree of a body without anything unusual, None if a closer look is needed.

    msgspec reads three times as fast as the standard library, but keeps the last of several
    members with one name. So the tree is written again: its bytes are as many as the blankless
    text's only if nothing was dropped, since no token is ever written longer than it was read
    (numbers with an exponent, which could be, are refused here; escapes only get shorter).
    """
    if _TOO_MANY_DIGITS in data.translate(_NUMBERS_AS_ZEROS):
        return None
    try:
        tree: Tree = _FAST_DECODER.decode(data)
        blankless = msgspec.json.format(data, indent=-1)
    except (InvalidEvent, msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return tree if len(_LENGTH_ENCODER.encode(tree)) == len(blankless) else None


def _parse_slow(data: bytes, depth_max: int) -> Tree:
    """Return the tree of any body, or say in one sentence why it has none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidEvent(
            f"Cannot read the body: expected UTF-8, got byte 0x{data[error.start]:02x} "
            f"at byte {error.start}."
        ) from error
    try:
        tree: Tree = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        got = repr(text[error.pos : error.pos + 20]) if error.pos < len(text) else "its end"
        raise InvalidEvent(
            f"Cannot read the body: expected JSON, got {got} at character {error.pos} "
            f"({error.msg.lower()})."
        ) from error
    except RecursionError as error:
        raise InvalidEvent(
            f"Cannot read the body: expected at most {depth_max} levels, got far more."
        ) from error
    return tree


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_decimal,
    parse_constant=_constant,
)


def _examine(tree: Tree, depth_max: int) -> None:
    """Look at every text and level, one by one; name the first that is refused."""
    waiting: list[tuple[Tree, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, str):
            _check_text(node)
        elif isinstance(node, (list, tuple, Mapping)):
            if depth >= depth_max:
                _refuse(f"at most {depth_max} levels", "more")
            if isinstance(node, Mapping):
                for name in node:
                    _check_text(name)
            inner = node.values() if isinstance(node, Mapping) else node
            waiting.extend((child, depth + 1) for child in inner)


def _check_text(text: str) -> None:
    if "\0" in text:
        _refuse("texts without U+0000", repr(text[:60]))
    if not text.isascii():
        if any("\ud800" <= character <= "\udfff" for character in text):
            _refuse("texts without lone surrogates", repr(text[:60]))
        if not is_normalized("NFC", text):
            _refuse("texts in Unicode normal form C", ascii(text[:60]))


def _is_plain(node: Any, levels: int) -> bool:  # Any: what it is is the question
    """Say whether a value is written as it stands: no prefix, no number that needs spelling."""
    kind = type(node)
    if kind is dict:
        if ":" in "".join(node):
            return False
        inner = node.values()
    elif kind is list:
        inner = node
    else:
        return kind is str or kind is bool or node is None or (kind is int and 0 <= node < 2**63)
    if not levels:
        return False
    for child in inner:  # noqa: SIM110 - a generator, or a call for each text, costs more
        if type(child) is not str and not _is_plain(child, levels - 1):
            return False
    return True


def _exact(node: Tree, depth: int) -> object:
    """Copy a tree with member names in full and numbers ready for the encoder."""
    # Asked in the order of what bodies hold; `type(…) is` keeps bool apart from int.
    kind = type(node)
    if kind is str or kind is bool or node is None:
        return node
    if isinstance(node, (int, Decimal)):
        return _digits(node)
    if kind is not dict and kind is not list and not isinstance(node, (Mapping, list, tuple)):
        raise TypeError(f"A body holds no {kind.__name__}: {node!r}.")
    if depth >= DEPTH_MAX:
        _refuse(f"at most {DEPTH_MAX} levels", "more")
    depth += 1
    if isinstance(node, (dict, Mapping)):
        full = {
            (expand(name) if ":" in name else name): (
                child if type(child) is str else _exact(child, depth)
            )
            for name, child in node.items()
        }
        if len(full) != len(node):
            _refuse("every member once", "one under two spellings of its prefix")
        return full
    return [child if type(child) is str else _exact(child, depth) for child in node]


def _digits(number: int | Decimal) -> msgspec.Raw | int:
    """Spell a number in plain digits: no exponent, sign of zero, leading or trailing zeros."""
    text = str(number)
    if len(text) > DIGITS_MAX or not text.isdigit():
        if isinstance(number, Decimal) and not number.is_finite():
            _refuse("a number", text)
        if len(text) > DIGITS_MAX or "E" in text:
            _check_number(text)
            text = format(number, "f") if isinstance(number, Decimal) else text
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return msgspec.Raw(b"0" if text == "-0" else text.encode())


_ENCODER = msgspec.json.Encoder(order="deterministic")
