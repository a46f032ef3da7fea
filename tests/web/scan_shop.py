"""A small workshop behind a real server, and devices that open its scan page in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text as sql
from werkzeug.serving import make_server

from tests.scanning.workshop import NAVY, NS, Workshop, digits
from tests.web.scanner import type_scan
from traceability.labels.codes import ShortCode
from traceability.ledger.entry import Entry
from traceability.projections.entering import master_draft
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

SIZES = {"desktop": (1440, 900), "phone": (360, 740), "narrow": (320, 640)}
TICKETS = [digits(1200 + place) for place in range(20)]
ROLL = "MILL-4711"
ANA = f"//{NS}/obj/{ShortCode('W', 1900).text}"
# Counts the voices that begin: what a person hears, where no loudspeaker is.
WITHOUT_NETWORK = ("ERR_INTERNET_DISCONNECTED", "error occurred when fetching the script")
"""What the browser itself says of a fetch that finds none, whatever the page does."""
HEARING = """() => {
  window.voices = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) { window.voices += 1; start.apply(this, at); };
}"""


@dataclass
class Shop:
    """A server on this machine over a small workshop."""

    url: str
    workshop: Workshop
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, browser: Browser, step: str, size: str = "desktop", **more: Any) -> Page:
        """Open the page of a step on a device of its own."""
        width, height = SIZES[size]
        is_phone = size != "desktop"
        context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            has_touch=is_phone,
            is_mobile=is_phone,
            **more,
        )
        self.contexts.append(context)
        context.on("request", lambda asked: self._note(asked.url))
        context.add_cookies([{"name": "step", "value": step, "url": self.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda told: self._hear(told.type, told.text))
        visit(page, self.url)
        return page

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, "blob:", "data:")):
            self.strangers.append(url)

    def _hear(self, kind: str, words: str) -> None:
        if kind == "error" and not any(said in words for said in WITHOUT_NETWORK):
            self.problems.append(words)

    def entries(self) -> list[tuple[int, int]]:
        """Return counter and time (µs) of every scan that a browser sent, in the record's order."""
        with self.workshop.database.read() as connection:
            rows = connection.execute(sql("SELECT entry FROM entry ORDER BY position")).all()
        found = [Entry.parse(row.entry) for row in rows]
        # A browser's device is a UUID; the bench's own is called pc.
        return [(one.run[2], one.at) for one in found if one.run and one.run[0].count("-") == 4]


def visit(page: Page, url: str, query: str = "") -> None:
    """Open the page and wait until it listens."""
    page.goto(f"{url}/scan{query}")
    page.wait_for_selector("[data-is-ready]")


def scan(page: Page, *texts: str) -> None:
    """Type as a scanner does, and wait until each was heard."""
    root = page.locator("[data-scan]")
    for text in texts:
        count = int(root.get_attribute("data-scans") or 0)
        type_scan(page, text)
        expect(root).to_have_attribute("data-scans", str(count + 1))


def rows(page: Page) -> list[str]:
    """Read the list of the last scans: state and name, newest first."""
    found = page.locator("[data-rows] li")
    return [
        f"{one.get_attribute('data-state')} {one.locator('[data-name]').text_content()}"
        for one in found.all()
    ]


def settled(page: Page) -> None:
    """Wait until nothing waits and no row is without its answer."""
    expect(page.locator("[data-scan]")).to_have_attribute("data-waiting", "0", timeout=20_000)
    expect(page.locator("[data-rows] li[data-state=reading]")).to_have_count(0)


def small_workshop(folder: Path) -> Workshop:
    """Make a workshop with an order of twenty tickets, a person, and a roll to cut from."""
    made = Workshop(folder)
    made.order("120", NAVY, [20] * 20, first=1200)
    person = {"badge": ShortCode("W", 1900).digits, "is_active": True}
    made.ledger.append([master_draft("person", ANA, person, by="office", private={"name": "Ana"})])
    made.roll(ROLL, dye_lot="7")
    return made


@contextmanager
def serving(workshop: Workshop, **settings: Any) -> Iterator[Shop]:
    """Serve a workshop on this machine; at the end its devices are put away."""
    app = create_app(reading=reading_of(workshop.ledger), settings=Settings(**settings))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found = Shop(f"http://127.0.0.1:{server.server_port}", workshop)
    try:
        yield found
    finally:
        for context in found.contexts:
            context.close()
        server.shutdown()
        thread.join()
        server.server_close()


def violations(page: Page) -> list[str]:
    """Ask axe about the page as it is."""
    found = page.evaluate("() => axe.run()")["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def film_of(text: str, path: Path) -> Path:
    """Write a film of a code as a camera would see it: three equal pictures, 640 by 480."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    drawn = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=8)).convert("L")
    frame = Image.new("L", (640, 480), 210)
    frame.paste(drawn, ((640 - drawn.width) // 2, (480 - drawn.height) // 2))
    colourless = bytes([128]) * (320 * 240 * 2)
    head = b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n"
    path.write_bytes(head + (b"FRAME\n" + frame.tobytes() + colourless) * 3)
    return path
