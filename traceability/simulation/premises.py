"""Where the demo lives: a ledger of its own and a folder for what its programs leave behind.

The demo never writes into a ledger that is somebody's: it takes an empty database, or one that
says of itself that it is a demo.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import make_url

from traceability.assets import folder as assets
from traceability.database import Database, file_url, open_database
from traceability.errors import DatabaseBusy
from traceability.ledger.append import Ledger, Opening
from traceability.schema import is_empty
from traceability.simulation import trade
from traceability.simulation.processes import DemoFailed

__all__ = ["NAME", "Premises", "prepare"]

NAME: Final = "Demo: simulated"
"""Name of every demo's ledger; pages show it."""
_DEFAULT: Final = Path("var") / "demo"
_FLOW: Final = "garment.toml"
_ZONE: Final = "Europe/Lisbon"


@dataclass(frozen=True, slots=True)
class Premises:
    """What `prepare` made ready."""

    url: str
    """SQLAlchemy URL of the ledger's database."""
    folder: Path
    """For logs, spools, recordings and the stations' files of this run; empty at the start."""
    series: int
    """How many demos ran in this ledger before."""
    file: Path | None
    """The database's file, None if it is a server's."""


def prepare(folder: Path | None = None) -> Premises:
    """Make a ledger and a folder ready for one run.

    Args:
        folder: Where everything goes; default `var/demo`, or beside the file in `HANGTAG_DB`.

    Raises:
        DemoFailed: If the ledger is no demo, is in use, or the folder cannot be written.
        TraceabilityError: If the database cannot be opened.
    """
    given = os.environ.get("HANGTAG_DB")
    file = _file_of(given) if given else None
    place = folder or (file.parent / f"{file.stem}-demo" if file is not None else _DEFAULT)
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / ".written").touch()
        (place / ".written").unlink()
    except OSError as error:
        raise DemoFailed(
            f"Cannot write to {place}: {error.strerror}. Say --folder with another one."
        ) from error
    if not given:
        file = (place / "demo.sqlite").absolute()
    url = given or file_url((place / "demo.sqlite").absolute())
    series = _claim(url)
    if not given and series:
        # The demo's own file: a visitor begins with an empty factory.
        for old in place.glob("demo.sqlite*"):
            old.unlink()
        series = _claim(url)
    run = place / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    return Premises(url, run.absolute(), series, file)


def _claim(url: str) -> int:
    """Open the ledger or make it, while nobody else uses it; return how many demos ran in it."""
    database = open_database(url)
    try:
        database.own()
        return _open(database, url)
    except DatabaseBusy as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise DemoFailed(
            f"{shown} is in use: stop the other demo first, or say --folder with another place."
        ) from error
    finally:
        database.close()


def _file_of(url: str) -> Path | None:
    """Return the file of a database, None if it is a server's."""
    database = open_database(url)
    try:
        return database.path
    finally:
        database.close()


def _open(database: Database, url: str) -> int:
    """Open the ledger or make it; return how many demos ran in it."""
    if is_empty(database):
        Ledger.open(database, opening=_opening())
        return 0
    series, name = _earlier(database)
    if series is None:
        shown = make_url(url).render_as_string(hide_password=True)
        raise DemoFailed(
            f"{shown} holds {name!r}, which is no demo, and stays as it is: "
            "set HANGTAG_DB to another database, or unset it."
        )
    return series


def _opening() -> Opening:
    flow = (assets("flows") / _FLOW).read_text("utf-8")
    return Opening(flow=flow, name=NAME, namespace=trade.NAMESPACE, is_demo=True, zone=_ZONE)


def _earlier(database: Database) -> tuple[int | None, str]:
    """Count the demos that ran in a ledger, None if it is none; and tell its name."""
    with database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT b.body FROM entry e JOIN body b ON b.ledger_id = e.ledger_id"
                " AND b.position = e.position WHERE e.kind IN ('flow', 'master')"
                " ORDER BY e.ledger_id, e.position"
            )
        ).scalars()
        bodies = [json.loads(bytes(row)) for row in rows]
    if not bodies:
        return None, "something that is no ledger"
    orders = sum(body.get("type") == "order" for body in bodies)
    # Orders come in threes; a demo that was stopped between them counts as one more.
    series = -(-orders // len(trade.STYLES))
    return (series if bodies[0].get("demo") is True else None), str(bodies[0].get("name", ""))
