"""Printers that are written to directly: offered where there is one, honest about what is out."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import zxingcpp
from flask.testing import FlaskClient

from tests.labels.conftest import NAMESPACE
from tests.labels.test_label_pages import post, sentence
from traceability.labels import garments, tickets
from traceability.ledger.append import Ledger
from traceability.printers.emulated.printer import EmulatedPrinter
from traceability.printers.known import Printer, enter_printer, printers
from traceability.projections.entering import master_draft
from traceability.projections.items import item
from traceability.projections.view import look

GTIN = "/01/09521141001011"
SHEET = "/labels/print?what=ticket&order=118&paper=60x40"


@pytest.fixture
def zebra() -> Iterator[EmulatedPrinter]:
    """A printer on a port of this PC."""
    with EmulatedPrinter("zpl") as made:
        yield made


def send(client: FlaskClient, printer: str, **more: str) -> str:
    """Begin a run of order 118's tickets; return the page of its job once it is over."""
    form = {"what": "ticket", "order": "118", "size": "60x40", "printer": printer, **more}
    status, address, page = post(client, "/labels/send", "/labels", **form)
    assert status == 303, page
    for _ in range(100):
        shown = client.get(address).text
        if "hx-trigger" not in shown:
            return shown
        time.sleep(0.1)
    raise AssertionError("the job does not end")


def test_no_page_speaks_of_such_printers_until_there_is_one(
    client: FlaskClient, ledger: Ledger
) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    assert "Directly to a label printer" not in client.get(SHEET).text
    enter_printer(ledger, Printer("Packing", "tcp://127.0.0.1:9"), by="admin")
    page = client.get(SHEET).text
    assert "Directly to a label printer" in page
    assert "Print on Packing" in page


def test_a_printer_is_added_by_its_bare_address_and_removed(
    client: FlaskClient, ledger: Ledger
) -> None:
    form = {"name": "Packing", "address": "192.168.1.50", "language": "tspl", "dpi": "300"}
    assert post(client, "/labels/printers", **form)[0] == 303
    with look(ledger) as view:
        [one] = printers(view)
    assert (one.address, one.language, one.dpi) == ("tcp://192.168.1.50", "tspl", 300)
    assert "Packing" in client.get("/labels/printers").text
    assert post(client, "/labels/printers/remove", "/labels/printers", name="packing")[0] == 303
    with look(ledger) as view:
        assert printers(view) == []


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("", "192.168.1.50", "Cannot call a printer ''"),
        ("A\x07", "192.168.1.50", "Cannot call a printer 'A\\x07'"),
        ("A", "nowhere at all", "Cannot read"),
        ("A", "ftp://192.168.1.50", "Cannot read 'ftp://192.168.1.50' as the address of a printer"),
        ("A", "x" * 10_000, "as the address of a printer"),
    ],
)
def test_a_printer_that_cannot_be_is_told_in_one_sentence(
    client: FlaskClient, ledger: Ledger, name: str, address: str, said: str
) -> None:
    size = ledger.size
    status, _, page = post(client, "/labels/printers", name=name, address=address)
    assert (status, ledger.size) == (422, size)
    assert said in sentence(page)


def test_a_run_comes_out_of_the_printer_and_writes_nothing(
    client: FlaskClient, ledger: Ledger, zebra: EmulatedPrinter
) -> None:
    made = tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    enter_printer(ledger, Printer("Packing", zebra.address), by="admin")
    size = ledger.size
    page = send(client, "Packing")
    assert "of 20 labels are out" in page
    assert "all out" in page
    read = [
        {one.text for one in zxingcpp.read_barcodes(sheet.picture.convert("L"))}
        for sheet in zebra.wait_sheets(20)
    ]
    assert read == [{one.text} for one in made]
    assert ledger.size == size


def test_paper_that_ends_is_told_and_the_run_goes_on_with_the_same_numbers(
    client: FlaskClient, ledger: Ledger, zebra: EmulatedPrinter
) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    enter_printer(ledger, Printer("Packing", zebra.address), by="admin")
    size = ledger.size
    zebra.paper_for(7)
    page = send(client, "Packing")
    assert "The printer is out of paper: put a roll in." in page
    skip = re.search(r'name="skip" value="(\d+)"', page)
    go_on = re.search(r"Go on from (B-\d+)", page)
    assert skip is not None
    assert go_on is not None
    assert 0 < int(skip[1]) <= 7
    zebra.solve()
    assert "all out" in send(client, "Packing", skip=skip[1])
    assert ledger.size == size


def test_a_printer_that_is_not_there_is_told(client: FlaskClient, ledger: Ledger) -> None:
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    enter_printer(ledger, Printer("Packing", "tcp://127.0.0.1:9"), by="admin")
    page = send(client, "Packing")
    assert "look at the printer" in page
    assert sentence(page)


def test_a_printer_is_tried_with_one_label(
    client: FlaskClient, ledger: Ledger, zebra: EmulatedPrinter
) -> None:
    enter_printer(ledger, Printer("Packing", zebra.address), by="admin")
    status, address, _ = post(client, "/labels/printers/test", "/labels/printers", name="Packing")
    assert status == 303
    assert "Test label" in client.get(address).text
    [sheet] = zebra.wait_sheets(1)
    [found] = zxingcpp.read_barcodes(sheet.picture.convert("L"))
    assert found.text == "HANGTAG-TEST-7"


def test_a_chip_that_was_read_back_is_recorded_once_more_with_each_chip(
    client: FlaskClient, ledger: Ledger, zebra: EmulatedPrinter
) -> None:
    values = {"name": "Ribeira shirt", "style": "Ribeira shirt", "size": "S"}
    ledger.append([master_draft("product", GTIN, values, by="admin")])
    made = garments.make(ledger, garments.Wanted(GTIN, 2), by="admin")
    enter_printer(ledger, Printer("Encoder", zebra.address, has_rfid=True), by="admin")
    run = {"what": "hang-tag", "order": "", "product": GTIN, "from": made[0].key}
    size = ledger.size
    page = send(client, "Encoder", **run)
    assert "all out" in page
    assert ledger.size == size + 2
    with look(ledger) as view:
        card = item(view, made[0].key)
    assert card is not None
    assert card.is_active
    again = send(client, "Encoder", **run, to=made[0].key)
    assert "of 1 label is out" in again
    assert ledger.size == size + 3


def test_only_the_owner_sees_printers(client: FlaskClient) -> None:
    assert client.get("/labels/sending/nothing").status_code == 404
    form = {"what": "ticket", "order": "118", "size": "60x40", "printer": "None"}
    assert post(client, "/labels/send", "/labels", **form)[0] in (400, 404)
