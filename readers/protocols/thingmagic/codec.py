"""Frames of ThingMagic and Silion modules, taken apart: from the module, and from its host."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any

from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.thingmagic.access import asked_of_tag
from readers.protocols.thingmagic.commands import ACCESS, COMMANDS, SUB_COMMANDS, status_text
from readers.protocols.thingmagic.records import (
    Pairs,
    antennas_of,
    metadata,
    stream_pairs,
)
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

HEAD = 0xFF
GEN2 = 0x05
DATA_SIZE_MAX = 248
"""Longest data of an answer; a command may hold 250 (PROTOCOLS.md section 1)."""
COMMAND_SIZE_MAX = 250
MARK = b"Moduletech"
NO_TAG = 0x0400
NO_EPC = 0x0410
"""Counted for a record that came without an EPC: the status that the module should have said."""
START, STOP = 1, 2
"""What the third byte of 2F says."""
SETUP_MS_MAX = 1000
"""An answer to a setting takes no longer."""
STALL_MS = 3000
"""A reading module says 0400 once a second; three missed are a stall."""

READING = bytes.fromhex("00000122000005072210001b03e801ff")
"""2F: read for ever; in it 22 with option 10, search flags 001B, 1000 ms, metadata flags 01FF."""
SILION_READING = bytes.fromhex("0016008000")
"""AA48: RSSI, antenna and time with each tag, no selection, a heartbeat."""
EVERY_READ = b"\x01\x0c\x00"
"""Reader option 0C: report every read; as it is switched on, a module reports a tag once."""

ASKED = {code: layouts(asked) for code, (_, asked, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
_BEGUN = crc_hqx(b"\xff", 0)
"""Register after the first FF of `FF FF`; the frame's own head is the second."""
_REFUSED = (0x0101, 0x0102, 0x0109)


def checksum(frame: bytes) -> int:
    """Compute the CRC of a frame that ends before it; the head is not counted.

    The register begins at FFFF and takes each bit in at its low end, so the last two bytes are
    never shifted through the polynomial.

    >>> f"{checksum(bytes.fromhex('ff0003')):04X}"
    '1D0C'
    """
    return crc_hqx(frame[:-2], _BEGUN) ^ int.from_bytes(frame[-2:], "big")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: of the host if it has no status, of the module if it has one.

    >>> Frame(0x03, b"").encode().hex()
    'ff00031d0c'
    """

    command: int
    data: bytes
    status: int | None = None

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        status = b"" if self.status is None else self.status.to_bytes(2, "big")
        body = bytes((HEAD, len(self.data), self.command)) + status + self.data
        return body + checksum(body).to_bytes(2, "big")


def silion(sub: int, data: bytes = b"") -> bytes:
    """Return a Silion command `AA sub` as its frame."""
    body = bytes((0xAA, sub)) + data
    return Frame(0xAA, MARK + body + bytes((sum(body) & 0xFF, 0xBB))).encode()


def _command_name(code: int) -> str:
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


def _record_shape(length: int) -> tuple[Callable[[bytes], tuple[Any, ...]], int, int]:
    """Return how to unpack a record of this LEN without tag data, its size, its EPC's bits."""
    size = length - 28
    words = size // 2 if size > 0 and size % 2 == 0 and length <= DATA_SIZE_MAX else 0
    shape = Struct(f">2x9sBB4sIH4sHH{words * 2}sHH")
    return shape.unpack, length + 7, words * 16 + 32 if words else 0


# Any: `Struct.unpack` cannot say what its format holds.
_RECORD_SHAPES = tuple(_record_shape(length) for length in range(256))
_RECORD = b"\x22\x00\x00\x10"
_ALL_FLAGS_READ = b"\x01\xff\x01"
_DBM = tuple(float(raw - 256 if raw > 127 else raw) for raw in range(256))
# Made once: a pair for each field of each read would cost more than the frame around it.
_EPC_BITS = tuple(("epc_bits", bits) for bits in range(2048))
_PHASES = tuple(("phase_deg", degrees) for degrees in range(361))
LEARNT_MAX = 4096
"""How many heads, places and ends of records a codec remembers; hopping makes some hundreds."""

