r"""What is plugged into this PC and can carry a backup away: sticks, cards, outer disks.

>>> MOUNTS = "/dev/sda2 / ext4 rw 0 0\n/dev/sdb1 /media/ana/BLUE\\040STICK vfat rw 0 0\n"
>>> [path.as_posix() for path in mounted(MOUNTS)]
['/media/ana/BLUE STICK']
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOMS = ("/media/", "/run/media/", "/mnt/")
"""Where Linux desktops and people mount what is plugged in."""
REMOTE = frozenset({"cifs", "nfs", "nfs4", "smb3", "fuse.sshfs"})
NEVER = frozenset({"squashfs", "iso9660", "tmpfs", "9p", "overlay"})
SETTING = "HANGTAG_STICKS"
"""Names more folders that are offered like a stick, as `PATH` does: a share of another PC."""
DRIVE_REMOVABLE = 2
"""GetDriveTypeW: a drive whose medium can be taken out."""
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Drive:
    """One place that can be plugged in and taken away."""

    path: Path
    free_bytes: int
    is_writable: bool

    @property
    def name(self) -> str:
        """What people call it: the last part of its path."""
        return self.path.name or str(self.path)


def drives() -> list[Drive]:
    """List what is plugged in now, by name."""
    paths = dict.fromkeys([*_paths(), *_named()])
    return sorted(
        (drive for path in paths if (drive := _look(path)) is not None),
        key=lambda drive: drive.name,
    )


def drive_of(path: Path) -> Drive | None:
    """Return the drive that a folder lies on, None if it lies on a disk that stays."""
    wanted = path.absolute()
    return next((one for one in drives() if wanted.is_relative_to(one.path)), None)


def mounted(text: str) -> Iterator[Path]:
    """Find the drives in the text of ``/proc/mounts``.

    Source: fstab(5): spaces and tabs in a name are written as three octal digits.
    """
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) < 4:
            continue
        device, place, kind = (_OCTAL.sub(_character, field) for field in fields[:3])
        is_disk = device.startswith("/dev/") and not device.startswith("/dev/loop")
        if (is_disk or kind in REMOTE) and kind not in NEVER and place.startswith(ROOMS):
            yield Path(place)


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))


def _paths() -> list[Path]:
    if os.name == "nt":
        return [Path(f"{letter}:\\") for letter in _letters()]
    if sys.platform == "darwin":
        return [path for path in Path("/Volumes").glob("*") if path.is_mount()]
    try:
        return list(mounted(Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return []


def _named() -> list[Path]:
    return [Path(name) for name in os.environ.get(SETTING, "").split(os.pathsep) if name]


def _letters() -> list[str]:
    import ctypes

    system: Any = getattr(ctypes, "windll", None)  # exists on Windows alone
    if system is None:
        return []
    present = int(system.kernel32.GetLogicalDrives())
    letters = [chr(65 + place) for place in range(26) if present >> place & 1]
    kind = system.kernel32.GetDriveTypeW
    return [one for one in letters if kind(f"{one}:\\") == DRIVE_REMOVABLE]


def _look(path: Path) -> Drive | None:
    try:
        free = shutil.disk_usage(path).free
    except OSError:  # it was pulled a moment ago, or needs rights we do not have
        return None
    return Drive(path, free, os.access(path, os.W_OK))
