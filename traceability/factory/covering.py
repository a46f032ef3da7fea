"""How far the record is safe outside this PC: what stations and browsers may forget.

They keep what they delivered until a backup that was verified, and that lies on another disk, holds
it: a PC that is lost takes with it what lay only on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traceability.factory import daily
from traceability.factory.declared import declared
from traceability.ledger.roots import root_at
from traceability.scanning.twice import record_mark

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.projections.view import View

__all__ = ["Covered", "covered"]


@dataclass(frozen=True, slots=True)
class Covered:
    """What a record tells those who deliver to it."""

    record: str
    """Tells it from another record of this workshop; a restore does not change it."""
    size: int
    covered: int
    """Entries that a verified backup on another disk holds: 0 while there is none."""
    life: str
    """Changes with every declared restore; empty before the first."""
    since: int
    """Entries that came out of the last restore's backup: what was delivered at this position or
    later must be delivered again. 0 before the first."""

    def tree(self) -> dict[str, str | int]:
        """Return it as JSON."""
        return {
            "record": self.record,
            "size": self.size,
            "covered": self.covered,
            "life": self.life,
            "since": self.since,
        }


def covered(view: View, factory: Factory | None) -> Covered:
    """Tell how far a record is covered, and whether it was restored.

    Args:
        view: The record.
        factory: The workshop; None for a bare record, of which nobody knows the backups.
    """
    restores = declared(view.connection, view.ledger_id)
    last = restores[-1] if restores else None
    return Covered(
        record_mark(view),
        view.size,
        _covered(view, factory),
        f"{last.epoch}:{last.position}:{last.root[:16]}:{last.at}" if last else "",
        last.size if last else 0,
    )


def _covered(view: View, factory: Factory | None) -> int:
    if factory is None:
        return 0
    said = daily.last(factory)
    if not 0 < said.away_size <= view.size:
        return 0
    # A record that was put back by hand is another one from there on: its root tells.
    root = root_at(view.connection, view.ledger_id, said.away_size)
    return said.away_size if root.hex() == said.away_root else 0
