"""Frames of Chafon `53 57` readers, taken apart: from the reader, and from its host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zlib import adler32

from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.chafon_5357.commands import (
    ACTIVE,
    BANDS,
    COMMANDS,
    HEARTBEAT,
    INVENTORY,
    PARAMETER_GET,
    PARAMETER_SET,
    POWER,
    SYSTEM,
)
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

FROM_HOST, FROM_READER = b"SW", b"CT"
"""`53 57` and `43 54`."""
BROADCAST = 0xFF
OK, FAILED = 1, 0
LENGTH_MAX = 4096
"""No limit is named; a longer frame is taken for a false head."""
SILENT_MS_MAX = 1500
"""After this long without a frame the reader is asked what it is."""
SERIAL_SIZE = 7

ASKED = {code: layouts(asks) for code, (_, asks, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
_ANTENNA = tuple(byte or None for byte in range(256))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction; a reader's data begins with its status.

    >>> Frame(0xFF, 0x10, b"").encode().hex()
    '53570003ff1044'
    """

    address: int
    command: int
    data: bytes
    head: bytes = FROM_HOST

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        size = (len(self.data) + 3).to_bytes(2, "big")
        body = self.head + size + bytes((self.address, self.command)) + self.data
        return body + bytes((-sum(body) & 0xFF,))

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """Take a whole, checked frame apart."""
        return cls(frame[4], frame[5], frame[6:-1], frame[:2])


def command_name(code: int) -> str:
    """Return a command as `0x10 system info`."""
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


class Chafon5357Codec(FramedCodec):
    """The host's side: asks for round after round, unless the reader speaks by itself."""

    silent_ms_max = 5000
    _head = FROM_READER
    _length_min = 4

    def __init__(self) -> None:
        """Begin without knowing whether the reader speaks by itself."""
        super().__init__()
        self._is_active = False

    def start(self) -> bytes:
        """Ask for one round."""
        return Frame(BROADCAST, INVENTORY, b"").encode()

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask what it is; the answer shows that the line is good."""
        return Frame(BROADCAST, SYSTEM, b"").encode() if silent_ms >= SILENT_MS_MAX else b""

    def on_item(self, item: Item) -> bytes:
        """Ask for the next round after one; a reader in active mode is left to speak."""
        if isinstance(item, TagRead) and item.frame[5] == ACTIVE:
            self._is_active = True
        if self._is_active or not isinstance(item, Reply) or item.error is not None:
            return b""
        return self.start() if item.command in (INVENTORY, SYSTEM) else b""

    def _find_head(self, data: bytes, position: int) -> int:
        found = data.find(self._head, position)
        if found < 0 and data[-1:] == self._head[:1]:
            return len(data) - 1
        return found

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take frames with tags in a row; anything else is left to `_take`."""
        size = len(data)
        while position + 8 < size and data.startswith(FROM_READER, position):
            end = position + (data[position + 2] << 8 | data[position + 3]) + 4
            if end > size or data[position + 5] not in (INVENTORY, ACTIVE):
                return position
            frame = data[position:end]
            # The lower half of Adler-32 begun at 0 is the plain sum of fewer than 257 bytes.
            total = adler32(frame, 0) if len(frame) < 257 else sum(frame)
            if len(frame) < 10 or total & 0xFF:
                return position
            items = _tags(frame) if frame[6] == OK else None
            if items is None:
                return position
            found += items
            position = end
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        head = data[position : position + 4]
        if len(head) < 4:
            return 0, "a frame head without its rest"
        length = head[2] << 8 | head[3]
        if not self._length_min <= length <= LENGTH_MAX:
            return -1, f"length {length}, expected {self._length_min} to {LENGTH_MAX}"
        end = position + length + 4
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {length + 4}"
        frame = data[position:end]
        if sum(frame) & 0xFF:
            expected = -sum(frame[:-1]) & 0xFF
            return -1, f"checksum {frame[-1]:02X}, expected {expected:02X}"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes) -> Item | list[Item] | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, status, data = frame[5], frame[6], frame[7:-1]
        if command in (INVENTORY, ACTIVE) and status == OK and data:
            return _tags(frame) or f"inner lengths of {command_name(command)} contradict each other"
        fields = _about(frame) | {"status": status}
        if status != OK:
            fields = {"kind": "error"} | fields | {"code": "0x00 failed", "code_number": status}
            if status != FAILED:
                fields["code"] = f"0x{status:02X} unknown status"
            return Reply(command, command_name(command), fields, status, frame)
        if command == HEARTBEAT:
            fields = {"kind": "heartbeat"} | fields
        fields |= _refine(command, decode_first(_TOLD.get(command, ()), data))
        return Reply(command, command_name(command), fields, None, frame)


