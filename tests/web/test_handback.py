"""What a device kept comes back as the entries that it had become, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.scanning.workshop import BEGINS_AT, Workshop, digits
from tests.web.test_keys import outside
from tests.web.test_scans import Page
from traceability.factory.declared import declare, declared
from traceability.ledger.history import sheets
from traceability.projections.view import look
from traceability.scanning.twice import record_mark
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

SECRET = "s" * 40


def app_of(shop: Workshop, secret: str = SECRET) -> Flask:
    """Make the pages of a shop."""
    noon = BEGINS_AT + timedelta(hours=4)
    settings = Settings(clock=lambda: noon, secret=secret)
    app = create_app(reading=reading_of(shop.ledger), settings=settings)
    app.testing = True
    return app


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    (tmp_path / "old").mkdir()
    shop = Workshop(tmp_path / "old")
    yield shop
    shop.database.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Workshop]:
    """The same workshop as its backup knows it: none of the day's scans is in it."""
    (tmp_path / "new").mkdir()
    shop = Workshop(tmp_path / "new")
    yield shop
    shop.database.close()


def day(client: FlaskClient) -> list[dict[str, Any]]:
    """Scan a day: a roll is entered and opened, tickets are cut, one is taken back."""
    page = Page(client)
    backs: list[Any] = []

    def send(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        tree: dict[str, Any] = answer.get_json()
        page.opened = tree["opened"] or page.opened
        backs.extend(one["back"] for one in tree["answers"])
        return tree

    roll = {"text": "MILL-7", "amount": "92.5", "unit": "MTR", **page.count()}
    send("/api/scans/roll", page.desk("fabric-in") | roll)
    send("/api/scans", page.body("cutting", "MILL-7"))
    send("/api/scans", page.body("cutting", digits(1000), digits(1001), "nobody knows"))
    last = send("/api/scans", page.body("cutting", digits(1002)))["answers"][0]
    send("/api/scans/undo", {"device": "page", "epoch": 1, "event": last["event"], "opened": []})
    return backs


def stored(shop: Workshop) -> list[tuple[str, str, bytes | None, object]]:
    """Return every entry as a restore must bring it back: kind, id, body, run."""
    with look(shop.ledger) as view:
        listed = sheets(view.connection, view.ledger_id, 0, view.size)
    return [(one.kind, one.id, one.body, one.run) for one in listed]


def again(client: FlaskClient, backs: list[Any]) -> list[dict[str, Any]]:
    answer = client.post("/api/scans/again", json={"device": "page", "items": backs})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["answers"]
    return found


def test_a_lost_day_comes_back_word_for_word(shop: Workshop, other: Workshop) -> None:
    before = len(stored(shop))
    backs = day(app_of(shop).test_client())
    assert len(backs) == 7
    # Handed back in any order: what a scan meant was settled when it was made.
    found = again(app_of(other).test_client(), backs[::-1])
    assert [one["status"] for one in found] == ["accepted"] * 7
    lost = stored(shop)[before:]
    assert sorted(map(repr, stored(other)[-len(lost) :])) == sorted(map(repr, lost))
    assert other.state().hash == shop.state().hash
    assert other.rebuilt().hash == shop.state().hash


def test_what_is_there_already_is_no_second_entry(shop: Workshop) -> None:
    client = app_of(shop).test_client()
    backs = day(client)
    size = shop.ledger.size
    assert {one["status"] for one in again(client, backs)} == {"duplicate"}
    assert shop.ledger.size == size


def test_a_scan_sent_again_is_given_the_same_to_keep(shop: Workshop) -> None:
    client = app_of(shop).test_client()
    page = Page(client)
    body = page.desk("fabric-in") | {"text": "X-9", "amount": "10", "unit": "MTR", **page.count()}
    first, second = (client.post("/api/scans/roll", json=body).get_json() for _ in range(2))
    assert first["answers"][0]["back"] == second["answers"][0]["back"]
    entries = json.loads(first["answers"][0]["back"]["d"])["entries"]
    assert [one["kind"] for one in entries] == ["master", "event"]


def test_what_was_changed_or_sealed_elsewhere_is_refused(shop: Workshop, other: Workshop) -> None:
    backs = day(app_of(shop).test_client())
    size = other.ledger.size
    sly = {"d": backs[1]["d"].replace("cutting", "sewing"), "s": backs[1]["s"]}
    assert sly["d"] != backs[1]["d"]
    mine = app_of(other).test_client()
    refused = again(mine, [sly, {"d": backs[1]["d"], "s": "00"}, {}, "x", None])
    assert [one["status"] for one in refused] == ["refused"] * 5
    strange = again(app_of(other, secret="t" * 40).test_client(), backs)
    assert {one["problem"] for one in strange} == {
        "This was not kept for this workshop, or it was changed since."
    }
    assert other.ledger.size == size


def test_no_name_of_a_person_lies_on_a_device(shop: Workshop) -> None:
    client = app_of(shop).test_client()
    page = Page(client)
    said = {"text": "CARD-77", "as": "badge", "name": "Rosalind", **page.count()}
    answer = client.post("/api/scans/bind", json=page.desk("sewing") | said)
    assert "Rosalind" not in json.dumps((answer.get_json().get("answers") or [{}])[0].get("back"))


def test_who_delivers_is_told_how_far_and_in_which_life(shop: Workshop) -> None:
    client = app_of(shop).test_client()
    with look(shop.ledger) as view:
        mark = record_mark(view)
    said = client.get("/api/covered").get_json()
    size = shop.ledger.size
    assert said == {"record": mark, "size": size, "covered": 0, "life": "", "since": 0}
    declare(shop.ledger, at=BEGINS_AT, by="restore", size=size, digest="0" * 64)
    after = client.get("/api/covered").get_json()
    assert (after["record"], after["since"], after["life"] != "") == (mark, size, True)
    # A station of the life before knows more; one of this life says nothing new.
    for life, reached in (("", size + 9), (after["life"], size + 99), ("", "many")):
        client.post("/api/covered", json={"name": "gate", "reached": reached, "life": life})
    with look(shop.ledger) as view:
        [restore] = declared(view.connection, view.ledger_id)
    assert restore.known_size == size + 10


def test_a_stranger_learns_and_says_nothing(shop: Workshop) -> None:
    stranger = outside(app_of(shop))
    assert stranger.get("/api/covered").status_code in (401, 403)
    assert stranger.post("/api/scans/again", json={"items": []}).status_code in (401, 403)


def test_what_was_captured_for_another_record_is_sent_away(shop: Workshop) -> None:
    client = app_of(shop).test_client()
    with look(shop.ledger) as view:
        mark = record_mark(view)
    size = shop.ledger.size
    answers = [
        client.post("/api/capture", json=[], headers={"Hangtag-Record": one}).status_code
        for one in ("1", mark)
    ]
    assert (answers, shop.ledger.size) == ([409, 200], size)
