"""`hangtag import`: the same as the page, with exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import app
from tests.sheets.desk import workshop
from traceability.ledger.append import Ledger

SHEET = "Order,Style,Shade,S,M\n118,A1,navy,10,20\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = workshop(tmp_path)
    made.database.close()
    return made


def run(tmp_path: Path, *more: str, text: str = SHEET) -> Result:
    file = tmp_path / "orders.csv"
    file.write_text(text, encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return CliRunner().invoke(app.main, ["import", str(file), "--as", "orders", "--db", url, *more])


def test_a_dry_run_writes_nothing_and_the_next_one_does(tmp_path: Path, ledger: Ledger) -> None:
    dry = run(tmp_path, "--dry-run", "--map", "Shade=colour")
    assert (dry.exit_code, ledger.size) == (0, 1)
    assert dry.output.splitlines() == [
        "2 products: 2 new.",
        "1 order: 1 new.",
        "Nothing was written: this was a dry run.",
    ]
    wet = run(tmp_path, "--map", "Shade=colour")
    assert (wet.exit_code, wet.output.splitlines()[-1]) == (0, "Taken in: 4 entries.")
    again = run(tmp_path)
    assert again.output.splitlines()[-1] == "Nothing to do: all of it is known already."
    changed = run(tmp_path, text=SHEET.replace("20", "26"))
    assert "  118: A1, navy, M: 20 → 26" in changed.output


def test_a_mistake_names_the_cell_and_exits_with_one(tmp_path: Path, ledger: Ledger) -> None:
    wrong = run(tmp_path, text=SHEET + "119,A1,navy,-3,4\n")
    assert (wrong.exit_code, ledger.size) == (1, 1)
    assert "D3 says -3: less than nothing cannot be ordered." in wrong.output
    dry = run(tmp_path, "--dry-run", "--json", text=SHEET + "119,A1,navy,-3,4\n")
    told = json.loads(dry.output)
    assert (dry.exit_code, told["ready"], told["problems"][0]["cell"]) == (1, False, "D3")
    rest = run(tmp_path, "--rest", text=SHEET + "119,A1,navy,-3,4\n")
    assert (rest.exit_code, ledger.size) == (0, 4)


def test_a_map_to_an_unknown_field_is_refused(tmp_path: Path, ledger: Ledger) -> None:
    refused = run(tmp_path, "--map", "Shade=hue")
    assert refused.exit_code == 1
    assert "Cannot use --map 'Shade=hue': expected COLUMN=FIELD with a field of" in refused.output
    assert ledger.size == 1


def test_a_running_server_is_named(tmp_path: Path, ledger: Ledger) -> None:
    ledger.database.own()
    busy = run(tmp_path)
    assert busy.exit_code == 1
    assert "Say where with --server http://127.0.0.1:8080" in busy.output
    nobody = run(tmp_path, "--server", "http://127.0.0.1:9")
    assert nobody.exit_code == 1
    assert "Nobody answers at http://127.0.0.1:9" in nobody.output
    ledger.database.close()
