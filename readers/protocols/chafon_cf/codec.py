"""Frames of Chafon `CF` readers, taken apart: from the reader, and from its host."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any

from readers.checksum import MIRROR, mcrf4xx
from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.chafon_cf.commands import (
    BATTERY,
    COMMANDS,
    INFO,
    INVENTORY,
    READ_MODE,
    STATUSES,
    STOP,
    TRIGGER,
)
from readers.reads import Command, Item, Reply, Scan, TagRead, TagReadDraft

HEAD = 0xCF
BROADCAST = 0xFF
ROUND_OVER, NO_MORE = 0x12, 0xFF
PRESSED, RELEASED = 1, 2
SILENT_MS_MAX = 2000
"""After this long without a frame the reader is asked what it is, then for tags again."""

ASKED = {code: layouts(asks) for code, (_, asks, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
_CHANNEL = tuple((("status", 0), ("channel", channel)) for channel in range(256))


def _tag_shape(length: int) -> tuple[Callable[[bytes], tuple[Any, ...]], int, int]:
    """Return how to unpack a tag report of this LEN, its size and its EPC's bytes (0: no tag)."""
    size = length - 6
    is_tag = size > 0 and size % 2 == 0
    return Struct(f">5xBhBBB{size if is_tag else 0}s2x").unpack, length + 7, size * is_tag


# Any: `Struct.unpack` cannot say what its format holds.
_TAG_SHAPES = tuple(_tag_shape(length) for length in range(256))
_ANTENNA = tuple(byte or None for byte in range(256))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction; a reader's data begins with its status.

    >>> Frame(0xFF, 0x0070, b"").encode().hex()
    'cfff0070002415'
    """

    address: int
    command: int
    data: bytes

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = bytes((HEAD, self.address)) + self.command.to_bytes(2, "big")
        body += bytes((len(self.data),)) + self.data
        return body + mcrf4xx(body).to_bytes(2, "big")

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """Take a whole, checked frame apart."""
        return cls(frame[1], int.from_bytes(frame[2:4], "big"), frame[5:-2])


def command_name(code: int) -> str:
    """Return a command as `0x0070 device info`."""
    return f"0x{code:04X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:04X}"


class CFCodec(FramedCodec):
    """The host's side: asks for tags without end, hears those that come unasked."""

    silent_ms_max = 5000
    _length_min = 1

    def start(self) -> bytes:
        """Ask for an inventory without end."""
        return Frame(BROADCAST, INVENTORY, bytes(5)).encode()

    def stop(self) -> bytes:
        """Ask for silence."""
        return Frame(BROADCAST, STOP, b"").encode()

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask what it is: an empty field may be silent, a reader that started anew is idle."""
        return Frame(BROADCAST, INFO, b"").encode() if silent_ms >= SILENT_MS_MAX else b""

    def on_item(self, item: Item) -> bytes:
        """Ask for tags again once a reader that was silent has answered."""
        return self.start() if isinstance(item, Reply) and item.command == INFO else b""

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(b"\xcf", position)

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take tag reports in a row; anything else is left to `_take`."""
        limit = len(data) - 14
        keep = found.append
        while position < limit and data[position] == HEAD:
            unpack, size, epc_size = _TAG_SHAPES[data[position + 4]]
            frame = data[position : position + size]
            if not epc_size or len(frame) != size or frame[2:4] != b"\x00\x01":
                return position
            mirrored = frame.translate(MIRROR)
            check = crc_hqx(mirrored[:-2], 0xFFFF)
            # The high byte comes first; in the mirror it is the low one.
            if mirrored[-2] | mirrored[-1] << 8 != check:
                return position
            status, rssi, antenna, channel, said, epc = unpack(frame)
            if status or said != epc_size or not antenna:
                return position
            draft = TagReadDraft(
                epc, antenna, rssi / 10, rssi, None, None, None, None, None, None, frame,
                _CHANNEL[channel],
            )  # fmt: skip
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position += size
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        head = data[position : position + 5]
        if len(head) > 2 and head[2]:
            return -1, f"command {head[2]:02X}.., expected 00.."
        if len(head) < 5:
            return 0, "a frame head without its rest"
        length = head[4]
        if length < self._length_min:
            return -1, f"length {length}, expected {self._length_min} or more"
        end = position + length + 7
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {length + 7}"
        frame = data[position:end]
        if (check := mcrf4xx(frame[:-2])) != int.from_bytes(frame[-2:], "big"):
            return -1, f"checksum {frame[-2:].hex().upper()}, expected {check:04X}"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes) -> Item | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, status, data = int.from_bytes(frame[2:4], "big"), frame[5], frame[6:-2]
        if command == INVENTORY and status == 0 and data:
            return _report(frame, data)
        fields: dict[str, object] = {"address": f"0x{frame[1]:02X}", "status": status}
        name = command_name(command)
        if status in (ROUND_OVER, NO_MORE):
            return Reply(command, name, {"kind": "inventory end"} | fields, None, frame)
        if status:
            text = f"0x{status:02X} {STATUSES.get(status, 'unknown status')}"
            fields = {"kind": "error"} | fields | {"code": text, "code_number": status}
            if data:
                fields["data"] = data.hex()
            return Reply(command, name, fields, status, frame)
        fields |= _refine(command, decode_first(_TOLD.get(command, ()), data))
        return Reply(command, name, fields, None, frame)


