"""Keyboards of this PC: scanners and card readers that type, heard without a window (Linux).

    port = KeyboardTransport("/dev/input/by-id/usb-Scanner_123-event-kbd?layout=de")
    for keyboard in keyboards():
        print(keyboard.device, keyboard.description)

What is chosen stands behind the path: `layout=` one of `LAYOUTS` (`us` if nothing is said),
`reads=` one of `codes`, `cards`, `cards-hex`, `tags`. A keyboard is taken for oneself as soon as it
is opened (`EVIOCGRAB`): what is scanned goes into no other window, and a person could not type on
it any more. So nothing here opens one that nobody has named; the list is made from what the kernel
tells of it.

`keyboard:PATH` reads the same events from a pty or a pipe, for keyboards that are emulated.

Source: Linux `include/uapi/linux/input.h`, `Documentation/input/input.rst`; `/sys/class/input`.
"""

from __future__ import annotations

import errno
import os
import re
import select
import stat
import struct
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl

from readers.ports import Port, examine
from readers.protocols.keyboard_lines.codec import EVENT, READS, Frame, choice
from readers.protocols.keyboard_lines.keys import LAYOUTS
from readers.reads import PortLost, PortUnavailable
from readers.transports.transport import KEYBOARDS

__all__ = ["KeyboardTransport", "is_keyboard", "keyboards"]

SCHEME = KEYBOARDS[0]
_GRAB = 0x40044590
"""EVIOCGRAB: `_IOW('E', 0x90, int)` on x86, ARM and RISC-V."""
_NATIVE = struct.Struct("@llHHi")
"""How this system tells an event: a 32-bit one in 16 bytes."""
_CHUNK_COUNT = 1024
_INPUT_MAJOR = 13
_NEEDED_KEYS = (2, 11, 28)
"""Keys 1, 0 and Enter: what has these types numbers."""
_SCANNERS = re.compile(
    r"scan|bar.?code|\bcode\b|reader|rfid|symbol|zebra|honeywell|metrologic|datalogic|newland|opticon"
    r"|sycreader|mindeo|netum|inateck|eyoyo|tera\b|hidkey|\bacs\b|uhf",
    re.IGNORECASE,
)
_FIRST_IDS = frozenset({"05e0", "0c2e", "05f9", "1eab", "065a", "ffff", "08ff"})
"""USB makers of scanners: Symbol and Zebra, Honeywell and Metrologic, Datalogic, Newland, Opticon;
and two numbers that card readers without a maker carry."""


def is_keyboard(url: str) -> bool:
    """Tell whether a port is a keyboard.

    >>> is_keyboard("/dev/input/event3?layout=fr"), is_keyboard("/dev/ttyUSB0")
    (True, False)
    """
    return url.startswith(KEYBOARDS)


def _parts(url: str) -> tuple[str, Frame]:
    """Take a port's name apart: its path, and what was chosen.

    Raises:
        PortUnavailable: If something is chosen that there is not.
    """
    path, _, asked = url.removeprefix(SCHEME).partition("?")
    chosen = dict(parse_qsl(asked, keep_blank_values=True))
    layout, reads = chosen.pop("layout", "us"), chosen.pop("reads", READS[0])
    layout = {"cn": "us", "uk": "gb"}.get(layout, layout)
    for word, value, known in (("layout", layout, LAYOUTS), ("reads", reads, READS)):
        if value not in known:
            listed = ", ".join(known)
            raise PortUnavailable(f"Cannot read {url!r}: {word} is {value!r}, expected {listed}.")
    if chosen:
        raise PortUnavailable(
            f"Cannot read {url!r}: expected layout= or reads= behind the question mark."
        )
    return path, choice(layout, reads)


