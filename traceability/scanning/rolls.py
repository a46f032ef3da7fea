"""A roll that nobody listed: its supplier's barcode becomes its name, and what is on it is asked.

The next roll of the same lot needs only the scan and a yes: unit, dye lot and supplier stay as
they were said last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceability.epcis.event import Event, Quantity
from traceability.epcis.vocabulary import DYE_LOT, PRODUCT
from traceability.errors import Conflict, InvalidEvent
from traceability.flow import Flow, Stage
from traceability.gs1 import product_of, uri_of
from traceability.gs1.local import LENGTH_MAX
from traceability.ledger.drafts import Draft
from traceability.projections.view import Values, View
from traceability.scanning.answer import Answer
from traceability.scanning.desk import Amount, Desk, Scan
from traceability.scanning.meaning import NAMESAKES_MAX, roll_key, takes_measured
from traceability.scanning.things import Thing, things
from traceability.scanning.writing import METRES_IN_YARD, draft_of
from traceability.stage_event import at_stage

__all__ = ["RollLabel", "last_roll", "new_roll", "read_label"]

WORDS_MAX = 80


@dataclass(frozen=True, slots=True)
class RollLabel:
    """What a roll's label says besides its length."""

    dye_lot: str = ""
    supplier: str = ""
    material: str = ""
    is_another: bool = False
    """Another roll carries this barcode already, and this is a second one."""


def read_label(tree: Mapping[str, Any]) -> RollLabel:
    """Read ``{dye_lot, supplier, material, another}``.

    Raises:
        InvalidEvent: If a word is no text or too long.
    """
    words = {}
    for member in ("dye_lot", "supplier", "material"):
        value = tree.get(member)
        said = "" if value is None else str(value).strip()
        if len(said) > WORDS_MAX:
            raise InvalidEvent(
                f"Cannot take this roll: expected {member} of at most {WORDS_MAX} characters, "
                f"got {len(said)}."
            )
        words[member] = said
    return RollLabel(**words, is_another=tree.get("another") is True)


def measured(flow: Flow) -> set[str]:
    """Return the kinds that have metres or kilograms of their own."""
    return {kind.name for kind in flow.kinds if kind.form == "lot" and kind.unit}


def last_roll(view: View) -> Values | None:
    """Return what was said of the roll entered last; None before the first one."""
    row = view.connection.execute(
        text(
            "SELECT key FROM master_data WHERE ledger_id = :l AND type = 'roll' "
            "ORDER BY position DESC LIMIT 1"
        ),
        {"l": view.ledger_id},
    ).first()
    return None if row is None else view.master("roll", [row.key]).get(row.key)


def new_roll(
    view: View, desk: Desk, scan: Scan, said: Mapping[str, Any], amount: Amount
) -> tuple[Answer, tuple[Draft, ...]]:
    """Enter a roll under its supplier's name, and take it in.

    Where rolls are not taken but opened, it is booked in at the step that takes them, and opened.

    Args:
        view: The ledger.
        desk: Where it was scanned.
        scan: The scan, whose text is the barcode.
        said: Dye lot, supplier, material; ``another`` for a second roll with this barcode.
        amount: How much is on it.

    Raises:
        Conflict: If no step of the flow takes rolls, or too many carry this barcode.
        InvalidIdentifier: If the barcode can be no name.
    """
    label = read_label(said)
    stage = desk.stage
    if not takes_measured(view, stage):
        found = next((one for one in view.flow.stages if takes_measured(view, one)), None)
        if found is None:
            raise Conflict("No step of this workshop takes in rolls; switch one on first.")
        stage = found
    place = desk.place if stage == desk.stage else f"//{view.namespace}/loc/{stage.name}"
    one = _free(view, scan.text, label, stage)
    if one is None:
        raise Conflict(
            f"A roll {scan.text[:40]!r} is in already. Is this another roll with the same code?"
        )
    values = _values(scan.text, amount, label)
    material = _material_key(view, label.material) if label.material else None
    product = product_of(one.key) or material
    if product is not None:
        values["product"] = product
    name = desk.event_id(scan)
    entries = [_entered("roll", one.key, values, name, desk)]
    if product is not None and label.material and not view.master("product", [product]):
        known = {"name": label.material, "kind": "material"}
        entries.insert(0, _entered("product", product, known, name, desk))
    event = _came_in(stage, place, one.key, amount, label, material)
    opens = any(measured(view.flow) & set(work.opens) for work in desk.stage.works)
    facts: dict[str, Any] = {"amount": str(amount.quantity), "unit": amount.unit}
    if label.dye_lot:
        facts["dye_lot"] = label.dye_lot
    answer = Answer("pass", "done", one.key, facts, opened=desk.opened, person=desk.person)
    if opens:
        facts |= {"left": str(amount.quantity), "count": 1, "new": True}
        answer = replace(answer, state="ready", said="opened", facts=facts, opened=(one.key,))
    return answer, (*entries, draft_of(desk, scan, event, answer))


def _free(view: View, barcode: str, label: RollLabel, stage: Stage) -> Thing | None:
    """Return the name that the roll gets: the first that no roll in the house carries."""
    keys = [roll_key(view, barcode, number) for number in range(1, NAMESAKES_MAX + 1)]
    known = things(view, keys)
    free = [known[key] for key in keys if not known[key].is_done(stage)]
    if not free:
        raise Conflict(
            f"{NAMESAKES_MAX} rolls carry the barcode {barcode[:40]!r} already. Stick a label of "
            "your own on this one and scan that."
        )
    if free[0].key != keys[0] and not label.is_another:
        return None
    if label.is_another:
        return next((one for one in free if not one.entered), free[0])
    return free[0]


def _values(barcode: str, amount: Amount, label: RollLabel) -> dict[str, Any]:
    values: dict[str, Any] = {
        "code": barcode.removeprefix("R-")[:LENGTH_MAX],
        "amount": str(amount.quantity),
        "unit": amount.unit,
    }
    if amount.unit == "MTR":
        values["metres"] = str(amount.quantity)
    elif amount.unit == "YRD":
        exact = (amount.quantity * METRES_IN_YARD).quantize(Decimal("0.000001"))
        values["metres"] = f"{exact.normalize():f}"
    for member in ("dye_lot", "supplier", "material"):
        word = getattr(label, member)
        if word:
            values[member] = word
    return values


def _material_key(view: View, material: str) -> str:
    text = f"P-{material}".replace("/", "-")[:LENGTH_MAX].strip()
    return f"//{view.namespace}/class/{text}"


def _entered(kind: str, key: str, values: Values, name: str, desk: Desk) -> Draft:
    tree = {"type": kind, "id": key, "values": values}
    return Draft("master", f"master:{kind}:{key[:200]}:{name}", tree, by=desk.device)


def _came_in(
    stage: Stage, place: str, key: str, amount: Amount, label: RollLabel, material: str | None
) -> Event:
    """Write that a roll begins to be here: so much of it, of this material and dye lot."""
    ilmd: dict[str, Any] = {}
    if material is not None and product_of(key) is None:
        ilmd[PRODUCT] = uri_of(material)
    if label.dye_lot:
        ilmd[DYE_LOT] = label.dye_lot
    event = Event(
        type="ObjectEvent",
        event_time=0,
        offset="+00:00",
        action="ADD",
        quantities=(Quantity(uri_of(key), amount.quantity, amount.unit),),
        read_point=uri_of(place),
        place=uri_of(place),
        ilmd=ilmd,
    )
    return at_stage(event, stage, ())