def _about(frame: bytes) -> dict[str, object]:
    return {"address": f"0x{frame[4]:02X}"}


@lru_cache(maxsize=1024)
def _more(head: bytes, tag_type: int) -> tuple[tuple[str, object], ...]:
    """Return what a read says beside itself; a reader says the same again and again."""
    common: tuple[tuple[str, object], ...] = (("tag_count", int.from_bytes(head[-2:], "big")),)
    if len(head) > SERIAL_SIZE:
        common = (("sn", head[:SERIAL_SIZE].hex()), ("tag_count", head[-1]))
    return (*common, ("tag_type", tag_type))


def _tags(frame: bytes) -> list[Item] | None:
    """Read `count {length type antenna id RSSI}`; None if the lengths do not meet the end."""
    command, end = frame[5], len(frame) - 1
    position = 8 + SERIAL_SIZE if command == ACTIVE else 9
    if position > end:
        return None
    head = frame[7:position]
    count = head[-1] if command == ACTIVE else head[0] << 8 | head[1]
    found: list[Item] = []
    # Every tag takes four bytes or more, so that the count cannot make the loop long.
    for _ in range(count):
        if position >= end:
            return None
        length, start = frame[position], position + 1
        position = start + length
        if position > end or length < 3 or not length & 1:
            return None
        draft = TagReadDraft(
            frame[start + 2 : position - 1], _ANTENNA[frame[start + 1]], None, frame[position - 1],
            None, None, None, None, None, None, frame, _more(head, frame[start]),
        )  # fmt: skip
        draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
        found.append(draft)  # type: ignore[arg-type]
    if position != end:
        return None
    if command == INVENTORY or not found:
        fields = {"kind": "inventory end"} | _about(frame) | {"status": OK}
        fields |= dict(_more(head, 0)[:-1])
        found.append(Reply(command, command_name(command), fields, None, frame))
    return found


def _refine(command: int, fields: dict[str, object]) -> dict[str, object]:
    """Turn wire fields into the ones people read: versions, a time, a band, a power."""
    if "versions" in fields:
        soft, hard = bytes.fromhex(str(fields.pop("versions")))
        texts = {
            name: f"{byte >> 4}.{byte & 15}" for name, byte in (("soft", soft), ("hard", hard))
        }
        return texts | fields
    if "clock" in fields:
        year, *rest = bytes.fromhex(str(fields["clock"]))
        month, day, hour, minute, second = rest
        return {"time": f"{2000 + year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"}
    if "band" in fields:
        band = str(fields["band"])
        return {"freq": f"{band} {BANDS.get(band, 'unknown')}"}
    if "antennas" in fields:
        return {"antenna_mask": int(str(fields["antennas"]), 16)}
    if command in (PARAMETER_GET, PARAMETER_SET) and fields.get("parameter") == POWER:
        return fields | ({"power_dbm": fields["value"]} if "value" in fields else {})
    return fields


class Chafon5357HostCodec(Chafon5357Codec):
    """The reader's side: hears the host's commands."""

    _head = FROM_HOST
    _length_min = 3

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | list[Item] | str:
        command, data = frame[5], frame[6:-1]
        fields = _about(frame) | _refine(command, decode_first(ASKED.get(command, ()), data))
        return Command(command, command_name(command), fields, data, frame)
