"""After a restore everything comes back: what a station delivered is kept, and sent once more.

The server says how much of the record a backup on another disk holds; that far a station may
forget. It also says which life of the record this is: a restore begins another one, and whatever
the record had taken in after the backup goes out again, under the same ids. What the record has
already, it answers as before; so sending too much costs nothing.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import cast

from traceability.errors import Offline
from traceability.station.link import Link, read_json
from traceability.station.spool import KEEP_FOR, Spool

__all__ = ["ask", "hear"]

log = logging.getLogger(__name__)

PATH = "/api/covered"
_TYPES = {"record": str, "size": int, "covered": int, "life": str, "since": int}


def ask(link: Link, spool: Spool, now: datetime) -> bool:
    """Ask the server how far the record is safe, and act on it.

    Returns:
        Whether the record was restored since the last time: all that is known of it is old.

    Raises:
        Offline: If the server does not answer.
    """
    status, data, _ = link.ask("GET", PATH)
    tree = _read(data) if status == 200 else None
    if tree is None:  # a server of an earlier version, or something in its place: keep everything
        spool.let_go(0, before=now - KEEP_FOR)
        return False
    known = f"life {tree['record']}"
    life = spool.meta(known)
    had = spool.reached if spool.meta("record") == tree["record"] else -1
    is_new = hear(spool, tree, now)
    if is_new and life is not None and had >= int(tree["since"]):
        # What the record does not know of itself: it was longer. Nothing hangs on the answer.
        said = {"name": spool.station, "reached": had, "life": life}
        link.ask("POST", PATH, json.dumps(said).encode())
    return is_new


def _read(data: bytes) -> dict[str, int | str] | None:
    try:
        tree = read_json(data)
    except Offline:
        return None
    is_told = isinstance(tree, dict) and all(
        type(tree.get(name)) is kind for name, kind in _TYPES.items()
    )
    return cast("dict[str, int | str]", tree) if is_told else None


def hear(spool: Spool, told: dict[str, int | str], now: datetime) -> bool:
    """Forget what is safe; let wait again what a restore has lost.

    Args:
        spool: The station's memory.
        told: ``{record, size, covered, life, since}`` as the server says it.
        now: UTC.

    Returns:
        Whether the record was restored since the last time.
    """
    record, life = str(told["record"]), str(told["life"])
    size, since, known = int(told["size"]), int(told["since"]), f"life {record}"
    if spool.meta("record") != record:
        # Another record: a workshop that went live, or one that is not restored yet. What was said
        # to the one before is kept for it, and none of it is said to this one.
        spool.turn_to(record)
    before = spool.meta(known)
    is_restored = before is not None and before != life
    # Shorter than what it gave us, and nobody has said so: it was put back by hand.
    is_shorter = spool.reached >= size
    if is_restored or is_shorter:
        count = spool.send_again(min(since, size) if is_restored else size)
        log.warning("the record was restored from a backup: %d elements are sent again", count)
    if before != life:
        spool.set_meta(known, life)
    spool.let_go(int(told["covered"]), before=now - KEEP_FOR)
    return is_restored or is_shorter
