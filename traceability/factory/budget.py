"""One budget for everything that a workshop writes, and a sentence with a date when it is used up.

The record, what was handed in, recordings of readers, spools, logs and backups lie on one disk.
How long it will do is judged by what the last two weeks have taken of it.

>>> part_of(Path("stations/tapes/dock-1.jsonl"))
'recordings'
>>> budget = Budget((Part("recordings", 3 * GB, 4),), 238 * GB, 197 * GB, 2 * GB, None, 0,
...                 450_000_000.0, datetime(2026, 11, 22, tzinfo=UTC))
>>> budget.sentence
'41 of 238 GB are used; full in about 14 months (January 2028); recordings are thinned first.'

Source of what is given up, and in which order: docs/operating.md, "Room on the disk".
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, Literal

from traceability.database import file_of
from traceability.errors import Refused
from traceability.factory.daily import Last, Plan, kept
from traceability.factory.drives import drive_of
from traceability.factory.folder import Factory
from traceability.ledger import history
from traceability.projections.view import View

__all__ = [
    "GB",
    "Budget",
    "Limits",
    "Part",
    "Stored",
    "Usage",
    "is_local",
    "measure",
    "part_of",
    "read_limits",
    "stored_files",
]

PartName = Literal["ledger", "uploads", "thumbnails", "recordings", "spool", "logs", "backups"]
PARTS: tuple[PartName, ...] = (
    "ledger",
    "uploads",
    "thumbnails",
    "recordings",
    "spool",
    "logs",
    "backups",
)
SACRIFICED: tuple[PartName, ...] = ("recordings", "thumbnails", "backups")
"""What is given up when room runs out, in this order; nothing else ever is."""
TAPE_ENDS = (".jsonl", ".jsonl.gz")
"""Segments of tapes; what is kept of one that was given up ends otherwise, and stays."""
GB = 1_000_000_000
KEEP_FREE = 2 * GB
KEEP_FREE_SHARE = 20
"""Without a setting 2 GB stay free, or a twentieth of a smaller disk."""
DAYS = 14
DAYS_MIN = 3
ENTRIES_MIN = 30
"""Fewer say nothing about a pace."""
LONG_YEARS = 20
FILES_MAX = 200_000
SECTION = "disk"

Clause = tuple[str, Mapping[str, object]]
"""A sentence's part in English with its values, so that a page can say it in its own language."""


def N_(words: str) -> str:  # noqa: N802 - the mark that catalogues look for
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return words


SENTENCE = N_("%(used)s; %(full)s; %(first)s.")
SHORT_SENTENCE = N_("%(used)s; %(full)s.")


@dataclass(frozen=True, slots=True)
class Usage:
    """A disk, in bytes."""

    total: int
    free: int


