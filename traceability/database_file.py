"""A database that is one file: told apart from other files, copied while it works, examined.

A copy is one moment of the database, however much is written meanwhile: the copying holds a
reader's snapshot from its first page to its last, and readers never stop a writer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from traceability.database import Database, file_url, open_database, open_file
from traceability.errors import DatabaseBusy, LedgerCorrupt

__all__ = ["copy_file", "examine_file", "gather_file", "is_database", "is_trace"]

PAGES = 2048
"""Pages copied between two words of progress: 8 MB, some ten milliseconds."""
_MAGIC = b"SQLite format 3\x00"
_TRACES = ("-wal", "-shm", "-journal", ".lock")
Progress = Callable[[int, int], None]
_kept: dict[tuple[int, int], int] = {}
"""Handles of databases by device and number, kept open: some ten in a workshop. Owned by
_keeping."""
_keeping = threading.Lock()


def is_database(path: Path) -> bool:
    """Say whether a file is a database, by its first bytes. It may be in use, by us as well.

    A process that closes any handle of a file gives up all its locks on it, those of its own open
    database, too (POSIX, fcntl). The next program that looked into the file would then take itself
    for the last one, remove the log beside it, and with it all that is written afterwards. So a
    file in use, which has its log beside it, is not opened here at all, and of any other database
    the handle stays open.

    Source: sqlite.org, "How To Corrupt An SQLite Database File", section 2.2.
    """
    if path.with_name(path.name + "-wal").exists():
        return True
    with _keeping:
        _let_go_of_deleted()
        about = path.stat()
        name = (about.st_dev, about.st_ino)
        if name not in _kept:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            head = os.read(handle, len(_MAGIC))
            if head != _MAGIC or os.name == "nt":
                os.close(handle)
                return head == _MAGIC
            _kept[name] = handle
        return os.pread(_kept[name], len(_MAGIC), 0) == _MAGIC


def _let_go_of_deleted() -> None:
    # Nobody else can look into a file without a name: its locks are of no use any more.
    for name, handle in list(_kept.items()):
        if os.fstat(handle).st_nlink == 0:
            os.close(_kept.pop(name))


def is_trace(path: Path) -> bool:
    """Say whether a file is what a running database leaves beside its own: never copied alone.

    >>> is_trace(Path("ledger.sqlite-wal")), is_trace(Path("ledger.sqlite"))
    (True, False)
    """
    return path.name.endswith(_TRACES)


def copy_file(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy a database as it is at this moment into a new file; writers go on meanwhile.

    Args:
        source: A database that may be in use, by this process or another.
        target: A file that does not exist yet.
        progress: Told how many pages of how many are copied.

    Raises:
        Refused: If there is no such database.
        LedgerCorrupt: If it cannot be read.
        OSError: If the copy cannot be written.
    """
    first = open_database(file_url(source), create=False)
    second = open_file(target)
    try:
        with (
            contextlib.closing(first.engine.raw_connection()) as reading,
            contextlib.closing(second.engine.raw_connection()) as writing,
        ):
            ours, theirs = reading.driver_connection, writing.driver_connection
            assert ours is not None
            assert theirs is not None
            # The new file is thrown away unless it is whole: nothing in it needs a journal.
            theirs.execute("PRAGMA journal_mode=OFF")
            theirs.execute("PRAGMA synchronous=OFF")
            ours.execute("BEGIN")
            ours.execute("PRAGMA schema_version").fetchone()  # the snapshot begins here
            ours.backup(
                theirs,
                pages=PAGES,
                progress=lambda _status, left, total: progress and progress(total - left, total),
            )
            ours.execute("ROLLBACK")
    except _errors(first) as error:
        raise _told(error, source, target) from error
    finally:
        first.engine.dispose()
        second.engine.dispose()


def _errors(database: Database) -> tuple[type[Exception], ...]:
    # A connection that cannot be prepared fails with the driver's own error, not SQLAlchemy's.
    return (DBAPIError, database.engine.dialect.loaded_dbapi.Error)


_DISK = (("full", errno.ENOSPC), ("disk I/O", errno.EIO), ("readonly", errno.EROFS))


def _told(error: Exception, source: Path, target: Path) -> Exception:
    words = str(error)
    for sign, number in _DISK:
        # Whichever of the two it was: a new file that does not fit is by far the usual case.
        if sign in words:
            return OSError(number, os.strerror(number), str(target))
    return LedgerCorrupt(f"{source} cannot be copied: {words}.")


def examine_file(path: Path, *, thorough: bool = False) -> None:
    """Ask a database whether its pages fit together.

    Args:
        path: The file.
        thorough: Also compare every index with its table: a second for each 100 MB.

    Raises:
        LedgerCorrupt: If they do not, with the first thing that does not.
        Refused: If there is no such file.
    """
    database = open_database(file_url(path), create=False)
    word = "integrity_check" if thorough else "quick_check"
    try:
        with contextlib.closing(database.engine.raw_connection()) as raw:
            connection = raw.driver_connection
            assert connection is not None
            found = connection.execute(f"PRAGMA {word}(1)").fetchone()
    except _errors(database) as error:
        raise LedgerCorrupt(f"{path} cannot be read as a database: {error}.") from error
    finally:
        database.engine.dispose()
    if found is None or found[0] != "ok":
        raise LedgerCorrupt(f"{path} is damaged: {found[0] if found else 'nothing came back'}.")


def gather_file(path: Path) -> None:
    """Bring everything of a database that nobody has open into its one file.

    Raises:
        DatabaseBusy: If somebody has it open.
        LedgerCorrupt: If it cannot be read.
    """
    database = open_database(file_url(path), create=False)
    try:
        with contextlib.closing(database.engine.raw_connection()) as raw:
            connection = raw.driver_connection
            assert connection is not None
            is_held, *_counts = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except _errors(database) as error:
        raise LedgerCorrupt(f"{path} cannot be read as a database: {error}.") from error
    finally:
        database.engine.dispose()
    log = Path(f"{path}-wal")
    if is_held or (log.exists() and log.stat().st_size):
        raise DatabaseBusy(f"{path} is open in another program: close that first.")
