"""`hangtag db`: the tables of a ledger on a database server, made and upgraded by their owner."""

from __future__ import annotations

import json
from contextlib import closing

import click

from traceability.database import Database, metadata, missing_rules, open_database
from traceability.database_rules import distribute, grant
from traceability.errors import Refused
from traceability.factory.upgrading import refuse_newer
from traceability.opening import database_url
from traceability.schema import check_tables, is_empty, newest, revision, upgrade

_db = click.option("--db", help="Database address; default HANGTAG_DB.")
_json = click.option("--json", "as_json", is_flag=True, help="Write one JSON line.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def db() -> None:
    """The tables of a ledger on a database server."""


@db.command("upgrade")
@_db
@click.option("--role", help="A role of the server that may append and read, and no more.")
@_json
def upgrade_command(db: str | None, role: str | None, as_json: bool) -> None:
    """Make the tables, or bring them to this version; run it as their owner."""
    with closing(_server(db)) as database:
        before = revision(database)
        refuse_newer(database)
        upgrade(database)
        with database.alone(), database.write() as connection:
            if role is not None:
                grant(connection, role)
            open_rights = missing_rules(connection)
    if as_json:
        said = {"before": before, "now": newest(), "role": role, "not_protected": open_rights}
        click.echo(json.dumps(said))
        return
    done = f"Tables are at change {newest()}, as before" if before == newest() else (
        f"Tables went from change {before or 'none'} to {newest()}"
    )  # fmt: skip
    click.echo(f"{done}.{f' {role} may append and read.' if role else ''}")
    for one in open_rights:
        click.echo(f"Not protected: {one}.", err=True)


@db.command("distribute")
@_db
@_json
def distribute_command(db: str | None, as_json: bool) -> None:
    """Spread the tables over a Citus cluster, each ledger whole on one node."""
    done = []
    with closing(_server(db)) as database, database.alone():
        if is_empty(database):
            raise Refused("There are no tables yet: hangtag db upgrade first.")
        check_tables(database)
        for name in sorted(metadata.tables, key=lambda name: (name != "ledger", name)):
            with database.write() as connection:  # each on its own, as the cluster wants it
                if distribute(connection, name):
                    done.append(name)
    if as_json:
        click.echo(json.dumps({"distributed": done}))
        return
    click.echo(
        f"Distributed {len(done)} tables by ledger."
        if done
        else "Nothing to do: every table is distributed already."
    )


def _server(given: str | None) -> Database:
    url = database_url(given)
    database = open_database(url, create=False)
    if database.is_file:
        raise Refused(
            f"{database.path} is a file: hangtag start upgrades it, after a backup. These commands "
            "are for a ledger on a database server."
        )
    return database
