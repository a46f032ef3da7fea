"""What a station says of its own health that somebody should look at, and what to do about it.

The station decides what is unusual (its readers' own past week, its own disk); here it is put into
words, for the board and for the page of the readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from traceability.web import screen
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _

__all__ = ["Alarm", "alarms", "alarms_of_all"]

FREE_LOW_BYTES = 500_000_000
DRIFTS: dict[str, LazyString] = {
    "rate": lazy_gettext(
        "Reads fewer than usual: look for a loose antenna cable or something in front."
    ),
    "noise": lazy_gettext(
        "Hears more noise than usual: look at its cable, its plug and what runs nearby."
    ),
    "rssi": lazy_gettext(
        "Tags answer more weakly than usual: look at the antenna, its cable, its place."
    ),
}
"""What has got worse → what is said."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to look at."""

    station: str
    """Its title."""
    state: str
    what: str
    line: str


def alarms(said: Mapping[str, Any]) -> tuple[Alarm, ...]:
    """Return what is unusual at a station.

    Args:
        said: What the station said last: JSON, trusted in nothing.
    """
    health = said.get("health")
    if not isinstance(health, Mapping):
        return ()
    title = screen.text(said.get("title")) or screen.text(said.get("station"))
    found = [Alarm(title, *one) for one in _store(health)]
    for reader in screen.rows(health.get("readers")):
        drift = reader.get("drift")
        told = [line for name, line in DRIFTS.items() if isinstance(drift, list) and name in drift]
        what = _("Reader %(reader)s is not as it was", reader=screen.text(reader.get("name")))
        found += [Alarm(title, "again", what, str(line)) for line in told]
    return tuple(found)


def _store(health: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    load, free = health.get("load"), health.get("disk_free_bytes")
    if health.get("problem"):
        line = _("Make room on the disk of its PC. What is read meanwhile waits in memory.")
        return [("stop", _("Nothing is kept at the moment"), line)]
    if isinstance(load, Mapping) and load.get("is_nearly_full") is True:
        line = _("Bring the server back, or allow more with spool_mb in the station's file.")
        return [("late", _("The store of what waits is nearly full"), line)]
    if isinstance(free, int) and free < FREE_LOW_BYTES:
        line = _("Make room there; old backups go first.")
        return [("late", _("The disk of its PC is nearly full"), line)]
    return []


def alarms_of_all(gates: Mapping[str, Mapping[str, Any]]) -> list[Alarm]:
    """Return what is unusual anywhere, in the order of the stations' names."""
    return [one for name in sorted(gates) for one in alarms(gates[name])]
