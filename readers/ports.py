"""Which ports this PC has, whether they can be opened and, if not, what to do about it."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Port:
    """One place where a reader may be plugged in."""

    device: str
    description: str
    by_id: str | None
    """A path that stays the same when the reader is plugged in elsewhere."""
    usb: str | None
    """`vid:pid serial` of a USB device."""
    is_open_to_us: bool
    remedy: str
    """One sentence with what to do; empty if it can be opened."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "device": self.device,
            "description": self.description,
            "by_id": self.by_id,
            "usb": self.usb,
            "can_open": self.is_open_to_us,
            "remedy": self.remedy or None,
        }


def ports(*, dev: Path = Path("/dev")) -> list[Port]:
    """List the serial ports of this PC, each examined."""
    from serial.tools import list_ports

    names = {str(path.resolve()): str(path) for path in (dev / "serial/by-id").glob("*")}
    found = []
    for info in sorted(list_ports.comports(), key=lambda each: each.device):
        # A PC announces serial chips on its board that are wired to nothing (ttyS0 …): only
        # those with hardware behind them are listed by pyserial, the rest is left out there.
        usb = None
        if info.vid is not None:
            usb = f"{info.vid:04x}:{info.pid:04x} {info.serial_number or ''}".rstrip()
        description = info.description if info.description != "n/a" else ""
        found.append(
            examine(info.device, description=description, by_id=names.get(info.device), usb=usb)
        )
    return found


def examine(
    device: str,
    *,
    description: str = "",
    by_id: str | None = None,
    usb: str | None = None,
    proc: Path = Path("/proc"),
) -> Port:
    """Tell whether a device can be opened and, if not, the exact remedy."""
    remedy = _remedy_posix(device, proc) if os.name == "posix" else _remedy_by_opening(device)
    return Port(device, description, by_id, usb, not remedy, remedy)


def _remedy_posix(device: str, proc: Path) -> str:
    path = Path(device)
    try:
        status = path.stat()
    except FileNotFoundError:
        return (
            f"{device} does not exist. Plug the reader in, or choose a port that"
            " `hangtag readers list` shows."
        )
    except OSError as error:
        return f"{device} cannot be looked at: {error.strerror}."
    if not stat.S_ISCHR(status.st_mode):
        return f"{device} is not a serial port. Choose one that `hangtag readers list` shows."
    if not os.access(path, os.R_OK | os.W_OK):
        return _permission_remedy(device, status.st_gid, status.st_mode)
    holder = _holder(path, proc)
    if holder is not None:
        name, pid = holder
        if name == "ModemManager":
            return (
                f"{device} is held by ModemManager (process {pid}), which takes readers for"
                " modems. Run `sudo systemctl disable --now ModemManager`, then plug in again."
            )
        return (
            f"{device} is held by {name} (process {pid}). Close that program, or end it"
            f" with `kill {pid}`."
        )
    return ""


def _permission_remedy(device: str, group_id: int, mode: int) -> str:
    import grp
    import pwd

    user = pwd.getpwuid(os.getuid()).pw_name
    try:
        group = grp.getgrgid(group_id).gr_name
    except KeyError:
        group = str(group_id)
    if mode & stat.S_IRGRP and mode & stat.S_IWGRP and group != "root":
        if group_id in os.getgroups():
            return f"{device} refuses us although {user} is in group {group}: log out and in again."
        return (
            f"{device} belongs to group {group}. Run `sudo usermod -aG {group} {user}`,"
            " then log out and in again."
        )
    return f"{device} may be opened by root only. Run `sudo chmod g+rw {device}`."


def _holder(path: Path, proc: Path) -> tuple[str, int] | None:
    """Name the first other process that has the device open, as far as we may look."""
    wanted = os.path.realpath(path)
    if not sys.platform.startswith("linux"):
        return None
    for process in proc.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if any(os.path.realpath(link) == wanted for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8", "replace").strip()
                return name, int(process.name)
        except OSError:
            continue  # the process ended, or belongs to somebody else
    return None


def _remedy_by_opening(device: str) -> str:
    import serial

    try:
        serial.Serial(device).close()
    except serial.SerialException as error:
        if "PermissionError" in str(error):
            return f"{device} is held by another program. Close the program that reads it."
        return (
            f"{device} does not exist. Plug the reader in, or choose a port that"
            " `hangtag readers list` shows."
        )
    return ""
