"""Keys: shown once, kept as a hash, ended for good, and found by what they open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.engines import ON_A_FILE
from tests.ledger.books import database_of, open_book
from traceability.errors import Refused
from traceability.projections import keys
from traceability.projections.rebuild import rebuild
from traceability.projections.view import look

AT = datetime(2026, 11, 19, 8, tzinfo=UTC)
YEAR = AT + timedelta(days=365)

pytestmark = pytest.mark.usefixtures("engine")


def made(title: str = "Sewing", kind: keys.KeyKind = "device") -> tuple[keys.Key, str]:
    return keys.new_key(kind, title, made_at=AT, expires_at=YEAR, by="admin", stage="sewing")


def test_a_secret_leads_to_its_key_and_the_record_does_not_hold_it(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    key, secret = made()
    ledger.append([key.draft(by="admin")])
    with look(ledger) as view:
        assert keys.holder(view, secret) == key
        assert keys.key(view, key.id) == key
    ledger.database.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in written
    assert secret.removeprefix("htg_device_").encode() not in written


def test_every_secret_is_another_and_has_160_random_bits() -> None:
    secrets = {made()[1].removeprefix("htg_device_")[:32] for _ in range(200)}
    assert len(secrets) == 200
    assert keys.SECRET_BYTES * 8 == 160


@pytest.mark.parametrize("place", [0, 4, 12, 30, 44, -1])
def test_one_wrong_letter_is_no_key(place: int) -> None:
    _key, secret = made()
    wrong = list(secret)
    wrong[place] = "b" if wrong[place] != "b" else "c"
    assert keys.is_well_formed(secret)
    assert not keys.is_well_formed("".join(wrong))


def test_a_well_formed_secret_that_nobody_made_belongs_to_none(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    with look(ledger) as view:
        assert keys.holder(view, made()[1]) is None
        assert keys.holder(view, "") is None


def test_a_record_under_the_right_id_with_another_hash_opens_nothing(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    key, secret = made()
    ledger.append([replace(key, hash=key.hash[:-1] + "x").draft(by="admin")])
    with look(ledger) as view:
        assert keys.holder(view, secret) is None


def test_an_ended_key_is_ended_after_a_rebuild(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    key, secret = made()
    over = keys.ended(key, by="admin", at=AT + timedelta(hours=1))
    ledger.append([key.draft(by="admin")])
    ledger.append([over.draft(by="admin")])
    rebuild(ledger)
    with look(ledger) as view:
        found = keys.holder(view, secret)
        assert found == over
        assert found.state(AT) == "ended"


def test_a_key_opens_until_its_time() -> None:
    key, _secret = made()
    assert key.state(YEAR - timedelta(seconds=1)) == "open"
    assert key.state(YEAR) == "expired"


def test_keys_are_listed_newest_first_under_their_newest_name(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    first, _ = made("Sewing-2")
    later = AT + timedelta(minutes=1)
    second, _ = keys.new_key("auditor", "Audit", made_at=later, expires_at=YEAR)
    right = keys.renamed(first, "Packing")
    ledger.append([one.draft(by="admin") for one in (first, second, right)])
    with look(ledger) as view:
        assert keys.keys(view) == [second, right]


@pytest.mark.parametrize(
    ("title", "days", "sentence"),
    [
        ("", 1, "Cannot name a key '': expected 1 to 60 characters, got 0."),
        ("x" * 61, 1, f"Cannot name a key '{'x' * 61}': expected 1 to 60 characters, got 61."),
        ("x", 0, "Cannot make a key for 0 days: expected more than 0 and at most 400."),
        ("x", 401, "Cannot make a key for 401 days: expected more than 0 and at most 400."),
    ],
)
def test_a_key_that_cannot_be_says_why(title: str, days: int, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        keys.new_key("admin", title, made_at=AT, expires_at=AT + timedelta(days=days))
    assert str(caught.value) == sentence


@ON_A_FILE
def test_a_key_is_found_by_its_primary_key(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    with database_of(ledger).read() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT value FROM master_data "
                "WHERE ledger_id = 1 AND type = 'key' AND key = 'key:1'"
            )
        ).all()
    assert all("SEARCH" in str(row) for row in plan)
