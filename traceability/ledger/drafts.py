"""What somebody wants to write, and what became of it."""

from __future__ import annotations

import os
import secrets
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import msgspec

from traceability.epcis import body as bodies
from traceability.epcis.event import Event, event_body
from traceability.errors import InvalidEvent, Refused
from traceability.ledger.entry import SALT_SIZE, Kind, body_commitment, check_texts

IDENTIFIERS_MAX = 20_000
"""Identifiers in one event; a larger one is refused and its sender splits it."""
ID_SIZE_MAX = 512
"""Bytes of an event id."""

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
    document_hash: bytes | None = None
    """SHA-256 of the document it came in, if that is stored already (`ledger.jobs`)."""
    private: Mapping[str, str] = field(default_factory=dict)
    """Personal values by the name of their field. The body only commits to each, so that a value
    can be erased one day while every proof stays valid."""
    may_correct: bool = True
    """Whether this caller may declare wrong what another one captured."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
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
    master: Sequence[Mapping[str, Any]] = ()
    """Master data that is there from the first moment: ``{type, id, values}`` each."""
    private: Mapping[str, str] = field(default_factory=dict)
    """Personal values of that master data (see `Draft.private`)."""

    def draft(self) -> Draft:
        """Return the entry to write at position 0."""
        namespace = self.namespace or f"{secrets.token_hex(5)}.workshop.invalid"
        tree: dict[str, Any] = {
            "type": "opening",
            "name": self.name,
            "namespace": namespace,
            "demo": self.is_demo,
            "zone": self.zone,
            "language": self.language,
            "flow": self.flow,
        }
        if self.master:
            tree["master"] = list(self.master)
        return Draft("flow", f"opening:{namespace}", tree, private=self.private)


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A draft with everything computed that needs no lock.

    A struct, not a dataclass: a frozen dataclass of so many members takes 3 µs to make, as long as
    both hashes of an event.
    """

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
    private: tuple[tuple[str, bytes, str], ...] = ()
    """Field, salt, value of each personal value."""
    may_correct: bool = True

    def matches(self, commitment: bytes, salt: bytes, personal: Mapping[str, bytes]) -> bool:
        """Say whether a stored body says the same as this one.

        Args:
            commitment: What its entry commits to.
            salt: Its salt.
            personal: Salt of each personal value that is stored beside it, by field.
        """
        body = self.resealed(personal)
        return len(salt) == SALT_SIZE and body_commitment(salt, body) == commitment

    def resealed(self, personal: Mapping[str, bytes]) -> bytes:
        """Return the body with its personal values behind other salts.

        Those of a repeated draft are drawn anew: its bytes differ although it says the same.
        """
        if not self.private or personal.keys() != {name for name, _, _ in self.private}:
            return self.body
        sealed = {
            name: body_commitment(personal[name], value.encode()).hex()
            for name, _, value in self.private
        }
        return bodies.canonical({**self.tree, "private": sealed})


def prepare_all(drafts: Sequence[Draft]) -> list[Prepared]:
    """Spell out the bodies of many drafts, seal them, and find what would refuse each."""
    salts = os.urandom(SALT_SIZE * len(drafts))  # asked of the system once
    return [
        _prepare(draft, salts[at : at + SALT_SIZE])
        for draft, at in zip(drafts, range(0, len(salts), SALT_SIZE), strict=True)
    ]


def prepare(draft: Draft) -> Prepared:
    """Spell out a draft's body, seal it, and find what would refuse it."""
    return _prepare(draft, os.urandom(SALT_SIZE))


def _prepare(draft: Draft, salt: bytes) -> Prepared:
    problem = None
    data = b""
    event = draft.event
    tree: Mapping[str, Any] = draft.tree
    private: tuple[tuple[str, bytes, str], ...] = ()
    try:
        if draft.private:
            tree, private = _seal(draft)
        data = bodies.canonical(tree) if event is None else event_body(tree)
        _check(draft, data)
    except (InvalidEvent, Refused) as error:
        problem = str(error)
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        # No JSON at all: somebody's mistake in Python, but not his neighbours'.
        problem = f"Cannot enter {draft.id[:60]!a}: expected a body of JSON values ({error})."
    declared_at = event.error.declared_at if event is not None and event.error else 0
    document = draft.document
    return Prepared(
        "declaration" if declared_at else draft.kind,
        draft.id,
        declared_at,
        event.event_time if event is not None else time.time_ns() // 1000,
        tree,
        event,
        draft.by,
        draft.run,
        data,
        salt,
        sha256(salt + data).digest(),
        sha256(document).digest() if document is not None else draft.document_hash,
        zlib.compress(document) if document is not None else None,
        problem,
        private,
        draft.may_correct,
    )


def _seal(draft: Draft) -> tuple[Mapping[str, Any], tuple[tuple[str, bytes, str], ...]]:
    """Put commitments into the body in the place of personal values."""
    rows = tuple(
        (field_name, os.urandom(SALT_SIZE), value) for field_name, value in draft.private.items()
    )
    sealed = {name: body_commitment(salt, value.encode()).hex() for name, salt, value in rows}
    return {**draft.tree, "private": sealed}, rows


def _check(draft: Draft, data: bytes) -> None:
    size = len(draft.id.encode())
    if not 0 < size <= ID_SIZE_MAX:
        raise Refused(
            f"Cannot enter {draft.id[:60]!r}: expected an id of 1 to {ID_SIZE_MAX} bytes, "
            f"got {size}."
        )
    check_texts(draft.id, draft.by, draft.run)
    # A longer one could be stored and never be read again: prefixes grow when they are spelled out.
    if len(data) > bodies.SIZE_MAX:
        raise Refused(
            f"Cannot enter {draft.id[:60]!a}: expected a body of at most {bodies.SIZE_MAX} bytes, "
            f"got {len(data)}."
        )
    if any("\0" in value for value in draft.private.values()):
        raise Refused(f"Cannot enter {draft.id[:60]!a}: expected values without U+0000.")
    event = draft.event
    if event is None:
        if draft.kind in ("event", "declaration"):
            raise Refused(f"Cannot enter {draft.id[:60]!r}: an event is missing.")
        return
    if len(data) < IDENTIFIERS_MAX:  # each takes more than a byte
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
