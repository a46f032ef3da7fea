"""What all thermal printers have in common: what may be printed, how often, where lines fall.

>>> check_text("Overshirt 50%")
>>> dashes(Rule(0, 1, 10, 1), Grid(203))
[(0, 7, 80, 2)]
"""

from __future__ import annotations

from traceability.errors import Refused
from traceability.labels.dots import Grid
from traceability.labels.label import Label
from traceability.labels.picture import Rule
from traceability.labels.square import Square

__all__ = ["COPIES_MAX", "check_copies", "check_text", "dashes", "fits_level_m"]

COPIES_MAX = 500
TEXT_MAX = 400
"""Characters of one text; more fit on no label."""
DASH_MM, GAP_MM = 1.2, 0.8
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
_BYTES_M = (
    16, 28, 44, 64, 86, 108, 124, 154, 182, 216, 254, 290, 334, 365, 415, 453, 507, 563, 627, 669,
)  # fmt: skip
"""Data bytes of QR versions 1 to 20 at level M. Source: ISO/IEC 18004:2015, table 7."""


def check_text(text: str) -> None:
    """Refuse control characters, which a printer obeys instead of printing them, and far too much.

    Raises:
        Refused: Naming the first control character, or how much there may be.
    """
    if len(text) > TEXT_MAX:
        raise Refused(
            f"Cannot print {text[:40]!r}…: expected at most {TEXT_MAX} characters, got {len(text)}."
        )
    for one in text:
        if ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0:
            raise Refused(
                f"Cannot print {text[:60]!r}: it has the control character U+{ord(one):04X}, "
                "which a printer would obey instead of printing it."
            )


def check_copies(label: Label, copies: int) -> None:
    """Refuse to label two things with one number.

    Raises:
        Refused: If the count cannot be, or the label names one thing.
    """
    if not 1 <= copies <= COPIES_MAX:
        raise Refused(f"Cannot print {copies} copies: expected 1 to {COPIES_MAX}.")
    if copies > 1 and not _is_of_a_class(label):
        raise Refused(
            f"Cannot print {label.name} {copies} times: it names one thing, and two things would "
            "carry the same number. Print it again, one by one, if a label was torn."
        )


def _is_of_a_class(label: Label) -> bool:
    if label.epc is not None:
        return False
    if label.key is None:
        return True
    is_gtin = label.key.startswith("/01/") and label.key.count("/") == 2
    return is_gtin or (label.kind == "hang-tag" and "/class/" in label.key)


def dashes(rule: Rule, grid: Grid) -> list[tuple[int, int, int, int]]:
    """Lay a straight line on the grid as boxes: left, top, width, height in dots.

    Args:
        rule: Level or upright; a slanted one becomes the box around it, which no label has.
        grid: The dots.
    """
    thick = max(1, round(rule.thickness * grid.per_mm))
    is_level = abs(rule.x2 - rule.x1) >= abs(rule.y2 - rule.y1)
    start, end = sorted((rule.x1, rule.x2) if is_level else (rule.y1, rule.y2))
    middle = (rule.y1 + rule.y2) / 2 if is_level else (rule.x1 + rule.x2) / 2
    aside = max(0, round(middle * grid.per_mm - thick / 2))
    pieces = [(start, end)]
    if rule.is_dashed:
        count = max(1, int((end - start) / (DASH_MM + GAP_MM)) + 1)
        starts = [start + number * (DASH_MM + GAP_MM) for number in range(count)]
        pieces = [(one, min(one + DASH_MM, end)) for one in starts if one < end]
    found = []
    for one, other in pieces:
        first = max(0, grid.at(one))
        length = max(1, grid.at(other) - first)
        found.append((first, aside, length, thick) if is_level else (aside, first, thick, length))
    return found


def fits_level_m(square: Square) -> bool:
    """Tell whether a printer that packs a QR code in the plainest way needs no larger one.

    A printer chooses the packing itself. Ours may be the cleverer one; then the printer's code
    would grow over what stands beside it, and the code is sent as dots instead.

    Source: ISO/IEC 18004:2015, sections 7.4 and 7.4.9.
    """
    version = (square.size - 17) // 4
    if square.kind != "qr" or not 1 <= version <= len(_BYTES_M):
        return False
    text = square.content
    size = len(text)
    group = 0 if version < 10 else 1
    if text.isdecimal() and text.isascii():
        bits = (10, 12)[group] + size // 3 * 10 + (0, 4, 7)[size % 3]
    elif set(text) <= _ALPHANUMERIC:
        bits = (9, 11)[group] + size // 2 * 11 + size % 2 * 6
    else:
        bits = (8, 16)[group] + 8 * len(text.encode())
    return 4 + bits <= 8 * _BYTES_M[version - 1]
