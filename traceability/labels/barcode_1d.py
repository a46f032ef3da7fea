"""The striped codes on a label: Code 128, GS1-128, ITF-14, EAN-13, EAN-8 and UPC-A.

What a code says is checked here, before a bar is drawn; nothing is repaired. A wrong check digit is
refused, because another digit would be another product.

>>> bars = code128("B-10006")
>>> bars.width_mm(module_mm=0.25)
33.0
>>> gs1_128((("00", "395060001343520001"),)).text
'(00)395060001343520001'
>>> ean13("9506000134353")
Traceback (most recent call last):
    ...
traceability.errors.InvalidIdentifier: Cannot read (01)09506000134353: expected check digit 2, \
got '3'.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from barcode import EAN8, EAN13, UPCA, Code128, Gs1_128
from barcode.itf import ITF

from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.element_string import GS
from traceability.gs1.identity import Elements
from traceability.gs1.scan import read_gtin
from traceability.labels.message import format_brackets, format_message, in_order

__all__ = [
    "QUIET_MODULES",
    "Bars",
    "BarsKind",
    "check_module",
    "code128",
    "ean8",
    "ean13",
    "gs1_128",
    "itf14",
    "upc_a",
]

BarsKind = Literal["code128", "gs1_128", "itf14", "ean13", "ean8", "upc_a"]

QUIET_MODULES = 10
"""Empty modules at either end of Code 128. Source: ISO/IEC 15417:2007, section 4.2."""
LENGTH_MAX = 48
"""Characters; longer bars do not fit on a sheet of paper. GS1-128 has the same limit: GS1 General
Specifications, section 5.4.1."""
MODULE_MIN_MAX: dict[str, tuple[float, float]] = {
    "code128": (0.25, 1.016),
    "gs1_128": (0.25, 1.016),
    "logistic": (0.495, 0.94),
    "itf14": (0.495, 1.016),
    "ean13": (0.264, 0.66),
    "ean8": (0.264, 0.66),
    "upc_a": (0.264, 0.66),
}
"""Narrowest and widest bar, mm. Source: GS1 General Specifications, section 5.12 (tables of symbol
specifications); Code 128 of a workshop's own has the ends of GS1-128."""
ITF_NARROW, ITF_WIDE = 2, 5
"""Modules of a narrow and of a wide bar: 1 to 2.5, between the 2.25 and 3 that are allowed."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A striped code as modules, the quiet zones not among them."""

    text: str
    """What stands under it for people."""
    modules: str
    """1 is black, 0 is white; begins and ends with black."""
    kind: BarsKind = "code128"
    data: str = ""
    """What a printer that draws codes itself is told: GS stands for every FNC1 but the first, which
    is not here. Empty where it is the text."""
    quiet: tuple[int, int] = (QUIET_MODULES, QUIET_MODULES)
    """Empty modules before and after."""
    modules_per_bar: int = 1
    """Modules of the narrowest bar: 2 for ITF-14, whose wide bars are 2.5 times as wide."""
    guards: tuple[tuple[int, int], ...] = ()
    """Begin and end of the modules that reach further down than the others: EAN, UPC."""

    @property
    def content(self) -> str:
        """What a scanner sends, without its prefix: GS for every FNC1 but the first."""
        return self.data or self.text

    def width_mm(self, module_mm: float) -> float:
        """Return the width of the picture, quiet zones inside."""
        return (len(self.modules) + sum(self.quiet)) * module_mm

    @property
    def path(self) -> str:
        """The black bars as an SVG path: one module wide is 1, one high is 1."""
        return "".join(f"M{at} 0h{width}v1h-{width}z" for at, width in self.runs())

    def runs(self, *, guards_only: bool = False) -> list[tuple[int, int]]:
        """Return place and width of each black bar in modules, the quiet zone before it counted."""
        found = []
        at = 0
        for module, run in groupby(self.modules):
            width = len(list(run))
            is_guard = any(start <= at < end for start, end in self.guards)
            if module == "1" and (is_guard or not guards_only):
                found.append((at + self.quiet[0], width))
            at += width
        return found


