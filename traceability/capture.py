"""The way in: what stations and scripts send becomes drafts, each judged on its own.

An element of the list is an EPCIS event, or one of

    {"event": {…}, "run": [station, epoch, counter]}     an event that a station counted
    {"gap": {…}, "id": …, "run": […]}                    a time in which a line was silent
    {"master": {…}}, {"hold": {…}}                       what people enter (staff only)

A bad element is refused with its sentence and costs its neighbours nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from traceability.epcis import body
from traceability.epcis.event import read_event
from traceability.errors import InvalidEvent, Refused, TraceabilityError
from traceability.ledger.drafts import Draft, Outcome
from traceability.ledger.entry import Kind

LIST_DEPTH = 34
"""A list of wrapped events is two levels deeper than an event."""
BYTES_MAX = 16 * 1024 * 1024
ELEMENTS_MAX = 10_000
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
class Capture:
    """A list as it was sent: drafts where an element can be understood, else its refusal."""

    elements: list[Draft | Outcome]

    @property
    def drafts(self) -> list[Draft]:
        """Return what can be appended, in order."""
        return [one for one in self.elements if isinstance(one, Draft)]

    def answers(self, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        """Join the ledger's outcomes with the refusals, in the order of the list."""
        taken = iter(outcomes)
        joined = [next(taken) if isinstance(one, Draft) else one for one in self.elements]
        return [
            {"id": one.id, "status": one.status, "position": one.position, "problem": one.problem}
            for one in joined
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
    return Capture([_element(one, by, may_enter=may_enter) for one in tree])


def _element(element: object, by: str, *, may_enter: bool) -> Draft | Outcome:
    try:
        if not isinstance(element, Mapping):
            raise InvalidEvent(
                f"Cannot take {str(element)[:60]!r}: expected an event, "
                f"got {type(element).__name__}."
            )
        return _draft(element, by, may_enter=may_enter)
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


def _draft(element: Mapping[str, Any], by: str, *, may_enter: bool) -> Draft:
    run = _run(element.get("run"))
    by = run[0] if run is not None else by
    if "gap" in element:
        return _gap(_object(element, "gap"), element.get("id"), by, run)
    if "master" in element or "hold" in element:
        if not may_enter:
            raise Refused("Master data and holds are entered by staff, not captured by stations.")
        member = "master" if "master" in element else "hold"
        return _entered(_object(element, member), member, by)
    tree = _object(element, "event") if "event" in element else element
    if "eventID" not in tree:
        tree = {**tree, "eventID": f"urn:uuid:{uuid4()}"}
    event = read_event(tree)
    kind: Kind = "declaration" if event.error is not None else "event"
    return Draft(kind, event.event_id, tree, event, by, run, may_correct=may_enter)


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
    tree: Mapping[str, Any], given: object, by: str, run: tuple[str, int, int] | None
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
    return Draft("gap", name, {**tree, "type": "gap"}, None, by, run)


def _entered(tree: Mapping[str, Any], member: str, by: str) -> Draft:
    if member == "hold":
        if tree.get("type") not in ("hold", "release") or not isinstance(tree.get("id"), str):
            raise InvalidEvent(
                "Cannot take a hold: expected type 'hold' or 'release' and an id, "
                f"got {tree.get('type')!r} and {tree.get('id')!r}."
            )
        return Draft("hold", f"hold:{tree['id']}:{uuid4()}", tree, None, by)
    if tree.get("type") not in MASTER_TYPES or not isinstance(tree.get("id"), str):
        raise InvalidEvent(
            f"Cannot take master data: expected a type of {', '.join(MASTER_TYPES)} and an id, "
            f"got {tree.get('type')!r} and {tree.get('id')!r}."
        )
    # The same words entered twice are one entry; a later change back to them is a new one, so the
    # sender may give an id of his own.
    digest = sha256(body.canonical(tree)).hexdigest()[:32]
    name = f"master:{tree['type']}:{tree['id'][:300]}:{tree.get('entry', digest)}"
    return Draft("master", name, tree, None, by)
