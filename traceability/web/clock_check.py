"""Is it really that late? What pages ask when nobody believes the clock of the server.

Other machines help: stations and browsers send what their own clocks say with what they ask for
anyway. One on this very PC has the same clock as the server, so its word counts nothing.
"""

from __future__ import annotations

import ipaddress
import time
from typing import cast

from babel.dates import format_skeleton
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response

from traceability.factory.neighbours import own_addresses
from traceability.ledger.append import Ledger
from traceability.ledger.clock import AGREE_WITHIN, Disbelief
from traceability.ledger.clock_answer import answer
from traceability.web import access
from traceability.web.reading import current
from traceability.web.words import local

blueprint = Blueprint("clock_check", __name__)

HEADER = "X-Hangtag-Clock"
"""Milliseconds since 1970, by the clock of whoever asks."""
DIGITS_MAX = 16
OWN_FOR_S = 60.0

_own: tuple[float, frozenset[str]] = (float("-inf"), frozenset())


@blueprint.before_app_request
def hear() -> None:
    """Take note of what the asker's clock says, if he may come in and sits at another machine."""
    said = request.headers.get(HEADER, "")
    if not (said.isascii() and said.isdigit() and len(said) <= DIGITS_MAX):
        return
    address = request.remote_addr or ""
    if _is_elsewhere(address) and access.role() is not None:
        book = _book()
        if book is not None:
            book.clock.hear(address, int(said) * 1000)


def _is_elsewhere(address: str) -> bool:
    """Say whether an address is one of another machine."""
    global _own  # noqa: PLW0603 - replaced as a whole; the same answer for all for a minute
    try:
        if ipaddress.ip_address(address).is_loopback:
            return False
    except ValueError:
        return False
    at = time.monotonic()
    if at - _own[0] > OWN_FOR_S:
        _own = (at, frozenset(own_addresses()))
    return address not in _own[1]


def _book() -> Ledger | None:
    found = current().ledger
    return found if isinstance(found, Ledger) else None


@blueprint.app_template_global("clock_question")
def question() -> Disbelief | None:
    """Return why the clock is not believed; None for strangers, and while it is."""
    book = _book()
    if book is None or access.role() is None:
        return None
    return book.clock_question()


@blueprint.app_template_global("may_answer")
def may_answer() -> bool:
    """Say whether this visitor may say what time it is: whoever owns the record."""
    return access.role() == "admin"


@blueprint.app_template_filter("told_time")
def told_time(at: int) -> str:
    """Write a moment as a person asks for it, with its year: 22 November 2026, 08:10."""
    there = local(at)
    locale = get_locale()
    if locale is None or locale.language == "en":
        written = f"{there.day} {there:%B} {there.year}, {there:%H:%M}"
    else:
        day = format_skeleton("yMMMMd", there.date(), locale=locale)
        written = f"{day} {there:%H:%M}"
    return written


@blueprint.get("/clock")
def show() -> str:
    """Ask whether the clock is right, and say what to do if it is not."""
    return render_template("clock.html", asked=question(), is_wrong="no" in request.args)


@blueprint.post("/clock")
@access.only("admin")
def take() -> Response:
    """Enter the answer; a question that has changed since the page was opened is asked again."""
    book = _book()
    if book is None:
        abort(404)
    said = request.form.get("answer", "")
    shown = request.form.get("shown", "")
    if said not in ("yes", "no"):
        abort(400)
    asked = book.clock_question()
    is_same = shown.isdecimal() and asked is not None
    if is_same and abs(int(shown[:20]) - cast("Disbelief", asked).wall) <= 2 * AGREE_WITHIN:
        answer(book, is_right=said == "yes", by=access.by())
    return redirect(url_for("clock_check.show", no="1" if said == "no" else None), 303)


@blueprint.post("/api/clock")
@access.reads
@access.allow("device", "auditor")
def tell() -> dict[str, object]:
    """Say whether the clock is believed now; what the asker's own says was heard with it."""
    return {"believed": question() is None}
