"""The pages that print: what they show, what they refuse, and that printing again keeps numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.labels.conftest import NAMESPACE
from tests.web.pseudo import CARRIER, literals, write_pseudo
from traceability.catalogue import languages, missing
from traceability.labels import tickets
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.projections.view import look
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

FORM = "/orders/118/tickets"
TO_DIALOG_MAX = 6
FACTS = (
    "Rua do Tecido", "Overshirt", "Alder & Finch", "navy", "Order of", "Hangtag", "mm", "Code 128",
    "Inês", "Letter", "XL",
)  # fmt: skip


def csrf(client: FlaskClient, path: str) -> str:
    """Return the value that the form of a page carries."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def post(client: FlaskClient, path: str, page: str = "", **data: str) -> tuple[int, str, str]:
    """Send a form; return status, where it leads, and the page."""
    answer = client.post(path, data={"csrf": csrf(client, page or path), **data})
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def codes(client: FlaskClient, address: str) -> list[str]:
    """Return the codes on the sheet behind an address."""
    page = client.get(address.partition("#")[0])
    assert page.status_code == 200, page.text
    return re.findall(r"<title>[^<]*? ([BCGW]-\d+|\S+)</title>", page.text.partition("<svg")[2])


def sentence(page: str) -> str:
    """Return what a form says is wrong."""
    found = re.search(r'class="wrong"[^>]*>.*?<span>(.*?)</span>', page, re.DOTALL)
    assert found is not None, "nothing is said to be wrong"
    return found[1].replace("&#34;", '"').replace("&#39;", "'")


def test_the_page_of_an_order_says_how_many_tickets_it_lacks(
    client: FlaskClient, ledger: Ledger
) -> None:
    assert "0 printed, 20 missing" in client.get("/orders/118").text
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    page = client.get("/orders/118").text
    assert "20 printed" in page
    assert "missing" not in page


def test_printing_makes_the_tickets_and_leads_to_their_sheet(client: FlaskClient) -> None:
    status, address, _ = post(client, FORM, size="20", paper="a4-3x8", **{"start-a4-3x8": "5"})
    assert (status, address) == (
        303,
        "/labels/print?what=ticket&order=118&from=B-10006&to=B-10195"
        "&paper=a4-3x8&start=5#print".replace("10195", last_code(20)),
    )
    assert len(codes(client, address)) == 20


def last_code(count: int) -> str:
    """Return the digits of the last of so many first codes."""
    from traceability.labels.codes import ShortCode

    return ShortCode("", 999 + count).digits


def test_pressing_twice_prints_the_same_tickets(client: FlaskClient) -> None:
    first = post(client, FORM, size="20")[1]
    second = post(client, FORM, size="20")[1]
    assert codes(client, first) == codes(client, second)


def test_a_reprint_keeps_the_numbers(client: FlaskClient, ledger: Ledger) -> None:
    made = codes(client, post(client, FORM, size="20")[1])
    size = ledger.size
    assert codes(client, post(client, FORM, all="1")[1]) == made
    assert codes(client, post(client, FORM, one=made[6])[1]) == [made[6]]
    assert codes(client, post(client, FORM, on=made[17])[1]) == made[17:]
    again = {"page": "/labels"}
    one = post(client, "/labels", first=made[3].removeprefix("B-"), reach="one", **again)[1]
    torn = post(client, "/labels", first=made[18], reach="on", **again)[1]
    some = post(client, "/labels", first=made[2], last=made[4], reach="range", **again)[1]
    assert [codes(client, one), codes(client, torn), codes(client, some)] == [
        [made[3]],
        made[18:],
        made[2:5],
    ]
    assert ledger.size == size


def test_the_browser_remembers_paper_and_what_is_used_of_the_sheet(client: FlaskClient) -> None:
    post(client, FORM, size="50", paper="a4-3x7", **{"start-a4-3x7": "3"})
    page = client.get("/labels").text
    assert re.search(r'id="paper-a4-3x7" value="a4-3x7" checked', page)
    assert page.count('class="used"') == 10
    assert "The grey ones were printed on last time." in page


