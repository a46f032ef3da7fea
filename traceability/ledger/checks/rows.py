"""The rows of a record as a check reads them: a slice at a time, each in a moment of its own.

No transaction stays open from slice to slice, so that a check of hours does not keep the database
from tidying up after a writer: what was written once does not change between two slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import Dialect

from traceability.ledger.merkle import HASH_SIZE
from traceability.ledger.tiles import WIDTH

__all__ = ["Row", "entry_rows", "leaves_of", "one_value", "plain_rows", "tile_of"]

Row = tuple[Any, Any, Any, Any, Any]
"""Position, kind, entry, salt, body: bytes, unless a hand was at the file; None if gone."""

SLICE = 4 * WIDTH
"""Entries looked at in one go."""
BYTES_MAX = 8 * 1024 * 1024
"""A slice ends early beyond so many bytes of bodies: one body may have 4 MiB."""
_STEP = 128
_BODY = itemgetter(4)

_ENTRIES = (
    "SELECT e.position, e.kind, e.entry, b.salt, b.body FROM entry e LEFT JOIN body b "
    "ON b.ledger_id = e.ledger_id AND b.position = e.position "
    "WHERE e.ledger_id = :l AND e.position >= :f AND e.position < :t ORDER BY e.position"
)


def plain_rows(connection: Connection, statement: str, parameters: Mapping[str, object]) -> Any:
    """Run a SELECT past SQLAlchemy's rows and types; return the driver's own cursor.

    Its rows are plain tuples of what the driver makes of a column: half of the time of a check is
    saved. Only for columns that need no conversion: bytes, texts, whole numbers.
    """
    if not connection.in_transaction():
        connection.begin()
    spelled, order = _spelled(statement, connection.dialect)
    given: Any = parameters if order is None else [parameters[name] for name in order]
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    cursor.execute(spelled, given)
    return cursor


@lru_cache(maxsize=64)
def _spelled(statement: str, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    compiled = text(statement).compile(dialect=dialect)
    order = getattr(compiled, "positiontup", None)
    return str(compiled), None if order is None else tuple(order)


def entry_rows(
    connection: Connection, ledger_id: int, first: int, last: int
) -> tuple[list[Row], int | None]:
    """Return the rows from ``first`` on as long as they follow one another.

    Returns:
        The rows of ``first``, ``first + 1`` …, up to ``last``, not including it, fewer if they grow
        large; and the position of a row that came where another was expected, None if none did.
    """
    cursor = plain_rows(connection, _ENTRIES, {"l": ledger_id, "f": first, "t": last})
    rows: list[Row] = []
    size = 0
    stranger = None
    while size <= BYTES_MAX and (many := cursor.fetchmany(_STEP)):
        # Each is looked at: a hand may have put 30.5 in the place of 30, where nobody finds it.
        wanted = range(first + len(rows), first + len(rows) + len(many))
        if [row[0] for row in many] != list(wanted):
            good = next(at for at, row in enumerate(many) if row[0] != wanted[at])
            stranger = many[good][0]
            rows += many[:good]
            break
        rows += many
        size += sum(map(len, filter(None, map(_BODY, many))))
    cursor.close()
    return rows, stranger


def leaves_of(connection: Connection, ledger_id: int, first: int, last: int) -> bytes:
    """Return the leaves that the stored tree holds from ``first`` up to ``last``, joined.

    A missing tile leaves the rest out.
    """
    cursor = plain_rows(
        connection,
        "SELECT n, data FROM tile WHERE ledger_id = :l AND level = 0 AND n >= :f AND n < :t "
        "ORDER BY n",
        {"l": ledger_id, "f": first // WIDTH, "t": -(-last // WIDTH)},
    )
    parts: list[bytes] = []
    for expected, (n, data) in enumerate(cursor.fetchall(), start=first // WIDTH):
        if n != expected or not isinstance(data, bytes):
            break
        parts.append(data)
        if len(data) != WIDTH * HASH_SIZE:
            break
    skipped = first % WIDTH * HASH_SIZE
    return b"".join(parts)[skipped : skipped + (last - first) * HASH_SIZE]


def tile_of(connection: Connection, ledger_id: int, level: int, n: int) -> bytes:
    """Return the data of one stored tile, nothing if it is not there."""
    data = one_value(
        connection,
        "SELECT data FROM tile WHERE ledger_id = :l AND level = :v AND n = :n",
        {"l": ledger_id, "v": level, "n": n},
    )
    return data if isinstance(data, bytes) else b""


def one_value(connection: Connection, statement: str, parameters: Mapping[str, object]) -> Any:
    """Return the first column of the first row, None if there is none."""
    cursor = plain_rows(connection, statement, parameters)
    row = cursor.fetchone()
    cursor.close()
    return None if row is None else row[0]
