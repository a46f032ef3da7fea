"""Frames of R200 modules, taken apart: from the module, and from its host."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any
from zlib import adler32

from readers.codec import FramedCodec
from readers.layout import decode_first, layouts
from readers.protocols.r200_bb7e.commands import COMMANDS, REGIONS, error_text
from readers.reads import Command, Item, Noise, Reply, TagRead, TagReadDraft

TAILS = {0xBB: 0x7E, 0xAA: 0xDD}
"""Head → tail of the two firmware variants."""
PARAMETER_SIZE_MAX = 512
"""A longer parameter is noise (PROTOCOLS.md section 6)."""
NO_TAG = 0x15
POLLS = 0xFFFF
"""Rounds asked for at once, the most the field can say."""

_HEAD = re.compile(b"[\xaa\xbb]")
ASKED = {code: layouts(asked) for code, (_, asked, _) in COMMANDS.items()}
_TOLD = {code: layouts(told) for code, (_, _, told) in COMMANDS.items() if told}
TAG_ANSWERS = frozenset({0x39, 0x49, 0x65, 0x82, 0xD3, 0xD4, 0xE0, 0xE1, 0xE2, 0xE3, 0xE5, 0xE6})
_DBM = tuple(float(raw - 256 if raw > 127 else raw) for raw in range(256))


def _tag_shape(length: int) -> tuple[Callable[[bytes], tuple[Any, ...]], int, int]:
    """Return how to unpack a notification of this PL, its size and its EPC's words (0: no tag)."""
    words = (length - 5) // 2 if 5 < length < 250 and length % 2 else 0
    return Struct(f">B4xBH{words * 2}sHBB").unpack, length + 7, words


# Any: `Struct.unpack` cannot say what its format holds.
_TAG_SHAPES = tuple(_tag_shape(length) for length in range(256))
_TAG_HEADS = (b"\xbb\x02\x22\x00", b"\xaa\x02\x22\x00")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction."""

    type: int
    """00 host, 01 answer, 02 notification."""
    command: int
    data: bytes
    head: int = 0xBB

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        body = bytes((self.type, self.command)) + len(self.data).to_bytes(2, "big") + self.data
        return bytes((self.head,)) + body + bytes((sum(body) & 0xFF, TAILS[self.head]))

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """Take a whole, checked frame apart."""
        return cls(frame[1], frame[2], frame[5:-2], frame[0])


def _command_name(code: int) -> str:
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


def _query(word: int) -> dict[str, object]:
    """Take the query word apart: DR1 M2 TRext1 Sel2 Session2 Target1 Q4, 3 bits unused."""
    return {
        "query": f"{word:04x}",
        "dr": word >> 15,
        "m": word >> 13 & 3,
        "trext": word >> 12 & 1,
        "sel": word >> 10 & 3,
        "session": word >> 8 & 3,
        "target": "B" if word >> 7 & 1 else "A",
        "q": word >> 3 & 0xF,
    }


def _refine(fields: dict[str, object]) -> dict[str, object]:
    """Add what the wire's fields mean to people."""
    if "query" in fields:
        return fields | _query(int(str(fields["query"]), 16))
    if "sel_param" in fields:
        selected = int(str(fields["sel_param"]), 16)
        if not fields["mask"]:
            del fields["mask"]
        return fields | {
            "target": selected >> 5, "action": selected >> 2 & 7, "bank": selected & 3,
        }  # fmt: skip
    if "baud_hundreds" in fields:
        return {"baud": int(str(fields["baud_hundreds"])) * 100}
    if "levels" in fields:
        levels = [_DBM[raw] for raw in bytes.fromhex(str(fields.pop("levels")))]
        return fields | {"levels_dbm": levels}
    if "channels" in fields:
        return fields | {"channels": list(bytes.fromhex(str(fields["channels"])))}
    return fields


