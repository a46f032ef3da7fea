"""Labels on their way through a printer, beside the pages: how far, and what stopped them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from traceability.errors import TraceabilityError
from traceability.printers.printing import ChipMismatch, Printed, PrinterStopped

__all__ = ["PrintJob", "PrintJobs"]

_log = structlog.get_logger()

KEPT_MAX = 50
"""Jobs that are remembered; the oldest that is over goes first."""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One job as a page shows it."""

    id: str
    title: str
    printer: str
    total: int
    query: tuple[tuple[str, str], ...] = ()
    """What asks for the same labels again; empty for a test."""
    before: int = 0
    """Labels of the run that were printed by earlier jobs."""
    done: int = 0
    """Labels that are surely out."""
    voids: int = 0
    """Labels crossed out, because their chips could not be written."""
    chips: int = 0
    is_sure: bool = True
    """False if the printer does not say what it has printed."""
    trouble: str = ""
    """Why it stopped: one sentence."""
    is_over: bool = False
    next_name: str = ""
    """The label to go on with after it stopped."""
    begun_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    @property
    def is_stopped(self) -> bool:
        """Say whether it ended before its last label."""
        return self.is_over and bool(self.trouble)


class PrintJobs:
    """The jobs of this server. Safe for many threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, PrintJob] = {}  # owned by _lock
        self._ends: dict[str, threading.Event] = {}  # owned by _lock

    def job(self, job_id: str) -> PrintJob | None:
        """Return one job; None if it is forgotten."""
        with self._lock:
            return self._jobs.get(job_id)

    def start(self, job: PrintJob, names: list[str], out: Iterator[Printed]) -> str:
        """Begin to print in a thread.

        Args:
            job: What is printed; its id is given here.
            names: How messages name each label of it, in order.
            out: The labels as they come out; runs in the thread.

        Returns:
            The id of the job.
        """
        job_id = secrets.token_hex(6)
        with self._lock:
            over = [key for key, one in self._jobs.items() if one.is_over]
            for key in over[: max(0, len(self._jobs) - KEPT_MAX + 1)]:
                del self._jobs[key], self._ends[key]
            self._jobs[job_id] = replace(job, id=job_id, begun_at=self._clock())
            self._ends[job_id] = threading.Event()
        arguments = (job_id, names, out)
        threading.Thread(target=self._work, args=arguments, name="labels", daemon=True).start()
        return job_id

    def wait(self, job_id: str, timeout_s: float) -> None:
        """Wait a little for the end: a page without a script then shows the result at once."""
        with self._lock:
            ended = self._ends.get(job_id)
        if ended is not None:
            ended.wait(timeout_s)

    def _work(self, job_id: str, names: list[str], out: Iterator[Printed]) -> None:
        trouble, last = "", -1
        try:
            for printed in out:
                self._count(job_id, printed)
        except (PrinterStopped, ChipMismatch) as error:
            trouble, last = str(error), error.last
        except TraceabilityError as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001 - the top of a thread; the page says that it ended
            _log.error("labels were not printed", reason=repr(error))
            trouble = repr(error)
        with self._lock:
            job = self._jobs[job_id]
            done = job.done if last < 0 else last
            following = names[done] if trouble and done < len(names) else ""
            self._jobs[job_id] = replace(
                job, done=done, trouble=trouble, is_over=True, next_name=following
            )
            self._ends[job_id].set()

    def _count(self, job_id: str, printed: Printed) -> None:
        with self._lock:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(
                job,
                done=printed.number,
                voids=job.voids + printed.voids,
                chips=job.chips + (printed.epc is not None),
                is_sure=job.is_sure and printed.is_sure,
            )
