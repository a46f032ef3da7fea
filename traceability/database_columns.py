"""What tables are made of: exact decimals, the ledger first in each row, text in byte order.

>>> ledger_column().name
'ledger_id'
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, Numeric, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["MICRO", "ExactDecimal", "ledger_column", "metadata", "table"]

MICRO = 1_000_000
"""Quantities are kept as whole millionths of their unit: 92.5 metres = 92,500,000."""

metadata = MetaData()


@compiles(Text, "postgresql")
def _text(_type: Text, _compiler: object, **_options: object) -> str:
    # Keys are cut into ranges and put in order by their bytes, as SQLite does it. A database that
    # was made for French, or by ICU, would sort and search them otherwise.
    return 'TEXT COLLATE "C"'


class ExactDecimal(TypeDecorator[int]):
    """A quantity in whole millionths in Python; NUMERIC on PostgreSQL, a 64-bit integer on SQLite.

    SQLite has no exact decimal type: a REAL would make the sum of stock depend on the order of
    adding.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the engine in use."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(28, 6))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:  # engine's own type
        """Turn millionths into what the engine stores."""
        if value is None or dialect.name != "postgresql":
            return value
        return Decimal(value) / MICRO

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # SQLAlchemy's own type
        """Leave SQLite's integers as they come: ten thousand rows of them are read at a time."""
        if dialect.name != "postgresql":
            return None
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # engine's own type
        """Turn what the engine stores into millionths."""
        if value is None:
            return None
        return int(value * MICRO) if dialect.name == "postgresql" else int(value)


def table(name: str, *parts: Column[Any] | Index, rowid: bool = False) -> Table:
    """Declare a table that is sharded by its ledger (rules R1 and R2 of the schema).

    The first column is ``ledger_id``. ``rowid`` keeps SQLite's hidden row number: right for wide
    rows that are never looked up by range.
    """
    return Table(name, metadata, *parts, info={"distribute": "ledger_id"}, sqlite_with_rowid=rowid)


def ledger_column() -> Column[int]:
    """Make the first column of every table: the ledger a row belongs to."""
    return Column("ledger_id", BigInteger, primary_key=True, nullable=False, autoincrement=False)
