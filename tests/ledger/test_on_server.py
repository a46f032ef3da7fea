"""What is particular to a ledger on a server: rights, sessions, snapshots, first starts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

import app
from tests import engines, postgres
from tests.ledger.books import draft, open_book, packed
from traceability.assets import folder
from traceability.database import (
    Database,
    add_rows,
    insert_rows,
    metadata,
    missing_rules,
    open_database,
    rows_by,
    update_rows,
)
from traceability.database_rules import FOR_EVER
from traceability.errors import DatabaseBusy, Refused
from traceability.ledger.append import Ledger, Opening
from traceability.ledger.erasing import erase_bodies
from traceability.ledger.verify import verify
from traceability.projections import tables
from traceability.schema import newest, upgrade

ON_SERVER = pytest.mark.parametrize("engine", [engines.ENGINES[1]], indirect=True)
pytestmark = [pytest.mark.usefixtures("engine"), ON_SERVER]
OPENING = Opening((folder("flows") / "garment.toml").read_text("utf-8"), namespace="shop.invalid")


@pytest.fixture
def book(engine: str, tmp_path: Path) -> Ledger:
    return open_book(tmp_path / "book.sqlite")


@pytest.fixture
def bare() -> Iterator[str]:
    """The address of a database without any table."""
    url = postgres.new_database()
    name = postgres.name_of(url)
    with postgres.shared().connect(name) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute(f"CREATE SCHEMA public AUTHORIZATION {postgres.ROLE}")
    yield url
    database = open_database(url)
    upgrade(database)
    database.close()
    postgres.give_back(url)


def execute(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(statement)


def as_superuser(database: Database, statement: str) -> None:
    with postgres.shared().connect(str(database.engine.url.database)) as connection:
        connection.execute(statement)


def rules_of(database: Database) -> list[str]:
    with database.read() as connection:
        return missing_rules(connection)


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE {name} SET ledger_id = 2" for name in FOR_EVER),
        *(f"DELETE FROM {name}" for name in FOR_EVER),
        *(f"TRUNCATE {name}" for name in FOR_EVER),
        "SELECT erase_bodies(1, '{1}')",
    ],
)
def test_not_even_the_owner_changes_what_is_kept_for_ever(book: Ledger, statement: str) -> None:
    book.append([draft(packed(1))])
    with pytest.raises(DBAPIError, match=r"permission denied|only an erasure removes a body"):
        execute(book.database, statement)
    assert verify(book).finding is None


def test_an_erasure_takes_the_right_to_delete_and_gives_it_back(book: Ledger) -> None:
    book.append([draft(packed(1)), draft(packed(2))])
    erase_bodies(book, [1], by="admin")
    with book.database.read() as connection:
        left = connection.execute(text("SELECT position FROM body ORDER BY position")).scalars()
        assert list(left) == [0, 2, 3]
    assert rules_of(book.database) == []
    assert verify(book, projections=True).finding is None


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("GRANT UPDATE ON entry TO hangtag", "UPDATE on entry granted to hangtag"),
        ("GRANT DELETE ON body TO PUBLIC", "DELETE on body granted to PUBLIC"),
        ("GRANT TRUNCATE ON entry TO reports", "TRUNCATE on entry granted to reports"),
        ("GRANT UPDATE (kind) ON entry TO hangtag", "UPDATE on entry granted to hangtag"),
        (
            """CREATE TRIGGER quiet BEFORE UPDATE ON tile FOR EACH ROW
            EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
            "trigger quiet on tile",
        ),
        ("DROP FUNCTION erase_bodies", "function erase_bodies"),
        (
            """CREATE OR REPLACE FUNCTION erase_bodies(ledger bigint, positions bigint[])
            RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'""",
            "function erase_bodies",
        ),
    ],
)
def test_a_right_that_was_given_is_named(statement: str, named: str, bare: str) -> None:
    database = open_database(bare)
    upgrade(database)
    assert rules_of(database) == []
    with postgres.shared().connect() as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reports'").fetchone():
            connection.execute("CREATE ROLE reports")
    as_superuser(database, statement)
    assert rules_of(database) == [named]
    upgrade(database)
    left = [one for one in [named] if "reports" in one or one.startswith("trigger")]
    assert rules_of(database) == left
    database.close()


