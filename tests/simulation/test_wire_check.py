"""The count of what was lost, from the wire log and the stored bodies alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from traceability.errors import TraceabilityError
from traceability.simulation.wire_check import compare, main, read_log, read_record

NAMESPACE = "demo.workshop.invalid"
SHIRT = "09521141001011"
TAG = "3036451fd400194000002711"  # SGTIN-96 of SHIRT, serial 10001
SHIRT_KEY = f"/01/{SHIRT}/21/10001"
FOREIGN_TAG = "3036456cc0001900000000ff"


def at(second: float) -> str:
    return f"2026-03-02T08:{int(second) // 60:02d}:{second % 60:06.3f}+00:00"


def micro(second: float) -> int:
    return round(datetime.fromisoformat(at(second)).timestamp() * 1_000_000)


def shown(second: float, reader: str = "sewing.pad", epc: str = TAG) -> dict[str, object]:
    return {"t": micro(second), "reader": reader, "kind": "tag", "epc": epc, "frame": "aa"}


def scanned(
    second: float, text: str, reader: str = "sewing.gun", aim: str = "]C0"
) -> dict[str, object]:
    frame = f"{aim}{text}\r\n".encode().hex()
    return {"t": micro(second), "reader": reader, "kind": "scan", "text": text, "frame": frame}


def event(second: float, station: str = "sewing", /, **lists: object) -> tuple[str, object, object]:
    run = [station, 1, 1]
    return "event", {"run": run}, {"type": "ObjectEvent", "eventTime": at(second), **lists}


def gap(begin: float, end: float, reader: str) -> tuple[str, object, object]:
    body = {"type": "gap", "reader": reader, "from": at(begin), "to": at(end), "reason": "gone"}
    return "gap", {}, body


PRODUCT: tuple[str, object, object] = (
    "master",
    {},
    {"type": "product", "id": f"/01/{SHIRT}", "values": {}},
)


class Run:
    """A wire log and a ledger, written by hand."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "wire.jsonl"
        self.database = folder / "ledger.sqlite"

    def write(
        self, lines: list[dict[str, object]], rows: list[tuple[str, object, object]]
    ) -> dict[str, object]:
        self.log.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.database.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("CREATE TABLE ledger (ledger_id, name)")
            connection.execute("CREATE TABLE entry (ledger_id, position, kind, entry)")
            connection.execute("CREATE TABLE body (ledger_id, position, body)")
            connection.execute("INSERT INTO ledger VALUES (1, 'main')")
            for position, (kind, entry, body) in enumerate([PRODUCT, *rows]):
                data = json.dumps(entry).encode(), json.dumps(body).encode()
                connection.execute("INSERT INTO entry VALUES (1,?,?,?)", (position, kind, data[0]))
                connection.execute("INSERT INTO body VALUES (1,?,?)", (position, data[1]))
        tree = compare(read_log(self.log), read_record(str(self.database))).tree()
        return {name: value for name, value in tree.items() if value and name != "missing"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


SHIRT_URI = f"https://id.gs1.org{SHIRT_KEY}"
TICKET_URI = f"https://{NAMESPACE}/class/B-101"


def test_what_the_ledger_names_is_found(run: Run) -> None:
    lines = [scanned(1, "B-101"), shown(2), shown(2.1)]
    rows = [
        event(2.5, inputQuantityList=[{"epcClass": TICKET_URI}], outputEPCList=[SHIRT_URI]),
    ]
    assert run.write(lines, rows) == {"visits": 2, "found": 2}


def test_what_nothing_names_is_lost(run: Run) -> None:
    assert run.write([scanned(1, "B-101"), shown(2)], []) == {"visits": 2, "lost": 2}


@pytest.mark.parametrize(
    "lists",
    [
        {"epcList": [SHIRT_URI]},
        {"epcList": [f"urn:epc:id:sgtin:9521141.000101.{10001}"]},
        {"childEPCs": [SHIRT_URI], "parentID": "https://id.gs1.org/00/095211410000077016"},
        {"inputEPCList": [SHIRT_URI]},
        {"outputEPCList": [SHIRT_URI]},
        {"parentID": SHIRT_URI},
    ],
)
def test_every_list_of_an_event_counts(run: Run, lists: dict[str, object]) -> None:
    assert run.write([shown(2)], [event(3, **lists)]) == {"visits": 1, "found": 1}


@pytest.mark.parametrize("name", ["quantityList", "inputQuantityList", "childQuantityList"])
def test_every_quantity_list_of_an_event_counts(run: Run, name: str) -> None:
    rows = [event(3, **{name: [{"epcClass": TICKET_URI, "quantity": 12}]})]
    assert run.write([scanned(2, "B-101")], rows) == {"visits": 1, "found": 1}


def test_another_station_does_not_count(run: Run) -> None:
    rows = [event(3, "packing", epcList=[SHIRT_URI])]
    assert run.write([shown(2)], rows) == {"visits": 1, "lost": 1}


def test_an_event_before_the_visit_does_not_count(run: Run) -> None:
    assert run.write([shown(20)], [event(3, epcList=[SHIRT_URI])]) == {"visits": 1, "lost": 1}


def test_reads_in_a_row_are_one_visit(run: Run) -> None:
    lines = [shown(second) for second in range(0, 200, 50)]
    assert run.write(lines, [event(5, epcList=[SHIRT_URI])]) == {"visits": 1, "found": 1}


def test_a_later_visit_at_a_gate_needs_an_event_of_its_own(run: Run) -> None:
    lines = [shown(0, "dock.gate"), shown(70, "dock.gate")]
    first = event(1, "dock", epcList=[SHIRT_URI])
    second = event(71, "dock", epcList=[SHIRT_URI])
    assert run.write(lines, [first]) == {"visits": 2, "found": 1, "lost": 1}
    assert run.write(lines, [second]) == {"visits": 2, "found": 1, "lost": 1}
    assert run.write(lines, [second, first]) == {"visits": 2, "found": 2}


def test_what_lies_at_a_table_is_one_visit_for_half_a_day(run: Run) -> None:
    assert run.write([shown(0), shown(70)], [event(1, epcList=[SHIRT_URI])]) == {
        "visits": 1,
        "found": 1,
    }


def test_a_gap_covers_its_reader_and_its_time_only(run: Run) -> None:
    assert run.write([shown(5)], [gap(4, 9, "sewing.pad")]) == {"visits": 1, "in_gap": 1}
    assert run.write([shown(5)], [gap(4, 9, "sewing.gun")]) == {"visits": 1, "lost": 1}
    assert run.write([shown(15)], [gap(4, 9, "sewing.pad")]) == {"visits": 1, "lost": 1}
    assert run.write([shown(5), shown(15)], [gap(4, 9, "sewing.pad")]) == {"visits": 1, "lost": 1}


def test_what_is_found_in_spite_of_a_gap_is_found(run: Run) -> None:
    rows = [gap(4, 9, "sewing.pad"), event(10, epcList=[SHIRT_URI])]
    assert run.write([shown(5)], rows) == {"visits": 1, "found": 1}


def test_a_stranger_is_noted_and_not_owed(run: Run) -> None:
    lines = [shown(2, epc=FOREIGN_TAG), scanned(3, "4012345678901", aim="]E0")]
    assert run.write(lines, []) == {"visits": 2, "foreign": 2}


def test_a_garbled_code_is_owed(run: Run) -> None:
    lines = [scanned(3, f"01{SHIRT[:-1]}9211", aim="]C1")]
    assert run.write(lines, []) == {"visits": 1, "lost": 1}


def test_an_undecodable_tag_is_owed_as_raw(run: Run) -> None:
    lines = [shown(2, epc="e280116060000204")]
    assert run.write(lines, []) == {"visits": 1, "lost": 1}
    rows = [event(2, epcList=["urn:epc:raw:64.xE280116060000204"])]
    assert run.write(lines, rows) == {"visits": 1, "found": 1}


def test_lines_about_other_things_are_passed_over(run: Run) -> None:
    lines = [{"t": micro(1), "reader": "sewing.pad", "kind": "reply", "frame": "aa"}]
    assert run.write(lines, []) == {}


def test_an_unreadable_line_is_named(run: Run) -> None:
    run.log.write_text('{"t":1,"reader":"a","kind":"tag","epc":"3"}\n')
    with pytest.raises(TraceabilityError, match=r"Cannot read line 1 of wire.jsonl: expected"):
        read_log(run.log)


def test_the_program_exits_1_and_names_what_is_lost(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.write([scanned(1, "B-101"), shown(2)], [event(3, epcList=[SHIRT_URI])])
    assert main([str(run.log), str(run.database), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "visits": 2,
        "found": 1,
        "in_gap": 0,
        "foreign": 0,
        "lost": 1,
        "missing": [
            {
                "station": "sewing",
                "reader": "sewing.gun",
                "said": "]C0B-101",
                "at": "2026-03-02T08:00:01+00:00",
            }
        ],
    }
    assert main([str(run.log), f"sqlite:///{run.database}"]) == 1
    assert "lost: ]C0B-101 at sewing.gun, 2026-03-02 08:00:01+00:00" in capsys.readouterr().out


def test_a_missing_file_is_one_sentence_and_2(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.write([], [])
    assert main([str(run.log), str(run.database) + "x"]) == 2
    assert main([str(run.log) + "x", str(run.database)]) == 2
    assert main([str(run.log), str(run.database), "--ledger", "other"]) == 2
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        f"There is no database {run.database}x.",
        "[Errno 2] No such file or directory",
        "There is no ledger 'other' in sqlite",
    ]


def test_it_runs_as_a_program(run: Run) -> None:
    run.write([shown(2)], [event(3, epcList=[SHIRT_URI])])
    module = "traceability.simulation.wire_check"
    done = subprocess.run(
        [sys.executable, "-m", module, run.log, run.database], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "1 visits, 1 found, 0 in_gap, 0 foreign, 0 lost\n",
        "",
    )
