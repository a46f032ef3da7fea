"""The page Safe says why an upgrade is safe: written entries are never altered, only added to."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from traceability.database import Database, open_file
from traceability.ledger import tables
from traceability.schema import is_known, revision, revisions, upgrade

KEPT = (tables.entry, tables.body, tables.private, tables.erasure, tables.document,
        tables.event_id, tables.conflict, tables.tile, tables.checkpoint)  # fmt: skip
FIRST = "0001"
RECORD = Path(__file__).parents[1] / "releases" / "0.1.0.sqlite.xz"
CHANGES = (
    "UPDATE entry SET kind = 'gap' WHERE position = 3",
    "UPDATE entry SET entry = x'7b7d'",
    "DELETE FROM entry WHERE position = 3",
    "DELETE FROM entry",
    "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE position = 3",
    "INSERT INTO entry SELECT ledger_id, position + 100, kind, entry FROM entry WHERE position = 3",
    "UPDATE body SET body = x'7b7d' WHERE position = 3",
    "UPDATE body SET salt = x'00'",
    "DELETE FROM body WHERE position = 3",
    "INSERT OR REPLACE INTO body SELECT * FROM body WHERE position = 3",
)
"""What nobody may do to what is written, whatever version the tables are of."""


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


def written(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of what was written, in the columns that the first version had."""
    return {
        table: [
            tuple(row)
            for row in connection.exec_driver_sql(
                f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(columns)}"
            )
        ]
        for table, columns in {
            "entry": ("ledger_id", "position", "kind", "entry"),
            "body": ("ledger_id", "position", "salt", "body"),
            "event_id": ("ledger_id", "event_id", "declared_at", "position"),
            "tile": ("ledger_id", "level", "n", "data"),
        }.items()
    }


def test_after_each_change_of_the_tables_what_is_written_is_there_and_cannot_be_altered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(lzma.decompress(RECORD.read_bytes()))
    database = open_file(path)
    with database.read() as connection:
        before = written(connection)
    assert len(before["entry"]) > 50
    tried = []
    for state in revisions():
        upgrade(database, to=state)
        assert revision(database) == max(state, FIRST)
        for change in CHANGES:
            with pytest.raises(DBAPIError), database.write() as connection:
                connection.exec_driver_sql(change)
            tried.append((state, change))
        with database.read() as connection:
            assert written(connection) == before
    database.close()
    assert len(tried) == len(revisions()) * len(CHANGES)
