"""Scans by hand over HTTP: one sentence each, the same again, and what programs are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.scanning.workshop import ANA, BEGINS_AT, NS, Workshop, carton, digits
from tests.web.story import fold_late
from tests.web.test_keys import outside
from traceability.projections import keys
from traceability.projections.view import look
from traceability.scanning.answer import Said
from traceability.scanning.undo import last_of
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.scan_lines import WORDS, Lines
from traceability.web.settings import Settings


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    shop = Workshop(tmp_path)
    yield shop
    shop.database.close()


@pytest.fixture
def client(shop: Workshop) -> FlaskClient:
    noon = BEGINS_AT + timedelta(hours=4)
    app = create_app(reading=reading_of(shop.ledger), settings=Settings(clock=lambda: noon))
    app.testing = True
    return app.test_client()


class Page:
    """A page that scans: it counts, and keeps what is open."""

    def __init__(self, client: FlaskClient, device: str = "page") -> None:
        self.client = client
        self.device = device
        self.counter = 0
        self.at = BEGINS_AT
        self.opened: list[Any] = []

    def count(self) -> dict[str, Any]:
        """Return what makes the next scan this one."""
        self.counter += 1
        self.at += timedelta(seconds=30)
        return {"counter": self.counter, "at": self.at.isoformat()}

    def body(self, stage: str, *texts: str) -> dict[str, Any]:
        """Write a request of some scans."""
        scans = [self.count() | {"text": text, "by": "scanner"} for text in texts]
        return self.desk(stage) | {"scans": scans}

    def desk(self, stage: str) -> dict[str, Any]:
        """Write who scans and where."""
        return {"device": self.device, "epoch": 1, "stage": stage, "opened": self.opened}

    def scan(self, stage: str, *texts: str, lang: str = "en") -> list[dict[str, Any]]:
        """Scan something."""
        return self.post(f"/api/scans?lang={lang}", self.body(stage, *texts))

    def post(self, url: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Send something that is taken."""
        answer = self.client.post(url, json=body)
        assert answer.status_code == 200, answer.text
        tree = answer.get_json()
        if tree["opened"] is not None:
            self.opened = tree["opened"]
        found = tree["answers"]
        assert isinstance(found, list)
        return found

    def roll(self, text: str, amount: str = "92,5", **more: Any) -> list[dict[str, Any]]:
        """Enter a roll."""
        said = {"text": text, "amount": amount, "unit": "MTR", "dye_lot": "7"}
        return self.post("/api/scans/roll", self.desk("fabric-in") | self.count() | said | more)


@pytest.fixture
def page(client: FlaskClient) -> Page:
    return Page(client)


