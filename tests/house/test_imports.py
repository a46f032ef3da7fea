"""Who may import whom: data goes one way, and nothing downstream reaches back up."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.house.project import (
    Import,
    for_every,
    imports,
    module_name,
    python_files,
    starts_with,
    strings,
)

RIM = (
    "traceability.web",
    "traceability.station",
    "traceability.simulation",
    "traceability.workshop",
)
CORE_STRANGERS = (*RIM, "app", "flask", "flask_babel", "flask_smorest", "uvicorn", "a2wsgi")


def law(one: Import) -> str | None:
    """Say which rule an import breaks, if any."""
    importer, imported = one.importer, one.imported
    top = imported.split(".")[0]
    is_command = importer.endswith((".commands", "_commands"))
    if starts_with(imported, "tests", "bench") or (top == "app" and importer != "app"):
        return "nothing imports the front door or the tests"
    if starts_with(importer, "readers"):
        allowed = {"readers", "serial"} | ({"click", "rich"} if is_command else set())
        return (
            None if _standard(top) or top in allowed else "readers know pyserial and nothing more"
        )
    if starts_with(importer, "traceability.gs1"):
        is_ours = starts_with(imported, "traceability.gs1", "traceability.errors")
        is_shown = is_command and top in {"click", "rich"}
        # Columns of numbers, where numpy happens to be installed; without it, tag by tag.
        is_column = importer == "traceability.gs1.many_tags" and top == "numpy"
        is_allowed = _standard(top) or is_ours or is_shown or is_column
        return None if is_allowed else "identifiers know nothing but themselves"
    if starts_with(importer, "traceability.web"):
        strangers = ("sqlalchemy", "alembic", "sqlite3", "traceability.simulation")
        beside = ("traceability.station", "traceability.workshop")
        if starts_with(imported, *strangers, *beside):
            return "the web asks questions of the core; it knows no database and no reader"
        return _readers_only_as_values(imported)
    if starts_with(importer, "traceability.station", "traceability.simulation"):
        is_stranger = starts_with(imported, "traceability.web", "flask")
        return "stations and the simulation know no page" if is_stranger else None
    if starts_with(importer, "traceability.workshop"):
        is_stranger = starts_with(imported, "traceability.simulation", "sqlalchemy")
        return "a workshop runs what is there; it simulates nothing" if is_stranger else None
    if starts_with(importer, "traceability"):
        if starts_with(imported, *CORE_STRANGERS):
            return "the core knows neither web, station, simulation nor Flask"
        return _readers_only_as_values(imported)
    return None


def _standard(top: str) -> bool:
    return top in sys.stdlib_module_names


def _readers_only_as_values(imported: str) -> str | None:
    if starts_with(imported, "readers") and not starts_with(imported, "readers.reads"):
        return "of the readers only the values in readers/reads.py are known here"
    return None


@for_every(python_files(), module_name)
def test_imports_go_one_way(path: Path) -> None:
    if module_name(path).split(".")[0] in {"tests", "bench"}:
        return
    broken = [f"line {one.line}: {one.imported}: {law(one)}" for one in imports(path) if law(one)]
    assert broken == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("readers.ports", "traceability.flow"),
        ("readers.session", "click"),
        ("traceability.gs1.epc", "msgspec"),
        ("traceability.ledger.append", "traceability.web.live"),
        ("traceability.ledger.append", "flask"),
        ("traceability.flow", "readers.session"),
        ("traceability.commissioning.serials", "traceability.station.serials"),
        ("traceability.web.stock", "sqlalchemy"),
        ("traceability.web.stock", "readers.ports"),
        ("traceability.station.run", "traceability.web"),
        ("traceability.flow", "app"),
    ],
)
def test_a_wrong_import_is_noticed(importer: str, imported: str) -> None:
    assert law(Import(importer, imported, 1, at_import_time=True)) is not None


DATABASE = re.compile(r"(?<!\.)sqlite|postgres|psycopg|citus")
MAY_NAME_IT = {
    "traceability.database": "it is that module",
    "traceability.database_columns": "tells how each engine keeps amounts and text",
    "traceability.database_rules": "tells how each engine keeps the record from changes",
    "traceability.database_server": "speaks to one of the two engines alone",
    "traceability.database_writing": "speaks to the other of the two engines alone",
    "traceability.database_faults": "tells apart how each engine says what went wrong",
    "traceability.station.spool": "a file of the station's own, which is no ledger",
    "traceability.station.serials": "another file of the station's own",
    "traceability.simulation.station_files": "looks into the stations' files from outside",
    "traceability.simulation.tampering": "alters stored bytes below the ledger, as a cheat would",
    "traceability.simulation.wire_check": "shares no code with the ledger it checks",
}
"""A file's name may end in .sqlite anywhere, a sentence may say SQLite: those are for people."""


@for_every(python_files(), module_name)
def test_only_one_module_names_a_database(path: Path) -> None:
    name = module_name(path)
    if not name.startswith(("app", "readers", "traceability")) or name in MAY_NAME_IT:
        return
    named = [f"line {line}: {text}" for line, text in strings(path) if DATABASE.search(text)]
    named += [
        f"line {one.line}: {one.imported}" for one in imports(path) if DATABASE.search(one.imported)
    ]
    assert named == []
