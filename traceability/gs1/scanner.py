r"""What a scanner will type when it meets a symbol, said before the symbol is printed.

>>> scan_of("GS1 DataMatrix", "^010950600013435210L7^21A1")
']d2010950600013435210L7\x1d21A1'
>>> scan_of("EAN-13", "9506000134352")
']E09506000134352'
"""

import re

from traceability.errors import InvalidIdentifier
from traceability.gs1.check_digit import is_checked
from traceability.gs1.element_string import GS, format_message, parse_message
from traceability.gs1.identity import Elements

FNC1 = "^"
"""How FNC1 is written in a symbol's data; plain text that begins so has a backslash in front."""

_COMPOSITE = "|"
# What a scanner sends before plain text and before GS1 data.
_SQUARES = {"qr": ("]Q1", "]Q3"), "dm": ("]d1", "]d2"), "dotcode": ("]J0", "]J1")}
_LINEAR = {"gs1128": "]C1", "gs1128cca": "]C1", "gs1128ccc": "]C1", "databarexpanded": "]e0"}
# Digits of the GTIN in the symbol; then what a scanner sends before and in front of them.
_GTINS = {
    "ean13": (13, "]E0", ""),
    "upca": (12, "]E0", "0"),
    "upce": (12, "]E0", "0"),
    "ean8": (8, "]E4", ""),
    "itf14": (14, "]I1", ""),
    "databaromni": (14, "]e0", "01"),
    "databartruncated": (14, "]e0", "01"),
    "databarstacked": (14, "]e0", "01"),
    "databarstackedomni": (14, "]e0", "01"),
    "databarlimited": (14, "]e0", "01"),
}
_ALIASES = {
    "qrcode": "qr", "gs1qr": "qr", "gs1qrcode": "qr", "datamatrix": "dm", "gs1datamatrix": "dm",
    "gs1dm": "dm", "gs1dotcode": "dotcode", "code128": "code128",
}  # fmt: skip
_LIMITED_MAX = "19999999999999"
_ESCAPED = re.compile(r"\\(\\*\^)")


def _fault(symbology: str, data: str, expected: str, position: int = 0) -> InvalidIdentifier:
    shown = data if len(data) <= 60 else data[:60] + "…"
    return InvalidIdentifier(
        f"Cannot put {shown!r} into {symbology or 'no symbol'}: expected {expected}.", position
    )


def scan_of(symbology: str, data: str) -> str:
    """Return what a scanner sends for a symbol, its AIM symbology identifier first.

    Args:
        symbology: Such as ``QR``, ``GS1 DataMatrix``, ``GS1-128``, ``EAN-13``, ``UPC-E``,
            ``ITF-14``, ``Code 128``; case, blanks, hyphens and underlines do not count.
        data: Plain text, the digits of a GTIN, or GS1 data with ``^`` for FNC1, first too;
            behind ``|`` the data of a composite part. Plain text that begins with ``^``, or
            with backslashes and ``^``, has one backslash more.

    Raises:
        InvalidIdentifier: If there is no such symbology, or it cannot carry these data.

    Source: ISO/IEC 15424; GS1 General Specifications, sections 5.1.2 and 7.8.
    """
    name = re.sub(r"[\s_-]", "", symbology).lower()
    name = _ALIASES.get(name, name)
    if name in _SQUARES:
        return _square(symbology, name, data)
    if name in _LINEAR:
        return _linear(symbology, name, data)
    if name in _GTINS:
        return _gtin(symbology, name, data)
    if name == "code128" and data and not data.startswith(FNC1):
        return "]C0" + _unescape(data)
    raise _fault(symbology, data, "a symbology that can carry it, such as QR or EAN-13")


def scan_of_elements(symbology: str, elements: Elements) -> str:
    r"""Return what a scanner sends for AIs in a symbol that carries GS1 data.

    >>> scan_of_elements("GS1-128", (("10", "L7"), ("21", "A1")))
    ']C110L7\x1d21A1'
    """
    return scan_of(symbology, FNC1 + format_message(elements, FNC1))


def _unescape(data: str) -> str:
    return data[1:] if _ESCAPED.match(data) else data


def _message(symbology: str, data: str, start: int = 0) -> tuple[str, Elements]:
    """Return GS1 data as a scanner sends them, and what they say."""
    if not data.startswith(FNC1):
        raise _fault(symbology, data, f"GS1 data that begin with FNC1 ({FNC1!r})", start)
    elements = parse_message(data[1:], separator=FNC1, start=start + 1, requisites=False)
    return data[1:].removesuffix(FNC1).replace(FNC1, GS), elements


def _square(symbology: str, name: str, data: str) -> str:
    plain, gs1 = _SQUARES[name]
    if not data.startswith(FNC1):
        return plain + _unescape(data)
    return gs1 + _message(symbology, data)[0]


def _linear(symbology: str, name: str, data: str) -> str:
    linear, bar, composite = data.partition(_COMPOSITE)
    text, elements = _message(symbology, linear)
    if not bar:
        return _LINEAR[name] + text
    beside, more = _message(symbology, composite, len(linear) + 1)
    # Both parts leave the scanner as one message: a variable field at the seam needs its end.
    whole = format_message(elements + more)
    seam = len(whole) - len(format_message(more))
    is_open = whole[seam - 1 : seam] == GS
    return "]e0" + text + (GS if is_open else "") + beside


def _gtin(symbology: str, name: str, data: str) -> str:
    length, symbol, lead = _GTINS[name]
    linear, bar, composite = data.partition(_COMPOSITE)
    zeros = f"{FNC1}01{'0' * (14 - length)}"
    digits = linear.removeprefix(zeros) if linear.startswith(zeros) else linear
    if len(digits) != length or not (digits.isascii() and digits.isdigit()):
        raise _fault(symbology, data, f"{length} digits")
    if not is_checked(digits):
        raise _fault(symbology, data, "the right check digit at the end", len(linear) - 1)
    if name == "databarlimited" and digits > _LIMITED_MAX:
        raise _fault(symbology, data, f"a number up to {_LIMITED_MAX}")
    scan = symbol + lead + digits
    if not bar:
        return scan
    if name == "itf14":
        raise _fault(symbology, data, "no composite part", len(linear))
    beside = _message(symbology, composite, len(linear) + 1)[0]
    # Behind EAN and UPC the composite part is a message of its own; in DataBar it goes on.
    return scan + ("" if symbol == "]e0" else "|]e0") + beside
