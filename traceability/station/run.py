"""One station at work: hears its readers, closes passes, keeps events, shows, delivers.

One thread per reader fills a queue; one thread (this loop) does everything that has a meaning;
three more speak with the server, each about its own matter, and may all fail without stopping it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import disk_usage
from zoneinfo import ZoneInfo

from readers.ports import Port, ports, present_name
from readers.reads import LineDown, LineUp, Received
from readers.recordings.tape import Tape
from readers.recordings.tapes import Tapes
from readers.session import Session
from traceability import __version__
from traceability.errors import DatabaseBusy, Offline, TraceabilityError
from traceability.observation.passes import Pass
from traceability.station.cache import Cache
from traceability.station.delivery import Delivery
from traceability.station.errands import HEARTBEAT_S, CacheErrand, LiveErrand
from traceability.station.health import Health, Watch
from traceability.station.heard import Heard, Unkept
from traceability.station.interpret import Closed, Post
from traceability.station.keeper import ALIVE_S, Keeper
from traceability.station.link import Link, read_json
from traceability.station.live import (
    Behind,
    Line,
    Shown,
    live_tree,
    same_but_for_counts,
    shown,
    spell_time,
)
from traceability.station.passes import StationPasses
from traceability.station.serials import refilling, serials_path
from traceability.station.settings import (
    InvalidSettings,
    ReaderSettings,
    StationSettings,
    place_of,
)
from traceability.station.signals import Signals
from traceability.station.spool import Spool
from traceability.station.verdict import READY

log = logging.getLogger(__name__)

HOLD_MS = 15
"""Reads wait so long for those of other readers, so that all are taken in the order of time."""
_HOLD = timedelta(milliseconds=HOLD_MS)
_LONGEST_WAIT_S = 0.25
_COUNTS_S = 0.25
_SHOW_S = 0.03
"""A screen is told at most so often; a gate reads hundreds of tags a second."""
_STORE_S = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a running station stands, for whoever asks from another thread."""

    is_at_work: bool
    """False while it waits for the first flow."""
    lines: tuple[Line, ...]
    reasons: Mapping[str, str]
    """Reader → why it cannot be heard; none for those that can."""
    urls: Mapping[str, str]
    """Reader → the name its port has now."""
    heard_at: Mapping[str, datetime]
    """Reader → when it was last heard."""
    behind: Behind


