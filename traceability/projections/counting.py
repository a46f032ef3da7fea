"""How much a ledger holds, in figures that are cheap to ask for."""

from __future__ import annotations

from sqlalchemy import text

from traceability.projections.view import View

__all__ = ["event_count"]


def event_count(view: View) -> int:
    """Return how many entries are events, error declarations among them."""
    found = view.connection.execute(
        text(
            "SELECT count(*) FROM entry WHERE ledger_id = :l AND kind IN ('event', 'declaration')"
        ),
        {"l": view.ledger_id},
    )
    return int(found.scalar_one())
