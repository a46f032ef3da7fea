r"""The square codes on a label: QR for every phone, Data Matrix where there is little room.

>>> square = qr_code("B-10006")
>>> square.size, square.side_mm(module_mm=0.5)
(21, 14.5)
>>> data_matrix((("01", "09506000134352"), ("21", "A1"))).data
'010950600013435221A1'
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import isqrt
from typing import Any, Literal, cast

import zxingcpp

from traceability.errors import InvalidIdentifier
from traceability.gs1.identity import Elements
from traceability.labels.message import format_brackets, format_message, in_order

__all__ = ["QUIET_MODULES", "Square", "SquareKind", "data_matrix", "matrix_text", "qr_code"]

SquareKind = Literal["qr", "datamatrix"]

QUIET_MODULES = 4
"""Empty modules on each side of a QR code. Source: ISO/IEC 18004:2015, section 5.3.8."""
MATRIX_QUIET_MODULES = 1
"""The same of a Data Matrix. Source: ISO/IEC 16022:2006, section 5.2."""
LENGTH_MAX = 400
"""Characters; a longer text needs more squares than a small label can show."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square code as rows of modules, the quiet zone not among them."""

    text: str
    rows: tuple[str, ...]
    """1 is black, 0 is white."""
    kind: SquareKind = "qr"
    data: str = ""
    """Of a GS1 Data Matrix: its elements without brackets, GS for every FNC1 but the first. Empty
    where the code is no GS1 one."""
    quiet: int = QUIET_MODULES
    """Empty modules on each side."""

    @property
    def is_gs1(self) -> bool:
        """Say whether it begins with FNC1 and holds an element string."""
        return bool(self.data)

    @property
    def content(self) -> str:
        """What a scanner sends, without its prefix: GS for every FNC1 but the first."""
        return self.data or self.text

    @property
    def size(self) -> int:
        """Modules along one side, without the quiet zone."""
        return len(self.rows)

    def side_mm(self, module_mm: float) -> float:
        """Return the side of the picture, quiet zone inside."""
        return (self.size + 2 * self.quiet) * module_mm

    @property
    def path(self) -> str:
        """The black modules as an SVG path: one module is 1."""
        return "".join(
            f"M{across} {down}h{width}v1h-{width}z" for across, down, width in self.runs()
        )

    def runs(self) -> list[tuple[int, int, int]]:
        """Return left, top and width of each black run in modules, the quiet zone counted."""
        found = []
        for down, row in enumerate(self.rows, self.quiet):
            across = self.quiet
            for module, run in groupby(row):
                width = len(list(run))
                if module == "1":
                    found.append((across, down, width))
                across += width
        return found


def qr_code(text: str) -> Square:
    """Encode a text as a QR code of error correction M: 15 % of it may be lost.

    Args:
        text: 1 to 400 characters.

    Raises:
        InvalidIdentifier: If there are none or too many, or a control character is among them.

    Source: ISO/IEC 18004:2015.
    """
    _check_text(text, "QR code")
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return Square(text, _rows(made))


def matrix_text(text: str) -> Square:
    """Encode a text of a workshop's own as a Data Matrix; no GS1 code.

    Args:
        text: 1 to 400 characters.

    Raises:
        InvalidIdentifier: If there are none or too many, or a control character is among them.

    Source: ISO/IEC 16022:2006.
    """
    _check_text(text, "Data Matrix")
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    return Square(text, _rows(made), "datamatrix", quiet=MATRIX_QUIET_MODULES)


def data_matrix(elements: Elements) -> Square:
    """Encode elements as a GS1 DataMatrix, square and never rectangular: every scanner reads it.

    Args:
        elements: AIs and values.

    Raises:
        InvalidIdentifier: If a value or combination is not allowed, or it is too long.

    Source: GS1 General Specifications, section 5.6.
    """
    ordered = in_order(elements)
    text = format_brackets(ordered)
    if len(text) > LENGTH_MAX:
        raise InvalidIdentifier(
            f"Cannot write {text[:60]!r} as GS1 DataMatrix: expected at most {LENGTH_MAX} "
            f"characters, got {len(text)}."
        )
    # No value of an AI can hold a square bracket: with them a round one in a serial is plain text.
    asked = "".join(f"[{ai}]{value}" for ai, value in ordered)
    made = zxingcpp.create_barcode(
        asked, zxingcpp.BarcodeFormat.DataMatrix, gs1=True, force_square=True
    )
    return Square(text, _rows(made), "datamatrix", format_message(ordered), MATRIX_QUIET_MODULES)


def _check_text(text: str, what: str) -> None:
    if not (1 <= len(text) <= LENGTH_MAX and text.isprintable()):
        raise InvalidIdentifier(
            f"Cannot write {text[:60]!r} as {what}: expected 1 to {LENGTH_MAX} characters without "
            f"control characters, got {len(text)}."
        )


def _rows(made: zxingcpp.Barcode) -> tuple[str, ...]:
    # Its image speaks the buffer protocol, which type checkers of this Python do not know.
    picture = memoryview(cast("Any", made.to_image(scale=1, add_quiet_zones=False)))
    data = picture.tobytes()
    side = isqrt(len(data))
    rows = (data[start : start + side] for start in range(0, len(data), side))
    return tuple("".join("0" if one else "1" for one in row) for row in rows)
