"""What the stations of this PC know of the record, before any of them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traceability.station.spool import reached

if TYPE_CHECKING:
    from traceability.factory.folder import Factory

__all__ = ["told_by_spools"]

STATIONS_MAX = 40
"""Stations that are asked: an entry that names them stays short."""


def told_by_spools(factory: Factory) -> dict[str, int]:
    """Return for each station the highest position that the record in use had given it."""
    told: dict[str, int] = {}
    files = sorted(factory.spools.glob("*.sqlite")) if factory.spools.is_dir() else []
    for path in files[:STATIONS_MAX]:
        found = reached(path)
        if found is not None:
            name, position = found
            told[name[:64]] = max(position, told.get(name[:64], position))
    return told
