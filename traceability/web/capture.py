"""`POST /api/capture`: say what happened; the answer comes when it is durable."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from traceability.capture import read_capture
from traceability.errors import Conflict
from traceability.scanning.twice import record_mark
from traceability.web import access
from traceability.web.reading import current

blueprint = Blueprint("capture", __name__)


@blueprint.post("/api/capture")
def capture() -> Response:
    """Append a list of events.

    200 with one answer for each element, even if some are refused; 400 if it is no list of JSON;
    409 if it was meant for another record than this one, by `Hangtag-Record`; 503 with Retry-After
    when nothing is durable.
    """
    meant = request.headers.get("Hangtag-Record")
    if meant:
        with current().look() as view:
            if meant != record_mark(view):
                raise Conflict("This was captured for another record: ask which one this is.")
    by = request.headers.get("X-Hangtag-Station") or request.remote_addr or "unknown"
    read = read_capture(request.get_data(), by=by, may_enter=access.role() == "admin")
    outcomes = current().ledger.append(read.drafts) if read.drafts else []
    return jsonify(read.answers(outcomes))
