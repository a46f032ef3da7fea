"""Making and upgrading the tables of a ledger's database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text

from traceability.database import Database, metadata, protect
from traceability.errors import Refused
from traceability.ledger import tables as ledger_tables
from traceability.projections import tables as projection_tables

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

# Alembic is imported where it works: a ledger whose tables stand is opened without it.

__all__ = ["check_tables", "is_empty", "is_known", "newest", "revision", "revisions", "upgrade"]

assert ledger_tables.entry.metadata is projection_tables.item.metadata is metadata


def is_empty(database: Database) -> bool:
    """Say whether the database holds no ledger tables yet."""
    with database.read() as connection:
        return not inspect(connection).has_table("ledger")


def revision(database: Database) -> str:
    """Return the name of the last change that a database's tables have seen; empty before any."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def is_known(name: str) -> bool:
    """Say whether this version of Hangtag knows a change of the tables: a later one does not."""
    return name in {script.revision for script in _scripts().walk_revisions()}


def revisions() -> list[str]:
    """Name every change of the tables that this version knows, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def newest() -> str:
    """Name the last change of the tables that this version knows."""
    return revisions()[-1]


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "traceability:migrations")
    return config


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables to this version, by Alembic's migrations, and put the rules back.

    Alembic's batch mode on SQLite copies tables and so drops their triggers.

    Args:
        database: With tables of an earlier version, or none.
        to: The last change to make; tests stop at each.
    """
    from alembic import command

    config = _config()
    with database.alone():
        with database.engine.connect() as connection:
            attributes: dict[str, Any] = config.attributes  # Alembic's own untyped bag
            attributes["connection"] = connection
            command.upgrade(config, to)
            connection.commit()
        with database.write() as connection:
            protect(connection)


def check_tables(database: Database) -> None:
    """Make sure that the tables on a server are those of this version.

    A file is upgraded when it is opened; what several processes share is upgraded once, on purpose.

    Raises:
        Refused: If they are older or newer.
    """
    found = "" if database.is_file else revision(database)
    if not found or found == newest():
        return
    if is_known(found):
        raise Refused(
            f"The tables of this ledger are at change {found}, and this version of Hangtag works "
            f"with {newest()}: stop all its servers, then hangtag db upgrade."
        )
    raise Refused(
        f"The tables of this ledger are at change {found}, which a later version of Hangtag made: "
        "install that version. Nothing was changed."
    )
