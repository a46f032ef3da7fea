"""Everything a workshop has, in one file that was opened and checked before it got its name.

A backup holds all of the factory's folder but its older backups: the databases, each copied as it
was at one moment while the server went on working, the keys, sealed with the recovery code or a
passphrase, the flow, the stations with what they have not sent yet, the pictures. It is written
under a name of its own, read back from the disk, its ledgers verified from their first entry, and
only then named ``hangtag-….zip``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text

from traceability import __version__
from traceability.database import Database, file_of, open_file
from traceability.database_file import copy_file, examine_file, is_database, is_trace
from traceability.errors import LedgerCorrupt, Refused
from traceability.factory import archive
from traceability.factory.archive import Book, Manifest, Member, open_archive
from traceability.factory.folder import Factory
from traceability.factory.moved import PC_FILE
from traceability.factory.recovery import CODE_FILE, code_of, passphrase_of
from traceability.factory.sealing import OVERHEAD, SEALED_MAX, Opener, Seal, is_secret, stays_here
from traceability.factory.upgrading import upgrade_tables
from traceability.file_lock import try_lock
from traceability.ledger.append import Ledger
from traceability.ledger.crash_points import pass_point
from traceability.ledger.verify import verify
from traceability.projections.view import look
from traceability.schema import is_empty, revision

SCRATCH = ".making-"
PART = ".part"
PASSING = ("running.json", "beside-running.json", "factory.new", PC_FILE, CODE_FILE)
"""Notes of a workshop that is open: true on this PC, at this moment. And what opens a backup."""
LOCK = "lock"
"""Held in a scratch folder by whoever makes a backup in it."""
STALE_S = 24 * 3600
"""A half file this old was left by a PC that went dark; nobody is writing it any more."""
NAME_MAX = 40
Progress = Callable[[str, int, int], None]
"""(copying | writing | checking, bytes done, bytes in all)"""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read back and verified."""

    path: Path
    bytes: int
    manifest: Manifest
    seconds: float


def back_up(
    factory: Factory,
    target: Path | None = None,
    *,
    at: datetime,
    progress: Progress | None = None,
    passphrase: str = "",
) -> Backup:
    """Write all of a factory into one checked file; the server may work meanwhile.

    Args:
        factory: Only read from, but for scratch space in its folder of backups.
        target: A folder that is there, or a new file; None means the factory's own backups.
        at: UTC.
        progress: Told the phase and how many bytes of how many.
        passphrase: Seals the keys; empty means the workshop's recovery code.

    Raises:
        Refused: If the place does not exist, is not writable, or is full, or the passphrase is too
            short; nothing is left there.
        LedgerCorrupt: If the record itself does not verify: an earlier backup is the better one.
    """
    begun = time.monotonic()
    passphrase = passphrase_of(passphrase) if passphrase else code_of(factory)
    seal = Seal.fresh(passphrase)
    opener = seal.opener(passphrase)
    folder, name = _place(factory, target)
    _sweep(factory, folder)
    part: Path | None = None
    try:
        with _scratch(factory) as scratch:
            copies = _copy(factory, scratch, _Steps("copying", progress))
            manifest, zone = _describe(factory, copies, at)
            manifest = replace(manifest, seal=seal)
            final = folder / (name or _free_name(folder, manifest, zone))
            part = folder / f".{final.name}{PART}{_maker(factory)}{scratch.name}"
            manifest = _write(part, manifest, copies, opener, _Steps("writing", progress))
            shutil.rmtree(scratch / "copies")
            again = scratch / "again"
            check(part, again, expected=manifest, progress=progress, opener=opener)
            pass_point("backup checked")
        size = part.stat().st_size
        part.replace(final)
        pass_point("backup named")
        sync_folder(folder)
        pass_point("backup settled")
    except BaseException as error:
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink()
        if isinstance(error, OSError):
            raise Refused(told(error, folder)) from error
        raise
    return Backup(final, size, manifest, time.monotonic() - begun)


def check(
    path: Path,
    scratch: Path,
    *,
    expected: Manifest | None = None,
    progress: Progress | None = None,
    opener: Opener | None = None,
) -> Manifest:
    """Read a backup from its disk and verify it from the first entry on.

    Args:
        path: The file.
        scratch: A folder that does not exist; what is unpacked there stays for the caller.
        expected: What was meant to be written.
        progress: As for `back_up`.
        opener: Opens what is sealed; without it the sealed files are compared and left out.

    Raises:
        Refused: If the file is not what its list says, or was sealed with another passphrase.
        LedgerCorrupt: If a ledger in it does not verify.
    """
    _forget(path)
    with open_archive(path) as opened:
        manifest = opened.manifest
        if expected is not None and manifest != expected:
            raise archive.torn(path, "its list is not what was written")
        steps = _Steps("checking", progress)
        steps.total = manifest.unpacked_bytes
        opened.unpack(scratch, steps.add, opener=opener)
    verify_books(path, manifest, scratch)
    return manifest


