"""What a browser keeps of what it delivered, sealed, and hands back when the record was restored.

A scan means what it meant when it was made: which roll was open, what the code was then. So not the
scan is kept but the entries that it became, with a seal that only the workshop can make; whoever
holds the device can give them back, and change nothing in them. The key of that seal lies in the
workshop's folder and, in the clear, in its backups: it opens nothing, and must come back even where
nobody has the recovery code any more.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, current_app, jsonify, request

from traceability.capture import COUNTER_MAX
from traceability.epcis import body as bodies
from traceability.epcis.event import read_event
from traceability.errors import InvalidEvent, Refused, TraceabilityError
from traceability.factory.covering import covered
from traceability.factory.declared import news
from traceability.ledger.append import Draft, Ledger, Outcome
from traceability.ledger.entry import Entry
from traceability.projections.view import View
from traceability.scanning.twice import entry_at, tree_at
from traceability.web import access
from traceability.web.access import allow
from traceability.web.reading import current
from traceability.web.settings import Settings

__all__ = ["Listening", "back_of", "backs", "blueprint", "enter_again"]

blueprint = Blueprint("handback", __name__)

KEY_FILE = "handback.key"
KEY_SIZE = 32
ITEMS_MAX = 100
TOGETHER_MAX = 10
"""Entries that one scan may have become."""
KINDS = ("event", "declaration", "master", "gap")
"""What a scan may have become; no key, flow or hold comes back this way."""
_PURPOSE = b"hangtag handback 1\n"


@dataclass(slots=True)
class Listening:
    """A ledger that remembers what one request has written."""

    ledger: Ledger
    written: list[tuple[Sequence[Draft], Sequence[Outcome]]] = field(default_factory=list)

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Append, and remember it."""
        outcomes = self.ledger.append(drafts)
        self.written.append((drafts, outcomes))
        return outcomes

    def __getattr__(self, name: str) -> Any:  # whatever else a ledger has
        return getattr(self.ledger, name)


def backs(heard: Listening) -> dict[str, dict[str, str]]:
    """Return what the request's sender should keep, by the id of the event it wrote.

    Each is ``{"d": entries as JSON, "s": seal}``. Names of people stay out: a device must not
    keep what may have to be erased.
    """
    found = {}
    for drafts, outcomes in heard.written:
        if not drafts or not all(one.status in ("accepted", "duplicate") for one in outcomes):
            continue
        sealed = _sealed(
            [
                _listed("declaration" if _is_declaration(one) else one.kind, one, one.tree)
                for one in drafts
            ]
        )
        for outcome in outcomes:
            found[outcome.id] = sealed
    return found


def back_of(view: View, position: int) -> dict[str, str] | None:
    """Return the same for a scan that the record had already: from what it says there.

    What was written with a scan, such as what its code is, stands right before it: entries of one
    transaction are a microsecond apart.
    """
    found: list[dict[str, Any]] = []
    later: Entry | None = None
    while len(found) < TOGETHER_MAX and (entry := entry_at(view, position)) is not None:
        is_first = later is None
        if later is not None:
            is_with = entry.kind == "master" and entry.record == later.record - 1
            if not is_with or entry.by != later.by:
                break
        tree = tree_at(view, position)
        if not tree or (is_first and entry.kind != "event"):
            return None
        found.insert(0, _listed(entry.kind, entry, tree))
        later, position = entry, position - 1
    return _sealed(found) if found else None


def _listed(kind: str, one: Draft | Entry, tree: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": one.id,
        "tree": {name: each for name, each in tree.items() if name != "private"},
        "by": one.by,
        "run": list(one.run) if one.run else None,
    }


def _sealed(listed: list[dict[str, Any]]) -> dict[str, str]:
    text = bodies.canonical({"v": 1, "entries": listed}).decode()
    return {"d": text, "s": _seal(text)}


def _is_declaration(draft: Draft) -> bool:
    return draft.event is not None and draft.event.error is not None


def _seal(text: str) -> str:
    return hmac.digest(_key(), text.encode(), sha256).hex()


