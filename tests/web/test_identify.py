"""What a code says: every sign and bit explained, right or wrong, and what the thing is here."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import axe_playwright_python
import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup
from playwright.sync_api import Browser, expect
from sqlalchemy import event
from werkzeug.serving import make_server

from tests.projections.family import CARTON, Floor, bundle, shirt
from tests.web.browser import open_page, sideways, wedge
from tests.web.pseudo import CARRIER, literals
from traceability.commissioning import prefixes
from traceability.errors import InvalidIdentifier
from traceability.gs1.bit_fields import bit_fields
from traceability.web import create_app
from traceability.web.identify_doubts import fault
from traceability.web.identify_picture import draw
from traceability.web.identify_words import filter_word
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
TAG = "3034257BF7194E4000001A85"
GOOD_LABEL = "]d20109506000134352211234<GS>10L7"
"""A scanned label with its separator typed by hand."""
MakeApp = Callable[..., Flask]


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """A workshop with a roll, two bundles, three shirts and a carton."""
    made = Floor(tmp_path)
    made.receive()
    made.cut({bundle(1): 3, bundle(2): 4})
    made.sew(bundle(1), 3, [shirt(1), shirt(2), shirt(3)])
    made.pack([shirt(1), shirt(2)])
    return made


@pytest.fixture
def app_of(floor: Floor) -> MakeApp:
    """Make an app over the workshop."""

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
def client(app_of: MakeApp) -> FlaskClient:
    """A browser on the same PC."""
    return app_of().test_client()


def words(html: str) -> str:
    """Return what a page says, without its marks."""
    main = html.split("<main", 1)[1].split("</main>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", Markup(main).striptags())


def explained(client: FlaskClient, code: str, **more: str) -> str:
    """Return what the page says about a code."""
    answer = client.get("/identify", query_string={"code": code} | more)
    assert answer.status_code == 200
    return words(answer.text)


def test_the_first_page_asks_for_a_code_and_shows_examples(client: FlaskClient) -> None:
    page = client.get("/identify")
    assert 'name="code"' in page.text
    assert "a chip and a label that disagree" in words(page.text)
    assert "What a code says, bit by bit" in words(client.get("/trace").text)


def test_every_bit_of_a_tag_is_drawn_once(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": TAG}).text
    drawn = re.findall(r"<i(?: class=\"on\")?>([01])</i>", page)
    assert "".join(drawn) == f"{int(TAG, 16):096b}"
    assert re.findall(r'class="address">(\w+)<', page) == ["20h", "30h", "40h", "50h", "60h", "70h"]
    told = words(page)
    for sentence in (
        "SGTIN-96 30h",
        "1 a piece for sale",
        "5 the company prefix has 7 digits",
        "0614141",
        "urn:epc:id:sgtin:0614141.812345.6789",
        "https://id.gs1.org/eh3034257bf7194e4000001a85",
        "Filter 1 says “a piece for sale”, and the product number begins with 8",
    ):
        assert sentence in told


def test_every_sign_of_a_scan_has_its_place(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": GOOD_LABEL}).text
    signs = re.findall(r'class="at">(\d+)</span><span class="said">([^<]*)<', page)
    assert signs == [
        ("0", "]d2"),
        ("3", "01"),
        ("5", "0950600013435"),
        ("18", "2"),
        ("19", "21"),
        ("21", "1234"),
        ("25", "GS"),
        ("26", "10"),
        ("28", "L7"),
    ]
    told = words(page)
    assert "ends the value before it" in told
    assert "https://id.gs1.org/01/09506000134352/10/L7/21/1234" in told


@pytest.mark.parametrize("typed", ["<GS>", "<gs>", "{GS}", "␝", "\x1d"])
def test_the_separator_can_be_typed(client: FlaskClient, typed: str) -> None:
    page = client.get("/identify", query_string={"code": f"0109506000134352211234{typed}10L7"})
    assert "1234&lt;GS&gt;10L7</textarea>" in page.text
    told = words(page.text)
    assert "(01)09506000134352(21)1234(10)L7" in told


def test_a_scanner_may_send_another_sign(client: FlaskClient) -> None:
    code = "]C10109506000134352211234^10L7"
    assert "If the scanner sends ^ for FNC1" in explained(client, code)
    assert "(21)1234(10)L7" in explained(client, code, fnc1="^")
    assert "(21)1234(10)L7" in explained(client, "^" + code[3:], fnc1="^", **{"as": "message"})


LOST = "1021072911172405310100693570007182"
BAD = [
    ("3034257BF7194E4000001A8", "has 23 digits: a tag has 24 or more, always a multiple of four"),
    ("3000" + TAG, "The first four digits, 3000, are the PC word"),
    ("9506000134353", "The check digit is wrong: expected 2, got 3, at place 12. Nothing was"),
    ("]C10109506000134353", "expected 2, got 3, at place 18"),
    ("0109506000134353211234", "begins like a GS1 label, (01), but the check digit of"),
    ("(01)09506000134352", "It names a product, not one piece of it."),
    (LOST, "A separator is lost in it"),
    ("]C110" + "A" * 25, "longer than (10) may be: a separator seems to be lost"),
    ("]C1010950600013435210COV010917220901", "ends like a date, (17)220901"),
    ("HTTPS://ID.GS1.ORG/01/09506000134352/21/1", "check digit right"),
    ("HttpS://id.gs1.org/01/09506000134352", "that is written https://"),
    ("Urn:Epc:id:sgtin:0614141.812345.1", "that is written urn:epc:"),
    ("URN:EPC:ID:SGTIN:0614141.812345.1", "company prefix"),
    ("https://id.gs1.org/01/09506000134352/21/A%2F1", "A/1 written with percent signs"),
    ("https://id.gs1.org/01/09506000134352/21/A%2", "must be followed by two hexadecimal digits"),
    ("https://id.gs1.org/01/09506000134352/21/A%252F1", "It was escaped twice"),
    ("X" * 10_000, "It is too long for a code"),
    ("]C10109506000134352" + "21" + "A" * 10_000, "It is too long for a code"),
    ("AB\x1bCD", "AB<ESC>CD"),
    ("AB\x1bCD", "There is a control character in it"),
    ("3037FFFFFC00000000000000", "16777215 not allowed: reading ends here"),
    ("00" * 12, "A radio tag that nobody wrote"),
    ("E2801160600002054D5A1234", "In the place of a number it has that of its own chip."),
    ("3134257BF4499602D2000001", "A radio tag that says nothing we can read"),
    ("3034 257B F719 4E40 0000 1A85", "It looks like a tag in hex, written with blanks."),
    ("106141412345678908", "It can be the number of a carton or pallet"),
    ("96385074", "It can be an EAN-8."),
    ("(01)09506000134352(99", "reading ends here"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
]


@pytest.mark.parametrize(("code", "sentence"), BAD)
def test_what_is_wrong_with_a_code_is_one_sentence(
    client: FlaskClient, code: str, sentence: str
) -> None:
    answer = client.get("/identify", query_string={"code": code})
    assert answer.status_code == 200
    assert sentence in Markup(words(answer.text)).unescape()
    assert "<script>alert" not in answer.text
    assert len(answer.text) < 200_000


def test_a_whole_bank_is_read_with_its_pc_word(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": "3000" + TAG, "as": "bank"})
    assert re.findall(r'class="address">(\w+)<', page.text)[:2] == ["10h", "20h"]
    assert "length of the number" in words(page.text)
    assert f">{TAG}<" in page.text


def test_a_thing_of_ours_leads_to_its_page(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": f"https://id.gs1.org{shirt(1)}"})
    assert "Shirt, navy, M 1" in words(page.text)
    assert f'href="/items{shirt(1)}"' in page.text
    assert "What is it?" not in words(page.text)
    assert "/identify?code=" in client.get(f"/items{shirt(1)}").text
    assert "Carton …7016" in explained(client, CARTON)
    assert "Bundle B-1" in explained(client, "B-1")


def test_a_new_piece_of_a_known_product_says_so(client: FlaskClient) -> None:
    told = explained(client, shirt(1)[: -len("/21/1")] + "/21/999")
    assert "Shirt, navy, M: a piece that was never met here" in told


def test_what_several_things_are_called_is_a_choice(client: FlaskClient) -> None:
    told = explained(client, "navy shirt")
    assert "It can be one of several things here" in told
    assert "Which one?" in told


def test_a_product_and_a_carton_have_words_for_their_filter() -> None:
    assert filter_word("SGTIN+", 2) == filter_word("SSCC-96", 2) == "a full case for transport"
    assert filter_word("GIAI-202", 1) == "a rail vehicle"
    assert filter_word("DSGTIN++", 3) == filter_word("SSCC+", 7) == "reserved: means nothing yet"
    assert filter_word("USDOD-96", 3) == ""


def test_a_garment_with_the_filter_of_a_case_is_remarked_on(client: FlaskClient) -> None:
    sgtin = int("3034257BF400000000000001", 16) & ~(7 << 85) | 2 << 85
    told = explained(client, f"{sgtin:024X}")
    assert "Filter 2 says “a full case for transport”, and this is one piece (Garment)." in told


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        (TAG, "(01)80614141123458(21)6789", "Both lead to one key: /01/80614141123458/21/6789"),
        (TAG, "(01)80614141123458", "The same product"),
        (TAG, "(01)80614141123458(21)6788", "They contradict each other in the serial"),
        (TAG, "9506000134352", "They contradict each other in the"),
        (TAG, "(00)106141412345678908", "Two different sorts of things"),
        (TAG, "9506000134353", "One of the two cannot be read"),
    ],
)
def test_two_codes_are_compared(client: FlaskClient, one: str, other: str, sentence: str) -> None:
    told = explained(client, f"{one}\r\n{other}")
    assert sentence in told
    assert "Bit by bit" in told


def test_both_values_of_a_conflict_are_shown(client: FlaskClient) -> None:
    page = client.get("/identify", query_string={"code": f"{TAG}\n(01)80614141123458(21)6788"})
    shown = re.findall(r'<dt class="id">([^<]*)</dt><dd class="id">([^<]*)</dd>', page.text)
    assert shown == [(TAG, "6789"), ("(01)80614141123458(21)6788", "6788")]


def test_a_third_code_is_not_dropped_in_silence(client: FlaskClient) -> None:
    assert "1 more code was left out" in explained(client, f"{TAG}\n{TAG}\n{TAG}")


def test_other_forms_need_no_prefix_and_know_one(client: FlaskClient, floor: Floor) -> None:
    code = "(01)09506000134352(21)123"
    told = explained(client, code)
    assert "F7109506000134352031EC00" in told
    assert "urn:epc" not in told
    prefixes.enter(floor.ledger, "9506000", by="test")
    told = explained(client, code)
    assert "urn:epc:id:sgtin:9506000.013435.123" in told
    assert "30364433400D1EC00000007B" in told
    assert "https://id.gs1.org/eh30364433400d1ec00000007b" in told


def test_the_page_of_find_uses_the_same_parts(client: FlaskClient) -> None:
    found = client.get("/trace", query_string={"code": TAG})
    assert "Bit by bit" in words(found.text)
    missing = client.get("/items/01/09526064000004/21/1")
    assert (missing.status_code, "Sign by sign" in words(missing.text)) == (404, True)


PICTURED = [TAG, "F7109506000134352031EC00", "3000" + TAG, "FB342CDE79521141123453850000", "FF"]


@pytest.mark.parametrize("digits", PICTURED)
def test_a_picture_holds_all_bits_and_names_each_field_once(digits: str) -> None:
    bits = 4 * len(digits)
    picture = draw(bit_fields(int(digits, 16), bits))
    assert "".join(run.bits for row in picture.rows for run in row.runs) == (
        f"{int(digits, 16):0{bits}b}"
    )
    named = [run.field.number for row in picture.rows for run in row.runs if run.shows_name]
    assert sorted(named) == [one.number for one in picture.fields]
    assert "".join(row.hex_digits for row in picture.rows) == digits


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


@pytest.mark.parametrize("code", [TAG, shirt(1), "navy shirt", f"{TAG}\n{shirt(1)}"])
def test_the_page_asks_the_database_a_bounded_number_of_times(
    client: FlaskClient, statements: list[str], code: str
) -> None:
    explained(client, code)
    assert len(statements) <= 180


FACTS = (
    "Shirt, navy, M", "Shirt, navy, L", "Twill, navy", "B-1", "Dock gate", "Shipping", "Garment",
    "garment", "Carton", "Sewing", "Demo: simulated", "EAN-13", "Esperanto", "esperanto", "SSCC",
    "FNC1", "GS", "ASCII", "EPC", "URN", "URI", "GS1", "EAN-8", "Shipped", "Floor", "Shop", "Porto",
    "shipping", "Table", "Roll", "Bundle", "roll", "bundle", "Checking & packing",
)  # fmt: skip


@pytest.mark.parametrize(
    "code",
    ["", TAG, GOOD_LABEL, "9506000134353", LOST, f"{TAG}\n(01)80614141123458(21)6788", shirt(1),
     "F7109506000134352031EC00", "3037FFFFFC00000000000000", "navy shirt", "96385074",
     "https://brand.example/x/01/09506000134352?17=271231&linkType=a", "urn:epc:id:giai:0614141.A"],
)  # fmt: skip
def test_every_word_goes_through_gettext(app_of: MakeApp, pseudo_folder: Path, code: str) -> None:
    client = app_of(languages=(CARRIER,), translations=str(pseudo_folder)).test_client()
    page = client.get("/identify", query_string={"code": code}).text
    main = page.split("<main", 1)[1].split("</main>")[0]
    assert literals(f"<main{main}</main>", FACTS) == []


# --- the door for programs -----------------------------------------------------------------------


def answers(text: str) -> list[dict[str, object]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_programs_get_the_bits_too(client: FlaskClient) -> None:
    plain = client.get("/api/identify", query_string={"text": TAG}).get_json()
    assert "fields" not in plain
    tree = client.get("/api/identify", query_string={"text": TAG, "bits": "1"}).get_json()
    assert [one["name"] for one in tree["fields"]][:3] == ["header", "filter", "partition"]
    wrong = client.get("/api/identify", query_string={"text": "9506000134353", "bits": "1"})
    assert (wrong.status_code, wrong.get_json()["fields"][-1]["expected"]) == (422, "2")


def test_many_codes_are_answered_line_by_line(client: FlaskClient) -> None:
    body = f"{TAG}\n{shirt(1)}\r\n\n9506000134353\n"
    answer = client.post("/api/identify", data=body, content_type="text/plain")
    assert (answer.status_code, answer.mimetype) == (200, "application/jsonl")
    found = answers(answer.text)
    assert [(one["input"], one["known"], "error" in one) for one in found] == [
        (TAG, False, False),
        (shirt(1), True, False),
        ("", False, True),
        ("9506000134353", False, True),
    ]
    assert found[1]["matches"] == [
        {"key": shirt(1), "name": "Shirt, navy, M 1", "href": f"/items{shirt(1)}"}
    ]


def test_many_codes_may_come_as_a_json_list(client: FlaskClient) -> None:
    codes = [f"(01)80614141123458(21){n}" for n in range(1200)]
    answer = client.post("/api/identify?bits=1", json=codes)
    found = answers(answer.text)
    assert [one["input"] for one in found] == codes
    assert all(one["fields"] for one in found)
    spelled = client.post("/api/identify?as=epc&fnc1=^", json=[TAG.lower()])
    assert answers(spelled.text)[0]["key"] == "/01/80614141123458/21/6789"


@pytest.mark.parametrize(
    ("address", "body", "kind", "status", "sentence"),
    [
        ("/api/identify?as=qr", "x", "text/plain", 400, "Cannot identify as 'qr': expected one of"),
        ("/api/identify?fnc1=GS", "x", "text/plain", 400, "Cannot use 'GS' as FNC1"),
        ("/api/identify", "{", "application/json", 400, "Cannot read the list of codes: it is no"),
        ("/api/identify", '["a", 1]', "application/json", 400, "expected a JSON list of texts"),
        ("/api/identify", "\n" * 200_002, "text/plain", 413, "expected at most 200000 codes"),
        ("/api/identify", "x" * (16 << 20) + "x", "text/plain", 413, "at most 16777216 bytes"),
    ],
)
def test_a_bad_list_gets_a_problem(
    client: FlaskClient, address: str, body: str, kind: str, status: int, sentence: str
) -> None:
    answer = client.post(address, data=body, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert sentence in answer.get_json()["detail"]


def test_an_empty_list_is_an_empty_answer(client: FlaskClient) -> None:
    assert client.post("/api/identify", data="", content_type="text/plain").text == ""


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture
def url(app_of: MakeApp) -> Iterator[str]:
    """The page behind a real server."""
    server = make_server("127.0.0.1", 0, app_of(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_a_scanner_that_types_explains_itself_and_keeps_its_separator(
    browser: Browser, url: str
) -> None:
    with open_page(browser) as page:
        page.goto(f"{url}/identify")
        with page.expect_navigation():
            wedge(page, "]d20109506000134352211234\x1d10L7")
        expect(page.locator(".forms code").first).to_have_text("(01)09506000134352(21)1234(10)L7")
        page.get_by_label("Compare with the next scan").check()
        with page.expect_navigation():
            wedge(page, "(01)09506000134352(21)1235")
        expect(page.locator(".compared h2")).to_have_text(
            "They contradict each other in the serial"
        )


def address(base: str, code: str) -> str:
    """Return the address that explains a code."""
    return f"{base}/identify?" + urlencode({"code": code})


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "code", [TAG, GOOD_LABEL, f"{TAG}\n9506000134353", "3037FFFFFC00000000000000", "X" * 9000]
)
def test_nothing_runs_over_and_axe_finds_nothing(
    browser: Browser, url: str, code: str, theme: str
) -> None:
    for size in ("narrow", "desktop"):
        with open_page(browser, size, theme, bypass_csp=True) as page:
            page.goto(address(url, code))
            assert sideways(page) == 0
            page.add_script_tag(path=str(AXE))
            found = page.evaluate("axe.run().then((r) => r.violations)")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.browser
def test_a_form_leaves_by_a_button(browser: Browser, url: str) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    with open_page(browser, permissions=allowed) as page:
        page.goto(address(url, TAG))
        button = page.locator("[data-copy-text]").nth(1)
        button.click()
        expect(button).to_contain_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator(".forms code").nth(1).inner_text()


@pytest.mark.browser
def test_the_page_works_without_scripts(browser: Browser, url: str) -> None:
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(f"{url}/identify")
        page.get_by_label("Scan, paste or type a code").fill(f"{TAG}\n(01)80614141123458(21)6789")
        page.get_by_role("button", name="Explain").click()
        expect(page.locator(".compared h2")).to_have_text("The same thing")
        assert page.locator("[data-copy-text]").first.is_hidden()


def test_a_fault_that_only_the_reader_knows_has_no_sentence_of_ours() -> None:
    assert fault(InvalidIdentifier("Cannot read it: something else."), ()) == ""
