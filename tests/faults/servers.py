"""Real servers on a ledger of their own, asked over a real line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from tests.house.project import ROOT


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; status 0 if it hung up."""

    status: int
    headers: Mapping[str, str]
    """By names in small letters."""
    text: str

    @property
    def tree(self) -> Any:  # JSON of any shape
        """The answer as JSON."""
        return json.loads(self.text)


class Server:
    """`hangtag serve` in a process. Use as a context."""

    def __init__(self, db: str, log: Path, **environment: str) -> None:
        """Start it.

        Args:
            db: Address of the database.
            log: File for what it prints on stderr.
            environment: Settings that it gets besides ours.
        """
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--db", db, "--port", "0", "--json"],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = json.loads(line).get("url", "") if line else ""

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait(20)

    def ask(self, path: str, data: object = None) -> Reply:
        """Get a page, or post JSON."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Reply(answer.status, _lower(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers), error.read().decode())
        except OSError:
            return Reply(0, {}, "")

    def capture(self, trees: list[dict[str, Any]]) -> Reply:
        """Say what happened."""
        return self.ask("/api/capture", trees)


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def wait_until(is_so: Any, timeout_s: float = 30.0) -> None:  # a callable without arguments
    """Wait for what another process does."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_stopped(pid: int) -> bool:
    """Say whether a process stands still, as after SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
