"""The folder with the keys that sign for the record, and with what they signed last.

    main-1.key      private key of the ledger `main`, first epoch; only its owner may read it
    main.signed     the last size that was signed: what the signer remembers
    main.lock       held by whoever signs

It lies beside the database and not in it: an old copy of the database that is put back does not
bring back the signer's memory.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from traceability.database import Database
from traceability.errors import DatabaseBusy, Refused
from traceability.file_lock import try_lock
from traceability.ledger.proof.note import InvalidNote, Signer

__all__ = [
    "exposed",
    "key_file",
    "key_folder",
    "memory_file",
    "only_one",
    "read_key",
    "write_file",
    "write_key",
]

SETTING = "HANGTAG_KEYS"
DEFAULT_FOLDER: Final = Path("var") / "keys"
LOCK_WAIT_S: Final = 10.0
_LOCK_LOOK_S: Final = 0.02


def key_folder(database: Database) -> Path:
    """Return where the keys of a database's ledgers lie; the folder need not exist yet.

    Beside a database that is one file; of others in `var/keys`, by the database's name.
    ``HANGTAG_KEYS`` names another place, with a folder for each database in it.
    """
    path, chosen = database.path, os.environ.get(SETTING)
    if path is not None:
        beside = Path(f"{path}.keys")
        return Path(chosen) / beside.name if chosen else beside
    return (Path(chosen) if chosen else DEFAULT_FOLDER) / str(
        database.engine.url.database or "keys"
    )


def key_file(folder: Path, ledger: str, epoch: int) -> Path:
    """Return the file of the private key of a ledger's epoch."""
    return folder / f"{ledger}-{epoch}.key"


def memory_file(folder: Path, ledger: str) -> Path:
    """Return the file with the last checkpoint that was signed."""
    return folder / f"{ledger}.signed"


def write_key(path: Path, signer: Signer) -> None:
    """Write a private key into a new file that only its owner can read.

    Raises:
        Refused: If there is a key already, or the folder cannot be written.
    """
    try:
        _make(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{signer}\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as error:
        raise Refused(f"Cannot write the key {path}: {error.strerror}.") from error


def read_key(path: Path) -> Signer | None:
    """Read a private key; None if there is no such file.

    Raises:
        Refused: If it cannot be read, or is no key.
    """
    try:
        return Signer.parse(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, InvalidNote) as error:
        raise Refused(
            f"Cannot read the key {path}: {error}. Put it back from the last backup."
        ) from error


def exposed(path: Path) -> str:
    """Say in a sentence that others on this machine can read a private key; empty if they cannot.

    File systems without owners (most sticks) and Windows say nothing of that.
    """
    if os.name == "nt":
        return ""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ""
    return (
        f"Others on this machine can read the key {path}, and sign in its name: "
        f"take that away with chmod 600 {path}."
    )


def write_file(path: Path, data: bytes) -> None:
    """Replace a file in one step: after a power cut it is the old one or the new one.

    Raises:
        Refused: If the folder cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    try:
        _make(path.parent)
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Refused(f"Cannot write {path}: {error.strerror}.") from error


@contextlib.contextmanager
def only_one(folder: Path, ledger: str) -> Iterator[None]:
    """Be the only one of all processes on this machine that signs for a ledger.

    Raises:
        DatabaseBusy: If another one has not ended after ten seconds.
        Refused: If the folder cannot be written.
    """
    try:
        _make(folder)
        handle = (folder / f"{ledger}.lock").open("a+b")
    except OSError as error:
        raise Refused(f"Cannot write the keys' folder {folder}: {error.strerror}.") from error
    with handle:
        deadline = time.monotonic() + LOCK_WAIT_S
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise DatabaseBusy(f"Another process is signing for the ledger {ledger!r}.")
            time.sleep(_LOCK_LOOK_S)
        yield


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there; the file itself was synced
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
