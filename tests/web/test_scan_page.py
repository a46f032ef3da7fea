"""The scan page in a real browser: every scan heard, kept, sent once, and answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import text as sql

from tests.scanning.workshop import Workshop, carton, digits
from tests.web.browser import chromium, sideways
from tests.web.pseudo import CARRIER
from tests.web.scan_shop import (
    ANA,
    HEARING,
    ROLL,
    SIZES,
    TICKETS,
    Shop,
    film_of,
    rows,
    scan,
    serving,
    settled,
    small_workshop,
    violations,
    visit,
)
from tests.web.scanner import type_keys
from traceability.scanning.rules import AT_WORK_US
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.scan_page import shell
from traceability.web.settings import Settings

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = small_workshop(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def shop(workshop: Workshop) -> Iterator[Shop]:
    with serving(workshop) as found:
        yield found
    assert (found.problems, found.strangers) == ([], [])


@pytest.fixture
def client(workshop: Workshop) -> FlaskClient:
    app = create_app(reading=reading_of(workshop.ledger), settings=Settings())
    app.testing = True
    return app.test_client()


# --- the step ------------------------------------------------------------------------------------


def test_the_step_is_chosen_once_for_a_device(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting", "phone")
    page.context.clear_cookies(name="step")
    page.goto(f"{shop.url}/scan")
    buttons = page.locator(".step-choice button")
    assert buttons.count() == 6
    expect(page.get_by_text("No step is chosen yet")).to_be_hidden()
    boxes = [one.bounding_box() for one in buttons.all()]
    assert all(box is not None and box["height"] >= 64 for box in boxes)
    buttons.filter(has_text="Sewing").click()
    expect(page.locator("h1")).to_have_text("Sewing")
    page.reload()
    expect(page.locator("h1")).to_have_text("Sewing")
    page.get_by_role("link", name="Change step").click()
    expect(page.locator(".is-chosen")).to_contain_text("Sewing")


def test_a_step_that_is_not_there_is_said(client: FlaskClient) -> None:
    answer = client.post("/scan/step", data={"step": "boiling", "csrf": _csrf(client)})
    assert answer.status_code == 400
    assert "no step &#39;boiling&#39;" in answer.text


def _csrf(client: FlaskClient) -> str:
    return client.get("/scan").text.split('name="csrf" value="')[1].split('"')[0]


# --- a scanner that types ------------------------------------------------------------------------


def test_twenty_tickets_as_fast_as_a_scanner_types(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    page.evaluate(HEARING)
    page.locator("[data-sound]").click()
    scan(page, ROLL)
    settled(page)
    expect(page.locator("[data-slot=opened]")).to_contain_text(ROLL)
    heard = page.evaluate("() => window.voices")
    before = len(shop.entries())
    # All of them within one task of the page: no machine is slow enough to lose one.
    type_keys(page, [key for ticket in TICKETS for key in (*ticket, "Enter")])
    expect(page.locator("[data-scan]")).to_have_attribute("data-scans", "21")
    settled(page)
    counters = [counter for counter, _at in shop.entries()]
    assert counters[before:] == list(range(2, 22))
    assert counters == sorted(set(counters))
    expect(page.locator("[data-slot=done]")).to_have_text("20")
    expect(page.locator("[data-slot=of]")).to_have_text("of 20")
    assert shop.workshop.progress("cutting", "120") == "400"
    assert page.locator("[data-rows] li").count() == 10
    assert page.evaluate("() => window.voices") > heard
    assert page.locator("#code").input_value() == ""


def test_a_scan_is_heard_before_the_server_answers(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    held: list[Route] = []

    def hold(asked: Route) -> None:
        held.append(asked)

    page.route("**/api/scans?*", hold)
    scan(page, TICKETS[0])
    expect(page.locator("[data-rows] li")).to_have_attribute("data-state", "reading")
    expect(page.locator("#said")).to_contain_text(TICKETS[0])
    page.wait_for_timeout(200)
    assert len(held) == 1
    held[0].continue_()
    settled(page)


def test_a_scan_never_lands_in_a_field(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    page.locator("#code").fill("12")
    scan(page, ROLL)
    page.locator("h1").click()
    scan(page, TICKETS[0])
    assert page.locator("#code").input_value() == "12"
    settled(page)
    assert rows(page)[0].startswith("pass bundle")


def test_what_is_not_right_is_said_each_in_its_own_way(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL, TICKETS[0])
    settled(page)
    field = page.locator("#said")
    for text, state, words in (
        (TICKETS[0], "again", "Already done"),
        (digits(1100), "stop", "Belongs to order 119"),
        ("99990000", "unknown", ""),
    ):
        scan(page, text)
        settled(page)
        expect(field).to_have_attribute("data-state", state)
        expect(field).to_contain_text(words)


def test_a_wrong_step_says_where_it_must_go_first(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "packing")
    scan(page, carton(1500), TICKETS[3])
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "stop")
    expect(page.locator("[data-slot=line]")).not_to_be_empty()


# --- typed codes and keys ------------------------------------------------------------------------


def test_a_code_is_typed_wherever_the_focus_is(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL)
    page.locator("h1").click()
    page.keyboard.type(TICKETS[0], delay=70)
    assert page.locator("#code").input_value() == TICKETS[0]
    page.keyboard.press("Enter")
    settled(page)
    assert rows(page)[0].startswith("pass bundle")
    assert page.locator("#code").input_value() == ""
    page.keyboard.press("Enter")
    expect(page.locator("[data-slot=line]")).to_contain_text("under the bars")


def test_everything_is_reached_by_keys_alone(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL, TICKETS[0])
    settled(page)
    page.locator("body").press("Tab")
    met = set()
    for _turn in range(40):
        met.add(page.evaluate("() => document.activeElement.closest('[class]')?.className ?? ''"))
        page.keyboard.press("Tab")
    names = " ".join(sorted(met))
    for part in ("scan-wait", "scan-tool", "row-said", "scan-eye", "button main", "scan-last"):
        assert part in names


def test_undo_takes_back_and_can_be_done_by_key(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL, TICKETS[0], TICKETS[1])
    settled(page)
    before = shop.workshop.progress("cutting", "120")
    page.locator("[data-undo]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-rows] li[data-undone]")).to_have_count(1)
    settled(page)
    assert (before, shop.workshop.progress("cutting", "120")) == ("40", "20")
    expect(page.locator("[data-rows] li").first.locator("[data-undo]")).to_be_hidden()
    page.reload()
    page.wait_for_selector("[data-is-ready]")
    expect(page.locator("[data-rows] li[data-undone]")).to_have_count(1)


# --- without a network ---------------------------------------------------------------------------


def test_five_scans_without_a_network_arrive_once_in_order_with_their_times(
    browser: Browser, shop: Shop
) -> None:
    page = shop.open(browser, "cutting", "phone")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    visit(page, shop.url)
    scan(page, ROLL)
    settled(page)
    before = shop.entries()
    page.context.set_offline(True)
    scan(page, *TICKETS[:5])
    field = page.locator("#said")
    expect(field).to_have_attribute("data-state", "kept")
    expect(page.locator("[data-wait]")).to_contain_text("5 waiting")
    said_us = page.evaluate("() => Date.now() * 1000")
    page.reload()
    page.wait_for_selector("[data-is-ready]")
    assert rows(page)[:5] == [f"kept {one}" for one in reversed(TICKETS[:5])]
    assert shop.entries() == before
    page.context.set_offline(False)
    settled(page)
    sent = shop.entries()[len(before) :]
    assert [counter for counter, _at in sent] == [2, 3, 4, 5, 6]
    times = [at for _counter, at in sent]
    assert times == sorted(times)
    assert said_us - 60_000_000 < times[0] <= times[-1] <= said_us
    assert [row.split()[0] for row in rows(page)[:5]] == ["pass"] * 5
    page.reload()
    page.wait_for_selector("[data-is-ready]")
    settled(page)
    assert len(shop.entries()) == len(before) + 5


def test_an_answer_that_was_lost_costs_nothing(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL)
    settled(page)
    # The server takes the scans in, and its answer never comes: twice.
    lost: list[int] = []

    def lose(route: Any) -> None:
        if len(lost) < 2:
            route.fetch()
            lost.append(1)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/scans?**", lose)
    shop.problems.clear()
    scan(page, *TICKETS[:3])
    page.locator("[data-wait]").click()
    settled(page)
    page.unroute("**/api/scans?**")
    shop.problems[:] = [one for one in shop.problems if "ERR_CONNECTION_RESET" not in one]
    assert [counter for counter, _at in shop.entries()] == [1, 2, 3, 4]
    assert shop.workshop.progress("cutting", "120") == "60"


def test_two_tabs_of_one_device_count_together(browser: Browser, shop: Shop) -> None:
    first = shop.open(browser, "cutting")
    second = first.context.new_page()
    visit(second, shop.url)
    scan(first, ROLL)
    settled(first)
    for one, other in zip(TICKETS[:6:2], TICKETS[1:6:2], strict=True):
        scan(first, one)
        scan(second, other)
    settled(first)
    settled(second)
    assert [counter for counter, _at in shop.entries()] == list(range(1, 8))


def test_the_shell_names_files_that_exist(client: FlaskClient) -> None:
    with client.application.test_request_context("/scan"):
        addresses = shell()
    for address in addresses:
        with client.get(address) as answer:
            assert (address, answer.status_code) == (address, 200)
    worker = client.get("/scan-worker.js")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert '"/static/js/scan/outbox.js"' in worker.text


# --- questions -----------------------------------------------------------------------------------


def test_bad_pieces_are_typed_after_a_ticket_is_sewn(browser: Browser, shop: Shop) -> None:
    shop.workshop.scans("cutting", [ROLL, *TICKETS[:2]])
    page = shop.open(browser, "sewing", "phone")
    scan(page, TICKETS[0])
    settled(page)
    expect(page.locator("[data-pad]")).to_be_hidden()
    page.wait_for_timeout(AT_WORK_US / 1000 + 100)
    scan(page, TICKETS[0])
    settled(page)
    pad = page.locator("[data-pad]")
    expect(pad).to_be_visible()
    keys = [one.bounding_box() for one in pad.locator("[data-digit]").all()]
    assert all(box is not None and box["height"] >= 64 for box in keys)
    for digit in "25":
        pad.locator(f"[data-digit='{digit}']").click()
    expect(pad).to_contain_text("only 20 pieces")
    pad.locator("[data-digit=back]").click()
    expect(pad).to_contain_text("18 of 20 are good")
    pad.get_by_role("button", name="Done").click()
    settled(page)
    expect(page.locator("#said")).to_contain_text("18")
    assert shop.workshop.progress("sewing", "120") == "18"
    # Nothing between two scans: the pad goes by itself.
    scan(page, TICKETS[1])
    page.wait_for_timeout(AT_WORK_US / 1000 + 100)
    scan(page, TICKETS[1])
    settled(page)
    expect(pad).to_be_visible()
    scan(page, TICKETS[2])
    expect(pad).to_be_hidden()
    settled(page)


def test_the_next_roll_of_a_lot_is_two_touches(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "fabric-in")
    form = page.locator("[data-roll]")
    for name in ("MILL-4712", "MILL-4713"):
        scan(page, name)
        expect(form).to_be_visible()
        expect(form).to_contain_text(name)
        page.keyboard.press("Enter")
        expect(form).to_be_hidden()
        settled(page)
        expect(page.locator("#said")).to_have_attribute("data-state", "pass")
    scan(page, "MILL-4714")
    form.locator("[name=amount]").fill("-3")
    form.locator("[data-roll-take]").click()
    expect(form.locator("[data-roll-wrong]")).to_contain_text("-3 is no amount")
    form.locator("[name=amount]").fill("80,5")
    form.get_by_role("radio", name="yards").check()
    form.locator("[data-roll-take]").click()
    settled(page)
    expect(page.locator("#said")).to_contain_text("80.5")


def test_a_name_is_touched_and_stands_in_the_scans(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    page.locator(".scan-person summary").click()
    page.get_by_role("button", name="Ana").click()
    expect(page.locator("[data-slot=person]")).to_have_text("Ana")
    scan(page, ROLL, TICKETS[0])
    settled(page)
    expect(page.locator("[data-slot=person]")).to_have_text("Ana")
    with shop.workshop.database.read() as connection:
        bodies = connection.execute(sql("SELECT body FROM body ORDER BY position DESC LIMIT 2"))
        assert all(ANA in str(body) for (body,) in bodies)


def test_what_is_open_is_put_away_by_hand(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, ROLL)
    settled(page)
    page.locator("[data-put-away]").click()
    expect(page.locator("[data-slot=nothing-open]")).to_be_visible()
    scan(page, TICKETS[0])
    settled(page)
    expect(page.locator("#said")).not_to_have_attribute("data-state", "pass")


# --- the camera ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film_of(TICKETS[0], tmp_path_factory.mktemp("film") / "ticket.y4m")


@pytest.fixture
def watcher(seen_code: Path) -> Iterator[Browser]:
    with chromium(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen_code}",
    ) as found:
        yield found


def test_the_camera_reads_a_ticket_once_while_it_is_in_view(watcher: Browser, shop: Shop) -> None:
    page = shop.open(watcher, "cutting", "phone", permissions=["camera"])
    scan(page, ROLL)
    settled(page)
    assert "zxing" not in " ".join(_asked_for(page))
    page.locator("[data-camera-open]").click()
    expect(page.locator("[data-scan]")).to_have_attribute("data-scans", "2", timeout=20_000)
    settled(page)
    page.wait_for_timeout(1500)
    assert rows(page)[:2] == [f"pass bundle B-{TICKETS[0]}", f"ready roll {ROLL}"]
    expect(page.locator(".scan-camera video")).to_be_visible()
    page.locator("[data-camera-open]").click()
    expect(page.locator(".scan-camera")).to_be_hidden()


def _asked_for(page: Page) -> list[str]:
    found = page.evaluate("() => performance.getEntriesByType('resource').map((one) => one.name)")
    return [str(one) for one in found]


def test_a_page_over_plain_http_says_why_there_is_no_camera(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting", "phone")
    page.evaluate(
        """() => {
          Object.defineProperty(navigator, "mediaDevices", { value: undefined });
          Object.defineProperty(window, "isSecureContext", { value: false });
        }"""
    )
    page.locator("[data-camera-open]").click()
    expect(page.locator("#said")).to_contain_text("over plain http")
    scan(page, ROLL)
    settled(page)


def test_only_the_reader_of_pictures_may_run_machine_code(client: FlaskClient) -> None:
    assert "wasm-unsafe-eval" in client.get("/scan-camera.js").headers["Content-Security-Policy"]
    for path in ("/scan", "/scan-worker.js", "/menu"):
        assert "wasm" not in client.get(path).headers["Content-Security-Policy"]


# --- without scripts, in every language, for everybody --------------------------------------------


def test_without_scripts_one_code_is_posted_and_answered(browser: Browser, shop: Shop) -> None:
    context = browser.new_context(java_script_enabled=False)
    shop.contexts.append(context)
    page = context.new_page()
    page.goto(f"{shop.url}/scan")
    page.get_by_role("button", name="Cutting").click()
    for text in (ROLL, TICKETS[0]):
        page.locator("#code").fill(text)
        page.get_by_role("button", name="Enter").click()
    expect(page.locator("#said")).to_have_attribute("data-state", "pass")
    expect(page.locator("[data-slot=opened]")).to_contain_text(ROLL)
    page.reload()
    expect(page.locator("#said")).to_contain_text("sent before")
    assert shop.workshop.progress("cutting", "120") == "20"


@pytest.mark.parametrize(
    ("size", "theme"), [("desktop", "light"), ("phone", "dark"), ("narrow", "light")]
)
def test_axe_finds_nothing_and_nothing_is_cut(
    browser: Browser, shop: Shop, size: str, theme: str
) -> None:
    page = shop.open(browser, "cutting", size, color_scheme=theme, bypass_csp=True)
    page.add_script_tag(path=AXE)
    for texts in ((), (ROLL, TICKETS[0]), (TICKETS[0],), (digits(1100),), ("99990000",)):
        scan(page, *texts)
        settled(page)
        assert (texts, violations(page), sideways(page)) == (texts, [], 0)
    page.goto(f"{shop.url}/scan?choose=1")
    page.add_script_tag(path=AXE)
    assert (violations(page), sideways(page)) == ([], 0)


def test_long_words_are_not_cut(browser: Browser, workshop: Workshop, pseudo_folder: Path) -> None:
    with serving(workshop, languages=(CARRIER,), translations=str(pseudo_folder)) as shop:
        for size in SIZES:
            page = shop.open(browser, "cutting", size)
            scan(page, ROLL, TICKETS[0])
            settled(page)
            assert (size, sideways(page), page.evaluate(WORD_CUT)) == (size, 0, False)


WORD_CUT = """() => {
  const word = document.querySelector("[data-slot=word]").getBoundingClientRect();
  const field = document.getElementById("said").getBoundingClientRect();
  return word.right > field.right || word.bottom > field.bottom;
}"""
