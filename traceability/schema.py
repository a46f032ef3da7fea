"""Making and upgrading the tables of a ledger's database."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from traceability.database import Database, metadata, protect
from traceability.ledger import tables as ledger_tables
from traceability.projections import tables as projection_tables

__all__ = ["is_empty", "upgrade"]

assert ledger_tables.entry.metadata is projection_tables.item.metadata is metadata


def is_empty(database: Database) -> bool:
    """Say whether the database holds no ledger tables yet."""
    return not inspect(database.engine).has_table("ledger")


def upgrade(database: Database) -> None:
    """Bring the tables to this version, by Alembic's migrations, and put the triggers back.

    Alembic's batch mode on SQLite copies tables and so drops their triggers.
    """
    config = Config()
    config.set_main_option("script_location", "traceability:migrations")
    with database.engine.connect() as connection:
        attributes: dict[str, Any] = config.attributes  # Alembic's own untyped bag
        attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    with database.write() as connection:
        protect(connection)
