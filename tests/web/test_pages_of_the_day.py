"""Board, stock and record: status, words, number of statements, languages, empty and spoilt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from tests.web import story
from tests.web.pseudo import CARRIER, literals
from traceability.catalogue import languages, missing
from traceability.ledger.append import Ledger
from traceability.projections import board as question
from traceability.projections.view import look
from traceability.simulation.floor import STATIONS
from traceability.simulation.plan import make_plan
from traceability.web import create_app
from traceability.web.background import Background
from traceability.web.checks import Checks
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

NOW = story.BEGINS_AT + timedelta(hours=3)
PAGES = ("/", "/?wall=1", "/stock", "/stock?stage=sewing", "/ledger", "/ledger/0", "/ledger/40")
ROOMS = ("board", "stock", "ledger", "record", *(f"web/{one}" for one in ("board", "needs")))
OURS = (*ROOMS, "web/stock", "web/ledger", "web/checks")
STATEMENTS = {"/": 62, "/?wall=1": 62, "/stock": 24, "/ledger": 44, "/ledger/40": 24}
"""The most that a page may ask, whatever the ledger's size."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ledger in the middle of its day."""
    file = tmp_path_factory.mktemp("story") / "day.sqlite"
    ledger = story.story_ledger(file)
    story.gap(ledger)
    with look(ledger) as view:
        key = question.delivered(view)
        assert key is not None
    story.hold(ledger, [key])
    ledger.database.close()
    return file.read_bytes()


@pytest.fixture
def day(tmp_path: Path, stored: bytes) -> Iterator[Ledger]:
    """A ledger of its own in the middle of its day."""
    file = tmp_path / "day.sqlite"
    file.write_bytes(stored)
    ledger = story.empty_ledger(file)
    yield ledger
    ledger.database.close()


def app_of(ledger: Ledger, **settings: object) -> Flask:
    chosen = Settings(clock=lambda: NOW, **settings)  # type: ignore[arg-type]  # by name
    app = create_app(reading=reading_of(ledger), settings=chosen)
    app.testing = True
    return app


@pytest.fixture
def visitor(day: Ledger) -> FlaskClient:
    return app_of(day).test_client()


