"""Frames of Nordic ID NUR readers, taken apart: from the reader, and from its host."""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from readers.codec import FramedCodec
from readers.protocols.nordicid_nur.access import asked_of_tag
from readers.protocols.nordicid_nur.commands import (
    COMMANDS,
    decode,
    name_of,
    setup,
    status_text,
)
from readers.reads import Command, Input, Item, Reply, TagRead, TagReadDraft

HEAD = 0xA5
PUSHED, WITH_DATA = 1, 2
"""Bits of the flags."""
REPLY_SIZE_MAX, COMMAND_SIZE_MAX = 8191, 2047
"""Largest frames of the maker's own library."""
OK, NO_TAG = 0, 0x20
STREAM, EXTENDED_STREAM, TRACE = 0x82, 0x88, 0x84
ID_BUFFER, METADATA_BUFFER, SCAN_SINGLE, START = 0x06, 0x07, 0x30, 0x39
INPUT_CHANGED, SET_GPIO = 0x81, 0x11
RISING = 1
ACCESS = (0x33, 0x34, 0x36, 0x37)
SILENT_MS_MAX = 2000
"""After this long without a notification the stream is started again."""

_ENTRY = Struct("<BbBH8s")
"""Length, RSSI, scaled RSSI, time; and the place: frequency, PC word, channel, antenna."""
_PLACE = Struct("<IHBB")
_ENTRY_DATA = Struct("<BbBHIBHBB")
"""The same with the size of the data behind the EPC before the PC word."""
_DBM = tuple(float(raw) for raw in range(-128, 128))

Pairs = tuple[tuple[str, object], ...]
# Made once: a pair for each field of each read would cost more than the frame around it.
_SCALED = tuple(("scaled_rssi", number) for number in range(256))
Place = tuple[int, int, float, tuple[str, object], tuple[str, object], tuple[str, object]]


