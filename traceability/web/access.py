"""Who may come in: the owner at the PC, holders of a link, and guests of open pages.

Until the first account exists, a request from this PC to the door that only this PC can reach is
the owner's. Everybody else brings a key: a cookie that a link has set, or the key itself as a
bearer token. Three kinds of key exist (`traceability.projections.keys`), and each request asks the
record whether its key is still good:

- admin: everything;
- device: the pages of the scan, and looking a thing up;
- auditor: reads what changes nothing.

A page is closed unless its view says `open_to_all`; an order link checks its own signature. An
unsafe request that brings no token of its own must come from our own pages: browsers say where a
form was (`Origin`, `Sec-Fetch-Site`), and a form carries a value that no other site can know.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as BaseResponse

from traceability.projections import keys
from traceability.projections.keys import Key
from traceability.web.clock import now
from traceability.web.doors import Door, door
from traceability.web.reading import current
from traceability.web.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])  # a view of any shape
Role = Literal["admin", "device", "auditor"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""}
)
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

SCANNING = ("/scan", "/api/scan")
"""Beginnings of the addresses by which a device works."""
FINDING = frozenset(
    {
        "/trace",
        "/items/<path:path>",
        "/00/<path:rest>",
        "/01/<path:rest>",
        "/414/<path:rest>",
        "/8003/<path:rest>",
        "/8004/<path:rest>",
        "/obj/<path:text>",
        "/class/<path:text>",
        "/loc/<path:text>",
        "/bt/<path:text>",
        "/identify",
        "/api/identify",
        "/live",
        "/api/live",
        "/menu",
    }
)
"""Addresses by which anybody with a device looks a thing up, and the stream of their pages."""
CLOSED = (
    "/api/readers",
    "/doctor",
    "/keys",
    "/phones",
    "/readers",
    "/safe",
    "/scan",
    "/sheets",
    "/sim",
    "/start",
)
"""Beginnings of addresses that are the owner's alone, to read as well."""

