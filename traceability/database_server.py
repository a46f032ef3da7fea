r"""A ledger on a database server: sessions that keep what they acknowledge, rows by the bundle.

A file is written row by row, since nothing lies between us and it. To a server every row is a
message: so many rows travel as one. New ones are copied in; changed ones go as one array for each
column (measured, 100 rows each of five tables: 9,800 events/s copied, 7,600 by arrays, 3,100 as
single inserts; the server itself works half as long for a copy as for arrays).

>>> print(array("text", ["L", None, 'a "b"']))
{"L",NULL,"a \"b\""}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from traceability.database_columns import MICRO, ExactDecimal
from traceability.errors import Refused

__all__ = ["add_bundle", "copy_rows", "only_one", "open_server", "turn_of", "update_bundle"]

VERSION_MIN = 15
POOL_SIZE = 8
POOL_MORE = 16
"""Connections of one process at most, with those above: three servers fit into the usual 100."""
PREPARED_MAX = 500
"""Statements that a session remembers; all of Hangtag's together are about 200."""
LOCK_TIMEOUT_MS = 10_000
"""Longest wait for the head of a ledger: as long as on a file."""
STATEMENT_TIMEOUT_MS = 600_000
IDLE_TIMEOUT_MS = 60_000
"""A process that hangs in the middle of an append loses the head after this time."""
LINK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "hangtag",
}
"""How soon a dead line is noticed (seconds, the last one in milliseconds)."""
SESSION = {
    "jit": "off",  # our statements are short: compiling them takes longer than running them
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "row_security": "on",
}
_PREPARE = (
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), "
    "current_setting('server_encoding'), current_setting('server_version_num')::int / 10000, "
    # Acknowledged means durable, whatever the server's own default is. Who waits even for his
    # standby to show it may go on doing so.
    "CASE WHEN current_setting('synchronous_commit') <> 'remote_apply' "
    "THEN set_config('synchronous_commit', 'on', false) END"
    + "".join(f", set_config('{name}', '{value}', false)" for name, value in SESSION.items())
)
COPIED_MIN = 5
"""Rows from which on a copy pays: it goes to the server twice, and is planned anew each time."""
_NOT_ALLOWED = "42501"
"""SQLSTATE of a missing right. Source: PostgreSQL 18, Appendix A."""
_TYPES = {
    BigInteger: "bigint",
    Integer: "integer",
    Text: "text",
    LargeBinary: "bytea",
    Boolean: "boolean",
}


def open_server(url: URL) -> Engine:
    """Open the connections to a database on a server; none is made yet.

    Raises:
        Refused: If the driver is not installed.
    """
    link = {name: value for name, value in LINK.items() if name not in url.query}
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            # Whoever has locked the head must see what the one before him wrote.
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_MORE,
            pool_timeout=LOCK_TIMEOUT_MS / 1000,
            connect_args=link,
        )
    except ModuleNotFoundError as error:
        raise Refused(
            "A ledger on a PostgreSQL server needs its driver: pip install 'hangtag[postgres]'."
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "do_executemany", _copy)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # psycopg.Connection
    connection.prepared_max = PREPARED_MAX
    with connection.cursor() as cursor:
        cursor.execute(_PREPARE)
        fsync, whole_pages, encoding, version, *_ = cursor.fetchone()
    connection.commit()
    problem = _problem(fsync, whole_pages, encoding, version)
    if problem:
        connection.close()
        raise Refused(problem)


def _problem(fsync: str, whole_pages: str, encoding: str, version: int) -> str:
    if version < VERSION_MIN:
        return f"Cannot use PostgreSQL {version}: expected {VERSION_MIN} or newer."
    for name, value in (("fsync", fsync), ("full_page_writes", whole_pages)):
        if value != "on":
            return (
                f"This server runs with {name}={value} and may lose at a power cut what it "
                f"acknowledged: set {name} = on in postgresql.conf and reload it."
            )
    if encoding != "UTF8":
        return f"This database keeps text as {encoding}: make one with ENCODING 'UTF8'."
    return ""


@contextmanager
def only_one(connection: Connection) -> Iterator[None]:
    """Wait until nobody else in this database is in here, and stay the only one.

    Raises:
        Refused: If a statement of the block was not allowed to this role.
    """
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('hangtag'))")
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        raise Refused(
            f"This role may not do that ({_first_line(error)}): the tables of a ledger are made "
            "and upgraded by their owner, with hangtag db upgrade."
        ) from error
    finally:
        connection.rollback()


