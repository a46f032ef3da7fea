"""A real Chromium for page tests, and pictures of pages to be looked at.

    python -m tests.web.browser http://127.0.0.1:8000/ FOLDER [name]

takes a page as phone, desktop and TV, light and dark.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": (390, 844), "desktop": (1440, 900), "tv": (1920, 1080)}
THEMES = ("light", "dark")

# A busy machine is slow, not wrong.
expect.set_options(timeout=20_000)


def chromium_path() -> str | None:
    """Find Debian's Chromium, or the one named in HANGTAG_CHROMIUM."""
    return os.environ.get("HANGTAG_CHROMIUM") or shutil.which("chromium")


@cache
def driver() -> Playwright:
    """Start Playwright, once in a process: a second one beside it refuses to work."""
    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Start a Chromium for a test; `more` arguments go to it."""
    browser = driver().chromium.launch(executable_path=chromium_path(), args=[*ARGUMENTS, *more])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def open_page(
    browser: Browser, size: str = "desktop", theme: str = "light", **context: Any
) -> Iterator[Page]:
    """Open an empty page of a size; `context` goes to Playwright (locale, has_touch …)."""
    width, height = SIZES.get(size, (320, 640))
    made = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=size == "phone",
        **context,
    )
    try:
        yield made.new_page()
    finally:
        made.close()


def picture(page: Page, url: str, path: Path, *, full: bool = True) -> None:
    """Take a picture of a page once its faces are there."""
    page.goto(url)
    page.evaluate("document.fonts.ready.then(() => true)")
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=full)


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window: 0 on a good one."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def wedge(page: Page, text: str, end: str = "Enter", *, gap_s: float = 0.004) -> None:
    """Type as a scanner does: real key events, each with the time at which the device sent it.

    A busy machine delivers the events late; the page still sees how quick the keys were.
    """
    session = page.context.new_cdp_session(page)
    at = time.time()
    for key in [*text, end]:
        typed = {"key": key, "timestamp": at}
        if len(key) == 1:
            typed["text"] = key
        elif key == "Enter":
            typed |= {"text": "\r", "code": "Enter", "windowsVirtualKeyCode": 13}
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", **typed})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "timestamp": at})
        at += gap_s
    session.detach()


def main(arguments: list[str]) -> int:
    """Take the pictures of one page."""
    url, folder, name = [*arguments, "page"][:3]
    with chromium() as browser:
        for size in SIZES:
            for theme in THEMES:
                with open_page(browser, size, theme) as page:
                    target = Path(folder) / f"{name}-{size}-{theme}.png"
                    picture(page, url, target)
                    sys.stdout.write(f"{target} {sideways(page)} px sideways\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
