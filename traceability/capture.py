"""The way in: what stations and scripts send becomes drafts, each judged on its own.

An element of the list is an EPCIS event, or one of

    {"event": {…}, "run": [station, epoch, counter]}     an event that a station counted
    {"gap": {…}, "id": …, "run": […]}                    a time in which a line was silent
    {"master": {…}}, {"hold": {…}}                       what people enter (staff only)

A bad element is refused with its sentence and costs its neighbours nothing. An event without an id
gets one out of the document it came in and its place there: sent again, it is the same event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec

from traceability.epcis import body
from traceability.epcis.event import read_event
from traceability.epcis.event_ids import document_event_id
from traceability.epcis.event_time import parse_time
from traceability.errors import InvalidEvent, Refused, TooLarge, TraceabilityError
from traceability.ledger.drafts import Draft, Outcome
from traceability.ledger.entry import Kind

LIST_DEPTH = 34
"""A list of wrapped events is two levels deeper than an event."""
BYTES_MAX = 16 * 1024 * 1024
ELEMENTS_MAX = 1_000
"""A list up to this is read and appended while its sender waits: one slice of the turnstile."""
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
DOCUMENT_ELEMENTS_MAX = 100_000
"""A larger document is several: its sender cuts it apart."""
COUNTER_MAX = 2**63 - 1

MASTER_TYPES = (
    "product",
    "place",
    "party",
    "person",
    "order",
    "ticket",
    "roll",
    "carton",
    "alias",
    "stray",
    "expected",
    "headings",
    "prefix",
    "printer",
)
"""What may be entered from outside; the workshop's own settings and keys have doors of theirs."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who captures, what he may, and what the elements came in."""

    by: str
    may_enter: bool
    document: bytes
    """SHA-256 of all that was sent."""
    is_kept: bool = False
    """Whether the document is stored, so that entries may name it."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A list as it was sent: drafts where an element can be understood, else its refusal."""

    elements: list[Draft | Outcome]

    @property
    def drafts(self) -> list[Draft]:
        """Return what can be appended, in order."""
        return [one for one in self.elements if isinstance(one, Draft)]

    def joined(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Join the ledger's outcomes with the refusals, in the order of the list."""
        taken = iter(outcomes)
        return [next(taken) if isinstance(one, Draft) else one for one in self.elements]

    def answers(self, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        """Return what became of each element, as JSON."""
        return [
            {"id": one.id, "status": one.status, "position": one.position, "problem": one.problem}
            for one in self.joined(outcomes)
        ]


def read_capture(data: bytes, *, by: str, may_enter: bool) -> Capture:
    """Read the body of a capture request.

    Args:
        data: JSON, a list of elements.
        by: Who captures: a station's name, a user, a host.
        may_enter: Whether master data and holds are taken from this sender, and declarations that
            events which others captured were wrong.

    Raises:
        InvalidEvent: If it is not a JSON list at all.
    """
    tree = body.parse(data, size_max=BYTES_MAX, depth_max=LIST_DEPTH)
    if isinstance(tree, Mapping):
        tree = [tree]
    if not isinstance(tree, list):
        raise InvalidEvent(
            f"Cannot take this capture: expected a list of events, got {type(tree).__name__}."
        )
    if len(tree) > ELEMENTS_MAX:
        raise InvalidEvent(
            f"Cannot take this capture: expected at most {ELEMENTS_MAX} elements, got {len(tree)}."
        )
    sender = _Sender(by, may_enter, sha256(data).digest())
    return Capture([_element(one, at, sender) for at, one in enumerate(tree)])


@dataclass(frozen=True, slots=True)
class Document:
    """A list as it was sent, cut into its elements; none of them is read yet."""

    sha256: bytes
    size: int
    """Bytes."""
    elements: Sequence[msgspec.Raw]

    @classmethod
    def cut(cls, data: bytes) -> Document:
        """Cut a document apart; its elements share its bytes.

        Raises:
            TooLarge: If it has more bytes or elements than one document may have.
            InvalidEvent: If it is no list of JSON.
        """
        if len(data) > DOCUMENT_BYTES_MAX:
            raise TooLarge(
                f"Cannot take this document: expected at most {DOCUMENT_BYTES_MAX} bytes, "
                f"got {len(data)}. Send it as several."
            )
        try:
            elements = _CUTTER.decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            tree = body.parse(data, size_max=DOCUMENT_BYTES_MAX, depth_max=LIST_DEPTH)
            if not isinstance(tree, Mapping):
                raise InvalidEvent(
                    "Cannot take this capture: expected a list of events, "
                    f"got {type(tree).__name__}."
                ) from error
            elements = [msgspec.Raw(data)]
        if len(elements) > DOCUMENT_ELEMENTS_MAX:
            raise TooLarge(
                f"Cannot take this document: expected at most {DOCUMENT_ELEMENTS_MAX} events, "
                f"got {len(elements)}. Send it as several."
            )
        return cls(sha256(data).digest(), len(data), elements)

    @property
    def is_small(self) -> bool:
        """Say whether it is taken in while its sender waits."""
        return len(self) <= ELEMENTS_MAX and self.size <= BYTES_MAX

    def read(self, first: int, last: int, *, by: str, may_enter: bool) -> Capture:
        """Read the elements from one place up to another; the document is stored already.

        Each is read on its own: bytes that mean nothing cost one element.
        """
        sender = _Sender(by, may_enter, self.sha256, is_kept=True)
        return Capture(
            [_raw(self.elements[at], at, sender) for at in range(first, min(last, len(self)))]
        )

    def __len__(self) -> int:
        return len(self.elements)


_CUTTER = msgspec.json.Decoder(list[msgspec.Raw])


def _raw(element: msgspec.Raw, at: int, sender: _Sender) -> Draft | Outcome:
    try:
        tree = body.parse(bytes(element), size_max=BYTES_MAX, depth_max=LIST_DEPTH - 1)
    except InvalidEvent as error:
        return Outcome("", "refused", None, str(error))
    return _element(tree, at, sender)


def _element(element: object, at: int, sender: _Sender) -> Draft | Outcome:
    try:
        if not isinstance(element, Mapping):
            raise InvalidEvent(
                f"Cannot take {str(element)[:60]!r}: expected an event, "
                f"got {type(element).__name__}."
            )
        return _draft(element, at, sender)
    except TraceabilityError as error:
        return Outcome(_name(element), "refused", None, str(error))


def _name(element: object) -> str:
    if isinstance(element, Mapping):
        for one in (element, element.get("event")):
            if isinstance(one, Mapping):
                for member in ("eventID", "id"):
                    if isinstance(one.get(member), str):
                        return str(one[member])[:512]
    return ""


def _draft(element: Mapping[str, Any], at: int, sender: _Sender) -> Draft:
    run = _run(element.get("run"))
    by = run[0] if run is not None else sender.by
    document = sender.document if sender.is_kept else None
    if "gap" in element:
        return _gap(_object(element, "gap"), element.get("id"), by, run, document)
    if "master" in element or "hold" in element:
        if not sender.may_enter:
            raise Refused("Master data and holds are entered by staff, not captured by stations.")
        member = "master" if "master" in element else "hold"
        return _entered(_object(element, member), member, by, document, at)
    tree = _object(element, "event") if "event" in element else element
    if "eventID" not in tree:
        tree = {**tree, "eventID": document_event_id(_time(tree), sender.document, at)}
    event = read_event(tree)
    kind: Kind = "declaration" if event.error is not None else "event"
    return Draft(
        kind,
        event.event_id,
        tree,
        event,
        by,
        run,
        document_hash=document,
        may_correct=sender.may_enter,
    )


def _time(tree: Mapping[str, Any]) -> int:
    """Return when an event says that it was; one that cannot be read is refused in a moment."""
    try:
        return parse_time(tree["eventTime"])
    except (KeyError, TypeError, ValueError):
        return 0


def _object(element: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    found = element[member]
    if not isinstance(found, Mapping):
        raise InvalidEvent(
            f"Cannot take {member!r}: expected an object, got {type(found).__name__}."
        )
    return found


def _run(given: object) -> tuple[str, int, int] | None:
    if given is None:
        return None
    if (
        isinstance(given, Sequence)
        and len(given) == 3
        and isinstance(given[0], str)
        and all(type(one) is int and 0 <= one <= COUNTER_MAX for one in given[1:])
    ):
        return given[0], given[1], given[2]
    raise InvalidEvent(
        f"Cannot read run {given!r}: expected [station, epoch, counter] with whole numbers."
    )


def _gap(
    tree: Mapping[str, Any],
    given: object,
    by: str,
    run: tuple[str, int, int] | None,
    document: bytes | None,
) -> Draft:
    for member in ("reader", "station", "from", "to", "reason"):
        if not isinstance(tree.get(member), str):
            raise InvalidEvent(
                f"Cannot take a gap: expected {member!r} as text, got {tree.get(member)!r}."
            )
    for member in ("from", "to"):
        try:
            datetime.fromisoformat(str(tree[member]))
        except ValueError as error:
            raise InvalidEvent(
                f"Cannot take a gap: expected {member!r} as a time, got {tree[member]!r}."
            ) from error
    name = given if isinstance(given, str) else f"gap:{tree['station']}:{tree['from']}"
    return Draft("gap", name, {**tree, "type": "gap"}, None, by, run, document_hash=document)


def _entered(
    tree: Mapping[str, Any], member: str, by: str, document: bytes | None, at: int
) -> Draft:
    if member == "hold":
        if tree.get("type") not in ("hold", "release") or not isinstance(tree.get("id"), str):
            raise InvalidEvent(
                "Cannot take a hold: expected type 'hold' or 'release' and an id, "
                f"got {tree.get('type')!r} and {tree.get('id')!r}."
            )
        # Stopping the same again is another stop; a document that goes on after a power cut is not.
        name = f"{document.hex()}:{at}" if document is not None else str(uuid4())
        return Draft("hold", f"hold:{tree['id']}:{name}", tree, None, by, document_hash=document)
    if tree.get("type") not in MASTER_TYPES or not isinstance(tree.get("id"), str):
        raise InvalidEvent(
            f"Cannot take master data: expected a type of {', '.join(MASTER_TYPES)} and an id, "
            f"got {tree.get('type')!r} and {tree.get('id')!r}."
        )
    # The same words entered twice are one entry; a later change back to them is a new one, so the
    # sender may give an id of his own.
    digest = sha256(body.canonical(tree)).hexdigest()[:32]
    name = f"master:{tree['type']}:{tree['id'][:300]}:{tree.get('entry', digest)}"
    return Draft("master", name, tree, None, by, document_hash=document)
