"""One placed station inside the server's own process: its file, its thread, its coming back.

A thread of its own runs the station and begins again when the floor works by another flow, or when
something of ours failed; it ends when it is stopped. A station never installs a signal handler.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from readers.control.talk import Talk
from readers.ports import Port
from readers.reads import ReaderError
from readers.registry import protocol as protocol_named
from traceability.errors import TraceabilityError
from traceability.floor_values import PlacedReader
from traceability.station.run import Standing, Station
from traceability.station.settings import ReaderSettings, StationSettings, load_settings
from traceability.station.spool import Spool
from traceability.station.which_one import can_beep

T = TypeVar("T")
log = logging.getLogger(__name__)

_HOLDERS: dict[str, threading.Thread] = {}
"""Spool file → the thread that writes it. Two would number their reads alike, so a station that
begins while its predecessor still hangs at a dead network waits for it. Owned by `_HOLDING`."""
_HOLDING = threading.Lock()
AGAIN_S = 2.0
"""Pause before a station that failed begins again."""


class Running:
    """A station's file and the thread that runs it."""

    def __init__(
        self,
        path: Path,
        *,
        server: str,
        token: str | None,
        spools: Path,
        clock: Callable[[], datetime],
        listed: Callable[[], Sequence[Port]],
    ) -> None:
        """Read the file; nothing runs before `start`.

        Raises:
            InvalidSettings: If the file cannot be used.
        """
        self.path = path
        self._server, self._token, self._spools = server, token, spools
        self._clock, self._listed = clock, listed
        self.settings = self._read()
        self._lock = threading.Lock()  # guards the next three
        self._station: Station | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self.is_paused = False
        self.problem = ""

    def _read(self) -> StationSettings:
        settings = load_settings(self.path)
        # Where the server listens and what it lets in is of this start, not of the file.
        spool = self._spools / Path(settings.spool).name
        return replace(settings, server=self._server, token=self._token, spool=str(spool))

    def start(self) -> None:
        """Run from now on; a station that runs is left alone."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self.settings = self._read()
            self._stopping.clear()
            self.is_paused = False
            self._thread = threading.Thread(
                target=self._live, name=f"station {self.settings.name}", daemon=True
            )
            self._thread.start()

    def ask_stop(self) -> None:
        """Ask it to end, without waiting."""
        with self._lock:
            self._stopping.set()
            if self._station is not None:
                self._station.stop()

    def wait_stopped(self, timeout_s: float) -> bool:
        """Wait until it has ended; return whether it has."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(max(0.0, timeout_s))
        return not thread.is_alive()

    def _await_predecessor(self) -> None:
        """Wait until nobody else in this process writes this station's spool."""
        with _HOLDING:
            before = _HOLDERS.get(self.settings.spool)
            _HOLDERS[self.settings.spool] = threading.current_thread()
        if before is not None:
            before.join()

    def _live(self) -> None:
        self._await_predecessor()
        while not self._stopping.is_set():
            try:
                self._run_once()
            except TraceabilityError as error:
                self._fail(str(error))
            except Exception as error:
                # The top of a thread: a mistake of ours must not leave a reader unheard for ever.
                log.exception("station %s failed and begins again", self.settings.name)
                self._fail(f"The station failed: {error!r}.")

    def _run_once(self) -> None:
        worker: Station | None = None

        def begin_again() -> None:
            assert worker is not None
            worker.stop()

        self._spools.mkdir(parents=True, exist_ok=True)
        worker = Station(
            self.settings,
            self.path.parent,
            clock=self._clock,
            listed=self._listed,
            on_new_flow=begin_again,
        )
        with self._lock:
            self._station = worker
            if self._stopping.is_set():
                worker.stop()
        try:
            worker.run()
        finally:
            with self._lock:
                self._station = None
        self.problem = ""

    def _fail(self, sentence: str) -> None:
        self.problem = sentence
        self._stopping.wait(AGAIN_S)

    def standing(self) -> Standing | None:
        """Tell how it stands; None while it does not run."""
        station = self._station
        return station.standing() if station is not None else None

    def converse(self, url: str, talk: Talk[T]) -> T:
        """Talk to the reader on a port in its own line; what it reads goes on.

        Raises:
            ReaderError: If its line is down, nobody answers, or the reader refuses.
        """
        station = self._station
        standing = self.standing()
        names = [one.name for one in self.settings.readers if one.url == url]
        if standing is not None:
            names = [name for name, here in standing.urls.items() if here == url] or names
        session = station.session_of(names[0]) if station is not None and names else None
        if session is None:
            raise ReaderError(f"{self.settings.title} does not hear its reader at the moment.")
        return session.converse(talk)

    def unsent(self) -> int:
        """Return how much of what it said the server has not got. It must not run meanwhile."""
        file = Path(self.settings.spool)
        if not file.exists():
            return 0
        spool = Spool(file, self.settings.name, epoch=0)
        try:
            return spool.counts().waiting
        finally:
            spool.close()

    def readers(self) -> list[PlacedReader]:
        """Tell of each of its readers how it is."""
        standing = self.standing()
        return [self._placed(reader, standing) for reader in self.settings.readers]

    def _placed(self, reader: ReaderSettings, standing: Standing | None) -> PlacedReader:
        settings, entry = self.settings, protocol_named(reader.protocol)
        line = None
        if standing is not None:
            line = next((one for one in standing.lines if one.name == reader.name), None)
        problem = self.problem or (standing.reasons.get(reader.name, "") if standing else "")
        if self.is_paused:
            state = "paused"
        elif standing is None:
            state = "stopped" if self.problem else "starting"
        elif line is None:
            state = "starting"
        else:
            state = "working" if line.is_up else ("down" if problem else "starting")
        behind = standing.behind if standing is not None else None
        return PlacedReader(
            name=reader.name,
            station=settings.name,
            title=settings.title,
            stage=settings.stage,
            protocol=reader.protocol,
            protocol_title=entry.short or entry.title,
            reads=entry.reads,
            baud=reader.baud,
            url=standing.urls.get(reader.name, reader.url) if standing else reader.url,
            state=state,
            problem=problem,
            since=datetime.fromisoformat(line.since) if line is not None else None,
            last_read_at=standing.heard_at.get(reader.name) if standing else None,
            read_count=line.reads if line is not None else 0,
            noise_count=line.noise if line is not None else 0,
            waiting=behind.waiting if behind is not None else 0,
            parked=behind.parked if behind is not None else 0,
            is_online=behind is not None and behind.is_online,
            is_one_of=len(settings.readers),
            can_beep=can_beep(reader.protocol),
        )
