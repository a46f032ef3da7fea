"""The printers of a workshop: where they are, what they speak, and which are plugged into this PC.

A printer is entered once by its name; whoever prints labels chooses it by that name. Nothing is
searched for in the network: a printer there has its address on the label that it prints of itself.

>>> Printer("Cutting", "tcp://192.168.1.50").language
'zpl'
>>> Printer("Cutting", "tcp://192.168.1.50", "tspl", has_rfid=True)
Traceback (most recent call last):
    ...
traceability.errors.Refused: Printer 'Cutting' cannot write chips: only ZPL says how.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from traceability.errors import Refused
from traceability.file_lock import try_lock
from traceability.labels.dots import RESOLUTIONS
from traceability.ledger.append import Ledger
from traceability.printers.address import parse_address
from traceability.projections.entering import master_draft
from traceability.projections.view import Values, View, look

__all__ = [
    "MASTER_TYPE",
    "FoundPrinter",
    "Printer",
    "enter_printer",
    "find_printer",
    "found_printers",
    "hold",
    "printers",
    "remove_printer",
]

MASTER_TYPE = "printer"
NAME_MAX = 60
LANGUAGES = ("zpl", "tspl")
_WAIT_S = 1.0
_VENDORS = {
    0x0A5F: ("Zebra", "zpl"),
    0x1203: ("TSC", "tspl"),
    0x195F: ("Godex", None),
    0x0828: ("SATO", None),
    0x1504: ("Bixolon", None),
    0x1D90: ("Citizen", None),
}
"""Makers of label printers by their USB ids, and what their printers speak as they are sold.
Source: the USB ids that usb.org has assigned."""
_ID_FIELD = re.compile(
    r"(?:^|;)\s*(MFG|MANUFACTURER|MDL|MODEL|CMD|COMMAND SET):([^;]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Printer:
    """One label printer.

    Raises:
        Refused: If its name, address, language or resolution cannot be.
    """

    name: str
    address: str
    """``tcp://host:9100``, ``serial:///dev/ttyUSB0?baud=9600`` or ``usb:///dev/usb/lp0``."""
    language: Literal["zpl", "tspl"] = "zpl"
    dpi: int = 203
    has_rfid: bool = False
    """It writes chips, and says what it read from them."""

    def __post_init__(self) -> None:
        is_name = 1 <= len(self.name) <= NAME_MAX and self.name.isprintable()
        if not is_name or self.name != self.name.strip() or "/" in self.name:
            raise Refused(
                f"Cannot call a printer {self.name[:60]!r}: expected 1 to {NAME_MAX} characters "
                "without slash, and no blanks at the ends."
            )
        parse_address(self.address)
        if self.language not in LANGUAGES:
            raise Refused(
                f"Printer {self.name!r} cannot speak {self.language!r}: expected zpl or tspl."
            )
        if self.dpi not in RESOLUTIONS:
            raise Refused(
                f"Printer {self.name!r} cannot have {self.dpi} dpi: expected 203, 300 or 600."
            )
        if self.has_rfid and self.language != "zpl":
            raise Refused(f"Printer {self.name!r} cannot write chips: only ZPL says how.")

    def tree(self) -> dict[str, Any]:
        """Return its values as they are entered; JSON."""
        return {
            "name": self.name,
            "address": self.address,
            "language": self.language,
            "dpi": self.dpi,
            "rfid": self.has_rfid,
        }


@dataclass(frozen=True, slots=True)
class FoundPrinter:
    """A printer that is plugged into this PC."""

    address: str
    about: str
    """Maker and model, as far as it says so itself."""
    language: Literal["zpl", "tspl"] | None
    """None if it does not say."""


# --- what was entered ----------------------------------------------------------------------------


def printers(view: View) -> list[Printer]:
    """Return the printers of a workshop by their names."""
    found = [_printer(values) for values in view.masters(MASTER_TYPE).values()]
    return sorted((one for one in found if one is not None), key=lambda one: one.name.casefold())


def _printer(values: Values) -> Printer | None:
    try:
        return Printer(
            str(values["name"]),
            str(values["address"]),
            "tspl" if values.get("language") == "tspl" else "zpl",
            int(values.get("dpi", 203)),
            values.get("rfid") is True,
        )
    except (KeyError, TypeError, ValueError, Refused):
        return None  # entered by a script, and no printer: it cannot be printed on


