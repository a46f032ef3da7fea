"""SSI packets and the plain text between them, taken apart.

Theory. A byte belongs to a packet if length, opcode, source and checksum fit; every other byte
belongs to a line of text. A damaged packet is therefore read as text, and must not become a scan:
once packets have been heard, text counts only with an ending, and not right behind noise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from readers.codec import IDLE_STEP_MS, Codec, FramedCodec
from readers.protocols.barcode_lines.codec import QUIET_MS, SCAN_SIZE_MAX, STALE_MS, BarcodeCodec
from readers.protocols.zebra_ssi.commands import (
    ACK,
    CAUSES,
    DECODE_DATA,
    EVENT,
    FROM_HOST,
    FROM_SCANNER,
    IS_PART,
    IS_PERMANENT,
    IS_REPEAT,
    NAK,
    NAMES,
    NO_BEEP,
    PARAM_REQUEST,
    PARAM_SEND,
    REVISION,
    SIZES,
    SIZES_MIN,
    SOURCE_HOST,
    TWO_BYTES,
    name_of,
    type_name,
)
from readers.protocols.zebra_ssi.symbology import read_symbology
from readers.reads import Command, Item, Noise, Reply, Scan

SIZE_MIN = 4
_ENDINGS = (b"\r", b"\n", b"\t")
_PACKET_SIZE_MIN = 6
"""Noise so long may have been a packet: then the next one is no repeat of the one before it."""
_SCAN_HEADS = (b"\xf3\x00", b"\xf3\x04")


def _heads(ops: bytes, sources: bytes) -> re.Pattern[bytes]:
    """Return what begins a packet, or may do so at the end of the bytes so far."""
    op, source = re.escape(ops), re.escape(sources)
    return re.compile(b"[\x04-\xff](?:[" + op + b"](?:[" + source + rb"]|\Z)|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet in either direction."""

    op: int
    data: bytes = b""
    source: int = SOURCE_HOST
    status: int = 0

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = bytes((len(self.data) + SIZE_MIN, self.op, self.source, self.status)) + self.data
        return body + (-sum(body) & 0xFFFF).to_bytes(2, "big")


ACKNOWLEDGE = Frame(ACK).encode()


def take(data: bytes, position: int) -> tuple[int, bytes | str]:
    """Read one packet whose head is there, as `FramedCodec._take` does."""
    size = data[position]
    op = data[position + 1] if position + 1 < len(data) else None
    if op is not None and (size != SIZES.get(op, size) or size < SIZES_MIN.get(op, SIZE_MIN)):
        return -1, f"length {size} of {name_of(op)}"
    end = position + size + 2
    if end > len(data):
        return 0, f"{len(data) - position} bytes of a packet of {size + 2}"
    frame = data[position:end]
    check = int.from_bytes(frame[-2:], "big")
    if (expected := -sum(frame[:-2]) & 0xFFFF) != check:
        return -1, f"checksum {check:04X}, expected {expected:04X}"
    return end, frame


def is_decode(frame: bytes) -> bool:
    """Tell whether an item's frame is a decode packet rather than a line of text."""
    return len(frame) > _PACKET_SIZE_MIN and frame[1] == DECODE_DATA and frame[0] + 2 == len(frame)


