"""What the data of each number in brackets looks like in the bits of a ``+`` tag.

How a value is written follows from its format in `traceability.gs1.ai_table`: a date becomes a
year, a month and a day that a reader can select on; digits with a check digit stay readable as
hexadecimal; other numbers are one number; text says its own method and length.

>>> write_value("17", "261231")
(13727, 16)
>>> read_value(Cursor(13727, 16), "17")
'261231'
"""

from collections.abc import Callable
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, ApplicationIdentifier
from traceability.gs1.epc_cursor import Bits, Cursor, join, number_width
from traceability.gs1.epc_text import (
    read_length,
    read_number,
    read_text,
    write_number,
    write_text,
)


@dataclass(frozen=True, slots=True)
class Component:
    """One stretch of a value in bits."""

    form: str
    """A name in the two tables at the end of this module."""
    size: int
    """Characters; the longest count where the form has a length of its own."""
    is_optional: bool = False


# Where TDS 2.3 table F departs from what the format alone would give.
_EXCEPTIONS = {
    "401": (Component("text", 30),),
    "402": (Component("number", 17),),
    "7241": (Component("digits", 2),),
    "8007": (Component("text", 24),),
}
_DATES = {"date", "date0"}
_BY_CHECK = {"country2": "country", "sequence": "sequence", "yesno": "bit"}


def components_of(rule: ApplicationIdentifier) -> tuple[Component, ...]:
    """Return how the values of an AI are written in bits.

    The table of the standard ends with the AIs of its year; a younger AI follows its family,
    since all of a format are written alike.

    Source: EPC Tag Data Standard 2.3, section 15.3 and table F.

    >>> components_of(AIS["3103"]), components_of(AIS["10"])
    ((Component(form='number', size=6, is_optional=False),), (Component(form='text', size=20, \
is_optional=False),))
    """
    if rule.ai in _EXCEPTIONS:
        return _EXCEPTIONS[rule.ai]
    parts, total = rule.parts, rule.length_max
    first, last = parts[0], parts[-1]
    checks = {name for part in parts for name in part.checks}
    special = next((form for name, form in _BY_CHECK.items() if name in checks), None)
    if special is not None:
        return (Component(special, total),)
    if set(first.checks) & _DATES:
        return _dated(rule)
    if len(parts) == 1 and first.length_min < total and checks == {"prefix1"}:
        return (Component("nibbles", total),)
    if last.length_min < last.length_max and first.alphabet == "N" and len(parts) > 1:
        lead = total - last.length_max
        form = "digits" if "check" in checks else "number"
        tail = "count" if last.alphabet == "N" else "text"
        return Component(form, lead), Component(tail, last.length_max, last.is_optional)
    if "minus" in checks:
        return Component("number", total - 1), Component("sign", 1, is_optional=True)
    if any(part.alphabet != "N" for part in parts):
        return (Component("text", total),)
    if first.length_min < first.length_max or last.is_optional:
        return (Component("count", total),)
    return (Component("digits" if "check" in checks else "number", total),)


def _dated(rule: ApplicationIdentifier) -> tuple[Component, ...]:
    if len(rule.parts) == 1:
        return (Component("date", 6),)
    if not rule.parts[-1].is_optional:
        return Component("date", 6), Component("clock", 4)
    form = "range" if set(rule.parts[-1].checks) & _DATES else "moment"
    return (Component(form, rule.length_max),)


COMPONENTS = {ai: components_of(rule) for ai, rule in AIS.items()}
"""How every AI is written in bits."""


def read_value(
    cursor: Cursor, ai: str, *, but: frozenset[str] = frozenset(), is_whole: bool = False
) -> str:
    """Read the value of an AI.

    Args:
        cursor: Stands behind the AI, on the value's first bit.
        ai: Which AI the bits are of.
        but: Names of content checks to leave out.
        is_whole: The part that the AI allows to be absent, such as the serial of (8003), must be
            there; an EPC names one thing.

    Raises:
        BitFault: If the bits do not hold, or are no value of this AI.

    Source: EPC Tag Data Standard 2.3, sections 14.5 and 15.3.
    """
    start = cursor.place
    name = f"({ai})"
    value = ""
    for component in COMPONENTS[ai]:
        may_be_empty = component.is_optional and not is_whole
        value += _READERS[component.form](cursor, name, component.size, may_be_empty)
    _check(cursor, ai, value, start, but)
    return value


