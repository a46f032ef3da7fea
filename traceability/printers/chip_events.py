"""A thing gets its chip: the event that says so, with the number of the chip as proof.

A chip that was told a number is no proof; one that was read back is. So the event is drafted from
what the printer read, and names both the thing and the chip it wears from now on.

>>> from traceability.printers.printing import Printed
>>> chip = bytes.fromhex("30364433400d1ec000000064")
>>> printed = Printed(1, chip, bytes.fromhex("e28011602000000000000001"))
>>> draft = commissioning("/01/09506000134352/21/100", printed, at=1_772_439_330_000_000, by="desk")
>>> draft.tree["action"], draft.tree["https://hangtag.invalid/voc/tid"]
('ADD', 'E28011602000000000000001')
"""

from __future__ import annotations

from sqlalchemy import text

from traceability.commissioning.chip_changes import CHIP_EPC, TID
from traceability.epcis.event import Event
from traceability.errors import Conflict, Refused
from traceability.gs1 import identify_epc, uri_of
from traceability.ledger.drafts import Draft
from traceability.printers.printing import Printed
from traceability.projections.entering import event_draft
from traceability.projections.view import View

__all__ = ["CHIP_EPC", "TID", "commissioning", "is_known"]

_STEP, _DISPOSITION = "commissioning", "active"


def is_known(view: View, key: str) -> bool:
    """Tell whether anything was ever recorded of a thing: then its label was printed again."""
    found = view.connection.execute(
        text("SELECT 1 FROM item WHERE ledger_id = :l AND key = :k"),
        {"l": view.ledger_id, "k": key},
    )
    return found.first() is not None


def commissioning(
    key: str,
    printed: Printed,
    *,
    at: int,
    by: str,
    offset: str = "+00:00",
    place: str | None = None,
    is_again: bool = False,
) -> Draft:
    """Draft the event that a thing wears a chip.

    Args:
        key: Key of the thing.
        printed: What the printer read back.
        at: When, µs UTC.
        by: Who prints.
        offset: What the clock at the place showed beyond UTC.
        place: Key of where the printer stands; None leaves it out.
        is_again: Its label was printed again: the thing is only seen, it does not begin anew.

    Raises:
        Conflict: If the chip names another thing; the sentence holds both.
        Refused: If no chip was read.

    Source: EPCIS 2.0, section 7.4.2 (ObjectEvent); CBV 2.0, section 7.1 (commissioning).
    """
    if not printed.epc:
        raise Refused(f"Cannot say that {key} wears a chip: none was read.")
    found = identify_epc(printed.epc).key
    if found != key:
        raise Conflict(f"The label is for {key}, but its chip says {found}: destroy the label.")
    where = uri_of(place) if place is not None else None
    said = {CHIP_EPC: printed.epc.hex().upper()}
    if printed.tid:
        said[TID] = printed.tid.hex().upper()
    event = Event(
        type="ObjectEvent",
        event_time=at,
        offset=offset,
        action="OBSERVE" if is_again else "ADD",
        epcs=(uri_of(key),),
        step=_STEP,
        disposition=_DISPOSITION,
        read_point=where,
        place=where,
        extensions=said,
    )
    return event_draft(event.tree(), by=by)
