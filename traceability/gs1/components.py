"""The small checks inside a label's fields: dates that exist, countries, currencies, check digits.

Each check takes the text of one part and returns None when it holds, or the place of the first
wrong character (from 0, within the part) and what was expected there.

Source: GS1 General Specifications, section 3, and the checks that the GS1 Barcode Syntax
Dictionary names for each Application Identifier.

>>> CHECKS["date"]("260230")
(4, 'a day of that month, 01 to 28')
>>> CHECKS["date0"]("260200") is None
True
"""

import re
from collections.abc import Callable, Container

from traceability.gs1.check_digit import check_digit, check_pair
from traceability.gs1.country_codes import COUNTRIES, COUNTRY_LETTERS, CURRENCIES
from traceability.gs1.package_codes import PACKAGE_TYPES

Fault = tuple[int, str]
Check = Callable[[str], Fault | None]

SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""GS1 AI encodable character set 82 (General Specifications, figure 7.11-1)."""
SET_39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""GS1 AI encodable character set 39 (General Specifications, figure 7.11-2)."""
SET_64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""File-safe base64 alphabet (General Specifications, figure 7.11-3), before its padding."""

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _check(text: str) -> Fault | None:
    expected = check_digit(text[:-1])
    if int(text[-1]) == expected:
        return None
    return len(text) - 1, f"check digit {expected}"


def _pair(text: str) -> Fault | None:
    if len(text) < 3:
        return 0, "a model reference and two check characters"
    expected = check_pair(text[:-2])
    return None if text[-2:] == expected else (len(text) - 2, f"check characters {expected}")


def _prefix(start: int) -> Check:
    def check(text: str) -> Fault | None:
        for place in range(start, start + 4):
            if place >= len(text) or text[place] not in "0123456789":
                return place, "a GS1 company prefix, which has at least four digits"
        return None

    return check


def _last_day(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _date(text: str, *, open_day: bool, digits_of_year: int = 2) -> Fault | None:
    year = int(text[:digits_of_year])
    if digits_of_year == 2:
        year += 2000  # Leap years fall alike in both centuries of the sliding window.
    month = int(text[digits_of_year : digits_of_year + 2])
    if not 1 <= month <= 12:
        return digits_of_year, "a month, 01 to 12"
    day = int(text[digits_of_year + 2 :])
    last = _last_day(year, month)
    if day > last or (day == 0 and not open_day):
        return digits_of_year + 2, f"a day of that month, {'00' if open_day else '01'} to {last}"
    return None


def _below(limit: int, what: str, width: int = 2) -> Check:
    def check(text: str) -> Fault | None:
        return None if int(text) < limit else (0, f"{what}, {'0' * width} to {limit - 1}")

    return check


def _clock(text: str) -> Fault | None:
    if int(text[:2]) > 23:
        return 0, "an hour, 00 to 23"
    return None if int(text[2:]) < 60 else (2, "a minute, 00 to 59")


def _among(values: Container[str], what: str) -> Check:
    def check(text: str) -> Fault | None:
        return None if text in values else (0, what)

    return check


def _percent(text: str) -> Fault | None:
    broken = _PERCENT.search(text)
    return (broken.start(), "two hexadecimal digits after '%'") if broken else None


def _pieces(text: str) -> Fault | None:
    half = len(text) // 2
    piece, total = int(text[:half]), int(text[half:])
    if piece == 0:
        return 0, "a piece number above zero"
    if total == 0:
        return half, "a total above zero"
    return None if piece <= total else (0, f"a piece number up to the total {total}")


def _sequence(text: str) -> Fault | None:
    place, slash, end = text.partition("/")
    if not (slash and place.isdigit() and end.isdigit()):
        return 0, "a place and a total with a slash between, such as 1/2"
    if place.startswith("0") or end.startswith("0"):
        return 0, "a place and a total without leading zeros"
    return None if int(place) <= int(end) else (0, f"a place up to {end}")


def _iban(text: str) -> Fault | None:
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}", text) or text[:2] not in COUNTRY_LETTERS:
        return 0, "an IBAN: country, two check digits, account"
    number = int("".join(str(int(c, 36)) for c in text[4:] + text[:4]))
    return None if number % 97 == 1 else (2, "the right IBAN check digits")


def _padding(text: str) -> Fault | None:
    body = text.rstrip("=")
    if "=" in body:
        return body.index("="), "a padding sign only at the end"
    if len(body) == len(text) or len(text) == len(body) + -len(body) % 3:
        return None
    return len(body), f"{-len(body) % 3} padding signs"


def _nondigit(text: str) -> Fault | None:
    return (0, "at least one character that is no digit") if text.isdigit() else None


def _nozero(text: str) -> Fault | None:
    return (0, "no leading zero") if text[0] == "0" else None


CHECKS: dict[str, Check] = {
    "check": _check,
    "pair": _pair,
    "prefix1": _prefix(0),
    "prefix2": _prefix(1),
    "date": lambda text: _date(text, open_day=False),
    "date0": lambda text: _date(text, open_day=True),
    "date4": lambda text: _date(text, open_day=False, digits_of_year=4),
    "date40": lambda text: _date(text, open_day=True, digits_of_year=4),
    "hhmm": _clock,
    "hh": _below(24, "an hour"),
    "mm": _below(60, "a minute"),
    "ss": _below(60, "a second"),
    "country": _among(COUNTRIES, "an ISO 3166 country number"),
    "country999": _among(COUNTRIES | {"999"}, "an ISO 3166 country number or 999"),
    "country2": _among(COUNTRY_LETTERS, "an ISO 3166 country code of two letters"),
    "currency": _among(CURRENCIES, "an ISO 4217 currency number"),
    "percent": _percent,
    "yesno": _among(frozenset("01"), "0 or 1"),
    "sex": _among(frozenset("0129"), "0, 1, 2 or 9"),
    "winding": _among(frozenset("019"), "0, 1 or 9"),
    "minus": lambda text: (0, "a minus sign") if text.strip("-") else None,
    "zero": lambda text: None if not text.strip("0") else (0, "zero"),
    "nonzero": lambda text: (0, "a number above zero") if not text.strip("0") else None,
    "nozero": _nozero,
    "padding": _padding,
    "nondigit": _nondigit,
    "pieces": _pieces,
    "sequence": _sequence,
    "latitude": _below(1_800_000_001, "a latitude", 10),
    "longitude": _below(3_600_000_001, "a longitude", 10),
    "importer": _among(frozenset(SET_64), "one of A-Z, a-z, 0-9, '-', '_'"),
    "media": lambda text: (
        None
        if 1 <= int(text) <= 10 or int(text) >= 80
        else (0, "a media type, 01 to 10 or 80 to 99")
    ),
    "iban": _iban,
    "package": _among(PACKAGE_TYPES, "a package type of UN/ECE Recommendation 21"),
}
"""The checks by the names that `traceability.gs1.ai_table` uses."""