@pytest.mark.parametrize(
    ("statement", "kind", "position"),
    [
        ("UPDATE body SET body = body || ' '::bytea WHERE position = 2", "changed body", 2),
        ("UPDATE entry SET entry = entry || ' '::bytea WHERE position = 2", "changed entry", 2),
        ("DELETE FROM body WHERE position = 3", "missing body", 3),
        ("DELETE FROM entry WHERE position = 2", "deleted", 2),
        ("UPDATE tile SET data = decode(repeat('00', 160), 'hex')", "tile altered", None),
        (
            "UPDATE item SET quantity = quantity + 0.000001",
            "projection row",
            None,
        ),
        ("DELETE FROM touch WHERE position = 2", "projection row", None),
        ("GRANT UPDATE ON entry TO PUBLIC", "grant changed", None),
    ],
)
def test_verify_names_what_was_done_past_us(
    bare: str, statement: str, kind: str, position: int | None
) -> None:
    ledger = Ledger.open(open_database(bare), opening=OPENING)
    ledger.append([draft(packed(number)) for number in range(4)])
    as_superuser(ledger.database, statement)
    finding = verify(ledger, projections=True).finding
    ledger.database.close()
    assert finding is not None
    assert finding.kind == kind
    assert position in (None, finding.position)


def test_a_superuser_is_told_that_nothing_is_kept_from_him(book: Ledger) -> None:
    name = str(book.database.engine.url.database)
    database = open_database(postgres.shared().url(name, "postgres"))
    assert rules_of(database) == ["postgres is a superuser, whom no right is needed for"]
    database.close()


def test_a_role_of_its_own_appends_and_reads_and_no_more(bare: str) -> None:
    with postgres.shared().connect() as connection:
        connection.execute("DROP ROLE IF EXISTS floor")
        connection.execute("CREATE ROLE floor LOGIN")
    made = run("upgrade", "--db", bare, "--role", "floor")
    assert made == {"before": "", "now": newest(), "role": "floor", "not_protected": []}
    database = open_database(bare.replace(f"{postgres.ROLE}@", "floor@"))
    ledger = Ledger.open(database, opening=OPENING)
    ledger.append([draft(packed(1))])
    erase_bodies(ledger, [1], by="admin")
    assert verify(ledger, projections=True).finding is None
    for statement in ("UPDATE entry SET kind = 'x'", "DELETE FROM body", "DROP TABLE tile"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            execute(database, statement)
    with pytest.raises(Refused, match="made and upgraded by their owner, with hangtag db upgrade"):
        upgrade(database)
    assert rules_of(database) == []
    as_superuser(database, "DROP OWNED BY floor")
    database.close()


def run(*words: str) -> Any:
    done = CliRunner().invoke(app.main, ["db", *words, "--json"])
    return json.loads(done.stdout.splitlines()[-1])


def test_a_cluster_is_asked_for_only_where_there_is_one(bare: str) -> None:
    run("upgrade", "--db", bare)
    assert run("distribute", "--db", bare)["error"]["message"] == (
        "This database has no Citus, and one server needs none. For a cluster: install the "
        "extension, CREATE EXTENSION citus, then come again."
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("0001", "stop all its servers, then hangtag db upgrade"),
        ("9999", "which a later version of Hangtag made"),
    ],
)
def test_tables_of_another_version_are_not_touched(
    book: Ledger, change: str, sentence: str
) -> None:
    execute(book.database, f"UPDATE alembic_version SET version_num = '{change}'")
    try:
        with pytest.raises(Refused, match=sentence):
            Ledger.open(book.database)
    finally:
        execute(book.database, f"UPDATE alembic_version SET version_num = '{newest()}'")


def test_several_servers_that_start_at_once_begin_one_ledger(bare: str) -> None:
    databases = [open_database(bare) for _ in range(4)]
    opened: list[Ledger] = []
    gate = threading.Barrier(len(databases))

    def start(database: Database) -> None:
        gate.wait()
        opened.append(Ledger.open(database, opening=OPENING))

    threads = [threading.Thread(target=start, args=[one]) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.size for one in opened] == [1, 1, 1, 1]
    assert {one.ledger_id for one in opened} == {1}
    for database in databases:
        database.close()


def test_a_reader_keeps_his_moment_while_others_write(book: Ledger) -> None:
    count = text("SELECT (SELECT size FROM ledger), (SELECT count(*) FROM entry)")
    with book.database.read() as connection:
        assert tuple(connection.execute(count).one()) == (1, 1)
        book.append([draft(packed(1))])
        assert tuple(connection.execute(count).one()) == (1, 1)
        with pytest.raises(DBAPIError, match="read-only transaction"):
            connection.exec_driver_sql("UPDATE ledger SET size = 7")
    assert book.size == 2


