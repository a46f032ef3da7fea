"""People: the list, what each reads about himself, a name erased, and the second pair of eyes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.web.browser import open_page, sideways, wedge
from tests.web.conftest import MakeApp
from tests.web.pseudo import literals
from tests.web.test_keys import enter, make
from traceability.factory import staff
from traceability.ledger.append import Draft, Ledger
from traceability.projections.confirming import Confirmation, confirmations
from traceability.projections.entering import master_draft
from traceability.projections.held import stops
from traceability.projections.people import Person, people
from traceability.projections.view import look
from traceability.web.people import language_name

ANA, RUI, LI = "W-10006", "W-10014", "W-10022"
NS = "porto.invalid"
THING = f"//{NS}/obj/G-1"


def words(html: str) -> str:
    """Return what a page says, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def post(client: FlaskClient, path: str, **fields: Any) -> tuple[int, str]:
    """Send a form; return the status, and where it leads or what the page says."""
    client.get("/people")
    with client.session_transaction() as session:
        csrf = session.get("csrf", "")
    answer = client.post(path, data={"csrf": csrf, **fields})
    return answer.status_code, answer.headers.get("Location") or words(answer.text)


def listed(ledger: Ledger) -> list[Person]:
    with look(ledger) as view:
        return people(view)


def key_of(badge: str) -> str:
    return f"//{NS}/obj/{badge}"


@pytest.fixture
def staffed(ledger: Ledger) -> Ledger:
    """Three people in a workshop of several, and a hold."""
    ledger.append([master_draft("workshop", NS, {"people": "several"}, by="admin")])
    staff.take_on(ledger, ["Ana Lopes", "Rui", "李娜"], by="admin")
    staff.change(ledger, key_of(LI), by="admin", language="zh_Hans")
    tree = {"type": "hold", "id": "Q-1", "reason": "hole", "contact": "Ines", "things": [THING]}
    ledger.append([Draft("hold", "hold:Q-1", tree)])
    return ledger


def released(ledger: Ledger) -> dict[str, Confirmation]:
    with look(ledger) as view:
        return confirmations(view, stops(view))


# --- the list ------------------------------------------------------------------------------------


def test_nobody_has_to_be_entered(client: FlaskClient) -> None:
    page = client.get("/people")
    assert page.status_code == 200
    assert "Nobody is entered Nobody has to be." in words(page.text)
    assert 'href="/people"' not in client.get("/menu").text


def test_names_are_pasted_and_the_menu_leads_there(client: FlaskClient, ledger: Ledger) -> None:
    assert post(client, "/people", names="Ana Lopes\n Rui \n李娜") == (
        303,
        "/people?added=3&known=0",
    )
    assert [(one.name, one.badge) for one in listed(ledger)] == [
        ("Ana Lopes", ANA),
        ("Rui", RUI),
        ("李娜", LI),
    ]
    assert 'href="/people"' in client.get("/menu").text
    told = words(client.get("/people?added=3&known=0").text)
    assert "3 people have badge numbers now" in told
    assert "Print the badges" in told


def test_a_name_that_is_there_is_not_entered_again(client: FlaskClient, ledger: Ledger) -> None:
    post(client, "/people", names="Ana")
    assert post(client, "/people", names="ana\nRui")[1] == "/people?added=1&known=1"
    assert "1 name stood in the list already." in words(client.get("/people?added=1&known=1").text)
    assert [one.name for one in listed(ledger)] == ["Ana", "Rui"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (" \n ", "Write at least one name."),
        ("x" * 61, "has 61 characters: expected at most 60; write one name per line."),
    ],
)
def test_names_that_cannot_be_keep_standing(
    client: FlaskClient, ledger: Ledger, names: str, sentence: str
) -> None:
    status, told = post(client, "/people", names=names)
    assert (status, sentence in told, names.strip() in told) == (422, True, True)
    assert listed(ledger) == []


@pytest.mark.parametrize(
    ("said", "count", "sentence"),
    [
        ("several", 2, "Whoever sets stopped goods free asks a second person for the badge."),
        ("several", 1, "As soon as two people work here"),
        ("alone", 2, "One person confirms alone, and the record says so."),
    ],
)
def test_the_list_says_whether_two_confirm(
    client: FlaskClient, ledger: Ledger, said: str, count: int, sentence: str
) -> None:
    ledger.append([master_draft("workshop", NS, {"people": said}, by="admin")])
    staff.take_on(ledger, ["Ana", "Rui"][:count], by="admin")
    assert sentence in words(client.get("/people").text)


