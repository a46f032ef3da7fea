"""The text under a carton's barcode, in brackets, or as the scanner sends it with separators.

>>> parse_brackets("(01)09506000134352(21)A1")
(('01', '09506000134352'), ('21', 'A1'))
>>> parse_message("0109506000134352" "21A1" + GS + "10L7")
(('01', '09506000134352'), ('21', 'A1'), ('10', 'L7'))
"""

import re

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import (
    AIS,
    ApplicationIdentifier,
    check_together,
    find,
)
from traceability.gs1.identity import Elements
from traceability.gs1.message_fields import read_fields

GS = "\x1d"
"""ASCII group separator: how a scanner sends every FNC1 but the first."""

LENGTH_MAX = 8_000
"""Longest message that is looked at; a QR code holds 7,089 digits."""

_BRACKET = re.compile(r"\((\d{2,4})\)")
_VALUE = re.compile(r"(?:[^\\(]|\\\(|\\(?!\())*")


def _refuse_long(text: str) -> None:
    if len(text) > LENGTH_MAX:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r}…: expected at most {LENGTH_MAX} characters, "
            f"got {len(text)}.",
            LENGTH_MAX,
        )


def parse_brackets(text: str, *, requisites: bool = True) -> Elements:
    r"""Read an element string with its AIs in brackets.

    Args:
        text: Such as ``(01)09506000134352(21)A1``; ``\(`` inside a value is a plain bracket.
        requisites: Refuse an AI whose needed companion is absent.

    Raises:
        InvalidIdentifier: If it is not of that form, or a value or combination is not allowed.

    Source: GS1 General Specifications, sections 3, 4.14 and 7.11.
    """
    _refuse_long(text)
    elements: list[tuple[str, str]] = []
    place = 0
    while place < len(text) or not elements:
        match = _BRACKET.match(text, place)
        if match is None:
            raise InvalidIdentifier(
                f"Cannot read {text[:60]!r} as an element string: expected an Application "
                f"Identifier in brackets at place {place}, got {text[place : place + 6]!r}.",
                place,
            )
        rule = AIS.get(match[1])
        if rule is None:
            raise InvalidIdentifier(
                f"Cannot read {text[:60]!r} as an element string: ({match[1]}) is no GS1 "
                "Application Identifier.",
                place + 1,
            )
        found = _VALUE.match(text, match.end())
        written = found[0] if found else ""
        rule.check(written.replace("\\(", "("), match.end())
        elements.append((rule.ai, written.replace("\\(", "(")))
        place = match.end() + len(written)
    result = tuple(elements)
    check_together(result, requisites=requisites)
    return result


def parse_message(
    text: str, *, separator: str = GS, start: int = 0, requisites: bool = True
) -> Elements:
    """Read the data of a GS1 symbol without brackets.

    Args:
        text: AIs and values one after the other, without the FNC1 that opens the symbol.
        separator: The character that stands for FNC1 after a field of variable length.
        start: Where the message begins in the input; added to the position of an error.
        requisites: Refuse an AI whose needed companion is absent.

    Raises:
        InvalidIdentifier: If a field does not hold, or a separator seems to be lost: then the
            message is ambiguous, and no reading of it is preferred.

    Source: GS1 General Specifications, section 7.8 (processing of data from a GS1 symbology).
    """
    _refuse_long(text)
    if not text:
        raise InvalidIdentifier("Cannot read an empty message: expected an element string.", start)
    elements = read_fields(text, separator) or _read_fields(text, separator, start)
    check_together(elements, requisites=requisites, position=start)
    return elements


def _read_fields(text: str, separator: str, start: int) -> Elements:
    """Read the fields one after the other, and say where one does not hold."""
    elements: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        try:
            rule = find(text, place)
        except InvalidIdentifier as error:
            raise InvalidIdentifier(str(error), start + error.position) from None
        body = place + len(rule.ai)
        end = _field_end(text, body, rule, separator)
        _check_field(text[body:end], rule, separator in text, start + body)
        elements.append((rule.ai, text[body:end]))
        # A separator after a field of fixed length is superfluous and harmless.
        place = end + 1 if text[end : end + 1] == separator else end
    return tuple(elements)


def _field_end(text: str, body: int, rule: ApplicationIdentifier, separator: str) -> int:
    stop = text.find(separator, body)
    end = len(text) if stop < 0 else stop
    return min(end, body + rule.length_max) if rule.is_fixed else end


def _check_field(value: str, rule: ApplicationIdentifier, separated: bool, start: int) -> None:
    if not separated and len(value) > rule.length_max:
        raise InvalidIdentifier(
            f"Cannot read ({rule.ai}){value[:40]}: it is ambiguous, a separator (FNC1) seems to "
            f"be lost after it; expected at most {rule.length_max} characters, got {len(value)}.",
            start + rule.length_max,
        )
    rule.check(value, start)