class R200Codec(FramedCodec):
    """The host's side: hears the module, starts it again when its rounds are over."""

    silent_ms_max = 5000
    _types: tuple[int, ...] = (1, 2)

    def __init__(self, *, head: int | None = None) -> None:
        """Set up polling; `head` BB or AA fixes the firmware variant, None finds it out."""
        super().__init__()
        self._head = head or 0xBB
        self._is_head_known = head is not None

    def start(self) -> bytes:
        """Ask for as many inventory rounds as one command can."""
        return Frame(0, 0x27, b"\x22" + POLLS.to_bytes(2, "big"), self._head).encode()

    def stop(self) -> bytes:
        """Ask for silence."""
        return Frame(0, 0x28, b"", self._head).encode()

    def on_item(self, item: Item) -> bytes:
        """Remember which head the module speaks."""
        if not self._is_head_known and not isinstance(item, Noise | Command) and item.frame:
            self._head = item.frame[0]
            self._is_head_known = True
        return b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Start again after 2 s: an empty round says error 15, so silence means it has ended."""
        if silent_ms < 2000:
            return b""
        if not self._is_head_known:
            self._head ^= 0xBB ^ 0xAA
        return self.start()

    def _find_head(self, data: bytes, position: int) -> int:
        match = _HEAD.search(data, position)
        return match.start() if match else -1

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take tag notifications in a row; anything else is left to `_take`."""
        limit = len(data) - 11
        keep = found.append
        while position < limit and data.startswith(_TAG_HEADS, position):
            unpack, size, words = _TAG_SHAPES[data[position + 4]]
            frame = data[position : position + size]
            if not words or len(frame) != size:
                return position
            head, raw, pc, epc, crc, check, tail = unpack(frame)
            # The lower half of Adler-32 begun at 0 is the plain sum of fewer than 257 bytes.
            if (
                (adler32(frame, 0) - head - 2 * check - tail) & 0xFF
                or pc >> 11 != words
                or tail != TAILS[head]
            ):
                return position
            draft = TagReadDraft(epc, None, _DBM[raw], raw, pc, crc, None, None, None, None, frame)
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position += size
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        head = data[position : position + 5]
        if len(head) > 1 and head[1] not in self._types:
            expected = " or ".join(f"{kind:02X}" for kind in self._types)
            return -1, f"type {head[1]:02X}, expected {expected}"
        if len(head) < 5:
            return 0, "a frame head without its rest"
        size = head[3] << 8 | head[4]
        if size > PARAMETER_SIZE_MAX:
            return -1, f"parameter of {size} bytes, expected {PARAMETER_SIZE_MAX} or fewer"
        end = position + size + 7
        if end > len(data):
            return 0, f"{len(data) - position} bytes of a frame of {size + 7}"
        frame = data[position:end]
        if frame[-1] != TAILS[frame[0]]:
            return -1, f"tail {frame[-1]:02X}, expected {TAILS[frame[0]]:02X}"
        if (total := sum(frame[1:-2]) & 0xFF) != frame[-2]:
            return -1, f"checksum {frame[-2]:02X}, expected {total:02X}"
        item = self._decode(frame)
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes) -> Item | str:
        """Read a checked frame; a sentence if its inner lengths contradict each other."""
        kind, command, data = frame[1], frame[2], frame[5:-2]
        if kind == 2 and command == 0x22:
            return _notification(frame, data)
        if command == 0xFF:
            return _refusal(frame, data)
        name = _command_name(command)
        fields: dict[str, object] | None
        if command in TAG_ANSWERS and len(data) > 1:
            fields = _tag_answer(command, data)
            if fields is None:
                return f"inner lengths of {name} contradict each other"
        elif command == 0xE4:
            fields = {"alarm": data.hex()}
        else:
            fields = _refine(decode_first(_TOLD.get(command, ()), data))
        if command == 0x08 and isinstance(region := fields.get("region"), int):
            fields["region_name"] = REGIONS.get(region, "unknown")
        return Reply(command, name, fields, None, frame)


def _notification(frame: bytes, data: bytes) -> TagRead | str:
    if len(data) < 5:
        return f"tag notification of {len(data)} bytes, expected 5 or more"
    said = (data[1] >> 3) * 2
    if said != len(data) - 5:
        return f"EPC of {len(data) - 5} bytes, its PC word says {said}"
    return TagRead(
        data[3:-2], None, _DBM[data[0]], data[0], int.from_bytes(data[1:3], "big"),
        int.from_bytes(data[-2:], "big"), frame=frame,
    )  # fmt: skip


def _tag(data: bytes) -> tuple[dict[str, object], bytes] | None:
    """Read `UL PC EPC` and what follows it; None if UL and PC contradict each other."""
    size = data[0]
    if size < 2 or size + 1 > len(data) or (data[1] >> 3) * 2 != size - 2:
        return None
    return {"pc": data[1:3].hex(), "epc": data[3 : size + 1].hex()}, data[size + 1 :]


def _tag_answer(command: int, data: bytes) -> dict[str, object] | None:
    if (read := _tag(data)) is None:
        return None
    fields, rest = read
    if command == 0x39:
        fields["data"] = rest.hex()
    elif len(rest) == 1:
        fields["result"] = rest[0]
    elif rest:
        fields["data"] = rest.hex()
    return fields


def _refusal(frame: bytes, data: bytes) -> Reply | str:
    if not data:
        return "an error without a code"
    fields: dict[str, object] = {
        "kind": "error", "code": error_text(data[0]), "code_number": data[0],
    }  # fmt: skip
    if len(data) > 1:
        if (read := _tag(data[1:])) is None:
            return "inner lengths of an error contradict each other"
        fields |= read[0]
    return Reply(0xFF, "0xFF error", fields, data[0], frame)


class R200HostCodec(R200Codec):
    """The module's side: hears the host's commands."""

    _types = (0,)

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes) -> Item | str:
        command, data = frame[2], frame[5:-2]
        fields = _refine(decode_first(ASKED.get(command, ()), data))
        if command == 0x07 and isinstance(region := fields.get("region"), int):
            fields["region"] = f"{region} {REGIONS.get(region, 'unknown')}"
            fields["region_number"] = region
        return Command(command, _command_name(command), fields, data, frame)
