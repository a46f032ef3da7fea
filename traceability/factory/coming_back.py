"""The first opening of a workshop that came out of a backup: what must be said and ended then.

The record says that it was restored and from where; whatever let people in is ended, since a backup
does not know what was ended after it; numbers go on in a range of their own; and what the last
backup covered is forgotten, for it was another record's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text

from traceability.commissioning.ranges import open_range
from traceability.database import open_database
from traceability.factory.daily import LAST
from traceability.factory.declared import declare
from traceability.factory.folder import Factory
from traceability.factory.restore import RESTORED, Origin, origin_of
from traceability.ledger.append import Draft, Ledger
from traceability.projections import keys, links
from traceability.projections.view import look

__all__ = ["come_back"]

LINKS_MAX = 1_000_000
"""Links of customers that are looked through."""


def come_back(
    factory: Factory, ledger: Ledger, *, at: datetime, stations: Mapping[str, int] | None = None
) -> bool:
    """Do what is due when a workshop is opened for the first time after a restore.

    Args:
        factory: The workshop.
        ledger: Its ledger in use, open.
        at: UTC.
        stations: Station → highest position that the record had given it, as this PC knows.

    Returns:
        Whether it had come out of a backup. Cut off, all of it is done again at the next start.
    """
    origin = origin_of(factory.folder)
    if origin is None:
        return False
    _declare(origin, ledger, at, stations or {})
    _declare_beside(origin, factory, ledger, at)
    ledger.append(_endings(ledger, at))
    open_range(ledger, at=at, by="restore")
    (factory.backups / LAST).unlink(missing_ok=True)
    (factory.folder / RESTORED).unlink()
    return True


def _declare(
    origin: Origin, ledger: Ledger, at: datetime, stations: Mapping[str, int] | None = None
) -> None:
    file = ledger.database.path.name if ledger.database.path else ""
    declare(
        ledger,
        at=at,
        by="restore",
        size=origin.sizes.get((file, ledger.name)),
        backup=origin.name,
        digest=origin.digest,
        stations=stations,
    )


def _declare_beside(origin: Origin, factory: Factory, ledger: Ledger, at: datetime) -> None:
    """Say it in the other records of the folder as well: practice is signed, too."""
    mine = ledger.database.path.name if ledger.database.path else ""
    for file in sorted({file for file, _ in origin.sizes}):
        if file == mine:
            names = {name for one, name in origin.sizes if one == file and name != ledger.name}
            for name in sorted(names):
                _declare(origin, Ledger.open(ledger.database, name), at)
        elif (factory.folder / file).exists():
            url = factory.url.rsplit("/", 1)[0] + "/" + file
            with contextlib.closing(open_database(url, create=False)) as database:
                database.own()
                with database.read() as connection:
                    listed = connection.execute(text("SELECT name FROM ledger ORDER BY name"))
                    found = [str(row.name) for row in listed]
                for name in found:
                    _declare(origin, Ledger.open(database, name), at)


def _endings(ledger: Ledger, at: datetime) -> list[Draft]:
    with look(ledger) as view:
        doors = [one for one in keys.keys(view) if one.state(at) == "open"]
        pages = [one for one in links.every_link(view, LINKS_MAX) if one.state(at) == "open"]
    return [
        *(keys.ended(one, by="restore", at=at).draft(by="restore") for one in doors),
        *(links.ended(one, by="restore", at=at).draft() for one in pages),
    ]
