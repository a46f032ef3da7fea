"""Large documents on their way into the record: how far each is, and what was wrong with it."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from traceability.capture_jobs import PROBLEMS_TOLD
from traceability.web.capture import captures, waits

blueprint = Blueprint("captures", __name__)

SHOWN = 50


@blueprint.get("/captures")
def show_all() -> str:
    """List the documents, the newest first."""
    before = request.args.get("before", type=int)
    found = captures().jobs.newest(SHOWN + 1, before)
    older = found[SHOWN - 1].number if len(found) > SHOWN else None
    return render_template("captures.html", jobs=found[:SHOWN], older=older)


@blueprint.get("/captures/<int:number>")
def show(number: int) -> str:
    """Show one document: it looks again by itself until all of it is taken in."""
    job = captures().jobs.find(number)
    if job is None:
        abort(404)
    after = request.args.get("after", -1, type=int)
    problems = captures().jobs.problems(number, after=after, limit=PROBLEMS_TOLD + 1)
    return render_template(
        "capture_job.html",
        job=job,
        waits=waits(job),
        problems=problems[:PROBLEMS_TOLD],
        more=problems[PROBLEMS_TOLD - 1].element if len(problems) > PROBLEMS_TOLD else None,
    )
