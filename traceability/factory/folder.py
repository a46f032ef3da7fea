"""A factory is one folder: whoever copies it has the workshop, whoever deletes it has nothing.

    factory.toml      what makes it a factory: practice or live, where backups go
    practice.sqlite   the ledger to learn on; it counts for nothing
    ledger.sqlite     the ledger that counts, from the moment of "Go live"
    key               signs cookies and links; only its owner can read it
    ledger.sqlite.keys/   what signs the record, and what was signed last
    recovery-code.txt opens the keys in a backup; in no backup itself
    handback.key      seals what browsers keep of their deliveries
    this-pc.json      on which PC it was opened last
    flow.toml         the steps in force, to be read; the ledger holds what counts
    stations/         a file and a spool for each station of this PC
    uploads/          sheets and pictures as they were handed in
    backups/

>>> Factory(Path("shop")).url_of(practice=True) == file_url(Path("shop/practice.sqlite"))
True
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from traceability.assets import folder as assets
from traceability.database import file_url, open_database
from traceability.errors import Refused
from traceability.factory.toml_text import toml_text
from traceability.ledger.append import Ledger, Opening

__all__ = ["DEFAULT_FOLDER", "SETTINGS", "UNPACKED", "Factory", "name_after"]

SETTINGS = "factory.toml"
UNPACKED = ".restored"
"""Where a backup is unpacked: on the same disk, so that moving it in is renaming."""
DEFAULT_FOLDER = Path("workshop")
"""Where a factory is looked for, and made by `make start`, if nobody names a folder."""
FIRST_FLOW = "workshop.toml"
NEAR_MAX = 3
LOOKED_AT_MAX = 2_000
"""Folders looked into when the one that was named is missing."""


@dataclass(frozen=True, slots=True)
class Factory:
    """One factory's folder."""

    folder: Path
    is_practice: bool = True
    """True while what is scanned counts for nothing."""

    @property
    def url(self) -> str:
        """Address of the database of the ledger in use."""
        return self.url_of(practice=self.is_practice)

    def url_of(self, *, practice: bool) -> str:
        """Return the address of the database to learn on, or of the one that counts."""
        return file_url(self.folder / ("practice.sqlite" if practice else "ledger.sqlite"))

    @property
    def key(self) -> Path:
        """File of the secret that signs cookies and links."""
        return self.folder / "key"

    @property
    def settings_file(self) -> Path:
        """The file that makes the folder a factory."""
        return self.folder / SETTINGS

    @property
    def flow(self) -> Path:
        """A copy of the steps in force, for people."""
        return self.folder / "flow.toml"

    @property
    def stations(self) -> Path:
        """A file for each station of this PC."""
        return self.folder / "stations"

    @property
    def spools(self) -> Path:
        """What stations said: apart for practice, so that none of it reaches the other ledger."""
        return self.stations / ("practice" if self.is_practice else "live")

    @property
    def uploads(self) -> Path:
        """What was handed in, as it was handed in."""
        return self.folder / "uploads"

    @property
    def backups(self) -> Path:
        """Where backups go unless another place was chosen."""
        return self.folder / "backups"

    @property
    def has_live(self) -> bool:
        """Whether the ledger that counts has been begun."""
        return (self.folder / "ledger.sqlite").exists()

    @staticmethod
    def make(folder: Path, *, name: str = "", zone: str = "UTC", language: str = "en") -> Factory:
        """Make a factory in an empty or new folder, in practice.

        Raises:
            Refused: If the folder holds something, is a factory already, or cannot be written.
        """
        if (folder / SETTINGS).exists():
            raise Refused(f"{folder} is a factory already: open it with hangtag start {folder}.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A first try that was cut off left some of our own files: it is begun again.
            strangers = sorted({one.name for one in folder.iterdir()} - _OWN)
            if strangers:
                raise Refused(
                    f"Cannot make a factory in {folder}: expected an empty or new folder, and it "
                    f"holds {strangers[0]!r}."
                )
            made = Factory(folder)
            for place in (made.stations, made.uploads, made.backups):
                place.mkdir(exist_ok=True)
            made._begin_practice(name or name_after(folder), zone, language)
            made.write({"factory": {"practice": True}})
        except OSError as error:
            raise Refused(
                f"Cannot make a factory in {folder}: {error.strerror}. Name a folder of your own."
            ) from error
        return made

    def _begin_practice(self, name: str, zone: str, language: str) -> None:
        flow = (assets("flows") / FIRST_FLOW).read_text("utf-8")
        database = open_database(self.url_of(practice=True))
        try:
            database.own()
            Ledger.open(database, opening=Opening(flow, name=name, zone=zone, language=language))
        finally:
            database.close()
        self.flow.write_text(flow, "utf-8")

    @staticmethod
    def find(folder: Path | None = None) -> Factory:
        """Open a factory's folder.

        Args:
            folder: Its folder; None: the current one, else the usual one below it.

        Raises:
            Refused: If there is none; the nearest ones are named.
        """
        for place in (folder,) if folder is not None else (Path(), DEFAULT_FOLDER):
            if (place / SETTINGS).is_file():
                return Factory(place.absolute(), is_practice=_said(place)["practice"])
        wanted = folder or DEFAULT_FOLDER
        if (wanted / UNPACKED).is_dir():
            raise Refused(
                f"A restore into {wanted} was cut off, or still runs: nothing is open there yet. "
                f"Begin it again with hangtag restore FILE {wanted}."
            )
        near = list(_near(wanted))
        if near:
            known = " or ".join(f"hangtag start {one}" for one in near)
            raise Refused(f"There is no factory in {wanted}. Nearest: {known}.")
        raise Refused(f"There is no factory in {wanted} yet: make one with hangtag new {wanted}.")

    def with_practice(self, practice: bool) -> Factory:
        """Return the same factory in practice, or live."""
        return Factory(self.folder, is_practice=practice)

    def settings(self) -> Mapping[str, Any]:
        """Read factory.toml.

        Raises:
            Refused: If it cannot be read.
        """
        return _read(self.folder)

    def write(self, settings: Mapping[str, Any]) -> None:
        """Replace factory.toml in one step: after a power cut it is the old one or the new one."""
        fresh = self.settings_file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(toml_text(settings))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.settings_file)


