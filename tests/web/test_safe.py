"""The page Safe: what it says of the last backup, makes one, keeps the choice, leads back."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import event
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.factory.premises import Premises, names_below, write_premises
from tests.web.browser import open_page, sideways
from tests.web.pseudo import CARRIER, literals
from traceability.catalogue import languages, missing
from traceability.errors import Refused
from traceability.factory import daily
from traceability.factory.drives import Drive
from traceability.factory.folder import UNPACKED
from traceability.factory.restore import is_prepared
from traceability.floor_values import PortNow, Trouble
from traceability.ledger import history
from traceability.ledger.append import Draft
from traceability.projections.view import look
from traceability.web import create_app, safe, safe_restore
from traceability.web.keeping import Running
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

STATEMENTS = {"/safe": 25, "/doctor": 4, "/safe/restore": 12}
"""The most that a page may ask of its record beyond what the frame of every page asks."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Answer a browser for a while."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def begun(premises: Premises) -> datetime:
    """Return when a workshop was begun."""
    with look(premises.ledger) as view:
        return history.sheets(view.connection, view.ledger_id, 0, 1)[0].recorded_at


def app_of(premises: Premises, *, days: float = 1, **settings: object) -> Flask:
    """Make the pages of a workshop, so many days after it was begun."""
    now = begun(premises) + timedelta(days=days)
    chosen = Settings(clock=lambda: now, **settings)  # type: ignore[arg-type]  # by name
    app = create_app(reading=reading_of(premises.ledger), settings=chosen)
    app.extensions["hangtag.factory"] = premises.factory
    app.testing = True
    return app


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow: what is asked for is waited for."""
    monkeypatch.setattr(safe, "PATIENCE_S", 60.0)
    monkeypatch.setattr(safe_restore, "PATIENCE_S", 60.0)


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    found = write_premises(tmp_path / "porto")
    yield found
    found.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Premises]:
    found = write_premises(tmp_path / "new", entries=0)
    yield found
    found.close()


@pytest.fixture
def client(premises: Premises) -> FlaskClient:
    return app_of(premises).test_client()


def post(client: FlaskClient, path: str, **values: object) -> TestResponse:
    """Send a form as our own page would."""
    with client.session_transaction() as session:
        session["csrf"] = "c"
    return client.post(path, data={"csrf": "c", **values})


def page(client: FlaskClient, path: str = "/safe") -> str:
    """Return a page that must answer."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_before_the_first_backup_it_says_so_and_what_to_press(client: FlaskClient) -> None:
    shown = page(client)
    assert "There is no backup yet." in shown
    assert "Back up now" in shown


def test_the_button_makes_a_checked_one_and_the_page_says_where(
    premises: Premises, client: FlaskClient
) -> None:
    answer = post(client, "/safe/backup")
    assert (answer.status_code, answer.location) == (303, "/safe#last")
    [made] = daily.kept(premises.factory.backups)
    shown = page(client)
    assert "Checked: opens and verifies" in shown
    assert str(made.path) in shown
    with look(premises.ledger) as view:
        assert view.root.hex()[:16] in shown


def test_a_backup_can_be_carried_away_by_the_owner(premises: Premises, client: FlaskClient) -> None:
    made = daily.make(premises.factory, at=begun(premises))
    answer = client.get(f"/safe/backups/{made.path.name}")
    assert answer.mimetype == "application/zip"
    assert zipfile.is_zipfile(io.BytesIO(answer.data))
    assert answer.data == made.path.read_bytes()
    answer.close()