Place = tuple[int, float, tuple[str, object], tuple[str, object], tuple[str, object]]


class ThingMagicCodec(FramedCodec):
    """The host's side: wakes the module, starts continuous reading, hears it."""

    silent_ms_max = 5000

    def __init__(
        self,
        *,
        antennas: tuple[int, ...] = (),
        region: int | None = None,
        power_cdbm: int | None = None,
        is_silion: bool | None = None,
    ) -> None:
        """Set up continuous reading.

        Args:
            antennas: Ports that take turns; empty leaves the module's choice.
            region: Code set after each start of the firmware; None leaves it as it is.
            power_cdbm: Read power in 0.01 dBm, set likewise; None leaves it as it is.
            is_silion: Which dialect starts the reading; None finds it out.
        """
        super().__init__()
        self.records_without_epc = 0
        # What stands in record after record, by its bytes; a run takes what one by one has learnt.
        self._heads: dict[bytes, Pairs] = {}
        self._places: dict[bytes, Place] = {}
        self._ends: dict[bytes, Pairs] = {}
        self._is_silion = bool(is_silion)
        self._is_dialect_known = is_silion is not None
        turns = b"".join(bytes((port, port)) for port in antennas)
        self._setup: list[tuple[int, bytes]] = [
            (0x04, b""),
            *([] if region is None else [(0x97, bytes((region,)))]),
            (0x93, GEN2.to_bytes(2, "big")),
            *([] if power_cdbm is None else [(0x92, power_cdbm.to_bytes(2, "big"))]),
            *([(0x91, b"\x02" + turns)] if antennas else []),
            (0x9A, EVERY_READ),
        ]
        self._step = -1
        """Which of the setup was asked last; -1 the stop before it, its length the start."""
        self._is_reading = False

    def start(self) -> bytes:
        """Stop what an earlier host began; the answer to it leads to the first setting."""
        self._step, self._is_reading = -1, False
        return self.stop()

    def stop(self) -> bytes:
        """Ask for silence: all that a reading module hears."""
        return silion(0x49) if self._is_silion else Frame(0x2F, b"\x00\x00\x02").encode()

    def on_item(self, item: Item) -> bytes:
        """Ask the next setting once the last one was answered, refused or not; then read."""
        if self._is_reading or not isinstance(item, Reply) or item.command != self._awaited():
            return b""
        if self._step < len(self._setup):
            self._step += 1
            return self._ask()
        if item.error in _REFUSED and not self._is_dialect_known:
            self._is_dialect_known = self._is_silion = True
            return self._ask()
        self._is_reading = True
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Begin anew after three missed heartbeats, or when a setting got no answer."""
        if silent_ms < (STALL_MS if self._is_reading else SETUP_MS_MAX):
            return b""
        if self._step < 0 and not self._is_dialect_known:
            # One dialect's stop is nothing to the other; the firmware's start is heard by both.
            self._step = 0
            return self._ask()
        return self.start()

    def _awaited(self) -> int:
        if 0 <= self._step < len(self._setup):
            return self._setup[self._step][0]
        return 0xAA if self._is_silion else 0x2F

    def _ask(self) -> bytes:
        if self._step < len(self._setup):
            return Frame(*self._setup[self._step]).encode()
        return silion(0x48, SILION_READING) if self._is_silion else Frame(0x2F, READING).encode()

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(b"\xff", position)

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take full records of continuous reading in a row; the rest is left to `_take`."""
        limit = len(data) - 36
        keep = found.append
        heads, places, ends = self._heads.get, self._places.get, self._ends.get
        while position < limit and data[position] == HEAD:
            unpack, size, bits = _RECORD_SHAPES[data[position + 1]]
            frame = data[position : position + size]
            if not bits or len(frame) != size:
                return position
            (
                begin, count, rssi, where, ms, phase, end, epc_bits, pc, epc, tag_crc, check,
            ) = unpack(frame)  # fmt: skip
            head, place, last = heads(begin), places(where), ends(end)
            if (
                head is None
                or place is None
                or last is None
                or epc_bits != bits
                or phase > 360
                or crc_hqx(frame[:-4], _BEGUN) ^ tag_crc != check
            ):
                return position
            antenna, mhz, tx, rx, frequency = place
            option, search, flags = head
            air, held, pins = last
            more = (
                option, search, flags, tx, rx, frequency, ("timestamp_ms", ms), _PHASES[phase],
                air, held, pins, _EPC_BITS[bits],
            )  # fmt: skip
            draft = TagReadDraft(
                epc, antenna, _DBM[rssi], rssi, pc, tag_crc, None, mhz, count, None, frame, more
            )
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position += size
        return position

    def _learn(self, frame: bytes) -> None:
        """Remember what this full record has in common with those that will follow it."""
        if frame[2:6] != _RECORD or frame[8:11] != _ALL_FLAGS_READ or frame[24:26] != b"\x00\x00":
            return
        if max(len(self._heads), len(self._places), len(self._ends)) >= LEARNT_MAX:
            self._heads.clear()
            self._places.clear()
            self._ends.clear()
        self._heads[frame[2:11]] = stream_pairs(frame[5:10])
        antenna, tx, rx = antennas_of(frame[13])
        khz = int.from_bytes(frame[14:17], "big")
        self._places[frame[13:17]] = (antenna, khz / 1000, tx, rx, ("frequency_khz", khz))
        self._ends[frame[23:27]] = (("protocol", frame[23]), ("data_bits", 0), ("gpio", frame[26]))

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        if position + 1 >= len(data):
            return 0, "a frame head without its rest"
        length = data[position + 1]
        if length > self._size_max:
            return -1, f"data of {length} bytes, expected {self._size_max} or fewer"
        end = position + length + self._frame_size_min
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {end - position}"
        frame = data[position:end]
        if (expected := checksum(frame[:-2])) != frame[-2] << 8 | frame[-1]:
            return -1, f"CRC {frame[-2:].hex().upper()}, expected {expected:04X}"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    _size_max = DATA_SIZE_MAX
    _frame_size_min = 7

    def _decode(self, frame: bytes) -> Item | list[Item] | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, status, data = frame[2], frame[3] << 8 | frame[4], frame[5:-2]
        if status:
            return _refusal(frame, command, status)
        if command == 0x22 and len(data) > 5 and data[0] == 0x10 and data[5] == 1:
            return self._read(frame, data[3:5], data[6:], stream_pairs(data[:5]))
        if command == 0x29 and len(data) > 3:
            return self._buffer(frame, data)
        if command == 0x21 and len(data) >= 4 and not len(data) % 2:
            crc = int.from_bytes(data[-2:], "big")
            return TagRead(
                data[:-2], None, None, None, None, crc, frame=frame, more=(("status", 0),)
            )
        name = _command_name(command)
        if command == 0xAA and not data.startswith(MARK):
            flags = (("metadata_flags", f"0x{data[:2].hex().upper()}"), ("dialect", "Silion"))
            item = self._read(frame, data[:2], data[2:], flags, is_silion=True)
            # Its heartbeat has the same number and no tag in it.
            return item if not isinstance(item, str) else Reply(
                command, name, {"kind": "keep-alive", "data": data.hex()}, None, frame
            )  # fmt: skip
        if command == 0xAA:
            sub = {"dialect": "Silion", "sub": f"0x{data[11]:02X}"} if len(data) > 11 else {}
            more = {"data": data[12:].hex()} if len(data) > 12 else {}
            return Reply(command, _silion_name(data), {"status": 0, **sub, **more}, None, frame)
        if command == 0x28:
            fields: dict[str, object] = {"data": data.hex()}
        else:
            fields = _refine(command, decode_first(_TOLD.get(command, ()), data))
        return Reply(command, name, {"status": 0, **fields}, None, frame)

    def _read(
        self, frame: bytes, flags: bytes, data: bytes, known: Pairs, *, is_silion: bool = False
    ) -> Item | str:
        """Read the one record of a frame."""
        said = metadata(int.from_bytes(flags, "big"), data, is_silion=is_silion)
        if said is None or said.end != len(data):
            return "inner lengths of a tag record contradict each other"
        if not said.epc:
            self.records_without_epc += 1
            fields: dict[str, object] = {
                "kind": "tag without EPC", "status": 0, **dict(known), **dict(said.pairs),
                "read_count": said.read_count, "rssi_dbm": said.rssi_dbm, "epc": "",
            }  # fmt: skip
            return Reply(frame[2], _command_name(frame[2]), fields, NO_EPC, frame)
        self._learn(frame)
        return said.tag_read(frame, known)

    def _buffer(self, frame: bytes, data: bytes) -> Item | list[Item] | str:
        """Read the records of 29: flags, read option, count, then one after the other."""
        flags, position = int.from_bytes(data[:2], "big"), 4
        known: Pairs = (("metadata_flags", f"0x{flags:04X}"),)
        items: list[Item] = []
        for _ in range(data[3]):
            if (said := metadata(flags, data[position:])) is None:
                return "inner lengths of the tag buffer contradict each other"
            position += said.end
            if said.epc:
                items.append(said.tag_read(frame, known))
            else:
                self.records_without_epc += 1
        if position != len(data):
            return f"{len(data) - position} bytes behind the last record of the tag buffer"
        count = {"status": 0, "tag_count": data[3]}
        return items or Reply(0x29, _command_name(0x29), count, None, frame)


