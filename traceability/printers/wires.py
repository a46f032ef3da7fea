"""The line to a printer: a socket, a serial port or the printer's own device file.

A printer that has no paper takes no more bytes, so every write has its time; and a printer that is
switched off in the middle is noticed at the next one.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from traceability.errors import Offline
from traceability.printers.address import Address, parse_address

if TYPE_CHECKING:
    import serial

__all__ = ["PrinterGone", "Wire", "open_wire"]

CONNECT_S_MAX = 5.0
WRITE_S_MAX = 30.0
"""A printer that is printing a long label takes nothing until it has room again."""
CHUNK = 4096


class PrinterGone(Offline):
    """A printer cannot be reached, or hung up: what was on its way is lost."""


class Wire(Protocol):
    """An open line to one printer."""

    def send(self, data: bytes) -> None:
        """Write all of it; raise PrinterGone if the printer does not take it."""
        ...

    def receive(self, timeout_s: float) -> bytes:
        """Return what the printer said, or wait so long for the first byte; empty if nothing came.

        Raises:
            PrinterGone: If the line is closed.
        """
        ...

    def close(self) -> None:
        """Hang up; twice is harmless."""
        ...


def open_wire(address: str) -> Wire:
    """Open the line to a printer.

    Raises:
        Refused: If the address cannot be read.
        PrinterGone: If nobody answers there; the sentence says what to look for.
    """
    told = parse_address(address)
    opened: dict[str, Callable[[Address], Wire]] = {
        "tcp": _TcpWire,
        "serial": _SerialWire,
        "usb": _FileWire,
    }
    return opened[told.kind](told)


class _TcpWire:
    """A printer in the network."""

    def __init__(self, address: Address) -> None:
        try:
            self._socket = socket.create_connection((address.place, address.port), CONNECT_S_MAX)
        except OSError as error:
            raise PrinterGone(
                f"Cannot reach the printer at {address.place} port {address.port}: "
                f"{error.strerror or error}. Check that it is switched on, in the same network, "
                "and has this address."
            ) from error
        self._socket.settimeout(WRITE_S_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PrinterGone(f"The printer hung up: {error.strerror or error}.") from error

    def receive(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._socket], [], [], timeout_s)
            if not ready:
                return b""
            data = self._socket.recv(CHUNK)
        except (OSError, ValueError) as error:
            raise PrinterGone(f"The printer hung up: {error}.") from error
        if not data:
            raise PrinterGone("The printer hung up.")
        return data

    def close(self) -> None:
        self._socket.close()


class _SerialWire:
    """A printer on a serial line."""

    def __init__(self, address: Address) -> None:
        import serial as pyserial

        try:
            self._port: serial.Serial = pyserial.Serial(
                baudrate=address.baud,
                timeout=0,
                write_timeout=WRITE_S_MAX,
                xonxoff=address.flow == "xonxoff",
                rtscts=address.flow == "rtscts",
            )
            if os.name == "posix":
                self._port.exclusive = True
            self._port.port = address.place
            self._port.open()
        except (OSError, ValueError) as error:  # SerialException is one
            raise PrinterGone(
                f"Cannot open {address.place}: {_plain(error)}. Check that the cable is plugged "
                "in, and that no other program has the port; `hangtag readers list` shows both."
            ) from error

    def send(self, data: bytes) -> None:
        try:
            self._port.write(data)
            self._port.flush()
        except OSError as error:
            raise PrinterGone(f"The printer does not take more: {_plain(error)}.") from error

    def receive(self, timeout_s: float) -> bytes:
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""
        except (OSError, TypeError) as error:
            raise PrinterGone(f"The line to the printer is gone: {_plain(error)}.") from error

    def close(self) -> None:
        with suppress(OSError):
            self._port.close()


class _FileWire:
    """A printer at a USB socket, by the device file that the system makes for it."""

    def __init__(self, address: Address) -> None:
        path = Path(address.place)
        try:
            if not stat.S_ISCHR(path.stat().st_mode):
                raise PrinterGone(f"Cannot print to {path}: it is a file, not a printer.")
            flags = os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
            self._handle = os.open(path, flags)
        except OSError as error:
            raise PrinterGone(
                f"Cannot open {path}: {error.strerror or error}. Check that the printer is "
                "switched on and plugged in, and that you belong to the group lp "
                "(`sudo usermod -aG lp $USER`, then log out and in again)."
            ) from error

    def send(self, data: bytes) -> None:
        ends_at = time.monotonic() + WRITE_S_MAX
        while data:
            try:
                _, ready, _ = select.select([], [self._handle], [], 1.0)
                written = os.write(self._handle, data[:CHUNK]) if ready else 0
            except BlockingIOError:
                written = 0
            except (OSError, ValueError) as error:
                raise PrinterGone(f"The printer was unplugged: {error}.") from error
            data = data[written:]
            if written:
                ends_at = time.monotonic() + WRITE_S_MAX
            elif time.monotonic() > ends_at:
                raise PrinterGone(f"The printer took nothing for {WRITE_S_MAX:g} s.")

    def receive(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._handle], [], [], timeout_s)
            data = os.read(self._handle, CHUNK) if ready else b""
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise PrinterGone(f"The printer was unplugged: {error}.") from error
        # A device file that is ready and empty has nothing to say: do not ask it a thousand times.
        if ready and not data:
            time.sleep(min(timeout_s, 0.05))
        return data

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)


def _plain(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".")