def usage_of(folder: Path) -> Usage:
    """Ask the system for a disk's size and what is free for us."""
    found = shutil.disk_usage(folder)
    return Usage(found.total, found.free)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the owner wants: table ``[disk]`` of factory.toml."""

    keep_free_bytes: int | None = None
    """Below it something is given up; None: 2 GB, or a twentieth of a smaller disk."""
    most_bytes: int | None = None
    """What the workshop may take of the disk in all; None: whatever is there."""

    def keep_free(self, disk_bytes: int) -> int:
        """Return what is to stay free on a disk of this size, in bytes."""
        if self.keep_free_bytes is not None:
            return self.keep_free_bytes
        return min(KEEP_FREE, disk_bytes // KEEP_FREE_SHARE)


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of a workshop."""

    path: Path
    part: PartName
    bytes: int
    changed_at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of files takes."""

    name: PartName
    bytes: int
    count: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What is used, what is free, and for how long that will do."""

    parts: tuple[Part, ...]
    disk_bytes: int
    free_bytes: int
    keep_free_bytes: int
    most_bytes: int | None
    pledged_bytes: int
    """For the backups that are still to come until as many are kept as wanted."""
    bytes_a_day: float | None
    """None while too little was recorded to tell."""
    at: datetime

    @property
    def own_bytes(self) -> int:
        """All that the workshop takes."""
        return sum(part.bytes for part in self.parts)

    @property
    def room_bytes(self) -> int:
        """What may still be written before something is given up; negative if it is over."""
        free = self.free_bytes - self.keep_free_bytes
        return free if self.most_bytes is None else min(free, self.most_bytes - self.own_bytes)

    @property
    def days(self) -> float | None:
        """How many days the room will do at the pace of the last two weeks."""
        if not self.bytes_a_day:
            return None
        return max(0.0, (self.room_bytes - self.pledged_bytes) / self.bytes_a_day)

    @property
    def full_on(self) -> date | None:
        """The day on which the room is used up; None if it cannot be told, or is far away."""
        days = self.days
        if days is None or days > LONG_YEARS * 365.25:
            return None
        return (self.at + timedelta(days=days)).date()

    @property
    def given_up_first(self) -> PartName | None:
        """What goes first when the room is used up; None if there is nothing that may go."""
        there = {part.name for part in self.parts if part.count > (part.name == "backups")}
        return next((name for name in SACRIFICED if name in there), None)

    @property
    def clauses(self) -> tuple[str, dict[str, Clause]]:
        """The sentence that joins the clauses, and the clauses by their names in it."""
        told: dict[str, Clause] = {"used": self._used(), "full": self._full()}
        first = self.given_up_first
        if self.full_on is None or first is None:
            return SHORT_SENTENCE, told
        words = {
            "recordings": N_("recordings are thinned first"),
            "thumbnails": N_("small pictures go first"),
            "backups": N_("the oldest backups here go first"),
        }
        return SENTENCE, {**told, "first": (words[first], {})}

    @property
    def sentence(self) -> str:
        """All of it in English."""
        words, told = self.clauses
        return words % {name: one % values for name, (one, values) in told.items()}

    def __str__(self) -> str:
        return self.sentence

    def tree(self) -> dict[str, Any]:
        """Return the JSON form."""
        full_on = self.full_on
        return {
            "sentence": self.sentence,
            "disk_bytes": self.disk_bytes,
            "free_bytes": self.free_bytes,
            "keep_free_bytes": self.keep_free_bytes,
            "own_bytes": self.own_bytes,
            "parts": {part.name: part.bytes for part in self.parts},
            "full_on": None if full_on is None else full_on.isoformat(),
        }

    def _used(self) -> Clause:
        if self.most_bytes is not None:
            values = {"used": _gb(self.own_bytes), "all": _gb(self.most_bytes)}
            return N_("%(used)s of %(all)s GB allowed are used"), values
        values = {"used": _gb(self.disk_bytes - self.free_bytes), "all": _gb(self.disk_bytes)}
        return N_("%(used)s of %(all)s GB are used"), values

    def _full(self) -> Clause:
        days, full_on = self.days, self.full_on
        if days is None:
            return N_("after three days of work this says how long the rest lasts"), {}
        if full_on is None:
            return N_("the rest is enough for more than 20 years"), {}
        if days < 1:
            return N_("what is to stay free is used up"), {}
        if days < 2 * 30.44:
            return N_("full in about %(count)s days (%(date)s)"), {
                "count": round(days),
                "date": full_on,
            }
        if days < 24 * 30.44:
            months = round(days / 30.44)
            return N_("full in about %(count)s months (%(month)s)"), {
                "count": months,
                "month": Month(full_on),
            }
        return N_("full in about %(count)s years (%(month)s)"), {
            "count": round(days / 365.25),
            "month": Month(full_on),
        }


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a year; a page writes it in its own language.

    >>> str(Month(date(2028, 1, 20)))
    'January 2028'
    """

    first: date

    def __str__(self) -> str:
        return f"{self.first:%B %Y}"


def _gb(count: int) -> str:
    return f"{count / GB:.0f}" if count >= 10 * GB else f"{count / GB:.1f}"


def read_limits(factory: Factory) -> Limits:
    """Read what the owner wants of the disk.

    Raises:
        Refused: If factory.toml cannot be read, or says something that cannot be.
    """
    said = factory.settings().get(SECTION, {})
    found: dict[str, int | None] = {}
    for name in ("keep_free_gb", "most_gb"):
        value = said.get(name) if isinstance(said, Mapping) else None
        if value is not None and (type(value) not in (int, float) or not 0 <= value < 1e6):
            raise Refused(
                f"Cannot use [{SECTION}] in {factory.settings_file}: expected {name} as a number "
                f"of gigabytes, got {value!r}."
            )
        found[name] = None if value is None else round(value * GB)
    return Limits(found["keep_free_gb"], found["most_gb"] or None)


def part_of(relative: PurePath) -> PartName:
    """Say what a file of a workshop is, by its path below the folder."""
    first, name = relative.parts[0], relative.name
    if "thumbnails" in relative.parts[:-1]:
        return "thumbnails"
    if first == "recordings" or (first == "stations" and name.endswith(TAPE_ENDS)):
        return "recordings"
    if first == "logs" or name.endswith(".log"):
        return "logs"
    if first == "stations":
        return "spool"
    if first == "uploads":
        return "uploads"
    return "backups" if first == "backups" else "ledger"


def stored_files(factory: Factory, plan: Plan) -> Iterator[Stored]:
    """Yield every file that counts: in the folder, and what it keeps elsewhere on the same disk."""
    for path in islice(_walk(factory.folder), FILES_MAX):
        yield from _stored(path, part_of(path.relative_to(factory.folder)))
    for folder in _tapes_elsewhere(factory):
        for path in sorted(folder.rglob("*.jsonl*")):
            if path.name.endswith(TAPE_ENDS):
                yield from _stored(path, "recordings")
    if plan.target is not None and is_local(plan, factory) and plan.target != factory.backups:
        for one in kept(plan.target):
            yield from _stored(one.path, "backups")


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def _stored(path: Path, part: PartName) -> Iterator[Stored]:
    try:
        found = path.stat()
    except OSError:  # it went meanwhile
        return
    yield Stored(path, part, found.st_size, found.st_mtime)


def _tapes_elsewhere(factory: Factory) -> list[Path]:
    """Return folders of recordings that stations of this PC name, outside of the workshop's own."""
    found = set()
    if factory.stations.is_dir():
        for file in factory.stations.rglob("*.toml"):
            try:
                said = tomllib.loads(file.read_text("utf-8")).get("recordings")
            except (OSError, ValueError):  # said in a sentence by whoever starts the station
                continue
            if isinstance(said, str) and said:
                found.add((file.parent / said).resolve())
    here = factory.folder.resolve()
    return sorted(
        one for one in found if one.is_dir() and not one.is_relative_to(here) and _is_on(one, here)
    )


