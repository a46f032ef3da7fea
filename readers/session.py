"""A session keeps one reader's line alive: opens it, hears it, asks again, comes back after a fall.

One thread a port is the only loop. It never blocks on whoever takes the reads: the queue has a
limit, beyond which reads of the same tag at the same antenna are folded into one with a count.
Every moment in which the reader could not be heard lies between a `LineDown` and a `LineUp`.

    session = Session("dock", "r2000_a0", "socket://10.0.0.7:4001")
    session.start()
    for happening in session.take(timeout_s=1.0): ...
    session.stop()
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from readers.codec import IDLE_STEP_MS, Codec
from readers.control.talk import TALK_S, T, Talk, Turn, Turns, late
from readers.reads import (
    DELIVERED,
    CardRead,
    Happening,
    Input,
    Item,
    LineDown,
    LineUp,
    Noise,
    PortLost,
    PortUnavailable,
    ReaderError,
    Received,
    ReceivedDraft,
    Reply,
    Scan,
    TagRead,
)
from readers.registry import protocol as protocol_named
from readers.transports.transport import Transport, has_own_line, open_port

log = logging.getLogger(__name__)

OnBytes = Callable[[datetime, str, bytes], None]
"""Hears every byte: (at, "in" | "out" | "idle" | "up" | "down", bytes)."""

_MILLISECOND = timedelta(milliseconds=1)
USUAL_BAUD = 115200
"""For a protocol of networks on a serial line nevertheless, such as a console server's."""
WAIT_S = 0.05
"""Longest sleep in a read; how soon a stop is noticed."""
GATHER_S = 0.012
"""Once bytes come without a break, so long is waited for more before they are taken together: to
wake up costs ten times what a read costs."""
GATHER_SIZE_MAX = 2048
"""A larger piece is enough; a terminal holds 4,096 bytes."""
DENSE_COUNT, DENSE_S = 16, 0.03
"""So many pieces in a row, none later than that after the one before, are bytes without a break."""
QUEUE_MAX = 10_000
BACK_OFF_S = (0.1, 5.0)
"""First and longest pause between two attempts to open a port, each ± half of it."""


@dataclass(slots=True)
class Counters:
    """What one line has carried since the session was made; owned by the session's thread."""

    bytes_in: int = 0
    bytes_out: int = 0
    tag_reads: int = 0
    scans: int = 0
    replies: int = 0
    errors: int = 0
    """Replies that carry an error code, the "no tag" of an empty field included."""
    noise_frames: int = 0
    """Runs of bytes that belong to no good frame."""
    noise_bytes: int = 0
    connects: int = 0
    losses: int = 0
    folded: int = 0
    """Reads folded into an earlier one because the queue was full."""
    dropped: int = 0
    """Reads and scans lost because even folding had no room left."""
    recorder_failures: int = 0


class _Queue:
    """What has been heard and not yet taken; both threads share it under `changed`."""

    def __init__(self, size_max: int, counters: Counters) -> None:
        self._size_max = size_max
        self._counters = counters
        self._heard: deque[Happening] = deque()
        self._folded: dict[tuple[bytes, int | None], Received] = {}
        self.changed = threading.Condition()

    def put(self, happenings: list[Happening]) -> None:
        """Add without ever waiting."""
        with self.changed:
            if len(self._heard) + len(happenings) <= self._size_max:
                self._heard += happenings
                self.changed.notify_all()
                return
            for happening in happenings:
                if len(self._heard) < self._size_max or not isinstance(happening, Received):
                    self._heard.append(happening)
                else:
                    self._fold(happening)
            self.changed.notify_all()

    def _fold(self, late: Received) -> None:
        value = late.value
        if not isinstance(value, TagRead):
            # A scan has no repetition to fold into; a person scans far slower than this limit.
            if len(self._heard) < 2 * self._size_max:
                self._heard.append(late)
            else:
                self._counters.dropped += 1
            return
        key = (value.epc, value.antenna)
        first = self._folded.get(key)
        if first is None:
            if len(self._folded) < self._size_max:
                self._folded[key] = late
            else:
                self._counters.dropped += 1
            return
        self._counters.folded += 1
        kept = first.value
        assert isinstance(kept, TagRead)
        stronger = value if (value.rssi_raw or 0) > (kept.rssi_raw or 0) else kept
        self._folded[key] = replace(
            first, value=stronger, count=first.count + late.count, last_at=late.at
        )

    def take(self, timeout_s: float) -> list[Happening]:
        """Return everything, in the order of time; wait for the first."""
        if timeout_s <= 0 and not self._heard:
            return []  # What is put in this very moment is taken at the next call.
        with self.changed:
            if not self._heard and timeout_s > 0:
                self.changed.wait_for(lambda: bool(self._heard), timeout_s)
            taken = list(self._heard)
            if self._folded:
                taken = sorted([*taken, *self._folded.values()], key=lambda each: each.at)
            self._heard.clear()
            self._folded.clear()
            return taken


