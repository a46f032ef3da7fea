"""Frames of the R2000 family, taken apart: from the box, and from its host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any
from zlib import adler32

from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.r2000_a0.commands import COMMANDS, ERRORS
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

HEAD = 0xA0
BROADCAST = 0xFF
SUCCESS = 0x10
INVENTORIES = (0x89, 0x8A, 0x8B)
BUFFER_READS = (0x90, 0x91)
END_LENGTH = 0x0A
"""LEN of an end frame, whatever the command (PROTOCOLS.md section 2)."""
SILENT_MS_MAX = 2000
"""After this long without an end frame the inventory is asked for again."""

ASKED = {code: layouts(asked) for code, (_, asked, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
# A one-byte answer of these commands is data. 86 is both: mode 01 (no match set) or a code.
_NEVER_A_CODE = frozenset({0x63, 0x6A, 0x75, 0x77, 0x7E, 0x8E})

_FREQUENCY_MHZ = tuple(865 + n / 2 if n < 7 else 902 + (n - 7) / 2 for n in range(64))
# antenna, frequency index, frequency of each frequency-antenna byte
_PLACE = tuple(((byte & 3) + 1, byte >> 2, _FREQUENCY_MHZ[byte >> 2]) for byte in range(256))
_EPC_SIZE = tuple((byte >> 3) * 2 for byte in range(256))
"""EPC length in bytes for each first byte of a PC word."""


def _tag_shape(length: int) -> tuple[Callable[[bytes], tuple[Any, ...]], int, int]:
    """Return how to unpack a tag frame of this LEN, its size and its EPC's words (0: no tag)."""
    words = (length - 7) // 2 if length > 7 and length % 2 else 0
    return Struct(f">3xBBH{words * 2}sBx").unpack, length + 2, words


# Any: `Struct.unpack` cannot say what its format holds.
_TAG_SHAPES = tuple(_tag_shape(length) for length in range(256))


def rssi_dbm(raw: int) -> float:
    """Convert the low 7 bits of an RSSI byte to dBm.

    Makers' tables step by 2 dB between 90 and 89, so they lie 1 dB lower from 89 down than this
    straight line; the one captured frame whose dBm value is stated (raw 69, -60 dBm) does not.

    >>> rssi_dbm(69)
    -60.0
    """
    return float(raw - 129)