@pytest.mark.parametrize("name", ["key", "last.json", "..%2Fkey", "hangtag-none.zip"])
def test_nothing_but_a_backup_can_be_downloaded(client: FlaskClient, name: str) -> None:
    assert client.get(f"/safe/backups/{name}").status_code == 404


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("copying", "Copying the record as it is now"),
        ("writing", "Writing the file"),
        ("checking", "Reading it back and verifying every entry"),
    ],
)
def test_while_one_is_made_the_page_says_how_far_and_asks_again(
    premises: Premises, phase: str, words: str
) -> None:
    app = app_of(premises)
    keeping = app.extensions["hangtag.safe"].keeping
    keeping._running = Running(phase, 40, 100)
    client = app.test_client()
    for path in ("/safe", "/safe/progress"):
        shown = page(client, path)
        assert words in shown
        assert 'hx-get="/safe/progress"' in shown
        assert "<noscript>" in shown  # without a script a link asks again
    assert not keeping.start(premises.factory)
    keeping._running = None
    assert 'hx-get="/safe/progress"' not in page(client, "/safe/progress")


def test_strangers_see_none_of_it(premises: Premises) -> None:
    client = app_of(premises, listens_on_loopback=False).test_client()
    paths = ("/safe", "/safe/progress", "/safe/backups/x.zip", "/safe/restore", "/doctor")
    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert [client.get(path, environ_base=away).status_code for path in paths] == [401] * 5
    assert client.post("/safe/backup", environ_base=away).status_code == 401


def test_a_form_from_another_site_is_not_taken(client: FlaskClient) -> None:
    for path in ("/safe/backup", "/safe/where", "/safe/restore"):
        assert client.post(path, data={"csrf": "wrong"}).status_code == 400


# --- where to -------------------------------------------------------------------------------------


def test_a_stick_is_offered_and_chosen(
    premises: Premises, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "BLUE STICK"
    stick.mkdir()
    drive = Drive(stick, 29_300_000_000, is_writable=True)
    for module in (safe, daily):
        name = "drives" if module is safe else "drive_of"
        found = (lambda: [drive]) if module is safe else (lambda _path: drive)
        monkeypatch.setattr(module, name, found)
    assert "plugged in, 29.3 GB free" in page(client)
    post(client, "/safe/where", target=str(stick), keep="7", daily="yes")
    plan = daily.read_plan(premises.factory)
    assert (plan.target, plan.keep, plan.is_daily, plan.is_drive) == (stick, 7, True, True)
    post(client, "/safe/backup")
    assert len(daily.kept(stick)) == 1
    monkeypatch.undo()
    assert "not plugged in now" in page(client)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"target": "typed", "typed": "", "keep": "14"}, "Type the path of a folder"),
        ({"target": "typed", "typed": "/no/such", "keep": "14"}, "There is no folder /no/such"),
        ({"target": "", "keep": "0"}, "0 cannot be: how many backups stay, from 1 to 1000?"),
        ({"target": "", "keep": "²"}, "² cannot be"),
        ({"target": "", "keep": ""}, "– cannot be"),
    ],
)
def test_a_choice_that_cannot_be_stays_in_its_field_with_a_sentence(
    premises: Premises, client: FlaskClient, values: dict[str, str], sentence: str
) -> None:
    answer = post(client, "/safe/where", **values)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert daily.read_plan(premises.factory) == daily.Plan()


def test_a_failed_attempt_is_said_beside_the_last_good_one(
    premises: Premises, client: FlaskClient
) -> None:
    daily.make(premises.factory, at=begun(premises))
    daily.write_plan(premises.factory, daily.Plan(Path("/media/ana/STICK"), is_drive=True))
    with pytest.raises(Refused):
        daily.make(premises.factory, at=begun(premises) + timedelta(hours=1))
    shown = page(client)
    assert "No backup was made" in shown
    assert "/media/ana/STICK is not plugged in: plug it in, or choose another place." in shown
    assert "Checked: opens and verifies" in shown


# --- every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "is_red"), [(2.9, False), (3.1, True)])
def test_every_page_says_when_the_last_one_is_too_old(
    premises: Premises, days: float, is_red: bool
) -> None:
    daily.make(premises.factory, at=begun(premises))
    client = app_of(premises, days=days).test_client()
    assert [("The last backup is 3 d" in page(client, path)) for path in ("/orders", "/menu")] == [
        is_red
    ] * 2
    assert ("Older than three days" in page(client)) is is_red