class KeyboardTransport:
    """A keyboard that is this program's alone: it gives the kernel's events, 24 bytes each."""

    def __init__(self, url: str) -> None:
        """Open and grab the keyboard.

        Raises:
            PortUnavailable: If it is not there, not ours to open, or grabbed by somebody else.
        """
        path, chosen = _parts(url)
        if os.name != "posix":
            raise PortUnavailable(
                f"Cannot open {path}: a keyboard is a port on Linux alone. Open /scan and scan."
            )
        try:
            # To write would light lamps; to read is all that is needed.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NO_TERMINAL)
        except OSError as error:
            trouble = examine(path).trouble
            sentence = trouble.sentence if trouble else f"{error.strerror}."
            raise PortUnavailable(f"Cannot open {path}: {sentence}", trouble) from error
        self._is_device = _is_input(self._descriptor)
        self._begun = chosen.encode()
        self._rest = b""
        if self._is_device:
            self._grab(path)

    def _grab(self, path: str) -> None:
        import fcntl

        try:
            fcntl.ioctl(self._descriptor, _GRAB, 1)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno == errno.EBUSY:
                sentence = "another program has taken this keyboard for itself. Close that program."
            else:
                sentence = f"{error.strerror}."
            raise PortUnavailable(f"Cannot open {path}: {sentence}") from error

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the events that are there, or wait for the first; the choice comes first."""
        if self._begun:
            begun, self._begun = self._begun, b""
            return begun
        try:
            ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
            if not ready:
                return b""
            data = os.read(self._descriptor, _CHUNK_COUNT * EVENT.size)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise PortLost(f"The keyboard is gone: {error}.") from error
        if not data:
            raise PortLost("The keyboard is gone: it is readable and empty.")
        return self._widened(data) if self._is_device else data

    def _widened(self, data: bytes) -> bytes:
        """Return a system's own events as those of a 64-bit system."""
        if _NATIVE.size == EVENT.size and sys.byteorder == "little":
            return data
        return b"".join(EVENT.pack(*each) for each in _NATIVE.iter_unpack(data))

    def send(self, data: bytes) -> None:
        """Do nothing: a keyboard hears nothing."""

    def set_baud(self, baud: int) -> None:
        """Do nothing: a keyboard has no speed."""

    def close(self) -> None:
        """Let the keyboard go; others may read it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_NO_TERMINAL = getattr(os, "O_NOCTTY", 0)


def _is_input(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == _INPUT_MAJOR


def keyboards(
    *,
    system: Path = Path("/sys"),
    dev: Path = Path("/dev"),
    is_all: bool = False,
) -> list[Port]:
    """List the keyboards that look like scanners, each with what is needed to open it.

    Nothing is opened. A keyboard looks like a scanner by its maker's number or by its own name.

    Args:
        system: Where the kernel shows its devices.
        dev: Where their files are.
        is_all: People's keyboards, too.
    """
    found = []
    names = _stable_names(dev)
    for folder in sorted(
        (system / "class/input").glob("event*"), key=lambda one: int(one.name[5:])
    ):
        device = folder / "device"
        if not _types_numbers(_text(device / "capabilities/key")):
            continue
        name = _text(device / "name") or "keyboard"
        maker = _text(device / "id/vendor")
        if not is_all and not _SCANNERS.search(name) and maker not in _FIRST_IDS:
            continue
        path = str(dev / "input" / folder.name)
        serial = _text(device / "uniq")
        usb = f"{maker}:{_text(device / 'id/product')} {serial}".rstrip()
        port = examine(path)
        kind = port.trouble.kind if port.trouble else ""
        # Whatever shows windows has every keyboard open: that is no trouble for who grabs it.
        is_ours = kind not in ("missing", "unseen", "group", "log in", "root", "no port")
        found.append(
            Port(
                device=names.get(folder.name, path),
                description=name,
                by_id=names.get(folder.name),
                usb=usb,
                is_open_to_us=is_ours,
                remedy="" if is_ours else port.remedy,
                maker=name,
                trouble=None if is_ours else port.trouble,
            )
        )
    return found


def _stable_names(dev: Path) -> dict[str, str]:
    """Return event's name → the name that stays: by its serial number, else by its socket."""
    found: dict[str, str] = {}
    for folder in ("by-path", "by-id"):
        for link in sorted((dev / "input" / folder).glob("*-event*")):
            with suppress(OSError):
                found[link.resolve().name] = str(link)
    return found


def _types_numbers(words: str) -> bool:
    """Tell from the kernel's words of keys, 64 bits each and the last one first.

    >>> _types_numbers("e080ffdf01cfffff fffffffffffffffe"), _types_numbers("1f0000 0 0 0 0")
    (True, False)
    """
    try:
        lowest = int(words.rpartition(" ")[2] or "0", 16)
    except ValueError:
        return False
    return all(lowest >> key & 1 for key in _NEEDED_KEYS)


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text("utf-8", "replace").strip()
    return ""
