"""Who may come in, and from where a form may come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from traceability.web.access import open_to_all

MakeApp = Callable[..., Flask]
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def test_a_neighbour_on_a_loopback_server_is_the_owner(client: FlaskClient) -> None:
    assert client.get("/parts").status_code == 200


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        (ELSEWHERE, {}),
        ({}, {"Host": "evil.example"}),
        ({}, {"X-Forwarded-For": "192.0.2.7"}),
        ({}, {"Forwarded": "for=192.0.2.7"}),
    ],
)
def test_everybody_else_stays_outside(
    client: FlaskClient, environ: dict[str, str], headers: dict[str, str]
) -> None:
    answer = client.get("/parts", environ_overrides=environ, headers=headers)
    assert answer.status_code == 401
    assert "Open the link that the server printed" in answer.text


def test_a_server_that_others_can_reach_trusts_no_address(make_app: MakeApp) -> None:
    client = make_app(listens_on_loopback=False).test_client()
    assert client.get("/parts").status_code == 401


def test_the_printed_link_lets_in_and_leaves_the_address_bar(make_app: MakeApp) -> None:
    client = make_app(listens_on_loopback=False, admin_token="t" * 32).test_client()
    first = client.get(f"/enter?token={'t' * 32}", environ_overrides=ELSEWHERE)
    assert (first.status_code, first.location) == (303, "/")
    assert client.get("/parts", environ_overrides=ELSEWHERE).status_code == 200
    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert "SameSite=Lax" in first.headers["Set-Cookie"]


def test_a_wrong_link_is_refused(client: FlaskClient) -> None:
    assert client.get("/enter?token=no").status_code == 401


def test_a_command_comes_in_with_the_token_in_its_header(make_app: MakeApp) -> None:
    client = make_app(listens_on_loopback=False, admin_token="t" * 32).test_client()
    headers = {"Authorization": f"Bearer {'t' * 32}"}
    assert client.get("/parts", headers=headers).status_code == 200


def test_health_and_static_files_are_open(client: FlaskClient) -> None:
    for path in ("/healthz", "/static/css/tokens.css"):
        with client.get(path, environ_overrides=ELSEWHERE) as answer:
            assert answer.status_code == 200


@pytest.fixture
def form_client(make_app: MakeApp) -> FlaskClient:
    app = make_app()
    app.add_url_rule("/change", "change", lambda: "done", methods=["POST"])
    app.add_url_rule("/open", "open", open_to_all(lambda: "open"), methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Origin": "https://evil.example"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Origin": "http://localhost", "Content-Type": "text/plain"}, 400),
        ({"Content-Type": "application/json"}, 200),
        ({"Origin": "http://localhost", "Content-Type": "application/json"}, 200),
    ],
)
def test_a_foreign_page_cannot_change_anything(
    form_client: FlaskClient, headers: dict[str, str], expected: int
) -> None:
    assert form_client.post("/change", data="{}", headers=headers).status_code == expected


def test_our_own_form_is_taken(form_client: FlaskClient) -> None:
    with form_client.session_transaction() as session:
        session["csrf"] = "known"
    assert form_client.post("/change", data={"csrf": "known"}).status_code == 200
    assert form_client.post("/change", data={"csrf": "other"}).status_code == 400


def test_every_page_forbids_foreign_and_inline_scripts(client: FlaskClient) -> None:
    for path in ("/parts", "/menu", "/nowhere", "/healthz"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def test_no_page_carries_inline_style_or_script(client: FlaskClient) -> None:
    for path in ("/parts?why=stopped", "/parts/gate/pass", "/parts/wall", "/menu"):
        html = client.get(path).text
        assert " style=" not in html
        assert "<style" not in html
        assert " onclick=" not in html
        assert "<script>" not in html


def test_the_cookie_of_the_printed_link_ends_with_its_server(make_app: MakeApp) -> None:
    secret = "s" * 40
    first = make_app(listens_on_loopback=False, admin_token="t" * 32, secret=secret).test_client()
    cookie = first.get(f"/enter?token={'t' * 32}").headers["Set-Cookie"].partition(";")[0]
    for token, status in (("t" * 32, 200), ("u" * 32, 401)):
        app = make_app(listens_on_loopback=False, admin_token=token, secret=secret)
        client = app.test_client(use_cookies=False)
        assert client.get("/parts", headers={"Cookie": cookie}).status_code == status