REMEMBERED_MAX = 500
VISITOR = "hangtag.visitor"
"""Member of a request's environment; no header can set it."""
COOKIE_AGE = timedelta(days=keys.DAYS_MAX)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks."""

    role: Role | None = None
    key: Key | None = None
    """What let him in, if it was a key of the record."""
    trouble: str = ""
    """Why his key does not let him in: ended, expired, unknown, or plain."""
    brought_token: bool = False
    """He sent it himself: no browser does that for a foreign page."""


# --- what a view says of itself ------------------------------------------------------------------


def open_to_all(view: View) -> View:
    """Mark a view that anybody may call: it holds nothing private or checks by itself."""
    view.hangtag_open = True  # type: ignore[attr-defined]  # a mark on the function itself
    return view


def allow(*roles: Role) -> Callable[[View], View]:
    """Mark a view that these roles may call as well, whatever its method."""

    def mark(view: View) -> View:
        view.hangtag_allowed = frozenset(roles)  # type: ignore[attr-defined]  # as above
        return view

    return mark


def reads(view: View) -> View:
    """Mark a view that changes nothing although it takes a body: no form of ours need send it."""
    view.hangtag_reads = True  # type: ignore[attr-defined]  # as above
    return view


def only(*roles: Role) -> Callable[[View], View]:
    """Mark a view that nobody but these roles may call, not even to read."""

    def mark(view: View) -> View:
        view.hangtag_only = frozenset(roles)  # type: ignore[attr-defined]  # as above
        return view

    return mark


def may(asked: Role, rule: str, view: Callable[..., Any] | None, method: str) -> bool:
    """Say whether a role may call a view by one of its addresses.

    Args:
        asked: The role.
        rule: The address as the app's map writes it.
        view: The function behind it; its marks count.
        method: GET, POST …

    >>> may("device", "/scan", None, "GET"), may("device", "/orders", None, "GET")
    (True, False)
    >>> may("auditor", "/orders", None, "GET"), may("auditor", "/orders", None, "POST")
    (True, False)
    """
    if asked == "admin" or getattr(view, "hangtag_open", False):
        return True
    kept = getattr(view, "hangtag_only", None)
    if kept is not None:
        return asked in kept
    if asked in getattr(view, "hangtag_allowed", ()):
        return True
    is_reading = method in SAFE_METHODS
    if asked == "auditor":
        return is_reading and not _begins(rule, CLOSED)
    return _begins(rule, SCANNING) or (is_reading and rule in FINDING)


def _begins(rule: str, starts: tuple[str, ...]) -> bool:
    return rule.startswith(starts)


def opens(endpoint: str) -> bool:
    """Say whether this visitor may open a page: menus show no other."""
    asked = role()
    view = current_app.view_functions.get(endpoint)
    rules = current_app.url_map.iter_rules(endpoint)
    return asked is not None and any(may(asked, rule.rule, view, "GET") for rule in rules)


# --- who asks ------------------------------------------------------------------------------------


def role() -> Role | None:
    """Return who asks: admin, device, auditor, or None for a stranger."""
    return visitor().role


def key() -> Key | None:
    """Return the key that let this visitor in; None for the owner at his PC and for strangers."""
    return visitor().key


def by() -> str:
    """Return what the record says of who did something: the owner, or the key that let him in."""
    found = key()
    return f"key:{found.id}" if found is not None else role() or ""


def visitor() -> Visitor:
    """Return who asks, found out once in a request."""
    # With the request itself and not in `g`: one request must never be taken for another.
    if VISITOR not in request.environ:
        found = _recognise()
        if found.role not in (None, "device") and door() is Door.PLAIN:
            # What opens everything must not travel where others read along.
            found = Visitor(trouble="plain")
        request.environ[VISITOR] = found
    return cast("Visitor", request.environ[VISITOR])


def _recognise() -> Visitor:
    settings: Settings = current_app.extensions["hangtag.settings"]
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = given.strip()
        if hmac.compare_digest(token.encode(), settings.admin_token.encode()):
            return Visitor("admin", brought_token=True)
        if token.startswith("htg_"):
            return _holder(token)
    if door() is Door.HERE and not settings.has_accounts and is_neighbour(request):
        return Visitor("admin")
    if hmac.compare_digest(str(session.get("printed", "")), _print_of(settings)):
        return Visitor("admin")
    key_id = session.get("key")
    if not isinstance(key_id, str):
        return Visitor()
    found = _key(key_id)
    return _with(found) if found is not None else Visitor(trouble="unknown")


def _holder(token: str) -> Visitor:
    digest = sha256(token.encode()).hexdigest()
    found = _key(keys.id_of(token)) if keys.is_well_formed(token) else None
    if found is None or not hmac.compare_digest(found.hash, digest):
        return Visitor(trouble="unknown")
    return _with(found, brought_token=True)


def _with(found: Key, *, brought_token: bool = False) -> Visitor:
    state = found.state(now())
    if state != "open":
        return Visitor(trouble=state)
    note_use(found.id)
    return Visitor(found.kind, found, brought_token=brought_token)


def _key(key_id: str) -> Key | None:
    """Ask the record for a key; while nothing was written since, the last answer holds."""
    known: dict[str, tuple[int, Key | None]] = current_app.extensions["hangtag.keys"]
    reading = current()
    size = reading.ledger.size
    last = known.get(key_id)
    if last is not None and last[0] == size:
        return last[1]
    with reading.look() as view:
        found, size = keys.key(view, key_id), view.size
    if len(known) >= REMEMBERED_MAX:
        known.clear()
    known[key_id] = (size, found)
    return found


def note_use(key_id: str) -> None:
    """Remember that a key or a link was used now; forgotten when the server ends."""
    used: dict[str, datetime] = current_app.extensions["hangtag.used"]
    if key_id in used or len(used) < REMEMBERED_MAX:
        used[key_id] = now()


def last_used(key_id: str) -> datetime | None:
    """Return when a key or a link was last used since the server began; None if it was not."""
    used: dict[str, datetime] = current_app.extensions["hangtag.used"]
    return used.get(key_id)


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


# --- forms ---------------------------------------------------------------------------------------


def csrf_token() -> str:
    """Return the value that forms of this visitor carry; it is made at the first form he sees."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(18)
    return str(session["csrf"])