_RSSI_DBM = tuple(rssi_dbm(raw & 0x7F) for raw in range(256))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction.

    >>> Frame(address=1, command=0x72, data=b"").encode().hex()
    'a0030172ea'
    """

    address: int
    command: int
    data: bytes

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        head = bytes((HEAD, len(self.data) + 3, self.address, self.command)) + self.data
        return head + bytes((-sum(head) & 0xFF,))

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """Take a whole, checked frame apart."""
        return cls(frame[2], frame[3], frame[4:-1])


def _code_text(code: int) -> str:
    return f"0x{code:02X} {ERRORS.get(code, 'unknown code')}"


def _command_name(code: int) -> str:
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


def _place(byte: int) -> dict[str, object]:
    antenna, index, mhz = _PLACE[byte]
    return {"antenna": antenna, "frequency_index": index, "frequency_mhz": mhz}


def _refine(fields: dict[str, object]) -> dict[str, object]:
    """Turn wire fields into the ones people read: version 1.9, a temperature, a list of powers."""
    if "major" in fields:
        return {"version": f"{fields['major']}.{fields['minor']}"}
    if "is_positive" in fields:
        degrees = fields["temperature_c"]
        assert isinstance(degrees, int)
        return {"temperature_c": degrees if fields["is_positive"] else -degrees}
    if "powers" in fields:
        powers = list(bytes.fromhex(str(fields["powers"])))
        return {"power_dbm": powers[0] if len(powers) == 1 else powers}
    if fields.get("baud_code") in (3, 4):
        return fields | {"baud": 38400 if fields["baud_code"] == 3 else 115200}
    if "antenna_byte" in fields:
        byte = fields["antenna_byte"]
        assert isinstance(byte, int)
        return fields | {"antenna": byte + 1}
    return fields


class R2000Codec(FramedCodec):
    """The host's side: hears the reader, asks for the next round."""

    silent_ms_max = 5000

    def __init__(self, *, antennas: tuple[int, ...] = (), inventory: int = 0x8B) -> None:
        """Set up polling.

        Args:
            antennas: Ports from 1 to 8 that take turns; empty leaves the reader's choice.
            inventory: Command of a round, 89 or 8B (session 1, target A).
        """
        super().__init__()
        self._antennas = antennas
        self._turn = 0
        self._round = Frame(
            BROADCAST, inventory, b"\x01" if inventory == 0x89 else b"\x01\x00\x01"
        ).encode()

    def start(self) -> bytes:
        """Choose the first antenna, or begin a round on the reader's own."""
        if not self._antennas:
            return self._round
        antenna = self._antennas[self._turn % len(self._antennas)]
        return Frame(BROADCAST, 0x74, bytes((antenna - 1,))).encode()

    def on_item(self, item: Item) -> bytes:
        """Ask for the next round after the end of one: a reader hears nothing in between."""
        if not isinstance(item, Reply):
            return b""
        if item.command == 0x74 and self._antennas:
            return self._round if item.error is None else self._next_antenna()
        if item.command in INVENTORIES and ("total_read" in item.fields or item.error):
            return self._next_antenna() if len(self._antennas) > 1 else self._round
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask again after 2 s without an end frame (PROTOCOLS.md section 2)."""
        return self.start() if silent_ms >= SILENT_MS_MAX else b""

    def _next_antenna(self) -> bytes:
        self._turn += 1
        return self.start()

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(b"\xa0", position)

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take tag frames of a round in a row; anything else is left to `_take`."""
        limit = len(data) - 9
        keep = found.append
        while position < limit and data[position] == HEAD:
            unpack, size, words = _TAG_SHAPES[data[position + 1]]
            frame = data[position : position + size]
            # The lower half of Adler-32 begun at 0 is the plain sum of fewer than 257 bytes.
            if not words or len(frame) != size or adler32(frame, 0) & 0xFF:
                return position
            command, place, pc, epc, raw = unpack(frame)
            if pc >> 11 != words or command not in INVENTORIES:
                return position
            antenna, index, mhz = _PLACE[place]
            if raw > 0x7F:
                antenna += 4
            draft = TagReadDraft(
                epc, antenna, _RSSI_DBM[raw], raw & 0x7F, pc, None, index, mhz, None, None, frame
            )
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position += size
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        if position + 1 >= len(data):
            return 0, "a frame head without its rest"
        length = data[position + 1]
        if length < 3:
            return -1, f"length {length}, expected 3 or more"
        end = position + length + 2
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {length + 2}"
        frame = data[position:end]
        if sum(frame) & 0xFF:
            expected = -sum(frame[:-1]) & 0xFF
            return -1, f"checksum {frame[-1]:02X}, expected {expected:02X}"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes) -> Item | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, data = frame[3], frame[4:-1]
        if command in INVENTORIES:
            return _inventory(frame, command, data)
        if command in BUFFER_READS and len(data) > 1:
            return _buffered(frame, data)
        name = _command_name(command)
        if len(data) == 1 and not (
            command in _NEVER_A_CODE or (command == 0x86 and data[0] not in ERRORS)
        ):
            return _code_reply(frame, command, data[0])
        if command in (0x81, 0x82, 0x83, 0x84, 0x94):
            if (fields := _access(command, data)) is None:
                return f"inner lengths of {name} contradict each other"
        else:
            fields = _refine(decode_first(_TOLD.get(command, ()), data))
        if command == 0x7E and data == b"\xee":
            return _code_reply(frame, command, 0xEE)
        return Reply(command, name, _address(frame) | fields, None, frame)


def _address(frame: bytes) -> dict[str, object]:
    broadcast = " broadcast" if frame[2] == BROADCAST else ""
    return {"address": f"0x{frame[2]:02X}{broadcast}"}