def _key() -> bytes:
    extensions = current_app.extensions
    known = extensions.get("hangtag.handback")
    if known is None:
        factory = extensions.get("hangtag.factory")
        settings: Settings = extensions["hangtag.settings"]
        known = (
            _kept(factory.folder / KEY_FILE)
            if factory is not None
            else hmac.digest(settings.secret.encode(), _PURPOSE, sha256)
        )
        extensions["hangtag.handback"] = known
    return cast("bytes", known)


def _kept(path: Path) -> bytes:
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(KEY_SIZE).encode())
        found = path.read_bytes().strip()
    except OSError as error:
        raise Refused(f"Cannot keep {path}: {error.strerror}.") from error
    if len(found) != 2 * KEY_SIZE:
        raise Refused(f"{path} is not what Hangtag wrote: move it away, and it makes another.")
    return hmac.digest(found, _PURPOSE, sha256)


def enter_again(ledger: Ledger, items: Sequence[object]) -> list[dict[str, Any]]:
    """Enter again what devices kept; what the record has already is answered as it was.

    Args:
        ledger: The record.
        items: ``{"d", "s"}`` each, in the order in which they were delivered once.

    Returns:
        ``{"status", "position", "problem"}`` for each: accepted, duplicate or refused.
    """
    found: list[dict[str, Any]] = []
    for item in items:
        try:
            outcomes = ledger.append(_drafts(item))
        except TraceabilityError as error:
            if not isinstance(error, (InvalidEvent, Refused)):
                raise
            found.append({"status": "refused", "position": None, "problem": str(error)})
            continue
        last = outcomes[-1]
        wrong = next((one for one in outcomes if one.status == "refused"), None)
        is_new = any(one.status == "accepted" for one in outcomes)
        status = "refused" if wrong else "accepted" if is_new else "duplicate"
        problem = wrong.problem if wrong else None
        found.append({"status": status, "position": last.position, "problem": problem})
    return found


def _drafts(item: object) -> list[Draft]:
    text = item.get("d") if isinstance(item, Mapping) else None
    seal = item.get("s") if isinstance(item, Mapping) else None
    if not isinstance(text, str) or not isinstance(seal, str) or not text:
        raise InvalidEvent("Cannot take this back: expected entries and their seal.")
    if not hmac.compare_digest(_seal(text), seal.encode("ascii", "replace").decode()):
        raise Refused("This was not kept for this workshop, or it was changed since.")
    tree = bodies.parse(text.encode(), size_max=len(text.encode()) + 1, depth_max=40)
    listed = tree.get("entries") if isinstance(tree, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise InvalidEvent("Cannot take this back: expected a list of entries.")
    return [_draft(cast("Mapping[str, Any]", one)) for one in listed]


def _draft(one: Mapping[str, Any]) -> Draft:
    # The seal says that these are our own words: what is checked here is only their kind.
    kind, tree, run = one["kind"], one["tree"], one["run"]
    if kind not in KINDS:
        raise Refused(f"No entry of kind {kind!r} is handed back.")
    event = read_event(tree) if kind in ("event", "declaration") else None
    counted = (str(run[0]), int(run[1]), int(run[2])) if run else None
    return Draft(kind, str(one["id"]), tree, event, str(one["by"]), counted)


@blueprint.get("/api/covered")
@allow("device")
def how_far() -> Response:
    """Say how much of the record a backup on another disk holds, and whether it was restored."""
    with current().look() as view:
        return jsonify(covered(view, current_app.extensions.get("hangtag.factory")).tree())


@blueprint.post("/api/covered")
@allow("device")
def hear_of_more() -> Response:
    """Hear from a station which position it had been given by the record before a restore."""
    tree = request.get_json(silent=True)
    hear_news(tree if isinstance(tree, dict) else {})
    return jsonify({"ok": True})


def hear_news(tree: Mapping[str, Any]) -> None:
    """Enter that the record was longer than its backup, if somebody says so who must know.

    Args:
        tree: ``{"name", "reached", "life"}``: who, the position, and in which life of the record.
    """
    name, reached, life = tree.get("name"), tree.get("reached"), tree.get("life")
    if not isinstance(name, str) or type(reached) is not int or not isinstance(life, str):
        return
    with current().look() as view:
        now = covered(view, None)
    if name and 0 <= reached < COUNTER_MAX and life != now.life and access.role():
        news(cast("Ledger", current().ledger), name, reached)
