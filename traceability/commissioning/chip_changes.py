"""A chip was written, locked or silenced: the event that says so, with before and after.

A tag that was told something is no proof; what it said when it was read again is. So the event is
drafted from what the reader wrote and read back, and names the thing that the chip says it is now.

>>> tag = bytes.fromhex("30364433400d1ec000000064")
>>> blank = bytes.fromhex("e2801160600002096b6a1234")
>>> written = Written("epc", bytes.fromhex("e28011602000000000000001"), 0x3000, blank, 0x3000, tag)
>>> draft = chip_change(written, at=1_772_439_330_000_000, by="desk")
>>> draft.tree["bizStep"], draft.tree["epcList"]
('encoding', ['https://id.gs1.org/01/09506000134352/21/100'])
>>> draft.tree[CHIP_BEFORE]["epc"]
'E2801160600002096B6A1234'
"""

from __future__ import annotations

from readers.reads import Written
from traceability.epcis.body import Tree
from traceability.epcis.event import Event
from traceability.epcis.vocabulary import READER, VOC
from traceability.gs1 import identify_epc, uri_of
from traceability.ledger.drafts import Draft
from traceability.projections.entering import event_draft

__all__ = ["CHIP_AREAS", "CHIP_BEFORE", "CHIP_CHANGE", "CHIP_EPC", "TID", "chip_change"]

TID = VOC + "tid"
"""Event member: the number that the maker gave the chip, in hex."""
CHIP_EPC = VOC + "chipEpc"
"""Event member: what the chip was read back as, in hex."""
CHIP_PC = VOC + "chipPc"
"""Event member: the PC word that it was read back with, in hex."""
CHIP_BEFORE = VOC + "chipBefore"
"""Event member: `epc` and `pc` of the chip before the change, in hex."""
CHIP_CHANGE = VOC + "chipChange"
"""Event member: what was done: `epc`, `access password`, `lock` …; ` for ever` behind it where
nobody can undo it."""
CHIP_AREAS = VOC + "chipAreas"
"""Event member: which parts were locked or opened."""


def chip_change(
    written: Written,
    *,
    at: int,
    by: str,
    offset: str = "+00:00",
    place: str | None = None,
    reader: str = "",
) -> Draft:
    """Draft the event that a chip was changed.

    It says of the thing that it was seen with this chip, not that it begins or ends: a garment
    outlives its chip. Passwords are in no event.

    Args:
        written: What the reader wrote and read back.
        at: When, µs UTC.
        by: Who wants it so.
        offset: What the clock at the place showed beyond UTC.
        place: Key of where the reader stands; None leaves it out.
        reader: Its name; empty leaves it out.

    Source: EPCIS 2.0, section 7.4.2 (ObjectEvent); CBV 2.0, section 7.1 (encoding, killing).
    """
    is_silent = written.after_pc is None
    epc = written.before_epc if is_silent else written.after_epc
    where = uri_of(place) if place is not None else None
    said: dict[str, Tree] = {
        TID: written.tid.hex().upper(),
        CHIP_CHANGE: written.what + " for ever" * written.is_for_ever,
        CHIP_BEFORE: {
            "epc": written.before_epc.hex().upper(), "pc": f"{written.before_pc:04X}",
        },
    }  # fmt: skip
    if written.after_pc is not None:
        said |= {CHIP_EPC: written.after_epc.hex().upper(), CHIP_PC: f"{written.after_pc:04X}"}
    if written.areas:
        said[CHIP_AREAS] = list(written.areas)
    if reader:
        said[READER] = reader
    event = Event(
        type="ObjectEvent",
        event_time=at,
        offset=offset,
        action="OBSERVE",
        epcs=(uri_of(identify_epc(epc).key or ""),),
        step="killing" if is_silent else "encoding",
        read_point=where,
        place=where,
        extensions=said,
    )
    return event_draft(event.tree(), by=by)