@pytest.mark.parametrize("size", ["0", "-3", "501", "2.5", "twenty", "9999999999"])
def test_a_bundle_size_that_cannot_be_is_refused_on_the_form(
    client: FlaskClient, ledger: Ledger, size: str
) -> None:
    before = ledger.size
    status, _, page = post(client, FORM, size=size)
    assert status == 422
    assert sentence(page) == (
        f"Cannot make bundles of {size[:12]} pieces: expected a whole number from 1 to 500."
    )
    assert f'value="{size}"' in page
    assert ledger.size == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"paper": "a4-3x8", "start-a4-3x8": "25"},
            "Cannot begin at label 25: this sheet has labels 1 to 24.",
        ),
        (
            {"paper": "single", "single-width": "wide", "single-height": "30"},
            "Cannot read the measure “wide”: expected millimetres, for example 63.5.",
        ),
        (
            {"paper": "single", "single-width": "20", "single-height": "30"},
            "Cannot print labels of 20 × 30 mm: expected at least 38 × 20 mm.",
        ),
    ],
)
def test_paper_that_cannot_be_is_refused_on_the_form(
    client: FlaskClient, ledger: Ledger, given: dict[str, str], said: str
) -> None:
    before = ledger.size
    status, _, page = post(client, FORM, size="20", **given)
    assert (status, sentence(page), ledger.size) == (422, said, before)


def test_labels_of_ones_own_measures_are_printed(client: FlaskClient) -> None:
    own = {"paper": "single", "single-width": "63,5", "single-height": "29"}
    address = post(client, FORM, size="400", **own)[1]
    assert "paper=63.5x29&start=1" in address
    sheet = {
        "sheet-page": "a4", "sheet-columns": "2", "sheet-rows": "4", "sheet-width": "90",
        "sheet-height": "60", "sheet-left": "10", "sheet-top": "20", "sheet-across": "95",
        "sheet-down": "65", "start-sheet": "3",
    }  # fmt: skip
    address = post(client, FORM, all="1", paper="sheet", **sheet)[1]
    assert "paper=a4:2x4:90x60:10,20:95,65&start=3" in address
    assert len(codes(client, address)) == 4


@pytest.mark.parametrize(
    "path",
    [
        "/orders/999/tickets",
        "/labels/print?what=ticket&order=999",
        "/labels/print?what=ticket&order=118",
        "/labels/print?what=carton&from=10006&to=10006",
        "/labels/print?what=poster",
    ],
)
def test_what_is_not_there_is_not_printed(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (
            "10007",
            "10007 is not one of our codes: the last digit should be 6. Look again.",
        ),
        (
            "B-17",
            "No label has the code B-17. Look again, or print new ones.",
        ),
        (
            "10006",
            "No label has the code 10006. Look again, or print new ones.",
        ),
        ("", "Scan the label, or type the digits that stand large on it."),
        ("\x00\x1b[2J", "No label has the code ··[2J. Look again, or print new ones."),
        ("9" * 10_000, f"No label has the code {'9' * 40}…. Look again, or print new ones."),
    ],
)
def test_a_code_that_is_on_no_label_is_told_in_one_sentence(
    client: FlaskClient, first: str, said: str
) -> None:
    status, _, page = post(client, "/labels", reach="one", first=first)
    assert (status, sentence(page)) == (422, said)


def test_cartons_get_labels_with_numbers_of_their_own(client: FlaskClient) -> None:
    first = codes(client, post(client, "/labels/cartons", count="3", order="118")[1])
    second = codes(client, post(client, "/labels/cartons", count="2", copies="2")[1])
    assert (len(first), len(second), len({*first, *second})) == (3, 4, 5)
    torn = post(client, "/labels/cartons", on=first[1])[1]
    assert codes(client, torn) == [*first[1:], *dict.fromkeys(second)]
    for wrong in ("0", "-3", "201", "many"):
        status, _, page = post(client, "/labels/cartons", count=wrong)
        assert status == 422
        assert f"Cannot make {wrong} carton labels: expected a whole number from 1 to 200." in page


@pytest.mark.parametrize("copies", ["0", "10", "two", "-1"])
def test_a_number_of_copies_that_cannot_be_is_refused(
    client: FlaskClient, ledger: Ledger, copies: str
) -> None:
    before = ledger.size
    status, _, page = post(client, "/labels/cartons", count="3", copies=copies)
    said = f"Cannot print {copies} of each: expected a whole number from 1 to 9."
    assert (status, sentence(page), ledger.size) == (422, said, before)


