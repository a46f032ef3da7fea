"""`hangtag label`: every kind in every format, ranges, and one sentence where it cannot be."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from app import main
from tests.labels.conftest import NAMESPACE, enter_order
from traceability.commissioning import prefixes
from traceability.database import file_url
from traceability.labels import garments, logistic_units, tickets
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.printers.emulated.printer import EmulatedPrinter
from traceability.projections.entering import master_draft

GTIN = "/01/09521141001011"
DOCUMENT = Path(__file__).parents[2] / "docs" / "labels.md"


@pytest.fixture
def db(ledger: Ledger, tmp_path: Path) -> str:
    """A ledger with something of every kind; its address."""
    ledger.append([master_draft("product", GTIN, {"name": "Shirt"}, by="admin")])
    enter_order(ledger, "130", {GTIN: 2})
    tickets.make(ledger, f"//{NAMESPACE}/bt/118", size=20, by="admin")
    garments.make_missing(ledger, f"//{NAMESPACE}/bt/130", by="admin")
    roll = {"code": "4711", "amount": "92.5", "unit": "MTR"}
    ledger.append([master_draft("roll", f"//{NAMESPACE}/class/R-4711", roll, by="admin")])
    issue(ledger, lambda _view: [Wish("C", {})] * 3, by="admin")
    issue(ledger, lambda _view: [Wish("W", {}, {"name": "Inês"})], by="admin")
    prefixes.enter(ledger, "9521141", by="admin")
    logistic_units.make(ledger, "9521141", 2, by="admin")
    return file_url(tmp_path / "ledger.sqlite")


def run(*words: str) -> Result:
    """Type a command."""
    return CliRunner().invoke(main, ["label", *words])


def lines(result: Result) -> list[dict[str, Any]]:
    """Return the JSON lines of an answer, each with members of its own."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def read(data: bytes) -> list[str]:
    """Read every code of a picture."""
    image = Image.open(io.BytesIO(data)).convert("L")
    return sorted({one.text for one in zxingcpp.read_barcodes(image)})


