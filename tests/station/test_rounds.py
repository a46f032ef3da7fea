"""Event cycles over a real port: what is on a shelf, what came, what went."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from click.testing import CliRunner

from readers.emulated.emulation import EmulatedReader
from readers.protocols.r200_bb7e.emulator import R200Emulator
from traceability.gs1 import key_of_epc, uri_of
from traceability.observation.cycles import Boundary
from traceability.simulation import labels
from traceability.station.commands import station
from traceability.station.rounds import rounds
from traceability.station.settings import ReaderSettings

SHIRT = labels.gtin("9521141", 101)
TAGS = [labels.sgtin_tag(SHIRT, 7, number) for number in (1, 2, 3)]
NAMES = [uri_of(key_of_epc(tag)) for tag in TAGS]
SHELF = """
name = "shelf"
server = "http://127.0.0.1:1"
stage = "shipping"
[[reader]]
name = "shelf"
protocol = "r200_bb7e"
url = "{url}"
baud = 115200
"""


def test_a_shelf_is_told_by_what_came_and_went(tmp_path: Path) -> None:
    reader = EmulatedReader("shelf", "r200_bb7e", emulator=R200Emulator(), folder=tmp_path)
    stopping = threading.Event()
    settings = ReaderSettings("shelf", "r200_bb7e", reader.url, 115_200)
    there: set[str] = set()
    gone: set[str] = set()
    try:
        reader.show(TAGS[:2])
        for number, report in enumerate(rounds([settings], Boundary(duration_ms=500), stopping)):
            there |= report.additions
            gone |= report.deletions
            if there == set(NAMES[:2]) and report.current == there:
                reader.hide([TAGS[1]])
                reader.show([TAGS[2]])
            if there == set(NAMES) and NAMES[1] in gone and report.current == {NAMES[0], NAMES[2]}:
                stopping.set()
            assert number < 120, "the shelf never came to what lies on it"
    finally:
        reader.stop()
    assert stopping.is_set()


def test_the_command_prints_a_line_a_cycle(tmp_path: Path) -> None:
    reader = EmulatedReader("shelf", "r200_bb7e", emulator=R200Emulator(), folder=tmp_path)
    config = tmp_path / "shelf.toml"
    config.write_text(SHELF.format(url=reader.url), encoding="utf-8")
    try:
        reader.show(TAGS)
        said = CliRunner().invoke(
            station,
            ["cycles", "--config", str(config), "--count", "3", "--cycles", "1"],
            catch_exceptions=False,
        )
    finally:
        reader.stop()
    report = json.loads(said.stdout)
    assert (said.exit_code, report["ended_by"]) == (0, "count")
    assert report["current"] == sorted(NAMES) == report["additions"]


def test_a_cycle_without_an_end_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "shelf.toml"
    config.write_text(SHELF.format(url="/dev/none"), encoding="utf-8")
    said = CliRunner().invoke(station, ["cycles", "--config", str(config)])
    assert said.exit_code != 0
    assert str(said.exception) == "Nothing ends this cycle: give a stop, a duration or a set."
