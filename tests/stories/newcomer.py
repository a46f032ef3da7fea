"""A person who has read the README and nothing else, at a PC with Python, make and git."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
ADDRESS: Final = re.compile(r"(http://127\.0\.0\.1:\d+)/")
NO_NETWORK: Final = "pip cannot reach a package index"
OURS: Final = ("HANGTAG_", "MAKE", "MFLAGS", "PYTEST_", "COV_", "VIRTUAL_ENV", "PYTHONPATH")
"""Settings of whoever runs the tests, which a newcomer does not have."""


class Newcomer:
    """A clone of this checkout's last commit, and what a person types in it."""

    def __init__(self, folder: Path) -> None:
        """Choose a folder; nothing is there before `clone`."""
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(OURS)
        }
        self.said = ""
        """What the demo has printed so far."""
        self._demo: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def clone(self) -> None:
        """Do what `git clone` does for anybody."""
        subprocess.run(
            ["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), str(self.folder)],
            check=True,
            env=self.environment,
        )

    @property
    def readme(self) -> str:
        """What the newcomer reads."""
        return (self.folder / "README.md").read_text(encoding="utf-8")

    def commands(self) -> list[str]:
        """Read what the first block of the README tells him to type, without the remarks."""
        found = re.search(r"^```\n(.*?)^```$", self.readme, flags=re.MULTILINE | re.DOTALL)
        assert found is not None, "the README begins with what to type"
        return [line.partition("#")[0].strip() for line in found[1].splitlines()]

    def start(self, command: str) -> None:
        """Type the command that runs until Ctrl-C."""
        # A test that runs in the background has Ctrl-C switched off, and would pass that on.
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._demo = subprocess.Popen(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._demo is not None
        assert self._demo.stdout is not None
        with self._demo.stdout:
            for line in self._demo.stdout:
                self.said += line

    def address(self, timeout_s: float) -> str:
        """Wait until the demo prints where its pages are; empty if it ended before."""
        assert self._demo is not None
        end = time.monotonic() + timeout_s
        while time.monotonic() < end and "Ctrl-C" not in self.said:
            if self._demo.poll() is not None:
                return ""
            time.sleep(0.05)
        found = ADDRESS.search(self.said)
        assert found is not None, self.said
        return found[1]

    def press_ctrl_c(self) -> tuple[float, int]:
        """End the demo as a person does; return the seconds that took, and its exit status."""
        assert self._demo is not None
        begun = time.monotonic()
        os.killpg(self._demo.pid, signal.SIGINT)
        status = self._demo.wait(timeout=20)
        seconds = time.monotonic() - begun
        assert self._reader is not None
        self._reader.join(timeout=5)
        return seconds, status

    def leave(self) -> None:
        """Make sure that nothing of this visit runs on."""
        if self._demo is not None and self._demo.poll() is None:
            os.killpg(self._demo.pid, signal.SIGTERM)
            try:
                self._demo.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self._demo.pid, signal.SIGKILL)

    def type(self, words: str) -> tuple[int, str]:
        """Type a command of ours; return its exit status and all that it printed."""
        program, *arguments = shlex.split(words)
        done = subprocess.run(
            [str(self.folder / ".venv" / "bin" / program), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def database(self) -> Path:
        """The demo's own file."""
        return self.folder / "var" / "demo" / "demo.sqlite"

    def gaps(self, reader: str, seconds_min: float) -> list[str]:
        """Return the reasons of the record's gaps of a reader that lasted so long."""
        bodies_of = "SELECT b.body FROM entry e JOIN body b USING (ledger_id, position)"
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as one:
            bodies = [json.loads(row[0]) for row in one.execute(f"{bodies_of} WHERE kind = 'gap'")]
        return [
            body["reason"]
            for body in bodies
            if body["reader"] == reader and _seconds(body) >= seconds_min
        ]

    def wire_check(self) -> dict[str, Any]:  # JSON of another program
        """Compare what the emulators put on the wire with what the record holds."""
        log = self.database.parent / "wire.jsonl"
        logs = [log, self.database.parent / "run" / "wire.jsonl"]
        found = next(one for one in logs if one.exists())
        module = "traceability.simulation.wire_check"
        _, out = self.type(f"python -m {module} {found} sqlite:///{self.database} --json")
        tree = json.loads(out.strip().splitlines()[-1])
        assert isinstance(tree, dict)
        return tree


def _seconds(body: dict[str, Any]) -> float:  # JSON of the record
    from datetime import datetime

    begun, ended = (datetime.fromisoformat(body[name]) for name in ("from", "to"))
    return (ended - begun).total_seconds()


def ask(url: str) -> Any:  # JSON of a page
    """Fetch JSON from the demo's server."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def until(what: str, holds: Any, timeout_s: float) -> float:
    """Wait until something holds; return the seconds it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < timeout_s, f"waited {timeout_s} s for: {what}"
        time.sleep(0.1)
    return time.monotonic() - begun
