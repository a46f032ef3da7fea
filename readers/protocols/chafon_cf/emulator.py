"""A `CF` reader played: an inventory without end, active mode, barcodes and a trigger."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.protocols.chafon_cf.codec import (
    ASKED,
    BROADCAST,
    PRESSED,
    RELEASED,
    ROUND_OVER,
    CFHostCodec,
    Frame,
)
from readers.protocols.chafon_cf.commands import (
    BATTERY,
    COMMANDS,
    GET_ALL,
    INFO,
    INVENTORY,
    OUTPUT_MODE,
    POWER_GET,
    POWER_SET,
    READ_MODE,
    SET_ALL,
    STOP,
    TRIGGER,
)
from readers.reads import Command

WRONG_PARAMETER, NO_ANSWER = 0x01, 0x14
TICKS_A_SECOND = 20
WORK_MODE_AT, REGION_AT, POWER_AT, ANTENNAS_AT = 2, 7, 15, 6
ACTIVE = 1
_TEXTS = (("CF661-HW1.0", 32), ("V2.1.0", 32), ("CF0000000001", 12), ("R2000", 32), ("V1.2", 32),
          ("000000000001", 12))  # fmt: skip
_INFO = b"".join(text.encode().ljust(size, b"\x00") for text, size in _TEXTS)
# An idle reader set to Europe: 865.1 MHz, 15 channels of 200 kHz, 30 dBm, port 1.
_ALL = bytes.fromhex("00000080040001030361006400c80f1e010400000c00030105")
_SETTINGS: dict[int, bytes] = {
    GET_ALL: _ALL, 0x0056: _ALL[7:15], 0x0059: b"\x00", 0x005A: b"\x04", 0x005B: b"\x01",
    0x005C: b"\x00", 0x005F: bytes(12), 0x0061: b"\x1f", 0x0063: b"\x00" + bytes(8 * [30]),
    INFO: _INFO, BATTERY: b"\x54", OUTPUT_MODE: b"\x00", READ_MODE: b"\x00",
}  # fmt: skip
_QUESTIONS = frozenset({INFO, GET_ALL, BATTERY, 0x0056, 0x0061})
_BOTH_WAYS = frozenset({0x0059, 0x005A, 0x005B, 0x005C, 0x005F})
_OF_TAGS = frozenset({0x0003, 0x0004, 0x0005, 0x0006})


class CFEmulator(Emulator):
    """A reader or a sled: obeys, streams what it hears, tells of its trigger."""

    def __init__(self, *, address: int = 0) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.address = address
        self.tags_a_round = 20
        """At 115200 baud a round of 50 ms carries no more than this many reports."""
        self._host = CFHostCodec()
        self._settings = dict(_SETTINGS)
        self._first = 0
        self._is_reading = False
        self._rounds_left: int | None = 0
        """Rounds until the inventory ends by itself; None: it does not."""

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command addressed to this reader or to any."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data) + self._host.idle(20):
            if isinstance(item, Command) and item.frame[1] in (self.address, BROADCAST):
                sent += self._do(item)
        return sent

    def tick(self) -> list[Sent]:
        """Report one round, asked for or, in active mode, unasked."""
        is_active = self._settings[GET_ALL][WORK_MODE_AT] == ACTIVE
        if not self._is_reading:
            return self._round() if is_active and self.field else []
        sent = self._round() or [self._reply(INVENTORY, ROUND_OVER)]
        if self._rounds_left is not None:
            self._rounds_left -= 1
            if self._rounds_left <= 0:
                self._is_reading = False
                sent.append(self._reply(INVENTORY, ROUND_OVER))
        return sent

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Scan a barcode, as a sled that reads both does."""
        body = b"\x02" + ((aim or "") + text).encode() + b"\x03\x0d"
        data = bytes(5) + bytes((len(body),)) + body
        return Sent(Frame(self.address, INVENTORY, data).encode(), "scan", text=text)

    def pull_trigger(self, *, is_pressed: bool) -> Sent:
        """Press or let go of the trigger."""
        return self._reply(TRIGGER, 0, bytes((PRESSED if is_pressed else RELEASED,)))

    def _do(self, command: Command) -> list[Sent]:
        code, data = command.command, command.data
        if code not in COMMANDS or code == TRIGGER:
            return [self._reply(code, WRONG_PARAMETER)]
        if not any(layout.decode(data) is not None for layout in ASKED[code]):
            return [self._reply(code, WRONG_PARAMETER)]
        if code == INVENTORY:
            value = int.from_bytes(data[1:], "big")
            ticks = value if data[0] else value * TICKS_A_SECOND
            self._is_reading, self._rounds_left = True, ticks or None
            return []
        if code == STOP:
            self._is_reading = False
        if code in _OF_TAGS:
            # How these are laid out is not proven, so no tag is touched.
            return [self._reply(code, WRONG_PARAMETER if self.field else NO_ANSWER)]
        return [self._setting(code, data)]

    def _setting(self, code: int, data: bytes) -> Sent:
        held = self._settings
        if code in _QUESTIONS or (code in _BOTH_WAYS and not data):
            return self._reply(code, 0, held[code])
        if code == POWER_GET:
            return self._reply(code, 0, held[GET_ALL][POWER_AT : POWER_AT + 1] + b"\x00")
        if code == 0x0058:
            return self._reply(code, 0, held[GET_ALL][ANTENNAS_AT : ANTENNAS_AT + 1])
        if code in (0x0063, OUTPUT_MODE, READ_MODE):
            if data[0] == 2:
                return self._reply(code, 0, held[code])
            held[code] = data[1:] if code == 0x0063 else data[1:2]
        if code == SET_ALL:
            held[GET_ALL] = data
        if code == POWER_SET:
            self._set_parameter(POWER_AT, data[0])
        if code == 0x0057:
            self._set_parameter(ANTENNAS_AT, data[0])
        if code in _BOTH_WAYS:
            held[code] = data
        return self._reply(code, 0)

    def _set_parameter(self, at: int, byte: int) -> None:
        held = self._settings[GET_ALL]
        self._settings[GET_ALL] = held[:at] + bytes((byte,)) + held[at + 1 :]

    def _reply(self, code: int, status: int, data: bytes = b"") -> Sent:
        return Sent(Frame(self.address, code, bytes((status,)) + data).encode())

    def _round(self) -> list[Sent]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = list(self.field)
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        return [self._tag(epc) for epc in chosen]

    def _tag(self, epc: bytes) -> Sent:
        port, dbm = self.field[epc]
        data = b"\x00" + (dbm * 10).to_bytes(2, "big", signed=True)
        data += bytes((port, 0, len(epc))) + epc
        return Sent(Frame(self.address, INVENTORY, data).encode(), "tag", epc)
