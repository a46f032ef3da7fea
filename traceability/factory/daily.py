"""A backup a day that nobody has to think of: where it goes, when it is due, how it went.

Due is one at the first chance after 18:00 of the workshop's own clock, and whenever the last one is
a day old: a PC that is off in the evening makes it in the morning.

>>> from zoneinfo import ZoneInfo
>>> evening = datetime(2026, 11, 19, 17, 30, tzinfo=UTC)  # 18:30 in Paris
>>> is_due(evening - timedelta(hours=9), evening, ZoneInfo("Europe/Paris"))
True
>>> is_due(evening - timedelta(minutes=10), evening, ZoneInfo("Europe/Paris"))
False
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from traceability.database import open_database
from traceability.errors import Refused, TraceabilityError
from traceability.factory.archive import Manifest, open_archive
from traceability.factory.backup import Backup, Progress, back_up
from traceability.factory.drives import drive_of
from traceability.factory.folder import Factory
from traceability.ledger import history
from traceability.ledger.append import Ledger
from traceability.ledger.crash_points import pass_point
from traceability.projections.view import look

_log = structlog.get_logger()

EVENING_HOUR = 18
DAY = timedelta(hours=24)
LATE = timedelta(days=3)
"""After so long without a backup every page says so."""
KEEP = 14
KEEP_MAX = 1000
SHOWN_MAX = 200
LOOK_EVERY_S = 60.0
AGAIN_AFTER = timedelta(minutes=15)
"""After one that failed: the stick may be plugged in meanwhile."""
LAST = "last.json"
_SECTION = "backup"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the owner wants: table ``[backup]`` of factory.toml."""

    target: Path | None = None
    """A folder; None means the factory's own, on the same disk."""
    keep: int = KEEP
    """How many are kept there, newest first."""
    is_daily: bool = True
    is_drive: bool = False
    """The folder lies on something that is plugged in: without it nothing is written there."""


