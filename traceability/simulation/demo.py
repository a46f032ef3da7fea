"""A whole factory for a visitor: wires, stations, server and workers, started and stopped together.

This process holds the far ends of the wires and nothing else of the chain: what it knows of the
ledger it asks the server, as anybody could.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal

from readers.emulated.emulation import EmulatedReader
from readers.protocols.keyboard_lines import ENTRY as KEYBOARD
from readers.protocols.keyboard_lines.emulator import KeyboardEmulator
from traceability.simulation import floor
from traceability.simulation.control import Control, Json
from traceability.simulation.factory import CALM, FAST, Factory, Wire
from traceability.simulation.faults import Mischief, line_faults, swallowable
from traceability.simulation.plan import Plan, make_plan
from traceability.simulation.premises import Premises
from traceability.simulation.processes import (
    LOOPBACK,
    Child,
    DemoFailed,
    Relay,
    free_port,
    wait_for_answer,
)
from traceability.simulation.screens import Screens
from traceability.simulation.station_files import write_station_file
from traceability.simulation.tampering import Tampering
from traceability.simulation.visitor import Visitor

__all__ = ["Demo", "Wishes"]

log = logging.getLogger(__name__)

_SERVER_S: Final = 60.0
_LINES_S: Final = 20.0
_MASTER_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    garments: int = 300
    seed: int = 7
    port: int = 8000
    ports: Literal["pty", "tcp"] = "pty"
    readers: Literal["mixed", "keyboard"] = "mixed"
    """`keyboard`: everything types, scanners and radio readers alike."""
    is_until_done: bool = False
    is_noisy: bool = False
    swallow: int = 0
    wire_log: Path | None = None


class Demo:
    """The running demo. One thread starts and stops it."""

    def __init__(self, wishes: Wishes, premises: Premises) -> None:
        """Plan everything; nothing runs before `start`.

        Args:
            wishes: What is asked for.
            premises: The ledger and the folder, made ready.

        Raises:
            DemoFailed: If the plan cannot hold what is asked for.
        """
        self.wishes = wishes
        self.premises = premises
        self.plan: Plan = make_plan(
            wishes.seed,
            wishes.garments,
            today=datetime.now(UTC).date(),
            series=premises.series,
        )
        possible = len(swallowable(self.plan))
        if wishes.swallow > possible:
            raise DemoFailed(
                f"Cannot swallow {wishes.swallow} scans: this plan has {possible} rolls."
            )
        self.wire_log = wishes.wire_log or premises.folder / "wire.jsonl"
        # The log is the truth of this run alone.
        self.wire_log.parent.mkdir(parents=True, exist_ok=True)
        self.wire_log.write_text("", encoding="utf-8")
        self.port = free_port(wishes.port)
        self.relay = Relay(self.port)
        self.wires: dict[str, EmulatedReader] = {}
        self.server: Child | None = None
        self.stations: list[Child] = []
        self.files: list[Path] = []
        self.screens = Screens(self.url)
        self.factory: Factory | None = None
        self.control: Control | None = None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start everything, in the order in which one thing needs another.

        Raises:
            DemoFailed: If the server does not come up or a line stays dead.
        """
        self._open_wires()
        self._hire()
        self._start_server()
        self._tell_master_data()
        self._start_stations()
        assert self.factory is not None
        self.factory.start()

    def has_page(self, path: str) -> bool:
        """Say whether the server has a page; a visitor is sent to no other."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop everything within three seconds; may be called at any time, more than once."""
        if self.factory is not None:
            self.factory.stop()
        if self.control is not None:
            self.control.stop()
            self.control = None
        self.screens.stop()
        # Whoever presses Ctrl-C waits for nobody: what a station has not delivered by now lies in
        # its spool. A run that is counted has stopped its stations before.
        children = [child for child in (*self.stations, self.server) if child is not None]
        for child in children:
            child.ask_to_stop()
        wires = [wire.stop for wire in self.wires.values()]
        _all_at_once([*(child.stop for child in children), *wires])
        self.relay.stop()

    def stop_stations(self) -> None:
        """Let the stations end well: what is read is kept, what is kept is delivered."""
        _all_at_once([station.stop for station in self.stations])

    def processes(self) -> Json:
        """Tell process numbers and how often each was started."""
        children = [child for child in (self.server, *self.stations) if child is not None]
        return {child.name: {"pid": child.pid, "starts": child.start_count} for child in children}

    # --- starting ----------------------------------------------------------------------------

    def _open_wires(self) -> None:
        readers = [reader for station in floor.STATIONS for reader in station.readers]
        types = self.wishes.readers == "keyboard"
        for number, reader in enumerate(readers):
            reads = "codes" if reader.means == "scanner" else "tags"
            self.wires[reader.name] = EmulatedReader(
                reader.name,
                KEYBOARD.name if types else reader.protocol,
                emulator=KeyboardEmulator(reads=reads) if types else None,
                port=self.wishes.ports,
                wire_log=self.wire_log,
                faults=line_faults(self.wishes.seed, number) if self.wishes.is_noisy else None,
                folder=self.premises.folder / "ports",
            )

    def _hire(self) -> None:
        """Bring workers and visitor together; they need each other's hands."""

        def unplug(reader: str, seconds: float) -> None:
            assert self.factory is not None
            self.factory.unplug(reader, seconds)

        wishes, wires = self.wishes, dict[str, Wire](self.wires)
        mischief = Mischief(
            self.plan, wires, unplug, is_noisy=wishes.is_noisy, swallow=wishes.swallow
        )
        self.factory = Factory(
            self.plan,
            wires,
            self.screens,
            FAST if wishes.is_until_done else CALM,
            before_step=mischief.before_step,
            keeps_one=not wishes.is_until_done,
        )
        file = self.premises.file
        tampering = Tampering(file) if file is not None else None
        visitor = Visitor(self.factory, wires, self.relay, tampering, self.processes)
        self.screens.tell(visitor.hear)
        self.control = Control(visitor)
        self.control.start()

    def _start_server(self) -> None:
        assert self.control is not None
        self.server = Child(
            "server",
            [
                *("serve", "--host", LOOPBACK, "--port", str(self.port)),
                *("--secret", str(self.premises.folder / "web.secret")),
            ],
            {"HANGTAG_DB": self.premises.url, "HANGTAG_SIM_URL": self.control.url},
            self.premises.folder / "server.log",
        )
        self.server.start()
        try:
            seconds = wait_for_answer(f"{self.url}/healthz", _SERVER_S, still=self._is_serving)
        except DemoFailed as error:
            raise DemoFailed(f"{error} {self.server.complaint()}") from error
        log.info("the server answers after %.1f s", seconds)
        self.screens.start()

    def _is_serving(self) -> bool:
        # A server that ends at once (a broken set-up) is started again in vain.
        return self.server is not None and self.server.start_count < _STARTS_IN_VAIN

    def _tell_master_data(self) -> None:
        """Say what an office knows before the first roll comes."""
        entries = [{"master": entry} for entry in floor.master_entries(self.plan)]
        for start in range(0, len(entries), _MASTER_BATCH):
            for outcome in self._post("/api/capture", entries[start : start + _MASTER_BATCH]):
                if outcome["status"] not in {"accepted", "duplicate"}:
                    raise DemoFailed(f"The server refused master data: {outcome['problem']}")

    def _post(self, path: str, body: object) -> Any:  # JSON of the server
        request = urllib.request.Request(  # noqa: S310  our own server
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    def _start_stations(self) -> None:
        server = f"http://{LOOPBACK}:{self.relay.port}"
        urls = {name: wire.url for name, wire in self.wires.items()}
        protocols = {name: wire.protocol for name, wire in self.wires.items()}
        for station in floor.STATIONS:
            path = write_station_file(station, self.premises.folder, server, urls, protocols)
            child = Child(
                f"station {station.name}",
                ["station", "run", "--config", str(path)],
                {},
                self.premises.folder / f"{station.name}.log",
            )
            child.start()
            self.files.append(path)
            self.stations.append(child)
        end = time.monotonic() + _LINES_S
        for name, wire in self.wires.items():
            if not wire.wait_connected(max(0.0, end - time.monotonic())):
                deaf = f"station {name.rpartition('.')[0]}"
                child = next(child for child in self.stations if child.name == deaf)
                raise DemoFailed(
                    f"Nobody listens to reader {name} within {_LINES_S:g} s. {child.complaint()}"
                )


_STARTS_IN_VAIN: Final = 4


def _all_at_once(calls: Sequence[Callable[[], None]]) -> None:
    """Call each in a thread of its own and wait for all."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2)
