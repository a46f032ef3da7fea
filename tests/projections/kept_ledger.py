"""A real ledger in a real file, which remembers all that it was ever told."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests import engines
from tests.projections.histories import Arrival
from tests.projections.replay import HasRows, State, replay
from tests.projections.small_flow import FLOW, FLOW_TEXT
from tests.projections.telling import Tree
from traceability.database import Database, open_database
from traceability.epcis.event import Event, read_event
from traceability.ledger.append import Draft, Ledger, Opening
from traceability.ledger.entry import Entry
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state

OPENING = Opening(flow=FLOW_TEXT, name="Small workshop", namespace="shop.invalid")


def draft(arrival: Arrival) -> Draft:
    """Make of an arrival what the ledger takes."""
    is_event = arrival.kind in ("event", "declaration")
    return Draft(
        kind=arrival.kind,
        id=arrival.id,
        tree=arrival.tree,
        event=read_event(arrival.tree) if is_event else None,
        by="test",
        run=None,
        document=None,
    )


@cache
def _new_ledger() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.sqlite"
        database = open_database(f"sqlite:///{file}")
        Ledger.open(database, opening=OPENING)
        database.close()
        return file.read_bytes()


@dataclass(slots=True)
class KeptLedger:
    """The ledger under test beside everything it was told."""

    database: Database
    ledger: Ledger
    events: list[Event] = field(default_factory=list)
    orders: set[str] = field(default_factory=set)
    first: dict[tuple[str, str], tuple[int, Tree]] = field(default_factory=dict)
    """Position and body of what was first told under an id and time of declaration."""

    @staticmethod
    def open(folder: Path) -> KeptLedger:
        """Open a new ledger in a folder; a file is a copy, to make it only once."""
        file = folder / "ledger.sqlite"
        if not engines.is_server():
            file.write_bytes(_new_ledger())
        database = engines.open_place(file)
        return KeptLedger(database, Ledger.open(database, opening=OPENING))

    def restart(self) -> None:
        """Open the ledger again, as after a kill: nothing is remembered but what is in the file."""
        self.ledger = Ledger.open(self.database)

    def tell(self, batch: Sequence[Arrival]) -> None:
        """Append one batch, and check what is said to have become of each arrival."""
        outcomes = self.ledger.append([draft(arrival) for arrival in batch])
        said = [(outcome.status, outcome.position) for outcome in outcomes]
        assert said == [self._expected(arrival) for arrival in batch]
        for arrival in batch:
            if arrival.kind in ("event", "declaration"):
                self.events.append(read_event(arrival.tree))
            elif arrival.kind == "master":
                self.orders.add(arrival.tree["id"])

    def _expected(self, arrival: Arrival) -> tuple[str, int]:
        name = (arrival.id, str(arrival.tree.get("errorDeclaration", {}).get("declarationTime")))
        if name not in self.first:
            # The opening is at position 0.
            self.first[name] = (len(self.first) + 1, arrival.tree)
            return ("accepted", len(self.first))
        position, tree = self.first[name]
        return ("duplicate" if tree == arrival.tree else "conflict", position)

    def fold_at(self) -> dict[str, int]:
        """Read from the entries when events with an impossible time are folded."""
        with self.database.read() as connection:
            rows = connection.execute(text("SELECT entry FROM entry WHERE kind = 'event'"))
            entries = [Entry.parse(row.entry) for row in rows]
        return {entry.id: entry.fold_at for entry in entries if entry.fold_at is not None}

    def folded(self) -> HasRows:
        with self.database.read() as connection:
            return read_state(connection, self.ledger.ledger_id)

    def replayed(self) -> State:
        return replay(self.events, FLOW, self.orders, fold_at=self.fold_at())

    def rebuilt(self) -> HasRows:
        """Throw the projections away and fold the ledger alone."""
        rebuild(self.ledger)
        return self.folded()

    def close(self) -> None:
        self.database.close()


def differences(ours: HasRows, true: HasRows) -> dict[str, Any]:
    """List what differs, by part and key: (folded, replayed)."""
    found: dict[str, Any] = {}
    for part in ("items", "stock", "progress", "stays"):
        left, right = getattr(ours, part), getattr(true, part)
        for name in sorted(set(left) | set(right), key=str):
            if left.get(name) != right.get(name):
                found[f"{part} {name}"] = (left.get(name), right.get(name))
    if not found and ours.hash != true.hash:
        found["hash"] = (ours.hash, true.hash)
    return found
