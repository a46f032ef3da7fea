"""The device's end of a wire: a pty or a listening TCP port that a host opens like a real reader.

A host opens the other end by `url`, which stays the same however often the wire is pulled.
`pty`, `tty` and their friends are imported when a pty is made, so TCP works where they are not.
"""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

SETTLE_S = 0.1
"""A host that has just opened a pty throws away what is already in it (pyserial does so)."""
WRITE_S_MAX = 2.0
DRAIN_S_MAX = 0.5
_OUT_OF_STEP = bytes(0x80 | byte >> 1 & 0x78 for byte in range(256))
"""What a byte looks like, roughly, to somebody who samples it at another speed."""


class Wire(Protocol):
    """One end of a wire, driven by one thread; `write` by the holder of the reader's lock."""

    url: str
    refusal: bytes
    """What a second host is told before it is let go."""

    def plug(self) -> None:
        """Make the wire ready for a host."""
        ...

    def unplug(self) -> None:
        """Pull the wire after the host has read what is on it, or half a second."""
        ...

    def is_connected(self) -> bool:
        """Tell whether a host is listening."""
        ...

    def recv_some(self, timeout_s: float) -> bytes:
        """Return what the host sent, waiting up to `timeout_s`."""
        ...

    def write(self, data: bytes) -> bool:
        """Put bytes on the wire; False if the host did not take all of them."""
        ...


class TcpWire:
    """A reader with a network socket: one host at a time, as real ones have it."""

    def __init__(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes a free one and keeps it."""
        self.refusal = b""
        self._port = port
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None
        self.plug()
        self.url = f"socket://127.0.0.1:{self._port}"

    def plug(self) -> None:
        """Listen again, on the same port."""
        listener = socket.socket()
        if os.name == "posix":  # elsewhere this option lets strangers take the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(2)
        self._port = listener.getsockname()[1]
        self._listener = listener

    def unplug(self) -> None:
        """Refuse hosts; let the present one read to the end."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        host, self._host = self._host, None
        if host is None:
            return
        with suppress(OSError):
            host.shutdown(socket.SHUT_WR)
            host.settimeout(DRAIN_S_MAX)
            while host.recv(4096):
                pass
        host.close()

    def is_connected(self) -> bool:
        """Tell whether a host is connected."""
        return self._host is not None

    def recv_some(self, timeout_s: float) -> bytes:
        """Return what the host sent; accept a host, refuse a second one."""
        watched = [each for each in (self._listener, self._host) if each is not None]
        if not watched:
            time.sleep(timeout_s)
            return b""
        try:
            ready, _, _ = select.select(watched, [], [], timeout_s)
        except (OSError, ValueError):
            return b""  # unplugged meanwhile
        # Whoever hung up and calls again is no second host: the first one is heard to its end.
        data = self._hear_host() if self._host in ready else b""
        if self._listener is not None and self._listener in ready:
            with suppress(OSError):
                self._take_in(self._listener.accept()[0])
        return data

    def _hear_host(self) -> bytes:
        assert self._host is not None
        try:
            data = self._host.recv(4096)
        except (OSError, ValueError):
            data = b""
        if not data:
            self._host.close()
            self._host = None
        return data

    def _take_in(self, newcomer: socket.socket) -> None:
        newcomer.settimeout(WRITE_S_MAX)
        if self._host is None:
            newcomer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host = self._welcome(newcomer)
            return
        with suppress(OSError):
            newcomer.send(self.refusal)
        newcomer.close()

    def _welcome(self, newcomer: socket.socket) -> socket.socket | None:
        """Return the connection that a host is spoken to on; None if it was let go."""
        return newcomer

    def write(self, data: bytes) -> bool:
        """Put bytes on the wire."""
        host = self._host  # the reader's own thread may let go of a host that hung up
        if host is None:
            return False
        try:
            host.sendall(data)
        except OSError:
            return False
        return True


class PtyWire:
    """A reader on a serial line: a pty behind a link whose name stays."""

    def __init__(self, link: Path, *, baud: int | None = None) -> None:
        """Make a pty; the host opens `link`.

        Args:
            link: The name that stays.
            baud: The only speed at which both sides understand each other; None: any.
        """
        self.refusal = b""  # a serial line has one host
        self._link = link
        self._baud = baud
        self._master = -1
        self._connected_since: float | None = None
        self.url = str(link)
        self.plug()

    def plug(self) -> None:
        """Make a new pty, as replugging makes a new device, and point the link at it."""
        import pty
        import tty

        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        name = os.ttyname(slave)
        # With our own handle on the host's end closed, the kernel says whether a host has it open.
        os.close(slave)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(name)
        self._connected_since = None
        self._master = master

    def unplug(self) -> None:
        """Pull the wire once the host has read it empty."""
        master, self._master = self._master, -1
        if master < 0:
            return
        deadline = time.monotonic() + DRAIN_S_MAX
        while self._has_unread() and time.monotonic() < deadline:
            time.sleep(0.005)
        self._link.unlink(missing_ok=True)
        os.close(master)

    def _has_unread(self) -> bool:
        import fcntl
        import termios

        try:
            slave = os.open(self._link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            count = fcntl.ioctl(slave, termios.FIONREAD, bytes(4))
            return int.from_bytes(count, "little") > 0
        except OSError:
            return False
        finally:
            os.close(slave)

    def is_connected(self) -> bool:
        """Tell whether a host has had the other end open long enough to hear."""
        if self._master < 0:
            return False
        poll = select.poll()
        poll.register(self._master, select.POLLOUT)
        if any(event & (select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(0)):
            self._connected_since = None
            return False
        now = time.monotonic()
        if self._connected_since is None:
            self._connected_since = now
        return now - self._connected_since >= SETTLE_S

    def recv_some(self, timeout_s: float) -> bytes:
        """Return what the host sent."""
        try:
            ready, _, _ = select.select([self._master], [], [], timeout_s)
            data = os.read(self._master, 4096) if ready else b""
            return data if self._is_in_step() else b""
        except (OSError, ValueError):
            # No host has the other end open: the kernel says so at once, so wait here.
            time.sleep(timeout_s)
            return b""

    def write(self, data: bytes) -> bool:
        """Put bytes on the wire; a host that stops reading costs two seconds."""
        deadline = time.monotonic() + WRITE_S_MAX
        if not self._is_in_step():
            data = data.translate(_OUT_OF_STEP)
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                select.select([], [self._master], [], left_s)
            except OSError:
                return False
        return True

    def _is_in_step(self) -> bool:
        """Tell whether the host has the line at the speed of the device."""
        if self._baud is None:
            return True
        import termios

        try:
            speed = termios.tcgetattr(self._master)[4]
        except (OSError, termios.error):
            return True  # Nobody has opened it, or it is gone: the caller finds that out.
        return bool(speed == getattr(termios, f"B{self._baud}", speed))