# --- one person changed --------------------------------------------------------------------------


def test_name_and_language_are_changed(client: FlaskClient, staffed: Ledger) -> None:
    fields = {"what": "words", "name": " Ana  Reis ", "language": "zh_Hans"}
    assert post(client, f"/people/{ANA}/change", **fields)[0] == 303
    one = next(one for one in listed(staffed) if one.badge == ANA)
    assert (one.name, one.language) == ("Ana Reis", "zh_Hans")


def test_a_wrong_name_keeps_standing_with_its_sentence(
    client: FlaskClient, staffed: Ledger
) -> None:
    status, told = post(client, f"/people/{ANA}/change", what="words", name=" ", language="")
    assert (status, "A person needs a name" in told) == (422, True)


@pytest.mark.parametrize(
    "fields", [{"what": "words", "name": "Ana", "language": "xx"}, {"what": "promote"}, {}]
)
def test_what_no_form_sends_is_refused(
    client: FlaskClient, staffed: Ledger, fields: dict[str, str]
) -> None:
    assert post(client, f"/people/{ANA}/change", **fields)[0] == 400


def test_who_left_is_offered_no_more_and_comes_back(client: FlaskClient, staffed: Ledger) -> None:
    client.set_cookie("step", "packing")
    post(client, f"/people/{RUI}/change", what="left")
    assert f'data-take="{key_of(RUI)}"' not in client.get("/scan").text
    assert "no longer here" in words(client.get("/people").text)
    post(client, f"/people/{RUI}/change", what="back")
    assert f'data-take="{key_of(RUI)}"' in client.get("/scan").text


def test_an_unknown_badge_is_not_found(client: FlaskClient, staffed: Ledger) -> None:
    for path in ("/people/W-1", "/people/W-1/change", "/people/W-1/erase"):
        assert client.get(path).status_code == 404


def test_languages_are_called_as_those_who_speak_them_do() -> None:
    assert [language_name(tag) for tag in ("en", "zh_Hans", "", "no such")] == [
        "English",
        "中文",
        "",
        "no such",
    ]


# --- a name erased -------------------------------------------------------------------------------


def test_a_name_is_erased_after_asking_once_more(client: FlaskClient, staffed: Ledger) -> None:
    asked = words(client.get(f"/people/{ANA}/erase").text)
    assert "Erase the name Ana Lopes ? It cannot be brought back." in asked
    assert "Backups made before still hold the name" in asked
    assert post(client, f"/people/{ANA}/erase") == (303, f"/people/{ANA}/change?saved=1")
    assert [one.name for one in listed(staffed) if one.badge == ANA] == [""]
    for path in ("/people", f"/people/{ANA}", f"/people/{ANA}/change", "/scan", "/holds"):
        assert "Ana" not in client.get(path).text
    assert "Name erased" in words(client.get("/people").text)
    assert client.get(f"/people/{ANA}/erase").status_code == 303
    assert "A name was erased: W-10006" in words(client.get("/ledger").text)


def test_a_ledger_open_beside_is_named(client: FlaskClient, staffed: Ledger) -> None:
    told = words(client.get(f"/people/{ANA}/change?saved=1&aside=open").text)
    assert "Erased here, but not yet in the ledger beside" in told
    assert "Erase it there" in told


# --- what a person reads -------------------------------------------------------------------------


def scan(client: FlaskClient, badge: str) -> None:
    """Scan something unknown with a badge in hand."""
    scans = [{"counter": 1, "at": "2026-11-19T14:00:00+00:00", "text": "R-77", "by": "typed"}]
    where = {"device": "pc-7", "epoch": 1, "stage": "packing", "opened": []}
    answer = client.post("/api/scans", json={**where, "person": key_of(badge), "scans": scans})
    assert answer.status_code == 200, answer.text


