"""A station that says one thing after the other and brings it to a server; it may end anywhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ledger.books import packed
from traceability.errors import Offline
from traceability.station.delivery import Delivery
from traceability.station.link import Link
from traceability.station.spool import Element, Spool

OFFLINE_EXIT = 5


def deliver(path: Path, server: str, count: int) -> int:
    """Say what was not said yet, up to so many things, and deliver; return the exit code."""
    spool = Spool(path, "dock", epoch=7)
    delivery = Delivery(spool, Link(server))
    try:
        while spool.next_counter <= count:
            tree = packed(spool.next_counter)
            spool.put([Element(spool.next_counter, tree["eventID"], json.dumps(tree).encode())])
            if spool.next_counter % 2:
                delivery.deliver_once()
        while delivery.deliver_once():
            pass
    except Offline:
        return OFFLINE_EXIT
    return 0
