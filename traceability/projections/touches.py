"""What an event did to each thing it names: one touch a thing and role, in the order of the event.

A carton packed with two shirts gives three touches: the carton was the parent, each shirt became
its child. A touch keeps the meaning that the flow gave the event when it was stored, so that a
later flow does not change the past. Source of the roles and their rules: DATA_MODEL, "State".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache

import msgspec

from traceability.database import MICRO
from traceability.epcis.event import Event, Quantity, tie
from traceability.epcis.vocabulary import OPERATION, PRODUCT
from traceability.flow import Flow, Stage
from traceability.gs1 import key_of, product_of
from traceability.projections.holding import holding_key


class Role(IntEnum):
    """What a thing was in an event. The numbers are stored: never change one."""

    SEEN = 0
    ADDED = 1
    REMOVED = 2
    RELEASE = 3
    CHILD = 4
    UNCHILD = 5
    PARENT = 6
    QUANTITY = 7
    COUNT = 8
    INPUT = 9
    OUTPUT = 10
    INFERRED_CHILD = 11


class Form(IntEnum):
    """How a thing is counted. The numbers are stored: never change one."""

    THING = 0
    LOT = 1
    HOLDING_AT_PLACE = 2
    HOLDING_IN_CONTAINER = 3


# A member of an enumeration is looked up by a call in Python; where every event passes, its value
# is at hand.
_THING, _LOT = Form.THING, Form.LOT
_INPUT, _ADDED, _OUTPUT = Role.INPUT, Role.ADDED, Role.OUTPUT


class Touch(msgspec.Struct, frozen=True, gc=False):
    """One thing in one role of one event, with keys as text."""

    key: str
    form: Form
    role: Role
    parent: str | None = None
    quantity: int | None = None
    """Signed whole millionths of the unit."""
    uom: str = ""
    product: str | None = None
    names_order: bool = True
    kind: str | None = ""
    """Name of the thing's kind, None if the flow knows none; empty where nobody looked."""


class Context(msgspec.Struct, frozen=True, eq=False):
    """Where, why and for whom: what events of one table share, with keys as text.

    Two of them are the same only if they are one: thousands of events share each.
    """

    place: str | None
    step: str | None
    disposition: str | None
    stage: Stage | None
    prodorder: str | None
    po: str | None


class Facts(msgspec.Struct, frozen=True):
    """What one event says about everything it touches."""

    at: int
    tie: int
    context: Context
    touches: list[Touch]

    @property
    def place(self) -> str | None:
        """Key of the place where the things are afterwards."""
        return self.context.place

    @property
    def step(self) -> str | None:
        """The floor's word for what was done, or else the business step."""
        return self.context.step

    @property
    def disposition(self) -> str | None:
        """In which state the things are."""
        return self.context.disposition

    @property
    def stage_number(self) -> int | None:
        """The stage that the event speaks of."""
        return self.context.stage.number if self.context.stage else None


_SEEN_BY = {"ADD": Role.ADDED, "OBSERVE": Role.SEEN, "DELETE": Role.REMOVED}
_MAKING = (_ADDED, _OUTPUT)


@lru_cache(maxsize=65536)
def form_of(class_key: str, flow: Flow) -> str:
    """Say whether a class is kept as a ``lot`` (one place, like a roll) or a ``holding`` (many).

    The flow decides; a class that it does not know is a lot if its key carries a lot number.
    """
    kind = flow.kind_of(class_key)
    if kind is not None and kind.form in ("lot", "holding"):
        return kind.form
    return "lot" if "/10/" in class_key else "holding"


def thing_or_lot(key: str, flow: Flow) -> Form:
    """Say how something named without a quantity is kept.

    It hangs on the key alone, so that it is the same whichever event comes first: a bundle ticket
    scanned where no count was asked is still the lot that it is elsewhere.
    """
    kind = flow.kind_of(key)
    is_lot = kind.form == "lot" if kind is not None else "/10/" in key
    return _LOT if is_lot else _THING


def facts_of(event: Event, flow: Flow, *, at: int | None = None) -> Facts:
    """Take an event apart into touches.

    Args:
        event: A valid event.
        flow: The flow in force at the event's position.
        at: Microseconds since 1970 at which the event is folded, if not its own event time.
    """
    operation = event.extensions.get(OPERATION) if event.extensions else None
    context = _context(
        flow,
        operation if isinstance(operation, str) else None,
        event.step,
        event.disposition,
        event.place,
        event.transactions,
    )
    return Facts(
        event.event_time if at is None else at,
        tie(event.event_id or ""),
        context,
        _Reading(event, flow, context).touches(),
    )


