"""The ledger against raw sqlite3 in the same run: appends with all prompt projections, and verify.

The raw limit is `executemany` of the same bodies with five indexes, a durable commit a batch: what
a program would do that proves nothing and answers nothing.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from traceability.assets import folder
from traceability.database import open_file
from traceability.epcis.event import read_event
from traceability.ledger.append import Draft, Ledger, Opening
from traceability.ledger.drafts import Prepared, prepare
from traceability.ledger.verify import verify

NAMESPACE = "bench.invalid"
EVENTS = 20_000
BATCH = 1_000


def drafts(count: int, things: int) -> list[Draft]:
    """Make events of the packing table, each of ``things`` garments, in the order of time."""
    made = []
    for number in range(count):
        seconds = number % 86_400
        digest = sha256(str(number).encode()).hexdigest()
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
                f"https://id.gs1.org/01/09521141001011/21/{number * things + one}"
                for one in range(things)
            ],
            "bizTransactionList": [
                {"type": "prodorder", "bizTransaction": f"https://{NAMESPACE}/bt/4471"}
            ],
        }
        made.append(Draft("event", tree["eventID"], tree, read_event(tree)))
    return made


def open_book(file: Path) -> Ledger:
    """Make a ledger that knows the order of the events."""
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    ledger = Ledger.open(open_file(file), opening=Opening(flow, namespace=NAMESPACE))
    lines = [{"product": "/01/09521141001011", "pieces": 1}]
    order = {
        "type": "order",
        "id": f"//{NAMESPACE}/bt/4471",
        "values": {"number": "4471", "lines": lines},
    }
    ledger.append([Draft("master", "order", order)])
    return ledger


def raw_s(file: Path, rows: list[Prepared], things: int) -> float:
    """Insert the same bodies, with the rows that name their things, by hand."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(
        "CREATE TABLE e (id INTEGER PRIMARY KEY, event TEXT, step TEXT, at INT, place TEXT, "
        "thing TEXT, body BLOB)"
    )
    for column in ("event", "step", "at", "place", "thing"):
        connection.execute(f"CREATE INDEX e_{column} ON e ({column}, id)")
    connection.execute("CREATE TABLE t (thing TEXT, id INT, PRIMARY KEY (thing, id))")
    values = [
        (None, row.id, "packing", row.at, "packing", row.event.epcs[0], row.body)
        for row in rows
        if row.event is not None
    ]
    names = [
        [(epc, number) for epc in row.event.epcs] if row.event and things > 1 else []
        for number, row in enumerate(rows)
    ]
    started = time.perf_counter()
    for first in range(0, len(values), BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO e VALUES (?,?,?,?,?,?,?)", values[first : first + BATCH]
        )
        for many in names[first : first + BATCH]:
            connection.executemany("INSERT INTO t VALUES (?, ?)", many)
        connection.execute("COMMIT")
    return time.perf_counter() - started


def measure(events: int = EVENTS, things: int = 1) -> list[dict[str, object]]:
    """Measure appends and a verification, each against its raw limit."""
    made = drafts(events, things)
    with tempfile.TemporaryDirectory() as scratch:
        ledger = open_book(Path(scratch) / "book.sqlite")
        started = time.perf_counter()
        for first in range(0, events, BATCH):
            ledger.append(made[first : first + BATCH])
        append_s = time.perf_counter() - started
        prepared = [prepare(draft) for draft in made]
        limit_s = raw_s(Path(scratch) / "raw.sqlite", prepared, things)
        started = time.perf_counter()
        hashed = [sha256(row.salt + row.body).digest() for row in prepared]
        hash_s = time.perf_counter() - started
        report = verify(ledger)
        assert report.finding is None
        assert len(hashed) == events
        ledger.database.close()
    return [
        {
            "bench": f"append, {things} things an event",
            "events_per_s": round(events / append_s),
            "raw_per_s": round(events / limit_s),
            "ratio_to_raw": round(limit_s / append_s, 2),
        },
        {
            "bench": "verify, chain",
            "events_per_s": round(events / report.seconds),
            "raw_per_s": round(events / hash_s),
            "ratio_to_raw": round(hash_s / report.seconds, 2),
        },
    ]


def main() -> None:
    """Print one line a figure."""
    for row in [*measure(), *measure(EVENTS // 20, 100)]:
        if "--json" in sys.argv:
            print(json.dumps(row))
            continue
        print(
            f"{row['bench']:28} {row['events_per_s']:>8,} events/s"
            f"  raw {row['raw_per_s']:,}/s  ratio {row['ratio_to_raw']}"
        )


if __name__ == "__main__":
    main()
