"""Orders for the people of the workshop: list, one order, links for customers, JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.web import story
from tests.web.pseudo import CARRIER, literals
from traceability.catalogue import languages, missing
from traceability.flow import Flow, Stage
from traceability.ledger.append import Ledger
from traceability.projections.progress import LineProgress, OrderCard, StageProgress, order
from traceability.projections.view import Label
from traceability.projections.view import look as shown_view
from traceability.web import create_app, order_sheet, orders
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

NOW = story.BEGINS_AT + timedelta(hours=3)
PAGES = (
    "/orders",
    "/orders?show=over",
    "/orders?show=all",
    "/orders/4471",
    "/orders/4473?stage=sewing&why=stage-shipping",
    "/orders/4471?why=stage-fabric-in",
    "/orders/4471?why=sizes",
)
ROOMS = ("order.html", "orders.html", "order_parts", "customer_", "web/order", "web/customer")
STATEMENTS = {"/orders": 18, "/orders/4471": 60, "/api/orders": 14, "/api/orders/4471": 42}
"""The most that a page may ask, whatever the ledger's size."""
TITLES = {"4471": "Overshirts, Porto", "4472": "Chore jackets, Porto", "4473": "Aprons, Porto"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ledger in the middle of its day."""
    file = tmp_path_factory.mktemp("story") / "day.sqlite"
    story.story_ledger(file).database.close()
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
    chosen = Settings(**{"clock": lambda: NOW, **settings})  # type: ignore[arg-type]  # by name
    app = create_app(reading=reading_of(ledger), settings=chosen)
    app.testing = True
    return app


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, stored: bytes) -> Iterator[Ledger]:
    """A ledger in the middle of its day that nobody writes to."""
    file = tmp_path_factory.mktemp("shown") / "day.sqlite"
    file.write_bytes(stored)
    ledger = story.empty_ledger(file)
    yield ledger
    ledger.database.close()


@pytest.fixture(scope="module")
def visitor(shown: Ledger) -> FlaskClient:
    """A browser on the same PC that only looks."""
    return app_of(shown).test_client()


@pytest.fixture
def owner(day: Ledger) -> FlaskClient:
    """A browser on the same PC that writes."""
    return app_of(day).test_client()


@contextmanager
def counted(ledger: Ledger) -> Iterator[list[str]]:
    """Collect the statements that are run."""
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(ledger.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(ledger.database.engine, "before_cursor_execute", note)


def csrf(client: FlaskClient, path: str) -> str:
    """Return the value that a form of a page carries."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def send(client: FlaskClient, days: str = "30", number: str = "4471") -> str:
    """Make a link and return its address on the server."""
    page = f"/orders/{number}"
    answer = client.post(
        f"{page}/links", data={"csrf": csrf(client, page), "days": days}, follow_redirects=True
    )
    assert answer.status_code == 200, answer.text
    found = re.search(r"http://localhost(/o/[\w.-]+)", answer.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers(visitor: FlaskClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert "Demo: simulated" in answer.text


def test_the_list_has_the_order_promised_first_on_top(visitor: FlaskClient) -> None:
    text = visitor.get("/orders?show=all").text
    places = [text.index(TITLES[number]) for number in ("4473", "4471", "4472")]
    assert places == sorted(places)
    tree = visitor.get("/api/orders").json
    assert tree is not None
    for one in tree["orders"]:
        assert "{left} of {ordered} out, {begun} begun".format(**one) in text
    assert "all on the way" in text


def test_the_list_keeps_what_has_left_apart(visitor: FlaskClient) -> None:
    assert TITLES["4473"] not in visitor.get("/orders").text
    assert TITLES["4473"] in visitor.get("/orders?show=over").text


def test_an_order_past_its_day_says_how_late_it_is(day: Ledger) -> None:
    client = app_of(day, clock=lambda: NOW + timedelta(days=4)).test_client()
    assert "2 days late" in client.get("/orders").text
    assert "2 days late" in client.get("/orders/4471").text


def test_an_order_page_shows_its_stages_and_cartons(visitor: FlaskClient) -> None:
    text = visitor.get("/orders/4471").text
    tree = visitor.get("/api/orders/4471").json
    assert tree is not None
    assert "Overshirts, Porto, 24 pieces" in text
    for one in tree["stages"]:
        first, last = (one[name][11:16] for name in ("first_at", "last_at"))
        words = f"since {first}, last {last}"
        if one["made"] >= one["total"]:
            words = f"today {first} – {last}"
        if first == last:
            words = f"today {first}"
        assert words in re.sub(r"<[^>]+>", "", text)
    for number, box in enumerate(tree["cartons"], start=1):
        assert f"Carton {number}" in text
        assert f'href="/items{box["id"]}"' in text


def test_the_matrix_shows_the_stage_that_is_asked_for(visitor: FlaskClient) -> None:
    assert "Shipping, by size and colour" in visitor.get("/orders/4471").text
    assert "Sewing, by size and colour" in visitor.get("/orders/4471?stage=sewing").text
    assert "Shipping, by size and colour" in visitor.get("/orders/4471?stage=nonsense").text


def test_a_figure_answers_why(visitor: FlaskClient) -> None:
    text = visitor.get("/orders/4471?why=stage-shipping").text
    tree = visitor.get("/api/orders/4471").json
    assert tree is not None
    assert f"Why {tree['stages'][4]['made']}?" in text
    assert "A piece that is seen twice counts once." in text
    assert "carton 1" in text


def test_an_empty_ledger_says_what_will_appear(client: FlaskClient) -> None:
    text = client.get("/orders").text
    assert "No order has been entered yet" in text
    assert "as its pieces are scanned" in text


@pytest.mark.parametrize("path", ["/orders/9999", "/api/orders/9999", "/orders/9999/as-customer"])
def test_an_order_that_nobody_entered_is_not_there(visitor: FlaskClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(("path", "most"), STATEMENTS.items())
def test_a_page_asks_no_more_than_it_may(
    shown: Ledger, visitor: FlaskClient, path: str, most: int
) -> None:
    visitor.get(path)
    with counted(shown) as statements:
        visitor.get(path)
    assert len(statements) <= most, "\n".join(statements)


# --- links ---------------------------------------------------------------------------------------


def test_a_link_is_made_shown_and_ended(owner: FlaskClient) -> None:
    address = send(owner)
    assert owner.get(address).status_code == 200
    page = owner.get("/orders/4471").text
    assert address in page
    ending = re.search(r'action="(/orders/4471/links/\w+/end)"', page)
    assert ending is not None
    answer = owner.post(
        ending[1], data={"csrf": csrf(owner, "/orders/4471")}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert address not in answer.text
    assert owner.get(address).status_code == 410


def test_ending_a_link_twice_is_ending_it_once(owner: FlaskClient, day: Ledger) -> None:
    send(owner)
    ending = re.search(r'action="(/orders/4471/links/\w+/end)"', owner.get("/orders/4471").text)
    assert ending is not None
    data = {"csrf": csrf(owner, "/orders/4471")}
    assert owner.post(ending[1], data=data).status_code == 303
    size = day.size
    assert owner.post(ending[1], data=data).status_code == 303
    assert day.size == size


def test_a_link_of_another_order_cannot_be_ended_from_here(owner: FlaskClient) -> None:
    send(owner)
    page = owner.get("/orders/4471").text
    link_id = re.search(r"/orders/4471/links/(\w+)/end", page)
    assert link_id is not None
    data = {"csrf": csrf(owner, "/orders/4472")}
    answer = owner.post(f"/orders/4472/links/{link_id[1]}/end", data=data)
    assert answer.status_code == 404


@pytest.mark.parametrize("days", ["", "0", "8", "-30", "1e3", "30 "])
def test_a_link_lasts_one_of_the_offered_times(owner: FlaskClient, days: str) -> None:
    data = {"csrf": csrf(owner, "/orders/4471"), "days": days}
    answer = owner.post("/orders/4471/links", data=data)
    assert answer.status_code == 400
    assert f"Cannot make a link for {days!r} days: expected one of 7, 30, 90, 365." in (
        answer.text.replace("&#39;", "'")
    )


def test_a_form_from_elsewhere_makes_no_link(owner: FlaskClient, day: Ledger) -> None:
    size = day.size
    assert owner.post("/orders/4471/links", data={"days": "30"}).status_code == 400
    assert day.size == size


def test_looking_as_the_customer_uses_one_link_a_day(owner: FlaskClient, day: Ledger) -> None:
    first = owner.get("/orders/4471/as-customer")
    size = day.size
    second = owner.get("/orders/4471/as-customer")
    assert (first.status_code, first.location, day.size) == (303, second.location, size)
    assert owner.get(first.location).status_code == 200
    assert "Made to look at the page" in owner.get("/orders/4471").text


def test_the_ready_link_is_for_the_furthest_order(
    day: Ledger, make_app: Callable[..., Flask]
) -> None:
    with app_of(day).test_request_context():
        assert orders.demo_link() == "/orders/4471/as-customer"
    with make_app().test_request_context():
        assert orders.demo_link() == ""


def test_a_page_opened_on_this_pc_says_that_its_links_open_here_only(day: Ledger) -> None:
    client = app_of(day, listens_on_loopback=False, admin_token="t" * 32).test_client()
    come = {"Authorization": f"Bearer {'t' * 32}"}
    outside = client.get("/orders/4471", headers={**come, "Host": "workshop.example"}).text
    inside = client.get("/orders/4471", headers={**come, "Host": "127.0.0.1:8080"}).text
    assert "opens on this PC only" not in outside
    assert "opens on this PC only" in inside


# --- JSON ----------------------------------------------------------------------------------------


def test_the_list_as_json(visitor: FlaskClient, shown: Ledger) -> None:
    tree = visitor.get("/api/orders").json
    assert tree is not None
    assert tree["size"] == shown.size
    with shown_view(shown) as view:
        card = order(view, "//demo.workshop.invalid/bt/4471")
    assert card is not None
    made = {one.stage.name: int(one.done) for one in card.stages}
    assert tree["orders"][1] == {
        "id": "//demo.workshop.invalid/bt/4471",
        "number": "4471",
        "title": "Overshirts, Porto",
        "customer": "Alder & Finch",
        "due": "2026-01-07",
        "state": "work",
        "ordered": 24,
        "begun": made["cutting"],
        "left": made["shipping"],
        "finished": made["store"],
    }


def test_an_order_as_json(visitor: FlaskClient, shown: Ledger) -> None:
    tree = visitor.get("/api/orders/4471").json
    with shown_view(shown) as view:
        card = order(view, "//demo.workshop.invalid/bt/4471")
    assert tree is not None
    assert card is not None
    assert tree["stages"] == [
        {
            "stage": one.stage.name,
            "counts": "roll" if one.stage.name == "fabric-in" else "pieces",
            "made": int(one.done),
            "total": int(one.total),
            "first_at": one.first_at.isoformat() if one.first_at else None,
            "last_at": one.last_at.isoformat() if one.last_at else None,
        }
        for one in card.stages
    ]
    assert sum(line["made"]["store"] for line in tree["lines"]) == tree["finished"]
    assert [one["number"] for one in tree["cartons"]] == list(range(1, len(tree["cartons"]) + 1))


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/orders?show=all", "/orders/4471", PAGES[4], PAGES[5]])
def test_no_visible_word_is_a_literal(shown: Ledger, pseudo_folder: Path, path: str) -> None:
    app = app_of(shown, languages=(CARRIER,), translations=str(pseudo_folder))
    flow = Flow.parse(day_flow(app))
    facts = [title for stage in flow.stages for title in (stage.title,)]
    facts += [kind.title.lower() for kind in flow.kinds] + [kind.title for kind in flow.kinds]
    tree = app.test_client().get("/api/orders/4471").json
    other = app.test_client().get("/api/orders/4473").json
    assert tree is not None
    assert other is not None
    for one in (tree, other):
        facts += [line["name"] for line in one["lines"]]
        facts += [word for line in one["lines"] for word in line["name"].split(", ")]
        facts += [box["id"].rsplit("/", 1)[-1] for box in one["cartons"]]
    facts += [*TITLES.values(), *TITLES, "Alder & Finch Online", "Alder & Finch Café"]
    facts += ["Alder & Finch", "Porto", "Overshirt", "Chore jacket", "Apron", "progress"]
    facts += ["Shop, back door", "Dock gate", "Packing table", "Sewing line", "Cutting room"]
    facts += ["Fabric store", "XXL", "XS", "XL", "navy", "ecru", "rust", "moss", "black", "chalk"]
    facts += ["denim", "Twill 240 g", "Canvas 280 g", "R-", "localhost", "http"]
    assert literals(app.test_client().get(path).text, facts) == []


def day_flow(app: Flask) -> str:
    with app.extensions["hangtag.reading"].look() as view:
        return str(view.flow.text)


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.name)
def test_a_language_has_every_sentence_of_the_orders(language: Path) -> None:
    lacking = {
        message: places
        for message, places in missing(language).items()
        if any(ROOM in place for place in places for ROOM in ROOMS)
    }
    assert lacking == {}


# --- what the sheet says -------------------------------------------------------------------------


FLOW = Flow.parse((Path(__file__).parents[2] / "flows" / "garment.toml").read_text("utf-8"))
BY_NAME: dict[str, Stage] = {stage.name: stage for stage in FLOW.stages}


def card(*done: int, ordered: int = 10) -> OrderCard:
    """Return an order with so many pieces at each stage that counts pieces."""
    from decimal import Decimal

    stages = [
        StageProgress(stage, None, Decimal(made), Decimal(ordered), None, None)
        for stage, made in zip(FLOW.stages[1:], done, strict=True)
    ]
    values = {"style": "Overshirt", "colour": "navy", "swatch": "#22325a", "size": "M"}
    by_stage = {one.stage.name: one.done for one in stages}
    lines = [LineProgress(Label("p", "P"), values, Decimal(ordered), by_stage)]
    return OrderCard(Label("o", "O", "1"), {}, None, Decimal(ordered), lines, stages, [])


@pytest.mark.parametrize(
    ("done", "shown"),
    [
        ((0, 0, 0, 0, 0), "cutting"),
        ((10, 4, 0, 0, 0), "sewing"),
        ((10, 10, 9, 8, 3), "shipping"),
        ((10, 10, 10, 10, 9), "shipping"),
        ((10, 10, 10, 10, 10), "store"),
    ],
)
def test_the_matrix_shows_what_left_or_how_far_it_is(done: tuple[int, ...], shown: str) -> None:
    found = order_sheet.shown_stage(card(*done), BY_NAME["shipping"])
    assert found is not None
    assert found.stage.name == shown


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ((0, 0, 0, 0, 0), ["10 pieces are still to be begun, with Cutting."]),
        (
            (9, 9, 8, 8, 3),
            [
                "5 pieces go to Store next.",
                "1 piece goes to Checking & packing next.",
                "1 piece is still to be begun, with Cutting.",
            ],
        ),
        ((10, 10, 10, 10, 10), []),
    ],
)
def test_what_comes_next_is_what_has_not_come_yet(
    app: Flask, done: tuple[int, ...], words: list[str]
) -> None:
    with app.test_request_context():
        said = [
            re.sub(r"<[^>]+>", "", one).replace("&amp;", "&")
            for one in order_sheet.coming(card(*done))
        ]
    assert said == words


def test_sizes_stand_in_wearing_order(app: Flask) -> None:
    made = card(10, 5, 0, 0, 0)
    line = made.lines[0]
    sizes = ("XL", "S", "XXS", "M", "42", "38.5", "one")
    lines = [replace(line, values={**line.values, "size": size}) for size in sizes]
    with app.test_request_context():
        found = order_sheet.matrix(replace(made, lines=lines), BY_NAME["sewing"])
    assert found.sizes == ("XXS", "S", "M", "XL", "38.5", "42", "one")
    assert (found.made, found.of) == (35, 70)
