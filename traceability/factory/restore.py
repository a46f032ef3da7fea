"""A workshop out of its backup: unpacked beside, verified, and only then a factory.

What makes a folder a factory is its `factory.toml`, and that file is moved in last, when all others
are on the disk. A restore that was cut off before leaves a folder that nobody takes for a workshop,
and that the next restore clears and begins anew; one that was cut off after it is complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from traceability.database import open_database
from traceability.errors import DatabaseBusy, Refused
from traceability.factory.archive import Manifest, open_archive
from traceability.factory.backup import LOCK, Progress, check, sync_folder, told
from traceability.factory.folder import UNPACKED, Factory
from traceability.factory.recovery import CODE_FILE, passphrase_of, read_code
from traceability.file_lock import try_lock
from traceability.ledger.crash_points import pass_point
from traceability.projections.view import View
from traceability.schema import is_known

SPARE_BYTES = 50_000_000
SET_UP_MAX = 500
"""More entries than these were not written by setting up."""
_GOODS = ("order", "ticket", "roll", "carton", "product")
_FILES = "files"
_PHASE = "phase"
_NAMES = "names"
"""Lists what a restore moves into an empty folder, before it does: only that may be cleared."""
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
    was_cut_off: bool = False
    """Whether an earlier restore into this folder was cut off: what it left was cleared first."""


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

    A folder in which an earlier restore was cut off counts as empty.

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
    was_cut_off = _make_empty(folder)
    is_new = not folder.exists()
    try:
        with _unpacked(file, folder, progress, passphrase) as (manifest, has_keys):
            files = folder / UNPACKED / _FILES
            _complete(Factory(files))
            _write(folder / UNPACKED / _NAMES, json.dumps([path.name for path in files.iterdir()]))
            pass_point("restore listed")
            _move_in(folder)
    except BaseException as error:
        _undo(folder, is_new=is_new)
        if isinstance(error, OSError):
            raise Refused(told(error, folder)) from error
        raise
    # It is a workshop now; what is left beside it is swept at its first start at the latest.
    shutil.rmtree(folder / UNPACKED, ignore_errors=True)
    pass_point("restore cleared")
    return Restored(folder, manifest, has_keys, was_cut_off)


def _make_empty(folder: Path) -> bool:
    """Clear what a restore that was cut off left in a folder; return whether it did.

    Raises:
        Refused: If the folder holds anything else.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise _not_empty(folder)
    found = {path.name for path in folder.iterdir()}
    if _SIGN in found:
        came_from = origin_of(folder)
        if came_from is None or is_prepared(folder):
            raise _not_empty(folder)
        raise Refused(
            f"{folder} holds the whole workshop out of {came_from.name} already: nothing is "
            f"missing, so nothing was done. Open it with: hangtag start {folder}"
        )
    if not found:
        return False
    left = folder / UNPACKED
    if UNPACKED not in found or found - {UNPACKED} - _names_in(left) or not _is_ours(left):
        raise _not_empty(folder)
    _refuse_held(folder)
    try:
        _clear(folder)
    except OSError as error:
        raise Refused(
            f"{folder} holds what a restore that was cut off has left, and it cannot be cleared "
            f"({error.strerror}): name another folder."
        ) from error
    return True


def _not_empty(folder: Path) -> Refused:
    return Refused(
        f"{folder} is not empty: a backup is restored into a new or empty folder only. "
        "Name another one; what is in this one stays as it is."
    )


