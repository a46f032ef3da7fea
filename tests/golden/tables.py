"""The project's own tables of facts; every row names where its fact is written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


# `Any`: each table has a shape of its own.
def rows(name: str) -> list[Any]:
    """Read one table, JSON lines."""
    lines = (FOLDER / name).read_text(encoding="utf-8").split("\n")
    found = [json.loads(line) for line in lines if line]
    assert all(row["source"] for row in found), f"{name}: a row has no source"
    return found
