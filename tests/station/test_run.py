"""A whole station: real ports, a real server, a real file, killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from readers.emulated.emulation import EmulatedReader
from readers.protocols.llrp.emulator import LlrpEmulator
from readers.reads import Received
from readers.recordings.recording import replay
from readers.recordings.tape import Pointer
from readers.recordings.tapes import tape_lines
from readers.registry import protocol
from tests.station.floor import BOX, COUNTED_BOX, COUNTED_TICKET, NS, TICKET, box, content, tree
from traceability.epcis import body
from traceability.epcis.event_ids import station_event_id
from traceability.epcis.vocabulary import RECORDING
from traceability.gs1 import uri_of
from traceability.station.cache import Cache
from traceability.station.commands import station
from traceability.station.interpret import Post, interpret
from traceability.station.passes import StationPasses
from traceability.station.run import Station
from traceability.station.settings import InvalidSettings, parse_settings, place_of

ROOT = Path(__file__).parents[2]


def until(what: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait for something that other threads and processes bring about."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def waiting_in(path: Path) -> int:
    """Look into another process's spool: how many elements it keeps."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM element").fetchone()[0])


class Server:
    """What a station needs of a server, kept in memory."""

    def __init__(self) -> None:
        self.tree: dict[str, object] = tree(
            expected=[box(COUNTED_BOX, [content(COUNTED_TICKET, "4473", "12")], "4473")]
        )
        self.elements: dict[int, dict[str, object]] = {}
        self.doubled = 0
        self.live: list[dict[str, object]] = []
        self.polls = 0
        self.is_away = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.polls += 1
                size = outer.tree["size"]
                if outer.is_away:
                    self.reply(503, b"{}")
                elif f"size={size}&" in self.path:
                    self.reply(204, b"")
                else:
                    self.reply(200, json.dumps(outer.tree).encode())

            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if outer.is_away:
                    self.reply(503, b"{}")
                elif self.path.endswith("/live"):
                    outer.live.append(sent)
                    self.reply(204, b"")
                else:
                    self.reply(200, json.dumps([outer.take(each) for each in sent]).encode())

            def reply(self, status: int, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, element: dict[str, object]) -> dict[str, object]:
        run = element["run"]
        assert isinstance(run, list)
        event = element.get("event")
        name = event["eventID"] if isinstance(event, dict) else element["id"]
        status = "accepted"
        if run[2] in self.elements:
            status, self.doubled = "duplicate", self.doubled + 1
            assert self.elements[run[2]] == element
        self.elements[run[2]] = element
        return {"id": name, "status": status, "position": 100 + int(run[2])}

    def events(self) -> list[dict[str, object]]:
        found = [each.get("event") for _, each in sorted(self.elements.items())]
        return [each for each in found if isinstance(each, dict)]

    def gaps(self) -> list[dict[str, object]]:
        found = [each.get("gap") for _, each in sorted(self.elements.items())]
        return [each for each in found if isinstance(each, dict)]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class Scanner:
    """A barcode scanner on a TCP port."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)

    @property
    def connects(self) -> int:
        return len(self._lines)

    def beep(self, *texts: str) -> None:
        for text in texts:
            self._lines[-1].sendall(f"]C0{text}\r\n".encode())

    def unplug(self) -> None:
        self._lines[-1].close()

    def close(self) -> None:
        self._listener.close()
        for line in self._lines:
            line.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    made = Scanner()
    yield made
    made.close()


def config(server: Server, scanner: Scanner, stage: str) -> str:
    return f"""
name = "{stage}"
server = "{server.url}"
stage = "{stage}"
place = "Room"
scan_quiet_ms = 150
recordings = "tapes"

