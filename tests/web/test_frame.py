"""The frame around every page, and what stands there when something is wrong."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.pseudo import literals
from traceability.assets import folder
from traceability.catalogue import languages, missing, read_language
from traceability.errors import Conflict, DatabaseBusy, Refused
from traceability.web.parts import ICONS, STORY

STATES = ("ready", "reading", "pass", "again", "stop", "unknown", "hold", "down", "offline")
PAGES = (
    "/parts",
    "/parts?why=stopped",
    "/parts/wall",
    "/menu",
    "/nowhere",
    *(f"/parts/gate/{state}" for state in STATES),
)
ROOMS = ("layout/", "parts/", "gallery", "error", "menu", "web/words", "web/trouble", "web/parts")
MakeApp = Callable[..., Flask]


@pytest.mark.parametrize("path", PAGES)
def test_no_visible_word_is_a_literal(pseudo_client: FlaskClient, path: str) -> None:
    sizes = ("XXL", "XS", "XL", "EN", "Link", "bn", "zh")
    units = ("min",)  # Babel's, of what is a minute old on a slow machine
    facts = [*STORY.values(), *sizes, *units, STORY["serial"][-4:], "stopped", "Porto"]
    assert literals(pseudo_client.get(path).text, facts) == []


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.name)
def test_a_language_has_every_sentence_of_the_frame(language: Path) -> None:
    lacking = {
        message: places
        for message, places in missing(language).items()
        if any(place.startswith(ROOMS) for place in places)
    }
    assert lacking == {}


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.name)
def test_a_translation_fills_in_what_the_sentence_fills_in(language: Path) -> None:
    problems = [
        str(error) for message, errors in read_language(language).check() for error in errors
    ]
    assert problems == []


def test_only_pages_that_exist_are_in_the_menu(app: Flask, client: FlaskClient) -> None:
    for entry in app.extensions["hangtag.menu"]:
        assert entry.endpoint in app.view_functions


def test_a_program_gets_a_problem_document(client: FlaskClient) -> None:
    answer = client.get("/api/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["title"] == "There is no page here"


def test_a_person_gets_a_page(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no page here" in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refused("no"), 400), (Conflict("no"), 409), (DatabaseBusy("no"), 503), (OSError("x"), 500)],
)
def test_each_error_has_its_status_and_keeps_its_sentence(
    make_app: MakeApp, error: Exception, status: int
) -> None:
    app = make_app()
    app.testing = False

    def fail() -> str:
        raise error

    app.add_url_rule("/api/fail", "fail", fail)
    answer = app.test_client().get("/api/fail")
    assert answer.status_code == status
    assert answer.json is not None
    if status < 500:
        assert answer.json["detail"] == "no"
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_page_says_that_it_is_a_demo(app: Flask) -> None:
    from dataclasses import replace

    reading = app.extensions["hangtag.reading"]
    opening = replace(reading.opening, is_demo=True)
    app.extensions["hangtag.reading"] = replace(reading, said=lambda: opening)
    client = app.test_client()
    for path in PAGES:
        assert "Demo: simulated" in client.get(path).text


def test_a_static_file_with_its_digest_is_kept(client: FlaskClient) -> None:
    html = client.get("/menu").text
    address = html.split('href="/static/css/tokens.css')[1].split('"')[0]
    with client.get(f"/static/css/tokens.css{address}") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    with client.get("/static/css/tokens.css") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_what_others_made_is_what_it_was() -> None:
    root = folder("static")
    listed = tomllib.loads((root / "vendor" / "VENDOR.toml").read_text(encoding="utf-8"))["file"]
    for one in listed:
        assert hashlib.sha256((root / one["path"]).read_bytes()).hexdigest() == one["sha256"]
        assert (root / one["licence_text"]).is_file()
    shipped = {
        path.relative_to(root).as_posix()
        for path in [*root.glob("vendor/*.js"), *root.glob("fonts/*.woff2")]
    }
    assert shipped - {one["path"] for one in listed} == {"fonts/thin-space.woff2"}


def test_no_file_asks_another_machine() -> None:
    for path in [*folder("static").rglob("*.css"), *folder("static").rglob("js/*.js")]:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
        assert "url(//" not in text


def test_every_icon_of_the_gallery_is_drawn() -> None:
    sprite = (folder("static") / "icons.svg").read_text(encoding="utf-8")
    assert [name for name in ICONS if f'id="{name}"' not in sprite] == []


def test_the_look_of_a_customer_page_stays_under_70_kb(client: FlaskClient) -> None:
    html = client.get("/menu").text
    addresses = [
        address
        for address in re.findall(r'"(/static/[^"#]+)', html)
        if "/css/" in address or "icons.svg" in address
    ]
    total = 0
    for address in dict.fromkeys(addresses):
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            total += len(answer.data)
    faces = ("archivo-latin-wght-normal.woff2", "thin-space.woff2")
    total += sum((folder("static") / "fonts" / face).stat().st_size for face in faces)
    assert total < 70_000
