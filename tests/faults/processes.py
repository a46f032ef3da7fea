"""Starting writers, killing them, and hearing what they had been answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.writer import Job, order
from tests.house.project import ROOT

KILLED = -signal.SIGKILL


class Writers:
    """Processes that append. Use as a context; what still runs at its end is killed."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer"],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        self._launcher.stdin.close()
        self._launcher.stdout.close()
        try:
            self._launcher.wait(10)
        except subprocess.TimeoutExpired:
            self._launcher.kill()  # it waits for a process that hangs
            self._launcher.wait()

    def start(self, job: Job) -> int:
        """Start a writer; return its process id."""
        return self._ask(order(job))

    def wait(self, pid: int) -> int:
        """Wait for the end of a writer; return its exit code, negative for a signal."""
        return self._ask(json.dumps({"wait": pid}))

    def kill(self, pid: int) -> int:
        """End a writer as a power cut would; return how it ended."""
        return self._ask(json.dumps({"kill": pid}))

    def run(self, job: Job) -> int:
        """Start a writer and wait for its end."""
        return self.wait(self.start(job))

    def _ask(self, line: str) -> int:
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        self._launcher.stdin.write(line + "\n")
        self._launcher.stdin.flush()
        return int(self._launcher.stdout.readline())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller was told of one draft."""

    caller: int
    id: str
    status: str
    position: int | None


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Read what writers told; half a line at the end was told to nobody."""
    data = file.read_bytes() if file.exists() else b""
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def answers_of(file: Path) -> list[Answer]:
    """Return every answer, in the order in which it was given."""
    return [
        Answer(line["caller"], *answer)
        for line in lines_of(file)
        for answer in line.get("answers", ())
    ]


def problems_of(file: Path) -> list[str]:
    """Return the sentences with which appends were put off or refused."""
    return [f"{line['kind']}: {line['problem']}" for line in lines_of(file) if "problem" in line]
