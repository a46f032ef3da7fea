"""Speed of a trace: one roll with 10,000 garments, beside reading their bare rows.

    python -m bench.bench_trace

The ledger is made for it: 667 bundles cut from one roll, sewn into 10,000 garments, 9,000 of them
in 450 cartons, most of which passed the dock, some also a shop's door, where every second carton
kept one garment unread. The raw limit of the same run reads the rows of all garments and no more.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from tests.projections.family import ROLL, SHOP, Floor, bundle, shirt
from traceability.database import rows_by
from traceability.projections import tables
from traceability.projections.accounting import trace
from traceability.projections.genealogy import MEMBER, family_of
from traceability.projections.lineage import lineage
from traceability.projections.view import look
from traceability.simulation.labels import sscc
from traceability.simulation.trade import COMPANY

GARMENTS = 10_000
IN_BUNDLE, IN_LAY, IN_CARTON = 15, 100, 20
PACKED = 9_000
ROUNDS = 5
HOLD_RATIO = 8
"""Times the bare rows that a trace may take: 200 ms on two quiet cores."""


def cartons() -> Iterator[tuple[str, list[str]]]:
    """Yield each carton with its garments."""
    for first in range(1, PACKED + 1, IN_CARTON):
        number = sscc(COMPANY, 100_000 + first)
        yield f"/00/{number}", [shirt(n) for n in range(first, first + IN_CARTON)]


def workshop(folder: Path) -> Floor:
    """Make the ledger."""
    floor = Floor(folder)
    floor.receive()
    sizes = {
        bundle(1000 + number): range(first, min(first + IN_BUNDLE, GARMENTS + 1))
        for number, first in enumerate(range(1, GARMENTS + 1, IN_BUNDLE))
    }
    tickets = list(sizes)
    for first in range(0, len(tickets), IN_LAY):
        floor.cut({ticket: len(sizes[ticket]) for ticket in tickets[first : first + IN_LAY]})
    for ticket, serials in sizes.items():
        floor.sew(ticket, len(serials), [shirt(serial) for serial in serials])
    for number, (carton, garments) in enumerate(cartons()):
        floor.pack(garments, carton)
        if number % 10:
            floor.passes([carton, *garments])
        if number % 10 > 4:
            floor.passes([carton, *garments[number % 2 :]], place=SHOP, step="receiving")
    return floor


def milliseconds(run: Callable[[], object]) -> float:
    """Return the CPU milliseconds of the fastest round: neighbours do not count."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best * 1000


def main() -> None:
    """Print every figure with its ratio; exit 1 if one that must be held is not."""
    with tempfile.TemporaryDirectory() as folder:
        floor = workshop(Path(folder))
        now = floor.at + timedelta(seconds=1)
        with look(floor.ledger) as view:
            found = trace(view, ROLL, now=now)
            family = family_of(view, ROLL)
            assert found is not None
            assert family is not None
            assert found.pieces == GARMENTS
            numbers = list(family.forward.numbers())

            def raw() -> object:
                return rows_by(
                    view.connection,
                    tables.item,
                    MEMBER,
                    ledger_id=view.ledger_id,
                    column="item_no",
                    values=numbers,
                )

            figures = {
                "garments": GARMENTS,
                "raw_rows_ms": milliseconds(raw),
                "trace_ms": milliseconds(lambda: trace(view, ROLL, now=now)),
                "trace_of_one_garment_ms": milliseconds(lambda: trace(view, shirt(1), now=now)),
                "picture_ms": milliseconds(lambda: lineage(view, found)),
            }
        figures["trace_to_raw_rows"] = figures["trace_ms"] / figures["raw_rows_ms"]
        floor.ledger.database.close()
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))
    sys.exit(0 if figures["trace_to_raw_rows"] <= HOLD_RATIO else 1)


if __name__ == "__main__":
    main()
