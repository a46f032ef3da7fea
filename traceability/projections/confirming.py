"""The second pair of eyes: who confirmed that stopped goods may go on, or that one did so alone.

Two confirm where two could: the workshop said that several people work here, and at least two of
them are entered. Elsewhere one person confirms, and the record says "alone".

>>> Confirmation(12, "alone").is_alone
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from traceability.database import rows_by
from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent
from traceability.ledger import tables as record
from traceability.projections.held import Stop
from traceability.projections.people import people
from traceability.projections.view import View

__all__ = ["ALONE", "CONFIRMED", "Confirmation", "confirmations", "needs_second"]

CONFIRMED = "confirmed"
"""Member of a release: key of the second person, or `ALONE`."""
ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a release says of the second pair of eyes."""

    position: int
    """Of the release in the record."""
    by: str
    """Key of the person, "alone", or empty: not said (the entry is older than the question)."""

    @property
    def is_alone(self) -> bool:
        """Say whether one person did it without another."""
        return self.by == ALONE

    @property
    def person(self) -> str:
        """Key of the person who confirmed; empty if nobody did or nothing is said."""
        return "" if self.is_alone else self.by


def needs_second(view: View) -> bool:
    """Say whether a second person has to confirm here."""
    if view.workshop.get("people") != "several":
        return False
    return sum(one.is_active for one in people(view)) > 1


def confirmations(view: View, stops: Iterable[Stop]) -> dict[str, Confirmation]:
    """Return who confirmed the release of holds, by the name of the hold; open ones are left out.

    Args:
        view: The record.
        stops: The holds asked about.
    """
    freed = {one.released_position: one.id for one in stops if one.released_position is not None}
    found = {freed[position]: Confirmation(position, "") for position in freed}
    for row in rows_by(
        view.connection,
        record.body,
        ("position", "body"),
        ledger_id=view.ledger_id,
        column="position",
        values=freed,
    ):
        try:
            tree = bodies.parse(row.body)
        except InvalidEvent:  # spoilt by hand: the record's own check names it
            continue
        if isinstance(tree, Mapping) and isinstance(tree.get(CONFIRMED), str):
            found[freed[row.position]] = Confirmation(row.position, str(tree[CONFIRMED]))
    return found
