"""Frames of Chainway readers, taken apart: from the reader, and from its host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, reduce
from operator import xor
from struct import Struct

from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.chainway.commands import (
    ACCESSES,
    COMMANDS,
    ERRORS,
    RECORDS,
    START,
    STOP,
    UNSUPPORTED,
)
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

HEADS = (0xA55A, 0xC88C)
SIZE_MIN, SIZE_MAX = 8, 4096
"""Whole frame; makers' texts say 2048, their own receiver takes 4096."""
ALIVE_MS = 5000
"""After this long without a tag the reader is stopped and started: all that it answers then."""
TID_SIZE = 12

ASKED = {code: layouts(asked) for code, (_, asked, _) in COMMANDS.items()}
_TOLD = {code + 1: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
_TAILS = {code: layouts(tail) for code, tail in ACCESSES.items()}

# A lone first byte of a head at the very end may become one.
_HEAD = re.compile(rb"\xa5(?:\x5a|\Z)|\xc8(?:\x8c|\Z)")


_RUN_SIZES = range(14, 69)
"""Records that are read in a row: at most 64 bytes lie between their head and their tail."""
# Head, size, command, PC; EPC and what the mode adds; RSSI, antenna, tail.
_SHAPES = {size: Struct(f">HHBH{size - 13}shBxH").unpack for size in _RUN_SIZES}


def xor8(data: bytes) -> int:
    """Return the exclusive or of all bytes.

    >>> xor8(bytes.fromhex("000802"))
    10
    """
    if len(data) > 32:
        return reduce(xor, data)
    folded = int.from_bytes(data, "big")
    folded ^= folded >> 128
    folded ^= folded >> 64
    folded ^= folded >> 32
    folded ^= folded >> 16
    return (folded ^ folded >> 8) & 0xFF


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction.

    >>> Frame(0x02, b"").encode().hex()
    'a55a0008020a0d0a'
    """

    command: int
    data: bytes
    head: int = 0xA55A

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = (len(self.data) + 8).to_bytes(2, "big") + bytes((self.command,)) + self.data
        return self.head.to_bytes(2, "big") + body + bytes((xor8(body),)) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Blocks:
    """What lies between the EPC and the RSSI of a tag record, in this order."""

    tid: int = 0
    user: int = 0
    """Sizes in bytes."""
    has_phase: bool = False
    has_frequency: bool = False


@cache
def blocks_of(size: int, has_phase: bool | None, has_frequency: bool | None) -> Blocks | None:
    """Tell what `size` bytes between EPC and RSSI are; None if nothing fits.

    Frequencies have 3 bytes and everything else comes in words, so an odd size holds one. Where
    it is not known what was asked for, one word alone, or beside a TID, is taken for a phase.

    >>> blocks_of(15, None, None)
    Blocks(tid=12, user=0, has_phase=False, has_frequency=True)
    """
    frequency = size % 2 == 1
    rest = size - 3 * frequency
    if has_frequency not in (None, frequency) or rest < 0:
        return None
    phase = rest in (2, TID_SIZE + 2) if has_phase is None else has_phase
    rest -= 2 * phase
    if rest and rest < TID_SIZE:
        return None
    tid = TID_SIZE if rest else 0
    return Blocks(tid, rest - tid, phase, frequency)


def command_name(code: int) -> str:
    """Return code and meaning of a question or, for one more, of its answer."""
    known = COMMANDS.get(code) or COMMANDS.get(code - 1)
    return f"0x{code:02X} {known[0]}" if known else f"0x{code:02X}"


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _powers(text: object) -> list[dict[str, object]]:
    raw = bytes.fromhex(str(text))
    return [
        {
            "antenna": raw[at],
            "read_cdbm": int.from_bytes(raw[at + 1 : at + 3], "big"),
            "write_cdbm": int.from_bytes(raw[at + 3 : at + 5], "big"),
        }
        for at in range(0, len(raw) - 4, 5)
    ]


def _refine(fields: dict[str, object]) -> dict[str, object]:
    """Turn wire fields into the ones people read: a version, degrees, powers by antenna."""
    if "a" in fields:
        return {"version": ".".join(str(fields[each]) for each in "abc")}
    if "centi_celsius" in fields:
        return {"ok": fields["ok"], "celsius": _number(fields["centi_celsius"]) / 100}
    if "powers" in fields:
        powers = _powers(fields.pop("powers"))
        return fields | (powers[0] if len(powers) == 1 else {"powers": powers})
    if "losses" in fields:
        raw = bytes.fromhex(str(fields["losses"]))
        return {"ports": {str(raw[at]): raw[at + 1] for at in range(0, len(raw) - 1, 2)}}
    if "points" in fields:
        raw = bytes.fromhex(str(fields["points"]))
        points = [int.from_bytes(raw[at : at + 3], "big") for at in range(0, len(raw) - 2, 3)]
        return {"frequencies_khz": points}
    return fields


class ChainwayCodec(FramedCodec):
    """The host's side: hears the reader, starts it, and looks after it when it falls silent."""

    silent_ms_max = 20_000

    def __init__(self, *, has_phase: bool | None = None, has_frequency: bool | None = None) -> None:
        """Set up reading.

        Args:
            has_phase: Ask for the phase with each tag; None: do not, but take it if it comes.
            has_frequency: Ask for the frequency; None: do not, but take it if it comes.
        """
        super().__init__()
        self._known = (has_phase, has_frequency)
        report = {
            (False, False): b"\x00\x00",
            (True, False): b"\xff\xff",
            (False, True): b"\xff\xfe",
            (True, True): b"\xff\xfd",
        }[bool(has_phase), bool(has_frequency)]
        self._start = Frame(START, report).encode()
        self._is_asked = False

    def start(self) -> bytes:
        """Begin to read without an end."""
        self._is_asked = False
        return self._start

    def stop(self) -> bytes:
        """End reading."""
        return Frame(STOP, b"").encode()

    def on_item(self, item: Item) -> bytes:
        """Go on reading once the reader has shown that it is alive."""
        if self._is_asked and isinstance(item, Reply) and item.command == STOP + 1:
            self._is_asked = False
            return self._start
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Stop a reader that sees nothing: while it reads, it answers nothing else."""
        if silent_ms < ALIVE_MS:
            return b""
        self._is_asked = True
        return self.stop()

    def _find_head(self, data: bytes, position: int) -> int:
        found = _HEAD.search(data, position)
        return found.start() if found else -1

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take tag frames in a row; anything else is left to `_take`."""
        limit = len(data) - 14
        keep = found.append
        has_phase, has_frequency = self._known
        while position < limit:
            size = data[position + 3]
            frame = data[position : position + size]
            if len(frame) != size or size not in _RUN_SIZES:
                return position
            # Folded in halves until all bytes have fallen on one.
            folded = int.from_bytes(frame[2:-2], "big")
            if size > 36:
                folded ^= folded >> 256
            folded ^= folded >> 128
            folded ^= folded >> 64
            folded ^= folded >> 32
            folded ^= folded >> 16
            head, said, command, pc, epc, tenths, antenna, tail = _SHAPES[size](frame)
            left = size - 13 - (pc >> 11) * 2
            if (
                (folded ^ folded >> 8) & 0xFF
                or left < 0
                or tail != 0x0D0A
                or said != size
                or command not in RECORDS
                or head not in HEADS
            ):
                return position
            phase = mhz = None
            more: tuple[tuple[str, object], ...] = ()
            if left:
                blocks = blocks_of(left, has_phase, has_frequency)
                phase, khz, more = _added(epc[-left:], blocks)
                mhz = khz and khz / 1000
                epc = epc[:-left]
            draft = TagReadDraft(
                epc, antenna, tenths / 10, tenths, pc, None, None, mhz, None, phase,
                frame, more,
            )  # fmt: skip
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position += size
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        if position + 4 > len(data):
            head = data[position : position + 2]
            if len(head) == 2 and int.from_bytes(head, "big") not in HEADS:
                return -1, "no frame begins here"
            return 0, "a frame head without its rest"
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        if not SIZE_MIN <= size <= SIZE_MAX:
            return -1, f"length {size}, expected {SIZE_MIN} to {SIZE_MAX}"
        end = position + size
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {size}"
        frame = data[position:end]
        if check := xor8(frame[2:-2]):
            return -1, f"checksum {frame[-3]:02X}, expected {frame[-3] ^ check:02X}"
        if frame[-2:] != b"\r\n":
            return -1, f"tail {frame[-2:].hex(' ').upper()}, expected 0D 0A"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes) -> Item | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        command, data = frame[4], frame[5:-3]
        if command in RECORDS and len(data) > 4:
            return self._record(frame, data)
        name = command_name(command)
        if command - 1 in ACCESSES:
            return _access_reply(frame, command, data)
        if data == b"\x00" and command in _TOLD:
            return _refusal(frame, command, None, {"ok": 0})
        fields = _refine(decode_first(_TOLD.get(command, ()), data))
        return Reply(command, name, fields, None, frame)

    def _record(self, frame: bytes, data: bytes) -> TagRead | str:
        """Read one tag: PC, EPC, what the mode adds, RSSI in tenths of dBm, antenna."""
        size = (data[0] >> 3) * 2
        left = len(data) - size - 5
        if left < 0:
            return f"EPC of {len(data) - 5} bytes or fewer, its PC word says {size}"
        phase, khz, more = _added(data[2 + size : -3], blocks_of(left, *self._known))
        tenths = int.from_bytes(data[-3:-1], "big", signed=True)
        return TagRead(
            data[2 : 2 + size], data[-1], tenths / 10, tenths, int.from_bytes(data[:2], "big"),
            None, None, khz and khz / 1000, None, phase, frame, more,
        )  # fmt: skip


