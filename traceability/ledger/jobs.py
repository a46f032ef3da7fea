"""Documents that are too large for one breath: kept whole first, then appended slice by slice.

A partner sends fifty thousand events in one file. The file itself is stored before he is answered,
so nothing can get lost any more; how far it is, and what was wrong with which event, stands beside
it. A job is no part of the record: the entries that come of it are, and they name the document.

Whoever carries a job on says what he found it at: if somebody else has carried it on meanwhile,
nothing changes and he is told to let go.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from traceability.database import Database, upsert
from traceability.database_faults import Fault, fault_of
from traceability.errors import DatabaseBusy, DiskFull, Refused
from traceability.ledger import tables
from traceability.ledger.disk_floor import floor_bytes, refuse_when_full
from traceability.ledger.drafts import Status

__all__ = ["Job", "Jobs", "Problem", "State"]

State = Literal["checking", "taking", "done", "failed"]
OPEN = ("checking", "taking")
LEVEL = 1
"""Of deflating: the sender waits for it, and the fastest makes events a tenth of their size."""
KEEP_TRIES = 10


@dataclass(frozen=True, slots=True)
class Job:
    """A document on its way into the record."""

    number: int
    """Counted from 1 in its ledger."""
    sha256: bytes
    by: str
    may_enter: bool
    """Whether its sender may enter master data and stops, too."""
    state: State
    problem: str | None
    """Why it failed as a whole."""
    elements: int
    bytes: int
    """As it was sent."""
    checked: int
    """Elements read so far, before the first is appended."""
    taken: int
    """Elements of which it is known, and kept, what became of them."""
    accepted: int
    duplicate: int
    conflict: int
    refused: int
    first_position: int | None
    last_position: int | None
    """Between these lie the entries that came of it; others may lie between, too."""
    size_before: int
    """Size of the ledger when ``taken`` was written: what lies behind it may be of the slice
    after that."""
    kept_at: int
    begun_at: int | None
    ended_at: int | None
    """µs UTC."""

    @property
    def is_open(self) -> bool:
        """Say whether there is still something to do."""
        return self.state in OPEN

    @property
    def is_success(self) -> bool:
        """Say whether nothing went wrong so far."""
        return self.state != "failed" and not self.refused and not self.conflict


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with one element of a document."""

    element: int
    """Its place in the list, counted from 0."""
    event_id: str
    status: Status
    position: int | None
    """Of the entry that it contradicts."""
    problem: str


