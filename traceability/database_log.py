"""The log beside a database file stays short, however fast is written and however long is read.

SQLite writes into a log (`-wal`) and moves it into the file bit by bit; the log begins anew only at
a moment when no reader needs it. With readers that overlap there is none by itself, so after a
commit that leaves a long log the writer waits for one: briefly, or, when the log is near its
bound, for as long as a copy of the whole file may take.

Source: sqlite.org, "Write-Ahead Logging", section 2.3 "Avoiding Excessively Large WAL Files".
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import structlog
from sqlalchemy import Connection

from traceability.database_faults import Fault, fault_of

__all__ = ["LOG_MAX", "LogBound"]

LOG_MAX = 64_000_000
"""Bytes that the log stays below."""
SHORTEN_AT = LOG_MAX // 4
WAIT_AT = LOG_MAX * 3 // 4
"""From here on writers wait for the readers that need the log."""
BRIEF_MS = 20
LONG_MS = 2_000
AGAIN_S = 0.25
_USUAL_MS = 10_000
_log = structlog.get_logger()


class LogBound:
    """Keeps the log of one database file short."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-wal")
        self._lock = threading.Lock()
        self._tried_at = float("-inf")  # monotonic; owned by _lock

    @property
    def size(self) -> int:
        """Bytes of the log now."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def shorten(self, connection: Connection) -> None:
        """Begin the log anew if it is long, and nobody needs it or its reader ends soon.

        Args:
            connection: It has just committed, and is in no transaction.
        """
        size = self.size
        if size < SHORTEN_AT or not self._is_time(size):
            return
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute(f"PRAGMA busy_timeout={LONG_MS if size >= WAIT_AT else BRIEF_MS}")
        is_busy = False
        try:
            is_busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except Exception as error:
            # What was committed is safe in the log. A disk that fails is another matter.
            if fault_of(error) not in (Fault.FULL, Fault.BUSY):
                raise
        finally:
            raw.execute(f"PRAGMA busy_timeout={_USUAL_MS}")
        if is_busy and size >= LOG_MAX:
            _log.warning("a reader keeps the database's log long", bytes=size)

    def _is_time(self, size: int) -> bool:
        at = time.monotonic()
        with self._lock:
            if size < WAIT_AT and at - self._tried_at < AGAIN_S:
                return False
            self._tried_at = at
        return True
