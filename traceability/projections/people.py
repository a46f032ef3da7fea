"""The people of a workshop: who wears which badge.

A name is a personal value: the record holds only a commitment to it, the name itself lies beside
the record and can be erased (DATA_MODEL, "Erasure").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from traceability.database import rows_by
from traceability.ledger import tables as record
from traceability.projections.view import Values, View

__all__ = ["Person", "people", "person"]

PEOPLE_MAX = 5_000
"""People that are listed; a workshop has a few dozen."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here."""

    key: str
    name: str
    """Empty if it was erased."""
    badge: str
    """The short code on the badge."""
    language: str = ""
    is_active: bool = True
    position: int = 0
    """Where the newest word about the person stands in the record."""


def people(view: View) -> list[Person]:
    """Return everybody who works here, by name; those who left come last."""
    rows = view.connection.execute(
        text(
            "SELECT key, value, position FROM master_data "
            "WHERE ledger_id = :l AND type = 'person' ORDER BY key LIMIT :n"
        ),
        {"l": view.ledger_id, "n": PEOPLE_MAX},
    ).all()
    known = view.master("person", [row.key for row in rows])
    found = _named(view, [(row.key, known[row.key], row.position) for row in rows])
    return sorted(found, key=lambda one: (not one.is_active, one.name.casefold(), one.key))


def person(view: View, key: str) -> Person | None:
    """Return one person by key; None if nobody was entered under it."""
    row = view.connection.execute(
        text(
            "SELECT position FROM master_data WHERE ledger_id = :l AND type = 'person' AND key = :k"
        ),
        {"l": view.ledger_id, "k": key},
    ).first()
    if row is None:
        return None
    return _named(view, [(key, view.master("person", [key])[key], row.position)])[0]


def _named(view: View, rows: Iterable[tuple[str, Values, int]]) -> list[Person]:
    listed = list(rows)
    names = {
        (row.position, row.field): row.value
        for row in rows_by(
            view.connection,
            record.private,
            ("position", "field", "value"),
            ledger_id=view.ledger_id,
            column="position",
            values={position for _, _, position in listed},
        )
    }
    return [
        Person(
            key=key,
            name=names.get((position, f"{key}:name"), ""),
            badge=str(values.get("badge", key.rsplit("/", 1)[-1])),
            language=str(values.get("language", "")),
            is_active=bool(values.get("is_active", True)),
            position=position,
        )
        for key, values, position in listed
    ]
