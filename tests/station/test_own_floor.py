"""Readers of this PC: found out, tried, placed, taken away; what they read is in a real ledger."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.ports import Port
from readers.protocols.r200_bb7e.emulator import R200Emulator
from tests.station.workshop import Served, floor_of, open_ledger, recorded, serve, until
from traceability.errors import Refused
from traceability.floor_values import FloorRefused, KnownReader, PortNow, Trouble
from traceability.ledger.append import Ledger
from traceability.projections.entering import flow_draft
from traceability.simulation import labels
from traceability.station.addresses import port_url
from traceability.station.floor import Floor
from traceability.station.settings import load_settings

SLOW_S = 30.0
"""For a busy machine; how soon it is on a quiet one stands in `Floor.stop_all`."""

GTIN = labels.gtin("9521141", 7)
SHIRT = labels.sgtin_tag(GTIN, 7, 4711)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger.sqlite")
    yield made
    made.database.close()


@pytest.fixture
def served(ledger: Ledger) -> Iterator[Served]:
    made = serve(ledger)
    yield made
    made.stop()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "stations"


@pytest.fixture
def floor(served: Served, files: Path) -> Iterator[Floor]:
    made = floor_of(served, files)
    yield made
    made.stop_all()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., EmulatedReader]]:
    readers: list[EmulatedReader] = []

    def make(protocol: str, **more: Any) -> EmulatedReader:  # `Any`: passed on by name
        given = {"folder": tmp_path / "dev", "port": "pty", **more}
        readers.append(EmulatedReader(f"reader-{len(readers)}", protocol, **given))
        return readers[-1]

    yield make
    for reader in readers:
        reader.stop()


def roll(reader: EmulatedReader, lot: str) -> None:
    """Scan one roll's label."""
    text, aim = labels.roll_scan(GTIN, lot)
    until(lambda: reader.scan(text, aim))


def waiting_in(spool: Path) -> int:
    """Look into another process's spool: how much it keeps for the server."""
    with contextlib.closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True)) as db:
        asked = "SELECT count(*) FROM element WHERE state = 'waiting'"
        return int(db.execute(asked).fetchone()[0])


def lots(ledger: Ledger) -> list[str]:
    """Return the lots that were recorded, in order."""
    found = []
    for tree in recorded(ledger, "event"):
        event = json.dumps(tree)
        found += [word.split('"')[0] for word in event.split("/10/")[1:]]
    return found


def test_a_reader_is_found_tried_and_placed_and_its_scans_arrive(
    floor: Floor, ledger: Ledger, made: Callable[..., EmulatedReader], files: Path
) -> None:
    reader = made("r200_bb7e", emulator=R200Emulator(region=3))
    reader.show([SHIRT])
    url = floor.add_port(reader.url)

    finding = floor.find_out(url)
    assert finding.reader == KnownReader(
        "r200_bb7e", "R200", "tags", 115200, "M100 26dBm V1.0", "V2.3.5", "eu", (26.0,)
    )
    reading = floor.read_now(url, seconds=1.0, wait_s=5.0)
    assert [(one.code, one.is_tag, one.count > 1) for one in reading.seen] == [
        (SHIRT.hex(), True, True)
    ]
    assert reading.is_done
    # Its opening and the key that signs it, nothing of the sleeve.
    assert ledger.size == 2

    placed = floor.place(url, stage="shipping", title="Dock gate", zone="Europe/Lisbon")
    until(lambda: recorded(ledger, "event"))

    [event] = recorded(ledger, "event")
    assert "4711" in json.dumps(event)
    assert (placed.name, placed.station, placed.stage) == ("dock-gate.1", "dock-gate", "shipping")
    settings = load_settings(files / "dock-gate.toml")
    assert (settings.zone, settings.place, settings.token) == ("Europe/Lisbon", "shipping", None)
    until(lambda: floor.stations()[0].read_count > 0)
    [now] = floor.stations()
    assert (now.state, now.url, now.protocol_title) == ("working", url, "R200")
    assert now.last_read_at is not None