@lru_cache(maxsize=4096)
def _place(raw: bytes) -> Place:
    """Return antenna, PC word, MHz and named pairs of what stands in entry after entry."""
    khz, pc, channel, antenna = _PLACE.unpack(raw)
    return (
        antenna + 1, pc, khz / 1000, ("frequency_khz", khz), ("channel", channel),
        ("antenna_id", antenna),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction.

    >>> Frame(bytes.fromhex("01")).encode().hex()
    'a5030000005901d1f1'
    """

    payload: bytes
    flags: int = 0

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        head = bytes((HEAD,)) + (len(self.payload) + 2).to_bytes(2, "little")
        head += self.flags.to_bytes(2, "little")
        check = 0xFF
        for byte in head:
            check ^= byte
        crc = crc_hqx(self.payload, 0xFFFF).to_bytes(2, "little")
        return head + bytes((check,)) + self.payload + crc


class NurCodec(FramedCodec):
    """The host's side: starts the stream, hears it, starts it again whenever it has stopped."""

    silent_ms_max = 5000
    _size_max = REPLY_SIZE_MAX

    def __init__(self, *, q: int = 0, session: int = 0, rounds: int = 0) -> None:
        """Set up the stream; Q and rounds 0 leave both to the reader."""
        super().__init__()
        self._start = Frame(bytes((START, q, session, rounds))).encode()

    def start(self) -> bytes:
        """Ask for a stream of inventory rounds."""
        return self._start

    def stop(self) -> bytes:
        """Ask for an end of all that goes on by itself."""
        return Frame(b"\x0e").encode()

    def on_item(self, item: Item) -> bytes:
        """Start again once the reader has said that its stream has stopped, or that it booted."""
        if isinstance(item, Reply) and (item.fields.get("stopped") or item.command == 0x80):
            return self._start
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Start again after 2 s without a word."""
        return self._start if silent_ms >= SILENT_MS_MAX else b""

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(b"\xa5", position)

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        head = data[position : position + 6]
        if len(head) < 6:
            return 0, "a frame head without its rest"
        check = 0xFF ^ head[0] ^ head[1] ^ head[2] ^ head[3] ^ head[4]
        if check != head[5]:
            return -1, f"header check {head[5]:02X}, expected {check:02X}"
        length = head[1] | head[2] << 8
        if not 3 <= length <= self._size_max - 6:
            return -1, f"length {length}, expected 3 to {self._size_max - 6}"
        end = position + 6 + length
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {length + 6}"
        frame = data[position:end]
        payload = frame[6:-2]
        crc = crc_hqx(payload, 0xFFFF)
        if crc != frame[-2] | frame[-1] << 8:
            return -1, f"CRC {frame[-2:].hex().upper()}, expected {crc & 0xFF:02X}{crc >> 8:02X}"
        item = self._decode(frame, payload, head[3] | head[4] << 8)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes, payload: bytes, flags: int) -> Item | list[Item] | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        code = payload[0]
        if flags & PUSHED:
            if code in (STREAM, EXTENDED_STREAM):
                return _stream(frame, payload, flags)
            if code == TRACE:
                return _trace(frame, payload, flags)
            fields = decode(COMMANDS[code][2], payload[1:]) if code in COMMANDS else None
            if code == INPUT_CHANGED and fields is not None and not fields["is_sensor"]:
                pin, is_high = int(str(fields["source"])) + 1, fields["direction"] == RISING
                return Input(pin, is_high, frame, (("flags", flags),))
            rest = {"data": payload[1:].hex()} if fields is None and payload[1:] else fields or {}
            return Reply(code, name_of(code), {"flags": flags, **rest}, None, frame)
        if len(payload) < 2:
            return "an answer without a status"
        status, data = payload[1], payload[2:]
        if status != OK:
            return _refusal(frame, code, flags, status, data)
        if code in (ID_BUFFER, METADATA_BUFFER) and data:
            known: Pairs = (("cmd", name_of(code)), ("flags", flags), ("status", OK))
            if code == ID_BUFFER:
                reads = _plain_entries(frame, data, known)
            else:
                reads = entries(frame, payload, 2, flags, known)
            return reads or f"inner lengths of {name_of(code)} contradict each other"
        if code == SCAN_SINGLE and len(data) > 3:
            return _scanned(frame, flags, data)
        if code == 0x22:
            answer = setup(data)
        else:
            answer = decode(COMMANDS[code][2], data) if code in COMMANDS else None
        if answer is None:
            answer = {"data": data.hex()} if data else {}
        return Reply(
            code, name_of(code), {"flags": flags, "status": OK, **_refine(answer)}, None, frame
        )


def entries(
    frame: bytes, payload: bytes, position: int, flags: int, known: Pairs
) -> list[Item] | None:
    """Read tags with metadata up to the end of the payload; None if the lengths do not meet it."""
    if flags & WITH_DATA:
        return _entries_with_data(frame, payload, position, known)
    found: list[Item] = []
    keep = found.append
    unpack = _ENTRY.unpack_from
    size = len(payload)
    while position < size:
        end = position + payload[position] + 1
        if end > size or end < position + 14:
            return None
        _, rssi, scaled, ms, raw = unpack(payload, position)
        antenna, pc, mhz, frequency, channel, number = _place(raw)
        draft = TagReadDraft(
            payload[position + 13 : end], antenna, _DBM[rssi + 128], rssi & 0xFF, pc, None, None,
            mhz, None, None, frame,
            (*known, _SCALED[scaled], ("timestamp_ms", ms), frequency, channel, number),
        )  # fmt: skip
        draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
        keep(draft)  # type: ignore[arg-type]
        position = end
    return found


def _entries_with_data(
    frame: bytes, payload: bytes, position: int, known: Pairs
) -> list[Item] | None:
    found: list[Item] = []
    while position < len(payload):
        end = position + payload[position] + 1
        if end > len(payload) or end < position + _ENTRY_DATA.size:
            return None
        _, rssi, scaled, ms, khz, held, pc, channel, antenna = _ENTRY_DATA.unpack_from(
            payload, position
        )
        tag_end = end - held
        if tag_end < position + _ENTRY_DATA.size:
            return None
        found.append(
            TagRead(
                payload[position + _ENTRY_DATA.size : tag_end], antenna + 1, float(rssi),
                rssi & 0xFF, pc, None, None, khz / 1000, None, None, frame,
                (
                    *known, ("scaled_rssi", scaled), ("timestamp_ms", ms),
                    ("frequency_khz", khz), ("channel", channel), ("antenna_id", antenna),
                    ("data", payload[tag_end:end].hex()),
                ),
            )
        )  # fmt: skip
        position = end
    return found


def _plain_entries(frame: bytes, data: bytes, known: Pairs) -> list[Item] | None:
    """Read `length antenna EPC` as often as there is."""
    found: list[Item] = []
    position = 0
    while position < len(data):
        end = position + data[position] + 1
        if end > len(data) or end < position + 2:
            return None
        antenna = data[position + 1]
        more = (*known, ("antenna_id", antenna))
        found.append(
            TagRead(data[position + 2 : end], antenna + 1, None, None, frame=frame, more=more)
        )
        position = end
    return found


def _stream(frame: bytes, payload: bytes, flags: int) -> list[Item] | str:
    """Read the tags of a notification, and behind them its own word if the stream has stopped.

    The maker's library finds a status byte in what is pushed as it does in answers; his documents
    show none. Both are taken: only one of the two lets the entries end where the payload ends.
    """
    code = payload[0]
    for start in (2, 1) if payload[1:2] == b"\x00" else (1,):
        said = payload[start : start + 5]
        if len(said) < 5:
            continue
        collisions = said[2] | said[3] << 8
        known: Pairs = (
            ("flags", flags), ("rounds", said[1]), ("collisions", collisions), ("q", said[4]),
        )  # fmt: skip
        found = entries(frame, payload, start + 5, flags, known)
        if found is None:
            continue
        if said[0] or not found:
            kind = "inventory end" if said[0] else "inventory round"
            about = {"stopped": said[0] != 0, "tag_count": len(found)}
            found.append(
                Reply(code, name_of(code), {"kind": kind, **dict(known), **about}, None, frame)
            )
        return found
    return f"inner lengths of {name_of(code)} contradict each other"


def _trace(frame: bytes, payload: bytes, flags: int) -> TagRead | str:
    """Read a traced tag: RSSI of one byte or two, which the even length of an EPC tells apart."""
    width = 1 if len(payload) % 2 == 0 else 2
    rest = payload[1 + width :]
    if len(rest) < 4:
        return "a tag trace without a tag"
    rssi = int.from_bytes(payload[1 : 1 + width], "little", signed=True)
    more = (("flags", flags), ("scaled_rssi", rest[0]), ("antenna_id", rest[1]))
    return TagRead(
        rest[2:], rest[1] + 1, float(rssi), rssi & 0xFF, frame=frame, more=more
    )  # fmt: skip


def _scanned(frame: bytes, flags: int, data: bytes) -> TagRead:
    """Read the one tag of 30: antenna, RSSI, scaled RSSI, EPC."""
    rssi = data[1] - 256 if data[1] > 127 else data[1]
    more = (
        ("cmd", name_of(SCAN_SINGLE)), ("flags", flags), ("status", OK), ("scaled_rssi", data[2]),
        ("antenna_id", data[0]),
    )  # fmt: skip
    return TagRead(data[3:], data[0] + 1, float(rssi), data[1], frame=frame, more=more)


def _refusal(frame: bytes, code: int, flags: int, status: int, data: bytes) -> Reply:
    fields: dict[str, object] = {
        "kind": "error", "flags": flags, "status": status, "code": status_text(status),
        "code_number": status,
    }  # fmt: skip
    if code == 0x34 and len(data) == 1:
        fields["words"] = data[0]
    elif data:
        fields["data"] = data.hex()
    return Reply(code, name_of(code), fields, status, frame)


def _refine(fields: dict[str, object]) -> dict[str, object]:
    """Add the version as people read it."""
    if "major" in fields:
        return fields | {"firmware": f"{fields['major']}.{fields['minor']}-{fields['build']}"}
    return fields


class NurHostCodec(NurCodec):
    """The reader's side: hears the host's commands."""

    _size_max = COMMAND_SIZE_MAX

    def _decode(self, frame: bytes, payload: bytes, flags: int) -> Item | list[Item] | str:
        code, data = payload[0], payload[1:]
        if code in ACCESS:
            fields = asked_of_tag(code, data)
        elif code == 0x22:
            fields = setup(data)
        else:
            fields = decode(COMMANDS[code][1], data) if code in COMMANDS else None
        if fields is None:
            fields = {"data": data.hex()} if data else {}
        return Command(code, name_of(code), {"flags": flags, **fields}, data, frame)
