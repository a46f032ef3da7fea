"""A serial server that speaks RFC 2217: its line is read, its speed set, its loss noticed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import serial
import serial.rfc2217

from readers.emulated.emulation import EmulatedReader
from readers.probe import Found, probe
from readers.reads import PortLost, PortUnavailable
from readers.session import Session
from readers.transports.transport import Rfc2217Transport, open_port

# pyserial names its thread and makes it a daemon in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
EPC = bytes.fromhex("30ff1feb705c5904e3ff0d70")


class PtyLine(serial.Serial):
    """A pty has no modem lines; a serial server asks for them nevertheless."""

    cts = dsr = ri = cd = False

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass


class SerialServer:
    """pyserial's own server side on a loopback port; one client at a time."""

    def __init__(self, device: str) -> None:
        is_pty = "://" not in device
        self._line = (PtyLine if is_pty else serial.serial_for_url)(device, timeout=0.01)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listening.getsockname()[1]}"
        self._client: socket.socket | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def baud(self) -> int:
        return self._line.baudrate

    def hang_up(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        self._thread.join(10)
        self._listening.close()
        self._line.close()

    def write(self, data: bytes) -> None:
        """Send to the client; pyserial's server calls it."""
        if self._client is not None:
            self._client.sendall(data)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client:
                client.settimeout(0.01)
                self._client = client
                self._bridge(client)
                self._client = None

    def _bridge(self, client: socket.socket) -> None:
        # The stubs ask for more than it uses: a port with settings, and somebody who can write.
        manager = serial.rfc2217.PortManager(self._line, self)  # type: ignore[arg-type]
        while True:
            try:
                data = client.recv(4096)
                if not data:
                    return
                self._line.write(b"".join(manager.filter(data)))
            except TimeoutError:
                pass
            except OSError:
                return
            try:
                if said := self._line.read(self._line.in_waiting or 1):
                    client.sendall(b"".join(manager.escape(said)))
            except OSError:
                return


@pytest.fixture
def loop() -> Iterator[SerialServer]:
    server = SerialServer("loop://")
    yield server
    server.close()


@pytest.fixture
def gate() -> Iterator[tuple[EmulatedReader, SerialServer]]:
    reader = EmulatedReader("gate", "r2000_a0")
    server = SerialServer(reader.url)
    yield reader, server
    server.close()
    reader.stop()


def test_bytes_go_both_ways_whatever_they_are(loop: SerialServer) -> None:
    port = open_port(loop.url, 38400)
    assert isinstance(port, Rfc2217Transport)
    assert loop.baud == 38400
    wire = bytes(range(256)) + b"\xff\xff\xfb"
    port.send(wire)
    received, deadline = b"", time.monotonic() + 10
    while len(received) < len(wire) and time.monotonic() < deadline:
        received += port.recv_some(0.1)
    assert received == wire
    assert port.recv_some(0) == b""
    port.set_baud(9600)
    assert loop.baud == 9600
    port.close()
    port.close()


def test_what_came_before_the_end_is_read_and_then_the_line_is_lost(loop: SerialServer) -> None:
    port = open_port(loop.url)
    port.send(b"last words")
    time.sleep(0.5)
    loop.hang_up()
    time.sleep(0.2)
    received = b""
    while len(received) < len(b"last words"):
        received += port.recv_some(1)
    assert received == b"last words"
    for _ in range(2):
        with pytest.raises(PortLost, match="The serial server closed the connection"):
            port.recv_some(1)
    port.close()


def test_nobody_at_the_address_is_refused_with_the_remedy(loop: SerialServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"rfc2217://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(PortUnavailable, match="that port is set to RFC 2217"):
        open_port(url)
    with pytest.raises(PortUnavailable, match="Cannot open rfc2217://nowhere"):
        open_port("rfc2217://nowhere")


def test_a_session_reads_and_comes_back(gate: tuple[EmulatedReader, SerialServer]) -> None:
    reader, server = gate
    reader.show([EPC])
    session = Session("gate", "r2000_a0", server.url)
    session.start()

    def reads_more_than(count: int) -> bool:
        deadline = time.monotonic() + 15
        while session.counters.tag_reads <= count and time.monotonic() < deadline:
            session.take(0.05)
        return session.counters.tag_reads > count

    assert reads_more_than(0)
    server.hang_up()
    deadline = time.monotonic() + 10
    while not session.counters.losses and time.monotonic() < deadline:
        time.sleep(0.05)
    assert session.counters.losses == 1
    assert reads_more_than(session.counters.tag_reads)
    session.stop()


def test_a_reader_behind_a_serial_server_is_recognised_with_its_speed(
    gate: tuple[EmulatedReader, SerialServer],
) -> None:
    _, server = gate
    found = probe(server.url)
    assert isinstance(found, Found)
    assert (found.protocol, found.baud) == ("r2000_a0", 115200)
