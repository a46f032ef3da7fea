"""Finding out what speaks on a port: which of the protocols, at which speed, and what it is.

First it listens: whoever speaks unasked is known by what he says. Then each protocol's
identification is asked for at the speeds its readers are found at, the usual ones first. What is
asked is a question in every protocol and changes nothing in any. A barcode scanner hears no
question: when nothing has answered, somebody is asked to scan something.

    found = probe("/dev/ttyUSB0", on_step=print)

An answer counts if its checksum is right and it answers what was asked; what is pushed unasked
counts from the second good frame on, if more was understood than not. Lines of text count only
where nothing was asked just before: many boxes answer a question they do not know with a line.

Source: PROTOCOLS.md section 0.4 (order of speeds, waits, which probe is harmless to whom).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from readers.codec import Codec
from readers.diagnosis import Hint, oddities
from readers.inquiry import About
from readers.ports import Trouble
from readers.reads import Item, Noise, PortLost, PortUnavailable, Reply, Scan, TagRead
from readers.registry import PROTOCOLS, ProtocolEntry
from readers.transports.transport import KEYBOARDS, Transport, can_be_asked, has_speed, open_port

SECONDS_MAX = 9.5
BAUDS = (115200, 57600, 9600, 38400, 921600, 230400)
"""Speeds in the order in which they are tried."""
RARE_BAUDS = (19200, 9600, 38400, 57600, 115200, 4800, 230400, 460800, 921600)
"""Speeds at which everybody is listened to, when what is heard is understood at no usual one."""
LISTEN_S = 1.0
LISTEN_AGAIN_S = 0.3
"""How long a speed is listened to before anything is asked: the first, and each other."""
ASK_S = 0.15
"""Between two questions; who answers later is still heard, up to `ANSWER_S` after the last one."""
ANSWER_S = 0.3
ROUNDS = 2
"""At its usual speed a reader that may sleep is asked twice: it loses what wakes it."""
STEP_S = 0.02
SCAN_LENGTH_MIN = 3
"""Shorter lines are made by noise, too."""
KEPT_MAX = 4096
RETRY_S = 0.4
"""A network reader that has just been let go by another program needs a moment."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done now, for somebody who waits."""

    kind: str
    """`listen`, `ask`, `details`, or `scan`: now somebody should scan something or hold a card."""
    baud: int | None = None
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A reader was recognised."""

    url: str
    protocol: str
    title: str
    baud: int | None
    """Bits per second; None on a network."""
    about: About = field(default_factory=About)
    text: str = ""
    """What was scanned, where a scan gave it away."""
    speaks_unasked: bool = False
    """True of one that usually waits to be asked, and was reading when it was found."""
    address: int = 0
    """Where it is on its bus; 0 where there are no addresses."""

    @property
    def oddities(self) -> tuple[Hint, ...]:
        """What about it is not as it left its box."""
        return oddities(self.about, speaks_unasked=self.speaks_unasked, address=self.address)

    @property
    def sentence(self) -> str:
        """Say what it is: `R200, 115200 baud, 26 dBm, region EU`."""
        entry = PROTOCOLS.get(self.protocol)
        words = [entry.short if entry and entry.short else self.title]
        if self.baud is not None:
            words.append(f"{self.baud} baud")
        words += self.about.words()
        if self.text:
            words.append(f"scanned {self.text}")
        return ", ".join(words)

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "url": self.url,
            "found": True,
            "protocol": self.protocol,
            "title": self.title,
            "baud": self.baud,
            **self.about.tree(),
            "scanned": self.text or None,
            "speaks_unasked": self.speaks_unasked,
            "address": self.address or None,
            "oddities": [hint.sentence for hint in self.oddities],
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class NotFound:
    """No reader was recognised, and why."""

    url: str
    reason: str
    """`silent`, `noise`, `echo`, `closed`, `unreachable`, `occupied`, `lost` or `stopped`."""
    sentence: str
    trouble: Trouble | None = None
    """Why the port could not be opened, where the port itself tells."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "url": self.url,
            "found": False,
            "reason": self.reason,
            "sentence": self.sentence,
        }


