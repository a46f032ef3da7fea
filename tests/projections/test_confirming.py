"""Who confirmed that stopped goods may go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.books import open_book
from traceability.factory import staff
from traceability.ledger.append import Draft, Ledger
from traceability.projections.confirming import Confirmation, confirmations, needs_second
from traceability.projections.entering import master_draft
from traceability.projections.held import stops
from traceability.projections.view import look

ANA = "//shop.invalid/obj/W-10006"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with nothing but its opening."""
    book = open_book(tmp_path / "shop.sqlite")
    yield book
    book.database.close()


def hold(ledger: Ledger, name: str, **released: Any) -> None:
    """Stop a thing and set it free, as an entry with these members says."""
    tree: dict[str, Any] = {"type": "hold", "id": name, "things": ["//shop.invalid/obj/G-1"]}
    ledger.append([Draft("hold", f"hold:{name}", tree)])
    if released:
        freed = {"type": "release", "id": name, **released}
        ledger.append([Draft("hold", f"release:{name}", freed)])


def found(ledger: Ledger) -> dict[str, Confirmation]:
    with look(ledger) as view:
        return confirmations(view, stops(view))


def test_a_release_says_who_confirmed(ledger: Ledger) -> None:
    hold(ledger, "Q-1", reason="", confirmed=ANA)
    hold(ledger, "Q-2", reason="", confirmed="alone")
    hold(ledger, "Q-3", reason="older than the question")
    hold(ledger, "Q-4")
    assert found(ledger) == {
        "Q-1": Confirmation(2, ANA),
        "Q-2": Confirmation(4, "alone"),
        "Q-3": Confirmation(6, ""),
    }
    assert {name: (one.is_alone, one.person) for name, one in found(ledger).items()} == {
        "Q-1": (False, ANA),
        "Q-2": (True, ""),
        "Q-3": (False, ""),
    }


def test_what_is_no_text_says_nothing(ledger: Ledger) -> None:
    hold(ledger, "Q-1", confirmed=True)
    assert found(ledger) == {"Q-1": Confirmation(2, "")}


@pytest.mark.parametrize(
    ("said", "names", "left", "expected"),
    [
        ("several", ["Ana", "Rui"], 0, True),
        ("several", ["Ana", "Rui"], 1, False),
        ("several", ["Ana"], 0, False),
        ("several", [], 0, False),
        ("alone", ["Ana", "Rui"], 0, False),
        (None, ["Ana", "Rui"], 0, False),
    ],
)
def test_two_confirm_where_two_work(
    ledger: Ledger, said: str | None, names: list[str], left: int, expected: bool
) -> None:
    if said is not None:
        ledger.append([master_draft("workshop", "shop.invalid", {"people": said}, by="admin")])
    badges = staff.take_on(ledger, names, by="admin") if names else []
    for badge in badges[:left]:
        staff.change(ledger, f"//shop.invalid/obj/{badge}", by="admin", is_active=False)
    with look(ledger) as view:
        assert needs_second(view) is expected
