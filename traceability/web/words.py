"""Numbers, times and identities as people read them, in the language and zone of the page.

Digits are always Latin; thousands stand apart by a thin space that does not break, decimals follow
the language's mark. Times are given as UTC and shown in the factory's zone.

>>> group_thousands(1284907)
'1\u202f284\u202f907'
>>> short_serial("100007731")
'…7731'
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton
from flask import Flask, g
from flask_babel import get_locale
from markupsafe import Markup, escape

from traceability.web.clock import now
from traceability.web.sentences import gettext, lazy_gettext, ngettext

THIN = "\u202f"
"""Narrow no-break space: thin, and it never lets a number break."""
SERIAL_SHOWN = 4


def group_thousands(value: int) -> str:
    """Write a whole number with thin spaces from four digits on, and a real minus."""
    return f"{value:,}".replace(",", THIN).replace("-", "−")


def number(value: float | Decimal | str | None, digits: int | None = None) -> str:
    """Write a number for the page; text passes unchanged, nothing becomes a dash.

    Args:
        value: What to write.
        digits: Digits after the decimal mark; by default as many as the value has, at most 3.
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return group_thousands(value)
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    shown = f"{exact:.{digits}f}" if digits is not None else f"{round(exact, 3):f}"
    whole, _, rest = shown.partition(".")
    rest = rest if digits is not None else rest.rstrip("0")
    sign = "−" if whole.startswith("-") else ""
    grouped = sign + group_thousands(int(whole.lstrip("-")))
    return f"{grouped}{_decimal_mark()}{rest}" if rest else grouped


def _decimal_mark() -> str:
    locale = get_locale() or Locale("en")
    return str(locale.number_symbols["latn"]["decimal"])


def quantity(value: float | Decimal, unit: str) -> str:
    """Write a quantity with its unit: pieces by the language's plural, the rest by its sign."""
    signs = {"MTR": "m", "KGM": "kg", "YRD": "yd"}
    if unit in signs:
        return f"{number(value)}{THIN}{signs[unit]}"
    return ngettext("%(count)s piece", "%(count)s pieces", int(value), count=number(value))


def position(value: int) -> str:
    """Write a ledger position or size as its readers say it: #1 284 907."""
    return f"#{group_thousands(value)}"


def short_serial(text: str) -> str:
    """Shorten a serial to its last four characters; short ones stay whole."""
    return text if len(text) <= SERIAL_SHOWN + 2 else f"…{text[-SERIAL_SHOWN:]}"


def zone() -> ZoneInfo:
    """Return the factory's zone, set for the request by the frame."""
    return getattr(g, "zone", None) or ZoneInfo("UTC")


def local(at: datetime | int) -> datetime:
    """Turn UTC (a datetime, or microseconds since 1970) into the factory's time."""
    if isinstance(at, int):
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
    return at.astimezone(zone())


def clock(at: datetime | int | None) -> str:
    """Write the time of day with seconds."""
    return f"{local(at):%H:%M:%S}" if at is not None else "–"


def minute(at: datetime | int | None) -> str:
    """Write the time of day without seconds."""
    return f"{local(at):%H:%M}" if at is not None else "–"


def _day(at: date | datetime | int) -> date:
    return at if isinstance(at, date) and not isinstance(at, datetime) else local(at).date()


def day(at: date | datetime | int) -> str:
    """Write weekday, day and month; the year too when it is another one."""
    moment = _day(at)
    skeleton = "MMMEd" if moment.year == local(now()).year else "yMMMEd"
    written = format_skeleton(skeleton, moment, locale=get_locale() or Locale("en"))
    # Babel's English puts commas where the look has none: "Thu, Dec 3" is "Thu 3 Dec" here.
    if str(get_locale() or "en").startswith("en"):
        written = f"{moment:%a} {moment.day} {moment:%b}"
        written += f" {moment.year}" if skeleton.startswith("y") else ""
    return str(written)


