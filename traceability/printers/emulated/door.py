"""The port of an emulated printer: a listening socket, or a pty that looks like a serial port."""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress
from typing import Protocol

from traceability.errors import Refused

__all__ = ["Door", "PtyDoor", "TcpDoor"]

CHUNK = 65536
WRITE_S_MAX = 2.0


class Door(Protocol):
    """Where a host comes in; driven by the printer's thread alone."""

    address: str

    def receive(self, timeout_s: float) -> bytes | None:
        """Return what came, empty if nothing did in time, None once when the host hung up."""
        ...

    def send(self, data: bytes) -> None:
        """Answer; if nobody listens, it is lost."""
        ...

    def cut(self) -> None:
        """Hang up without a word, as if the plug was pulled."""
        ...

    def close(self) -> None:
        """Switch off for good."""
        ...


class TcpDoor:
    """A printer in the network: one host at a time."""

    def __init__(self, port: int = 0) -> None:
        """Listen on this PC alone; port 0 takes a free one."""
        self._listener = socket.socket()
        if os.name == "posix":  # elsewhere this option lets strangers take the port
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            self._listener.close()
            raise Refused(f"Cannot open port {port}: {error}. Choose another one.") from error
        self._listener.listen(1)
        self._host: socket.socket | None = None
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def receive(self, timeout_s: float) -> bytes | None:
        """Take a host, or what it sent."""
        watched = self._listener if self._host is None else self._host
        ready, _, _ = select.select([watched], [], [], timeout_s)
        if not ready:
            return b""
        if self._host is None:
            self._host, _ = self._listener.accept()
            self._host.settimeout(WRITE_S_MAX)
            return b""
        try:
            data = self._host.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return None
        return data

    def send(self, data: bytes) -> None:
        """Answer the host."""
        if self._host is not None:
            with suppress(OSError):
                self._host.sendall(data)

    def cut(self) -> None:
        """Hang up; the host learns it at its next word."""
        if self._host is not None:
            # No time to linger: what is on its way is lost, as with a pulled plug.
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00" if os.name == "posix" else b"\x01\0\0\0"
            with suppress(OSError):
                self._host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._hang_up()

    def _hang_up(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()

    def close(self) -> None:
        """Switch off."""
        self._hang_up()
        self._listener.close()


class PtyDoor:
    """A printer on a serial line."""

    def __init__(self) -> None:
        """Make a pty; the host opens its other end as a serial port."""
        try:
            import pty
            import tty
        except ImportError as error:
            raise Refused("This system has no ptys: emulate the printer on TCP.") from error
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # This end of the host's stays open, so that a host that comes and goes is no end of file.
        self.address = f"serial://{os.ttyname(self._slave)}?flow=none"

    def receive(self, timeout_s: float) -> bytes | None:
        """Return what the host wrote; nobody can tell whether it is still there."""
        if self._master < 0:
            time.sleep(timeout_s)
            return b""
        try:
            ready, _, _ = select.select([self._master], [], [], timeout_s)
            return os.read(self._master, CHUNK) if ready else b""
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Answer the host."""
        ends_at = time.monotonic() + WRITE_S_MAX
        while data and self._master >= 0 and time.monotonic() < ends_at:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                return

    def cut(self) -> None:
        """Pull the plug: the port is gone."""
        self.close()

    def close(self) -> None:
        """Switch off."""
        for handle in (self._master, self._slave):
            if handle >= 0:
                with suppress(OSError):
                    os.close(handle)
        self._master = self._slave = -1
