"""One story a fault: whatever happens to a station, what was read is delivered, once, in order.

Unplugging under another name is told in `test_own_floor`, a line that forgets its hosts in
`tests/readers/test_silent_line`, and a power cut of the whole PC in `tests/workshop`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from readers.emulated.emulation import EmulatedReader
from tests.station.test_delivery import Store, handler_of
from tests.station.test_run import ROOT, Running, Scanner, Server, scanner, server, until
from traceability.errors import Offline
from traceability.gs1 import key_of
from traceability.ledger.crash_points import SETTING, SPOOL_POINTS
from traceability.simulation import labels
from traceability.station.delivery import Delivery
from traceability.station.link import Link
from traceability.station.run import Station
from traceability.station.settings import parse_settings
from traceability.station.spool import Element, Spool

__all__ = ["scanner", "server"]  # fixtures of a station that runs

GTIN = labels.gtin("9521141", 7)


@pytest.fixture
def gate() -> Iterator[EmulatedReader]:
    made = EmulatedReader("gate", "r2000_a0", port="tcp")
    yield made
    made.stop()


def settings_of(server: Server, url: str, protocol: str = "barcode_lines") -> str:
    return f"""
name = "packing"
server = "{server.url}"
stage = "packing"
place = "Room"
scan_quiet_ms = 50
quiet_ms = 100

