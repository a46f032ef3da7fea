"""Labels on their way through a printer: how many are surely out, and what their chips say.

A printer takes bytes long before it prints them. So a label counts as printed when the printer says
that nothing of it waits any more; a printer that cannot say so is believed, and the proof says that
the label was only sent. If paper ends or the plug is pulled in the middle, the error names the last
label that is surely out: whoever prints again begins with the one after it, and no number is used
twice.

A chip is written by the printer, read back, and compared. One that could not be written was crossed
out with VOID by the printer: the same label is tried again on the next chip, with the same number.
One that reads otherwise stops the job, with both values.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from traceability.errors import Conflict, Refused, TraceabilityError
from traceability.labels.chip import PC_COMPARED, ReadBack, pc_word, read_answers
from traceability.labels.label import Label
from traceability.labels.tspl import write_tspl
from traceability.labels.zpl import write_zpl
from traceability.printers.known import Printer, hold
from traceability.printers.status import (
    ASK,
    CANCEL,
    Status,
    read_tspl_status,
    read_zpl_status,
)
from traceability.printers.wires import PrinterGone, Wire, open_wire

__all__ = ["ChipMismatch", "Job", "Printed", "PrinterStopped", "jobs_of", "send", "status_of"]

AHEAD_MAX = 3
"""Labels sent ahead of what is surely printed: it keeps the paper moving, and little is lost."""
CHIP_TRIES = 3
ANSWER_S, POLL_S = 2.0, 0.1
CHIP_S, SILENT_S = 15.0, 10.0
STUCK_S = 900.0
"""A printer that says that it prints, but puts out nothing for so long, is given up: labels that
have to be peeled off one by one wait for a person."""
HEARD_MAX = 1 << 16
"""Bytes of answers that are looked at; the rest is noise."""


@dataclass(frozen=True, slots=True)
class Job:
    """One label as its printer takes it."""

    data: bytes
    name: str = ""
    """How messages name it."""
    epc: bytes | None = None
    """What its chip must read afterwards."""


@dataclass(frozen=True, slots=True)
class Printed:
    """One label that came out."""

    number: int
    """Which of the job's, from 1."""
    epc: bytes | None = None
    """What its chip was read back as."""
    tid: bytes | None = None
    """The number that the chip's maker gave it."""
    name: str = ""
    voids: int = 0
    """Labels crossed out before this one, because their chips could not be written."""
    is_sure: bool = True
    """False if the printer does not say what it has printed: then it was only sent."""


class PrinterStopped(PrinterGone):
    """A job ended in the middle.

    Args:
        message: What happened, and which label is the first to be printed again.
        last: Number of the last label that is surely out, from 1; 0 if none is.
    """

    def __init__(self, message: str, last: int) -> None:
        super().__init__(message)
        self.last = last


class ChipMismatch(Conflict):
    """A chip reads otherwise than it was written; its label must not be used.

    Args:
        message: Both values, and what to do.
        last: Number of the last label before it, which is good.
    """

    def __init__(self, message: str, last: int) -> None:
        super().__init__(message)
        self.last = last


def jobs_of(
    printer: Printer,
    labels: Iterable[Label],
    size: tuple[float, float],
    inset: tuple[float, float] = (2, 2),
) -> Iterator[Job]:
    """Write labels in the language of a printer; each is read back from its drawing first.

    A printer that writes no chips prints the labels without them.

    Raises:
        Conflict: If a code of a label, or its chip, would name another thing.
        Refused: If a label has no room, or a text has control characters.
    """
    for label in labels:
        if not printer.has_rfid and label.epc is not None:
            label = Label(label.kind, label.name, label.drawing, label.key)
        write = write_zpl if printer.language == "zpl" else write_tspl
        yield Job(write(label, size, printer.dpi, inset=inset), label.name, label.epc)


def status_of(printer: Printer) -> Status | None:
    """Ask a printer how it is; None if it takes data but says nothing.

    Raises:
        PrinterGone: If it cannot be reached.
        Refused: If it is printing a job of ours.
    """
    with hold(printer):
        wire = open_wire(printer.address)
        try:
            return _Line(printer, wire).ask(ANSWER_S)
        finally:
            wire.close()


