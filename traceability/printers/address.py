"""Where a printer is: in the network, on a serial line, or at a USB socket of this PC.

>>> parse_address("tcp://192.168.1.50")
Address(kind='tcp', place='192.168.1.50', port=9100, baud=0, flow='none')
>>> parse_address("serial:///dev/ttyUSB0?baud=115200").baud
115200
>>> parse_address("192.168.1.50")
Traceback (most recent call last):
    ...
traceability.errors.Refused: Cannot read '192.168.1.50' as the address of a printer: expected \
tcp://host:9100, serial:///dev/ttyUSB0?baud=9600 or usb:///dev/usb/lp0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from traceability.errors import Refused

__all__ = ["BAUDS", "Address", "parse_address"]

LENGTH_MAX = 200
TCP_PORT = 9100
"""Where printers listen for raw data; no standard, but all makers agree."""
BAUD_USUAL = 9600
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
FLOWS = ("xonxoff", "rtscts", "none")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]+:[0-9a-fA-F:.]*")
_COM = re.compile(r"COM[1-9][0-9]{0,2}", re.IGNORECASE)
_DEVICE = re.compile(r"(/[A-Za-z0-9._:@+-]+)+")

Kind = Literal["tcp", "serial", "usb"]


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was understood."""

    kind: Kind
    place: str
    """Host name or IP address; or the device."""
    port: int = 0
    baud: int = 0
    flow: str = "none"
    """Who says "wait" on a serial line, and how."""


def parse_address(text: str) -> Address:
    """Read the address of a printer.

    Raises:
        Refused: If it is none; the sentence names the part that is wrong.
    """
    # urlsplit drops line breaks in the middle of an address, so they are looked for first.
    is_short = text and len(text) <= LENGTH_MAX and text.isascii() and text.isprintable()
    if not is_short or " " in text:
        raise _wrong(text, "expected 1 to 200 letters, digits and signs of ASCII, no blanks")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _wrong(text, "expected a port from 1 to 65535") from error
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _wrong(text, "a printer has neither user, password nor fragment")
    if parts.scheme == "tcp":
        return _tcp(text, parts, port)
    if parts.scheme == "serial":
        return _serial(text, parts)
    if parts.scheme == "usb":
        if parts.netloc or parts.query or not _DEVICE.fullmatch(parts.path):
            raise _wrong(text, "expected a device such as usb:///dev/usb/lp0")
        return Address("usb", parts.path)
    raise _wrong(
        text,
        "expected tcp://host:9100, serial:///dev/ttyUSB0?baud=9600 or usb:///dev/usb/lp0",
    )


def _tcp(text: str, parts: SplitResult, port: int | None) -> Address:
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or port == 0 or parts.netloc.endswith(":"):
        raise _wrong(text, "expected a host and, after a colon, a port such as 9100")
    if parts.path not in ("", "/") or parts.query:
        raise _wrong(text, "nothing stands behind the port")
    return Address("tcp", host, port or TCP_PORT)


def _serial(text: str, parts: SplitResult) -> Address:
    place = parts.netloc + parts.path
    is_device = not parts.netloc and _DEVICE.fullmatch(place)
    if not is_device and not _COM.fullmatch(place):
        raise _wrong(text, "expected a port such as serial:///dev/ttyUSB0 or serial://COM3")
    said = parse_qsl(parts.query, keep_blank_values=True)
    settings = dict(said)
    if len(settings) != len(said) or not settings.keys() <= {"baud", "flow"}:
        raise _wrong(text, "only baud and flow can be set, each once")
    baud, flow = settings.get("baud", str(BAUD_USUAL)), settings.get("flow", FLOWS[0])
    if baud not in map(str, BAUDS):
        raise _wrong(text, f"expected a baud of {', '.join(map(str, BAUDS))}, got {baud!r}")
    if flow not in FLOWS:
        raise _wrong(text, f"expected a flow of {', '.join(FLOWS)}, got {flow!r}")
    return Address("serial", place, baud=int(baud), flow=flow)


def _wrong(text: str, why: str) -> Refused:
    return Refused(f"Cannot read {text[:80]!r} as the address of a printer: {why}.")
