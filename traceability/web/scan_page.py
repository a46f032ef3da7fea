"""The scan page: one step, one screen, for a scanner, a camera or typed codes.

The step is chosen once for each device and kept in a cookie that says nothing else; a device link
fixes it. Without scripts the form posts one code, and the answer is in the page that comes back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_hex
from typing import Any, cast
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from traceability.assets import folder
from traceability.flow import Stage
from traceability.ledger.append import Ledger
from traceability.projections.people import people
from traceability.scanning.batch import work_off
from traceability.scanning.desk import read_desk, read_scan
from traceability.scanning.twice import record_mark
from traceability.web import access, scan_words
from traceability.web.clock import now
from traceability.web.command_sheet import command_of
from traceability.web.layout import PREFERENCE_AGE_S, MenuEntry, static_url
from traceability.web.reading import current
from traceability.web.scan_answers import Teller, opened_tree
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext

blueprint = Blueprint("scan_page", __name__)
MENU = MenuEntry(lazy_gettext("Scan"), "scan_page.show", 15)

STEP_COOKIE = "step"
STEP_HEADER = "Hangtag-Step"
"""Says that a page has a step: only such a page is worth keeping for hours without a network."""
PEOPLE_MAX = 60
"""Names that can be touched; more people than that scan their badges."""
FIELD_STEPS = (6, 8, 12, 18)
"""Longest words, in letters, of each size of type on the field."""
CAMERA_POLICY = f"{access.POLICY}; script-src 'self' 'wasm-unsafe-eval'"
"""Only the thread that reads pictures may run machine code, not the page."""
WIDE_FROM = "\u2e80"
"""First letter of the Chinese and Japanese blocks: from here on letters are twice as wide."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the field says when the page comes."""

    state: str
    word: str
    line: str = ""
    name: str = ""
    code: str = ""
    icon: str = ""
    done: int | None = None
    of: int | None = None
    unit: str = ""
    ask: str = ""
    """Address of the question what the code is; empty where nothing is asked."""


def word_steps(word: str) -> int:
    """Tell the size of type of a word on the field: 1 is the largest.

    >>> [word_steps(word) for word in ("Done", "Unknown", "Read again", "通过", "x" * 30)]
    [1, 2, 3, 1, 5]
    """
    letters = sum(1.9 if letter >= WIDE_FROM else 1 for letter in word)
    return next((step for step, most in enumerate(FIELD_STEPS, 1) if letters <= most), 5)


def _bound() -> dict[str, object]:
    """Return what a device link said of this device; empty where none was opened."""
    found = session.get("device")
    return found if isinstance(found, dict) else {}


def _stage(stages: tuple[Stage, ...]) -> Stage | None:
    wish = _bound().get("stage") or request.cookies.get(STEP_COOKIE, "")
    return next((stage for stage in stages if stage.name == wish), None)


@blueprint.get("/scan")
def show() -> BaseResponse:
    """Show the screen of this device's step; the choice of steps if none is chosen yet."""
    with current().look() as view:
        stages = view.flow.stages
    stage = _stage(stages)
    if stage is None or (request.args.get("choose") and not _bound().get("stage")):
        chosen = stage.name if stage else ""
        page = render_template("scan_steps.html", stages=stages, chosen=chosen, wrong="")
        return Response(page)
    return _screen(stage, Said("ready", _("Ready"), _("Scan the first code.")))


def _screen(stage: Stage, said: Said, opened: Sequence[Mapping[str, Any]] = ()) -> Response:
    with current().look() as view:
        # Names are for those who scan, whoever else may read the page one day.
        record = record_mark(view)
        listed = people(view) if access.role() != "auditor" else []
        staff = [one for one in listed if one.is_active and one.name][:PEOPLE_MAX]
    page = render_template(
        "scan.html",
        stage=stage,
        record=record,
        said=said,
        word_steps=word_steps(said.word),
        hint=_("Scan the first code."),
        people=staff,
        person_name="",
        opened=opened,
        today=0,
        counter=_counted(),
        is_fixed=bool(_bound().get("stage")),
        device_title=str(_bound().get("title") or ""),
        words=scan_words.sentences(),
        **_addresses(),
    )
    return Response(page, headers={STEP_HEADER: stage.name})


def _addresses() -> dict[str, str]:
    has_phones = any(rule.rule == "/phones" for rule in current_app.url_map.iter_rules())
    return {
        "post_url": "/api/scans",
        "choose_url": url_for("scan_page.show", choose="1"),
        "phones_url": "/phones" if has_phones else "",
        "thread_url": url_for("scan_page.thread"),
    }


@blueprint.post("/scan/step")
def choose() -> BaseResponse:
    """Keep the step that was chosen for this device."""
    return _chosen(request.form.get("step", ""))


def _chosen(wish: str) -> BaseResponse:
    with current().look() as view:
        stages = view.flow.stages
    if not any(stage.name == wish for stage in stages):
        wrong = _("This workshop has no step %(name)s. Choose one of these.", name=repr(wish))
        page = render_template("scan_steps.html", stages=stages, chosen="", wrong=wrong)
        return Response(page, status=400)
    response = redirect(url_for("scan_page.show"), 303)
    response.set_cookie(STEP_COOKIE, wish, max_age=PREFERENCE_AGE_S, samesite="Lax")
    return response


