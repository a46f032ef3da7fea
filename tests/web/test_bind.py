"""What is this? The one question about a code that nobody knows, in a browser and at the door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from tests.scanning.workshop import GREY, NAVY, NS, Workshop, carton, digits
from tests.web.browser import sideways
from tests.web.scan_shop import (
    Shop,
    rows,
    scan,
    serving,
    settled,
    small_workshop,
    violations,
)
from traceability.projections.entering import master_draft
from traceability.projections.search import find_key
from traceability.projections.view import look
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
BRAND = "5449000000996"
BRAND_KEY = "/01/05449000000996"


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


def found(workshop: Workshop, text: str) -> str | None:
    """Find something as the page Find does."""
    with look(workshop.ledger) as view:
        return find_key(view, text)


class Touching:
    """Touches a page and counts how often."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def touch(self, words: str) -> None:
        """Press the button with these words."""
        self.page.get_by_role("button", name=words, exact=True).first.click()
        self.count += 1


# --- the scan page ---------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_brand_s_ean_is_packed_after_two_touches(browser: Browser, shop: Shop, size: str) -> None:
    page = shop.open(browser, "packing", size)
    scan(page, carton(1500), BRAND)
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "unknown")
    touching = Touching(page)
    touching.touch("Garment")
    expect(page.locator("[data-bind]")).to_be_visible()
    touching.touch("Shirt, navy, M")
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "pass")
    expect(page.locator("[data-slot=line]")).to_contain_text("It is a garment now: Shirt, navy, M")
    scan(page, BRAND)
    settled(page)
    expect(page.locator("[data-slot=word]")).to_have_text("Done")
    expect(page.locator("[data-slot=done]")).to_have_text("2")
    assert touching.count <= 3
    assert found(shop.workshop, BRAND) == NAVY
    assert sideways(page) == 0


@pytest.mark.browser
def test_a_new_product_is_named_once(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "packing")
    scan(page, carton(1500), BRAND)
    settled(page)
    Touching(page).touch("Garment")
    page.locator("[data-bind] input").fill("Polo, white, M")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator("[data-slot=name]")).to_contain_text("Polo, white, M")
    assert found(shop.workshop, BRAND) == BRAND_KEY


@pytest.mark.browser
def test_a_card_becomes_the_badge_of_the_one_touched_whoever_scans(
    browser: Browser, shop: Shop
) -> None:
    rui = f"//{NS}/obj/W-10022"
    badge = {"badge": "10022", "is_active": True}
    entry = master_draft("person", rui, badge, by="office", private={"name": "Rui"})
    shop.workshop.ledger.append([entry])
    page = shop.open(browser, "packing")
    page.locator(".scan-person summary").click()
    page.get_by_role("button", name="Ana").click()
    scan(page, "CANTEEN 9")
    settled(page)
    Touching(page).touch("Person")
    page.locator("[data-bind]").get_by_role("button", name="Rui").click()
    settled(page)
    expect(page.locator("#said")).not_to_have_attribute("data-state", "unknown")
    assert found(shop.workshop, "CANTEEN 9") == rui
    expect(page.locator("[data-slot=person]")).to_have_text("Rui")


@pytest.mark.browser
def test_one_question_stands_at_a_time(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "fabric-in", "phone")
    scan(page, "MILL-99")
    settled(page)
    expect(page.locator("[data-roll]")).to_be_visible()
    expect(page.locator("[data-bind]")).to_be_hidden()
    touching = Touching(page)
    touching.touch("It is something else")
    expect(page.locator("[data-roll]")).to_be_hidden()
    touching.touch("Place")
    expect(page.locator("[data-bind]")).to_be_visible()
    page.locator("[data-bind] input").fill("Cloth shelf 3")
    touching.touch("Done")
    settled(page)
    expect(page.locator("[data-slot=word]")).to_have_text("Known now")
    assert found(shop.workshop, "MILL-99") == f"//{NS}/loc/Cloth shelf 3"
    # The next scan puts an open question away.
    scan(page, "MILL-100", "MILL-101")
    settled(page)
    expect(page.locator("[data-roll]")).to_have_count(1)


@pytest.mark.browser
def test_what_is_refused_is_asked_again_with_the_reason(browser: Browser, shop: Shop) -> None:
    page = shop.open(browser, "cutting")
    scan(page, "MILL-4711", "CARD 9")
    settled(page)
    touching = Touching(page)
    touching.touch("Bundle")
    page.locator("[data-bind] input").fill("none")
    touching.touch("Done")
    expect(page.locator("[data-bind-wrong]")).to_contain_text("Type how many pieces it has")
    page.locator("[data-bind] input").fill("14")
    touching.touch("Done")
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "pass")
    assert shop.workshop.progress("cutting", "120") == "14"


