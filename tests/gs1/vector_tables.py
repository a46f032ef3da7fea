"""The tables of others in the GS1 folder, and how one of their rows is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests import vectors
from traceability.gs1 import InvalidIdentifier
from traceability.gs1.identity import Elements, format_elements

Row = dict[str, Any]


def table(name: str) -> list[Row]:
    """Read one table of the GS1 folder."""
    found: list[Row] = vectors.rows(f"gs1/{name}.json")[0]["vectors"]
    assert found, f"{name} is empty"
    return found


def outcome(read: Callable[[], Elements]) -> str | None:
    """Return what was read as an element string, None if it was refused."""
    try:
        return format_elements(read())
    except InvalidIdentifier:
        return None


def told(row: Row) -> str | None:
    """Return the element string that a row of the Syntax Engine expects, None for a refusal."""
    expected: str | None = (row["element_string"] or row.get("ai_out")) if row["valid"] else None
    return expected
