"""The floor as the record had it at an earlier entry: before a late event came, or a correction.

State is the replay of all events up to a position that no declaration up to that position takes
back. So the entries that can have moved a thing, those of its family and of everything it was ever
inside are folded again, up to the position, into a place of their own, and asked there: the answer
is that of a record that ended then.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, text

from traceability.database import insert_rows, metadata, open_file, rows_by
from traceability.epcis import body as bodies
from traceability.errors import LedgerCorrupt, Refused
from traceability.flow import Flow
from traceability.ledger import tables as record
from traceability.ledger.append import Ledger
from traceability.ledger.entry import Entry
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.redacted import bodies_at
from traceability.projections import master, tables
from traceability.projections.fold import Fold, Stored
from traceability.projections.numbers import Head
from traceability.projections.rebuild import read_sealed_entries
from traceability.projections.tables import RELATING
from traceability.projections.touches import Role
from traceability.projections.view import View, look

__all__ = ["look_as_of"]

ENTRIES_MAX = 200_000
"""Entries that are folded again at most: some ten seconds."""
_STEP = 1000
_INSIDE = (Role.CHILD, Role.UNCHILD, Role.INFERRED_CHILD)


@contextmanager
def look_as_of(
    ledger: Ledger, position: int, keys: Collection[str], *, entries_max: int = ENTRIES_MAX
) -> Iterator[View]:
    """Open a view of some things, their family and their containers, as of an entry.

    Args:
        ledger: The ledger.
        position: The last entry that counts.
        keys: Of the things asked about; nothing is said of what has nothing to do with them.
        entries_max: More entries than these are not folded again.

    Raises:
        Refused: If there is no such entry, or too much would have to be folded again.
    """
    with tempfile.TemporaryDirectory(prefix="hangtag-as-of-") as folder:
        scratch = open_file(Path(folder) / "as-of.sqlite")
        try:
            metadata.create_all(scratch.engine)
            with ledger.database.read() as source:
                past = _Past(source, ledger, position)
                places = past.positions(keys)
                if len(places) > entries_max:
                    raise Refused(
                        f"{len(places)} entries would have to be folded again, at most "
                        f"{entries_max} are here: ask for a single thing."
                    )
                with scratch.write() as target:
                    past.copy(target, places)
                    past.fold(target, places)
            with look(Ledger(scratch, ledger.ledger_id, ledger.name, ledger.origin)) as view:
                yield view
        finally:
            scratch.close()


class _Past:
    """A ledger up to a position, on its way into a place of its own."""

    def __init__(self, source: Connection, ledger: Ledger, position: int) -> None:
        self._source = source
        self._key = ledger.ledger_id
        self._position = position
        head = source.execute(
            record.ledger.select().where(record.ledger.c.ledger_id == self._key)
        ).one()
        if not 0 <= position < head.size:
            raise Refused(
                f"There is no entry {position}: the record has {head.size}, "
                f"numbered from 0 to {head.size - 1}."
            )
        self._head = head

    def positions(self, keys: Collection[str]) -> list[int]:
        """Find every entry that can have moved these things, in order."""
        start = {
            row.item_no
            for row in self._rows(tables.item, ("item_no",), "key", keys, index="item_key")
        }
        inside = self._contents(start)
        roots = start | inside
        family = roots | self._walk(roots, Role.OUTPUT, Role.INPUT)
        family |= self._walk(roots, Role.INPUT, Role.OUTPUT)
        things = family | self._containers(family)
        found: set[int] = set()
        for row in self._touches(things, ("position", "void_position")):
            found.add(row.position)
            if row.void_position is not None and row.void_position <= self._position:
                found.add(row.void_position)
        return sorted({*found, *self._landmarks("flow"), *self._landmarks("hold")})

    def _rows(
        self,
        table: Table,
        columns: tuple[str, ...],
        column: str,
        values: Iterable[int | str],
        *,
        index: str | None = None,
        where: str = "",
    ) -> list[Any]:
        return rows_by(
            self._source,
            table,
            columns,
            ledger_id=self._key,
            column=column,
            values=values,
            index=index,
            where=where,
        )

    def _touches(
        self, numbers: Collection[int], columns: tuple[str, ...], roles: str = ""
    ) -> list[Any]:
        where = f"t.position <= {self._position:d}" + (f" AND {roles}" if roles else "")
        return self._rows(tables.touch, columns, "item_no", numbers, where=where)

    def _across(self, positions: Collection[int], roles: Sequence[Role]) -> set[int]:
        told = ", ".join(str(role.value) for role in roles)
        rows = self._rows(
            tables.touch,
            ("item_no",),
            "position",
            positions,
            index="touch_position",
            where=f"t.{RELATING} AND t.role IN ({told})",
        )
        return {row.item_no for row in rows}

    def _walk(self, roots: Collection[int], mine: Role, theirs: Role) -> set[int]:
        seen = set(roots)
        frontier = set(roots)
        while frontier:
            rows = self._touches(frontier, ("position",), f"t.role = {mine:d}")
            frontier = self._across({row.position for row in rows}, [theirs]) - seen
            seen |= frontier
        return seen

    def _containers(self, numbers: Collection[int]) -> set[int]:
        seen: set[int] = set()
        frontier = set(numbers)
        while frontier:
            rows = self._touches(frontier, ("parent_no",), "t.parent_no IS NOT NULL")
            frontier = {row.parent_no for row in rows} - seen
            seen |= frontier
        return seen

    def _contents(self, numbers: Collection[int]) -> set[int]:
        """Return everything that was ever inside, however deep."""
        seen: set[int] = set()
        frontier = set(numbers)
        while frontier:
            rows = self._touches(frontier, ("position",), f"t.role = {Role.PARENT:d}")
            near = self._across({row.position for row in rows}, _INSIDE)
            frontier = near - seen - set(numbers)
            seen |= frontier
        return seen

    def _landmarks(self, kind: str) -> list[int]:
        rows = self._source.execute(
            text(
                "SELECT position FROM landmark WHERE ledger_id = :l AND kind = :k "
                "AND position <= :p ORDER BY position"
            ),
            {"l": self._key, "k": kind, "p": self._position},
        )
        return [row.position for row in rows]

    def copy(self, target: Connection, positions: Sequence[int]) -> None:
        """Copy the head as it was, and of the record what pages read."""
        (last,) = self._rows(record.entry, ("entry",), "position", [self._position])
        size = self._position + 1
        head = dict(self._head._mapping)
        head |= {
            "size": size,
            "record_at": Entry.parse(bytes(last.entry)).record,
            "root": Proofs(self._key).root(self._source, size),
            "frontier": b"",
        }
        target.execute(record.ledger.insert(), head)
        insert_rows(
            target,
            record.landmark,
            [(self._key, kind, at) for kind in ("flow", "hold") for at in self._landmarks(kind)],
        )
        for first in range(0, len(positions), _STEP):
            part = positions[first : first + _STEP]
            entries = self._rows(record.entry, ("position", "kind", "entry"), "position", part)
            insert_rows(
                target,
                record.entry,
                [(self._key, row.position, row.kind, bytes(row.entry)) for row in entries],
            )
            read = bodies_at(self._source, self._key, part)
            insert_rows(
                target, record.body, [(self._key, at, b"", body) for at, body in read.items()]
            )

    def fold(self, target: Connection, positions: Sequence[int]) -> None:
        """Fold the entries into the copy, master data first: that orders are known is state."""
        head = Head(self._key, 1, 1)
        fold: Fold | None = None
        for first in range(0, len(positions), _STEP):
            batch = list(self._stored(positions[first : first + _STEP]))
            self._write_ids(target, batch)
            if fold is None:
                fold = Fold(self._key, Flow.parse(str(batch[0].tree["flow"])))
                self._enter(target, head, fold)
            fold.apply(target, head, batch)

    def _stored(self, positions: Sequence[int]) -> Iterator[Stored]:
        # Neighbours are read together: an entry stands where its thing was last touched, too.
        at = 0
        while at < len(positions):
            end = at + 1
            while end < len(positions) and positions[end] == positions[end - 1] + 1:
                end += 1
            yield from read_sealed_entries(
                self._source, self._key, positions[at], positions[end - 1] + 1
            )
            at = end

    def _write_ids(self, target: Connection, batch: Sequence[Stored]) -> None:
        rows = []
        for one in batch:
            if one.event is not None:
                error = one.event.error
                declared_at = 0 if error is None else error.declared_at
                rows.append((self._key, one.event.event_id, declared_at, one.position))
        insert_rows(target, record.event_id, rows)

    def _enter(self, target: Connection, head: Head, fold: Fold) -> None:
        """Enter the master data as it was: what was changed since, by its entry before."""
        rows = self._source.execute(
            tables.master_data.select().where(tables.master_data.c.ledger_id == self._key)
        ).all()
        known = [row for row in rows if row.position <= self._position]
        trees = [
            (row.position, {"type": row.type, "id": row.key, "values": _json(row.value)})
            for row in known
        ]
        changed = [(row.type, row.key) for row in rows if row.position > self._position]
        trees += [tree for kind, key in changed for tree in self._before(kind, key)]
        for position, tree in trees:
            order = master.apply(target, head, fold.numbers, position, tree)
            if order is not None:
                fold.known_orders.add(order)

    def _before(self, kind: str, key: str) -> list[tuple[int, dict[str, Any]]]:
        """Find what was last entered of a thing up to the position, by the names of entries."""
        prefix = f"master:{kind}:{key[:300]}:"
        rows = self._source.execute(
            text(
                "SELECT position FROM event_id WHERE ledger_id = :l AND event_id >= :a "
                "AND event_id < :b AND position <= :p ORDER BY position DESC LIMIT 1"
            ),
            {"l": self._key, "a": prefix, "b": prefix[:-1] + ";", "p": self._position},
        ).scalars()
        found = bodies_at(self._source, self._key, list(rows))
        return [(at, _json(body)) for at, body in found.items()]


def _json(stored: bytes | str) -> dict[str, Any]:
    tree = bodies.parse(stored.encode() if isinstance(stored, str) else stored)
    if not isinstance(tree, dict):
        raise LedgerCorrupt("Master data is stored as a JSON object.")
    return tree
