"""What was said to be there from before, thing by thing, as the record holds it now.

The id of such an event follows from what it is about and from how often that was said, so nothing
but the record itself has to be remembered.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.epcis.vocabulary import VOC
from traceability.gs1 import key_of
from traceability.ledger import tables as record_tables
from traceability.ledger.redacted import bodies_at
from traceability.projections.view import View

__all__ = ["FROM_BEFORE", "SaidBefore", "said_before"]

FROM_BEFORE = "from-before"
"""Why such an event is there: it tells no history, only what was counted."""
REASON = VOC + "reason"
_CHAIN_MAX = 200


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """What was said of one thing before."""

    count: int
    """How often."""
    tree: Mapping[str, Any] | None
    """The last event, if it still counts."""

    @property
    def quantity(self) -> Decimal:
        """What it added."""
        return Decimal(str(self._element["quantity"]))

    @property
    def unit(self) -> str:
        """Of what."""
        return str(self._element.get("uom", ""))

    @property
    def place(self) -> str:
        """Where."""
        tree = self.tree or {}
        return key_of(str(tree.get("bizLocation", {}).get("id", "")))

    @property
    def _element(self) -> Mapping[str, Any]:
        assert self.tree is not None, "only asked where something was said"
        found: Mapping[str, Any] = self.tree["quantityList"][0]
        return found


def event_id(about: str, number: int) -> str:
    """Return the id of the event that says for the n-th time what was there from before.

    >>> event_id("//w.invalid/class/P-1@//w.invalid/loc/shelf", 1)
    'urn:uuid:b44045bc-2a0d-5c20-a9d5-81591b48d1a3'
    """
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{FROM_BEFORE}#{number}#{about}')}"


def said_before(view: View, things: Collection[str]) -> dict[str, SaidBefore]:
    """Return what was said of some things, by what it is about: a roll, or goods at a place."""
    said = {about: SaidBefore(0, None) for about in things}
    asked = list(dict.fromkeys(things))
    latest: dict[str, tuple[int, bool]] = {}
    for number in range(1, _CHAIN_MAX):
        ids = {event_id(about, number): about for about in asked}
        rows = rows_by(
            view.connection,
            record_tables.event_id,
            ("event_id", "declared_at", "position"),
            ledger_id=view.ledger_id,
            column="event_id",
            values=list(ids),
        )
        there: dict[str, int] = {}
        wrong: set[str] = set()
        for row in rows:
            if row.declared_at:
                wrong.add(ids[row.event_id])
            else:
                there[ids[row.event_id]] = row.position
        for about, position in there.items():
            said[about] = SaidBefore(number, None)
            latest[about] = (position, about in wrong)
        asked = list(there)
        if not asked:
            break
    return {**said, **_bodies(view, said, latest)}


def _bodies(
    view: View, said: Mapping[str, SaidBefore], latest: Mapping[str, tuple[int, bool]]
) -> dict[str, SaidBefore]:
    wanted = [position for position, is_wrong in latest.values() if not is_wrong]
    read = bodies_at(view.connection, view.ledger_id, wanted)
    trees = {position: bodies.parse(body) for position, body in read.items()}
    found: dict[str, SaidBefore] = {}
    for about, (position, _) in latest.items():
        tree = trees.get(position)
        if isinstance(tree, Mapping):
            found[about] = SaidBefore(said[about].count, tree)
    return found


def said_from_before(view: View) -> list[tuple[str, str, Decimal, str]]:
    """Return all that was said to be there from before and still counts.

    Returns:
        Key of the class or roll, key of the place, amount, unit; in the order of the keys.
    """
    rows = view.connection.execute(
        text("SELECT key FROM item WHERE ledger_id = :l AND form <> 0 ORDER BY key"),
        {"l": view.ledger_id},
    )
    keys = [row.key for row in rows]
    found = []
    for said in said_before(view, keys).values():
        if said.tree is not None:
            element = said.tree["quantityList"][0]
            found.append((key_of(str(element["epcClass"])), said.place, said.quantity, said.unit))
    return sorted(found, key=lambda one: one[:2])
