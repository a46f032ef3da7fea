"""What a scan by hand writes: one event, by the flow's rule, with what the desk was told.

>>> at, offset = 1_772_439_330_000_000, "+00:00"
>>> share(Decimal("10"), 3, 2)
Decimal('3.334')
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from traceability.epcis.body import Tree
from traceability.epcis.event import Event, Quantity
from traceability.epcis.vocabulary import BY, PRODUCT, READER, VOC
from traceability.flow import Work
from traceability.gs1 import product_of, uri_of
from traceability.ledger.drafts import Draft
from traceability.projections.timeline import MISSING, REASON
from traceability.projections.view import View
from traceability.scanning.answer import Answer
from traceability.scanning.desk import Amount, Desk, Scan
from traceability.scanning.things import Thing, exact
from traceability.stage_event import BLANK, at_stage, blank_tree, share

__all__ = ["counted", "draft_of", "seen", "share", "stood", "used_of", "without", "work_event"]

TOLD = VOC + "told"
"""Event member: what the desk was answered, so that the same scan gets the same answer again."""
SCANNED = VOC + "scanned"
"""Event member: the text as it came from the scanner or the keys."""
PERSON = VOC + "person"
"""Event member: key of the person who scanned, if people say who they are."""
METRES_IN_YARD = Decimal("0.9144")
"""Exact since 1959 (international yard)."""
_MILLI = Decimal("0.001")
MISSING_MAX = 100


def draft_of(desk: Desk, scan: Scan, event: Event, answer: Answer) -> Draft:
    """Make the entry of a scan: the event with its id, time, and what was answered."""
    extensions: dict[str, Tree] = {
        **event.extensions,
        BY: scan.by,
        SCANNED: scan.text[:200],
        TOLD: answer.kept(),
        READER: desk.reader,
    }
    if desk.person is not None:
        extensions[PERSON] = desk.person
    whole = replace(
        event,
        event_id=desk.event_id(scan),
        event_time=scan.at,
        offset=scan.offset,
        extensions=extensions,
    )
    return Draft("event", whole.event_id, whole.tree(), whole, desk.device, desk.run(scan.counter))


def seen(desk: Desk, one: Thing | str, reason: str, *, is_new: bool = False) -> Event:
    """Write that a thing was scanned, and nothing more: neither step nor place is said.

    Args:
        desk: Where.
        one: The thing, or the key of something unknown.
        reason: Why it was only seen.
        is_new: A carton that nobody marked before begins to be one here.
    """
    key = one if isinstance(one, str) else one.key
    is_class = _is_class(key) if isinstance(one, str) else one.is_class
    return Event(
        type="ObjectEvent",
        event_time=0,
        offset="+00:00",
        action="ADD" if is_new and not is_class else "OBSERVE",
        epcs=() if is_class else (uri_of(key),),
        quantities=(Quantity(uri_of(key)),) if is_class else (),
        read_point=uri_of(desk.place),
        extensions={REASON: reason},
    )


def blank_event(place: str, tags: Mapping[str, int]) -> Event:
    """Write that tags were seen that nobody ever wrote: how many, and no thing at all.

    Args:
        place: Key of the spot where they were seen.
        tags: How many tags carry each number, by its key.
    """
    return Event(
        type="ObjectEvent",
        event_time=0,
        offset="+00:00",
        action="OBSERVE",
        read_point=uri_of(place),
        extensions={REASON: "blank", BLANK: blank_tree(tags)},
    )


def stood(desk: Desk, one: Thing) -> Event:
    """Write that a thing came in: it is at this place now, the step is not done yet."""
    return replace(seen(desk, one, "came-in"), place=uri_of(desk.place))


def _is_class(key: str) -> bool:
    if "/class/" in key or "/10/" in key:
        return True
    return key.startswith("/01/") and "/21/" not in key


def work_event(
    view: View, desk: Desk, work: Work, listed: Sequence[Thing], opened: Sequence[Thing] = ()
) -> Event:
    """Write the event of a step done with things, by the flow's rule.

    Args:
        view: The ledger.
        desk: The step and its place.
        work: The rule.
        listed: What was worked on.
        opened: What was opened for it: the rolls of the lay, the carton.
    """
    things = [one for one in listed if not one.is_class]
    classes = [one for one in listed if one.is_class]
    orders = {one.order for one in (*opened, *listed) if not one.is_measured}
    if work.event == "TransformationEvent":
        return _transformation(view, desk, things, classes, opened, orders)
    if work.event == "ObjectEvent":
        return _event(
            desk,
            work,
            orders,
            epcs=_uris(things),
            quantities=_amounts(classes),
        )
    return _event(
        desk,
        work,
        orders,
        parent=uri_of(opened[0].key),
        children=_uris(things),
        child_quantities=_amounts(classes),
    )


def _transformation(
    view: View,
    desk: Desk,
    things: Sequence[Thing],
    classes: Sequence[Thing],
    opened: Sequence[Thing],
    orders: Collection[str | None],
) -> Event:
    pieces = [*[(one, Decimal(1)) for one in things], *[(one, one.amount) for one in classes]]
    made = sum((count for _, count in pieces if count is not None), Decimal(0))
    inputs: list[str] = []
    amounts: list[Quantity] = []
    for number, source in enumerate(opened):
        if not source.is_class:
            inputs.append(uri_of(source.key))
            continue
        used: Decimal | None = made
        if source.is_measured:
            total = used_of(view, pieces, opened, source.unit)
            used = share(total, len(opened), number) if total else None
        amounts.append(Quantity(uri_of(source.key), used, source.unit or None))
    products = {one.product or _of_opened(opened) for one, _ in pieces}
    product = products.pop() if len(products) == 1 else None
    is_named = all(product_of(one.key) for one, _ in pieces)
    work = Work(event="TransformationEvent")
    return _event(
        desk,
        work,
        orders,
        inputs=tuple(inputs),
        input_quantities=tuple(amounts),
        outputs=_uris(things),
        output_quantities=_amounts(classes),
        ilmd={PRODUCT: uri_of(product)} if product and not is_named else {},
    )


def _of_opened(opened: Sequence[Thing]) -> str | None:
    return next((one.product for one in opened if not one.is_measured and one.product), None)


def used_of(
    view: View,
    pieces: Sequence[tuple[Thing, Decimal | None]],
    opened: Sequence[Thing],
    unit: str,
) -> Decimal:
    """Add up what pieces take of their material, in a roll's unit; zero if no product says it."""
    total = Decimal(0)
    for one, count in pieces:
        product = one.product or _of_opened(opened)
        values = view.master("product", [product]).get(product, {}) if product else {}
        each = exact(values.get("metres_each"))
        if unit == "KGM":
            each = exact(values.get("kilograms_each"))
        if each is None or count is None:
            return Decimal(0)
        total += each * count
    return (total / METRES_IN_YARD).quantize(_MILLI) if unit == "YRD" else total