def _is_on(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def is_local(plan: Plan, factory: Factory) -> bool:
    """Say whether backups lie on the disk of the workshop itself."""
    if plan.target is None:
        return True
    if drive_of(plan.target) is not None or not plan.target.is_dir():
        return False
    return _is_on(plan.target, factory.folder)


def measure(
    factory: Factory,
    view: View | None,
    plan: Plan,
    last: Last,
    now: datetime,
    *,
    limits: Limits | None = None,
    usage: Callable[[Path], Usage] = usage_of,
) -> Budget:
    """Measure the disk of a workshop and its pace.

    Args:
        factory: The workshop.
        view: Its ledger in use; None if it cannot be read, and then no pace is told.
        plan: Of its backups: each that is kept grows with the record.
        last: The last backup.
        now: UTC.
        limits: What the owner wants; None reads it.
        usage: Asks the system.

    Raises:
        Refused: If factory.toml says something that cannot be.
    """
    limits = read_limits(factory) if limits is None else limits
    files = list(stored_files(factory, plan))
    disk = usage(factory.folder)
    parts = _parts(files)
    backups = next((part.count for part in parts if part.name == "backups"), 0)
    pledged = max(0, plan.keep - backups) * last.bytes if is_local(plan, factory) else 0
    return Budget(
        parts,
        disk.total,
        disk.free,
        limits.keep_free(disk.total),
        limits.most_bytes,
        pledged if plan.is_daily else 0,
        _pace(factory, view, plan, last, now, files),
        now,
    )


def _parts(files: Sequence[Stored]) -> tuple[Part, ...]:
    return tuple(
        Part(
            name,
            sum(one.bytes for one in mine),
            sum(is_backup(one.path) or name != "backups" for one in mine),
        )
        for name in PARTS
        if (mine := [one for one in files if one.part == name])
    )


def is_backup(path: Path) -> bool:
    """Say whether a file bears the name of a backup; others lie beside them."""
    return path.name.startswith("hangtag-") and path.suffix == ".zip"


def _pace(
    factory: Factory,
    view: View | None,
    plan: Plan,
    last: Last,
    now: datetime,
    files: Sequence[Stored],
) -> float | None:
    if view is None:
        return None
    zone = str(view.opening.get("zone", "UTC"))
    days = history.growth(
        view.connection, view.ledger_id, size=view.size, now=now, zone=zone, days=DAYS
    )
    counts = [day.count for day in days]
    # The day the record began may lie within: what was before it is no pace of zero.
    while counts and counts[0] == 0:
        counts.pop(0)
    if len(counts) < DAYS_MIN or sum(counts) < ENTRIES_MIN or not view.size:
        return None
    path = file_of(factory.url)
    stored = path.stat().st_size if path is not None and path.is_file() else 0
    a_day = sum(counts) / len(counts) * stored / view.size
    if stored and last.bytes and is_local(plan, factory):
        a_day *= 1 + plan.keep * last.bytes / stored
    since = (now.astimezone(UTC) - timedelta(days=DAYS)).timestamp()
    fresh = sum(
        one.bytes
        for one in files
        if one.part in ("uploads", "thumbnails", "recordings", "logs") and one.changed_at >= since
    )
    return a_day + fresh / len(counts)
