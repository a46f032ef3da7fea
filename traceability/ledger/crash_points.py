"""Where a workshop's PC may lose its power in the middle of a word: the places, by name.

`HANGTAG_CRASH_AT` names a place and at which of its hits the process ends there, as if killed from
outside: nothing is flushed, closed or told. ``stop`` instead halts it there until it is continued.
Without that variable a place costs one comparison.

>>> Armed.parse("head locked:3")
Armed(name='head locked', hit=3, deed='kill')
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass

from traceability.errors import Refused

__all__ = ["POINTS", "Armed", "arm", "pass_point"]

SETTING = "HANGTAG_CRASH_AT"
APPEND_POINTS = (
    "queued",
    "head locked",
    "sorted",
    "entries written",
    "bodies written",
    "event ids written",
    "documents written",
    "private written",
    "runs counted",
    "tiles written",
    "state folded",
    "head written",
    "before commit",
    "after commit",
    "before answer",
)
"""On the way of one append, in this order. The first and the last are passed once for each caller
of a group, the others once for each transaction."""
SIGNING_POINTS = ("before memory", "between memory and table", "after table")
"""Around what the signer remembers outside the database."""
SPOOL_POINTS = ("spool written", "spooled", "before settling", "settling written", "settled")
"""In a station: before and after an element is durable, and around noting what the server has."""
JOB_POINTS = (
    "document kept",
    "document checked",
    "slice appended",
    "progress written",
    "job ended",
)
"""On the way of a large document: after it is durable, after its check, and around each slice."""
UNPACKING_POINTS = ("file unpacked",)
"""After each file that comes out of a backup: when it is read back, and when it is restored."""
BACKUP_POINTS = (
    "backup begun",
    "database copied",
    "part begun",
    "file packed",
    "part synced",
    "backup checked",
    "backup named",
    "backup settled",
    "backup noted",
    "old backup deleted",
)
"""On the way of a backup, in this order; a database and a file have one each."""
RESTORE_POINTS = (
    "restore begun",
    "restore checked",
    "restore listed",
    "file moved in",
    "factory moved in",
    "restore cleared",
)
"""On the way of a backup into an empty folder: it is a workshop from "factory moved in" on."""
REPLACE_POINTS = ("restore prepared", "file set aside", "all set aside")
"""On the way of a backup into a workshop that is in use, before its files are moved in."""
POINTS = (
    APPEND_POINTS
    + SIGNING_POINTS
    + SPOOL_POINTS
    + JOB_POINTS
    + UNPACKING_POINTS
    + BACKUP_POINTS
    + RESTORE_POINTS
    + REPLACE_POINTS
)
DEEDS = ("kill", "stop")


@dataclass(frozen=True, slots=True)
class Armed:
    """A place at which this process ends or halts."""

    name: str
    hit: int
    """Which passing of the place, counted from 1."""
    deed: str
    """kill or stop."""

    @classmethod
    def parse(cls, words: str) -> Armed:
        """Read ``NAME[:HIT[:DEED]]``.

        Raises:
            Refused: If there is no such place or the rest is not understood.
        """
        name, _, rest = words.partition(":")
        hit, _, deed = rest.partition(":")
        deed = deed or DEEDS[0]
        if name not in POINTS or not (hit or "1").isdecimal() or deed not in DEEDS:
            raise Refused(
                f"Cannot crash at {words!r}: expected NAME:HIT or NAME:HIT:stop with a name of "
                f"{', '.join(POINTS)}."
            )
        return cls(name, int(hit or "1"), deed)


_armed: Armed | None = None
_hits = 0  # owned by _counting
_counting = threading.Lock()


def arm(words: str) -> None:
    """End or halt this process at a place; no words: nowhere. Counting begins anew.

    Raises:
        Refused: If the words are not understood.
    """
    global _armed, _hits
    _armed, _hits = Armed.parse(words) if words else None, 0


def pass_point(name: str) -> None:
    """End this process here if it was told to."""
    if _armed is not None and _armed.name == name:
        _hit(_armed)


def _hit(armed: Armed) -> None:
    global _hits  # noqa: PLW0603 - owned by _counting
    with _counting:
        _hits += 1
        is_now = _hits == armed.hit
    if not is_now:
        return
    if armed.deed == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        os._exit(137)


arm(os.environ.get(SETTING, ""))
