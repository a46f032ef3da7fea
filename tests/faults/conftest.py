"""What fault tests share: processes that write, and ledgers that may break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.disk import build, compiler
from tests.faults.processes import Writers
from tests.faults.seeds import TOLD
from tests.faults.server_restarts import own_server
from tests.faults.shelf import Shelf
from tests.postgres import Server


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Say with each failure what it was drawn from."""
    outcome: Any = yield  # a pluggy result, which has no public type
    report: pytest.TestReport = outcome.get_result()
    if report.failed and "tests/faults/" in report.nodeid:
        report.sections.append(("seed", TOLD))


@pytest.fixture(scope="package")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writers]:
    """Processes that append, killed at the end if they still run.

    Where there is a C compiler their disk and clock can be told what to do; else they do nothing.
    """
    disk = {}
    if compiler() is not None:
        disk = {"LD_PRELOAD": str(build(tmp_path_factory.mktemp("disk")))}
    with Writers(disk) as started:
        yield started


@pytest.fixture(scope="package")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Ledgers in files."""
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="package")
def on_bad_disk(writers: Writers) -> Writers:
    """The same, of whom the disk and clock do what they are told; they need a C compiler."""
    if compiler() is None:
        pytest.skip("a C compiler is not installed")
    return writers


@pytest.fixture(scope="package")
def own() -> Iterator[Server]:
    """A PostgreSQL server of these tests alone: they stop it and set it up carelessly."""
    with own_server() as started:
        yield started
