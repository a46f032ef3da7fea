"""The first ten minutes of somebody who has read the README, told once from the clone to Ctrl-C."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from tests.simulation.running_demo import slack
from tests.stories.newcomer import NO_NETWORK, Newcomer, ask, until
from tests.web.browser import chromium, chromium_path, open_page, sideways, wedge

MOVING_S = 120
"""From the clone to a moving garment, packages near, on a machine with nothing else to do."""
DEMO_S = 90
"""From the clone to the addresses, packages near."""
STORE_S = 90
CHANGE_S = 5
NAMED_S = 5
STOP_S = 3
CUSTOMER_BYTES_MAX = 100_000
CEREALS = "4006381333931"
CODE = re.compile(r"urn:|https?://|/0[01]/|\b\d{8,}\b|\b[0-9A-F]{16,}\b")
"""What a customer must not have to look at."""
STATES_OF_GATE = """
() => { const verdict = document.getElementById("verdict"); window.seen = [verdict.dataset.state];
  new MutationObserver(() => { const state = document.getElementById("verdict").dataset.state;
    if (window.seen.at(-1) !== state) window.seen.push(state); })
  .observe(document.body, {subtree: true, childList: true, attributes: true}); }
"""


class Window:
    """A page that keeps count of everything that must not happen in it."""

    def __init__(self, page: Page, home: str) -> None:
        self.page = page
        self.home = home
        self.troubles: list[str] = []
        self.bytes = 0
        page.on("console", lambda said: self._say(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._say(str(error)))
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    def _say(self, trouble: str) -> None:
        self.troubles.append(trouble)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "about:")):
            self._say(f"leaves the machine: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._say(f"{response.status} {response.url}")

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.home + path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    with chromium() as found:
        yield found


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    found = Newcomer(tmp_path / "hangtag")
    yield found
    found.leave()


@pytest.mark.story
@pytest.mark.browser
@pytest.mark.timeout(900)
def test_the_first_ten_minutes(newcomer: Newcomer, browser: Browser) -> None:
    begun = time.monotonic()
    newcomer.clone()
    read_the_readme(newcomer)
    home = start_the_demo(newcomer)
    ready_s = time.monotonic() - begun
    with open_page(browser) as page, open_page(browser) as gate_page:
        window, gate = Window(page, home), Window(gate_page, home)
        look_at_the_board(window)
        moving_s = time.monotonic() - begun
        print(f"clone to the first page {ready_s:.0f} s, to a moving garment {moving_s:.0f} s")
        wait_for_the_store(window, begun + ready_s)
        push_a_carton(window, gate)
        pull_the_cable(window, gate, newcomer)
        look_as_the_customer(window, browser)
        find_the_roll_and_stop(window, gate)
        forge_a_record(window, newcomer)
        scan_a_cereal_box(window)
        assert window.troubles + gate.troubles == []
    see_the_ports(newcomer)
    seconds, _status = newcomer.press_ctrl_c()
    print(f"stopped after {seconds:.1f} s: {newcomer.said[-120:]!r}")
    assert seconds <= STOP_S * slack()
    assert "Traceback" not in newcomer.said
    assert moving_s <= MOVING_S * slack()
    begin_a_workshop(newcomer, browser)


def begin_a_workshop(newcomer: Newcomer, browser: Browser) -> None:
    """Type `make start`: five questions and the border of practice, nothing of the demo's."""
    assert newcomer.commands()[2] == "make start"
    newcomer.said = ""
    newcomer.start("make start")
    home = newcomer.address(DEMO_S * slack())
    assert home, newcomer.said
    with open_page(browser) as page:
        page.goto(home)
        assert page.inner_text("h1") == "Your workshop"
        assert page.locator("html[data-practice]").count() == 1
        assert page.locator("fieldset.sheet").count() == 5
        assert "simulated" not in page.content()
    assert ask(f"{home}/healthz")["size"] == 2
    newcomer.press_ctrl_c()


def read_the_readme(newcomer: Newcomer) -> None:
    """The answer to "what is it, for whom, what do I type" without scrolling."""
    first = "\n".join(newcomer.readme.splitlines()[:14])
    assert "Know where every roll, bundle, garment and carton is" in first
    assert newcomer.commands()[0] == "make demo"
    assert "## What do you have?" in newcomer.readme
    assert "`/sim`" in newcomer.readme