def _check(cursor: Cursor, ai: str, value: str, start: int, but: frozenset[str]) -> None:
    try:
        AIS[ai].check(value, but=but)
    except InvalidIdentifier as error:
        # The sentence of the AI's own check ends like this one: what was expected, what came.
        said = str(error).partition(": ")[2].rstrip(".") or str(error)
        bit = _bit_of(cursor, ai, start, error.position)
        raise cursor.fault(f"a value that ({ai}) can carry", f"{value!r} ({said})", bit) from None


def _bit_of(cursor: Cursor, ai: str, start: int, place: int) -> int:
    """Return the first bit of what says the character at this place of a value."""
    for mark in cursor.marks:
        length = len(mark.value)
        if mark.start < start or mark.name in (f"({ai}) method", f"({ai}) length"):
            continue
        if place < length:
            # Characters of one width each can be told apart; one number cannot.
            each, uneven = divmod(mark.end - mark.start, length)
            return mark.start if uneven else mark.start + each * place
        place -= length
    return start


def read_date(cursor: Cursor, ai: str) -> str:
    """Read the one day that a DSGTIN carries, whichever form its AI has elsewhere.

    Raises:
        BitFault: If there is no such day.

    Source: EPC Tag Data Standard 2.3, section 14.5.3.
    """
    start = cursor.place
    value = _read_date(cursor, f"({ai})", 6, False)
    _check(cursor, ai, value, start, frozenset())
    return value


def write_date(ai: str, value: str) -> Bits:
    """Write one day, YYMMDD, as a DSGTIN carries it.

    Raises:
        InvalidIdentifier: If there is no such day, or it is more than one.
    """
    AIS[ai].check(value)
    if len(value) != 6:
        raise InvalidIdentifier(f"Cannot write ({ai}){value}: expected one day, YYMMDD.")
    return _write_two(value, 7, 4, 5)


def write_value(ai: str, value: str, *, is_whole: bool = False) -> Bits:
    """Write the value of an AI.

    Raises:
        InvalidIdentifier: If the AI cannot carry the value, its bits cannot, or a part is absent
            that `is_whole` demands.

    Source: EPC Tag Data Standard 2.3, sections 14.5 and 15.3.
    """
    if ai not in AIS:
        raise InvalidIdentifier(f"Cannot write ({ai}): it is no GS1 Application Identifier.")
    AIS[ai].check(value)
    fields: list[Bits] = []
    place = 0
    for component in COMPONENTS[ai]:
        text = value[place : place + component.size]
        if is_whole and component.is_optional and not text:
            raise InvalidIdentifier(f"Cannot write ({ai}){value}: expected a serial behind it.")
        fields.append(_WRITERS[component.form](text, component.size))
        place += len(text)
    if place < len(value):
        raise InvalidIdentifier(
            f"Cannot write ({ai}){value}: expected at most {place} characters in a tag, "
            f"got {len(value)}."
        )
    return join(fields)