def send(
    printer: Printer,
    jobs: Iterable[Job | bytes],
    *,
    tell: Callable[[Status], None] | None = None,
    patience_s: float = 0.0,
) -> Iterator[Printed]:
    """Print labels one after the other, and yield each as soon as it is surely out.

    Args:
        printer: Where to.
        jobs: What; bytes are a label without a name and a chip.
        tell: Is told when the printer stands still, so that somebody can put paper in.
        patience_s: How long to wait for that, before the rest is thrown away.

    Raises:
        PrinterGone: If the printer cannot be reached.
        PrinterStopped: If it stopped in the middle; what it had taken and not printed was thrown
            away, as far as it still listens.
        ChipMismatch: If a chip reads otherwise than it was written.
        Refused: If the printer has a job already, or three chips in a row could not be written.
    """
    with hold(printer):
        wire = open_wire(printer.address)
        try:
            run = _Run(printer, _Line(printer, wire), tell, patience_s)
            yield from run.print(jobs)
        finally:
            wire.close()


class _Line:
    """Questions and answers on one wire."""

    def __init__(self, printer: Printer, wire: Wire) -> None:
        self._language = printer.language
        self._wire = wire

    def write(self, data: bytes) -> None:
        self._wire.send(data)

    def hear(self, timeout_s: float) -> bytes:
        return self._wire.receive(timeout_s)

    def ask(self, timeout_s: float) -> Status | None:
        read = read_zpl_status if self._language == "zpl" else read_tspl_status
        self._wire.send(ASK[self._language])
        heard = b""
        ends_at = time.monotonic() + timeout_s
        while (left_s := ends_at - time.monotonic()) > 0:
            heard = (heard + self._wire.receive(min(left_s, 0.5)))[-HEARD_MAX:]
            if (status := read(heard)) is not None:
                return status
        return None

    def cancel(self) -> None:
        try:
            self._wire.send(CANCEL[self._language])
        except PrinterGone:
            return  # what it holds is lost with it


