"""What is stopped: holds by name, with the things that must not move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from traceability.database import rows_by
from traceability.projections import tables
from traceability.projections.view import View, moment


@dataclass(frozen=True, slots=True)
class Stop:
    """One hold: why, whom to call, and what it stops now."""

    id: str
    reason: str
    contact: str
    since: datetime
    position: int
    released_position: int | None
    """Set when the last thing of it was set free."""
    numbers: tuple[int, ...]
    """Of the things it still stops; empty for a released one."""

    @property
    def is_open(self) -> bool:
        """Say whether it still stops anything."""
        return self.released_position is None


def stops(view: View) -> list[Stop]:
    """Return every hold there ever was, open ones first, newest first."""
    rows = view.connection.execute(
        text(
            "SELECT hold_id, reason, contact, held_at, position, released_position "
            "FROM hold WHERE ledger_id = :l"
        ),
        {"l": view.ledger_id},
    ).all()
    things = _things(view)
    found = [
        Stop(
            row.hold_id,
            row.reason,
            row.contact,
            moment(row.held_at),
            row.position,
            row.released_position,
            things.get(row.hold_id, ()),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.is_open, -one.position))


def stop_of(view: View, hold_id: str) -> Stop | None:
    """Return one hold by its name."""
    return next((one for one in stops(view) if one.id == hold_id), None)


def _things(view: View) -> dict[str, tuple[int, ...]]:
    rows = view.connection.execute(
        text("SELECT hold_id, item_no FROM hold_item WHERE ledger_id = :l ORDER BY item_no"),
        {"l": view.ledger_id},
    )
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.hold_id, []).append(row.item_no)
    return {name: tuple(numbers) for name, numbers in found.items()}


def stops_on(view: View, numbers: list[int]) -> dict[str, int]:
    """Return how many of these things each open hold stops, by the hold's name."""
    found: dict[str, int] = {}
    for row in rows_by(
        view.connection,
        tables.hold_item,
        ("hold_id",),
        ledger_id=view.ledger_id,
        column="item_no",
        values=numbers,
    ):
        found[row.hold_id] = found.get(row.hold_id, 0) + 1
    return found
