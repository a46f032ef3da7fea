"""What one event says about each thing it names, read straight from the event.

One event about a carton packed with thirty shirts says one thing of the carton and one of each
shirt; those sayings are the touches. The product derives its own; this is the second opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

from traceability.epcis.event import Event, Quantity
from traceability.flow import Flow
from traceability.gs1 import key_of, product_of

VOC = "https://hangtag.invalid/voc/"


@dataclass(frozen=True, slots=True)
class Touch:
    """One event's word on one item. Texts are keys; missing ones are empty."""

    event_id: str
    at: int
    tie: int
    line: int
    item: str
    form: str
    kind_key: str
    """Key that decides the kind: the item's own, or the class of a holding."""
    role: str
    parent: str = ""
    quantity: Decimal | None = None
    """Signed; none where the touch books nothing."""
    uom: str = ""
    home: str = ""
    """Place of a holding that lies at a place and never moves."""
    place: str = ""
    step: str = ""
    disposition: str = ""
    stage: int | None = None
    is_inferred: bool = False
    prodorder: str = ""
    po: str = ""
    product: str = ""


def tie_of(event_id: str) -> int:
    """Order events of the same moment by their ids alone, so that arrival decides nothing.

    >>> -(2**63) <= tie_of("urn:uuid:1") < 2**63
    True
    """
    return int.from_bytes(sha256(event_id.encode()).digest()[:8], "big", signed=True)


def touches_of(event: Event, flow: Flow, *, at: int) -> list[Touch]:
    """List the touches of one event in the order in which they are replayed."""
    reading = _Reading(event, flow, at)
    return [
        _named(replace(touch, line=line), reading) for line, touch in enumerate(reading.touches())
    ]


def _named(touch: Touch, reading: _Reading) -> Touch:
    """Give a touch its orders and its product."""
    product = product_of(touch.kind_key) or ""
    gains = touch.role in ("added", "output", "count") or (
        touch.role == "quantity" and touch.quantity is not None and touch.quantity >= 0
    )
    ilmd_product = reading.event.ilmd.get(VOC + "product")
    if not product and gains and isinstance(ilmd_product, str):
        product = key_of(ilmd_product)
    kind = reading.flow.kind_of(touch.kind_key)
    # A roll of forty metres cut for one order does not belong to that order.
    is_cloth = touch.form == "lot" and kind is not None and kind.unit != ""
    if touch.role == "input" and is_cloth:
        return replace(touch, product=product)
    return replace(
        touch,
        product=product,
        prodorder=reading.transaction("prodorder"),
        po=reading.transaction("po"),
    )