class SSICodec(Codec):
    """The host's side: hears the scanner and acknowledges what it decoded."""

    def __init__(self) -> None:
        """Begin with nothing heard; packets or text, as the scanner is set."""
        self._rest = b""
        self._lines = BarcodeCodec()
        self._is_packeted = False
        self._is_noisy = False
        self._is_suspect = False
        """True after noise that looks like the head of a decode packet."""
        self._last: tuple[int, bytes] | None = None
        self._parts: list[bytes] = []
        self._head = _heads(FROM_SCANNER, b"\x00\x04")

    @property
    def has_pending(self) -> bool:
        """True if a packet or a line has begun and not ended."""
        return bool(self._rest) or self._lines.has_pending

    def receive(self, data: bytes) -> list[Item]:
        """Return the packets and lines that are complete; keep the rest for the next call."""
        return self._walk(self._rest + data, is_final=False)

    def flush(self) -> list[Item]:
        """Take what never became a packet as text; the last line ends here."""
        return self._walk(self._rest, is_final=True) + self._sift(self._lines.flush())

    def cut(self) -> list[Item]:
        """Refuse half a scan; a scan of several packets begins anew, too."""
        found = self._walk(self._rest, is_final=True) + self._sift(self._lines.cut())
        self._parts.clear()
        return found

    def idle(self, idle_ms: int) -> list[Item]:
        """Take what may have been the length of a packet as text once the line is quiet.

        A letter of a line waits as long as a line without an ending does; the beginning of a
        packet waits longer, since a network may pause inside one.
        """
        found: list[Item] = []
        if self._rest:
            wait_ms = STALE_MS
            if self._lines.has_pending and len(self._rest) == 1:
                wait_ms = IDLE_STEP_MS if self._rest in _ENDINGS else QUIET_MS
            if self._hides_packet():
                return self._walk(self._rest, is_final=False, skip=1)
            if idle_ms < wait_ms:
                return []
            found += self._walk(self._rest, is_final=True)
        return found + self._sift(self._lines.idle(idle_ms))

    def on_item(self, item: Item) -> bytes:
        """Acknowledge decode packets and events, also those that were sent again."""
        if isinstance(item, Reply) and item.command in (DECODE_DATA, EVENT):
            return ACKNOWLEDGE
        return ACKNOWLEDGE if isinstance(item, Scan) and is_decode(item.frame) else b""

    def receipt(self, item: Item) -> bytes:
        """Acknowledge a scan also while something else is said."""
        return self.on_item(item)

    def _hides_packet(self) -> bool:
        """Tell whether a whole packet waits behind what looks like the head of another."""
        for match in self._head.finditer(self._rest, 1):
            if take(self._rest, match.start())[0] > 0:
                return True
        return False

    def _walk(self, data: bytes, *, is_final: bool, skip: int = 0) -> list[Item]:
        """Tell packets from text; no packet begins in the first `skip` bytes."""
        found: list[Item] = []
        text, position = 0, skip
        self._rest = b""
        while (match := self._head.search(data, position)) is not None:
            position = match.start()
            end, frame = take(data, position)
            if end == 0 and not is_final:
                found += self._sift(self._lines.receive(data[text:position]))
                self._rest = data[position:]
                return found
            if end <= 0 or isinstance(frame, str):
                position += 1
                continue
            found += self._sift(self._lines.receive(data[text:position]))
            # A packet ends the line before it: a scanner does not speak in the middle of a scan.
            found += self._sift(self._lines.flush())
            found.append(self._read(frame))
            text = position = end
        return found + self._sift(self._lines.receive(data[text:]))

    def _sift(self, items: Iterable[Item]) -> list[Item]:
        """Keep what cannot have been a damaged packet; the rest of the text is noise."""
        found: list[Item] = []
        for item in items:
            if isinstance(item, Scan):
                is_ended = item.frame[-1:] in _ENDINGS
                is_doubtful = self._is_packeted and (self._is_noisy or not is_ended)
                if is_doubtful or (self._is_suspect and not is_ended):
                    item = Noise(item.frame, "text among packets, perhaps of a damaged one")
                self._is_suspect = False
            if isinstance(item, Noise):
                self._is_noisy = True
                self._is_suspect |= any(head in item.data for head in _SCAN_HEADS)
                if len(item.data) >= _PACKET_SIZE_MIN:
                    self._last = None
            found.append(item)
        return found

    def _read(self, frame: bytes) -> Item:
        """Read a checked packet."""
        op, status, data = frame[1], frame[3], frame[4:-2]
        self._is_noisy = self._is_suspect = False
        if op == DECODE_DATA:
            return self._decode(frame, status, data)
        fields: dict[str, object] = {"op": NAMES[op]}
        error = None
        if op == NAK:
            error = data[0]
            cause = CAUSES.get(error, f"0x{error:02X}")
            fields |= {"kind": "error", "cause": cause, "code": f"0x{error:02X} {cause}"}
            fields["code_number"] = error
        elif op == REVISION:
            fields["text"] = data.decode("ascii", "replace").strip("\x00 ")
        elif op == PARAM_SEND:
            fields |= parameters(status, data)
        elif data:
            fields["data"] = data.hex()
        return Reply(op, name_of(op), fields, error, frame)

    def _decode(self, frame: bytes, status: int, data: bytes) -> Item:
        self._is_packeted = True
        said = (status & IS_PART, data)
        is_repeat = bool(status & IS_REPEAT) and said == self._last
        self._last = said
        if not is_repeat and status & IS_PART:
            self._parts.append(data[1:])
            if sum(map(len, self._parts)) > SCAN_SIZE_MAX:
                self._parts.clear()
        if is_repeat or status & IS_PART:
            fields: dict[str, object] = {
                "op": NAMES[DECODE_DATA],
                "kind": "sent again" if is_repeat else "part",
                "barcode_type": type_name(data[0]),
            }
            return Reply(DECODE_DATA, name_of(DECODE_DATA), fields, None, frame)
        whole = b"".join([*self._parts, data[1:]])
        self._parts.clear()
        text, symbology = read_symbology(data[0], _text_of(whole))
        more = (("op", NAMES[DECODE_DATA]), ("barcode_type", type_name(data[0])))
        return Scan(text, symbology, frame, more)


