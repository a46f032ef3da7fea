"""The sheet with the recovery code, and the word that a record was put back: both are the owner's.

The code is printed once and kept where the PC is not; nobody but the owner sees it. A record that
was put back by hand is noticed by the signer, which then signs nothing; that it was no attack is
said here, in two touches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from flask import Blueprint, abort, current_app, redirect, render_template, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from traceability.errors import Refused, TraceabilityError
from traceability.factory.declared import Restore, Rollback, declare, declared, rolled_back
from traceability.factory.recovery import code_of
from traceability.web import access, safe
from traceability.web.clock import now
from traceability.web.doors import Door
from traceability.web.network import outer_url
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.ledger.append import Ledger
    from traceability.web.background import Background

blueprint = Blueprint("safe_keys", __name__)

LOOK_EVERY_S = 30.0
_SECTION = "recovery"


@dataclass(slots=True)
class _Seen:
    """What was found the last time; asked on every page of the owner."""

    at: float = float("-inf")  # monotonic
    found: Rollback | None = None


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["hangtag.rollback"] = _Seen()
    state.app.jinja_env.globals["put_back"] = put_back


def put_back(*, anew: bool = False) -> Rollback | None:
    """Return what is wrong if the record is not the one that was signed; None if all is well.

    Args:
        anew: Look now, however short ago that was done.
    """
    if access.role() != "admin":
        return None
    background = cast("Background", current_app.extensions["hangtag.background"])
    if not anew and not background.signing.problem:  # the signer looks every second
        return None
    seen = cast("_Seen", current_app.extensions["hangtag.rollback"])
    if anew or time.monotonic() - seen.at > LOOK_EVERY_S:
        try:
            seen.found = rolled_back(_ledger())
        except TraceabilityError:  # the doctor and a check of the record say what it is
            seen.found = None
        seen.at = time.monotonic()
    return seen.found


def _ledger() -> Ledger:
    return cast("Ledger", current().ledger)


def restores() -> tuple[Restore, ...]:
    """Return the declared restores of the record, newest first."""
    with current().look() as view:
        return declared(view.connection, view.ledger_id)[::-1]


def sheet_is_kept(workshop: Factory) -> bool:
    """Say whether the owner said of the code in use that its sheet is printed and kept."""
    try:
        said, code = workshop.settings().get(_SECTION, {}), code_of(workshop)
    except Refused:  # the sheet itself says what is wrong
        return False
    return isinstance(said, dict) and said.get("sheet") == _mark(code)


def _mark(code: str) -> str:
    # Names the code and does not give it away: 89 bits are not found by trying.
    return sha256(b"hangtag recovery sheet\n" + code.encode()).hexdigest()[:16]


@blueprint.get("/safe/recovery")
def sheet() -> str | tuple[str, int]:
    """Show the recovery code on a sheet to be printed."""
    safe.for_owner()
    workshop = safe.factory()
    if workshop is None:
        abort(404)
    try:
        groups = code_of(workshop).split("-")
    except Refused as error:
        return render_template("safe_recovery.html", groups=[], trouble=str(error)), 409
    return render_template(
        "safe_recovery.html",
        groups=groups,
        trouble="",
        workshop=current().opening.name,
        made_at=now(),
        is_kept=sheet_is_kept(workshop),
        phones_at=outer_url(Door.SAFE),
    )


@blueprint.post("/safe/recovery")
def keep() -> Response:
    """Note that the sheet is printed and kept; Safe asks for it no more."""
    safe.for_owner()
    workshop = safe.factory()
    if workshop is None:
        abort(404)
    section = {"sheet": _mark(code_of(workshop)), "kept_at": now().isoformat(timespec="seconds")}
    try:
        workshop.write({**workshop.settings(), _SECTION: section})
    except OSError as error:
        raise Refused(f"Cannot write {workshop.settings_file}: {error.strerror}.") from error
    return redirect(url_for("safe.show") + "#recovery", 303)


@blueprint.get("/safe/declare")
def ask() -> str:
    """Ask whether the record was put back from an old copy on purpose, and what that means."""
    safe.for_owner()
    return render_template("safe_declare.html", rollback=put_back(anew=True), wrong="")


@blueprint.post("/safe/declare")
def say() -> Response | str | tuple[str, int]:
    """Enter that the record was put back; signing goes on under a new key."""
    safe.for_owner()
    found = put_back(anew=True)
    if found is None:
        return redirect(url_for("safe.show"), 303)
    try:
        declare(_ledger(), at=now(), by=access.by(), stations=_told_by_stations())
    except TraceabilityError as error:
        return render_template("safe_declare.html", rollback=found, wrong=str(error)), 409
    put_back(anew=True)
    return redirect(url_for("safe.show") + "#restores", 303)


def _told_by_stations() -> dict[str, int]:
    """Return the positions that the stations of this PC were given; nothing for a bare record."""
    ask_spools: Callable[[], dict[str, int]] | None
    ask_spools = current_app.extensions.get("hangtag.spools")
    return ask_spools() if ask_spools is not None else {}


def moment_of(restore: Restore) -> datetime:
    """Return when a restore was declared."""
    return datetime.fromisoformat(restore.at)


def gap_words(restore: Restore) -> str:
    """Say in a sentence what is known to be missing."""
    missing = restore.missing
    if not missing:
        return _("Nothing is known to be missing.")
    return _(
        "Known to be missing: the earlier entries %(first)s to %(last)s. What stations and "
        "browsers had delivered comes back from them.",
        first=missing.start,
        last=missing.stop - 1,
    )
