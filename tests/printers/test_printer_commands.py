"""`hangtag printer`: enter, list, try and be a printer."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from tests.labels.thermal_labels import read
from traceability.database import file_url
from traceability.ledger.append import Ledger
from traceability.printers.emulated.printer import EmulatedPrinter


@pytest.fixture
def db(ledger: Ledger, tmp_path: Path) -> str:
    """The address of a ledger that nobody else has open."""
    ledger.database.close()
    return file_url(tmp_path / "ledger.sqlite")


def run(*words: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it said."""
    result = CliRunner().invoke(app.main, ["printer", *words], prog_name="hangtag")
    return result.exit_code, result.output


def test_a_printer_is_entered_listed_tried_and_removed(db: str) -> None:
    with EmulatedPrinter("tspl") as there:
        code, said = run("add", "Cutting", there.address, "--language", "tspl", "--db", db)
        assert (code, said) == (0, "Entered Cutting. Try it: hangtag printer test 'Cutting'\n")
        assert run("list", "--db", db)[1].startswith(f"Cutting  {there.address}  tspl, 203 dpi\n")
        code, said = run("test", "cutting", "--db", db)
        assert (code, said) == (
            0,
            "The printer is ready.\nOne label was printed. Scan it: it says HANGTAG-TEST-7.\n",
        )
        [sheet] = there.sheets
        assert {text for _, text in read(sheet.picture)} == {"HANGTAG-TEST-7"}
        there.trouble("paper")
        code, said = run("test", "Cutting", "--json", "--db", db)
        assert json.loads(said) == {
            "printer": "Cutting",
            "answers": True,
            "troubles": ["paper"],
            "sentence": "The printer is out of paper: put a roll in.",
            "printed": 0,
        }
    assert run("remove", "Cutting", "--db", db) == (0, "Removed Cutting.\n")
    code, said = run("test", "Cutting", "--db", db)
    assert code == 1
    assert said.startswith("There is no printer 'Cutting'. Known printers: none yet.")


def test_a_wrong_address_is_refused(db: str) -> None:
    code, said = run("add", "Cutting", "10.0.0.7", "--db", db)
    assert code == 1
    assert said.startswith("Cannot read '10.0.0.7' as the address of a printer: expected tcp://")


def test_an_address_is_tried_without_a_ledger() -> None:
    with EmulatedPrinter() as there:
        assert run("test", there.address, "--status") == (0, "The printer is ready.\n")
        assert there.sheets == []
        assert run("test", there.address)[0] == 0
        assert len(there.sheets) == 1


def test_a_printer_that_is_not_there_draws_what_it_gets(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found: list[tuple[int, str]] = []
    words = ("emulate", "--port", str(port), "--folder", str(tmp_path), "--seconds", "4", "--json")
    thread = threading.Thread(target=lambda: found.append(run(*words)))
    thread.start()
    data = b"^XA^PW400^LL240^FO10,20^GB50,4,4^FS^QQ^XZ"
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(data)
            break
        except OSError:
            threading.Event().wait(0.03)
    thread.join()
    [(code, said)] = found
    lines = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    assert lines == [
        {"address": f"tcp://127.0.0.1:{port}", "folder": str(tmp_path)},
        {
            "label": 1,
            "picture": str(tmp_path / "label-0001.png"),
            "faults": ["Unknown command ^QQ."],
        },
    ]
    assert (tmp_path / "label-0001.png").exists()
