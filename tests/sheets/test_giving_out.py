"""What is given out and taken in again changes nothing; what was taken in shows in the stock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import text

from tests.ledger.books import database_of
from tests.sheets.desk import NAMESPACE, planned, sentences, taken, workshop
from traceability.ledger.append import Ledger
from traceability.projections.people import people
from traceability.projections.rebuild import rebuild
from traceability.projections.stock import stock
from traceability.projections.view import look
from traceability.sheets.export import Form, blank, export, write_sheet
from traceability.sheets.headings import Kind

ORDERS = (
    "Order,Title,Customer,City,Due,Style,Name,Colour,Size,EAN,Qty\n"
    "118,Autumn,=cmd|calc,Porto,2026-12-07,A1,Overshirt,navy,S,6901234567892,10\n"
    "118,Autumn,=cmd|calc,Porto,2026-12-07,A1,Overshirt,navy,2XL,,20\n"
    "119,,+Beck,,,B-2,,off-white/ecru,,,7\n"
    "120,,Caffè 咖啡,,2026-12-24,B,2-off,white-ecru,均码,,1240\n"
)
STOCK = "Place,Style,Colour,Size,Qty\nShelf,A1,navy,S,40\nShelf,A1,navy,M,7\nStore,A1,navy,S,3\n"
ROLLS = (
    "Place;Roll;Material;Metres;Dye lot;Supplier\nShelf;4711;Twill 240 g;92,5;7;Ave\n"
    "Shelf;00412;Canvas;80;8;Ave\n"
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = workshop(tmp_path)
    taken(made, ORDERS)
    taken(made, "Name,Kind\nShelf,store\n@Store,shop\n", "places")
    taken(made, "Name,Language\nAna Lopes,pt\n李雷,zh\n", "people")
    taken(made, STOCK, "stock")
    taken(made, ROLLS, "stock")
    return made


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("orders", "list"),
        ("orders", "matrix"),
        ("products", "list"),
        ("places", "list"),
        ("people", "list"),
        ("stock", "list"),
    ],
)
def test_what_is_given_out_changes_nothing(
    ledger: Ledger, kind: Kind, form: Form, ending: Literal["xlsx", "csv"], language: str
) -> None:
    with look(ledger) as view:
        sheet = export(view, kind, form, language)
    made = planned(ledger, write_sheet(sheet, ending), kind)
    assert (sentences(made), made.written()) == ([], [])
    assert len(made.changes) >= 2


@pytest.mark.parametrize("kind", ["orders", "products", "places", "people", "stock"])
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_blank_sheets_have_headings_that_are_understood(
    ledger: Ledger, kind: Kind, language: str
) -> None:
    for form in ("list", "matrix"):
        made = planned(ledger, write_sheet(blank(kind, form, language), "xlsx"), kind)
        assert (sentences(made), made.questions, made.changes) == ([], [], [])


def test_no_name_becomes_a_formula(ledger: Ledger) -> None:
    with look(ledger) as view:
        rows = write_sheet(export(view, "orders", "list", "en"), "csv").decode("utf-8-sig")
    assert "'=cmd|calc" in rows
    assert "'+Beck" in rows
    assert ",=cmd" not in rows


def test_the_same_sheets_again_change_nothing(ledger: Ledger) -> None:
    size = ledger.size
    for sheet, kind in ((ORDERS, "orders"), (STOCK, "stock"), (ROLLS, "stock")):
        assert taken(ledger, sheet, kind).entries == 0  # type: ignore[arg-type]  # a known word
    assert ledger.size == size


def figures(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    with look(ledger) as view:
        return [
            (line.place.name, line.product.name, f"{line.quantity:f}", line.uom)
            for line in stock(view)
        ]


def test_opening_stock_is_counted_marked_and_corrected(ledger: Ledger) -> None:
    before = [
        ("Shelf", "A1, navy, M", "7", ""),
        ("Shelf", "Canvas", "80", "MTR"),
        ("Shelf", "Overshirt, navy, S", "40", ""),
        ("Shelf", "Twill 240 g", "92.5", "MTR"),
        ("Store", "Overshirt, navy, S", "3", ""),
    ]
    assert figures(ledger) == before
    taken(ledger, STOCK.replace(",40", ",41"), "stock")
    taken(ledger, ROLLS.replace("92,5", "90"), "stock")
    assert figures(ledger) == [
        before[0],
        before[1],
        ("Shelf", "Overshirt, navy, S", "41", ""),
        ("Shelf", "Twill 240 g", "90", "MTR"),
        before[4],
    ]
    rebuild(ledger)
    assert ("Shelf", "Twill 240 g", "90", "MTR") in figures(ledger)
    with database_of(ledger).read() as connection:
        bodies = [
            json.loads(one) for one in connection.execute(text("SELECT body FROM body")).scalars()
        ]
    events = [one for one in bodies if one.get("type") == "ObjectEvent"]
    assert {one["https://hangtag.invalid/voc/reason"] for one in events} == {"from-before"}
    assert sum("errorDeclaration" in one for one in events) == 2


def test_names_of_people_stay_out_of_the_record(ledger: Ledger) -> None:
    with look(ledger) as view:
        assert [(one.name, one.language) for one in people(view)] == [
            ("Ana Lopes", "pt"),
            ("李雷", "zh_Hans"),
        ]
        assert all(one.key.startswith(f"//{NAMESPACE}/obj/W-") for one in people(view))
    with database_of(ledger).read() as connection:
        bodies = connection.execute(text("SELECT body FROM body")).scalars().all()
    assert not any(b"Lopes" in bytes(one) for one in bodies)


def test_a_line_that_is_no_longer_in_the_sheet_goes(ledger: Ledger) -> None:
    without = "\n".join(line for line in ORDERS.splitlines() if "2XL" not in line)
    made = planned(ledger, without)
    assert [
        (one.name, one.differences[0].of, one.differences[0].new) for one in made.written()
    ] == [("118", "Overshirt, navy, 2XL", "0")]


def test_words_with_hyphens_do_not_become_one_product(ledger: Ledger) -> None:
    made = planned(ledger, "Order,Style,Colour,Qty\n1,B,2-off,1\n1,B-2,off,1\n")
    keys = [one.key for one in made.of("product")]
    assert len(set(keys)) == 2