@pytest.mark.browser
def test_it_is_asked_when_the_answer_comes_and_kept_without_a_network(
    browser: Browser, shop: Shop
) -> None:
    page = shop.open(browser, "packing", "phone")
    page.context.set_offline(True)
    scan(page, "BOX 7")
    expect(page.locator("#said")).to_have_attribute("data-state", "kept")
    expect(page.locator("[data-slot=actions]")).to_be_hidden()
    page.context.set_offline(False)
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "unknown")
    page.context.set_offline(True)
    Touching(page).touch("Carton")
    expect(page.locator("#said")).to_have_attribute("data-state", "kept")
    page.context.set_offline(False)
    settled(page)
    expect(page.locator("[data-slot=opened]")).to_contain_text("BOX 7")


@pytest.mark.browser
def test_not_ours_is_said_quietly_the_next_time_and_can_be_undone(
    browser: Browser, shop: Shop
) -> None:
    page = shop.open(browser, "sewing")
    scan(page, BRAND)
    settled(page)
    Touching(page).touch("Not ours")
    settled(page)
    scan(page, BRAND)
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "ready")
    expect(page.locator("[data-slot=word]")).to_have_text("Not ours")
    expect(page.locator("[data-slot=actions]")).to_be_hidden()
    page.locator("[data-rows] [data-undo]").nth(1).click()
    settled(page)
    scan(page, BRAND)
    settled(page)
    expect(page.locator("#said")).to_have_attribute("data-state", "unknown")
    assert [one.split()[0] for one in rows(page)[:1]] == ["unknown"]


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone", "narrow", "desktop"])
def test_the_question_fits_and_is_accessible(browser: Browser, shop: Shop, size: str) -> None:
    page = shop.open(browser, "packing", size, bypass_csp=True)
    page.add_script_tag(path=AXE)
    scan(page, carton(1500), BRAND)
    settled(page)
    assert (sideways(page), violations(page)) == (0, [])
    Touching(page).touch("Garment")
    assert (sideways(page), violations(page)) == (0, [])


# --- programs ----------------------------------------------------------------------------------


def _scan(client: FlaskClient, text: str, counter: int, stage: str = "packing") -> dict[str, Any]:
    at = f"2026-11-20T08:0{counter}:00+00:00"
    tree = {"device": "bench", "epoch": 1, "stage": stage, "opened": []}
    tree["scans"] = [{"counter": counter, "at": at, "text": text}]
    answer = client.post("/api/scans", json=tree).get_json()["answers"][0]
    assert isinstance(answer, dict)
    return answer


def test_an_answer_says_what_it_can_be_and_what_each_needs(client: FlaskClient) -> None:
    actions = _scan(client, BRAND, 1)["actions"]
    assert [one["what"] for one in actions] == [
        "carton", "garment", "bundle", "roll", "place", "person", "stray",
    ]  # fmt: skip
    garment = actions[1]
    assert (garment["post"], garment["body"]) == (
        "/api/scans/bind", {"text": BRAND, "as": "garment"},
    )  # fmt: skip
    assert {"title": "Shirt, navy, M", "body": {"product": NAVY}} in garment["asks"]["choices"]
    # A product with a number of its own cannot have this one as well.
    assert all(one["body"]["product"].startswith("//") for one in garment["asks"]["choices"])
    assert "asks" not in actions[0]


@pytest.mark.usefixtures("engine")
def test_a_program_binds_with_what_the_action_says(client: FlaskClient) -> None:
    garment = _scan(client, "TAILOR 1", 1)["actions"][1]
    choice = next(one for one in garment["asks"]["choices"] if one["title"] == "Shirt, grey, L")
    where = {"device": "bench", "epoch": 1, "stage": "packing", "opened": [], "counter": 2}
    where["at"] = "2026-11-20T08:02:00+00:00"
    answer = client.post(garment["post"], json={**where, **garment["body"], **choice["body"]})
    told = answer.get_json()["answers"][0]
    assert (told["key"], told["said"], told["can_undo"]) == (
        f"//{NS}/obj/G-TAILOR 1", "nothing-open", True,
    )  # fmt: skip
    assert told["line"].startswith("It is a garment now: ")
    known = client.get("/api/identify?text=TAILOR+1").get_json()
    assert [one["key"] for one in known["matches"]] == [f"//{NS}/obj/G-TAILOR 1"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"as": "thing"}, "Say what it is: touch one of the answers."),
        ({"as": "garment"}, "Say which product it is."),
        ({"as": "bundle", "order": "118"}, "Say how many pieces it has, such as 20."),
        ({"as": "place"}, "Say which place it is."),
        ({"as": "same", "thing": "nothing"}, "nothing is no code of one thing that is known here."),
        ({"as": "roll"}, "Say how much is on the roll, and in which unit."),
        (
            {"as": "garment", "product": "/01/09521141001059"},
            (
                "Two codes of one thing disagree: one says product number 05449000000996, the "
                "other 09521141001059. Put it aside; nothing was joined."
            ),
        ),
    ],
)
def test_what_cannot_be_bound_is_said_in_one_sentence(
    client: FlaskClient, workshop: Workshop, body: dict[str, str], sentence: str
) -> None:
    before = workshop.ledger.size
    where = {"device": "bench", "epoch": 1, "stage": "packing", "opened": [], "counter": 2}
    where |= {"at": "2026-11-20T08:02:00+00:00", "text": BRAND}
    answer = client.post("/api/scans/bind", json={**where, **body})
    assert (answer.status_code, answer.get_json()["detail"]) == (400, sentence)
    assert workshop.ledger.size == before


