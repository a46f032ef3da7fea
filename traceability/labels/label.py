"""One label, whatever is printed on it: its drawing, the thing it names, the bits of its chip.

>>> from traceability.labels.face import Face
>>> label = Label("ticket", "B-10006", Face("B-10006"), "//rua.invalid/class/B-10006")
>>> label.drawing.draw((50, 30)).width
50
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from traceability.labels.picture import Picture

__all__ = ["Drawing", "Label"]


class Drawing(Protocol):
    """What lays itself out on a label of any size."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out.

        Args:
            size: Width and height of the label, mm.
            inset: What stays white at the sides, and above and below, mm.

        Raises:
            Refused: If it has no room there; the sentence says how much it needs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Label:
    """One label and what it is for."""

    kind: str
    """``ticket``, ``carton``, ``person``, ``hang-tag``, ``roll`` or ``logistic``."""
    name: str
    """How messages name it: ``B-10006``, ``(00)395060001343520001``."""
    drawing: Drawing
    key: str | None
    """Every code on it leads to this key, or to its class where the code can say no more. None for
    a label that names no thing."""
    epc: bytes | None = None
    """What its chip is to carry: the EPC bank from bit 20h on. None without a chip."""
