"""How an entry is proven: the drawing, what a browser computes, and what it notices."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.ledger.books import draft, packed
from tests.web.browser import open_page, sideways
from traceability.database import Database
from traceability.ledger.append import Ledger
from traceability.ledger.erasing import erasure_draft
from traceability.ledger.merkle import inclusion_proof, leaf_hash, node_hash, verify_inclusion
from traceability.ledger.proof.note import Signer
from traceability.ledger.proof.proof_file import ProofFile
from traceability.ledger.proof.signing import LogSigner
from traceability.web.proving import ROW, way_of

STATES = "[...document.querySelectorAll('[data-step]')].map((one) => one.dataset.state)"
STEPS = ["said", "leaf", "root", "key", "witness", "before"]


@pytest.fixture
def signed(ledger: Ledger) -> Ledger:
    """A record of seven entries and the key that signed them."""
    ledger.append([draft(packed(number)) for number in range(6)])
    LogSigner(ledger).sign()
    return ledger


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_the_way_leads_over_every_entry_to_the_root(place: tuple[int, int]) -> None:
    position, size = place
    leaves = [leaf_hash(bytes([number])) for number in range(size)]

    def read(nodes: Any) -> list[bytes]:  # pairs of level and index
        return [node(level, index) for level, index in nodes]

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    proof = inclusion_proof(position, size, read)
    way = way_of(position, size, leaves[position], proof, b"")
    root = way.rungs[0].node if way.rungs else way.leaf
    assert verify_inclusion(position, size, leaves[position], proof, root)
    covered = {position}
    for rung in way.rungs:
        covered |= set(range(rung.first, rung.last + 1))
        assert rung.is_left == (rung.last < position)
    assert covered == set(range(size))
    assert [rung.y for rung in way.rungs] == [ROW * at for at in range(len(way.rungs))]


def test_the_page_draws_the_way_and_gives_the_proof(signed: Ledger, client: FlaskClient) -> None:
    page = client.get("/ledger/3").text
    assert "one root over 8 entries" in page
    assert page.count('class="hash"') == 3
    assert page.count('<dd class="id">') >= 5  # each fingerprint in full
    answer = client.get("/ledger/3/entry.tlog-proof")
    assert "main-3.tlog-proof" in answer.headers["Content-Disposition"]
    proof = ProofFile.parse(answer.data)
    told = client.get("/ledger/3/proof").get_json()
    assert (proof.index, [item.hex() for item in proof.hashes]) == (3, told["hashes"])
    assert (told["size"], len(told["keys"]), told["witnesses"]) == (8, 1, [])


@pytest.mark.parametrize(
    "path", ["/ledger/99/proof", "/ledger/99/entry.tlog-proof", "/ledger/continues/0/3",
             "/ledger/continues/4/3", "/ledger/continues/3/99"],
)  # fmt: skip
def test_there_is_no_proof_of_what_is_not_there(
    signed: Ledger, client: FlaskClient, path: str
) -> None:
    assert client.get(path).status_code == 404


def test_the_record_says_whose_word_it_is(signed: Ledger, client: FlaskClient) -> None:
    page = client.get("/ledger").text
    told = ("Operator only: no witness has signed.", "Who could still have lied", "Key 1")
    for words in (*told, "— localhost/main "):
        assert words in page
    chinese = client.get("/ledger", headers={"Accept-Language": "zh-CN"}).text
    assert "Operator only" not in chinese
    assert "Who could still have lied" not in chinese


def prove(page: Page, url: str, position: int) -> str:
    page.goto(f"{url}/ledger/{position}")
    page.locator("[data-begin]").click()
    ended = re.compile("pass|part|stop|late")
    expect(page.locator("#prove")).to_have_attribute("data-verdict", ended, timeout=15_000)
    return str(page.locator("#prove").get_attribute("data-verdict"))


def states(page: Page) -> dict[str, str]:
    return dict(zip(STEPS, page.evaluate(STATES), strict=True))


def spoil(ledger: Ledger, statement: str, *values: object) -> None:
    """Change the file past every rule, as who owns the PC can."""
    assert isinstance(ledger.database, Database)
    path = ledger.database.path
    assert path is not None
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, values)
    connection.close()


@pytest.mark.browser
def test_a_browser_proves_an_entry_by_itself(signed: Ledger, url: str, browser: Browser) -> None:
    with open_page(browser) as page:
        assert prove(page, url, 3) in ("pass", "part")
        first = states(page)
        assert page.locator("#prove").get_attribute("data-self-test") == "pass"
        assert [first[step] for step in STEPS[:3]] == ["pass"] * 3
        assert first["key"] in ("pass", "late")  # an older browser knows no Ed25519
        assert (first["witness"], first["before"]) == ("late", "late")
        signed.append([draft(packed(number)) for number in range(20, 40)])
        LogSigner(signed, every_s=0).sign()
        assert prove(page, url, 12) == ("pass" if first["key"] == "pass" else "part")
        assert states(page)["before"] == "pass"
        verdict = page.locator(".finding[data-verdict]:visible")
        expect(verdict).to_have_count(1)
        assert sideways(page) == 0


@pytest.mark.browser
def test_a_page_without_tls_hashes_by_itself_and_says_what_it_cannot_do(
    signed: Ledger, url: str, browser: Browser
) -> None:
    with open_page(browser, "phone") as page:
        # What browsers leave out where a page came by plain http from another machine.
        page.add_init_script(
            "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })"
        )
        assert prove(page, url, 3) == "part"
        found = states(page)
        assert [found[step] for step in STEPS[:4]] == ["pass", "pass", "pass", "late"]
        expect(page.get_by_text("could not be checked in this browser")).to_be_visible()
        assert sideways(page) == 0


@pytest.mark.browser
def test_a_browser_finds_what_was_changed(signed: Ledger, url: str, browser: Browser) -> None:
    spoil(signed, "UPDATE body SET body = replace(body, 'packing', 'package') WHERE position = 3")
    with open_page(browser) as page:
        assert prove(page, url, 3) == "stop"
        assert states(page)["said"] == "stop"
        assert states(page)["root"] == "pass"
        expect(page.get_by_text("what was said was changed")).to_be_visible()


@pytest.mark.browser
def test_a_browser_remembers_another_history(signed: Ledger, url: str, browser: Browser) -> None:
    with open_page(browser) as page:
        assert prove(page, url, 3) in ("pass", "part")
        forged = '{"localhost/main": {"size": 5, "root": "' + "ab" * 32 + '"}}'
        page.evaluate("(words) => localStorage.setItem('hangtag-proven', words)", forged)
        assert prove(page, url, 3) == "stop"
        assert states(page)["before"] == "stop"


@pytest.mark.browser
def test_a_browser_tells_a_foreign_signature(signed: Ledger, url: str, browser: Browser) -> None:
    stranger = Signer.make("localhost/main")
    with open_page(browser) as page:
        page.route(
            "**/ledger/3/proof",
            lambda route: route.fulfill(
                json={**route.fetch().json(), "keys": [str(stranger.verifier)]}
            ),
        )
        assert prove(page, url, 3) == "stop"
        assert states(page)["key"] == "stop"


def test_what_was_erased_is_told_apart(signed: Ledger, client: FlaskClient) -> None:
    signed.append([erasure_draft("//porto.invalid/obj/W-1", ["name"], by="admin")])
    told = client.get("/ledger/8/proof").get_json()
    assert told["position"] == 8
    assert told["said"]["salt"]
