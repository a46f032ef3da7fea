"""Which ledger a command means: by option, by HANGTAG_DB, or the usual file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from traceability.errors import Refused

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

DEFAULT_FILE = Path("var") / "hangtag.sqlite"
LEDGER_FILES = ("ledger.sqlite", "practice.sqlite", "hangtag.sqlite", "demo.sqlite")
"""What a ledger's file is called where Hangtag makes it."""
NEAR_MAX = 6
LEDGER_NAME = re.compile(r"[a-z0-9-]{1,32}")

Command = TypeVar("Command", bound=Callable[..., object])


def database_url(given: str | None = None) -> str:
    """Return the address of the database: the option, else HANGTAG_DB, else ``./var/``."""
    from traceability.database import file_url

    return given or os.environ.get("HANGTAG_DB") or file_url(DEFAULT_FILE)


def ledger_options(command: Command) -> Command:
    """Give a command ``--db``, ``--ledger`` and ``--json``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Write JSON lines."),
        click.option(
            "--ledger", "ledger_name", default="main", show_default=True, help="Which ledger."
        ),
        click.option("--db", help="Database address; default HANGTAG_DB or a file in ./var/."),
    ):
        command = option(command)
    return command


def open_ledger(db: str | None, name: str) -> Ledger:
    """Open an existing ledger for a command.

    Raises:
        Refused: If there is none, with what to do.
    """
    if not LEDGER_NAME.fullmatch(name):
        raise Refused(
            f"Cannot use {name!r} as a ledger's name: expected 1 to 32 of a-z, 0-9 and hyphen."
        )
    from traceability.database import open_database
    from traceability.ledger.append import Ledger

    url = database_url(db)
    try:
        database = open_database(url, create=False)
    except Refused as error:
        near = [] if db or os.environ.get("HANGTAG_DB") else ledgers_near(Path())
        if not near:
            raise
        raise Refused(f"{error} There is one near by: --db {' or --db '.join(near)}.") from error
    return Ledger.open(database, name)


def ledgers_near(folder: Path) -> list[str]:
    """Return the addresses of ledgers' files in a folder and those in it, at most six."""
    from traceability.database import file_url

    found: list[str] = []
    for place in (".", "*", "var/*"):
        for word in LEDGER_FILES:
            files = sorted(folder.glob(f"{place}/{word}" if place != "." else word))
            found += [file_url(file) for file in files if file.is_file()]
    return found[:NEAR_MAX]
