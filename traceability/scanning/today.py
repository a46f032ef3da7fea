"""What a desk shows before the first scan: the steps, today's figures, the next number to count.

>>> hint_of(Work(opens=("roll",), takes=("bundle",)))
'open-take'
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, text

from traceability.database import MICRO, ExactDecimal
from traceability.flow import Kind, Stage, Work
from traceability.projections.view import View

__all__ = ["counter_of", "figures", "hint_of", "kinds_of"]


def hint_of(work: Work) -> str:
    """Return which sentence says what is scanned here, and in which order."""
    if work.carries:
        return "carry"
    if work.opens:
        return "open-take"
    return "in-out" if work.in_and_out else "take"


def kinds_of(view: View, names: tuple[str, ...]) -> list[Kind]:
    """Return kinds by their names, in the order of the names."""
    known = {kind.name: kind for kind in view.flow.kinds}
    return [known[name] for name in names if name in known]


def figures(view: View, stage: Stage, since: datetime) -> tuple[int, Decimal]:
    """Return how often the step was done since a moment, and how many pieces (or metres)."""
    row = view.connection.execute(
        text(
            "SELECT count(*) AS times, coalesce(sum(pieces), 0) AS pieces FROM event "
            "WHERE ledger_id = :l AND event_at >= :f AND stage_no = :s"
        ).columns(times=BigInteger(), pieces=ExactDecimal()),
        {
            "l": view.ledger_id,
            "f": int(since.timestamp() * 1_000_000),
            "s": stage.number,
        },
    ).one()
    return int(row.times), Decimal(row.pieces) / MICRO


def counter_of(view: View, device: str, epoch: int) -> int:
    """Return the highest number that a device has counted to in a run; 0 before its first scan."""
    row = view.connection.execute(
        text(
            "SELECT contiguous, holes FROM station_run "
            "WHERE ledger_id = :l AND station = :d AND epoch = :e"
        ),
        {"l": view.ledger_id, "d": device, "e": epoch},
    ).first()
    if row is None:
        return 0
    return max([int(row.contiguous), *(int(last) for _, last in json.loads(row.holes))])