def _event(
    desk: Desk,
    work: Work,
    orders: Collection[str | None],
    *,
    epcs: tuple[str, ...] = (),
    quantities: tuple[Quantity, ...] = (),
    parent: str | None = None,
    children: tuple[str, ...] = (),
    child_quantities: tuple[Quantity, ...] = (),
    inputs: tuple[str, ...] = (),
    input_quantities: tuple[Quantity, ...] = (),
    outputs: tuple[str, ...] = (),
    output_quantities: tuple[Quantity, ...] = (),
    ilmd: Mapping[str, Tree] | None = None,
) -> Event:
    event = Event(
        type=work.event,
        event_time=0,
        offset="+00:00",
        action=work.action,
        epcs=epcs,
        quantities=quantities,
        parent=parent,
        children=children,
        child_quantities=child_quantities,
        inputs=inputs,
        input_quantities=input_quantities,
        outputs=outputs,
        output_quantities=output_quantities,
        read_point=uri_of(desk.place),
        place=uri_of(desk.place),
        ilmd=ilmd or {},
    )
    return at_stage(event, desk.stage, (uri_of(one) for one in orders if one is not None))


def without(event: Event, missing: Sequence[str]) -> Event:
    """Add to a gate's event what was missing when somebody said yes to it all the same."""
    listed: list[Tree] = [uri_of(key) for key in missing[:MISSING_MAX]]
    return replace(event, extensions={**event.extensions, MISSING: listed}) if listed else event


def _uris(listed: Sequence[Thing]) -> tuple[str, ...]:
    return tuple(uri_of(one.key) for one in listed)


def _amounts(listed: Sequence[Thing]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(uri_of(one.key), _amount(one), (one.unit or None) if _amount(one) else None)
        for one in listed
    )


def _amount(one: Thing) -> Decimal | None:
    """Return the quantity that is said with a thing: what is left of it, else what it says."""
    return one.left if one.is_posted else one.amount


def counted(view: View, desk: Desk, work: Work, one: Thing, amount: Amount) -> Event:
    """Write that so much of a roll is here: the step's event with a figure said by hand."""
    event = work_event(view, desk, work, [one])
    return replace(event, quantities=(Quantity(uri_of(one.key), amount.quantity, amount.unit),))
