"""A state folded from the entries alone, into a place of its own, to hold the stored one against.

It grows with the ledger: told a size, it folds on to exactly that many entries. Names get the
numbers that they have in the ledger, so that rows can be compared as they are; a name that the
ledger does not know gets one that no ledger ever reaches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from traceability.database import insert_rows, metadata, open_file, rows_by
from traceability.flow import Flow
from traceability.ledger import tables as record
from traceability.ledger.append import Ledger
from traceability.ledger.checks.rows import Row
from traceability.ledger.redacted import bodies_at
from traceability.projections import tables
from traceability.projections.fold import Fold, Stored
from traceability.projections.numbers import Head, Numbers
from traceability.projections.rebuild import read_sealed_entries, sealed_entries
from traceability.projections.touches import Facts

__all__ = ["Folded", "folded"]

SLICE = 1000
_UNKNOWN = 2**40
"""First number of a name that the ledger does not have."""


class _LedgersNumbers(Numbers):
    """Gives new names the numbers that they have in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.ledger_id)
        self._ledger = ledger
        self._given: set[int] = set()

    def learn(self, connection: Connection, head: Head, wanted: Iterable[tuple[str, str]]) -> None:
        """Make sure that all these names have numbers."""
        missing = [name for name in dict.fromkeys(wanted) if name not in self._known]
        if not missing:
            return
        rows = []
        with self._ledger.database.read() as source:
            for kind in {kind for kind, _ in missing}:
                texts = [text for one, text in missing if one == kind]
                for no, text in rows_by(
                    source,
                    tables.name,
                    ("no", "text"),
                    ledger_id=head.ledger_id,
                    column="text",
                    values=texts,
                    index="name_text",
                    where=f"t.kind = '{kind}'",
                ):
                    if no not in self._given:
                        self._known[kind, text] = no
        for name in missing:
            if name not in self._known:
                self._known[name] = head.name_next
                head.name_next += 1
            self._given.add(self._known[name])
            rows.append((head.ledger_id, self._known[name], *name))
        insert_rows(connection, tables.name, rows)


class Folded:
    """The state of a ledger at a size that only grows."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.connection = connection
        self.head = Head(ledger.ledger_id, 1, _UNKNOWN)
        self.size = 0
        self.see_facts: Callable[[list[tuple[Stored, Facts]]], None] | None = None
        """Shown what the events of each batch say."""
        self._ledger = ledger
        self._fold: Fold | None = None

    def grow(
        self,
        size: int,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Fold on to a size.

        Args:
            size: Entries; nothing happens if there are as many already.
            progress: Told how many of how many entries are folded.

        Raises:
            LedgerCorrupt: If a body that nobody erased is missing.
        """
        while self.size < size:
            last = min(self.size + SLICE, size)
            with self._ledger.database.read() as source:
                batch = read_sealed_entries(source, self._ledger.ledger_id, self.size, last)
                self._copy_declared(source, batch)
            self._apply(batch)
            if progress is not None:
                progress(last, size)

    def take(self, rows: Sequence[Row]) -> None:
        """Fold the entries that come next, read already and found to be as they were sealed.

        Raises:
            LedgerCorrupt: If a body that nobody erased is missing.
        """
        assert rows[0][0] == self.size, "entries come in the order of their positions"
        with self._ledger.database.read() as source:
            batch = sealed_entries(source, self._ledger.ledger_id, rows)
            self._copy_declared(source, batch)
        self._apply(batch)

    def _apply(self, batch: list[Stored]) -> None:
        fold = self._fold
        if fold is None:
            flow = Flow.parse(str(batch[0].tree["flow"]))
            fold = Fold(self._ledger.ledger_id, flow, _LedgersNumbers(self._ledger))
            fold.see_facts = self._see
            self._fold = fold
        fold.apply(self.connection, self.head, batch)
        self.size = batch[-1].position + 1

    def _see(self, facts: list[tuple[Stored, Facts]]) -> None:
        if self.see_facts is not None:
            self.see_facts(facts)

    def learn(self, names: Iterable[tuple[str, str]]) -> Numbers:
        """Make sure that names have numbers which no fold asked for; return them all."""
        assert self._fold is not None, "asked after the first entry"
        self._fold.numbers.learn(self.connection, self.head, names)
        return self._fold.numbers

    def _copy_declared(self, source: Connection, batch: list[Stored]) -> None:
        """Copy what is declared wrong, and what declares it: a fold looks only these up."""
        declared = [one for one in batch if one.kind == "declaration" and one.event is not None]
        if not declared:
            return
        key = self._ledger.ledger_id
        insert_rows(
            self.connection,
            record.event_id,
            [
                (key, one.event.event_id, one.event.error.declared_at, one.position)
                for one in declared
                if one.event is not None and one.event.error is not None
            ],
        )
        ids = {str(one.event.event_id) for one in declared if one.event is not None}
        known = {row.event_id for row in _wrong(self.connection, key, ids)}
        wrong = {row.position: row.event_id for row in _wrong(source, key, ids - known)}
        insert_rows(
            self.connection,
            record.event_id,
            [(key, event_id, 0, position) for position, event_id in wrong.items()],
        )
        entries = rows_by(
            source,
            record.entry,
            ("ledger_id", "position", "kind", "entry"),
            ledger_id=key,
            column="position",
            values=wrong,
        )
        insert_rows(self.connection, record.entry, [tuple(row) for row in entries])
        bodies = bodies_at(source, key, wrong)
        insert_rows(
            self.connection,
            record.body,
            [(key, position, b"", body) for position, body in bodies.items()],
        )


def _wrong(connection: Connection, ledger_id: int, ids: Iterable[str]) -> list[Any]:  # rows
    return rows_by(
        connection,
        record.event_id,
        ("event_id", "position"),
        ledger_id=ledger_id,
        column="event_id",
        values=ids,
        where="t.declared_at = 0",
    )


@contextmanager
def folded(ledger: Ledger) -> Iterator[Folded]:
    """Open an empty state for a ledger; it goes with all that was folded at the end."""
    with tempfile.TemporaryDirectory(prefix="hangtag-folded-") as folder:
        scratch = open_file(Path(folder) / "folded.sqlite")
        try:
            metadata.create_all(scratch.engine)
            with scratch.engine.connect() as connection:
                # Nothing in it is worth more than the run: it is never synced, nor taken back.
                driver = connection.connection.driver_connection
                assert driver is not None, "the connection was opened just now"
                for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
                    driver.execute(f"PRAGMA {pragma}")
                with connection.begin():
                    yield Folded(ledger, connection)
        finally:
            scratch.close()
