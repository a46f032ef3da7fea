"""What a station says of its own health stands where somebody looks, with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.station.test_status_page import HEALTH, READER
from traceability.station.drift import LEAST
from traceability.station.said import Load
from traceability.web.station_alarms import DRIFTS


def said(health: dict[str, Any]) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {"state": "READY", "title": "Dock <1>", "stage": "shipping", "at": at, "health": health}


FULL = Load(9, 0, None, 1_900_000_000, 2_000_000_000)


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (replace(HEALTH, problem="It is full."), "Nothing is kept at the moment"),
        (replace(HEALTH, load=FULL), "The store of what waits is nearly full"),
        (replace(HEALTH, disk_free_bytes=100), "The disk of its PC is nearly full"),
        (
            replace(HEALTH, readers=(replace(READER, drift=("noise",)),)),
            "Reader gate is not as it was",
        ),
    ],
)
def test_it_is_on_the_page_of_the_readers_and_on_the_board(
    client: FlaskClient, health: Any, words: str
) -> None:
    assert client.post("/api/stations/dock/live", json=said(HEALTH.tree())).status_code == 204
    quiet = [client.get(page).text for page in ("/readers", "/board")]
    assert client.post("/api/stations/dock/live", json=said(health.tree())).status_code == 204
    loud = [client.get(page).text for page in ("/readers", "/board")]
    assert [words in page for page in (*quiet, *loud)] == [False, False, True, True]
    assert "Dock &lt;1&gt;" in loud[0]


@pytest.mark.parametrize(
    "health", [None, 7, {}, {"readers": 7, "load": []}, {"readers": [{"drift": [[], "x", "rate"]}]}]
)
def test_whatever_a_station_says_both_pages_open(client: FlaskClient, health: Any) -> None:
    assert client.post("/api/stations/dock/live", json=said(health)).status_code == 204
    assert [client.get(page).status_code for page in ("/readers", "/board")] == [200, 200]


def test_each_drift_that_a_station_tells_has_words() -> None:
    assert set(DRIFTS) == set(LEAST)
