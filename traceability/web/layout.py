"""The frame around every page: menu, language, theme, size of the ledger, addresses of this page.

A page joins the menu by the `MENU` of its module; only pages that exist can be in it.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from flask import Blueprint, Flask, Response, current_app, g, render_template, request, url_for
from flask_babel import get_locale

import traceability.web as package
from traceability.assets import folder
from traceability.errors import DatabaseBusy
from traceability.web import access, drawing
from traceability.web.clock import now
from traceability.web.reading import Ledger, current
from traceability.web.sentences import LazyString
from traceability.web.settings import Settings

THEMES = ("light", "dark")
PREFERENCE_AGE_S = 365 * 86_400


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A page in the menu."""

    title: LazyString
    endpoint: str
    order: int
    """Its place: 10 Today, 20 Orders, 30 Find, 40 Stock, 70 Readers, 80 Record."""
    tally: Callable[[], int | None] | None = None
    """How many things wait there; asked on every page, so it must be one look-up."""
    is_shown: Callable[[], bool] | None = None
    """Asked on every page; a page that is not shown is not there either."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry as it stands on this page."""

    title: str
    href: str
    is_current: bool
    tally: int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What the base template shows around the page."""

    language: str
    language_tag: str
    direction: str
    languages: tuple[tuple[str, str], ...]
    theme: str
    size: int
    is_demo: bool
    workshop: str
    now: datetime
    menu: tuple[Entry, ...]
    menu_url: str
    find_url: str
    live_url: str
    poll_url: str
    person: str = ""


def pages() -> Iterator[tuple[Blueprint, MenuEntry | None]]:
    """Find each module of this package that is a page: it has a `blueprint`, perhaps a `MENU`."""
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        blueprint = getattr(module, "blueprint", None)
        if isinstance(blueprint, Blueprint):
            menu = getattr(module, "MENU", None)
            yield blueprint, menu if isinstance(menu, MenuEntry) else None


def add_pages(app: Flask) -> None:
    """Register every page of the package and keep its menu entry in order."""
    entries = []
    # All are imported before the first is registered: one page may lend its name to others.
    for blueprint, menu in tuple(pages()):
        app.register_blueprint(blueprint)
        if menu is not None:
            entries.append(menu)
    app.extensions["hangtag.menu"] = tuple(sorted(entries, key=lambda one: one.order))


def _menu() -> tuple[Entry, ...]:
    asked = (request.endpoint or "").partition(".")[0]
    return tuple(
        Entry(
            str(entry.title),
            url_for(entry.endpoint),
            request.endpoint == entry.endpoint or asked == entry.endpoint.partition(".")[0],
            entry.tally() if entry.tally else None,
        )
        for entry in current_app.extensions["hangtag.menu"]
        if access.opens(entry.endpoint) and (entry.is_shown is None or entry.is_shown())
    )


def language() -> str:
    """Choose the language: the address says it, or an earlier choice, or the browser."""
    settings: Settings = current_app.extensions["hangtag.settings"]
    known = settings.languages
    for wish in (request.args.get("lang"), request.cookies.get("lang")):
        if wish and wish.replace("-", "_") in known:
            return wish.replace("-", "_")
    tags = [one.replace("_", "-") for one in known]
    wanted = [(tag, weight) for tag, weight in request.accept_languages if weight > 0]
    for tag, _weight in wanted:
        for offered in (tag, *_relatives(tag)):
            if offered in tags:
                return offered.replace("-", "_")
    opening = current().opening.language
    return opening if opening in known else known[0]


def _relatives(tag: str) -> tuple[str, ...]:
    """A browser says zh-CN where the catalogue says zh-Hans; en-GB is served by en."""
    base = tag.partition("-")[0]
    simplified = ("zh-Hans",) if base == "zh" and tag.lower() not in ("zh-tw", "zh-hk") else ()
    return (*simplified, base)


def theme() -> str:
    """Return light or dark if this page or this visitor asked for it, else nothing."""
    for wish in (request.args.get("theme"), request.cookies.get("theme")):
        if wish in THEMES:
            return wish
    return ""


def here(**changes: str | None) -> str:
    """Return the address of this page with some query values changed (None takes one away)."""
    args = request.args.to_dict()
    for name, value in changes.items():
        args.pop(name, None)
        if value is not None:
            args[name] = value
    values = {**(request.view_args or {}), **args}
    return url_for(request.endpoint, **values) if request.endpoint else "/"


def find_url() -> str:
    """Return the address that takes any scanned or typed code, or nothing if no page does."""
    has_find = any(rule.rule == "/trace" for rule in current_app.url_map.iter_rules())
    return "/trace" if has_find else ""


@lru_cache(maxsize=64)
def _small(name: str, _version: str) -> bytes:
    return gzip.compress((folder("static") / name).read_bytes(), 9, mtime=0)


def _compress(response: Response) -> Response:
    """Send texts of the look small: the first page of a customer must fit into 100 kB.

    Pages themselves are not compressed: a guess about a secret in them could be read off the size.
    """
    version = request.args.get("v", "")
    name = (request.view_args or {}).get("filename", "")
    if (
        request.endpoint == "static"
        and version
        and response.status_code == 200
        and name.endswith((".css", ".js", ".svg"))
        and "gzip" in request.headers.get("Accept-Encoding", "")
    ):
        response.direct_passthrough = False
        response.close()
        response.response = []
        response.set_data(_small(name, version))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)
        response.vary.add("Accept-Encoding")
    return response


@lru_cache(maxsize=256)
def _version(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def static_url(name: str) -> str:
    """Return the address of a static file with its digest, so that it may be kept for a year."""
    path = folder("static") / name
    return f"/static/{name}?v={_version(path, path.stat().st_mtime_ns)}"


def _frame() -> Frame:
    settings: Settings = current_app.extensions["hangtag.settings"]
    reading = current()
    locale = get_locale() or Locale("en")
    chosen = str(locale)
    return Frame(
        language=chosen,
        language_tag=chosen.replace("_", "-"),
        direction=str(locale.text_direction),
        languages=tuple(
            (one, (Locale.parse(one).get_language_name() or one).capitalize())
            for one in settings.languages
        ),
        theme=theme(),
        size=_size(reading.ledger),
        is_demo=reading.opening.is_demo,
        workshop=reading.opening.name,
        now=now(),
        menu=_menu(),
        menu_url=url_for("menu"),
        find_url=find_url(),
        live_url="/live",
        poll_url=url_for("live.poll"),
    )


def _size(ledger: Ledger) -> int:
    try:
        return ledger.size
    except DatabaseBusy:  # the page that says so has a frame, too
        return ledger.size_seen


def _remember_zone() -> None:
    try:
        g.zone = ZoneInfo(current().opening.zone)
    except (ZoneInfoNotFoundError, ValueError):
        g.zone = ZoneInfo("UTC")


def _remember_wishes(response: Response) -> Response:
    """Keep the chosen language and theme: plain cookies that say nothing about the visitor."""
    settings: Settings = current_app.extensions["hangtag.settings"]
    for name, known in (("lang", settings.languages), ("theme", THEMES)):
        wish = request.args.get(name, "").replace("-", "_")
        if wish in known and request.cookies.get(name) != wish:
            response.set_cookie(name, wish, max_age=PREFERENCE_AGE_S, samesite="Lax")
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _show_menu() -> str:
    return render_template("menu.html")


def add_frame(app: Flask) -> None:
    """Give templates the frame, the drawings and addresses; add the page that is the menu."""
    app.context_processor(lambda: {"frame": _frame()})
    app.before_request(_remember_zone)
    app.after_request(_remember_wishes)
    app.after_request(_compress)
    app.add_url_rule("/menu", "menu", _show_menu)
    app.jinja_env.globals.update(
        here=here,
        static_url=static_url,
        stretches=drawing.stretches,
        upright_bars=drawing.bars,
        ring_segments=drawing.ring,
        day_line=drawing.days,
        tree_peaks=drawing.peaks,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
