"""Find, things, holds: from a scan back to the roll, forward to every piece, and stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup
from sqlalchemy import event

from tests.projections.family import CARTON, DOCK, ROLL, SHOP, Floor, bundle, shirt
from tests.web.pseudo import CARRIER, literals
from traceability.ledger.append import Ledger
from traceability.projections import happenings
from traceability.projections.view import look
from traceability.web import create_app, telling
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

FOREIGN = "9526064000004"
MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """A workshop: a roll cut into two bundles, three shirts sewn, two packed, one not read."""
    made = Floor(tmp_path)
    made.receive()
    made.cut({bundle(1): 3, bundle(2): 4})
    made.sew(bundle(1), 3, [shirt(1), shirt(2), shirt(3)])
    made.pack([shirt(1), shirt(2)])
    made.passes([CARTON, shirt(1)])
    while happenings.follow(made.ledger):
        pass
    return made


@pytest.fixture
def app_of(floor: Floor) -> Callable[..., Flask]:
    """Make an app over the workshop whose clock stands where its day ended."""

    def make(**settings: object) -> Flask:
        chosen = {"clock": lambda: floor.at, **settings}
        made = create_app(
            reading=reading_of(floor.ledger),
            settings=Settings(**chosen),  # type: ignore[arg-type]  # by name, from a test
        )
        made.testing = True
        return made

    return make


@pytest.fixture
def client(app_of: Callable[..., Flask]) -> FlaskClient:
    """A browser on the same PC."""
    return app_of().test_client()


def words(html: str) -> str:
    """Return what a page says, without its marks."""
    main = html.split("<main", 1)[1].split("</main>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", Markup(main).striptags())


def test_the_first_page_offers_a_field_and_the_rolls(client: FlaskClient) -> None:
    page = client.get("/trace")
    assert page.status_code == 200
    assert "Roll R-1, Twill, navy" in words(page.text)
    assert 'name="code"' in page.text


def test_a_roll_is_told_by_place_and_by_what_is_missing(client: FlaskClient) -> None:
    told = words(client.get("/trace?code=R-1").text)
    for sentence in (
        "Roll R-1",
        "dye lot D7 · from Mill",
        "50 m came in, 36 m left",
        "Stop all 7",
        "1 not accounted for",
        "Shirt, navy, M 2",
        "not read, although its carton was",
    ):
        assert sentence in told


def test_the_story_leads_from_the_garment_to_the_hold_in_three_clicks(
    client: FlaskClient, floor: Floor
) -> None:
    first = client.get("/trace", query_string={"code": shirt(1), "story": "hole"})
    assert "Everything made from Roll R-1 may have it." in words(first.text)
    assert re.search(r"Shirt, navy, M 1 made from Bundle B-1 made from Roll R-1", words(first.text))
    confirm = Markup(re.findall(r'href="(/holds/new[^"]*)"', first.text)[0]).unescape()
    second = client.get(confirm)
    assert "Hold 7 garments? Every gate will stop them." in words(second.text)
    fields = dict(re.findall(r'name="(csrf|of|reason|contact)"[^>]*value="([^"]*)"', second.text))
    third = client.post("/holds", data=fields)
    assert (third.status_code, third.headers["Location"]) == (303, "/holds/Q-1")
    told = words(client.get("/holds/Q-1").text)
    assert "7 garments must not move" in told
    assert "A customer reports a hole" in told
    assert "Hold Q-1: do not move" in words(client.get("/trace?code=R-1").text)


def test_a_hold_needs_a_reason_and_somebody_to_call(client: FlaskClient, floor: Floor) -> None:
    page = client.get("/holds/new", query_string={"of": ROLL})
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    answer = client.post("/holds", data={"csrf": csrf[1], "of": ROLL, "reason": " ", "contact": ""})
    assert answer.status_code == 422
    assert "Say why, as the gate will show it" in words(answer.text)
    assert "Say whom to call" in words(answer.text)
    with look(floor.ledger) as view:
        assert view.size == floor.ledger.size
    assert client.get("/holds/Q-1").status_code == 404


def test_a_hold_from_elsewhere_is_refused(client: FlaskClient) -> None:
    answer = client.post("/holds", data={"of": ROLL, "reason": "x", "contact": "y"})
    assert answer.status_code == 400


def test_released_things_are_free_and_the_hold_stays_readable(
    client: FlaskClient, floor: Floor
) -> None:
    floor.hold([shirt(1), shirt(2)])
    page = client.get("/holds/Q-1/release")
    assert "Set 2 garments free again?" in words(page.text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    answer = client.post("/holds/Q-1/release", data={"csrf": csrf[1], "reason": "sewn again"})
    assert answer.status_code == 303
    assert "Everything of this hold is free again" in words(client.get("/holds/Q-1").text)
    assert "do not move" not in client.get(f"/items{shirt(1)}").text


def test_a_thing_tells_what_happened_in_plain_words(client: FlaskClient) -> None:
    told = words(client.get(f"/items{shirt(2)}").text)
    for sentence in (
        "Not read at Dock gate",
        "Push carton …7016 through once more",
        "Packed into carton …7016",
        "Made from bundle B-1",
        "Bundle B-1",
    ):
        assert sentence in told


def test_labels_links_and_local_names_lead_to_the_same_page(client: FlaskClient) -> None:
    title = re.compile(r"<h1>(.*?)</h1>")
    local = bundle(1).removeprefix("//demo.workshop.invalid")
    for address in (f"/items/{bundle(1)[2:]}", local):
        assert title.findall(client.get(address).text) == ["Bundle B-1"]
    for address in (f"/items{shirt(1)}", shirt(1), f"{shirt(1)}?lang=en"):
        assert title.findall(client.get(address).text) == ["Shirt, navy, M"]
    assert client.get(CARTON).status_code == 200
    with_lot = shirt(1).replace("/21/", "/10/L7/21/")
    assert client.get(f"/items{with_lot}").headers["Location"] == f"/items{shirt(1)}"


def test_a_code_that_nobody_knows_is_explained(client: FlaskClient) -> None:
    page = client.get("/trace", query_string={"code": FOREIGN})
    assert page.status_code == 200
    assert f"Not one of ours: EAN-13 {FOREIGN}, check digit right. What is it?" in words(page.text)
    bad = words(client.get("/trace?code=9526064000005").text)
    assert "Nobody here knows" in bad or "cannot be read" in bad or "This is no good" in bad
    assert client.get("/items/01/09526064000004/21/1").status_code == 404
    hostile = client.get("/trace", query_string={"code": "<script>alert(1)</script>"})
    assert "<script>alert" not in hostile.text


def test_what_was_only_entered_has_a_page(client: FlaskClient, floor: Floor) -> None:
    floor.enter("roll", "/01/09524137001002/10/R-9", product="/01/09524137001002", metres="9")
    told = words(client.get("/items/01/09524137001002/10/R-9").text)
    assert "It was entered, but no station has seen it yet" in told
    assert client.get("/trace?code=R-9").status_code == 303
    assert client.get("/bt/4471").status_code == 200
    assert client.get("/01/09521141001059").status_code == 200


def test_several_fits_are_offered(client: FlaskClient) -> None:
    assert "Which one?" in words(client.get("/trace?code=navy+shirt").text)


def test_programs_get_the_same_as_json(client: FlaskClient) -> None:
    tree = client.get("/api/trace?id=R-1").get_json()
    assert (tree["id"], tree["pieces"], tree["missing"]) == (ROLL, "7", "1")
    assert [one["reason"] for one in tree["unaccounted"]] == ["unread"]
    thing = client.get(f"/api/items{shirt(2)}").get_json()
    assert (thing["id"], thing["container"]["id"]) == (shirt(2), CARTON)
    assert thing["timeline"][0]["words"] == "Not read at Dock gate"
    linked = client.get(shirt(2), headers={"Accept": "application/json"}).get_json()
    assert linked == thing
    assert client.get("/api/items/01/09526064000004/21/1").status_code == 404
    read = client.get("/api/identify", query_string={"text": f"]E0{FOREIGN}"}).get_json()
    assert (read["key"], read["known"]) == (f"/01/0{FOREIGN}", False)
    known = client.get("/api/identify", query_string={"text": "R-1"}).get_json()
    assert [one["key"] for one in known["matches"]] == [ROLL]


@pytest.mark.parametrize(
    "address", ["/api/trace", "/api/trace?id=never", "/api/identify", "/api/identify?text=1&as=x"]
)
def test_a_bad_question_gets_one_sentence(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.get_json()["detail"].startswith("Cannot ")


@pytest.mark.parametrize("name", ["pieces", "seen", "concluded", "missing"])
def test_every_figure_says_why(client: FlaskClient, name: str) -> None:
    page = client.get("/trace", query_string={"code": "R-1", "why": name})
    assert f'id="why-{name}"' in page.text
    assert "As of" in page.text


def test_an_empty_workshop_says_what_will_come(make_client: MakeClient) -> None:
    told = words(make_client().get("/trace").text)
    assert "No roll has come in yet" in told
    assert "Nothing is stopped" in words(make_client().get("/holds").text)


@pytest.fixture
def make_client(ledger: Ledger) -> MakeClient:
    """Make a browser over an empty ledger."""

    def make() -> FlaskClient:
        made = create_app(reading=reading_of(ledger), settings=Settings())
        made.testing = True
        return made.test_client()

    return make


FACTS = (
    "Shirt, navy, M", "Shirt, navy, L", "Twill, navy", "R-1", "B-1", "B-2", "D7", "Mill",
    "Dock gate",
    "Floor", "Shop", "Table", "Shirts", "Roll", "roll", "Bundle", "bundle", "Garment", "garment",
    "Carton", "carton", "Cutting", "Sewing", "Shipping", "Checking & packing", "Fabric in", "Store",
    "Demo: simulated", "Shirt", "hole", "Inês", "EAN-13", "Inês, 214", "Esperanto", "esperanto",
    "km", "navy",
)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "/trace",
        "/trace?code=R-1",
        f"/trace?code={shirt(1)}&story=hole",
        f"/trace?code={FOREIGN}",
        "/trace?code=navy+shirt",
        f"/items{shirt(2)}",
        f"/items{CARTON}",
        f"/items{ROLL}",
        "/bt/4471",
        "/holds",
        "/holds/Q-1",
        "/holds/Q-1/release",
        "/holds/new?of=R-1",
    ],
)
def test_every_word_goes_through_gettext(
    app_of: Callable[..., Flask], floor: Floor, pseudo_folder: Path, address: str
) -> None:
    floor.hold([shirt(1)])
    client = app_of(languages=(CARRIER,), translations=str(pseudo_folder)).test_client()
    page = client.get(address).text
    main = page.split("<main", 1)[1].split("</main>")[0]
    assert literals(f"<main{main}</main>", FACTS) == []


@pytest.fixture
def statements(floor: Floor) -> Iterator[list[str]]:
    """Count the statements that reach the database."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "ROLLBACK", "PRAGMA")):
            seen.append(statement)

    event.listen(floor.ledger.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(floor.ledger.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("address", "most"), [("/trace?code=R-1", 110), (f"/items{shirt(2)}", 45), ("/trace", 30)]
)
def test_a_page_asks_the_database_a_bounded_number_of_times(
    client: FlaskClient, statements: list[str], address: str, most: int
) -> None:
    assert client.get(address).status_code == 200
    assert len(statements) <= most


def test_the_feed_tells_each_kind_of_entry(app_of: Callable[..., Flask], floor: Floor) -> None:
    floor.hold([shirt(1)])
    floor.passes([shirt(3)], place=SHOP, step="receiving")
    while happenings.follow(floor.ledger):
        pass
    app = app_of()
    with app.test_request_context("/"), look(floor.ledger) as view:
        told = [
            Markup(telling.line(one, view.flow).words).striptags()
            for one in happenings.latest(view)
        ]
    assert told == [
        "Came in: Shirt, navy, M 3",
        "Stopped 1 piece: no gate lets them pass",
        "Shipped carton …7016, 2 pieces",
        "Packed 2 pieces into carton …7016",
        "Made 3 pieces from bundle B-1",
        "Cut 7 pieces from roll R-1",
        "Came in: roll R-1",
    ]
    assert DOCK
