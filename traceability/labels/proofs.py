"""What a chip said after it was written: the proof that its label may be sewn on.

The printer writes the chip, reads it back, and says the number that the chip's maker gave it. That
is entered once for each chip; a label that is printed again gets a new chip, and a new entry.
"""

from __future__ import annotations

from traceability.labels.label import Label
from traceability.labels.printing import Printed
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft

__all__ = ["MASTER_TYPE", "enter_proof"]

MASTER_TYPE = "chip"


def enter_proof(ledger: Ledger, label: Label, printed: Printed, printer: str, *, by: str) -> None:
    """Enter what the chip of a label was read back as; nothing where none was.

    Args:
        ledger: Where it is entered.
        label: What was printed.
        printed: What the printer said of it.
        printer: Name of the printer.
        by: Who printed.
    """
    if printed.epc is None or label.key is None:
        return
    values = {"epc": printed.epc.hex().upper(), "printer": printer}
    if printed.tid:
        values["tid"] = printed.tid.hex().upper()
    ledger.append([master_draft(MASTER_TYPE, label.key, values, by=by)])
