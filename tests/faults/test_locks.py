"""Looking at a database from inside must not take its locks away: commands look from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.processes import KILLED
from tests.house.project import ROOT
from tests.ledger.books import open_book

OWNER = """
import os, signal, subprocess, sys
from pathlib import Path
from tests.ledger.books import draft, open_book, packed
from traceability.database_file import is_database

file, is_new = Path(sys.argv[1]), sys.argv[2] == "looked at first"
looker = "import sqlite3, sys; opened = sqlite3.connect(sys.argv[1]); "
looker += "opened.execute('SELECT size FROM ledger').fetchone(); opened.close()"
assert not is_new or is_database(file)
ledger = open_book(file)
ledger.append([draft(packed(1))])
assert is_database(file)
subprocess.run([sys.executable, "-c", looker, str(file)], check=True)
ledger.append([draft(packed(2))])
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A server that makes a backup while a command reads its ledger, and is killed later."""


@pytest.mark.skipif(os.name == "nt", reason="locks of this kind do not exist here")
@pytest.mark.parametrize("order", ["looked at first", "looked at in use"])
def test_a_server_that_looks_at_its_own_file_loses_nothing(tmp_path: Path, order: str) -> None:
    file = tmp_path / "book.sqlite"
    open_book(file).database.close()
    words = [sys.executable, "-c", OWNER, str(file), order]
    assert subprocess.run(words, cwd=ROOT, timeout=60).returncode == KILLED
    ledger = open_book(file)
    assert ledger.size == 3
    ledger.database.close()
