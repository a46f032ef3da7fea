"""Who may come in: the owner at the PC, holders of the printed link, and guests of open pages.

Until the first account exists, a request from this PC to a server that only this PC can reach is
the owner's. Everybody else needs the cookie that the printed link sets, or the token itself. A page
is closed unless its view says `open_to_all`; an order link checks its own signature.

An unsafe request that brings no token of its own must come from our own pages: browsers say where a
form was (`Origin`, `Sec-Fetch-Site`), and a form carries a value that no other site can know.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, redirect, request, session
from werkzeug.wrappers import Response as BaseResponse

from traceability.web.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])  # a view of any shape

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""}
)
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def open_to_all(view: View) -> View:
    """Mark a view that anybody may call: it holds nothing private or checks by itself."""
    view.hangtag_open = True  # type: ignore[attr-defined]  # a mark on the function itself
    return view


def role() -> str | None:
    """Return who asks: admin, or None for a stranger."""
    settings: Settings = current_app.extensions["hangtag.settings"]
    if _has_token(settings) or session.get("role") == "admin":
        return "admin"
    if settings.listens_on_loopback and not settings.has_accounts and is_neighbour(request):
        return "admin"
    return None


def _has_token(settings: Settings) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode(), settings.admin_token.encode()
    )


def is_neighbour(asked: Request) -> bool:
    """Say whether a request comes from this very PC, and was meant for it.

    The Host header counts too: a foreign page may point a name of its own at 127.0.0.1.
    """
    if any(name in asked.headers for name in _FORWARDED):
        return False
    return _is_loopback(asked.remote_addr or "") and is_loopback_host(asked.host)


def is_loopback_host(asked: str) -> bool:
    """Say whether a Host header names this PC to itself.

    >>> is_loopback_host("localhost:8080"), is_loopback_host("workshop.example")
    (True, False)
    """
    host = urlsplit(f"//{asked}").hostname or ""
    return host == "localhost" or _is_loopback(host)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def csrf_token() -> str:
    """Return the value that forms of this visitor carry; it is made at the first form he sees."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(18)
    return str(session["csrf"])


def _comes_from_us() -> bool:
    settings: Settings = current_app.extensions["hangtag.settings"]
    if _has_token(settings):
        return True
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return False
    if session.get("role") is None and request.mimetype not in FORM_TYPES:
        # A script on this PC with JSON: no browser sends that across sites without asking first.
        return True
    given = request.headers.get("X-CSRF") or request.form.get("csrf", "")
    return hmac.compare_digest(given.encode(), str(session.get("csrf", "")).encode()) and bool(
        given
    )


def _guard() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return
    is_open = request.endpoint == "static" or getattr(view, "hangtag_open", False)
    if not is_open and role() is None:
        abort(401)
    if request.method not in SAFE_METHODS and not is_open and not _comes_from_us():
        abort(400, "csrf")


@open_to_all
def enter() -> BaseResponse:
    """Take the printed link once and leave a cookie, so that the token leaves the address bar."""
    settings: Settings = current_app.extensions["hangtag.settings"]
    given = request.args.get("token", "")
    if not hmac.compare_digest(given.encode(), settings.admin_token.encode()):
        abort(401)
    session["role"] = "admin"
    return redirect("/", 303)


def guard(app: Flask) -> None:
    """Close the app: every view needs a known visitor unless it is marked open."""
    settings: Settings = app.extensions["hangtag.settings"]
    app.secret_key = settings.secret
    app.config.update(
        SESSION_COOKIE_NAME="hangtag",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_tls,
    )
    app.before_request(_guard)
    app.add_url_rule("/enter", "enter", enter)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.after_request(_harden)


POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    if request.is_secure or is_loopback_host(request.host):
        # Over plain HTTP from elsewhere a browser ignores it, and complains about that.
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store" if session else "no-cache")
    return response
