"""What holds for every test: no skips where changes land, and one honest closing line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import addresses, engines, postgres, vectors
from tests.faults.seeds import TOLD
from traceability.catalogue import compile_catalogues

SKIPS_FAIL = os.environ.get("CI") == "true"
_NOT_RUN = "tests_not_run"

LEFT_OUT = {
    "vectors": ("with vectors made by others were not run: HANGTAG_VECTORS names no folder here."),
    "postgres": (
        "on a PostgreSQL server were not run: there is none here "
        "(Debian, Ubuntu: sudo apt install postgresql)."
    ),
}

# A busy machine is slow, not wrong.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


class Closing:
    """Counts for the last line of a run; with several workers each one sends its share here."""

    def __init__(self) -> None:
        self.not_run: dict[str, int] = {}
        """By marker: how many tests were left out."""


closing = Closing()


def pytest_configure(config: pytest.Config) -> None:
    """Compile the message catalogues once, before any worker starts to read them."""
    # Chinese and Bengali labels look alike on every machine, also on one without such typefaces.
    os.environ.setdefault("HANGTAG_FACES", str(Path(__file__).with_name("faces")))
    addresses.compile_once()
    if not hasattr(config, "workerinput"):
        compile_catalogues()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs something that is not here, and count it; long ones come first."""
    is_here = {"vectors": bool(vectors.HERE), "postgres": SKIPS_FAIL or postgres.HERE}
    for marker in (name for name, here in is_here.items() if not here):
        left_out = [item for item in items if item.get_closest_marker(marker)]
        closing.not_run[marker] = len(left_out)
        items[:] = [item for item in items if not item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=left_out)
    # Files with whole stories take longest: first, so that both workers end together.
    stories = {item.path for item in items if item.get_closest_marker("story")}
    items.sort(key=lambda item: item.path not in stories)


@pytest.fixture(params=engines.ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database that ledgers of this test lie on: it runs once on each."""
    with engines.on(request.param):
        yield request.param


@pytest.fixture
def database_url(engine: str, tmp_path: Path) -> str:
    """The address of a database of this test's own, on each engine in turn."""
    return engines.address(tmp_path / "ledger.sqlite")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a skip into a failure where changes land; an expected failure is no skip."""
    outcome: Any = yield  # a pluggy result, which has no public type
    report: pytest.TestReport = outcome.get_result()
    if SKIPS_FAIL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which counts as failed where changes land: {reason(report)}"


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Turn the skip of a whole file into a failure where changes land."""
    outcome: Any = yield  # a pluggy result, which has no public type
    report: pytest.CollectReport = outcome.get_result()
    if SKIPS_FAIL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, which counts as failed where changes land: {reason(report)}"


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Find the words a skip was given."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's count to the run that started it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_NOT_RUN] = closing.not_run


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # a worker of pytest-xdist, which has no types
    """Take a worker's count; every worker collects the same tests."""
    output = getattr(node, "workeroutput", {})
    closing.not_run = output.get(_NOT_RUN, {})


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the run with one line: how many passed, failed, were skipped, and why."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or terminal is None:
        return
    for marker, count in closing.not_run.items():
        if count:
            terminal.write_line(f"{count} tests {LEFT_OUT[marker]}")
    if any("tests/faults/" in one.nodeid for one in terminal.stats.get("passed", [])):
        terminal.write_line(TOLD)
    for report in terminal.stats.get("rerun", []):
        terminal.write_line(f"waited in vain and was run again: {report.nodeid}")
    terminal.write_line(closing_line(terminal.stats))


# `Any`: pytest's own statistics hold reports of several kinds.
def closing_line(stats: dict[str, list[Any]]) -> str:
    """Count what passed, failed and was skipped; every reason to skip is named with its count."""
    counts = {word: len(stats.get(word, [])) for word in ("passed", "failed", "skipped")}
    counts["failed"] += len(stats.get("error", []))
    line = ", ".join(f"{count} {word}" for word, count in counts.items())
    reasons = Counter(reason(report) for report in stats.get("skipped", []))
    if reasons:
        line += ": " + "; ".join(f"{count} × {words}" for words, count in reasons.most_common())
    return line
