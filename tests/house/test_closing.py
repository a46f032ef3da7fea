"""The last line of a run is honest: what passed, failed, was skipped and why, or could not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.house.project import ROOT

SOME_TESTS = """
import pytest

def test_that_passes(): pass

@pytest.mark.skip(reason="no PostgreSQL here")
def test_that_is_skipped(): pass

@pytest.mark.vectors
def test_that_reads_vectors(): pass

@pytest.mark.xfail(reason="cannot be", strict=True)
def test_that_fails_as_expected(): assert False
"""


def run(folder: Path, *options: str, ci: str, vectors: Path) -> tuple[int, list[str]]:
    """Run the tests above under our rules; return exit code and lines."""
    (folder / "test_some.py").write_text(SOME_TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-q", *options]
    done = subprocess.run(
        [*command, "-o", "markers=vectors: made by others", "--rootdir", str(folder), str(folder)],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CI": ci, "HANGTAG_VECTORS": str(vectors)},
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def test_a_skip_is_counted_with_its_reason(tmp_path: Path) -> None:
    code, lines = run(tmp_path, ci="", vectors=tmp_path)
    assert (code, lines[-1]) == (0, "2 passed, 0 failed, 1 skipped: 1 × no PostgreSQL here")


def test_where_changes_land_a_skip_fails(tmp_path: Path) -> None:
    code, lines = run(tmp_path, ci="true", vectors=tmp_path)
    assert (code, lines[-1]) == (1, "2 passed, 1 failed, 0 skipped")
    assert any("no PostgreSQL here" in line for line in lines)


def test_absent_vectors_are_counted_in_one_line(tmp_path: Path) -> None:
    code, lines = run(tmp_path, "-n", "2", ci="", vectors=tmp_path / "absent")
    assert (code, lines[-1]) == (0, "1 passed, 0 failed, 1 skipped: 1 × no PostgreSQL here")
    assert lines[-2] == (
        "1 tests with vectors made by others were not run: HANGTAG_VECTORS names no folder here."
    )
