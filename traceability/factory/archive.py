"""The file of a backup: an archive with a list of what is in it, so that nothing can be half there.

The list, `manifest.json`, names every file with its size and SHA-256, and every ledger with its
size and root. What is in the archive and not on the list, or the other way round, makes it refused.
Only the standard library is needed to open one by hand, but for what is sealed in it: the keys.
Format 1, of Hangtag before 0.2, had nothing sealed; it is still opened.

>>> Manifest.parse(b"{}")
Traceback (most recent call last):
traceability.errors.Refused: its list is not that of a backup
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any

from traceability.errors import Refused
from traceability.factory.sealing import OVERHEAD, SEALED_MAX, Opener, Seal
from traceability.ledger.crash_points import pass_point

KIND = "hangtag backup"
FORMAT = 2
FORMATS = (1, 2)
MANIFEST = "manifest.json"
MANIFEST_BYTES_MAX = 32 * 1024 * 1024
FILES_MAX = 100_000
PATH_MAX = 400
CHUNK = 1024 * 1024
_PART = re.compile(r"[^\x00-\x1f\\/:*?\"<>|]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TORN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,  # a member that asks for a password
    ValueError,
)
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a backup."""

    path: str
    """Below the factory's folder, parts joined by ``/``."""
    size: int
    """Bytes as they lie in the archive, unpacked."""
    sha256: str
    """Of these bytes."""
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """One ledger in a backup, as it stood at that moment."""

    file: str
    name: str
    size: int
    root: str
    """64 hex digits."""
    is_practice: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    version: str
    """The Hangtag that made it."""
    made_at: datetime
    name: str
    """The workshop's name."""
    factory: str
    """16 hex digits that two factories do not share and one keeps for ever."""
    tables: tuple[str, ...]
    """The state of the tables of its databases: a later Hangtag may know more of them."""
    members: tuple[Member, ...]
    books: tuple[Book, ...]
    seal: Seal | None = None
    """How the sealed files are sealed; None in one of format 1."""

    @property
    def has_sealed(self) -> bool:
        """Whether a passphrase opens something in it."""
        return any(one.is_sealed for one in self.members)

    @property
    def unpacked_bytes(self) -> int:
        """Size of all files, unpacked."""
        return sum(one.size for one in self.members)

    @property
    def newest(self) -> Book | None:
        """The ledger that counts: the live one, else the one of practice."""
        live = [book for book in self.books if not book.is_practice]
        return max(live or self.books, key=lambda book: book.size, default=None)

    def encode(self) -> bytes:
        """Write the list as it stands in the archive."""
        tree = {
            "kind": KIND,
            "format": FORMAT if self.seal is not None else 1,
            "version": self.version,
            "made_at": self.made_at.isoformat(),
            "name": self.name,
            "factory": self.factory,
            "tables": list(self.tables),
            "ledgers": [
                {
                    "file": one.file,
                    "name": one.name,
                    "size": one.size,
                    "root": one.root,
                    "practice": one.is_practice,
                }
                for one in self.books
            ],
            "files": [_listed(one) for one in self.members],
        }
        if self.seal is not None:
            tree["seal"] = self.seal.tree()
        return json.dumps(tree, ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read the list of a backup.

        Raises:
            Refused: If it is none, is of a later format, or names a path outside the folder; the
                sentence is a part of one that names the file.
        """
        try:
            tree = json.loads(data)
            if tree["kind"] != KIND:
                raise ValueError(tree["kind"])
            if tree["format"] not in FORMATS:
                raise Refused(
                    f"it was made by Hangtag {tree.get('version')}, which is newer than this one"
                )
            found = cls(
                version=str(tree["version"]),
                made_at=datetime.fromisoformat(tree["made_at"]),
                name=str(tree["name"]),
                factory=str(tree["factory"]),
                tables=tuple(str(one) for one in tree["tables"]),
                members=tuple(_member(one) for one in tree["files"]),
                books=tuple(_book(one) for one in tree["ledgers"]),
                seal=Seal.parse(tree["seal"]) if tree["format"] > 1 else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refused("its list is not that of a backup") from error
        paths = {one.path.casefold() for one in found.members}
        if len(paths) != len(found.members) or len(paths) > FILES_MAX:
            raise Refused("its list names a file twice, or too many of them")
        if found.made_at.tzinfo is None:
            raise Refused("its list does not say when it was made")
        if found.has_sealed and found.seal is None:
            raise Refused("its list does not say how it is sealed")
        return found


def _member(tree: Mapping[str, Any]) -> Member:
    path, size, digest = tree["path"], tree["size"], tree["sha256"]
    if type(size) is not int or size < 0 or not _DIGEST.fullmatch(digest):
        raise ValueError(path)
    if not is_inside(path) or path == MANIFEST:
        raise Refused(f"it holds {str(path)[:80]!r}, which does not lie in a factory's folder")
    is_sealed = tree.get("sealed", False) is True
    if is_sealed and not OVERHEAD <= size <= SEALED_MAX:
        raise ValueError(path)
    return Member(path, size, digest, is_sealed)


def _listed(member: Member) -> dict[str, Any]:
    tree = {"path": member.path, "size": member.size, "sha256": member.sha256}
    return tree | {"sealed": True} if member.is_sealed else tree


def _book(tree: Mapping[str, Any]) -> Book:
    if not is_inside(tree["file"]) or not _DIGEST.fullmatch(tree["root"]):
        raise ValueError(tree["file"])
    return Book(
        tree["file"], str(tree["name"]), int(tree["size"]), tree["root"], bool(tree["practice"])
    )


def is_inside(path: object) -> bool:
    """Say whether a path in an archive stays below the folder it is unpacked into, anywhere.

    >>> is_inside("uploads/a.jpg"), is_inside("../key"), is_inside("/etc/x"), is_inside("C:x")
    (True, False, False, False)
    """
    if not isinstance(path, str) or not 0 < len(path) <= PATH_MAX or path != path.strip():
        return False
    parts = path.split("/")
    return all(_PART.fullmatch(part) and part not in (".", "..") for part in parts) and (
        str(PurePosixPath(path)) == path
    )


class Archive:
    """A backup that is open for reading: its list is read, its files are not looked at yet."""

    def __init__(
        self, path: Path, opened: zipfile.ZipFile, manifest: Manifest, digest: str
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.digest = digest
        """SHA-256 of its list, 64 hex digits: it stands for the whole backup."""
        self._opened = opened

    def unpack(
        self, folder: Path, tell: Tell | None = None, *, opener: Opener | None = None
    ) -> None:
        """Write every file below a folder and compare each with the list.

        Args:
            folder: An empty folder.
            tell: Told how many more bytes are done.
            opener: Opens what is sealed; without it the sealed files are compared and left out.

        Raises:
            Refused: At the first file that is not what the list says, or that does not open.
            OSError: If the folder takes no more.
        """
        # Keys first: a wrong passphrase is said before a minute was spent on the record.
        for member in sorted(self.manifest.members, key=lambda one: not one.is_sealed):
            target = folder.joinpath(*member.path.split("/"))
            if member.is_sealed and opener is None:
                self._copy(member, None, tell)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.is_sealed and opener is not None:
                held = io.BytesIO()
                self._copy(member, held, tell)
                _write_secret(target, opener.open(member.path, held.getvalue()))
                continue
            with target.open("xb") as file:
                self._copy(member, file, tell)
            pass_point("file unpacked")

    def check(self, tell: Tell | None = None) -> None:
        """Read every file and compare it with the list, keeping none.

        Raises:
            Refused: At the first file that is not what the list says.
        """
        for member in self.manifest.members:
            self._copy(member, None, tell)

    def _copy(self, member: Member, target: IO[bytes] | None, tell: Tell | None) -> None:
        digest, done = sha256(), 0
        for chunk in self._chunks(member):
            done += len(chunk)
            if done > member.size:  # an archive may promise little and unpack to a disk full
                break
            digest.update(chunk)
            if target is not None:
                target.write(chunk)
            if tell is not None:
                tell(len(chunk))
        if done != member.size or digest.hexdigest() != member.sha256:
            raise torn(self.path, f"{member.path} is not what was put into it")

    def _chunks(self, member: Member) -> Iterator[bytes]:
        try:
            with self._opened.open(member.path) as source:
                while chunk := source.read(CHUNK):
                    yield chunk
        except _TORN as error:
            raise torn(self.path, f"{member.path} cannot be read") from error


def _write_secret(target: Path, data: bytes) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def torn(path: Path, reason: str) -> Refused:
    """Return the refusal of a damaged backup: which file, why, what to do."""
    return Refused(
        f"{path.name} is damaged: {reason}. Nothing was restored from it; take another backup."
    )


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a backup and read its list.

    Raises:
        Refused: If the file is missing, foreign, damaged, or made by a later Hangtag.
    """
    if not path.is_file():
        raise Refused(f"There is no backup at {path}: expected a file hangtag-….zip.")
    try:
        opened = zipfile.ZipFile(path)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except _TORN as error:
        raise _foreign_or_torn(path) from error
    with opened:
        manifest, digest = _manifest(path, opened)
        yield Archive(path, opened, manifest, digest)


def _foreign_or_torn(path: Path) -> Refused:
    with path.open("rb") as file:
        begins_well = file.read(4) == b"PK\x03\x04"
    if begins_well:
        return torn(path, "its end is missing, as after a copy that was cut off")
    return Refused(f"{path.name} is not a backup of Hangtag: expected a file hangtag-….zip.")


def _manifest(path: Path, opened: zipfile.ZipFile) -> tuple[Manifest, str]:
    held = opened.infolist()
    names = [one.filename for one in held]
    if MANIFEST not in names:
        raise Refused(
            f"{path.name} is not a backup of Hangtag: it holds no {MANIFEST}. "
            "Choose a file hangtag-….zip that `hangtag backup` or the page Safe has made."
        )
    if opened.getinfo(MANIFEST).file_size > MANIFEST_BYTES_MAX or len(names) > FILES_MAX + 1:
        raise torn(path, "its list is larger than any backup's")
    try:
        with opened.open(MANIFEST) as file:
            data = file.read(MANIFEST_BYTES_MAX + 1)
    except _TORN as error:
        raise torn(path, "its list cannot be read") from error
    try:
        manifest = Manifest.parse(data)
    except Refused as error:
        if "newer" in str(error):
            raise Refused(
                f"{path.name} cannot be restored here: {error}. Install that version first."
            ) from error
        raise torn(path, str(error)) from error
    wanted = {one.path: one.size for one in manifest.members}
    there = {one.filename: one.file_size for one in held if one.filename != MANIFEST}
    if wanted != there or len(there) != len(held) - 1:
        raise torn(path, "what is in it is not what its list says")
    return manifest, sha256(data).hexdigest()
