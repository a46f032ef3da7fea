"""Opening a ledger for the pages: make it if there is none, read whose it is, hear of its moves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from traceability.assets import folder
from traceability.database import file_of, open_database
from traceability.epcis.event import Event
from traceability.epcis.vocabulary import OPERATION
from traceability.errors import DatabaseBusy
from traceability.factory.upgrading import bring_up
from traceability.gs1 import key_of
from traceability.ledger.append import Ledger
from traceability.ledger.append import Opening as NewLedger
from traceability.projections.rebuild import read_stored
from traceability.projections.view import View, look
from traceability.web.reading import Move, Opening, Reading

LEDGER_NAME = "main"
OPENING_AGE_S = 10.0
"""How long pages may show the workshop's name and zone as they were."""


def open_reading(database_url: str, name: str = LEDGER_NAME) -> Reading:
    """Open the ledger behind a database address; an empty database gets one.

    A file of an earlier version is brought to this one first, one of a newer version is left alone;
    tables on a database server are brought to it by `hangtag db upgrade` alone.

    Raises:
        Refused: If the address cannot be read, or the database is of a newer version.
        DatabaseBusy: If another server owns the file.
    """
    flow = (folder("flows") / "garment.toml").read_text(encoding="utf-8")
    file = file_of(database_url)
    if file is not None:
        bring_up(file, keep=file.parent, at=datetime.now(UTC))
    database = open_database(database_url)
    database.own()
    ledger = Ledger.open(database, name, opening=NewLedger(flow))
    return reading_of(ledger)


def reading_of(ledger: Ledger) -> Reading:
    """Return what pages read from, around a ledger that is open already."""
    known: dict[int, tuple[float, Opening]] = {}

    def said() -> Opening:
        # Asked on every page: what this process wrote counts at once, what another wrote soon.
        size, at = ledger.size_seen, time.monotonic()
        last = known.get(size)
        if last is not None and at - last[0] < OPENING_AGE_S:
            return last[1]
        try:
            found = read()
        except DatabaseBusy:
            # The page that says so has a frame, too: it shows what was known last.
            return next((opening for _, opening in known.values()), Opening())
        known.clear()
        known[size] = (at, found)
        return found

    def read() -> Opening:
        with look(ledger) as view:
            newest = view.opening
        return Opening(
            name=str(newest.get("name", "")),
            is_demo=bool(newest.get("demo")),
            zone=str(newest.get("zone", "UTC")),
            language=str(newest.get("language", "en")),
            namespace=str(newest.get("namespace", "")),
            is_set_up=bool(newest.get("is_set_up", True)),
        )

    def moves(after: int, limit: int) -> Sequence[Move]:
        with look(ledger) as view:
            return read_moves(view, after, limit)

    return Reading(ledger, said, moves)


def read_moves(view: View, after: int, limit: int) -> list[Move]:
    """Return the entries after a position as a live page hears of them, oldest first.

    Args:
        view: The moment to read at.
        after: The last position that is known already; -1 for none.
        limit: At most so many entries.
    """
    first = after + 1
    last = min(view.size, first + limit)
    found = []
    for stored in read_stored(view.connection, view.ledger_id, first, last):
        event = stored.event
        if event is None:
            found.append(Move(stored.position, str(stored.kind)))
            continue
        keys = tuple(dict.fromkeys(key_of(uri) for uri in _uris(event)))
        operation = event.extensions.get(OPERATION)
        word = operation if isinstance(operation, str) else None
        stage = view.flow.stage_of(word, event.step)
        found.append(
            Move(
                stored.position,
                str(stored.kind),
                step=stage.name if stage else event.step,
                place=key_of(event.place) if event.place else None,
                keys=keys,
                key_count=len(keys),
            )
        )
    return found


def _uris(event: Event) -> list[str]:
    lists = (event.epcs, event.children, event.outputs, event.inputs)
    counted = (event.quantities, event.child_quantities, event.output_quantities)
    found = [event.parent] if event.parent else []
    found += [uri for uris in lists for uri in uris]
    return found + [one.epc_class for quantities in counted for one in quantities]
