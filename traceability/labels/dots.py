"""Where the millimetres of a label fall on the dots of a thermal printer.

A print head has whole dots: a bar is two of them wide or three, never two and a half. So every
module of a code gets the same whole number of dots, and the code stays in the middle of its room,
where it was when it was read back before printing.

>>> from traceability.labels.barcode_1d import code128
>>> Grid(203).symbol(Code(code128("B-10006"), 2, 2, 0.25, 10))
Symbol(x=36, y=16, module=2, width=224, height=80)
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import Refused
from traceability.labels.barcode_1d import Bars
from traceability.labels.picture import Code
from traceability.labels.raster import dots_per_mm, module_dots

__all__ = ["RESOLUTIONS", "Grid", "Symbol"]

RESOLUTIONS = (203, 300, 600)
"""Dots of an inch, as the makers call their heads."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code on the grid, its quiet zone not counted; all in dots."""

    x: int
    y: int
    module: int
    width: int
    height: int
    """Of bars without their guards."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The dots of one print head.

    Raises:
        Refused: If no head has so many.
    """

    dpi: int

    def __post_init__(self) -> None:
        if self.dpi not in RESOLUTIONS:
            raise Refused(f"Cannot print at {self.dpi} dpi: expected 203, 300 or 600.")

    @property
    def per_mm(self) -> float:
        """Dots of a millimetre."""
        return dots_per_mm(self.dpi)

    def at(self, mm: float) -> int:
        """Return the dot at a place."""
        return round(mm * self.per_mm)

    def symbol(self, code: Code) -> Symbol:
        """Lay a code on the grid, in the middle of where it was drawn.

        Raises:
            Refused: If its bars would be narrower than their kind allows.
        """
        module = module_dots(code, self.dpi)
        drawn = code.code
        wide, high = code.size
        if isinstance(drawn, Bars):
            count = len(drawn.modules)
            whole = (count + sum(drawn.quiet)) * module
            left = round((code.x + wide / 2) * self.per_mm - whole / 2)
            height = max(1, self.at(code.height))
            x = left + drawn.quiet[0] * module
            return Symbol(x, self.at(code.y), module, count * module, height)
        side = drawn.size * module
        whole, edge = side + 2 * drawn.quiet * module, drawn.quiet * module
        x = round((code.x + wide / 2) * self.per_mm - whole / 2) + edge
        y = round((code.y + high / 2) * self.per_mm - whole / 2) + edge
        return Symbol(x, y, module, side, side)
