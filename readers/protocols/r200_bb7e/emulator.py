"""An R200 module played: it answers commands and keeps polling until its count is used up."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Outcome, Population
from readers.protocols.r200_bb7e.codec import (
    ASKED,
    NO_TAG,
    POLLS,
    TAG_ANSWERS,
    Frame,
    R200HostCodec,
)
from readers.protocols.r200_bb7e.commands import CHANNELS
from readers.reads import Command

_SETTINGS: dict[int, bytes] = {
    0x08: b"\x01", 0x0B: bytes.fromhex("01000000200000"), 0x0D: b"\x10\x20", 0xAA: b"\x01",
    0xB7: b"\x07\xd0", 0xF1: bytes.fromhex("030601b0"),
    0xF2: b"\x00\x13" + bytes(20 * [0xEC]), 0xF3: b"\x00\x13" + bytes(20 * [0xBA]),
}  # fmt: skip
_CHANGES = {0x07: 0x08, 0x0C: 0x0B, 0x0E: 0x0D, 0xAB: 0xAA, 0xB6: 0xB7, 0xF0: 0xF1}
_ALWAYS, _FOR_ACCESS = 0, 2
_WORDS_MAX = 32
POWER_CDBM_MAX = 2700
READ, WRITE, LOCK, KILL, EAS_ALARM = 0x39, 0x49, 0x82, 0x65, 0xE4
_FAILED = {READ: 0xA0, WRITE: 0xB0, LOCK: 0xC0, KILL: 0xD0}
"""Command → upper half of the code with which the tag's own error is told."""
_KILL_FAILED, _WRONG_PASSWORD, _OVERRUN, _LOCKED = 0x12, 0x16, 0x3, 0x4
_INFO = (b"M100 26dBm V1.0", b"V2.3.5", b"MagicRf")


