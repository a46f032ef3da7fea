"""The way back: a workshop that holds nothing yet takes the place of the one in a backup.

The backup is unpacked beside what is there, verified from its first entry, and moved in when the
server opens its files anew. What was there before stays in the folder of backups.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import FileStorage

from traceability.database import file_of
from traceability.errors import Refused, TraceabilityError
from traceability.factory import daily
from traceability.factory.backup import SCRATCH, told
from traceability.factory.drives import drives
from traceability.factory.restore import is_bare, is_prepared, prepare
from traceability.web import safe
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.factory.restore import Restored

blueprint = Blueprint("safe_restore", __name__)

UPLOAD_BYTES_MAX = 16 * 1024**3
"""A workshop's backup of years; what is larger is named by its path."""
PATH = "/safe/restore"


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
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


def _page(wrong: str = "", given: str = "", code: str = "") -> str:
    workshop = safe.factory()
    return render_template(
        "safe_restore.html",
        may=workshop is not None and may_restore(workshop),
        has_factory=workshop is not None,
        is_waiting=workshop is not None and is_prepared(workshop.folder),
        offers=_offers(workshop) if workshop is not None else [],
        wrong=wrong,
        given=given,
        code=code,
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
def take() -> str | tuple[str, int]:
    """Unpack and verify a backup, then open the workshop anew with what was in it."""
    safe.for_owner()
    workshop = safe.factory()
    if workshop is None or not may_restore(workshop):
        return _page(), 409
    typed = request.form.get("typed", "").strip()
    chosen = typed if request.form.get("file", "typed") == "typed" else request.form["file"]
    upload = request.files.get("upload")
    code = request.form.get("code", "").strip()
    try:
        if upload is not None and upload.filename:
            made = _taken(upload, workshop, code)
        elif chosen:
            made = prepare(Path(chosen).expanduser(), workshop, passphrase=code)
        else:
            raise Refused(_("Choose a backup: a file hangtag-….zip."))
    except TraceabilityError as error:
        return _page(str(error), typed, code), 400
    restart = current_app.extensions.get("hangtag.restart")
    page = render_template(
        "safe_restored.html",
        manifest=made.manifest,
        book=made.manifest.newest,
        has_keys=made.has_keys,
        opens=restart is not None,
    )
    if restart is not None:
        restart()
    return page


def _taken(upload: FileStorage, workshop: Factory, code: str) -> Restored:
    """Keep an upload only as long as it is unpacked."""
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=workshop.backups) as folder:
            path = Path(folder) / (Path(upload.filename or "").name or "backup.zip")
            upload.save(path)
            return prepare(path, workshop, passphrase=code)
    except OSError as error:
        raise Refused(told(error, workshop.backups)) from error
