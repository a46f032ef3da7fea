"""What only a real browser can show: scans from a keyboard wedge, the look at each size, axe."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.web.browser import THEMES, open_page, sideways
from tests.web.pseudo import CARRIER
from tests.web.scanner import type_keys, type_scan

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
STATES = ("ready", "reading", "pass", "again", "stop", "unknown", "hold", "down", "offline")
PAGES = ("/parts", "/parts?why=stopped", "/menu", "/nowhere")


def _serve(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    app.add_url_rule("/trace", "trace", lambda: "found")
    yield from _serve(app)


@pytest.fixture
def pseudo_url(make_app: Callable[..., Flask], pseudo_folder: Path) -> Iterator[str]:
    yield from _serve(make_app(languages=(CARRIER,), translations=str(pseudo_folder)))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser) as page:
        yield page


HEARD = """() => {
  window.heard = [];
  document.addEventListener("hangtag:scan", (event) => {
    event.preventDefault();
    window.heard.push(event.detail.text);
  });
}"""


@pytest.mark.parametrize("end", ["Enter", "Tab"])
@pytest.mark.parametrize("focus", ["", "#scan", "#field-many", "select"])
def test_a_scan_is_taken_wherever_the_cursor_is(page: Page, url: str, end: str, focus: str) -> None:
    page.goto(f"{url}/parts")
    page.evaluate(HEARD)
    if focus:
        page.focus(focus)
    before = page.input_value("#field-many")
    type_scan(page, "]C100095212340000044179", end)
    assert page.evaluate("window.heard") == ["]C100095212340000044179"]
    assert page.input_value("#field-many") == before
    assert page.input_value("#scan") == ""


def test_a_link_that_begins_with_a_slash_is_a_scan_too(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    page.evaluate(HEARD)
    type_scan(page, "/01/09521234002260/21/100007731")
    assert page.evaluate("window.heard") == ["/01/09521234002260/21/100007731"]
    assert page.input_value("#scan") == ""


def test_what_a_person_types_stays_where_he_types_it(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    page.evaluate(HEARD)
    page.fill("#field-many", "")
    page.focus("#field-many")
    page.keyboard.type("1240", delay=70)
    assert page.evaluate("window.heard") == []
    assert page.input_value("#field-many") == "1240"


def test_a_group_separator_survives_as_f8(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    page.evaluate(HEARD)
    type_keys(page, [*"10ABC", "F8", *"21X", "Enter"])
    assert page.evaluate("window.heard") == ["10ABC\u001d21X"]


def test_a_scan_nobody_takes_leads_to_find(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    with page.expect_navigation():
        type_scan(page, "]C0B-40925")
    assert page.url == f"{url}/trace?code=%5DC0B-40925"


def test_the_slash_key_leads_to_the_scan_field(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "scan"


def test_an_eyelet_opens_in_place_and_shuts(page: Page, url: str) -> None:
    page.goto(f"{url}/parts")
    page.click('[aria-controls="why-stopped"]')
    page.wait_for_selector("#why-stopped .why")
    assert page.url == f"{url}/parts"
    page.keyboard.press("Escape")
    assert page.query_selector("#why-stopped .why") is None


def test_an_eyelet_opens_without_javascript(browser: Browser, url: str) -> None:
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(f"{url}/parts")
        page.click('[aria-controls="why-stopped"]')
        assert page.url.endswith("/parts?why=stopped#why-stopped")
        assert page.is_visible("#why-stopped .why")


@pytest.mark.parametrize("size", ["small", "phone", "desktop", "tv"])
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_scrolls_sideways_or_complains(
    browser: Browser, url: str, size: str, theme: str
) -> None:
    with open_page(browser, size, theme) as page:
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        for path in PAGES[:3]:
            page.goto(url + path)
            assert (path, sideways(page)) == (path, 0)
        assert said == []


@pytest.mark.parametrize(
    ("size", "paths"),
    [("small", PAGES), ("desktop", (*PAGES, *(f"/parts/gate/{state}" for state in STATES)))],
)
def test_longer_sentences_fit(
    browser: Browser, pseudo_url: str, size: str, paths: tuple[str, ...]
) -> None:
    with open_page(browser, size) as page:
        for path in paths:
            page.goto(pseudo_url + path)
            assert (path, sideways(page)) == (path, 0)


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(browser: Browser, url: str, theme: str) -> None:
    # The policy forbids scripts that are not ours; axe is put in from outside the page.
    with open_page(browser, "desktop", theme, bypass_csp=True) as page:
        found = []
        for path in (*PAGES, "/parts/wall", *(f"/parts/gate/{state}" for state in STATES)):
            page.goto(url + path)
            page.add_script_tag(path=str(AXE))
            result = page.evaluate(
                "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
                "v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 120))]))"
            )
            found += [(path, json.dumps(one)) for one in result]
        assert found == []