KINDS = {
    "ticket": ["--order", "118", "--size", "60x40"],
    "hang-tag": ["--order", "130", "--size", "60x40"],
    "roll": ["4711", "--size", "100x50"],
    "carton": ["--on", "C-10201", "--size", "60x40"],
    "logistic": ["--size", "105x148"],
    "person": ["--size", "60x40"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["svg", "pdf", "png", "zpl", "tspl"])
def test_every_kind_is_written_in_every_format(
    ledger: Ledger, db: str, tmp_path: Path, kind: str, form: str
) -> None:
    words = list(KINDS[kind])
    if kind == "carton":
        words[1] = carton_code(ledger)
    size = ledger.size
    file = tmp_path / f"labels.{form}"
    made = lines(run(kind, *words, "--db", db, "-o", str(file), "--json"))
    beginnings = {
        "svg": b"<svg xmlns=",
        "pdf": b"%PDF-",
        "png": b"\x89PNG",
        "zpl": b"",
        "tspl": b"",
    }
    assert file.read_bytes().startswith(beginnings[form])
    counts = {"ticket": 20, "hang-tag": 2, "roll": 1, "carton": 3, "logistic": 2, "person": 1}
    assert len(made) == counts[kind]
    assert {one["kind"] for one in made} == {kind}
    if form == "png":
        first = next(iter(read(file.read_bytes())))
        assert made[0]["name"].rpartition(")")[2] in first or "id.gs1.org" in first
    assert ledger.size == size


def carton_code(ledger: Ledger) -> str:
    """Return the code of the first carton."""
    from traceability.projections.view import look

    with look(ledger) as view:
        return min(key.rsplit("/", 1)[-1] for key in view.masters("carton") if key.startswith("//"))


def test_from_the_torn_one_on_and_as_far_as(ledger: Ledger, db: str) -> None:
    everything = [
        one["name"] for one in lines(run("ticket", "--order", "118", "--db", db, "--json"))
    ]
    torn = lines(run("ticket", "--on", everything[17], "--db", db, "--json"))
    some = lines(run("ticket", "--on", everything[2], "--to", everything[4], "--db", db, "--json"))
    one = lines(run("ticket", everything[7].removeprefix("B-"), "--db", db, "--json"))
    assert [one["name"] for one in torn] == everything[17:]
    assert [one["name"] for one in some] == everything[2:5]
    assert [one["name"] for one in one] == [everything[7]]


def test_what_an_order_lacks_is_made_on_demand_and_once(ledger: Ledger, db: str) -> None:
    words = ("ticket", "--order", "119", "--make", "--db", db, "--json")
    first = lines(run(*words))
    size = ledger.size
    assert len(first) == 3
    assert lines(run(*words)) == first
    assert ledger.size == size


def test_a_sheet_begins_where_it_is_told_to(db: str, tmp_path: Path) -> None:
    file = tmp_path / "sheet.svg"
    result = run(
        "ticket", "--order", "118", "--paper", "a4-3x8", "--start", "10", "--db", db,
        "-o", str(file), "--json",
    )  # fmt: skip
    assert {one["file"] for one in lines(result)} == {str(file), str(tmp_path / "sheet-002.svg")}
    assert len(re.findall('class="label"', file.read_text())) == 15


def test_labels_go_straight_to_a_printer(db: str) -> None:
    with EmulatedPrinter("zpl") as printer:
        result = run(
            "ticket", "--order", "118", "--size", "60x40", "--printer", printer.address,
            "--db", db, "--json",
        )  # fmt: skip
        assert [line["number"] for line in lines(result)] == list(range(1, 21))
        assert len(printer.wait_sheets(20)) == 20


def test_a_chip_is_written_for_a_printer_that_does(db: str) -> None:
    words = ("hang-tag", "--order", "130", "--size", "60x40", "--format", "zpl", "--db", db)
    assert "^RFW" not in run(*words).stdout
    assert run(*words, "--rfid").stdout.count("^RFW") >= 2


def test_a_test_page_goes_to_a_printer_without_any_ledger() -> None:
    with EmulatedPrinter("tspl") as printer:
        result = run("test", "--printer", printer.address, "--format", "tspl")
        assert result.output == "1 label printed on printer.\n"
        assert len(printer.wait_sheets(1)) == 1


@pytest.mark.parametrize(
    ("symbol", "text", "size", "said"),
    [
        ("qr", "Grüße, 你好", "40x30", "Grüße, 你好"),
        ("code128", "B-10006", "50x30", "B-10006"),
        ("ean13", "9506000134352", "50x30", "9506000134352"),
        ("ean8", "95050003", "40x25", "95050003"),
        ("upc-a", "614141000036", "50x30", "0614141000036"),
        ("itf14", "19506000134359", "160x40", "19506000134359"),
        ("gs1-128", "(00)395060001343520001", "80x30", "00395060001343520001"),
        ("datamatrix", "(01)09506000134352(21)7", "40x30", "0109506000134352217"),
        ("datamatrix", "plain text", "40x30", "plain text"),
    ],
)
def test_any_code_is_made_without_a_ledger(
    tmp_path: Path, symbol: str, text: str, size: str, said: str
) -> None:
    file = tmp_path / "code.png"
    result = run("code", text, "--symbol", symbol, "--size", size, "-o", str(file))
    assert result.exit_code == 0, result.output
    image = Image.open(file).convert("L")
    [found] = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    assert found.text == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["code", "x" * 10_000],
            "Cannot write 10000 characters into a code: expected at most 400.",
        ),
        (["code", "a\x1bb"], "without control characters"),
        (["code", "a\x00b", "--symbol", "code128"], "as Code 128"),
        (["code", "", "--symbol", "qr"], "expected 1 to 400 characters"),
        (["code", "9506000134353", "--symbol", "ean13"], "expected check digit 2, got '3'."),
        (["code", "hello", "--symbol", "gs1-128"], "expected an element string"),
        (["code", "hello", "--size", "10x10"], "expected at least 38 × 20 mm."),
        (["code", "hello", "--paper", "a5"], "Cannot print on 'a5'"),
        (["code", "hello", "--paper", "a4-3x8", "--start", "25"], "Cannot begin at label 25"),
        (["code", "hello", "--size", "50x30", "--paper", "a4-3x8"], "not both"),
        (["code", "hello", "--printer", "Packing"], "say its address"),
        (["code", "hello", "--printer", "tcp://127.0.0.1:9", "--paper", "a4-3x8"], "single labels"),
        (["code", "hello", "-o", "/nowhere/x.pdf"], "Cannot write /nowhere/x.pdf"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.output.splitlines()[0], result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ticket"], "Say which ticket: its code, --on CODE, or --order NUMBER."),
        (["ticket", "B-17"], "No ticket has the code 'B-17'. Look again."),
        (["ticket", "10007"], "the last digit should be 6. Look again."),
        (["ticket", "4711"], "'4711' is the code of a roll, not of a ticket."),
        (["ticket", "--order", "999"], "No order has the number '999'. Look again."),
        (["roll", "x" * 10_000], "No roll has the code"),
        (["carton", "\x00"], "No carton has the code '\\x00'. Look again."),
        (["logistic", "--size", "60x40"], "its bars need at least"),
    ],
)
def test_what_is_not_there_is_one_sentence(db: str, words: list[str], said: str) -> None:
    result = run(*words, "--db", db)
    assert result.exit_code == 1
    assert said in result.output.splitlines()[0], result.output


def test_the_examples_of_the_document_run(
    ledger: Ledger, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = re.search(r"```sh\n(hangtag label.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert block is not None, "docs/labels.md shows how the command is used"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANGTAG_DB", db)
    examples = [line.partition("#")[0].split() for line in block[1].splitlines() if line.strip()]
    assert len(examples) > 5
    with EmulatedPrinter("zpl") as printer:
        for words in examples:
            typed = [printer.address if one == "tcp://192.168.1.50" else one for one in words]
            typed = [one.replace("C-10201", carton_code(ledger)).strip("'\"") for one in typed]
            result = CliRunner().invoke(main, typed[1:])
            assert result.exit_code == 0, (words, result.output)
