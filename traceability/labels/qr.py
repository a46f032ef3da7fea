"""The square code on a label: a phone's camera reads it from any side, even with a corner dirty.

>>> square = qr_code("B-10006")
>>> square.size, square.side_mm(module_mm=0.5)
(21, 14.5)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import isqrt
from typing import Any, cast

import zxingcpp

from traceability.errors import InvalidIdentifier

__all__ = ["QUIET_MODULES", "Square", "qr_code"]

QUIET_MODULES = 4
"""Empty modules on each side. Source: ISO/IEC 18004:2015, section 5.3.8."""
LENGTH_MAX = 400
"""Characters; a longer text needs more squares than a small label can show."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square code as rows of modules, the quiet zone not among them."""

    text: str
    rows: tuple[str, ...]
    """1 is black, 0 is white."""

    @property
    def size(self) -> int:
        """Modules along one side, without the quiet zone."""
        return len(self.rows)

    def side_mm(self, module_mm: float) -> float:
        """Return the side of the picture, quiet zone inside."""
        return (self.size + 2 * QUIET_MODULES) * module_mm

    @property
    def path(self) -> str:
        """The black modules as an SVG path: one module is 1."""
        found = []
        for down, row in enumerate(self.rows, QUIET_MODULES):
            across = QUIET_MODULES
            for module, run in groupby(row):
                width = len(list(run))
                if module == "1":
                    found.append(f"M{across} {down}h{width}v1h-{width}z")
                across += width
        return "".join(found)


def qr_code(text: str) -> Square:
    """Encode a text as a QR code of error correction M: 15 % of it may be lost.

    Args:
        text: 1 to 400 characters.

    Raises:
        InvalidIdentifier: If there are none or too many, or a control character is among them.

    Source: ISO/IEC 18004:2015.
    """
    if not (1 <= len(text) <= LENGTH_MAX and text.isprintable()):
        raise InvalidIdentifier(
            f"Cannot write {text[:60]!r} as QR code: expected 1 to {LENGTH_MAX} characters without "
            f"control characters, got {len(text)}."
        )
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # Its image speaks the buffer protocol, which type checkers of this Python do not know.
    picture = memoryview(cast("Any", made.to_image(scale=1, add_quiet_zones=False)))
    data = picture.tobytes()
    side = isqrt(len(data))
    rows = (data[start : start + side] for start in range(0, len(data), side))
    return Square(text, tuple("".join("0" if one else "1" for one in row) for row in rows))
