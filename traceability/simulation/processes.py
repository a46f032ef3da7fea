"""The programs beside the factory: a server, its stations, and the cable between them.

Each runs as a process of its own, so that it can be killed at any moment and started again, as a
power cut would do. The cable is a relay of our own: pull it, and the stations are alone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import traceability
from traceability import tether
from traceability.errors import TraceabilityError

__all__ = ["Child", "DemoFailed", "Relay", "free_port", "wait_for_answer"]

LOOPBACK: Final = "127.0.0.1"
_PORTS_TRIED: Final = 50
_STOP_S: Final = 1.5
"""A child that has not stopped by then is killed: Ctrl-C ends everything within three seconds."""
_RESTARTS_MAX: Final = 20
_CHUNK_BYTES: Final = 65_536
_POLL_S: Final = 0.05
_ROOT: Final = Path(traceability.__file__).parents[1]
"""Folder that holds `app.py`: the checkout, or site-packages."""


class DemoFailed(TraceabilityError):
    """The demo cannot go on; the sentence says why and what to do."""


def free_port(wanted: int) -> int:
    """Find the first free port of the loopback address, from the wanted one upwards.

    Args:
        wanted: 1 to 65535, or 0 for any.

    Raises:
        DemoFailed: If neither it nor the next 49 are free.
    """
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65_536)):
        with socket.socket() as attempt:
            # Without this a port whose last connection closed a moment ago counts as taken.
            # Windows understands the option as "share it with whoever listens": not there.
            if os.name == "posix":
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                attempt.bind((LOOPBACK, port))
                return int(attempt.getsockname()[1])
    raise DemoFailed(
        f"No free port from {wanted} to {wanted + _PORTS_TRIED - 1}: "
        f"stop what listens there, or say --port with another number."
    )


def wait_for_answer(url: str, timeout_s: float, *, still: Callable[[], bool]) -> float:
    """Wait until a page answers with 2xx; return the seconds it took.

    Args:
        url: What to ask for.
        timeout_s: How long to go on asking.
        still: Asked between tries; False ends the wait (the server has died).

    Raises:
        DemoFailed: If it did not answer in time, or cannot any more.
    """
    begun = time.monotonic()
    while time.monotonic() - begun < timeout_s and still():
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own server
                answer.read()
                return time.monotonic() - begun
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_S)
    raise DemoFailed(f"The server does not answer at {url}: expected an answer in {timeout_s} s.")


class Child:
    """One of our programs; started again whenever it ends without having been asked to."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        """Prepare, do not start.

        Args:
            name: For messages.
            arguments: What follows `hangtag` on its command line.
            environment: Added to ours.
            log: File that gets what it prints.
        """
        self.name = name
        self.log = log
        self.start_count = 0
        # -P: a file `app.py` that happens to lie in the current folder must not be run instead.
        self._command = [sys.executable, "-P", "-m", "app", *arguments]
        paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        self.environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": paths,
            tether.SETTING: "stdin",
            **environment,
        }
        # The guard thread starts and reaps; `_process` is replaced under the lock alone.
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = threading.Event()
        self._guard = threading.Thread(target=self._keep, name=f"keep {name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """Its process number, while it runs."""
        with self._lock:
            process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def is_kept(self) -> bool:
        """Whether it runs or will be started again."""
        return self._guard.is_alive() and not self._is_stopping.is_set()

    def start(self) -> None:
        """Start it, and go on starting it until `stop`."""
        self._launch()
        self._guard.start()

    def kill(self) -> None:
        """End it as a power cut would; it comes back."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def ask_to_stop(self) -> None:
        """Tell it to end, without waiting."""
        self._is_stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def stop(self) -> None:
        """Tell it to end and wait; kill it when it does not."""
        self.ask_to_stop()
        with self._lock:
            process = self._process
        if process is None:
            return
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)

    def complaint(self) -> str:
        """Say in one sentence what it said last and where the rest is."""
        try:
            text = self.log.read_text("utf-8", errors="replace").strip()
        except OSError:
            text = ""
        last = text.splitlines()[-1].strip() if text else "nothing"
        return f"The last that {self.name} said is {last!r}; the rest is in {self.log}."

    def _launch(self) -> None:
        with self._lock:
            if self._is_stopping.is_set():
                return
            with self.log.open("ab") as output:
                # A group of its own: Ctrl-C in the terminal reaches the parent alone, which
                # then stops its children in the right order.
                self._process = subprocess.Popen(
                    self._command,
                    env=self.environment,
                    stdin=subprocess.PIPE,  # its end tells the child that we are gone
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=os.name == "posix",
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            self.start_count += 1

    def _keep(self) -> None:
        while not self._is_stopping.is_set():
            with self._lock:
                process = self._process
            if process is not None:
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()
            if self._is_stopping.is_set() or self.start_count > _RESTARTS_MAX:
                return
            # A program that fails at once must not turn into a busy loop.
            self._is_stopping.wait(min(0.1 * self.start_count, 2.0))
            self._launch()


class Relay:
    """A cable from a port of its own to another: what comes in goes out, until it is pulled."""

    def __init__(self, target_port: int) -> None:
        """Listen on a free loopback port and lead to `target_port`."""
        self._target = (LOOPBACK, target_port)
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(_POLL_S)
        self.port = int(self._listener.getsockname()[1])
        self._is_cut = threading.Event()
        self._is_stopping = threading.Event()
        # Sockets in use; added and removed under the lock by the threads that own them.
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="relay", daemon=True)
        self._thread.start()

    @property
    def is_cut(self) -> bool:
        """Whether the cable is pulled."""
        return self._is_cut.is_set()

    def cut(self) -> None:
        """Pull the cable: what is under way is lost, nothing new gets through."""
        self._is_cut.set()
        self._drop_all()

    def mend(self) -> None:
        """Plug it in again."""
        self._is_cut.clear()

    def stop(self) -> None:
        """Close everything."""
        self._is_stopping.set()
        self._drop_all()
        self._thread.join(1)
        self._listener.close()

    def _drop_all(self) -> None:
        with self._lock:
            sockets = list(self._open)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_stopping.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if self._is_cut.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(self._target, timeout=2)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            near.settimeout(None)
            with self._lock:
                self._open |= {near, far}
            ends = threading.Barrier(2)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._carry, args=(source, sink, ends), name="relay", daemon=True
                ).start()

    def _carry(self, source: socket.socket, sink: socket.socket, ends: threading.Barrier) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        # Both directions must be done before the sockets are closed and their numbers reused.
        with contextlib.suppress(threading.BrokenBarrierError):
            if ends.wait() == 0:
                with self._lock:
                    self._open -= {source, sink}
                source.close()
                sink.close()
