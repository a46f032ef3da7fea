"""Board, stock and record in a real Chromium: width, axe, and a record that turns red by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.web import story
from tests.web.browser import open_page, sideways
from traceability.ledger.append import Ledger
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
NOW = story.BEGINS_AT + timedelta(hours=3)
RED_WITHIN_MS = 5000


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Ledger]:
    ledger = story.story_ledger(tmp_path / "day.sqlite")
    yield ledger
    ledger.database.close()


@pytest.fixture
def url(day: Ledger) -> Iterator[str]:
    app = create_app(reading=reading_of(day), settings=Settings(clock=lambda: NOW))
    state = {"title": "Dock gate", "state": "STOP", "count": 17, "expected": 18}
    app.extensions["hangtag.live"].publish_gate("dock", {**state, "at": NOW.isoformat()})
    app.extensions["hangtag.background"].start()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    app.extensions["hangtag.background"].stop()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_pages_fit_and_axe_finds_nothing(browser: Browser, url: str, size: str) -> None:
    problems = []
    with open_page(browser, size) as page:
        for path in ("/", "/?why=stage-2", "/stock", "/ledger", "/ledger/40"):
            page.goto(url + path)
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run()")
            problems += [
                (path, one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]
            ]
            assert sideways(page) == 0, path
    assert problems == [], problems


def test_an_altered_record_turns_board_and_record_red_by_itself(
    browser: Browser, url: str, day: Ledger
) -> None:
    with open_page(browser) as board, open_page(browser) as record:
        board.goto(url + "/")
        record.goto(url + "/ledger")
        expect(board.locator("#record")).to_contain_text("Record: all true", timeout=RED_WITHIN_MS)
        body = story.said_at(day, 40)
        story.alter(day, 40, body.replace(b"2026-01-05", b"2026-01-06"))
        for page, place in ((board, "#record"), (record, "#check")):
            expect(page.locator(place)).to_contain_text("position 40", timeout=RED_WITHIN_MS)
        story.alter(day, 40, body)
        for page, place in ((board, "#record"), (record, "#check")):
            expect(page.locator(place)).to_contain_text("ll true", timeout=RED_WITHIN_MS)


def test_a_figure_opens_in_place_and_its_entry_is_one_press_away(
    browser: Browser, url: str
) -> None:
    with open_page(browser) as page:
        page.goto(url + "/stock")
        page.locator(".figure-link").first.click()
        expect(page.locator("#why .why")).to_be_visible()
        page.locator("#why a[href^='/ledger/']").first.click()
        expect(page.locator("h2", has_text="What it touched")).to_be_visible()


def test_verify_now_works_by_one_press(browser: Browser, url: str, day: Ledger) -> None:
    with open_page(browser) as page:
        page.goto(url + "/ledger")
        page.get_by_role("button", name="Verify now").click()
        words = f"All true: {day.size} entries checked in"
        expect(page.locator("#check")).to_contain_text(words, timeout=RED_WITHIN_MS)
