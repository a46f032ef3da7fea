"""How a reader was set before anybody here changed it, kept in a file, so that it can be put back.

A second-hand reader comes with the settings of whoever had it before; they are kept once, before
the first change, and never written over. One file a reader, named after what the reader says of
itself, or after its port where it says nothing.

    kept = KeptSettings(folder)
    kept.keep("r2000_a0", session.converse(controls.settings()), port="by-id/usb-1a86")
    session.converse(controls.restore(kept.find("r2000_a0", "", port="by-id/usb-1a86")))
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readers.control.controls import Settings
from readers.reads import ReaderError


class KeptSettings:
    """A folder of kept settings; it need not exist. To be used by one process at a time."""

    def __init__(
        self, folder: Path | str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep settings in a folder of the caller's."""
        self.folder = Path(folder)
        self._clock = clock

    def path(self, protocol: str, identity: str, *, port: str = "") -> Path:
        """Return the file of one reader.

        Args:
            protocol: What it speaks.
            identity: `Settings.identity`; empty: the reader says nothing of the kind.
            port: Where it is plugged in, taken where the reader says nothing.
        """
        who = f"says {identity}" if identity else f"at {port}"
        digest = hashlib.sha256(who.encode()).hexdigest()[:16]
        return self.folder / f"{protocol}-{digest}.json"

    def keep(self, protocol: str, settings: Settings, *, port: str = "") -> bool:
        """Keep settings, unless this reader's are kept already; return whether it was the first.

        The file is whole or not there, whenever the power goes.

        Raises:
            ReaderError: If it cannot be written: then nothing should be changed.
        """
        path = self.path(protocol, settings.identity, port=port)
        if path.exists():
            return False
        tree = {
            "protocol": protocol, "port": port, "kept_at": self._clock().isoformat(),
        } | settings.tree()  # fmt: skip
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                json.dump(tree, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise ReaderError(
                f"Cannot keep the reader's settings in {path}: {error.strerror}. Nothing was"
                " changed."
            ) from error
        return True

    def find(self, protocol: str, identity: str, *, port: str = "") -> Settings:
        """Return how a reader was set before the first change.

        Raises:
            ReaderError: If nothing is kept of this reader, or the file cannot be read.
        """
        path = self.path(protocol, identity, port=port)
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            return _settings(tree)
        except FileNotFoundError as error:
            raise ReaderError(
                f"No settings of this reader are kept in {self.folder}: nothing was changed here."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReaderError(f"Cannot read the kept settings in {path}: {error}.") from error


def _settings(tree: dict[str, Any]) -> Settings:  # Any: JSON
    """Read the JSON form of `Settings.tree`."""
    return Settings(
        region=str(tree["region"] or ""),
        power_dbm=tuple(float(each) for each in tree["power_dbm"] or ()),
        antennas=tuple(int(each) for each in tree["antennas"] or ()),
        session=tree["session"],
        target=str(tree["target"] or ""),
        q=tree["q"],
        identity=str(tree["identity"] or ""),
        kept=tuple((str(what), str(data)) for what, data in tree["kept"]),
    )