def test_badges_show_names_to_the_owner_alone(
    client: FlaskClient, ledger: Ledger, stranger: Callable[[], FlaskClient]
) -> None:
    assert "/labels/badges" not in client.get("/labels").text
    assert "Nothing to show yet." in client.get("/labels/badges").text
    issue(ledger, lambda _view: [Wish("W", {}, {"name": "Inês Carvalho"})], by="admin")
    assert "/labels/badges" in client.get("/labels").text
    address = post(client, "/labels/badges", all="1")[1]
    assert "Inês Carvalho" in client.get(address.partition("#")[0]).text
    assert stranger().get(address.partition("#")[0]).status_code == 401


@pytest.fixture
def stranger(ledger: Ledger) -> Callable[[], FlaskClient]:
    """A browser on another PC, without a key."""

    def make() -> FlaskClient:
        app = create_app(reading=reading_of(ledger), settings=Settings(listens_on_loopback=False))
        return app.test_client()

    return make


def test_more_labels_than_a_page_shows_come_in_parts(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traceability.web.label_sheet.PRINTED_MAX", 8)
    address = post(client, FORM, size="20", paper="a4-2x5", **{"start-a4-2x5": "5"})[1]
    found = [codes(client, address.replace("#print", f"&part={part}")) for part in range(3)]
    assert [len(one) for one in found] == [8, 8, 4]
    # The second part goes on at the place on the sheet where the first one ended.
    second = client.get(address.replace("#print", "&part=1")).text
    assert re.findall(r'<svg x="([\d.]+)" y="([\d.]+)"', second)[0] == ("4.65", "63")


def test_the_size_of_the_page_is_told_without_a_style_in_it(client: FlaskClient) -> None:
    answer = client.get("/labels/paper.css?paper=60x40")
    assert (answer.mimetype, answer.text) == ("text/css", "@page { size: 60mm 40mm; margin: 0; }\n")
    assert client.get("/labels/paper.css?paper=poster").status_code == 400
    address = post(client, FORM, size="20")[1].partition("#")[0]
    assert "style=" not in client.get(address).text


@pytest.mark.parametrize(
    ("read", "shown"), [("HANGTAG-TEST-7", "pass"), ("]Q1HANGTAG-TEST-7", "pass"), ("X", "again")]
)
def test_the_test_page_says_whether_it_was_read_right(
    client: FlaskClient, read: str, shown: str
) -> None:
    page = client.get("/labels/test", query_string={"read": read}).text
    lines = re.findall(
        r'<p class="read-answer" data-\w+( hidden)?><span class="chip is-(\w+)', page
    )
    assert [state for hidden, state in lines if not hidden] == [shown]


def test_every_sentence_is_translated() -> None:
    rooms = ("label", "tickets.html", "web/tickets", "web/papers", "hang_tags", "print_jobs")
    for language in languages():
        lacking = [place for places in missing(language).values() for place in places]
        assert [place for place in lacking if any(room in place for room in rooms)] == []


def test_no_word_stands_outside_the_catalogue(ledger: Ledger, tmp_path: Path) -> None:
    issue(ledger, lambda _view: [Wish("W", {}, {"name": "Inês"})], by="admin")
    [first] = tickets.make(ledger, f"//{NAMESPACE}/bt/120", size=20, by="admin")
    settings = Settings(languages=(CARRIER,), translations=str(write_pseudo(tmp_path / "words")))
    client = create_app(reading=reading_of(ledger), settings=settings).test_client()
    pages = ["/labels", FORM, "/orders/120/tickets", "/labels/test", "/labels/hang-tags"]
    pages += ["/orders/118/hang-tags", "/labels/rolls", "/labels/cartons", "/labels/badges"]
    pages += [f"/labels/one?of={first.text}"]
    for path in [*pages, "/labels/print?what=ticket&order=120&paper=60x40"]:
        page = re.sub(r"<svg.*?</svg>", "", client.get(path).text, flags=re.DOTALL)
        assert [word for word in literals(page, FACTS) if word.isascii()] == [], path


def test_a_ticket_says_what_the_record_says(ledger: Ledger, client: FlaskClient) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/119", size=20, by="admin")
    with look(ledger) as view:
        [first, *_] = tickets.of_order(view, "119")
    page = client.get("/labels/print?what=ticket&order=119&paper=100x50&lang=zh_Hans").text
    label = page[page.index(f"{first.code}</title>") :].partition("</svg>")[0]
    words = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", label))
    for word in ("订单 119", "第 1/3 张", "男式长袖衬衫", "藏青色", "170/92A", "20", first.digits):
        assert word in words
