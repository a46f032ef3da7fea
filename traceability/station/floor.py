"""The floor of a small workshop: readers on this PC, found, tried and placed without a file edited.

Everything runs in the server's own process: one station a thread, each with its file and its spool,
exactly as `hangtag station run` runs it elsewhere.

    floor = Floor(folder, server="http://127.0.0.1:8080", token=token)
    floor.start_all()
    floor.find_out("/dev/ttyUSB0")
    floor.place("/dev/ttyUSB0", stage="shipping", title="Shipping")
    floor.stop_all()

A port has one reader of its bytes. Whoever looks at the port of a placed station pauses that
station for as long as the look takes, and it goes on afterwards by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from readers.ports import Port, examine, ports, present_name
from readers.registry import protocol as protocol_named
from readers.usb import UsbDevice, usb_devices
from traceability.floor_values import (
    Finding,
    FloorRefused,
    KnownReader,
    PlacedReader,
    Plugged,
    PortNow,
    Reading,
)
from traceability.station.addresses import Addresses, port_url
from traceability.station.looking import READ_S, FindOut, Look, ReadNow, plugged, trouble_of
from traceability.station.post import Running
from traceability.station.settings import (
    READERS_MAX,
    InvalidSettings,
    ReaderSettings,
    StationSettings,
)
from traceability.station.station_file import keep_settings, station_name
from traceability.station.which_one import beep_of

log = logging.getLogger(__name__)

STATIONS_MAX = 64
STOP_S = 1.5
"""All stations together get so long to end; what they read is on disk by then."""
FREE_S = 5.0
"""How long somebody who looks at a port waits for its station to let go of it."""
LISTED_S = 0.5
"""The list of ports is looked up at most so often."""


class Floor:
    """All readers of this PC and all stations in this process. Any thread may call it."""

    def __init__(
        self,
        folder: Path,
        *,
        server: str,
        token: str | None = None,
        spools: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        listed: Callable[[], Sequence[Port]] = ports,
        plugs: Callable[[], Sequence[UsbDevice]] = usb_devices,
    ) -> None:
        """Prepare; nothing is opened before `start_all`.

        Args:
            folder: Where the stations' files lie.
            server: Where the stations deliver: this process's own address on loopback.
            token: Their right to do so.
            spools: Where their spools lie, one folder for each ledger: what was said in practice
                must never reach the real record. None: beside the files.
            clock: UTC now.
            listed: The ports of this PC.
            plugs: What is in its USB sockets.
        """
        self._folder = folder
        self._server = server
        self._token = token
        self._spools = spools if spools is not None else folder
        self._clock = clock
        self._listed = listed
        self._plugs = plugs
        self._lock = threading.RLock()  # guards the dicts below; never held while waiting
        self._running: dict[str, Running] = {}
        self._findings: dict[str, FindOut] = {}
        self._readings: dict[str, ReadNow] = {}
        self._known: dict[str, KnownReader] = {}
        self._typed = Addresses(folder)
        self._ports: tuple[float, Sequence[Port]] = (0.0, ())
        self._is_open = False
        self.problems: dict[str, str] = {}
        """File name → why its station cannot be started."""

    # --- stations ----------------------------------------------------------------------------

    def start_all(self) -> None:
        """Start every station of the folder; one that cannot be read is told in `problems`."""
        self._is_open = True
        self.problems = {}
        for path in sorted(self._folder.glob("*.toml"))[:STATIONS_MAX]:
            try:
                self._run(path)
            except InvalidSettings as error:
                self.problems[path.name] = str(error)
                log.warning("%s: %s", path.name, error)

    def stop_all(self, *, timeout_s: float = STOP_S) -> bool:
        """Stop looks and stations; return whether all had ended in time.

        One that hangs at a dead network ends by itself; what it read is on disk.
        """
        self._is_open = False
        ends_at = time.monotonic() + timeout_s
        with self._lock:
            looks: list[Look] = [*self._findings.values(), *self._readings.values()]
            stations = list(self._running.values())
        for look in looks:
            look.stop()
        for station in stations:
            station.ask_stop()
        ended = [station.wait_stopped(ends_at - time.monotonic()) for station in stations]
        ended += [look.is_done or look.wait(ends_at - time.monotonic()) for look in looks]
        with self._lock:
            self._running.clear()
        return all(ended)

    def stations(self) -> list[PlacedReader]:
        """Return every placed reader and how it is, in the order of stations' names."""
        with self._lock:
            running = sorted(self._running.items())
        return [reader for _, station in running for reader in station.readers()]

    def place(
        self,
        url: str,
        *,
        stage: str,
        title: str,
        place: str | None = None,
        zone: str = "UTC",
        language: str = "en",
        protocol: str | None = None,
        baud: int | None = None,
        beside: str | None = None,
    ) -> PlacedReader:
        """Place a reader at a stage and start it at once.

        Args:
            url: Its port.
            stage: Name of a stage of the server's flow.
            title: What people call the spot.
            place: Where things are afterwards: a key or a name; None: the stage's own.
            zone: Time zone of the workshop.
            language: Language of the workshop.
            protocol: What it speaks; None: what was found out.
            baud: At which speed; None: what was found out.
            beside: Name of a station that it joins: both then work on the same thing in hand.

        Raises:
            FloorRefused: If the port is placed already, or nobody knows what it speaks.
            ReaderError: If there is no such protocol.
        """
        url = port_url(url)
        if self._station_of(url) is not None:
            raise FloorRefused("placed", f"A station reads {url} already.")
        known = self._known.get(url)
        if protocol is None and known is None:
            raise FloorRefused("unknown", f"Nobody has found out yet what speaks on {url}.")
        spoken = protocol_named(protocol or (known.protocol if known else "")).name
        speed = baud if baud is not None or known is None else known.baud
        self._end_looks(url)
        self._readings.pop(url, None)
        reader = ReaderSettings("", spoken, url, speed, port_id=self._port_id(url))
        if beside is not None:
            return self._join(beside, reader)
        with self._lock:
            if len(self._running) >= STATIONS_MAX:
                raise FloorRefused("full", f"More than {STATIONS_MAX} stations need another PC.")
            name = station_name(title, stage, self._names())
            settings = StationSettings(
                name=name,
                server=self._server,
                stage=stage,
                readers=(replace(reader, name=f"{name}.1"),),
                title=title,
                place=place or stage,
                zone=zone,
                language=language,
                recordings="tapes",
            )
            path = self._folder / f"{name}.toml"
            keep_settings(settings, path)
            return self._run(path).readers()[0]

    def remove(self, reader: str) -> None:
        """Take a reader away; its station goes with the last one. Its spool stays on disk.

        Raises:
            FloorRefused: If there is no such reader, or something it read is not sent yet.
        """
        station = self._of_reader(reader)
        self._free(station)
        left = tuple(one for one in station.settings.readers if one.name != reader)
        if left:
            keep_settings(replace(self._as_written(station), readers=left), station.path)
            station.start()
            return
        unsent = station.unsent()
        if unsent:
            station.start()
            raise FloorRefused(
                "unsent",
                f"{unsent} things that {station.settings.title} read are not sent yet; take it away"
                " when they are.",
                count=unsent,
            )
        with self._lock:
            self._running.pop(station.settings.name, None)
        station.path.unlink(missing_ok=True)

    def rename(self, station: str, title: str) -> None:
        """Give a station another title; its name, which stands in every event id, stays.

        Raises:
            FloorRefused: If there is no such station.
        """
        found = self._station(station)
        self._free(found)
        keep_settings(replace(self._as_written(found), title=title), found.path)
        found.start()

    # --- ports -------------------------------------------------------------------------------

    def ports(self) -> list[PortNow]:
        """Return every port of this PC and every address that was typed."""
        placed = {url: one.settings.name for one in self._all() for url in self._urls(one)}
        listed = self._list()
        here = [
            PortNow(
                url=port.device,
                title=port.maker or port.description,
                port_id=port.port_id,
                is_network=False,
                is_typed=False,
                trouble=trouble_of(port.trouble),
                station=placed.get(port.device, ""),
            )
            for port in listed
        ]
        names = {port.url for port in here}
        with self._lock:
            typed = [url for url in self._typed.urls if url not in names]
        # A reader that stands somewhere and was pulled out is not listed: its row says so.
        pulled = [url for url in placed if "://" not in url and url not in names | set(typed)]
        return [
            *here,
            *(self._unlisted(url, placed.get(url, ""), is_typed=True) for url in typed),
            *(self._unlisted(url, placed[url], is_typed=False) for url in sorted(pulled)),
        ]

    def unseen(self) -> list[Plugged]:
        """Return what is plugged in and has no port, the newest first."""
        return plugged(self._plugs())

    def add_port(self, text: str) -> str:
        """Remember a port that is not found by looking; return its name.

        Raises:
            FloorRefused: If the text names no port, or too many are remembered.
        """
        url = port_url(text)
        if any(port.url == url for port in self.ports()):
            return url
        with self._lock:
            self._typed.add(url)
        return url

    def forget_port(self, url: str) -> None:
        """Forget a typed port; one that a station reads is kept."""
        with self._lock:
            if self._station_of(url) is None:
                self._typed.drop(url)
            self._findings.pop(url, None)
            self._readings.pop(url, None)
            self._known.pop(url, None)

    # --- looking -----------------------------------------------------------------------------

    def find_out(self, url: str, *, wait_s: float = 12.0) -> Finding:
        """Find out what speaks on a port; wait up to `wait_s` for it, 0 only begins.

        Raises:
            FloorRefused: If the text names no port, or somebody looks at it now.
        """
        url = port_url(url)
        look = FindOut(url)
        with self._lock:
            self._begin(url, look)
            self._findings[url] = look
            self._readings.pop(url, None)

        def remember() -> None:
            if look.result is not None and look.result.reader is not None:
                self._known[url] = look.result.reader

        self._look(look, remember)
        look.wait(wait_s)
        return look.value

    def finding(self, url: str) -> Finding | None:
        """Return how far finding out about a port has come; None if nobody asked."""
        look = self._findings.get(url)
        return look.value if look is not None else None

    def known(self, url: str) -> KnownReader | None:
        """Return what is known of the reader on a port."""
        return self._known.get(url)

    def read_now(
        self,
        url: str,
        protocol: str | None = None,
        baud: int | None = None,
        *,
        seconds: float = READ_S,
        wait_s: float = 0.0,
    ) -> Reading:
        """Read for a while without recording anything; `reading` tells what came.

        Raises:
            FloorRefused: If nobody knows what it speaks, or somebody looks at it now.
            ReaderError: If there is no such protocol.
        """
        url = port_url(url)
        if protocol is None:
            protocol, baud = self._spoken(url)
        known = self._known.get(url)
        look = ReadNow(url, protocol, baud, seconds=seconds, known=known)
        with self._lock:
            self._begin(url, look)
            self._readings[url] = look
        self._look(look)
        look.wait(wait_s)
        return look.value

    def reading(self, url: str) -> Reading | None:
        """Return what a look at a reader has seen so far; None if nobody looked."""
        look = self._readings.get(url)
        return look.value if look is not None and not look.is_old else None

    def beep(self, url: str) -> None:
        """Let the reader on a port be heard or seen, so that somebody knows which box it is.

        Raises:
            FloorRefused: If nobody knows what it speaks, it has no sound, or it does not answer.
        """
        url = port_url(url)
        protocol, baud = self._spoken(url)
        station = self._station_of(url)
        self._begin(url)
        beep_of(url, protocol, baud, station.converse if station is not None else None)

    # --- inside ------------------------------------------------------------------------------

    def _spoken(self, url: str) -> tuple[str, int | None]:
        """Return protocol and speed of the reader on a port."""
        station, known = self._station_of(url), self._known.get(url)
        if station is not None:
            reader = next(one for one in station.settings.readers if self._here(one) == url)
            return reader.protocol, reader.baud
        if known is None:
            raise FloorRefused("unknown", f"Nobody has found out yet what speaks on {url}.")
        return known.protocol, known.baud

    def _begin(self, url: str, look: Look | None = None) -> None:
        for known in (self._findings.get(url), self._readings.get(url)):
            if known is not None and known is not look and not known.is_done:
                raise FloorRefused("busy", f"{url} is being looked at already.")

    def _look(self, look: Look, remember: Callable[[], None] = lambda: None) -> None:
        """Begin a look; the station that reads the port is paused until it has ended."""
        station = self._station_of(look.url)

        def before() -> None:
            if station is not None:
                station.is_paused = True
                self._free(station)

        def after() -> None:
            remember()
            if station is not None and self._is_open:
                station.start()

        look.start(before, after)

    def _end_looks(self, url: str) -> None:
        for look in (self._findings.get(url), self._readings.get(url)):
            if look is not None and not look.is_done:
                look.stop()
                if not look.wait(FREE_S):
                    raise FloorRefused("stuck", f"{url} is not let go of by the look at it.")

    def _free(self, station: Running) -> None:
        station.ask_stop()
        if not station.wait_stopped(FREE_S):
            raise FloorRefused(
                "stuck", f"{station.settings.title} does not let go of its reader; try again."
            )

    def _run(self, path: Path) -> Running:
        station = Running(
            path,
            server=self._server,
            token=self._token,
            spools=self._spools,
            clock=self._clock,
            listed=self._listed,
        )
        with self._lock:
            self._running[station.settings.name] = station
        if self._is_open:
            station.start()
        return station

    def _join(self, name: str, reader: ReaderSettings) -> PlacedReader:
        station = self._station(name)
        names = {one.name for one in station.settings.readers}
        if len(names) >= READERS_MAX:
            raise FloorRefused("full", f"{station.settings.title} has {READERS_MAX} readers.")
        number = next(n for n in range(1, READERS_MAX + 2) if f"{name}.{n}" not in names)
        added = replace(reader, name=f"{name}.{number}")
        self._free(station)
        written = self._as_written(station)
        keep_settings(replace(written, readers=(*written.readers, added)), station.path)
        station.start()
        return next(one for one in station.readers() if one.name == added.name)

    def _as_written(self, station: Running) -> StationSettings:
        """Return the settings as they belong into the file: with its own spool, without token."""
        settings = station.settings
        return replace(settings, token=None, spool=Path(settings.spool).name)

    def _names(self) -> set[str]:
        """Every name that is or was a station's: a spool that is left keeps its name taken."""
        files = [*self._folder.glob("*.toml"), *self._spools.glob("*.spool.sqlite")]
        return {path.name.partition(".")[0] for path in files} | set(self._running)

    def _all(self) -> list[Running]:
        with self._lock:
            return list(self._running.values())

    def _station(self, name: str) -> Running:
        with self._lock:
            found = self._running.get(name)
        if found is None:
            raise FloorRefused("gone", f"No station is called {name!r}.")
        return found

    def _of_reader(self, name: str) -> Running:
        for station in self._all():
            if any(one.name == name for one in station.settings.readers):
                return station
        raise FloorRefused("gone", f"No placed reader is called {name!r}.")

    def _station_of(self, url: str) -> Running | None:
        return next((one for one in self._all() if url in self._urls(one)), None)

    def _here(self, reader: ReaderSettings) -> str:
        """Return under which name a placed reader's port is here now."""
        is_known = bool(reader.port_id)
        return present_name(reader.url, reader.port_id, self._list()) if is_known else reader.url

    def _urls(self, station: Running) -> set[str]:
        return {self._here(reader) for reader in station.settings.readers}

    def _list(self) -> Sequence[Port]:
        at, listed = self._ports
        if time.monotonic() - at > LISTED_S:
            listed = self._listed()
            self._ports = (time.monotonic(), listed)
        return listed

    def _port_id(self, url: str) -> str:
        return next((port.port_id for port in self._listed() if port.device == url), "")

    def _unlisted(self, url: str, station: str, *, is_typed: bool) -> PortNow:
        is_network = "://" in url
        trouble = None if is_network else trouble_of(examine(url).trouble)
        return PortNow(url, "", "", is_network, is_typed, trouble, station)
