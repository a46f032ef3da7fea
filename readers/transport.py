"""Ports: a device, a pty or a socket, opened by a URL and read without waiting for more.

`/dev/ttyUSB0`, `COM3`, `socket://host:port`, and pyserial's other URLs. A read returns what is
there as soon as there is anything: asking pyserial for a count either costs a call a byte
(`socket://`) or waits for the count. Nothing POSIX-only is imported at module level.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from readers.reads import PortLost, PortUnavailable

if TYPE_CHECKING:
    import serial

CHUNK_SIZE_MAX = 65536
CONNECT_S_MAX = 3.0
SEND_S_MAX = 2.0


class Transport(Protocol):
    """An open port."""

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, or wait up to `timeout_s` for the first.

        Returns:
            Empty if nothing came in time.

        Raises:
            PortLost: If the port is gone or the other side closed it.
        """
        ...

    def send(self, data: bytes) -> None:
        """Write all of `data`; raise PortLost if the port is gone."""
        ...

    def set_baud(self, baud: int) -> None:
        """Go on at another speed; a network has none. Raise PortLost if the port is gone."""
        ...

    def close(self) -> None:
        """Close the port; closing twice is harmless."""
        ...


def open_port(url: str, baud: int = 115200) -> Transport:
    """Open a port for one owner.

    Raises:
        PortUnavailable: If it cannot be opened; the sentence carries the remedy.
    """
    if url.startswith("socket://"):
        return SocketTransport(url)
    return SerialTransport(url, baud)


class SocketTransport:
    """A reader, or a serial server, behind TCP."""

    def __init__(self, url: str) -> None:
        """Connect to `socket://host:port`."""
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise PortUnavailable(f"Cannot read {url!r}: the port is no number.") from error
        if not host or not port:
            raise PortUnavailable(f"Cannot read {url!r}: expected socket://host:port.")
        try:
            self._socket = socket.create_connection((host, port), CONNECT_S_MAX)
        except OSError as error:
            raise PortUnavailable(
                f"Cannot reach {host} port {port}: {error.strerror or error}. Check that the"
                " reader is switched on and the address is right."
            ) from error
        self._socket.settimeout(SEND_S_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A reader whose cable was pulled says nothing; keep-alive is how TCP finds out.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, seconds in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                with suppress(OSError):
                    self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, or wait for the first."""
        try:
            ready, _, _ = select.select([self._socket], [], [], timeout_s)
            if not ready:
                return b""
            data = self._socket.recv(CHUNK_SIZE_MAX)
        except (OSError, ValueError) as error:
            raise PortLost(f"The connection broke: {error}.") from error
        if not data:
            raise PortLost("The reader closed the connection.")
        return data

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PortLost(f"The connection broke: {error}.") from error

    def set_baud(self, baud: int) -> None:
        """Do nothing: the serial server at the other end keeps the speed."""

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class SerialTransport:
    """A serial device, a pty, or another URL that pyserial opens."""

    def __init__(self, url: str, baud: int) -> None:
        """Open and lock the device."""
        import serial as pyserial

        is_device = "://" not in url
        try:
            self._port: serial.Serial = pyserial.serial_for_url(
                url, baudrate=baud, timeout=0, write_timeout=SEND_S_MAX, do_not_open=True
            )
            # Two programs on one port each get half of the bytes.
            if is_device and os.name == "posix":
                self._port.exclusive = True
            self._port.open()
        except (pyserial.SerialException, OSError, ValueError) as error:
            from readers.ports import examine

            sentence = examine(url).remedy if is_device else ""
            raise PortUnavailable(
                f"Cannot open {url}: {sentence or str(error).rstrip('.') + '.'}"
            ) from error
        self._descriptor = -1
        if os.name == "posix":
            with suppress(OSError, AttributeError, ValueError):
                self._descriptor = self._port.fileno()

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, or wait for the first."""
        if self._descriptor < 0:
            return self._recv_by_count(timeout_s)
        try:
            ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
            if not ready:
                return b""
            data = os.read(self._descriptor, CHUNK_SIZE_MAX)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise PortLost(f"The port is gone: {error}.") from error
        if not data:
            raise PortLost("The port is gone: it is readable and empty.")
        return data

    def _recv_by_count(self, timeout_s: float) -> bytes:
        """Read where there is nothing to select on: Windows, rfc2217, loop."""
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""
        except OSError as error:  # SerialException is one
            raise PortLost(f"The port is gone: {error}.") from error

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        try:
            self._port.write(data)
        except OSError as error:
            raise PortLost(f"The port is gone: {error}.") from error

    def set_baud(self, baud: int) -> None:
        """Go on at another speed, without letting go of the line: that would restart some boxes."""
        try:
            self._port.baudrate = baud
        except (OSError, ValueError) as error:
            raise PortLost(f"The port is gone: {error}.") from error

    def close(self) -> None:
        """Close the port."""
        with suppress(OSError):
            self._port.close()
