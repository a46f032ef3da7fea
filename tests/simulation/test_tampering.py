"""A dishonest hand in the demo's own database file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from traceability.simulation.tampering import Tampering

GUARD = (
    "CREATE TRIGGER body_update BEFORE UPDATE ON body "
    "BEGIN SELECT RAISE(ABORT, 'bodies never change'); END"
)


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "demo.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE entry (ledger_id, position, kind)")
        connection.execute("CREATE TABLE body (ledger_id, position, body)")
        for position in range(9):
            kind = "event" if position > 2 else "master"
            connection.execute("INSERT INTO entry VALUES (1, ?, ?)", (position, kind))
            body = f'{{"n":{position},"x":"8"}}'.encode()
            connection.execute("INSERT INTO body VALUES (1, ?, ?)", (position, body))
        connection.execute(GUARD)
    return path


def body_at(path: Path, position: int) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT body FROM body WHERE position = ?", (position,))
        return bytes(found.fetchone()[0])


def test_one_byte_of_one_event_changes_and_the_trigger_is_back(database: Path) -> None:
    assert Tampering(database).change() == 6
    assert body_at(database, 6) == b'{"n":6,"x":"9"}'
    assert GUARD + ";" in dump(database)


def test_put_back_leaves_the_file_as_it_was(database: Path) -> None:
    before = dump(database)
    tampering = Tampering(database)
    tampering.change()
    assert dump(database) != before
    assert tampering.put_back() == 6
    assert (dump(database), tampering.put_back()) == (before, None)


def test_a_second_change_leaves_it_at_one(database: Path) -> None:
    tampering = Tampering(database)
    assert (tampering.change(), tampering.change()) == (6, 6)
    tampering.put_back()
    assert body_at(database, 6) == b'{"n":6,"x":"8"}'


def test_without_events_there_is_nothing_to_change(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM entry WHERE kind = 'event'")
    assert Tampering(database).change() is None
