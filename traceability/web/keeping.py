"""The backup that somebody asked for, on its way beside the pages, and what every page must know.

A page asks how far it is and never waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from traceability.errors import TraceabilityError
from traceability.factory import daily

if TYPE_CHECKING:
    from pathlib import Path

    from traceability.factory.folder import Factory

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A backup on its way."""

    phase: str
    """copying, writing, checking."""
    done: int
    total: int
    """Bytes."""


class Keeping:
    """The backups that this server makes when somebody asks. Safe for many threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running: Running | None = None  # owned by _lock
        self._ended = threading.Event()

    @property
    def running(self) -> Running | None:
        """Return how far the backup is that is on its way."""
        with self._lock:
            return self._running

    def start(self, factory: Factory, target: Path | None = None) -> bool:
        """Begin a backup in a thread; return False if one is on its way already."""
        with self._lock:
            if self._running is not None:
                return False
            self._running = Running("copying", 0, 0)
            self._ended.clear()
        threading.Thread(
            target=self._work, args=(factory, target), name="backup now", daemon=True
        ).start()
        return True

    def wait(self, timeout_s: float) -> None:
        """Wait a little for the end: a page without a script then shows the result at once."""
        self._ended.wait(timeout_s)

    def _work(self, factory: Factory, target: Path | None) -> None:
        try:
            daily.make(factory, at=self._clock(), target=target, progress=self._tell)
        except TraceabilityError as error:
            _log.warning("no backup was made", reason=str(error))  # the note beside it says so, too
        except Exception as error:  # noqa: BLE001 - the top of a thread; the page shows the last one
            _log.error("no backup was made", reason=repr(error))
        with self._lock:
            self._running = None
        self._ended.set()

    def _tell(self, phase: str, done: int, total: int) -> None:
        with self._lock:
            self._running = Running(phase, done, total)
