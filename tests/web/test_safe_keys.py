"""The recovery sheet, and saying that a record was put back: both for the owner alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.factory.premises import Premises, write_premises
from tests.web.test_keys import outside
from tests.web.test_safe import app_of, page, post
from traceability.database import open_database
from traceability.database_file import copy_file
from traceability.factory.backup import back_up
from traceability.factory.declared import declared
from traceability.factory.folder import UNPACKED
from traceability.factory.recovery import code_of
from traceability.ledger.append import Ledger
from traceability.ledger.proof.signing import LogSigner
from traceability.projections.view import look


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    found = write_premises(tmp_path / "porto", entries=3)
    yield found
    found.close()


@pytest.fixture
def client(premises: Premises) -> FlaskClient:
    return app_of(premises).test_client()


def put_back(premises: Premises) -> int:
    """Sign, go on, sign, and put the file back as it was; return how many entries are gone."""
    signer = LogSigner(premises.ledger, every_s=0.0)
    signer.sign()
    file = premises.factory.folder / "practice.sqlite"
    copy_file(file, file.with_name("old.sqlite"))
    premises.write(4)
    signer.sign()
    premises.ledger.database.close()
    file.with_name("old.sqlite").replace(file)
    database = open_database(premises.factory.url)
    database.own()
    premises.ledger = Ledger.open(database)
    return 4


def test_the_sheet_shows_the_code_and_safe_asks_until_it_is_kept(
    premises: Premises, client: FlaskClient
) -> None:
    assert "Not printed yet" in page(client)
    sheet = page(client, "/safe/recovery")
    assert all(f"<span>{group}</span>" in sheet for group in code_of(premises.factory).split("-"))
    assert post(client, "/safe/recovery").status_code == 303
    shown = page(client)
    assert ("Not printed yet" in shown, "printed and kept" in shown) == (False, True)
    assert code_of(premises.factory) not in premises.factory.settings_file.read_text("utf-8")
    # Another code, as after a restore without the sheet: that one must be kept.
    (premises.factory.folder / "recovery-code.txt").unlink()
    assert "Not printed yet" in page(client)


@pytest.mark.parametrize("path", ["/safe/recovery", "/safe/declare"])
def test_nobody_but_the_owner_sees_them(premises: Premises, path: str) -> None:
    stranger = outside(app_of(premises))
    assert stranger.get(path).status_code in (401, 403)


def test_a_spoilt_code_is_said_on_the_sheet_and_safe_still_opens(
    premises: Premises, client: FlaskClient
) -> None:
    (premises.factory.folder / "recovery-code.txt").write_text("spoilt", encoding="utf-8")
    answer = client.get("/safe/recovery")
    assert (answer.status_code, "holds no recovery code" in answer.text) == (409, True)
    assert "Recovery sheet" in page(client)


def test_a_record_that_was_put_back_is_declared_in_two_touches(premises: Premises) -> None:
    gone = put_back(premises)
    client = app_of(premises).test_client()
    size = premises.ledger.size
    shown = page(client)
    assert "This record was put back from an old copy" in shown
    assert 'href="/safe/declare"' in shown
    assert f"{size} entries, and this PC has signed for {size + gone}" in page(
        client, "/safe/declare"
    )
    assert post(client, "/safe/declare").status_code == 303
    with look(premises.ledger) as view:
        [said] = declared(view.connection, view.ledger_id)
    assert (said.size, said.known_size) == (size, size + gone)
    shown = page(client)
    assert "This record was put back" not in shown
    assert f"the earlier entries {size} to {size + gone - 1}" in shown
    assert "There is nothing to declare." in page(client, "/safe/declare")
    assert post(client, "/safe/declare").location == "/safe"


def test_a_wrong_code_on_the_page_is_one_sentence_and_changes_nothing(
    premises: Premises, tmp_path: Path
) -> None:
    premises.write(2)
    made = back_up(premises.factory, tmp_path, at=datetime.now(UTC))
    fresh = write_premises(tmp_path / "new", entries=0)
    client = app_of(fresh).test_client()
    for code, words in (
        ("ABCD", "expected at least 12"),
        ("words of another workshop", "does not open this backup"),
    ):
        answer = post(client, "/safe/restore", file="typed", typed=str(made.path), code=code)
        assert (answer.status_code, words in answer.text) == (400, True)
        assert f'value="{code}"' in answer.text
        assert not (fresh.factory.folder / UNPACKED).exists()
    answer = post(client, "/safe/restore", file="typed", typed=str(made.path), code="")
    assert "Its keys stayed sealed" in answer.text
    fresh.close()
