"""A run on a label printer, and what the record hears of it: each chip that was read back.

Printing writes nothing into the record. A chip does: from then on the thing wears it, and the
number that its maker gave it is the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from traceability.errors import Refused
from traceability.labels.label import Label
from traceability.labels.sheet import Paper
from traceability.ledger.append import Ledger
from traceability.printers.chip_events import commissioning, is_known
from traceability.printers.known import Printer
from traceability.printers.printing import Printed, jobs_of, send
from traceability.projections.view import look

__all__ = ["print_out"]


def print_out(
    printer: Printer,
    labels: Sequence[Label],
    paper: Paper,
    *,
    ledger: Ledger | None = None,
    by: str = "",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Printed]:
    """Print labels one after the other; yield each as soon as it is surely out.

    Args:
        printer: Where to.
        labels: What; read back from their drawings before they leave.
        paper: The single labels that lie in the printer.
        ledger: Where it is entered that a thing got a chip; None enters nothing.
        by: Who prints.
        clock: What time it is, UTC.

    Raises:
        Refused: If the paper is a sheet, the printer has a job already, or chips cannot be written.
        PrinterGone: If the printer cannot be reached.
        PrinterStopped: If it stopped in the middle; the error says how far it came.
        Conflict: If a label or its chip would name another thing.
    """
    if not paper.is_roll:
        raise Refused("A label printer takes single labels: choose a size, 60 × 40 mm for example.")
    for printed in send(printer, jobs_of(printer, labels, paper.label, paper.inset)):
        key = labels[printed.number - 1].key
        if ledger is not None and key is not None and printed.epc is not None:
            _enter(ledger, key, printed, by, clock())
        yield printed


def _enter(ledger: Ledger, key: str, printed: Printed, by: str, now: datetime) -> None:
    with look(ledger) as view:
        is_again = is_known(view, key)
    at = int(now.timestamp() * 1_000_000)
    [outcome] = ledger.append([commissioning(key, printed, at=at, by=by, is_again=is_again)])
    if outcome.status == "refused":
        raise Refused(outcome.problem or f"The record does not take the chip of {key}.")