def test_a_title_in_another_script_takes_the_name_of_its_stage(
    floor: Floor, made: Callable[..., EmulatedReader]
) -> None:
    names = []
    for _ in range(2):
        reader = made("barcode_lines")
        placed = floor.place(
            reader.url, stage="fabric-in", title="面料入库", protocol="barcode_lines"
        )
        names.append((placed.name, placed.title))
    assert names == [("fabric-in.1", "面料入库"), ("fabric-in-2.1", "面料入库")]


def test_a_second_reader_may_join_the_first_one_at_its_work(
    floor: Floor, ledger: Ledger, made: Callable[..., EmulatedReader]
) -> None:
    first, second = made("barcode_lines"), made("barcode_lines", port="tcp")
    one = floor.place(first.url, stage="fabric-in", title="In", protocol="barcode_lines", baud=9600)
    floor.add_port(second.url)
    two = floor.place(
        second.url, stage="fabric-in", title="In", protocol="barcode_lines", beside=one.station
    )
    assert (two.name, two.is_one_of) == ("in.2", 2)
    roll(first, "R1")
    roll(second, "R2")
    until(lambda: len(lots(ledger)) == 2)
    floor.remove("in.1")
    until(lambda: [each.state for each in floor.stations()] == ["working"])
    assert [each.name for each in floor.stations()] == ["in.2"]


def test_a_port_that_a_station_reads_is_paused_for_a_look_and_goes_on(
    floor: Floor, ledger: Ledger, made: Callable[..., EmulatedReader]
) -> None:
    reader = made("r2000_a0")
    floor.place(reader.url, stage="store", title="Store", protocol="r2000_a0")
    until(lambda: floor.stations()[0].state == "working")

    floor.find_out(reader.url, wait_s=0)
    until(lambda: floor.stations()[0].state == "paused")
    with pytest.raises(FloorRefused, match="is being looked at already"):
        floor.read_now(reader.url)
    until(lambda: floor.finding(reader.url).is_done)  # type: ignore[union-attr]  # it was asked
    found = floor.finding(reader.url)
    assert found is not None
    assert found.reader is not None
    assert found.reader.firmware == "1.9"

    reader.show([SHIRT])
    tried = floor.read_now(reader.url, seconds=0.8, wait_s=5)
    assert [one.code for one in tried.seen] == [SHIRT.hex()]
    assert recorded(ledger, "event") == []
    until(lambda: recorded(ledger, "event"))
    # A look that takes long is said: nobody heard what passed meanwhile.
    assert {each["reason"] for each in recorded(ledger, "gap")} <= {"The station was stopped."}


def test_what_was_read_while_the_server_was_away_arrives_after_a_new_start(
    served: Served, ledger: Ledger, files: Path, made: Callable[..., EmulatedReader]
) -> None:
    floor = floor_of(served, files)
    reader = made("barcode_lines")
    floor.place(reader.url, stage="fabric-in", title="In", protocol="barcode_lines", baud=9600)
    roll(reader, "R1")
    until(lambda: lots(ledger) == ["R1"])
    port = int(served.url.rpartition(":")[2])
    served.stop()
    roll(reader, "R2")
    until(lambda: floor.stations()[0].waiting == 1)
    with pytest.raises(FloorRefused, match="1 things that In read are not sent yet") as refused:
        floor.remove("in.1")
    assert (refused.value.kind, refused.value.count) == ("unsent", 1)
    floor.stop_all()

    again = serve(ledger, port)
    second = floor_of(again, files)
    until(lambda: lots(ledger) == ["R1", "R2"])
    roll(reader, "R3")
    until(lambda: lots(ledger) == ["R1", "R2", "R3"])
    second.remove("in.1")
    assert (second.stations(), list(files.glob("*.toml"))) == ([], [])
    assert (files / "spools" / "in.spool.sqlite").exists()
    second.stop_all()
    again.stop()