@contextmanager
def counted(ledger: Ledger) -> Iterator[list[str]]:
    """Collect the statements that are run."""
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(ledger.database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(ledger.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_day_shows_no_literal(day: Ledger, pseudo_folder: Path, path: str) -> None:
    client = app_of(day, languages=(CARRIER,), translations=str(pseudo_folder)).test_client()
    plan = make_plan(7, 60)
    facts = {
        part
        for product in plan.products()
        for part in (product.style, product.colour, product.size, product.name)
        if part
    }
    facts |= {order.title for order in plan.orders} | {order.customer for order in plan.orders}
    facts |= {one.title for one in STATIONS} | {one.name for one in STATIONS}
    facts |= {reader.name for one in STATIONS for reader in one.readers}
    with look(day) as view:
        facts |= {one.title for one in view.flow.stages} | {one.title for one in view.flow.kinds}
        facts |= {one.title.lower() for one in view.flow.kinds}
    facts |= {"Demo: simulated", "hole near the seam", "Inês Carvalho", "the line went away"}
    facts |= {"Porto", "hangtag station run", "server", "UTC", "event", "0000", "sewing", "test"}
    facts |= {ticket.ticket for order in plan.orders for ticket in order.bundles}
    assert literals(client.get(path).text, facts) == []


def test_chinese_has_every_sentence_of_these_pages() -> None:
    for language in languages():
        lacking = [
            message
            for message, places in missing(language).items()
            if any(place.startswith(OURS) for place in places)
        ]
        assert lacking == []


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_page_asks_a_stated_number_of_questions(
    day: Ledger, visitor: FlaskClient, path: str
) -> None:
    with counted(day) as found:
        assert visitor.get(path).status_code == 200
    assert len(found) <= STATEMENTS[path]


def test_the_number_of_questions_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    counts = []
    for garments in (30, 200):
        ledger = story.story_ledger(tmp_path / f"{garments}.sqlite", garments=garments)
        client = app_of(ledger).test_client()
        for path in ("/", "/stock", "/ledger"):
            with counted(ledger) as found:
                client.get(path)
            counts.append(len(found))
        ledger.database.close()
    small, large = counts[:3], counts[3:]
    assert [b - a for a, b in zip(small, large, strict=True)] <= [6, 4, 6]


def test_the_board_answers_the_three_questions(visitor: FlaskClient) -> None:
    page = visitor.get("/").text
    for words in ("Needs somebody", "Waits longest", "Leaves today", "Hold Q-17", "Orders in work"):
        assert words in page
    tree = visitor.get("/api/board").json
    assert tree is not None
    assert next(one["name"] for one in tree["stages"]) == "fabric-in"
    assert {one["number"] for one in tree["orders"]} == {"4471", "4472", "4473"}
    assert [one["state"] for one in tree["needs"]] == ["hold"]


def test_a_gate_that_stops_stands_on_the_board(day: Ledger) -> None:
    app = app_of(day)
    state = {"title": "Dock gate", "state": "STOP", "count": 17, "expected": 18}
    at = NOW.isoformat()
    app.extensions["hangtag.live"].publish_gate("dock", {**state, "at": at, "reader": "up"})
    app.extensions["hangtag.live"].publish_gate("old", {"state": "READY", "at": story.GAP["to"]})
    tree = app.test_client().get("/api/board").json
    assert tree is not None
    assert next((one["state"], one["line"]) for one in tree["needs"]) == ("stop", "17 of 18")
    assert [(one["station"], one["state"]) for one in tree["gates"]] == [
        ("dock", "stop"),
        ("old", "offline"),
    ]
    page = app.test_client().get("/").text
    assert "Dock gate" in page
    assert "17 of 18" in page


def test_why_works_without_javascript(visitor: FlaskClient) -> None:
    page = visitor.get("/?why=stage-2").text
    assert 'id="why-stage-2"' in page
    assert "each piece counts once" in page
    longest = visitor.get("/?why=longest").text
    assert "this was seen longest ago" in longest


def test_every_figure_of_stock_leads_to_its_entries(visitor: FlaskClient) -> None:
    from html import unescape
    from re import findall

    page = visitor.get("/stock").text
    links = [unescape(one) for one in findall(r'class="figure-link" href="([^"]+)"', page)]
    assert len(links) > 5
    for link in links:
        opened = visitor.get(link).text
        assert "Everything that was last seen in this place" in opened
        assert findall(r'href="/ledger/\d+"', opened)


def test_the_sum_of_stock_is_the_sum_of_its_lines(visitor: FlaskClient) -> None:
    tree = visitor.get("/api/stock").json
    assert tree is not None
    pieces = sum(int(one["quantity"]) for one in tree["lines"] if not one["uom"])
    assert f"Stock: {pieces} pieces" in visitor.get("/stock").text


@pytest.mark.parametrize("path", PAGES[:5])
def test_an_empty_workshop_says_what_will_appear(tmp_path: Path, path: str) -> None:
    client = app_of(story.empty_ledger(tmp_path / "e.sqlite", is_demo=False)).test_client()
    page = client.get(path).text
    words = {"/": "fills when a roll is scanned", "/stock": "There is no stock yet"}
    assert words.get(path.partition("?")[0], "Nobody contradicted the record") in page


def test_a_page_says_the_time_of_its_figures_and_can_be_asked_again(visitor: FlaskClient) -> None:
    for path in ("/", "/stock", "/ledger"):
        page = visitor.get(path).text
        assert "Figures of" in page
        assert "Show the newest figures" in page


# --- the record ------------------------------------------------------------------------------


def ended(checks: Checks) -> None:
    """Wait for a verification that was begun."""
    for _ in range(600):
        if checks.running is None:
            return
        time.sleep(0.01)
    raise AssertionError("the verification did not end")


def begin(client: FlaskClient) -> None:
    client.get("/ledger")
    with client.session_transaction() as session:
        token = session["csrf"]
    assert client.post("/ledger/verify", data={"csrf": token}).status_code == 303


def test_verify_now_says_that_all_is_true(day: Ledger) -> None:
    app = app_of(day)
    client = app.test_client()
    begin(client)
    ended(app.extensions["hangtag.checks"])
    page = client.get("/ledger/check").text
    assert f"All true: {day.size} entries checked in" in page
    tree = client.get("/api/ledger").json
    assert tree is not None
    assert tree["verified"]["ok"] is True
    assert (tree["size"], tree["gaps"]) == (day.size, 1)


def test_an_altered_record_is_named_on_both_pages(day: Ledger) -> None:
    app = app_of(day)
    client = app.test_client()
    body = story.said_at(day, 40)
    story.alter(day, 40, body.replace(b"2026-01-05", b"2026-01-06"))
    app.extensions["hangtag.checks"].look()
    words = "position 40: what was said there is not what was sealed"
    assert words in client.get("/").text
    assert words in client.get("/ledger").text
    assert words in client.get("/record?known=true").text
    assert client.get("/record?known=40.changed-body").status_code == 204
    assert "what was said there is not what was sealed" in client.get("/ledger/40").text
    story.alter(day, 40, body)
    app.extensions["hangtag.checks"].look()
    assert "Record: all true" in client.get("/record?known=40.changed-body").text


def test_an_entry_shows_what_it_says_and_what_it_touched(visitor: FlaskClient) -> None:
    page = visitor.get("/ledger/40").text
    assert "As it was sealed" in page
    assert "What it touched" in page
    assert visitor.get("/ledger/99999").status_code == 404


def test_lost_scans_turn_the_record_and_the_board_red(day: Ledger) -> None:
    plan = make_plan(7, 30)
    station, tree = next(iter(story.day(plan)))
    story.tell(day, [(station, tree)] * 3, epoch=9, order=[0, 2])
    client = app_of(day).test_client()
    told = client.get("/api/ledger").json
    assert told is not None
    (run,) = (one for one in told["runs"] if one["epoch"] == 9)
    assert (run["read"], run["accepted"], run["missing"], run["lost"]) == (2, 2, [[2, 2]], 1)
    assert "1 scan lost" in client.get("/").text
    state = {"state": "READY", "waiting": 1, "at": NOW.isoformat()}
    app = app_of(day)
    app.extensions["hangtag.live"].publish_gate(station, state)
    assert "scan lost" not in app.test_client().get("/").text


def test_numbers_of_an_entry_keep_every_digit(day: Ledger) -> None:
    client = app_of(day).test_client()
    for position in range(1, 45):
        said = json.loads(story.said_at(day, position))
        if "inputQuantityList" in said:
            quantity = said["inputQuantityList"][0]["quantity"]
            assert f"&#34;quantity&#34;: {quantity}" in client.get(f"/ledger/{position}").text
            return
    raise AssertionError("no cutting in the story")


# --- the background --------------------------------------------------------------------------


def wait_until(is_so: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return is_so()


def followed(ledger: Ledger) -> int:
    """Return how far the late projections are."""
    with ledger.database.read() as connection:
        query = text("SELECT position FROM projection WHERE name = 'event'")
        return int(connection.execute(query).scalar_one())


def test_the_background_follows_the_ledger_and_names_an_altered_record(day: Ledger) -> None:
    checks = Checks(day, lambda: NOW)
    work = Background(day, checks, is_watched=True)
    work.start()
    work.start()
    try:
        assert wait_until(lambda: checks.latest is not None and checks.latest.is_true)
        story.tell(day, list(story.day(make_plan(7, 30)))[:1], epoch=5)
        assert wait_until(lambda: followed(day) == day.size)
        story.alter(day, 45, story.said_at(day, 45).replace(b"2026", b"2025"))

        def is_named() -> bool:
            latest = checks.latest
            finding = latest.report.finding if latest is not None else None
            return finding is not None and finding.position == 45

        assert wait_until(is_named)
    finally:
        work.stop()


def test_a_workshops_own_record_is_not_watched(tmp_path: Path) -> None:
    ledger = story.empty_ledger(tmp_path / "own.sqlite", is_demo=False)
    app = app_of(ledger)
    work = app.extensions["hangtag.background"]
    work.start()
    work.stop()
    assert app.extensions["hangtag.checks"].latest is None
