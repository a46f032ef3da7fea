"""An order to be sent: one page, one picture; they open without this PC and hold no code."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.web.browser import open_page, sideways
from tests.web.pseudo import CARRIER, literals
from tests.web.test_orders import NOW, TITLES, app_of, day, send, stored
from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.web import snapshot_picture
from traceability.web.snapshot_picture import Bar, Row, Sheet, draw

__all__ = ["day", "stored"]  # fixtures of the orders' tests

SECRET = "s" * 40
BYTES_MAX = 150_000
CODES = re.compile(r"/(?:00|01|21|414)/\d|urn:|\bC-\d|\bB-\d|\bR-\d|…\d{4}|workshop\.invalid")


@pytest.fixture
def owner(day: Ledger) -> FlaskClient:
    return app_of(day, secret=SECRET).test_client()


def page_of(client: FlaskClient, language: str = "en") -> str:
    answer = client.get(f"/orders/4471/snapshot.html?words={language}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("kind", ["html", "png"])
def test_each_file_is_small_and_has_a_name_with_its_time(
    owner: FlaskClient, language: str, kind: str
) -> None:
    answer = owner.get(f"/orders/4471/snapshot.{kind}?words={language}")
    assert len(answer.data) < BYTES_MAX
    assert re.fullmatch(
        rf'attachment; filename="4471-\d{{4}}-\d\d-\d\d-\d{{4}}\.{kind}"',
        answer.headers["Content-Disposition"],
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_the_page_refers_to_nothing_outside_itself(owner: FlaskClient) -> None:
    text = page_of(owner)
    assert re.findall(r"\b(?:href|src|action|srcset|data|poster)\s*=", text) == []
    assert re.findall(r"url\(|@import|<script|<link|<iframe|https?:", text) == []


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_neither_file_holds_a_code_or_another_order(owner: FlaskClient, language: str) -> None:
    text = re.sub(r"(?s)<style>.*?</style>", "", page_of(owner, language))
    assert CODES.findall(text) == []
    for number in ("4472", "4473"):
        assert number not in text
        assert TITLES[number] not in text
    assert re.findall(r"admin|owner|\.gun|\.pad|\.gate", text) == []


def test_the_page_says_whose_of_when_and_to_ask_for_a_newer_one(owner: FlaskClient) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", " ", page_of(owner)))
    for words in ("Overshirts, Porto", "Order 4471", "24 pieces", "Wed 7 Jan 2026"):
        assert words in text
    assert re.search(r"Figures of \w{3} \d+ \w{3} \d{4}, \d\d:\d\d", text)
    assert re.search(r"This stands still\. Ask .+ for a newer one\.", text)


def test_nothing_in_it_turns_wrong_overnight(owner: FlaskClient) -> None:
    for language in ("en", "zh_Hans"):
        text = re.sub(r"(?s)<style>.*?</style>", "", page_of(owner, language))
        assert re.findall(r"\b(?:today|ago|yesterday|now \d)\b|今天|前</", text) == []


def test_it_can_be_looked_at_here_under_its_own_policy(
    owner: FlaskClient, browser: Browser, tmp_path: Path
) -> None:
    answer = owner.get("/orders/4471/snapshot.html?look=1")
    assert answer.headers["Content-Disposition"].startswith("inline")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    # The digest is the one that a browser works out for the very style in the page.
    held = answer.text.replace(
        "<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    (tmp_path / "held.html").write_text(held, encoding="utf-8")
    with open_page(browser) as page:
        page.goto((tmp_path / "held.html").as_uri())
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "720px"


def listen(page: Page) -> tuple[list[str], list[str]]:
    """Return what the page complains of and what it asks for, as it goes on."""
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("request", lambda one: asked.append(one.url))
    return wrong, asked


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_open_from_a_file_without_any_network(
    owner: FlaskClient, browser: Browser, tmp_path: Path, theme: str, language: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for kind in ("html", "png"):
        data = owner.get(f"/orders/4471/snapshot.{kind}?words={language}").data
        (tmp_path / f"order.{kind}").write_bytes(data)
    for size in ("phone", "small", "desktop"):
        with open_page(browser, size, theme, offline=True) as page:
            wrong, asked = listen(page)
            page.goto((tmp_path / "order.html").as_uri())
            assert page.locator("h1").inner_text() == TITLES["4471"]
            assert page.locator("html").get_attribute("lang") == language.replace("_", "-")
            assert sideways(page) == 0
            assert (wrong, len(asked)) == ([], 1)
            if size == "phone":
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
            page.goto((tmp_path / "order.png").as_uri())
            assert page.evaluate("document.images[0].naturalWidth") == snapshot_picture.WIDTH


def test_no_visible_word_is_a_literal(day: Ledger, pseudo_folder: Path) -> None:
    app = app_of(day, secret=SECRET, languages=(CARRIER,), translations=str(pseudo_folder))
    text = app.test_client().get("/orders/4471/snapshot.html").text
    facts = ["Fabric in", "Cutting", "Sewing", "Checking & packing", "Shipping", "Store", "carton"]
    facts += [TITLES["4471"], "Alder & Finch", "Fabric store", "Packing table", "Cutting room"]
    facts += ["Sewing line", "Dock gate", "Shop, back door", "roll", "XXL", "XS", "XL", "navy"]
    facts += ["ecru", "rust", "Demo: simulated", "cartons", "Porto"]
    facts += ["checking & packing", "cutting", "sewing", "shipping", "store"]
    assert literals(text, facts) == []


def test_an_order_that_is_not_there_has_no_files(owner: FlaskClient) -> None:
    for kind in ("html", "png"):
        assert owner.get(f"/orders/9999/snapshot.{kind}").status_code == 404


def test_only_an_owner_sends(day: Ledger) -> None:
    stranger = app_of(day, secret=SECRET, listens_on_loopback=False).test_client()
    for kind in ("html", "png"):
        assert stranger.get(f"/orders/4471/snapshot.{kind}").status_code == 401


# --- the words -----------------------------------------------------------------------------------


def words(client: FlaskClient, path: str = "/orders/4471") -> str:
    found = re.search(r"<textarea id=\"message\"[^>]*>([^<]*)</textarea>", client.get(path).text)
    assert found is not None
    assert "readonly" not in found[0]
    return html.unescape(found[1])


def test_the_words_say_how_far_the_order_is_and_that_files_stand_still(owner: FlaskClient) -> None:
    lines = words(owner).splitlines()
    assert lines[0] == "Order 4471, Overshirts, Porto"
    assert re.fullmatch(
        r".+: \d+ of 24 pieces, as of .+ 2026, \d\d:\d\d\. Promised Wed 7 Jan 2026\.", lines[1]
    )
    assert lines[2] == "Page and picture stand still: ask for newer ones."


def test_with_a_link_the_words_hold_its_address(owner: FlaskClient) -> None:
    address = send(owner)
    page = owner.get("/orders/4471").text
    found = re.search(r'action="/orders/4471/links/(\w+)/end"', page)
    assert found is not None
    said = words(owner, f"/orders/4471?sent={found[1]}")
    assert address in said
    assert "see how far it is at any time" in said
    assert "pieces, as of" in said


def test_the_words_come_in_the_readers_language(owner: FlaskClient) -> None:
    assert "订单 4471" in words(owner, "/orders/4471?lang=zh_Hans")


# --- the picture ---------------------------------------------------------------------------------

LONG = "A very long style name that a customer wrote into a cell of his sheet, with its season"
FULL = Sheet(
    workshop="Oficina Conceição & Filhos",
    heading="Order 118 · for Đặng Thị Hoà",
    title=LONG,
    facts=("1\u202f240 pieces", "Promised Wed 7 Jan 2026."),
    steps_title="Where it is now",
    bars=tuple(Bar(f"{LONG} {at}", at * 100, 1000, f"{at * 100} / 1\u202f000") for at in range(8)),
    matrix_title="Shipping, by size and colour",
    sizes=tuple(str(at) for at in range(34, 50)),
    rows=tuple(
        Row(f"colour {at}", "#2a3f8f", tuple((at, 100) if at % 3 else None for _ in range(16)))
        for at in range(80)
    ),
    foot=("Figures of Thu 19 Nov 2026, 14:32", "This stands still. Ask us for a newer one."),
)


def test_a_picture_of_everything_fits_and_stays_small() -> None:
    data = draw(FULL)
    picture = Image.open(io.BytesIO(data))
    assert picture.width == 1080
    assert picture.height < snapshot_picture.HEIGHT_MAX
    assert len(data) < 2 * BYTES_MAX
    margin = picture.convert("L").crop((1080 - 30, 0, 1080, picture.height))
    assert margin.getextrema() == (255, 255), "nothing is written beyond the margin"


def test_the_same_order_is_the_same_picture() -> None:
    assert draw(FULL) == draw(FULL)


def test_without_a_chinese_face_the_picture_is_refused_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshot_picture, "_borrowed", lambda: None)
    with pytest.raises(Refused, match="this PC has no face with them"):
        draw(Sheet("Porto", "订单 118", "衬衫", ()))
    assert draw(Sheet("Porto", "Order 118", "Shirts", ()))


def test_a_picture_taken_later_says_its_later_time(day: Ledger) -> None:
    later = NOW + timedelta(days=40)
    client = app_of(day, secret=SECRET, clock=lambda: later).test_client()
    said = client.get("/orders/4471/snapshot.html?words=en").text
    assert f"{later.year}" in re.findall(r"Figures of ([^<]+)<", said)[0]
    name = client.get("/orders/4471/snapshot.png?words=en").headers["Content-Disposition"]
    assert f"{later:%Y-%m-%d}" in name
