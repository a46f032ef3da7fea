"""The two databases a ledger may lie on, for tests that must hold on both.

A test (or a file, by ``pytestmark``) that uses the fixture ``engine`` runs once on each. What it
opens by `address` lies in a file, or in a database of the run's server that goes by the file's
name: so what a test does with its folder means the same on both.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from traceability.database import APPEND_ONLY, Database, file_url, open_database
from traceability.schema import upgrade

FILE, SERVER = "sqlite", "postgresql"
ENGINES = (FILE, pytest.param(SERVER, marks=pytest.mark.postgres))

ON_A_FILE = pytest.mark.parametrize("engine", [FILE], indirect=True)
"""Marks a test that is about files alone, among others that run on both."""


class _Chosen:
    """What the running test is about. One test runs at a time in a process."""

    def __init__(self) -> None:
        self.engine = FILE
        self.addresses: dict[Path, str] = {}
        self.opened: list[Database] = []


_chosen = _Chosen()


@contextmanager
def on(engine: str) -> Iterator[None]:
    """Let ledgers lie on an engine; databases of a server are closed at the end."""
    before = _chosen.engine, _chosen.addresses, _chosen.opened
    _chosen.engine, _chosen.addresses, _chosen.opened = engine, {}, []
    try:
        yield
    finally:
        for database in _chosen.opened:
            database.close()
        for url in _chosen.addresses.values():
            postgres.give_back(url)
        _chosen.engine, _chosen.addresses, _chosen.opened = before


def is_server() -> bool:
    """Say whether the running test is about ledgers on a server."""
    return _chosen.engine == SERVER


def address(file: Path) -> str:
    """Return where a ledger lies that would lie in this file: with its tables, and no rows yet."""
    if not is_server():
        return file_url(file)
    if file not in _chosen.addresses:
        _chosen.addresses[file] = postgres.new_database()
    return _chosen.addresses[file]


def open_place(file: Path) -> Database:
    """Open the database at the address of a file; one on a server is closed with the test.

    A file that is not there yet begins with its tables, and no rows, as on a server: every
    migration has run, but once in a process instead of once in a test.
    """
    if not is_server() and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_tables())
    return _noted(open_database(address(file)))


@cache
def _tables() -> bytes:
    """Return a file with the tables of a ledger, as the migrations make them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tables.sqlite"
        database = open_database(file_url(file))
        upgrade(database)
        database.close()
        return file.read_bytes()


def opened_again(database: Database) -> Database:
    """Close a database and open the same one again, as a server that was restarted does."""
    url = database.engine.url.render_as_string(hide_password=False)
    database.close()
    return _noted(open_database(url))


def _noted(database: Database) -> Database:
    if is_server():
        _chosen.opened.append(database)
    return database


@contextmanager
def past(database: Database) -> Iterator[Callable[..., list[Any]]]:
    """Do what a dishonest hand does: statements past Hangtag, as whoever owns the machine.

    Append-only triggers of a file are away meanwhile and back afterwards; on a server it is the
    superuser, whom no grant is needed for.

    Yields:
        (statement with ``?`` for each value, values) → rows.
    """
    path = database.path
    if path is None:
        name = str(database.engine.url.database)
        with postgres.shared().connect(name) as connection:

            def execute(statement: str, values: Sequence[Any] = ()) -> list[Any]:
                done = connection.execute(statement.replace("?", "%s"), values)
                return done.fetchall() if done.description else []

            yield execute
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for trigger in APPEND_ONLY:
            file.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        yield lambda statement, values=(): file.execute(statement, values).fetchall()
        for trigger, rule in APPEND_ONLY.items():
            file.execute(f"CREATE TRIGGER {trigger} {rule}")