class _Stop(Exception):
    """Whoever asked does not wait for the answer any more."""


@dataclass(slots=True)
class _Listener:
    """One protocol's ear on the line."""

    entry: ProtocolEntry
    codec: Codec
    items: list[Item] = field(default_factory=list)
    good_bytes: int = 0
    noise_bytes: int = 0

    def take(self, items: list[Item]) -> None:
        """Count what was understood and what was not."""
        for item in items:
            if isinstance(item, Noise):
                self.noise_bytes += len(item.data)
            else:
                self.good_bytes += len(item.frame)
                if len(self.items) < KEPT_MAX:
                    self.items.append(item)

    def evidence(self, *, may_scan: bool) -> Item | None:
        """Return the item that gives a reader of this protocol away, if there is one."""
        inquiry = self.entry.inquiry
        if inquiry is None:
            scans = [item for item in self.items if isinstance(item, Scan)]
            is_text = may_scan and not self.noise_bytes
            long = [scan for scan in scans if len(scan.text) >= SCAN_LENGTH_MIN]
            return long[0] if is_text and long and len(long) == len(scans) else None
        for item in self.items:
            if inquiry.is_answer(item):
                return item
        pushed = [item for item in self.items if inquiry.is_pushed(item)]
        is_clear = len(pushed) >= inquiry.pushed_min and self.good_bytes > self.noise_bytes
        return pushed[0] if is_clear else None


