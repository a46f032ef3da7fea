"""The command sheet: codes on paper that a scanner reads where nobody can press a button.

>>> command_of("]Q3hangtag step packing")
('step', 'packing')
>>> command_of("10006") is None
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, render_template
from markupsafe import Markup

from traceability.flow import Stage
from traceability.labels.barcode_1d import QUIET_MODULES, code128
from traceability.projections.people import people
from traceability.web import access
from traceability.web.keys import square
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.words import titled

blueprint = Blueprint("command_sheet", __name__)

UNDO, PUT_AWAY, STEP = "HANGTAG UNDO", "HANGTAG PUT-AWAY", "HANGTAG STEP "
PEOPLE_MAX = 60
MODULE_MM = 0.3
BARS_HIGH = 36
"""Height of the bars, in modules."""
_FORM = re.compile(r"(?i)hangtag[ -](?:(undo)|(put-away)|step[ -]([a-z0-9_-]+))")
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Card:
    """One code of the sheet."""

    text: str
    title: str
    icon: str
    square: Markup
    bars: Markup
    """The same once more for scanners that read no squares."""


def command_of(text: str) -> tuple[str, str] | None:
    """Return what a scanned text commands: `undo`, `put away` or `step` with its name; or None."""
    found = _FORM.fullmatch(_AIM.sub("", text, count=1).strip())
    if found is None:
        return None
    if found[3]:
        return "step", found[3].lower()
    return ("undo" if found[1] else "put away"), ""


def _card(text: str, title: str, icon: str) -> Card:
    return Card(text, title, icon, square(text), _bars(text))


def _bars(text: str) -> Markup:
    """Draw a text as Code 128, 0.3 mm a module, on white in light and dark pages alike."""
    code = code128(text)
    width, at, path = len(code.modules) + 2 * QUIET_MODULES, QUIET_MODULES, ""
    for module, run in groupby(code.modules):
        size = len(list(run))
        path += f"M{at} 0h{size}v{BARS_HIGH}h-{size}z" if module == "1" else ""
        at += size
    return Markup(
        '<svg class="bars" viewBox="0 0 {width} {high}" width="{mm:.2f}mm" aria-hidden="true" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{width}v{high}H0z"></path>'
        '<path fill="#000" d="{path}"></path></svg>'
    ).format(width=width, high=BARS_HIGH, mm=width * MODULE_MM, path=path)


def _of_stage(stage: Stage) -> Card:
    return _card(STEP + stage.name, titled(stage), stage.icon)


@blueprint.get("/scan/commands")
@access.only("admin")
def show() -> str:
    """Show steps, put away, undo and people as codes to be printed and hung up."""
    with current().look() as view:
        staff = [one for one in people(view) if one.is_active and one.badge][:PEOPLE_MAX]
        steps = [_of_stage(stage) for stage in view.flow.stages]
        persons = [_card(one.badge, one.name or one.badge, "user") for one in staff]
    acts = [
        _card(UNDO, _("Undo the last scan"), "undo"),
        _card(PUT_AWAY, _("Put away what is open"), "close"),
    ]
    return render_template("scan_commands.html", steps=steps, acts=acts, persons=persons)