def _silion_name(data: bytes) -> str:
    sub = data[11] if len(data) > 11 else 0
    return f"0xAA Moduletech AA{sub:02X} {SUB_COMMANDS.get(sub, '')}".rstrip()


def _refusal(frame: bytes, command: int, status: int) -> Reply:
    """Say a status; 0400 to nobody's question is how a reading module says that it lives."""
    is_alive = command == 0x22 and status == NO_TAG
    fields: dict[str, object] = {
        "kind": "keep-alive" if is_alive else "error",
        "status": status,
        "code": status_text(status),
        "code_number": status,
    }
    if len(frame) > 7:
        fields["data"] = frame[5:-2].hex()
    return Reply(command, _command_name(command), fields, None if is_alive else status, frame)


def _refine(command: int, fields: dict[str, object]) -> dict[str, object]:
    """Add what the wire's fields mean to people."""
    if "program" in fields:
        word = {1: "bootloader", 2: "firmware"}.get(int(str(fields["program"])) & 3, "unknown")
        return fields | {"program_name": word}
    if "regions" in fields:
        return {"regions": list(bytes.fromhex(str(fields["regions"])))}
    if command in (0x61, 0x91) and fields.get("option") == 2 and "antennas" in fields:
        ports = bytes.fromhex(str(fields.pop("antennas")))
        return fields | {"antennas": [list(ports[at : at + 2]) for at in range(0, len(ports), 2)]}
    return fields


class ThingMagicHostCodec(ThingMagicCodec):
    """The module's side: hears the host's commands."""

    _size_max = COMMAND_SIZE_MAX
    _frame_size_min = 5

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | list[Item] | str:
        command, data = frame[2], frame[3:-2]
        if command == 0xAA and data.startswith(MARK + b"\xaa") and len(data) >= 14:
            if sum(data[10:-2]) & 0xFF != data[-2] or data[-1] != 0xBB:
                return "inner checksum of a Silion command"
            sub: dict[str, object] = {
                "dialect": "Silion", "sub": f"0x{data[11]:02X}",
                "subcrc": f"0x{data[-2]:02X}", "terminator": "BB",
            }  # fmt: skip
            if len(data) > 14:
                sub["data"] = data[12:-2].hex()
            return Command(command, _silion_name(data), sub, data, frame)
        if command in ACCESS:
            fields = asked_of_tag(command, data) or {"data": data.hex()}
        else:
            fields = _refine(command, decode_first(ASKED.get(command, ()), data))
        return Command(command, _command_name(command), fields, data, frame)
