"""What a visitor sees when something is wrong.

A person gets a page in plain words, a program a problem document (RFC 9457).
"""

from __future__ import annotations

from traceback import format_exception

import structlog
from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from traceability.errors import (
    ClockDoubted,
    Conflict,
    DatabaseBusy,
    DiskFull,
    LedgerCorrupt,
    Offline,
    TooLarge,
    TraceabilityError,
)
from traceability.web.sentences import gettext, lazy_gettext

_log = structlog.get_logger()

STATUS: tuple[tuple[type[TraceabilityError], int], ...] = (
    (Conflict, 409),
    (TooLarge, 413),
    (DiskFull, 507),
    (DatabaseBusy, 503),
    (Offline, 503),
    (LedgerCorrupt, 500),
    (TraceabilityError, 400),
)
RETRY_AFTER_S = {503: 2, 507: 60}
"""By status: what is busy is free soon, and room on a disk is made by a person."""
SECRET_PATHS = ("k", "o")
"""First parts of addresses that open something to whoever knows the rest."""
MACHINE_PATHS = ("/api/", "/epcis/", "/log/", "/live", "/healthz", "/metrics")

WORDS = {
    400: (
        lazy_gettext("This form cannot be taken"),
        lazy_gettext(
            "It was opened too long ago or on another site. "
            "Open the page again and send it once more."
        ),
    ),
    401: (
        lazy_gettext("This page is for the people of this workshop"),
        lazy_gettext("Open the link that the server printed when it started, then come back."),
    ),
    403: (
        lazy_gettext("Not with this link"),
        lazy_gettext("Ask the person who sent it for a new one."),
    ),
    404: (
        lazy_gettext("There is no page here"),
        lazy_gettext(
            "The address may be old or mistyped. "
            "Scan the label, or type what is on it in the field above."
        ),
    ),
    405: (
        lazy_gettext("This page cannot take that"),
        lazy_gettext("Go back to the page and use its buttons."),
    ),
    409: (
        lazy_gettext("Not as things stand"),
        lazy_gettext("Open the page again: something has changed since it was opened."),
    ),
    410: (
        lazy_gettext("This link has ended"),
        lazy_gettext("Ask the person who sent it for a new one."),
    ),
    413: (
        lazy_gettext("That is too much at once"),
        lazy_gettext("Send it in smaller parts."),
    ),
    503: (
        lazy_gettext("The record is busy"),
        lazy_gettext("Nothing was stored. Try again in a few seconds."),
    ),
    507: (
        lazy_gettext("The disk of the server is full"),
        lazy_gettext(
            "Nothing was stored, and nothing that was stored is lost. "
            "Tell the person who looks after the server to make room, then try again."
        ),
    ),
    500: (
        lazy_gettext("Something broke on the server"),
        lazy_gettext(
            "Nothing that was stored is lost. "
            "Tell the person who looks after the server; the reason is in its log."
        ),
    ),
}

SAID = {
    "key-ended": (
        lazy_gettext("This link was ended"),
        lazy_gettext(
            "Whoever looks after Hangtag here has ended it. Ask for a new one: "
            "it is made on the page Phones and scanned with the camera."
        ),
    ),
    "key-expired": (
        lazy_gettext("The time of this link is over"),
        lazy_gettext("Ask whoever looks after Hangtag here for a new one."),
    ),
    "key-unknown": (
        lazy_gettext("This link opens nothing here"),
        lazy_gettext(
            "The address may have lost a part on its way, or it belongs to another workshop. "
            "Scan the code on the page Phones once more."
        ),
    ),
    "key-plain": (
        lazy_gettext("Not over this plain address"),
        lazy_gettext(
            "Here everybody in the network could read along, so only scanning and looking up "
            "are open. Open the address that begins with https."
        ),
    ),
    "clock": (
        lazy_gettext("Nobody believes the clock of the server"),
        lazy_gettext(
            "Nothing was stored, and nothing that was stored is lost. Whoever looks after Hangtag "
            "here is asked on every page what time it is; then send the same again."
        ),
    ),
    "device": (
        lazy_gettext("This device scans, and looks things up"),
        lazy_gettext("Everything else is done at the PC, or with another link."),
    ),
    "auditor": (
        lazy_gettext("This link reads and changes nothing"),
        lazy_gettext("What changes something is done by the people of the workshop."),
    ),
}
"""What `access` says when it turns somebody away, by its word for the reason."""


def is_for_machine() -> bool:
    """Say whether the asker is a program: an address for programs, or no wish for HTML."""
    if request.path.startswith(MACHINE_PATHS):
        return True
    wish = request.accept_mimetypes
    return bool(wish) and not wish.accept_html and wish.accept_json


def problem(status: int, title: str, detail: str) -> Response:
    """Make a problem document; its detail is one sentence that says what to do."""
    response = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return _later(response)


def _later(response: Response) -> Response:
    if response.status_code in RETRY_AFTER_S:
        response.headers["Retry-After"] = str(RETRY_AFTER_S[response.status_code])
    return response


def _shown(status: int, raw: str) -> Response:
    title, line = SAID.get(raw) or WORDS.get(status) or WORDS[500 if status >= 500 else 404]
    raw = "" if raw in SAID else raw
    if is_for_machine():
        return problem(status, str(title), raw or str(line))
    response = Response(
        render_template("error.html", title=title, line=line, raw=raw), status=status
    )
    return _later(response)


def _on_http(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    is_ours = error.description not in (type(error).description, "csrf", None)
    return _shown(status, str(error.description) if is_ours else "")


def _path() -> str:
    """Return the asked address for the log; what is a key in itself stays out of it."""
    first = request.path.split("/")[1]
    return f"/{first}/…" if first in SECRET_PATHS else request.path


def _on_ours(error: TraceabilityError) -> Response:
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    if status >= 500:
        _log.warning("refused", path=_path(), kind=type(error).__name__, reason=str(error))
    is_about_time = isinstance(error, ClockDoubted) and not is_for_machine()
    return _shown(status, "clock" if is_about_time else str(error))


def _on_anything(error: Exception) -> Response:
    # Formatted here, not by the logger: a pretty traceback would print local values, and secrets.
    _log.error("page failed", path=_path(), trace="".join(format_exception(error)))
    try:
        return _shown(500, "")
    except Exception as again:  # noqa: BLE001 - the frame itself may be what failed
        _log.error("error page failed", trace="".join(format_exception(again)))
        return problem(500, InternalServerError.__name__, gettext("Something broke on the server"))


def add_trouble(app: Flask) -> None:
    """Answer every error in words: pages with a page, programs with a problem document."""
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(TraceabilityError, _on_ours)
    if not app.testing:
        app.register_error_handler(Exception, _on_anything)