def check_module(bars: Bars, module_mm: float, *, is_logistic: bool = False) -> None:
    """Refuse bars too narrow or too wide for what the code is for.

    Args:
        bars: The code.
        module_mm: Width of one module.
        is_logistic: It stands on a logistic label, read by a scanner above a conveyor.

    Raises:
        Refused: If the narrowest bar is outside the range.

    Source: GS1 General Specifications, section 5.12.3.
    """
    least, most = MODULE_MIN_MAX["logistic" if is_logistic else bars.kind]
    narrowest = module_mm * bars.modules_per_bar
    # A printer's dots are not whole parts of a millimetre: 2 % is how exactly bars can be measured.
    if not least * 0.98 <= narrowest <= most * 1.02:
        raise Refused(
            f"Cannot print {bars.text} with bars of {narrowest:.3f} mm: expected "
            f"{least:g} to {most:g} mm; take a larger label, or a printer with finer dots."
        )


def code128(text: str) -> Bars:
    """Encode a text as Code 128.

    Args:
        text: 1 to 48 printable ASCII characters.

    Raises:
        InvalidIdentifier: If a character has no place in the code, or there are none or too many.

    Source: ISO/IEC 15417:2007.
    """
    if not (1 <= len(text) <= LENGTH_MAX and text.isascii() and text.isprintable()):
        raise InvalidIdentifier(
            f"Cannot write {text[:60]!r} as Code 128: expected 1 to {LENGTH_MAX} letters, digits "
            f"and signs of ASCII, got {len(text)} characters."
        )
    (modules,) = Code128(text).build()
    return Bars(text, str(modules))


def gs1_128(elements: Elements) -> Bars:
    """Encode elements as GS1-128, those of fixed length first, FNC1 only where it is needed.

    Args:
        elements: AIs and values; together 48 characters with their AIs and separators.

    Raises:
        InvalidIdentifier: If a value or combination is not allowed, or it is too long.

    Source: GS1 General Specifications, section 5.4.
    """
    ordered = in_order(elements)
    message = format_message(ordered)
    if len(message) > LENGTH_MAX:
        raise InvalidIdentifier(
            f"Cannot write {format_brackets(ordered)} as GS1-128: expected at most {LENGTH_MAX} "
            f"characters, got {len(message)}."
        )
    (modules,) = Gs1_128(message.replace(GS, Gs1_128.FNC1_CHAR)).build()
    return Bars(format_brackets(ordered), str(modules), "gs1_128", message)


def itf14(gtin: str) -> Bars:
    """Encode a GTIN-14 as ITF-14, for cartons and prepacks.

    Raises:
        InvalidIdentifier: If it is no GTIN of 14 digits, or its check digit is wrong.

    Source: GS1 General Specifications, section 5.3.
    """
    read_gtin(gtin, 14)
    (modules,) = ITF(gtin, narrow=ITF_NARROW, wide=ITF_WIDE).build()
    quiet = QUIET_MODULES * ITF_NARROW
    return Bars(gtin, str(modules), "itf14", gtin, (quiet, quiet), ITF_NARROW)


def ean13(digits: str) -> Bars:
    """Encode a GTIN-13 as EAN-13.

    Raises:
        InvalidIdentifier: If it is no GTIN of 13 digits, or its check digit is wrong.

    Source: GS1 General Specifications, section 5.2.
    """
    read_gtin(digits, 13)
    (modules,) = EAN13(digits).build()
    guards = ((0, 3), (45, 50), (92, 95))
    return Bars(digits, str(modules), "ean13", digits, (11, 7), guards=guards)


def ean8(digits: str) -> Bars:
    """Encode a GTIN-8 as EAN-8.

    Raises:
        InvalidIdentifier: If it is no GTIN of 8 digits, or its check digit is wrong.

    Source: GS1 General Specifications, section 5.2.
    """
    read_gtin(digits, 8)
    (modules,) = EAN8(digits).build()
    guards = ((0, 3), (31, 36), (64, 67))
    return Bars(digits, str(modules), "ean8", digits, (7, 7), guards=guards)


def upc_a(digits: str) -> Bars:
    """Encode a GTIN-12 as UPC-A.

    Raises:
        InvalidIdentifier: If it is no GTIN of 12 digits, or its check digit is wrong.

    Source: GS1 General Specifications, section 5.2.
    """
    read_gtin(digits, 12)
    (modules,) = UPCA(digits).build()
    # The first and the last digit are long bars, too.
    guards = ((0, 10), (45, 50), (85, 95))
    return Bars(digits, str(modules), "upc_a", digits, (9, 9), guards=guards)
