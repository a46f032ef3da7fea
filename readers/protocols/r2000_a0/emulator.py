"""A box of the R2000 family played: one inventory round a question, a buffer, tag access."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Outcome, Population
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
POWER_DBM_MAX = 33
READ, WRITE, LOCK, KILL, BLOCK_WRITE = 0x81, 0x82, 0x83, 0x84, 0x94
_FAILED = {READ: 0x32, WRITE: 0x33, LOCK: 0x34, KILL: 0x35, BLOCK_WRITE: 0x33}
_WRONG_PASSWORD = 0x40
_LOCKS = (0b00, 0b10, 0b01, 0b11)
"""Action bits of each type: open, by password, open for ever, locked for ever."""


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
        self.tags = Population(self.field)
        self.outputs: dict[int, bool] = {}
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
        if code in _FAILED:
            return self._access(code, data)
        if code in self._settings:
            return [self._reply(code, self._settings[code])]
        if code not in COMMANDS or not decodes(code, data):
            return [self._reply(code, b"\x41")]
        if (refusal := self._refusal(code, data)) is not None:
            return [self._reply(code, bytes((refusal,)))]
        if code == 0x61:
            self.outputs[data[0]] = bool(data[1])
        if code in _CHANGES:
            self._settings[_CHANGES[code]] = data
        reply = self._reply(code, bytes((SUCCESS,)))
        if code == 0x73:
            self.address = data[0]
        return [reply]

    def _refusal(self, code: int, data: bytes) -> int | None:
        """Return the code with which a figure is refused that this box does not have."""
        if code == 0x74 and data[0] >= self.ports:
            return 0x47
        if code in (0x66, 0x76) and (max(data) > POWER_DBM_MAX or len(data) not in (1, self.ports)):
            return 0x48
        if code == 0x78 and data[0] not in (1, 2, 3, 4):
            return 0x49
        return None

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
        return self.tags.of(epc).pc, raw, 28 << 2 | (port - 1) & 3

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
            body = pc + epc + self.tags.of(epc).crc.to_bytes(2, "big")
            data = len(held).to_bytes(2, "big") + bytes((len(body),)) + body
            data += bytes((raw, place, min(self._buffer[epc], 255)))
            sent.append(Sent(Frame(self.address, code, data).encode(), "tag", epc))
        if code == 0x91:
            self._buffer.clear()
            sent.append(self._reply(code, bytes((SUCCESS,))))
        return sent

    def _chosen(self) -> list[EmulatedTag]:
        """Return the tags that an access means: those at the antenna, or the one that matches."""
        antenna, match = self._settings[0x75][0] + 1, self._settings[0x86]
        wanted = match[2:] if match[0] == 0 else None
        return [
            tag
            for tag in self.tags.tags()
            if self.field[tag.epc][0] == antenna and wanted in (None, tag.epc)
        ]

    def _access(self, code: int, data: bytes) -> list[Sent]:
        """Do what is asked with every tag that is meant; one answer a tag, or one refusal."""
        if not decodes(code, data):
            return [self._reply(code, b"\x41")]
        chosen = self._chosen()
        if not chosen:
            return [self._reply(code, b"\x36")]
        bodies, refused = [], 0
        for tag in chosen:
            _, _, place = self._radio(tag.epc)
            body = tag.pc + tag.epc + tag.crc.to_bytes(2, "big")
            held, outcome = _done(tag, code, data)
            if len(body) + len(held) > _BODY_MAX:
                refused = 0x42
            elif outcome == "ok":
                size = len(held) if code == READ else SUCCESS
                bodies.append(bytes((len(body + held),)) + body + held + bytes((size, place, 1)))
            else:
                refused = _WRONG_PASSWORD if outcome == "password" else _FAILED[code]
        self.tags.settle()
        if not bodies:
            return [self._reply(code, bytes((refused,)))]
        return [self._reply(code, len(bodies).to_bytes(2, "big") + body) for body in bodies]


def _done(tag: EmulatedTag, code: int, data: bytes) -> tuple[bytes, Outcome]:
    """Return what one tag tells and how it takes an access."""
    if code == READ:
        password = int.from_bytes(data[3:7], "big")
        held = tag.read(data[0], data[1], data[2]) if data[2] else None
        if not tag.knows(password):
            return b"", "password"
        return (held, "ok") if held else (b"", "overrun")
    password = int.from_bytes(data[:4], "big")
    if code == KILL:
        return b"", tag.kill(password)
    if code == LOCK:
        area, kind = data[4], data[5]
        if not 1 <= area <= 5 or kind > 3:
            return b"", "overrun"
        shift = (area - 1) * 2
        return b"", tag.lock(3 << shift, _LOCKS[kind] << shift, password)
    if len(data) != 7 + data[6] * 2:
        return b"", "overrun"
    return b"", tag.write(data[4], data[5], data[7:], password)


def decodes(code: int, data: bytes) -> bool:
    """Tell whether the parameters of a command have a length that the manual knows."""
    return any(layout.decode(data) is not None for layout in ASKED[code])
