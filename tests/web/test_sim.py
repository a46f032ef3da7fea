"""The visitor's hands: what each button asks of the factory, and what the page says came of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.web import story
from tests.web.pseudo import CARRIER, literals
from traceability.ledger.append import Ledger
from traceability.simulation.control import BadWish, Control, Json
from traceability.simulation.floor import STATIONS
from traceability.simulation.tampering import Tampering
from traceability.web import create_app
from traceability.web.hands import Hands
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

NOW = datetime(2026, 1, 5, 8, 10, 12, tzinfo=UTC)
BEGUN = (NOW - timedelta(seconds=6)).isoformat()
GARMENT = "/01/09521141001059/21/10001"
CARTON = "/00/095211410000077016"
SHIRT = {"key": GARMENT, "name": "Overshirt, navy, XL", "place": "Packing table"}
HEARD = [
    {"at": BEGUN, "state": "READING", "count": 9, "expected": 10},
    {
        "at": BEGUN,
        "state": "READ AGAIN",
        "count": 9,
        "expected": 10,
        "missing": [{**SHIRT, "seen_at": "2026-01-05T07:40:00Z"}],
    },
    {
        "at": BEGUN,
        "state": "STOP",
        "count": 9,
        "expected": 10,
        "missing": [{**SHIRT, "seen_at": "2026-01-05T07:40:00Z"}],
    },
]
ACTS: dict[str, Json] = {
    "wave": {
        "reader": "dock.gate",
        "station": "dock",
        "key": GARMENT,
        "name": "Overshirt, navy, XL",
        "said": [{"at": BEGUN, "state": "UNKNOWN", "count": 1, "others": [SHIRT]}],
    },
    "push": {
        "carton": CARTON,
        "pieces": 10,
        "station": "dock",
        "missing": [SHIRT],
        "said": HEARD,
    },
    "unplug": {"reader": "sewing.pad", "seconds": 10},
    "flip": {"reader": "dock.gate", "frames": 3, "noise": 1},
    "network": {"seconds": 10, "ended_at": NOW.isoformat()},
    "tamper": {"position": 4},
}
WISHES = [
    ("wave", {"thing": GARMENT, "reader": "dock.gate"}, ("wave", GARMENT, "dock.gate")),
    (
        "wave",
        {"thing": "stranger", "stranger": "3034ab00", "reader": "r"},
        ("wave", "3034ab00", "r"),
    ),
    ("push", {"carton": CARTON}, ("push", CARTON, 1)),
    ("push", {"carton": CARTON, "all": "1"}, ("push", CARTON, 0)),
    ("push", {}, ("push", None, 1)),
    ("unplug", {"reader": "dock.gate"}, ("unplug", "dock.gate", 10.0)),
    ("flip", {"reader": "dock.gate"}, ("flip", "dock.gate", 3)),
    ("network", {}, ("network", 10.0)),
    ("tamper", {}, ("tamper",)),
    ("tamper", {"back": "1"}, ("untamper",)),
]


class Workshop:
    """Hands that remember what they were asked for, and a factory with something to play with."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.acts: dict[str, Json] = {}
        self.altered: int | None = None
        self.cartons: list[Json] = [{"key": CARTON, "pieces": 10, "has_tags": True}]
        self.begun = BEGUN

    def state(self) -> Json:
        return {
            "readers": [
                {
                    "name": reader.name,
                    "station": station.name,
                    "means": reader.means,
                    "plugged": True,
                }
                for station in STATIONS
                for reader in station.readers
            ],
            "stations": [
                {"name": one.name, "title": one.title, "gate": one.is_gate} for one in STATIONS
            ],
            "things": [{"key": GARMENT, "name": "Overshirt, navy, XL", "station": "store"}],
            "stranger": "3034ab00",
            "cartons": self.cartons,
            "acts": {kind: {"begun_at": self.begun, **act} for kind, act in self.acts.items()},
            "tampered": self.altered,
            "network": "up",
            "story": {"garment": GARMENT, "garment_name": "Overshirt, navy, XL"},
            "database": "sqlite:////srv/demo.sqlite",
        }

    def wave(self, *, tag: bytes | None, garment: str | None, reader: str | None) -> Json:
        return self._did("wave", tag.hex() if tag else garment, reader)

    def push(self, *, carton: str | None, missing: int) -> Json:
        if carton == "gone":
            raise BadWish("Carton gone does not wait at the gate now.")
        return self._did("push", carton, missing)

    def unplug(self, *, reader: str, seconds: float) -> Json:
        return self._did("unplug", reader, seconds)

    def flip(self, *, reader: str, bits: int) -> Json:
        return self._did("flip", reader, bits)

    def network(self, *, seconds: float) -> Json:
        return self._did("network", seconds)

    def tamper(self) -> Json:
        return self._did("tamper")

    def untamper(self) -> Json:
        return self._did("untamper")

    def _did(self, *wish: object) -> Json:
        self.asked.append(wish)
        return {}


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def control(workshop: Workshop) -> Iterator[Control]:
    control = Control(workshop)
    control.start()
    yield control
    control.stop()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ledger in the middle of its day."""
    file = tmp_path_factory.mktemp("sim") / "day.sqlite"
    ledger = story.story_ledger(file, garments=30)
    story.gap(ledger)
    ledger.database.close()
    return file.read_bytes()


@pytest.fixture
def day(tmp_path: Path, stored: bytes) -> Iterator[Ledger]:
    file = tmp_path / "day.sqlite"
    file.write_bytes(stored)
    ledger = story.empty_ledger(file)
    yield ledger
    ledger.database.close()


def app_of(ledger: Ledger, **settings: Any) -> Flask:
    """Make an app whose clock stands still; `Any`: settings by name."""
    chosen = {"clock": lambda: NOW, **settings}
    app = create_app(reading=reading_of(ledger), settings=Settings(**chosen))
    app.testing = True
    return app


@pytest.fixture
def app(day: Ledger, control: Control) -> Flask:
    app = app_of(day)
    app.extensions["hangtag.sim"].url = control.url
    return app


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


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def words(html: str) -> str:
    """Return what stands on a page, without its marks."""
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare))


def came(html: str, kind: str) -> str:
    """Return what the page says came of an act."""
    return words(
        html.split(f'id="act-{kind}"')[1].split("</section>", maxsplit=1)[0].partition(">")[2]
    )


def send(
    client: FlaskClient, kind: str, form: dict[str, str], headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Press a button of a page that was opened before; return status and where it leads."""
    page = client.get("/sim").text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    answer = client.post(f"/sim/{kind}", data={"csrf": found[1], **form}, headers=headers)
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.parametrize(("kind", "form", "asked"), WISHES)
def test_a_button_does_one_thing_and_leads_back_to_what_came_of_it(
    client: FlaskClient,
    workshop: Workshop,
    kind: str,
    form: dict[str, str],
    asked: tuple[object, ...],
) -> None:
    led_to = send(client, kind, form)
    assert (led_to, workshop.asked) == ((303, f"/sim#act-{kind}"), [asked])


