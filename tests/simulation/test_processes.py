"""The programs beside the factory and the cable between them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.running_demo import ROOT
from traceability.simulation.commands import stopped_by_signals
from traceability.simulation.processes import Child, DemoFailed, Relay, free_port, wait_for_answer


def until(holds: Callable[[], bool], timeout_s: float = 10) -> bool:
    end = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_taken_port_gives_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) < port + 50


def test_no_free_port_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceability.simulation.processes._PORTS_TRIED", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"No free port from {port} to {port}: .* say --port"):
            free_port(port)


def test_a_server_that_is_gone_is_not_waited_for() -> None:
    with pytest.raises(DemoFailed, match="does not answer"):
        wait_for_answer("http://127.0.0.1:9/", 30, still=lambda: False)


def test_a_killed_child_comes_back_until_it_is_stopped(tmp_path: Path) -> None:
    child = Child("readers", ["readers", "--help"], {}, tmp_path / "log")
    # Something that stays: the command line is ours, so that this test needs no other part.
    child._command = [child._command[0], "-c", "import time; time.sleep(60)"]
    child.start()
    try:
        first = child.pid
        assert first is not None
        child.kill()
        assert until(lambda: child.pid not in {None, first})
    finally:
        child.stop()
    assert child.pid is None
    assert child.start_count == 2
    assert not child.is_kept


def test_a_file_called_app_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("print('not this one')")
    monkeypatch.chdir(tmp_path)
    child = Child("version", ["--version"], {}, tmp_path / "log")
    child.start()
    until(lambda: "hangtag" in child.complaint(), 20)
    child.stop()
    assert "The last that version said is 'hangtag, version" in child.complaint()
    assert "not this one" not in child.log.read_text()


PARENT = """
import sys, time
from pathlib import Path
from tests.simulation.running_demo import ROOT
from traceability.simulation.processes import Child
child = Child("watch", sys.argv[2:], {}, Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="asks for a process by signal 0")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    # `readers watch` on a port where nobody answers would go on for ever.
    watch = ["readers", "watch", "--protocol", "barcode_lines", "socket://127.0.0.1:9"]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path / "log", *watch],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    def is_gone() -> bool:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        # Nobody reaps it here: a zombie has ended, too.
        return "\nState:\tZ" in Path(f"/proc/{child}/status").read_text()

    time.sleep(2)
    assert not is_gone()
    parent.kill()
    parent.communicate()
    assert until(is_gone, 20)


def echo(server: socket.socket) -> None:
    while True:
        try:
            one, _ = server.accept()
        except OSError:
            return
        with one:
            while data := one.recv(100):
                one.sendall(data)


@pytest.mark.skipif(os.name != "posix", reason="closing a listening socket wakes accept there only")
def test_a_pulled_cable_cuts_what_is_under_way_and_what_is_new() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=echo, args=(server,), daemon=True).start()
    relay = Relay(server.getsockname()[1])
    try:
        with socket.create_connection(("127.0.0.1", relay.port), timeout=5) as through:
            through.sendall(b"before")
            assert through.recv(100) == b"before"
            relay.cut()
            assert through.recv(100) == b""
        with socket.create_connection(("127.0.0.1", relay.port), timeout=5) as during:
            assert during.recv(100) == b""
        relay.mend()
        with socket.create_connection(("127.0.0.1", relay.port), timeout=5) as after:
            after.sendall(b"after")
            assert after.recv(100) == b"after"
    finally:
        relay.stop()
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_in_the_background_can_be_ended(number: signal.Signals) -> None:
    # What a shell without a terminal sets for what it starts with "&".
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), stopped_by_signals():
            signal.raise_signal(number)
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
