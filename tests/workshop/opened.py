"""A workshop that runs as its owner runs it: a process of its own on a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Opened:
    """A running workshop."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.said["url"])

    def kill(self) -> None:
        """End everything at once, as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def cut_power(self) -> None:
        """End everything at once and start it again, at the same address."""
        self.kill()
        self.process.communicate(timeout=10)
        again = begin(Path(str(self.said["folder"])), "--port", str(self.said["port"]))
        assert again.url == self.url, again.said
        self.process, self.said = again.process, again.said

    def stop(self, how: int = signal.SIGINT) -> int:
        """End it as its owner does; return what it ended with."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(15)


def hangtag(*words: str) -> list[str]:
    """Return the command line of one of our commands."""
    return [sys.executable, "-P", "-m", "app", *words]


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        hangtag(*words),
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def quiet_port() -> str:
    """Return a free port that stays free while a workshop that had it is down.

    Ports that the system gives out by itself begin at 32768 or later: whatever else runs may be
    given one of those, and a workshop that begins anew at it would find it taken.
    """
    for _ in range(100):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return str(port)
    raise AssertionError("no port is free")


def begin(folder: Path, *words: str) -> Opened:
    """Start a workshop and wait until it says where it is."""
    process = subprocess.Popen(
        hangtag("start", str(folder), "--json", *(words or ("--port", "0"))),
        env={**os.environ, "PYTHONPATH": str(ROOT), "HANGTAG_TETHER": "stdin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        _out, problem = process.communicate(timeout=10)
        raise AssertionError(problem)
    return Opened(process, json.loads(line))


@contextmanager
def opened(folder: Path, *words: str) -> Iterator[Opened]:
    """Start a workshop for a test, and end it afterwards however it stands."""
    running = begin(folder, *words)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate(timeout=15)
