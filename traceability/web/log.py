"""The record as a log in tiles, for other people's programs: auditors, monitors, witnesses.

Source: C2SP tlog-tiles, section "APIs".
"""

from __future__ import annotations

import gzip
import json

from flask import Blueprint, Response, abort, request

from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.ledger.proof.checkpoint import decimal
from traceability.ledger.proof.signing import LogSigner, latest_note
from traceability.ledger.proof.tile_export import read_body, read_bundle, read_tile
from traceability.ledger.tiles import WIDTH, parse_tile_path
from traceability.web.reading import current

blueprint = Blueprint("log", __name__)

FOR_EVER = "private, max-age=31536000, immutable"
"""A full tile never changes. Private: the address opens to whoever holds a link, nobody else."""
SHORT = "private, max-age=60"
"""A partial tile does not change either, but gives way to the full one."""
MOMENT = "private, max-age=1"
"""A size is signed at most once a second."""


@blueprint.get("/log/<ledger>/checkpoint")
def checkpoint(ledger: str) -> Response:
    """Give the newest signed size, with its witnesses' signatures; sign if none was yet."""
    book = _book(ledger)
    with current().look() as view:
        note = latest_note(view.connection, view.ledger_id)
    if note is None:
        note = LogSigner(book).sign()
    return _answer(note, "text/plain; charset=utf-8", MOMENT)


@blueprint.get("/log/<ledger>/tile/<path:rest>")
def tile(ledger: str, rest: str) -> Response:
    """Give a tile of the tree, or a bundle of entries."""
    _book(ledger)
    try:
        name = parse_tile_path(f"tile/{rest}")
    except Refused:
        abort(404)
    with current().look() as view:
        read = read_bundle if name.level is None else read_tile
        data = read(view.connection, view.ledger_id, name, view.size)
    if data is None:
        abort(404)
    answer = _answer(data, "application/octet-stream", FOR_EVER if name.width == WIDTH else SHORT)
    # Hashes do not get smaller; entries do, to a third.
    if name.level is None and request.accept_encodings["gzip"]:
        answer.set_data(gzip.compress(data, compresslevel=5, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    if name.level is None:
        answer.vary.add("Accept-Encoding")
    return answer


@blueprint.get("/log/<ledger>/body/<position>")
def body(ledger: str, position: str) -> Response:
    """Give what was said in an entry, with the salt of its commitment; 410 if it was erased."""
    _book(ledger)
    at = decimal(position)
    if at is None:
        abort(404)
    with current().look() as view:
        found = read_body(view.connection, view.ledger_id, at)
    if found is None:
        abort(404)
    if found.erased_by is not None:
        problem = {
            "type": "about:blank",
            "title": "Erased",
            "status": 410,
            "detail": f"The body of entry {at} was erased by entry {found.erased_by}.",
        } | found.tree()
        text = json.dumps(problem, ensure_ascii=False).encode()
        return _answer(text, "application/problem+json", "no-store", status=410)
    # Not for ever: it may be erased one day.
    return _answer(json.dumps(found.tree()).encode(), "application/json", "private, no-cache")


def _book(name: str) -> Ledger:
    book = current().ledger
    if not isinstance(book, Ledger) or book.name != name:
        abort(404)
    return book


def _answer(data: bytes, media_type: str, caching: str, *, status: int = 200) -> Response:
    return Response(
        data, status=status, content_type=media_type, headers={"Cache-Control": caching}
    )