def test_the_page_says_what_is_recorded_and_who_sees_it(
    client: FlaskClient, staffed: Ledger
) -> None:
    scan(client, ANA)
    told = words(client.get(f"/people/{ANA}").text)
    for sentence in (
        "which thing, at which step, when, and with which device.",
        "The name lies beside the record, not in it, and can be erased.",
        "How long you need for a piece: no page works it out.",
        "nobody is ranked or compared.",
        "nothing follows you.",
        "Auditors your badge number with the scans, never your name",
        "Customers nothing of you, neither name nor number",
        "Screens on the wall nothing of you, neither name nor number",
        "pc-7",
        "14:00:00",
        "The newest on top.",
    ):
        assert sentence in told


def test_without_scans_the_page_says_so(client: FlaskClient, staffed: Ledger) -> None:
    assert "No entry carries your badge number." in words(client.get(f"/people/{RUI}").text)


def test_the_page_speaks_the_persons_language_unless_another_is_asked_for(
    client: FlaskClient, staffed: Ledger
) -> None:
    page = client.get(f"/people/{LI}").text
    assert ('<html lang="zh-Hans"' in page, "关于您记录了什么" in page) == (True, True)
    assert "What is recorded about you" in client.get(f"/people/{LI}?lang=en").text


@pytest.mark.parametrize("given", ["W-10006", "10006", " w 10006 ", f"https://{NS}/obj/W-10006"])
def test_a_badge_leads_to_the_page_of_whoever_wears_it(
    client: FlaskClient, staffed: Ledger, given: str
) -> None:
    answer = client.get("/people/mine", query_string={"badge": given})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/people/{ANA}")


@pytest.mark.parametrize("given", ["", "10007", "77", "nobody"])
def test_what_is_no_badge_leads_nowhere(client: FlaskClient, staffed: Ledger, given: str) -> None:
    answer = client.get("/people/mine", query_string={"badge": given})
    assert answer.status_code == 404
    assert f"“{given}” is no badge of this workshop: expected the number on the badge." in words(
        answer.text
    )


def status(client: FlaskClient, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, answer.text


def test_an_auditor_sees_badge_numbers_and_no_name(app: Flask, staffed: Ledger) -> None:
    client = app.test_client()
    scan(client, ANA)
    post(client, "/holds/Q-1/release", second=RUI)
    auditor = enter(app, make(staffed, "auditor")[1])
    for path in ("/people", f"/people/{ANA}", f"/people/{ANA}/change", "/people/mine"):
        assert status(auditor, path)[0] == 403
    auditor.set_cookie("step", "packing", domain="workshop.test")
    for path in ("/scan", "/api/scans/desk?stage=packing"):
        assert "Ana" not in status(auditor, path)[1]
    code, page = status(auditor, "/holds")
    assert (code, "confirmed by W-10014" in page, "Rui" in page) == (200, True, False)
    with look(staffed) as view:
        size = view.size
    for position in range(size):
        assert "Ana Lopes" not in status(auditor, f"/ledger/{position}")[1]


def test_a_device_shows_the_page_without_the_scans(app: Flask, staffed: Ledger) -> None:
    scan(app.test_client(), ANA)
    device = enter(app, make(staffed, "device", stage="packing")[1])
    code, page = status(device, f"/people/{ANA}")
    assert (code, "your scans are not shown here" in page, "pc-7" in page) == (200, True, False)
    assert [status(device, path)[0] for path in ("/people", f"/people/{ANA}/change")] == [403, 403]


# --- the second pair of eyes ---------------------------------------------------------------------


def test_two_confirm_and_the_record_says_who(client: FlaskClient, staffed: Ledger) -> None:
    asked = client.get("/holds/Q-1/release").text
    assert "Two confirm here: let the second person scan the badge" in words(asked)
    assert post(client, "/holds/Q-1/release", reason="sewn", second=" 10014 ") == (
        303,
        "/holds/Q-1",
    )
    assert {name: one.by for name, one in released(staffed).items()} == {"Q-1": key_of(RUI)}
    assert "confirmed by Rui (W-10014)" in words(client.get("/holds").text)
    assert "confirmed by Rui (W-10014)." in words(client.get("/holds/Q-1").text)
    assert "Confirmed: Q-1 is free again" in words(client.get(f"/people/{RUI}").text)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ("", "Two confirm here: scan or type the badge of a second person."),
        ("10007", "“10007” is no badge of this workshop: expected the number on the badge."),
        ("B-10006", "“B-10006” is no badge of this workshop"),
        (
            LI,
            "W-10022 belongs to somebody who no longer works here: another person must confirm.",
        ),
        (ANA, "That is your own badge: a second person must confirm."),
    ],
)
def test_a_badge_that_will_not_do_is_said_in_one_sentence(
    client: FlaskClient, staffed: Ledger, second: str, sentence: str
) -> None:
    staff.change(staffed, key_of(LI), by="admin", is_active=False)
    post(client, f"/people/{ANA}/change", what="me")
    code, told = post(client, "/holds/Q-1/release", reason="sewn", second=second)
    assert (code, sentence in told) == (422, True)
    assert released(staffed) == {}