class _Run:
    """One job, from the first label to the last."""

    def __init__(
        self,
        printer: Printer,
        line: _Line,
        tell: Callable[[Status], None] | None,
        patience_s: float,
    ) -> None:
        self._printer = printer
        self._line = line
        self._tell = tell
        self._patience_s = patience_s
        self._ahead: deque[Printed] = deque()
        self._last = Printed(0)
        self._answers = False
        self._chips: dict[bytes, str] = {}

    def print(self, jobs: Iterable[Job | bytes]) -> Iterator[Printed]:
        self._begin()
        waiting = enumerate(jobs, 1)
        while True:
            try:
                number, job = next(waiting)
            except StopIteration:
                break
            except TraceabilityError:
                # One label cannot be made: those before it are on their way, and are told first.
                yield from self._until(0)
                raise
            if isinstance(job, bytes):
                job = Job(job)
            name = job.name or f"number {number}"
            if job.epc is not None:
                yield from self._until(0)
                yield self._with_chip(number, job, name, job.epc)
                continue
            self._guard(self._line.write, job.data)
            self._ahead.append(Printed(number, name=name, is_sure=self._answers))
            # One that says only "printing" or not cannot count: it gets one label at a time.
            yield from self._until(AHEAD_MAX if self._printer.language == "zpl" else 0)
        yield from self._until(0)

    def _begin(self) -> None:
        status = self._line.ask(ANSWER_S)
        self._answers = status is not None
        if status is not None and status.troubles:
            self._stand(status)

    def _guard(self, write: Callable[[bytes], None], data: bytes) -> None:
        try:
            write(data)
        except PrinterGone as error:
            raise self._stopped(str(error)) from error

    def _until(self, most: int) -> Iterator[Printed]:
        """Yield what came out, until at most so many labels are on their way."""
        idle_count = 0
        ends_at = time.monotonic() + STUCK_S
        while len(self._ahead) > most:
            if not self._answers:
                yield self._out()
                continue
            status = self._ask()
            idle_count = idle_count + 1 if status.is_idle else 0
            # A label between "taken" and "waiting" is counted nowhere for a moment. So one more is
            # taken to be on its way, until the printer says twice that it has nothing to do.
            on_their_way = 0 if idle_count > 1 else status.waiting + 1
            while len(self._ahead) > on_their_way:
                yield self._out()
                ends_at = time.monotonic() + STUCK_S
            if status.troubles:
                self._stand(status)
            elif time.monotonic() > ends_at:
                raise self._stopped(
                    f"The printer says that it prints, but nothing came out for {STUCK_S / 60:g} "
                    "minutes.",
                    is_listening=True,
                )
            elif len(self._ahead) > most:
                time.sleep(POLL_S)

    def _out(self) -> Printed:
        self._last = self._ahead.popleft()
        return self._last

    def _ask(self) -> Status:
        try:
            status = self._line.ask(SILENT_S)
        except PrinterGone as error:
            raise self._stopped(str(error)) from error
        if status is None:
            # Some say nothing at all while they are open or out of paper.
            raise self._stopped(
                "The printer does not answer any more. Look for paper, ribbon, an open head.",
                is_listening=True,
            )
        return status

    def _stand(self, status: Status) -> None:
        """Wait until somebody has put the printer right, or give up."""
        if self._tell is not None:
            self._tell(status)
        ends_at = time.monotonic() + self._patience_s
        now: Status | None = status
        while time.monotonic() < ends_at:
            time.sleep(POLL_S)
            try:
                now = self._line.ask(ANSWER_S)
            except PrinterGone as error:
                raise self._stopped(str(error)) from error
            if now is not None and not now.troubles:
                return
        raise self._stopped((now or status).sentence, is_listening=True)

    def _stopped(self, why: str, *, is_listening: bool = False) -> PrinterStopped:
        if is_listening:
            self._line.cancel()
        last = self._last
        if last.number == 0:
            where = "No label is surely printed: print all of them again."
        else:
            where = (
                f"Label {last.name} ({last.number} of this job) was the last one surely printed: "
                "print again from the next one on, and throw away what came out after it."
            )
        return PrinterStopped(f"{why} {where}", last.number)

    # --- chips ---

    def _with_chip(self, number: int, job: Job, name: str, epc: bytes) -> Printed:
        if not self._printer.has_rfid:
            raise Refused(
                f"Cannot write the chip of label {name}: {self._printer.name} writes no chips."
            )
        for void_count in range(CHIP_TRIES):
            self._guard(self._line.write, job.data)
            found = self._read_back(name)
            if not found.epc:
                continue  # the printer printed VOID over it: the next chip gets the same number
            self._compare(found, name, epc)
            printed = Printed(number, found.epc, found.tid, name, void_count)
            self._ahead.append(printed)
            list(self._until(0))
            return printed
        raise Refused(
            f"{CHIP_TRIES} chips in a row could not be written for label {name}: each was crossed "
            "out with VOID, and its number is not used. Check that the roll has chips and that the "
            "printer was calibrated for it."
        )

    def _read_back(self, name: str) -> ReadBack:
        heard = b""
        ends_at = time.monotonic() + CHIP_S
        while time.monotonic() < ends_at:
            try:
                heard = (heard + self._line.hear(0.2))[-HEARD_MAX:]
            except PrinterGone as error:
                raise self._stopped(str(error)) from error
            if (found := read_answers(heard)) is not None:
                return found
        status = self._ask()
        raise self._stopped(
            f"{status.sentence} It does not say what it read from the chip of label {name}.",
            is_listening=True,
        )

    def _compare(self, found: ReadBack, name: str, epc: bytes) -> None:
        other = self._chips.get(found.tid) if found.tid else None
        if other is not None:
            self._line.cancel()
            raise ChipMismatch(
                f"The chip {found.tid.hex().upper()} was written twice, for label {other} and for "
                f"label {name}: destroy both labels, and calibrate the printer for this roll.",
                self._last.number,
            )
        if found.epc != epc or (found.pc ^ pc_word(epc)) & PC_COMPARED:
            self._line.cancel()
            raise ChipMismatch(
                f"The chip of label {name} was to say {epc.hex().upper()}, but says "
                f"{found.epc.hex().upper()} (word {found.pc:04X}, chip {found.tid.hex().upper()}): "
                "destroy this label. Its number is not used, and nothing after it was printed.",
                self._last.number,
            )
        self._chips[found.tid] = name
