"""Phones for real: two more doors, a certificate of the house, a name that is not localhost."""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.house.project import ROOT
from tests.simulation.running_demo import slack
from tests.web.browser import chromium, chromium_path, open_page, sideways
from tests.web.open_house import HOST
from traceability.factory.certificate import FOLDER
from traceability.web.doors import Door, Message, Receive, Scope, Send, through
from traceability.web.network import Network, Ports

STARTS_S = 90
STOPS_S = 10


@dataclass
class House:
    """A running server and its three doors."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    said: Path
    is_open: bool

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def safe(self) -> str:
        return f"https://{HOST}:{self.port + 1}"

    @property
    def plain(self) -> str:
        return f"http://{HOST}:{self.port + 2}"

    @property
    def authority(self) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 2}/trust/hangtag.crt") as crt:
            return bytes(crt.read())

    def over_tls(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask the safe door as a device that trusts the house alone; return status and text."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority)
        raw = socket.create_connection(("127.0.0.1", self.port + 1), timeout=20)
        line = http.client.HTTPConnection(HOST, self.port + 1)
        line.sock = context.wrap_socket(raw, server_hostname=HOST)
        line.request("GET", path, headers={"Host": f"{HOST}:{self.port + 1}", **headers})
        answer = line.getresponse()
        try:
            return answer.status, answer.read().decode()
        finally:
            line.close()

    def over_plain(self, path: str) -> int:
        line = http.client.HTTPConnection("127.0.0.1", self.port + 2, timeout=20)
        line.request("GET", path, headers={"Host": f"{HOST}:{self.port + 2}"})
        status = line.getresponse().status
        line.close()
        return status


@contextmanager
def running(folder: Path, port: int) -> Iterator[House]:
    said = folder / f"said-{time.monotonic_ns()}.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.web.open_house", str(folder), str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, said.read_text()
            yield House(folder, port, process, said, bool(json.loads(line)["open"]))
        finally:
            process.terminate()
            process.wait(STOPS_S)
            process.stdout.close()


def free_port() -> int:
    """Return the first of three ports that are free in a row."""
    for _ in range(50):
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
        try:
            with socket.socket() as second, socket.socket() as third:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
                return port
        except OSError:
            continue
    raise AssertionError("no three free ports in a row")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("house"), free_port()) as made:
        yield made


RULES = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"


@pytest.fixture(scope="module")
def stranger() -> Iterator[Browser]:
    """A browser that does not trust the house."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    with chromium(RULES) as made:
        yield made


@pytest.fixture(scope="module")
def friend(house: House) -> Iterator[Browser]:
    """A browser that trusts the certificate of this house, and no other that is wrong."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    shown = x509.load_pem_x509_certificate((house.folder / FOLDER / "server.crt").read_bytes())
    public = shown.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.b64encode(sha256(public).digest()).decode()
    # It needs a profile of its own to take a list of keys.
    with chromium(RULES, f"--ignore-certificate-errors-spki-list={digest}") as made:
        yield made


def let_in(browser: Browser, house: House, step: str = "Sewing") -> str:
    """Touch a step on the owner's page; return what the code on it says, read from the picture."""
    with open_page(browser) as page:
        page.goto(f"{house.here}/phones")
        page.get_by_role("button", name=step, exact=True).click()
        picture = page.locator("#made svg.square").screenshot()
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture)))
    assert found is not None
    return found.text


# --- the doors -----------------------------------------------------------------------------------


def test_a_device_that_trusts_the_house_meets_the_server_by_its_name(house: House) -> None:
    assert house.is_open
    assert house.over_tls("/healthz")[0] == 200


@pytest.mark.parametrize("path", ["/", "/orders", "/keys", "/phones", "/safe", "/api/orders"])
def test_nobody_comes_in_without_a_link(house: House, path: str) -> None:
    assert house.over_tls(path)[0] == 401
    assert house.over_plain(path) == (303 if path == "/" else 403)


def test_the_host_header_of_the_pc_opens_nothing_at_the_other_doors(house: House) -> None:
    assert house.over_tls("/orders", Host="127.0.0.1")[0] == 401
    assert house.over_tls("/orders", Host="localhost:8080")[0] == 401


def test_a_program_comes_in_with_its_key(house: House, stranger: Browser) -> None:
    secret = let_in(stranger, house, "Cutting").partition("#")[2]
    bearer = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    assert house.over_tls("/trace", **bearer)[0] == 200
    assert house.over_tls("/api/orders", **bearer)[0] == 403


# --- a phone -------------------------------------------------------------------------------------


def phone(browser: Browser, **more: Any) -> Any:  # a context manager of a page
    agent = "Mozilla/5.0 (Linux; Android 14; Pixel 7) Chrome/126.0 Mobile Safari/537.36"
    return open_page(browser, "phone", is_mobile=True, user_agent=agent, **more)