def short_day(at: date | datetime | int) -> str:
    """Write weekday and day of the month, for a line of days."""
    moment = _day(at)
    if str(get_locale() or "en").startswith("en"):
        return f"{moment:%a} {moment.day}"
    return str(format_skeleton("Ed", moment, locale=get_locale()))


def moment(at: datetime | int) -> str:
    """Write a time of today as a time, an earlier one with its day."""
    there = local(at)
    if there.date() == local(now()).date():
        return f"{there:%H:%M:%S}"
    return f"{day(there.date())} {there:%H:%M:%S}"


def exact(at: datetime | int) -> str:
    """Write a moment so that nobody can mistake it: date, time and offset."""
    return f"{local(at):%Y-%m-%d %H:%M:%S %z}"


def duration(span: timedelta | int | float) -> str:
    """Write how long something takes or waits: 40 s, 28 min, 3 h 10, 2 d 4 h."""
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < 60:
        return gettext("%(seconds)s s", seconds=max(seconds, 0))
    if seconds < 3600:
        return gettext("%(minutes)s min", minutes=seconds // 60)
    if seconds < 86_400:
        hours, rest = divmod(seconds // 60, 60)
        if not rest:
            return gettext("%(hours)s h", hours=hours)
        return gettext("%(hours)s h %(minutes)s", hours=hours, minutes=f"{rest:02d}")
    days, hours = divmod(seconds // 3600, 24)
    if not hours:
        return gettext("%(days)s d", days=days)
    return gettext("%(days)s d %(hours)s h", days=days, hours=hours)


def _tag(at: datetime | int, shown: str) -> Markup:
    there = local(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        there.isoformat(timespec="milliseconds"), exact(at), shown
    )


def ago(at: datetime | int | None) -> Markup:
    """Write how long ago it was; the exact time is in the title and in print."""
    if at is None:
        return escape(gettext("never"))
    span = local(now()) - local(at)
    if span < timedelta(seconds=5):
        return _tag(at, gettext("now"))
    if span > timedelta(days=6):
        return _tag(at, day(at))
    return _tag(at, gettext("%(duration)s ago", duration=duration(span)))


def clock_tag(at: datetime | int) -> Markup:
    """Write the time of day as an element that machines and printers can read exactly."""
    return _tag(at, clock(at))


def moment_tag(at: datetime | int) -> Markup:
    """Write time, or day and time, as an element that machines and printers can read exactly."""
    return _tag(at, moment(at))


def bold(text: object) -> Markup:
    """Make the thing of a sentence stand out; the text is escaped."""
    return Markup("<b>{}</b>").format(text)


class Titled(Protocol):
    """A flow's stage or kind: it carries its title in several languages."""

    def title_in(self, language: str) -> str:
        """Return the title in a language, or in the flow's own."""
        ...


def titled(one: Titled) -> str:
    """Write the title that the flow file gives to a stage or a kind, in the page's language."""
    return one.title_in(str(get_locale() or "en"))


STATES = {
    "pass": lazy_gettext("pass"),
    "reading": lazy_gettext("reading"),
    "late": lazy_gettext("late"),
    "again": lazy_gettext("read again"),
    "stop": lazy_gettext("stop"),
    "unknown": lazy_gettext("unknown tag"),
    "hold": lazy_gettext("hold"),
    "offline": lazy_gettext("offline"),
    "down": lazy_gettext("reader down"),
    "ready": lazy_gettext("ready"),
}
"""The word of each state; shape and colour come from the same name."""


def state_word(state: str) -> str:
    """Return the word of a state in the page's language."""
    return str(STATES[state])


FILTERS: dict[str, Callable[..., object]] = {
    "number": number,
    "quantity": quantity,
    "position": position,
    "serial": short_serial,
    "clock": clock,
    "minute": minute,
    "day": day,
    "short_day": short_day,
    "moment": moment,
    "exact": exact,
    "duration": duration,
    "ago": ago,
    "clock_tag": clock_tag,
    "moment_tag": moment_tag,
    "bold": bold,
    "titled": titled,
    "state_word": state_word,
}


def add_filters(app: Flask) -> None:
    """Give templates the filters of this module by their own names, and ``bold``."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["bold"] = bold
