"""What a customer sees: one order by a link, from outside, on a slow phone, and nothing else."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from sqlalchemy import event

from tests.house.project import ROOT
from tests.web import story
from tests.web.browser import chromium, chromium_path, open_page, sideways
from tests.web.pseudo import CARRIER, literals
from tests.web.test_orders import NOW, TITLES, app_of, day, send, stored
from traceability.flow import Flow
from traceability.ledger.append import Ledger
from traceability.projections.rebuild import rebuild
from traceability.web.settings import Settings, kept_secret, secret_path

__all__ = ["day", "stored"]  # fixtures of the orders' tests

SECRET = "s" * 40
ELSEWHERE = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"Host": "shop.example"}}
BYTES_MAX = 100_000
HOST = "workshop.test"
STATEMENTS_MAX = 60


@pytest.fixture
def owner(day: Ledger) -> FlaskClient:
    """The owner's browser, by a server whose secret outlives it."""
    return app_of(day, secret=SECRET).test_client()


@pytest.fixture
def stranger(day: Ledger) -> FlaskClient:
    """A browser from outside, at another server process of the same ledger and secret."""
    return app_of(day, secret=SECRET, listens_on_loopback=False).test_client()


def test_a_stranger_opens_the_link_and_nothing_else(
    owner: FlaskClient, stranger: FlaskClient
) -> None:
    address = send(owner)
    assert stranger.get(address, **ELSEWHERE).status_code == 200
    closed = ["/", "/orders", "/orders/4471", "/orders/4472", "/api/orders", "/api/orders/4471"]
    for path in closed:
        assert stranger.get(path, **ELSEWHERE).status_code == 401, path


def test_the_page_says_the_order_in_plain_words(owner: FlaskClient, stranger: FlaskClient) -> None:
    text = re.sub(r"<[^>]+>", " ", stranger.get(send(owner), **ELSEWHERE).text)
    for words in (
        "Overshirts, Porto",
        "24 pieces",
        "Wed 7 Jan",
        "Where it is now",
        "Checking &amp; packing",
        "What happens next",
        "Show the newest figures",
    ):
        assert words in text
    assert "Wed 7 Jan" in text
    assert "not a forecast" in text


def test_the_page_holds_no_code_and_nothing_of_other_orders(
    owner: FlaskClient, stranger: FlaskClient
) -> None:
    text = stranger.get(send(owner), **ELSEWHERE).text
    assert re.findall(r"/(?:00|01|21|414)/\d|urn:|C-\d|B-\d|R-\d|…\d{4}", text) == []
    assert "demo.workshop.invalid" not in text
    for number in ("4472", "4473"):
        assert number not in text
        assert TITLES[number] not in text


def test_no_worker_and_no_reader_is_named(owner: FlaskClient, stranger: FlaskClient) -> None:
    text = stranger.get(send(owner), **ELSEWHERE).text
    assert re.findall(r"admin|owner|\.gun|\.pad|\.gate", text) == []


@pytest.mark.parametrize("change", ["first", "last", "cut", "id", "empty"])
def test_a_forged_address_opens_nothing(
    owner: FlaskClient, stranger: FlaskClient, change: str
) -> None:
    token = send(owner).removeprefix("/o/")
    flipped = "1" if token[0] != "1" else "2"
    end = "A" if token[-5] != "A" else "B"
    forged = {
        "first": flipped + token[1:],
        "last": token[:-5] + end + token[-4:],
        "cut": token[:-1],
        "id": token.partition(".")[0],
        "empty": "." + token.partition(".")[2],
    }[change]
    answer = stranger.get(f"/o/{forged}", **ELSEWHERE)
    assert answer.status_code == 404
    assert "This link opens nothing" in answer.text
    assert "Overshirts" not in answer.text


def test_a_server_with_another_secret_opens_nothing(owner: FlaskClient, day: Ledger) -> None:
    address = send(owner)
    other = app_of(day, secret="o" * 40).test_client()
    assert other.get(address).status_code == 404


def test_a_signed_link_that_this_ledger_never_made_opens_nothing(
    owner: FlaskClient, make_app: Any
) -> None:
    address = send(owner)
    assert make_app(secret=SECRET).test_client().get(address).status_code == 404


def test_a_link_opens_until_its_time_and_not_after(owner: FlaskClient, day: Ledger) -> None:
    address = send(owner, "7")
    for seconds, status in ((7 * 86_400 - 1, 200), (7 * 86_400, 410), (10**8, 410)):
        later = NOW + timedelta(seconds=seconds)
        client = app_of(day, secret=SECRET, clock=lambda later=later: later).test_client()
        answer = client.get(address)
        assert answer.status_code == status
        assert ("This link has ended" in answer.text) == (status == 410)


def end(client: FlaskClient) -> None:
    page = client.get("/orders/4471").text
    path = re.search(r'action="(/orders/4471/links/\w+/end)"', page)
    value = re.search(r'name="csrf" value="([^"]+)"', page)
    assert path is not None
    assert value is not None
    assert client.post(path[1], data={"csrf": value[1]}).status_code == 303