def test_a_phone_that_trusts_goes_from_the_code_to_its_step(
    house: House, friend: Browser, stranger: Browser
) -> None:
    code = let_in(stranger, house)
    assert code.startswith(f"{house.plain}/trust#htg_device_")
    asked: list[str] = []
    with phone(friend) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(code)
        page.wait_for_url(f"{house.safe}/scan")
        assert page.evaluate("isSecureContext && !!navigator.mediaDevices && !!crypto.subtle")
        assert "htg_" not in page.content()
        for path, status in (("/orders", 403), ("/keys", 403), ("/trace", 200)):
            answer = page.goto(house.safe + path)
            assert answer is not None
            assert answer.status == status, path
    secret = code.partition("#")[2]
    in_plain = [url for url in asked if url.startswith("http:") and secret in url]
    assert [url for url in in_plain if "#" not in url] == [], "the key went over TLS alone"


def test_a_phone_that_does_not_trust_is_told_how_and_can_go_on(
    house: House, stranger: Browser
) -> None:
    code = let_in(stranger, house, "Cutting")
    with phone(stranger) as page:
        page.goto(code)
        assert page.locator("details[open] summary").inner_text() == "Android"
        page.get_by_role("button", name="Does this phone trust the house?").click()
        expect(page.locator("[data-not-yet]")).to_be_visible()
        assert sideways(page) == 0
        with page.expect_download() as fetched:
            page.get_by_role("link", name="Fetch the certificate").click()
        assert fetched.value.suggested_filename == "hangtag.crt"
        assert Path(fetched.value.path()).read_bytes() == house.authority
        page.get_by_role("link", name="Go on without camera").click()
        page.wait_for_url(f"{house.plain}/scan")
        assert not page.evaluate("isSecureContext")
        answer = page.goto(f"{house.plain}/orders")
        assert answer is not None
        assert answer.status == 403


def test_the_porch_works_without_scripts(house: House, stranger: Browser) -> None:
    with phone(stranger, java_script_enabled=False) as page:
        page.goto(f"{house.plain}/trust")
        assert page.get_by_role("link", name="Fetch the certificate").is_visible()
        assert page.get_by_role("link", name="Open the safe address").is_visible()
        assert not page.get_by_role("link", name="Go on without camera").is_visible()


def test_the_letters_to_compare_are_the_same_on_both_screens(
    house: House, stranger: Browser
) -> None:
    digest = sha256(house.authority).hexdigest().upper()
    letters = " ".join(digest[at : at + 4] for at in range(0, 16, 4))
    with open_page(stranger) as page:
        for url in (f"{house.here}/phones", f"{house.plain}/trust"):
            page.goto(url)
            assert page.get_by_text(letters).first.is_visible(), url


def test_an_ended_device_is_out_and_told_so(
    house: House, friend: Browser, stranger: Browser
) -> None:
    code = let_in(stranger, house, "Store")
    with phone(friend) as page, open_page(stranger) as owner:
        page.goto(code)
        page.wait_for_url(f"{house.safe}/scan")
        owner.goto(f"{house.here}/phones")
        owner.get_by_role("button", name="End the link of Store", exact=True).click()
        owner.wait_for_load_state()
        answer = page.goto(f"{house.safe}/trace")
        assert answer is not None
        assert answer.status == 401
        assert "This link was ended" in page.content()


def test_a_wrong_name_is_put_right_and_the_device_keeps_its_step(
    house: House, friend: Browser, stranger: Browser
) -> None:
    let_in(stranger, house, "Shipping")
    code = let_in(stranger, house, "Shipping")
    with open_page(stranger) as owner:
        owner.goto(f"{house.here}/phones")
        row = owner.locator("#devices li", has=owner.locator("input[value='Shipping-2']"))
        row.get_by_label("Name of the device").fill("Dock gate phone")
        row.get_by_role("button", name="Rename").click()
        owner.wait_for_load_state()
        assert owner.locator("input[value='Dock gate phone']").count() == 1
        assert owner.locator("input[value='Shipping-2']").count() == 0
    with phone(friend) as page:
        page.goto(code)
        page.wait_for_url(f"{house.safe}/scan")


# --- looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_pages_keep_nobody_out_and_fit_every_window(
    house: House, stranger: Browser, theme: str, locale: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    let_in(stranger, house, "Fabric in")
    for size in ("phone", "desktop", "small"):
        with open_page(stranger, size, theme, locale=locale, bypass_csp=True) as page:
            for url in (f"{house.here}/phones", f"{house.here}/keys", f"{house.plain}/trust"):
                page.goto(url)
                assert sideways(page) == 0, url
                if size == "phone":
                    found = Axe().run(page)
                    assert found.violations_count == 0, (url, found.generate_report())