[[reader]]
name = "hand"
protocol = "barcode_lines"
url = "{scanner.url}"
"""


class Running:
    """A station in a thread of this process."""

    def __init__(self, text: str, folder: Path, **more: Any) -> None:  # `Any`: passed on by name
        self.station = Station(parse_settings(text), folder, **more)
        self.thread = threading.Thread(target=self.station.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.station.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


def test_a_scan_becomes_an_event_at_the_server_and_a_word_on_the_screen(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    running = Running(config(server, scanner, "sewing"), tmp_path)
    until(lambda: scanner.connects)
    scanner.beep("B-102")
    until(server.events)
    until(lambda: any(each["state"] == "PASS" for each in server.live))
    running.stop()
    event = server.events()[0]
    assert (event["bizStep"], event["quantityList"], event["bizLocation"]) == (
        "commissioning",
        [{"epcClass": uri_of(COUNTED_TICKET), "quantity": 12}],
        {"id": f"https://{NS}/loc/Room"},
    )


def test_a_gate_says_pass_and_names_the_carton(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    running = Running(config(server, scanner, "shipping"), tmp_path)
    until(lambda: scanner.connects)
    scanner.beep("C-7703")
    until(lambda: any(each["state"] == "PASS" for each in server.live))
    running.stop()
    shown = next(each for each in server.live if each["state"] == "PASS")
    assert shown["carton"] == {"key": COUNTED_BOX, "name": "…7703"}


def test_lamps_at_a_reader_follow_the_screen_and_an_input_is_no_read(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    device = LlrpEmulator()
    arch = EmulatedReader("arch", "llrp", port="tcp", emulator=device)
    text = (
        config(server, scanner, "shipping")
        + f"""