def lines(answers: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return word and sentence of each."""
    return [(one["word"], one["line"]) for one in answers]


def test_the_morning_of_a_small_workshop(page: Page) -> None:
    assert lines(page.scan("fabric-in", "MILL-7")) == [
        ("New roll?", "How much is on it? Type what the label says.")
    ]
    assert lines(page.roll("MILL-7")) == [
        ("Done", "92.5\u202fm, dye lot 7 taken in. Scan the next one.")
    ]
    asked = page.scan("fabric-in", "MILL-8")[0]
    assert asked["line"] == "A new roll, like the one before? Say yes, or change the figure."
    assert asked["roll"] == {
        "text": "MILL-8", "code": "MILL-8", "amount": "92.5", "unit": "MTR", "dye_lot": "7",
        "supplier": "", "material": "", "is_first": False,
    }  # fmt: skip
    confirm = asked["actions"][0]
    assert (confirm["what"], confirm["post"]) == ("roll", "/api/scans/roll")
    page.post(confirm["post"], page.desk("fabric-in") | page.count() | confirm["body"])
    assert lines(page.scan("cutting", "MILL-7", digits(1000), digits(1001), digits(1002))) == [
        ("Open", "Now scan what belongs to it: bundle."),
        ("Done", "Shirt, navy, M: 20 pieces. Scan the next one."),
        ("Done", "Shirt, navy, M: 20 pieces. Scan the next one."),
        ("Done", "That was the last one."),
    ]
    assert page.opened == [
        {"key": f"//{NS}/class/R-MILL-7", "name": "Roll MILL-7", "kind": "roll", "icon": "roll"}
    ]


def test_three_sentences_for_three_mistakes(page: Page) -> None:
    page.roll("MILL-7")
    page.scan("cutting", "MILL-7", digits(1000))
    found = page.scan("cutting", digits(1000), digits(1100), "nobody knows")
    assert [(one["state"], one["sound"]) for one in found] == [
        ("again", "again"), ("stop", "stop"), ("unknown", "unknown"),
    ]  # fmt: skip
    assert [one["line"] for one in found] == [
        "Already done, 08:01. Nothing to do.",
        (
            "Belongs to order 119; here is 118. Put it aside, or scan it once more to take it all "
            "the same."
        ),
        "Nobody here knows this code. What is it?",
    ]
    assert all(one["can_undo"] for one in found)
    assert found[2]["actions"][0]["what"] == "roll"


def test_the_same_request_again_is_answered_the_same(shop: Workshop, page: Page) -> None:
    page.roll("MILL-7")
    body = page.body("cutting", "MILL-7", digits(1000), "nobody knows")
    first = page.post("/api/scans", body)
    size = shop.ledger.size
    second = page.post("/api/scans", body)
    changed = ("status",)
    assert [{k: v for k, v in one.items() if k not in changed} for one in second] == [
        {k: v for k, v in one.items() if k not in changed} for one in first
    ]
    assert {one["status"] for one in second} == {"duplicate"}
    assert shop.ledger.size == size


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ("", "No step is chosen on this device. Choose the step, then scan again."),
        (
            "ironing",
            "This workshop has no step 'ironing' any more. Choose the step again, then scan.",
        ),
    ],
)
def test_without_a_step_nothing_is_taken(
    shop: Workshop, client: FlaskClient, page: Page, stage: str, sentence: str
) -> None:
    size = shop.ledger.size
    answer = client.post("/api/scans", json=page.body(stage, digits(1000)))
    assert (answer.status_code, answer.get_json()["detail"]) == (409, sentence)
    assert shop.ledger.size == size


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scans": []}, "a list of 1 to 200, got 0"),
        ({"scans": "x"}, "a list of 1 to 200, got 1"),
        ({"device": "a b"}, "expected device as 1 to 64 letters"),
        ({"epoch": -1}, "expected epoch as a whole number from 0, got -1"),
        ({"opened": "R-1"}, "expected opened as a list"),
        ({"scans": [{"counter": 0}]}, "expected text, got None"),
        ({"scans": [{"counter": 0, "text": "x", "at": "now"}]}, "counter as a whole number from 1"),
        ({"scans": [{"counter": 1, "text": "x", "at": "now"}]}, "at as a time like"),
        ({"scans": [{"counter": 1, "text": "x" * 5000}]}, "at most 4096 characters, got 5000"),
        ({"scans": [{"counter": 1, "text": "x", "by": "ear"}]}, "got 'ear'"),
    ],
)
def test_what_is_no_scan_is_refused(
    client: FlaskClient, page: Page, change: dict[str, Any], words: str
) -> None:
    answer = client.post("/api/scans", json=page.body("cutting", "x") | change)
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]


@pytest.mark.parametrize("amount", ["0", "-3", "12 m", "", None])
def test_a_roll_with_nothing_on_it_is_refused(
    shop: Workshop, client: FlaskClient, page: Page, amount: object
) -> None:
    size = shop.ledger.size
    body = page.desk("fabric-in") | page.count() | {"text": "R", "unit": "MTR", "amount": amount}
    answer = client.post("/api/scans/roll?lang=zh_Hans", json=body)
    assert answer.status_code == 400
    assert "请输入大于零的数" in answer.get_json()["detail"]
    assert shop.ledger.size == size


def test_good_and_bad_are_counted_and_corrected(client: FlaskClient, page: Page) -> None:
    page.roll("MILL-7")
    page.scan("cutting", "MILL-7", digits(1000))
    done = page.scan("sewing", digits(1000), digits(1000))[1]
    assert done["count"] == {"pieces": 20, "good": 20, "bad": 0}
    body = {"device": "page", "epoch": 1, "event": done["event"]}
    counted = page.post("/api/scans/count", body | {"good": 18, "bad": 2})[0]
    assert (counted["line"], counted["count"]["bad"]) == ("18 good, 2 bad.", 2)
    refused = client.post("/api/scans/count", json=body | {"good": 18, "bad": 5})
    assert refused.get_json()["detail"] == (
        "18 good and 5 bad are 23, but the ticket has 20. Count again."
    )
    late = client.post("/api/scans/undo", json=body)
    assert late.status_code == 409
    assert "were counted at" in late.get_json()["detail"]
    page.post("/api/scans/count", body | {"good": 20})
    assert page.post("/api/scans/undo", body | {"opened": []})[0]["said"] == "undone"


def test_a_carton_that_leaves_says_what_is_missing(page: Page) -> None:
    page.roll("MILL-7")
    page.scan("cutting", "MILL-7", digits(1100), digits(1101))
    page.scan("sewing", *([digits(1100)] * 2), *([digits(1101)] * 2))
    page.scan("packing", carton(1500), digits(1100))
    stopped, passed = page.scan("shipping", carton(1500), carton(1500))
    assert (stopped["word"], stopped["line"]) == (
        "Stop",
        (
            f"1 of 2. Missing: bundle B-{digits(1101)}, 10 pieces, last seen Sewing 08:04. "
            "Look for it, or scan once more to ship without."
        ),
    )
    assert (passed["state"], passed["line"]) == ("late", "Goes without 1 that is missing.")


def test_a_desk_is_told_what_it_needs(shop: Workshop, client: FlaskClient, page: Page) -> None:
    shop.enter("person", ANA, badge="W-1", is_active=True)
    page.roll("MILL-7")
    page.scan("cutting", "MILL-7", digits(1000), "nobody knows")
    fold_late(shop.ledger)
    opened = page.opened[0]["key"]
    asked = {"stage": "cutting", "device": "page", "epoch": "1", "opened": opened}
    told = client.get("/api/scans/desk", query_string=asked).get_json()
    assert (told["stage"]["title"], told["stage"]["hint"]) == (
        "Cutting", "First scan roll, then bundle.",
    )  # fmt: skip
    assert [one["name"] for one in told["stages"]][:3] == ["fabric-in", "cutting", "sewing"]
    assert (told["counter"], told["today"]) == (4, {"scans": 1, "pieces": "20"})
    assert told["opened"] == page.opened
    assert [one["said"] for one in told["last"]] == ["unknown", "done", "opened", "done"]
    assert told["roll"]["dye_lot"] == "7"
    assert [one["badge"] for one in told["people"]] == ["W-1"]


def test_somebody_else_s_box_becomes_a_carton(page: Page) -> None:
    asked = page.scan("packing", "BOX 9")[0]
    use = next(one for one in asked["actions"] if one["what"] == "carton")
    body = page.desk("packing") | page.count() | use["body"]
    assert page.post(use["post"], body)[0]["said"] == "opened"
    assert page.scan("packing", "BOX 9")[0]["said"] == "opened-again"


def test_every_answer_has_a_word_and_a_sentence() -> None:
    names = set(Said.__args__)  # type: ignore[attr-defined]  # of a Literal
    assert set(WORDS) == names
    assert [one for one in names if not hasattr(Lines, f"_{one.replace('-', '_')}_line")] == []
    assert [word for word in WORDS.values() if len(str(word)) > 14] == []


def test_the_answer_speaks_the_page_s_language(page: Page) -> None:
    assert lines(page.scan("cutting", digits(1000), lang="zh_Hans")) == [
        ("还没打开", "请先扫它所属的：布卷。再扫一次它。")
    ]


def test_a_ticket_s_own_page_tells_the_scans_in_plain_words(
    client: FlaskClient, page: Page
) -> None:
    page.roll("MILL-7")
    page.scan("cutting", "MILL-7", digits(1000))
    done = page.scan("sewing", digits(1000), digits(1000), digits(1000))[1]
    page.post(
        "/api/scans/count",
        {"device": "page", "epoch": 1, "event": done["event"], "good": 18},
    )
    html = client.get(f"/items/{NS}/class/B-{digits(1000)}").text
    for words in ("Came in at <b>Sewing</b>", "it was done before", "Pieces taken out at"):
        assert words in html
    roll = client.get(f"/items/{NS}/class/R-MILL-7").text
    assert "Opened at <b>Cutting</b>" in roll
    assert "R-MILL-7</h1>" not in roll


def test_a_device_s_link_fixes_its_step_and_its_name(shop: Workshop) -> None:
    noon = BEGINS_AT + timedelta(hours=4)
    app = create_app(reading=reading_of(shop.ledger), settings=Settings(clock=lambda: noon))
    app.testing = True
    secrets = []
    for title in ("Ana's phone", "Rui's phone"):
        key, secret = keys.new_key(
            "device",
            title,
            made_at=BEGINS_AT,
            expires_at=noon + timedelta(days=1),
            by="admin",
            stage="cutting",
        )
        shop.ledger.append([key.draft(by="admin")])
        secrets.append((key, {"Authorization": f"Bearer {secret}"}))
    shop.roll("MILL-7")
    phone = outside(app)
    page = Page(phone, "phone")
    body = page.body("shipping", "MILL-7", digits(1000))
    answer = phone.post("/api/scans", json=body, headers=secrets[0][1])
    assert [(one["stage"], one["said"]) for one in answer.get_json()["answers"]] == [
        ("cutting", "opened"),
        ("cutting", "done"),
    ]
    with look(shop.ledger) as view:
        assert len(last_of(view, f"{secrets[0][0].id}.phone")) == 2
    event = answer.get_json()["answers"][1]["event"]
    undo = {"device": "phone", "epoch": 1, "event": event}
    refused = phone.post("/api/scans/undo", json=undo, headers=secrets[1][1])
    assert refused.status_code == 409
    assert phone.post("/api/scans/undo", json=undo, headers=secrets[0][1]).status_code == 200


def test_who_is_nobody_here_signs_nothing(shop: Workshop, page: Page) -> None:
    page.roll("MILL-7")
    body = page.body("cutting", "MILL-7") | {"person": f"//{NS}/obj/W-99999"}
    page.post("/api/scans", body)
    with look(shop.ledger) as view:
        (opened, *_rest) = last_of(view, "page")
    assert not any("person" in name for name in opened.tree)
