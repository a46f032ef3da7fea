"""The striped code on a label, for every scanner that was ever sold: Code 128.

>>> bars = code128("B-10006")
>>> bars.width_mm(module_mm=0.25)
33.0
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from barcode import Code128

from traceability.errors import InvalidIdentifier

__all__ = ["QUIET_MODULES", "Bars", "code128"]

QUIET_MODULES = 10
"""Empty modules at either end. Source: ISO/IEC 15417:2007, section 4.2."""
LENGTH_MAX = 48
"""Characters; longer bars do not fit on a sheet of paper."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A striped code as modules, the quiet zones not among them."""

    text: str
    modules: str
    """1 is black, 0 is white; begins and ends with black."""

    def width_mm(self, module_mm: float) -> float:
        """Return the width of the picture, quiet zones inside."""
        return (len(self.modules) + 2 * QUIET_MODULES) * module_mm

    @property
    def path(self) -> str:
        """The black bars as an SVG path: one module wide is 1, one high is 1."""
        found = []
        at = QUIET_MODULES
        for module, run in groupby(self.modules):
            width = len(list(run))
            if module == "1":
                found.append(f"M{at} 0h{width}v1h-{width}z")
            at += width
        return "".join(found)


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
