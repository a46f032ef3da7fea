"""The visitor's hands in the demo's factory: wave, push, unplug, disturb, cut off, cheat, put back.

Each action says before what will happen; beside it stands what happened, and where to look. The
page exists over a demo's ledger alone. It works by forms: a wish is sent, and the page comes back
with what came of it; with a script it looks again by itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from traceability.projections.view import short
from traceability.web import ledger, sim_results
from traceability.web.clock import now
from traceability.web.hands import Device, Floor, Gone, Hands, Unwilling, read_time
from traceability.web.layout import MenuEntry
from traceability.web.live import Live
from traceability.web.reading import current
from traceability.web.screen import Moment, Screen, compose
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext, ngettext
from traceability.web.sim_results import Result, Witnesses, reader_words

if TYPE_CHECKING:
    from traceability.web.checks import Checked, Checks

CABLE_S = 10
NETWORK_S = 10
FRAMES = 3
PATIENCE_S = 6.0
"""As long as a carton is pushed twice; a form without a script waits so long for its answer."""
PAUSE_S = 0.3
KINDS = tuple(sim_results.TELLERS)
STRANGER = "stranger"

blueprint = Blueprint("sim", __name__)


def is_here() -> bool:
    """Say whether this server has a factory to play with, or had one: its ledger is a demo's."""
    return current().opening.is_demo


MENU = MenuEntry(lazy_gettext("Practice"), "sim.show", 95, is_shown=is_here)


@dataclass(slots=True)
class Desk:
    """What this server remembers of its visitor. One word is one assignment: no lock is needed."""

    url: str
    refused: dict[str, str] = field(default_factory=dict)
    """The factory's sentence to the last wish of each kind that it could not do."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list to choose from."""

    value: str
    words: str
    is_chosen: bool = False


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["hangtag.sim"] = Desk(os.environ.get("HANGTAG_SIM_URL", ""))


def desk() -> Desk:
    """Return what this server remembers of its visitor."""
    found = current_app.extensions["hangtag.sim"]
    assert isinstance(found, Desk)
    return found


@blueprint.get("/sim")
def show() -> str:
    """Show what can be done, and what came of the last act of each kind."""
    if not is_here():
        abort(404)
    floor = _floor()
    if floor is None:
        return render_template("sim.html", floor=None)
    results = _results(floor)
    return render_template(
        "sim.html",
        floor=floor,
        results=results,
        refused=dict(desk().refused),
        gate=_gate(floor),
        things=_things(floor, results),
        boxes=_boxes(floor),
        antennas=_readers(floor, antennas=True),
        readers=_readers(floor, antennas=False),
        cable_s=CABLE_S,
        network_s=NETWORK_S,
        frames=FRAMES,
    )


@blueprint.post("/sim/<kind>")
def do(kind: str) -> Response:
    """Do one thing, then lead back to the page, to what came of it."""
    desk_ = desk()
    if not is_here() or kind not in KINDS or not desk_.url:
        abort(404)
    name, values = _wish(kind, request.form)
    try:
        Hands(desk_.url).wish(name, **values)
        desk_.refused.pop(kind, None)
    except Unwilling as error:
        desk_.refused[kind] = str(error)
    except Gone:
        pass  # The page itself says so.
    if "HX-Request" not in request.headers:
        _wait_for(kind)
    return redirect(url_for("sim.show") + f"#act-{kind}", 303)


def _wish(kind: str, form: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Turn a form into the factory's words."""
    reader = form.get("reader", "")
    if kind == "wave":
        thing = form.get("thing", "")
        if thing == STRANGER:
            return "wave", {"tag": form.get("stranger", ""), "reader": reader}
        return "wave", {"garment": thing, "reader": reader}
    if kind == "push":
        missing = 0 if form.get("all") else 1
        carton = form.get("carton", "")
        return "push", {"missing": missing} | ({"carton": carton} if carton else {})
    if kind == "unplug":
        return "unplug", {"reader": reader, "seconds": CABLE_S}
    if kind == "flip":
        return "flip", {"reader": reader, "n": FRAMES}
    if kind == "network":
        return "network", {"seconds": NETWORK_S}
    return ("untamper" if form.get("back") else "tamper"), {}


def _floor() -> Floor | None:
    url = desk().url
    if not url:
        return None
    try:
        return Hands(url).floor()
    except Gone:
        return None


def _checked() -> Checked | None:
    checks: Checks | None = current_app.extensions.get("hangtag.checks")
    return checks.latest if checks is not None else None


def _wrong(checked: Checked) -> str:
    finding = checked.report.finding
    return ledger.wrong_words(finding) if finding is not None else ""


def _hub() -> Live:
    hub = current_app.extensions["hangtag.live"]
    assert isinstance(hub, Live)
    return hub


def _results(floor: Floor) -> dict[str, Result]:
    """Tell what came of the last act of each kind."""
    with current().look() as view:
        witnesses = Witnesses(floor, view, _hub().gates(), now(), _checked(), _wrong)
        return {
            kind: tell(floor.acts[kind], witnesses)
            for kind, tell in sim_results.TELLERS.items()
            if kind in floor.acts
        }


def _wait_for(kind: str) -> None:
    """Wait a little for what comes of an act: a page without a script shows it at once then."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        floor = _floor()
        result = _results(floor).get(kind) if floor is not None else None
        if result is None or not result.is_pending:
            return
        time.sleep(PAUSE_S)


def _gate(floor: Floor) -> Screen:
    """Show the gate where cartons leave, as its own screen shows it."""
    tree = _hub().gates().get(floor.gate)
    heard_at = read_time(tree.get("heard_at")) if tree is not None else None
    return compose(tree, Moment("gate", now(), floor.place(floor.gate), heard_at))


def _things(floor: Floor, results: Mapping[str, Result]) -> list[Choice]:
    last = floor.acts["wave"].facts.get("key") if "wave" in results else None
    found = [
        Choice(
            one.key,
            _("%(thing)s, now %(place)s", thing=f"{one.name} {short(one.key)}", place=one.place),
            one.key == last,
        )
        for one in floor.things
    ]
    return [*found, Choice(STRANGER, _("A stranger's tag, of a passer-by"))]


def _boxes(floor: Floor) -> list[Choice]:
    last = floor.acts["push"].facts.get("carton") if "push" in floor.acts else None
    return [
        Choice(
            one.key,
            ngettext(
                "%(carton)s with %(num)s garment",
                "%(carton)s with %(num)s garments",
                one.pieces,
                carton=short(one.key),
            ),
            one.key == last,
        )
        for one in floor.boxes
        if one.has_tags
    ]


def _readers(floor: Floor, *, antennas: bool) -> list[Choice]:
    """List readers, the gate's antenna chosen; with ``antennas`` only those that read tags."""

    def is_first(one: Device) -> bool:
        return one.station == floor.gate and one.is_antenna

    return [
        Choice(one.name, reader_words(one), is_first(one))
        for one in floor.devices
        if one.is_antenna or not antennas
    ]