def test_what_is_known_already_is_named(client: FlaskClient) -> None:
    where = {"device": "bench", "epoch": 1, "stage": "packing", "opened": [], "counter": 2}
    where |= {"at": "2026-11-20T08:02:00+00:00", "text": digits(1000), "as": "carton"}
    detail = client.post("/api/scans/bind", json=where).get_json()["detail"]
    assert detail.startswith("This code is known already: ")


# --- away from the desk ------------------------------------------------------------------------


def test_at_find_the_same_question_is_a_form_without_scripts(client: FlaskClient) -> None:
    asked = client.get("/trace?code=CARD+77").text
    assert 'action="/identify/bind"' in asked
    form = {"csrf": csrf_of(asked), "code": "CARD 77", "as": "garment", "said": f"product={GREY}"}
    answer = client.post("/identify/bind", data=form)
    assert (answer.status_code, answer.location) == (303, "/identify/bound?code=CARD+77")
    said = client.get(answer.location).text
    assert "It is a garment now: " in said
    assert "CARD 77" in client.get(f"/items/{NS}/obj/G-CARD 77").text
    back = client.post("/identify/bind/undo", data={"csrf": csrf_of(said), "code": "CARD 77"})
    assert (back.status_code, back.location) == (303, "/identify?code=CARD+77")
    assert 'action="/identify/bind"' in client.get("/trace?code=CARD+77").text


def csrf_of(page: str) -> str:
    """Return what the forms of a page carry."""
    return page.split('name="csrf" value="')[1].split('"', maxsplit=1)[0]


def test_at_find_a_roll_is_taken_in(client: FlaskClient, workshop: Workshop) -> None:
    asked = client.get("/trace?code=MILL+88").text
    form = {"csrf": csrf_of(asked), "code": "MILL 88", "as": "roll", "amount": "50", "unit": "MTR"}
    assert client.post("/identify/bind", data=form).status_code == 303
    assert found(workshop, "MILL 88") == f"//{NS}/class/R-MILL 88"


def test_what_is_missing_is_said_beside_the_question(client: FlaskClient) -> None:
    asked = client.get("/trace?code=CARD+77").text
    form = {"csrf": csrf_of(asked), "code": "CARD 77", "as": "garment"}
    answer = client.post("/identify/bind", data=form)
    assert answer.status_code == 422
    assert "Say which product it is." in answer.text
    assert 'action="/identify/bind"' in answer.text


def test_a_stranger_that_was_scanned_before_is_asked_about_on_its_page(
    client: FlaskClient,
) -> None:
    _scan(client, "CARD 77", 1)
    page = client.get(f"/items/{NS}/obj/CARD 77").text
    assert 'action="/identify/bind"' in page
    assert 'action="/identify/bind"' in client.get("/trace?code=CARD+77").text


def test_a_separator_in_a_code_is_shown_by_its_name(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": "]d20109506000134352211234\x1d10L7"}).text
    head = page.partition('id="bind-head"')[2].partition("</header>")[0]
    assert "211234&lt;GS&gt;10L7" in head


def test_a_tag_that_was_never_written_is_explained_not_bound(client: FlaskClient) -> None:
    page = client.get("/trace?code=" + "0" * 24).text
    assert "1 tag that was never written: give it a number first." in page
    assert 'action="/identify/bind"' not in page


def test_a_scan_page_without_scripts_leads_to_the_question(client: FlaskClient) -> None:
    client.set_cookie("step", "packing")
    page = client.get("/scan").text
    answer = client.post("/scan", data={"csrf": csrf_of(page), "counter": "0", "code": "BOX 7"})
    assert 'href="/identify?code=BOX+7"' in answer.text