def test_a_reader_plugged_in_under_another_name_is_found_again(
    served: Served,
    ledger: Ledger,
    files: Path,
    tmp_path: Path,
    made: Callable[..., EmulatedReader],
) -> None:
    reader = made("barcode_lines")
    plug = Path(reader.url)
    names = [tmp_path / "ttyUSB0", tmp_path / "ttyUSB7"]
    names[0].symlink_to(plug)
    here = [str(names[0])]

    def listed() -> Sequence[Port]:
        return [
            Port(name, "USB Serial", None, "1a86:7523", True, "", "QinHeng", "usb 1a86:7523 at 1-2")
            for name in here
        ]

    floor = floor_of(served, files, listed)
    placed = floor.place(here[0], stage="fabric-in", title="In", protocol="barcode_lines")
    roll(reader, "R1")
    until(lambda: lots(ledger) == ["R1"])

    reader.unplug()
    names[0].unlink()
    here.clear()
    until(lambda: floor.stations()[0].state == "down")
    names[1].symlink_to(plug)
    reader.plug()
    here.append(str(names[1]))
    until(lambda: floor.stations()[0].state == "working")
    roll(reader, "R2")
    until(lambda: lots(ledger) == ["R1", "R2"])

    [now] = floor.stations()
    assert (now.name, now.url) == (placed.name, str(names[1]))
    assert [(port.url, port.title, port.station) for port in floor.ports()] == [
        (str(names[1]), "QinHeng", "in")
    ]
    assert len(recorded(ledger, "gap")) == 1
    floor.stop_all()


OTHER = """
import sys
from pathlib import Path
from traceability.station.floor import Floor
files = Path(sys.argv[1])
floor = Floor(files, server=sys.argv[2], spools=files / "spools")
floor.start_all()
print("running", flush=True)
sys.stdin.read()
"""


def test_a_kill_in_the_middle_loses_nothing_that_was_read(
    served: Served, ledger: Ledger, files: Path, made: Callable[..., EmulatedReader]
) -> None:
    floor = floor_of(served, files)
    reader = made("barcode_lines", port="tcp")
    floor.place(reader.url, stage="fabric-in", title="In", protocol="barcode_lines")
    roll(reader, "R1")
    until(lambda: lots(ledger) == ["R1"])
    floor.stop_all()
    port = int(served.url.rpartition(":")[2])
    served.stop()

    child = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(files), served.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
        roll(reader, "R2")
        spool = files / "spools" / "in.spool.sqlite"
        until(lambda: waiting_in(spool) == 1)
        child.kill()

    again = serve(ledger, port)
    after = floor_of(again, files)
    roll(reader, "R3")
    until(lambda: len(lots(ledger)) == 3)
    assert lots(ledger) == ["R1", "R2", "R3"]
    assert [gap["reason"] for gap in recorded(ledger, "gap")] == ["The station was not running."]
    assert after.stop_all(timeout_s=SLOW_S)
    again.stop()


def test_many_stations_end_in_time_and_leave_no_thread(
    served: Served, files: Path, made: Callable[..., EmulatedReader]
) -> None:
    before = set(threading.enumerate())
    floor = floor_of(served, files)
    readers = [made("r2000_a0", port="tcp") for _ in range(4)]
    before |= {thread for thread in threading.enumerate() if thread.name.startswith("emulated")}
    for number, reader in enumerate(readers):
        floor.place(reader.url, stage="store", title=f"Store {number}", protocol="r2000_a0")
    dead = "socket://127.0.0.1:9"
    floor.place(dead, stage="store", title="Away", protocol="r2000_a0")
    until(lambda: sorted(one.state for one in floor.stations()) == ["down", *["working"] * 4])
    assert floor.stop_all(timeout_s=SLOW_S)
    ours = ("station", "delivery", "cache", "live", "reader ")
    until(
        lambda: (
            not [
                thread
                for thread in set(threading.enumerate()) - before
                if thread.name.startswith(ours)
            ]
        )
    )