_OWN = frozenset(
    {"key", "flow.toml", "factory.new", "stations", "uploads", "backups", "handback.key"}
    | {f"practice.sqlite{end}" for end in ("", "-wal", "-shm", ".lock")}
)


def name_after(folder: Path) -> str:
    """Return what a factory is called whose maker gave it no name."""
    name = folder.absolute().name.replace("-", " ").replace("_", " ").strip()
    return name[:1].upper() + name[1:] if name else "Workshop"


def _read(folder: Path) -> Mapping[str, Any]:
    path = folder / SETTINGS
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(
            f"Cannot read {path}: {error}. Put it right, or restore the last backup."
        ) from error


def _said(folder: Path) -> dict[str, bool]:
    table = _read(folder).get("factory")
    practice = table.get("practice") if isinstance(table, Mapping) else None
    if not isinstance(practice, bool):
        raise Refused(
            f"{folder / SETTINGS} does not say whether it is practice: expected "
            f"practice = true or false below [factory], got {practice!r}."
        )
    return {"practice": practice}


def _near(wanted: Path) -> Iterator[Path]:
    """Find factories close by: beside the wanted folder, in it, and below the current one."""
    found: dict[str, Path] = {}
    looked_at = 0
    for around in dict.fromkeys((wanted, wanted.parent, Path())):
        try:
            places = sorted(around.iterdir()) if around.is_dir() else []
        except OSError:
            places = []
        for place in places:
            looked_at += 1
            if looked_at > LOOKED_AT_MAX:
                break
            if (place / SETTINGS).is_file():
                found.setdefault(place.name, place)
    alike = difflib.get_close_matches(wanted.name, found, n=NEAR_MAX, cutoff=0.0)
    yield from (found[name] for name in alike)
