"""Ports: a device, a pty or a socket, opened by a URL and read without waiting for more.

`/dev/ttyUSB0`, `COM3`, `socket://host:port`, `rfc2217://host:port`, pyserial's other URLs, and what
`network`, `mqtt`, `webhook` and `keyboard` beside it open. A
read returns what is there as soon as there is anything: asking pyserial for a count either costs a
call a byte (`socket://`) or waits for the count. Nothing POSIX-only is imported at module level.
"""

from __future__ import annotations

import errno
import os
import queue
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
KEYBOARDS = ("keyboard:", "/dev/input/")
"""How a port begins that is a keyboard."""
STREAMS = ("http://", "https://", "http-listen://", "mqtt://", "mqtts://")
"""How a port begins that only tells: whatever is sent there reaches no reader."""
NETWORKS = ("socket://", "tls://", "llrps://", *STREAMS)
_IGNORED = "ign_set_control"
_BUSY = (errno.EBUSY, errno.EAGAIN)
"""A port that a program has taken for itself: by the system's own lock, or by one like ours."""


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
    if url.startswith("rfc2217://"):
        return Rfc2217Transport(url, baud)
    if url.startswith(KEYBOARDS):
        from readers.transports.keyboard import KeyboardTransport

        return KeyboardTransport(url)
    if url.startswith(NETWORKS):
        return _network_port(url)
    return SerialTransport(url, baud)


def has_speed(url: str) -> bool:
    """Tell whether the speed of a line is ours to set: of no bare network, and no keyboard.

    >>> has_speed("/dev/ttyUSB0"), has_speed("rfc2217://10.0.0.9:2217")
    (True, True)
    """
    return not url.startswith((*NETWORKS, *KEYBOARDS))


def can_be_asked(url: str) -> bool:
    """Tell whether something sent to a port reaches its reader.

    >>> can_be_asked("socket://10.0.0.9:4001"), can_be_asked("mqtt://10.0.0.9/dock")
    (True, False)
    """
    return not url.startswith((*STREAMS, *KEYBOARDS))


def _network_port(url: str) -> Transport:
    scheme = url.partition(":")[0]
    if scheme in ("mqtt", "mqtts"):
        from readers.transports.mqtt import MqttTransport

        return MqttTransport(url)
    if scheme == "http-listen":
        from readers.transports.webhook import WebhookTransport

        return WebhookTransport(url)
    from readers.transports.network import HttpStream, TlsTransport

    return HttpStream(url) if scheme in ("http", "https") else TlsTransport(url)


def has_own_line(url: str) -> bool:
    """Tell whether a port is a line of this PC, which cannot be lost without notice.

    >>> has_own_line("/dev/ttyUSB0"), has_own_line("rfc2217://10.0.0.9:2217")
    (True, False)
    """
    return "://" not in url


def keep_alive(connection: socket.socket) -> None:
    """Let TCP find out that a reader's cable was pulled: the reader itself says nothing."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


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
        keep_alive(self._socket)

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
            from readers.ports import busy_trouble, examine

            trouble = examine(url).trouble if is_device else None
            if trouble is None and is_device and getattr(error, "errno", None) in _BUSY:
                trouble = busy_trouble(url)
            sentence = trouble.sentence if trouble else str(error).rstrip(".") + "."
            raise PortUnavailable(f"Cannot open {url}: {sentence}", trouble) from error
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
        """Read where there is nothing to select on: Windows, loop."""
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


class Rfc2217Transport:
    """A serial line behind a serial server whose speed is set from here (RFC 2217).

    pyserial speaks the telnet options in a thread of its own and puts each byte into a queue;
    there is nothing to select on. Its `read` forgets what is queued once the other side has hung
    up, and setting its `timeout` negotiates the whole line anew, so the queue itself is drained.
    """

    def __init__(self, url: str, baud: int) -> None:
        """Connect to `rfc2217://host:port` and set the line's speed."""
        import serial as pyserial

        # Many servers set the control lines without saying so.
        lenient = (
            url if "ign_set_control" in url else f"{url}{'&' if '?' in url else '?'}{_IGNORED}"
        )
        try:
            self._port: serial.Serial = pyserial.serial_for_url(lenient, baudrate=baud)
        except (pyserial.SerialException, OSError, ValueError, TypeError) as error:
            raise PortUnavailable(
                f"Cannot open {url}: {str(error).rstrip('.')}. Check that the serial server is"
                " switched on, the address is right and that port is set to RFC 2217."
            ) from error
        # `Any` in effect: the stubs know neither; both have been there in all of pyserial 3.
        self._queue: queue.Queue[bytes | None] = getattr(self._port, "_read_buffer")  # noqa: B009
        self._socket: socket.socket = getattr(self._port, "_socket")  # noqa: B009
        keep_alive(self._socket)
        self._is_lost = False

    def recv_some(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, or wait for the first."""
        found = bytearray()
        try:
            byte = None if self._is_lost else self._queue.get(timeout=max(timeout_s, 0.001))
            while byte is not None and len(found) < CHUNK_SIZE_MAX:
                found += byte
                byte = self._queue.get_nowait()
        except queue.Empty:
            return bytes(found)
        # The thread's last word, behind the last byte. What came before it still counts.
        self._is_lost = self._is_lost or byte is None
        if byte is not None:
            found += byte
        if not found:
            raise PortLost("The serial server closed the connection.")
        return bytes(found)

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        try:
            self._port.write(data)
        except OSError as error:  # SerialException is one
            raise PortLost(f"The connection broke: {error}.") from error

    def set_baud(self, baud: int) -> None:
        """Let the serial server go on at another speed."""
        try:
            self._port.baudrate = baud
        except (OSError, ValueError) as error:
            raise PortLost(f"The serial server did not change its speed: {error}.") from error

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._port.close()
        self._socket.close()  # pyserial forgets to, once the other side has hung up
