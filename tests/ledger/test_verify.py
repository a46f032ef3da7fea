"""Whatever is changed by hand in the file is named, with its position."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import main
from tests.ledger.books import draft, open_book, packed
from traceability.database import APPEND_ONLY
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify

SIZE = 600


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with three tiles of events, some of them taken back."""
    file = tmp_path_factory.mktemp("verify") / "book.sqlite"
    ledger = open_book(file)
    ledger.append([draft(packed(number)) for number in range(1, SIZE)])
    ledger.append(
        [
            draft(
                packed(5, errorDeclaration={"declarationTime": "2026-01-06T08:00:00Z"}),
            )
        ]
    )
    ledger.database.close()
    return file


@pytest.fixture
def by_hand(honest: Path, tmp_path: Path) -> Callable[..., Ledger]:
    """Return what changes a copy of the file behind the program's back."""

    def change(*statements: str) -> Ledger:
        file = tmp_path / "changed.sqlite"
        source, target = sqlite3.connect(honest), sqlite3.connect(file)
        source.backup(target)
        for name in APPEND_ONLY:
            target.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            target.execute(statement)
        for name, rule in APPEND_ONLY.items():
            target.execute(f"CREATE TRIGGER {name} {rule}")
        target.commit()
        target.close()
        return open_book(file)

    return change


def swap(table: str, one: int, other: int) -> tuple[str, ...]:
    return (
        f"UPDATE {table} SET position = -1 WHERE position = {one}",
        f"UPDATE {table} SET position = {one} WHERE position = {other}",
        f"UPDATE {table} SET position = {other} WHERE position = -1",
    )


CASES = {
    "a changed body": (
        (
            (
                "UPDATE body SET body = CAST(replace(CAST(body AS TEXT), 'packing', 'pecking') "
                "AS BLOB) WHERE position = 314"
            ),
        ),
        (314, "changed body"),
    ),
    "one flipped bit of a body": (
        (
            (
                "UPDATE body SET body = CAST(substr(body, 1, 40) || x'58' || substr(body, 42) "
                "AS BLOB) WHERE position = 0"
            ),
        ),
        (0, "changed body"),
    ),
    "a changed entry": (
        (
            (
                'UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), \'"by":"test"\', '
                '\'"by":"tess"\') AS BLOB) WHERE position = 599'
            ),
        ),
        (599, "changed entry"),
    ),
    "a deleted row": (("DELETE FROM entry WHERE position = 256",), (256, "deleted")),
    "a deleted body": (("DELETE FROM body WHERE position = 17",), (17, "missing body")),
    "a swapped pair of entries": (swap("entry", 300, 301), (300, "reordered")),
    "a swapped pair of bodies": (swap("body", 300, 470), (300, "changed body")),
    "entries swapped far apart": (swap("entry", 3, 590), (3, "reordered")),
    "a tail cut off": (("DELETE FROM entry WHERE position >= 590",), (590, "truncated tail")),
    "a row added beyond the end": (
        ("INSERT INTO entry SELECT ledger_id, 601, kind, entry FROM entry WHERE position = 4",),
        (601, "inserted"),
    ),
    "a tile altered": (
        ("UPDATE tile SET data = zeroblob(length(data)) WHERE level = 1",),
        (0, "tile altered"),
    ),
    "another root in the head": (
        ("UPDATE ledger SET root = zeroblob(32)",),
        (None, "root altered"),
    ),
    "stock changed": (
        ("UPDATE stock SET quantity = quantity + 1000000",),
        (None, "projection row"),
    ),
    "a thing moved by hand": (
        ("UPDATE item SET place_no = 0 WHERE key LIKE '%/21/77'",),
        (None, "projection row"),
    ),
    "a thing lost": (
        ("DELETE FROM item WHERE key LIKE '%/21/77'",),
        (None, "projection row"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_changed_by_hand_is_named(by_hand: Callable[..., Ledger], name: str) -> None:
    statements, expected = CASES[name]
    finding = verify(by_hand(*statements), projections=True).finding
    assert finding is not None
    assert (finding.position, finding.kind) == expected


def test_an_honest_ledger_is_true(by_hand: Callable[..., Ledger]) -> None:
    report = verify(by_hand(), projections=True)
    assert (report.finding, report.size) == (None, SIZE + 1)


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_a_removed_rule_is_named(by_hand: Callable[..., Ledger], tmp_path: Path, name: str) -> None:
    by_hand().database.close()
    file = sqlite3.connect(tmp_path / "changed.sqlite")
    file.execute(f"DROP TRIGGER {name}")
    file.commit()
    finding = verify(open_book(tmp_path / "changed.sqlite")).finding
    assert finding is not None
    assert finding.kind == "trigger removed"
    assert name in finding.detail


def test_the_command_names_the_position_and_fails(
    by_hand: Callable[..., Ledger], tmp_path: Path
) -> None:
    by_hand(*CASES["a changed body"][0]).database.close()
    url = f"sqlite:///{tmp_path / 'changed.sqlite'}"
    result = CliRunner().invoke(main, ["ledger", "verify", "--db", url, "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "ok": False,
        "position": 314,
        "kind": "changed body",
        "detail": "The body at position 314 is not what was sealed.",
    }


def test_the_command_says_what_it_checked(by_hand: Callable[..., Ledger], tmp_path: Path) -> None:
    by_hand().database.close()
    url = f"sqlite:///{tmp_path / 'changed.sqlite'}"
    result = CliRunner().invoke(main, ["ledger", "verify", "--db", url, "--projections"])
    assert (result.exit_code, result.output.startswith("All true: 601 entries")) == (0, True)
