"""Ports open, read what is there at once, and say when they are gone."""

from __future__ import annotations

import builtins
import contextlib
import os
import pty
import socket
import sys
import threading
import time
import tty
from collections.abc import Iterator
from typing import Any

import pytest

from readers.reads import PortLost, PortUnavailable
from readers.transports.transport import SerialTransport, SocketTransport, open_port


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A pty: the device's end as a descriptor, the host's as a path."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):  # the test may have pulled it
        os.close(master)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def url_of(server: socket.socket) -> str:
    return f"socket://127.0.0.1:{server.getsockname()[1]}"


def test_a_device_gives_what_is_there_and_takes_what_is_sent(line: tuple[int, str]) -> None:
    master, name = line
    port = open_port(name, 115200)

    os.write(master, b"hello")

    assert port.recv_some(5) == b"hello"
    assert port.recv_some(0) == b""
    port.send(b"yes")
    assert os.read(master, 10) == b"yes"
    port.close()
    port.close()


def test_a_device_whose_cable_is_pulled_is_lost(line: tuple[int, str]) -> None:
    master, name = line
    port = open_port(name)
    os.close(master)
    with pytest.raises(PortLost, match="The port is gone"):
        port.recv_some(5)
    port.close()


def test_a_device_has_one_owner(line: tuple[int, str]) -> None:
    port = open_port(line[1])
    with pytest.raises(PortUnavailable, match=f"Cannot open {line[1]}"):
        open_port(line[1])
    port.close()


def test_a_missing_device_is_refused_with_the_remedy() -> None:
    with pytest.raises(PortUnavailable) as caught:
        open_port("/dev/ttyUSB99")
    assert str(caught.value) == (
        "Cannot open /dev/ttyUSB99: /dev/ttyUSB99 does not exist. Plug the reader in, or choose a"
        " port that `hangtag readers list` shows."
    )


def test_a_socket_gives_what_is_there_and_takes_what_is_sent(server: socket.socket) -> None:
    port = open_port(url_of(server))
    reader, _ = server.accept()
    with reader:
        reader.sendall(b"x" * 5000)
        received = b""
        while len(received) < 5000:
            received += port.recv_some(5)
        port.send(b"yes")
        assert reader.recv(10) == b"yes"
        assert port.recv_some(0) == b""
    with pytest.raises(PortLost, match="The reader closed the connection"):
        port.recv_some(5)
    port.close()


def test_a_socket_is_heard_within_50_ms(server: socket.socket) -> None:
    port = open_port(url_of(server))
    reader, _ = server.accept()
    with reader:
        best_s = 1.0
        for _ in range(10):
            sender = threading.Timer(
                0.01, lambda: reader.sendall(str(time.perf_counter()).encode())
            )
            sender.start()
            sent_at = float(port.recv_some(5))
            best_s = min(best_s, time.perf_counter() - sent_at)
            sender.join()
    port.close()
    assert best_s < 0.05


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("socket://127.0.0.1", "Cannot read 'socket://127.0.0.1': expected socket://host:port."),
        ("socket://h:x", "Cannot read 'socket://h:x': the port is no number."),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(PortUnavailable) as caught:
        open_port(url)
    assert str(caught.value) == sentence


def test_a_reader_that_is_switched_off_is_refused_with_the_remedy(server: socket.socket) -> None:
    url = url_of(server)
    server.close()
    with pytest.raises(PortUnavailable, match="Check that the reader is switched on"):
        open_port(url)


def test_other_urls_of_pyserial_are_read_by_count() -> None:
    port = open_port("loop://")
    assert isinstance(port, SerialTransport)
    port.send(b"round")
    assert port.recv_some(1) == b"round"
    assert port.recv_some(0.01) == b""
    port.close()


# `Any`: stands in for the import function, whose arguments are Python's own affair.
def test_sockets_work_where_nothing_of_posix_exists(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = {"pty", "tty", "fcntl", "termios", "grp", "pwd"}
    original = builtins.__import__

    def hiding(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in hidden:
            raise ImportError(f"{name} does not exist here")
        return original(name, *rest, **named)

    ours = [name for name in sys.modules if name.split(".")[0] in {"readers", "serial"} | hidden]
    for name in ours:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", hiding)

    from readers.emulated.emulation import EmulatedReader
    from readers.reads import ReaderError
    from readers.session import Session

    with pytest.raises(ReaderError, match="This system has no ptys"):
        EmulatedReader("gate", "r2000_a0", port="pty")
    reader = EmulatedReader("gate", "r2000_a0", port="tcp")
    session = Session("gate", "r2000_a0", reader.url)
    session.start()
    reader.show([bytes(12)])
    deadline = time.monotonic() + 10
    while not session.counters.tag_reads and time.monotonic() < deadline:
        session.take(0.05)
    session.stop()
    reader.stop()
    assert session.counters.tag_reads > 0


def test_the_host_side_of_a_socket_is_kept_alive(server: socket.socket) -> None:
    port = SocketTransport(url_of(server))
    assert port._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    port.close()
