"""The one room that knows which database is underneath.

SQLite on a workshop's PC, PostgreSQL in a company.

Everything that differs between the two is written once, here and in the rooms beside it: exact
decimals and the order of text (`database_columns`), sessions and bundles of rows on a server
(`database_server`), append-only rules (`database_rules`), look-ups of many keys at a time, upserts,
locks. The rest of Hangtag writes SQLAlchemy Core and never asks which one it is talking to.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, Text, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from traceability.database_columns import MICRO, ExactDecimal, ledger_column, metadata, table
from traceability.database_faults import Fault, fault_of
from traceability.database_log import LogBound
from traceability.database_rules import APPEND_ONLY, ERASE_BODIES, missing_rules, protect
from traceability.database_server import (
    add_bundle,
    copy_rows,
    only_one,
    open_server,
    turn_of,
    update_bundle,
)
from traceability.database_writing import add_many, insert_many, update_many
from traceability.errors import DatabaseBusy, Refused

__all__ = [
    "APPEND_ONLY",
    "DEFAULT_URL",
    "MICRO",
    "Database",
    "ExactDecimal",
    "add_rows",
    "delete_by",
    "file_of",
    "file_url",
    "insert_rows",
    "ledger_column",
    "metadata",
    "missing_rules",
    "open_database",
    "open_file",
    "protect",
    "rows_by",
    "table",
    "update_rows",
    "upsert",
    "wiping",
]

DEFAULT_URL = "sqlite:///var/hangtag.sqlite"
"""Where the ledger lies when nobody says otherwise: one file below the working folder."""


class Database:
    """A ledger's database: reads never block, writes come one transaction at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock: Any = None  # an open lock file; its type differs by platform
        self._alone = threading.RLock()
        self._alone_depth = 0  # owned by _alone
        # A file gives a reader one moment by itself. A server does so only if asked: by default
        # each statement sees a later one.
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading: dict[str, Any] = {} if self.is_file else snapshot
        self._log = LogBound(self.path) if self.path is not None else None

    @property
    def is_file(self) -> bool:
        """Say whether the database is one file that a single server process owns."""
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """Return the file of a SQLite database, None elsewhere."""
        return Path(self.engine.url.database or "") if self.is_file else None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a snapshot that no writer can change under the reader.

        Raises:
            DatabaseBusy: If the database does not answer now.
            Refused: If something is looked for by a text that no database can hold.
        """
        try:
            with self._connect(**self._reading) as connection:
                yield connection
                connection.rollback()
        except DBAPIError as error:
            if fault_of(error) in (Fault.BUSY, Fault.LOST):
                said = " ".join(str(error.orig).split()).rstrip(".")
                raise DatabaseBusy(f"The database does not answer: {said}.") from error
            if "NUL (0x00)" in str(error.orig):  # a file would say that nothing is called so
                raise Refused("Nothing is called so: no text has the sign U+0000 in it.") from error
            raise

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that takes the write lock at once and commits at the end.

        A server takes no lock for it: whoever appends locks the head of his ledger first.

        Raises:
            DatabaseBusy: If all connections stayed in use.
        """
        with self._connect(hangtag_writes=True) as connection:
            with connection.begin():
                yield connection
            if self._log is not None:
                self._log.shorten(connection)

    def _connect(self, **options: Any) -> Connection:  # what each engine understands
        try:
            return self.engine.connect().execution_options(**options)
        except NoConnection as error:
            raise DatabaseBusy(
                "Nothing was stored or read: all connections to the database are in use."
            ) from error

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else make or change tables, or begin a ledger, meanwhile (on a server).

        A file needs no such lock: one process owns it. May be entered again by the same thread.

        Raises:
            Refused: If this role may not do what is done meanwhile.
        """
        with self._alone:
            self._alone_depth += 1
            try:
                if self.is_file or self._alone_depth > 1:
                    yield
                else:
                    with self._connect() as connection, only_one(connection):
                        yield
            finally:
                self._alone_depth -= 1

    @contextlib.contextmanager
    def turn(self, what: str) -> Iterator[Callable[[], bool]]:
        """Try to be the only process of all that do something; give back a question whether it is.

        Nobody waits. On a server the turn ends with the connection, so with the process, too; a
        file has one process at work anyway.

        Args:
            what: A name for what is done.

        Raises:
            DatabaseBusy: If the database does not answer now.
        """
        if self.is_file:
            yield lambda: True
            return
        with (
            self._connect(isolation_level="AUTOCOMMIT") as connection,
            turn_of(connection, what) as is_ours,
        ):
            yield is_ours

    def own(self) -> None:
        """Claim the file for this process, so that two servers never append to one SQLite file.

        Raises:
            DatabaseBusy: If another process owns it.
        """
        path = self.path
        if path is None or self._lock is not None:
            return
        handle = Path(f"{path}.lock").open("a+b")  # noqa: SIM115 - held until close()
        try:
            _lock_file(handle)
        except OSError as error:
            handle.close()
            raise DatabaseBusy(
                f"{path} is in use by another Hangtag server: stop that one first, "
                "or give this one another file with --db."
            ) from error
        self._lock = handle

    def close(self) -> None:
        """Give back all connections and the claim on the file."""
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def open_database(url: str, *, create: bool = True) -> Database:
    """Open the database behind a SQLAlchemy URL without creating or changing any table.

    Args:
        url: For example ``sqlite:///var/hangtag.sqlite``.
        create: Begin a file that is not there yet.

    Raises:
        Refused: If the URL cannot be understood or names an engine that Hangtag does not know.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Refused(
            f"Cannot read the database address {url!r}: expected for example "
            "sqlite:///var/hangtag.sqlite or postgresql+psycopg://user@host/name."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise Refused("A ledger cannot live in memory: name a file, sqlite:///PATH.")
        path = Path(parsed.database or "")
        if not create and not path.exists():
            raise Refused(
                f"There is no ledger at {path}: begin one with hangtag serve or hangtag demo, "
                "or name another with --db or HANGTAG_DB."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"Cannot write in {path.parent}: {error.strerror}.") from error
        engine = create_engine(parsed, pool_size=16, max_overflow=32)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif backend == "postgresql":
        engine = open_server(parsed)
    else:
        raise Refused(f"Cannot use {backend!r} as a database: expected sqlite or postgresql.")
    return Database(engine)


def file_url(path: Path) -> str:
    """Return the address of a database that is one file on this machine."""
    return f"sqlite:///{path}"


def file_of(url: str) -> Path | None:
    """Return the file behind a database's address; None if it is not one file of this machine.

    >>> file_of("postgresql://shop/hangtag")
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # said in a sentence by whoever opens it
        return None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(parsed.database or "")


def open_file(path: Path) -> Database:
    """Open (or begin) a database that is one file on this machine."""
    return open_database(file_url(path))


def _prepare_sqlite(connection: Any, _record: object) -> None:  # sqlite3.Connection
    # SQLAlchemy's own BEGIN handling is switched off: ours says IMMEDIATE for writers, so that two
    # of them queue at the start instead of failing in the middle.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last acknowledged commits at a power cut
        "recursive_triggers=ON",  # INSERT OR REPLACE would delete without firing the trigger
        "trusted_schema=OFF",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hangtag_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lock_file(handle: Any) -> None:  # a binary file
    if os.name == "nt":
        locking = importlib.import_module("msvcrt")
        handle.seek(0)
        locking.locking(handle.fileno(), locking.LK_NBLCK, 1)
        return
    fcntl = importlib.import_module("fcntl")
    fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def rows_by(
    connection: Connection,
    source: Table,
    columns: Sequence[str],
    *,
    ledger_id: int,
    column: str,
    values: Iterable[int | str],
    index: str | None = None,
    where: str = "",
) -> list[Any]:
    """Return the rows whose ``column`` is one of many values, by index, in one statement.

    SQLite takes the shared prefix ``ledger_id = ?`` for a good index and scans the ledger, once it
    has statistics; so the values drive the join and the index is named. Measured in the prototype:
    20,500 events/s with this form, 2,850 with two plain IN look-ups.

    Args:
        connection: An open connection.
        source: The table to read.
        columns: The columns to return, in order.
        ledger_id: The ledger.
        column: The column to match.
        values: Integers or texts; duplicates are harmless.
        index: Name of the index to use; None means the primary key.
        where: A further condition in SQL over ``t``, a constant of the program.
    """
    wanted = list(values)
    if not wanted:
        return []
    statement = _rows_by(connection.dialect.name, source.name, tuple(columns), column, index, where)
    return list(connection.execute(statement, {"l": ledger_id, "v": _as_list(connection, wanted)}))


def _is_file(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _as_list(connection: Connection, wanted: list[int | str]) -> object:
    return json.dumps(wanted) if _is_file(connection) else wanted


def _array_of(name: str, column: str) -> str:
    # Said outright: a driver that goes by the values would send small numbers as smaller types,
    # and the server would plan the same statement for each of them.
    kind = "text" if isinstance(metadata.tables[name].c[column].type, Text) else "bigint"
    return f"CAST(:v AS {kind}[])"


@lru_cache(maxsize=256)
def _rows_by(
    dialect: str, name: str, columns: tuple[str, ...], column: str, index: str | None, where: str
) -> Any:  # a TextualSelect
    source = metadata.tables[name]
    typed = [source.c[one] for one in columns]
    chosen = ", ".join(f"t.{one}" for one in columns)
    condition = f" AND {where}" if where else ""
    if dialect == "sqlite":
        by = f"INDEXED BY {index} " if index else ""
        # The ledger travels with the values: as a constant it makes the planner, once it has
        # statistics, build a Bloom filter over the whole table before it looks up the first one.
        return text(
            "WITH k (value, ledger) AS MATERIALIZED (SELECT value, :l FROM json_each(:v)) "  # noqa: S608
            f"SELECT {chosen} FROM k CROSS JOIN {name} AS t {by}"
            f"WHERE t.ledger_id = k.ledger AND t.{column} = k.value{condition}"
        ).columns(*typed)
    # The rows come as they come from a file: by the values, and for each in the order of the index.
    through = next((list(one.columns) for one in source.indexes if one.name == index), [])
    order = dict.fromkeys(["k.nth", *(f"t.{one.name}" for one in (*through, *source.primary_key))])
    return text(
        f"SELECT {chosen} FROM unnest({_array_of(name, column)}) "  # noqa: S608
        f"WITH ORDINALITY AS k (value, nth) JOIN {name} AS t "
        f"ON t.ledger_id = :l AND t.{column} = k.value{condition} ORDER BY {', '.join(order)}"
    ).columns(*typed)


def insert_rows(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert tuples in the order of the table's columns.

    Building dictionaries for Core's own insert cost a third of the append.
    """
    if not rows:
        return
    if _is_file(connection):
        insert_many(connection, target, rows)
    else:
        copy_rows(connection, target, rows)


def update_rows(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Replace whole rows by their primary key; tuples in the order of the table's columns.

    No two of the rows may have the same key.
    """
    if not rows:
        return
    if _is_file(connection):
        update_many(connection, target, rows)
    else:
        update_bundle(connection, target, rows)


def delete_by(
    connection: Connection,
    target: Table,
    *,
    ledger_id: int,
    column: str,
    values: Iterable[int | str],
) -> None:
    """Delete the rows whose ``column``, second of the primary key, is one of many values."""
    wanted = list(values)
    if not wanted:
        return
    given = {"l": ledger_id, "v": _as_list(connection, wanted)}
    if _is_file(connection):
        chosen = "IN (SELECT value FROM json_each(:v))"
    elif target.name == "body":  # nobody was given the right, but for what was erased
        connection.execute(text(ERASE_BODIES), given)
        return
    else:
        chosen = f"= ANY({_array_of(target.name, column)})"
    statement = f"DELETE FROM {target.name} WHERE ledger_id = :l AND {column} {chosen}"  # noqa: S608
    connection.execute(text(statement), given)


@contextlib.contextmanager
def wiping(connection: Connection) -> Iterator[None]:
    """Overwrite in the file what the rows held that are deleted meanwhile (SQLite)."""
    if _is_file(connection):
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    yield
    if _is_file(connection):
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def add_rows(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add to the last column of rows found by their primary key; make the rows that are missing.

    No two of the rows may have the same key.
    """
    if not rows:
        return
    if _is_file(connection):
        add_many(connection, target, rows)
    else:
        add_bundle(connection, target, rows)


def upsert(
    connection: Connection,
    target: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    add: Sequence[str] = (),
) -> None:
    """Insert rows, or change those whose primary key is there already.

    Args:
        connection: An open connection in a writing transaction.
        target: The table.
        rows: Whole rows as mappings.
        add: Columns whose new value is added to the old one instead of replacing it.
    """
    if rows:
        connection.execute(_upsert(target, connection.dialect.name, tuple(add)), list(rows))


@lru_cache(maxsize=64)
def _upsert(target: Table, dialect: str, add: tuple[str, ...]) -> Any:  # an Insert
    keys = [column.name for column in target.primary_key]
    if dialect == "sqlite":
        statement: Any = sqlite.insert(target)
    else:
        statement = postgresql.insert(target)
    excluded = statement.excluded
    changes = {
        column.name: target.c[column.name] + excluded[column.name]
        if column.name in add
        else excluded[column.name]
        for column in target.c
        if column.name not in keys
    }
    if not changes:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)
