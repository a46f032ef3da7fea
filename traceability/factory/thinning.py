"""Making room before the disk is full: recordings first, small pictures, then old backups here.

Nothing else is ever given up: no entry of the record, nothing that was handed in, nothing that
waits in a spool. The last backup that was verified stays, and so does the newest one that lies
there; without a verified one none goes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from traceability.errors import TraceabilityError
from traceability.factory import daily
from traceability.factory.archive import open_archive
from traceability.factory.budget import (
    SACRIFICED,
    Stored,
    Usage,
    is_local,
    read_limits,
    stored_files,
    usage_of,
)
from traceability.factory.folder import Factory

__all__ = ["Thinned", "last_thinned", "thin"]

NOTE = "thinned.json"
BUSY = timedelta(minutes=15)
"""A recording that grew since then is being written."""
SPARE_SHARE = 10
"""A tenth more than needed goes at once, so that this is not done every minute."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Thinned:
    """What was given up, and when."""

    at: datetime
    recordings: int
    thumbnails: int
    backups: int
    bytes: int
    is_enough: bool
    """Whether as much is free now as is to stay free."""


def _unlink(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size


def thin(
    factory: Factory,
    now: datetime,
    *,
    usage: Callable[[Path], Usage] = usage_of,
    give_up_recording: Callable[[Path], int] = _unlink,
) -> Thinned | None:
    """Give up what may be given up, if less is free than is to stay free.

    Args:
        factory: The workshop.
        now: UTC.
        usage: Asks the system.
        give_up_recording: Gives up a recording but for what events point to; says how many bytes
            came free.

    Returns:
        What went; None if there is room, or nothing that may go.

    Raises:
        Refused: If factory.toml says something that cannot be.
    """
    limits, plan = read_limits(factory), daily.read_plan(factory)
    disk = usage(factory.folder)
    keep_free = limits.keep_free(disk.total)
    files = list(stored_files(factory, plan))
    over = keep_free - disk.free
    if limits.most_bytes is not None:
        over = max(over, sum(one.bytes for one in files) - limits.most_bytes)
    if over <= 0:
        return None
    wanted = over + keep_free // SPARE_SHARE
    count = dict.fromkeys(SACRIFICED, 0)
    freed = 0
    for one in _sacrifices(factory, plan, files, now):
        if freed >= wanted:
            break
        with contextlib.suppress(OSError):
            is_recording = one.part == "recordings"
            freed += (give_up_recording if is_recording else _unlink)(one.path)
            count[one.part] += 1
    if not freed:
        return None
    done = Thinned(
        now, count["recordings"], count["thumbnails"], count["backups"], freed, freed >= over
    )
    _log.warning("made room on the disk", bytes=freed, **count)
    _note(factory, done)
    return done


def _sacrifices(
    factory: Factory, plan: daily.Plan, files: Sequence[Stored], now: datetime
) -> Iterator[Stored]:
    busy = (now - BUSY).timestamp()
    for part in ("recordings", "thumbnails"):
        mine = [one for one in files if one.part == part]
        for one in sorted(mine, key=lambda one: one.changed_at):
            if part != "recordings" or one.changed_at < busy:
                yield one
    if is_local(plan, factory):
        yield from _old_backups(factory, plan)


def _old_backups(factory: Factory, plan: daily.Plan) -> Iterator[Stored]:
    """Yield this workshop's backups on this disk, oldest first, but for those that must stay."""
    verified = Path(daily.last(factory).path or "-")
    try:
        with open_archive(verified) as opened:
            ours = opened.manifest.factory
    except (OSError, TraceabilityError):
        return
    folders = dict.fromkeys([factory.backups, plan.target or factory.backups])
    found = [one for folder in folders for one in daily.kept(folder)]
    mine = sorted(
        (one for one in found if one.manifest.factory == ours),
        key=lambda one: one.manifest.made_at,
    )
    for one in mine[:-1]:
        if not one.path.samefile(verified):
            yield Stored(one.path, "backups", one.bytes, one.manifest.made_at.timestamp())


def last_thinned(factory: Factory) -> Thinned | None:
    """Return what was given up last; None if nothing ever was, or the note cannot be read."""
    try:
        tree = json.loads((factory.folder / NOTE).read_text("utf-8"))
        return Thinned(
            datetime.fromisoformat(tree["at"]),
            int(tree["recordings"]),
            int(tree["thumbnails"]),
            int(tree["backups"]),
            int(tree["bytes"]),
            tree["is_enough"] is True,
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _note(factory: Factory, done: Thinned) -> None:
    tree = {
        "at": done.at.isoformat(),
        "recordings": done.recordings,
        "thumbnails": done.thumbnails,
        "backups": done.backups,
        "bytes": done.bytes,
        "is_enough": done.is_enough,
    }
    fresh = factory.folder / f".{NOTE}.new"
    with contextlib.suppress(OSError):
        fresh.write_text(json.dumps(tree) + "\n", "utf-8")
        fresh.replace(factory.folder / NOTE)
