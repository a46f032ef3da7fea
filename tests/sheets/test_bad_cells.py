"""Each mistake is one sentence that names the cell and says what to do; nothing is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.sheets.desk import NOW, orders_of, planned, sentences, taken, workbook, workshop
from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.projections.view import look
from traceability.sheets.book import read_book
from traceability.sheets.choices import Choices
from traceability.sheets.headings import Kind

HEAD = "Order,Customer,Due,Style,Colour,Size,EAN,Qty"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return workshop(tmp_path_factory.mktemp("bad"))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "118,A,,A1,navy,M,,0",
            "H2 says 0 pieces. Write how many, or take the row out of the sheet.",
        ),
        (
            "118,A,,A1,navy,M,,-3",
            "H2 says -3: less than nothing cannot be ordered. Write how many are to be made.",
        ),
        ("118,A,,A1,navy,M,,2.5", "H2 says 2.5: pieces are whole. Write a whole number."),
        ("118,A,,A1,navy,M,,ten", "H2 says ten: expected a number of pieces, such as 40."),
        ("118,A,,A1,navy,M,,", "H2: no pieces are given. Write how many, or take the row out."),
        ("118,A,,A1,navy,M,,99999999999", "H2 says 99999999999: expected at most 10000000."),
        (
            "118,A,,A1,navy,XXXL?,,4",
            "F2: XXXL? is not in the list of sizes. Write the size, or keep it as it is.",
        ),
        (
            "118,A,soon,A1,navy,M,,4",
            "C2 says soon: expected a day with its year, from 2000 to 2100, such as 2026-03-05.",
        ),
        (
            "118,A,3月5日,A1,navy,M,,4",
            "C2 says 3月5日: expected a day with its year, from 2000 to 2100, such as 2026-03-05.",
        ),
        (",A,,A1,navy,M,,4", "A2: this row belongs to no order. Write the order's number."),
        ("118,A,,,navy,M,,4", "D2: this row names no style. Write what is to be made."),
        ("118,A,,#REF!,navy,M,,4", "D2 shows the spreadsheet's error #REF!. Write the value here."),
        (
            "118,A,,A1,navy,M,69O1234567892,4",
            "G2 says 69O1234567892: a barcode number has digits alone.",
        ),
        (
            "118,A,,A1,navy,M,6901234567893,4",
            (
                "G2 says 6901234567893: its last digit does not fit the others, so a digit is "
                "wrong or lost. Read it from the label again."
            ),
        ),
        (f"118,A,,{'A' * 90},navy,M,,4", "D2 has 90 characters: expected at most 80."),
    ],
)
def test_one_wrong_cell(ledger: Ledger, row: str, sentence: str) -> None:
    made = planned(ledger, f"{HEAD}\n{row}\n")
    assert sentences(made) == [sentence]
    with pytest.raises(Refused, match="Nothing was taken in"):
        taken(ledger, f"{HEAD}\n{row}\n")
    assert ledger.size == 1


@pytest.mark.parametrize(
    "number", ["..", "/118", "118/", "a/../b", "118/tickets", "118/snapshot.html", "export.csv"]
)
def test_a_number_that_leads_to_another_page(ledger: Ledger, number: str) -> None:
    [sentence] = sentences(planned(ledger, f"{HEAD}\n{number},A,,A1,navy,M,,4\n"))
    assert sentence.startswith(f"A2 says {number}: an order's number is not only dots")


@pytest.mark.parametrize("number", ["2026/118", "A.118", "118-1", "春/7"])
def test_numbers_with_slashes_and_dots_are_numbers(ledger: Ledger, number: str) -> None:
    assert sentences(planned(ledger, f"{HEAD}\n{number},A,,A1,navy,M,,4\n")) == []


def test_one_number_with_two_customers_or_two_days(ledger: Ledger) -> None:
    made = planned(
        ledger,
        f"{HEAD}\n118,Alder,2026-12-07,A1,navy,M,,4\n118,Beck,2026-12-07,A1,navy,S,,4\n"
        "118,Alder,2026-12-08,A1,navy,L,,4\n119,Alder,2026-12-08,A1,navy,L,,4\n",
    )
    assert [(one.cell, one.given, one.suggestion) for one in made.complaints] == [
        ("B3", "Beck", "Alder"),
        ("C4", "2026-12-08", "2026-12-07"),
    ]
    assert sentences(made)[0] == (
        "B3 says Beck for order 118, but B2 says Alder. One order has one customer and one day: "
        "correct one of them, or give the second order another number."
    )
    assert made.wrong == {"118"}


def test_a_code_that_became_a_day(ledger: Ledger) -> None:
    sheet = workbook(
        Orders=[
            ("Order", "Style", "Colour", "Size", "Qty"),
            (118, date(2026, 12, 10), "navy", date(2026, 10, 12), 4),
        ]
    )
    assert [(one.cell, one.given) for one in planned(ledger, sheet).complaints] == [
        ("B2", "2026-12-10"),
        ("D2", "2026-10-12"),
    ]


def test_a_row_and_an_order_whose_sum_is_another(ledger: Ledger) -> None:
    across = "Order,Style,S,M,Total\n118,A1,10,20,31\n"
    assert sentences(planned(ledger, across)) == [
        "E2 says 31, but the row adds up to 30. Correct the sum or a size."
    ]
    listed = (
        "Order,Style,Size,Qty,Total\n118,A1,S,10,30\n118,A1,M,20,30\n119,A1,S,5,6\n120,A1,S,5,5\n"
    )
    assert sentences(planned(ledger, listed)) == [
        "E4 says 6, but order 119 adds up to 5. Correct the sum or the pieces."
    ]
    money = "Order,Style,Size,Qty,Price,Total\n118,A1,S,10,3,30.00\n118,A1,M,20,3,60.00\n"
    assert sentences(planned(ledger, money)) == []


def test_two_columns_of_one_size(ledger: Ledger) -> None:
    made = planned(ledger, "Order,Style,S,M,M\n118,A1,10,20,3\n")
    assert sentences(made) == ["E1: size M stands above two columns. Name one of them otherwise."]


def test_the_same_product_twice_is_added_up_and_said(ledger: Ledger) -> None:
    made = planned(ledger, f"{HEAD}\n118,A,,A1,navy,M,,4\n118,A,,A1,Navy,m,,6\n")
    assert (sentences(made), orders_of(made)) == ([], {"118": {"A1, navy, M": 10}})
    assert [str(one) for one in made.remarks] == [
        "H2, H3 name the same product of order 118: their pieces are added up to 10."
    ]


def test_what_the_sheet_does_not_say_is_asked(ledger: Ledger) -> None:
    sheet = "Order;Due;Style;S;M\n118;03/04/2026;A1;1,000;12\n"
    made = planned(ledger, sheet)
    assert [(one.name, one.options, one.is_open) for one in made.asked] == [
        ("mark", ((".", "1000"), (",", "1")), True),
        ("days", (("dmy", "2026-04-03"), ("mdy", "2026-03-04")), True),
    ]
    with pytest.raises(Refused, match=r"^What does 1,000 mean\? Answer this first\.$"):
        taken(ledger, sheet)
    answered = planned(ledger, sheet, choices=Choices(days="mdy", mark=","))
    assert answered.is_ready
    assert answered.of("order")[0].values["due"] == "2026-03-04"
    assert orders_of(answered) == {"118": {"A1, S": 1, "A1, M": 12}}


def test_a_sheet_without_headings(ledger: Ledger) -> None:
    made = planned(ledger, "118,A1,navy,4\n119,B2,red,5\n")
    assert sentences(made) == [
        (
            "No row of headings was found. Expected one above the table, for example: "
            "Order, Customer, Due, Style, Colour, S, M, L, XL."
        )
    ]


def test_headings_of_another_language_are_shown_once(tmp_path: Path) -> None:
    ledger = workshop(tmp_path)
    sheet = "Tilaus;Malli;Väri;Koko;Määrä\n118;A1;navy;M;4\n"
    made = planned(ledger, sheet)
    assert [one.values["heading"] for one in made.questions] == [
        "Tilaus", "Malli", "Väri", "Koko", "Määrä",
    ]  # fmt: skip
    told = {
        "tilaus": "number", "malli": "style", "väri": "colour", "koko": "size", "määrä": "pieces",
    }  # fmt: skip
    taken(ledger, sheet, choices=Choices(columns=told))
    assert orders_of(planned(ledger, sheet)) == {"118": {"A1, navy, M": 4}}
    assert planned(ledger, sheet).written() == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "orders.csv is empty: expected a row of headings and rows below it."),
        (b"  \n\n", "orders.csv is empty: expected a row of headings and rows below it."),
        (b"%PDF-1.7 ...", "orders.csv is a picture or a PDF: the cells themselves are needed"),
        (b"PK\x03\x04 broken", "orders.csv is damaged and cannot be read. Save it once more."),
        (b"\xff\xfeA", "orders.csv is cut off or damaged at byte 2. Save it once more."),
        (b"abc\0def\0\1\2\3" * 9, "orders.csv is no text and no sheet"),
        (b"MIME-Version: 1.0\r\nX", "orders.csv is a web archive, not a sheet"),
        (b'{"a": 1}', "orders.csv is no sheet: expected .xlsx, .csv, or cells pasted as text."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "orders.csv is locked with a password. Save a copy without one, and drop that.",
        ),
        (b"a," * 600, "orders.csv is too large: expected at most 100000 rows, 500 columns"),
    ],
)
def test_files_that_are_no_sheet(data: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        read_book(data, "orders.csv")
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("kind", "sheet", "sentence"),
    [
        ("places", "Name,Kind\nShelf,store\nshelf,store\n", "A3: shelf stands in A2 already. "),
        ("people", "Name,Language\nAna,Klingon\n", "B2 says Klingon: expected one of en, "),
        ("people", "Name,Language\nAna,en\nana,en\n", "A3: ana stands in A2 already. "),
        ("products", "Style,EAN\nA1,123\n", "B2 says 123, 3 digits: a barcode number has 8, 12, "),
        ("stock", "Place,Style,Qty\n,A1,3\n", "A2: this row says no place. "),
        ("stock", "Place,Style,Qty\nShelf,A1,-3\n", "C2 says -3: less than nothing "),
        ("stock", "Place,Roll,Metres\nShelf,4711,0\n", "C2 says 0: expected an amount above zero"),
        (
            "stock",
            "Place,Roll,Metres\nShelf,4711,9\nStore,4711,8\n",
            "B3: roll 4711 stands in B2 already. A roll lies in one place",
        ),
        ("stock", "Place,Roll,Amount,Unit\nShelf,4711,9,ells\n", "D2 says ells: expected m, yd "),
        ("stock", "Style,Qty\nA1,3\n", "No column says Place. "),
    ],
)
def test_other_sheets(ledger: Ledger, kind: Kind, sheet: str, sentence: str) -> None:
    found = sentences(planned(ledger, sheet, kind))
    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_goods_that_the_steps_do_not_count(tmp_path: Path) -> None:
    made = planned(workshop(tmp_path, "garment"), "Place,Style,Size,Qty\nShelf,A1,M,3\n", "stock")
    assert sentences(made) == [
        (
            "D2: the steps of this workshop do not count A1, M by product. Give its barcode "
            "number, or choose steps that count goods."
        )
    ]


def test_a_corrected_cell_is_read_like_any_other(ledger: Ledger) -> None:
    sheet = f"{HEAD}\n118,A,,6.90E+12,navy,M,,4\n"
    put_right = Choices(corrections={"D2": "A1", "H2": "6", "Z99": "nobody looks here"})
    assert orders_of(planned(ledger, sheet, choices=put_right)) == {"118": {"A1, navy, M": 6}}
    with look(ledger) as view:
        assert view.masters("order") == {}
    assert NOW.year == 2026
