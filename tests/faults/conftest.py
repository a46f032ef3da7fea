"""What fault tests share: processes that write, and ledgers that may break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.disk import build, compiler
from tests.faults.processes import Writers
from tests.faults.shelf import Shelf


@pytest.fixture(scope="package")
def writers() -> Iterator[Writers]:
    """Processes that append, killed at the end if they still run."""
    with Writers() as started:
        yield started


@pytest.fixture(scope="package")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Ledgers in files."""
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="package")
def on_bad_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writers]:
    """Processes whose disk and clock do what they are told; they need a C compiler."""
    if compiler() is None:
        pytest.skip("a C compiler is not installed")
    made = build(tmp_path_factory.mktemp("disk"))
    with Writers({"LD_PRELOAD": str(made)}) as started:
        yield started