def test_a_workshop_of_some_days_without_any_backup_is_told(premises: Premises) -> None:
    client = app_of(premises, days=4).test_client()
    assert "A broken disk would take everything with it." in page(client, "/orders")


def test_every_error_ends_with_the_next_step(client: FlaskClient) -> None:
    shown = client.get("/nowhere").text
    assert "<code>hangtag doctor</code> says what is wrong on this PC." in shown
    assert 'href="/doctor"' in shown


def test_without_a_folder_it_says_what_can_be_done(premises: Premises) -> None:
    app = app_of(premises)
    app.extensions["hangtag.factory"] = None
    client = app.test_client()
    shown = page(client)
    assert str(premises.factory.folder / "practice.sqlite") in shown
    assert "hangtag ledger verify --db" in shown
    assert "hangtag restore" in page(client, "/safe/restore")
    assert "There is no workshop here." in page(client, "/doctor")


def test_how_long_the_disk_will_do_is_said_from_three_days_on(premises: Premises) -> None:
    assert "after three days of work this says" in page(app_of(premises).test_client())
    client = app_of(premises, days=6).test_client()
    shown = page(client)
    assert "GB are used; the rest is enough for more than 20 years." in shown
    assert "Record, keys and settings" in shown
    disk = client.get("/healthz").get_json()["disk"]
    assert (disk["full_on"], disk["sentence"] in shown) == (None, True)
    assert "the rest is enough for more than 20 years." in page(client, "/doctor")


# --- the way back ---------------------------------------------------------------------------------


@pytest.fixture
def backup(premises: Premises, tmp_path: Path) -> Path:
    return daily.make(premises.factory, at=begun(premises), target=tmp_path).path


def test_an_empty_workshop_takes_a_backup_from_a_path(empty: Premises, backup: Path) -> None:
    app = app_of(empty)
    opened: list[bool] = []
    app.extensions["hangtag.restart"] = lambda: opened.append(True)
    answer = post(app.test_client(), "/safe/restore", file="typed", typed=str(backup))
    assert answer.status_code == 200, answer.text
    assert "Verified: 41 entries" in answer.text
    assert (opened, is_prepared(empty.factory.folder)) == ([True], True)


def test_one_from_this_device_may_be_large(empty: Premises, backup: Path) -> None:
    app = app_of(empty)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    app.extensions.pop("hangtag.restart", None)
    data = backup.read_bytes()

    def sent(path: str) -> TestResponse:
        return post(app.test_client(), path, upload=(io.BytesIO(data), "hangtag-x.zip"))

    answer = sent("/safe/restore")
    assert answer.status_code == 200, answer.text
    assert "Stop Hangtag and start it again" in answer.text
    assert names_below(empty.factory.backups) == []
    assert sent("/safe/where").status_code == 413


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Choose a backup: a file hangtag-….zip."),
        ("/no/such.zip", "There is no backup at /no/such.zip: expected a file hangtag-….zip."),
    ],
)
def test_one_that_cannot_be_is_a_sentence_and_changes_nothing(
    empty: Premises, typed: str, sentence: str
) -> None:
    before = names_below(empty.factory.folder)
    answer = post(app_of(empty).test_client(), "/safe/restore", typed=typed)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert names_below(empty.factory.folder) == before
    assert not (empty.factory.folder / UNPACKED).exists()


def test_a_workshop_with_something_of_its_own_is_never_written_over(
    premises: Premises, backup: Path
) -> None:
    tree = {"type": "order", "id": "//porto.invalid/bt/118", "values": {"number": "118"}}
    premises.ledger.append([Draft("master", "master:order:118", tree)])
    client = app_of(premises).test_client()
    assert "Not over a workshop that is in use" in page(client, "/safe/restore")
    answer = post(client, "/safe/restore", typed=str(backup))
    assert answer.status_code == 409
    assert not is_prepared(premises.factory.folder)


