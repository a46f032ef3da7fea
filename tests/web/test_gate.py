"""A gate's page as the server makes it: every screen, what lies behind it, the list of gates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.web.gate_states import CARTON, GONE, READ, STATES, STORE, seen, state, thing
from tests.web.pseudo import literals
from tests.web.story import story_ledger
from traceability.catalogue import languages, missing
from traceability.ledger.append import Ledger
from traceability.web import create_app, screen
from traceability.web.opening import reading_of
from traceability.web.screen import Moment
from traceability.web.settings import Settings

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
LIVE = "/api/stations/dock/live"
FACTS = (
    "Dock gate", "Shipping", "Shop, back door", "Overshirt, navy, M", "Overshirt, navy, L",
    "Overshirt, ecru, S", "Packing table", "Inês Carvalho", "hole near the seam", "Q-17",
    "dock.gate", "Checking & packing", "B-101", "nowhere", "Sewing line", "Packing", "Demo",
)  # fmt: skip


def shown(html: str) -> dict[str, str]:
    """Return what stands in the slots of a page that are not hidden."""
    found = re.findall(r'<(\w+)[^>]*data-slot="([\w-]+)"([^>]*)>(.*?)</\1>', html, re.DOTALL)
    return {name: text.strip() for _tag, name, rest, text in found if "hidden" not in rest}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ready", {"word": "Ready", "line": "Push the carton through the gate"}),
        ("open", {"word": "Ready", "line": "B-101 is open", "small": "3 of 14 done"}),
        ("reading", {"word": "Reading", "line": "Keep moving"}),
        ("pass", {"word": "Pass", "count": "18", "of": "of 18"}),
        ("pass-blind", {"word": "Pass", "count": "3", "of": "read", "line": "Go on"}),
        ("again", {"word": "Read again", "count": "17", "of": "of 18"}),
        (
            "stop",
            {
                "word": "Stop",
                "reason": "1 missing",
                "line": "Overshirt, navy, M …0007, last seen Packing table 14:02",
            },
        ),
        ("stop-other", {"word": "Stop", "reason": "1 of another carton"}),
        ("stop-many", {"word": "Stop", "reason": "5 too many"}),
        ("unknown", {"word": "Unknown tag", "count": "3", "of": "unknown"}),
        (
            "no-tag",
            {"word": "No tag", "reason": "Something went through, and no tag answered"},
        ),
        (
            "hold",
            {
                "word": "Hold",
                "reason": "Do not move",
                "line": "hole near the seam",
                "small": "Call Inês Carvalho, 214",
            },
        ),
        ("down", {"word": "Reader down", "reason": "Use the hand scanner"}),
        ("offline", {"word": "Pass", "offline-for": "· 214 waiting"}),
    ],
)
def test_a_posted_state_is_what_the_page_says(
    client: FlaskClient, name: str, expected: dict[str, str]
) -> None:
    assert client.post(LIVE, json=STATES[name]).status_code == 204
    page = client.get("/gate/dock")
    assert page.status_code == 200
    slots = shown(page.text)
    assert {key: slots.get(key) for key in expected} == expected


def test_the_missing_are_named_with_the_last_place(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["again-many"])
    html = client.get("/gate/dock").text
    assert "Overshirt, navy, M …0000" in html
    assert "Last seen Packing table, 14:02" in html
    assert "and 3 more" in html


def test_the_thing_of_another_carton_is_sent_there(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["stop-other"])
    html = client.get("/gate/dock").text
    assert "Overshirt, ecru, S …0007 belongs to …4186" in html
    assert "carton …4186" in html


def test_the_bars_are_the_same_in_every_state(client: FlaskClient) -> None:
    for tree in STATES.values():
        client.post(LIVE, json=tree)
        html = client.get("/gate/dock").text
        marks = ('class="gate-header"', 'id="verdict"', "gate-actions")
        assert [html.count(mark) for mark in marks] == [1, 1, 1]
        assert [html.index(mark) for mark in marks] == sorted(html.index(mark) for mark in marks)
        assert 'href="/gate/dock?why=1"' in html


def test_no_screen_offers_a_way_past_a_hold(client: FlaskClient) -> None:
    client.post(LIVE, json=STATES["hold"])
    html = client.get("/gate/dock").text
    actions = html[html.index("<footer") : html.index("</footer>")]
    assert "Opens only when quality releases Q-17" in actions
    assert re.findall(r'data-action="(\w+)"(?![^>]*hidden)', actions) == ["why"]
    assert "<form" not in actions


def test_a_reader_that_is_down_hides_all_but_a_hold() -> None:
    faces = {
        name: screen.face({**tree, "reader": "down"}, is_silent=False)
        for name, tree in STATES.items()
    }
    assert faces.pop("hold") == "hold"
    assert set(faces.values()) == {"down"}


def test_a_green_screen_does_not_outlive_its_station(make_app: Callable[..., Flask]) -> None:
    times = [NOW]
    client = make_app(clock=lambda: times[0]).test_client()
    client.post(LIVE, json=STATES["pass"])
    times[0] = NOW + timedelta(minutes=12)
    html = client.get("/gate/dock").text
    slots = shown(html)
    assert slots["word"] == "Offline"
    assert slots["line"] == "Last word: Pass 18 of 18, 14:32"
    assert slots["offline-for"] == "12 min · 0 waiting"
    client.post(LIVE, json=STATES["stop"])
    times[0] += timedelta(seconds=16)
    assert shown(client.get("/gate/dock").text)["word"] == "Stop"


def test_a_gate_that_never_spoke_says_what_will_happen(client: FlaskClient) -> None:
    page = client.get("/gate/nowhere")
    assert page.status_code == 200
    assert "This gate has not spoken yet" in page.text


JUNK: tuple[dict[str, Any], ...] = (
    {"state": "STOP"},
    {"state": "PASS", "items": "x", "carton": 7, "count": "many", "expected": True},
    {"state": "HOLD", "hold": []},
    {"state": "STOP", "reason": ["missing"], "others": [None, {}, {"belongs_to": 4}]},
    {"state": "READ AGAIN", "missing": [{"seen_at": "yesterday"}], "missing_count": -4},
    {"state": "UNKNOWN", "items": [{"key": "//"}]},
    {"state": "READY", "open": [{"pieces": "x"}], "stage": {}, "readers": [[]], "waiting": None},
    {"state": "READING", "expected": 0, "count": 3, "reader": "down", "readers": {"a": 1}},
)


def test_no_word_of_a_station_breaks_a_page(client: FlaskClient) -> None:
    answers = []
    for tree in JUNK:
        answers.append(client.post(LIVE, json=tree).status_code)
        answers += [client.get(f"/gate/dock{why}").status_code for why in ("", "?why=1")]
        answers.append(client.get("/gates").status_code)
    assert set(answers) == {204, 200}


def test_names_are_text_and_never_markup(client: FlaskClient) -> None:
    evil = state("STOP", title="</script><b>x", reason="missing", missing=[thing(1, "<img src=x>")])
    client.post(LIVE, json=evil | {"missing_count": 1})
    html = client.get("/gate/dock").text
    assert "</script><b>x" not in html
    assert "<img" not in html


@pytest.mark.parametrize("given", [{"state": "GREEN"}, {}, []])
def test_a_state_that_no_screen_has_is_refused(client: FlaskClient, given: object) -> None:
    answer = client.post(LIVE, json=given)
    assert answer.status_code == 400
    assert "expected" in answer.get_json()["detail"]


# --- behind "Why?" -------------------------------------------------------------------------------


def test_why_lists_what_was_expected_and_what_was_read(client: FlaskClient) -> None:
    tree = STATES["stop-other"] | {
        "missing": [seen(10_007)],
        "missing_count": 4,
        "strays": [{"key": "/01/09521141001011/21/77123", "reads": 41}],
        "parked": 3,
        "readers": [GONE],
    }
    client.post(LIVE, json=tree)
    html = client.get("/gate/dock?why=1").text
    for words in (
        "Overshirt, navy, M …0007", "Last seen Packing table, 14:02", "and 3 more",
        "Belongs to carton …4186", "read 41 times", "Kept for a person: 3", "reader down",
        "Page of 14:32:05, record up to #1.", "The gate said so at 14:32:05.",
        'href="/gate/dock"', "Newest figures", "A carton passes when",
    ):  # fmt: skip
        assert words in html


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Ledger]:
    ledger = story_ledger(tmp_path / "story.sqlite", garments=40, share=0.6)
    yield ledger
    ledger.database.close()


@pytest.fixture
def story_client(story: Ledger) -> FlaskClient:
    app = create_app(reading=reading_of(story), settings=Settings(clock=lambda: NOW))
    app.testing = True
    return app.test_client()


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[str]]:
    """Collect the SQL of a while."""
    said: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            said.append(statement)

    event.listen(ledger.database.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(ledger.database.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(("path", "most"), [("", 6), ("?why=1", 30)])
def test_a_gate_asks_the_record_little(
    story: Ledger, story_client: FlaskClient, path: str, most: int
) -> None:
    story_client.post(LIVE, json=STATES["ready"])
    story_client.get("/gate/dock")
    with statements(story) as said:
        assert story_client.get(f"/gate/dock{path}").status_code == 200
    assert len(said) <= most, said


def test_why_lists_the_cartons_that_may_come(story_client: FlaskClient) -> None:
    story_client.post(LIVE, json=STATES["ready"])
    html = story_client.get("/gate/dock?why=1").text
    assert "Cartons that may come" in html


# --- the list ------------------------------------------------------------------------------------


def test_the_list_shows_each_station_in_the_order_of_the_floor(client: FlaskClient) -> None:
    client.post("/api/stations/dock/live", json=STATES["stop"])
    client.post("/api/stations/packing/live", json=STATES["open"])
    html = client.get("/gates").text
    assert html.index("/gate/packing") < html.index("/gate/dock")
    assert "1 missing" in html
    assert "B-101 is open" in html


def test_an_empty_list_says_what_makes_a_gate_appear(client: FlaskClient) -> None:
    assert "hangtag station run" in client.get("/gates").text


# --- language ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/gate/dock", "/gate/dock?why=1", "/gates"])
def test_every_sentence_goes_through_the_catalogue(pseudo_client: FlaskClient, path: str) -> None:
    found = {}
    for name, tree in STATES.items():
        pseudo_client.post(LIVE, json=tree)
        found[name] = literals(pseudo_client.get(path).text, (*FACTS, STORE["name"], "Porto"))
    assert found == {name: [] for name in STATES}


@pytest.mark.parametrize("path", ["/gate/nowhere", "/gate/nowhere?why=1", "/gates"])
def test_empty_pages_go_through_the_catalogue_too(pseudo_client: FlaskClient, path: str) -> None:
    assert literals(pseudo_client.get(path).text, (*FACTS, "Porto")) == []


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.name)
def test_a_language_has_every_sentence_of_the_gate(language: Path) -> None:
    ours = ("gate", "web/gate", "web/screen", "web/scan", "parts/verdict")
    lacking = {
        message: places
        for message, places in missing(language).items()
        if any(place.startswith(ours) for place in places)
    }
    assert lacking == {}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("pass", "通过"), ("stop", "停止"), ("again", "重新读取"), ("unknown", "未知标签"),
        ("ready", "就绪"), ("reading", "读取中"), ("hold", "扣留"), ("down", "读写器停机"),
    ],
)  # fmt: skip
def test_a_verdict_is_said_in_chinese(client: FlaskClient, name: str, word: str) -> None:
    client.post(LIVE, json=STATES[name])
    assert shown(client.get("/gate/dock?lang=zh_Hans").text)["word"] == word


def test_a_long_list_says_how_much_it_leaves_out(app: Flask) -> None:
    kinds = [thing(n, f"Style {n}") for n in range(8)]
    tree = STATES["pass"] | {"items": [CARTON, *kinds, *READ]}
    with app.test_request_context():
        found = screen.compose(tree, Moment("gate", NOW, "dock", NOW))
    assert found.side is not None
    assert [row[1] for row in found.side.rows] == ["12", "6", "1", "1", ""]
    assert found.side.rows[-1][0] == "and 6 more"
