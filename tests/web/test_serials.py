"""Serial numbers at the door of programs, and the page on which an owner sees them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.conftest import MakeApp
from tests.web.test_keys import SECRET, TOKEN, enter, make
from traceability.commissioning.blocks import given
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import look

GTIN = "9506000134352"
PRODUCT = "/01/09506000134352"


def ask(client: FlaskClient, **asked: object) -> tuple[int, dict[str, object]]:
    answer = client.post("/api/serials", json={"product": GTIN, "holder": "dock", **asked})
    assert isinstance(answer.json, dict)
    return answer.status_code, answer.json


def detail(client: FlaskClient, **asked: object) -> str:
    status, said = ask(client, **asked)
    assert status == 400
    return str(said["detail"])


def test_a_station_gets_a_block(client: FlaskClient, ledger: Ledger) -> None:
    assert ask(client, count=500) == (
        200,
        {
            "product": PRODUCT,
            "first": 1,
            "last": 500,
            "count": 500,
            "holder": "dock",
            "by": "admin",
            "purpose": "",
            "request": "",
            "position": 1,
        },
    )
    status, said = ask(client, count=10, purpose="118")
    assert (status, said["first"], said["last"], said["purpose"]) == (200, 501, 510, "118")
    with look(ledger) as view:
        assert [one.holder for one in given(view, PRODUCT)] == ["dock", "dock"]


def test_the_same_request_again_gets_the_same_numbers(client: FlaskClient) -> None:
    first = ask(client, count=5, request="r-1")
    assert ask(client, count=5, request="r-1") == first
    assert ask(client, count=5, request="r-2")[1]["first"] == 6


def test_many_at_once_share_no_number(app: Flask) -> None:
    def one(number: int) -> tuple[int, int]:
        status, said = ask(app.test_client(), count=1 + number % 4)
        assert status == 200
        return int(str(said["first"])), int(str(said["last"]))

    with ThreadPoolExecutor(4) as pool:
        spans = sorted(pool.map(one, range(24)))
    numbers = [number for first, last in spans for number in range(first, last + 1)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"count": 0}, "Cannot give out 0 serial numbers: expected 1 to 100000 at a time."),
        ({}, "Cannot give out serial numbers: expected count as a whole number, got None."),
        (
            {"count": True},
            "Cannot give out serial numbers: expected count as a whole number, got True.",
        ),
        ({"count": 1, "holder": ""}, "expected holder as text, got ''."),
        ({"count": 1, "product": 7}, "expected product as text, got 7."),
        (
            {"count": 1, "product": "9506000134353"},
            "Cannot read (01)09506000134353: expected check digit 2, got '3'.",
        ),
        (
            {"count": 1, "product": "(00)106141412345678908"},
            "expected a product, got logistic.",
        ),
    ],
)
def test_a_wish_that_is_none_gets_a_sentence(
    client: FlaskClient, ledger: Ledger, asked: dict[str, object], sentence: str
) -> None:
    assert sentence in detail(client, **asked)
    assert ledger.size == 1


def test_what_is_no_object_gets_a_sentence(client: FlaskClient) -> None:
    answer = client.post("/api/serials", data="[]", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["detail"] == (
        "Cannot give out serial numbers: expected a JSON object, got list."
    )


def test_what_was_given_out_is_told(client: FlaskClient) -> None:
    ask(client, count=500)
    ask(client, count=5, product="9506000134369", holder="printer-2")
    told = client.get("/api/serials").json
    assert told is not None
    assert [(one["product"], one["given"], one["left"]) for one in told["products"]] == [
        (PRODUCT, 500, 2**37 - 501),
        ("/01/09506000134369", 5, 2**37 - 6),
    ]
    alone = client.get("/api/serials?product=9506000134369").json
    assert alone is not None
    assert [one["holder"] for one in alone["products"][0]["blocks"]] == ["printer-2"]


# --- who may -------------------------------------------------------------------------------------


@pytest.fixture
def closed(make_app: MakeApp) -> Flask:
    return make_app(secret=SECRET, admin_token=TOKEN)


def test_a_form_of_another_site_takes_no_numbers(client: FlaskClient, ledger: Ledger) -> None:
    answer = client.post(
        "/api/serials",
        data='{"product": "9506000134352", "count": 5, "holder": "x"}',
        content_type="text/plain",
    )
    assert answer.status_code == 400
    assert ledger.size == 1


def test_a_device_gets_few_of_what_was_entered_under_its_own_name(
    closed: Flask, ledger: Ledger
) -> None:
    key, secret = make(ledger, "device", stage="packing")
    client = enter(closed, secret)
    bearer = {"Authorization": f"Bearer {secret}"}
    asked = {"product": GTIN, "count": 5, "holder": "somebody else"}

    def post(**more: object) -> tuple[int, dict[str, object]]:
        answer = client.post("/api/serials", json=asked | more, headers=bearer)
        assert answer.json is not None
        return answer.status_code, answer.json

    status, said = post()
    assert status == 400
    assert str(said["detail"]).endswith("to a device: nobody has entered this product here.")
    ledger.append([master_draft("product", PRODUCT, {"name": "Overshirt"}, by="admin")])
    status, said = post()
    assert (status, said["holder"], said["by"]) == (200, key.title, f"key:{key.id}")
    assert "expected at most 1000 at a time" in str(post(count=1001)[1]["detail"])
    assert client.get("/api/serials", headers=bearer).status_code == 403


def test_an_auditor_reads_and_takes_none(closed: Flask, ledger: Ledger) -> None:
    _key, secret = make(ledger, "auditor")
    client = enter(closed, secret)
    bearer = {"Authorization": f"Bearer {secret}"}
    asked = {"product": GTIN, "count": 5, "holder": "x"}
    assert client.post("/api/serials", json=asked, headers=bearer).status_code == 403
    assert client.get("/api/serials", headers=bearer).status_code == 200