class Station:
    """The running process. `run` is its loop; `stop` may be called from a signal handler."""

    def __init__(
        self,
        settings: StationSettings,
        folder: Path,
        *,
        token: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        listed: Callable[[], Sequence[Port]] = ports,
        on_new_flow: Callable[[], None] | None = None,
    ) -> None:
        """Open the spool; nothing is heard or sent yet.

        Args:
            settings: The station's file.
            folder: Where the file lies; its relative paths begin here.
            token: Overrides the token of the file.
            clock: UTC now.
            listed: The ports of this PC, by which a reader is found again under another name.
            on_new_flow: Called from the loop when the server has another flow than at the start.

        Raises:
            InvalidSettings: If the spool belongs to another station or the server is no URL.
        """
        self.settings = settings
        self._folder = folder
        self._clock = clock
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._token = token or settings.token
        try:
            self.spool = Spool(
                folder / settings.spool,
                settings.name,
                epoch=int(clock().timestamp()),
                bytes_max=settings.spool_mb * 1_000_000,
            )
            self.delivery = Delivery(self.spool, self._link())
        except ValueError as error:
            raise InvalidSettings(str(error)) from error
        self._news: list[tuple[Cache, bytes]] = []
        self._cache = self._stored_cache()
        self._sessions: list[Session] = []
        self._tapes: Tapes | None = None
        self._tape_of: dict[str, Tape] = {}
        self._since: dict[str, datetime] = {}
        self._last: Shown | None = None
        self._said = ""
        self._shown_at = clock()
        self._owes_work = False
        self._stored: tuple[int, datetime] = (-2, clock())
        self._behind = Behind(0, 0, None, is_online=False)
        self._heard_at: dict[str, datetime] = {}
        self._watch = Watch(
            [each.name for each in settings.readers], clock(), self.spool.meta("past")
        )
        self._live: LiveErrand | None = None
        self._listed = listed
        self._on_new_flow = on_new_flow

    def session_of(self, reader: str) -> Session | None:
        """Return the line of one reader; any thread may talk to it."""
        return next((one for one in list(self._sessions) if one.name == reader), None)

    def standing(self) -> Standing:
        """Tell how the station stands now. Any thread may ask."""
        sessions = list(self._sessions)
        return Standing(
            is_at_work=bool(sessions),
            lines=tuple(self._lines()),
            reasons={each.name: each.down_reason for each in sessions if each.down_reason},
            urls={each.name: each.url for each in sessions},
            heard_at=dict(self._heard_at),
            behind=self._behind,
        )

    def health(self) -> Health:
        """Tell how well the station and its readers are. Any thread may ask."""
        settings, behind, sessions = self.settings, self._behind, list(self._sessions)
        offset = self._live.clock_offset if self._live is not None else None
        return Health(
            station=settings.name,
            title=settings.title,
            stage=settings.stage,
            version=__version__,
            at=self._clock(),
            is_at_work=bool(sessions),
            is_online=self.delivery.is_online,
            problem=behind.problem,
            load=behind.load,
            parked=behind.parked,
            disk_free_bytes=disk_usage(self._folder).free,
            clock_offset_s=offset.offset_s if offset is not None else None,
            readers=self._watch.readers(sessions, self._since),
        )

    def stop(self) -> None:
        """Ask the loop to end; what was read is kept first."""
        self._stopping.set()
        self._ready.set()

    def run(self) -> None:
        """Work until `stop`.

        Raises:
            InvalidSettings: If the flow has no such stage, or the place is none.
        """
        errand = CacheErrand(self._link(), self.settings.name, self._cache, self._on_news)
        live = LiveErrand(self._link(timeout_s=2.0), self.settings.name)
        self._live = live
        self.delivery.on_restored = errand.forget
        self.delivery.start()
        try:
            self._learn(errand)
            if self._stopping.is_set():
                return
            errand.start()
            live.start()
            name = self.settings.name
            numbers = serials_path(self._folder / self.settings.spool, name)
            with refilling(numbers, name, self._link()):
                self._work(errand, live)
        finally:
            errand.stop()
            live.stop()
            self.delivery.stop(patience_s=1.0)
            self.spool.close()

    # --- beginning and end -------------------------------------------------------------------

    def _learn(self, errand: CacheErrand) -> None:
        """Wait for the first flow: without it nothing that is read would have a meaning."""
        said = ""
        while not self._stopping.is_set():
            try:
                errand.fetch()
            except TraceabilityError as error:
                if str(error) != said:
                    log.warning("%s", error)
                said = str(error)
            self._take_news(None)
            if self._cache.flow is not None:
                return
            self._stopping.wait(0.5)

    def _post(self) -> Post:
        settings, flow = self.settings, self._cache.flow
        assert flow is not None
        stage = flow.stage(settings.stage)
        if stage is None:
            listed = ", ".join(repr(each.name) for each in flow.stages)
            raise InvalidSettings(
                f"The station works at stage {settings.stage!r}, which flow {flow.name!r} does "
                f"not have; expected one of {listed}."
            )
        namespace = self._cache.namespace
        return Post(
            name=settings.name,
            stage=stage,
            zone=ZoneInfo(settings.zone),
            place=place_of(settings.place, namespace),
            read_point=place_of(settings.read_point, namespace),
        )

    def _open_readers(self) -> None:
        settings = self.settings
        if settings.recordings is not None:
            self._tapes = Tapes(self._folder / settings.recordings, settings.limits)
        for reader in self.settings.readers:
            session = Session(
                reader.name,
                reader.protocol,
                reader.url,
                reader.baud,
                on_bytes=self._tape(reader),
                on_ready=self._ready.set,
                locate=partial(self._locate, reader),
                clock=self._clock,
            )
            self._since[reader.name] = self._clock()
            self._sessions.append(session)
            session.start()

    def _locate(self, reader: ReaderSettings) -> str:
        """Return under which name a reader's port is here now."""
        if not reader.port_id:
            return reader.url
        return present_name(reader.url, reader.port_id, self._listed())

    def _tape(self, reader: ReaderSettings) -> Tape | None:
        if self._tapes is None:
            return None
        made = self._tapes.tape(f"{self.settings.name}-{reader.name}", reader.protocol)
        self._tape_of[reader.name] = made
        return made

    def _recorded(self, visit: Pass) -> list[str]:
        """Mark a visit on the tapes of its readers; return where it stands on them."""
        names = sorted({name for each in visit.sightings for name in each.readers})
        tapes = [self._tape_of[name] for name in names if name in self._tape_of]
        found = [tape.mark(visit.started_at, visit.ended_at) for tape in tapes]
        return [str(each) for each in found if each is not None]

    def _stop_readers(self, heard: Heard) -> None:
        for session in self._sessions:
            session.stop()
        for session in self._sessions:
            heard.add(session.take())

    # --- the loop ------------------------------------------------------------------------------

    def _work(self, errand: CacheErrand, live: LiveErrand) -> None:
        post = self._post()
        passes = StationPasses(
            post, self.settings.pass_rules(post.stage), self._cache, self.settings.gate
        )
        keeper = Keeper(self.spool, post, self._recorded)
        unkept = Unkept(keeper)
        keeper.resume(passes, self._clock())
        keeper.begin([each.name for each in self.settings.readers], self._clock())
        heard = Heard()
        self._open_readers()
        signals = Signals(self.settings.readers, self._sessions, self._watch.warm)
        alive_at = told_at = counted_at = self._clock()
        log.info("station %s is at work at stage %s", post.name, post.stage.name)
        while not self._stopping.is_set():
            self._ready.wait(self._pause(passes, heard))
            self._ready.clear()
            now = self._clock()
            if unkept.may_hear(self._sessions, now):
                for session in self._sessions:
                    heard.add(session.take())
                self._keep(self._take_news(passes), passes, unkept)
                self._take(heard, now - _HOLD, passes, keeper, unkept)
            else:
                self._keep([], passes, unkept)
            if passes.wants_refresh:
                passes.wants_refresh = False
                errand.hurry()
            signals.show(self._last, now)
            if (now - alive_at).total_seconds() >= ALIVE_S:
                with contextlib.suppress(DatabaseBusy):  # the gap then begins a little earlier
                    keeper.alive(now)
                    if self._watch.beat(self._sessions, now):
                        self.spool.set_meta("past", self._watch.kept())
                alive_at = now
            if (now - counted_at).total_seconds() >= _COUNTS_S:
                self._count(unkept)
                counted_at = now
            is_due = (now - told_at).total_seconds() >= HEARTBEAT_S
            if self._show(live, passes, now, is_due=is_due):
                told_at = now
        signals.stop()
        self._stop_readers(heard)
        far = datetime.max.replace(tzinfo=UTC)
        self._take(heard, far, passes, keeper, unkept, advance=False)
        self._keep(passes.flush(self._clock()), passes, unkept)
        if not unkept.problem:
            keeper.remember_work(passes)
            keeper.end(self._clock())
        if self._tapes is not None:
            self._tapes.close()

    def _pause(self, passes: StationPasses, heard: Heard) -> float:
        """Return how long nothing can happen, in seconds."""
        moments = [each for each in (passes.deadline, heard.next_at) if each is not None]
        if not moments:
            return _LONGEST_WAIT_S
        wait = (min(moments) + _HOLD - self._clock()).total_seconds()
        return min(max(wait, 0.001), _SHOW_S)

    def _take(
        self,
        heard: Heard,
        horizon: datetime,
        passes: StationPasses,
        keeper: Keeper,
        unkept: Unkept,
        *,
        advance: bool = True,
    ) -> None:
        """Take everything up to the horizon in the order of time, then let passes close."""
        for each in heard.until(horizon):
            if isinstance(each, Received):
                self._heard_at[each.reader] = each.at
                self._watch.hear(each)
                before = passes.in_hand
                self._keep(passes.hear(each), passes, unkept)
                if (passes.in_hand and passes.in_hand.context) != (before and before.context):
                    self._owes_work = True
            elif isinstance(each, LineDown | LineUp):
                self._since[each.reader] = each.at
                unkept.add(each)
        self._keep(passes.advance(horizon) if advance else [], passes, unkept)
        if self._owes_work and not unkept.problem:
            with contextlib.suppress(DatabaseBusy):
                keeper.remember_work(passes)
                self._owes_work = False

    def _keep(self, closed: list[Closed], passes: StationPasses, unkept: Unkept) -> None:
        unkept.add(*closed)
        kept = unkept.keep(passes, self._cache)
        # First durable, then on the screen: what a person was shown is never lost.
        for each in kept:
            self._last = shown(each, self._last)
        if kept or unkept.problem != self._behind.problem:
            self._count(unkept)

    # --- what the server says and hears ---------------------------------------------------------

    def _on_news(self, cache: Cache, data: bytes) -> None:
        """Called from the errand's thread; the loop takes it at its next turn."""
        self._news.append((cache, data))
        self._ready.set()

    def _take_news(self, passes: StationPasses | None) -> list[Closed]:
        if not self._news:
            return []
        while self._news:
            self._cache, data = self._news.pop(0)
            self._store(data)
        if passes is None:
            return []
        if passes.cache.flow != self._cache.flow and self._on_new_flow is not None:
            self._on_new_flow()
        passes.cache = self._cache
        return passes.recheck()

    def _store(self, data: bytes) -> None:
        """Keep the cache for a start without a server: after new master data, or now and then."""
        position, at = self._stored
        is_old = (self._clock() - at).total_seconds() > _STORE_S
        if data and (is_old or position != self._cache.master_position):
            with contextlib.suppress(DatabaseBusy):
                self.spool.set_meta("cache", data.decode("utf-8", "replace"))
                self._stored = (self._cache.master_position, self._clock())

    def _stored_cache(self) -> Cache:
        """Return what the station knew when it last had a server."""
        data = self.spool.meta("cache")
        empty = Cache.empty("localhost.workshop.invalid")
        if data is None:
            return empty
        try:
            return Cache.from_json(read_json(data.encode()))
        except (TraceabilityError, Offline) as error:
            log.warning("the stored cache cannot be used: %s", error)
            return empty

    def _link(self, *, timeout_s: float = 10.0) -> Link:
        return Link(self.settings.server, token=self._token, timeout_s=timeout_s)

    def _count(self, unkept: Unkept) -> None:
        load, reached = self.spool.load(), self.spool.reached
        self._behind = Behind(
            load.waiting,
            load.parked,
            reached if reached >= 0 else None,
            is_online=self.delivery.is_online,
            load=load,
            problem=unkept.problem,
        )

    def _show(
        self, live: LiveErrand, passes: StationPasses, now: datetime, *, is_due: bool
    ) -> bool:
        """Tell the screen if anything has changed, or a heartbeat is due."""
        is_reading = passes.builder.last_at is not None
        if is_reading and (now - self._shown_at).total_seconds() < _SHOW_S:
            return False
        self._shown_at = now
        settings = self.settings
        reading = passes.builder.live
        tree = live_tree(
            station=settings.name,
            title=settings.title,
            stage=settings.stage,
            at=now,
            cache=self._cache,
            reading=reading,
            verdict=passes.verdict if reading else READY,
            last=self._last,
            in_hand=passes.in_hand,
            strays=passes.strays,
            lines=self._lines(),
            behind=self._behind,
            watch=passes.watch.tree(),
            clock=live.clock_offset,
        )
        said = same_but_for_counts(tree)
        if said == self._said and not is_due:
            return False
        self._said = said
        live.show({**tree, "health": self.health().tree()})
        return True

    def _lines(self) -> list[Line]:
        roles = {each.name: each.role for each in self.settings.readers}
        lines = []
        for session in list(self._sessions):
            counters = session.counters
            lines.append(
                Line(
                    session.name,
                    roles[session.name],
                    session.is_up,
                    counters.tag_reads + counters.scans,
                    counters.noise_frames,
                    spell_time(self._since[session.name]),
                )
            )
        return lines
