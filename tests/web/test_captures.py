"""Large documents are acknowledged at once, taken in beside the pages, and told by event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.faults.servers import wait_until
from tests.ledger.books import packed
from tests.web.pseudo import literals
from traceability.capture import DOCUMENT_ELEMENTS_MAX, ELEMENTS_MAX
from traceability.ledger.append import Ledger

COUNT = ELEMENTS_MAX + 1
BAD = 700
EVENT = {key: value for key, value in packed(1).items() if key != "eventID"}


def large() -> bytes:
    """Return a document just too large to be waited for; no event has an id, one is none."""
    trees: list[dict[str, Any]] = [
        {**EVENT, "epcList": [f"https://id.gs1.org/01/09521141001011/21/{number}"]}
        for number in range(COUNT)
    ]
    trees[BAD] = {"type": "ObjectEvent"}
    return json.dumps(trees).encode()


def done(client: FlaskClient, address: str) -> dict[str, Any]:
    wait_until(lambda: not client.get(address).get_json()["running"], 120)
    found: dict[str, Any] = client.get(address).get_json()
    return found


def test_a_large_document_is_a_job_and_comes_once(client: FlaskClient, ledger: Ledger) -> None:
    data, before = large(), ledger.size
    answer = client.post("/api/capture", data=data, content_type="application/json")
    assert (answer.status_code, answer.headers["Location"]) == (202, "/api/capture/1")
    told = done(client, "/api/capture/1")
    assert {name: told[name] for name in ("state", "success", "captureID", "of", "taken")} == {
        "state": "done", "success": False, "captureID": "1", "of": COUNT, "taken": COUNT,
    }  # fmt: skip
    assert {name: told[name] for name in ("accepted", "duplicate", "conflict", "refused")} == {
        "accepted": COUNT - 1, "duplicate": 0, "conflict": 0, "refused": 1,
    }  # fmt: skip
    assert told["positions"] == [before, before + COUNT - 2]
    assert [(one["element"], one["status"]) for one in told["problems"]] == [(BAD, "refused")]
    again = client.post("/api/capture", data=data, content_type="application/json")
    assert (again.status_code, again.get_json()) == (202, told)
    assert ledger.size == before + COUNT - 1
    assert f">{BAD + 1}<" in client.get("/captures/1").text
    assert 'href="/captures/1"' in client.get("/captures").text


def test_a_small_list_without_ids_that_comes_again_is_known(client: FlaskClient) -> None:
    answers = [client.post("/api/capture", json=[EVENT, EVENT]).get_json() for _ in range(2)]
    assert [one["status"] for answer in answers for one in answer] == [
        "accepted", "accepted", "duplicate", "duplicate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (
            b"[" + b"1," * DOCUMENT_ELEMENTS_MAX + b"1]",
            413,
            f"expected at most {DOCUMENT_ELEMENTS_MAX} events, got {DOCUMENT_ELEMENTS_MAX + 1}.",
        ),
        (b"[" + b"1," * COUNT, 400, "Cannot read the body: expected JSON"),
        (b"7", 400, "Cannot take this capture: expected a list of events, got int."),
    ],
)
def test_what_cannot_be_taken_is_said_at_once(
    client: FlaskClient, data: bytes, status: int, sentence: str
) -> None:
    answer = client.post("/api/capture", data=data, content_type="application/json")
    assert (answer.status_code, sentence in answer.get_json()["detail"]) == (status, True)


def test_there_is_no_document_that_never_came(client: FlaskClient) -> None:
    statuses = [client.get(path).status_code for path in ("/api/capture/9", "/captures/9")]
    assert statuses == [404, 404]


def test_no_visible_word_of_these_pages_is_a_literal(
    pseudo_client: FlaskClient, client: FlaskClient
) -> None:
    assert literals(pseudo_client.get("/captures").text, ["Porto"]) == []
    data = b"[" + b"1," * COUNT + b"1]"
    client.post("/api/capture", data=data, content_type="application/json")
    told = done(client, "/api/capture/1")
    facts = ["Porto", told["sha256"], told["by"], told["problems"][0]["problem"], "int"]
    for path in ("/captures", "/captures/1"):
        assert literals(pseudo_client.get(path).text, facts) == []
