"""What a program would do that proves nothing and answers nothing: the same rows, by hand.

One event of one thing is a row with five indexes. An event of a hundred things is that row, and its
hundred touches and hundred items with their keys and indexes: copied from the tables that the
ledger itself wrote, so that both sides write the very same rows. The settings of the database are
those of the ledger, and every batch is one durable commit.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import psycopg

from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Prepared
from traceability.projections import tables

__all__ = ["Raw", "RawFile", "RawServer", "event_rows", "state_rows"]

COLUMNS = ("event", "step", "at", "place", "thing")
"""The indexed ones, beside a running number and the body."""
STATE = (tables.touch, tables.item)


class Raw(Protocol):
    """A database without a ledger."""

    def write(self, events: Sequence[tuple[Any, ...]], state: Sequence[list[Any]] = ()) -> None:
        """Insert rows of events, and of touches and items, in one durable transaction."""

    def close(self) -> None:
        """Give the database back."""


def event_rows(drafts: Sequence[Prepared], positions: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return the rows of events: number, five columns, body."""
    return [
        (position, row.id, "packing", row.at, "packing", row.event.epcs[0], row.body)
        for position, row in zip(positions, drafts, strict=True)
        if row.event is not None
    ]


def state_rows(ledger: Ledger, first: int, last: int) -> list[list[Any]]:
    """Return the touches of the entries from one position to another, and the items touched."""
    with ledger.database.read() as connection:
        touches = connection.execute(
            tables.touch.select().where(
                tables.touch.c.position >= first, tables.touch.c.position < last
            )
        ).all()
        numbers = [row.item_no for row in touches]
        items = connection.execute(
            tables.item.select().where(
                tables.item.c.item_no >= min(numbers), tables.item.c.item_no <= max(numbers)
            )
        ).all()
    return [[tuple(row) for row in touches], [tuple(row) for row in items]]


class RawFile:
    """A SQLite file, written with the standard library's module."""

    def __init__(self, file: Path, like: Ledger) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(
            "CREATE TABLE e (id INTEGER PRIMARY KEY, event TEXT, step TEXT, at INT, place TEXT, "
            "thing TEXT, body BLOB)"
        )
        for column in COLUMNS:
            self._connection.execute(f"CREATE INDEX e_{column} ON e ({column}, id)")
        self._copy_tables(like)

    def _copy_tables(self, like: Ledger) -> None:
        with contextlib.closing(sqlite3.connect(str(like.database.path))) as source:
            told = source.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name IN ('touch', 'item') "
                "AND sql NOT NULL ORDER BY type = 'index'"
            ).fetchall()
        for (statement,) in told:
            self._connection.execute(statement)

    def write(self, events: Sequence[tuple[Any, ...]], state: Sequence[list[Any]] = ()) -> None:
        """Insert rows in one durable transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO e VALUES (?,?,?,?,?,?,?)", events)
        for target, rows in zip(STATE, state, strict=False):
            marks = ",".join("?" * len(target.c))
            connection.executemany(f"INSERT INTO {target.name} VALUES ({marks})", rows)
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class RawServer:
    """Tables of a PostgreSQL database beside a ledger's own, written by COPY."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""))
        with self._connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(
                "CREATE TABLE raw_e (id BIGINT PRIMARY KEY, event TEXT, step TEXT, at BIGINT, "
                "place TEXT, thing TEXT, body BYTEA)"
            )
            for column in COLUMNS:
                cursor.execute(f"CREATE INDEX raw_e_{column} ON raw_e ({column}, id)")
            for target in STATE:
                cursor.execute(f"CREATE TABLE raw_{target.name} (LIKE {target.name} INCLUDING ALL)")
        self._connection.commit()

    def write(self, events: Sequence[tuple[Any, ...]], state: Sequence[list[Any]] = ()) -> None:
        """Copy rows in one durable transaction."""
        names = ("raw_e", *(f"raw_{target.name}" for target in STATE))
        with self._connection.cursor() as cursor:
            for name, rows in zip(names, (events, *state), strict=False):
                with cursor.copy(f"COPY {name} FROM STDIN") as stream:
                    for row in rows:
                        stream.write_row(row)
        self._connection.commit()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
