"""Twelve spreadsheets as workshops have them: right, or refused with the cell named."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.sheets.desk import (
    NAMESPACE,
    NOW,
    orders_of,
    planned,
    saved,
    sentences,
    taken,
    workbook,
    workshop,
)
from traceability.errors import Refused
from traceability.projections.progress import orders
from traceability.projections.view import look
from traceability.sheets.book import read_book
from traceability.sheets.choices import Choices
from traceability.sheets.taking import take_in

TWO = {
    "118": {"A1, navy, S": 10, "A1, navy, M": 20, "A1, ecru, S": 5},
    "119": {"B2, black, M": 7},
}


def test_1_sizes_as_columns(tmp_path: Path) -> None:
    sheet = workbook(
        Orders=[
            ("Order", "Customer", "Due", "Style", "Colour", "S", "M", "L", "Total"),
            (118, "Alder & Finch", date(2026, 12, 7), "A1", "navy", 10, 20, None, 30),
            (118, "Alder & Finch", date(2026, 12, 7), "A1", "ecru", 5, 0, None, 5),
            (119, "Beck", date(2026, 12, 9), "B2", "black", None, 7, None, 7),
        ]
    )
    ledger = workshop(tmp_path)
    made = planned(ledger, sheet)
    assert (sentences(made), made.asked) == ([], [])
    assert orders_of(made) == TWO
    assert made.count("product", "new") == 4
    taken(ledger, sheet)
    with look(ledger) as view:
        rows = orders(view)
        values = view.master("order", [f"//{NAMESPACE}/bt/118"])[f"//{NAMESPACE}/bt/118"]
        product = view.master("product", [f"//{NAMESPACE}/class/P-A1-navy-M"])
    assert [(one.label.detail, one.due, int(one.ordered)) for one in rows] == [
        ("118", date(2026, 12, 7), 35),
        ("119", date(2026, 12, 9), 7),
    ]
    assert values["customer"] == "Alder & Finch"
    assert list(product.values()) == [
        {
            "name": "A1, navy, M",
            "style": "A1",
            "colour": "navy",
            "size": "M",
            "swatch": "#22325a",
            "kind": "garment",
        }
    ]


def test_2_one_line_a_size(tmp_path: Path) -> None:
    sheet = (
        "PO No.,Buyer,Delivery Date,Article,Color,Size,Qty (pcs)\r\n"
        "118,Alder & Finch,2026-12-07,A1,navy,S,10\r\n"
        "118,Alder & Finch,2026-12-07,A1,navy,M,20\r\n"
        "118,Alder & Finch,2026-12-07,A1,ecru,S,5\r\n"
        "119,Beck,2026-12-09,B2,black,M,7\r\n"
    )
    made = planned(workshop(tmp_path), b"\xef\xbb\xbf" + sheet.encode())
    assert (sentences(made), orders_of(made)) == ([], TWO)


def test_3_chinese_in_gb18030(tmp_path: Path) -> None:
    sheet = (
        "订单号,客户名称,交货日期,款号,颜色,S,M,L,XL,合计\n"
        "2026-118,杭州服装,2026年12月7日,A1,藏青,10,20,,,30\n"
        ",,,A1,米白色,5,,,,5\n"
        "合计,,,,,15,20,,,35\n"
    )
    made = planned(workshop(tmp_path), sheet.encode("gb18030"))
    assert sentences(made) == []
    assert orders_of(made) == {
        "2026-118": {"A1, 藏青, S": 10, "A1, 藏青, M": 20, "A1, 米白色, S": 5}
    }
    assert made.of("order")[0].values["due"] == "2026-12-07"
    assert [one.values["swatch"] for one in made.of("product")] == ["#22325a", "#22325a", "#f2eee2"]
    assert [str(one) for one in made.remarks] == [
        "Rows without an order number, from A3 on, belong to the order above them: 1."
    ]


def test_4_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    sheet = (
        "Auftrag;Kunde;Liefertermin;Artikel;Farbe;Größe;Menge\n"
        "118;Müller;07.12.2026;A1;navy;S;1.240\n"
        "118;Müller;07.12.2026;A1;navy;M;36\n"
    )
    made = planned(workshop(tmp_path), sheet.encode("cp1252"))
    assert (sentences(made), made.asked) == ([], [])
    assert orders_of(made) == {"118": {"A1, navy, S": 1240, "A1, navy, M": 36}}
    assert made.of("order")[0].values["due"] == "2026-12-07"
    assert made.of("order")[0].values["customer"] == "Müller"


def test_5_merged_titles_and_sizes_below_the_headings(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "Autumn production plan"
    sheet.merge_cells("A1:H1")
    sheet["A2"], sheet["B2"] = "Customer:", "Alder & Finch"
    sheet["D2"] = "Delivery: 2026-12-07"
    sheet.append([])
    sheet.append(["Order", "Style", "Colour", "Size", None, None, "Total"])
    sheet.merge_cells("D4:F4")
    sheet.append([None, None, None, "S", "M", "L"])
    sheet.append([118, "A1", "navy", 10, 20, None, 30])
    sheet.append([None, None, "ecru", 5, None, None, 5])
    sheet.merge_cells("A6:A7")
    made = planned(workshop(tmp_path), saved(book))
    assert (sentences(made), orders_of(made)) == ([], {"118": TWO["118"]})
    assert made.of("order")[0].values["customer"] == "Alder & Finch"
    assert made.of("order")[0].values["due"] == "2026-12-07"


def test_6_total_rows_are_checked(tmp_path: Path) -> None:
    rows = (
        "Order,Style,Colour,S,M,Total\n118,A1,navy,10,20,30\n118,A1,ecru,5,,5\n{}\n"
        "119,B2,black,,7,7\nGrand total,,,15,27,42\nApproved by,,,,,\n"
    )
    ledger = workshop(tmp_path)
    right = planned(ledger, rows.format("Subtotal,,,15,20,35"))
    assert (sentences(right), orders_of(right)) == ([], TWO)
    wrong = planned(ledger, rows.format("Subtotal,,,15,21,35"))
    assert sentences(wrong) == [
        (
            "E4 says 21, but the pieces above add up to 20. Correct the sum or the pieces, "
            "or empty this cell."
        )
    ]
    assert not wrong.can_take_rest
    put_right = Choices(corrections={"E4": "20"})
    assert planned(ledger, rows.format("Subtotal,,,15,21,35"), choices=put_right).is_ready


def test_7_blank_lines_between_the_orders(tmp_path: Path) -> None:
    sheet = (
        "\n\nOrder\tStyle\tColour\tSize\tQty\n118\tA1\tnavy\tS\t10\n\n118\tA1\tnavy\tM\t20\n"
        "118\tA1\tecru\tS\t5\n\n\n119\tB2\tblack\tM\t7\n\n"
    )
    made = planned(workshop(tmp_path), sheet)
    assert (sentences(made), orders_of(made)) == ([], TWO)


def test_8_codes_that_the_spreadsheet_damaged(tmp_path: Path) -> None:
    sheet = (
        "Order,Style,Colour,Size,EAN,Qty\n"
        "118,A1,navy,S,6.90E+12,10\n"
        '118,A1,navy,M,"6,90123E+12",20\n'
        "118,A1,ecru,S,690123,5\n"
        "119,B2,black,M,6901234567893,7\n"
        "120,1.2E+05,black,M,6901234567892,7\n"
    )
    made = planned(workshop(tmp_path), sheet)
    assert [(one.cell, one.given) for one in made.complaints] == [
        ("E2", "6.90E+12"),
        ("E3", "6,90123E+12"),
        ("E4", "690123"),
        ("E5", "6901234567893"),
        ("B6", "1.2E+05"),
    ]
    assert sentences(made)[0] == (
        "E2 says 6.90E+12: the spreadsheet has shortened a long number, and digits are lost. "
        "Format the column as text in the spreadsheet and enter the code again, or write it here."
    )
    assert "8, 12, 13 or 14" in sentences(made)[2]
    with pytest.raises(Refused, match="Nothing was taken in"):
        taken(workshop(tmp_path), sheet)


def test_8b_a_workbook_keeps_the_digits_that_it_does_not_show(tmp_path: Path) -> None:
    sheet = workbook(
        Orders=[
            ("Order", "Style", "Colour", "Size", "EAN", "Qty"),
            (118, "A1", "navy", "S", 6901234567892, 10),
        ]
    )
    made = planned(workshop(tmp_path), sheet)
    assert sentences(made) == []
    assert made.of("product")[0].key == "/01/06901234567892"


def test_9_formulas(tmp_path: Path) -> None:
    sheet = workbook(
        Orders=[
            ("Order", "Style", "Colour", "S", "M", "Total"),
            (118, "A1", "navy", 10, "=D2*2", "=D2+E2"),
            (119, "B2", "black", 3, 7, "=D3+E3"),
        ]
    )
    made = planned(workshop(tmp_path), sheet)
    assert sentences(made) == [
        (
            "E2 is the formula =D2*2 without a result. Open the file in the spreadsheet program "
            "and save it again, or write the value here."
        )
    ]
    assert [str(one) for one in made.remarks] == [
        "F3 is a formula without a result: that sum was not checked."
    ]
    assert (made.wrong, made.can_take_rest) == (frozenset({"118"}), True)


def test_10_two_sheets(tmp_path: Path) -> None:
    sheet = workbook(
        Notes=[("Call the customer",), ("about the buttons",)],
        Orders=[("Order", "Style", "Colour", "S"), (118, "A1", "navy", 10)],
        Old=[("Order", "Style", "Colour", "S"), (99, "A1", "navy", 3)],
    )
    ledger = workshop(tmp_path)
    made = planned(ledger, sheet)
    assert (made.sheet, made.sheets, made.is_ready) == ("Orders", ("Notes", "Orders", "Old"), True)
    assert list(orders_of(made)) == ["118"]
    assert list(orders_of(planned(ledger, sheet, choices=Choices(sheet="Old")))) == ["99"]


def test_11_twenty_thousand_rows(tmp_path: Path) -> None:
    sizes, colours = ("XS", "S", "M", "L", "XL"), ("navy", "ecru", "rust", "moss")
    lines = ["Order,Customer,Due,Style,Colour,Size,Qty"]
    for n in range(20_000):
        order = n // 20
        words = (1000 + order, f"Customer {order % 7}", "2026-12-07", f"S{order % 50}")
        lines.append(
            f"{','.join(map(str, words))},{colours[n // 5 % 4]},{sizes[n % 5]},{n % 40 + 1}"
        )
    ledger = workshop(tmp_path)
    heard: list[tuple[int, int]] = []
    begun = time.process_time()
    made = planned(ledger, "\n".join(lines))
    spent = time.process_time() - begun
    assert (len(made.of("order")), len(made.of("product")), sentences(made)) == (1000, 1000, [])
    assert spent < 8
    book = read_book("\n".join(lines).encode(), "sheet")
    take_in(
        ledger, book, "orders", Choices(), at=NOW, by="admin", progress=lambda *at: heard.append(at)
    )
    assert (heard[0], heard[-1]) == ((0, 2000), (2000, 2000))
    assert planned(ledger, "\n".join(lines)).written() == []


def test_12_files_of_another_kind_say_how_to_save_them(tmp_path: Path) -> None:
    with pytest.raises(Refused) as old:
        read_book(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "orders.xls")
    assert str(old.value) == (
        "orders.xls is in the format of Excel before 2007 (.xls), which is not read. Open it in "
        "your spreadsheet program, choose Save as, type “Excel workbook (.xlsx)”, and drop the "
        "new file."
    )
    page = (
        "<html><body><table><tr><th>Order</th><th>Style</th><th>Colour</th><th>S</th><th>M</th>"
        "</tr><tr><td rowspan=2>118</td><td>A1</td><td>navy</td><td>10</td><td>20</td></tr>"
        "<tr><td>A1</td><td>ecru</td><td>5</td><td></td></tr></table></body></html>"
    )
    made = planned(workshop(tmp_path), page)
    assert (sentences(made), orders_of(made)) == ([], {"118": TWO["118"]})
    with pytest.raises(Refused, match="a web page without a table, whatever its name says"):
        read_book(b"<html><body>Log in</body></html>", "orders.xls")
