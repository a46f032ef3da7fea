"""Lines of a Fonkan module, taken apart: from the module, and from its host."""

from __future__ import annotations

import re
from binascii import a2b_hex, crc_hqx
from dataclasses import dataclass

from readers.codec import FramedCodec
from readers.protocols.fonkan_ascii.commands import (
    ALL,
    ARGUMENTS,
    NAMES,
    NUMBERS,
    ONE,
    REFUSALS,
    REGULATIONS,
    SET_POWER,
    SET_REGION,
    SETTING,
    UNKNOWN,
    WRITE,
    code_of,
)
from readers.reads import Command, Item, Reply, TagRead, TagReadDraft

HEAD = b"\n"
TEXT_SIZE_MAX = 600
"""Longer than any answer: 62 bytes of EPC and a bank of 128 words in hex."""
RESIDUE = 0x1D0F
DONE = "<OK>"

_TAG = re.compile(rb"\n[QU]((?:[0-9A-Fa-f]{4}){2,33})\r\n")
_TOLD = re.compile(rb"\n([VSQURWNPTLKX][ -~]*)")
_ASKED = re.compile(rb"\n([A-Z][0-9A-Za-z,]*)")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{4})+")


@dataclass(frozen=True, slots=True)
class Frame:
    """One line in either direction."""

    text: str
    is_answer: bool = False

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        return HEAD + self.text.encode("ascii") + (b"\r\n" if self.is_answer else b"\r")


class FonkanCodec(FramedCodec):
    """The host's side: hears the module, asks for the next round when one is over."""

    silent_ms_max = 5000
    _line = _TOLD
    _ending = b"\r\n"

    def start(self) -> bytes:
        """Ask for all tags."""
        return Frame(ALL).encode()

    def on_item(self, item: Item) -> bytes:
        """Ask again when no more tag answers."""
        is_over = isinstance(item, Reply) and item.fields.get("kind") == "inventory end"
        return self.start() if is_over else b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask again after half a second: a module may end a round without saying so."""
        return self.start() if silent_ms >= 500 else b""

    def _find_head(self, data: bytes, position: int) -> int:
        return data.find(HEAD, position)

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        """Take tags in a row; anything else is left to `_take`."""
        keep = found.append
        while (match := _TAG.match(data, position)) is not None:
            raw = a2b_hex(match[1])
            if crc_hqx(raw, 0xFFFF) != RESIDUE or raw[0] >> 3 != len(raw) // 2 - 2:
                return position
            pc = raw[0] << 8 | raw[1]
            more = (("crc16", raw[-2:].hex()),)
            draft = TagReadDraft(
                raw[2:-2], None, None, None, pc, None, None, None, None, None, match[0], more
            )
            draft.__class__ = TagRead  # type: ignore[assignment]  # see TagReadDraft
            keep(draft)  # type: ignore[arg-type]
            position = match.end()
        return position

    def _take(self, data: bytes, position: int) -> tuple[int, Item | str]:
        match = self._line.match(data, position)
        if match is None:
            if position + 1 == len(data):
                return 0, "a line without its letter"
            return -1, f"byte {data[position + 1]:02X}, expected the letter of a line"
        end = match.end()
        if end - position > TEXT_SIZE_MAX:
            return -1, f"{end - position} letters, expected {TEXT_SIZE_MAX} or fewer"
        tail = data[end : end + len(self._ending)]
        if tail != self._ending:
            if self._ending.startswith(tail):
                return 0, f"a line of {end - position} letters without its end"
            return -1, f"byte {tail[:1].hex().upper()} in a line"
        end += len(tail)
        item = self._decode(data[position:end], match[1].decode("ascii"))
        return (-1, item) if isinstance(item, str) else (end, item)

    def _decode(self, frame: bytes, text: str) -> Item | str:
        """Read one answer; a sentence if it contradicts itself."""
        letter, said = text[0], text[1:]
        name = NAMES[letter]
        if letter in (ONE, ALL):
            return _tag(frame, letter, said)
        fields: dict[str, object] = {}
        error = None
        if letter == UNKNOWN:
            fields, error = {"kind": "error", "code": "X no such command"}, ord(UNKNOWN)
        elif letter == SETTING:
            if not re.fullmatch("[0-9A-Fa-f]{1,2}", said):
                return f"setting {said[:20]!r}, expected a number of two digits"
            fields = {"value": int(said, 16)}
        elif said and letter in ARGUMENTS:
            if said == DONE:
                fields = {"result": said}
            elif letter != WRITE and _HEX.fullmatch(said):
                fields = {"data": said.lower()}
            else:
                code = f"{said} {REFUSALS.get(said, 'refused')}"
                fields, error = {"kind": "error", "code": code}, ord(said[0])
        elif said:
            fields = {"text": said.strip()}
        return Reply(code_of(letter), name, fields, error, frame)


def _tag(frame: bytes, letter: str, said: str) -> Item | str:
    """Read PC, EPC and CRC in hex, perhaps with memory behind it; nothing means no tag."""
    if not said:
        return Reply(code_of(letter), NAMES[letter], {"kind": "inventory end"}, None, frame)
    tag, _, memory = said.partition(",R")
    if not _HEX.fullmatch(tag) or len(tag) < 8:
        return f"{tag[:20]!r}, expected PC, EPC and CRC in hex"
    raw = bytes.fromhex(tag)
    if (words := raw[0] >> 3) != len(raw) // 2 - 2:
        return f"EPC of {len(raw) // 2 - 2} words, its PC word says {words}"
    if (residue := crc_hqx(raw, 0xFFFF)) != RESIDUE:
        return f"tag CRC residue {residue:04X}, expected {RESIDUE:04X}"
    more: tuple[tuple[str, object], ...] = (("crc16", raw[-2:].hex()),)
    if memory:
        more += (("data", memory.lower()),)
    return TagRead(
        raw[2:-2], None, None, None, int.from_bytes(raw[:2], "big"), frame=frame, more=more
    )


class FonkanHostCodec(FonkanCodec):
    """The module's side: hears the host's commands."""

    _line = _ASKED
    _ending = b"\r"

    def _run(self, data: bytes, position: int, found: list[Item]) -> int:
        return position

    def _decode(self, frame: bytes, text: str) -> Item | str:
        letters = text[:2] if text[0] == SETTING else text[0]
        said = text[len(letters) :].removeprefix(",")
        name = NAMES.get(letters, NAMES[UNKNOWN])
        fields: dict[str, object] = {}
        if letters in (SET_POWER, SET_REGION) and re.fullmatch("[0-9A-Fa-f]{1,2}", said):
            value = int(said, 16)
            name = f"{name} 0x{value:02X}"
            fields = {"value": value}
            if letters == SET_REGION:
                fields["regulation"] = REGULATIONS.get(value, "unknown")
        elif letters in ARGUMENTS:
            fields = dict(zip(ARGUMENTS[letters], said.split(","), strict=False))
            for key in NUMBERS & fields.keys():
                try:
                    fields[key] = int(str(fields[key]))
                except ValueError:
                    return f"{key} {fields[key]!r}, expected a number"
        elif said:
            fields = {"argument": said}
        return Command(code_of(letters), name, fields, said.encode("ascii"), frame)