@contextmanager
def turn_of(connection: Connection, what: str) -> Iterator[Callable[[], bool]]:
    """Hold a lock of this session that nobody waits for; say, when asked, whether it is held still.

    Args:
        connection: Commits each statement by itself, and serves nothing else meanwhile.
        what: A name for what is done.
    """
    name = {"n": f"hangtag {what}"}
    is_ours = bool(
        connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:n))"), name).scalar()
    )

    def ask() -> bool:
        nonlocal is_ours
        if is_ours:
            try:
                connection.exec_driver_sql("SELECT 1")
            except DBAPIError:  # the session is gone, and the lock with it
                is_ours = False
        return is_ours

    try:
        yield ask
    finally:
        if is_ours:
            try:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:n))"), name)
            except DBAPIError:
                connection.invalidate()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]


def copy_rows(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert tuples, in the order of the table's columns, as one stream."""
    for place in _exact(target):
        rows = [(*row[:place], _decimal(row[place]), *row[place + 1 :]) for row in rows]
    if len(rows) < COPIED_MIN:
        connection.exec_driver_sql(_inserting(target), list(rows))
        return
    statement, types = _copying(target)
    connection.exec_driver_sql(statement, list(rows), {"hangtag_copies": types})


@lru_cache(maxsize=64)
def _inserting(target: Table) -> str:
    names = ", ".join(column.name for column in target.c)
    marks = ", ".join(["%s"] * len(target.c))
    return f"INSERT INTO {target.name} ({names}) VALUES ({marks})"  # noqa: S608


@lru_cache(maxsize=64)
def _copying(target: Table) -> tuple[str, tuple[str, ...]]:
    names = ", ".join(column.name for column in target.c)
    types = tuple("numeric" if _is_exact(column) else _type(column) for column in target.c)
    return f"COPY {target.name} ({names}) FROM STDIN (FORMAT binary)", types


def _copy(cursor: Any, statement: str, rows: Any, context: Any) -> bool | None:
    # Any: psycopg's cursor, and what SQLAlchemy gives such a listener. True: it is done.
    types = context.execution_options.get("hangtag_copies")
    if types is None:
        return None
    with cursor.copy(statement) as stream:
        stream.set_types(types)
        for row in rows:
            stream.write_row(row)
    return True


def update_bundle(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Replace whole rows by their primary key; tuples in the order of the table's columns."""
    connection.exec_driver_sql(_updating(target), _arrays(target, rows))


def add_bundle(connection: Connection, target: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add to the last column of rows found by their primary key; make the rows that are missing.

    No two of the rows may have the same key.
    """
    connection.exec_driver_sql(_adding(target), _arrays(target, rows))


@lru_cache(maxsize=64)
def _updating(target: Table) -> str:
    keys = [column.name for column in target.primary_key]
    changes = ", ".join(
        f"{column.name} = {_value(column)}" for column in target.c if column.name not in keys
    )
    found = " AND ".join(f"{target.name}.{name} = u.{name}" for name in keys)
    return f"UPDATE {target.name} SET {changes} FROM {_bundle(target)} WHERE {found}"  # noqa: S608


@lru_cache(maxsize=64)
def _adding(target: Table) -> str:
    names = ", ".join(column.name for column in target.c)
    values = ", ".join(_value(column) for column in target.c)
    keys = ", ".join(column.name for column in target.primary_key)
    last = list(target.c)[-1].name
    return (
        f"INSERT INTO {target.name} ({names}) SELECT {values} FROM {_bundle(target)} "  # noqa: S608
        f"ON CONFLICT ({keys}) DO UPDATE SET {last} = {target.name}.{last} + excluded.{last}"
    )


def _bundle(target: Table) -> str:
    arrays = ", ".join(f"%s::{_type(column)}[]" for column in target.c)
    names = ", ".join(column.name for column in target.c)
    return f"unnest({arrays}) AS u ({names})"


def _value(column: Any) -> str:  # a Column of any type
    # Millionths travel as whole numbers; the product with an exact decimal is exact.
    return f"u.{column.name} * 0.000001" if _is_exact(column) else f"u.{column.name}"


def _arrays(target: Table, rows: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    columns = zip(*rows, strict=True)
    return tuple(
        array(_type(column), values) for column, values in zip(target.c, columns, strict=True)
    )


def array(kind: str, values: Iterable[Any]) -> str:
    """Write values of one type as the server reads an array of them; None is its NULL."""
    if kind == "text":
        written = [
            '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
            if value is not None
            else "NULL"
            for value in values
        ]
    elif kind == "bytea":
        written = [f'"\\\\x{value.hex()}"' if value is not None else "NULL" for value in values]
    else:
        written = [str(value) if value is not None else "NULL" for value in values]
    return "{" + ",".join(written) + "}"


def _type(column: Any) -> str:  # a Column of any type
    """Name the type of a column; an exact decimal travels in millionths."""
    return "bigint" if _is_exact(column) else _TYPES[type(column.type)]


def _is_exact(column: Any) -> bool:  # a Column of any type
    return isinstance(column.type, ExactDecimal)


@lru_cache(maxsize=64)
def _exact(target: Table) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(target.c) if _is_exact(column))


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value) / MICRO