def test_an_ended_link_stays_ended_after_a_restart_and_a_rebuild(
    owner: FlaskClient, day: Ledger
) -> None:
    address = send(owner)
    end(owner)
    assert owner.get(address).status_code == 410
    rebuild(day)
    again = app_of(day, secret=SECRET).test_client()
    assert again.get(address).status_code == 410
    assert "Overshirts" not in again.get(address).text


def test_the_page_of_an_ended_link_leads_nowhere(owner: FlaskClient, stranger: FlaskClient) -> None:
    address = send(owner)
    end(owner)
    text = stranger.get(address, **ELSEWHERE).text
    assert "<nav" not in text
    assert set(re.findall(r'<a [^>]*href="([^"]+)"', text)) <= {
        "#content",
        f"{address}?lang=zh_Hans",
        f"{address}?lang=en",
    }


def test_the_address_travels_no_further(owner: FlaskClient, stranger: FlaskClient) -> None:
    headers = stranger.get(send(owner), **ELSEWHERE).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "private, no-cache"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "Set-Cookie" not in headers


def test_the_page_asks_by_itself_only_when_it_was_told_to(
    owner: FlaskClient, stranger: FlaskClient
) -> None:
    address = send(owner)
    assert 'http-equiv="refresh"' not in stranger.get(address, **ELSEWHERE).text
    asked = stranger.get(f"{address}?every=60", **ELSEWHERE).text
    assert '<meta http-equiv="refresh" content="60">' in asked


def test_a_late_order_says_so(owner: FlaskClient, day: Ledger) -> None:
    address = send(owner)
    later = NOW + timedelta(days=3)
    client = app_of(day, secret=SECRET, clock=lambda: later).test_client()
    assert "1 day late" in client.get(address).text


def test_news_beyond_the_first_are_a_click_away(tmp_path: Path) -> None:
    every = timedelta(hours=3)
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=1.0, every=every)
    ended = story.BEGINS_AT + timedelta(days=20)
    client = app_of(ledger, secret=SECRET, clock=lambda: ended).test_client()
    address = send(client)
    short, full = client.get(address).text, client.get(f"{address}?news=all").text
    assert short.count("<li") < full.count("<li")
    assert "Show all" in short
    assert "Show all" not in full
    assert "Nothing more: every piece has come through the last stage." in full


def test_the_page_asks_no_more_than_it_may(owner: FlaskClient, day: Ledger) -> None:
    address = send(owner)
    owner.get(address)
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(day.database.engine, "before_cursor_execute", note)
    owner.get(address)
    assert len(found) <= STATEMENTS_MAX


def test_no_visible_word_is_a_literal(owner: FlaskClient, day: Ledger, pseudo_folder: Path) -> None:
    address = send(owner)
    reader = app_of(
        day, secret=SECRET, languages=(CARRIER,), translations=str(pseudo_folder)
    ).test_client()
    flow = Flow.parse((ROOT / "flows" / "garment.toml").read_text("utf-8"))
    facts = [stage.title for stage in flow.stages] + [kind.title.lower() for kind in flow.kinds]
    facts += [
        TITLES["4471"],
        "4471",
        "Alder & Finch",
        "Shop, back door",
        "Dock gate",
        "Fabric store",
    ]
    facts += ["Packing table", "Sewing line", "Cutting room", "XXL", "XS", "XL", "navy", "ecru"]
    facts += ["rust"]
    for path in (address, address + "x"):
        assert literals(reader.get(path).text, facts) == []


# --- the secret ----------------------------------------------------------------------------------


def test_the_secret_lies_beside_the_database_and_stays(tmp_path: Path) -> None:
    place = secret_path(f"sqlite:///{tmp_path}/factory.sqlite?timeout=5")
    assert place == tmp_path / "factory.secret"
    first = kept_secret(place)
    assert kept_secret(place) == first
    assert len(first) >= 32
    assert place.stat().st_mode & 0o077 == 0 or sys.platform == "win32"


