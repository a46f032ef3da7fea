"""Which ports this PC has, whether they can be opened and, if not, what to do about it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a port cannot be opened, in parts: a page says it in the reader's own language."""

    kind: str
    """A key of `_SENTENCES`: `missing`, `group`, `log in`, `root`, `held` …"""
    device: str
    detail: str = ""
    """What the system said, the group, or the program that holds the port."""
    user: str = ""
    command: str = ""
    """What to type; empty where no command helps."""
    process: int = 0
    """Id of the process that holds the port; 0 where nothing is known of one."""

    @property
    def sentence(self) -> str:
        """What is wrong and what to do about it.

        >>> Trouble("held", "/dev/ttyUSB0", "minicom", command="kill 7", process=7).sentence
        '/dev/ttyUSB0 is held by minicom (process 7). Close that program, or end it with `kill 7`.'
        """
        return _SENTENCES[self.kind].format(
            device=self.device,
            detail=self.detail,
            user=self.user,
            command=self.command,
            process=self.process,
        )


_SENTENCES = {
    "missing": "{device} does not exist. Plug the reader in, or choose a port that"
    " `hangtag readers list` shows.",
    "unseen": "{device} cannot be looked at: {detail}.",
    "no port": "{device} is not a serial port. Choose one that `hangtag readers list` shows.",
    "group": "{device} belongs to group {detail}. Run `{command}`, then log out and in again.",
    "log in": "{device} refuses us although {user} is in group {detail}: log out and in again.",
    "root": "{device} may be opened by root only. Run `{command}`.",
    "modem manager": "{device} is held by ModemManager (process {process}), which takes readers for"
    " modems. Run `{command}`, then plug in again.",
    "braille": "{device} is held by brltty (process {process}), which takes readers for braille"
    " displays. Run `{command}`, then plug in again.",
    "gps": "{device} is held by gpsd (process {process}), which takes readers for satellite"
    " receivers. Run `{command}`, then plug in again.",
    "service": "{device} is held by {detail} (process {process}), a service of this PC. Run"
    " `{command}`, then plug in again.",
    "browser": "{device} is held by a page in {detail} (process {process}). Close that page, or end"
    " the browser with `{command}`.",
    "held": "{device} is held by {detail} (process {process}). Close that program, or end it"
    " with `{command}`.",
    "taken": "{device} is held by another program. Close the program that reads it.",
    "ours": "{device} is read by this Hangtag already: at a step, or on the page of the readers.",
    "hidden": "{device} is held by a program of another user. `{command}` names it; close it.",
}
_STOP = "sudo systemctl disable --now "
_MASK = "sudo systemctl mask --now "
SERVICES = {
    "ModemManager": ("modem manager", _STOP + "ModemManager"),
    "brltty": ("braille", _MASK + "brltty-udev brltty"),
    "gpsd": ("gps", _MASK + "gpsd.socket gpsd"),
    "lircd": ("service", _STOP + "lircd.socket lircd"),
    "octoprint": ("service", _STOP + "octoprint"),
    "nutdrv_qx": ("service", _STOP + "nut-driver.target nut-server"),
    "agetty": ("service", _STOP + "serial-getty@{name}"),
}
"""Programs that take ports by themselves, by the kernel's name of the process → kind of trouble,
and the command by which it stops for good. Ended by `kill` they would be started again."""
BROWSERS = frozenset({"chromium", "chrome", "msedge", "brave", "opera", "vivaldi-bin"})
"""Browsers let a page hold a port (Web Serial): nothing on the desktop shows that."""


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
    maker: str = ""
    """Who made the plug and what he calls it, as far as it says so itself."""
    port_id: str = ""
    """By what the same plug is known under another name; empty where it says nothing of itself."""
    trouble: Trouble | None = None

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "device": self.device,
            "description": self.description,
            "by_id": self.by_id,
            "usb": self.usb,
            "maker": self.maker or None,
            "port_id": self.port_id or None,
            "can_open": self.is_open_to_us,
            "remedy": self.remedy or None,
        }


def ports(*, dev: Path = Path("/dev")) -> list[Port]:
    """List the serial ports of this PC, and keyboards that look like scanners, each examined."""
    from serial.tools import list_ports

    from readers.transports.keyboard import keyboards

    names = {str(path.resolve()): str(path) for path in (dev / "serial/by-id").glob("*")}
    found = []
    for info in sorted(list_ports.comports(), key=lambda each: each.device):
        # A PC announces serial chips on its board that are wired to nothing (ttyS0 …): only
        # those with hardware behind them are listed by pyserial, the rest is left out there.
        usb = port_id = None
        if info.vid is not None:
            usb = f"{info.vid:04x}:{info.pid:04x} {info.serial_number or ''}".rstrip()
            # Cheap plugs have no serial number: two alike are told apart by where they are put in.
            port_id = f"usb {usb}" if info.serial_number else f"usb {usb} at {info.location or '?'}"
        description = info.description if info.description != "n/a" else ""
        maker = " ".join(each for each in (info.manufacturer, info.product) if each)
        port = examine(info.device, description=description, by_id=names.get(info.device), usb=usb)
        found.append(replace(port, maker=maker, port_id=port_id or ""))
    return found + keyboards(dev=dev)


