"""What a page learns of a scan: in one word and one line, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.story import fold_late, hold, story_ledger
from traceability.ledger.append import Ledger
from traceability.projections import expected
from traceability.projections.view import look
from traceability.web import create_app
from traceability.web.opening import reading_of


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = story_ledger(tmp_path / "story.sqlite", garments=40, share=0.9)
    yield ledger
    ledger.database.close()


@pytest.fixture
def client(ledger: Ledger) -> FlaskClient:
    app = create_app(reading=reading_of(ledger))
    app.testing = True
    return app.test_client()


@pytest.fixture
def carton(ledger: Ledger) -> dict[str, Any]:
    """A carton with a garment that carries a tag."""
    with look(ledger) as view:
        return next(one for one in expected.cartons(view) if "/21/" in one["contents"][0]["key"])


def scan(client: FlaskClient, text: str, **more: object) -> dict[str, Any]:
    body = {"text": text, "symbology": None, "page": "/gate/dock", "device": "d", "counter": 7}
    answer = client.post("/api/scan", json=body | more)
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def test_a_garment_is_told_by_name_and_carton(client: FlaskClient, carton: dict[str, Any]) -> None:
    key = carton["contents"][0]["key"]
    told = scan(client, f"https://id.gs1.org{key}")
    assert (told["state"], told["kind"], told["key"]) == ("pass", "garment", key)
    assert (told["device"], told["counter"]) == ("d", 7)
    assert told["line"].startswith("in carton …")
    assert "last seen " in told["line"]
    assert "…" in told["name"]


def test_the_symbology_completes_what_a_scanner_sent_without_it(
    client: FlaskClient, carton: dict[str, Any]
) -> None:
    sscc = carton["carton"].rsplit("/", 1)[-1]
    with_prefix = scan(client, f"]C100{sscc}")
    beside = scan(client, f"00{sscc}", symbology="]C1")
    assert with_prefix["key"] == beside["key"] == carton["carton"]
    assert "inside" in with_prefix["line"]


def test_what_is_held_says_so_first(
    ledger: Ledger, client: FlaskClient, carton: dict[str, Any]
) -> None:
    hold(ledger, [carton["contents"][0]["key"]])
    fold_late(ledger)
    told = scan(client, carton["contents"][0]["key"])
    assert told["state"] == "hold"
    assert told["word"] == "Hold Q-17: do not move"
    assert "Call Inês Carvalho, 214" in told["line"]


@pytest.mark.parametrize(
    ("text", "word", "name"),
    [
        ("5449000000996", "Not one of ours", "EAN-13 5449000000996"),
        ("5449000000997", "Cannot read this code", "5449000000997"),
        ("what on earth", "Nobody here knows this", "what on earth"),
    ],
)
def test_a_stranger_is_told_as_far_as_it_can_be(
    client: FlaskClient, text: str, word: str, name: str
) -> None:
    told = scan(client, text)
    assert (told["state"], told["word"], told["name"]) == ("unknown", word, name)


def test_a_scan_writes_nothing(ledger: Ledger, client: FlaskClient) -> None:
    before = ledger.size
    scan(client, "5449000000996")
    assert ledger.size == before


@pytest.mark.parametrize(
    ("body", "expected_words"),
    [
        ({"text": ""}, "expected text, got ''"),
        ({"text": 12}, "expected text, got 12"),
        ([], "expected a JSON object, got list"),
        ({"text": "x" * 5000}, "expected at most 4096 characters, got 5000"),
    ],
)
def test_what_is_no_scan_is_refused(client: FlaskClient, body: object, expected_words: str) -> None:
    answer = client.post("/api/scan", json=body)
    assert answer.status_code == 400
    assert expected_words in answer.get_json()["detail"]


def test_the_answer_speaks_the_page_s_language(client: FlaskClient) -> None:
    answer = client.post("/api/scan?lang=zh_Hans", json={"text": "5449000000996"})
    assert answer.get_json()["word"] == "不是我们的"
