"""Printed, worn, read back: the sheets of a real browser, as a scanner meets them on a card."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from playwright.sync_api import Browser

from tests.labels.conftest import NAMESPACE
from tests.labels.worn import labels, printed, read, worn
from tests.web.browser import open_page, sideways
from tests.web.scanner import type_scan
from traceability.labels import tickets
from traceability.labels.sheet import find_paper
from traceability.ledger.append import Ledger

pytestmark = pytest.mark.browser

TOUCHES_MAX = 6
MISSING = 0.1
BLUR_DOTS = 1.0
POINTS_PER_MM = 72 / 25.4


@pytest.mark.parametrize("dots_per_mm", [8.0, 11.8], ids=["203 dpi", "300 dpi"])
@pytest.mark.parametrize(("name", "start"), [("a4-3x8", 5), ("a4-4x10", 3)])
def test_twenty_worn_tickets_are_all_read(
    ledger: Ledger, address: str, browser: Browser, name: str, start: int, dots_per_mm: float
) -> None:
    made = tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    paper = find_paper(name)
    url = f"{address}/labels/print?what=ticket&order=118&paper={name}&start={start}"
    picture = printed(browser, url, paper, dots_per_mm=dots_per_mm)
    tired = worn(picture, missing=MISSING, blur=BLUR_DOTS, seed=start)
    cut = labels(tired, paper, start, len(made), dots_per_mm)
    expected = [[code.text] for code in made]
    assert [read(one, zxingcpp.BarcodeFormat.QRCode) for one in cut] == expected
    assert [read(one, zxingcpp.BarcodeFormat.Code128) for one in cut] == expected


@pytest.mark.parametrize("name", ["50x30", "60x40", "70x37", "100x50"])
def test_single_labels_in_chinese_are_read_worn(
    ledger: Ledger, address: str, browser: Browser, name: str
) -> None:
    [first, *_] = tickets.make(ledger, f"//{NAMESPACE}/bt/119", size=20, by="admin")
    url = f"{address}/labels/print?what=ticket&order=119&paper={name}&lang=zh_Hans"
    picture = printed(browser, url, find_paper(name), dots_per_mm=8)
    tired = worn(picture, missing=MISSING, blur=BLUR_DOTS, seed=1)
    assert read(tired, zxingcpp.BarcodeFormat.QRCode) == [first.text]
    assert read(tired, zxingcpp.BarcodeFormat.Code128) == [first.text]


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("name", ["a4-3x8", "50x30", "38x20"])
def test_no_word_on_a_label_leaves_it(
    ledger: Ledger, address: str, browser: Browser, name: str, language: str
) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/119", size=20, by="admin")
    with open_page(browser) as page:
        page.goto(f"{address}/labels/print?what=ticket&order=119&paper={name}&lang={language}")
        page.evaluate("document.fonts.ready.then(() => true)")
        outside = page.evaluate(
            """() => [...document.querySelectorAll("svg.label")].flatMap((label) => {
                 const edge = label.getBoundingClientRect();
                 return [...label.querySelectorAll("text")].filter((text) => {
                   const box = text.getBoundingClientRect();
                   return box.left < edge.left - 0.5 || box.right > edge.right + 0.5;
                 }).map((text) => text.textContent);
               })"""
        )
    assert outside == []


@pytest.mark.parametrize(("name", "page_count"), [("a4-3x8", 1), ("a4-2x7", 2), ("60x40", 20)])
def test_a_printed_page_is_exactly_its_paper(
    ledger: Ledger, address: str, browser: Browser, name: str, page_count: int
) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    with open_page(browser) as page:
        page.goto(f"{address}/labels/print?what=ticket&order=118&paper={name}")
        data = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", data)
    wide, high = (side * POINTS_PER_MM for side in find_paper(name).page)
    assert len(boxes) == page_count
    for box in boxes:
        assert float(box[0]) == pytest.approx(wide, abs=1)
        assert float(box[1]) == pytest.approx(high, abs=1)


def test_from_the_order_to_the_print_dialog_in_few_touches(address: str, browser: Browser) -> None:
    touches = 0
    with open_page(browser) as page:
        page.add_init_script(
            "window.print = () => { document.documentElement.dataset.printing = 'yes'; }"
        )
        page.goto(f"{address}/orders/118")
        page.get_by_role("link", name="Print tickets").click()
        touches += 1
        page.locator('input[name="start-a4-3x8"][value="5"]').click()
        touches += 1
        page.get_by_role("button", name="Print 20 tickets").click()
        touches += 1
        page.wait_for_selector("svg.page")
        page.wait_for_selector("html[data-printing]", state="attached")
        assert page.locator("svg.label").count() == 20
        assert "#print" not in page.url
        page.reload()
        page.wait_for_selector("[data-print]:not([hidden])")
        assert page.locator("html[data-printing]").count() == 0
    assert touches <= TOUCHES_MAX


def test_without_scripts_the_menu_of_the_browser_prints(address: str, browser: Browser) -> None:
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(f"{address}/orders/118/tickets")
        page.get_by_role("button", name="Print 20 tickets").click()
        assert page.locator("svg.label").count() == 20
        assert page.get_by_text("Print this page with the menu of the browser").is_visible()
        assert not page.get_by_role("button", name="Print", exact=True).is_visible()


def test_another_bundle_size_shows_its_tickets_at_once(address: str, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(f"{address}/orders/118/tickets")
        page.get_by_label("Pieces in a bundle").fill("30")
        page.get_by_label("Pieces in a bundle").press("Tab")
        page.wait_for_selector("text=Print 16 tickets")
        assert page.locator("#split tbody tr").first.inner_text().split("\t")[-1] == "3 × 30 + 10"


def test_a_scan_of_the_test_page_is_answered(address: str, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(f"{address}/labels/test")
        page.wait_for_selector("[data-print]:not([hidden])")
        for text, shown in (
            ("HANGTAG-TEST-8", "Read something else"),
            ("HANGTAG-TEST-7", "Read right"),
        ):
            type_scan(page, text)
            page.wait_for_selector(f".read-answer:visible >> text={shown}")
        assert page.url == f"{address}/labels/test"


@pytest.mark.parametrize("path", ["/labels", "/orders/118/tickets", "/labels/test"])
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_nothing_is_wider_than_a_phone(
    address: str, browser: Browser, path: str, language: str
) -> None:
    with open_page(browser, "small") as page:
        page.goto(f"{address}{path}?lang={language}")
        assert sideways(page) == 0
