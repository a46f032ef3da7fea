"""The same checks, erasures and looks back on a server, where a hand has no file but all rights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import engines
from tests.ledger.attacked import make_book
from tests.ledger.books import GTIN
from traceability.ledger.append import Ledger
from traceability.ledger.erasing import erase_bodies
from traceability.ledger.verify import Kept, kept_by_signer, verify
from traceability.projections.as_of import look_as_of
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state, state_hash

EVENTS = 100
ON_SERVER = pytest.mark.parametrize("engine", [engines.ENGINES[1]], indirect=True)
pytestmark = [pytest.mark.usefixtures("engine"), ON_SERVER]


@pytest.fixture
def book(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger with something of everything."""
    monkeypatch.setenv("HANGTAG_KEYS", str(tmp_path / "keys"))
    assert engine
    return make_book(tmp_path / "book.sqlite", EVENTS)


def state_of(ledger: Ledger) -> str:
    """Return the hash of the state."""
    with ledger.database.read() as connection:
        return state_hash(connection, ledger.ledger_id)


def found(ledger: Ledger, *statements: str) -> tuple[int | None, str]:
    """Change rows as the owner of the machine, check, and say what was found."""
    with engines.past(ledger.database) as execute:
        for statement in statements:
            execute(statement)
    finding = verify(ledger, projections=True, kept=Kept()).finding
    assert finding is not None
    return finding.position, finding.kind


def test_a_ledger_on_a_server_is_true(book: Ledger) -> None:
    report = verify(book, projections=True, kept=kept_by_signer(book))
    assert (report.finding, report.erased, report.checkpoints) == (None, 1, 1)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE body SET body = salt WHERE position = 100", (100, "changed body")),
        ("UPDATE entry SET entry = entry || 'x'::bytea WHERE position = 100",
         (100, "changed entry")),
        ("DELETE FROM entry WHERE position = 100", (100, "deleted")),
        ("DELETE FROM body WHERE position = 100", (100, "missing body")),
        ("UPDATE tile SET data = overlay(data placing '\\x00' from 33)", (1, "tile altered")),
        ("UPDATE ledger SET root = sha256('x')", (None, "root altered")),
        ("UPDATE stock SET quantity = quantity + 1", (None, "projection row")),
        ("DELETE FROM item WHERE item_no = 9", (None, "projection row")),
        ("UPDATE event_id SET position = 7 WHERE position = 100", (7, "projection row")),
        ("GRANT UPDATE ON body TO PUBLIC", (None, "grant changed")),
    ],
)  # fmt: skip
def test_what_a_hand_changes_on_a_server_is_named(
    book: Ledger, statement: str, expected: tuple[int | None, str]
) -> None:
    assert found(book, statement) == expected


def test_erasing_and_looking_back_do_the_same_on_a_server(book: Ledger) -> None:
    before = state_of(book)
    erase_bodies(book, [30, 31, 32], by="test")
    assert state_of(book) == before
    rebuild(book)
    assert state_of(book) == before
    assert verify(book, projections=True).erased == 4
    key = f"{GTIN}/21/7004"
    with look_as_of(book, 9, [key]) as view:
        then = read_state(view.connection, view.ledger_id).items[key]
    assert then[6] == "/00/095011010000000018"  # packed then, taken back later
