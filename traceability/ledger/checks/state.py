"""The state held against what the entries give, row by row, table by table.

Everything is folded again into a place of its own. The stored tables go on changing meanwhile, so
they are read a piece at a time, each together with the ledger's size in that moment; the fold goes
on to exactly that size before the piece is compared. No transaction stays open for longer than it
takes to read a piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect

from traceability.database import ExactDecimal, rows_by
from traceability.errors import TraceabilityError
from traceability.gs1 import key_of
from traceability.ledger.append import Ledger
from traceability.ledger.checks.chain import Progress
from traceability.ledger.checks.finding import Finding
from traceability.ledger.checks.rows import Row, one_value, plain_rows
from traceability.projections import happenings, tables
from traceability.projections.fold import Stored
from traceability.projections.folded import SLICE, Folded
from traceability.projections.rebuild import read_sealed_entries
from traceability.projections.touches import Facts

__all__ = ["Comparison"]

PIECE = 5000
"""Rows compared in one go."""
COMPARED: tuple[Table, ...] = (
    tables.touch,
    tables.item,
    tables.containment,
    tables.stock,
    tables.order_head,
    tables.order_line,
    tables.progress,
    tables.order_waited,
    tables.master_data,
    tables.hold,
    tables.hold_item,
)
"""Tables whose rows follow from the entries and from nothing else, but for names' numbers."""
SUMS: tuple[Table, ...] = (tables.stock, tables.progress)
"""Tables of sums: where nothing is left, a row may stand or not, as the entries came in groups."""
_EVENT = tuple(one.name for one in tables.event.c if one.name != "pieces")
"""What is compared of `event`: its pieces tell what was known when the follower came by."""


class Comparison:
    """A state folded beside a check of the entries, then compared with the stored one."""

    def __init__(self, ledger: Ledger, size: int, again: Folded) -> None:
        """Prepare the comparison.

        Args:
            ledger: Read only.
            size: Entries at least that are folded; the state may have gone on meanwhile.
            again: An empty state.
        """
        self._ledger = ledger
        self._size = size
        self._again = again
        self._state = _State(ledger, again)
        self._trouble: Finding | None = None

    def take(self, rows: Sequence[Row]) -> None:
        """Fold the entries that come next, each known to be as it was sealed.

        What does not fit of the state is told by `compare`: a fault of an entry comes first.
        """
        if self._trouble is None:
            self._trouble = self._tried(lambda: self._again.take(rows))

    def compare(self, progress: Progress | None) -> Finding | None:
        """Fold what nobody gave, and compare every table."""
        if self._trouble is not None:
            return self._trouble
        found: list[Finding | None] = []
        trouble = self._tried(lambda: found.append(self._state.compare(self._size, progress)))
        return trouble or found[0]

    def _tried(self, work: Callable[[], object]) -> Finding | None:
        try:
            work()
        # What was sealed may be anything where somebody sealed it anew: the fold trips over it.
        except (TraceabilityError, ValueError, LookupError, TypeError, AssertionError) as error:
            return _unreadable(self._ledger, self._again.size, self._size, error)
        return None


def _unreadable(ledger: Ledger, first: int, size: int, error: Exception) -> Finding:
    """Name the first entry, of those that could not be folded together, that cannot be read."""
    for position in range(first, min(first + SLICE, size)):
        with ledger.database.read() as connection:
            try:
                read_sealed_entries(connection, ledger.ledger_id, position, position + 1)
            except (TraceabilityError, ValueError, LookupError, TypeError, AssertionError) as told:
                return Finding(
                    position,
                    "unreadable body",
                    f"The body of entry {position} says nothing: {told}",
                )
    return Finding(
        first, "unreadable body", f"Of the entries from {first} on one cannot be folded: {error!r}"
    )


