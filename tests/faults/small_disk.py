"""A disk of a few megabytes that can be filled to the last byte and emptied again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 8


class SmallDisk:
    """A file system in memory, mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Fill it, but for so many bytes."""
        free = os.statvfs(self.folder)
        count = free.f_bavail * free.f_frsize - but
        with self._ballast.open("ab") as file:
            file.write(b"\0" * max(0, count))

    def make_room(self) -> None:
        """Throw the ballast away."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk]:
    """Mount a small disk on an empty folder."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "hangtag-test", str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make an empty folder a stick with its switch on "locked"; root needs a real one for that."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    words = ["mount", "-t", "tmpfs", "-o", "ro", "hangtag-test", str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def may_mount() -> bool:
    """Say whether this machine lets us mount; if not, the disk of `disk.c` fails instead."""
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "hangtag-test", "/mnt"]
    try:
        tried = subprocess.run(["unshare", "--mount", *words], capture_output=True)
        return os.geteuid() == 0 and tried.returncode == 0
    except OSError:
        return False
