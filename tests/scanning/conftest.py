"""A workshop for each test, and the check that its record alone says how things stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.projections.kept_ledger import differences
from tests.scanning.workshop import Workshop

MakeShop = Callable[..., Workshop]


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[MakeShop]:
    """Make a workshop by a flow; after the test its rebuilt state must be the one it had."""
    made: list[Workshop] = []

    def make(flow: str = "workshop") -> Workshop:
        made.append(Workshop(tmp_path, flow))
        return made[-1]

    yield make
    for shop in made:
        assert differences(shop.state(), shop.rebuilt()) == {}
        shop.database.close()


@pytest.fixture
def shop(make_shop: MakeShop) -> Workshop:
    """A workshop that cuts, sews, packs, ships and stores."""
    return make_shop()