class _State:
    """The stored state beside the folded one."""

    def __init__(self, ledger: Ledger, again: Folded) -> None:
        self._ledger = ledger
        self._again = again
        self.finding: Finding | None = None
        """What does not fit of the rows that are compared as the events go by."""
        with ledger.database.read() as connection:
            self._late = _late_position(ledger, connection)
        self._seen = 0
        self._read_points: set[str] = set()
        again.see_facts = self._see

    def compare(self, size: int, progress: Progress | None) -> Finding | None:
        self._again.grow(size, progress=progress)
        if self.finding is not None:
            return self.finding
        for table in (*COMPARED, tables.name):
            for stored, again in self._pieces(table):
                if table is tables.name:
                    stored = self._without_read_points(stored, again)
                if table is tables.item:
                    stored, again = self._without_last(stored, again)
                if stored != again:
                    return self._difference(table, stored, again)
        return self._late_beyond() or self._counters()

    def _see(self, facts: list[tuple[Stored, Facts]]) -> None:
        """Compare what the follower folded of some events, as far as it had come at the start.

        Its rows never change, but for their pieces: they are compared as the events go by.
        """
        told = [(stored, stored.event, one) for stored, one in facts if stored.event is not None]
        spots = {event.read_point for _, event, _ in told}
        self._read_points |= {key_of(spot) for spot in spots if spot}
        late = [one for one in told if one[0].position < self._late]
        if not late or self.finding is not None:
            return
        key = self._ledger.ledger_id
        columns = happenings.columns_of([one[1:] for one in late], self._again.learn)
        again = [
            (key, one[0].position, *told_of) for one, told_of in zip(late, columns, strict=True)
        ]
        with self._ledger.database.read() as connection:
            stored_rows = plain_rows(
                connection,
                f"SELECT {', '.join(_EVENT)} FROM event WHERE ledger_id = :l "  # noqa: S608
                "AND position >= :f AND position < :t ORDER BY position",
                {"l": key, "f": self._seen, "t": late[-1][0].position + 1},
            ).fetchall()
        self._seen = late[-1][0].position + 1
        if stored_rows != again:
            self.finding = self._difference(tables.event, stored_rows, again)

    def _late_beyond(self) -> Finding | None:
        """Find rows of events that the follower has not come to."""
        with self._ledger.database.read() as connection:
            where = {"l": self._ledger.ledger_id, "f": self._seen, "t": self._late}
            where["p"] = late = _late_position(self._ledger, connection)
            size = one_value(connection, "SELECT size FROM ledger WHERE ledger_id = :l", where)
            position = one_value(
                connection,
                "SELECT position FROM event WHERE ledger_id = :l AND (position < 0 OR "
                "position >= :p OR (position >= :f AND position < :t)) ORDER BY position LIMIT 1",
                where,
            )
        if position is not None:
            detail = f"The row of event for position {position} is extra."
            return Finding(position, "projection row", detail)
        if late > size:  # what comes up to there would never be followed up
            detail = f"Events are said to be followed up to {late}, the ledger has {size} entries."
            return Finding(None, "projection row", detail)
        return None

    def _without_last(self, stored: list[Any], again: list[Any]) -> tuple[list[Any], list[Any]]:
        """Leave out the last moments of things where they are as late as they must be.

        What was declared wrong may have moved one on, and whether it did hangs on how the entries
        came in groups. One that is too early is left in: late events would then not be seen to be.
        """
        wanted = {row[1]: row[-2:] for row in again}
        early = [row[1] for row in stored if row[-2:] < wanted.get(row[1], (0, 0))]
        least: dict[int, tuple[int, int]] = {}
        for number, at, tie in rows_by(
            self._again.connection,
            tables.touch,
            ("item_no", "event_at", "tie"),
            ledger_id=self._ledger.ledger_id,
            column="item_no",
            values=early,
            where="t.void_position IS NULL",
        ):
            least[number] = max((at, tie), least.get(number, (at, tie)))
        wrong = {row[1] for row in stored if row[1] in least and row[-2:] < least[row[1]]}

        def cut(rows: list[Any]) -> list[Any]:
            return [row if row[1] in wrong else (*row[:-2], 0, 0) for row in rows]

        return cut(stored), cut(again)

    def _without_read_points(self, stored: list[Any], again: list[Any]) -> list[Any]:
        """Leave out the names of read points that the follower has met since the check began."""
        known = {row[1] for row in again}
        return [
            row
            for row in stored
            if row[1] in known or row[2] != "read_point" or row[3] not in self._read_points
        ]

    def _pieces(self, table: Table) -> Iterator[tuple[list[Any], list[Any]]]:
        keys = [one.name for one in table.primary_key if one.name != "ledger_id"]
        names = tuple(one.name for one in table.c)
        after: tuple[Any, ...] | None = None
        while True:
            with self._ledger.database.read() as connection:
                size = one_value(
                    connection,
                    "SELECT size FROM ledger WHERE ledger_id = :l",
                    {"l": self._ledger.ledger_id},
                )
                stored = self._read(connection, table, names, keys, after, None)
            self._again.grow(size)
            at = [names.index(key) for key in keys]
            is_last = len(stored) < PIECE
            upto = None if is_last else tuple(stored[-1][i] for i in at)
            again = self._read(self._again.connection, table, names, keys, after, upto)
            yield stored, again
            if is_last:
                return
            after = upto

    def _read(
        self,
        connection: Connection,
        table: Table,
        names: tuple[str, ...],
        keys: list[str],
        after: tuple[Any, ...] | None,
        upto: tuple[Any, ...] | None,
    ) -> list[Any]:
        statement, processes = _select(
            table, names, tuple(keys), after is not None, upto is not None, connection.dialect
        )
        where: dict[str, Any] = {"l": self._ledger.ledger_id, "n": PIECE + (upto is not None)}
        where |= {f"a{i}": one for i, one in enumerate(after or ())}
        where |= {f"b{i}": one for i, one in enumerate(upto or ())}
        rows = plain_rows(connection, statement, where).fetchall()
        if processes:
            rows = [
                tuple(processes[i](one) if i in processes else one for i, one in enumerate(row))
                for row in rows
            ]
        return list(rows)

    def _difference(self, table: Table, stored: list[Any], again: list[Any]) -> Finding:
        names = list(_EVENT if table is tables.event else [one.name for one in table.c])
        keys = [names.index(one.name) for one in table.primary_key]

        def by_key(rows: list[Any]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
            return {tuple(row[i] for i in keys): tuple(row) for row in rows}

        have, want = by_key(stored), by_key(again)
        key = min(key for key in have.keys() | want.keys() if have.get(key) != want.get(key))
        row = have.get(key) or want[key]
        position = row[names.index("position")] if "position" in names else None
        if key not in have and table is tables.touch and (stale := self._stale(position)):
            return stale
        word = "missing" if key not in have else "extra" if key not in want else "changed"
        what = f"The row of {table.name} for {self._spell(table, names, row, keys)} is {word}"
        if key in have and key in want:
            told = "; ".join(
                f"{name} is {old!r}, the entries give {new!r}"
                for name, old, new in zip(names, have[key], want[key], strict=True)
                if old != new
            )
            what += f": {told}"
        return Finding(position, "projection row", f"{what}.")

    def _stale(self, position: int | None) -> Finding | None:
        """Say whether the state stands at an earlier entry rather than lacking one touch."""
        with self._ledger.database.read() as connection:
            last = one_value(
                connection,
                "SELECT max(position) FROM touch WHERE ledger_id = :l",
                {"l": self._ledger.ledger_id},
            )
        if position is None or position <= (last if last is not None else -1):
            return None
        return Finding(
            position,
            "projection stale",
            f"The state stands before entry {position}, the ledger has {self._again.size}.",
        )

    def _spell(self, table: Table, names: list[str], row: tuple[Any, ...], keys: list[int]) -> str:
        """Spell a row's key with the names and keys behind its numbers."""
        told = []
        for i in keys:
            name, value = names[i], row[i]
            if name == "ledger_id":
                continue
            if name in ("item_no", "child_no", "parent_no"):
                value = self._text("item", "key", "item_no", value)
            elif name in ("place_no", "product_no", "step_no", "disposition_no", "order_no"):
                value = self._text("name", "text", "no", value) if value else ""
            told.append(f"{name.removesuffix('_no')} {value}")
        return ", ".join(told)

    def _text(self, table: str, column: str, by: str, number: int) -> str:
        for connection in (self._again.connection, None):
            statement = f"SELECT {column} FROM {table} WHERE ledger_id = :l AND {by} = :n"  # noqa: S608
            where = {"l": self._ledger.ledger_id, "n": number}
            if connection is not None:
                found = one_value(connection, statement, where)
            else:
                with self._ledger.database.read() as source:
                    found = one_value(source, statement, where)
            if found is not None:
                return str(found)
        return f"number {number}"

    def _counters(self) -> Finding | None:
        with self._ledger.database.read() as connection:
            size, item_next, name_next, largest = plain_rows(
                connection,
                "SELECT size, item_next, name_next, "
                "(SELECT max(no) FROM name WHERE ledger_id = :l) FROM ledger WHERE ledger_id = :l",
                {"l": self._ledger.ledger_id},
            ).fetchone()
        self._again.grow(size)
        if item_next != self._again.head.item_next or name_next <= (largest or 0):
            return Finding(
                None,
                "head altered",
                f"The next thing gets number {item_next}, the entries give "
                f"{self._again.head.item_next}; the next name {name_next}.",
            )
        return None


def _late_position(ledger: Ledger, connection: Connection) -> int:
    found = one_value(
        connection,
        "SELECT position FROM projection WHERE ledger_id = :l AND name = :n",
        {"l": ledger.ledger_id, "n": happenings.NAME},
    )
    return found if isinstance(found, int) else 0


@lru_cache(maxsize=128)
def _select(
    table: Table,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    has_after: bool,
    has_upto: bool,
    dialect: Dialect,
) -> tuple[str, Mapping[int, Any]]:
    key = ", ".join(keys)
    conditions = ["ledger_id = :l"]
    if table in SUMS:
        conditions.append("quantity <> 0")
    if has_after:
        conditions.append(f"({key}) > ({', '.join(f':a{i}' for i in range(len(keys)))})")
    if has_upto:
        conditions.append(f"({key}) <= ({', '.join(f':b{i}' for i in range(len(keys)))})")
    processes = {
        i: process
        for i, name in enumerate(names)
        if isinstance(table.c[name].type, ExactDecimal)
        and (process := table.c[name].type.result_processor(dialect, None)) is not None
    }
    told = " AND ".join(conditions)
    chosen = ", ".join(names)
    statement = f"SELECT {chosen} FROM {table.name} WHERE {told} ORDER BY {key} LIMIT :n"  # noqa: S608
    return statement, processes
