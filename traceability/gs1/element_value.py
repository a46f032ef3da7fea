"""What a label's number means to a person: a date, a length in metres, a price in its currency.

>>> from datetime import date
>>> dates_of("17", "270200", today=date(2026, 5, 1))
(datetime.date(2027, 2, 28),)
>>> amount_of("3112", "012550"), unit_of("3112")
(Decimal('125.50'), 'm')
>>> amount_of("3932", "9781990"), currency_of("3932", "9781990")
(Decimal('19.90'), 'EUR')
"""

from datetime import date, datetime, time
from decimal import Decimal

from traceability.gs1.application_identifiers import AIS
from traceability.gs1.country_codes import CURRENCIES

_DATES = {"date", "date0", "date4"}
_CLOCKS = {"hhmm", "hh", "mm", "ss"}

_UNITS = {
    "310": "kg", "311": "m", "312": "m", "313": "m", "314": "m²", "315": "l", "316": "m³",
    "320": "lb", "321": "in", "322": "ft", "323": "yd", "324": "in", "325": "ft", "326": "yd",
    "327": "in", "328": "ft", "329": "yd", "330": "kg", "331": "m", "332": "m", "333": "m",
    "334": "m²", "335": "l", "336": "m³", "337": "kg/m²", "340": "lb", "341": "in", "342": "ft",
    "343": "yd", "344": "in", "345": "ft", "346": "yd", "347": "in", "348": "ft", "349": "yd",
    "350": "in²", "351": "ft²", "352": "yd²", "353": "in²", "354": "ft²", "355": "yd²",
    "356": "oz t", "357": "fl oz", "360": "qt", "361": "gal", "362": "qt", "363": "gal",
    "364": "in³", "365": "ft³", "366": "yd³", "367": "in³", "368": "ft³", "369": "yd³",
    "394": "%",
}  # fmt: skip


def full_year(two_digits: int, today: date) -> int:
    """Return the year that two digits mean: at most 49 years ago, at most 50 ahead.

    Source: GS1 General Specifications, section 7.12 (determination of century in dates).

    >>> full_year(76, date(2026, 5, 1)), full_year(77, date(2026, 5, 1))
    (2076, 1977)
    """
    century = today.year - today.year % 100
    ahead = two_digits - today.year % 100
    if ahead >= 51:
        return century + two_digits - 100
    return century + two_digits + (100 if ahead <= -50 else 0)


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _date(text: str, today: date) -> date:
    year = int(text[:-4]) if len(text) == 8 else full_year(int(text[:2]), today)
    month, day = int(text[-4:-2]), int(text[-2:])
    return date(year, month, day) if day else _last_day(year, month)


def dates_of(ai: str, value: str, *, today: date) -> tuple[date | datetime, ...]:
    """Return the dates of an element: one, two of a range, none if it is no date.

    Args:
        ai: An Application Identifier.
        value: Its value, already checked.
        today: Tells the century.

    Returns:
        Dates; date and time where the element says both. Day 00 is the last of its month.

    >>> dates_of("7003", "2701021415", today=date(2026, 5, 1))
    (datetime.datetime(2027, 1, 2, 14, 15),)
    >>> dates_of("10", "270102", today=date(2026, 5, 1))
    ()
    """
    found: list[date | datetime] = []
    clock = ""
    place = 0
    rule = AIS.get(ai)
    for part in rule.parts if rule is not None else ():
        text = value[place : place + part.length_max]
        place += len(text)
        if text and _DATES & set(part.checks):
            found.append(_date(text, today))
        elif text and _CLOCKS & set(part.checks):
            clock += text
    if found and clock:
        hour, minute, second = (int(clock[i : i + 2] or 0) for i in (0, 2, 4))
        found[0] = datetime.combine(found[0], time(hour, minute, second))
    return tuple(found)


def amount_of(ai: str, value: str) -> Decimal | None:
    """Return the number of a measure, price or percentage; the AI's last digit says its decimals.

    Args:
        ai: An Application Identifier.
        value: Its value, already checked.

    Source: GS1 General Specifications, sections 3.6 and 3.7.
    """
    if ai[:3] not in _UNITS and not (len(ai) == 4 and ai.startswith("39")):
        return None
    digits = value[3:] if ai[:3] in ("391", "393") else value
    return Decimal(int(digits)).scaleb(-int(ai[3]))


def unit_of(ai: str) -> str | None:
    """Return the unit of a measure; None if the AI is none or the unit is a currency."""
    return _UNITS.get(ai[:3]) if len(ai) == 4 else None


def currency_of(ai: str, value: str) -> str | None:
    """Return the three letters of a price's currency; None where the element names none."""
    return CURRENCIES.get(value[:3]) if len(ai) == 4 and ai[:3] in ("391", "393") else None