def present_name(url: str, port_id: str, listed: Sequence[Port]) -> str:
    """Return under which name a port is here now: a reader plugged in again may have another.

    Args:
        url: The name it had.
        port_id: By what it is known; empty: by its name alone.
        listed: The ports of this moment.

    >>> here = [Port("/dev/ttyUSB3", "", None, None, True, "", port_id="usb 1a86:7523 at 1-2")]
    >>> present_name("/dev/ttyUSB0", "usb 1a86:7523 at 1-2", here)
    '/dev/ttyUSB3'
    >>> present_name("/dev/ttyUSB0", "usb 1a86:7523 at 1-4", here)
    '/dev/ttyUSB3'
    """
    if not port_id or "://" in url:
        return url
    for port in listed:
        if port.port_id == port_id:
            return port.device
    # Put into another socket, a plug without a serial number is itself only if it is alone.
    kind, _, place = port_id.partition(" at ")
    alike = [port for port in listed if place and port.port_id.partition(" at ")[0] == kind]
    return alike[0].device if len(alike) == 1 else url


def examine(
    device: str,
    *,
    description: str = "",
    by_id: str | None = None,
    usb: str | None = None,
    proc: Path = Path("/proc"),
) -> Port:
    """Tell whether a device can be opened and, if not, the exact remedy."""
    trouble = _trouble_posix(device, proc) if os.name == "posix" else _trouble_by_opening(device)
    remedy = trouble.sentence if trouble is not None else ""
    return Port(device, description, by_id, usb, not remedy, remedy, trouble=trouble)


def _trouble_posix(device: str, proc: Path) -> Trouble | None:
    path = Path(device)
    try:
        status = path.stat()
    except FileNotFoundError:
        return Trouble("missing", device)
    except OSError as error:
        return Trouble("unseen", device, error.strerror or str(error))
    if not stat.S_ISCHR(status.st_mode):
        return Trouble("no port", device)
    if not os.access(path, os.R_OK | os.W_OK):
        return _permission_trouble(device, status.st_gid, status.st_mode)
    holder = _holder(path, proc)
    return None if holder is None else _held(device, *holder)


def _held(device: str, name: str, process: int) -> Trouble:
    """Say who holds a port; a service comes back by itself unless it is told not to."""
    kind, command = SERVICES.get(name, ("browser" if name in BROWSERS else "held", ""))
    command = command.format(name=Path(device).name) if command else f"kill {process}"
    return Trouble(kind, device, name, command=command, process=process)


def busy_trouble(device: str, *, proc: Path = Path("/proc")) -> Trouble:
    """Name who holds a port that the system has just called busy.

    What belongs to another user may not be looked into, but its name may be read: a service that is
    known to take ports, and runs, is the one.
    """
    holder = _holder(Path(device), proc) if os.name == "posix" else None
    if holder is not None:
        return _held(device, *holder)
    if not sys.platform.startswith("linux"):
        return Trouble("taken", device)
    if _has_open(proc / str(os.getpid()), os.path.realpath(device)):
        return Trouble("ours", device)
    for process, name in _processes(proc):
        if name in SERVICES and not os.access(process / "fd", os.R_OK | os.X_OK):
            return _held(device, name, int(process.name))
    return Trouble("hidden", device, command=f"sudo fuser -v {device}")


def _permission_trouble(device: str, group_id: int, mode: int) -> Trouble:
    import grp
    import pwd

    user = pwd.getpwuid(os.getuid()).pw_name
    try:
        group = grp.getgrgid(group_id).gr_name
    except KeyError:
        group = str(group_id)
    if mode & stat.S_IRGRP and mode & stat.S_IWGRP and group != "root":
        if group_id in os.getgroups():
            return Trouble("log in", device, group, user)
        return Trouble("group", device, group, user, f"sudo usermod -aG {group} {user}")
    return Trouble("root", device, user=user, command=f"sudo chmod g+rw {device}")


def _holder(path: Path, proc: Path) -> tuple[str, int] | None:
    """Name the first other process that has the device open, as far as we may look."""
    wanted = os.path.realpath(path)
    if not sys.platform.startswith("linux"):
        return None
    for process, name in _processes(proc):
        if _has_open(process, wanted):
            return name, int(process.name)
    return None


def _has_open(process: Path, wanted: str) -> bool:
    try:
        return any(os.path.realpath(link) == wanted for link in (process / "fd").iterdir())
    except OSError:
        return False  # the process ended, or belongs to somebody else


def _processes(proc: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folder and the name of every other process."""
    for process in proc.iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):  # it has ended
                yield process, (process / "comm").read_text("utf-8", "replace").strip()


def _trouble_by_opening(device: str) -> Trouble | None:
    import serial

    try:
        serial.Serial(device).close()
    except serial.SerialException as error:
        return Trouble("taken" if "PermissionError" in str(error) else "missing", device)
    return None
