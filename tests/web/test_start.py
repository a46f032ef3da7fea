"""The first page: five questions over a real folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.pseudo import CARRIER, literals
from traceability.factory.folder import Factory
from traceability.factory.shaping import steps_of, templates
from traceability.projections.people import people
from traceability.projections.view import View
from traceability.web import create_app
from traceability.web.opening import open_reading
from traceability.web.reading import Reading
from traceability.web.settings import Settings
from traceability.web.start import zone_here
from traceability.workshop.running import Workshop

FORM = {
    "name": "Rua 12",
    "language": "en",
    "zone": "Europe/Lisbon",
    "day": ["0", "1", "2", "3", "4"],
    "template": "workshop",
    "marked": "counted",
    "who": "alone",
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The pages of a new factory."""
    factory = Factory.make(tmp_path / "shop")
    reading = open_reading(factory.url)
    made = create_app(reading=reading)
    made.extensions["hangtag.factory"] = factory
    made.extensions["hangtag.house"] = Workshop(factory, port=0)
    yield made
    reading.ledger.database.close()  # type: ignore[attr-defined]  # the book itself


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser on the owner's PC."""
    asked = app.test_client()
    asked.get("/start")
    return asked


def post(client: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    with client.session_transaction() as session:
        csrf = session.get("csrf", "")
    answer = client.post(path, data={"csrf": csrf, **fields})
    return answer.status_code, answer.headers.get("Location", answer.get_data(as_text=True))


@contextmanager
def seen(app: Flask) -> Iterator[View]:
    reading: Reading = app.extensions["hangtag.reading"]
    with reading.look() as view:
        yield view


def test_a_new_workshop_begins_with_the_questions(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/start")


def test_a_name_given_to_the_folder_s_maker_is_not_asked_again(
    app: Flask, client: FlaskClient
) -> None:
    assert 'value="Shop"' not in client.get("/start").text
    house: Workshop = app.extensions["hangtag.house"]
    app.extensions["hangtag.house"] = SimpleNamespace(
        factory=Factory(house.factory.folder.with_name("elsewhere")), can_go_live=False
    )
    assert 'value="Shop"' in client.get("/start").text


def test_defaults_will_do_but_for_the_name(app: Flask, client: FlaskClient) -> None:
    assert post(client, "/start", **FORM) == (303, "/")
    with seen(app) as view:
        assert view.workshop["working_days"] == [0, 1, 2, 3, 4]
        assert view.flow.name == "workshop"
    assert client.get("/").status_code == 200


def test_steps_are_renamed_given_away_and_left_out(app: Flask, client: FlaskClient) -> None:
    wishes = {
        "workshop.cutting.title": "Long table",
        "workshop.cutting.how": "here",
        "workshop.sewing.title": "Sewing",
        "workshop.sewing.how": "other",
        "workshop.store.title": "Store",
        "workshop.store.how": "off",
    }
    assert post(client, "/start", **FORM, **wishes)[0] == 303
    with seen(app) as view:
        stages = {stage.name: stage for stage in view.flow.stages}
    assert "store" not in stages
    assert (stages["cutting"].title, stages["sewing"].by_other_firm) == ("Long table", True)


def test_pasted_names_become_people_with_badges(app: Flask, client: FlaskClient) -> None:
    post(client, "/start", **{**FORM, "who": "several", "people": "Ana Lopes\nRui; 李娜"})
    with seen(app) as view:
        assert [one.name for one in people(view)] == ["Ana Lopes", "Rui", "李娜"]
    assert "Ana Lopes" in client.get("/start").get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "a name of 1 to 60 characters"),
        ({"zone": "Moon/Sea"}, "There is no time zone"),
        ({"day": []}, "at least one day of the week"),
        ({"workshop.sewing.title": "", "workshop.sewing.how": "here"}, "expected 1 to 40"),
    ],
)
def test_a_wrong_answer_keeps_the_others(
    client: FlaskClient, change: dict[str, object], sentence: str
) -> None:
    status, page = post(client, "/start", **{**FORM, **change})
    assert (status, sentence in page) == (400, True)
    assert 'value="Europe/Lisbon"' in page or "Moon/Sea" in page


def test_who_has_counted_goes_on_to_the_list_of_stock(client: FlaskClient) -> None:
    assert post(client, "/start", **FORM, stock="count") == (303, "/sheets?as=stock")


def test_going_live_says_what_stays(client: FlaskClient) -> None:
    post(client, "/start", **FORM)
    page = client.get("/start/live").get_data(as_text=True)
    assert "All practice scans, rolls and stock" in page


@pytest.mark.parametrize(("path", "word"), [("/start", "您的车间"), ("/start/live", "转为正式？")])
def test_the_pages_speak_chinese(client: FlaskClient, path: str, word: str) -> None:
    post(client, "/start", **FORM)
    page = client.get(path, query_string={"lang": "zh-Hans"}).get_data(as_text=True)
    assert word in page


@pytest.mark.parametrize("path", ["/start", "/start/live"])
def test_every_word_goes_through_the_catalogue(app: Flask, pseudo_folder: Path, path: str) -> None:
    reading: Reading = app.extensions["hangtag.reading"]
    settings = Settings(languages=(CARRIER,), translations=str(pseudo_folder))
    strange = create_app(reading=reading, settings=settings)
    strange.extensions["hangtag.house"] = app.extensions["hangtag.house"]
    page = strange.test_client().get(path).get_data(as_text=True)
    page = re.sub(r"<datalist.*?</datalist>", "", page, flags=re.DOTALL)
    facts = {"Shop", "Esperanto", zone_here()}
    for flow in templates():
        facts |= {flow.title, flow.summary, *(step.title for step in steps_of(flow.text))}
    assert literals(page, facts) == []


def test_without_a_house_there_is_no_workshop_to_set_up(tmp_path: Path) -> None:
    factory = Factory.make(tmp_path / "plain")
    reading = open_reading(factory.url)
    client = create_app(reading=reading).test_client()
    assert client.get("/").status_code == 200
    assert client.get("/start/live").status_code == 404
    assert 'href="/start"' not in client.get("/menu").get_data(as_text=True)
    reading.ledger.database.close()  # type: ignore[attr-defined]  # the book itself


def test_this_pc_has_a_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert zone_here() == "Asia/Shanghai"
