"""Short numbers for long names: a place or a product is written once and counted after that.

Numbers are given in order of first appearance in the ledger, so that a rebuild gives the same ones.
They never leave the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from traceability.database import insert_rows, rows_by
from traceability.projections import tables


@dataclass(slots=True)
class Head:
    """The counters of a ledger that a fold may advance; the append writes them back."""

    ledger_id: int
    item_next: int
    name_next: int


class Numbers:
    """Names of one ledger by kind and text. Belongs to whoever holds the ledger's head."""

    def __init__(self, ledger_id: int) -> None:
        self._ledger_id = ledger_id
        self._known: dict[tuple[str, str], int] = {}
        self._fresh: dict[tuple[str, str], int] = {}

    def learn(self, connection: Connection, head: Head, wanted: Iterable[tuple[str, str]]) -> None:
        """Make sure that all these names have numbers; new ones are written at once."""
        missing = [name for name in dict.fromkeys(wanted) if name not in self._known]
        if not missing:
            return
        for kind in {kind for kind, _ in missing}:
            found = rows_by(
                connection,
                tables.name,
                ("no", "text"),
                ledger_id=self._ledger_id,
                column="text",
                values=[text for one, text in missing if one == kind],
                index="name_text",
                where=f"t.kind = '{kind}'",
            )
            self._known.update({(kind, text): no for no, text in found})
        rows = []
        for name in missing:
            if name not in self._known:
                self._known[name] = self._fresh[name] = head.name_next
                rows.append((self._ledger_id, head.name_next, *name))
                head.name_next += 1
        insert_rows(connection, tables.name, rows)

    def of(self, kind: str, text: str | None) -> int | None:
        """Return the number of a name that was learnt; None stays None."""
        return None if text is None else self._known[kind, text]

    def known(self, kind: str, text: str) -> int | None:
        """Return the number of a name, None if it has not been learnt."""
        return self._known.get((kind, text))

    def keep(self) -> None:
        """Believe the numbers given since the last commit: the transaction is durable."""
        self._fresh.clear()

    def forget(self) -> None:
        """Take back the numbers given since the last commit: the transaction failed."""
        for name in self._fresh:
            del self._known[name]
        self._fresh.clear()