def test_our_sessions_wait_for_the_disk_whatever_the_server_says(book: Ledger) -> None:
    wanted = ("synchronous_commit", "fsync", "full_page_writes", "jit")
    asked = ", ".join(f"current_setting('{one}')" for one in wanted)
    with book.database.write() as connection:
        assert tuple(connection.exec_driver_sql(f"SELECT {asked}").one()) == (
            "on", "on", "on", "off",
        )  # fmt: skip
    with postgres.shared().connect() as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)


def test_a_head_that_stays_locked_is_busy_not_broken(book: Ledger) -> None:
    with book.database.write() as connection:
        connection.exec_driver_sql("UPDATE ledger SET epoch = epoch")
        with Ledger.open(book.database).database.engine.connect() as other:
            other.exec_driver_sql("SET lock_timeout = 50")
            other.commit()
            with pytest.raises(DBAPIError) as raised:
                other.exec_driver_sql("UPDATE ledger SET epoch = epoch")
    with pytest.raises(DatabaseBusy), book.database.read():
        raise raised.value


def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    nowhere = open_database(f"postgresql://hangtag@/none?host={tmp_path}")
    with pytest.raises(DatabaseBusy, match=r"does not answer: .*No such file or directory"):
        Ledger.open(nowhere)
    nowhere.close()


HARD_TEXTS = ("", "'", '"', "\\", "\\\\N", "{a,b}", "NULL", " x ", "\n\t", "ß襯衫\U0001f9f5", "(,)")
HARD_NUMBERS = (0, -1, 2**63 - 1, -(2**63), 10**12, -999_999)


def test_rows_come_back_as_they_went_in(book: Ledger) -> None:
    item = tables.item
    rows = [
        (
            *(1, 900 + n, f"key {n}{one}", 0, 1, 1, 1, 1, 1, None if n % 2 else n, bool(n % 2)),
            *(
                HARD_NUMBERS[n % 6],
                HARD_NUMBERS[(n + 1) % 6],
                one,
                2**62,
                None,
                n,
                0,
                -n,
                2**63 - 1,
            ),
        )
        for n, one in enumerate(HARD_TEXTS)
    ]
    query = select(item).where(item.c.item_no >= 900).order_by(item.c.item_no)
    with book.database.write() as connection:
        insert_rows(connection, item, rows)
        assert [tuple(row) for row in connection.execute(query)] == rows
        changed = [(*row[:13], row[13][::-1], *row[14:]) for row in rows]
        update_rows(connection, item, changed)
        assert [tuple(row) for row in connection.execute(query)] == changed
        found = rows_by(
            connection, item, ("item_no",), ledger_id=1, column="key", index="item_key",
            values=[row[2] for row in reversed(rows)],
        )  # fmt: skip
        assert [row.item_no for row in found] == [row[1] for row in reversed(rows)]
        connection.rollback()


def test_amounts_add_up_exactly(book: Ledger) -> None:
    stock = tables.stock
    parts = [1, 999_999, -333_333, 10**15, -(10**15), 92_500_000]
    with book.database.write() as connection:
        for part in parts:
            add_rows(connection, stock, [(1, 7, 8, 9, 10, "MTR", part), (1, 7, 8, 9, 11, "", 1)])
        rows = connection.execute(select(stock.c.quantity).where(stock.c.place_no == 7)).scalars()
        assert sorted(rows) == sorted([sum(parts), len(parts)])
        stored = connection.exec_driver_sql("SELECT quantity FROM stock WHERE uom = 'MTR'").scalar()
        assert stored == Decimal(sum(parts)) / 1_000_000
        connection.rollback()


def test_texts_stand_in_the_order_of_their_bytes(book: Ledger) -> None:
    keys = ["a", "B", "_", "ä", "Z", "//x", "/01/9", "-", "襯", "é"]
    with book.database.write() as connection:
        rows = [(1, "place", key, "{}", n) for n, key in enumerate(keys)]
        insert_rows(connection, tables.master_data, rows)
        query = "SELECT key FROM master_data WHERE type = 'place' ORDER BY key"
        found = list(connection.exec_driver_sql(query).scalars())
        connection.rollback()
    assert found == sorted(keys, key=str.encode)


def test_tables_are_those_of_the_program(book: Ledger, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    keep: Callable[[object], bool] = lambda change: "alembic_version" not in str(change)  # noqa: E731
    with book.database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert list(filter(keep, compare_metadata(context, metadata))) == []
