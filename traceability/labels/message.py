r"""What a GS1 code on a label says: its numbers, in the order in which they are printed.

Elements of fixed length come first, so that as few separators as possible are needed; the key that
names the thing stays the very first.

>>> elements = in_order((("01", "09506000134352"), ("10", "L7"), ("3110", "000042"), ("21", "A1")))
>>> elements
(('01', '09506000134352'), ('3110', '000042'), ('10', 'L7'), ('21', 'A1'))
>>> format_message(elements)
'0109506000134352311000004210L7\x1d21A1'
"""

from __future__ import annotations

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, check_together
from traceability.gs1.element_string import GS
from traceability.gs1.identity import Elements

__all__ = ["format_brackets", "format_message", "in_order"]


def in_order(elements: Elements, *, requisites: bool = False) -> Elements:
    """Check elements and put those of fixed length first; nothing of a value is ever changed.

    Args:
        elements: AIs and values.
        requisites: Refuse an AI whose needed companion is absent; a label may carry the companion
            in another code.

    Raises:
        InvalidIdentifier: If there are none, or a value or a combination is not allowed.

    Source: GS1 General Specifications, sections 3.2, 4.14 and 7.8.
    """
    if not elements:
        raise InvalidIdentifier("Cannot print an empty element string: expected an AI, got none.")
    for ai, value in elements:
        rule = AIS.get(ai)
        if rule is None:
            raise InvalidIdentifier(
                f"Cannot print ({ai}){value[:40]}: ({ai}) is no GS1 Application Identifier."
            )
        rule.check(value, 0)
    check_together(elements, requisites=requisites)
    return tuple(sorted(elements, key=lambda element: not AIS[element[0]].is_fixed))


def format_message(elements: Elements) -> str:
    """Write elements one after the other, GS where a field of variable length ends."""
    written = [ai + value + ("" if AIS[ai].is_fixed else GS) for ai, value in elements]
    return "".join(written).removesuffix(GS)


def format_brackets(elements: Elements) -> str:
    """Write elements as people read them under a code: AIs in brackets, values as they are."""
    return "".join(f"({ai}){value}" for ai, value in elements)
