"""A record's file stays the one that was opened, and nobody takes the log beside it away.

An open file can be deleted, moved or replaced while a program writes: every write succeeds, and
what was written is gone at the end. So the names on the disk are compared with what they named.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

from traceability.errors import DatabaseBusy

__all__ = ["SameFile", "same_file"]

Number = tuple[int, int]
"""Device and number of a file on it: what a name stands for."""


class SameFile:
    """The file of a database as it was when it was first opened. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        """Remember what the name stands for now; the file must be there.

        Raises:
            OSError: If it is not.
        """
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self._file = _number(path)
        self._lock = threading.Lock()
        self._connections = 0  # owned by _lock
        self._log_seen: Number | None = None  # owned by _lock

    def check(self) -> None:
        """Compare the file's name with what it stood for.

        Raises:
            DatabaseBusy: If it is gone, or another file.
        """
        if _number_or_none(self.path) != self._file:
            raise DatabaseBusy(
                f"{self.path} was moved, deleted or replaced while Hangtag worked with it. "
                "Nothing was stored: put the file back where it was, or stop Hangtag, put the "
                "right one there, and start it again."
            )

    def check_log(self) -> None:
        """Compare the log beside the file with the one that our connections write to.

        Call it while a connection is open that has written.

        Raises:
            DatabaseBusy: If it is gone, or another file.
        """
        found = _number_or_none(self._log)
        with self._lock:
            if self._log_seen is None:
                self._log_seen = found
            seen = self._log_seen
        if found is None or found != seen:
            raise DatabaseBusy(
                f"{self._log} was deleted or replaced while Hangtag worked with it. "
                "Nothing was acknowledged: leave the files beside the record alone."
            )

    def connecting(self, *_: object) -> None:
        """Refuse to open another file under the old name, or to begin an empty one."""
        self.check()

    def connected(self, *_: object) -> None:
        """Count a connection."""
        with self._lock:
            self._connections += 1

    def closed(self, *_: object) -> None:
        """Forget the log with the last connection: it is removed then."""
        with self._lock:
            self._connections -= 1
            if self._connections <= 0:
                self._log_seen = None


_known: WeakKeyDictionary[Engine, SameFile] = WeakKeyDictionary()
_knowing = threading.Lock()


def same_file(engine: Engine, path: Path) -> SameFile:
    """Return the watch over an engine's file; the first call begins it."""
    with _knowing:
        watch = _known.get(engine)
        if watch is None:
            watch = _known[engine] = SameFile(path)
            event.listen(engine, "do_connect", watch.connecting)
            event.listen(engine, "connect", watch.connected)
            event.listen(engine, "close", watch.closed)
        return watch


def _number(path: Path) -> Number:
    about = os.stat(path)  # noqa: PTH116 - on the way of every append, three times as fast
    return about.st_dev, about.st_ino


def _number_or_none(path: Path) -> Number | None:
    try:
        return _number(path)
    except OSError:
        return None
