"""A label with one code and what it says, for whatever somebody wants to be scanned.

>>> from traceability.labels.picture import Code
>>> drawn = code_of("ean13", "9506000134352").draw((50, 30))
>>> [part.code.kind for part in drawn.parts if isinstance(part, Code)]
['ean13']
>>> code_of("ean13", "9506000134353")
Traceback (most recent call last):
    ...
traceability.errors.InvalidIdentifier: Cannot read (01)09506000134353: expected check digit 2, \
got '3'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.identify import identify
from traceability.gs1.identity import Elements
from traceability.labels.barcode_1d import (
    MODULE_MIN_MAX,
    Bars,
    code128,
    ean8,
    ean13,
    gs1_128,
    itf14,
    upc_a,
)
from traceability.labels.label import Label
from traceability.labels.picture import DOT, Code, Picture, Words
from traceability.labels.square import Square, data_matrix, matrix_text, qr_code

__all__ = ["SYMBOLS", "OneCode", "Symbol", "code_label", "code_of"]

Symbol = Literal["code128", "gs1-128", "ean13", "ean8", "upc-a", "itf14", "datamatrix", "qr"]
SYMBOLS: tuple[Symbol, ...] = get_args(Symbol)
TEXT_SHARE, TEXT_MAX = 0.16, 4.5
"""Height of the text under the code, as a share of the label's, and its end, mm."""
MODULE_MAX = 8 * DOT
SQUARE_MODULE_MIN = 3 * DOT
BARS_HEIGHT_MIN = 5.0
GAP = 0.5


@dataclass(frozen=True, slots=True)
class OneCode:
    """One code, as large as the label has room, and its text below."""

    code: Bars | Square

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay it out in the middle of a label.

        Args:
            size: Width and height of the label, mm.
            inset: What stays white at the sides, and above and below, mm.

        Raises:
            Refused: If it has no room there; the sentence says how much it needs.
        """
        text = min(size[1] * TEXT_SHARE, TEXT_MAX)
        high = size[1] - 2 * inset[1] - text - GAP
        module = self._module(size[0], high)
        height = high if isinstance(self.code, Bars) else 0.0
        part = Code(self.code, 0, 0, module, height)
        wide, tall = part.size
        x = _snap((size[0] - wide) / 2)
        y = _snap(inset[1] + (high - tall) / 2)
        below = y + tall + GAP
        words = Words(
            self.code.text, size[0] / 2, below, text, size[0] - 2 * inset[0], anchor="middle",
            weight=600, least=1.2,
        )  # fmt: skip
        placed = Code(self.code, x, y, module, height)
        return Picture(*size, (placed, words), self.code.text)

    def _module(self, width: float, height: float) -> float:
        """Return the widest module on the dots of a 203 dpi printer that fits."""
        is_bars = isinstance(self.code, Bars)
        least, most = SQUARE_MODULE_MIN, MODULE_MAX
        if isinstance(self.code, Bars):
            least, most = (
                side / self.code.modules_per_bar for side in MODULE_MIN_MAX[self.code.kind]
            )
        module = int(most / DOT) * DOT
        while module >= least * 0.98:
            across = self._across(module)
            if across <= width and (height >= BARS_HEIGHT_MIN if is_bars else across <= height):
                return module
            module -= DOT
        needed = self._across(-(-least // DOT) * DOT)
        room = f"{needed:.0f} mm of width" if is_bars else f"{needed:.0f} mm to each side"
        raise Refused(
            f"Cannot print {self.code.text[:60]} on this label: its code needs at least {room}."
        )

    def _across(self, module: float) -> float:
        if isinstance(self.code, Bars):
            return self.code.width_mm(module)
        return self.code.side_mm(module)


def _snap(value: float) -> float:
    return max(0.0, round(value / DOT) * DOT)


def code_of(symbol: Symbol, text: str) -> OneCode:
    """Return the code of a text.

    Args:
        symbol: Which kind of code. GS1-128 takes an element string in any form; a Data Matrix is a
            GS1 one where the text begins with a bracket.
        text: What it is to say.

    Raises:
        InvalidIdentifier: If the text has no place in such a code; the sentence says why.
    """
    if symbol == "gs1-128":
        return OneCode(gs1_128(_elements(text)))
    if symbol == "datamatrix":
        is_gs1 = text.startswith("(")
        return OneCode(data_matrix(_elements(text)) if is_gs1 else matrix_text(text))
    plain = {"code128": code128, "ean13": ean13, "ean8": ean8, "upc-a": upc_a, "itf14": itf14}
    return OneCode(plain[symbol](text) if symbol in plain else qr_code(text))


def _elements(text: str) -> Elements:
    found = identify(text)
    if not found.ais:
        raise InvalidIdentifier(
            f"Cannot write {text[:60]!r} as a GS1 code: expected an element string such as "
            "(01)09506000134352(21)7."
        )
    return found.ais


def code_label(symbol: Symbol, text: str) -> Label:
    """Return the label with one code, which names no thing of a ledger.

    Raises:
        InvalidIdentifier: If the text has no place in such a code.
    """
    drawing = code_of(symbol, text)
    return Label("code", drawing.code.text, drawing, None)
