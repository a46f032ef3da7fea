"""A conversation with a reader: something is asked, the one answer is waited for, and so on.

A conversation is a generator. It yields what it asks, is sent the item that answers (None: nobody
did in time) and returns its result. It knows no port, no clock and no thread, so the same one runs
in the thread of a session, on a port of its own, or in a test.

    def firmware() -> Talk[str]:
        answer = yield Ask(QUESTION, lambda item: isinstance(item, Reply) and item.command == 0x72)
        return str(answer.fields["version"]) if isinstance(answer, Reply) else ""

    session.converse(firmware())
    converse("/dev/ttyUSB0", None, "r2000_a0", firmware())
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from readers.codec import Codec
from readers.reads import Item, ReaderError
from readers.transports.transport import Transport, open_port

T = TypeVar("T")

WAIT_MS = 1000
"""How long an answer is waited for, unless the protocol says otherwise."""
TALK_S = 30.0
"""How long a conversation may last, unless its caller says otherwise."""
ASKS_MAX = 20_000
HEARD_MAX = 4096
STEP_S = 0.02


@dataclass(frozen=True, slots=True)
class Ask:
    """One question and how its answer is known."""

    data: bytes
    """What is sent; empty: listen on, to what has been heard since the last answer, too."""
    is_answer: Callable[[Item], bool]
    wait_ms: int = WAIT_MS
    tries: int = 1
    """How often it is sent; more than once only what does no harm when it is done twice."""


Talk: TypeAlias = Generator[Ask, Item | None, T]
"""A conversation that ends with a `T`, or in a `ReaderError` whose sentence says why."""


class Conversation(Generic[T]):
    """One conversation on its way; it belongs to one thread. Times are seconds of one clock."""

    def __init__(self, talk: Talk[T]) -> None:
        """Take a conversation that has not begun."""
        self._talk = talk
        self._ask = Ask(b"", lambda _item: False)
        self._heard: deque[Item] = deque(maxlen=HEARD_MAX)
        self._waits_until = 0.0
        self._tries_left = 0
        self._asks_left = ASKS_MAX
        self._result: T | None = None
        self._error: Exception | None = None
        self.is_over = False

    def begin(self, now: float) -> bytes:
        """Return what is to be sent first."""
        return self._go_on(None, now)

    def hear(self, items: Sequence[Item], now: float) -> bytes:
        """Take what was heard, perhaps nothing; return what is to be sent now."""
        self._heard.extend(items)
        while self._heard and not self.is_over:
            item = self._heard.popleft()
            if self._ask.is_answer(item) and (sent := self._go_on(item, now)):
                return sent
        if self.is_over or now < self._waits_until:
            return b""
        if self._tries_left > 0:
            return self._send(now)
        return self._go_on(None, now)

    def fail(self, error: ReaderError) -> None:
        """End it: the line is gone, or nobody waits for it any more."""
        if self.is_over:
            return
        self._end(None, error)
        # A conversation that wants to tidy up cannot: there is nobody left to be told.
        with suppress(RuntimeError):
            self._talk.close()

    @property
    def result(self) -> T:
        """What it ended with; raise what it ended in."""
        assert self.is_over, "a conversation has a result when it is over"
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # T may be None itself

    def _go_on(self, answer: Item | None, now: float) -> bytes:
        """Hand an answer in and return what is asked next; what was heard goes with the answer."""
        try:
            self._ask = next(self._talk) if self._asks_left == ASKS_MAX else self._talk.send(answer)
        except StopIteration as end:
            self._end(end.value, None)
            return b""
        except Exception as error:  # noqa: BLE001  # belongs to whoever waits for the result
            self._end(None, error)
            return b""
        self._asks_left -= 1
        if not self._asks_left:
            self.fail(ReaderError(f"The conversation did not end after {ASKS_MAX} questions."))
            return b""
        self._tries_left = max(1, self._ask.tries)
        if self._ask.data:
            self._heard.clear()
        return self._send(now)

    def _send(self, now: float) -> bytes:
        self._tries_left -= 1
        self._waits_until = now + self._ask.wait_ms / 1000
        return self._ask.data

    def _end(self, result: T | None, error: Exception | None) -> None:
        self._result, self._error, self.is_over = result, error, True
        self._heard.clear()


class Turn(Generic[T]):
    """One conversation between whoever wants it and the thread that has it."""

    def __init__(self, talk: Talk[T]) -> None:
        """Take a conversation that has not begun."""
        self.conversation = Conversation(talk)
        self.is_given_up = False
        """Set by whoever wanted it; one that has not begun is then never begun."""
        self.is_done = threading.Event()

    def end(self, error: ReaderError) -> None:
        """Say that it is done; if it is not over, it ends in the error."""
        self.conversation.fail(error)
        self.is_done.set()


class Turns:
    """Conversations that wait for the thread of a port; any thread hands them in."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: deque[Turn[Any]] = deque()  # Any: whatever each ends with
        self._lock = threading.Lock()

    def put(self, turn: Turn[Any]) -> None:
        """Hand one in."""
        with self._lock:
            self._waiting.append(turn)

    def next(self) -> Turn[Any] | None:
        """Return the one that has waited longest and is still waited for."""
        while self._waiting:
            with self._lock:
                turn = self._waiting.popleft() if self._waiting else None
            if turn is not None and not turn.is_given_up:
                return turn
        return None

    def fail(self, error: ReaderError) -> None:
        """End all that wait in an error."""
        while (turn := self.next()) is not None:
            turn.end(error)


def converse(
    url: str, baud: int | None, protocol: str, talk: Talk[T], *, timeout_s: float = TALK_S
) -> T:
    """Have a conversation on a port that no session holds; the reader rests before and after.

    Args:
        url: Device path, COM name or pyserial URL.
        baud: Bits per second; None takes the protocol's usual speed.
        protocol: A name of `readers.registry.PROTOCOLS`.
        talk: What is asked.
        timeout_s: How long all of it may last.

    Raises:
        ReaderError: If the port cannot be opened, the line falls, nobody answers in time, or the
            reader refuses.
    """
    from readers.registry import protocol as protocol_named

    entry = protocol_named(protocol)
    port = open_port(url, baud or next(iter(entry.bauds), 115200))
    try:
        return have(port, entry.codec(), talk, timeout_s)
    finally:
        port.close()


def have(port: Transport, codec: Codec, talk: Talk[T], timeout_s: float) -> T:
    """Have a conversation on an open port whose reader nobody else hears.

    Raises:
        ReaderError: As for `converse`.
    """
    one = Conversation(talk)
    heard_at = time.monotonic()
    ends_at = heard_at + timeout_s
    _send(port, codec.pause())
    _send(port, one.begin(heard_at))
    while not one.is_over:
        data = port.recv_some(STEP_S)
        now = time.monotonic()
        heard_at = now if data else heard_at
        items = codec.receive(data) if data else codec.idle(int((now - heard_at) * 1000))
        for item in items:
            _send(port, codec.receipt(item))
        if now > ends_at:
            one.fail(late(timeout_s))
        _send(port, one.hear(items, now))
    return one.result


def late(timeout_s: float) -> ReaderError:
    """Return what is said of a conversation that lasts too long."""
    return ReaderError(
        f"The reader was not done after {timeout_s:g} s. What was asked of it may be done in part:"
        " look at the reader, or read the tag, before you ask again."
    )


def _send(port: Transport, data: bytes) -> None:
    if data:
        port.send(data)
