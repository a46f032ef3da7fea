"""A gate's page in a real browser: driven by posted states, through the real stream."""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import uvicorn
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.web.browser import sideways
from tests.web.gate_states import STATES
from tests.web.scanner import type_scan
from traceability.web.asgi import Door
from traceability.web.clock import utc_now
from traceability.web.live import Live
from traceability.web.serving import listen

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
SIZES = {"tablet": (1280, 800), "phone": (390, 844), "wall": (1920, 1080)}
PAINTED = """() => {
  window.paints = [];
  document.addEventListener("hangtag:gate", () => {
    const from = performance.now();
    requestAnimationFrame(() => {
      const pipe = new MessageChannel();
      pipe.port1.onmessage = () => window.paints.push(performance.now() - from);
      pipe.port2.postMessage(0);
    });
  });
}"""
BOXES = """() => [".gate-header", "#verdict", ".gate-actions", ".why-button", ".gate-wait"].map(
  (name) => { const box = document.querySelector(name).getBoundingClientRect();
    return [name, box.x, box.y, box.width, box.height].map((one) =>
      typeof one === "number" ? Math.round(one) : one).join(" "); })"""
CUT = """() => {
  const field = document.getElementById("verdict");
  const room = field.getBoundingClientRect();
  return [...field.querySelectorAll("p, li, b, .verdict-side > *")].filter((one) => {
    if (!one.checkVisibility()) return false;
    const box = one.getBoundingClientRect();
    return box.width && (box.right > room.right + 1 || box.bottom > room.bottom + 1
      || box.left < room.left - 1 || box.top < room.top - 1);
  }).map((one) => one.textContent.slice(0, 40));
}"""
# What the field says, place by place: what a person reads, however it was put there.
SAID = """() => {
  const words = (one) => one.textContent.replace(/\\s+/g, " ").trim();
  const seen = [...document.querySelectorAll("[data-slot], [data-side], .ring text")]
    .filter((one) => one.checkVisibility())
    .map((one) => [one.dataset.slot ?? one.dataset.side ?? one.className.baseVal, words(one)]);
  return Object.fromEntries(seen.filter((pair) => pair[1]));
}"""


@dataclass(frozen=True, slots=True)
class Running:
    """A real server on this machine."""

    url: str
    server: uvicorn.Server
    thread: threading.Thread
    hub: Live

    def post(self, name: str, station: str = "dock") -> None:
        """Speak as a station does."""
        body = json.dumps(STATES[name]).encode()
        head = {"Content-Type": "application/json"}
        address = f"{self.url}/api/stations/{station}/live"
        with urllib.request.urlopen(urllib.request.Request(address, body, head)) as answer:
            assert answer.status == 204

    def stop(self) -> None:
        """Cut every stream and answer nothing more."""
        self.hub.end()
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def running(make_app: Callable[..., Flask]) -> Iterator[Running]:
    bound = listen("127.0.0.1", 0)
    app = make_app(clock=utc_now)
    config = uvicorn.Config(Door(app), log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    found = Running(url, server, thread, app.extensions["hangtag.live"])
    yield found
    found.stop()


@dataclass(frozen=True, slots=True)
class Open:
    """A page that must not complain."""

    page: Page
    problems: list[str]


@pytest.fixture
def open_gate(browser: Browser) -> Iterator[Callable[..., Open]]:
    contexts = []

    def open_it(size: str = "tablet", **more: Any) -> Open:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda told: problems.append(told.text) if told.type == "error" else None
        )
        return Open(page, problems)

    yield open_it
    for context in contexts:
        context.close()


def visit(opened: Open, running: Running, query: str = "") -> Page:
    """Open the gate and wait until it is live."""
    running.post("ready")
    opened.page.goto(f"{running.url}/gate/dock{query}")
    expect(opened.page.locator("html")).to_have_attribute("data-live", "live")
    opened.page.evaluate("document.fonts.ready.then(() => true)")
    return opened.page


def show(page: Page, running: Running, name: str) -> None:
    """Post a state and wait until the page has taken it."""
    count = page.evaluate(
        """() => { window.taken ??= (document.addEventListener("hangtag:gate",
             () => { window.taken += 1; }), 0); return window.taken; }"""
    )
    running.post(name)
    page.wait_for_function("(count) => window.taken > count", arg=count)


