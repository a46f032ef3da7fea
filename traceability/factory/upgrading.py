"""A new version opens an old record: upgraded in a copy, compared, and only then put in its place.

The old file is never written to. It is copied, the copy's tables are brought to this version and
everything in it is verified: the same entries, the same root, and a state that follows from them.
Then the copy takes its name, and the old file stays among the backups. Whatever goes wrong before,
the old file is as it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from traceability import __version__
from traceability.database import Database, file_url, open_database, open_file
from traceability.database_file import copy_file, gather_file
from traceability.errors import LedgerCorrupt, Refused, TraceabilityError
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.rebuild import rebuild
from traceability.schema import is_empty, is_known, newest, revision, upgrade

__all__ = ["Upgraded", "bring_up", "refuse_newer", "upgrade_tables"]

DRAFT = ".upgrading"
SPARE_BYTES = 50_000_000
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A record that was brought to this version."""

    file: Path
    before: str
    """State of its tables then."""
    aside: Path
    """Where the file lies as it was."""
    entries: int


def refuse_newer(database: Database) -> None:
    """Refuse a database that a later Hangtag has written; it is not touched.

    Raises:
        Refused: With the way on.
    """
    found = revision(database)
    if found and not is_known(found):
        where = database.path or database.engine.url.database
        raise Refused(
            f"{where} was written by a newer Hangtag than this one ({__version__}): start that "
            "version. Nothing was changed."
        )


def bring_up(
    path: Path, *, keep: Path, at: datetime, tell: Tell = lambda _words: None
) -> Upgraded | None:
    """Bring a record that is one file to this version, or leave it as it was.

    Args:
        path: The database; nobody has it open.
        keep: Folder in which the old file stays, in one of its own.
        at: UTC.
        tell: Told in a sentence what is done.

    Returns:
        What was done; None if the file is of this version, or not there.

    Raises:
        Refused: If it is of a newer version, there is no room, or the upgraded copy is not the same
            record; the file is then as it was.
        DatabaseBusy: If another server has it open.
    """
    draft = path.with_name(f"{path.name}{DRAFT}")
    _remove(draft)
    if not path.is_file():
        return None
    database = open_database(file_url(path), create=False)
    try:
        if is_empty(database) or revision(database) == newest():
            return None
        refuse_newer(database)
        database.own()
        before, heads = revision(database), _heads(database)
        database.engine.dispose()
        _make_room(path)
        tell(f"{path.name} is of an earlier version: it is upgraded in a copy and compared.")
        try:
            gather_file(path)
            copy_file(path, draft)
            _upgrade(draft, heads)
            aside = _swap(path, draft, keep / f"before-upgrade-{at:%Y%m%d-%H%M%S}")
        except (TraceabilityError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Refused(
                f"{path} was not upgraded and is as it was: {reason} Go on with the version that "
                "wrote it, and send this sentence to whoever looks after Hangtag."
            ) from error
        finally:
            _remove(draft)
    finally:
        database.close()
    entries = sum(size for size, _ in heads.values())
    tell(f"{path.name}: {entries} entries, same roots, same state. As it was: {aside}")
    return Upgraded(path, before, aside, entries)


def upgrade_tables(database: Database) -> bool:
    """Bring the tables of a database on a server to this version; return whether that was due.

    Raises:
        Refused: If it is of a newer version.
        LedgerCorrupt: If a record is another one afterwards; the server's own backup is the way
            back.
    """
    if is_empty(database) or revision(database) == newest():
        return False
    refuse_newer(database)
    heads = _heads(database)
    upgrade(database)
    _compare(database, heads)
    return True


def _heads(database: Database) -> dict[str, tuple[int, bytes]]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT name, size, root FROM ledger"))
        return {str(row.name): (int(row.size), bytes(row.root)) for row in rows}


def _make_room(path: Path) -> None:
    # The copy, and what its migrations and its check write meanwhile.
    need, free = 2 * path.stat().st_size + SPARE_BYTES, shutil.disk_usage(path.parent).free
    if need > free:
        raise Refused(
            f"{path} is of an earlier version, and upgrading it needs {need // 1_000_000} MB "
            f"beside it for a while; {free // 1_000_000} MB are free. Make room, then start again; "
            "nothing was changed."
        )


def _upgrade(draft: Path, heads: dict[str, tuple[int, bytes]]) -> None:
    with contextlib.closing(open_file(draft)) as database:
        upgrade(database)
        _compare(database, heads)
    gather_file(draft)


def _compare(database: Database, heads: dict[str, tuple[int, bytes]]) -> None:
    found = _heads(database)
    for name, head in heads.items():
        if found.get(name) != head:
            raise LedgerCorrupt(f"The ledger {name!r} is not the same afterwards.")
        ledger = Ledger.open(database, name)
        report = verify(ledger, projections=True)
        if report.finding is not None and report.finding.kind.startswith("projection"):
            # This version derives something from the same entries in another way: derive all anew.
            rebuild(ledger)
            report = verify(ledger, projections=True)
        if report.finding is not None:
            raise LedgerCorrupt(report.finding.detail)
        if (report.size, report.root) != (head[0], head[1].hex()):
            raise LedgerCorrupt(f"The ledger {name!r} has another root afterwards.")


def _swap(path: Path, draft: Path, aside: Path) -> Path:
    """Let the copy take the place; the old file is never without a name on the way."""
    aside.mkdir(parents=True, exist_ok=True)
    kept = aside / path.name
    try:
        os.link(path, kept)
    except OSError:  # a stick, another disk: no links there
        shutil.copy2(path, kept)
        with kept.open("rb+") as file:
            os.fsync(file.fileno())
    draft.replace(path)
    _remove(draft)
    with contextlib.suppress(OSError):  # not every file system can be asked
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return kept


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", ".lock"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{file}{end}").unlink()
