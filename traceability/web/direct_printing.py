"""What a sheet offers beside the browser's printer: label printers, entered or plugged in."""

from __future__ import annotations

from dataclasses import dataclass

from traceability.labels.run import Run
from traceability.labels.sheet import SINGLES, Paper, find_paper
from traceability.printers.known import FoundPrinter, Printer, found_printers, printers
from traceability.projections.view import View
from traceability.web import access, papers

__all__ = ["Offered", "offered", "plugged_in"]


@dataclass(frozen=True, slots=True)
class Offered:
    """What a sheet offers beside the browser's printer."""

    printers: tuple[str, ...]
    sizes: tuple[tuple[str, str], ...]
    size: str
    plugged_in: str = ""
    """A printer that is plugged in and was not entered: what it says of itself."""


def offered(view: View, run: Run, paper: Paper) -> Offered | None:
    """Return the printers for a run; None where there is none, entered or plugged in."""
    known = printers(view) if access.role() == "admin" else []
    found = plugged_in(known) if access.role() == "admin" else []
    if not known and not found:
        return None
    names = list(papers.SINGLE_SIZES.get(run.kind, SINGLES))
    if paper.is_roll and paper.name not in names:
        names.insert(0, paper.name)
    return Offered(
        tuple(one.name for one in known),
        tuple((name, papers.size_words(find_paper(name).label)) for name in names),
        paper.name if paper.is_roll else names[0],
        found[0].about or found[0].address if found else "",
    )


def plugged_in(known: list[Printer]) -> list[FoundPrinter]:
    """Return the label printers at this PC that were not entered."""
    addresses = {one.address.partition("?")[0] for one in known}
    return [one for one in found_printers() if one.address not in addresses]
