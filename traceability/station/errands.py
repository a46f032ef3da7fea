"""What a station asks and tells the server beside its events: what to know, what it shows."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from traceability.errors import Offline, TraceabilityError
from traceability.observation.offset import Asked, ClockOffset, Offset
from traceability.station.cache import Cache
from traceability.station.link import Link, read_json

log = logging.getLogger(__name__)

POLL_S = 0.5
HEARTBEAT_S = 5.0


class CacheErrand:
    """Fetches what the station should know, whenever the ledger has grown."""

    def __init__(
        self, link: Link, station: str, cache: Cache, on_news: Callable[[Cache, bytes], None]
    ) -> None:
        """Prepare; `on_news` gets each newer cache with the bytes of a whole answer, else none."""
        self._link = link
        self._path = f"/api/stations/{quote(station, safe='')}/cache"
        self._cache = cache
        self._on_news = on_news
        self._wanted = threading.Event()
        self._forgets = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem = ""

    def start(self) -> None:
        """Fetch from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._live, name="cache", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is None:
            self._link.close()
        else:
            self._thread.join(timeout=1.0)

    def forget(self) -> None:
        """Fetch everything anew: the record is another one than what is known of it."""
        self._forgets.set()
        self._wanted.set()

    def hurry(self) -> None:
        """Fetch now: something was read that the cache does not know."""
        self._wanted.set()

    def fetch(self) -> Cache | None:
        """Fetch once; None if the ledger has not grown.

        Raises:
            Offline: If the server does not answer with a cache.
            TraceabilityError: If the answer cannot be used.
        """
        if self._forgets.is_set():
            self._forgets.clear()
            self._cache = Cache.empty(self._cache.namespace)
        known = self._cache
        path = self._path
        if known.size >= 0:
            path += f"?size={known.size}&master={known.master_position}"
        status, data, _ = self._link.ask("GET", path)
        if status in (204, 304):
            return None
        if status != 200:
            raise Offline(f"The server answered {status} to GET {path}: {data[:120]!r}.")
        tree = read_json(data)
        cache = Cache.from_json(tree, known)
        is_news = cache.size != known.size
        self._cache = cache
        if not is_news:
            return None
        # A later start without the server needs the whole: only such answers are kept.
        is_whole = isinstance(tree, dict) and tree.get("master") and tree.get("flow")
        self._on_news(cache, data if is_whole else b"")
        return cache

    def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                self.fetch()
                self.problem = ""
            except TraceabilityError as error:
                if str(error) != self.problem:
                    log.warning("%s", error)
                self.problem = str(error)
            except Exception:
                # The top of a thread: the station goes on with what it knows.
                log.exception("fetching the cache failed")
            if self._wanted.wait(POLL_S):
                self._wanted.clear()
                # What is hurried for may still be on its way into the ledger.
                self._stopping.wait(0.02)
        self._link.close()


class LiveErrand:
    """Tells the server what the screen should show; only the newest state counts."""

    def __init__(self, link: Link, station: str) -> None:
        self._link = link
        self._path = f"/api/stations/{quote(station, safe='')}/live"
        self._changed = threading.Condition()
        self._newest: bytes | None = None
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._clock = ClockOffset()
        self.clock_offset: Offset | None = None
        """The server's clock against this PC's. Written by this thread, read by any."""

    def start(self) -> None:
        """Tell from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._live, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread is None:
            self._link.close()
        else:
            self._thread.join(timeout=0.5)

    def show(self, tree: dict[str, object]) -> None:
        """Replace what is to be told."""
        data = json.dumps(tree, ensure_ascii=False, default=str).encode()
        with self._changed:
            self._newest = data
            self._changed.notify_all()

    def _live(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._is_stopping)
                data, self._newest = self._newest, None
                if self._is_stopping:
                    break
            try:
                sent = time.time()
                _, _, said = self._link.ask("POST", self._path, data)
                self._compare(sent, said.get("x-hangtag-clock", ""), time.time())
            except Offline:
                time.sleep(0.2)  # What was to be shown is old by the time it could be.
            except Exception:
                # The top of a thread: a screen that stands still must not stop the reads.
                log.exception("telling the screen failed")
        self._link.close()

    def _compare(self, sent: float, said: str, back: float) -> None:
        """Compare clocks by one question: the server says when it heard and when it answered, µs.

        One that says nothing, an older one, tells nothing of its clock.
        """
        received, _, answered = said.partition(" ")
        if received.isdecimal() and answered.isdecimal():
            asked = Asked(sent, int(received) / 1e6, int(answered) / 1e6, back)
            self._clock.add(asked)
            self.clock_offset = self._clock.known