def _report(frame: bytes, data: bytes) -> Item | str:
    """Read one tag, or a barcode, which the sleds that read both put in the same place."""
    if len(data) < 5 or data[4] != len(data) - 5:
        said = data[4] if len(data) > 4 else "nothing"
        return f"report of {len(data)} bytes, its EPC length says {said}"
    body = data[5:]
    if data[:4] == bytes(4) and body[:1] == b"\x02" and body[-2:] == b"\x03\x0d":
        text = body[1:-2].decode("utf-8", "replace")
        aim = text[:3] if text.startswith("]") and len(text) > 3 else None
        return Scan(text[len(aim or "") :], aim, frame)
    if len(body) % 2:
        return f"EPC of {len(body)} bytes, expected whole words"
    rssi = int.from_bytes(data[:2], "big", signed=True)
    return TagRead(body, _ANTENNA[data[2]], rssi / 10, rssi, frame=frame, more=_CHANNEL[data[3]])


def _refine(command: int, fields: dict[str, object]) -> dict[str, object]:
    """Turn wire fields into the ones people read."""
    if "mhz" in fields:
        mhz, khz = fields.pop("mhz"), fields.pop("khz")
        assert isinstance(mhz, int)
        assert isinstance(khz, int)
        return fields | {"start_mhz": mhz + khz / 1000}
    if command == INFO and "firmware" in fields:
        return {name: str(text).partition("\x00")[0].strip() for name, text in fields.items()}
    if command == TRIGGER and fields.get("event") in (PRESSED, RELEASED):
        return {"kind": "trigger", "pressed": fields["event"] == PRESSED}
    if command == BATTERY and "percent" in fields:
        return {"kind": "battery"} | fields
    if "powers" in fields:
        return fields | {"power_dbm": list(bytes.fromhex(str(fields.pop("powers"))))}
    return fields


class CFHostCodec(CFCodec):
    """The reader's side: hears the host's commands."""

    _length_min = 0

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | str:
        command, data = int.from_bytes(frame[2:4], "big"), frame[5:-2]
        fields = _refine(command, decode_first(ASKED.get(command, ()), data))
        if command == INVENTORY and "by" in fields:
            fields["by"] = "rounds" if fields["by"] else "time"
            fields["seconds" if fields["by"] == "time" else "rounds"] = fields.pop("value")
        if command == READ_MODE and "read_mode" in fields:
            fields["read_mode"] = {0: "RFID", 1: "barcode"}.get(
                int(str(fields["read_mode"])), fields["read_mode"]
            )
        about: dict[str, object] = {"address": f"0x{frame[1]:02X}"}
        return Command(command, command_name(command), about | fields, data, frame)
