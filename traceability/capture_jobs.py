"""Who takes large documents in: one after the other, slice by slice, beside everything else.

A document is read whole before the first of its events is appended, so that its sender hears early
what is wrong with which. Then it is appended in slices, and after each is written down how far it
is. Where the power fails in between, the slice is appended again: its events have the same ids
again, so the ledger knows them, and what it knows from this very document counts as taken in now.

Of several servers on one database one works at a time; when it ends, another one goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from traceability.capture import Capture, Document
from traceability.database import rows_by
from traceability.epcis.event_time import format_time
from traceability.errors import DatabaseBusy, Refused
from traceability.ledger import tables
from traceability.ledger.crash_points import pass_point
from traceability.ledger.drafts import Draft, Outcome, prepare_all
from traceability.ledger.entry import Entry
from traceability.ledger.jobs import Job, Jobs, Problem
from traceability.ledger.turnstile import GROUP_MAX

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

__all__ = ["PROBLEMS_TOLD", "CaptureJobs", "as_tree"]

PROBLEMS_TOLD = 100
"""What was wrong is told so many at a time."""

LOOK_EVERY_S = 2.0
"""How often is looked for what another server has kept, or left."""
TROUBLE_PAUSE_S = 2.0
CHECK_STEP = 200
"""Elements read between two breaths, about 10 ms: others wait for their turn of the processor."""
CHECK_TOLD = 5_000
"""Elements between two words on how far the check is."""
BREATH_S = 0.001

_log = structlog.get_logger()


class CaptureJobs:
    """The large documents of one ledger, and who takes them in. Safe for many threads."""

    def __init__(self, ledger: Ledger, *, slice_max: int = GROUP_MAX) -> None:
        """Open the jobs of a ledger; nothing is worked on yet.

        Args:
            ledger: Where events go.
            slice_max: Elements appended between two words on how far a document is.
        """
        self.jobs = Jobs(ledger.database, ledger.ledger_id)
        self.trouble = ""
        """Why the document in hand waits; empty if it does not. Replaced as a whole."""
        self._ledger = ledger
        self._slice_max = slice_max
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None  # owned by _lock
        self._working = threading.Lock()

    def keep(self, data: bytes, document: Document, *, by: str, may_enter: bool) -> Job:
        """Store a document durably; what comes of it is written into its job.

        Raises:
            DatabaseBusy: If nothing was stored; the same call may be repeated.
        """
        if problem := self._ledger.problem:
            raise DatabaseBusy(problem)
        job = self.jobs.keep(data, elements=len(document), by=by, may_enter=may_enter)
        pass_point("document kept")
        return job

    def begin(self) -> None:
        """See that somebody works on what was kept: who does so already, or a thread of its own."""
        self._woken.set()
        with self._lock:
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work_off, name="captures", daemon=True)
                self._worker.start()

    def keep_working(self, stopping: threading.Event) -> None:
        """Take in whatever comes, in this thread, until the server stops."""
        with self._lock:
            self._worker = threading.current_thread()
        while not stopping.is_set():
            if not self._try(stopping):
                self._woken.wait(LOOK_EVERY_S)
                self._woken.clear()

    def _work_off(self) -> None:
        stopping = threading.Event()
        while self._try(stopping):
            pass

    def _try(self, stopping: threading.Event) -> bool:
        """Work on the next document; say whether to look again at once."""
        try:
            is_more = self.work(stopping)
        except Exception as error:  # noqa: BLE001 - the top of a thread; the page says why it waits
            self.trouble = str(error)
            _log.warning("a document waits", reason=self.trouble)
            stopping.wait(TROUBLE_PAUSE_S)
            return True
        self.trouble = ""
        return is_more

    def work(
        self, stopping: threading.Event, tell: Callable[[Job], object] = lambda _job: None
    ) -> bool:
        """Carry the oldest open document on until it is done.

        Args:
            stopping: Ends the work after the slice in hand.
            tell: Hears of every step.

        Returns:
            False if there is none, or another server is at work.

        Raises:
            DatabaseBusy: If it cannot be carried on now.
        """
        if self.jobs.next_open() is None or not self._working.acquire(blocking=False):
            return False
        try:
            return self._work(stopping, tell)
        finally:
            self._working.release()

    def _work(self, stopping: threading.Event, tell: Callable[[Job], object]) -> bool:
        with self._ledger.database.turn(f"captures of {self._ledger.ledger_id}") as is_ours:
            job = self.jobs.next_open() if is_ours() else None
            if job is None:
                return False

            def goes_on() -> bool:
                return not stopping.is_set() and is_ours()

            try:
                document = Document.cut(self.jobs.document(job))
            except Refused as error:
                tell(self.jobs.end(job, str(error)))
                return True
            if job.state == "checking":
                job = self._check(job, document, goes_on, tell)
            while job.state == "taking" and job.taken < job.elements and goes_on():
                job = self._take(job, document)
                pass_point("progress written")
                tell(job)
            if job.state == "taking" and job.taken == job.elements:
                job = self.jobs.end(job)
                pass_point("job ended")
                tell(job)
            return not stopping.is_set()

    def _check(
        self,
        job: Job,
        document: Document,
        goes_on: Callable[[], bool],
        tell: Callable[[Job], object],
    ) -> Job:
        """Read every element; nothing is appended before all are read."""
        breath = threading.Event()
        problems: list[Problem] = []
        for first in range(0, len(document), CHECK_STEP):
            if first % CHECK_TOLD == 0:
                if not goes_on():
                    return job
                job = self.jobs.note_checked(job, first)
                tell(job)
            read = _read(document, job, first, first + CHECK_STEP)
            problems += _problems(first, read.elements)
            said = enumerate(read.elements, start=first)
            drafts = [(at, one) for at, one in said if isinstance(one, Draft)]
            for (at, _), one in zip(drafts, prepare_all([one for _, one in drafts]), strict=True):
                if one.problem is not None:
                    problems.append(Problem(at, one.id, "refused", None, one.problem))
            breath.wait(BREATH_S)
        job = self.jobs.begin_taking(job, problems)
        pass_point("document checked")
        tell(job)
        return job

    def _take(self, job: Job, document: Document) -> Job:
        """Append the next slice, and write down what became of it."""
        first, last = job.taken, min(job.taken + self._slice_max, job.elements)
        read = _read(document, job, first, last)
        outcomes = self._ledger.append(read.drafts) if read.drafts else []
        pass_point("slice appended")
        outcomes = self._counted(job, outcomes)
        return self.jobs.note_slice(
            job,
            last,
            _problems(first, read.joined(outcomes)),
            accepted=[
                one.position
                for one in outcomes
                if one.status == "accepted" and one.position is not None
            ],
            duplicate=sum(one.status == "duplicate" for one in outcomes),
        )

    def _counted(self, job: Job, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Call accepted what this very slice brought in before somebody pulled the plug."""
        # What lay behind the last word on how far the document is, and names the document.
        doubtful = {
            one.position
            for one in outcomes
            if one.status == "duplicate"
            and one.position is not None
            and one.position >= job.size_before
        }
        new = {one.position for one in outcomes if one.status == "accepted"}
        with self._ledger.database.read() as connection:
            rows = rows_by(
                connection,
                tables.entry,
                ("position", "entry"),
                ledger_id=self._ledger.ledger_id,
                column="position",
                values=sorted(doubtful - new),
            )
        ours = {
            row.position for row in rows if Entry.parse(bytes(row.entry)).document == job.sha256
        }
        found = []
        for one in outcomes:
            if one.status == "duplicate" and one.position in ours:
                ours.remove(one.position)
                found.append(Outcome(one.id, "accepted", one.position, None))
            else:
                found.append(one)
        return found