def test_every_action_says_before_what_will_happen(client: FlaskClient) -> None:
    page = words(client.get("/sim").text)
    promises = (
        "One garment stays behind. The gate asks to read again; at the second try it stops",
        "One garment is held before one reader for a second",
        "One reader is out for 10 seconds.",
        "The next 3 frames of a reader are damaged.",
        "All stations are cut off from this server for 10 seconds.",
        "One digit of one entry is changed in the database",
    )
    assert [promise for promise in promises if promise not in page] == []
    assert page.count("What happened will stand here.") == 6


def test_a_stopped_carton_names_what_is_missing_before_its_code(
    client: FlaskClient, workshop: Workshop
) -> None:
    workshop.acts["push"] = ACTS["push"]
    told = came(client.get("/sim").text, "push")
    assert "Pushed carton …7016 with 9 of 10 in it" in told
    order = [told.index(one) for one in ("9 of 10", "Read again", "Stop", "Where is")]
    assert order == sorted(order)
    assert told.count("Not read: Overshirt, navy, XL …0001 , last seen Packing table, 07:40") == 2


def test_a_pulled_cable_tells_of_the_gap(client: FlaskClient, workshop: Workshop) -> None:
    workshop.begun = story.BEGINS_AT.isoformat()
    workshop.acts["unplug"] = ACTS["unplug"]
    told = came(client.get("/sim").text, "unplug")
    assert "Pulled the cable of Sewing line, antenna for 10 s" in told
    assert re.search(r"Gap written down as #\d+: nothing is guessed for it", told) is not None


def test_noise_is_counted_from_what_it_was(
    client: FlaskClient, app: Flask, workshop: Workshop
) -> None:
    workshop.acts["flip"] = ACTS["flip"]
    reader = {"name": "dock.gate", "is_up": True, "noise": 4}
    app.extensions["hangtag.live"].publish_gate("dock", {"state": "READY", "readers": [reader]})
    told = came(client.get("/sim").text, "flip")
    assert "Refused 3 pieces of noise were refused and kept out of the record" in told


