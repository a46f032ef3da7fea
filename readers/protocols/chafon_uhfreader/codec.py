"""Frames of UHFReader18 / 288 readers, taken apart: from the reader, and from its host."""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass

from readers.checksum import MIRROR, mcrf4xx
from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.chafon_uhfreader.asked import ACCESS, ROUNDS, asked
from readers.protocols.chafon_uhfreader.commands import (
    ANTENNA_STATES,
    BUFFER_READ,
    BUFFERED,
    COMMANDS,
    INFO,
    INVENTORY,
    MIXED,
    PUSH,
    STATUSES,
    TAG_ERRORS,
    band,
)
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

BROADCAST = 0xFF
NO_TAG, STATISTICS, HEARTBEAT, ANTENNA_FAULT, TAG_ERROR = 0xFB, 0x26, 0x28, 0xF8, 0xFC
MORE_FOLLOWS = 0x03
TAG_STATUSES = frozenset({1, 2, MORE_FOLLOWS, 4})
"""A frame of a round with one of these holds tags; all but 03 end the round."""
SILENT_MS_MAX = 2000
"""After this long without a frame the reader is asked anew."""
SCANTIME_100MS = 10
TID_SIZE = 12
IS_FAST_ID = 0x80

_NOT_SHORT = {size: re.compile(b"[" + re.escape(bytes((size,))) + b"-\xff]") for size in (4, 5)}
ASKED = {code: layouts(asks) for code, (_, asks, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}

_More = tuple[tuple[str, object], ...]
# Antenna of an antenna mask; a mask of several names none.
ANTENNA = tuple(
    mask.bit_length() if mask & (mask - 1) == 0 and mask else None for mask in range(256)
)
_MORE: tuple[tuple[_More, ...], ...] = tuple(
    tuple((("status", status), ("layout", "288"), ("antenna_mask", mask)) for mask in range(256))
    for status in range(5)
)
_MORE_18: tuple[_More, ...] = tuple((("status", status), ("layout", "18")) for status in range(5))
_PUSHED: tuple[_More, ...] = tuple((("status", 0), ("antenna_mask", mask)) for mask in range(256))
_PUSHED_18: _More = (("status", 0),)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction; a reader's data begins with its status.

    >>> Frame(0, 0x21, b"").encode().hex()
    '040021d96a'
    """

    address: int
    command: int
    data: bytes

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = bytes((len(self.data) + 4, self.address, self.command)) + self.data
        return body + mcrf4xx(body).to_bytes(2, "little")

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """Take a whole, checked frame apart."""
        return cls(frame[1], frame[2], frame[3:-2])


def command_name(code: int) -> str:
    """Return a command as `0x21 reader info`."""
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


def _code_text(code: int) -> str:
    return f"0x{code:02X} {STATUSES.get(code, 'unknown status')}"


class UHFReaderCodec(FramedCodec):
    """The host's side: asks what the reader is, then for round after round."""

    silent_ms_max = 5000
    _length_min = 5

    def __init__(self, *, antennas: tuple[int, ...] = ()) -> None:
        """Set up polling.

        Args:
            antennas: Ports from 1 to 8 that take turns; empty takes those the reader names.
        """
        super().__init__()
        self._wanted = antennas
        self._antennas: tuple[int, ...] = antennas
        self._turn = 0

    def start(self) -> bytes:
        """Ask what it is: a UHFReader18 is asked for a round in another way than a 288."""
        return Frame(BROADCAST, INFO, b"").encode()

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask again what it is: a reader that pushes by itself hears no other question."""
        return self.start() if silent_ms >= SILENT_MS_MAX else b""

    def on_item(self, item: Item) -> bytes:
        """Ask for the next round when one is over."""
        if not isinstance(item, Reply):
            return b""
        if item.command == INFO and item.error is None:
            # The short form of a UHFReader18 names no antennas: it has one.
            mask = item.fields.get("antenna_mask", 0)
            assert isinstance(mask, int)
            told = tuple(port for port in range(1, 9) if mask >> (port - 1) & 1)
            self._antennas = self._wanted or told
            return self._round()
        if item.command == INVENTORY and item.fields.get("kind") == "inventory end":
            self._turn += 1
            return self._round()
        return b""

    def _round(self) -> bytes:
        if not self._antennas:
            return Frame(BROADCAST, INVENTORY, b"").encode()
        antenna = self._antennas[self._turn % len(self._antennas)]
        data = bytes((4, 0, 0, 0x7F + antenna, SCANTIME_100MS))
        return Frame(BROADCAST, INVENTORY, data).encode()

    def _find_head(self, data: bytes, position: int) -> int:
        match = _NOT_SHORT[self._length_min].search(data, position)
        return match.start() if match else -1

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take good frames in a row; what is none is left to `_take`."""
        size = len(data)
        while position < size:
            end = position + data[position] + 1
            if end > size or end - position <= self._length_min:
                return position
            frame = data[position:end]
            if crc_hqx(frame.translate(MIRROR), 0xFFFF):
                return position
            items = self._decode(frame)
            if isinstance(items, str):
                return position
            found += items
            position = end
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        length = data[position]
        if length < self._length_min:
            return -1, f"length {length}, expected {self._length_min} or more"
        end = position + length + 1
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {length + 1}"
        frame = data[position:end]
        if (check := mcrf4xx(frame[:-2])) != int.from_bytes(frame[-2:], "little"):
            return -1, f"checksum {frame[-1]:02X}{frame[-2]:02X}, expected {check:04X}"
        items = self._decode(frame)
        return (-1, items) if isinstance(items, str) else (end, items)

    def _decode(self, frame: bytes) -> list[Item] | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, status = frame[2], frame[3]
        if command == PUSH:
            return _pushed(frame, status)
        if command in (INVENTORY, 0x0F) and (status in TAG_STATUSES or status == STATISTICS):
            return _inventory(frame, command, status)
        if command == BUFFER_READ and status in TAG_STATUSES:
            return _buffered(frame, status)
        return [_reply(frame, command, status)]


def _draft(
    epc: bytes, antenna: int | None, rssi: int | None, count: int | None, frame: bytes, more: _More
) -> TagRead:
    draft = TagReadDraft(epc, antenna, None, rssi, None, None, None, None, count, None, frame, more)
    draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
    return draft  # type: ignore[return-value]


def _parted(body: bytes, more: _More) -> tuple[bytes, _More] | None:
    """Part an EPC from the TID that FastID puts behind it."""
    if len(body) < TID_SIZE:
        return None
    return body[:-TID_SIZE], (*more, ("tid", body[-TID_SIZE:].hex()))


def _inventory(frame: bytes, command: int, status: int) -> list[Item] | str:
    """Read a frame of a round: tags, and its end where the status says so."""
    if status == STATISTICS:
        return [_reply(frame, command, status)]
    found = _tags_288(frame, status)
    layout = "288"
    if found is None:
        found, layout = _tags_18(frame, status), "18"
    if found is None:
        return "inner lengths of an inventory contradict each other"
    if status != MORE_FOLLOWS or not found:
        is_over = status != MORE_FOLLOWS
        fields: dict[str, object] = {"kind": "inventory end" if is_over else "inventory"}
        fields |= _about(frame) | {"layout": layout}
        if layout == "288":
            fields["antenna_mask"] = frame[4]
        fields["num"] = len(found)
        found.append(Reply(command, command_name(command), fields, None, frame))
    return found


def _tags_288(frame: bytes, status: int) -> list[Item] | None:
    """Read `antenna count {length EPC RSSI}`; None if the lengths do not meet the frame's end."""
    end = len(frame) - 2
    if end < 6:
        return None
    mask, position = frame[4], 6
    antenna, common = ANTENNA[mask], _MORE[status][mask]
    found: list[Item] = []
    for _ in range(frame[5]):
        if position >= end:
            return None
        length, start = frame[position], position + 1
        position = start + (length & 0x7F)
        if position >= end or length & 1:
            return None
        epc, more = frame[start:position], common
        if length & IS_FAST_ID:
            parted = _parted(epc, common)
            if parted is None:
                return None
            epc, more = parted
        draft = TagReadDraft(
            epc, antenna, None, frame[position], None, None, None, None, None, None, frame, more
        )
        draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
        found.append(draft)  # type: ignore[arg-type]
        position += 1
    return found if position == end else None


def _tags_18(frame: bytes, status: int) -> list[Item] | None:
    """Read `count {length EPC}` of a UHFReader18, which tells neither antenna nor RSSI."""
    end = len(frame) - 2
    if end < 5:
        return None
    position = 5
    found: list[Item] = []
    for _ in range(frame[4]):
        if position >= end:
            return None
        length, start = frame[position], position + 1
        position = start + length
        if position > end or length & 1:
            return None
        found.append(_draft(frame[start:position], None, None, None, frame, _MORE_18[status]))
    return found if position == end else None


def _pushed(frame: bytes, status: int) -> list[Item] | str:
    """Read what is said unasked: a tag with its antenna, one without, or a heartbeat."""
    end = len(frame) - 2
    if status:
        return [_reply(frame, PUSH, status)]
    if end > 6 and frame[5] & 0x7F == end - 7:
        epc, more = frame[6 : end - 1], _PUSHED[frame[4]]
        if frame[5] & IS_FAST_ID:
            parted = _parted(epc, more)
            if parted is None:
                return "a TID of fewer than 12 bytes"
            epc, more = parted
        if len(epc) % 2 == 0:
            return [_draft(epc, ANTENNA[frame[4]], frame[end - 1], None, frame, more)]
    if end % 2:
        return "inner lengths of a real-time read contradict each other"
    return [_draft(frame[4:end], None, None, None, frame, _PUSHED_18)]


def _buffered(frame: bytes, status: int) -> list[Item] | str:
    """Read `count {antenna length EPC RSSI reads}`."""
    end = len(frame) - 2
    refusal = "inner lengths of a buffer contradict each other"
    if end < 5:
        return refusal
    count, position = frame[4], 5
    found: list[Item] = []
    for _ in range(count):
        if position + 2 > end:
            return refusal
        mask, length, start = frame[position], frame[position + 1], position + 2
        position = start + (length & 0x7F)
        if position + 2 > end or length & 1:
            return refusal
        more: _More = (("status", status), ("num", count), ("antenna_mask", mask))
        epc = frame[start:position]
        if length & IS_FAST_ID:
            parted = _parted(epc, more)
            if parted is None:
                return refusal
            epc, more = parted
        found.append(_draft(epc, ANTENNA[mask], frame[position], frame[position + 1], frame, more))
        position += 2
    if position != end:
        return refusal
    return found or [_reply(frame, BUFFER_READ, status)]


def _about(frame: bytes) -> dict[str, object]:
    return {"address": f"0x{frame[1]:02X}", "status": frame[3]}


def _reply(frame: bytes, command: int, status: int) -> Reply:
    """Read an answer that is no tag: a setting, an end, a refusal."""
    fields, data = _about(frame), frame[4:-2]
    is_good = status == 0 or (command == BUFFER_READ and status in TAG_STATUSES)
    if command == PUSH and status == HEARTBEAT and len(data) == 12:
        states = [_state(byte) for byte in data[4:8]]
        fields |= {
            "kind": "heartbeat", "packet_number": int.from_bytes(data[:4], "big"),
            "antennas": states, "total_read": int.from_bytes(data[8:], "big"),
        }  # fmt: skip
        return Reply(command, command_name(command), fields, None, frame)
    if command in (INVENTORY, BUFFERED, MIXED, 0x0F) and status == STATISTICS and len(data) == 7:
        fields |= {
            "kind": "inventory end", "antenna_mask": data[0],
            "read_rate": int.from_bytes(data[1:3], "big"),
            "total_read": int.from_bytes(data[3:], "big"),
        }  # fmt: skip
        return Reply(command, command_name(command), fields, None, frame)
    if not is_good:
        return _refusal(frame, command, status)
    fields |= _refine(decode_first(_TOLD.get(command, ()), data))
    return Reply(command, command_name(command), fields, None, frame)


def _state(byte: int) -> str:
    return ANTENNA_STATES[byte] if byte < len(ANTENNA_STATES) else f"0x{byte:02X}"


def _refusal(frame: bytes, command: int, status: int) -> Reply:
    """Read a status that is an error; an empty field or a loose antenna ends a round, too."""
    data = frame[4:-2]
    is_end = command == INVENTORY and status in (NO_TAG, ANTENNA_FAULT)
    fields: dict[str, object] = {"kind": "inventory end" if is_end else "error"}
    fields |= _about(frame) | {"code": _code_text(status), "code_number": status}
    if status == TAG_ERROR and len(data) == 1:
        fields["tag_error"] = f"0x{data[0]:02X} {TAG_ERRORS.get(data[0], 'unknown')}"
    elif data:
        fields["data"] = data.hex()
    return Reply(command, command_name(command), fields, status, frame)


def _refine(fields: dict[str, object]) -> dict[str, object]:
    """Turn wire fields into the ones people read: firmware 3.1, a band and its limits."""
    if "version" in fields:
        version = bytes.fromhex(str(fields.pop("version")))
        fields = {"firmware": f"{version[0]}.{version[1]}"} | fields
        known = band(int(str(fields["dmaxfre"]), 16), int(str(fields["dminfre"]), 16))
        if known is not None:
            fields |= {"band": known[0], "mhz_min": known[1], "mhz_max": known[2]}
    if "sign" in fields:
        degrees = fields.pop("temperature_c")
        assert isinstance(degrees, int)
        fields = {"temperature_c": degrees if fields.pop("sign") else -degrees}
    return fields


class UHFReaderHostCodec(UHFReaderCodec):
    """The reader's side: hears the host's commands."""

    _length_min = 4

    def _decode(self, frame: bytes) -> list[Item] | str:
        code, data = frame[2], frame[3:-2]
        if code in ROUNDS or code in ACCESS:
            known = asked(code, data)
            fields = {"data": data.hex()} if known is None else known
        else:
            fields = _saved(decode_first(ASKED.get(code, ()), data))
        about: dict[str, object] = {"address": f"0x{frame[1]:02X}"}
        return [Command(code, command_name(code), about | fields, data, frame)]


def _saved(fields: dict[str, object]) -> dict[str, object]:
    """Take bit 7 of a power or an antenna mask apart: it means that nothing is saved."""
    for name, plain in (("power", "power_dbm"), ("antennas", "antenna_mask")):
        byte = fields.pop(name, None)
        if isinstance(byte, int):
            fields |= {plain: byte & 0x7F, "is_saved": byte < 0x80}
    return fields
