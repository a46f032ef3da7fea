"""The clock on the wall: what time a page says it is. Tests set it; nothing else reads the time."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app


def now() -> datetime:
    """Return the time in UTC from the clock the app was made with."""
    moment = current_app.extensions["hangtag.clock"]()
    assert isinstance(moment, datetime)
    return moment


def utc_now() -> datetime:
    """Return the machine's time in UTC: the clock of a real server."""
    return datetime.now(UTC)
