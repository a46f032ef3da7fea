"""Readers without a plug: phones, keyboard scanners and keys, each with a name in every event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from traceability.epcis import body as bodies
from traceability.epcis.vocabulary import BY, READER
from traceability.errors import TraceabilityError
from traceability.ledger import history
from traceability.projections import keys
from traceability.projections.view import View
from traceability.scanning.desk import browser_name
from traceability.web.clock import now
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.words import titled

SHOWN_MAX = 24
WAYS: dict[str, LazyString] = {
    "scanner": lazy_gettext("scanned at %(reader)s"),
    "camera": lazy_gettext("seen by the camera of %(reader)s"),
    "typed": lazy_gettext("typed at %(reader)s"),
    "tap": lazy_gettext("touched at %(reader)s"),
    "": lazy_gettext("read by %(reader)s"),
}
"""How a thing was read → a sentence with the reader's name."""
_LINK = re.compile(r"[0-9a-f]{20}")


@dataclass(frozen=True, slots=True)
class HandReader:
    """A device in somebody's hand, or on a table."""

    name: str
    """As it stands in every event."""
    stage: str
    """The step that its link is for; empty where each browser chooses."""
    is_linked: bool
    scans: int
    last_at: datetime | None
    """When it last scanned; None: not yet."""


def read_with(reader: str, way: str) -> str:
    """Say which reader read a thing, and how; empty where the event does not say."""
    return str(WAYS.get(way, WAYS[""])) % {"reader": reader} if reader else ""


def reader_of(stored: bytes | None) -> str:
    """Say which reader an entry comes from; empty where it says none."""
    try:
        tree = bodies.parse(stored) if stored is not None else None
    except TraceabilityError:  # the page shows such a body as it stands
        return ""
    if not isinstance(tree, Mapping):
        return ""
    return read_with(str(tree.get(READER, "")), str(tree.get(BY, "")))


def hand_readers(view: View) -> list[HandReader]:
    """Return every phone with a link and every browser that has scanned, the latest first."""
    counts: dict[str, int] = {}
    last: dict[str, datetime] = {}
    for run in history.runs(view.connection, view.ledger_id):
        link = run.station.partition(".")[0]
        name = link if _LINK.fullmatch(link) else browser_name(run.station)
        if name:
            counts[name] = counts.get(name, 0) + run.accepted
            last[name] = max(last.get(name, run.seen_at), run.seen_at)
    stages = {stage.name: titled(stage) for stage in view.flow.stages}
    found = []
    for key in keys.keys(view):
        scans, last_at = counts.pop(key.id, 0), last.get(key.id)
        if key.kind == "device" and key.state(now()) == "open":
            stage = stages.get(key.stage, key.stage)
            found.append(HandReader(key.title, stage, True, scans, last_at))
    for name, scans in counts.items():
        if not _LINK.fullmatch(name):
            found.append(HandReader(name, _("chosen on its page"), False, scans, last[name]))
    found.sort(key=lambda one: one.last_at.timestamp() if one.last_at else 0.0, reverse=True)
    return found[:SHOWN_MAX]