class Session:
    """One reader, from its port to values with a time."""

    def __init__(
        self,
        name: str,
        protocol: str,
        url: str,
        baud: int | None = None,
        on_bytes: OnBytes | None = None,
        *,
        codec: Codec | None = None,
        deliver: tuple[type[Item], ...] = DELIVERED,
        queue_max: int = QUEUE_MAX,
        on_ready: Callable[[], None] | None = None,
        locate: Callable[[], str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        back_off_s: tuple[float, float] = BACK_OFF_S,
    ) -> None:
        """Set up a session; nothing is opened before `start`.

        Args:
            name: The reader's name; it stands in every value.
            protocol: A name of `readers.registry.PROTOCOLS`.
            url: Device path, COM name or pyserial URL.
            baud: Bits per second; None takes the protocol's usual speed.
            on_bytes: Hears every byte, such as a `readers.recordings.tape.Tape`.
            codec: A codec with other settings than the protocol's usual ones.
            deliver: Which kinds of items `take` returns; all are counted.
            queue_max: Items kept for `take` before reads are folded.
            on_ready: Called from the session's thread after something was put for `take`.
            locate: Under which name the port is here now; asked before each attempt to open it,
                since a reader plugged in again may have another name. None: always `url`.
            clock: UTC now.
            back_off_s: First and longest pause between attempts to open.

        Raises:
            ReaderError: If there is no such protocol.
        """
        entry = protocol_named(protocol)
        self.name = name
        self.protocol = protocol
        self.url = url
        self.baud = baud or next(iter(entry.bauds), USUAL_BAUD)
        self._codec = codec or entry.codec()
        self._on_bytes = on_bytes
        self._deliver = deliver
        self._on_ready = on_ready
        self._locate = locate
        self._clock = clock
        self._back_off_s = back_off_s
        self._counters = Counters()
        self._queue = _Queue(queue_max, self._counters)
        self._turns = Turns()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_up = False
        self._down_reason = ""
        self._is_mute = False
        """True after a silence, until the reader says something: to be connected is not enough."""
        self._heard_at = clock()
        self._dense_count = 0
        """Pieces that came without a break; owned by the session's thread."""

    @property
    def counters(self) -> Counters:
        """A copy of the counts so far."""
        return Counters(*(getattr(self._counters, each.name) for each in fields(Counters)))

    @property
    def is_up(self) -> bool:
        """True while the reader can be heard."""
        return self._is_up

    @property
    def down_reason(self) -> str:
        """Why the reader cannot be heard, with the remedy; empty while it can."""
        return self._down_reason

    def start(self) -> None:
        """Begin to hear the reader, now and whenever it comes back."""
        assert self._thread is None, "a session starts once"
        self._thread = threading.Thread(target=self._live, name=f"reader {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the reader to rest, close the port, end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def take(self, timeout_s: float = 0.0) -> list[Happening]:
        """Return what was heard since the last call; wait up to `timeout_s` for the first."""
        return self._queue.take(timeout_s)

    def converse(self, talk: Talk[T], timeout_s: float = TALK_S) -> T:
        """Have a conversation with the reader in the session's thread; reading goes on after it.

        What is read meanwhile is taken as ever. To be called from any other thread.

        Args:
            talk: What is asked; one conversation at a time, the others wait.
            timeout_s: How long its end is waited for.

        Raises:
            ReaderError: If the reader refuses or does not answer, if it is not done in time, or if
                the line is down or falls.
        """
        if not self._is_up or self._stopping.is_set():
            why = self._down_reason or "The session is not running."
            raise ReaderError(f"Cannot talk to {self.name}: {why}")
        turn = Turn(talk)
        self._turns.put(turn)
        if not turn.is_done.wait(timeout_s):
            # What has begun is brought to its end: each of its questions is answered or given up.
            turn.is_given_up = True
            raise late(timeout_s)
        return turn.conversation.result

    def tell(self, value: Item) -> None:
        """Let `take` return something that was found out in a conversation, such as an input."""
        if isinstance(value, self._deliver):
            self._put([Received(self._clock(), self.name, value)])

    def _live(self) -> None:
        pause_s, longest_s = self._back_off_s
        while not self._stopping.is_set():
            connects, heard = self._counters.connects, self._counters.bytes_in
            try:
                self._connect_and_hear()
            except (PortUnavailable, PortLost) as error:
                self._fall(str(error))
            except Exception as error:
                # The top of a thread: a mistake of ours must not silence a reader for ever.
                log.exception("reader %s: the session failed and begins again", self.name)
                self._fall(f"The session failed: {error!r}.")
            if self._counters.connects > connects and self._counters.bytes_in > heard:
                pause_s = self._back_off_s[0]
            # Many readers on one switch must not all come back in the same moment.
            self._stopping.wait(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
            pause_s = min(pause_s * 2, longest_s)

    def _connect_and_hear(self) -> None:
        if self._locate is not None:
            self.url = self._locate()
        port = open_port(self.url, self.baud)
        try:
            self._counters.connects += 1
            if not self._is_mute:
                self._rise()
            self._hear(port)
        finally:
            port.close()
            self._turns.fail(ReaderError(f"Cannot talk to {self.name}: its line is down."))

    def _hear(self, port: Transport) -> None:
        """Read until the port is lost or the session stops."""
        self._send(port, self._codec.start())
        self._heard_at = self._clock()
        answered = asked = time.monotonic()
        silent_ms_max = self._codec.silent_ms_max
        while not self._stopping.is_set():
            if (turn := self._turns.next()) is not None:
                self._converse(port, turn)
                answered = asked = time.monotonic()
            if self._dense_count >= DENSE_COUNT:
                time.sleep(GATHER_S)
            bytes_out = self._counters.bytes_out
            at, items = self._listen(port)
            now = time.monotonic()
            if items:
                if self._accept(port, items, at, self._codec.on_item):
                    answered = asked = now
            elif more := self._codec.keep_going(int((now - asked) * 1000)):
                self._send(port, more)
                asked = now
            if self._counters.bytes_out != bytes_out:
                self._dense_count = 0  # It waits for us before it says more.
            silent_ms = (now - answered) * 1000
            if silent_ms_max and self._is_up and silent_ms > silent_ms_max:
                self._is_mute = True
                self._fall(f"The reader has not answered for {silent_ms_max / 1000:g} s.")
            elif silent_ms_max and silent_ms > 2 * silent_ms_max and not has_own_line(self.url):
                # The other side may have forgotten us without a word: a serial server that was
                # switched off, a cable that was put into another socket of the switch.
                raise PortLost(self._down_reason)
        self._say_goodbye(port)

    def _listen(self, port: Transport) -> tuple[datetime, list[Item]]:
        """Return what the line has made certain by now, and when."""
        wait_s = IDLE_STEP_MS / 1000 if self._codec.has_pending else WAIT_S
        data = port.recv_some(wait_s)
        at = self._clock()
        if data:
            is_near = (at - self._heard_at).total_seconds() < DENSE_S
            is_dense = is_near and len(data) < GATHER_SIZE_MAX
            self._dense_count = self._dense_count + 1 if is_dense else 0
            self._heard_at = at
            self._counters.bytes_in += len(data)
            self._tape(at, "in", data)
            return at, self._codec.receive(data)
        self._dense_count = 0
        items = self._codec.idle((at - self._heard_at) // _MILLISECOND)
        if items:
            self._tape(at, "idle", b"")
        return at, items

    def _converse(self, port: Transport, turn: Turn[Any]) -> None:
        """Let somebody talk to the reader, then make it read again."""
        one = turn.conversation
        try:
            self._send(port, self._codec.pause())
            self._send(port, one.begin(time.monotonic()))
            while not one.is_over and not self._stopping.is_set():
                at, items = self._listen(port)
                self._accept(port, items, at, self._codec.receipt)
                self._send(port, one.hear(items, time.monotonic()))
            self._send(port, self._codec.resume())
        except PortLost as error:
            turn.end(
                PortLost(
                    f"The line to {self.name} fell in the middle: {error} What was asked may be"
                    " done in part: look at the reader, or read the tag, before you ask again."
                )
            )
            raise
        finally:
            turn.end(ReaderError(f"The session of {self.name} ended in the middle."))

    def _accept(
        self,
        port: Transport,
        items: list[Item],
        at: datetime,
        answer_to: Callable[[Item], bytes],
    ) -> bool:
        """Count, answer and queue items; return whether the reader was heard in them."""
        is_heard = False
        delivered: list[Happening] = []
        name, counters, kinds = self.name, self._counters, self._deliver
        for item in items:
            if item.__class__ is TagRead:
                counters.tag_reads += 1
                is_heard = True
            else:
                self._count(item)
                is_heard = is_heard or not isinstance(item, Noise)
            if answer := answer_to(item):
                self._send(port, answer)
            if isinstance(item, kinds):
                draft: Any = ReceivedDraft(at, name, item)  # Any: its class is about to change
                draft.__class__ = Received
                delivered.append(draft)
        if is_heard and not self._is_up:
            self._rise()
        self._put(delivered)
        return is_heard

    def _count(self, item: Item) -> None:
        counters = self._counters
        if isinstance(item, TagRead | CardRead):
            counters.tag_reads += 1
        elif isinstance(item, Scan):
            counters.scans += 1
        elif isinstance(item, Input):
            counters.replies += 1
        elif isinstance(item, Reply):
            counters.replies += 1
            counters.errors += item.error is not None
        elif isinstance(item, Noise):
            counters.noise_frames += 1
            counters.noise_bytes += len(item.data)

    def _send(self, port: Transport, data: bytes) -> None:
        if data:
            port.send(data)
            self._counters.bytes_out += len(data)
            self._tape(self._clock(), "out", data)

    def _say_goodbye(self, port: Transport) -> None:
        try:
            self._send(port, self._codec.stop())
        except PortLost:
            return  # It is being closed anyway.

    def _rise(self) -> None:
        self._is_up, self._down_reason, self._is_mute = True, "", False
        at = self._clock()
        self._tape(at, "up", b"")
        self._put([LineUp(at, self.name)])

    def _fall(self, reason: str) -> None:
        """Say once that the line is down; later failures of the same fall change the reason."""
        was_up, was_said = self._is_up, bool(self._down_reason)
        self._is_up, self._down_reason = False, reason
        if not was_up and was_said:
            return
        at = self._clock()
        self._counters.losses += was_up
        left = self._codec.cut()
        self._tape(at, "down", reason.encode())
        for item in left:
            self._count(item)
        scans: list[Happening] = [
            Received(at, self.name, item) for item in left if isinstance(item, self._deliver)
        ]
        self._put([*scans, LineDown(at, self.name, reason)])

    def _put(self, happenings: list[Happening]) -> None:
        if happenings:
            self._queue.put(happenings)
            if self._on_ready is not None:
                self._on_ready()

    def _tape(self, at: datetime, direction: str, data: bytes) -> None:
        if self._on_bytes is None:
            return
        try:
            self._on_bytes(at, direction, data)
        except OSError:
            # A full disk must not stop the reads; the count says that the tape has a hole.
            self._counters.recorder_failures += 1
