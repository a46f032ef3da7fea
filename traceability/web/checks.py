"""Is the record what it was? Verifications that run beside the pages, and what the last one found.

Somebody presses "Verify now", or the watch over a demo's ledger does it every few seconds. A page
asks `Checks` and never waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from traceability.ledger.verify import Report, kept_by_signer, verify

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A verification on its way."""

    done: int
    total: int
    begun_at: datetime
    by: str = ""
    """Who asked for it: see `Checks.start`."""

    @property
    def percent(self) -> int:
        """How far it is, in whole percent."""
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification that has ended."""

    report: Report
    ended_at: datetime
    by: str = ""
    """Who asked for it; empty for the watch."""

    @property
    def is_true(self) -> bool:
        """Say whether everything fits."""
        return self.report.is_true

    @property
    def token(self) -> str:
        """Return what a page compares to know whether it shows this: nothing else changes it."""
        finding = self.report.finding
        return "true" if finding is None else f"{finding.position}.{finding.kind.replace(' ', '-')}"


class Checks:
    """The verifications of one ledger. Safe for many threads."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._running: Running | None = None  # owned by _lock
        self._checked: Checked | None = None  # owned by _lock

    @property
    def running(self) -> Running | None:
        """Return the verification that somebody asked for and that is on its way."""
        with self._lock:
            return self._running

    @property
    def latest(self) -> Checked | None:
        """Return what the last verification found, whoever asked for it."""
        with self._lock:
            return self._checked

    def start(self, by: str = "admin") -> bool:
        """Begin to verify everything in a thread; return False if that is on its way already.

        Args:
            by: Who asks: the title of his link, or "admin" for the owner.
        """
        with self._lock:
            if self._running is not None:
                return False
            self._running = Running(0, self._ledger.size, self._clock(), by)
        threading.Thread(target=self._work, args=(by,), name="verify", daemon=True).start()
        return True

    def look(self) -> Checked | None:
        """Verify everything now, in this thread; None if the database could not be read."""
        try:
            return self._keep(verify(self._ledger, kept=kept_by_signer(self._ledger)))
        except Exception as error:  # noqa: BLE001 - a busy database must not end the watch
            _log.warning("the record could not be verified", reason=str(error))
            return None

    def _work(self, by: str) -> None:
        try:
            kept = kept_by_signer(self._ledger)
            self._keep(verify(self._ledger, progress=self._tell, kept=kept), by)
        except Exception as error:  # noqa: BLE001 - the top of a thread; the page says it is unknown
            _log.warning("the record could not be verified", reason=str(error))
        with self._lock:
            self._running = None

    def _tell(self, done: int, total: int) -> None:
        with self._lock:
            if self._running is not None:
                self._running = replace(self._running, done=done, total=total)

    def _keep(self, report: Report, by: str = "") -> Checked:
        checked = Checked(report, self._clock(), by)
        with self._lock:
            self._checked = checked
        return checked
