"""The way back: a workshop that holds nothing yet takes the place of the one in a backup.

The backup is unpacked beside what is there, verified from its first entry, and moved in when the
server opens its files anew. What was there before stays in the folder of backups.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from traceability.database import file_of
from traceability.errors import Refused, TraceabilityError
from traceability.factory import daily
from traceability.factory.backup import SCRATCH, told
from traceability.factory.drives import drives
from traceability.factory.restore import is_bare, is_prepared
from traceability.scanning.twice import record_mark
from traceability.web import safe
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.unpacking import Asked, Unpacking

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.web.unpacking import Ended

blueprint = Blueprint("safe_restore", __name__)

UPLOAD_BYTES_MAX = 16 * 1024**3
"""A workshop's backup of years; what is larger is named by its path."""
PATH = "/safe/restore"
PATIENCE_S = 5.0
"""A small workshop is unpacked by then; for a larger one the page shows how far it is."""


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["hangtag.unpacking"] = Unpacking()
    # Before the guard, which reads the form and would find it too large for any other page.
    state.app.before_request_funcs.setdefault(None, []).insert(0, _let_large)


def _let_large() -> None:
    if request.path == PATH:
        request.max_content_length = UPLOAD_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Offer:
    """A backup found on something that is plugged in."""

    path: str
    workshop: str
    made_at: datetime
    entries: int
    is_sealed: bool
    """Its keys open with a recovery code alone."""


@blueprint.get(PATH)
def show() -> str:
    """Ask which backup, if this workshop may still become another one."""
    safe.for_owner()
    return _page()


def _page(wrong: str = "", given: str = "", code: str = "", chosen: str = "") -> str:
    workshop = safe.factory()
    offers = _offers(workshop) if workshop is not None else []
    return render_template(
        "safe_restore.html",
        may=workshop is not None and may_restore(workshop),
        has_factory=workshop is not None,
        is_waiting=workshop is not None and is_prepared(workshop.folder),
        opens="hangtag.restart" in current_app.extensions,
        offers=offers,
        seen=_mark(offers),
        wrong=wrong,
        given=given,
        chosen=chosen,
        code=code,
    )


def _unpacking() -> Unpacking:
    return cast("Unpacking", current_app.extensions["hangtag.unpacking"])


def _mark(offers: list[Offer]) -> str:
    return sha256("\n".join(one.path for one in offers).encode()).hexdigest()[:16]


@blueprint.get(PATH + "/found")
def found() -> str | tuple[str, int]:
    """Show only what was found, if it is something else than the page shows: a stick came."""
    safe.for_owner()
    workshop = safe.factory()
    offers = _offers(workshop) if workshop is not None else []
    if request.args.get("seen") == _mark(offers):
        return "", 204
    return render_template(
        "safe_found.html", offers=offers, seen=_mark(offers), given="", chosen=""
    )


def may_restore(workshop: Factory) -> bool:
    """Say whether this workshop holds nothing of its own: no order, no roll, nothing that happened.

    A live record beside the practice one is something of its own, too.
    """
    live = file_of(workshop.url_of(practice=False))
    if workshop.is_practice and live is not None and live.exists():
        return False
    with current().look() as view:
        return is_bare(view)


def _offers(workshop: Factory) -> list[Offer]:
    folders = [workshop.backups, *(drive.path for drive in drives())]
    found = [one for folder in folders for one in daily.kept(folder)]
    found.sort(key=lambda one: one.manifest.made_at, reverse=True)
    return [
        Offer(
            str(one.path),
            one.manifest.name,
            one.manifest.made_at,
            one.manifest.newest.size if one.manifest.newest else 0,
            one.manifest.has_sealed,
        )
        for one in found[: safe.LISTED]
    ]


@blueprint.post(PATH)
def take() -> str | tuple[str, int] | AnyResponse:
    """Unpack and verify a backup, then open the workshop anew with what was in it."""
    safe.for_owner()
    workshop = safe.factory()
    if workshop is None or not may_restore(workshop):
        return _page(), 409
    problem = ""
    try:
        _unpacking().start(workshop, _asked(workshop))
    except TraceabilityError as error:
        problem = str(error)
    if problem:
        form = request.form
        return _page(problem, form.get("typed", ""), form.get("code", ""), _chosen()), 400
    _unpacking().wait(PATIENCE_S)
    return end()


def _chosen() -> str:
    """Return the path that was chosen or typed; empty if neither was."""
    typed = request.form.get("typed", "").strip()
    chosen = request.form.get("file", "typed")
    return typed if chosen == "typed" or typed else chosen


def _asked(workshop: Factory) -> Asked:
    upload = request.files.get("upload")
    code = request.form.get("code", "").strip()
    if upload is not None and upload.filename:
        return _taken(upload, workshop, code)
    if not _chosen():
        raise Refused(_("Choose a backup: a file hangtag-….zip."))
    typed = request.form.get("typed", "").strip()
    return Asked(Path(_chosen()).expanduser(), code, typed=typed)


def _taken(upload: FileStorage, workshop: Factory, code: str) -> Asked:
    """Keep an upload until it is unpacked; whoever unpacks it removes it."""
    scratch: Path | None = None
    try:
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=workshop.backups))
        path = scratch / (Path(upload.filename or "").name or "backup.zip")
        upload.save(path)
    except OSError as error:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        raise Refused(told(error, workshop.backups)) from error
    return Asked(path, code, scratch)


@blueprint.get(PATH + "/progress")
def progress() -> str | Response:
    """Show only how far it is; at the end lead to how it went."""
    safe.for_owner()
    running = _unpacking().running
    if running is None:
        answer = Response(status=204)
        answer.headers["HX-Redirect"] = url_for("safe_restore.end")
        return answer
    return render_template("safe_unpacking_part.html", running=running)


@blueprint.get(PATH + "/end")
def end() -> str | tuple[str, int] | AnyResponse:
    """Show how it went, and open the workshop with what was in the backup."""
    safe.for_owner()
    running, ended = _unpacking().running, _unpacking().ended
    if running is not None:
        return render_template("safe_unpacking.html", running=running)
    if ended is None:  # the pages were opened anew since
        return redirect(url_for("safe_restore.show"), 303)
    if ended.made is None:
        asked = ended.asked
        chosen = "" if asked.scratch else str(asked.path)
        return _page(ended.problem, asked.typed, asked.code, chosen), 400
    return _opened(ended)


def _opened(ended: Ended) -> str:
    assert ended.made is not None, "asked only of one that went well"
    restart = current_app.extensions.get("hangtag.restart")
    with current().look() as view:
        mark = record_mark(view)
    page = render_template(
        "safe_restored.html",
        manifest=ended.made.manifest,
        book=ended.made.manifest.newest,
        has_keys=ended.made.has_keys,
        opens=restart is not None,
        record=mark,
    )
    if restart is not None:
        restart()
    return page
