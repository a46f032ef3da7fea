"""The failing disk of `disk.c`: built once, and told in words what to do.

Words are ``CALLS DEED[=ERRNO] FIRST COUNT [SUFFIX]``: ``sync fail=EIO 3 1`` fails the third sync
of the record's files once; ``write tear 5 1`` ends the process in the middle of the fifth write;
``sync lie 1 999999`` answers every sync and does nothing; ``- keep 1 0`` only keeps what is synced.
"""

from __future__ import annotations

import ctypes
import errno
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""
_CALLS = {"-": 0, "write": 1, "sync": 2, "truncate": 4, "any": 7}
_DEEDS = {"fail": 1, "kill": 2, "tear": 3, "lie": 4, "keep": 5}


def compiler() -> str | None:
    """Return the C compiler of this machine."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path) -> Path:
    """Compile the disk into a folder; return what is to be preloaded."""
    made = folder / "disk.so"
    found = compiler()
    assert found is not None
    words = [found, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run([*words, "-lpthread"], check=True)
    return made


def arm_shim(words: str) -> None:
    """Tell the preloaded disk of this process what to do from now on; counting begins anew."""
    calls, deed, first, count, *suffix = words.split()
    deed, _, number = deed.partition("=")
    _disk().disk_arm(
        _CALLS[calls],
        _DEEDS[deed],
        getattr(errno, number or "EIO"),
        int(first),
        int(count),
        int(deed in ("keep", "lie")),
        (suffix[0] if suffix else "").encode(),
    )


def set_clock(offset_s: int) -> None:
    """Set this process's wall clock so many seconds off; its steady clock goes on."""
    _disk().clock_off(offset_s)


def hits() -> int:
    """Return how many calls were counted since."""
    return int(_disk().disk_hits())


def _disk() -> ctypes.CDLL:
    disk = ctypes.CDLL(None)
    disk.disk_arm.argtypes = [
        ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long, ctypes.c_int,
        ctypes.c_char_p,
    ]  # fmt: skip
    disk.disk_hits.restype = ctypes.c_long
    disk.clock_off.argtypes = [ctypes.c_long]
    return disk


@dataclass(frozen=True, slots=True)
class PowerCut:
    """What the medium holds when the power goes: all that was synced, and any part of the rest."""

    seed: int

    def begin(self, file: Path) -> None:
        """Take what is there as synced."""
        shutil.copy(file, file.with_name(file.name + ".durable"))

    def strike(self, file: Path) -> None:
        """Leave of a database what a power cut leaves; the process that wrote it is dead."""
        chance = random.Random(self.seed)
        file.with_name(file.name + "-shm").unlink(missing_ok=True)
        for name in (file.name, file.name + "-wal"):
            path = file.with_name(name)
            durable = path.with_name(name + ".durable")
            if path.exists() and durable.exists():
                path.write_bytes(_mixed(durable.read_bytes(), path.read_bytes(), chance))


def _mixed(durable: bytes, written: bytes, chance: random.Random) -> bytes:
    """Take each sector as it was synced or as it was written later."""
    taken = chance.choice((0.0, 0.5, 0.9))
    length = len(written) if chance.random() < taken else len(durable)
    sectors = []
    for at in range(0, length, SECTOR):
        old, new = durable[at : at + SECTOR], written[at : at + SECTOR]
        sector = new if chance.random() < taken else old
        size = min(SECTOR, length - at)
        sectors.append(sector[:size].ljust(size, b"\0"))
    return b"".join(sectors)