def _read_digits(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    start = cursor.place
    text = f"{cursor.read(4 * size):0{size}x}"
    if not text.isdecimal():
        place = next(i for i, c in enumerate(text) if c not in "0123456789")
        raise cursor.fault(f"a digit in {name}", text[place].upper(), start + 4 * place)
    cursor.mark(name, start, text)
    return text


def _read_count(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    length = read_length(cursor, name, size, may_be_empty=may_be_empty)
    return read_number(cursor, name, length) if length else ""


def _read_nibbles(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    """Read digits of four bits up to F, which ends them, or E, behind which text follows."""
    start = cursor.place
    text = ""
    while (code := cursor.read(4)) <= 9:
        text += str(code)
        if len(text) > size:
            raise cursor.fault(f"at most {size} digits in {name}", text, start)
    cursor.place -= 4
    cursor.mark(name, start, text)
    cursor.place += 4
    if code < 0xE:
        raise cursor.fault(f"a digit, E or F in {name}", f"{code:X}", cursor.place - 4)
    cursor.mark(f"{name} end of digits", cursor.place - 4, f"{code:X}",
                "text follows" if code == 0xE else "nothing follows")  # fmt: skip
    return text + read_text(cursor, name, size) if code == 0xE else text


def _read_date(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    return _read_two(cursor, (f"{name} year", 7), (f"{name} month", 4), (f"{name} day", 5))


def _read_clock(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    return _read_two(cursor, (f"{name} hour", 5), (f"{name} minute", 6))


def _read_two(cursor: Cursor, *fields: tuple[str, int]) -> str:
    """Read fields of two decimal digits each; the AI's check knows how far each may go."""
    text = ""
    for name, width in fields:
        start = cursor.place
        number = cursor.read(width)
        if number > 99:
            raise cursor.fault(f"{name} from 00 to 99", str(number), start)
        cursor.mark(name, start, f"{number:02d}")
        text += f"{number:02d}"
    return text


def _read_range(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    start = cursor.place
    is_range = cursor.read(1)
    cursor.mark(f"{name} form", start, is_range, "first and last day" if is_range else "one day")
    text = _read_date(cursor, name, 6, False)
    return text + _read_date(cursor, name, 6, False) if is_range else text


def _read_moment(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    start = cursor.place
    precision = cursor.read(2)
    note = ("to the hour", "to the minute", "to the second", "to the day")[precision]
    cursor.mark(f"{name} precision", start, precision, note)
    text = _read_date(cursor, name, 6, False)
    fields = ((f"{name} hour", 5), (f"{name} minute", 6), (f"{name} second", 6))
    return text + _read_two(cursor, *fields[: (precision + 1) % 4])


def _read_bit(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    text = str(cursor.read(1))
    cursor.mark(name, cursor.place - 1, text)
    return text


def _read_sign(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    text = "-" if cursor.read(1) else ""
    cursor.mark(f"{name} sign", cursor.place - 1, text or "+")
    return text


def _read_country(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    start = cursor.place
    codes = cursor.read(6), cursor.read(6)
    if max(codes) > 25:
        raise cursor.fault(f"two capital letters in {name}", str(codes), start)
    text = "".join(chr(65 + code) for code in codes)
    cursor.mark(name, start, text)
    return text


def _read_sequence(cursor: Cursor, name: str, size: int, may_be_empty: bool) -> str:
    start = cursor.place
    place, total = cursor.read(4), cursor.read(4)
    if max(place, total) > 9:
        raise cursor.fault(f"two digits in {name}", f"{place:X}{total:X}", start)
    cursor.mark(name, start, f"{place}/{total}")
    return f"{place}/{total}"


def _write_two(text: str, *widths: int) -> Bits:
    return join([(int(text[2 * i : 2 * i + 2]), width) for i, width in enumerate(widths)])


def _write_nibbles(text: str, size: int) -> Bits:
    rest = text.lstrip("0123456789")
    digits = text[: len(text) - len(rest)]
    lead = (int(digits + ("E" if rest else "F"), 16), 4 * len(digits) + 4)
    return join([lead, write_text(rest, size)]) if rest else lead


def _write_range(text: str, size: int) -> Bits:
    days = [_write_two(text[i : i + 6], 7, 4, 5) for i in range(0, len(text), 6)]
    return join([(len(days) - 1, 1), *days])


def _write_moment(text: str, size: int) -> Bits:
    clock = text[6:]
    widths = (5, 6, 6)[: len(clock) // 2]
    fields = [((len(widths) - 1) % 4, 2), _write_two(text[:6], 7, 4, 5)]
    return join([*fields, _write_two(clock, *widths)])


_READERS: dict[str, Callable[[Cursor, str, int, bool], str]] = {
    "digits": _read_digits,
    "number": lambda cursor, name, size, _: read_number(cursor, name, size),
    "count": _read_count,
    "text": lambda cursor, name, size, empty: read_text(cursor, name, size, may_be_empty=empty),
    "nibbles": _read_nibbles,
    "date": _read_date,
    "clock": _read_clock,
    "range": _read_range,
    "moment": _read_moment,
    "bit": _read_bit,
    "sign": _read_sign,
    "country": _read_country,
    "sequence": _read_sequence,
}
_WRITERS: dict[str, Callable[[str, int], Bits]] = {
    "digits": lambda text, _: (int(text, 16), 4 * len(text)),
    "number": lambda text, _: write_number(text),
    "count": lambda text, size: join(
        [(len(text), size.bit_length()), (int(text or "0"), number_width(len(text)))]
    ),
    "text": write_text,
    "nibbles": _write_nibbles,
    "date": lambda text, _: _write_two(text, 7, 4, 5),
    "clock": lambda text, _: _write_two(text, 5, 6),
    "range": _write_range,
    "moment": _write_moment,
    "bit": lambda text, _: (int(text), 1),
    "sign": lambda text, _: (len(text), 1),
    "country": lambda text, _: join([(ord(letter) - 65, 6) for letter in text]),
    "sequence": lambda text, _: (int(text.replace("/", ""), 16), 8),
}
