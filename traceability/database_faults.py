"""What a database says when it cannot: every engine in its own words, told apart here.

What the ledger does next hangs on five cases alone.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from enum import StrEnum

__all__ = ["Fault", "fault_of"]


class Fault(StrEnum):
    """What went wrong below a statement or a commit, by what follows from it."""

    BUSY = "busy"
    """Another one had the lock for too long, or there is no place for one more: nothing happened,
    try again."""
    FULL = "full"
    """No room on the disk: nothing happened, make room."""
    LOST = "lost"
    """The connection ended: nobody knows whether the last commit came through."""
    BROKEN = "broken"
    """The disk failed or what is on it contradicts itself: nothing is believed until read again."""
    OTHER = "other"
    """A statement that is wrong in itself: it fails again, whenever it comes."""


_BY_NAME = (
    ("SQLITE_BUSY", Fault.BUSY),
    ("SQLITE_LOCKED", Fault.BUSY),
    ("SQLITE_FULL", Fault.FULL),
    ("SQLITE_IOERR", Fault.BROKEN),
    ("SQLITE_CORRUPT", Fault.BROKEN),
    ("SQLITE_NOTADB", Fault.BROKEN),
    ("SQLITE_CANTOPEN", Fault.BROKEN),
    ("SQLITE_READONLY", Fault.BROKEN),
    ("SQLITE_PROTOCOL", Fault.BROKEN),
    ("SQLITE_NOMEM", Fault.LOST),
    ("SQLITE_INTERRUPT", Fault.LOST),
)
"""Beginnings of result codes. Source: sqlite.org, "Result and Error Codes"."""
_BY_STATE = (
    ("53100", Fault.FULL),
    ("53", Fault.BUSY),  # too many connections, out of memory: it says so before it does anything
    ("55P03", Fault.BUSY),
    ("40", Fault.BUSY),
    ("57014", Fault.BUSY),
    ("57P03", Fault.BUSY),  # starting up, shutting down
    ("57", Fault.LOST),
    ("08", Fault.LOST),
    ("25006", Fault.LOST),  # read only: this server is a standby now
    ("58", Fault.BROKEN),
    ("XX", Fault.BROKEN),
)
"""Beginnings of SQLSTATE. Source: PostgreSQL 18, Appendix A."""
_BY_NUMBER = {errno.ENOSPC: Fault.FULL, errno.EDQUOT: Fault.FULL, errno.EIO: Fault.BROKEN}


def fault_of(error: BaseException) -> Fault:
    """Tell what an exception of a database, a driver or the system means.

    >>> fault_of(OSError(errno.ENOSPC, "No space left on device")).value
    'full'
    >>> fault_of(ZeroDivisionError()).value
    'other'
    """
    for one in _beneath(error):
        name = getattr(one, "sqlite_errorname", None)
        if name is not None:
            return _first(_BY_NAME, name)
        state = getattr(one, "sqlstate", None)
        if state is not None:
            return _first(_BY_STATE, state)
        if isinstance(one, OSError) and one.errno in _BY_NUMBER:
            return _BY_NUMBER[one.errno]
    # A driver whose server went away has no answer to take a code from.
    was_connected = getattr(error, "connection_invalidated", False)
    names = {kind.__name__ for kind in type(error).__mro__}
    return (
        Fault.LOST
        if was_connected or names & {"OperationalError", "InterfaceError"}
        else (Fault.OTHER)
    )


def _beneath(error: BaseException) -> Iterator[BaseException]:
    yield error
    inner = getattr(error, "orig", None)
    if isinstance(inner, BaseException):
        yield inner


def _first(table: tuple[tuple[str, Fault], ...], code: str) -> Fault:
    return next((fault for start, fault in table if code.startswith(start)), Fault.OTHER)