def test_another_flow_reaches_a_station_without_a_new_start(
    floor: Floor, ledger: Ledger, made: Callable[..., EmulatedReader]
) -> None:
    reader = made("barcode_lines")
    floor.place(reader.url, stage="fabric-in", title="In", protocol="barcode_lines", baud=9600)
    roll(reader, "R1")
    until(lambda: lots(ledger) == ["R1"])
    flow = Path("flows/garment.toml").read_text("utf-8")
    without = flow.replace('name = "fabric-in"\n', 'name = "fabric-in"\noff = true\n', 1)
    ledger.append([flow_draft(without, by="admin")])
    until(lambda: "works at stage 'fabric-in'" in floor.stations()[0].problem)
    assert floor.stations()[0].state == "stopped"
    ledger.append([flow_draft(flow, by="admin")])
    until(lambda: floor.stations()[0].state == "working")
    roll(reader, "R2")
    until(lambda: lots(ledger) == ["R1", "R2"])


def test_another_title_is_shown_and_the_name_stays(
    floor: Floor, served: Served, made: Callable[..., EmulatedReader]
) -> None:
    reader = made("barcode_lines")
    floor.place(reader.url, stage="fabric-in", title="In", protocol="barcode_lines")
    hub = served.app.extensions["hangtag.live"]
    until(lambda: (hub.gate("in") or {}).get("title") == "In")
    floor.rename("in", "Fabric door")
    until(lambda: (hub.gate("in") or {}).get("title") == "Fabric door")
    assert [(one.station, one.title) for one in floor.stations()] == [("in", "Fabric door")]


def test_typed_addresses_are_kept_until_they_are_forgotten(served: Served, files: Path) -> None:
    floor = floor_of(served, files)
    floor.add_port("192.0.2.7:4001")
    floor.add_port("/nowhere/ttyUSB0")
    floor.stop_all()
    again = floor_of(served, files)
    network = PortNow("socket://192.0.2.7:4001", "", "", True, True, None)
    missing = PortNow("/nowhere/ttyUSB0", "", "", False, True, Trouble("missing"))
    assert again.ports() == [network, missing]
    again.forget_port("/nowhere/ttyUSB0")
    assert again.ports() == [network]
    again.stop_all()


@pytest.mark.parametrize(
    "text",
    [
        *("", "reader", "10.0.0.7", "10.0.0.7:0", "10.0.0.7:70000", "spy:///dev/x", "a b:1", "-"),
        "https://root:opensesame@10.0.0.7/events",
        "https://root@10.0.0.7/events?secrets=/etc/hangtag/netrc",
    ],
)
def test_what_is_no_port_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(FloorRefused) as refused:
        port_url(text)
    assert str(refused.value).endswith(
        "expected an address with a number, such as 192.168.1.50:4001, or a name such as"
        " /dev/ttyUSB0 or COM3."
    )


def test_what_cannot_be_is_refused(floor: Floor, made: Callable[..., EmulatedReader]) -> None:
    reader = made("barcode_lines")
    with pytest.raises(FloorRefused, match="Nobody has found out yet what speaks on"):
        floor.place(reader.url, stage="store", title="Store")
    with pytest.raises(FloorRefused, match="Nobody has found out yet what speaks on"):
        floor.read_now(reader.url)
    floor.place(reader.url, stage="store", title="Store", protocol="barcode_lines")
    with pytest.raises(FloorRefused, match=r"A station reads .* already"):
        floor.place(reader.url, stage="store", title="Store", protocol="barcode_lines")
    with pytest.raises(FloorRefused, match="No placed reader is called 'x'"):
        floor.remove("x")
    with pytest.raises(Refused, match="No station is called 'x'"):
        floor.rename("x", "y")


def test_a_file_that_cannot_be_read_is_told_and_stops_no_other(
    served: Served, files: Path, made: Callable[..., EmulatedReader]
) -> None:
    files.mkdir()
    (files / "broken.toml").write_text("name = ")
    floor = floor_of(served, files)
    reader = made("barcode_lines")
    floor.place(reader.url, stage="store", title="Store", protocol="barcode_lines")
    until(lambda: floor.stations()[0].state == "working")
    assert list(floor.problems) == ["broken.toml"]
    assert floor.problems["broken.toml"].startswith("The station's file is not readable as TOML")
    floor.stop_all()
