"""What this PC sees in its USB sockets that is no serial port, and why it is none.

A reader that is plugged in and does not appear is one of few things: a cable that only charges,
of which the PC sees nothing at all; a reader that types like a keyboard and needs no port; a plug
whose driver is missing, or was taken away by another program. The kernel tells it to everybody.

    for device in usb_devices():
        print(device.sentence)

Source: the kernel's ABI for `/sys/bus/usb/devices` (Documentation/ABI/testing/sysfs-bus-usb).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
NEW_S = 300.0
"""Somebody who has just plugged a reader in does not wait longer before he looks."""
CHIPS = {
    "1a86:7522": "ch341", "1a86:7523": "ch341", "1a86:5523": "ch341", "1a86:55d4": "cdc_acm",
    "1a86:55d3": "cdc_acm", "10c4:ea60": "cp210x", "10c4:ea70": "cp210x", "0403:6001": "ftdi_sio",
    "0403:6010": "ftdi_sio", "0403:6011": "ftdi_sio", "0403:6014": "ftdi_sio",
    "0403:6015": "ftdi_sio", "067b:2303": "pl2303", "067b:23a3": "pl2303", "067b:23c3": "pl2303",
}  # fmt: skip
"""`vid:pid` of the serial plugs that readers are sold with → the kernel's driver for it."""
_HUB, _HID, _STORAGE, _MODEM, _MODEM_DATA = 0x09, 0x03, 0x08, 0x02, 0x0A
_KEYBOARD = 1
_SENTENCES = {
    "port": "{name} ({usb}) is the serial port {port}.",
    "keyboard": "{name} ({usb}) types like a keyboard: it needs no port, open /scan and scan.",
    "braille": "{name} ({usb}) is a serial plug, but brltty has taken it for a braille display. Run"
    " `{command}`, then plug in again.",
    "taken": "{name} ({usb}) is a serial plug, but a program has taken it away from the system: a"
    " virtual machine, or the maker's own software. Close that, then plug in again.",
    "no driver": "{name} ({usb}) is a serial plug without a driver. Run `{command}`.",
    "storage": "{name} ({usb}) is seen as a disk, not as a reader: it may be waiting for its driver"
    " to be installed from there.",
    "other": "{name} ({usb}) is seen, but it is no serial port: see in its manual how it is set to"
    " USB serial (virtual COM).",
}


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """One device in a USB socket, as the kernel describes it."""

    place: str
    """Socket in the kernel's words: `1-2`."""
    usb: str
    """`vid:pid`, four hex digits each."""
    name: str
    """Who made it and what he calls it; `USB device` where it says nothing of itself."""
    kind: str
    """A key of `_SENTENCES`."""
    port: str = ""
    """Its serial port, where it has one."""
    command: str = ""
    """What to type; empty where no command helps."""
    plugged_s: float | None = None
    """For how long it has been plugged in; None where the kernel does not count it."""

    @property
    def sentence(self) -> str:
        """Say what it is and what to do about it.

        >>> UsbDevice("1-2", "1a86:7523", "USB Serial", "no driver", "", "modprobe ch341").sentence
        'USB Serial (1a86:7523) is a serial plug without a driver. Run `modprobe ch341`.'
        """
        return _SENTENCES[self.kind].format(
            name=self.name, usb=self.usb, port=self.port, command=self.command
        )

    @property
    def is_new(self) -> bool:
        """True if it was plugged in within the last minutes."""
        return self.plugged_s is not None and self.plugged_s < NEW_S

    @property
    def is_suspect(self) -> bool:
        """True if it should have a port and has none, or is new: perhaps the reader looked for."""
        return self.kind in ("braille", "taken", "no driver") or (
            self.is_new and self.kind != "port"
        )

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "place": self.place,
            "usb": self.usb,
            "name": self.name,
            "kind": self.kind,
            "port": self.port or None,
            "remedy": self.sentence if self.kind != "port" else None,
            "plugged_s": self.plugged_s,
        }


def usb_devices(*, system: Path | None = None, proc: Path = Path("/proc")) -> list[UsbDevice]:
    """List what is plugged in, hubs left out, the newest first; empty where no kernel tells.

    Args:
        system: Where the kernel shows its devices; None: where it usually does.
        proc: Where it shows its processes.
    """
    has_brltty = any(_text(comm) == "brltty" for comm in proc.glob("[0-9]*/comm"))
    found = []
    for folder in sorted(((system or SYS) / "bus/usb/devices").glob("*")):
        if ":" in folder.name or not (folder / "idVendor").exists():
            continue
        device = _device(folder, has_brltty=has_brltty)
        if device is not None:
            found.append(device)
    return sorted(found, key=lambda one: one.plugged_s if one.plugged_s is not None else 1e12)


def _device(folder: Path, *, has_brltty: bool) -> UsbDevice | None:
    usb = f"{_text(folder / 'idVendor')}:{_text(folder / 'idProduct')}"
    words = [_text(folder / name) for name in ("manufacturer", "product")]
    name = " ".join(word for word in words if word) or "USB device"
    parts = sorted(folder.glob(f"{folder.name}:*"))
    classes = [_hex(part / "bInterfaceClass") for part in parts]
    if _hex(folder / "bDeviceClass") == _HUB or _HUB in classes:
        return None
    drivers = {(part / "driver").resolve().name for part in parts if (part / "driver").exists()}
    port = next((_port(part) for part in parts if _port(part)), "")
    kind, command = _kind(usb, parts, classes, drivers, has_brltty=has_brltty)
    if port:
        kind, command = "port", ""
    plugged_s = None
    with suppress(ValueError):
        plugged_s = int(_text(folder / "power/connected_duration")) / 1000
    return UsbDevice(folder.name, usb, name, kind, port, command, plugged_s)


def _kind(
    usb: str, parts: list[Path], classes: list[int], drivers: set[str], *, has_brltty: bool
) -> tuple[str, str]:
    """Tell what a device is that has no port, and what to type."""
    driver = CHIPS.get(usb, "cdc_acm" if _MODEM in classes or _MODEM_DATA in classes else "")
    if driver and "usbfs" in drivers:
        if has_brltty:
            return "braille", "sudo systemctl mask --now brltty-udev brltty"
        return "taken", ""
    if driver:
        return "no driver", f"sudo modprobe {driver}"
    for part, number in zip(parts, classes, strict=True):
        if number == _HID and _hex(part / "bInterfaceProtocol") == _KEYBOARD:
            return "keyboard", ""
    return ("storage" if _STORAGE in classes else "other"), ""


def _port(part: Path) -> str:
    """Return the serial port of one part: `ttyUSB0` lies in it, `ttyACM0` in its `tty`."""
    names = [path.name for path in (*part.glob("ttyUSB*"), *part.glob("tty/tty*"))]
    return f"/dev/{names[0]}" if names else ""


def _hex(file: Path) -> int:
    with suppress(ValueError):
        return int(_text(file), 16)
    return -1


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text("utf-8", "replace").strip()
    return ""