@lru_cache(maxsize=4096)
def _context(
    flow: Flow,
    operation: str | None,
    step: str | None,
    disposition: str | None,
    place: str | None,
    papers: tuple[tuple[str | None, str], ...],
) -> Context:
    return Context(
        place=key_of(place) if place else None,
        step=operation or step,
        disposition=disposition,
        stage=flow.stage_of(operation, step),
        prodorder=_named(papers, "prodorder"),
        po=_named(papers, "po"),
    )


def _named(papers: Iterable[tuple[str | None, str]], kind: str) -> str | None:
    for given, document in papers:
        if given is not None and (given == kind or given.endswith((f"-{kind}", f":{kind}"))):
            return key_of(document)
    return None


def _location(parties: tuple[tuple[str | None, str], ...]) -> str | None:
    for kind, party in parties:
        if kind is not None and kind.endswith("location"):
            return key_of(party)
    return None


class _Reading:
    """An event on its way to touches."""

    __slots__ = ("event", "flow", "place", "product", "stage")

    def __init__(self, event: Event, flow: Flow, context: Context) -> None:
        self.event = event
        self.flow = flow
        self.stage = context.stage
        self.place = context.place
        product = event.ilmd.get(PRODUCT) if event.ilmd else None
        self.product = key_of(product) if isinstance(product, str) else None

    def touches(self) -> list[Touch]:
        event = self.event
        if event.type == "ObjectEvent" and not event.quantities:
            return self._things(event.epcs, _SEEN_BY[event.action or "OBSERVE"])
        return list(self._touches())

    def _touches(self) -> Iterator[Touch]:
        if self.event.type == "ObjectEvent":
            yield from self._object()
        elif self.event.type in ("AggregationEvent", "AssociationEvent"):
            yield from self._packing()
        elif self.event.type == "TransformationEvent":
            yield from self._transformation()
        else:
            if self.event.parent:
                yield self._thing(self.event.parent, Role.SEEN)
            yield from self._things(self.event.epcs, Role.SEEN)
            for element in self.event.quantities:
                if self._form(element) == "lot":
                    yield self._lot(element, Role.SEEN, posts=0)

    def _object(self) -> Iterator[Touch]:
        action = self.event.action or "OBSERVE"
        yield from self._things(self.event.epcs, _SEEN_BY[action])
        for element in self.event.quantities:
            if element.quantity is None:
                if self._form(element) == "lot":
                    role = Role.REMOVED if action == "DELETE" else Role.SEEN
                    yield self._lot(element, role, posts=0)
            elif action == "OBSERVE":
                yield from self._observed(element)
            else:
                yield from self._posted(
                    element, Role.QUANTITY, 1 if action == "ADD" else -1, self.place
                )

    def _observed(self, element: Quantity) -> Iterator[Touch]:
        observes = self.stage.observes if self.stage else "nothing"
        is_lot = self._form(element) == "lot"
        if observes == "count":
            yield from self._posted(element, Role.COUNT, 1, self.place)
        elif is_lot:
            yield self._lot(element, Role.SEEN, posts=0)
        elif observes == "move":
            source = _location(self.event.sources)
            target = _location(self.event.destinations) or self.place
            yield from self._posted(element, Role.QUANTITY, -1, source)
            yield from self._posted(element, Role.QUANTITY, 1, target)

    def _packing(self) -> Iterator[Touch]:
        event = self.event
        parent = event.parent
        if event.action == "DELETE" and not (event.children or event.child_quantities):
            if parent:
                yield self._thing(parent, Role.RELEASE)
            return
        if parent is None:
            yield from self._things(event.children, Role.SEEN)
            for element in event.child_quantities:
                if self._form(element) == "lot":
                    yield self._lot(element, Role.SEEN, posts=0)
            return
        yield self._thing(parent, Role.PARENT)
        roles = {"ADD": Role.CHILD, "DELETE": Role.UNCHILD, "OBSERVE": Role.INFERRED_CHILD}
        role = roles[event.action or "OBSERVE"]
        parent_key = key_of(parent)
        yield from self._things(event.children, role, parent_key)
        for element in event.child_quantities:
            if self._form(element) == "lot":
                yield self._lot(element, role, posts=0, parent=parent_key)
            elif element.quantity is not None and role is not Role.INFERRED_CHILD:
                yield from self._packed(element, role, parent_key)

    def _packed(self, element: Quantity, role: Role, parent: str) -> Iterator[Touch]:
        sign = -1 if role is Role.CHILD else 1
        boxed = Touch(
            key=holding_key(key_of(element.epc_class), parent),
            form=Form.HOLDING_IN_CONTAINER,
            role=Role.CHILD if role is Role.CHILD else Role.QUANTITY,
            parent=parent if role is Role.CHILD else None,
            quantity=-sign * _micro(element),
            uom=element.uom or "",
            product=self._product(element),
        )
        if role is Role.CHILD:
            yield from self._posted(element, Role.QUANTITY, sign, self.place)
            yield boxed
        else:
            yield boxed
            yield from self._posted(element, Role.QUANTITY, sign, self.place)

    def _transformation(self) -> Iterator[Touch]:
        yield from self._things(self.event.inputs, Role.INPUT)
        for element in self.event.input_quantities:
            yield from self._posted(element, Role.INPUT, -1, self.place)
        yield from self._things(self.event.outputs, Role.OUTPUT)
        for element in self.event.output_quantities:
            yield from self._posted(element, Role.OUTPUT, 1, self.place)

    def _things(self, epcs: tuple[str, ...], role: Role, parent: str | None = None) -> list[Touch]:
        keys = dict.fromkeys(map(key_of, epcs))
        if self.product is None and role is not _INPUT:
            return [self._seen(key, role, parent) for key in keys]
        return [self._touch(key, role, parent) for key in keys]

    def _seen(self, key: str, role: Role, parent: str | None) -> Touch:
        # What `_touch` gives where no product is named, asking the flow once: new things come here.
        kind = self.flow.kind_of(key)
        if kind is None:
            form = _LOT if "/10/" in key else _THING
            return Touch(key, form, role, parent, None, "", None, True, None)
        form = _LOT if kind.form == "lot" else _THING
        return Touch(key, form, role, parent, None, "", None, True, kind.name)

    def _thing(self, epc: str, role: Role) -> Touch:
        return self._touch(key_of(epc), role, None)

    def _touch(self, key: str, role: Role, parent: str | None) -> Touch:
        product = self.product
        if product is not None and (role not in _MAKING or product_of(key) is not None):
            product = None
        names_order = role is not _INPUT or not self._is_measured(key)
        return Touch(
            key, thing_or_lot(key, self.flow), role, parent, None, "", product, names_order
        )

    def _is_measured(self, key: str) -> bool:
        # Cloth cut for an order does not become part of the order: only pieces do.
        kind = self.flow.kind_of(key)
        return kind is not None and kind.form == "lot" and kind.unit != ""

    def _form(self, element: Quantity) -> str:
        return form_of(key_of(element.epc_class), self.flow)

    def _product(self, element: Quantity) -> str | None:
        return self.product if product_of(key_of(element.epc_class)) is None else None

    def _posted(
        self, element: Quantity, role: Role, sign: int, place: str | None
    ) -> Iterator[Touch]:
        if self._form(element) == "lot":
            yield self._lot(element, role, posts=sign)
        elif place is not None and element.quantity is not None:
            yield Touch(
                key=holding_key(key_of(element.epc_class), place),
                form=Form.HOLDING_AT_PLACE,
                role=role,
                quantity=sign * _micro(element),
                uom=element.uom or "",
                product=self._product(element) if role is not Role.INPUT else None,
            )

    def _lot(
        self, element: Quantity, role: Role, *, posts: int, parent: str | None = None
    ) -> Touch:
        key = key_of(element.epc_class)
        posted = posts * _micro(element) if posts and element.quantity is not None else None
        makes = role in (Role.QUANTITY, Role.COUNT, Role.OUTPUT) and (posted or 0) >= 0
        return Touch(
            key=key,
            form=Form.LOT,
            role=role,
            parent=parent,
            quantity=posted,
            uom=element.uom or "",
            product=self._product(element) if makes else None,
            names_order=not (role is Role.INPUT and self._is_measured(key)),
        )


def _micro(element: Quantity) -> int:
    return int((element.quantity or 0) * MICRO)
