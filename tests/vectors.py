"""Vectors made by others: makers' manuals, captures, standards' examples. They stay where they are.

`HANGTAG_VECTORS` names their folder; without it `shared/standards` beside the checkout is tried.
A test that reads them carries `@pytest.mark.vectors`; in a clone without the folder those tests are
left out and counted in one line, and the project's own tables in `tests/golden` still cover every
rule.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "standards"
FOLDER = Path(os.environ.get("HANGTAG_VECTORS") or _BESIDE)
"""Where the vectors lie, if they are here at all."""

HERE = FOLDER.is_dir()


def path(name: str) -> Path:
    """Name one file of vectors; it need not exist."""
    return FOLDER / name


# `Any`: every maker's file has a shape of its own; its test picks out what it compares.
def rows(name: str) -> list[Any]:
    """Read all rows of a `.json` list or `.jsonl` file; no rows where the folder is absent."""
    if not HERE:
        return []
    text = path(name).read_text(encoding="utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    found = json.loads(text)
    return found if isinstance(found, list) else [found]
