"""What the bars of a Code 128 say, value by value: for printers that draw the code themselves.

A printer that chooses the subsets itself may draw other bars than were checked. Told the values, it
draws exactly these.

>>> from traceability.labels.barcode_1d import code128
>>> values_of(code128("B-10006").modules)
(104, 34, 13, 99, 10, 0, 100, 22)
"""

from __future__ import annotations

from barcode.charsets.code128 import CODES

from traceability.errors import Refused

__all__ = ["CODE_A", "CODE_B", "CODE_C", "FNC1", "START_A", "START_B", "START_C", "values_of"]

CODE_C, CODE_B, CODE_A, FNC1 = 99, 100, 101, 102
START_A, START_B, START_C = 103, 104, 105
MODULES = 11
"""Modules of a character; the stop has 13. Source: ISO/IEC 15417:2007, section 4.3.2."""
_STOP_MODULES = 13
_VALUES = {pattern: value for value, pattern in enumerate(CODES)}


def values_of(modules: str) -> tuple[int, ...]:
    """Read the values out of the bars, from the start on, without check character and stop.

    Args:
        modules: 1 is black, 0 is white.

    Raises:
        Refused: If these are no bars of a Code 128, or its check character is wrong.

    Source: ISO/IEC 15417:2007, sections 4.3 and A.1.
    """
    body = modules[:-_STOP_MODULES]
    found = [_VALUES.get(body[at : at + MODULES]) for at in range(0, len(body), MODULES)]
    values = tuple(value for value in found if value is not None)
    if len(values) != len(found) or len(values) < 3 or values[0] < START_A:
        raise Refused(f"Cannot print {modules[:24]}… as Code 128: expected its bars.")
    *said, check = values
    if (said[0] + sum(place * value for place, value in enumerate(said[1:], 1))) % 103 != check:
        raise Refused(f"Cannot print {modules[:24]}… as Code 128: its check character is wrong.")
    return tuple(said)
