"""Looking at a port before anything is placed there: who speaks, and what it reads this moment.

Nothing of it is recorded. Each look is a thread of its own that ends by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from readers.diagnosis import Hint as PortHint
from readers.diagnosis import complaint_of, deaf
from readers.inquiry import About
from readers.ports import Trouble as PortTrouble
from readers.probe import SECONDS_MAX, Found, NotFound, Step, probe
from readers.reads import (
    DELIVERED,
    CardRead,
    LineDown,
    LineUp,
    Received,
    Reply,
    Scan,
    TagRead,
)
from readers.registry import protocol as protocol_named
from readers.session import Session
from readers.usb import UsbDevice
from traceability.floor_values import (
    Finding,
    Hint,
    KnownReader,
    Nothing,
    Plugged,
    Reading,
    Seen,
    Trouble,
)
from traceability.station.cards import printed
from traceability.station.which_one import can_beep

log = logging.getLogger(__name__)

SEEN_MAX = 500
"""Different tags kept of one look; the others are counted."""
COMPLAINTS_MAX = 4
READ_S = 10.0
KEPT_S = 120.0
"""How long what was seen stays to be looked at."""
_TAKE_S = 0.1


class Look(ABC):
    """One look at one port. Values are replaced whole, so any thread may ask for them."""

    def __init__(self, url: str) -> None:
        """Prepare; nothing is opened before `start`."""
        self.url = url
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_done(self) -> bool:
        """True once the port has been let go."""
        return self._ended.is_set()

    def start(
        self,
        before: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; `before` frees the port and `on_end` gives it back, both in the look's thread."""

        def live() -> None:
            try:
                before()
                self._live()
            except Exception:
                # The top of a thread: a look that failed must not keep its port for ever.
                log.exception("looking at %s failed", self.url)
            finally:
                try:
                    on_end()
                finally:
                    self._ended.set()

        self._thread = threading.Thread(target=live, name=f"look {self.url}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end."""
        self._stopping.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; return whether it has."""
        return self._ended.wait(timeout_s)

    @abstractmethod
    def _live(self) -> None:
        """Look until it is done or told to stop; the port is free."""


class FindOut(Look):
    """Finds out which reader speaks on a port."""

    def __init__(self, url: str, *, seconds: float = SECONDS_MAX) -> None:
        """Prepare to find out, in at most so many seconds."""
        super().__init__(url)
        self._seconds = seconds
        self._value = Finding(url, "listen", None, is_done=False)
        self.result: Finding | None = None
        """What was found; None until then."""

    @property
    def value(self) -> Finding:
        """How far it has come; done only when the port has been let go."""
        if not self.is_done:
            return self._value
        sentence = f"Finding out about {self.url} failed."
        failed = Finding(self.url, "done", None, True, nothing=Nothing("stopped", sentence))
        return self.result or failed

    def _live(self) -> None:
        result = probe(
            self.url,
            seconds=self._seconds,
            on_step=self._on_step,
            is_wanted=lambda: not self._stopping.is_set(),
        )
        self.result = _finding(self.url, result)

    def _on_step(self, step: Step) -> None:
        self._value = Finding(self.url, step.kind, step.baud, is_done=False)


def _finding(url: str, result: Found | NotFound) -> Finding:
    if isinstance(result, NotFound):
        nothing = Nothing(result.reason, result.sentence, trouble_of(result.trouble))
        return Finding(url, "done", None, is_done=True, nothing=nothing)
    entry, about = protocol_named(result.protocol), result.about
    known = KnownReader(
        protocol=entry.name,
        title=entry.short or entry.title,
        reads=entry.reads,
        baud=result.baud,
        model=about.model,
        firmware=about.firmware,
        region=about.region,
        power_dbm=about.power_dbm,
        no_antenna=about.no_antenna,
        hints=tuple(Hint(one.kind, one.detail) for one in result.oddities),
        can_beep=can_beep(entry.name),
        text=result.text,
    )
    return Finding(url, "done", result.baud, is_done=True, reader=known)


def _about(known: KnownReader | None) -> About:
    if known is None:
        return About()
    return About(region=known.region, power_dbm=known.power_dbm, no_antenna=known.no_antenna)


def plugged(devices: Sequence[UsbDevice]) -> list[Plugged]:
    """Return what is plugged in without a port, as pages know it."""
    return [
        Plugged(one.place, one.usb, one.name, one.kind, one.command, one.is_new)
        for one in devices
        if one.kind != "port"
    ]


def trouble_of(trouble: PortTrouble | None) -> Trouble | None:
    """Return a port's trouble as pages know it."""
    if trouble is None:
        return None
    return Trouble(trouble.kind, trouble.detail, trouble.user, trouble.command, trouble.process)


@dataclass(slots=True)
class _Count:
    """One tag or code in the making of `Seen`."""

    is_tag: bool
    count: int
    rssi_dbm: float | None
    antenna: int | None
    last_at: datetime


class ReadNow(Look):
    """Hears a reader for a while and shows what it reads, without recording any of it."""

    def __init__(
        self,
        url: str,
        protocol: str,
        baud: int | None,
        *,
        seconds: float = READ_S,
        known: KnownReader | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            url: Its port.
            protocol: What it speaks.
            baud: At which speed; None: the usual one.
            seconds: For how long.
            known: What it has said of itself, for what to look at when nothing is read.

        Raises:
            ReaderError: If there is no such protocol.
        """
        super().__init__(url)
        self._seconds = seconds
        # A person looks on: come back at once rather than gently.
        self._session = Session(
            url, protocol, url, baud, deliver=(*DELIVERED, Reply), back_off_s=(0.1, 0.5)
        )
        self._is_of_tags = protocol_named(protocol).reads == "tags"
        self._about = _about(known)
        self._complaints: dict[PortHint, None] = {}
        self._ends_at = time.monotonic() + seconds
        self._counts: dict[str, _Count] = {}
        self._others: set[str] = set()
        self._problem = ""
        self._seen: tuple[Seen, ...] = ()

    @property
    def is_old(self) -> bool:
        """True when what was seen says nothing of this moment any more."""
        return self.is_done and time.monotonic() - self._ends_at > KEPT_S

    @property
    def value(self) -> Reading:
        """What was seen so far."""
        left_s = 0.0 if self.is_done else max(0.0, self._ends_at - time.monotonic())
        return Reading(
            url=self.url,
            seconds=self._seconds,
            left_s=left_s,
            is_done=self.is_done,
            seen=self._seen,
            more=len(self._others),
            noise=self._session.counters.noise_frames,
            problem=self._problem,
            hints=self._hints(),
        )

    def _hints(self) -> tuple[Hint, ...]:
        """Say what to look at, once a reader of tags has been listened to in vain."""
        if self._seen or not self._is_of_tags or not (self.is_done or self._complaints):
            return ()
        every = deaf(self._about, tuple(self._complaints))
        return tuple(Hint(one.kind, one.detail) for one in every)

    def _live(self) -> None:
        self._ends_at = time.monotonic() + self._seconds
        self._session.start()
        try:
            while not self._stopping.is_set() and time.monotonic() < self._ends_at:
                for happening in self._session.take(_TAKE_S):
                    if isinstance(happening, LineDown):
                        self._problem = happening.reason
                    elif isinstance(happening, LineUp):
                        self._problem = ""
                    else:
                        self._note(happening)
                self._seen = self._newest_first()
        finally:
            self._ends_at = min(self._ends_at, time.monotonic())
            self._session.stop()

    def _note(self, heard: Received) -> None:
        value = heard.value
        if isinstance(value, TagRead):
            code, is_tag, rssi, antenna = value.epc.hex(), True, value.rssi_dbm, value.antenna
        elif isinstance(value, Scan):
            code, is_tag, rssi, antenna = value.message, False, None, None
        elif isinstance(value, CardRead):
            code, is_tag, rssi, antenna = printed(value), False, None, None
        else:
            complaint = complaint_of(value)
            if complaint is not None and len(self._complaints) < COMPLAINTS_MAX:
                self._complaints[complaint] = None
            return
        known = self._counts.get(code)
        if known is None:
            if len(self._counts) >= SEEN_MAX:
                if len(self._others) < SEEN_MAX:
                    self._others.add(code)
                return
            known = self._counts[code] = _Count(is_tag, 0, rssi, antenna, heard.at)
        known.count += heard.count
        known.rssi_dbm, known.antenna = rssi, antenna
        known.last_at = heard.last_at or heard.at

    def _newest_first(self) -> tuple[Seen, ...]:
        """A row never moves while it is read again: by when a code was first seen."""
        return tuple(
            Seen(code, one.is_tag, one.count, one.rssi_dbm, one.antenna, one.last_at)
            for code, one in reversed(self._counts.items())
        )
