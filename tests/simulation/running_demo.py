"""A demo in processes of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SLACK_MAX = 4.0
CONTROL = re.compile(r"control (http://127\.0\.0\.1:\d+)")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def slack() -> float:
    """Say how much longer things may take because the machine has other work, too."""
    return min(SLACK_MAX, max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1)))


class RunningDemo:
    """`hangtag demo` as a person starts it."""

    def __init__(
        self, folder: Path, *options: str, port: int | None = None, is_without_ptys: bool = False
    ) -> None:
        self.folder = folder
        self.database = folder / "demo.sqlite"
        self.run = folder / "demo-demo" / "run"
        self.wire_log = folder / "wire.jsonl"
        self.says = folder / "stderr"
        self.port = port or free_port()
        arguments = ["--port", str(self.port), "--wire-log", str(self.wire_log), *options]
        environment = {**os.environ, "HANGTAG_DB": f"sqlite:///{self.database}"}
        environment.pop("HANGTAG_TOKEN", None)
        if is_without_ptys:
            hidden = folder / "hidden"
            hidden.mkdir()
            (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['pty'] = None\n")
            environment["PYTHONPATH"] = str(hidden)
        with self.says.open("w") as says:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "demo", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=says,
                text=True,
            )

    def result(self, timeout_s: float = 300) -> dict[str, Any]:
        """Wait for the end and return the JSON line, with the exit status as `exit`."""
        out, _ = self.process.communicate(timeout=timeout_s)
        lines = out.splitlines()
        assert len(lines) == 1, (out, self.says.read_text(), self.last_words())
        tree = json.loads(lines[0])
        assert isinstance(tree, dict)
        return {**tree, "exit": self.process.returncode}

    def control(self) -> str:
        """Wait until the factory runs; return where its control listens."""
        assert until(lambda: CONTROL.search(self.says.read_text()) is not None, 40), (
            self.says.read_text(),
            self.last_words(),
        )
        found = CONTROL.search(self.says.read_text())
        assert found is not None
        return found[1]

    def ask(self, path: str, wish: object = None) -> Any:
        """Ask the control; None if it is gone."""
        data = None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(
            self.control() + path, data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            return None

    def stop(self) -> float:
        """Press Ctrl-C; return how long it took to end."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=15)
        finally:
            self.process.kill()
        return time.monotonic() - begun

    def last_words(self) -> str:
        logs = sorted(self.run.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-600:]}" for log in logs)

    def rows(self, query: str, path: Path | None = None) -> list[tuple[Any, ...]]:
        """Ask a SQLite file, the ledger's by default."""
        with closing(sqlite3.connect(f"file:{path or self.database}?mode=ro", uri=True)) as one:
            return one.execute(query).fetchall()

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        query = "SELECT b.body FROM entry e JOIN body b USING (ledger_id, position)"
        rows = self.rows(f"{query} WHERE e.kind = '{kind}' ORDER BY position")
        return [json.loads(row[0]) for row in rows]


def until(holds: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()