def _code_reply(frame: bytes, command: int, code: int, **more: object) -> Reply:
    text = _code_text(code)
    fields = _address(frame) | {"error": text, "code": text, "code_number": code} | more
    if code != SUCCESS:
        fields["kind"] = "error"
    error = None if code == SUCCESS else code
    return Reply(command, _command_name(command), fields, error, frame)


def _inventory(frame: bytes, command: int, data: bytes) -> Item | str:
    """Read a frame of a round: its end, an error, a missing antenna, or a tag with phase."""
    if len(data) == END_LENGTH - 3:
        if command == 0x8A:
            fields: dict[str, object] = {
                "total_read": int.from_bytes(data[:3], "big"),
                "duration_ms": int.from_bytes(data[3:], "big"),
            }
        else:
            fields = {
                "antenna_byte": data[0],
                "antenna": data[0] + 1,
                "read_rate": int.from_bytes(data[1:3], "big"),
                "total_read": int.from_bytes(data[3:], "big"),
            }
        fields = {"kind": "inventory end"} | _address(frame) | fields
        return Reply(command, _command_name(command), fields, None, frame)
    if len(data) == 1:
        return _code_reply(frame, command, data[0])
    if len(data) == 2:
        return _code_reply(frame, command, data[1], antenna_byte=data[0], antenna=data[0] + 1)
    size = _EPC_SIZE[data[1]] if len(data) >= 4 else -1
    if size not in (len(data) - 4, len(data) - 6):
        return f"EPC of {len(data) - 4} bytes, its PC word says {size}"
    antenna, index, mhz = _PLACE[data[0]]
    raw = data[3 + size]
    phase = int.from_bytes(data[4 + size :], "big") if len(data) > size + 4 else None
    return TagRead(
        data[3 : 3 + size], antenna + (raw >> 7) * 4, _RSSI_DBM[raw], raw & 0x7F,
        int.from_bytes(data[1:3], "big"), None, index, mhz, None, phase, frame,
    )  # fmt: skip


def _buffered(frame: bytes, data: bytes) -> TagRead | str:
    """Read one tag of 90/91: count u16, length, PC EPC CRC, RSSI, frequency-antenna, reads."""
    size = data[2] if len(data) > 2 else 0
    if size < 4 or len(data) != size + 6 or _EPC_SIZE[data[3]] != size - 4:
        return "inner lengths of a buffered tag contradict each other"
    body, raw = data[3 : 3 + size], data[3 + size]
    antenna, index, mhz = _PLACE[data[4 + size]]
    return TagRead(
        body[2:-2], antenna + (raw >> 7) * 4, _RSSI_DBM[raw], raw & 0x7F,
        int.from_bytes(body[:2], "big"), int.from_bytes(body[-2:], "big"),
        index, mhz, data[5 + size], None, frame,
    )  # fmt: skip


def _access(command: int, data: bytes) -> dict[str, object] | None:
    """Read one tag of 81 to 84 and 94; None if the lengths contradict each other."""
    if len(data) < 10 or len(data) != data[2] + 6:
        return None
    size = data[2]
    body, tail = data[3 : 3 + size], data[3 + size :]
    epc_end = 2 + _EPC_SIZE[body[0]]
    if epc_end + 2 > size:
        return None
    fields: dict[str, object] = {
        "tag_count": int.from_bytes(data[:2], "big"),
        "pc": body[:2].hex(),
        "epc": body[2:epc_end].hex(),
        "tag_crc": body[epc_end : epc_end + 2].hex(),
    }
    if command == 0x81:
        fields["data"] = body[epc_end + 2 :].hex()
        fields["data_size"] = tail[0]
    else:
        text = _code_text(tail[0])
        fields |= {"error": text, "code": text, "code_number": tail[0]}
    return fields | _place(tail[1]) | {"read_count": tail[2]}


class R2000HostCodec(R2000Codec):
    """The reader's side: hears the host's commands."""

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | str:
        command, data = frame[3], frame[4:-1]
        fields = _refine(decode_first(ASKED.get(command, ()), data))
        if "target" in fields:
            fields["target"] = "B" if fields["target"] else "A"
        fields = _address(frame) | fields
        return Command(command, _command_name(command), fields, data, frame)
