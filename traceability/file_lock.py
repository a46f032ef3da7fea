"""A file that one program at a time may hold: the sign on a door that says somebody is inside.

The system gives it back when the file is closed, also by a process that is killed: so whoever finds
it free knows that nobody is at work there any more.
"""

from __future__ import annotations

import importlib
import os
from typing import IO

__all__ = ["try_lock"]


def try_lock(handle: IO[bytes]) -> bool:
    """Take a file for this handle alone, until it is closed; nobody waits.

    Args:
        handle: Open for writing, on a file that stands for the thing and holds nothing.

    Returns:
        Whether it is ours now; False if another handle has it, or the disk knows no locks.
    """
    try:
        if os.name == "nt":
            locking = importlib.import_module("msvcrt")
            handle.seek(0)
            locking.locking(handle.fileno(), locking.LK_NBLCK, 1)
        else:
            fcntl = importlib.import_module("fcntl")
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
