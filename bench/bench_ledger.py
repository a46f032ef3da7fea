"""Verifying a ledger, against hashing the same bodies in the same run and nothing else."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from traceability.assets import folder
from traceability.database import Database, open_file
from traceability.epcis.event import read_event
from traceability.ledger.append import Draft, Ledger, Opening
from traceability.ledger.drafts import prepare
from traceability.ledger.verify import verify

NAMESPACE = "bench.invalid"
EVENTS = 20_000


def drafts(count: int, things: int, *, series: int = 0) -> list[Draft]:
    """Make events of the packing table in the order of time, each of ``things`` new garments.

    Series have no event and no garment in common.
    """
    made = []
    for number in range(count):
        seconds = number % 86_400
        digest = sha256(f"{series}:{number}".encode()).hexdigest()
        first = 100_000_000 * series + number * things
        tree: dict[str, Any] = {
            "type": "ObjectEvent",
            "eventID": f"urn:uuid:{digest[:8]}-{digest[8:12]}-7{digest[12:15]}-8000-{digest[:12]}",
            "eventTime": f"2026-01-05T{seconds // 3600:02}:{seconds // 60 % 60:02}:"
            f"{seconds % 60:02}.{number // 86_400:03}Z",
            "eventTimeZoneOffset": "+00:00",
            "action": "OBSERVE",
            "bizStep": "packing",
            "disposition": "in_progress",
            "readPoint": {"id": f"https://{NAMESPACE}/loc/table-{number % 7}"},
            "bizLocation": {"id": f"https://{NAMESPACE}/loc/packing"},
            "epcList": [
                f"https://id.gs1.org/01/09521141001011/21/{first + one}" for one in range(things)
            ],
            "bizTransactionList": [
                {"type": "prodorder", "bizTransaction": f"https://{NAMESPACE}/bt/4471"}
            ],
        }
        made.append(Draft("event", tree["eventID"], tree, read_event(tree)))
    return made


def open_book(file: Path) -> Ledger:
    """Make a ledger in a file that knows the order of the events."""
    return open_in(open_file(file))


def open_in(database: Database) -> Ledger:
    """Make a ledger in a database that knows the order of the events."""
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    ledger = Ledger.open(database, opening=Opening(flow, namespace=NAMESPACE))
    lines = [{"product": "/01/09521141001011", "pieces": 1}]
    order = {
        "type": "order",
        "id": f"//{NAMESPACE}/bt/4471",
        "values": {"number": "4471", "lines": lines},
    }
    ledger.append([Draft("master", "order", order)])
    return ledger


def measure(events: int = EVENTS, things: int = 1) -> list[dict[str, object]]:
    """Measure a verification against hashing the same bodies and nothing else."""
    made = drafts(events, things)
    with tempfile.TemporaryDirectory() as scratch:
        ledger = open_book(Path(scratch) / "book.sqlite")
        ledger.append(made)
        prepared = [prepare(draft) for draft in made]
        started = time.perf_counter()
        hashed = [sha256(row.salt + row.body).digest() for row in prepared]
        hash_s = time.perf_counter() - started
        report = verify(ledger)
        assert report.finding is None
        assert len(hashed) == events
        ledger.database.close()
    return [
        {
            "bench": f"verify, chain, {things} things an event",
            "events_per_s": round(events / report.seconds),
            "raw_per_s": round(events / hash_s),
            "ratio_to_raw": round(hash_s / report.seconds, 4),
        },
    ]


def main() -> None:
    """Print one line a figure."""
    for row in [*measure(), *measure(EVENTS // 20, 100)]:
        if "--json" in sys.argv:
            print(json.dumps(row))
            continue
        print(
            f"{row['bench']:36} {row['events_per_s']:>8,} events/s"
            f"  raw {row['raw_per_s']:,}/s  ratio {row['ratio_to_raw']}"
        )


if __name__ == "__main__":
    main()
