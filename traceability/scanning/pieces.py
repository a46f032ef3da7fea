"""Garments that carry nothing but their product's code: each scan of it is one more piece.

An EAN on a hang-tag is on every piece of its kind. Once somebody said that it is used as it is, a
piece is packed by scanning it; nobody can say which of the pieces it was. Where pieces are made out
of a ticket they are told apart by the ticket instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from traceability.epcis.event import Event, Quantity
from traceability.epcis.event_ids import station_event_id
from traceability.epcis.vocabulary import VOC
from traceability.flow import Stage, Work
from traceability.gs1 import uri_of
from traceability.ledger.drafts import Draft
from traceability.projections.holding import holding_key
from traceability.projections.items import find_items
from traceability.projections.view import View
from traceability.projections.world import Item
from traceability.scanning import counts
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.things import Thing, applies, inside
from traceability.scanning.writing import work_event

__all__ = ["MADE", "first_marked", "made_draft", "order_of", "piece_event", "pieces_in", "work_for"]

MADE = VOC + "made"
"""Event member: id of the event that says a thing of this scan begins to be known."""
ONE = Decimal(1)


def work_for(view: View, stage: Stage, one: Thing) -> Work | None:
    """Return the rule by which pieces of a product are counted at a step; None if there is none."""
    garments = {kind.name for kind in view.flow.kinds if kind.form == "thing" and kind.in_stock}
    for work in stage.works:
        takes_pieces = garments & set(work.takes) and work.event != "TransformationEvent"
        if takes_pieces and applies(view, work, one):
            return work
    return None


def order_of(view: View, work: Work, one: Thing, opened: Sequence[Thing]) -> str | None:
    """Return the order that a piece is for: of what lies in the carton, or the only one it can be.

    None where it might be for several: one named would be a guess.
    """
    asked = [
        key
        for key, values in view.masters("order").items()
        if any(str(line.get("product", "")) == one.key for line in values.get("lines", ()))
    ]
    here = counts.orders_in_work(view, work, opened) & set(asked)
    found = here or set(asked)
    return found.pop() if len(found) == 1 else None


def piece_event(view: View, desk: Desk, work: Work, one: Thing, opened: Sequence[Thing]) -> Event:
    """Write that the step is done with one more piece of a product."""
    event = work_event(view, desk, work, [one], opened)
    amount = (Quantity(uri_of(one.key), ONE),)
    if work.event == "ObjectEvent":
        return replace(event, quantities=amount)
    return replace(event, child_quantities=amount)


def pieces_in(view: View, box: Item | None) -> int:
    """Return how many pieces lie in a carton."""
    held = inside(view, [box.item_no]) if box is not None else []
    return int(sum(Decimal(each.quantity) for each in held) / 1_000_000)


def first_marked(view: View, desk: Desk, one: Thing) -> Event | None:
    """Write that a piece begins to be known, if none of its kind was ever counted in here.

    Without it the shelf would owe a piece that never lay there.
    """
    key = holding_key(one.key, desk.place)
    item = find_items(view, [key]).get(key)
    if item is not None and item.quantity >= 1_000_000:
        return None
    return Event(
        type="ObjectEvent",
        event_time=0,
        offset="+00:00",
        action="ADD",
        quantities=(Quantity(uri_of(one.key), ONE),),
        read_point=uri_of(desk.place),
        place=uri_of(desk.place),
    )


def made_draft(desk: Desk, scan: Scan, event: Event) -> Draft:
    """Make the entry that goes before a scan's own: a moment earlier, and counted by nobody."""
    at = scan.at - 1
    name = station_event_id(at, f"{desk.device} made", desk.epoch, scan.counter)
    whole = replace(event, event_id=name, event_time=at, offset=scan.offset)
    return Draft("event", name, whole.tree(), whole, desk.device)
