"""What a barcode scanner types: its own word for the kind of symbol, then the data.

>>> read_scan("]E09506000134352")
(('01', '09506000134352'),)
>>> read_scan("]C1010950600013435221A1")
(('01', '09506000134352'), ('21', 'A1'))
>>> read_scan("]Q1Bundle 17")
'Bundle 17'
"""

import re

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, check_together
from traceability.gs1.check_digit import is_checked
from traceability.gs1.digital_link import looks_like_link
from traceability.gs1.element_string import GS, parse_message
from traceability.gs1.identity import Elements

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
# Symbols that carry GS1 element strings: GS1-128, GS1 DataMatrix, GS1 QR, GS1 DotCode, DataBar.
_ELEMENT_SYMBOLS = frozenset({"]C1", "]d2", "]Q3", "]J1", "]e0"})
# Symbols that carry one GTIN and nothing else, and how many digits the scanner sends.
_GTIN_SYMBOLS = {"]E0": 13, "]E4": 8, "]I1": 14}
_ADD_ONS = frozenset({"]E1", "]E2", "]E3"})
# Square codes may hold nothing at all: there is no thing behind them, but no fault either.
_MAY_BE_EMPTY = frozenset({"]Q1", "]d1", "]J0"})
_COMPOSITE = "|]e0"


def has_aim_prefix(text: str) -> bool:
    """Tell whether a text begins with an AIM symbology identifier such as ``]C1``."""
    return _AIM.match(text) is not None


def read_scan(text: str, *, separator: str = GS, permit_unknown: bool = False) -> Elements | str:
    """Read what a scanner sent, with its AIM symbology identifier.

    Args:
        text: Identifier and data, without the line end.
        separator: What this scanner sends for FNC1 inside the data.
        permit_unknown: Take AIs that GS1 has not assigned.

    Returns:
        AIs and values if the symbol is a GS1 one, else its text, which may be a web address; an
        empty text if a square code holds nothing.

    Raises:
        InvalidIdentifier: If there is no identifier, no data, or the data are not what a symbol
            of that kind carries.

    Source: ISO/IEC 15424 (symbology identifiers); GS1 General Specifications, section 5.1.2.
    """
    if not has_aim_prefix(text):
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as a scan: expected an AIM identifier such as ']C1' "
            f"first, got {text[:3]!r}."
        )
    symbol, data = text[:3], text[3:]
    if not data and symbol not in _MAY_BE_EMPTY:
        raise InvalidIdentifier(f"Cannot read the scan {text!r}: expected data, got none.", 3)
    if symbol in _ELEMENT_SYMBOLS:
        if looks_like_link(data):
            # Some printers mark a QR code with a link as a GS1 symbol: wrong, but unmistakable.
            return data
        # One symbol is not the whole label: a needed companion may be in the next one.
        return parse_message(
            data,
            separator=separator,
            start=3,
            requisites=False,
            permit_unknown=permit_unknown,
        )
    if symbol in _GTIN_SYMBOLS:
        return _read_gtin_symbol(symbol, data, separator)
    if symbol in _ADD_ONS:
        raise InvalidIdentifier(
            f"Cannot read the scan {text[:40]!r}: {symbol} is an add-on symbol, which names no "
            "thing; switch add-ons off in the scanner."
        )
    return data


def _read_gtin_symbol(symbol: str, data: str, separator: str) -> Elements:
    linear, bar, composite = data.partition(_COMPOSITE)
    elements: Elements = (("01", read_gtin(linear, _GTIN_SYMBOLS[symbol], start=3)),)
    if bar:
        start = 3 + len(linear) + len(_COMPOSITE)
        elements += parse_message(composite, separator=separator, start=start, requisites=False)
        check_together(elements, requisites=False)
    return elements


def read_gtin(digits: str, length: int, start: int = 0) -> str:
    """Return the 14-digit GTIN that a symbol of so many digits carries.

    Args:
        digits: What the scanner sent for the bars.
        length: How many digits the symbol has.
        start: Where they begin in the input; added to the position of an error.

    Raises:
        InvalidIdentifier: If they are not that many digits, or the check digit is wrong.

    >>> read_gtin("96385074", 8)
    '00000096385074'
    """
    wrong = next((i for i, c in enumerate(digits) if c not in "0123456789"), None)
    if wrong is not None:
        raise InvalidIdentifier(
            f"Cannot read {digits[:40]!r} as GTIN-{length}: expected digits, got "
            f"{digits[wrong]!r}.",
            start + wrong,
        )
    if len(digits) != length:
        raise InvalidIdentifier(
            f"Cannot read {digits[:40]!r} as GTIN-{length}: expected {length} digits, "
            f"got {len(digits)}.",
            start + min(len(digits), length),
        )
    gtin = digits.zfill(14)
    AIS["01"].check(gtin, start - (14 - length))
    return gtin


def looks_like_gtin(text: str) -> bool:
    """Tell whether a text without any prefix has the length of a UPC-A, EAN-13 or ITF-14.

    Eight digits are not enough to tell an EAN-8 from a ticket number.
    """
    return len(text) in (12, 13, 14) and text.isascii() and text.isdigit()


def looks_like_message(text: str) -> bool:
    """Tell whether a text without any prefix begins like a GS1 label: a key, its check digit right.

    >>> looks_like_message("010950600013435221A1"), looks_like_message("0109506000134353")
    (True, False)
    """
    for ai, length in (("01", 16), ("02", 16), ("00", 20)):
        if text.startswith(ai) and len(text) >= length:
            digits = text[2:length]
            return digits.isascii() and digits.isdigit() and is_checked(digits)
    return False


_LOST = re.compile(
    r"(?:10|21|22|240|241|30|37|400|401|403|420)[!-z]+0[12]([0-9]{14})(?:1[1-3567][0-9]{6})*\Z"
)


def looks_like_lost_separator(text: str) -> bool:
    """Tell whether a text without any prefix is a GS1 label whose key lost its separator.

    Such a label begins with a field of variable length; behind it, unseparated, stand a GTIN
    with its right check digit and perhaps dates.

    >>> looks_like_lost_separator("1021072911172405310100693570007182")
    True
    >>> looks_like_lost_separator("10AB120100693570007182" "17240531")
    True
    """
    match = _LOST.match(text)
    return match is not None and is_checked(match[1])
