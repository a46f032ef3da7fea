"""`POST /api/capture`: say what happened; the answer comes when it is durable."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, jsonify, request, url_for

from traceability.capture import DOCUMENT_BYTES_MAX, Document, read_capture
from traceability.capture_jobs import PROBLEMS_TOLD, CaptureJobs, as_tree
from traceability.errors import Conflict, TooLarge
from traceability.ledger.jobs import Job
from traceability.scanning.twice import record_mark
from traceability.web import access
from traceability.web.background import Background
from traceability.web.reading import current

blueprint = Blueprint("capture", __name__)


@blueprint.url_value_preprocessor
def _widen(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    request.max_content_length = DOCUMENT_BYTES_MAX


@blueprint.post("/api/capture")
def capture() -> Response:
    """Append a list of events.

    200 with one answer for each element, even if some are refused; 202 with the address of its job
    if the list is a large document: it is stored then, and taken in beside other callers; 400 if it
    is no list of JSON; 409 if it was meant for another record than this one, by `Hangtag-Record`;
    413 if it is too large; 503 with Retry-After when nothing is durable.
    """
    meant = request.headers.get("Hangtag-Record")
    if meant:
        with current().look() as view:
            if meant != record_mark(view):
                raise Conflict("This was captured for another record: ask which one this is.")
    if (request.content_length or 0) > DOCUMENT_BYTES_MAX:
        raise TooLarge(
            f"Cannot take this document: expected at most {DOCUMENT_BYTES_MAX} bytes, "
            f"got {request.content_length}. Send it as several."
        )
    by = request.headers.get("X-Hangtag-Station") or request.remote_addr or "unknown"
    may_enter = access.role() == "admin"
    data = request.get_data()
    document = Document.cut(data)
    if not document.is_small:
        job = captures().keep(data, document, by=by, may_enter=may_enter)
        captures().begin()
        return _told(job, 202)
    read = read_capture(data, by=by, may_enter=may_enter)
    outcomes = current().ledger.append(read.drafts) if read.drafts else []
    return jsonify(read.answers(outcomes))


@blueprint.get("/api/capture/<int:number>")
def job(number: int) -> Response:
    """Say how far a large document is, and what was wrong with which of its events."""
    found = captures().jobs.find(number)
    if found is None:
        abort(404, f"No large document has the number {number}.")
    return _told(found, 200)


def _told(job: Job, status: int) -> Response:
    after = request.args.get("after", -1, type=int)
    problems = captures().jobs.problems(job.number, after=after, limit=PROBLEMS_TOLD + 1)
    here = url_for("capture.job", number=job.number)
    shown = problems[:PROBLEMS_TOLD]
    is_more = len(problems) > len(shown)
    response = jsonify(
        {
            **as_tree(job, shown),
            "job": here,
            "waits": waits(job),
            "more": f"{here}?after={shown[-1].element}" if is_more else None,
        }
    )
    response.status_code = status
    response.headers["Location"] = here
    return response


def waits(job: Job) -> str | None:
    """Return why a document does not go on, in a sentence; None if it does."""
    return (captures().trouble or current().ledger.problem or None) if job.is_open else None


def captures() -> CaptureJobs:
    """Return the large documents of this server's ledger."""
    return cast("Background", current_app.extensions["hangtag.background"]).captures