def find_printer(view: View, name: str) -> Printer:
    """Return a printer by its name; capitals do not count.

    Raises:
        Refused: If there is none; the sentence lists those there are.
    """
    known = printers(view)
    for one in known:
        if one.name.casefold() == name.strip().casefold():
            return one
    names = ", ".join(one.name for one in known) or "none yet"
    raise Refused(f"There is no printer {name[:60]!r}. Known printers: {names}.")


def enter_printer(ledger: Ledger, printer: Printer, *, by: str) -> str:
    """Enter a printer, or say something else of one that was entered by that name.

    Returns:
        Its key.
    """
    with look(ledger) as view:
        key = _key(view, printer.name)
    ledger.append([master_draft(MASTER_TYPE, key, printer.tree(), by=by)])
    return key


def remove_printer(ledger: Ledger, name: str, *, by: str) -> None:
    """Take a printer out of the list.

    Raises:
        Refused: If there is none of that name.
    """
    with look(ledger) as view:
        found = find_printer(view, name)
        key = _key(view, found.name)
    ledger.append([master_draft(MASTER_TYPE, key, {"withdrawn": True}, by=by)])


def _key(view: View, name: str) -> str:
    """One printer of a name, however it is capitalised."""
    return f"//{view.namespace}/obj/printer {name.casefold()}"


# --- what is plugged in --------------------------------------------------------------------------


def found_printers(*, dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> list[FoundPrinter]:
    """List the label printers at the USB sockets and serial ports of this PC."""
    found = []
    for path in sorted((dev / "usb").glob("lp[0-9]*")):
        about, language = _by_id(sys / "class/usbmisc" / path.name / "device/ieee1284_id")
        found.append(FoundPrinter(f"usb://{path}", about, language))
    return found + _serial_printers()


def _by_id(path: Path) -> tuple[str, Literal["zpl", "tspl"] | None]:
    """Read what a USB printer says of itself. Source: IEEE 1284-2000, section 7.6."""
    try:
        said = path.read_text(encoding="ascii", errors="replace")[:1000]
    except OSError:
        return "", None
    fields = {match[1].upper()[:3]: match[2].strip() for match in _ID_FIELD.finditer(said)}
    about = " ".join(filter(None, (fields.get("MFG") or fields.get("MAN"), _model(fields))))
    spoken = (fields.get("CMD") or fields.get("COM") or "").upper()
    if "TSPL" in spoken:
        return about, "tspl"
    return about, "zpl" if "ZPL" in spoken else None


def _model(fields: dict[str, str]) -> str:
    return fields.get("MDL") or fields.get("MOD") or ""


def _serial_printers() -> list[FoundPrinter]:
    from serial.tools import list_ports

    found = []
    for info in sorted(list_ports.comports(), key=lambda each: each.device):
        if info.vid not in _VENDORS:
            continue
        maker, spoken = _VENDORS[info.vid]
        about = " ".join(filter(None, (info.manufacturer or maker, info.product)))
        language: Literal["zpl", "tspl"] | None = None
        if spoken is not None:
            language = "tspl" if spoken == "tspl" else "zpl"
        found.append(FoundPrinter(f"serial://{info.device}", about, language))
    return found


# --- one job at a time ---------------------------------------------------------------------------

_held: dict[str, threading.Lock] = {}
_holding = threading.Lock()
"""Guards `_held`."""


@contextmanager
def hold(printer: Printer) -> Iterator[None]:
    """Keep a printer for one job, in this process and in others of this user.

    Two jobs at once would mix their labels, and each would count the other's.

    Raises:
        Refused: If it has a job already.
    """
    with _holding:
        lock = _held.setdefault(_place(printer), threading.Lock())
    if not lock.acquire(timeout=_WAIT_S):
        raise _busy(printer)
    try:
        handle = _lock_file(printer)
        try:
            yield
        finally:
            if handle is not None:
                handle.close()
    finally:
        lock.release()


def _place(printer: Printer) -> str:
    """Return where a printer is, however its address is spelled."""
    told = parse_address(printer.address)
    place = told.place.casefold() if told.kind == "tcp" else told.place
    return f"{told.kind}:{place}:{told.port}"


def _lock_file(printer: Printer) -> IO[bytes] | None:
    """Lock a file that stands for the printer; None where no file can be made."""
    who = hashlib.sha256(_place(printer).encode()).hexdigest()[:16]
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"hangtag-printers-{owner}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = (folder / f"{who}.lock").open("a+b")
    except OSError:
        return None
    if not try_lock(handle):
        handle.close()
        raise _busy(printer)
    return handle


def _busy(printer: Printer) -> Refused:
    return Refused(
        f"Printer {printer.name} is printing another job. Wait until it is done, then try again."
    )