def start_the_demo(newcomer: Newcomer) -> str:
    """Type `make demo`; steps with progress, a package count, then addresses."""
    newcomer.start(newcomer.commands()[0])
    home = newcomer.address(DEMO_S * 2 * slack())
    if not home and NO_NETWORK in newcomer.said:
        pytest.skip("the packages cannot be reached from here")
    assert home, newcomer.said
    assert re.search(r"\[4/4\] Ready: \d+ packages", newcomer.said), newcomer.said
    assert "Nothing here is your data. Ctrl-C stops everything." in newcomer.said
    return home


def look_at_the_board(window: Window) -> None:
    """Things move within five seconds, nothing complains, and there is a way to take part."""
    window.open("/")
    page = window.page
    before = page.inner_text("main")
    took = until(
        "a change on the board",
        lambda: page.inner_text("main") != before,
        CHANGE_S * slack(),
    )
    print(f"first change on the board after {took:.1f} s")
    assert page.get_by_role("link", name="Wave a tag yourself").count() == 1
    assert page.get_by_text("Demo: simulated").first.is_visible()


def wait_for_the_store(window: Window, since: float) -> None:
    """The first garment is in the store within 90 seconds of the addresses."""

    def arrived() -> bool:
        stages = ask(window.home + "/api/board")["stages"]
        return any(one["name"] == "store" and float(one["done"]) > 0 for one in stages)

    until("a garment in the store", arrived, STORE_S * slack())
    print(f"first garment in the store after {time.monotonic() - since:.0f} s")


def push_a_carton(window: Window, gate: Window) -> None:
    """One garment stays behind: READ AGAIN, then STOP that names it; put back, PASS."""
    gate.open("/gate/dock")
    window.open("/")
    window.page.get_by_role("link", name="Wave a tag yourself").click()
    push = window.page.get_by_role("button", name="Push, one garment missing")
    push.wait_for(timeout=120_000)
    gate.page.evaluate(STATES_OF_GATE)
    push.click()
    told = window.page.locator("#act-push")
    told.locator(".heard .is-stop").first.wait_for(timeout=30_000)
    said = told.locator(".heard .chip").all_inner_texts()
    assert [one for one in said if one != "Reading"][:2] == ["Read again", "Stop"]
    until("the gate's own screen", lambda: "stop" in gate.page.evaluate("window.seen"), 10)
    seen = gate.page.evaluate("window.seen")
    assert "again" in seen[: seen.index("stop")], seen
    screen = gate.page.inner_text("#verdict")
    assert re.search(
        r"1 missing\s+Overshirt, [^…]+ …\d{4}, last seen Packing table,? \d\d:\d\d", screen
    ), screen
    assert screen.index("Overshirt") < screen.index("(00)"), "the name stands before the code"
    window.page.get_by_role("button", name="Put it back, push").click()
    told.locator(".heard .is-pass").first.wait_for(timeout=30_000)


def pull_the_cable(window: Window, gate: Window, newcomer: Newcomer) -> None:
    """The screen turns black, comes back by itself, and the record has one gap and no loss."""
    gate.page.evaluate(STATES_OF_GATE)
    window.open("/sim")
    window.page.get_by_role("button", name="Unplug for 10 s").click()
    told = window.page.locator("#act-unplug")
    until("a black screen", lambda: gate.page.evaluate("window.seen").count("down") > 0, 10)
    assert "Use the hand scanner" in gate.page.inner_text("#verdict")
    until(
        "the reader's return",
        lambda: gate.page.get_attribute("#verdict", "data-state") != "down",
        30 * slack(),
    )
    told.get_by_text("Gap", exact=True).first.wait_for(timeout=30_000)
    assert len(newcomer.gaps("dock.gate", 8)) == 1
    until("nothing lost on any wire", lambda: newcomer.wire_check()["lost"] == 0, 60 * slack())


