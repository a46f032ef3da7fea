"""The rules that every table keeps, so that one schema serves a PC and a cluster (R1 to R7)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Table, inspect

from tests.ledger.books import open_book
from traceability.database import APPEND_ONLY, metadata, missing_rules
from traceability.ledger import tables as ledger_tables
from traceability.projections import tables as projection_tables
from traceability.schema import upgrade

TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)
assert ledger_tables.entry in TABLES
assert projection_tables.item in TABLES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_ledger_is_the_first_column_of_every_key(table: Table) -> None:
    assert next(iter(table.columns)).name == "ledger_id"
    assert next(iter(table.primary_key.columns)).name == "ledger_id"
    for index in table.indexes:
        assert next(iter(index.columns)).name == "ledger_id", index.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_says_how_it_is_distributed(table: Table) -> None:
    assert table.info == {"distribute": "ledger_id"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_table_leans_on_what_a_cluster_refuses(table: Table) -> None:
    assert not table.foreign_keys
    assert not any(column.autoincrement is True for column in table.columns)
    assert not any(column.server_default is not None for column in table.columns)
    assert not any(isinstance(column.type, Boolean) for column in table.primary_key)


def test_migrations_make_the_tables_of_the_program(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    with ledger.database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        changes = [
            change
            for change in compare_metadata(context, metadata)
            if "alembic_version" not in str(change)
        ]
        assert changes == []
        names = set(inspect(connection).get_table_names())
    assert names == {*metadata.tables, "alembic_version"}


def test_an_upgrade_puts_the_append_only_rules_back(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    by_hand = sqlite3.connect(tmp_path / "book.sqlite")
    for name in APPEND_ONLY:
        by_hand.execute(f"DROP TRIGGER {name}")
    by_hand.commit()
    by_hand.close()
    upgrade(ledger.database)
    with ledger.database.read() as connection:
        assert missing_rules(connection) == []
    with pytest.raises(sqlite3.IntegrityError, match="entries never change"):
        sqlite3.connect(tmp_path / "book.sqlite").execute("UPDATE entry SET kind = 'x'")


def test_wide_rows_alone_keep_a_hidden_row_number(tmp_path: Path) -> None:
    open_book(tmp_path / "book.sqlite")
    rows = sqlite3.connect(tmp_path / "book.sqlite").execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'"
    )
    assert {row[0] for row in rows} == {"body", "document", "alembic_version"}
