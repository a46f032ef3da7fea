"""A code taken apart as rows of a table, for a person with a tag or a label in hand.

>>> from traceability.gs1.identify import identify
>>> from traceability.gs1.anatomy import anatomy
>>> for row in field_rows(anatomy("9506000134352", identify("9506000134352"))):
...     print(row.start, row.name, row.shown, row.said)
0 value 950600013435 of (01)
12 check digit 2 right
"""

from collections.abc import Iterator
from dataclasses import dataclass

from traceability.gs1.anatomy import Fields, visible
from traceability.gs1.bit_fields import BitField
from traceability.gs1.text_fields import TextField


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field in words."""

    start: int
    name: str
    shown: str
    """Its bits, or its characters with control characters by their names."""
    said: str
    is_wrong: bool


def field_rows(fields: Fields) -> Iterator[FieldRow]:
    """Yield a row for each field of a code."""
    for one in fields:
        if isinstance(one, BitField):
            is_wrong = one.note.startswith("Cannot ")
            said = f"{one.value}  {'not allowed here' if is_wrong else one.note}".strip()
            yield FieldRow(one.start, one.name, f"{one.raw:0{one.length}b}", said, is_wrong)
        else:
            is_wrong = one.is_right is False
            yield FieldRow(one.start, one.name, visible(one.text), _said(one), is_wrong)


def _said(field: TextField) -> str:
    if field.expected:
        return f"wrong, expected {field.expected}"
    if field.is_right is not None:
        return "right" if field.is_right else "cannot be read here"
    about = f"of ({field.ai})" if field.ai and field.name == "value" else ""
    return " ".join(part for part in (visible(field.value), about) if part)
