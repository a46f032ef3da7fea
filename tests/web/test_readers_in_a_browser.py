"""A reader from its plug to its step, in a real browser over a real workshop."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from readers.emulated.emulation import EmulatedReader
from readers.ports import Port
from readers.protocols.r200_bb7e.emulator import R200Emulator
from readers.usb import usb_devices
from tests.readers.usb_sockets import plug
from tests.station.workshop import Served, floor_of, recorded, served, until
from tests.web.browser import open_page, sideways
from traceability.simulation import labels
from traceability.station.floor import Floor

__all__ = ["served"]  # fixture of a whole workshop

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
TAG = labels.sgtin_tag(labels.gtin("9521141", 7), 7, 4711)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[EmulatedReader]:
    made = EmulatedReader(
        "ttyUSB0", "r200_bb7e", folder=tmp_path / "dev", emulator=R200Emulator(region=3)
    )
    made.show([TAG])
    yield made
    made.stop()


@pytest.fixture
def floor(served: Served, reader: EmulatedReader, tmp_path: Path) -> Iterator[Floor]:
    def listed() -> Sequence[Port]:
        is_here = Path(reader.url).exists()
        return [Port(reader.url, "", None, None, True, "", "QinHeng", "usb 1")] if is_here else []

    made = floor_of(served, tmp_path / "stations", listed)
    yield made
    made.stop_all()


TOUCHES_MAX = 4


def touch(page: Page, name: str) -> int:
    """Touch one thing by its word; return that this is one touch."""
    page.locator("main, nav").get_by_text(name, exact=True).locator("visible=true").first.click()
    return 1


def test_from_the_plug_to_the_step_takes_four_touches_and_less_than_a_minute(
    browser: Browser, served: Served, floor: Floor, reader: EmulatedReader
) -> None:
    problems: list[str] = []
    with open_page(browser, "desktop", locale="en-GB") as page:
        page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: problems.append(str(one)))
        page.goto(f"{served.url}/stock")
        begun = time.monotonic()
        touches = touch(page, "Readers")
        page.wait_for_selector("text=QinHeng")
        touches += touch(page, "Find out")
        page.wait_for_selector("text=/R200, 115.200 baud, 26 dBm, region EU/", timeout=12_000)
        touches += touch(page, "Read now")
        page.wait_for_selector(".seen >> text=4711", timeout=10_000)
        assert recorded(served.ledger, "event") == []
        touches += touch(page, "Shipping")
        page.wait_for_selector("text=working", timeout=15_000)
        spent = time.monotonic() - begun
        assert (touches, spent < 60) == (TOUCHES_MAX, True)
        until(lambda: recorded(served.ledger, "event"))
        assert sideways(page) == 0
        reader.unplug()
        page.wait_for_selector("text=Nothing is plugged in here now", timeout=15_000)
        reader.plug()
        page.wait_for_selector("text=working", timeout=15_000)
        touch(page, "Take away")
        page.wait_for_selector("text=Take away", state="detached", timeout=15_000)
    assert "4711" in json.dumps(recorded(served.ledger, "event"))
    assert (floor.stations(), problems) == ([], [])


def test_a_gun_of_which_nothing_is_known_is_scanned_with_in_three_touches(
    browser: Browser, served: Served, floor: Floor, tmp_path: Path
) -> None:
    gun = EmulatedReader("gun", "barcode_lines", port="tcp")
    with open_page(browser, "phone", locale="en-GB") as page:
        page.goto(f"{served.url}/readers")
        page.fill("[name=address]", gun.url.removeprefix("socket://"))
        row = page.locator(".port", has_text=gun.url.removeprefix("socket://"))
        touches = 1
        page.locator(".by-address").get_by_text("Find out", exact=True).click()
        row.get_by_text("Scan something now").wait_for(timeout=30_000)
        until(lambda: gun.scan("5901234123457"))
        row.get_by_text("scanned 5901234123457").wait_for(timeout=30_000)
        touches += 1
        row.get_by_text("Read now", exact=True).click()
        row.get_by_text("Reading", exact=True).wait_for()
        until(lambda: gun.scan("4006381333931"))
        row.locator(".seen", has_text="4006381333931").wait_for(timeout=30_000)
        touches += 1
        row.get_by_text("Shipping", exact=True).click()
        page.locator(".at-work", has_text="working").wait_for(timeout=30_000)
    gun.stop()
    assert (touches, [one.protocol for one in floor.stations()]) == (3, ["barcode_lines"])


def test_what_is_plugged_in_without_a_port_shows_while_somebody_looks(
    browser: Browser, served: Served, floor: Floor, tmp_path: Path
) -> None:
    floor._plugs = lambda: usb_devices(system=tmp_path / "sys")
    with open_page(browser, "desktop", locale="en-GB") as page:
        page.goto(f"{served.url}/readers")
        touch(page, "I plugged it in and nothing appears")
        page.wait_for_selector("text=This PC notices nothing new in its sockets")
        plug(tmp_path / "sys", "1-2", "1a86:7523", name="USB Serial", seconds=3)
        page.wait_for_selector("text=sudo modprobe ch341", timeout=15_000)


def test_without_a_script_the_forms_wait_and_do_the_same(
    browser: Browser, served: Served, floor: Floor
) -> None:
    with open_page(browser, "phone", java_script_enabled=False, locale="en-GB") as page:
        page.goto(f"{served.url}/readers")
        touch(page, "Find out")
        page.wait_for_selector("text=/R200, 115.200 baud/")
        touch(page, "Shipping")
        page.wait_for_selector("text=Take away")
    assert [one.stage for one in floor.stations()] == ["shipping"]
    until(lambda: recorded(served.ledger, "event"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut(
    browser: Browser, served: Served, floor: Floor, reader: EmulatedReader, theme: str
) -> None:
    floor.add_port("192.0.2.7:4001")
    floor.add_port("/nowhere/ttyUSB0")
    floor.find_out(reader.url)
    floor.read_now(reader.url, seconds=0.5, wait_s=5)
    gun = "socket://127.0.0.1:9"
    floor.place(gun, stage="store", title="Store", protocol="barcode_lines")
    until(lambda: floor.stations()[0].state == "down")
    with open_page(browser, "phone", theme, bypass_csp=True) as page:
        page.goto(f"{served.url}/readers")
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        told = [(one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]]
        assert told == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert sideways(page) == 0
