"""Keys at the door: what each kind opens, asked of every address the server has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.conftest import NOW, MakeApp
from tests.web.pseudo import CARRIER, literals
from tests.web.test_orders import app_of, day, stored
from traceability.ledger.append import Ledger
from traceability.ledger.proof.signing import LogSigner
from traceability.projections import keys
from traceability.projections.keys import Key, KeyKind
from traceability.projections.view import look
from traceability.web import access, asgi
from traceability.web.doors import MARK, Door

__all__ = ["day", "stored"]  # fixtures of the orders' tests

SECRET = "s" * 40
TOKEN = "t" * 32
PEER = {"REMOTE_ADDR": "192.168.1.30"}
GUESTS = {
    "/enter",
    "/healthz",
    "/k/<token>",
    "/o/<token>",
    "/scan-camera.js",
    "/scan-worker.js",
    "/static/<path:filename>",
    "/trust",
    "/trust/hangtag.crt",
    "/trust/here",
}
"""Addresses that anybody may ask: whoever opens another one to everybody adds it here."""
DEVICES_TOO = {"/api/covered", "/people/<badge>", "/people/mine"}
"""Addresses whose views say that a device may call them: whoever marks another one adds it here."""
DEVICES_POST = {"/api/serials", "/api/clock", "/api/covered"}


class Elsewhere(FlaskClient):
    """A browser on another device of the house."""

    base = ""

    # `Any`: whatever a test client takes.
    def open(self, *args: Any, **more: Any) -> Any:
        return super().open(*args, **{"base_url": self.base, **more})

    def said(self) -> dict[str, Any]:
        """What its cookie holds."""
        with self.session_transaction(base_url=self.base) as session:
            return dict(session)


def outside(app: Flask, door: Door = Door.SAFE) -> Elsewhere:
    app.test_client_class = Elsewhere
    client = app.test_client()
    app.test_client_class = None
    assert isinstance(client, Elsewhere)
    client.base = "https://workshop.test:8443" if door is Door.SAFE else "http://workshop.test:8480"
    client.environ_base |= PEER
    client.environ_base["asgi.scope"] = {MARK: door.value}  # type: ignore[assignment]  # no text
    return client


def make(ledger: Ledger, kind: KeyKind, **more: str) -> tuple[Key, str]:
    key, secret = keys.new_key(
        kind, kind.title(), made_at=NOW, expires_at=NOW + timedelta(days=30), by="admin", **more
    )
    ledger.append([key.draft(by="admin")])
    return key, secret


def end(ledger: Ledger, key: Key) -> None:
    ledger.append([keys.ended(key, by="admin", at=NOW).draft(by="admin")])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(secret=SECRET, admin_token=TOKEN)


def enter(app: Flask, secret: str, door: Door = Door.SAFE) -> Elsewhere:
    client = outside(app, door)
    answer = client.get(f"/k/{secret}")
    assert answer.status_code == 303, answer.text
    return client


# --- every address and every kind ----------------------------------------------------------------


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield rule, method and a concrete path of every address of the app."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int:\w+>", "1", rule.rule)
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"x-\1", path)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.rule, method, path


TURNED_AWAY = {401, 403}


def test_a_stranger_gets_in_nowhere_but_where_anybody_may(app: Flask) -> None:
    client = outside(app)
    for rule, method, path in addresses(app):
        status = client.open(path, method=method).status_code
        if rule not in GUESTS:
            assert status == 401, (rule, method)
        elif rule not in ("/enter", "/k/<token>"):
            assert status not in TURNED_AWAY, (rule, method)


def test_a_device_scans_and_looks_up_and_nothing_else(app: Flask, ledger: Ledger) -> None:
    _key, secret = make(ledger, "device", stage="sewing")
    client = enter(app, secret)
    for rule, method, path in addresses(app):
        if rule in GUESTS | {"/"}:
            continue
        status = client.open(path, method=method).status_code
        is_scan = rule.startswith(("/scan", "/api/scan")) and rule != "/scan/commands"
        is_look = method == "GET" and rule in access.FINDING | DEVICES_TOO
        is_open = is_scan or is_look or (method == "POST" and rule in DEVICES_POST)
        assert (status in TURNED_AWAY) == (not is_open), (rule, method, status)


def test_an_auditor_reads_and_changes_nothing(app: Flask, ledger: Ledger) -> None:
    LogSigner(ledger).prepare()
    client, size = enter(app, make(ledger, "auditor")[1]), ledger.size
    read = 0
    for rule, method, path in addresses(app):
        if rule in GUESTS or rule == "/api/clock":  # whose own time it only hears
            continue
        status = client.open(path, method=method).status_code
        if method != "GET" or rule.startswith(access.CLOSED):
            assert status == 403, (rule, method, status)
        else:
            read += status != 403
    assert ledger.size == size
    assert read > 25


def test_another_owner_may_do_everything(app: Flask, ledger: Ledger) -> None:
    _key, secret = make(ledger, "admin")
    client = enter(app, secret)
    closed = [
        (rule, method)
        for rule, method, path in addresses(app)
        if method == "GET"
        and rule not in ("/enter", "/k/<token>")
        and client.get(path).status_code in TURNED_AWAY
    ]
    assert closed == []


@pytest.mark.parametrize("kind", ["admin", "auditor"])
def test_by_the_plain_door_only_a_device_comes_in(
    app: Flask, ledger: Ledger, kind: KeyKind
) -> None:
    _key, secret = make(ledger, kind)
    client = outside(app, Door.PLAIN)
    answer = client.get(f"/k/{secret}")
    assert answer.status_code == 403
    assert "Open the address that begins with https" in answer.text
    bearer = {"Authorization": f"Bearer {secret}"}
    for rule, method, path in addresses(app):
        if rule in GUESTS:
            continue
        status = client.open(path, method=method, headers=bearer).status_code
        assert status in TURNED_AWAY, (rule, method)
    assert client.get(f"/enter?token={TOKEN}").status_code == 403


def test_the_owners_rule_holds_at_the_door_of_this_pc_alone(app: Flask) -> None:
    for door, status in ((Door.HERE, 200), (Door.SAFE, 401), (Door.PLAIN, 403)):
        client = outside(app, door)
        client.base = "http://127.0.0.1:8080"
        client.environ_base["REMOTE_ADDR"] = "127.0.0.1"
        assert client.get("/orders").status_code == status, door


def test_who_types_the_plain_address_is_led_to_the_porch(app: Flask) -> None:
    answer = outside(app, Door.PLAIN).get("/")
    assert (answer.status_code, answer.location) == (303, "/trust")


# --- a key and its record ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "start"), [("device", "/scan"), ("auditor", "/ledger"), ("admin", "/")]
)
def test_a_link_leads_to_where_its_holder_begins(
    app: Flask, ledger: Ledger, kind: KeyKind, start: str
) -> None:
    _key, secret = make(ledger, kind)
    answer = outside(app).get(f"/k/{secret}")
    assert (answer.status_code, answer.location) == (303, start)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hangtag=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Expires="):
        assert word in cookie
    assert secret not in cookie


def test_the_cookie_of_the_plain_door_opens_nothing_behind_tls(app: Flask, ledger: Ledger) -> None:
    _key, secret = make(ledger, "device")
    client = enter(app, secret, Door.PLAIN)
    assert client.get("/trace").status_code == 200
    client.environ_base["asgi.scope"] = {MARK: "safe"}  # type: ignore[assignment]  # no text
    client.base = "https://workshop.test:8443"
    assert client.get("/trace").status_code == 401


def test_an_ended_key_opens_nothing_from_the_next_request_on(app: Flask, ledger: Ledger) -> None:
    key, secret = make(ledger, "auditor")
    client = enter(app, secret)
    assert client.get("/orders").status_code == 200
    end(ledger, key)
    answer = client.get("/orders")
    assert answer.status_code == 401
    assert "This link was ended" in answer.text
    assert "This link was ended" in outside(app).get(f"/k/{secret}").text


def test_a_key_ends_by_itself(make_app: MakeApp, ledger: Ledger) -> None:
    _key, secret = make(ledger, "auditor")
    at = {"now": NOW}
    app = make_app(secret=SECRET, clock=lambda: at["now"])
    client = enter(app, secret)
    at["now"] = NOW + timedelta(days=30) - timedelta(seconds=1)
    assert client.get("/orders").status_code == 200
    at["now"] = NOW + timedelta(days=30)
    answer = client.get("/orders")
    assert answer.status_code == 401
    assert "The time of this link is over" in answer.text


@pytest.mark.parametrize("given", ["x", "htg_device_" + "a" * 39, "htg_admin_" + "é" * 5])
def test_a_link_that_nobody_made_says_what_to_do(app: Flask, given: str) -> None:
    answer = outside(app).get(f"/k/{given}")
    assert answer.status_code == 401
    assert "This link opens nothing here" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_of_a_key_that_this_ledger_does_not_know_opens_nothing(app: Flask) -> None:
    client = outside(app)
    with client.session_transaction(base_url=client.base) as session:
        session["key"] = "0" * 20
    assert client.get("/orders").status_code == 401


def test_a_program_brings_its_key_in_the_header(app: Flask, ledger: Ledger) -> None:
    key, secret = make(ledger, "auditor")
    client = outside(app)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/orders", headers=bearer).status_code == 200
    assert client.post("/holds", headers=bearer).status_code == 403
    wrong = {"Authorization": f"Bearer {secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}"}
    assert client.get("/api/orders", headers=wrong).status_code == 401
    end(ledger, key)
    answer = client.get("/api/orders", headers=bearer)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "has ended it" in answer.get_json()["detail"]


def test_a_wrong_key_is_not_made_good_by_standing_at_the_pc(app: Flask) -> None:
    bearer = {"Authorization": "Bearer htg_admin_" + "a" * 39}
    assert app.test_client().get("/orders", headers=bearer).status_code == 401


def test_a_form_of_a_key_holder_needs_its_own_value(app: Flask, ledger: Ledger) -> None:
    _key, secret = make(ledger, "admin")
    client = enter(app, secret)
    made = {"kind": "auditor", "days": "30"}
    assert client.post("/keys", data=made).status_code == 400
    assert client.post("/keys", json=made).status_code == 400
    page = client.get("/keys").text
    value = re.search(r'name="csrf" value="([^"]+)"', page)
    assert value is not None
    foreign = {"Origin": "https://evil.example"}
    form = {**made, "csrf": value[1]}
    assert client.post("/keys", data=form, headers=foreign).status_code == 400
    assert client.post("/keys", data=form).status_code == 303


def test_a_device_knows_its_step_by_its_newest_name(app: Flask, ledger: Ledger) -> None:
    key, secret = make(ledger, "device", stage="sewing")
    client = enter(app, secret)
    ledger.append([keys.renamed(key, "Packing table").draft(by="admin")])
    client.get("/trace")
    device = {"id": key.id, "title": "Packing table", "stage": "sewing", "place": ""}
    assert client.said()["device"] == device


def test_a_device_that_opens_the_first_page_stands_at_its_scan(app: Flask, ledger: Ledger) -> None:
    client = enter(app, make(ledger, "device")[1])
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (303, "/scan")


def test_a_menu_shows_what_its_reader_may_open(app: Flask, ledger: Ledger) -> None:
    device = enter(app, make(ledger, "device")[1]).get("/trace").text
    assert set(re.findall(r'<li><a href="([^"]+)"', device.split("</nav>")[0])) <= {
        "/scan",
        "/trace",
    }
    auditor = enter(app, make(ledger, "auditor")[1]).get("/orders").text.split("</nav>")[0]
    assert "/ledger" in auditor
    assert "/safe" not in auditor
    assert "/phones" not in auditor


def test_a_secret_never_reaches_the_log(
    app: Flask, ledger: Ledger, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from traceability.web import trouble

    _key, secret = make(ledger, "device")
    app.testing = False
    app.register_error_handler(Exception, trouble._on_anything)
    monkeypatch.setattr(access, "let_in", lambda _found: 1 / 0)
    assert outside(app).get(f"/k/{secret}").status_code == 500
    said = "".join(capfd.readouterr())
    assert "/k/…" in said
    assert secret not in said


# --- the page ------------------------------------------------------------------------------------


def post(client: FlaskClient, path: str, **form: str) -> str:
    with client.session_transaction() as session:
        session.setdefault("csrf", "known")
        value = session["csrf"]
    answer = client.post(path, data={"csrf": value, **form})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_a_new_link_is_shown_for_ten_minutes_and_never_again(
    make_app: MakeApp, ledger: Ledger
) -> None:
    at = {"now": NOW}
    client = make_app(secret=SECRET, clock=lambda: at["now"]).test_client()
    where = post(client, "/keys", kind="auditor", days="7", title="Inês").partition("#")[0]
    found = re.search(r"htg_auditor_[a-z2-7]{39}", client.get(where).text)
    assert found is not None
    with look(ledger) as view:
        made = keys.holder(view, found[0])
    assert made is not None
    assert (made.title, made.expires_at - NOW, made.by) == ("Inês", timedelta(days=7), "admin")
    at["now"] += timedelta(minutes=10)
    assert found[0] not in client.get(where).text
    assert "Inês" in client.get("/keys").text


def test_a_link_that_came_to_its_device_is_shown_no_more(app: Flask) -> None:
    client = app.test_client()
    where = post(client, "/keys", kind="auditor", days="7").partition("#")[0]
    found = re.search(r"htg_auditor_[a-z2-7]{39}", client.get(where).text)
    assert found is not None
    enter(app, found[0])
    assert found[0] not in client.get(where).text


def test_one_touch_ends_a_key_and_a_customers_link(day: Ledger) -> None:
    app = app_of(day, secret=SECRET)
    client = app.test_client()
    key, _secret = make(day, "auditor")
    post(client, "/orders/4471/links", days="30")
    page = client.get("/keys").text
    assert "Order 4471" in page
    ends = re.findall(r'action="(/keys/\w+/end)"', page)
    assert len(ends) == 2
    assert f"/keys/{key.id}/end" in ends
    for path in ends:
        post(client, path)
    assert re.findall(r'action="(/keys/\w+/end)"', client.get("/keys").text) == []
    assert client.get("/keys").text.count("ended ") >= 2


def test_who_reads_only_is_handed_no_customers_link(day: Ledger) -> None:
    app = app_of(day, secret=SECRET)
    post(app.test_client(), "/orders/4471/links", days="30")
    auditor = enter(app, make(day, "auditor")[1])
    page = auditor.get("/orders/4471")
    assert page.status_code == 200
    assert "/o/" not in page.text
    assert auditor.get("/orders/4471/as-customer").status_code == 403


def test_the_record_says_which_owner_made_a_link(app: Flask, ledger: Ledger) -> None:
    key, secret = make(ledger, "admin")
    client = enter(app, secret)
    client.get("/keys")
    form = {"kind": "auditor", "days": "30", "csrf": str(client.said()["csrf"])}
    assert client.post("/keys", data=form).status_code == 303
    with look(ledger) as view:
        assert {one.by for one in keys.keys(view) if one.kind == "auditor"} == {f"key:{key.id}"}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"kind": "device"}, "Cannot make a link of kind 'device': expected auditor or admin."),
        (
            {"kind": "admin", "days": "365"},
            "Cannot make a link for '365' days: expected one of 1, 7, 30, 90.",
        ),
    ],
)
def test_a_link_that_cannot_be_made_says_why(
    app: Flask, form: dict[str, str], sentence: str
) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["csrf"] = "known"
    answer = client.post("/keys", data={"csrf": "known", **form})
    assert answer.status_code == 400
    assert sentence in answer.text.replace("&#39;", "'")


def test_no_visible_word_is_a_literal(
    make_app: MakeApp, ledger: Ledger, pseudo_folder: Path
) -> None:
    make(ledger, "auditor")
    key, _secret = make(ledger, "device", stage="sewing")
    end(ledger, key)
    app = make_app(secret=SECRET, languages=(CARRIER,), translations=str(pseudo_folder))
    client = app.test_client()
    where = post(client, "/keys", kind="admin", days="7", title="Rua").partition("#")[0]
    facts = ["Porto", "Auditor", "Device", "Sewing", "Rua"]
    facts += re.findall(r"http://localhost/k/\w+", client.get(where).text)
    assert literals(client.get(where).text, facts) == []
    assert literals(outside(app).get("/k/x").text, facts) == []


def test_an_auditor_is_shown_no_button_that_would_refuse_him(app: Flask, ledger: Ledger) -> None:
    page = enter(app, make(ledger, "auditor")[1]).get("/ledger").text
    assert "<form method=" not in page
    assert "/keys" not in page
    assert 'href="/keys"' in app.test_client().get("/ledger").text


def test_a_stream_ends_with_its_key(app: Flask, ledger: Ledger) -> None:
    """The page of an ended key must not go on hearing what happens."""
    key, secret = make(ledger, "auditor")
    front = asgi.Door(app, beat_s=0.05)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {secret}".encode())],
        "client": ("192.168.1.30", 4000),
        "server": ("192.168.1.2", 8443),
        "scheme": "https",
        MARK: Door.SAFE.value,
    }
    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:  # ASGI's own open dictionary
        said.append(dict(message))
        if len(said) == 5:
            await asyncio.to_thread(end, ledger, key)

    async def stay() -> dict[str, Any]:
        await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def story() -> None:
        hub = app.extensions["hangtag.live"]
        hub.start()
        try:
            async with asyncio.timeout(10):
                await front(scope, stay, send)
        finally:
            hub.stop()

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, story()).result(20)
    assert said[0]["status"] == 200
    assert said[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