def test_who_is_not_me_any_more_may_be_the_second(client: FlaskClient, staffed: Ledger) -> None:
    post(client, f"/people/{ANA}/change", what="me")
    assert "This is you" in words(client.get("/people").text)
    post(client, f"/people/{ANA}/change", what="not-me")
    assert post(client, "/holds/Q-1/release", second=ANA)[0] == 303


def test_one_person_confirms_alone_and_it_is_listed(client: FlaskClient, staffed: Ledger) -> None:
    for badge in (RUI, LI):
        staff.change(staffed, key_of(badge), by="admin", is_active=False)
    assert "You confirm alone. The record says so." in words(client.get("/holds/Q-1/release").text)
    assert "Nobody confirmed alone" in words(client.get("/holds?confirmed=alone").text)
    post(client, "/holds/Q-1/release", reason="sewn")
    assert {name: one.by for name, one in released(staffed).items()} == {"Q-1": "alone"}
    assert "Q-1: hole Ines · confirmed alone" in words(client.get("/holds?confirmed=alone").text)


def test_older_releases_say_nothing_of_a_second(client: FlaskClient, staffed: Ledger) -> None:
    staffed.append([Draft("hold", "release:Q-1", {"type": "release", "id": "Q-1"})])
    assert "second person: not said" in words(client.get("/holds").text)
    assert "Q-1: hole" not in words(client.get("/holds?confirmed=alone").text)
    assert "/holds?confirmed=alone" in client.get("/ledger").text


# --- words and screens ---------------------------------------------------------------------------


def test_every_word_goes_through_the_catalogue(
    make_app: MakeApp, pseudo_client: FlaskClient, staffed: Ledger
) -> None:
    scan(make_app().test_client(), ANA)
    staff.change(staffed, key_of(RUI), by="admin", is_active=False)
    facts = [
        *("Ana Lopes", "Rui", "李娜", "W-", "English", "Porto", "Esperanto", "中文", "R-77"),
        *("Q-1", "hole", "Ines", "Packing", "pc-7"),
    ]
    for path in (
        "/people?added=2&known=1",
        f"/people/{ANA}",
        f"/people/{ANA}/change?saved=1",
        f"/people/{ANA}/change?aside=open",
        f"/people/{RUI}/change",
        f"/people/{ANA}/erase",
        "/people/mine?badge=77",
        "/holds/Q-1/release",
        "/holds?confirmed=alone",
    ):
        page = pseudo_client.get(path)
        assert (path, page.status_code) in [(path, 200), (path, 404)]
        assert (path, literals(page.text, facts)) == (path, [])


AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@pytest.fixture
def address(app: Flask, staffed: Ledger) -> Iterator[str]:
    """The pages of the staffed workshop, served on this PC."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
def test_the_second_badge_is_scanned_wherever_the_cursor_is(
    browser: Browser, address: str, staffed: Ledger
) -> None:
    with open_page(browser) as page:
        page.goto(f"{address}/holds/Q-1/release")
        page.locator("#field-reason").fill("sewn again")
        with page.expect_navigation():
            wedge(page, RUI)
        assert "confirmed by Rui (W-10014)" in page.inner_text("main")
    assert released(staffed)["Q-1"].person == key_of(RUI)


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_pages_fit_and_can_be_read_by_everybody(
    browser: Browser, address: str, size: str
) -> None:
    with open_page(browser, size, "dark", bypass_csp=True) as page:
        for path in ("/people", f"/people/{LI}", f"/people/{ANA}/change", f"/people/{ANA}/erase"):
            page.goto(f"{address}{path}")
            page.add_script_tag(path=AXE)
            found = page.evaluate("() => axe.run()")["violations"]
            assert (path, sideways(page), [one["id"] for one in found]) == (path, 0, [])