# --- opening, closing, ending --------------------------------------------------------------------


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def until(claim: Any, seconds: float = 15) -> bool:  # a function without arguments
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if claim():
            return True
        time.sleep(0.05)
    return False


def turn(house: House, page: Page, word: str) -> None:
    page.goto(f"{house.here}/phones")
    page.get_by_role("button", name=word).click()
    page.wait_for_load_state()


def test_one_touch_closes_the_doors_and_one_opens_them_where_they_were(
    tmp_path: Path, stranger: Browser
) -> None:
    with running(tmp_path, free_port()) as house, open_page(stranger) as page:
        outer = (house.port + 1, house.port + 2)
        turn(house, page, "Close it again")
        assert page.locator("#network .chip").inner_text() == "is closed"
        assert until(lambda: not any(answers(port) for port in outer))
        assert answers(house.port)
        turn(house, page, "Open to this network")
        assert page.locator("#network .chip").inner_text() == "is open"
        assert all(answers(port) for port in outer)
        assert house.over_tls("/healthz")[0] == 200
        # The owner opened them from a page: who comes through must not be taken for him.
        assert house.over_tls("/orders")[0] == 401
        assert house.over_plain("/orders") == 403


def test_a_server_that_is_killed_opens_again_with_the_same_certificate(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as house:
        first = house.authority
        house.process.kill()
        house.process.wait(STOPS_S)
    with running(tmp_path, port) as house:
        assert house.is_open
        assert house.authority == first
        assert house.over_tls("/healthz")[0] == 200


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_ctrl_c_ends_all_doors_within_three_seconds(tmp_path: Path) -> None:
    with running(tmp_path, free_port()) as house:
        house.over_tls("/healthz")
        begun = time.monotonic()
        os.kill(house.process.pid, signal.SIGINT)
        house.process.wait(STOPS_S)
        assert time.monotonic() - begun < 3 * slack()


def test_no_key_and_no_link_stands_in_what_the_server_says(house: House, stranger: Browser) -> None:
    secret = let_in(stranger, house).partition("#")[2]
    line = http.client.HTTPConnection("127.0.0.1", house.port + 2, timeout=20)
    line.request("GET", f"/k/{urllib.parse.quote(secret)}", headers={"Host": HOST})
    assert line.getresponse().status == 303
    line.close()
    assert re.findall(r"htg_\w+", house.said.read_text()) == []


# --- the switch alone ----------------------------------------------------------------------------


async def nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def in_a_loop(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run in a thread of its own: a browser test keeps a loop in the main one."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, story()).result(60)


def test_a_certificate_that_is_made_anew_takes_effect_without_a_new_start(tmp_path: Path) -> None:
    port = free_port()
    ports = Ports(safe=port + 1, plain=port + 2)
    network = Network(tmp_path, title=lambda: "x", wants_open=True, names=(HOST,), ports=ports)

    async def story() -> None:
        await network.begin(nothing)
        here = ("127.0.0.1", port + 1)
        first = await asyncio.to_thread(ssl.get_server_certificate, here)
        await network.look_after_certificate()
        assert await asyncio.to_thread(ssl.get_server_certificate, here) == first
        (tmp_path / FOLDER / "server.crt").unlink()
        await network.look_after_certificate()
        assert await asyncio.to_thread(ssl.get_server_certificate, here) != first
        await network.end()

    in_a_loop(story)


def test_a_taken_port_gives_way_and_the_new_one_is_remembered(tmp_path: Path) -> None:
    port = free_port()
    ports = Ports(safe=port + 1, plain=port + 2)

    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", port + 1))
            taken.listen()
            network = Network(tmp_path, title=lambda: "x", wants_open=True, ports=ports)
            await network.begin(nothing)
            first = network.url(Door.SAFE)
            await network.end()
        assert not first.endswith(f":{port + 1}")
        again = Network(tmp_path, title=lambda: "x", ports=ports)
        await again.begin(nothing)
        assert again.is_open
        assert again.url(Door.SAFE) == first
        await again.end()

    in_a_loop(story)


@pytest.mark.parametrize(
    ("peer", "door", "status"),
    [
        ("192.168.1.30", Door.SAFE, 204),
        ("203.0.113.9", Door.SAFE, 403),
        ("203.0.113.9", Door.PLAIN, 403),
        ("127.0.0.1", Door.HERE, 204),
    ],
)
def test_who_comes_from_the_internet_is_turned_away(peer: str, door: Door, status: int) -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def story() -> None:
        await through(nothing, door)({"type": "http", "client": (peer, 4000)}, receive, send)

    in_a_loop(story)
    assert said[0]["status"] == status
