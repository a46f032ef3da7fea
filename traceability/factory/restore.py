"""A workshop out of its backup: unpacked beside, verified, and only then a factory.

What makes a folder a factory is its `factory.toml`, and that file is moved in last: a restore that
was cut off by a power cut leaves a folder that nobody takes for a workshop.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from traceability.database import open_database
from traceability.errors import DatabaseBusy, Refused
from traceability.factory.archive import Manifest, open_archive
from traceability.factory.backup import Progress, check, told
from traceability.factory.folder import Factory
from traceability.factory.recovery import CODE_FILE, passphrase_of, read_code
from traceability.projections.view import View
from traceability.schema import is_known

UNPACKED = ".restored"
"""Where a backup is unpacked: on the same disk, so that moving it in is renaming."""
SPARE_BYTES = 50_000_000
SET_UP_MAX = 500
"""More entries than these were not written by setting up."""
_GOODS = ("order", "ticket", "roll", "carton", "product")
_FILES = "files"
_PHASE = "phase"
RESTORED = ".from-backup"
"""Lies in a folder that came out of a backup until it is opened for the first time."""
_OUT, _IN = "moving out", "moving in"
_SIGN = "factory.toml"
_STAYS = ("backups", ".network")
"""What is this PC's and not the backup's: phones go on to trust the same certificate."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A factory that came out of a backup."""

    folder: Path
    manifest: Manifest
    has_keys: bool
    """Whether its keys came back too; if not, it begins with new ones."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a folder says of the backup that it came from, until it is opened."""

    name: str
    """Of the backup's file."""
    digest: str
    """SHA-256 of the backup's list, 64 hex digits; empty if nobody knows."""
    sizes: Mapping[tuple[str, str], int]
    """(database file, ledger) → entries in the backup."""


