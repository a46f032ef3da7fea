"""The sheet of the first thirty minutes, in a real browser: paste, put right in place, take in."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.web.browser import open_page, sideways
from traceability.ledger.append import Ledger

pytestmark = pytest.mark.browser

SHEET = (
    "秋季订单\t\t\t\t\t\t\t\n\t\t\t\t\t\t\t\n"
    "订单号\t客户\t交期\t款号\t颜色\tS\tM\tL\tXXXL?\t合计\n"
    "118\tAlder & Finch\t2026-12-07\tA1\tnavy\t100\t200\t100\t20\t420\n"
    "119\tBeck\t2026-12-09\t6.90E+12\tblack\t100\t200\t\t\t300\n"
    "120\tLina\t2026-12-11\tC3\tmoss\t120\t200\t\t\t320\n"
    "121\tDora\t2026-12-11\tC3\tecru\t200\t\t\t\t200\n"
    "合计\t\t\t\t\t520\t600\t100\t20\t1240\n"
)
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.getElementById("cells").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def paste(page: Page, address: str, text: str) -> str:
    page.goto(f"{address}/orders")
    with page.expect_navigation():
        page.get_by_role("link", name="Orders from a spreadsheet").first.click()
    with page.expect_navigation():
        page.evaluate(PASTE, text)
    return page.locator("h1").inner_text().replace("\u202f", " ")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_paste_correct_in_place_take_in_and_paste_again(
    browser: Browser, address: str, ledger: Ledger, size: str
) -> None:
    with open_page(browser, size, locale="en-GB") as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        assert paste(page, address, SHEET) == "4 orders, 9 products, 1 240 pieces"
        assert page.locator(".wrongs .at").all_inner_texts() == ["I3", "D5"]
        assert sideways(page) == 0
        assert ledger.size == 1
        page.get_by_role("button", name="Make it XXXL").click()
        page.get_by_label("What should stand in D5").fill("B2")
        with page.expect_navigation():
            page.get_by_role("button", name="Take in", exact=True).click()
        assert page.locator("h1").inner_text() == "Taken in"
        assert "4 orders, 9 products" in page.locator("main").inner_text()
        assert ledger.size == 1 + 9 + 4
        again = SHEET.replace("XXXL?", "XXXL").replace("6.90E+12", "B2")
        paste(page, address, again)
        assert "Nothing would change" in page.locator("main").inner_text()
        assert (ledger.size, errors) == (14, [])
