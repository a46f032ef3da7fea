"""A box of the R2000 family played: one inventory round a question, a buffer, tag access."""

from __future__ import annotations

from binascii import crc_hqx

from readers.codec import Emulator, Sent
from readers.protocols.r2000_a0.codec import (
    ASKED,
    BROADCAST,
    BUFFER_READS,
    INVENTORIES,
    SUCCESS,
    Frame,
    R2000HostCodec,
)
from readers.protocols.r2000_a0.commands import COMMANDS
from readers.reads import Command

# What a reader of this family says to a question about a setting nobody has changed yet.
_SETTINGS: dict[int, bytes] = {
    0x60: b"\x00\x00", 0x63: b"\x00", 0x68: bytes(12), 0x6A: b"\xd1", 0x72: b"\x01\x09",
    0x75: b"\x00", 0x77: b"\x1e", 0x79: b"\x02\x00\x06", 0x7B: b"\x01\x1f", 0x7E: b"\x14",
    0x86: b"\x01", 0x8E: b"\x00",
}  # fmt: skip
# Setting command → the question whose answer it changes.
_CHANGES = {
    0x62: 0x63, 0x66: 0x77, 0x67: 0x68, 0x69: 0x6A, 0x74: 0x75, 0x76: 0x77, 0x78: 0x79,
    0x85: 0x86, 0x8C: 0x8E, 0x8D: 0x8E,
}  # fmt: skip

_BODY_MAX = 246
"""Bytes of a tag and its data in one answer, whose LEN is a byte."""


class R2000Emulator(Emulator):
    """A reader box: answers commands, runs one inventory round a question."""

    def __init__(self, *, address: int = 1, ports: int = 8) -> None:
        """Switch the box on with an empty field."""
        super().__init__()
        self.address = address
        self.ports = ports
        self.tags_a_round = 24
        """At 115200 baud a round of 50 ms carries no more than this many tag frames."""
        self._host = R2000HostCodec()
        self._settings = dict(_SETTINGS)
        self._buffer: dict[bytes, int] = {}
        self._total = 0
        self._first = 0

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command addressed to this reader or to any."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command) and item.frame[2] in (self.address, BROADCAST):
                sent += self._do(item)
        return sent

    def _do(self, asked: Command) -> list[Sent]:
        code, data = asked.command, asked.data
        if code in INVENTORIES or code == 0x80:
            return self._inventory(code, data)
        if code in BUFFER_READS:
            return self._read_buffer(code)
        if code == 0x92:
            return [self._reply(code, len(self._buffer).to_bytes(2, "big"))]
        if code == 0x93:
            self._buffer.clear()
        if code == 0x70:
            self._settings = dict(_SETTINGS)
            return []
        if code in (0x81, 0x82, 0x83, 0x84, 0x94):
            return self._access(code, data)
        if code in self._settings:
            return [self._reply(code, self._settings[code])]
        if code not in COMMANDS or not decodes(code, data):
            return [self._reply(code, b"\x41")]
        if code == 0x74 and data[0] >= self.ports:
            return [self._reply(code, b"\x47")]
        if code in _CHANGES:
            self._settings[_CHANGES[code]] = data
        reply = self._reply(code, bytes((SUCCESS,)))
        if code == 0x73:
            self.address = data[0]
        return [reply]

    def _reply(self, code: int, data: bytes) -> Sent:
        return Sent(Frame(self.address, code, data).encode())

    def _inventory(self, code: int, data: bytes) -> list[Sent]:
        antenna = self._settings[0x75][0]
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = [
            epc for epc, (port, _) in self.field.items() if port == antenna + 1 or code == 0x8A
        ]
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        self._total += len(chosen)
        self.busy_ms = max(50, 2 * len(chosen))
        count, total = len(chosen), self._total.to_bytes(4, "big")
        if code == 0x80:
            for epc in chosen:
                self._buffer[epc] = self._buffer.get(epc, 0) + 1
            seen = len(self._buffer).to_bytes(2, "big")
            rate = (count * 20).to_bytes(2, "big")
            return [self._reply(code, bytes((antenna,)) + seen + rate + total)]
        sent = [self._tag(code, epc) for epc in chosen]
        if code == 0x8A:
            return [*sent, self._reply(code, count.to_bytes(3, "big") + bytes((0, 0, 0, 50)))]
        end = bytes((antenna,)) + (count * 20).to_bytes(2, "big") + count.to_bytes(4, "big")
        return [*sent, self._reply(code, end)]

    def _radio(self, epc: bytes) -> tuple[bytes, int, int]:
        """Return PC word, RSSI byte and frequency-antenna byte of a tag in the field."""
        port, dbm = self.field[epc]
        raw = min(max(dbm + 129, 0), 0x7F) | (0x80 if port > 4 else 0)
        return (len(epc) // 2 << 11).to_bytes(2, "big"), raw, 28 << 2 | (port - 1) & 3

    def _tag(self, code: int, epc: bytes) -> Sent:
        pc, raw, place = self._radio(epc)
        data = bytes((place,)) + pc + epc + bytes((raw,))
        return Sent(Frame(self.address, code, data).encode(), "tag", epc)

    def _read_buffer(self, code: int) -> list[Sent]:
        held = [epc for epc in self._buffer if epc in self.field]
        if not held:
            return [self._reply(code, b"\x38")]
        sent = []
        for epc in held:
            pc, raw, place = self._radio(epc)
            body = pc + epc + (crc_hqx(pc + epc, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
            data = len(held).to_bytes(2, "big") + bytes((len(body),)) + body
            data += bytes((raw, place, min(self._buffer[epc], 255)))
            sent.append(Sent(Frame(self.address, code, data).encode(), "tag", epc))
        if code == 0x91:
            self._buffer.clear()
            sent.append(self._reply(code, bytes((SUCCESS,))))
        return sent

    def _access(self, code: int, data: bytes) -> list[Sent]:
        if not decodes(code, data):
            return [self._reply(code, b"\x41")]
        if not self.field:
            return [self._reply(code, b"\x36")]
        sent = []
        for epc in self.field:
            pc, _, place = self._radio(epc)
            body = pc + epc + (crc_hqx(pc + epc, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
            if code == 0x81:
                words = data[2]
                if len(body) + words * 2 > _BODY_MAX:
                    return [self._reply(code, b"\x42")]
                body += (pc + epc + bytes(words * 2))[data[1] * 2 :][: words * 2]
            size = len(body) if code != 0x81 else data[2] * 2
            tail = bytes((size if code == 0x81 else SUCCESS, place, 1))
            count = len(self.field).to_bytes(2, "big")
            sent.append(self._reply(code, count + bytes((len(body),)) + body + tail))
        return sent


def decodes(code: int, data: bytes) -> bool:
    """Tell whether the parameters of a command have a length that the manual knows."""
    return any(layout.decode(data) is not None for layout in ASKED[code])
