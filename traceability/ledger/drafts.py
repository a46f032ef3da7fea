"""What somebody wants to write, and what became of it."""

from __future__ import annotations

import os
import secrets
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from traceability.epcis import body as bodies
from traceability.epcis.event import Event, event_body
from traceability.errors import InvalidEvent, Refused
from traceability.ledger.entry import SALT_SIZE, Kind, body_commitment

IDENTIFIERS_MAX = 20_000
"""Identifiers in one event; a larger one is refused and its sender splits it."""

Status = Literal["accepted", "duplicate", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Draft:
    """One fact on its way into the ledger."""

    kind: Kind
    id: str
    """Event id; for other kinds any name that is used once."""
    tree: Mapping[str, Any]
    """The body as JSON with exact numbers (``epcis.body``)."""
    event: Event | None = None
    """The same, understood; for events and declarations."""
    by: str = "server"
    run: tuple[str, int, int] | None = None
    """Station, epoch, counter from 1."""
    document: bytes | None = None
    """What the sender sent, if it is not the body."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a draft."""

    id: str
    status: Status
    position: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Opening:
    """The first entry of a ledger: whose it is, and by which flow it works."""

    flow: str
    """Text of the flow file."""
    name: str = "Workshop"
    namespace: str = ""
    """Host name of the workshop's own labels; empty: a random one is drawn."""
    is_demo: bool = False
    zone: str = "UTC"
    language: str = "en"

    def draft(self) -> Draft:
        """Return the entry to write at position 0."""
        namespace = self.namespace or f"{secrets.token_hex(5)}.workshop.invalid"
        tree = {
            "type": "opening",
            "name": self.name,
            "namespace": namespace,
            "demo": self.is_demo,
            "zone": self.zone,
            "language": self.language,
            "flow": self.flow,
        }
        return Draft("flow", f"opening:{namespace}", tree)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft with everything computed that needs no lock."""

    kind: Kind
    id: str
    declared_at: int
    """µs; 0 unless it is a declaration."""
    at: int
    tree: Mapping[str, Any]
    event: Event | None
    by: str
    run: tuple[str, int, int] | None
    body: bytes
    salt: bytes
    commitment: bytes
    document_hash: bytes | None
    document_deflated: bytes | None
    problem: str | None

    def matches(self, commitment: bytes, salt: bytes) -> bool:
        """Say whether a stored body, known by its commitment, has the same bytes as this one."""
        return len(salt) == SALT_SIZE and body_commitment(salt, self.body) == commitment


def prepare(draft: Draft) -> Prepared:
    """Spell out a draft's body, seal it, and find what would refuse it."""
    problem = None
    data = b""
    try:
        data = bodies.canonical(draft.tree) if draft.event is None else event_body(draft.tree)
        _check(draft)
    except (InvalidEvent, Refused) as error:
        problem = str(error)
    event = draft.event
    declared_at = event.error.declared_at if event is not None and event.error else 0
    salt = os.urandom(SALT_SIZE)
    document = draft.document
    return Prepared(
        kind="declaration" if declared_at else draft.kind,
        id=draft.id,
        declared_at=declared_at,
        at=event.event_time if event is not None else time.time_ns() // 1000,
        tree=draft.tree,
        event=event,
        by=draft.by,
        run=draft.run,
        body=data,
        salt=salt,
        commitment=body_commitment(salt, data),
        document_hash=sha256(document).digest() if document is not None else None,
        document_deflated=zlib.compress(document) if document is not None else None,
        problem=problem,
    )


def _check(draft: Draft) -> None:
    if not draft.id or len(draft.id.encode()) > 512:
        raise Refused(
            f"Cannot enter {draft.id[:60]!r}: expected an id of 1 to 512 bytes, "
            f"got {len(draft.id.encode())}."
        )
    event = draft.event
    if event is None:
        if draft.kind in ("event", "declaration"):
            raise Refused(f"Cannot enter {draft.id[:60]!r}: an event is missing.")
        return
    count = (
        len(event.epcs)
        + len(event.quantities)
        + len(event.children)
        + len(event.child_quantities)
        + len(event.inputs)
        + len(event.input_quantities)
        + len(event.outputs)
        + len(event.output_quantities)
    )
    if count > IDENTIFIERS_MAX:
        raise Refused(
            f"Cannot enter {draft.id[:60]!r}: expected at most {IDENTIFIERS_MAX} identifiers "
            f"in one event, got {count}."
        )