def _text_of(data: bytes) -> str:
    """Read what a packet says without the ending that the scanner is set to add."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.rstrip("\r\n\t") or text


def parameters(status: int, data: bytes) -> dict[str, object]:
    """Read `beep (number value)…`; a value has one byte."""
    fields: dict[str, object] = {}
    if data[:1] and data[0] != NO_BEEP:
        fields["beep_code"] = data[0]
    fields["permanent"] = bool(status & IS_PERMANENT)
    pairs: list[dict[str, object]] = []
    position = 1
    while position < len(data):
        size = 2 if data[position] in TWO_BYTES else 1
        number = data[position : position + size]
        value = data[position + size : position + size + 1]
        pairs.append({"param": param_name(number), "value": value[0] if value else None})
        position += size + 1
    if len(pairs) == 1:
        return fields | pairs[0]
    return fields | {"params": pairs}


def param_name(number: bytes) -> str:
    """Return a parameter's number as the tables write it: `0xEE`, `F2 FA`."""
    return number.hex(" ").upper() if len(number) > 1 else f"0x{number.hex().upper()}"


class SSIHostCodec(FramedCodec):
    """The scanner's side: hears the host. The 00 that wakes it is noise to it."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        super().__init__()
        self._head = _heads(FROM_HOST, bytes((SOURCE_HOST,)))

    def _find_head(self, data: bytes, position: int) -> int:
        match = self._head.search(data, position)
        return match.start() if match else -1

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        end, frame = take(data, position)
        if end <= 0 or isinstance(frame, str):
            return end, str(frame)
        op, status, said = frame[1], frame[3], frame[4:-2]
        fields: dict[str, object] = {"op": NAMES[op], "status": f"0x{status:02X}"}
        if op == PARAM_SEND:
            fields |= parameters(status, said)
        elif op == PARAM_REQUEST:
            fields["params"] = [param_name(each) for each in param_numbers(said)]
        elif op == NAK:
            fields["cause"] = CAUSES.get(said[0], f"0x{said[0]:02X}")
        elif op == 0xE6 and said:
            fields["beep_code"] = said[0]
        elif said:
            fields["data"] = said.hex()
        return end, Command(op, name_of(op), fields, said, frame)


def param_numbers(data: bytes) -> list[bytes]:
    """Return the parameter numbers of a request, each of one or two bytes."""
    found: list[bytes] = []
    position = 0
    while position < len(data):
        size = 2 if data[position] in TWO_BYTES else 1
        found.append(data[position : position + size])
        position += size
    return found


def with_status(frame: bytes, status: int) -> bytes:
    """Return a packet with other status bits."""
    one = Frame(frame[1], frame[4:-2], frame[2], frame[3])
    return replace(one, status=status).encode()