[[reader]]
name = "arch"
protocol = "llrp"
url = "{arch.url}"
lights = "green=1 amber=2 red=3"
"""
    )
    running = Running(text, tmp_path)
    until(lambda: scanner.connects and arch.is_connected)
    device.gpi(1, is_high=True)
    scanner.beep("C-7703")
    until(lambda: device.outputs() == {1: True, 2: False, 3: False, 4: False})
    running.stop()
    arch.stop()
    assert device.outputs() == dict.fromkeys(range(1, 5), False)
    assert [each["bizStep"] for each in server.events()] == ["shipping"]


def test_a_carton_that_is_packed_meanwhile_is_known_at_the_gate(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    running = Running(config(server, scanner, "shipping"), tmp_path)
    until(lambda: scanner.connects and server.polls)
    server.tree = tree(
        size=11, expected=[box(f"//{NS}/obj/C-9", [content(COUNTED_TICKET, "4473", "12")], "4473")]
    )
    scanner.beep("C-9")
    until(lambda: any(each["state"] == "PASS" for each in server.live))
    running.stop()
    assert [each["bizStep"] for each in server.events()] == ["shipping"]


def test_without_its_server_a_station_goes_on_and_delivers_later(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    text = config(server, scanner, "sewing")
    first = Running(text, tmp_path)
    until(lambda: scanner.connects)
    first.stop()
    server.is_away = True
    again = Running(text, tmp_path)
    until(lambda: scanner.connects == 2)
    scanner.beep("B-102")
    until(lambda: again.station.spool.counts().waiting)
    assert server.events() == []
    server.is_away = False
    until(server.events)
    again.stop()
    assert len(server.events()) == 1


def test_an_unplugged_reader_leaves_a_gap(server: Server, scanner: Scanner, tmp_path: Path) -> None:
    running = Running(config(server, scanner, "sewing"), tmp_path)
    until(lambda: scanner.connects)
    scanner.beep("B-102")
    until(server.events)
    scanner.unplug()
    until(server.gaps)
    running.stop()
    gap = server.gaps()[0]
    assert (gap["type"], gap["reader"], gap["station"]) == ("gap", "hand", "sewing")
    assert str(gap["from"]) <= str(gap["to"])


def test_the_tape_of_the_wire_played_back_gives_the_same_events_with_the_same_ids(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    running = Running(config(server, scanner, "packing"), tmp_path)
    until(lambda: scanner.connects)
    garments = [f"G-{n}" for n in range(5)]
    scanner.beep("C-1", *garments)
    until(server.events)
    scanner.beep("B-102", "B-101", "what is this")
    until(lambda: len(server.events()) >= 3)
    running.stop()
    (tape,) = (tmp_path / "tapes").iterdir()
    assert tape.name == "packing-hand"
    known = Cache.from_json(server.tree)
    settings = running.station.settings
    assert known.flow is not None
    stage = known.flow.stage("packing")
    assert stage is not None
    where = Post("packing", stage, ZoneInfo("UTC"), place_of("Room", NS))
    passes = StationPasses(where, settings.pass_rules(stage), known)
    closed, last_at = [], None
    for each in replay(tape_lines(tape), protocol("barcode_lines").codec(), "hand"):
        if isinstance(each, Received):
            closed += passes.hear(each)
            last_at = each.at
    assert last_at is not None
    closed += passes.flush(last_at)
    replayed: list[dict[str, object]] = []
    last = 0
    for one in closed:
        for event in interpret(one, known, where, last):
            last = event.event_time
            name = station_event_id(last, "packing", running.station.spool.epoch, len(replayed) + 1)
            tree_of = {**event.tree(), "eventID": name}
            replayed.append(json.loads(body.canonical(tree_of)))
    said = server.events()
    recorded = [each.pop(RECORDING) for each in said]
    assert said == replayed
    pointers = [Pointer.parse(str(one)) for each in recorded for one in each]  # type: ignore[attr-defined]  # a list in JSON
    assert [each.tape for each in pointers] == ["packing-hand"] * len(said)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_station_loses_nothing_that_its_screen_has_shown(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    path = tmp_path / "station.toml"
    path.write_text(config(server, scanner, "packing"))

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "app", "station", "run", "--config", str(path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=log,
            )

    child = start()
    until(lambda: scanner.connects)
    server.is_away = True
    scanner.beep("C-1", "G-1")
    until(lambda: waiting_in(tmp_path / "packing.spool.sqlite"))
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    server.is_away = False
    child = start()
    until(lambda: scanner.connects == 2)
    until(server.events)
    # The carton that was open is still open: the work in hand has survived, too.
    scanner.beep("G-2")
    until(lambda: len(server.events()) == 2)
    child.terminate()
    assert child.wait(timeout=10) == 0
    assert (
        [(each.get("parentID"), each.get("childEPCs")) for each in server.events()],
        [each["reason"] for each in server.gaps()],
        sorted(server.elements),
    ) == (
        [
            (uri_of(f"//{NS}/obj/C-1"), [uri_of(f"//{NS}/obj/G-1")]),
            (uri_of(f"//{NS}/obj/C-1"), [uri_of(f"//{NS}/obj/G-2")]),
        ],
        ["The station was not running."],
        [1, 2, 3],
    )


def test_status_says_how_the_spool_stands(server: Server, scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text(config(server, scanner, "packing"))
    running = Running(path.read_text(), tmp_path)
    until(lambda: scanner.connects)
    scanner.beep("C-1", "G-1")
    until(server.events)
    until(lambda: running.station.spool.counts().waiting == 0)
    running.stop()
    answer = CliRunner().invoke(station, ["status", "--config", str(path), "--json"])
    found = json.loads(answer.output)
    assert (
        found["station"],
        found["said"],
        found["waiting"],
        found["parked"],
        found["holes"],
        found["delivered_position"],
        found["in_hand"],
    ) == ("packing", 1, 0, 0, 0, 101, [f"//{NS}/obj/C-1"])


def test_a_stage_that_the_flow_does_not_have_is_named(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    text = config(server, scanner, "washing")
    worker = Station(parse_settings(text), tmp_path)
    with pytest.raises(InvalidSettings, match="works at stage 'washing', which flow 'garment'"):
        worker.run()


def test_the_ticket_and_the_carton_of_these_tests_are_what_the_flow_takes_them_for() -> None:
    flow = Cache.from_json(tree()).flow
    assert flow is not None
    kinds = [flow.kind_of(key) for key in (TICKET, COUNTED_BOX, f"/00/{BOX}")]
    assert [kind and kind.name for kind in kinds] == ["bundle", "carton", "carton"]
