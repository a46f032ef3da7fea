"""A workshop with a product of its own, for everything that gets a number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import open_place
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening

PRODUCT = "/01/09506000134352"
OTHER = "/01/09506000134369"
OWN = "//porto.invalid/class/SHIRT-M"


def open_ledger(path: Path) -> Ledger:
    """Open the ledger in a file, or make it."""
    flow = (folder("flows") / "garment.toml").read_text(encoding="utf-8")
    opening = Opening(flow, name="Porto", namespace="porto.invalid", zone="Europe/Lisbon")
    return Ledger.open(open_place(path), opening=opening)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with nothing but its opening."""
    made = open_ledger(tmp_path / "ledger.sqlite")
    yield made
    made.database.close()
