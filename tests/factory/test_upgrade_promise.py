"""The page Safe says why an upgrade is safe: written entries are never altered, only added to."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect

from traceability.database import Database, open_file
from traceability.ledger import tables
from traceability.schema import is_known, revision, upgrade

KEPT = (tables.entry, tables.body, tables.private, tables.erasure, tables.document,
        tables.event_id, tables.conflict, tables.tile, tables.checkpoint)  # fmt: skip
FIRST = "0001"


def columns(connection: Connection) -> dict[str, list[tuple[str, str, bool]]]:
    """Return name, type and duty of each column of each table that keeps what was written."""
    found = inspect(connection)
    return {
        table.name: [
            (column["name"], str(column["type"]), bool(column["nullable"]))
            for column in found.get_columns(table.name)
        ]
        for table in KEPT
    }


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_file(tmp_path / "old.sqlite")


def test_no_later_version_alters_what_is_written(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", "traceability:migrations")
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        connection.commit()
        before = columns(connection)
    upgrade(database)
    with database.engine.connect() as connection:
        after = columns(connection)
    database.close()
    assert {name: found[: len(before[name])] for name, found in after.items()} == before


def test_the_state_of_the_tables_has_a_name_that_this_version_knows(database: Database) -> None:
    assert revision(database) == ""
    upgrade(database)
    assert (is_known(revision(database)), is_known("9999")) == (True, False)
    database.close()