def restore(
    file: Path, folder: Path, *, progress: Progress | None = None, passphrase: str = ""
) -> Restored:
    """Unpack a backup into an empty or new folder and verify it there.

    Args:
        file: The backup.
        folder: Where the workshop will lie.
        progress: As for `back_up`.
        passphrase: The recovery code, or what the keys were sealed with; empty: they stay sealed,
            and the workshop begins with new keys.

    Raises:
        Refused: If the folder holds anything, the file is damaged, foreign or of a later Hangtag,
            or the passphrase is another one; the folder is then as it was.
        LedgerCorrupt: If a ledger in it does not verify.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            f"{folder} is not empty: a backup is restored into a new or empty folder only. "
            "Name another one; what is in this one stays as it is."
        )
    is_new = not folder.exists()
    try:
        manifest, has_keys = _unpack(file, folder, progress, passphrase)
        files = folder / UNPACKED / _FILES
        for path in _last_first(files):
            path.replace(folder / path.name)
        shutil.rmtree(folder / UNPACKED)
        _complete(Factory.find(folder))
    except BaseException as error:
        _undo(folder, is_new=is_new)
        if isinstance(error, OSError):
            raise Refused(told(error, folder)) from error
        raise
    return Restored(folder, manifest, has_keys)


def prepare(
    file: Path, factory: Factory, *, progress: Progress | None = None, passphrase: str = ""
) -> Restored:
    """Unpack a backup inside a factory that is in use, verified, to be moved in at the next start.

    Raises:
        Refused: As for `restore`; nothing is changed then.
        LedgerCorrupt: If a ledger in it does not verify.
    """
    shutil.rmtree(factory.folder / UNPACKED, ignore_errors=True)
    try:
        manifest, has_keys = _unpack(file, factory.folder, progress, passphrase)
        _write_phase(factory.folder, _OUT)
    except BaseException as error:
        shutil.rmtree(factory.folder / UNPACKED, ignore_errors=True)
        if isinstance(error, OSError):
            raise Refused(told(error, factory.folder)) from error
        raise
    return Restored(factory.folder, manifest, has_keys)


def is_prepared(folder: Path) -> bool:
    """Say whether a backup lies in a factory, verified, and waits for the next start."""
    return (folder / UNPACKED / _PHASE).is_file()


def settle(folder: Path, *, at: datetime) -> Path | None:
    """Move a prepared backup in and what was there aside; call it before any database is opened.

    It may be cut off at any moment and goes on at the next call.

    Returns:
        Where the earlier files lie now; None if no backup was prepared, or the workshop is open
        in another process: then it is moved in when that one opens it anew.
    """
    unpacked = folder / UNPACKED
    if not unpacked.exists() or is_open(folder):
        return None
    if not is_prepared(folder):
        shutil.rmtree(unpacked, ignore_errors=True)  # was cut off while it was unpacked
        return None
    phase, _, name = (unpacked / _PHASE).read_text(encoding="utf-8").partition("\n")
    aside = folder / "backups" / (name or f"before-restore-{at:%Y%m%d-%H%M%S}")
    if phase == _OUT:
        _write_phase(folder, _OUT, aside.name)
        aside.mkdir(parents=True, exist_ok=True)
        for path in _movable(folder):
            path.replace(aside / path.name)
        if (folder / _SIGN).is_file():  # it stays until the new one takes its place
            shutil.copy2(folder / _SIGN, aside / _SIGN)
        _write_phase(folder, _IN, aside.name)
    for path in _last_first(unpacked / _FILES):
        path.replace(folder / path.name)
    shutil.rmtree(unpacked)
    _complete(Factory(folder))
    return aside


def is_open(folder: Path) -> bool:
    """Say whether a server works on one of the ledgers in a folder."""
    for practice in (True, False):
        try:
            url = Factory(folder).url_of(practice=practice)
            with contextlib.closing(open_database(url, create=False)) as database:
                database.own()
        except DatabaseBusy:
            return True
        except Refused:  # there is no such ledger
            continue
    return False


def _unpack(
    file: Path, folder: Path, progress: Progress | None, passphrase: str
) -> tuple[Manifest, bool]:
    with open_archive(file) as opened:
        manifest, digest = opened.manifest, opened.digest
    _accept(file, manifest)
    opener, code = None, ""
    if passphrase and manifest.seal is not None:
        code = passphrase_of(passphrase)
        opener = manifest.seal.opener(code)
    folder.mkdir(parents=True, exist_ok=True)
    free, need = shutil.disk_usage(folder).free, manifest.unpacked_bytes + SPARE_BYTES
    if need > free:
        raise Refused(
            f"{folder} has {free // 1_000_000} MB free and {file.name} needs "
            f"{need // 1_000_000} MB: choose a folder on another disk."
        )
    unpacked = folder / UNPACKED
    unpacked.mkdir(mode=0o700)
    found = check(file, unpacked / _FILES, expected=manifest, progress=progress, opener=opener)
    _write_origin(unpacked / _FILES, file.name, digest, found)
    if opener is not None and _is_code(code):
        (unpacked / _FILES / CODE_FILE).write_text(code + "\n", encoding="utf-8")
    for path in (unpacked / _FILES).rglob("*"):
        if path.is_file():
            path.chmod(0o600)
    return found, opener is not None or not manifest.has_sealed


def _is_code(text: str) -> bool:
    with contextlib.suppress(Refused):
        return bool(read_code(text))
    return False


def _write_origin(files: Path, name: str, digest: str, manifest: Manifest) -> None:
    tree = {
        "name": name,
        "digest": digest,
        "sizes": [[book.file, book.name, book.size] for book in manifest.books],
    }
    (files / RESTORED).write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")


def origin_of(folder: Path) -> Origin | None:
    """Return from which backup a folder came, if it was not opened since; else None."""
    try:
        said = (folder / RESTORED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        tree = json.loads(said)
        sizes = {(str(file), str(book)): int(size) for file, book, size in tree["sizes"]}
        return Origin(str(tree["name"]), str(tree["digest"]), sizes)
    except (ValueError, KeyError, TypeError):
        # Written by an earlier version, which said the name alone.
        return Origin(said[:200], "", {})


def _complete(factory: Factory) -> None:
    # An empty folder is in no archive.
    for place in (factory.stations, factory.uploads, factory.backups):
        place.mkdir(exist_ok=True)


def _accept(file: Path, manifest: Manifest) -> None:
    later = [name for name in manifest.tables if name and not is_known(name)]
    if later:
        raise Refused(
            f"{file.name} cannot be restored here: it was made by Hangtag {manifest.version}, "
            "which is newer than this one. Install that version first."
        )
    if _SIGN not in {one.path for one in manifest.members} or not manifest.books:
        raise Refused(
            f"{file.name} holds no workshop: a ledger and factory.toml are missing. "
            "Choose another backup."
        )


def _last_first(files: Path) -> Iterator[Path]:
    """Yield what is to be moved in, the file that makes it a factory last."""
    if files.is_dir():
        yield from sorted(files.iterdir(), key=lambda path: (path.name == _SIGN, path.name))


def _movable(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name not in (UNPACKED, _SIGN, *_STAYS)]


def _write_phase(folder: Path, phase: str, name: str = "") -> None:
    target = folder / UNPACKED / _PHASE
    draft = target.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(f"{phase}\n{name}")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def _undo(folder: Path, *, is_new: bool) -> None:
    # The folder was empty: whatever is in it now came from this attempt.
    with contextlib.suppress(OSError):
        if is_new:
            shutil.rmtree(folder)
        else:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def is_bare(view: View) -> bool:
    """Say whether a ledger holds nothing but how its workshop was set up: nothing would be lost."""
    if view.size > SET_UP_MAX:
        return False
    happened = view.connection.execute(
        text(
            "SELECT count(*) FROM entry WHERE ledger_id = :l "
            "AND kind IN ('event', 'declaration', 'gap', 'hold')"
        ),
        {"l": view.ledger_id},
    ).scalar_one()
    return not happened and not any(view.masters(kind) for kind in _GOODS)