class _Probe:
    """One try on one open port."""

    def __init__(
        self,
        url: str,
        port: Transport,
        ends_at: float,
        on_step: Callable[[Step], None],
        is_wanted: Callable[[], bool],
        listed: Mapping[str, ProtocolEntry],
    ) -> None:
        self._url = url
        self._port = port
        self._ends_at = ends_at
        self._on_step = on_step
        self._is_wanted = is_wanted
        self._listed = listed
        self._is_network = not has_speed(url)
        self._listeners: list[_Listener] = []
        self._baud: int | None = None
        self._said = b""
        self._heard = b""
        self.heard_count = 0

    @property
    def was_refused(self) -> bool:
        """True if the reader said that it speaks with somebody else."""
        return any(
            each.entry.inquiry is not None and each.entry.inquiry.is_refusal(item)
            for each in self._listeners
            for item in each.items
        )

    def run(self) -> Found | NotFound:
        """Listen, ask, and at last wait for a scan."""
        known: set[int] = {baud for entry in self._listed.values() for baud in entry.bauds}
        bauds: list[int | None] = [each for each in BAUDS if each in known]
        bauds += sorted(known - set(BAUDS))
        for number, baud in enumerate([None] if self._is_network else bauds):
            self._tune(baud)
            self._on_step(Step("listen", baud))
            found = self._listen(LISTEN_AGAIN_S if number else LISTEN_S) or self._ask_all()
            if found is not None:
                return found
        rare = [] if self._is_network or self._heard in self._said else RARE_BAUDS
        return self._at_rare_speeds(rare) or self._wait_for_scan() or self._nothing()

    def _at_rare_speeds(self, bauds: Sequence[int]) -> Found | None:
        """Hear one that speaks, but garbled: whoever had it before may have set another speed."""
        for baud in bauds:
            self._tune(baud, is_usual=False)
            self._on_step(Step("listen", baud))
            found = self._listen(LISTEN_AGAIN_S)
            if found is not None:
                return found
        return None

    def _tune(self, baud: int | None, *, is_usual: bool = True) -> None:
        """Change the speed and begin to listen anew; at an unusual one, to all."""
        if baud is not None:
            self._port.set_baud(baud)
        self._baud = baud
        self._listeners = [
            _Listener(entry, entry.codec())
            for entry in self._listed.values()
            if baud is None or baud in entry.bauds or (entry.bauds and not is_usual)
        ]

    def _listen(self, seconds: float, *, may_scan: bool = True) -> Found | None:
        """Hear until somebody is recognised or the time is over."""
        ends_at = min(time.monotonic() + seconds, self._ends_at)
        heard_at = time.monotonic()
        while (now := time.monotonic()) < ends_at:
            if not self._is_wanted():
                raise _Stop
            data = self._port.recv_some(min(STEP_S, ends_at - now))
            if data:
                heard_at = time.monotonic()
                self.heard_count += len(data)
                self._heard = (self._heard + data)[-KEPT_MAX:]
            quiet_ms = int((time.monotonic() - heard_at) * 1000)
            for listener in self._listeners:
                codec = listener.codec
                listener.take(codec.receive(data) if data else codec.idle(quiet_ms))
            # Lines are scans only where no protocol of lines knows them for its own.
            known = sorted(self._listeners, key=lambda one: one.entry.inquiry is None)
            is_text = any(listener.codec.has_begun for listener in known)
            for listener in known:
                item = listener.evidence(may_scan=may_scan and not is_text)
                if item is not None:
                    return self._found(listener, item)
        return None

    def _ask_all(self) -> Found | None:
        """Ask each protocol's question at this speed."""
        for number in range(ROUNDS):
            for entry in self._listed.values():
                is_here = self._baud is None or self._baud in entry.bauds
                is_usual = self._baud is None or entry.bauds[:1] == (self._baud,)
                if entry.inquiry is None or not is_here:
                    continue
                if number and not (is_usual and entry.inquiry.may_sleep):
                    continue
                self._on_step(Step("ask", self._baud, entry.name))
                for ask in entry.inquiry.asks:
                    self._say(ask)
                    found = self._listen(ASK_S, may_scan=False)
                    if found is not None:
                        return found
            if (found := self._listen(ANSWER_S - ASK_S, may_scan=False)) is not None:
                return found
        return None

    def _say(self, data: bytes) -> None:
        self._said += data
        self._port.send(data)

    def _found(self, listener: _Listener, item: Item) -> Found:
        """Ask the one that was recognised what else there is to know."""
        entry = listener.entry
        about, text = About(), ""
        if entry.inquiry is not None:
            self._on_step(Step("details", self._baud, entry.name))
            for ask in entry.inquiry.further(item):
                self._say(ask)
                self._gather(listener)
            about = entry.inquiry.about(listener.items)
        elif isinstance(item, Scan):
            text = item.text
        # No question begins a round: tags come only from one that was reading already.
        speaks_unasked = bool(_asks(entry)) and any(
            isinstance(each, TagRead) for each in listener.items
        )
        address = next((_address(each) for each in listener.items if _address(each)), 0)
        return Found(
            self._url, entry.name, entry.title, self._baud, about, text, speaks_unasked, address
        )

    def _gather(self, listener: _Listener) -> None:
        """Hear one more answer, or give it up; tags may come in between."""
        inquiry = listener.entry.inquiry
        assert inquiry is not None
        known = len(listener.items)
        ends_at = min(time.monotonic() + ANSWER_S, self._ends_at)
        while (now := time.monotonic()) < ends_at:
            if not all(inquiry.is_pushed(item) for item in listener.items[known:]):
                return
            listener.take(listener.codec.receive(self._port.recv_some(ends_at - now)))

    def _wait_for_scan(self) -> Found | None:
        """Let somebody scan, at the speeds of scanners; what arrives garbled came at another."""
        lines = [entry for entry in self._listed.values() if not _asks(entry)]
        bauds: list[int | None] = list(dict.fromkeys(baud for one in lines for baud in one.bauds))
        number = 0
        while lines and time.monotonic() < self._ends_at:
            baud = None if self._is_network or not bauds else bauds[number % len(bauds)]
            self._tune(baud)
            self._on_step(Step("scan", baud))
            while time.monotonic() < self._ends_at:
                found = self._listen(LISTEN_AGAIN_S)
                if found is not None:
                    return found
                here = [each for each in self._listeners if each.entry in lines]
                if here and all(each.noise_bytes for each in here):
                    break
            number += 1
        return None

    def _nothing(self) -> NotFound:
        if not self.heard_count:
            return NotFound(self._url, "silent", _SILENT.format(url=self._url))
        if self._heard in self._said:
            return NotFound(self._url, "echo", _ECHO.format(url=self._url))
        shown = self._heard[:16].hex(" ")
        sentence = _NOISE.format(url=self._url, count=self.heard_count, shown=shown)
        return NotFound(self._url, "noise", sentence)