@pytest.mark.parametrize("url", ["postgresql+psycopg://u@h/db", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_is_no_file_keeps_its_secret_in_var(url: str) -> None:
    assert secret_path(url) == Path("var/hangtag.secret")


def test_a_short_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from traceability.errors import Refused

    monkeypatch.setenv("HANGTAG_SECRET", "short")
    with pytest.raises(Refused) as caught:
        kept_secret(tmp_path / "x.secret")
    assert str(caught.value) == (
        "Cannot use HANGTAG_SECRET: expected at least 32 characters, got 5."
    )


def test_settings_without_a_secret_draw_one() -> None:
    assert Settings().secret != Settings().secret
    assert replace(Settings(), secret=SECRET).secret == SECRET


# --- a phone that is not on this PC --------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """A running server, and a link that its owner sent."""

    port: int
    address: str
    """Path of the link."""

    def url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, stored: bytes) -> Iterator[Shop]:
    """A server as its own process that takes nobody for the owner; a link was sent before it began.

    The link is made by another process before: signed with the secret beside the same file.
    """
    file = tmp_path_factory.mktemp("shop") / "day.sqlite"
    file.write_bytes(stored)
    ledger = story.empty_ledger(file)
    secret = kept_secret(secret_path(f"sqlite:///{file}"))
    here = app_of(ledger, secret=secret, clock=lambda: datetime.now(UTC))
    address = send(here.test_client())
    ledger.database.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--db", f"sqlite:///{file}", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield Shop(port, address)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        assert process.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


@pytest.fixture(scope="module")
def outside() -> Iterator[Browser]:
    """A Chromium to which the server has a name of its own, as in somebody's network."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with chromium(rules) as made:
        yield made


def slow(page: Page, times: int = 4) -> Any:
    """Slow the page's processor down, as on a cheap phone; return the line to the browser."""
    line = page.context.new_cdp_session(page)
    line.send("Emulation.setCPUThrottlingRate", {"rate": times})
    return line


def test_a_slow_phone_under_another_name_opens_the_link_in_100_kb(
    outside: Browser, shop: Shop
) -> None:
    with open_page(outside, "phone", is_mobile=True, locale="en-GB") as page:
        line = slow(page)
        received: list[float] = []
        line.send("Network.enable")
        line.on("Network.loadingFinished", lambda one: received.append(one["encodedDataLength"]))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        answer = page.goto(shop.url(shop.address))
        assert answer is not None
        assert answer.status == 200
        page.evaluate("document.fonts.ready.then(() => true)")
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").inner_text() == TITLES["4471"]
        assert sideways(page) == 0
        page.locator("text=中文").tap()
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == "zh-Hans"
        assert wrong == []
        first = [url for url in asked if not url.startswith(shop.url("/"))]
        assert first == [], "the page asks nobody else"
    assert 0 < sum(received) < 2 * BYTES_MAX


def test_the_first_load_stays_under_100_kb(outside: Browser, shop: Shop) -> None:
    with open_page(outside, "phone", is_mobile=True) as page:
        line = page.context.new_cdp_session(page)
        received: list[float] = []
        line.send("Network.enable")
        line.on("Network.loadingFinished", lambda one: received.append(one["encodedDataLength"]))
        page.goto(shop.url(shop.address), wait_until="networkidle")
        assert 20_000 < sum(received) < BYTES_MAX


def test_every_other_page_is_closed_to_that_phone(outside: Browser, shop: Shop) -> None:
    paths = [
        "/",
        "/orders",
        "/orders/4471",
        "/orders/4471/as-customer",
        "/stock",
        "/trace",
        "/menu",
    ]
    paths += ["/ledger", "/api/orders", "/api/orders/4471", "/live"]
    with open_page(outside, "phone") as page:
        page.goto(shop.url(shop.address))
        found = page.evaluate(
            """async paths => Object.fromEntries(await Promise.all(paths.map(async path =>
            [path, (await fetch(path, {redirect: "manual"})).status])))""",
            paths,
        )
        assert found == dict.fromkeys(paths, 401)


def test_the_page_works_without_scripts_on_320_px(outside: Browser, shop: Shop) -> None:
    with open_page(outside, "small", java_script_enabled=False) as page:
        page.goto(shop.url(shop.address))
        assert page.locator("script").count() == 0
        before = page.locator(".foot").inner_text()
        assert re.search(r"\d\d:\d\d:\d\d", before)
        page.get_by_role("link", name="Show the newest figures").click()
        assert page.locator("h1").inner_text() == TITLES["4471"]
    with open_page(outside, "small") as page:
        page.goto(shop.url(shop.address))
        assert sideways(page) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_machine_finds_nothing_that_keeps_anybody_out(
    outside: Browser, shop: Shop, theme: str, locale: str
) -> None:
    with open_page(outside, "phone", theme, locale=locale) as page:
        page.goto(shop.url(shop.address))
        page.evaluate("document.fonts.ready.then(() => true)")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_every_finger_finds_its_target(outside: Browser, shop: Shop) -> None:
    with open_page(outside, "phone") as page:
        page.goto(shop.url(shop.address))
        small = page.evaluate(
            "[...document.querySelectorAll('a, button')].filter(one => one.offsetParent)"
            ".map(one => [one.innerText, one.getBoundingClientRect().height])"
            ".filter(([_, height]) => height < 44)"
        )
        skip = [one for one in small if one[0] != "Go to the content"]
        assert skip == []


def test_it_prints_on_a4_without_loss(outside: Browser, shop: Shop) -> None:
    with open_page(outside, "phone") as page:
        page.goto(shop.url(shop.address))
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 703, "height": 1000})  # A4 without its margins
        assert sideways(page) == 0
        assert page.get_by_text("Record of").is_visible()
        assert not page.get_by_role("link", name="Show the newest figures").is_visible()
        paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 3
