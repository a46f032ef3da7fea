"""Practice beside the live workshop: a second server of its own, that ends with the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import traceability
from traceability import tether
from traceability.errors import Refused

__all__ = ["Beside", "program"]

_ROOT = Path(traceability.__file__).parents[1]
"""Folder that holds `app.py`: the checkout, or site-packages."""


def program() -> tuple[list[str], dict[str, str]]:
    """Return how a program of ours is begun, up to the module's name, and what it must know."""
    # -P: a file `app.py` that happens to lie in the current folder must not be run instead.
    paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return [sys.executable, "-P", "-m"], {"PYTHONPATH": paths}


class Beside:
    """The second server. Any thread may call it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()  # guards the two below
        self._process: subprocess.Popen[str] | None = None
        self._enter = ""

    def open(self) -> str:
        """Start it unless it runs; return the address that opens it.

        Raises:
            Refused: If it does not answer; the sentence says why.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._enter = self._start()
            return self._enter

    def _start(self) -> str:
        words, environment = program()
        self._process = subprocess.Popen(
            [*words, "app", "start", str(self._folder), "--practice", "--port", "0", "--json"],
            env={**os.environ, **environment, tether.SETTING: "stdin"},
            stdin=subprocess.PIPE,  # its end tells the child that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=os.name == "posix",
        )
        assert self._process.stdout is not None, "it was asked for above"
        line = self._process.stdout.readline()
        try:
            return str(json.loads(line)["enter"])
        except (ValueError, KeyError) as error:
            _out, said = self._process.communicate(timeout=10)
            last = said.strip().splitlines()[-1] if said.strip() else "It said nothing."
            raise Refused(f"Practice does not open. {last}") from error

    def close(self) -> None:
        """End it, if it runs."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(1.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(1.5)
