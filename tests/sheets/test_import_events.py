"""`hangtag import --as events`: a file of events, read before it is taken in, and told by event."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

import app
from tests.faults import documents
from tests.ledger.books import open_book
from traceability.database import file_url

EVENTS = documents.EVENTS


def run(tmp_path: Path, *more: str) -> Result:
    book = tmp_path / "book.sqlite"
    open_book(book).database.close()
    file = documents.write(tmp_path / "events.json")
    given = ["import", str(file), "--as", "events", "--db", file_url(book), *more]
    return CliRunner().invoke(app.main, given)


def test_a_file_is_taken_in_once(tmp_path: Path) -> None:
    told = [json.loads(run(tmp_path, "--json").stdout) for _ in range(2)]
    counts = [told[0][name] for name in ("of", "accepted", "duplicate", "conflict", "refused")]
    assert (counts, told[1]) == ([EVENTS, EVENTS - 2, 1, 0, 1], told[0])
    ledger = open_book(tmp_path / "book.sqlite")
    assert ledger.size == 1 + EVENTS - 2
    ledger.database.close()


def test_what_is_wrong_is_named_by_its_place_before_anything_is_written(tmp_path: Path) -> None:
    said = run(tmp_path, "--dry-run")
    assert said.exit_code == 1
    first, last = said.stdout.splitlines()
    assert first.startswith(f"! event {documents.BAD + 1}: ")
    assert last == f"{EVENTS} events, 1 of them wrong. Nothing was written."
    ledger = open_book(tmp_path / "book.sqlite")
    assert ledger.size == 1
    ledger.database.close()


def test_what_became_of_it_is_said_in_a_sentence(tmp_path: Path) -> None:
    assert run(tmp_path).stdout.splitlines()[-1] == (
        f"{EVENTS} events: {EVENTS - 2} taken in, 1 known before, 0 contradict what is known, "
        "1 refused."
    )
