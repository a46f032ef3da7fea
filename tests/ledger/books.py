"""Ledgers on real files for the tests of the ledger, and events to put into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from tests.engines import open_place, opened_again
from traceability.assets import folder
from traceability.database import Database
from traceability.epcis.event import read_event
from traceability.ledger.append import Draft, Ledger, Opening

NAMESPACE = "shop.invalid"
GTIN = "/01/09521141001011"


def open_book(file: Path) -> Ledger:
    """Open the ledger at the place of a file; a new one holds only its opening."""
    return _opened(open_place(file))


def _opened(database: Database) -> Ledger:
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    return Ledger.open(database, opening=Opening(flow, namespace=NAMESPACE))


def reopened(ledger: Ledger) -> Ledger:
    """Close a ledger and open its place again, as a server that was restarted does."""
    return _opened(opened_again(ledger.database))


def packed(number: int, *, at: str = "2026-01-05T09:00:00Z", **more: Any) -> dict[str, Any]:
    """Return an event that saw one garment at the packing table."""
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:00000000-0000-7000-8000-{number:012d}",
        "eventTime": at,
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "packing",
        "disposition": "in_progress",
        "bizLocation": {"id": f"https://{NAMESPACE}/loc/packing"},
        "epcList": [f"https://id.gs1.org{GTIN}/21/{number}"],
        **more,
    }


def draft(tree: dict[str, Any], *, run: tuple[str, int, int] | None = None) -> Draft:
    """Make of an event what the ledger takes."""
    event = read_event(tree)
    kind: Literal["declaration", "event"] = "event" if event.error is None else "declaration"
    return Draft(kind, event.event_id, tree, event, "test", run)


def database_of(ledger: Ledger) -> Database:
    """Return the database behind a ledger."""
    return ledger.database
