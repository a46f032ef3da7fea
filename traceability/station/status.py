"""How a station's spool stands, whether the station runs or not."""

from __future__ import annotations

import json
from pathlib import Path

from traceability.station.settings import InvalidSettings, StationSettings
from traceability.station.spool import Spool


def status_tree(settings: StationSettings, folder: Path) -> dict[str, object]:
    """Return what a station has said, what waits, and whether anything is missing.

    Raises:
        InvalidSettings: If there is no spool yet.
    """
    path = folder / settings.spool
    if not path.exists():
        raise InvalidSettings(f"Station {settings.name!r} has no spool yet at {settings.spool}.")
    spool = Spool(path, settings.name, epoch=0)
    try:
        counts, load = spool.counts(), spool.load()
        return {
            "station": settings.name,
            "stage": settings.stage,
            "epoch": counts.epoch,
            "said": counts.next_counter - 1,
            "waiting": counts.waiting,
            "oldest_at": load.oldest_at.isoformat() if load.oldest_at is not None else None,
            "parked": counts.parked,
            "holes": counts.holes,
            "delivered_position": counts.delivered_position,
            "alive_at": spool.meta("alive_at"),
            "in_hand": json.loads(spool.meta("snapshot") or "{}").get("opened", []),
            "refused": [
                {"counter": counter, "id": name, "problem": problem}
                for counter, name, problem in spool.parked()
            ],
        }
    finally:
        spool.close()