class _Reading:
    """One event opened for reading."""

    def __init__(self, event: Event, flow: Flow, at: int) -> None:
        self.event = event
        self.flow = flow
        self.place = key_of(event.place) if event.place else ""
        operation = event.extensions.get(VOC + "operation")
        word = operation if isinstance(operation, str) else None
        stage = flow.stage_of(word, event.step)
        self.observes = stage.observes if stage else "nothing"
        self.blank = Touch(
            event_id=event.event_id,
            at=at,
            tie=tie_of(event.event_id),
            line=0,
            item="",
            form="",
            kind_key="",
            role="",
            place=self.place,
            step=word or event.step or "",
            disposition=event.disposition or "",
            stage=stage.number if stage else None,
        )

    def transaction(self, word: str) -> str:
        """Return the key of the first business transaction of a type."""
        for type_, number in self.event.transactions:
            if _is_type(type_, word, "BTT"):
                return key_of(number)
        return ""

    def location(self, ends: Iterable[tuple[str | None, str]]) -> str:
        """Return the key of the first source or destination that is a location."""
        for type_, place in ends:
            if _is_type(type_, "location", "SDT"):
                return key_of(place)
        return ""

    def touches(self) -> Iterator[Touch]:
        kind = self.event.type.removesuffix("Event")
        if kind == "Object":
            yield from self._object()
        elif kind in ("Aggregation", "Association"):
            yield from self._aggregation()
        elif kind == "Transformation":
            yield from self._transformation()
        else:
            yield from self._things([self.event.parent] if self.event.parent else [], "seen")
            yield from self._things(self.event.epcs, "seen")
            yield from self._seen_lots(self.event.quantities)

    def _things(self, epcs: Iterable[str], role: str, parent: str = "") -> Iterator[Touch]:
        for key in dict.fromkeys(key_of(epc) for epc in epcs):
            kind = self.flow.kind_of(key)
            # A ticket read where no quantity is asked for is still the lot that it is elsewhere.
            is_lot = kind.form == "lot" if kind is not None else "/10/" in key
            yield replace(
                self.blank,
                item=key,
                form="lot" if is_lot else "thing",
                kind_key=key,
                role=role,
                parent=parent,
            )

    def _form(self, class_key: str) -> str:
        kind = self.flow.kind_of(class_key)
        if kind is not None and kind.form in ("lot", "holding"):
            return kind.form
        return "lot" if "/10/" in class_key else "holding"

    def _lot(self, element: Quantity, role: str, sign: int = 0, parent: str = "") -> Touch:
        """Touch a lot; sign 0 books nothing."""
        key = key_of(element.epc_class)
        amount = None if element.quantity is None or not sign else sign * element.quantity
        return replace(
            self.blank,
            item=key,
            form="lot",
            kind_key=key,
            role=role,
            parent=parent,
            quantity=amount,
            uom=element.uom or "",
        )

    def _holding(self, element: Quantity, role: str, sign: int, place: str) -> Iterator[Touch]:
        """Touch what lies of a class at a place; nothing without place or quantity."""
        if place and element.quantity is not None:
            touch = self._lot(element, role, sign)
            yield replace(touch, item=f"{touch.item}@{place}", form="holding", home=place)

    def _packed(self, element: Quantity, role: str, sign: int, box: str) -> Iterator[Touch]:
        """Touch what lies of a class in a container."""
        if element.quantity is not None:
            parent = box if role == "child" else ""
            touch = self._lot(element, role, sign, parent)
            yield replace(touch, item=f"{touch.item}@{box}", form="holding")

    def _seen_lots(self, elements: Iterable[Quantity]) -> Iterator[Touch]:
        for element in elements:
            if self._form(key_of(element.epc_class)) == "lot":
                yield self._lot(element, "seen")

    def _object(self) -> Iterator[Touch]:
        action = self.event.action or ""
        roles = {"ADD": "added", "OBSERVE": "seen", "DELETE": "removed"}
        yield from self._things(self.event.epcs, roles[action])
        for element in self.event.quantities:
            is_lot = self._form(key_of(element.epc_class)) == "lot"
            if is_lot and element.quantity is None:
                yield self._lot(element, "removed" if action == "DELETE" else "seen")
            elif action != "OBSERVE":
                sign = 1 if action == "ADD" else -1
                if is_lot:
                    yield self._lot(element, "quantity", sign)
                else:
                    yield from self._holding(element, "quantity", sign, self.place)
            elif self.observes == "count":
                if is_lot:
                    yield self._lot(element, "count", 1)
                else:
                    yield from self._holding(element, "count", 1, self.place)
            elif is_lot:
                yield self._lot(element, "seen")
            elif self.observes == "move":
                source = self.location(self.event.sources)
                target = self.location(self.event.destinations) or self.place
                yield from self._holding(element, "quantity", -1, source)
                yield from self._holding(element, "quantity", 1, target)

    def _aggregation(self) -> Iterator[Touch]:
        event = self.event
        if not event.parent:
            yield from self._things(event.children, "seen")
            yield from self._seen_lots(event.child_quantities)
            return
        box = key_of(event.parent)
        has_children = bool(event.children or event.child_quantities)
        if event.action == "DELETE" and not has_children:
            yield from self._things([event.parent], "release")
            return
        yield from self._things([event.parent], "parent")
        role = "unchild" if event.action == "DELETE" else "child"
        touches = list(self._things(event.children, role, box))
        for element in event.child_quantities:
            if self._form(key_of(element.epc_class)) == "lot":
                touches.append(self._lot(element, role, parent=box))
            elif event.action == "ADD":
                touches += self._holding(element, "quantity", -1, self.place)
                touches += self._packed(element, "child", 1, box)
            elif event.action == "DELETE":
                touches += self._packed(element, "quantity", -1, box)
                touches += self._holding(element, "quantity", 1, self.place)
        is_inferred = event.action == "OBSERVE"
        yield from (replace(touch, is_inferred=is_inferred) for touch in touches)

    def _transformation(self) -> Iterator[Touch]:
        yield from self._things(self.event.inputs, "input")
        yield from self._converted(self.event.input_quantities, "input", -1)
        yield from self._things(self.event.outputs, "output")
        yield from self._converted(self.event.output_quantities, "output", 1)

    def _converted(self, elements: Iterable[Quantity], role: str, sign: int) -> Iterator[Touch]:
        for element in elements:
            if self._form(key_of(element.epc_class)) == "lot":
                yield self._lot(element, role, sign)
            else:
                yield from self._holding(element, role, sign, self.place)


def _is_type(type_: str | None, word: str, list_: str) -> bool:
    """Tell whether a type of a business transaction, source or destination is the word."""
    return type_ is not None and (type_ == word or type_.endswith((f"{list_}-{word}", f":{word}")))