def _read(document: Document, job: Job, first: int, last: int) -> Capture:
    return document.read(first, last, by=job.by, may_enter=job.may_enter)


def _problems(first: int, outcomes: Sequence[Draft | Outcome]) -> list[Problem]:
    return [
        Problem(at, one.id, one.status, one.position, one.problem or "")
        for at, one in enumerate(outcomes, start=first)
        if isinstance(one, Outcome) and one.status in ("refused", "conflict")
    ]


def as_tree(job: Job, problems: Sequence[Problem] = ()) -> dict[str, object]:
    """Return a job as JSON: first the members that a capture job of EPCIS has, then ours.

    Source: EPCIS 2.0 section 12.6.2; its order of running and success for ``proceed``.
    """
    return {
        "captureID": str(job.number),
        "running": job.is_open,
        "success": job.is_success,
        "captureErrorBehaviour": "proceed",
        "createdAt": _time(job.kept_at),
        "finishedAt": _time(job.ended_at),
        "state": job.state,
        "of": job.elements,
        "checked": job.checked,
        "taken": job.taken,
        "accepted": job.accepted,
        "duplicate": job.duplicate,
        "conflict": job.conflict,
        "refused": job.refused,
        "positions": None
        if job.first_position is None
        else [job.first_position, job.last_position],
        "by": job.by,
        "bytes": job.bytes,
        "sha256": job.sha256.hex(),
        "problem": job.problem,
        "problems": [
            {
                "element": one.element,
                "id": one.event_id,
                "status": one.status,
                "position": one.position,
                "problem": one.problem,
            }
            for one in problems
        ],
    }


def _time(at: int | None) -> str | None:
    return None if at is None else format_time(at, "+00:00")