def _names_in(unpacked: Path) -> set[str]:
    try:
        return set(json.loads((unpacked / _NAMES).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # nothing was moved yet
        return set()


def _is_ours(unpacked: Path) -> bool:
    ours = {LOCK, _FILES, _NAMES, f"{_NAMES}.new"}
    return unpacked.is_dir() and {path.name for path in unpacked.iterdir()} <= ours


def _is_held(folder: Path) -> bool:
    try:
        with (folder / UNPACKED / LOCK).open("r+b") as lock:
            return not try_lock(lock)
    except OSError:  # nobody has begun
        return False


def _refuse_held(folder: Path) -> None:
    if _is_held(folder):
        raise Refused(
            f"A backup is being restored into {folder} at this moment: wait until that has ended, "
            "or name another folder."
        )


def prepare(
    file: Path, factory: Factory, *, progress: Progress | None = None, passphrase: str = ""
) -> Restored:
    """Unpack a backup inside a factory that is in use, verified, to be moved in at the next start.

    Raises:
        Refused: As for `restore`; nothing is changed then.
        LedgerCorrupt: If a ledger in it does not verify.
    """
    _refuse_held(factory.folder)
    shutil.rmtree(factory.folder / UNPACKED, ignore_errors=True)
    try:
        with _unpacked(file, factory.folder, progress, passphrase) as (manifest, has_keys):
            _write_phase(factory.folder, _OUT)
            pass_point("restore prepared")
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
            pass_point("file set aside")
        if (folder / _SIGN).is_file():  # it stays until the new one takes its place
            shutil.copy2(folder / _SIGN, aside / _SIGN)
        sync_folder(aside)
        _write_phase(folder, _IN, aside.name)
        pass_point("all set aside")
    _move_in(folder)
    shutil.rmtree(unpacked)
    pass_point("restore cleared")
    _complete(Factory(folder))
    return aside


def _move_in(folder: Path) -> None:
    """Move what was unpacked into its folder, what makes it a factory last."""
    files = folder / UNPACKED / _FILES
    for path in _but_sign(files):
        path.replace(folder / path.name)
        pass_point("file moved in")
    sync_folder(folder)
    if (files / _SIGN).exists():  # else it was moved in before the plug was pulled
        (files / _SIGN).replace(folder / _SIGN)
        pass_point("factory moved in")
        sync_folder(folder)


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


@contextlib.contextmanager
def _unpacked(
    file: Path, folder: Path, progress: Progress | None, passphrase: str
) -> Iterator[tuple[Manifest, bool]]:
    """Unpack and verify below a folder, which nobody else takes meanwhile; and are keys there?"""
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
    with (unpacked / LOCK).open("wb") as lock:
        try_lock(lock)
        pass_point("restore begun")
        files = unpacked / _FILES
        found = check(file, files, expected=manifest, progress=progress, opener=opener)
        _write_origin(files, file.name, digest, found)
        if opener is not None and _is_code(code):
            (files / CODE_FILE).write_text(code + "\n", encoding="utf-8")
        _make_durable(files)
        pass_point("restore checked")
        yield found, opener is not None or not manifest.has_sealed


def _make_durable(files: Path) -> None:
    """Bring all files to the disk, readable by their owner alone, before the first is moved."""
    for path in files.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            with path.open("r+b") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(files)


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


def _but_sign(files: Path) -> Iterable[Path]:
    if not files.is_dir():
        return ()
    return sorted(path for path in files.iterdir() if path.name != _SIGN)


def _movable(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name not in (UNPACKED, _SIGN, *_STAYS)]


def _write_phase(folder: Path, phase: str, name: str = "") -> None:
    _write(folder / UNPACKED / _PHASE, f"{phase}\n{name}")


def _write(target: Path, said: str) -> None:
    draft = target.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    sync_folder(target.parent)


def _undo(folder: Path, *, is_new: bool) -> None:
    # The folder was empty: what is in it now came from this attempt, or from one beside it.
    if _is_held(folder):
        return
    with contextlib.suppress(OSError):
        _clear(folder)
        if is_new:
            folder.rmdir()


def _clear(folder: Path) -> None:
    """Empty a folder; what makes it a workshop goes first, what says whose it is goes last."""
    (folder / _SIGN).unlink(missing_ok=True)
    for path in sorted(folder.iterdir(), key=lambda path: path.name == UNPACKED):
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