def test_what_waits_is_said_until_all_is_sent(
    client: FlaskClient, app: Flask, workshop: Workshop
) -> None:
    workshop.acts["network"] = ACTS["network"]
    hub = app.extensions["hangtag.live"]
    hub.publish_gate("dock", {"state": "READY", "waiting": 2})
    before = came(client.get("/sim").text, "network")
    hub.publish_gate("dock", {"state": "READY", "waiting": 0})
    after = came(client.get("/sim").text, "network")
    assert ("Waiting 2" in before, "All sent nothing waits at any station" in after) == (True, True)


def test_an_altered_record_is_named_and_true_again_when_put_back(
    client: FlaskClient, app: Flask, workshop: Workshop, tmp_path: Path
) -> None:
    checks = app.extensions["hangtag.checks"]
    hand = Tampering(tmp_path / "day.sqlite")
    position = hand.change()
    workshop.acts["tamper"], workshop.altered = {"position": position}, position
    before = came(client.get("/sim").text, "tamper")
    checks.look()
    altered = client.get("/sim").text
    named = f"Not true position {position}: what was said there is not what was sealed"
    assert (named in before, named in came(altered, "tamper")) == (False, True)
    assert "hangtag ledger verify --db sqlite:////srv/demo.sqlite" in came(altered, "tamper")
    assert '<button class="button main" name="back" value="1">' in altered
    hand.put_back()
    checks.look()
    workshop.acts["tamper"], workshop.altered = {"position": position, "put_back_at": BEGUN}, None
    told = came(client.get("/sim").text, "tamper")
    ends = (f"Changed one digit of entry {position}, then put it back", "All true")
    assert [end for end in ends if end not in told] == []


def test_what_the_factory_refuses_is_said_once_and_forgotten(client: FlaskClient) -> None:
    send(client, "push", {"carton": "gone"})
    refused = came(client.get("/sim").text, "push")
    send(client, "push", {"carton": CARTON})
    after = came(client.get("/sim").text, "push")
    sentence = "Carton gone does not wait at the gate now."
    assert (sentence in refused, sentence in after) == (True, False)


def test_without_a_script_the_page_looks_again_while_something_is_to_come(
    client: FlaskClient, workshop: Workshop
) -> None:
    calm = client.get("/sim").text
    workshop.acts["push"] = ACTS["push"]
    pending = client.get("/sim").text
    again = '<noscript><meta http-equiv="refresh" content="2"></noscript>'
    assert (again in calm, again in pending) == (False, True)


def test_a_form_without_a_script_waits_for_its_answer_and_a_script_does_not(
    client: FlaskClient, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        workshop.begun = (NOW - timedelta(minutes=1)).isoformat()

    monkeypatch.setattr(time, "sleep", pause)
    workshop.acts["push"] = ACTS["push"]
    send(client, "push", {"carton": CARTON}, {"HX-Request": "true"})
    assert paused == []
    send(client, "push", {"carton": CARTON})
    assert len(paused) == 1


def test_a_workshop_of_its_own_has_no_such_page(tmp_path: Path) -> None:
    ledger = story.empty_ledger(tmp_path / "own.sqlite", is_demo=False)
    client = app_of(ledger).test_client()
    assert [client.get("/sim").status_code, client.post("/sim/tamper").status_code] == [404, 400]
    assert 'href="/sim"' not in client.get("/menu").text


def test_a_demo_whose_factory_is_gone_says_how_it_comes_back(
    day: Ledger, client: FlaskClient, control: Control
) -> None:
    control.stop()
    pages = [client.get("/sim"), app_of(day).test_client().get("/sim")]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("The factory is not running" in page.text for page in pages)


def test_only_an_address_of_this_machine_is_asked() -> None:
    with pytest.raises(Exception, match=r"expected http://127\.0\.0\.1 with a port"):
        Hands("http://factory.invalid:80")


def test_the_page_asks_few_questions_of_the_ledger(
    client: FlaskClient, day: Ledger, workshop: Workshop
) -> None:
    workshop.acts = dict(ACTS)
    with counted(day) as statements:
        assert client.get("/sim").status_code == 200
    assert len(statements) <= 60


def test_every_word_goes_through_the_catalogue(
    day: Ledger, control: Control, workshop: Workshop, pseudo_folder: Path
) -> None:
    app = app_of(day, languages=(CARRIER,), translations=str(pseudo_folder))
    app.extensions["hangtag.sim"].url = control.url
    workshop.acts = dict(ACTS)
    facts = [one.title for one in STATIONS] + ["Overshirt, navy, XL", "Demo: simulated"]
    assert literals(app.test_client().get("/sim").text, facts) == []
