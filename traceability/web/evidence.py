"""All that the record holds of one thing, as a file for whoever has no Hangtag."""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, abort, send_file
from flask.blueprints import BlueprintSetupState

from traceability.errors import TraceabilityError
from traceability.ledger.proof.evidence import write_evidence
from traceability.projections.items import find_items
from traceability.web import access
from traceability.web.items import key_of_path
from traceability.web.reading import current
from traceability.web.telling import item_path

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

blueprint = Blueprint("evidence", __name__)

BUNDLE = "evidence.bundle"
ENTRIES_MAX = 10_000
"""Entries of a bundle that somebody waits for in a browser: some ten seconds."""
IN_MEMORY_MAX = 8 * 1024 * 1024
"""Bytes of a bundle that never touch the disk."""


@blueprint.get("/items/<path:path>/evidence.zip", merge_slashes=False)
def bundle(path: str) -> Response:
    """Write the bundle; witnesses are not asked, which could take as long as they like."""
    key = key_of_path(path)
    with current().look() as view:
        if key not in find_items(view, [key]):
            abort(404)
    # Given to the response, which closes it when the last byte is out.
    out = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX)  # noqa: SIM115
    try:
        write_evidence(cast("Ledger", current().ledger), key, out, asks=False, most=ENTRIES_MAX)
    except TraceabilityError:
        out.close()
        raise
    out.seek(0)
    name = re.sub(r"[^0-9A-Za-z.-]+", "-", key).strip("-.")[-80:] or "thing"
    return send_file(
        out,
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"evidence-{name}.zip",
        max_age=0,
    )


def evidence_url(key: str) -> str:
    """Return where the bundle about a thing is; empty for whoever may not have it."""
    if not access.opens(BUNDLE):
        return ""
    return f"{item_path(key)}/evidence.zip"


@blueprint.record_once
def _offer(state: BlueprintSetupState) -> None:
    cast("Flask", state.app).jinja_env.globals["evidence_url"] = evidence_url
