"""The log in tiles over HTTP: its addresses, who may read them, and how long they may be kept."""

from __future__ import annotations

import gzip
from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.ledger.books import draft, packed
from tests.web.conftest import NOW
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.entry import Entry, body_commitment
from traceability.ledger.merkle import Frontier, leaf_hash
from traceability.ledger.proof.checkpoint import open_checkpoint
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.tiles import decode_bundle
from traceability.projections import keys

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def log(ledger: Ledger) -> Ledger:
    """Return the ledger behind the pages with 300 entries, the last one its key, signed."""
    ledger.append([draft(packed(number)) for number in range(298)])
    LogSigner(ledger, every_s=0).sign()
    return ledger


def test_a_stranger_checks_the_record_with_nothing_but_these_addresses(
    log: Ledger, client: FlaskClient
) -> None:
    with log.database.read() as connection:
        (key,) = read_log_keys(connection, log.ledger_id)
    answer = client.get("/log/main/checkpoint")
    assert answer.content_type == "text/plain; charset=utf-8"
    found, _opened = open_checkpoint(answer.data, [key.verifier], origin="localhost/main")
    entries = [
        entry
        for path in ("entries/000", "entries/001.p/44")
        for entry in decode_bundle(client.get(f"/log/main/tile/{path}").data)
    ]
    leaves = [leaf_hash(entry) for entry in entries]
    assert (found.size, found.root) == (300, Frontier().append(leaves).root())
    tiles = [client.get(f"/log/main/tile/0/{path}").data for path in ("000", "001.p/44")]
    assert b"".join(tiles) == b"".join(leaves)
    assert client.get("/log/main/tile/1/000.p/1").data == Frontier().append(leaves[:256]).root()
    body = client.get("/log/main/body/7").get_json()
    sealed = body_commitment(bytes.fromhex(body["salt"]), b64decode(body["body"]))
    assert sealed == Entry.parse(entries[7]).body


def test_what_was_never_signed_is_signed_when_it_is_asked_for(
    ledger: Ledger, client: FlaskClient
) -> None:
    first = client.get("/log/main/checkpoint").text
    assert first.split("\n")[:2] == ["localhost/main", "2"]
    ledger.append([draft(packed(1))])
    assert client.get("/log/main/checkpoint").text == first


FOR_EVER = "private, max-age=31536000, immutable"
KEPT = {
    "checkpoint": ("text/plain; charset=utf-8", "private, max-age=1"),
    "tile/0/000": ("application/octet-stream", FOR_EVER),
    "tile/entries/000": ("application/octet-stream", FOR_EVER),
    "tile/0/001.p/44": ("application/octet-stream", "private, max-age=60"),
    "tile/0/001.p/3": ("application/octet-stream", "private, max-age=60"),
    "tile/entries/001.p/44": ("application/octet-stream", "private, max-age=60"),
    "body/1": ("application/json", "private, no-cache"),
}
"""Address → media type, and how long it may be kept."""
MISSING = (
    "main/tile/0/001",
    "main/tile/0/001.p/45",
    "main/tile/0/001.p/0",
    "main/tile/0/000.p/256",
    "main/tile/0/0",
    "main/tile/0/x000/000",
    "main/tile/00/000",
    "main/tile/64/000",
    "main/tile/0/000/",
    "main/tile/entries/1",
    "main/tile/entries/002",
    "main/tile/entries/999.p/1",
    "main/tile/",
    "main/tile/0/../0/000",
    "main/body/300",
    "main/body/007",
    "main/body/-1",
    "main/body/9223372036854775807",
    "main/body/9223372036854775808",
    "main/body/1.p/1",
    "main/checkpoint/",
    "main/",
    "other/checkpoint",
    "other/tile/0/000",
    "other/body/1",
)


@pytest.mark.usefixtures("log")
def test_what_never_changes_may_be_kept(client: FlaskClient) -> None:
    answers = {path: client.get(f"/log/main/{path}") for path in KEPT}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert {
        path: (answer.content_type, answer.headers["Cache-Control"])
        for path, answer in answers.items()
    } == KEPT


@pytest.mark.usefixtures("log")
def test_what_is_not_there_is_not_found(client: FlaskClient) -> None:
    answers = {path: client.get(f"/log/{path}") for path in MISSING}
    assert {
        path: (one.status_code, one.content_type) for path, one in answers.items()
    } == dict.fromkeys(MISSING, (404, "application/problem+json"))


@pytest.mark.usefixtures("log")
def test_entries_come_smaller_to_whoever_can_read_that(client: FlaskClient) -> None:
    plain = client.get("/log/main/tile/entries/000")
    small = client.get("/log/main/tile/entries/000", headers={"Accept-Encoding": "gzip"})
    assert ("Content-Encoding" in plain.headers, plain.headers["Vary"]) == (
        False,
        small.headers["Vary"],
    )
    assert (small.headers["Content-Encoding"], gzip.decompress(small.data)) == ("gzip", plain.data)
    assert len(small.data) < len(plain.data) / 2


def test_an_erased_body_says_by_which_entry(log: Ledger, client: FlaskClient) -> None:
    log.append([Draft("gap", "it says so", {"type": "gap"})])
    with log.database.write() as connection:
        connection.execute(text("INSERT INTO erasure VALUES (:l, 7, 300)"), {"l": log.ledger_id})
        connection.execute(text("DROP TRIGGER IF EXISTS body_delete"))
        connection.execute(text("DELETE FROM body WHERE position IN (7, 8)"))
    answer = client.get("/log/main/body/7")
    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Erased",
        "status": 410,
        "detail": "The body of entry 7 was erased by entry 300.",
        "erased_by": 300,
    }
    assert client.get("/log/main/body/8").status_code == 404, "lost is not erased"


def test_auditors_read_the_log_and_strangers_and_devices_do_not(
    log: Ledger, app: Flask, tmp_path: Path
) -> None:
    client = app.test_client()
    paths = ("checkpoint", "tile/0/000", "tile/entries/000", "body/1")
    for path in paths:
        assert client.get(f"/log/main/{path}", environ_overrides=ELSEWHERE).status_code == 401
    opens: dict[keys.KeyKind, int] = {"auditor": 200, "device": 403}
    for kind, status in opens.items():
        key, secret = keys.new_key(
            kind, "Somebody", made_at=NOW, expires_at=NOW + timedelta(days=7)
        )
        log.append([key.draft(by="admin")])
        for path in paths:
            answer = client.get(
                f"/log/main/{path}",
                environ_overrides=ELSEWHERE,
                headers={"Authorization": f"Bearer {secret}"},
            )
            assert answer.status_code == status
    assert client.post("/log/main/checkpoint").status_code == 405


def test_the_page_of_the_record_says_that_a_key_began(log: Ledger, client: FlaskClient) -> None:
    assert "Key 1 begins to sign for the record" in client.get("/ledger").text
    assert "Key 1 begins to sign for the record" in client.get(f"/ledger/{log.size - 1}").text