class Jobs:
    """The jobs of one ledger. Safe for many threads and processes."""

    def __init__(self, database: Database, ledger_id: int) -> None:
        self._database = database
        self._ledger_id = ledger_id

    def keep(self, data: bytes, *, elements: int, by: str, may_enter: bool) -> Job:
        """Store a document with a job for it; return when both are durable.

        Args:
            data: As it was sent.
            elements: How many it has.
            by: Who sent it.
            may_enter: See `Job.may_enter`.

        Returns:
            The job that there is already, if the document is known, however often it is sent.

        Raises:
            DiskFull: If there is no room for it.
            DatabaseBusy: If nothing was stored; the same call may be repeated.
        """
        digest = sha256(data).digest()
        if (known := self._of(digest)) is not None:
            return known
        deflated = zlib.compress(data, LEVEL)
        refuse_when_full(self._database.path, floor_bytes() + len(deflated))
        for left in reversed(range(KEEP_TRIES)):
            try:
                with self._write() as connection:
                    self._insert(connection, digest, deflated, len(data), elements, by, may_enter)
            except IntegrityError as error:  # another took the number, or brought the same document
                if not left:
                    raise DatabaseBusy("Nothing was stored: too many came at once.") from error
            if (kept := self._of(digest)) is not None:
                return kept
        raise AssertionError("either it was inserted, or what was there instead was found")

    def _insert(
        self,
        connection: Connection,
        digest: bytes,
        deflated: bytes,
        size: int,
        elements: int,
        by: str,
        may_enter: bool,
    ) -> None:
        table = tables.job
        last = connection.execute(
            select(func.max(table.c.job_no)).where(table.c.ledger_id == self._ledger_id)
        ).scalar()
        number = (last or 0) + 1
        row = {column.name: None if column.nullable else 0 for column in table.c} | {
            "ledger_id": self._ledger_id,
            "job_no": number,
            "sha256": digest,
            "by": by,
            "may_enter": may_enter,
            "state": "checking",
            "elements": elements,
            "bytes": size,
            "kept_at": _now(),
        }
        connection.execute(table.insert().values(row))
        document = {
            "ledger_id": self._ledger_id,
            "sha256": digest,
            "media_type": "application/json",
            "bytes": deflated,
            "job_no": number,
        }
        upsert(connection, tables.document, [document])

    def find(self, number: int) -> Job | None:
        """Return one job, None if there is no such number."""
        return next(iter(self._rows(tables.job.c.job_no == number)), None)

    def newest(self, limit: int, before: int | None = None) -> list[Job]:
        """Return the last jobs, newest first.

        Args:
            limit: At most so many.
            before: Only those with a smaller number.
        """
        column = tables.job.c.job_no
        return self._rows(column < before if before else column > 0, column.desc(), limit)

    def next_open(self) -> Job | None:
        """Return the oldest job with something left to do."""
        return next(iter(self._rows(tables.job.c.state.in_(OPEN), limit=1)), None)

    def document(self, job: Job) -> bytes:
        """Return a job's document as it was sent.

        Raises:
            Refused: If it was erased meanwhile, or is not what was stored.
        """
        with self._database.read() as connection:
            stored = connection.execute(
                select(tables.document.c.bytes).where(
                    tables.document.c.ledger_id == self._ledger_id,
                    tables.document.c.sha256 == job.sha256,
                )
            ).scalar()
        if stored is None:
            raise Refused(
                "The document was erased before all of it was taken in: what is left of it is "
                "not taken in any more."
            )
        try:
            data = zlib.decompress(stored)
        except zlib.error:
            data = b""
        if sha256(data).digest() != job.sha256:
            raise Refused(
                "The stored document is not what was sent: it was altered in the database. Send "
                "the rest of it as another document, and verify the record."
            )
        return data

    def problems(self, number: int, *, after: int = -1, limit: int = 100) -> list[Problem]:
        """Return what was wrong, in the order of the list.

        Args:
            number: Of the job.
            after: Only of elements behind this one.
            limit: At most so many.
        """
        table = tables.job_problem
        statement = (
            select(*list(table.c)[2:])
            .where(
                table.c.ledger_id == self._ledger_id,
                table.c.job_no == number,
                table.c.element > after,
            )
            .order_by(table.c.element)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Problem(*row) for row in connection.execute(statement)]

    # --- carrying it on --------------------------------------------------------------------------

    def note_checked(self, job: Job, checked: int) -> Job:
        """Write down how far the check is; return the job as it is now."""
        begun = job.begun_at or _now()
        return self._advance(job, (), checked=checked, begun_at=begun)

    def begin_taking(self, job: Job, problems: Sequence[Problem]) -> Job:
        """Write down what the check found, and that slices follow."""
        begun = job.begun_at or _now()
        return self._advance(job, problems, state="taking", checked=job.elements, begun_at=begun)

    def note_slice(
        self,
        job: Job,
        taken: int,
        problems: Sequence[Problem],
        *,
        accepted: Sequence[int],
        duplicate: int,
    ) -> Job:
        """Write down what became of the slice that ends before element ``taken``.

        Args:
            job: As it was before the slice.
            taken: How many elements are done now.
            problems: What was refused or contradicted.
            accepted: Positions of its new entries.
            duplicate: How many were known already.
        """
        first = [job.first_position] if job.first_position is not None else []
        return self._advance(
            job,
            problems,
            taken=taken,
            accepted=job.accepted + len(accepted),
            duplicate=job.duplicate + duplicate,
            first_position=min([*first, *accepted], default=None),
            last_position=max([*accepted, job.last_position or 0]) if accepted or first else None,
        )

    def end(self, job: Job, problem: str | None = None) -> Job:
        """Write down that there is nothing more to do, or why it cannot be done."""
        state = "done" if problem is None else "failed"
        return self._advance(job, (), state=state, problem=problem, ended_at=_now())

    def _advance(self, job: Job, problems: Sequence[Problem], **changes: Any) -> Job:
        # Any: values of columns.
        table = tables.job
        of_job = (table.c.ledger_id == self._ledger_id, table.c.job_no == job.number)
        with self._write() as connection:
            upsert(
                connection,
                tables.job_problem,
                [
                    {
                        "ledger_id": self._ledger_id,
                        "job_no": job.number,
                        "element": one.element,
                        "event_id": one.event_id,
                        "status": one.status,
                        "position": one.position,
                        "problem": one.problem,
                    }
                    for one in problems
                ],
            )
            if problems:
                changes |= self._counted(connection, job.number)
            size = select(tables.ledger.c.size).where(tables.ledger.c.ledger_id == self._ledger_id)
            changes["size_before"] = size.scalar_subquery()
            written = connection.execute(
                table.update()
                .where(*of_job, table.c.state == job.state, table.c.taken == job.taken)
                .values(**changes)
            )
            if written.rowcount != 1:
                raise DatabaseBusy(f"Another server has carried document {job.number} on.")
            return _job(connection.execute(select(table).where(*of_job)).one())

    def _counted(self, connection: Connection, number: int) -> dict[str, int]:
        # Counted anew each time: a slice that is told twice then counts once.
        rows = connection.execute(
            text(
                "SELECT status, count(*) AS count FROM job_problem "
                "WHERE ledger_id = :l AND job_no = :j GROUP BY status"
            ),
            {"l": self._ledger_id, "j": number},
        )
        return {"refused": 0, "conflict": 0} | {row.status: row[1] for row in rows}

    def _of(self, digest: bytes) -> Job | None:
        return next(iter(self._rows(tables.job.c.sha256 == digest)), None)

    def _rows(self, condition: Any, order: Any = None, limit: int = 1) -> list[Job]:
        # Any: SQLAlchemy's own expressions.
        table = tables.job
        statement = (
            select(table)
            .where(table.c.ledger_id == self._ledger_id, condition)
            .order_by(table.c.job_no if order is None else order)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(statement)]

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._database.write() as connection:
                yield connection
        except DBAPIError as error:
            fault = fault_of(error)
            if fault is Fault.OTHER:
                raise
            kind = DiskFull if fault is Fault.FULL else DatabaseBusy
            said = " ".join(str(error.orig).split()).rstrip(".")
            raise kind(f"Nothing of the document was stored: {said}.") from error


def _job(row: Row[Any]) -> Job:
    return Job(*tuple(row)[1:])


def _now() -> int:
    return time.time_ns() // 1000
