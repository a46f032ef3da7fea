"""The contract of a protocol: bytes in, values out; no port, no clock, no log.

A session feeds a codec whatever the port gave and sends whatever the codec asks for. An emulator
is the same conversation from the device's side. Framing follows three rules that every binary
protocol here shares: frame by length and checksum, never by tail; after any violation advance one
byte and look again; refuse an impossible length at once. So one flipped bit costs one frame, and
a truncated head never costs the good frame behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from readers.reads import Item, Noise, ReaderError

IDLE_STEP_MS = 20
"""How often a session tells a codec that the line is quiet."""


class Codec(ABC):
    """One side's view of one wire. It belongs to one thread."""

    silent_ms_max: ClassVar[int | None] = None
    """A healthy reader of this protocol is never silent longer than this; None: it may be."""

    @abstractmethod
    def receive(self, data: bytes) -> list[Item]:
        """Return what is complete in the bytes so far; keep the rest for the next call."""

    @abstractmethod
    def flush(self) -> list[Item]:
        """Return what is left when no more bytes will come: end of input, line down."""

    def cut(self) -> list[Item]:
        """Return what is left when the line went down in the middle."""
        return self.flush()

    def idle(self, idle_ms: int) -> list[Item]:
        """Return what a line that has been quiet for `idle_ms` makes certain."""
        return []

    @property
    def has_pending(self) -> bool:
        """True if bytes wait for their rest."""
        return False

    @property
    def has_begun(self) -> bool:
        """True inside lines of text that no barcode scanner sends."""
        return False

    def start(self) -> bytes:
        """Return the command that makes the reader speak; empty if it speaks by itself."""
        return b""

    def stop(self) -> bytes:
        """Return the command that makes the reader rest."""
        return b""

    def on_item(self, item: Item) -> bytes:
        """Return what must be sent in answer to one received item."""
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Return what to send after `silent_ms` without a good frame and without a command."""
        return b""

    def pause(self) -> bytes:
        """Return what makes the reader rest while something else is said to it.

        Until `resume` nobody asks `on_item` and `keep_going`, only `receipt`.
        """
        return self.stop()

    def resume(self) -> bytes:
        """Return what makes the reader speak again after a pause."""
        return self.start()

    def receipt(self, item: Item) -> bytes:
        """Return what must be answered even in a pause: a receipt, a sign of life."""
        return b""


class FramedCodec(Codec):
    """A codec whose frames have a head, a length and a checksum."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self._rest = b""
        self._is_rest_searched = False

    @abstractmethod
    def _find_head(self, data: bytes, position: int) -> int:
        """Return where a frame may begin at or after `position`, or -1."""

    @abstractmethod
    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        """Read one frame at `position`.

        Returns (end, item) of a good frame, or (end, items) where it holds several tags; (0,
        reason) if more bytes are needed, and (-1, reason) if no frame can begin here.
        """

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take as many common frames in a row as there are; return where they end."""
        return position

    def receive(self, data: bytes) -> list[Item]:
        """Return what is complete in the bytes so far; keep the rest for the next call."""
        if self._rest:
            data = self._rest + data
        found: list[Item] = []
        end = self._walk(data, found, is_final=False)
        self._rest = data[end:]
        self._is_rest_searched = False
        return found

    def flush(self) -> list[Item]:
        """Give up on a partial frame; a good frame behind a false head still comes out."""
        found: list[Item] = []
        self._walk(self._rest, found, is_final=True)
        self._rest = b""
        return found

    def idle(self, idle_ms: int) -> list[Item]:
        """Rescue good frames that wait behind a false head.

        A slow network may pause in the middle of a frame, so a partial frame alone is kept: only
        a whole good frame behind the head proves that the head was false.
        """
        if not self._rest or self._is_rest_searched:
            return []
        self._is_rest_searched = True
        start = 1
        while start < len(self._rest):
            found: list[Item] = []
            behind = self._rest[start:]
            end = self._walk(behind, found, is_final=False)
            if any(not isinstance(item, Noise) for item in found):
                head = self._rest[:start]
                if isinstance(found[0], Noise):
                    head += found.pop(0).data  # type: ignore[union-attr]  # narrowed one line above
                self._rest = behind[end:]
                return [Noise(head, "a frame that never ended"), *found]
            start += end + 1  # what waits there may be a false head as well
        return []

    @property
    def has_pending(self) -> bool:
        """True if a partial frame waits that was not yet searched."""
        return bool(self._rest) and not self._is_rest_searched

    def _walk(self, data: bytes, found: list[Item], *, is_final: bool) -> int:
        """Append every item in `data` to `found`; return where the pending rest begins."""
        position = 0
        noise_start = -1
        reason = ""
        size = len(data)
        while position < size:
            if noise_start < 0:
                position = self._run(data, position, found)
            head = self._find_head(data, position)
            if head != position:
                if noise_start < 0 and position < size:
                    noise_start, reason = position, "no frame begins here"
                position = size if head < 0 else head
                continue
            end, item = self._take(data, position)
            if end > 0 and not isinstance(item, str):
                if noise_start >= 0:
                    found.append(Noise(data[noise_start:position], reason))
                    noise_start = -1
                if isinstance(item, list):
                    found.extend(item)
                else:
                    found.append(item)
                position = end
            elif end == 0 and not is_final:
                break
            else:
                if noise_start < 0:
                    noise_start, reason = position, str(item)
                position += 1
        if noise_start >= 0:
            found.append(Noise(data[noise_start:position], reason))
        return position


@dataclass(frozen=True, slots=True)
class Sent:
    """One frame that a device puts on the wire."""

    frame: bytes
    kind: str = "reply"
    """`tag`, `card`, `scan` or `reply`."""
    epc: bytes | None = None
    text: str | None = None
    epcs: tuple[bytes, ...] = ()
    """All tags of a frame that holds several; `epc` is None then."""


class Emulator(ABC):
    """The device's side of a protocol: a tag population that answers a host."""

    def __init__(self) -> None:
        """Begin with an empty field."""
        self.field: dict[bytes, tuple[int, int]] = {}
        self.busy_ms = 0

    field: dict[bytes, tuple[int, int]]
    """EPC → (antenna from 1, RSSI in dBm) of the tags in the field, in the order shown."""
    busy_ms: int
    """How long a real device would have been busy before the last answer."""

    @abstractmethod
    def answer(self, data: bytes) -> list[Sent]:
        """Return the frames with which the device answers the host's bytes."""

    def receive(self, data: bytes) -> bytes:
        """Return the bytes with which the device answers the host's bytes."""
        return b"".join(sent.frame for sent in self.answer(data))

    def tick(self) -> list[Sent]:
        """Return what the device pushes in one round without being asked again."""
        return []

    def connect(self) -> list[Sent]:
        """Return what the device says as soon as a host listens."""
        return []

    def disconnect(self) -> None:  # noqa: B027  # most devices do not care
        """Take note that the host is gone."""

    def refusal(self) -> bytes:
        """Return what a second host is told before the device hangs up on it."""
        return b""

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Return byte and bit whose flip no host can overlook; None: any bit of the frame."""
        return None

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Return one barcode as the device sends it."""
        raise ReaderError(f"Cannot scan {text!r}: this reader reads tags, not barcodes.")

    def show(self, epcs: Sequence[bytes], *, antenna: int = 1, rssi_dbm: int = -55) -> None:
        """Bring tags into the field; they answer until they are hidden."""
        for epc in epcs:
            self.field[epc] = (antenna, rssi_dbm)

    def hide(self, epcs: Sequence[bytes] | None = None) -> None:
        """Take these tags out of the field, or all of them."""
        for epc in list(self.field) if epcs is None else epcs:
            self.field.pop(epc, None)
