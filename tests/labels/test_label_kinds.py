"""Hang-tags, roll labels, carton labels: printed once, printed again, as pages and as files."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from itertools import product as pairs

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Browser

from tests.labels.conftest import NAMESPACE, enter_order
from tests.labels.test_label_pages import codes, post, sentence
from tests.labels.worn import printed, read
from tests.web.browser import open_page, sideways
from traceability.commissioning import prefixes
from traceability.gs1 import identify
from traceability.labels import garments, logistic_units, rolls, tickets
from traceability.labels.issuing import Wish, issue
from traceability.labels.sheet import find_paper
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import look

GTIN = "/01/09521141001011"
LINK = "https://id.gs1.org"
POINTS_PER_MM = 72 / 25.4


@pytest.fixture(autouse=True)
def stocked(ledger: Ledger) -> None:
    """Order 130 of a product with a barcode number, three rolls."""
    values = {"name": "Ribeira shirt, ecru, S", "style": "Ribeira shirt", "size": "S"}
    drafts = [master_draft("product", GTIN, values, by="admin")]
    for code, lot in (("4711", "7"), ("4712", "7"), ("LX-22 A", "12")):
        known = {
            "code": code, "amount": "92.5", "unit": "MTR", "dye_lot": lot, "material": "Twill",
        }  # fmt: skip
        key = f"//{NAMESPACE}/class/R-{code}"
        drafts.append(master_draft("roll", key, known, by="admin"))
    ledger.append(drafts)
    enter_order(ledger, "130", {GTIN: 25})


def squares(client: FlaskClient, address: str) -> list[str]:
    """Return what the labels of a PNG archive say in their square codes."""
    answer = client.get(address.partition("#")[0].replace("/print?", "/print.png?"))
    assert answer.status_code == 200, answer.text
    if answer.mimetype == "image/png":
        pictures = [answer.data]
    else:
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            pictures = [archive.read(name) for name in sorted(archive.namelist())]
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    found = []
    for data in pictures:
        image = Image.open(io.BytesIO(data)).convert("L")
        found += [one.text for one in zxingcpp.read_barcodes(image, formats=formats)]
    return found


# --- hang-tags -----------------------------------------------------------------------------------


def test_an_orders_garments_get_serials_once(client: FlaskClient, ledger: Ledger) -> None:
    form = "/orders/130/hang-tags"
    address = post(client, form, paper="60x40")[1]
    size = ledger.size
    assert len(codes(client, address)) == 25
    assert post(client, form, paper="60x40")[0] == 303
    with look(ledger) as view:
        keys = [one.key for one in garments.of_order(view, "130")]
    assert squares(client, address) == [LINK + key for key in keys]
    torn = post(client, form, on=keys[20])[1]
    assert squares(client, torn) == [LINK + key for key in keys[20:]]
    assert ledger.size == size


def test_more_ordered_means_more_numbered(client: FlaskClient, ledger: Ledger) -> None:
    post(client, "/orders/130/hang-tags")
    enter_order(ledger, "130", {GTIN: 30})
    assert "Print 5 hang-tags" in client.get("/orders/130/hang-tags").text
    address = post(client, "/orders/130/hang-tags", paper="60x40")[1]
    assert len(codes(client, address)) == 5


def test_garments_of_a_product_of_ones_own_get_codes_that_can_be_typed(
    client: FlaskClient, ledger: Ledger
) -> None:
    shirt = f"//{NAMESPACE}/class/P-Overshirt-navy-S"
    address = post(client, "/labels/hang-tags", product=shirt, count="3", paper="50x30")[1]
    assert squares(client, address) == ["G-10006", "G-10014", "G-10022"]
    size = ledger.size
    again = post(client, "/labels", first="10014", reach="on", paper="50x30")[1]
    assert squares(client, again) == ["G-10014", "G-10022"]
    assert ledger.size == size


def test_products_are_offered_once_in_wearing_order(client: FlaskClient, ledger: Ledger) -> None:
    named = {
        f"//{NAMESPACE}/class/P-tee-{size}": {"name": f"Tee, white, {size}", "size": size}
        for size in ("L", "M", "S", "XL")
    }
    brand = {"/01/05449000000996": {"name": "Tee, white, S", "same_as": next(iter(named))}}
    drafts = [master_draft("product", *one, by="admin") for one in (named | brand).items()]
    ledger.append(drafts)
    offered = re.findall(r"Tee, white, (\w+)</option>", client.get("/labels/hang-tags").text)
    assert offered == ["S", "M", "L", "XL"]


@pytest.mark.parametrize("count", ["0", "-1", "2001", "many", "1.5", ""])
def test_a_number_of_garments_that_cannot_be_is_refused(
    client: FlaskClient, ledger: Ledger, count: str
) -> None:
    before = ledger.size
    status, _, page = post(client, "/labels/hang-tags", product=GTIN, count=count)
    said = f"Cannot number {count or 0} garments: expected a whole number from 1 to 2000."
    assert (status, sentence(page), ledger.size) == (422, said, before)


def test_an_order_marked_singly_offers_hang_tags_on_its_page(
    client: FlaskClient, ledger: Ledger
) -> None:
    assert "hang-tags" not in client.get("/orders/130").text
    values = {"number": "131", "marked": "rfid", "lines": [{"product": GTIN, "pieces": 4}]}
    ledger.append([master_draft("order", f"//{NAMESPACE}/bt/131", values, by="admin")])
    assert "0 printed, 4 missing" in client.get("/orders/131").text
    assert "/orders/131/hang-tags" in client.get("/orders/131").text


# --- rolls and cartons ---------------------------------------------------------------------------


def test_rolls_get_labels_that_say_their_names(client: FlaskClient, ledger: Ledger) -> None:
    size = ledger.size
    with look(ledger) as view:
        have = rolls.listed(view)
    assert [(one.code, one.amount) for one in have] == [
        (code, Decimal("92.5")) for code in ("LX-22 A", "4712", "4711")
    ]
    all_of_them = post(client, "/labels/rolls", all="1", copies="2")[1]
    assert squares(client, all_of_them) == [f"R-{one.code}" for one in have for _ in range(2)]
    one = post(client, "/labels", first="4712", reach="one")[1]
    assert squares(client, one) == ["R-4712"]
    assert ledger.size == size


def test_nothing_speaks_of_sscc_until_a_prefix_is_entered(
    client: FlaskClient, ledger: Ledger
) -> None:
    for path in ("/labels", "/labels/cartons", "/labels/hang-tags"):
        assert not re.search(r"SSCC|GS1|prefix<", client.get(path).text), path
    plain = client.get("/labels/cartons?number=sscc").text
    assert "(00)" not in plain
    prefixes.enter(ledger, "9521141", by="admin")
    assert "SSCC" in client.get("/labels/cartons").text
    address = post(client, "/labels/cartons", number="sscc", count="2", order="118")[1]
    with look(ledger) as view:
        keys = sorted(logistic_units.listed(view))
        assert view.master("carton", keys)[keys[0]]["order"] == "118"
    assert keys == [identify(f"(00){logistic_units.sscc('9521141', one)}").key for one in (0, 1)]
    assert len(codes(client, address)) == 2
    again = post(client, "/labels", first=f"(00){keys[1][4:]}", reach="one", paper="105x148")[1]
    assert codes(client, again) == [keys[1][4:]]


def test_kinds_of_other_sizes_keep_papers_of_their_own(client: FlaskClient, ledger: Ledger) -> None:
    prefixes.enter(ledger, "9521141", by="admin")
    post(client, "/orders/118/tickets", paper="a4-4x10")
    post(client, "/labels/cartons", number="sscc", count="1", paper="101.6x152.4")
    pages = {
        path: re.findall(r'name="paper"[^>]* value="([^"]+)" checked', client.get(path).text)
        for path in ("/orders/118/tickets", "/labels/cartons?number=sscc", "/labels/rolls")
    }
    assert [found[0] for found in pages.values()] == ["a4-4x10", "101.6x152.4", "a4-2x7"]


# --- what a code names ---------------------------------------------------------------------------


def test_two_codes_of_different_kinds_make_no_range(client: FlaskClient, ledger: Ledger) -> None:
    [ticket, *_] = tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    status, _, page = post(client, "/labels", first=ticket.text, last="4711", reach="range")
    said = "The two codes are of different kinds of labels: give two of one kind."
    assert (status, sentence(page)) == (422, said)


@pytest.mark.parametrize("path", ["ticket", "roll", "garment", "carton"])
def test_the_page_of_a_thing_offers_its_label(
    client: FlaskClient, ledger: Ledger, path: str
) -> None:
    [ticket, *_] = tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    [carton] = issue(ledger, lambda _view: [Wish("C", {})], by="admin")
    garment = garments.make(ledger, garments.Wanted(GTIN, 1), by="admin")[0]
    things = {
        "ticket": f"/class/{ticket.text}",
        "roll": "/class/R-4711",
        "garment": garment.key,
        "carton": f"/obj/{carton.text}",
    }
    page = client.get(things[path]).text
    found = re.search(r'href="(/labels/one\?of=[^"]+)"', page)
    if path == "garment":
        # A garment that nobody has seen yet has no page of its own; its code prints it.
        address = f"/labels/one?of={garment.key}"
    else:
        assert found is not None, page
        address = found[1]
    shown = client.get(address)
    assert shown.status_code == 200
    status, sheet, _ = post(client, "/labels/one", address, of=address.partition("=")[2])
    assert (status, len(codes(client, sheet))) == (303, 1)


def test_what_has_no_label_has_no_page_for_one(client: FlaskClient) -> None:
    for said in ("nothing", "/01/09521141001011", "9" * 5_000, "%00%1b"):
        assert client.get(f"/labels/one?of={said}").status_code == 404, said


# --- files and paper -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/orders/118/tickets", {}),
        ("/orders/130/hang-tags", {}),
        ("/labels/rolls", {"all": "1"}),
        ("/labels/cartons", {"count": "3"}),
    ],
)
def test_every_kind_comes_as_pdf(client: FlaskClient, path: str, form: dict[str, str]) -> None:
    address = post(client, path, **form, paper="a4-2x7", **{"start-a4-2x7": "4"})[1]
    answer = client.get(address.partition("#")[0].replace("/print?", "/print.pdf?"))
    assert answer.mimetype == "application/pdf"
    boxes = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", answer.data)
    assert {tuple(round(float(side) / POINTS_PER_MM) for side in box) for box in boxes} == {
        (210, 297)
    }


def test_the_page_that_tries_the_printer_comes_as_pdf(client: FlaskClient) -> None:
    answer = client.get("/labels/test.pdf?paper=a4-3x8")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "name"), [("/orders/130/hang-tags", "60x40"), ("/labels/rolls", "100x50")]
)
def test_the_browser_prints_each_label_on_its_page(
    client: FlaskClient, address: str, browser: Browser, path: str, name: str
) -> None:
    sheet = post(client, path, **({"all": "1"} if "rolls" in path else {}), paper=name)[1]
    url = address + sheet.partition("#")[0]
    with open_page(browser) as page:
        page.goto(url)
        data = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", data)
    wide, high = (side * POINTS_PER_MM for side in find_paper(name).page)
    assert boxes
    for box in boxes:
        assert float(box[0]) == pytest.approx(wide, abs=1)
        assert float(box[1]) == pytest.approx(high, abs=1)
    picture = printed(browser, url, find_paper(name), dots_per_mm=8)
    assert read(picture, zxingcpp.BarcodeFormat.QRCode) == squares(client, sheet)[:1]


PAGES = ("/labels", "/labels/hang-tags", "/orders/130/hang-tags", "/labels/rolls",
         "/labels/cartons", "/labels/printers", "/labels/one?of=4711")  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize(("path", "language"), [*pairs(PAGES, ("en", "zh_Hans"))])
def test_no_page_of_labels_is_wider_than_a_phone(
    address: str, browser: Browser, path: str, language: str
) -> None:
    with open_page(browser, "small") as page:
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
        assert sideways(page) == 0


@pytest.mark.browser
def test_to_say_the_last_label_is_to_mean_as_far_as_that_one(
    address: str, browser: Browser
) -> None:
    with open_page(browser) as page:
        page.goto(f"{address}/labels")
        page.get_by_label("Code of the last label").fill("10022")
        assert page.locator("#again input[value=range]").is_checked()


@pytest.mark.browser
def test_the_preview_follows_the_paper(address: str, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(f"{address}/orders/130/hang-tags")
        for name, width in (("60x40", "60mm"), ("50x80", "50mm")):
            page.locator(f'[id="paper-{name}"]').check()
            page.wait_for_selector(f'#preview svg[width="{width}"]')
        page.get_by_label("Twice as large").check()
        page.wait_for_timeout(300)
        wide = page.locator("#preview svg").evaluate("(one) => one.getBoundingClientRect().width")
        assert wide == pytest.approx(2 * 50 * 96 / 25.4, abs=2)
