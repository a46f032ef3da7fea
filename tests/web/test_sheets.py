"""The pages that take a sheet in: paste, put cells right in place, take in, paste again."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.sheets.desk import workbook
from tests.web.pseudo import literals
from traceability.ledger.append import Ledger

MATRIX = (
    "订单号\t客户\t交期\t款号\t颜色\tS\tM\tXXXL?\n"
    "118\tAlder & Finch\t2026-12-07\tA1\tnavy\t10\t20\t5\n"
    "119\tBeck\t2026-12-09\t6.90E+12\tecru\t1\t2\t\n"
)


def csrf(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def handed_in(client: FlaskClient, cells: str, kind: str = "orders") -> str:
    """Paste cells; return the address of what they would do."""
    answer = client.post(
        "/sheets", data={"csrf": csrf(client, "/sheets"), "as": kind, "cells": cells}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def post(client: FlaskClient, path: str, **values: str) -> str:
    data = {"csrf": csrf(client, "/sheets"), **{k.replace("__", "-"): v for k, v in values.items()}}
    return client.post(path, data=data, follow_redirects=True).text


def test_paste_put_right_take_in_and_paste_again(client: FlaskClient, ledger: Ledger) -> None:
    path = handed_in(client, MATRIX)
    page = client.get(path).text
    assert "2 cells to put right" in page
    assert "H1: XXXL? is not in the list of sizes." in page
    assert "D3 says 6.90E+12" in page
    assert ledger.size == 1
    pressed = client.post(path, data={"csrf": csrf(client, "/sheets"), "do": "take"})
    assert (pressed.status_code, ledger.size) == (409, 1)
    assert "2 cells are still to be put right" in pressed.text
    form = {"do": "take", "cell-H1": "3XL", "was-cell-H1": "XXXL?", "cell-D3": "B2"}
    done = post(client, path, **form)
    assert "2 orders, 5 products, 38 pieces" in done
    assert ledger.size == 8
    assert "Alder &amp; Finch" in client.get("/orders").text
    again = MATRIX.replace("XXXL?", "3XL").replace("6.90E+12", "B2")
    page = client.get(handed_in(client, again)).text
    assert "Nothing would change" in page
    changed = client.get(handed_in(client, again.replace("\t20\t", "\t26\t"))).text
    assert "A1, navy, M: 20 → 26" in changed
    assert ledger.size == 8


def test_what_is_right_can_be_taken_in_alone(client: FlaskClient, ledger: Ledger) -> None:
    path = handed_in(client, MATRIX.replace("XXXL?", "L"))
    assert "Take in only what is right: 1 order, 3 products, 35 pieces" in client.get(path).text
    assert "1 order, 3 products, 35 pieces" in post(client, path, do="rest")
    assert ledger.size == 5


def test_a_question_must_be_answered_first(client: FlaskClient, ledger: Ledger) -> None:
    cells = "Order\tDue\tStyle\tShade\tS\n118\t03/04/2026\tA1\tdeep sea\t10\n"
    path = handed_in(client, cells)
    page = client.get(path).text
    assert "which comes first, the day or the month?" in page
    assert "Column D is headed “Shade”. What is it?" in page
    assert "A question is still open" in post(client, path, do="take")
    assert ledger.size == 1
    answers = {"ask-days": "mdy", "ask-column:shade": "colour", "was-ask-column:shade": "-"}
    assert "1 order, 1 product, 10 pieces" in post(client, path, do="take", **answers)
    second = client.get(handed_in(client, cells.replace("deep", "high"))).text
    assert "A1, high sea, S" in second
    assert "Column D" not in second


def test_a_size_of_ours_is_remembered(client: FlaskClient) -> None:
    cells = "Order\tStyle\tS\tTall\tM\n118\tA1\t10\t4\t7\n"
    path = handed_in(client, cells)
    assert "C1" not in client.get(path).text
    assert "D1: Tall is not in the list of sizes" in client.get(path).text
    assert "21 pieces" in post(client, path, keep="Tall")
    post(client, path, do="take")
    assert "cells to put right" not in client.get(handed_in(client, cells)).text


def test_a_file_that_cannot_be_read_is_answered_on_the_page(client: FlaskClient) -> None:
    data = {
        "csrf": csrf(client, "/sheets"),
        "file": (io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99)), "orders.xls"),
    }
    answer = client.post("/sheets", data=data)
    assert answer.status_code == 400
    assert "choose Save as, type “Excel workbook (.xlsx)”" in answer.text
    empty = client.post("/sheets", data={"csrf": csrf(client, "/sheets")})
    assert (empty.status_code, "Paste the cells, or choose a file." in empty.text) == (400, True)


def test_a_large_paste_is_taken_beside_the_page(client: FlaskClient, ledger: Ledger) -> None:
    rows = [f"{n // 4},S{n % 500},navy,{('S', 'M')[n % 2]},{n % 30 + 1}" for n in range(6000)]
    path = handed_in(client, "\n".join(["Order,Style,Colour,Size,Qty", *rows]))
    assert "1 500 orders" in client.get(path).text.replace("\u202f", " ")
    first = post(client, path, do="take")
    for _ in range(600):
        if "Taken in" in first:
            break
        ledger.wait_for(ledger.size, 0.1)
        first = client.get(path).text
    assert "Taken in" in first
    assert ledger.size == 1 + 1500 + 500


def test_the_route_for_programs(client: FlaskClient, ledger: Ledger) -> None:
    sheet = b"Order;Style;Colour;S;M\n118;A1;navy;3;4\n"
    headers = {"Content-Type": "application/octet-stream"}
    dry = client.post("/api/import?as=orders&dry_run=1", data=sheet, headers=headers).get_json()
    assert (dry["ready"], dry["counts"]["order"]["new"], ledger.size) == (True, 1, 1)
    wet = client.post("/api/import?as=orders", data=sheet, headers=headers).get_json()
    assert (wet["written"], ledger.size) == (3, 4)
    assert (
        client.post("/api/import?as=orders", data=sheet, headers=headers).get_json()["written"] == 0
    )
    wrong = client.post("/api/import?as=shoes", data=sheet, headers=headers)
    assert (wrong.status_code, "expected one of orders" in wrong.get_json()["detail"]) == (
        400,
        True,
    )
    bad = client.post("/api/import?as=orders", data=sheet.replace(b";3;", b";-3;"), headers=headers)
    assert bad.get_json()["detail"].startswith("D2 says -3: less than nothing cannot be ordered.")
    assert ledger.size == 4


@pytest.mark.parametrize(
    "path",
    [
        "/sheets",
        "/sheets?as=stock",
        "/sheets?as=people",
        "preview",
        "idle",
    ],
)
def test_every_word_can_be_translated(pseudo_client: FlaskClient, path: str) -> None:
    facts = ["Alder & Finch", "Beck", "navy", "ecru", "XXXL", "xlsx", "csv", "6.90E+12"]
    if path == "preview":
        path = handed_in(pseudo_client, MATRIX)
    elif path == "idle":
        path = handed_in(pseudo_client, "Order\tDue\tStyle\tS\n118\t03/04/2026\tA1\t2\n")
        facts += ["Order", "Due", "Style"]
    assert literals(pseudo_client.get(path).text, facts) == []


def test_a_workbook_with_two_tabs_can_be_read_from_either(client: FlaskClient) -> None:
    head = ("Order", "Style", "S")
    data = workbook(New=[head, (118, "A1", 3), (119, "A1", 3)], Old=[head, (99, "B2", 4)])
    answer = client.post(
        "/sheets",
        data={"csrf": csrf(client, "/sheets"), "file": (io.BytesIO(data), "orders.xlsx")},
    )
    path = str(answer.headers["Location"])
    assert "sheet “New”" in client.get(path).text
    page = post(client, path, **{"ask-sheet": "Old"})
    assert "sheet “Old”" in page
    assert "B2" in page


def test_nobody_else_reads_a_sheet(client: FlaskClient, app: Flask) -> None:
    path = handed_in(client, MATRIX)
    stranger = app.test_client().get(path, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert stranger.status_code == 401
    assert client.get("/sheets/../../etc/passwd").status_code == 404
    assert client.get("/sheets/AAAAAAAAAAAAAAAA").status_code == 404
