"""The backup that is being unpacked and verified, on its way beside the pages.

A workshop of years takes minutes, and whoever waits with a lost PC must see that it goes on.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from traceability.errors import TraceabilityError
from traceability.factory.restore import prepare
from traceability.web.keeping import Running

if TYPE_CHECKING:
    from traceability.factory.folder import Factory
    from traceability.factory.restore import Restored

__all__ = ["Asked", "Ended", "Unpacking"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants back."""

    path: Path
    code: str
    """As it was typed; empty: without keys."""
    scratch: Path | None = None
    """A folder that holds the file and is removed at the end; None if it is not ours."""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it went."""

    asked: Asked
    made: Restored | None
    problem: str = ""
    """One sentence, if nothing was restored."""


class Unpacking:
    """The way back that this server is on. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Running | None = None  # owned by _lock
        self._ended: Ended | None = None  # owned by _lock
        self._is_over = threading.Event()

    @property
    def running(self) -> Running | None:
        """Return how far it is; None if nothing is being unpacked."""
        with self._lock:
            return self._running

    @property
    def ended(self) -> Ended | None:
        """Return how the last one went; None before the first, and while one is on its way."""
        with self._lock:
            return self._ended

    def start(self, factory: Factory, asked: Asked) -> bool:
        """Begin in a thread; return False if one is on its way already."""
        with self._lock:
            if self._running is not None:
                return False
            self._running, self._ended = Running("checking", 0, 0), None
            self._is_over.clear()
        threading.Thread(
            target=self._work, args=(factory, asked), name="restore", daemon=True
        ).start()
        return True

    def wait(self, timeout_s: float) -> None:
        """Wait a little for the end: a small workshop is back before anybody wonders."""
        self._is_over.wait(timeout_s)

    def _work(self, factory: Factory, asked: Asked) -> None:
        try:
            made = prepare(asked.path, factory, progress=self._tell, passphrase=asked.code)
            ended = Ended(asked, made)
        except TraceabilityError as error:
            ended = Ended(asked, None, str(error))
        except Exception as error:  # noqa: BLE001 - the top of a thread; the page says it
            _log.error("nothing was restored", reason=repr(error))
            ended = Ended(asked, None, repr(error))
        if asked.scratch is not None:
            shutil.rmtree(asked.scratch, ignore_errors=True)
        with self._lock:
            self._running, self._ended = None, ended
        self._is_over.set()

    def _tell(self, phase: str, done: int, total: int) -> None:
        with self._lock:
            self._running = Running(phase, done, total)