def _counted() -> int:
    """Return how many codes this browser has sent without scripts."""
    kept = session.get("scan")
    return int(kept["counter"]) if isinstance(kept, dict) else 0


@blueprint.post("/scan")
def take() -> BaseResponse:
    """Take one typed code from a browser without scripts and show its answer."""
    with current().look() as view:
        stage = _stage(view.flow.stages)
    text = request.form.get("code", "").strip()
    if stage is None:
        return redirect(url_for("scan_page.show"), 303)
    if not text:
        return _screen(stage, Said("ready", _("Ready"), str(scan_words.SENTENCES["type first"])))
    if (command := command_of(text)) is not None:
        return _obeyed(stage, *command)
    kept = session.get("scan") or {"device": f"page-{token_hex(8)}", "epoch": _ms(), "counter": 0}
    if request.form.get("counter") != str(kept["counter"]):
        # The same form once more: a page that was loaded again must not count a ticket twice.
        line = _("This was sent before. Type the next code.")
        return _screen(stage, Said("ready", _("Ready"), line))
    session["scan"] = {**kept, "counter": kept["counter"] + 1}
    return _answered(stage, session["scan"], text)


def _obeyed(stage: Stage, act: str, step: str) -> BaseResponse:
    """Do what a code of the command sheet says; a form without scripts cannot take back."""
    if act == "step":
        return _chosen(step)
    line = "was put away" if act == "put away" else "nothing to undo"
    return _screen(stage, Said("ready", _("Ready"), str(scan_words.SENTENCES[line])))


def _ms() -> int:
    return int(now().timestamp() * 1000)


def _answered(stage: Stage, run: Mapping[str, Any], text: str) -> Response:
    where = {
        "device": run["device"],
        "epoch": run["epoch"],
        "stage": stage.name,
        "opened": request.form.getlist("opened"),
        "place": _bound().get("place"),
        "title": _bound().get("title"),
    }
    tree = {"counter": run["counter"], "at": now().isoformat(), "text": text, "by": "typed"}
    with current().look() as view:
        desk = read_desk(where, view.flow, view.namespace)
    (found,), after = work_off(cast("Ledger", current().ledger), desk, [read_scan(tree)])
    with current().look() as view:
        told = Teller(view).tree(found, stage=stage.name)
        opened = opened_tree(view, after.opened)
    members = ("state", "word", "line", "name", "code", "icon", "done", "of")
    unit = str(scan_words.SENTENCES.get(f"unit {told['unit']}", ""))
    is_asked = any("as" in one.get("body", {}) for one in told["actions"])
    ask = f"/identify?{urlencode({'code': text})}" if is_asked else ""
    said = Said(**{member: told[member] for member in members}, unit=unit, ask=ask)
    return _screen(stage, said, opened)


SHELL_FACES = (
    "thin-space",
    "archivo-latin-wdth-normal",
    "archivo-latin-ext-wdth-normal",
    "ibm-plex-mono-latin-400-normal",
)
SHELL_STYLES = ("tokens", "fonts", "layout", "parts", "scan", "scan_parts")
SHELL_SCRIPTS = ("wedge", "tones")
OFFLINE_SCRIPTS = ("scan/offline.js", "scan/camera_thread.js")


def shell() -> list[str]:
    """List the addresses of the files without which the scan page cannot come."""
    place = folder("static") / "js" / "scan"
    own = sorted(f"scan/{path.name}" for path in place.glob("*.js"))
    return [
        *(static_url(f"css/{name}.css") for name in SHELL_STYLES),
        *(f"/static/fonts/{name}.woff2" for name in SHELL_FACES),
        static_url("icons.svg"),
        *(f"/static/js/{name}.js" for name in SHELL_SCRIPTS),
        *(f"/static/js/{name}" for name in own if name not in OFFLINE_SCRIPTS),
    ]


@lru_cache(maxsize=4)
def _digest(addresses: tuple[str, ...], _changed_ns: int) -> str:
    """Name a shell by the bytes of its files, so that a changed file makes it another one."""
    found = hashlib.sha256()
    for address in addresses:
        path = address.partition("?")[0].removeprefix("/static/")
        found.update((folder("static") / path).read_bytes())
    return found.hexdigest()[:12]


@blueprint.get("/scan-worker.js")
@access.open_to_all
def worker() -> Response:
    """Serve what keeps the page without a network, for `/scan` and nothing else."""
    addresses = shell()
    files = [folder("static") / one.partition("?")[0].removeprefix("/static/") for one in addresses]
    changed = max(path.stat().st_mtime_ns for path in files)
    tree = {"name": f"scan-{_digest(tuple(addresses), changed)}", "urls": addresses}
    text = (folder("static") / "js" / "scan" / "offline.js").read_text(encoding="utf-8")
    return _script(f"const SHELL = {json.dumps(tree)};\n{text}")


@blueprint.get("/scan-camera.js")
@access.open_to_all
def thread() -> Response:
    """Serve the thread that reads pictures, with leave to run the reader's machine code."""
    path = folder("static") / "js" / "scan" / "camera_thread.js"
    response = _script(path.read_text(encoding="utf-8"))
    response.headers["Content-Security-Policy"] = CAMERA_POLICY
    return response


def _script(text: str) -> Response:
    response = Response(text, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
