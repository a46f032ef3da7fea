"""A scan page whose PC is silent for long: what the person who holds the phone is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.scanning.workshop import Workshop
from tests.web.scan_shop import ROLL, TICKETS, Shop, scan, serving, settled, small_workshop

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made: Workshop = small_workshop(tmp_path)
    with serving(made) as found:
        yield found
    made.database.close()


def test_a_pc_that_is_gone_is_named_and_what_helps(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting", "phone")
    scan(page, ROLL)
    settled(page)
    page.clock.install()
    page.context.set_offline(True)
    scan(page, TICKETS[0])
    expect(page.locator("#said")).to_have_attribute("data-state", "kept")
    gone = page.locator("[data-slot=gone]")
    assert not gone.is_visible()  # a Wi-Fi that is away for a moment is nothing
    page.clock.fast_forward(61_000)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(gone).to_contain_text(f"The PC at {shop.url.removeprefix('http://')} is silent.")
    expect(gone).to_contain_text("give it this address, and the 2 scans kept here go to it")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    settled(page)
    expect(gone).to_be_hidden()