[[reader]]
name = "one"
protocol = "{protocol}"
url = "{url}"
"""


def tag(serial: int) -> bytes:
    return labels.sgtin_tag(GTIN, 7, serial)


def told(server: Server) -> list[str]:
    """Return what events name as having gone into a carton or been seen, in order of delivery."""
    names: list[str] = []
    for event in server.events():
        found: Any = [*event.get("childEPCs", []), *event.get("epcList", [])]  # type: ignore[misc]  # lists in EPCIS
        names += [key_of(each).rpartition("/")[2] for each in found]
    return names


def pass_by(gate: EmulatedReader, server: Server, serial: int) -> None:
    """Carry one garment through the field and wait until the record has it."""
    gate.show([tag(serial)])
    until(lambda: str(serial) in told(server), seconds=60)
    gate.clear()


def test_a_reader_that_restarts_reads_again_by_itself(
    server: Server, gate: EmulatedReader, tmp_path: Path
) -> None:
    running = Running(settings_of(server, gate.url, "r2000_a0"), tmp_path)
    pass_by(gate, server, 1)
    gate.unplug()
    gate.plug()
    pass_by(gate, server, 2)
    running.stop()
    assert (told(server), len(server.gaps())) == (["1", "2"], 1)


def test_a_second_program_at_the_reader_takes_nothing_away(
    server: Server, gate: EmulatedReader, tmp_path: Path
) -> None:
    running = Running(settings_of(server, gate.url, "r2000_a0"), tmp_path)
    pass_by(gate, server, 1)
    with socket.create_connection(("127.0.0.1", int(gate.url.rpartition(":")[2]))) as other:
        other.settimeout(30)
        assert other.recv(100) == b""  # one host at a time: the second is let go
    pass_by(gate, server, 2)
    running.stop()
    assert (told(server), server.gaps()) == (["1", "2"], [])


def test_flipped_bits_cost_time_and_never_a_number(
    server: Server, gate: EmulatedReader, tmp_path: Path
) -> None:
    running = Running(settings_of(server, gate.url, "r2000_a0"), tmp_path)
    pass_by(gate, server, 1)
    gate.flip_bits(3)
    pass_by(gate, server, 2)
    standing = running.station.standing()
    running.stop()
    assert (told(server), standing.lines[0].noise > 0) == (["1", "2"], True)


def test_after_a_day_of_silence_the_next_scan_comes_as_if_nothing_had_been(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    off = [timedelta(0)]
    running = Running(
        settings_of(server, scanner.url), tmp_path, clock=lambda: datetime.now(UTC) + off[0]
    )
    until(lambda: scanner.connects)
    scanner.beep("C-1", "G-1")
    until(server.events)
    beats = len(server.live)
    off[0] = timedelta(hours=24)
    until(lambda: len(server.live) > beats)
    scanner.beep("G-2")
    until(lambda: len(server.events()) == 2)
    running.stop()
    first, second = (datetime.fromisoformat(str(each["eventTime"])) for each in server.events())
    # The carton is still open, the line still stands, and the time is the new day's.
    assert (told(server), scanner.connects, server.gaps()) == (["G-1", "G-2"], 1, [])
    assert second - first > timedelta(hours=23)


def test_a_full_disk_holds_scans_back_and_ends_nothing(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    running = Running(settings_of(server, scanner.url), tmp_path)
    until(lambda: scanner.connects)
    scanner.beep("C-1", "G-1")
    until(lambda: told(server) == ["G-1"])
    spool = running.station.spool
    # The file may grow no more: every write that needs room fails as on a full disk.
    [pages] = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    count = 60
    scanner.beep(*[f"G-{n}" for n in range(2, count)])
    scanner.unplug()
    until(lambda: scanner.connects == 2)
    until(lambda: "is full" in running.station.standing().behind.problem)
    assert running.thread.is_alive()
    spool._db.execute("PRAGMA max_page_count = 1000000")
    until(lambda: len(told(server)) == count - 1)
    until(server.gaps)
    assert running.station.standing().behind.problem == ""
    running.stop()
    assert sorted(told(server)) == sorted(f"G-{n}" for n in range(1, count))
    assert sorted(server.elements) == list(range(1, len(server.elements) + 1))


PASSES, IN_EACH = 2_000, 50


def passed(number: int) -> Element:
    """Say what one carton with fifty garments says at a gate."""
    names = [f"{number}.{piece}" for piece in range(IN_EACH)]
    tree = {"eventID": f"id {number}", "childEPCs": names}
    return Element(number, f"id {number}", json.dumps(tree).encode())


def test_three_days_without_a_server_come_once_and_in_order_behind_what_is_read_now(
    tmp_path: Path,
) -> None:
    store = Store()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(store))
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    before = Spool(tmp_path / "s.sqlite", "dock", epoch=7)
    before.put([passed(number) for number in range(1, PASSES + 1)])
    before.close()
    spool = Spool(tmp_path / "s.sqlite", "dock", epoch=8)
    assert PASSES * IN_EACH == 100_000
    link = Link(f"http://127.0.0.1:{http.server_port}", timeout_s=30.0)
    delivery = Delivery(spool, link)
    store.faults = ["busy", "drop after"]
    now: list[int] = []
    while spool.load().waiting:
        with contextlib.suppress(Offline):
            delivery.deliver_once()
        if len(now) < 3 and len(store.order) > 400:
            spool.put([passed(spool.next_counter)])
            now.append(spool.next_counter - 1)
            at = len(store.order)
            delivery.deliver_once()
            # The very next request carries it, with tens of thousands of reads still waiting.
            assert store.order[at:] == [now[-1]]
    link.close()
    http.shutdown()
    http.server_close()
    assert [each for each in store.order if each not in now] == list(range(1, PASSES + 1))
    assert (sorted(store.order), len(now)) == (list(range(1, PASSES + 4)), 3)
    counts = spool.counts()
    assert (counts.waiting, counts.parked, counts.holes) == (0, 0, 0)
    spool.close()


def _is_told_or_dark(server: Server, name: str, child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is not None or name in told(server)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_at_every_step_of_the_spool_loses_and_doubles_nothing(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    path = tmp_path / "station.toml"
    path.write_text(settings_of(server, scanner.url))

    def start(crash_at: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "app", "station", "run", "--config", str(path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), SETTING: crash_at},
                stderr=log,
            )

    scanned: dict[str, datetime] = {}

    def scan_while(child: subprocess.Popen[bytes], connects: int) -> None:
        """Scan one thing after the other, each when the last is in the record or all is dark."""
        until(lambda: scanner.connects > connects or child.poll() is not None, seconds=60)
        while child.poll() is None and len(scanned) < 40:
            name = f"G-{len(scanned) + 1}"
            scanned[name] = datetime.now(UTC)
            with contextlib.suppress(OSError):
                scanner.beep(name)
            ends = partial(_is_told_or_dark, server, name, child)
            until(ends, seconds=60)

    for point in SPOOL_POINTS:
        connects = scanner.connects
        # The first thing that a station says after a kill is how long it was away.
        child = start(f"{point}:2")
        scan_while(child, connects)
        assert child.returncode == -signal.SIGKILL, point
    connects = scanner.connects
    child = start("")
    until(lambda: scanner.connects > connects, seconds=60)
    scanner.beep("G-99")
    until(lambda: "G-99" in told(server), seconds=60)
    child.terminate()
    assert child.wait(timeout=30) == 0

    found = told(server)
    assert len(found) == len(set(found))
    assert found == sorted(found, key=lambda name: int(name[2:]))
    assert sorted(server.elements) == list(range(1, len(server.elements) + 1))
    # Scanned in the moment of a kill, shown to nobody: the record says that nobody was listening.
    dark = [tuple(datetime.fromisoformat(str(gap[name])) for name in ("from", "to"))
            for gap in server.gaps()]  # fmt: skip
    lost = [at for name, at in scanned.items() if name not in found]
    assert len(lost) < len(SPOOL_POINTS)
    assert [at for at in lost if not any(begun <= at <= ended for begun, ended in dark)] == []


def test_a_station_that_was_stopped_says_for_how_long(
    server: Server, scanner: Scanner, tmp_path: Path
) -> None:
    text = settings_of(server, scanner.url)
    off = [timedelta(0)]

    def clock() -> datetime:
        return datetime.now(UTC) + off[0]

    for night in (timedelta(0), timedelta(hours=14), timedelta(hours=14, seconds=1)):
        off[0] = night
        connects = scanner.connects
        running = Running(text, tmp_path, clock=clock)
        until(lambda connects=connects: scanner.connects > connects)  # type: ignore[misc]  # as above
        until(lambda running=running: running.station.standing().lines[0].is_up)  # type: ignore[misc]  # as above
        running.stop()
    again = Station(parse_settings(text), tmp_path, clock=clock)
    again.spool.close()
    until(server.gaps)
    # A start anew within seconds is as good as never away.
    [gap] = server.gaps()
    begun, ended = (datetime.fromisoformat(str(gap[name])) for name in ("from", "to"))
    assert (gap["reason"], gap["reader"]) == ("The station was stopped.", "one")
    assert timedelta(hours=13) < ended - begun < timedelta(hours=15)