def _added(
    rest: bytes, blocks: Blocks | None
) -> tuple[int | None, int | None, tuple[tuple[str, object], ...]]:
    """Return phase, frequency in kHz, and what a read has no slots for."""
    if blocks is None:
        return None, None, (("data", rest.hex()),)
    more: list[tuple[str, object]] = []
    at = blocks.tid
    if at:
        more.append(("tid", rest[:at].hex()))
    if blocks.user:
        more.append(("user", rest[at : at + blocks.user].hex()))
        at += blocks.user
    phase = int.from_bytes(rest[at : at + 2], "big") if blocks.has_phase else None
    khz = None
    if blocks.has_frequency:
        khz = int.from_bytes(rest[-3:], "big")
        more.append(("frequency_khz", khz))
    return phase, khz, tuple(more)


def _refusal(frame: bytes, command: int, flag: int | None, fields: dict[str, object]) -> Reply:
    text = UNSUPPORTED if flag is None else f"0x{flag:02X} {ERRORS.get(flag, 'unknown code')}"
    told = fields | {"kind": "error", "code": text, "code_number": flag or 0}
    return Reply(command, command_name(command), told, flag or 0, frame)


def _access_reply(frame: bytes, command: int, data: bytes) -> Reply | str:
    """Read the answer to a command on a tag; older readers send the error flag alone."""
    if len(data) == 1 and data[0] != 1:
        return _refusal(frame, command, data[0] or None, {"ok": 0})
    if not data:
        return f"an answer to {command_name(command - 1)} without a result"
    ok, flag = data[0], data[1] if len(data) > 1 else 0
    if ok != 1 or flag:
        return _refusal(frame, command, flag or None, {"ok": ok, "errflag": flag})
    fields: dict[str, object] = {"ok": ok, "errflag": flag}
    if len(data) > 4 and int.from_bytes(data[2:4], "big") * 2 == len(data) - 4:
        fields["data"] = data[4:].hex()
    elif len(data) > 2:
        fields["data"] = data[2:].hex()
    return Reply(command, command_name(command), fields, None, frame)


