"""The wire at one moment: the bytes of a reader from which an entry of the record came.

Whoever starts the server puts a function into the app's extension `hangtag.wire`; a server without
one knows of no recordings, and its pages show no link.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from flask import Blueprint, Response, abort, current_app, render_template, request

from traceability.epcis import body as bodies
from traceability.epcis.vocabulary import PASS, RECORDING
from traceability.errors import TraceabilityError
from traceability.ledger import history
from traceability.ledger.history import Sheet
from traceability.web import access
from traceability.web.reading import current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.wire_values import Wire

blueprint = Blueprint("wire", __name__)
WireAt = Callable[[str, datetime, datetime], Wire]
"""Where an event stands on a tape, first and last moment of its visit → what was on the wire."""

STATES: dict[str, tuple[str, LazyString, LazyString]] = {
    "whole": (
        "pass",
        lazy_gettext("As it was when the entry was made"),
        lazy_gettext("The entry names the fingerprint of these bytes, and it fits them."),
    ),
    "elsewhere": (
        "late",
        lazy_gettext("Recorded on another PC"),
        lazy_gettext("The station that read this keeps its recordings beside it, not here."),
    ),
    "gone": (
        "late",
        lazy_gettext("Given up for room"),
        lazy_gettext("The oldest recordings make room for new ones. The entry itself is whole."),
    ),
    "lost": (
        "late",
        lazy_gettext("The end of this recording was lost"),
        lazy_gettext("A power cut took its last moments. The entry itself is whole."),
    ),
    "changed": (
        "stop",
        lazy_gettext("These are not the bytes that were recorded"),
        lazy_gettext("They do not fit the fingerprint that the entry names."),
    ),
}
"""State of a window → the shape of its notice, what is the matter, what it means."""
DIRECTIONS: dict[str, LazyString] = {
    "in": lazy_gettext("from the reader"),
    "out": lazy_gettext("to the reader"),
    "idle": lazy_gettext("silence"),
    "up": lazy_gettext("line up"),
    "down": lazy_gettext("line down"),
    "pass": lazy_gettext("visit ended"),
    "hole": lazy_gettext("not recorded"),
}
READS: dict[str, LazyString] = {
    "tag": lazy_gettext("tag"),
    "card": lazy_gettext("card"),
    "scan": lazy_gettext("scan"),
    "reply": lazy_gettext("answer"),
    "noise": lazy_gettext("noise"),
    "down": lazy_gettext("line down"),
    "up": lazy_gettext("line up"),
}


def recordings_of(sheet: Sheet) -> list[str]:
    """Return where an entry stands on the tapes of its readers, as it says itself."""
    try:
        tree = bodies.parse(sheet.body) if sheet.body is not None else None
    except TraceabilityError:  # the page shows such a body as it stands
        return []
    said = tree.get(RECORDING) if isinstance(tree, dict) else None
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def has_wire(sheet: Sheet) -> bool:
    """Say whether a page may link to the wire of an entry."""
    return "hangtag.wire" in current_app.extensions and bool(recordings_of(sheet))


def _begun_at(sheet: Sheet) -> datetime:
    """Return when the visit of an entry began; its end where it does not say."""
    tree = bodies.parse(sheet.body or b"{}")
    said = str(tree.get(PASS, "")) if isinstance(tree, dict) else ""
    try:
        return datetime.strptime(said.rpartition(" ")[2], "%Y%m%dT%H%M%S.%f%z")
    except ValueError:
        return sheet.at


def _windows(position: int) -> tuple[Sheet, list[Wire]]:
    if "hangtag.wire" not in current_app.extensions:
        abort(404)
    with current().look() as view:
        found = history.sheets(view.connection, view.ledger_id, position, position + 1)
    if not found or not (said := recordings_of(found[0])):
        abort(404)
    wire_at = cast("WireAt", current_app.extensions["hangtag.wire"])
    sheet = found[0]
    return sheet, [wire_at(each, _begun_at(sheet), sheet.at) for each in said]


@blueprint.get("/ledger/<int:position>/wire")
@access.only("admin", "auditor")
def show(position: int) -> str:
    """Show the bytes of each reader at the moment of an entry, with what they mean."""
    sheet, windows = _windows(position)
    return render_template(
        "wire.html",
        sheet=sheet,
        windows=[(one, *STATES[one.state]) for one in windows],
        directions=DIRECTIONS,
        kinds=READS,
    )


@blueprint.get("/ledger/<int:position>/wire.jsonl")
@access.only("admin", "auditor")
def download(position: int) -> Response:
    """Give the window of one reader as a tape, with the sums by which it can be checked."""
    _sheet, windows = _windows(position)
    tape = request.args.get("tape", "")
    one = next((each for each in windows if each.tape == tape), None)
    if one is None or not one.download:
        abort(404)
    name = f"{one.tape}-{position}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(one.download, content_type="application/x-ndjson", headers=headers)
