"""The small record that each release leaves behind, so that every later version can open it.

    python -m tests.releases.make

run in a checkout of the release writes `VERSION.sqlite.xz` and `VERSION.json` beside this file; a
second run writes another record with other salts, so it is run once, at the release, and its two
files are committed. What the test reads again stands in the JSON: size, root and state hash.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.scanning.workshop import BEGINS_AT, NS, Workshop, carton, digits, key_of_carton
from traceability import __version__
from traceability.epcis.event_time import format_time
from traceability.ledger.append import Draft
from traceability.ledger.verify import verify
from traceability.projections.entering import event_draft
from traceability.scanning import quality
from traceability.scanning.undo import undo
from traceability.schema import revision

PLACE = Path(__file__).parent


def tell(shop: Workshop) -> None:
    """Write a day into a record in which every kind of entry and every rule of folding occurs."""
    shop.enter("person", f"//{NS}/obj/W-1", name="")
    shop.roll("MILL-4711", supplier="Mill")
    shop.scan("fabric-in", "MILL-4712")
    shop.scan("cutting", "MILL-4711")
    shop.scans("cutting", [digits(1000), digits(1001), digits(1002), digits(1000)])
    shop.scans("sewing", [digits(1000), digits(1001), "nobody knows this"], "table")
    sewn = shop.scans("sewing", [digits(1000), digits(1001)], "table", after_s=1800)
    at = int(shop.at.timestamp() * 1_000_000)
    quality.count(shop.ledger, "table", sewn[0].event, good=18, bad=2, at=at + 1)
    undo(shop.ledger, "table", sewn[1].event, at=at + 2)
    shop.scans("packing", [carton(3001), digits(1000)])
    shop.scans("packing", [carton(3002), digits(1002)])
    shop.hold(key_of_carton(3002))
    shop.scans("shipping", [carton(3001), carton(3002)], "door")
    shop.ledger.append([event_draft(event(number), by="station gate") for number in range(12)])
    gap = {"type": "gap", "reader": "left", "station": "gate", "reason": "unplugged",
           "from": "2026-11-19T09:00:00.000Z", "to": "2026-11-19T09:02:00.000Z"}  # fmt: skip
    shop.ledger.append([Draft("gap", "gap:1", gap, None, "gate", ("gate", 1, 1))])


def event(number: int) -> dict[str, Any]:
    """Return one of some EPCIS events: single tags, packed and unpacked, one of them late."""
    at = BEGINS_AT + timedelta(hours=6 if number != 7 else -20, minutes=number)
    tree: dict[str, Any] = {
        "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "eventTime": format_time(int(at.timestamp() * 1_000_000), "+01:00"),
        "eventTimeZoneOffset": "+01:00",
        "bizStep": "shipping" if number % 2 else "receiving",
        "readPoint": {"id": f"https://{NS}/loc/gate"},
        "bizLocation": {"id": f"https://{NS}/loc/store"},
    }
    tags = [f"urn:epc:id:sgtin:9521141.00{number % 3}105.{100 + number}"]
    if number in (3, 9):
        return tree | {
            "type": "AggregationEvent",
            "action": "ADD" if number == 3 else "DELETE",
            "parentID": "urn:epc:id:sscc:9521141.0000000017",
            "childEPCs": ["urn:epc:id:sgtin:9521141.000105.100", *tags],
        }
    return tree | {"type": "ObjectEvent", "action": "OBSERVE", "epcList": tags}


def main() -> int:
    """Write the record of this release."""
    with tempfile.TemporaryDirectory() as name:
        shop = Workshop(Path(name))
        tell(shop)
        report = verify(shop.ledger, projections=True)
        assert report.finding is None, report.finding
        state = shop.state()
        facts = {
            "version": __version__,
            "tables": revision(shop.database),
            "size": report.size,
            "root": report.root,
            "state": state.hash,
            "items": len(state.items),
            "sewn": shop.progress("sewing"),
        }
        with closing(shop.database.engine.raw_connection()) as raw:
            assert raw.driver_connection is not None
            raw.driver_connection.execute("VACUUM")
            raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shop.database.close()
        data = (Path(name) / "shop.sqlite").read_bytes()
    packed = lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
    (PLACE / f"{__version__}.sqlite.xz").write_bytes(packed)
    words = json.dumps(facts, indent=1) + "\n"
    (PLACE / f"{__version__}.json").write_text(words, encoding="utf-8")
    sys.stdout.write(f"{__version__}: {report.size} entries, {len(packed)} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