def _comes_from_us() -> bool:
    if visitor().brought_token:
        return True
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return False
    came_by_link = "key" in session or "printed" in session
    if not came_by_link and request.mimetype not in FORM_TYPES:
        # A script on this PC with JSON: no browser sends that across sites without asking first.
        return True
    given = request.headers.get("X-CSRF") or request.form.get("csrf", "")
    return hmac.compare_digest(given.encode(), str(session.get("csrf", "")).encode()) and bool(
        given
    )


# --- the guard -----------------------------------------------------------------------------------


def _guard() -> BaseResponse | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.url_rule is None:
        return None
    if request.endpoint == "static" or getattr(view, "hangtag_open", False):
        return None
    who = visitor()
    if who.role is None and door() is Door.PLAIN and not who.trouble:
        if request.path == "/":
            return redirect(PLAIN_START, 303)
        abort(403, "key-plain")
    if who.role is None:
        abort(403 if who.trouble == "plain" else 401, f"key-{who.trouble}" if who.trouble else None)
    if not may(who.role, request.url_rule.rule, view, request.method):
        if who.role == "device" and request.path == "/" and request.method == "GET":
            return redirect(DEVICE_START, 303)
        abort(403, who.role)
    is_safe = request.method in SAFE_METHODS or getattr(view, "hangtag_reads", False)
    if not is_safe and not _comes_from_us():
        abort(400, "csrf")
    if who.role == "device" and who.key is not None and "key" in session:
        bind(who.key)
    return None


DEVICE_START = "/scan"
PLAIN_START = "/trust"
STARTS: dict[Role, str] = {"admin": "/", "device": DEVICE_START, "auditor": "/ledger"}
"""Where each kind of link leads to."""


def bind(found: Key) -> None:
    """Tell the pages of the scan which device this is and where it stands, by the newest words."""
    device = {"id": found.id, "title": found.title, "stage": found.stage, "place": found.place}
    if session.get("device") != device:
        session["device"] = device


def let_in(found: Key) -> str:
    """Leave a cookie for the holder of a key and return the page where he begins.

    The cookie holds the key's id alone: whether it still opens anything is asked each time.
    """
    if session.get("key") != found.id:
        session.clear()
    session["key"] = found.id
    session.permanent = True
    if found.kind == "device":
        bind(found)
    note_use(found.id)
    return STARTS[found.kind]


@open_to_all
def enter() -> BaseResponse:
    """Take the printed link once and leave a cookie, so that the token leaves the address bar."""
    settings: Settings = current_app.extensions["hangtag.settings"]
    given = request.args.get("token", "")
    if door() is Door.PLAIN:
        abort(403, "key-plain")
    if not hmac.compare_digest(given.encode(), settings.admin_token.encode()):
        abort(401)
    session.clear()
    session["printed"] = _print_of(settings)
    answer = redirect("/", 303)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _print_of(settings: Settings) -> str:
    """Return what a cookie keeps of the printed link: it ends with the server that printed it."""
    return hmac.new(settings.secret.encode(), settings.admin_token.encode(), sha256).hexdigest()


class _Cookies(SecureCookieSessionInterface):
    """One app, several doors: a cookie of the safe one never leaves it, and no other sets it."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return a name of its own for TLS; browsers take it from there alone."""
        return "__Host-hangtag" if request.is_secure else super().get_cookie_name(app)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say that the cookie goes over TLS only if it came over TLS."""
        return request.is_secure


def guard(app: Flask) -> None:
    """Close the app: every view needs a known visitor unless it is marked open."""
    settings: Settings = app.extensions["hangtag.settings"]
    app.secret_key = settings.secret
    app.session_interface = _Cookies()
    app.config.update(
        SESSION_COOKIE_NAME="hangtag",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=COOKIE_AGE,
    )
    app.extensions.setdefault("hangtag.keys", {})
    app.extensions.setdefault("hangtag.used", {})
    app.before_request(_guard)
    app.add_url_rule("/enter", "enter", enter)
    app.jinja_env.globals |= {"csrf_token": csrf_token, "may_open": opens}
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