def _address(item: Item) -> int:
    """Return the address that an answer comes from; 0 where the protocol has none."""
    said = str(item.fields.get("address", "")) if isinstance(item, Reply) else ""
    return int(said.split()[0], 16) if said else 0


def _asks(entry: ProtocolEntry) -> tuple[bytes, ...]:
    return entry.inquiry.asks if entry.inquiry is not None else ()


_SILENT = (
    "Nothing spoke on {url}. Check that the reader has power and its cable is in; a barcode scanner"
    " speaks only when something is scanned."
)
_ECHO = (
    "{url} only repeats what it is told: a cable without a reader, or a modem. Put the reader's"
    " cable in."
)
_NOISE = (
    "Something speaks on {url}, but none of the known protocols: {count} bytes, such as {shown}."
    " Check the speed that the reader is set to."
)
_OCCUPIED = (
    "{url} closed the connection at once. Most readers speak with one program at a time: close the"
    " other one."
)
_LOST = "{url} went away while it was being asked. Put the plug in again, then find out once more."


def probe(
    url: str,
    *,
    seconds: float = SECONDS_MAX,
    on_step: Callable[[Step], None] = lambda _step: None,
    is_wanted: Callable[[], bool] = lambda: True,
    listed: Mapping[str, ProtocolEntry] = PROTOCOLS,
) -> Found | NotFound:
    """Find out which reader speaks on a port, without changing anything in it.

    Args:
        url: Device path, COM name or `socket://host:port`.
        seconds: Longest time in all; the rest of it, after the questions, is for a scan.
        on_step: Told what is being done.
        is_wanted: Asked often; once it says no, the probe ends.
        listed: The protocols that come into question.
    """
    ends_at = time.monotonic() + seconds
    result = _try(url, ends_at, on_step, is_wanted, listed)
    if isinstance(result, NotFound) and result.reason == "occupied":
        time.sleep(min(RETRY_S, max(0.0, ends_at - time.monotonic())))
        result = _try(url, ends_at, on_step, is_wanted, listed)
    return result


def _try(
    url: str,
    ends_at: float,
    on_step: Callable[[Step], None],
    is_wanted: Callable[[], bool],
    listed: Mapping[str, ProtocolEntry],
) -> Found | NotFound:
    is_network = "://" in url
    try:
        port = open_port(url, BAUDS[0])
    except PortUnavailable as error:
        reason = "unreachable" if is_network else "closed"
        return NotFound(url, reason, str(error), error.trouble)
    if not can_be_asked(url):
        # A keyboard's times look like anything: nobody else listens there, and it nowhere else.
        is_keyboard = url.startswith(KEYBOARDS)
        listed = {
            name: entry
            for name, entry in listed.items()
            if not _asks(entry) and not entry.bauds and is_keyboard == (entry.inquiry is None)
        }
    one = _Probe(url, port, ends_at, on_step, is_wanted, listed)
    try:
        return one.run()
    except _Stop:
        return NotFound(url, "stopped", f"Finding out about {url} was stopped.")
    except PortLost:
        if is_network and (not one.heard_count or one.was_refused):
            return NotFound(url, "occupied", _OCCUPIED.format(url=url))
        return NotFound(url, "lost", _LOST.format(url=url))
    finally:
        port.close()
