"""The last of the disk is left free: a record that stops in time is whole, and can be read.

A disk that fills up in the middle of a write is where records have died. So nothing is appended
once less is free than a floor, and a person makes room while everything else still works.

>>> refuse_when_full(None, 1 << 60)
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from traceability.errors import DiskFull, Refused

__all__ = ["FLOOR_MB", "floor_bytes", "refuse_when_full"]

SETTING = "HANGTAG_DISK_FLOOR_MB"
FLOOR_MB = 64
"""What the largest group of appends and the log beside the record need, several times over."""


def floor_bytes() -> int:
    """Return how much must be free for an append: the setting, else 64 MB.

    Raises:
        Refused: If the setting is no whole number of megabytes.
    """
    given = os.environ.get(SETTING, str(FLOOR_MB))
    if not given.isdecimal():
        raise Refused(
            f"Cannot use {given!r} as {SETTING}: expected whole megabytes, for example 64."
        )
    return int(given) * 1_000_000


def refuse_when_full(path: Path | None, floor: int) -> None:
    """Refuse an append while the disk has less than its floor free.

    Args:
        path: The record's file; None if another machine keeps it.
        floor: Bytes.

    Raises:
        DiskFull: With what is free and what is needed.
    """
    if path is None or not floor:
        return
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:  # the folder is gone: said by whoever opens the file
        return
    if free < floor:
        raise DiskFull(
            f"The disk of {path} has {free // 1_000_000} MB free, and the last "
            f"{floor // 1_000_000} MB are not written to: make room, for example by moving old "
            "backups away. Nothing was stored; recording goes on by itself when there is room."
        )
