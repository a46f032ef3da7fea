"""Speed of a trace: a roll with 10,000 garments, and one garment in a ledger that grows.

    python -m bench.bench_trace [--events 1000000]

The ledger is made for it: 667 bundles cut from one roll, sewn into 10,000 garments, 9,000 of them
in 450 cartons, most of which passed the dock, some also a shop's door, where every second carton
kept one garment unread. The raw limit of the same run reads the rows of all garments and no more.

Of one garment, its trace and all that happened to it are asked for, of garments drawn at random, in
a ledger of a tenth of the events and in the whole one (100,000 unless told otherwise). A garment's
five events lie as far from each other as they can. All is CPU time: neighbours do not count.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.bench_ledger import NAMESPACE, open_book
from tests.projections.family import BEGINS_AT, ROLL, SHOP, Floor, bundle, shirt
from traceability.database import rows_by
from traceability.epcis.event import read_event
from traceability.gs1 import uri_of
from traceability.ledger.append import Draft, Ledger
from traceability.projections import tables
from traceability.projections.accounting import trace
from traceability.projections.genealogy import MEMBER, family_of
from traceability.projections.items import find_items
from traceability.projections.lineage import lineage
from traceability.projections.timeline import timeline
from traceability.projections.view import look
from traceability.simulation.labels import sscc
from traceability.simulation.trade import COMPANY

GARMENTS = 10_000
IN_BUNDLE, IN_LAY, IN_CARTON = 15, 100, 20
PACKED = 9_000
ROUNDS = 5
EVENTS = 100_000
LIFE = ("commissioning", "inspecting", "packing", "shipping", "receiving")
"""Steps of a garment in the ledger that grows."""
DRAWN = 300
HOLD_GROWTH = 2
"""Times what it took in a tenth of the ledger that the trace of one garment may take."""
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


def milliseconds(run: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """Return the CPU milliseconds of the fastest round: neighbours do not count."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best * 1000


def life(number: int, garments: int) -> Draft:
    """Make an event: all garments take the first step, then all of them the second."""
    step, garment = divmod(number, garments)
    at = BEGINS_AT + timedelta(seconds=number)
    tree: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{number:08x}-0000-7000-8000-000000000000",
        "eventTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE" if step else "ADD",
        "bizStep": LIFE[step],
        "disposition": "in_progress" if step else "active",
        "readPoint": {"id": f"https://{NAMESPACE}/loc/table-{number % 7}"},
        "bizLocation": {"id": f"https://{NAMESPACE}/loc/{LIFE[step]}"},
        "epcList": [uri_of(_garment(garment))],
    }
    return Draft("event", tree["eventID"], tree, read_event(tree))


def _garment(number: int) -> str:
    return shirt(100_000_000 + number)


def of_one(ledger: Ledger, number: int, now: datetime) -> int:
    """Ask what the page of a garment asks; return how much happened to it."""
    key = _garment(number)
    with look(ledger) as view:
        item = find_items(view, [key])[key]
        assert trace(view, key, now=now) is not None
        return len(timeline(view, item.item_no, key))


def grown(folder: Path, events: int) -> dict[str, float]:
    """Return the CPU milliseconds of the trace of one garment in a ledger of so many events."""
    garments = events // len(LIFE)
    ledger = open_book(folder / f"{events}.sqlite")
    for first in range(0, events, 1000):
        last = min(first + 1000, events)
        ledger.append([life(number, garments) for number in range(first, last)])
    drawn = random.Random(events)
    now = BEGINS_AT + timedelta(seconds=events)
    took = []
    for _ in range(DRAWN):
        number = drawn.randrange(garments)
        # The faster of two: a page comes from the disk the first time only.
        took.append(milliseconds(partial(of_one, ledger, number, now), rounds=2))
    ledger.database.close()
    took.sort()
    return {
        f"one_of_{events}_p50_ms": took[DRAWN // 2],
        f"one_of_{events}_p99_ms": took[DRAWN * 99 // 100],
    }


def main() -> None:
    """Print every figure with its ratio; exit 1 if one that must be held is not."""
    events = int(sys.argv[sys.argv.index("--events") + 1]) if "--events" in sys.argv else EVENTS
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
        small, large = grown(Path(folder), events // 10), grown(Path(folder), events)
        figures |= small | large
        figures["growth"] = min(large.values()) / min(small.values())
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))
    is_held = figures["trace_to_raw_rows"] <= HOLD_RATIO and figures["growth"] <= HOLD_GROWTH
    sys.exit(0 if is_held else 1)


if __name__ == "__main__":
    main()