def test_a_live_record_beside_practice_is_never_written_over(empty: Premises) -> None:
    client = app_of(empty).test_client()
    assert "Open the copy" in page(client, "/safe/restore")
    (empty.factory.folder / "ledger.sqlite").touch()
    assert "Not over a workshop that is in use" in page(client, "/safe/restore")


# --- languages, cost, looks -----------------------------------------------------------------------


def test_every_sentence_is_translated() -> None:
    places = ("safe", "doctor.html", "error.html", "factory/health", "web/keeping")
    lacking = [
        message
        for language in languages()
        for message, lines in missing(language).items()
        if any(line.startswith((*places, "web/safe")) for line in lines)
    ]
    assert lacking == []


def test_no_word_stands_outside_the_catalogue(
    premises: Premises, empty: Premises, pseudo_folder: Path
) -> None:
    daily.make(premises.factory, at=begun(premises))
    for one, paths in ((premises, ("/safe", "/doctor")), (empty, ("/safe", "/safe/restore"))):
        app = app_of(one, languages=(CARRIER,), translations=str(pseudo_folder))
        client = app.test_client()
        facts = ["Porto Knit", str(one.factory.folder), "dock", "Python", "3.11", "Europe/Lisbon",
                 "practice.sqlite", "hangtag-porto-knit", "zip", "GB", "/media/stick"]  # fmt: skip
        for path in paths:
            assert literals(page(client, path), facts) == [], path


def test_pages_ask_their_record_little(premises: Premises) -> None:
    daily.make(premises.factory, at=begun(premises))
    client = app_of(premises).test_client()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(premises.ledger.database.engine, "before_cursor_execute", note)
    page(client, "/menu")
    asked.clear()
    page(client, "/menu")
    frame = len(asked)
    for path, most in STATEMENTS.items():
        asked.clear()
        page(client, path)
        assert len(asked) - frame <= most, (path, len(asked), frame)


@dataclass(frozen=True)
class Floor:
    """Lists ports as a workshop's floor does."""

    troubles: tuple[Trouble | None, ...]

    def ports(self) -> list[PortNow]:
        return [
            PortNow(f"/dev/ttyUSB{n}", "", "", is_network=False, is_typed=False, trouble=trouble)
            for n, trouble in enumerate(self.troubles)
        ]


def test_ports_that_cannot_be_opened_carry_their_remedy(premises: Premises) -> None:
    app = app_of(premises)
    troubles = (Trouble("group", "dialout", "ana", "sudo usermod -aG dialout ana"), None)
    app.extensions["hangtag.floor"] = Floor(troubles)
    shown = page(app.test_client(), "/doctor")
    assert "/dev/ttyUSB0 cannot be opened." in shown
    assert "sudo usermod -aG dialout ana" in shown
    assert "/dev/ttyUSB1 can be opened." in shown


def test_the_doctors_page_says_what_the_command_says(premises: Premises) -> None:
    premises.factory.key.unlink()
    shown = page(app_of(premises).test_client(), "/doctor")
    assert "links that were sent do not open" in shown
    assert shown.index("is-stop") < shown.index("is-pass")
    assert json.dumps("Traceback") not in shown


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone", "desktop", "narrow"])
def test_nothing_is_wider_than_the_window(
    premises: Premises, empty: Premises, browser: Browser, size: str
) -> None:
    daily.make(premises.factory, at=begun(premises))
    for one, paths in ((premises, ("/safe", "/doctor")), (empty, ("/safe", "/safe/restore"))):
        with served(app_of(one)) as url, open_page(browser, size) as shown:
            for path in paths:
                shown.goto(url + path)
                assert sideways(shown) == 0, path
