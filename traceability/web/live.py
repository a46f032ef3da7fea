"""The live stream: one tail of the ledger for the whole process, a bounded queue for each viewer.

A viewer never costs a thread. Its queue holds what it has not been told yet; a viewer too slow for
its queue is let go and comes back with the last id it saw. Nothing is lost in between: the ledger
itself is the backlog.

State of a viewer: it joins the hub first and notes the position the tail has reached (the horizon),
reads what it missed up to the horizon from the ledger, then drains its queue. So an entry is either
at or before the horizon, and read, or behind it, and queued.

Gate states are not facts of the ledger: the newest one of each gate is kept and told at once, and
given to every new viewer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, current_app, request

from traceability.web.reading import Move, Reading, current

_log = structlog.get_logger()

QUEUE_MAX = 512
"""Entries a viewer may lag behind before it is let go."""
VIEWERS_MAX = 2_000
GATES_MAX = 256
PAGE = 256
"""Entries read from the ledger at a time when a viewer catches up."""
TAIL_WAIT_S = 1.0

blueprint = Blueprint("live", __name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate shows this moment, as its station said it."""

    station: str
    state: Mapping[str, Any]
    """JSON of the station: shown as it came, never stored."""
    number: int


@dataclass(eq=False, slots=True)
class _Viewer:
    """One open page. Owned by the event loop."""

    queue: asyncio.Queue[Move | Gate | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_MAX)
    )
    horizon: int = 0
    is_lost: bool = False

    def tell(self, news: Move | Gate) -> None:
        if self.is_lost:
            return
        try:
            self.queue.put_nowait(news)
        except asyncio.QueueFull:
            # A gap in the middle would be worse than a break: it comes back with its last id.
            self.is_lost = True


class Live:
    """The hub between one tail and many viewers. `start` and `stop` belong to the event loop."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._viewers: set[_Viewer] = set()
        self._gates: dict[str, Gate] = {}  # owned by _gate_lock
        self._gate_lock = threading.Lock()
        self._gate_number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._told = 0
        """Position after the last entry told. Owned by the event loop."""

    @property
    def viewer_count(self) -> int:
        """How many pages are connected now."""
        return len(self._viewers)

    def start(self) -> None:
        """Begin to follow the ledger; call it in the loop that serves the viewers."""
        self._loop = asyncio.get_running_loop()
        self._told = self._reading.ledger.size
        self._thread = threading.Thread(target=self._follow, name="ledger-tail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of all viewers and end the tail."""
        self._stopping.set()
        for viewer in list(self._viewers):
            viewer.is_lost = True
            if not viewer.queue.full():
                viewer.queue.put_nowait(None)

    def end(self) -> None:
        """Ask the loop to stop the hub. Any thread and any signal handler may call it."""
        self._stopping.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.stop)

    def _follow(self) -> None:
        loop = self._loop
        assert loop is not None
        at = self._told
        while not self._stopping.is_set():
            try:
                if self._reading.ledger.wait_for(at, TAIL_WAIT_S) <= at:
                    continue
                moves = self._reading.moves(at - 1, PAGE)
            except Exception as error:  # noqa: BLE001 - a busy database must not end the tail
                _log.warning("live tail waits", reason=str(error))
                self._stopping.wait(TAIL_WAIT_S)
                continue
            if not moves:
                # The head says there is more than the question gives: ask again, not in a hurry.
                self._stopping.wait(0.05)
                continue
            at = moves[-1].position + 1
            try:
                loop.call_soon_threadsafe(self._tell_moves, list(moves))
            except RuntimeError:
                return  # the loop has ended: so has the server

    def _tell_moves(self, moves: list[Move]) -> None:
        for move in moves:
            for viewer in self._viewers:
                viewer.tell(move)
        self._told = moves[-1].position + 1

    def publish_gate(self, station: str, state: Mapping[str, Any]) -> None:
        """Tell every viewer what a gate shows now. Any thread may call it."""
        with self._gate_lock:
            if station not in self._gates and len(self._gates) >= GATES_MAX:
                oldest = min(self._gates.values(), key=lambda gate: gate.number)
                del self._gates[oldest.station]
            self._gate_number += 1
            gate = Gate(station, dict(state), self._gate_number)
            self._gates[station] = gate
        if self._loop is not None and not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self._tell_gate, gate)

    def _tell_gate(self, gate: Gate) -> None:
        for viewer in self._viewers:
            viewer.tell(gate)

    def gate(self, station: str) -> Mapping[str, Any] | None:
        """Return the newest state of one gate, or None if it never spoke to this server."""
        with self._gate_lock:
            found = self._gates.get(station)
        return found.state if found else None

    def forget_gate(self, station: str) -> None:
        """Forget a gate that was taken away."""
        with self._gate_lock:
            self._gates.pop(station, None)

    def gates(self) -> dict[str, Mapping[str, Any]]:
        """Return the newest state of every gate."""
        with self._gate_lock:
            return {gate.station: gate.state for gate in self._gates.values()}

    async def watch(self, after: int | None, *, beat_s: float) -> AsyncIterator[Move | Gate | None]:
        """Yield every entry after a position, and gate states, and None for each quiet ``beat_s``.

        Args:
            after: The last position the viewer knows; None: begin with what comes now.
            beat_s: Longest silence in seconds.

        It ends when the viewer was too slow or the server stops; the viewer resumes by position.
        """
        viewer = _Viewer(horizon=self._told)
        self._viewers.add(viewer)
        try:
            async for news in self._news(viewer, after, beat_s):
                yield news
        finally:
            self._viewers.discard(viewer)

    async def _news(
        self, viewer: _Viewer, after: int | None, beat_s: float
    ) -> AsyncIterator[Move | Gate | None]:
        for station, state in self.gates().items():
            yield Gate(station, state, 0)
        last = viewer.horizon - 1 if after is None else after
        while last < viewer.horizon - 1:
            page = await asyncio.to_thread(self._reading.moves, last, PAGE)
            if not page:
                break
            for move in page:
                yield move
            last = page[-1].position
        while not (viewer.is_lost and viewer.queue.empty()):
            try:
                # Not wait_for: until Python 3.12 it forgets a cancellation that comes together
                # with an item, and the viewer who has left would be told for ever.
                async with asyncio.timeout(beat_s):
                    news = await viewer.queue.get()
            except TimeoutError:
                yield None
                continue
            if news is None:
                return
            if isinstance(news, Move):
                if news.position <= last:
                    continue
                last = news.position
            yield news


@blueprint.get("/api/live")
def poll() -> dict[str, object]:
    """Give what came after a position: for pages whose stream cannot be kept open."""
    after = request.args.get("after", type=int)
    reading = current()
    size = reading.ledger.size
    moves = () if after is None or after + 1 >= size else reading.moves(after, PAGE)
    hub: Live = current_app.extensions["hangtag.live"]
    return {
        "size": size,
        "moves": [move.tree() for move in moves],
        "gates": {station: dict(state) for station, state in hub.gates().items()},
    }


@blueprint.get("/live")
def not_here() -> tuple[str, int]:
    """Tell a browser to ask instead: without the door in front, nobody can keep a stream open."""
    return "", 204