@pytest.mark.parametrize("size", SIZES)
def test_every_state_is_said_and_nothing_moves(
    running: Running, open_gate: Callable[..., Open], size: str
) -> None:
    opened = open_gate(size)
    page = visit(opened, running)
    page.evaluate(PAINTED)
    first = page.evaluate(BOXES)
    for name, tree in STATES.items():
        show(page, running, name)
        face = page.locator("#verdict").get_attribute("data-state")
        assert (name, page.evaluate(CUT), sideways(page)) == (name, [], 0)
        if tree["online"]:
            assert (name, face, page.evaluate(BOXES)) == (name, face, first)
        assert page.locator(".why-button").is_visible()
    paints = page.evaluate("() => window.paints.toSorted((a, b) => a - b)")
    middle, worst = paints[len(paints) // 2], paints[-1]
    sys.stdout.write(f"\n{size}: event to paint {middle:.1f} ms, worst {worst:.1f} ms\n")
    assert opened.problems == []


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_the_script_says_what_the_server_says(
    running: Running, open_gate: Callable[..., Open], language: str
) -> None:
    page = visit(open_gate(), running, f"?lang={language}")
    plain = open_gate(java_script_enabled=False).page
    for name in STATES:
        show(page, running, name)
        plain.goto(f"{running.url}/gate/dock?lang={language}")
        assert (name, page.evaluate(SAID)) == (name, plain.evaluate(SAID))
    assert re.search(r"\d\d:\d\d:\d\d", plain.content())


def test_word_count_and_missing_names_come_with_the_event(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    page = visit(open_gate(), running)
    show(page, running, "again-many")
    said = page.evaluate(SAID)
    assert (said["word"], said["count"], said["of"]) == ("Read again", "12", "of 18")
    assert "Overshirt, navy, M …0000" in said["note"]
    assert "and 3 more" in said["note"]
    show(page, running, "reading")
    assert page.locator(".ring path:not(.open)").count() == 11
    assert page.locator("[data-say]").inner_text().startswith("Reading. 11 of 18")


def test_a_ring_never_runs_backward(running: Running, open_gate: Callable[..., Open]) -> None:
    page = visit(open_gate(), running)
    show(page, running, "reading")
    event = {**STATES["reading"], "count": 9}
    page.evaluate(
        "(detail) => document.dispatchEvent(new CustomEvent('hangtag:gate', { detail }))", event
    )
    assert page.locator(".ring .read").text_content() == "11"


def test_a_cut_stream_puts_the_frame_on_and_takes_the_green_away(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    opened = open_gate()
    opened.page.clock.install()
    page = visit(opened, running)
    show(page, running, "pass")
    field = page.locator("#verdict")
    before = field.bounding_box()
    expect(field).to_have_attribute("data-state", "pass")
    running.stop()
    page.clock.run_for(17_000)
    expect(page.locator(".gate")).to_have_attribute("data-offline", "")
    expect(page.locator(".offline-line")).to_contain_text("No word from the gate since")
    expect(field).to_have_attribute("data-state", "quiet")
    expect(field).to_contain_text("Last word: Pass 18 of 18")
    after = field.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] < before["height"]
    bars = [page.locator(name).bounding_box() for name in (".gate-header", ".gate-actions")]
    assert [round(box["height"]) for box in bars if box] == [88, 128]


def test_a_page_without_network_says_so_at_once(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    page = visit(open_gate(), running)
    show(page, running, "stop")
    page.context.set_offline(True)
    expect(page.locator(".gate")).to_have_attribute("data-offline", "")
    expect(page.locator("#verdict")).to_have_attribute("data-state", "stop")
    page.context.set_offline(False)
    expect(page.locator(".gate")).not_to_have_attribute("data-offline", "")


def test_stop_sounds_until_somebody_has_seen_it(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    page = visit(open_gate(), running)
    sound = page.locator("[data-sound]")
    expect(sound).to_contain_text("Touch for sound")
    sound.click()
    expect(sound).to_contain_text("Sound on")
    show(page, running, "stop")
    seen = page.locator('[data-action="seen"]')
    expect(seen).to_be_visible()
    seen.click()
    expect(seen).to_be_hidden()
    show(page, running, "ready")
    show(page, running, "stop-other")
    expect(seen).to_be_visible()
    sound.click()
    expect(sound).to_contain_text("Sound off")


def test_a_scan_here_is_shown_beside_the_verdict(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    opened = open_gate()
    page = visit(opened, running)
    show(page, running, "stop")
    boxes = page.evaluate(BOXES)
    type_scan(page, "]E05449000000996")
    card = page.locator(".scanned")
    expect(card).to_contain_text("Not one of ours")
    expect(card).to_contain_text("EAN-13 5449000000996")
    assert page.evaluate(BOXES) == boxes
    assert page.url.endswith("/gate/dock")
    card.locator("[data-scan=close]").click()
    expect(card).to_be_hidden()
    assert opened.problems == []


def test_the_list_follows_what_stations_say(
    running: Running, open_gate: Callable[..., Open]
) -> None:
    opened = open_gate()
    running.post("ready")
    opened.page.goto(f"{running.url}/gates")
    expect(opened.page.locator("html")).to_have_attribute("data-live", "live")
    running.post("stop")
    expect(opened.page.locator("#gates")).to_contain_text("1 missing")
    assert opened.problems == []


@pytest.mark.parametrize("size", ["tablet", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    running: Running, open_gate: Callable[..., Open], size: str, theme: str
) -> None:
    page = visit(open_gate(size, color_scheme=theme, bypass_csp=True), running)
    page.add_script_tag(path=AXE)
    for name in STATES:
        show(page, running, name)
        assert (name, violations(page)) == (name, [])
    for path in ("/gate/dock?why=1", "/gate/nowhere", "/gates"):
        page.goto(f"{running.url}{path}")
        page.add_script_tag(path=AXE)
        assert (path, violations(page), sideways(page)) == (path, [], 0)


def violations(page: Page) -> list[str]:
    """Ask axe about the page as it is."""
    found = page.evaluate("() => axe.run()")["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]
