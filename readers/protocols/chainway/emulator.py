"""A Chainway reader played: settings, tags with memory and passwords, reading until stopped."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import TID, USER, EmulatedTag, Population
from readers.protocols.chainway.codec import ASKED, Access, ChainwayHostCodec, Frame
from readers.protocols.chainway.commands import (
    ACCESSES,
    COMMANDS,
    GET_OUTPUTS,
    SET_OUTPUTS,
    SINGLE,
    START,
    STOP,
)
from readers.reads import Command

_SETTINGS: dict[int, bytes] = {
    0x00: b"\x01\x00\x02", 0x02: b"\x07\x28\x01", 0x04: bytes.fromhex("f1f2f3f4"),
    0x06: b"\x01\x00", 0x12: bytes.fromhex("00010bb80bb8020bb80bb8030bb80bb8040bb80bb8"),
    0x16: bytes.fromhex("010e097d"), 0x22: bytes.fromhex("0040f040"),
    0x26: bytes.fromhex("0110020003000400"), 0x2A: b"\x00\x0f", 0x2E: b"\x01\x04",
    0x34: bytes.fromhex("010898"), 0x4C: b"\x00\x64", 0x4E: b"\x00\x01", 0x54: b"\x01\x00\x02",
    0x5E: b"\x01\x00", 0x62: b"\x01\x00", 0x72: bytes.fromhex("01000000"),
    0xC8: b"\x02\x00\x05",
}  # fmt: skip
_CHANGES: dict[int, tuple[int, bytes, slice]] = {
    0x10: (0x12, b"\x00", slice(1, None)), 0x14: (0x16, b"", slice(0, None)),
    0x20: (0x22, b"", slice(0, None)), 0x28: (0x2A, b"", slice(1, None)),
    0x2C: (0x2E, b"\x01", slice(1, 2)), 0x4A: (0x4C, b"", slice(0, None)),
    0x52: (0x54, b"\x01\x00", slice(2, 3)), 0x5C: (0x5E, b"\x01", slice(0, 1)),
    0x60: (0x62, b"\x01", slice(0, 1)), 0x70: (0x72, b"\x01", slice(1, 4)),
}  # fmt: skip
"""Setting command → the question whose answer it changes, and how."""
_DONE, _NO_TAG, _FAILED = b"\x01\x00", b"\x00\x22", b"\x00\x01"
_WRONG_PASSWORD = b"\x00\x02"
_ANSWERS = {"ok": _DONE, "overrun": _FAILED, "locked": _FAILED, "password": _WRONG_PASSWORD}
_REPORTS = {b"\xff\xff": (True, False), b"\xff\xfe": (False, True), b"\xff\xfd": (True, True)}
FREQUENCY_KHZ = 866_900
PHASE = 81


class ChainwayEmulator(Emulator):
    """A fixed reader: answers commands, pushes tags until it is stopped."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.tags = Population(self.field)
        self.tags_a_round = 20
        """At 115200 baud a round of 50 ms carries no more than this many records."""
        self._host = ChainwayHostCodec()
        self._settings = dict(_SETTINGS)
        self.outputs = b"\0\0"
        """Levels of the two output pins."""
        self.beeps = 0
        self._filter: tuple[int, int, int, bytes] = (1, 0, 0, b"")
        self._report: tuple[bool, bool] | None = None
        self._head = 0xA55A
        self._first = 0

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command; while it reads, the stop alone."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command) and (self._report is None or item.command == STOP):
                self._head = int.from_bytes(item.frame[:2], "big")
                sent += self._do(item.command, item.data)
        return sent

    def tick(self) -> list[Sent]:
        """Push one round of records."""
        return [] if self._report is None else self._round(START + 1, *self._report)

    def _do(self, code: int, data: bytes) -> list[Sent]:
        if code in ACCESSES:
            self.busy_ms = 20
            return [self._reply(code, self._access(code, data))]
        if code not in COMMANDS:
            return [self._reply(code, b"\x00")]
        if not any(layout.decode(data) is not None for layout in ASKED[code]):
            return [self._reply(code, b"\x00")]
        if code == SINGLE:
            self.busy_ms = 50
            return self._round(SINGLE + 1, False, False)[:1]
        if code == START:
            self._report = _REPORTS.get(data, (False, False))
            return []
        if code == STOP:
            self._report = None
        if code in self._settings:
            return [self._reply(code, self._settings[code])]
        if code == 0x6E:
            self._filter = (
                data[1],
                int.from_bytes(data[2:4], "big"),
                int.from_bytes(data[4:6], "big"),
                data[6:],
            )
        if code in (0xA1, 0xE4):
            return [self._reply(code, self._device(code, data))]
        if code in (0x68, 0x74):
            self._settings = dict(_SETTINGS)
        if code in _CHANGES:
            question, begin, part = _CHANGES[code]
            self._settings[question] = begin + data[part]
        return [self._reply(code, b"\x01")]

    def _device(self, code: int, data: bytes) -> bytes:
        """Do what the box around the module does: beep, switch an output."""
        if code == 0xE4 and data[:2] == b"\x03\x01":
            self.beeps += 1
        elif code == 0xA1 and data[0] == SET_OUTPUTS and len(data) == 4:
            self.outputs = data[1:3]
        elif code == 0xA1 and data[0] == GET_OUTPUTS:
            return data[:1] + self.outputs
        elif code == 0xA1 or data[:2] != b"\x03\x00":
            return b"\x00"
        return b"\x01"

    def _reply(self, code: int, data: bytes) -> Sent:
        return Sent(Frame(code + 1, data, self._head).encode())

    def _round(self, code: int, has_phase: bool, has_frequency: bool) -> list[Sent]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = self.tags.find(*self._filter)
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        return [self._record(code, tag, has_phase, has_frequency) for tag in chosen]

    def _record(self, code: int, tag: EmulatedTag, has_phase: bool, has_frequency: bool) -> Sent:
        antenna, dbm = self.field[tag.epc]
        data = tag.pc + tag.epc
        _, mode, user_addr, user_words = self._settings[0x72]
        if mode or self._settings[0x5E][1]:
            data += tag.banks[TID]
        if mode == 2:
            data += tag.read(USER, user_addr, user_words) or b""
        if has_phase:
            data += PHASE.to_bytes(2, "big")
        if has_frequency:
            data += FREQUENCY_KHZ.to_bytes(3, "big")
        data += (dbm * 10).to_bytes(2, "big", signed=True) + bytes((antenna,))
        return Sent(Frame(code, data, self._head).encode(), "tag", tag.epc)

    def _access(self, code: int, data: bytes) -> bytes:
        """Do what is asked with the first tag that matches; return the answer's data."""
        access = Access.decode(data)
        if access is None:
            return b"\x00"
        chosen = self.tags.find(access.bank, access.bit_addr, access.bits, access.mask)
        if not chosen:
            return _NO_TAG
        tag, tail, password = chosen[0], access.tail, int.from_bytes(access.password, "big")
        if code == 0x8A:
            outcome = tag.kill(password)
            self.tags.settle()
            return _ANSWERS[outcome]
        if not tag.knows(password):
            return _WRONG_PASSWORD
        if code == 0x88:
            said = int.from_bytes(tail, "big")
            return _ANSWERS[tag.lock(said >> 10 & 0x3FF, said & 0x3FF, password)]
        if code == 0x9F:
            windows = int.from_bytes(tail[4:6], "big") & 0xFF
            return _DONE + (b"" if tail[:1] == b"\x01" else bytes(windows * 2))
        if len(tail) < 5:
            return b"\x00"
        bank, at = tail[0], int.from_bytes(tail[1:3], "big")
        words = int.from_bytes(tail[3:5], "big")
        if code == 0x84:
            held = tag.read(bank, at, words)
            return _FAILED if held is None else _DONE + tail[3:5] + held
        new = bytes(words * 2) if code == 0x95 else tail[5:]
        if len(new) != words * 2:
            return _FAILED
        outcome = tag.write(bank, at, new, password)
        self.tags.settle()
        return _ANSWERS[outcome]
