"""The record's pages where words were erased, and words for all that can be wrong."""

from __future__ import annotations

from pathlib import Path

from tests.ledger.attacked import make_book
from traceability.ledger.checks.finding import KINDS
from traceability.web import create_app
from traceability.web.ledger import WRONG
from traceability.web.opening import reading_of
from traceability.web.settings import Settings


def test_everything_that_can_be_wrong_has_words() -> None:
    assert set(KINDS) <= WRONG.keys()


def test_an_erased_entry_and_its_erasure_are_shown(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book.sqlite", 3)
    app = create_app(reading=reading_of(book), settings=Settings())
    app.testing = True
    client = app.test_client()
    erased = client.get("/ledger/7")
    listed = client.get("/ledger")
    assert (erased.status_code, listed.status_code) == (200, 200)
    assert "What was said there was erased" in erased.text
    assert "What was said at 7 was erased" in listed.text
    book.database.close()
