"""An R200 module played: it answers commands and keeps polling until its count is used up."""

from __future__ import annotations

from binascii import crc_hqx

from readers.codec import Emulator, Sent
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
_INFO = (b"M100 26dBm V1.0", b"V2.3.5", b"MagicRf")


class R200Emulator(Emulator):
    """A module: answers commands, keeps polling until its count is used up or it is stopped."""

    def __init__(self, *, region: int = 1) -> None:
        """Switch the module on with an empty field, set to a region of `REGIONS`."""
        super().__init__()
        self.tags_a_round = 20
        """At 115200 baud a round of 50 ms carries no more than this many notifications."""
        self._host = R200HostCodec()
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
        if code in TAG_ANSWERS or code == 0xE4:
            return [self._access(code, data)]
        if code in self._settings:
            return [self._reply(code, self._settings[code])]
        if code == 0x1A:
            return [self._reply(code, data)]
        if code in _CHANGES:
            self._settings[_CHANGES[code]] = data
        return [self._reply(code, b"\x00")]

    def _reply(self, code: int, data: bytes) -> Sent:
        return Sent(Frame(1, code, data, self._head).encode())

    def _error(self, code: int, tag: bytes = b"") -> Sent:
        return self._reply(0xFF, bytes((code,)) + tag)

    def _round(self) -> list[Sent]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = list(self.field)
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        self.busy_ms = max(50, 2 * len(chosen))
        if not chosen:
            return [self._error(NO_TAG)]
        return [self._notify(epc) for epc in chosen]

    def _notify(self, epc: bytes) -> Sent:
        body = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
        crc = crc_hqx(body, 0xFFFF) ^ 0xFFFF
        rssi = self.field[epc][1] & 0xFF
        data = bytes((rssi,)) + body + crc.to_bytes(2, "big")
        return Sent(Frame(2, 0x22, data, self._head).encode(), "tag", epc)

    def _access(self, code: int, data: bytes) -> Sent:
        """Answer for the one tag in the field, as the real module does for the first it hears."""
        if not self.field:
            return self._error(0x09 if code == 0x39 else NO_TAG)
        epc = next(iter(self.field))
        body = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
        tag = bytes((len(body),)) + body
        if code == 0x39:
            at, words = int.from_bytes(data[5:7], "big"), int.from_bytes(data[7:9], "big")
            bank = {1: bytes(2) + body, 2: b"\xe2\x80" + epc}.get(data[4], b"") + bytes(128)
            if words > 32:
                return self._error(0xA3, tag)
            return self._reply(code, tag + bank[at * 2 :][: words * 2])
        if code == 0xE4:
            return self._reply(code, bytes(8))
        return self._reply(code, tag + b"\x00")
