"""A stick that comes while a page is open, and the way back while somebody watches it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.factory.premises import Premises
from tests.web.test_safe import app_of, begun, client, empty, page, patience, post, premises
from traceability.factory import daily
from traceability.web.keeping import Running

__all__ = ["client", "empty", "patience", "premises"]  # fixtures of the pages Safe


@pytest.fixture
def backup(premises: Premises, tmp_path: Path) -> Path:
    return daily.make(premises.factory, at=begun(premises), target=tmp_path).path


def test_a_large_one_says_how_far_it_is_and_then_how_it_went(empty: Premises, backup: Path) -> None:
    app = app_of(empty)
    unpacking = app.extensions["hangtag.unpacking"]
    client = app.test_client()
    unpacking._running = Running("checking", 40, 100)
    for path in ("/safe/restore/end", "/safe/restore/progress"):
        shown = page(client, path)
        assert "Unpacking it and verifying every entry" in shown
        assert 'hx-get="/safe/restore/progress"' in shown
    unpacking._running = None
    assert post(client, "/safe/restore", typed="/no/such.zip").status_code == 400
    answer = client.get("/safe/restore/progress")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/safe/restore/end")
    assert "There is no backup at /no/such.zip" in client.get("/safe/restore/end").text
    assert post(client, "/safe/restore", typed=str(backup)).status_code == 200
    assert "Verified: 41 entries" in page(client, "/safe/restore/end")


def test_a_stick_that_comes_is_shown_and_what_lies_on_it_offered(
    empty: Premises,
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    backup: Path,
) -> None:
    stick = tmp_path / "BLUE"
    monkeypatch.setenv("HANGTAG_STICKS", str(stick))
    other = app_of(empty).test_client()
    for one, path in ((client, "/safe/sticks"), (other, "/safe/restore/found")):
        before = one.get(path).text
        [seen] = re.findall("seen=([0-9a-f]+)", before)
        assert one.get(path, query_string={"seen": seen}).status_code == 204
        assert str(stick) not in before
        if not stick.exists():
            stick.mkdir()
        else:
            backup.rename(stick / backup.name)
        shown = one.get(path, query_string={"seen": seen})
        assert shown.status_code == 200
        assert str(stick) in shown.text
        assert "checked" in shown.text  # nothing else was chosen: that is what is meant


def test_a_stick_that_comes_does_not_take_the_place_of_a_typed_folder(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGTAG_STICKS", str(tmp_path / "BLUE"))
    assert '[name=target]:checked"' in client.get("/safe/sticks").text
    (tmp_path / "BLUE").mkdir()
    shown = client.get("/safe/sticks", query_string={"seen": "0", "target": "typed"}).text
    assert str(tmp_path / "BLUE") in shown
    assert "checked>" not in shown
    assert "checked>" in client.get("/safe/sticks", query_string={"target": "/any"}).text


def test_the_button_makes_it_where_the_form_says_and_keeps_that(
    premises: Premises, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "BLUE"
    stick.mkdir()
    monkeypatch.setenv("HANGTAG_STICKS", str(stick))
    post(client, "/safe/backup", target=str(stick), keep="14", daily="yes")
    assert len(daily.kept(stick)) == 1
    assert daily.read_plan(premises.factory).target == stick
    stick.rename(tmp_path / "away")
    answer = post(client, "/safe/backup", target=str(stick), keep="14", daily="yes")
    assert answer.status_code == 400
    assert "plug the stick in" in answer.text
