"""A connection that nobody answers on, although it stands: the session opens another one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.protocols.r2000_a0.codec import R2000Codec
from readers.reads import LineDown, LineUp, Received
from readers.session import Session

EPC = bytes.fromhex("3034257bf7194e4000001a85")


class Impatient(R2000Codec):
    silent_ms_max = 400


class SerialServer:
    """A box between host and reader: it may forget its hosts without hanging up."""

    def __init__(self, reader: EmulatedReader) -> None:
        self._reader = ("127.0.0.1", int(reader.url.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self.is_deaf = False
        self.hosts: list[tuple[socket.socket, socket.socket | None]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                host, _ = self._listener.accept()
            except OSError:
                return
            line = None if self.is_deaf else socket.create_connection(self._reader)
            self.hosts.append((host, line))
            if line is not None:
                for ends in ((host, line), (line, host)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                target.sendall(data)
        except OSError:
            return

    def forget_hosts(self) -> None:
        """Drop the lines to the reader, and say nothing to those who hold one."""
        for _host, line in self.hosts:
            if line is not None:
                line.close()

    def close(self) -> None:
        self._listener.close()
        for ends in self.hosts:
            for end in ends:
                if end is not None:
                    end.close()


@pytest.fixture
def reader() -> Iterator[EmulatedReader]:
    made = EmulatedReader("gate", "r2000_a0", port="tcp")
    yield made
    made.stop()


@pytest.fixture
def server(reader: EmulatedReader) -> Iterator[SerialServer]:
    made = SerialServer(reader)
    yield made
    made.close()


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_connection_that_nobody_answers_on_is_opened_anew(
    reader: EmulatedReader, server: SerialServer
) -> None:
    session = Session("gate", "r2000_a0", server.url, codec=Impatient(), back_off_s=(0.01, 0.05))
    happened: list[object] = []

    def reads() -> int:
        happened.extend(session.take())
        return sum(isinstance(each, Received) for each in happened)

    reader.show([EPC])
    session.start()
    until(reads)
    server.is_deaf = True
    server.forget_hosts()
    # It stays down through one connection after the other: to be let in is no answer.
    until(lambda: session.counters.connects >= 3)
    assert (session.is_up, session.down_reason) == (False, "The reader has not answered for 0.4 s.")
    before = reads()
    server.is_deaf = False
    until(lambda: reads() > before)
    session.stop()
    lines = [type(each) for each in happened if isinstance(each, LineUp | LineDown)]
    assert lines == [LineUp, LineDown, LineUp]
