"""When something happened: an instant, and what the clock on the wall of that place showed.

Instants are whole microseconds of UTC since 1970, so that they order and store exactly; the offset
of the place travels beside them as text.

Source: RFC 3339 section 5.6 (eventTime); EPCIS 2.0 section 7.4.1 (eventTimeZoneOffset).

>>> parse_time("2026-03-02T09:15:30.25+01:00")
1772439330250000
>>> format_time(1772439330250000, "+01:00")
'2026-03-02T09:15:30.250+01:00'
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
TIME_MIN: Final = -62_135_510_400_000_000
"""0001-01-02T00:00:00Z; a day from the edge, every offset can be written."""
TIME_MAX: Final = 253_402_128_000_000_000
"""9999-12-30T00:00:00Z."""

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
)
_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")


def parse_time(text: str) -> int:
    """Read a date and time with its offset into µs UTC.

    Digits behind the sixth of a second are cut off: an instant is never moved to a later one.

    Raises:
        ValueError: Without offset, in another format, or if there is no such time.

    >>> parse_time("1970-01-01T00:00:00.0000019Z")
    1
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("a time like 2026-03-02T09:15:30.250+01:00")
    clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(clock + ("+00:00" if offset == "Z" else offset))
    except ValueError as error:
        raise ValueError("a time that exists") from error
    instant = (moment - _EPOCH) // _MICROSECOND
    if fraction:
        instant += int(fraction[:6].ljust(6, "0"))
    if not TIME_MIN <= instant <= TIME_MAX:
        raise ValueError("a time between the years 1 and 9999")
    return instant


def format_time(instant: int, offset: str) -> str:
    """Write µs UTC as the time of a place: milliseconds, or microseconds if they are not zero.

    Args:
        instant: µs UTC, from `TIME_MIN` to `TIME_MAX`.
        offset: As `is_offset` accepts it.

    >>> format_time(1, "-10:00")
    '1969-12-31T14:00:00.000001-10:00'
    """
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    ahead = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    local = _EPOCH + timedelta(microseconds=instant) + ahead
    precision = "microseconds" if instant % 1000 else "milliseconds"
    return local.replace(tzinfo=None).isoformat(timespec=precision) + offset


def is_offset(text: str) -> bool:
    """Tell whether a text is a time zone offset.

    Source: EPCIS 2.0 JSON schema, eventTimeZoneOffset.

    >>> is_offset("+05:30"), is_offset("Z"), is_offset("+14:30")
    (True, False, False)
    """
    return _OFFSET.fullmatch(text) is not None