def look_as_the_customer(window: Window, browser: Browser) -> None:
    """The order in plain words on a phone without JavaScript, small and without codes."""
    window.open("/orders/4471")
    address = window.page.get_by_role("link", name="What the customer sees").get_attribute("href")
    with open_page(browser, "phone", java_script_enabled=False) as page:
        phone = Window(page, window.home)
        page.on("response", lambda answer: _weigh(phone, answer))
        phone.open(str(address))
        page.wait_for_load_state("networkidle")
        words = page.inner_text("body")
        assert "Overshirts, Porto" in words
        assert CODE.findall(words) == []
        assert 0 < phone.bytes < CUSTOMER_BYTES_MAX
        assert (sideways(page), phone.troubles) == (0, [])
        print(f"the customer's page weighs {phone.bytes / 1000:.0f} kB")


def _weigh(window: Window, answer: Response) -> None:
    if answer.status == 200:
        window.bytes += answer.request.sizes()["responseBodySize"]


def find_the_roll_and_stop(window: Window, gate: Window) -> None:
    """A hole: garment, roll, stop them. Three clicks; then no gate lets them pass."""
    page = window.page
    window.open("/")
    page.get_by_role("link", name="A customer reports a hole: find the roll").click()
    page.locator("main").get_by_role("link", name=re.compile(r"^Roll R-\d+")).first.click()
    assert "accounted for" in page.inner_text("main")
    page.get_by_role("link", name=re.compile("^Stop")).first.click()
    page.get_by_label("Why, as the gate will show it").fill("Hole beside the seam")
    page.get_by_label("Whom to call").fill("Inês Carvalho, 214")
    page.get_by_role("button", name=re.compile(r"^Hold \d+")).click()
    page.wait_for_url(re.compile(r"/holds/"))
    gate.page.evaluate(STATES_OF_GATE)

    def is_held() -> bool:
        window.open("/sim")
        story = page.locator("#then b").inner_text()
        choice = page.locator("#wave-thing option", has_text=story).first.get_attribute("value")
        page.select_option("#wave-thing", choice)
        page.select_option("#wave-reader", "dock.gate")
        page.get_by_role("button", name="Wave", exact=True).click()
        page.locator("#act-wave .heard .chip").nth(1).wait_for(timeout=15_000)
        return "hold" in gate.page.evaluate("window.seen")

    until("a stopped garment at the gate", is_held, 30 * slack())


def forge_a_record(window: Window, newcomer: Newcomer) -> None:
    """One record is altered: the page and the command name the same position; put back: true."""
    page = window.page
    window.open("/sim")
    page.get_by_role("button", name="Alter one record").click()
    named = page.locator("#act-tamper .heard .is-stop")
    begun = time.monotonic()
    named.wait_for(timeout=NAMED_S * 1000 * slack())
    print(f"the altered record was named after {time.monotonic() - begun:.1f} s")
    page.locator("#act-tamper").get_by_role("link", name="Open the record").click()
    shown = re.search(r"position ([\d\s\u202f]+):", page.inner_text("main"))
    assert shown is not None, page.inner_text("main")
    position = int(re.sub(r"\D", "", shown[1]))
    verify = f"hangtag ledger verify --db sqlite:///{newcomer.database}"
    status, out = newcomer.type(verify)
    assert (status, f"{position}" in re.sub(r"[\s\u202f,]", "", out)) == (1, True), out
    window.open("/sim")
    page.get_by_role("button", name="Put it back", exact=True).click()
    page.locator("#act-tamper .heard .is-pass").wait_for(timeout=30_000 * slack())
    assert newcomer.type(verify)[0] == 0


def scan_a_cereal_box(window: Window) -> None:
    """A scanner that types: any page, no field has the cursor."""
    page = window.page
    for path in ("/", "/stock", "/sim"):
        window.open(path)
        page.locator("html[data-live=live]").wait_for(state="attached")
        page.evaluate("document.activeElement?.blur()")
        wedge(page, CEREALS)
        page.wait_for_url(re.compile(r"/trace\?code="))
        said = page.inner_text("main")
        assert f"Not one of ours: EAN-13 {CEREALS}, check digit right." in said


def see_the_ports(newcomer: Newcomer) -> None:
    """Ports with their rights, or what to try; never nothing, never a traceback."""
    status, out = newcomer.type("hangtag readers list")
    assert (status, bool(out.strip()), "Traceback" in out) == (0, True, False)
