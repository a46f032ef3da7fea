"""A short way to write down what happened on the floor, as EPCIS events in JSON.

>>> told("Object", 5, action="OBSERVE", epcs=[thing("G1")], place=place("table"))["eventTime"]
'2024-03-04T06:05:00.000Z'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

VOC = "https://hangtag.invalid/voc/"
SHOP = "https://shop.invalid"
MORNING = datetime(2024, 3, 4, 6, tzinfo=UTC)

Tree = dict[str, Any]
Amount = tuple[str, str | int | None, str] | tuple[str, str | int | None]
"""Class, quantity (none = not said) and unit (left out = pieces)."""


def thing(text: str) -> str:
    """Return the identifier of a thing with a local name."""
    return f"{SHOP}/obj/{text}"


def class_(text: str) -> str:
    """Return the identifier of a class or lot with a local name."""
    return f"{SHOP}/class/{text}"


def place(text: str) -> str:
    """Return the identifier of a place with a local name."""
    return f"{SHOP}/loc/{text}"


def order(text: str) -> str:
    """Return the identifier of an order with a local name."""
    return f"{SHOP}/bt/{text}"


def key(uri: str) -> str:
    """Return the key of an identifier of this module, by rule and not by the product's code.

    >>> key(thing("G1")), key("https://id.gs1.org/01/09506000134352/21/7")
    ('//shop.invalid/obj/G1', '/01/09506000134352/21/7')
    """
    return uri.removeprefix("https:") if uri.startswith(SHOP) else uri[len("https://id.gs1.org") :]


def moment(minute: int) -> int:
    """Return a minute of the first morning as µs UTC."""
    return (int(MORNING.timestamp()) + minute * 60) * 1_000_000


def clock(minute: int) -> str:
    """Return a minute of the first morning as EPCIS writes it."""
    at = MORNING + timedelta(minutes=minute)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def event_id(number: int) -> str:
    """Return an event id that looks like those of stations."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012x}"


def elements(amounts: Sequence[Amount]) -> list[Tree]:
    """Write a quantity list; amounts are given as text or int, never as float."""
    written = []
    for class_uri, quantity, *uom in amounts:
        element: Tree = {"epcClass": class_uri}
        if quantity is not None:
            element["quantity"] = _number(quantity)
        if uom and uom[0]:
            element["uom"] = uom[0]
        written.append(element)
    return written


def _number(quantity: str | int) -> Any:
    """Return the exact value that the strict reader of bodies makes of a JSON number."""
    from decimal import Decimal

    return quantity if isinstance(quantity, int) else Decimal(quantity)


def told(
    type_: str,
    minute: int,
    *,
    number: int = 0,
    action: str | None = None,
    step: str | None = None,
    operation: str | None = None,
    disposition: str | None = None,
    place: str | None = None,
    parent: str | None = None,
    orders: Sequence[tuple[str, str]] = (),
    sources: Sequence[str] = (),
    destinations: Sequence[str] = (),
    product: str | None = None,
    transformation: str | None = None,
    **lists: Sequence[Any],
) -> Tree:
    """Write one event.

    Args:
        type_: Type without the word Event.
        minute: Minutes after the first morning, may be negative.
        number: Makes the event id; 0 takes the minute.
        orders: Pairs of type (prodorder, po) and identifier.
        lists: epcs, quantities, children, child_quantities, inputs, input_quantities, outputs,
            output_quantities.
    """
    tree: Tree = {
        "type": f"{type_}Event",
        "eventID": event_id(number or 10_000 + minute),
        "eventTime": clock(minute),
        "eventTimeZoneOffset": "+00:00",
        "action": action,
        "bizStep": step,
        "disposition": disposition,
        "bizLocation": {"id": place} if place else None,
        "parentID": parent,
        "transformationID": transformation,
        "bizTransactionList": [{"type": t, "bizTransaction": n} for t, n in orders],
        "sourceList": [{"type": "location", "source": s} for s in sources],
        "destinationList": [{"type": "location", "destination": d} for d in destinations],
        "ilmd": {VOC + "product": product} if product else None,
        VOC + "operation": operation,
    }
    spelled: Mapping[str, str] = {
        "epcs": "epcList",
        "quantities": "quantityList",
        "children": "childEPCs",
        "child_quantities": "childQuantityList",
        "inputs": "inputEPCList",
        "input_quantities": "inputQuantityList",
        "outputs": "outputEPCList",
        "output_quantities": "outputQuantityList",
    }
    for name, listed in lists.items():
        tree[spelled[name]] = elements(listed) if "quantities" in name else list(listed)
    return {member: value for member, value in tree.items() if value not in (None, [])}


def wrong(tree: Tree, minute: int) -> Tree:
    """Declare an event wrong: the same event again, with an error declaration."""
    reason = {"declarationTime": clock(minute), "reason": "incorrect_data"}
    return {**tree, "errorDeclaration": reason}
