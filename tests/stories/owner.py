"""The owner of a workshop on the first day: what is touched and typed is counted."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.browser import open_page, wedge
from traceability.catalogue import compile_catalogues, shipped
from traceability.factory.shaping import template


@dataclass
class Count:
    """What the day has cost: by row, touches and typed characters."""

    touches: dict[str, int] = field(default_factory=dict)
    typed: dict[str, int] = field(default_factory=dict)
    row: str = ""

    def begin(self, row: str) -> None:
        """Count for another row from here on."""
        self.row = row
        self.touches.setdefault(row, 0)
        self.typed.setdefault(row, 0)

    def add(self, touches: int, characters: int = 0) -> None:
        self.touches[self.row] += touches
        self.typed[self.row] += characters

    @property
    def told(self) -> str:
        """Return the counts as they stand in a note."""
        rows = ", ".join(f"{row} {n}/{self.typed[row]}" for row, n in self.touches.items())
        return (
            f"{sum(self.touches.values())} touches, {sum(self.typed.values())} characters ({rows})"
        )


class Hand:
    """A person at one screen."""

    def __init__(
        self, page: Page, home: str, count: Count, language: str = "en", *, types: bool = False
    ) -> None:
        """Sit down.

        Args:
            page: The screen.
            home: Where the workshop answers.
            count: What is counted.
            language: That of the words on the screen.
            types: True for somebody without a scanner, who types the short codes.
        """
        self.page = page
        self.home = home
        self.count = count
        self.types = types
        self.language = language
        compile_catalogues(shipped())
        known = gettext.translation("messages", str(shipped()), [language], fallback=True)
        self.say = known.gettext
        self.troubles: list[str] = []
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _hear(self, kind: str, words: str) -> None:
        # The browser itself reports a fetch without a network or a server, and a refusal; and so
        # does what asks every few seconds whether a stick has come.
        expected = ("net::ERR_", "status of 4", "htmx:sendError", "htmx:afterRequest")
        if kind == "error" and not any(one in words for one in expected):
            self.troubles.append(words)

    def go(self, path: str) -> None:
        """Use a bookmark: how the test gets from row to row, not counted."""
        self.page.goto(self.home + path)

    def touch(self, what: Locator) -> None:
        """Touch or click one thing."""
        what.click()
        self.count.add(1)

    def button(self, name: str, *, exact: bool = True) -> None:
        """Touch a button by what stands on it."""
        self.touch(self.page.get_by_role("button", name=name, exact=exact).first)

    def link(self, name: str, *, exact: bool = True) -> None:
        """Touch a link by what stands on it."""
        self.touch(self.page.get_by_role("link", name=name, exact=exact).first)

    def type(self, where: Locator, text: str) -> None:
        """Put the cursor somewhere (a touch) and type."""
        where.fill(text)
        self.count.add(1, len(text))

    def enter(self) -> None:
        """Press Enter: a touch."""
        self.page.keyboard.press("Enter")
        self.count.add(1)

    def paste(self, where: Locator, text: str) -> None:
        """Put the cursor somewhere and paste: two touches, whatever the length."""
        where.fill(text)
        self.count.add(2)

    def scan(self, *texts: str) -> None:
        """Pull the trigger, or type: wait until the page has heard it.

        A scan is one touch; a typed code is its digits and Enter.
        """
        root = self.page.locator("[data-scan]")
        for text in texts:
            heard = int(root.get_attribute("data-scans") or 0)
            if self.types:
                typed = text.removeprefix("B-")
                self.page.locator("[data-code]").fill(typed)
                self.page.keyboard.press("Enter")
                self.count.add(1, len(typed))
            else:
                wedge(self.page, text)
                self.count.add(1)
            expect(root).to_have_attribute("data-scans", str(heard + 1))

    def settled(self) -> None:
        """Wait until the scan page has an answer to everything."""
        root = self.page.locator("[data-scan]")
        expect(root).to_have_attribute("data-waiting", "0", timeout=30_000)
        expect(self.page.locator("[data-rows] li[data-state=reading]")).to_have_count(
            0, timeout=30_000
        )

    def rows(self) -> list[tuple[str, str]]:
        """Read the last scans, newest first: state and name."""
        return [
            (one.get_attribute("data-state") or "", one.locator("[data-name]").inner_text())
            for one in self.page.locator("[data-rows] li").all()
        ]

    def said(self) -> tuple[str, str]:
        """Read the verdict: state and sentence."""
        said = self.page.locator("#said")
        line = self.page.locator("[data-slot=line]").inner_text()
        return said.get_attribute("data-state") or "", line

    def step(self, name: str) -> str:
        """Return what a step is called on this screen."""
        stage = template("workshop").stage(name)
        assert stage is not None
        return stage.title_in(self.language)

    def open_step(self, step: str) -> None:
        """Open the scan page at a step."""
        name = self.step(step)
        self.go("/scan")
        chosen = self.page.locator(".scan-step h1")
        if not chosen.count() or chosen.inner_text() != name:
            if chosen.count():
                self.touch(self.page.locator(".scan-step a"))
            self.touch(self.page.get_by_role("button", name=name))
        self.page.wait_for_selector("[data-is-ready]")


@contextmanager
def at(
    browser: Browser,
    home: str,
    count: Count,
    size: str = "desktop",
    *,
    language: str = "en",
    types: bool = False,
    **more: Any,
) -> Iterator[Hand]:
    """Sit down at a screen; `more` goes to the browser."""
    locale = {"zh_Hans": "zh-CN"}.get(language, language)
    with open_page(browser, size, locale=locale, **more) as page:
        hand = Hand(page, home, count, language, types=types)
        yield hand
        assert hand.troubles == [], hand.troubles
