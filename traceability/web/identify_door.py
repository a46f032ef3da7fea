"""The door for programs that ask what codes stand for: one, or many as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from traceability.errors import Refused
from traceability.gs1.commands import answer
from traceability.gs1.identify import FORMS
from traceability.projections.items import find_items
from traceability.projections.search import ENTERED, find_keys, is_known
from traceability.projections.view import View
from traceability.projections.world import BEGUN, HELD
from traceability.web import access
from traceability.web.reading import current
from traceability.web.telling import item_path
from traceability.web.trouble import problem

blueprint = Blueprint("identify_door", __name__)

BODY_BYTES_MAX = 16 << 20
"""Longest list of codes that is taken at once."""
CODES_MAX = 200_000
BATCH = 500
"""Codes that are looked up together."""


@blueprint.get("/api/identify")
def api_identify() -> Response:
    """Say what a text stands for, as `hangtag identify` does, and whether it is known here."""
    text = request.args.get("text") or request.args.get("code") or ""
    form, fnc1, bits = _asked()
    if not text:
        raise Refused("Cannot identify: expected ?text= with a code, got nothing.")
    with current().look() as view:
        said = answer(text, form=form, fnc1=fnc1, namespace=view.namespace, bits=bits)
        tree = json.loads(said.text)
        key = tree.get("key")
        known = [key] if key is not None and is_known(view, key) else find_keys(view, text)
        _add_known(view, tree, known)
        response = jsonify(tree)
        response.status_code = 200 if said.is_good or known else 422
        return response


@blueprint.post("/api/identify")
@access.reads
def api_identify_many() -> Response:
    """Say what many texts stand for: lines of text or a JSON list in, JSON lines out."""
    form, fnc1, bits = _asked()
    size = request.content_length
    if size is not None and size > BODY_BYTES_MAX:
        return _too_much(f"{size} bytes")
    body = request.stream.read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        return _too_much("more")
    texts = _texts(body)
    if len(texts) > CODES_MAX:
        return _too_much(f"{len(texts)} codes", f"{CODES_MAX} codes")

    def lines() -> Iterator[str]:
        for start in range(0, len(texts), BATCH):
            some = texts[start : start + BATCH]
            with reading.look() as view:
                yield from _answers(view, some, form, fnc1, bits)

    reading = current()
    return Response(lines(), mimetype="application/jsonl")


def _asked() -> tuple[str, str | None, bool]:
    form = request.args.get("as", "auto")
    if form not in FORMS:
        raise Refused(f"Cannot identify as {form!r}: expected one of {', '.join(FORMS)}.")
    fnc1 = request.args.get("fnc1")
    if fnc1 is not None and len(fnc1) != 1:
        raise Refused(f"Cannot use {fnc1!r} as FNC1: expected one character.")
    return form, fnc1, request.args.get("bits", "") not in ("", "0")


def _too_much(got: str, most: str = f"{BODY_BYTES_MAX} bytes") -> Response:
    return problem(
        413,
        "Too much at once",
        f"Cannot identify so many codes at once: expected at most {most}, got {got}; "
        "send them in parts.",
    )


def _texts(body: bytes) -> list[str]:
    """Return the codes of a body: a JSON list of texts, or one code a line."""
    if request.mimetype == "application/json":
        try:
            given = json.loads(body)
        except ValueError as error:
            raise Refused(f"Cannot read the list of codes: it is no JSON ({error}).") from error
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise Refused("Cannot read the list of codes: expected a JSON list of texts.")
        return given
    lines = body.decode("utf-8", "backslashreplace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.rstrip("\r") for line in lines]


def _answers(
    view: View, texts: Sequence[str], form: str, fnc1: str | None, bits: bool
) -> Iterator[str]:
    """Yield an output line for each text; what is known is asked for all of them together."""
    trees: list[dict[str, Any]] = [
        json.loads(answer(text, form=form, fnc1=fnc1, namespace=view.namespace, bits=bits).text)
        for text in texts
    ]
    keys = list(dict.fromkeys(tree["key"] for tree in trees if tree.get("key")))
    met = find_items(view, keys)
    known = {key for key in keys if key in met and met[key].flags & (BEGUN | HELD)}
    known |= {key for kind in ENTERED for key in view.master(kind, keys)}
    labels = view.labels(sorted(known))
    for tree in trees:
        key = tree.get("key")
        _add_known(view, tree, [key] if key in labels and key in known else [], labels)
        yield _ENCODER.encode(tree) + "\n"


def _add_known(
    view: View, tree: dict[str, Any], keys: Sequence[str], labels: dict[str, Any] | None = None
) -> None:
    """Add to an answer which things of the workshop it names."""
    names = view.labels(keys) if labels is None else labels
    tree["known"] = bool(keys)
    tree["matches"] = [
        {"key": key, "name": str(names[key]), "href": item_path(key)} for key in keys if key
    ]


_ENCODER = json.JSONEncoder(separators=(",", ":"))