@dataclass(frozen=True, slots=True)
class Last:
    """How the last backup went: kept beside the backups as last.json."""

    made_at: datetime | None = None
    """Of the last one that was checked; None if there was none yet."""
    path: str = ""
    size: int = 0
    """Entries of the ledger that counts."""
    root: str = ""
    bytes: int = 0
    seconds: float = 0.0
    tried_at: datetime | None = None
    error: str = ""
    """Sentence of the last attempt; empty if it went well."""
    away_size: int = 0
    """Entries in the last one that was written to another disk than the workshop's own."""
    away_root: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup that lies in a folder."""

    path: Path
    bytes: int
    manifest: Manifest


def read_plan(factory: Factory) -> Plan:
    """Read what the owner wants of his backups.

    Raises:
        Refused: If factory.toml cannot be read, or says something that cannot be.
    """
    said = factory.settings().get(_SECTION, {})
    target, keep = said.get("target", ""), said.get("keep", KEEP)
    if not isinstance(target, str) or type(keep) is not int or not 1 <= keep <= KEEP_MAX:
        raise Refused(
            f"Cannot use [backup] in {factory.settings_file}: expected target as text and keep "
            f"from 1 to {KEEP_MAX}, got {target!r} and {keep!r}."
        )
    return Plan(
        Path(target) if target else None,
        keep,
        is_daily=said.get("daily", True) is True,
        is_drive=said.get("drive", False) is True,
    )


def write_plan(factory: Factory, plan: Plan) -> None:
    """Keep what the owner wants; the rest of factory.toml says what it said.

    Raises:
        Refused: If the file cannot be written.
    """
    section = {
        "target": str(plan.target or ""),
        "keep": plan.keep,
        "daily": plan.is_daily,
        "drive": plan.is_drive,
    }
    try:
        factory.write({**factory.settings(), _SECTION: section})
    except OSError as error:
        raise Refused(f"Cannot write {factory.settings_file}: {error.strerror}.") from error


def choose(factory: Factory, target: Path | None, *, keep: int, is_daily: bool) -> Plan:
    """Decide where backups go from now on.

    Raises:
        Refused: If the place is no folder, lies inside the factory, or cannot be written to.
    """
    if target is not None:
        target = target.expanduser().absolute()
        if not target.is_dir():
            raise Refused(
                f"There is no folder {target}: plug the stick in, or make the folder first."
            )
        if target.is_relative_to(factory.folder) and target != factory.backups:
            raise Refused(f"{target} lies inside the workshop's own folder: choose another one.")
        if not os.access(target, os.W_OK):
            raise Refused(f"{target} may not be written to: choose another one, or its owner.")
    if not 1 <= keep <= KEEP_MAX:
        raise Refused(f"Cannot keep {keep} backups: expected 1 to {KEEP_MAX}.")
    plan = Plan(
        None if target == factory.backups else target,
        keep,
        is_daily=is_daily,
        is_drive=target is not None and drive_of(target) is not None,
    )
    write_plan(factory, plan)
    return plan


def last(factory: Factory) -> Last:
    """Return how the last backup went; an unreadable note counts as none."""
    try:
        tree = json.loads((factory.backups / LAST).read_text(encoding="utf-8"))
        made, tried = tree.get("made_at"), tree.get("tried_at")
        return Last(
            datetime.fromisoformat(made) if made else None,
            str(tree.get("path", "")),
            int(tree.get("size", 0)),
            str(tree.get("root", "")),
            int(tree.get("bytes", 0)),
            float(tree.get("seconds", 0)),
            datetime.fromisoformat(tried) if tried else None,
            str(tree.get("error", "")),
            int(tree.get("away_size", 0)),
            str(tree.get("away_root", "")),
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return Last()


def make(
    factory: Factory,
    *,
    at: datetime,
    target: Path | None = None,
    progress: Progress | None = None,
    passphrase: str = "",
) -> Backup:
    """Make a backup where the owner wants it, note how it went, and let the oldest go.

    Args:
        factory: The workshop.
        at: UTC.
        target: Another place for this once; nothing is rotated there.
        progress: As for `back_up`.
        passphrase: As for `back_up`.

    Raises:
        Refused: If it could not be made; the note says why.
        LedgerCorrupt: If the record does not verify; the note says so.
    """
    before = last(factory)
    try:
        plan = read_plan(factory)
        place = target or plan.target
        if target is None and plan.is_drive and place is not None and drive_of(place) is None:
            raise Refused(f"{place} is not plugged in: plug it in, or choose another place.")
        made = back_up(factory, place, at=at, progress=progress, passphrase=passphrase)
    except TraceabilityError as error:
        _note(factory, before, tried_at=at, error=str(error))
        raise
    newest = made.manifest.newest
    size, root = (newest.size, newest.root) if newest else (0, "")
    away = (size, root) if is_away(made.path, factory) else (before.away_size, before.away_root)
    _note(
        factory,
        Last(
            at,
            str(made.path),
            size,
            root,
            made.bytes,
            round(made.seconds, 3),
            away_size=away[0],
            away_root=away[1],
        ),
        tried_at=at,
        error="",
    )
    pass_point("backup noted")
    if target is None:
        rotate(made, keep=plan.keep)
    return made


def is_away(path: Path, factory: Factory) -> bool:
    """Say whether a file lies on another disk than the workshop: it stays when the PC is lost."""
    if drive_of(path) is not None:
        return drive_of(factory.folder) != drive_of(path)
    return path.stat().st_dev != factory.folder.stat().st_dev


def rotate(made: Backup, *, keep: int) -> list[Path]:
    """Delete the oldest backups of the same workshop beside a new one; return what went.

    What cannot be read as a backup, or belongs to another workshop, is nobody's to delete.
    """
    ours = [
        one
        for one in kept(made.path.parent)
        if one.manifest.factory == made.manifest.factory and one.path != made.path
    ]
    gone = []
    for one in ours[max(0, keep - 1) :]:
        with contextlib.suppress(OSError):
            one.path.unlink()
            gone.append(one.path)
            pass_point("old backup deleted")
    return gone


def kept(folder: Path) -> list[Kept]:
    """List the backups in a folder, newest first, at most 200; other files are left out."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.glob("hangtag-*.zip"):
            with contextlib.suppress(OSError, TraceabilityError):
                status = path.stat()
                manifest = _manifest(path, status.st_size, status.st_mtime_ns)
                found.append(Kept(path, status.st_size, manifest))
    found.sort(key=lambda one: (one.manifest.made_at, one.path.name), reverse=True)
    return found[:SHOWN_MAX]