@dataclass(frozen=True, slots=True)
class Access:
    """A command on one tag: its password, which tag is meant, and what is to be done."""

    password: bytes
    bank: int
    bit_addr: int
    bits: int
    mask: bytes
    tail: bytes

    @classmethod
    def decode(cls, data: bytes) -> Access | None:
        """Take the data apart; None if a length contradicts another."""
        if len(data) < 9:
            return None
        bits = int.from_bytes(data[7:9], "big")
        end = 9 + (bits + 7) // 8
        if end > len(data):
            return None
        return cls(
            data[:4], data[4], int.from_bytes(data[5:7], "big"), bits, data[9:end], data[end:]
        )


def access_fields(command: int, data: bytes) -> dict[str, object]:
    """Return the fields of a host's command on a tag."""
    access = Access.decode(data)
    if access is None:
        return {"data": data.hex()}
    fields: dict[str, object] = {
        "password": access.password.hex(),
        "filter_bank": access.bank,
        "filter_bits": access.bits,
        "filter": access.mask.hex(),
    }
    if access.bit_addr:
        fields["filter_addr"] = access.bit_addr
    return fields | decode_first(_TAILS[command], access.tail)


class ChainwayHostCodec(ChainwayCodec):
    """The reader's side: hears the host's commands."""

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | str:
        command, data = frame[4], frame[5:-3]
        if command in ACCESSES:
            fields = access_fields(command, data)
        else:
            fields = _refine(decode_first(ASKED.get(command, ()), data))
        return Command(command, command_name(command), fields, data, frame)