def verify_books(path: Path, manifest: Manifest, folder: Path) -> None:
    """Verify the ledgers of an unpacked backup: same size, same root, nothing changed.

    Raises:
        LedgerCorrupt: If one of them is not what the backup's list says.
    """
    for file in dict.fromkeys(book.file for book in manifest.books):
        examine_file(folder / file)
        with contextlib.closing(open_file(folder / file)) as database:
            # One of an earlier version is brought to this one: what was unpacked is a copy.
            upgrade_tables(database)
            for book in (one for one in manifest.books if one.file == file):
                report = verify(Ledger.open(database, book.name))
                if report.finding is not None:
                    raise LedgerCorrupt(
                        f"{path.name} does not verify: {report.finding.detail} "
                        "Keep the earlier backups, and run `hangtag ledger verify`."
                    )
                if (report.size, report.root) != (book.size, book.root):
                    raise LedgerCorrupt(
                        f"{path.name} holds {report.size} entries of {book.file}, "
                        f"its list says {book.size}: take another backup."
                    )


def told(error: OSError, place: Path) -> str:
    """Say what a disk's refusal means and what to do.

    >>> told(OSError(errno.ENOSPC, "No space left on device"), Path("stick"))[:17]
    'stick is full: no'
    """
    none_left = "no half file was left"
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"{place} is full: {none_left}. Delete something there, or choose another place."
    if number == errno.EFBIG:
        return (
            f"{place} does not take a file this large: {none_left}. A stick of the kind FAT ends "
            "at 4 GB: format it as exFAT, or choose another place."
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place} may not be written to: {none_left}. Choose another place, or its owner."
    return (
        f"{place} does not answer ({error.strerror or error}): {none_left}. Plug the stick in "
        "again, or choose another place."
    )


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file of the factory as it goes into the backup."""

    path: str
    file: Path
    is_database: bool


class _Steps:
    """Counts bytes for whoever watches."""

    def __init__(self, phase: str, progress: Progress | None) -> None:
        self._phase = phase
        self._progress = progress
        self._done = 0
        self.total = 0

    def add(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._phase, self._done, max(self.total, self._done))


def _place(factory: Factory, target: Path | None) -> tuple[Path, str]:
    if target is None:
        try:
            factory.backups.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(told(error, factory.backups)) from error
        return factory.backups, ""
    if target.is_dir():
        return target, ""
    if target.exists():
        raise Refused(f"{target} is there already: name another file, or a folder.")
    if target.suffix.lower() != ".zip" or not target.parent.is_dir():
        raise Refused(
            f"There is no folder {target}: plug the stick in, or make the folder first. "
            "A file is named with .zip at its end."
        )
    return target.parent, target.name


def _sweep(factory: Factory, folder: Path) -> None:
    """Take away what was left by one that was cut off: at once if it was ours, else after a day."""
    ours = _maker(factory)
    with contextlib.suppress(OSError):
        for left in factory.backups.glob(f"{SCRATCH}*"):
            if _is_left(left):
                shutil.rmtree(left)
    with contextlib.suppress(OSError):
        for left in folder.glob(f".*{PART}-*"):
            maker, dot, scratch = left.name.rpartition(PART)[2].partition(".")
            is_ours = maker == ours and not (factory.backups / f"{dot}{scratch}").exists()
            if is_ours or _is_stale(left):
                left.unlink()


def _is_left(scratch: Path) -> bool:
    try:
        with (scratch / LOCK).open("r+b") as lock:
            return try_lock(lock)
    except OSError:  # it was begun this moment, or is not of this kind
        return _is_stale(scratch)


def _is_stale(left: Path) -> bool:
    return time.time() - left.stat().st_mtime > STALE_S


def _maker(factory: Factory) -> str:
    """Name this PC and folder: a stick may be plugged in elsewhere, and a share be written to."""
    who = f"{platform.node()}\n{factory.folder.absolute()}".encode()
    return f"-{sha256(who).hexdigest()[:12]}"


@contextlib.contextmanager
def _scratch(factory: Factory) -> Iterator[Path]:
    # Beside the databases, because that disk has room for them; a stick may be slow or small.
    factory.backups.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=factory.backups) as name,
        (Path(name) / LOCK).open("wb") as lock,
    ):
        try_lock(lock)
        pass_point("backup begun")
        yield Path(name)


def _files(factory: Factory) -> Iterator[Path]:
    """Yield what belongs into a backup: all but older backups, links, and running traces."""
    todo = [factory.folder]
    while todo:
        for found in sorted(todo.pop().iterdir()):
            is_passing = found.name in PASSING and found.parent == factory.folder
            if found.is_symlink() or found.name.startswith(".") or is_passing:
                continue
            if found == factory.backups:
                continue
            if found.is_dir():
                todo.append(found)
            elif found.is_file() and not is_trace(found) and not stays_here(_name(factory, found)):
                yield found


def _name(factory: Factory, file: Path) -> str:
    return file.relative_to(factory.folder).as_posix()


def _copy(factory: Factory, scratch: Path, steps: _Steps) -> list[_Copy]:
    found = [(path, is_database(path)) for path in _files(factory)]
    databases = [path for path, is_one in found if is_one]
    steps.total = sum(path.stat().st_size for path in databases)
    need, free = steps.total * 2, shutil.disk_usage(scratch).free
    if need > free:
        raise Refused(
            f"{factory.folder} has {free // 1_000_000} MB free, and a backup needs up to "
            f"{need // 1_000_000} MB beside it for a while: delete something, then try again."
        )
    copies = []
    for path, is_one in found:
        name = _name(factory, path)
        if not archive.is_inside(name):
            raise Refused(f'Cannot back up {path}: rename it, without \\ : * ? " < > | in it.')
        if is_one:
            copy = scratch / "copies" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, copy)
            pass_point("database copied")
            steps.add(path.stat().st_size)
            path = copy
        copies.append(_Copy(name, path, is_one))
    (scratch / "copies").mkdir(exist_ok=True)
    return copies


def _describe(factory: Factory, copies: list[_Copy], at: datetime) -> tuple[Manifest, str]:
    """Return the list without its files, which are counted as they are packed, and the zone."""
    books: list[Book] = []
    tables = set()
    practice = file_of(factory.url_of(practice=True))
    opening: Mapping[str, object] = {}
    for copy in (one for one in copies if one.is_database):
        with contextlib.closing(open_file(copy.file)) as database:
            if is_empty(database):
                continue
            tables.add(revision(database))
            is_practice = practice is not None and copy.path == practice.name
            found = list(_books(database, copy.path, is_practice=is_practice))
            books += found
            if found and (not opening or not is_practice):
                with look(Ledger.open(database, found[0].name)) as view:
                    opening = view.opening
    name = str(opening.get("name") or factory.folder.name)
    key = factory.key.read_bytes() if factory.key.is_file() else str(factory.folder).encode()
    digest = sha256(b"hangtag factory\n" + key).hexdigest()[:16]
    ordered = tuple(sorted(tables))
    manifest = Manifest(__version__, at, name, digest, ordered, (), tuple(books))
    return manifest, str(opening.get("zone", "UTC"))


def _books(database: Database, file: str, *, is_practice: bool) -> Iterator[Book]:
    with database.read() as connection:
        for row in connection.execute(text("SELECT name, size, root FROM ledger ORDER BY name")):
            yield Book(file, row.name, row.size, bytes(row.root).hex(), is_practice)


def _free_name(folder: Path, manifest: Manifest, zone: str) -> str:
    try:
        local = manifest.made_at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = manifest.made_at
    stem = f"hangtag-{slug(manifest.name)}-{local:%Y%m%d-%H%M}"
    names = (f"{stem}.zip", *(f"{stem}-{count}.zip" for count in range(2, 100)))
    return next((name for name in names if not (folder / name).exists()), names[-1])


def slug(name: str) -> str:
    """Write a workshop's name as a part of a file's name, in its own script.

    >>> slug("Porto Knit & Sons"), slug("晨光制衣"), slug("//")
    ('porto-knit-sons', '晨光制衣', 'workshop')
    """
    words = re.findall(r"\w+", name.lower())
    return "-".join(words)[:NAME_MAX].strip("-_") or "workshop"


def _write(
    part: Path, manifest: Manifest, copies: list[_Copy], opener: Opener, steps: _Steps
) -> Manifest:
    steps.total = sum(copy.file.stat().st_size for copy in copies)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pass_point("part begun")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as packed:
            members = tuple(
                _pack_secret(packed, copy, manifest.made_at, opener)
                if is_secret(copy.path)
                else _pack(packed, copy, manifest.made_at, steps)
                for copy in copies
            )
            manifest = replace(manifest, members=members)
            packed.writestr(_info(archive.MANIFEST, manifest.made_at), manifest.encode())
        file.flush()
        os.fsync(file.fileno())
    pass_point("part synced")
    return manifest


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o100600 << 16
    return info


def _pack(packed: zipfile.ZipFile, copy: _Copy, at: datetime, steps: _Steps) -> Member:
    digest, size = sha256(), 0
    info = _info(copy.path, at)
    info.file_size = copy.file.stat().st_size  # decides whether the entry can pass 4 GB
    with copy.file.open("rb") as source, packed.open(info, "w") as target:
        while chunk := source.read(archive.CHUNK):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            steps.add(len(chunk))
    pass_point("file packed")
    return Member(copy.path, size, digest.hexdigest())


def _pack_secret(packed: zipfile.ZipFile, copy: _Copy, at: datetime, opener: Opener) -> Member:
    data = copy.file.read_bytes()
    if len(data) > SEALED_MAX - OVERHEAD:
        raise Refused(f"Cannot back up {copy.path}: expected a key, got {len(data)} bytes.")
    sealed = opener.seal(copy.path, data)
    packed.writestr(_info(copy.path, at), sealed)
    return Member(copy.path, len(sealed), sha256(sealed).hexdigest(), is_sealed=True)


def sync_folder(folder: Path) -> None:
    """See to it that new names in a folder survive a power cut; not every disk can be asked."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _forget(path: Path) -> None:
    # What is still in memory would be compared with itself: the check must read the medium.
    forget = getattr(os, "posix_fadvise", None)
    if forget is not None:
        with contextlib.suppress(OSError), path.open("rb") as file:
            forget(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
