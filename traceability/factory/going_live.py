"""From practice to the record that counts: what was set up stays, what was tried does not.

The new ledger begins with one entry, its opening. That brings along all that people entered about
orders, products, places, people and tickets, the steps, and the keys of phones; no scan of practice
is in it. The practice ledger stays as it is.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from traceability.database import file_of, open_database
from traceability.errors import Refused
from traceability.factory.daily import LAST
from traceability.factory.folder import Factory
from traceability.ledger.append import Ledger, Opening
from traceability.projections.people import people
from traceability.projections.view import View, look

__all__ = ["KEPT", "go_live", "opening_from"]

KEPT = (
    "workshop",
    "place",
    "product",
    "party",
    "order",
    "ticket",
    "garment",
    "carton",
    "person",
    "headings",
    "key",
    "link",
    "prefix",
    "serials",
    "serial-range",
    "printer",
)
"""What is kept, in this order: an order comes after the products that its lines name."""
_FRESH = "ledger.new.sqlite"


def opening_from(view: View) -> Opening:
    """Return the first entry of a ledger that goes on where this one was set up."""
    master: list[dict[str, Any]] = []
    for kind in KEPT:
        master += [
            {"type": kind, "id": key, "values": dict(values)}
            for key, values in sorted(view.masters(kind).items())
        ]
    return Opening(
        flow=view.flow.text,
        name=str(view.opening.get("name", "")),
        # The labels that were printed carry names of this namespace; they go on to be right.
        namespace=view.namespace,
        zone=str(view.opening.get("zone", "UTC")),
        language=str(view.opening.get("language", "en")),
        master=master,
        private={f"{one.key}:name": one.name for one in people(view) if one.name},
    )


def go_live(factory: Factory, practice: Ledger) -> Factory:
    """Begin the ledger that counts, and turn the factory to it.

    Cut off at any moment, it can be called again: the folder turns in its last step, and a ledger
    that was begun and never turned to holds nothing but its opening.

    Args:
        factory: A factory in practice; its stations are at rest.
        practice: Its ledger, open.

    Raises:
        Refused: If the factory is live already, or the folder cannot be written.
    """
    if not factory.is_practice or (factory.has_live and _has_grown(factory)):
        raise Refused(f"{factory.folder} is live already: nothing was changed.")
    with look(practice) as view:
        opening = opening_from(view)
    fresh = factory.folder / _FRESH
    _remove(fresh)
    database = open_database(factory.with_practice(False).url.replace("ledger.sqlite", _FRESH))
    try:
        Ledger.open(database, opening=opening)
    finally:
        database.close()
    live = file_of(factory.url_of(practice=False))
    assert live is not None, "a factory's ledgers are files"
    try:
        # What an earlier try left beside the file must not be read into the new one.
        _remove(live)
        fresh.replace(live)
        _remove(fresh)
        # The last backup was one of practice: the first of this ledger is due now.
        (factory.backups / LAST).unlink(missing_ok=True)
        return turn(factory, practice=False)
    except OSError as error:
        raise Refused(f"Cannot write in {factory.folder}: {error.strerror}.") from error


def _has_grown(factory: Factory) -> bool:
    """Say whether the ledger that counts holds more than its opening."""
    database = open_database(factory.url_of(practice=False))
    try:
        return Ledger.open(database).size > 1
    finally:
        database.close()


def turn(factory: Factory, *, practice: bool) -> Factory:
    """Say in the folder which ledger is in use from now on."""
    said = dict(factory.settings())
    said["factory"] = {**said.get("factory", {}), "practice": practice}
    factory.write(said)
    return factory.with_practice(practice)


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", ".lock"):
        with suppress(FileNotFoundError):
            Path(f"{file}{end}").unlink()
