"""Codes on paper that do what the buttons do: no reader, no touch, no mouse."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.scanning.workshop import Workshop, digits
from tests.web.browser import sideways
from tests.web.scan_shop import ROLL, Shop, rows, scan, serving, settled, small_workshop
from tests.web.scanner import type_scan
from tests.web.test_keys import outside
from tests.web.test_readers import words
from traceability.web import create_app
from traceability.web.command_sheet import command_of
from traceability.web.opening import reading_of


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = small_workshop(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def client(workshop: Workshop) -> FlaskClient:
    app = create_app(reading=reading_of(workshop.ledger))
    app.testing = True
    return app.test_client()


@pytest.fixture
def shop(workshop: Workshop) -> Iterator[Shop]:
    with serving(workshop) as found:
        yield found
    assert (found.problems, found.strangers) == ([], [])


def test_the_sheet_shows_steps_acts_and_people_and_understands_its_own_codes(
    client: FlaskClient,
) -> None:
    html = client.get("/scan/commands").text
    codes = re.findall(r'<p class="id">(HANGTAG[^<]*)</p>', html)
    assert [command_of(code) for code in codes[:3]] == [
        ("undo", ""),
        ("put away", ""),
        ("step", "fabric-in"),
    ]
    assert None not in [command_of(code) for code in codes]
    assert "Who scans Ana" in words(html)
    assert html.count('class="square"') == len(codes) + 1
    assert "命令表" in words(client.get("/scan/commands?lang=zh_Hans").text)


def test_names_on_the_sheet_are_the_owner_s_alone(client: FlaskClient) -> None:
    assert outside(client.application).get("/scan/commands").status_code == 401


def test_without_scripts_a_code_chooses_the_step_and_puts_away(client: FlaskClient) -> None:
    client.set_cookie("step", "cutting")
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/scan").text)
    assert token is not None
    form = {"csrf": token[1], "counter": "0", "opened": "//w.invalid/class/R-1"}
    away = client.post("/scan", data=form | {"code": "HANGTAG PUT-AWAY"})
    back = client.post("/scan", data=form | {"code": "HANGTAG UNDO"})
    moved = client.post("/scan", data=form | {"code": "HANGTAG STEP packing"})
    assert "What was open is put away. Scan the next code." in away.text
    assert 'name="opened"' not in away.text
    assert "There is nothing here that can be taken back." in back.text
    assert (moved.status_code, moved.headers["Location"]) == (303, "/scan")
    assert "step=packing" in moved.headers["Set-Cookie"]


def test_a_scanner_alone_takes_back_puts_away_and_changes_the_step(
    browser: Browser, shop: Shop
) -> None:
    page = shop.open(browser, "cutting", locale="en-GB")
    type_scan(page, "HANGTAG UNDO")
    expect(page.get_by_text("There is nothing here that can be taken back.")).to_be_visible()
    scan(page, ROLL, digits(1200))
    settled(page)
    type_scan(page, "HANGTAG UNDO")
    expect(page.locator("[data-rows] li[data-undone]")).to_have_count(1)
    settled(page)
    type_scan(page, "HANGTAG PUT-AWAY")
    expect(page.get_by_text("What was open is put away. Scan the next code.")).to_be_visible()
    heard = len(rows(page))
    type_scan(page, "HANGTAG STEP packing")
    page.wait_for_url("**/scan")
    expect(page.locator("[data-scan][data-stage=packing][data-is-ready]")).to_be_visible()
    assert heard == 2


def test_each_code_is_read_off_the_page_as_a_square_and_as_bars(
    browser: Browser, shop: Shop
) -> None:
    page = shop.open(browser, "cutting", locale="en-GB", device_scale_factor=2)
    page.goto(f"{shop.url}/scan/commands")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    read = {(one.format.name, one.text) for one in zxingcpp.read_barcodes(picture)}
    codes = page.locator(".commands .id").all_text_contents()
    assert read == {(form, code) for form in ("QRCode", "Code128") for code in codes}
    assert sideways(page) == 0
