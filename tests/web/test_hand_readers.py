"""No reader at all: every scan by hand carries its reader's name, and the pages say it in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.scanning.workshop import BEGINS_AT, Workshop, digits
from tests.web.test_keys import outside
from tests.web.test_readers import Bench, words
from tests.web.test_scans import Page, shop
from traceability.projections import keys
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

__all__ = ["shop"]  # fixture of the scans

BROWSER = "3f2a8c1e-0b7d-4e52-9c11-6a2f0d9b7e44"


@pytest.fixture
def app(shop: Workshop) -> Flask:
    noon = BEGINS_AT + timedelta(hours=4)
    app = create_app(reading=reading_of(shop.ledger), settings=Settings(clock=lambda: noon))
    app.testing = True
    return app


def phone_of(app: Flask, shop: Workshop) -> tuple[FlaskClient, dict[str, str]]:
    """Let a phone in at cutting, by a link of its own; return how it says who it is."""
    ends_at = BEGINS_AT + timedelta(days=9)
    key, secret = keys.new_key(
        "device", "Ana's phone", made_at=BEGINS_AT, expires_at=ends_at, by="admin", stage="cutting"
    )
    shop.ledger.append([key.draft(by="admin")])
    return outside(app), {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ("scanner", "scanned at Browser 3f2a"),
        ("camera", "seen by the camera of Browser 3f2a"),
        ("typed", "typed at Browser 3f2a"),
        ("tap", "touched at Browser 3f2a"),
    ],
)
def test_each_way_of_reading_stands_on_the_pages_of_thing_and_entry(
    app: Flask, way: str, sentence: str
) -> None:
    client = app.test_client()
    page = Page(client, BROWSER)
    body = page.body("cutting", digits(1000))
    body["scans"][0]["by"] = way
    [answer] = page.post("/api/scans", body)
    entry = client.get(f"/ledger/{answer['position']}").text
    assert f"Reader {sentence}" in words(entry)
    assert sentence in words(client.get("/items" + answer["key"].removeprefix("/")).text)


def test_a_browser_and_a_phone_are_readers_by_name(app: Flask, shop: Workshop) -> None:
    app.extensions["hangtag.floor"] = Bench()
    phone, who = phone_of(app, shop)
    owner = app.test_client()
    before = words(owner.get("/readers").text).replace("&#39;", "'")
    assert "Ana's phone has a link Cutting 0 nothing scanned yet" in before

    Page(owner, BROWSER).scan("cutting", digits(1000), digits(1001))
    body = Page(phone, BROWSER).body("cutting", digits(1002))
    [answer] = phone.post("/api/scans", json=body, headers=who).get_json()["answers"]

    told = words(owner.get("/readers").text).replace("&#39;", "'")
    assert "Browser 3f2a this PC, or whoever has the owner's key chosen on its page 2" in told
    assert "Ana's phone has a link Cutting 1" in told
    entry = words(owner.get(f"/ledger/{answer['position']}").text).replace("&#39;", "'")
    assert "Reader scanned at Ana's phone" in entry
    assert "不用插线" in words(owner.get("/readers?lang=zh_Hans").text)