@lru_cache(maxsize=4 * SHOWN_MAX)
def _manifest(path: Path, _size: int, _changed_ns: int) -> Manifest:
    with open_archive(path) as opened:
        return opened.manifest


def is_due(before: datetime, now: datetime, zone: tzinfo) -> bool:
    """Say whether a backup is due.

    Args:
        before: When the last one was made, or the workshop itself; UTC.
        now: UTC.
        zone: Where the workshop's evening is.
    """
    local = now.astimezone(zone)
    evening = local.replace(hour=EVENING_HOUR, minute=0, second=0, microsecond=0)
    return now - before >= DAY or before < evening <= local


def is_late(before: datetime, now: datetime) -> bool:
    """Say whether every page should say that the last backup is too old.

    >>> noon = datetime(2026, 11, 19, 12, tzinfo=UTC)
    >>> is_late(noon, noon + timedelta(days=2)), is_late(noon, noon + timedelta(days=4))
    (False, True)
    """
    return now - before > LATE


def keep(
    factory: Factory,
    stopping: threading.Event,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    first: Callable[[Factory, datetime], object] = lambda _factory, _now: None,
) -> threading.Thread:
    """Begin to make backups when they are due, in a thread, until ``stopping`` is set.

    Args:
        factory: The workshop.
        stopping: Looked at every minute.
        clock: Gives UTC.
        first: Called every minute before a backup is thought of, such as what makes room.
    """
    thread = threading.Thread(
        target=_keep, args=(factory, stopping, clock, first), name="backup", daemon=True
    )
    thread.start()
    return thread


def _keep(
    factory: Factory,
    stopping: threading.Event,
    clock: Callable[[], datetime],
    first: Callable[[Factory, datetime], object],
) -> None:
    while not stopping.is_set():
        for act, trouble in ((first, "no room was made"), (look_after, "the daily backup waits")):
            try:
                act(factory, clock())
            except Exception as error:  # noqa: BLE001 - the top of a thread; pages say it is late
                _log.warning(trouble, reason=str(error))
        stopping.wait(LOOK_EVERY_S)


def look_after(factory: Factory, now: datetime) -> Backup | None:
    """Make the daily backup if it is due and wanted; None if not.

    Raises:
        TraceabilityError: If it could not be made; the note says why, and it is tried again in a
            quarter of an hour.
    """
    plan, before = read_plan(factory), last(factory)
    if not plan.is_daily:
        return None
    if before.error and before.tried_at and now - before.tried_at < AGAIN_AFTER:
        return None
    born, zone = birth(factory)
    if not is_due(before.made_at or born or now, now, zone):
        return None
    return make(factory, at=now)


def birth(factory: Factory) -> tuple[datetime | None, tzinfo]:
    """Return when the workshop's ledger in use was begun, and its zone."""
    try:
        database = open_database(factory.url, create=False)
    except Refused:
        return None, UTC
    with contextlib.closing(database), look(Ledger.open(database)) as view:
        said = str(view.opening.get("zone", "UTC"))
        began = history.sheets(view.connection, view.ledger_id, 0, 1)[0].recorded_at
    try:
        return began, ZoneInfo(said)
    except (ZoneInfoNotFoundError, ValueError):
        return began, UTC


def _note(factory: Factory, said: Last, *, tried_at: datetime, error: str) -> None:
    tree = {
        "made_at": said.made_at.isoformat() if said.made_at else None,
        "path": said.path,
        "checked": said.made_at is not None,
        "size": said.size,
        "root": said.root,
        "bytes": said.bytes,
        "seconds": said.seconds,
        "away_size": said.away_size,
        "away_root": said.away_root,
        "tried_at": tried_at.isoformat(),
        "error": error,
    }
    with contextlib.suppress(OSError):  # a full disk must not hide the sentence that says so
        factory.backups.mkdir(parents=True, exist_ok=True)
        _replace(factory.backups / LAST, json.dumps(tree, ensure_ascii=False, indent=1) + "\n")


def _replace(path: Path, words: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
