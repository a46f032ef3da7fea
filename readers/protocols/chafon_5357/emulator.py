"""A `53 57` reader played: it pushes what it reads, or answers round after round."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.protocols.chafon_5357.codec import (
    ASKED,
    BROADCAST,
    FAILED,
    FROM_READER,
    OK,
    Chafon5357HostCodec,
    Frame,
)
from readers.protocols.chafon_5357.commands import (
    ACTIVE,
    ADDRESS,
    COMMANDS,
    FREQUENCY_GET,
    FREQUENCY_SET,
    HEARTBEAT,
    INVENTORY,
    PARAMETER_GET,
    PARAMETER_SET,
    POWER,
    START,
    STOP,
    SYSTEM,
    TIME_GET,
    TIME_SET,
    WORK_MODE,
)
from readers.reads import Command

SERIAL = bytes.fromhex("c3dd938e170123")
ANSWERS, SPEAKS, TRIGGERED = range(3)
ONE_TAG_MS, EMPTY_ROUND_MS = 10, 50
# transport, work mode (it speaks by itself), address, filter, power, beep, baud
_PARAMETERS = bytes((0, SPEAKS, 0, 0, 30, 1, 4))
_SETTINGS: dict[int, bytes] = {
    SYSTEM: b"\x14\x11" + SERIAL, 0x20: _PARAMETERS, TIME_GET: bytes.fromhex("1a0b16000000"),
    FREQUENCY_GET: b"\x4e\x00", 0xE0: b"\x01", 0xE1: b"\x00\x0f",
}  # fmt: skip
_CHANGES = {TIME_SET: TIME_GET, FREQUENCY_SET: FREQUENCY_GET}


class Chafon5357Emulator(Emulator):
    """A reader with four antennas."""

    def __init__(self, *, address: int = 0) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.address = address
        self.tags_a_round = 18
        """At 115200 baud a round of 50 ms carries no more than this many frames of one tag."""
        self._host = Chafon5357HostCodec()
        self._settings = dict(_SETTINGS)
        self._is_stopped = False
        self.is_relay_closed = False
        self._first = 0

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command addressed to this reader or to any."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data) + self._host.idle(20):
            if isinstance(item, Command) and item.frame[4] in (self.address, BROADCAST):
                sent += self._do(item)
        return sent

    def tick(self) -> list[Sent]:
        """Push one round, a frame a tag, where it is set to speak and was not stopped."""
        if self._is_stopped or self._settings[0x20][WORK_MODE - 1] != SPEAKS:
            return []
        return [
            self._tags(ACTIVE, SERIAL + b"\x01" + self._entry(epc), epc)
            for epc in self._next(self.tags_a_round)
        ]

    def beat(self) -> Sent:
        """Say that the line is still there, as a reader that dials in over TCP does."""
        return self._reply(HEARTBEAT, OK, SERIAL)

    def _do(self, command: Command) -> list[Sent]:
        code, data = command.command, command.data
        if code in (ACTIVE, HEARTBEAT):
            return []  # the host's word that it has heard; nothing comes back
        # How tags are read and written is not known here, so no tag is touched.
        if code not in COMMANDS or code in (0x02, 0x03):
            return [self._reply(code, FAILED)]
        if not any(layout.decode(data) is not None for layout in ASKED[code]):
            return [self._reply(code, FAILED)]
        if code == INVENTORY:
            return self._round()
        if code in (0x85, 0x86):
            self.is_relay_closed = code == 0x85
        if code in (STOP, START):
            self._is_stopped = code == STOP
        if code in (PARAMETER_GET, PARAMETER_SET):
            return [self._parameter(code, data)]
        if code == 0x22:
            self._settings = dict(_SETTINGS)
        if code == 0x21:
            if len(data) != len(_PARAMETERS):
                return [self._reply(code, FAILED)]
            self._settings[0x20] = data
        if code in self._settings and not data:
            return [self._reply(code, OK, self._settings[code])]
        if code == 0xE1 or code in _CHANGES:
            self._settings[_CHANGES.get(code, code)] = data
        return [self._reply(code, OK)]

    def _parameter(self, code: int, data: bytes) -> Sent:
        at, held = data[0] - 1, self._settings[0x20]
        if not 0 <= at < len(held):
            return self._reply(code, FAILED)
        if code == PARAMETER_GET:
            return self._reply(code, OK, data + held[at : at + 1])
        if (data[0] == POWER and data[1] > 33) or (data[0] == WORK_MODE and data[1] > TRIGGERED):
            return self._reply(code, FAILED)
        self._settings[0x20] = held[:at] + data[1:] + held[at + 1 :]
        answer = self._reply(code, OK)
        if data[0] == ADDRESS:
            self.address = data[1]
        return answer

    def _reply(self, code: int, status: int, data: bytes = b"") -> Sent:
        return Sent(Frame(self.address, code, bytes((status,)) + data, FROM_READER).encode())

    def _tags(self, code: int, data: bytes, epc: bytes) -> Sent:
        return Sent(self._reply(code, OK, data).frame, "tag", epc)

    def _next(self, count: int) -> list[bytes]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        mask = int.from_bytes(self._settings[0xE1], "big")
        everything = [epc for epc, (port, _) in self.field.items() if mask >> (port - 1) & 1]
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[:count]
        self._first = first + len(chosen)
        return chosen

    def _entry(self, epc: bytes) -> bytes:
        """Write one tag; nobody says what its RSSI byte means in dBm."""
        port, dbm = self.field[epc]
        body = bytes((1, port)) + epc + bytes((min(max(dbm + 130, 0), 255),))
        return bytes((len(body),)) + body

    def _round(self) -> list[Sent]:
        """Answer with the next tag: one question has one answer, and one frame logs one tag."""
        chosen = self._next(1)
        self.busy_ms = ONE_TAG_MS if chosen else EMPTY_ROUND_MS
        if not chosen:
            return [self._reply(INVENTORY, OK, b"\x00\x00")]
        return [self._tags(INVENTORY, b"\x00\x01" + self._entry(epc), epc) for epc in chosen]
