"""One thing that happened to garments, rolls, bundles or cartons: what, when, where, why.

The five types of EPCIS share one value: things seen, made or destroyed (ObjectEvent), packed
(AggregationEvent), bound to a card or tray (AssociationEvent), cut and sewn into other things
(TransformationEvent), tied to a paper (TransactionEvent). Identifiers stand in it as they were
sent; words of the standard vocabulary as bare words.

Source: EPCIS 2.0 sections 7.4.1 to 7.4.6; EPCIS-JSON-Schema 2.0.0; where the two differ from each
other or from what partners send, the comment beside the rule says so.

>>> seen = read_event({"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
...                    "eventTime": "2026-03-02T09:15:30+01:00", "eventTimeZoneOffset": "+01:00",
...                    "epcList": ["https://id.gs1.org/00/095060001343500015"]})
>>> seen.step, seen.event_time, seen.epcs
('shipping', 1772439330000000, ('https://id.gs1.org/00/095060001343500015',))
>>> read_event(seen.tree()) == seen
True
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from traceability.epcis.body import Tree, canonical
from traceability.epcis.event_time import format_time
from traceability.epcis.members import Members, wrong
from traceability.epcis.quantity import Quantity
from traceability.epcis.shape import SHAPES
from traceability.epcis.vocabulary import DISPOSITIONS, ERROR_REASONS, STEPS

__all__ = ["ErrorDeclaration", "Event", "Quantity", "event_body", "read_event", "tie"]

ACTIONS: Final = frozenset({"ADD", "OBSERVE", "DELETE"})
IDENTIFIERS_MAX: Final = 20_000
"""Identifiers of one event, in all its lists together."""
EVENT_ID_BYTES_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class ErrorDeclaration:
    """The statement that an event with the same id was wrong."""

    declared_at: int
    """µs UTC."""
    reason: str | None = None
    """``did_not_occur``, ``incorrect_data``, or a private URI."""
    corrective_ids: tuple[str, ...] = ()
    """Ids of the events that say what really happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of any of the five types; members that its type lacks are empty."""

    type: str
    event_id: str = ""
    """URI, at most 512 bytes; empty where the sender left it to the ledger."""
    event_time: int
    """µs UTC."""
    offset: str
    """What the clock at the place showed beyond UTC, such as ``+01:00``."""
    action: str | None = None
    """ADD, OBSERVE or DELETE; None for a TransformationEvent."""
    epcs: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    parent: str | None = None
    children: tuple[str, ...] = ()
    child_quantities: tuple[Quantity, ...] = ()
    inputs: tuple[str, ...] = ()
    input_quantities: tuple[Quantity, ...] = ()
    outputs: tuple[str, ...] = ()
    output_quantities: tuple[Quantity, ...] = ()
    transformation_id: str | None = None
    step: str | None = None
    """Business step: the bare word of the standard, or a private URI."""
    disposition: str | None = None
    """Bare word of the standard, or a private URI."""
    read_point: str | None = None
    place: str | None = None
    """The bizLocation: where the things are afterwards."""
    transactions: tuple[tuple[str | None, str], ...] = ()
    """Type (bare word, private URI or None) and id of each paper."""
    sources: tuple[tuple[str, str], ...] = ()
    """Type (bare word or private URI) and id of each party or place the things come from."""
    destinations: tuple[tuple[str, str], ...] = ()
    ilmd: Mapping[str, Tree] = field(default_factory=dict)
    """What was made known of new things; names in full."""
    extensions: Mapping[str, Tree] = field(default_factory=dict)
    """All other members as sent; names of private ones in full."""
    error: ErrorDeclaration | None = None

    def __post_init__(self) -> None:
        shape = SHAPES.get(self.type)
        if shape is None:
            raise wrong("type", "one of " + ", ".join(SHAPES), self.type)
        if shape.has_action:
            if self.action not in ACTIONS:
                raise wrong("action", "ADD, OBSERVE or DELETE", self.action)
        elif self.action is not None:
            raise wrong("action", f"none in {self.type}", self.action)
        if shape.rule == "container":
            self._check_container()
        elif shape.rule == "transformation":
            self._check_transformation()
        elif shape.rule == "transaction" and not self.transactions:
            raise wrong("bizTransactionList", "at least one business transaction", None)
        if self.ilmd and self.type != "TransformationEvent" and self.action != "ADD":
            raise wrong("ilmd", "none unless things are made (action ADD)", self.action)

    def _check_container(self) -> None:
        # The schema demands a parent of every AssociationEvent and of no AggregationEvent; the
        # standard (and GS1's test TCR-54) of both when something is put in or taken out.
        if self.parent is None and self.action != "OBSERVE":
            raise wrong("parentID", f"one in {self.type} with action {self.action}", None)
        if self.action != "DELETE" and not self.children and not self.child_quantities:
            raise wrong("childEPCs", f"children in {self.type} with action {self.action}", None)

    def _check_transformation(self) -> None:
        has_inputs = bool(self.inputs or self.input_quantities)
        has_outputs = bool(self.outputs or self.output_quantities)
        if self.transformation_id is None:
            if not has_inputs:
                raise wrong("inputEPCList", "inputs, or a transformationID", None)
            if not has_outputs:
                raise wrong("outputEPCList", "outputs, or a transformationID", None)
        elif not has_inputs and not has_outputs:
            raise wrong("inputEPCList", "inputs or outputs", None)

    def tree(self) -> dict[str, Tree]:
        """Return the event as EPCIS 2.0 JSON, in the spelling that we send ourselves.

        `read_event` of it is this event. What the value does not keep is not there: extensions
        inside readPoint, bizLocation and errorDeclaration, and the spelling of times and words.
        """
        tree: dict[str, Tree] = {"type": self.type}
        if self.event_id:
            tree["eventID"] = self.event_id
        tree["eventTime"] = format_time(self.event_time, self.offset)
        tree["eventTimeZoneOffset"] = self.offset
        texts = {
            "action": self.action,
            "parentID": self.parent,
            "transformationID": self.transformation_id,
            "bizStep": self.step,
            "disposition": self.disposition,
        }
        tree |= {name: text for name, text in texts.items() if text is not None}
        for name, identifiers in (
            ("epcList", self.epcs),
            ("childEPCs", self.children),
            ("inputEPCList", self.inputs),
            ("outputEPCList", self.outputs),
        ):
            if identifiers:
                tree[name] = list(identifiers)
        for name, quantities in (
            ("quantityList", self.quantities),
            ("childQuantityList", self.child_quantities),
            ("inputQuantityList", self.input_quantities),
            ("outputQuantityList", self.output_quantities),
        ):
            if quantities:
                tree[name] = [item.tree() for item in quantities]
        # These two types must name their things, even if there are none.
        if self.type in {"ObjectEvent", "TransactionEvent"} and not self.quantities:
            tree.setdefault("epcList", [])
        self._add_context(tree)
        tree |= self.extensions
        return tree

    def _add_context(self, tree: dict[str, Tree]) -> None:
        """Add where and why: places, papers, parties, what was made known, what was wrong."""
        if self.read_point is not None:
            tree["readPoint"] = {"id": self.read_point}
        if self.place is not None:
            tree["bizLocation"] = {"id": self.place}
        for name, member, pairs in (
            ("bizTransactionList", "bizTransaction", self.transactions),
            ("sourceList", "source", self.sources),
            ("destinationList", "destination", self.destinations),
        ):
            if pairs:
                tree[name] = [
                    {member: value} if kind is None else {"type": kind, member: value}
                    for kind, value in pairs
                ]
        if self.ilmd:
            tree["ilmd"] = dict(self.ilmd)
        if self.error is not None:
            declaration: dict[str, Tree] = {
                "declarationTime": format_time(self.error.declared_at, "+00:00")
            }
            if self.error.reason is not None:
                declaration["reason"] = self.error.reason
            if self.error.corrective_ids:
                declaration["correctiveEventIDs"] = list(self.error.corrective_ids)
            tree["errorDeclaration"] = declaration


def tie(event_id: str) -> int:
    """Compute what orders two events of the same time: never their arrival.

    Returns:
        The first 8 bytes of SHA-256 of the id (UTF-8) as a signed number, big end first.

    >>> tie("urn:uuid:018f3c1e-7a2b-7c3d-8e4f-001122334455")
    -5666351728297912712
    """
    return int.from_bytes(sha256(event_id.encode()).digest()[:8], signed=True)


def read_event(tree: Tree) -> Event:
    """Read one event from EPCIS 2.0 JSON.

    Words of the standard may be bare, CBV URNs or web URIs. ``recordTime`` is passed over: it is
    the receiving ledger's to say. Members that are not read are kept in `Event.extensions`.

    Args:
        tree: As `traceability.epcis.body.parse` returns it. It is not changed.

    Raises:
        InvalidEvent: If a member is missing, unknown, or not what its rule demands.
    """
    members = Members.of(tree)
    event = Event(
        type=members.kind,
        event_id=members.identifier("eventID") or "",
        event_time=members.time("eventTime"),
        offset=members.offset(),
        action=members.action(),
        epcs=members.identifiers("epcList"),
        quantities=members.quantities("quantityList"),
        parent=members.identifier("parentID"),
        children=members.identifiers("childEPCs"),
        child_quantities=members.quantities("childQuantityList"),
        inputs=members.identifiers("inputEPCList"),
        input_quantities=members.quantities("inputQuantityList"),
        outputs=members.identifiers("outputEPCList"),
        output_quantities=members.quantities("outputQuantityList"),
        transformation_id=members.identifier("transformationID"),
        step=members.word("bizStep", STEPS),
        disposition=members.word("disposition", DISPOSITIONS),
        read_point=members.place("readPoint"),
        place=members.place("bizLocation"),
        transactions=members.papers(),
        sources=members.parties("sourceList", "source"),
        destinations=members.parties("destinationList", "destination"),
        ilmd=members.ilmd(),
        extensions=members.extensions(),
        error=_declaration(members),
    )
    _check_size(event)
    return event


def event_body(tree: Mapping[str, Tree]) -> bytes:
    """Write the body that the ledger keeps of an event as it was sent.

    The same as `canonical`, without ``recordTime``: the entry says when it was recorded.
    """
    if "recordTime" in tree:
        tree = {name: value for name, value in tree.items() if name != "recordTime"}
    return canonical(tree)


def _declaration(members: Members) -> ErrorDeclaration | None:
    inner = members.inside("errorDeclaration")
    if inner is None:
        return None
    return ErrorDeclaration(
        declared_at=inner.time("declarationTime"),
        reason=inner.word("reason", ERROR_REASONS),
        corrective_ids=inner.identifiers("correctiveEventIDs"),
    )


def _check_size(event: Event) -> None:
    if len(event.event_id.encode()) > EVENT_ID_BYTES_MAX:
        raise wrong("eventID", f"at most {EVENT_ID_BYTES_MAX} bytes", event.event_id)
    count = sum(
        map(
            len,
            (
                event.epcs,
                event.quantities,
                event.children,
                event.child_quantities,
                event.inputs,
                event.input_quantities,
                event.outputs,
                event.output_quantities,
            ),
        )
    )
    if count > IDENTIFIERS_MAX:
        raise wrong("lists", f"at most {IDENTIFIERS_MAX} identifiers together", count)
