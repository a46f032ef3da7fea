"""The page of prefixes and serials: quiet, quick to undo, and in every language."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.web.pseudo import literals
from traceability.commissioning import prefixes
from traceability.commissioning.blocks import given
from traceability.commissioning.serials import allocate
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import look

PRODUCT = "/01/09506000134352"
PAGE = "/labels/company"


def post(client: FlaskClient, path: str, **form: str) -> tuple[int, str]:
    client.get(PAGE)
    with client.session_transaction() as session:
        form["csrf"] = session["csrf"]
    answer = client.post(path, data=form)
    return answer.status_code, answer.location or unescape(answer.text)


def known(ledger: Ledger) -> tuple[str, ...]:
    with look(ledger) as view:
        return prefixes.known(view).prefixes


def enter_product(ledger: Ledger) -> None:
    ledger.append([master_draft("product", PRODUCT, {"name": "Overshirt"}, by="admin")])


def text(client: FlaskClient, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.text)


def test_an_empty_workshop_lacks_nothing(client: FlaskClient) -> None:
    said = text(client)
    assert "None so far" in said
    assert "Company prefixes</h2>" not in said


def test_what_is_typed_shows_at_once_what_it_does(client: FlaskClient, ledger: Ledger) -> None:
    said = text(client, f"{PAGE}?prefix=9506000")
    assert "<b>09506000134352</b> is written as" in said
    assert "urn:epc:id:sgtin:9506000.013435.1" in said
    assert known(ledger) == (), "looking enters nothing"


def test_the_example_is_one_of_the_workshops_own_products(
    client: FlaskClient, ledger: Ledger
) -> None:
    ledger.append([master_draft("product", "/01/04012345678901", {"name": "x"}, by="admin")])
    assert "urn:epc:id:sgtin:401234.0567890.1" in text(client, f"{PAGE}?prefix=401234")
    foreign = text(client, f"{PAGE}?prefix=614141")
    assert "urn:epc:id:sgtin:614141.0000000.1" in foreign
    assert "04012345678901 does not, for instance" in foreign


@pytest.mark.parametrize("typed", ["9", "95060"])
def test_who_is_still_typing_is_not_corrected(client: FlaskClient, typed: str) -> None:
    said = text(client, f"{PAGE}?prefix={typed}")
    assert "is no company prefix" not in said
    assert "is written as" not in said


def test_a_prefix_is_entered_ended_and_brought_back(client: FlaskClient, ledger: Ledger) -> None:
    assert post(client, PAGE, prefix=" 950-6000", owner="Porto Knit") == (303, PAGE)
    assert known(ledger) == ("9506000",)
    said = text(client)
    assert "Porto Knit" in said
    assert "urn:epc:id:sgtin:9506000.013435.1" in said
    assert post(client, f"{PAGE}/9506000/end") == (303, f"{PAGE}?ended=9506000")
    assert known(ledger) == ()
    undo = text(client, f"{PAGE}?ended=9506000")
    assert "9506000 is used no more." in undo
    assert 'name="owner" value="Porto Knit"' in undo
    post(client, PAGE, prefix="9506000", owner="Porto Knit")
    assert known(ledger) == ("9506000",)
    assert "is used no more" not in text(client, f"{PAGE}?ended=9506000")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type the prefix that stands on the certificate from GS1."),
        ("12345", "12345 is no company prefix: it has 6 to 12 digits."),
        ("PORTO", "PORTO is no company prefix: it has 6 to 12 digits."),
        ("2012345", "2012345 cannot be a company prefix: numbers that begin so are for use inside"),
        ("<script>", "<script> is no company prefix"),
    ],
)
def test_what_is_no_prefix_stays_in_the_field_with_a_sentence(
    client: FlaskClient, ledger: Ledger, typed: str, sentence: str
) -> None:
    status, said = post(client, PAGE, prefix=typed, owner="x")
    assert status == 422
    assert sentence in said
    assert known(ledger) == ()


def test_who_got_which_serials_is_listed(client: FlaskClient, ledger: Ledger) -> None:
    enter_product(ledger)
    for count in (500, 500):
        allocate(ledger, PRODUCT, count, holder="dock", by="dock")
    allocate(ledger, PRODUCT, 20, holder="labels", by="admin", purpose="118")
    said = text(client)
    assert "1 – 1000" in said, "blocks of one holder that follow one another are one line"
    assert "1001 – 1020" in said
    assert "1,020 numbers given out" in said.replace("\u202f", ",").replace("\xa0", ",")
    assert "Overshirt" in said


def test_a_new_range_is_begun_by_hand(client: FlaskClient, ledger: Ledger) -> None:
    allocate(ledger, PRODUCT, 5, holder="dock", by="dock")
    status, where = post(client, f"{PAGE}/range")
    assert status == 303
    start = int(where.split("began=")[1].split("#")[0])
    assert f"begin at {start}." in text(client, where.split("#")[0])
    allocate(ledger, PRODUCT, 5, holder="dock", by="dock")
    with look(ledger) as view:
        assert [one.first for one in given(view, PRODUCT)] == [1, start]


def test_no_visible_word_is_a_literal(pseudo_client: FlaskClient, ledger: Ledger) -> None:
    enter_product(ledger)
    prefixes.enter(ledger, "9506000", by="admin", owner="Porto")
    prefixes.enter(ledger, "614141", by="admin")
    prefixes.end(ledger, "614141", by="admin")
    allocate(ledger, PRODUCT, 5, holder="dock", by="admin", purpose="118")
    facts = ["Porto", "Overshirt", "dock", "urn:epc:id:sgtin:9506000.013435.1",
             "urn:epc:id:sgtin:401234.0000000.1"]  # fmt: skip
    for query in ("", "?prefix=401234&ended=614141&began=77", "?prefix=20123456"):
        assert literals(pseudo_client.get(PAGE + query).text, facts) == []
