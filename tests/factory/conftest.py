"""A workshop in a folder of its own, with something in it worth keeping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factory.premises import Premises, write_premises


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    """A workshop whose server is running: its ledger is open and owned."""
    found = write_premises(tmp_path / "porto")
    yield found
    found.close()
