"""What the database itself refuses to do with the record: change it, or let any of it go.

A file has triggers, a server has grants. They stop accidents, and programs that mean no harm; they
do not stop people: the proofs do.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from traceability.database_columns import metadata
from traceability.errors import Refused

__all__ = [
    "APPEND_ONLY",
    "ERASE_BODIES",
    "FOR_EVER",
    "distribute",
    "grant",
    "missing_rules",
    "protect",
]

APPEND_ONLY = {
    "entry_update": "BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries never change'); END",
    "entry_delete": "BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries never go'); END",
    # The next position is the one after the last row. This also stops INSERT OR REPLACE.
    "entry_insert": (
        "BEFORE INSERT ON entry WHEN NEW.position IS NOT (SELECT coalesce(max(position), -1) + 1 "
        "FROM entry WHERE ledger_id = NEW.ledger_id) "
        "BEGIN SELECT RAISE(ABORT, 'entries follow one another'); END"
    ),
    "body_update": "BEFORE UPDATE ON body BEGIN SELECT RAISE(ABORT, 'bodies never change'); END",
    "body_delete": (
        "BEFORE DELETE ON body WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE ledger_id = "
        "OLD.ledger_id AND erased = OLD.position) "
        "BEGIN SELECT RAISE(ABORT, 'only an erasure removes a body'); END"
    ),
}
"""The triggers that stop accidents on SQLite. They do not stop people: the proofs do."""

FOR_EVER = ("body", "entry", "erasure", "event_id", "landmark")
"""Tables of which nobody is given the right to change or delete a row, on a server."""
TAKEN = ("UPDATE", "DELETE", "TRUNCATE")
ERASE_BODIES = "SELECT erase_bodies(:l, CAST(:v AS bigint[]))"
_ERASING = """
DECLARE
    gone bigint;
BEGIN
    IF EXISTS (SELECT FROM unnest(positions) AS one WHERE NOT EXISTS (
        SELECT FROM erasure WHERE erasure.ledger_id = ledger AND erasure.erased = one)) THEN
        RAISE EXCEPTION 'only an erasure removes a body';
    END IF;
    -- One at a time: two who change the same grants at once would be refused.
    PERFORM pg_advisory_xact_lock(hashtext('erase_bodies'));
    GRANT DELETE ON body TO CURRENT_USER;
    DELETE FROM body WHERE body.ledger_id = ledger AND body.position = ANY (positions);
    GET DIAGNOSTICS gone = ROW_COUNT;
    REVOKE DELETE ON body FROM CURRENT_USER;
    RETURN gone;
END
"""
"""The only way to delete a body on a server. It runs with the rights of the tables' owner, who has
none to delete either: he takes it for this one transaction, in which nobody else sees it."""


def protect(connection: Connection) -> None:
    """Make entries and bodies append-only, as far as the engine can say so in the schema.

    On a server the owner takes the rights away from himself, too.

    Args:
        connection: Of the owner of the tables, in a writing transaction.

    Source: the trigger on inserts closes the hole that REPLACE leaves (measured, DATA_MODEL).
    """
    if connection.dialect.name == "sqlite":
        for name, rule in APPEND_ONLY.items():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {rule}")
        return
    schema = _quoted(connection, connection.execute(text("SELECT current_schema()")).scalar_one())
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION erase_bodies(ledger bigint, positions bigint[]) "
        f"RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp "
        f"AS $erasing${_ERASING}$erasing$"
    )
    connection.exec_driver_sql("REVOKE ALL ON FUNCTION erase_bodies(bigint, bigint[]) FROM PUBLIC")
    for name in FOR_EVER:
        connection.exec_driver_sql(f"REVOKE {', '.join(TAKEN)} ON {name} FROM PUBLIC, CURRENT_USER")


def grant(connection: Connection, role: str) -> None:
    """Let a role append and read, and nothing more of what is kept for ever (a server only).

    Args:
        connection: Of the owner of the tables, in a writing transaction.
        role: An existing role of the server.
    """
    to = _quoted(connection, role)
    schema = _quoted(connection, connection.execute(text("SELECT current_schema()")).scalar_one())
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {to}")
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {to}")
    connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION erase_bodies(bigint, bigint[]) TO {to}")
    for name in metadata.tables:
        connection.exec_driver_sql(f"REVOKE ALL ON {name} FROM {to}")
        rights = "SELECT, INSERT" if name in FOR_EVER else "SELECT, INSERT, UPDATE, DELETE"
        connection.exec_driver_sql(f"GRANT {rights} ON {name} TO {to}")


def distribute(connection: Connection, name: str) -> bool:
    """Spread one table over a cluster by its ledgers; say whether it was not so before.

    Rows of one ledger lie on one node in all tables, so that nothing ever asks two nodes.

    Args:
        connection: Of the owner of the tables, in a writing transaction.
        name: A table of the ledger.

    Raises:
        Refused: If the server has no Citus.

    Source: Citus, "Citus Utility Functions", create_distributed_table.
    """
    has_it = connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")).scalar()
    if not has_it:
        raise Refused(
            "This database has no Citus, and one server needs none. For a cluster: install the "
            "extension, CREATE EXTENSION citus, then come again."
        )
    of = {"t": name}
    known = text("SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST(:t AS regclass)")
    if connection.execute(known, of).scalar():
        return False
    beside = "default" if name == "ledger" else "ledger"
    connection.execute(
        text(
            "SELECT create_distributed_table(CAST(:t AS regclass), 'ledger_id', "
            "colocate_with => :c)"
        ),
        {**of, "c": beside},
    )
    return True


def missing_rules(connection: Connection) -> list[str]:
    """Name what no longer protects the record: triggers absent, altered or put in, rights given.

    >>> # on a server, for example: ["UPDATE on entry granted to reports"]
    """
    if connection.dialect.name != "sqlite":
        return _missing_grants(connection)
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    found = {row.name: row.sql for row in rows}
    ours = [
        name
        for name, rule in APPEND_ONLY.items()
        if found.get(name) != f"CREATE TRIGGER {name} {rule}"
    ]
    # One that somebody put in may drop or change a row on its way, as if nobody had sent it.
    return ours + sorted(found.keys() - APPEND_ONLY.keys())


def _missing_grants(connection: Connection) -> list[str]:
    given = {"names": list(FOR_EVER), "rights": list(TAKEN)}
    # A table that was never protected has no list of rights: its owner has them all.
    rows = connection.execute(
        text(
            "SELECT DISTINCT c.relname, a.privilege_type, "
            "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS role "
            "FROM pg_class c CROSS JOIN LATERAL ("
            "SELECT * FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) UNION ALL "
            "SELECT x.* FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x "
            "WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL) a "
            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') "
            "AND c.relname = ANY(:names) AND a.privilege_type = ANY(:rights) "
            "ORDER BY 1, 2, 3"
        ),
        given,
    )
    found = [f"{row.privilege_type} on {row.relname} granted to {row.role}" for row in rows]
    role = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolsuper")
    ).scalar()
    if role is not None:
        found.append(f"{role} is a superuser, whom no right is needed for")
    source = connection.execute(
        text(
            "SELECT prosrc FROM pg_proc WHERE proname = 'erase_bodies' "
            "AND pronamespace = current_schema()::regnamespace"
        )
    ).scalars()
    if list(source) != [_ERASING]:
        found.append("function erase_bodies")
    strange = connection.execute(
        text(
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace "
            "ORDER BY 1, 2"
        )
    )
    return found + [f"trigger {row.tgname} on {row.relname}" for row in strange]


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
