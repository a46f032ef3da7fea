"""A workshop's backup made, restored or moved in by a process that may end anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from traceability.errors import TraceabilityError
from traceability.factory import daily, restore
from traceability.factory.folder import Factory

AT = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
REFUSED_EXIT = 6


def do(deed: str, *paths: str) -> tuple[int, str]:
    """Do one thing with a backup.

    Args:
        deed: ``backup FOLDER``, ``restore FILE FOLDER``, ``prepare FILE FOLDER`` or ``settle
            FOLDER``; a backup goes where the workshop's settings say.

    Returns:
        The exit code, and the sentence if it was refused.
    """
    try:
        first, *others = (Path(path) for path in paths)
        if deed == "backup":
            daily.make(Factory.find(first), at=AT)
        elif deed == "restore":
            restore.restore(first, others[0])
        elif deed == "prepare":
            restore.prepare(first, Factory.find(others[0]))
        else:
            restore.settle(first, at=AT)
    except TraceabilityError as error:
        return REFUSED_EXIT, str(error)
    return 0, ""
