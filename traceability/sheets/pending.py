"""Sheets that wait for a person: the file as it was handed in, and what was said about it so far.

They lie in a folder, not in a cookie: a sheet has names of customers in it, and megabytes.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

from traceability.errors import Refused
from traceability.sheets.choices import Choices
from traceability.sheets.headings import Kind

__all__ = ["Pending", "Waiting"]

KEPT_MAX = 40
"""Sheets that are kept; older ones are thrown away when another comes."""
KEPT_S = 14 * 86_400
_ID = re.compile(r"[A-Za-z0-9_-]{12,32}\Z")
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One sheet that was handed in."""

    id: str
    name: str
    """Name of the file; empty for pasted cells."""
    kind: Kind
    choices: Choices = field(default_factory=Choices)
    taken: Mapping[str, int] | None = None
    """Once it was taken in: how many of what."""

    def tree(self) -> dict[str, Any]:
        """Return what is kept beside the file: JSON."""
        taken = dict(self.taken) if self.taken is not None else None
        return {
            "name": self.name,
            "kind": self.kind,
            "choices": self.choices.tree(),
            "taken": taken,
        }


class Pending:
    """The folder of sheets that wait. Each is a folder of its own, named by chance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, data: bytes, name: str, kind: Kind) -> Waiting:
        """Keep a sheet.

        Raises:
            Refused: If the folder cannot be written.
        """
        one = Waiting(secrets.token_urlsafe(12), name[:120], kind)
        try:
            self._sweep()
            (self._folder / one.id).mkdir(parents=True)
            (self._folder / one.id / "sheet").write_bytes(data)
        except OSError as error:
            raise Refused(f"Cannot keep the sheet in {self._folder}: {error.strerror}.") from error
        self.keep(one)
        return one

    def keep(self, one: Waiting) -> None:
        """Write down what was said about a sheet."""
        target = self._folder / one.id / "about.json"
        part = target.with_suffix(".part")
        part.write_text(json.dumps(one.tree(), ensure_ascii=False), encoding="utf-8")
        part.replace(target)

    def find(self, name: str) -> Waiting | None:
        """Return a sheet that waits; None if it was thrown away."""
        if not _ID.match(name):
            return None
        try:
            about = (self._folder / name / "about.json").read_text(encoding="utf-8")
            tree = json.loads(about)
        except (OSError, ValueError):
            return None
        kind = tree["kind"] if tree.get("kind") in KINDS else KINDS[0]
        return Waiting(
            name,
            str(tree.get("name", "")),
            cast("Kind", kind),
            Choices.read(tree.get("choices") or {}),
            tree.get("taken"),
        )

    def data(self, one: Waiting) -> bytes:
        """Return the file as it was handed in."""
        return (self._folder / one.id / "sheet").read_bytes()

    def choose(self, one: Waiting, choices: Choices) -> Waiting:
        """Keep other choices for a sheet."""
        chosen = replace(one, choices=choices)
        self.keep(chosen)
        return chosen

    def drop(self, one: Waiting) -> None:
        """Throw a sheet away."""
        shutil.rmtree(self._folder / one.id, ignore_errors=True)

    def _sweep(self) -> None:
        if not self._folder.is_dir():
            return
        there = [path for path in self._folder.iterdir() if _ID.match(path.name) and path.is_dir()]
        by_age = sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)
        old = time.time() - KEPT_S
        for path in by_age[KEPT_MAX - 1 :] + [p for p in by_age if p.stat().st_mtime < old]:
            shutil.rmtree(path, ignore_errors=True)
