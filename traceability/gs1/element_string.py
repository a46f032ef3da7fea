"""The text under a carton's barcode, in brackets, or as the scanner sends it with separators.

>>> parse_brackets("(01)09506000134352(21)A1")
(('01', '09506000134352'), ('21', 'A1'))
>>> parse_message("0109506000134352" "21A1" + GS + "10L7")
(('01', '09506000134352'), ('21', 'A1'), ('10', 'L7'))
"""

import re

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import (
    ApplicationIdentifier,
    check_together,
    find,
    legible,
    rule_of,
)
from traceability.gs1.check_digit import is_checked
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


def parse_brackets(text: str, *, requisites: bool = True, permit_unknown: bool = False) -> Elements:
    r"""Read an element string with its AIs in brackets.

    Args:
        text: Such as ``(01)09506000134352(21)A1``; ``\(`` inside a value is a plain bracket.
        requisites: Refuse an AI whose needed companion is absent.
        permit_unknown: Take AIs that GS1 has not assigned.

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
        rule = rule_of(match[1], permit_unknown=permit_unknown)
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
    text: str,
    *,
    separator: str = GS,
    start: int = 0,
    requisites: bool = True,
    permit_unknown: bool = False,
) -> Elements:
    """Read the data of a GS1 symbol without brackets.

    Args:
        text: AIs and values one after the other, without the FNC1 that opens the symbol.
        separator: The character that stands for FNC1 after a field of variable length; GS, which
            no value can carry, always does too.
        start: Where the message begins in the input; added to the position of an error.
        requisites: Refuse an AI whose needed companion is absent.
        permit_unknown: Take AIs that GS1 has not assigned.

    Raises:
        InvalidIdentifier: If a field does not hold, or a separator seems to be lost: then the
            message is ambiguous, and no reading of it is preferred.

    Source: GS1 General Specifications, section 7.8 (processing of data from a GS1 symbology).
    """
    _refuse_long(text)
    if not text:
        raise InvalidIdentifier("Cannot read an empty message: expected an element string.", start)
    if separator != GS and GS in text:
        text = text.replace(GS, separator)
    elements = read_fields(text, separator) or _read_fields(text, separator, start, permit_unknown)
    if separator not in text:
        _refuse_swallowed_key(elements, start)
    check_together(elements, requisites=requisites, position=start)
    return elements


def _read_fields(text: str, separator: str, start: int, permit_unknown: bool = False) -> Elements:
    """Read the fields one after the other, and say where one does not hold."""
    elements: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        try:
            rule = find(text, place, permit_unknown=permit_unknown)
        except InvalidIdentifier as error:
            raise InvalidIdentifier(str(error), start + error.position) from None
        body = place + len(rule.ai)
        end = _field_end(text, body, rule, separator)
        _check_field(text[body:end], rule, separator in text, start + body)
        elements.append((rule.ai, text[body:end]))
        # A separator after a field of fixed length, or a second one, is superfluous and harmless.
        place = end
        while text[place : place + 1] == separator:
            place += 1
    return tuple(elements)


def _field_end(text: str, body: int, rule: ApplicationIdentifier, separator: str) -> int:
    stop = text.find(separator, body)
    end = len(text) if stop < 0 else stop
    return min(end, body + rule.length_max) if rule.is_fixed else end


def _check_field(value: str, rule: ApplicationIdentifier, separated: bool, start: int) -> None:
    if not separated and len(value) > rule.length_max:
        raise InvalidIdentifier(
            f"Cannot read ({rule.ai}){legible(value)}: it is ambiguous, a separator (FNC1) seems "
            f"to be lost after it; expected at most {rule.length_max} characters, "
            f"got {len(value)}.",
            start + rule.length_max,
        )
    rule.check(value, start)


_KEY_AT_END = re.compile(r"(?:0[12]([0-9]{14})|00([0-9]{18}))\Z")
_DATE_AT_END = re.compile(r"(1[1-3567])([0-9]{6})\Z")


def _refuse_swallowed_key(elements: Elements, start: int) -> None:
    """Refuse a last field that ends like a whole key: AI, number and right check digit.

    A message without any separator can have one field of variable length, the last. Whoever
    prints a key behind such a field and loses the separator would be read as having no key.
    """
    ai, value = elements[-1]
    match = _KEY_AT_END.search(value)
    if match is None or match.start() == 0 or not is_checked(match[1] or match[2]):
        return
    rule = rule_of(ai)
    if rule is not None and all(part.length_min == part.length_max for part in rule.parts):
        return
    split = (*elements[:-1], (ai, value[: match.start()]), (match[0][:2], match[0][2:]))
    try:
        if rule is not None:
            rule.check(value[: match.start()])
        check_together(split, requisites=False)
    except InvalidIdentifier:
        # What is left is no value of this field, or the message has such a key already: the value
        # only looks like another key.
        return
    place = start + sum(len(name) + len(text) for name, text in elements) - len(match[0])
    raise InvalidIdentifier(
        f"Cannot read ({ai}){legible(value)}: it is ambiguous, a separator (FNC1) seems to be "
        f"lost before ({match[0][:2]}){match[0][2:]}; let the scanner send GS for FNC1.",
        place,
    )


def lost_separator(text: str, elements: Elements, separator: str = GS) -> str | None:
    """Say that a legal message may have lost a separator: its last field ends like a date.

    The message means what the standard says, so it is read; but whoever wonders about a lot
    number that is too long should be told.

    Args:
        text: The message as it was read.
        elements: What was read from it.
        separator: What the scanner sends for FNC1.

    Returns:
        One sentence; None if nothing points to a loss.

    >>> message = "0109506000134352" "10COV0109" "17220901"
    >>> print(lost_separator(message, parse_message(message, requisites=False)))
    (10)COV010917220901 may have lost a separator (FNC1): it ends like (17)220901.
    """
    if not elements or separator in text or GS in text:
        return None
    ai, value = elements[-1]
    rule = rule_of(ai)
    match = _DATE_AT_END.search(value) if rule is not None and not rule.is_fixed else None
    date = rule_of(match[1]) if match is not None and match.start() > 0 else None
    if match is None or date is None:
        return None
    try:
        date.check(match[2])
    except InvalidIdentifier:
        return None
    return f"({ai}){value} may have lost a separator (FNC1): it ends like ({match[1]}){match[2]}."


def format_message(elements: Elements, separator: str = GS) -> str:
    """Write AIs as a symbol carries them: a separator behind a variable field unless it is last.

    Args:
        elements: AIs and values, checked.
        separator: What stands for FNC1.

    Source: GS1 General Specifications, section 7.8.

    >>> format_message((("10", "L7"), ("17", "271231"), ("21", "A1")), "^")
    '10L7^1727123121A1'
    """
    text = ""
    is_open = False
    for ai, value in elements:
        rule = rule_of(ai, permit_unknown=True)
        text += (separator if is_open else "") + ai + value
        is_open = rule is None or not rule.is_fixed
    return text