class R200Emulator(Emulator):
    """A module: answers commands, keeps polling until its count is used up or it is stopped."""

    def __init__(self, *, region: int = 1) -> None:
        """Switch the module on with an empty field, set to a region of `REGIONS`."""
        super().__init__()
        self.tags_a_round = 20
        """At 115200 baud a round of 50 ms carries no more than this many notifications."""
        self._host = R200HostCodec()
        self.tags = Population(self.field)
        self.pins: dict[int, int] = {}
        self._select_mode = _ALWAYS
        self._settings = _SETTINGS | {0x08: bytes((region,))}
        self._head = 0xBB
        self._polls = 0
        self._first = 0

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command in the head that it came with."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                self._head = item.frame[0]
                sent += self._do(item)
        return sent

    def tick(self) -> list[Sent]:
        """Push one round of a multi poll."""
        if not self._polls:
            return []
        self._polls -= 1
        return self._round()

    def _do(self, asked: Command) -> list[Sent]:
        code, data = asked.command, asked.data
        if not any(layout.decode(data) is not None for layout in ASKED.get(code, ())):
            return [self._error(0x17)]
        if code == 0x22:
            return self._round()
        if code == 0x27:
            # Count 0 is what every example of the makers sends for "go on": no limit is named.
            self._polls = int.from_bytes(data[1:], "big") or POLLS
            return []
        if code == 0x28:
            self._polls = 0
        if code == 0x11:
            return []
        if code == 0x03:
            text = _INFO[data[0]] if data[0] < len(_INFO) else b""
            return [self._reply(code, data + text)] if text else [self._error(0x17)]
        if code == 0x07 and data[0] not in CHANNELS:
            return [self._error(0x17)]
        if code == 0xB6 and int.from_bytes(data, "big") > POWER_CDBM_MAX:
            return [self._error(0x17)]
        if code in TAG_ANSWERS or code == EAS_ALARM:
            return [self._access(code, data)]
        if code in self._settings:
            return [self._reply(code, self._settings[code])]
        if code == 0x1A:
            return [self._reply(code, self._pin(*data))]
        if code == 0x12:
            self._select_mode = data[0]
        if code in _CHANGES:
            self._settings[_CHANGES[code]] = data
        return [self._reply(code, b"\x00")]

    def _reply(self, code: int, data: bytes) -> Sent:
        return Sent(Frame(1, code, data, self._head).encode())

    def _error(self, code: int, tag: bytes = b"") -> Sent:
        return self._reply(0xFF, bytes((code,)) + tag)

    def _round(self) -> list[Sent]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = [tag.epc for tag in self._selected(_ALWAYS)]
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        self.busy_ms = max(50, 2 * len(chosen))
        if not chosen:
            return [self._error(NO_TAG)]
        return [self._notify(epc) for epc in chosen]

    def _pin(self, op: int, pin: int, value: int) -> bytes:
        """Set a pin's direction (0) or level (1), or tell its level (2)."""
        if op == 1:
            self.pins[pin] = value
        return bytes((op, pin, self.pins.get(pin, 0) if op == 2 else value))

    def _selected(self, *modes: int) -> list[EmulatedTag]:
        """Return the tags that answer, where the select holds in these modes."""
        if self._select_mode not in modes:
            return self.tags.tags()
        select = self._settings[0x0B]
        bit = int.from_bytes(select[1:5], "big")
        return self.tags.find(select[0] & 3, bit, select[5], select[7:])

    def _notify(self, epc: bytes) -> Sent:
        tag = self.tags.of(epc)
        rssi = self.field[epc][1] & 0xFF
        data = bytes((rssi,)) + tag.pc + epc + tag.crc.to_bytes(2, "big")
        return Sent(Frame(2, 0x22, data, self._head).encode(), "tag", epc)

    def _access(self, code: int, data: bytes) -> Sent:
        """Answer for the one tag that is selected, or for the first that is heard."""
        chosen = self._selected(_ALWAYS, _FOR_ACCESS)
        if not chosen:
            return self._error(0x09 if code == READ else NO_TAG)
        tag = chosen[0]
        told = bytes((len(tag.epc) + 2,)) + tag.pc + tag.epc
        if code == EAS_ALARM:
            return self._reply(code, bytes(8))
        if code == READ:
            held, outcome = _read(tag, data)
            return self._outcome(code, outcome, told, told + held)
        outcome = _done(tag, code, data)
        self.tags.settle()
        return self._outcome(code, outcome, told, told + b"\x00")

    def _outcome(self, code: int, outcome: Outcome, tag: bytes, answer: bytes) -> Sent:
        if outcome == "ok":
            return self._reply(code, answer)
        if outcome == "password":
            return self._error(_KILL_FAILED if code == KILL else _WRONG_PASSWORD, tag)
        return self._error(_FAILED[code] | (_LOCKED if outcome == "locked" else _OVERRUN), tag)


def _read(tag: EmulatedTag, data: bytes) -> tuple[bytes, Outcome]:
    password, bank, words = (
        int.from_bytes(data[:4], "big"),
        data[4],
        int.from_bytes(data[7:9], "big"),
    )
    if not tag.knows(password):
        return b"", "password"
    held = tag.read(bank, int.from_bytes(data[5:7], "big"), words) if words else None
    return (held, "ok") if held and words <= _WORDS_MAX else (b"", "overrun")


def _done(tag: EmulatedTag, code: int, data: bytes) -> Outcome:
    """Change a tag; what only one maker's tags know is taken without an effect."""
    password = int.from_bytes(data[:4], "big")
    if code == KILL:
        return tag.kill(password)
    if code == LOCK:
        word = int.from_bytes(data[4:], "big")
        return tag.lock(word >> 10 & 0x3FF, word & 0x3FF, password)
    if code != WRITE:
        return "ok"
    if len(data) != 9 + int.from_bytes(data[7:9], "big") * 2:
        return "overrun"
    return tag.write(data[4], int.from_bytes(data[5:7], "big"), data[9:], password)
