"""A ThingMagic module played: bootloader and firmware, settings, tag access, continuous reading."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Population
from readers.protocols.thingmagic.access import asked_of_tag, selected
from readers.protocols.thingmagic.codec import (
    ASKED,
    GEN2,
    NO_TAG,
    Frame,
    ThingMagicHostCodec,
)
from readers.protocols.thingmagic.commands import ACCESS, COMMANDS, REGIONS
from readers.reads import Command

_VERSION = bytes.fromhex("1612310030000001201707210107020900000010")
_SETTINGS: dict[int, bytes] = {
    0x61: b"\x01\x01", 0x62: b"\x08\xfc", 0x63: b"\x00\x00", 0x64: b"\x08\xfc", 0x67: b"\x02",
    0x68: b"\x00", 0x72: b"\x1f",
}  # fmt: skip
_CHANGES = {0x91: 0x61, 0x92: 0x62, 0x93: 0x63, 0x94: 0x64, 0x97: 0x67, 0x98: 0x68}
_POWER_LIMITS = b"\x0a\x8c\x00\x00"
"""27 dBm down to 0."""
_IN_BOOTLOADER = frozenset({0x03, 0x04, 0x06, 0x0C, 0x10})
_WRONG_COUNT, _INVALID, _UNKNOWN, _POWER_HIGH, _WRONG_REGION = 0x100, 0x101, 0x102, 0x103, 0x10B
_INVALID_VALUE = 0x105
_FETCHED = 6
"""Tags that one answer to 29 holds."""
_GEN2 = {b"\x05\x00": b"\x00", b"\x05\x01": b"\x01\x00", b"\x05\x12": b"\x00"}
"""Protocol and key → value: session, target, Q."""
_OUTCOMES = {"ok": 0, "overrun": 0x423, "locked": 0x424, "password": 0x406}
_FLAGS_AT, _FAST_FLAGS_AT = 12, 32
"""Where AA48 and AA58 say which fields they want."""
_SILION_LEAVES_OUT = 0xFE60
"""Bits of the metadata flags that this module does not know in this dialect."""
HEARTBEAT_ROUNDS = 20
"""A round takes 50 ms; the module says that it lives once a second."""
KHZ = 866_300


class ThingMagicEmulator(Emulator):
    """A module that reads by 2F and by Silion's `AA`; a Silion one refuses 2F."""

    def __init__(self, *, is_booted: bool = True, is_silion: bool = False) -> None:
        """Switch the module on with an empty field.

        Args:
            is_booted: False: it waits in its bootloader, as after power-up.
            is_silion: It refuses 2F.
        """
        super().__init__()
        self.tags_a_round = 12
        """At 115200 baud a round of 50 ms carries no more than this many records."""
        self.is_booted = is_booted
        self._is_silion = is_silion
        self._host = ThingMagicHostCodec()
        self._settings = dict(_SETTINGS)
        self._options: dict[int, bytes] = {0x0C: b"\x01"}
        self._gen2 = dict(_GEN2)
        self.pins = {1: 0, 2: 0, 3: 0, 4: 0}
        """Pin → level; all are told as outputs that were set, or as inputs that were not."""
        self._outputs: set[int] = set()
        self.tags = Population(self.field)
        self._head: bytes | None = None
        """What begins each record while it reads; None: it rests."""
        self._flags = 0
        self._buffer: list[EmulatedTag] = []
        self._is_by_aa = False
        self._rounds = 0
        self._first = 0

    def restart(self) -> None:
        """Lose power for a moment: settings are gone, the bootloader waits."""
        self.is_booted, self._head = False, None
        self._settings = dict(_SETTINGS)

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command; while reading, none but the stop."""
        self.busy_ms = 0
        sent: list[Sent] = []
        # A module forgets half a command after a pause; here it is known by what came behind it.
        for item in self._host.receive(data) + self._host.idle(0):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def tick(self) -> list[Sent]:
        """Push one round of continuous reading, and the heartbeat once a second."""
        if self._head is None:
            return []
        self._rounds += 1
        sent = [self._record(tag) for tag in self._round()]
        if self._rounds % HEARTBEAT_ROUNDS == 0:
            alive = (
                self._reply(0xAA, bytes(6)) if self._is_by_aa else self._reply(0x22, b"", NO_TAG)
            )
            sent.append(alive)
        return sent

    def _reply(self, code: int, data: bytes = b"", status: int = 0) -> Sent:
        return Sent(Frame(code, data, status).encode())

    def _do(self, asked: Command) -> list[Sent]:
        code, data = asked.command, asked.data
        is_stop = (code == 0x2F and data[2:3] == b"\x02") or (
            code == 0xAA and asked.fields.get("sub") == "0x49"
        )
        if self._head is not None and not is_stop:
            return []
        if not self.is_booted and code not in _IN_BOOTLOADER:
            return [self._reply(code, status=_INVALID)]
        if code == 0x04:
            return [self._boot()]
        if code not in COMMANDS or code in (0x06, 0x09):
            return [self._reply(code, status=_UNKNOWN)]
        if code in (0x2F, 0xAA):
            return [self._switch(asked, is_stop=is_stop)]
        if code in ACCESS:
            return [self._access(code, asked_of_tag(code, data))]
        if not any(layout.decode(data) is not None for layout in ASKED[code]):
            return [self._reply(code, status=_WRONG_COUNT)]
        if code == 0x21:
            return self._single()
        if code in (0x22, 0x29, 0x2A):
            return [self._buffered(code, data)]
        if code == 0x23:
            return [self._write_epc(data[4:])]
        return [self._reply(code, *self._setting(code, data))]

    def _boot(self) -> Sent:
        if self.is_booted:
            return self._reply(0x04, status=_INVALID)
        self.is_booted = True
        return self._reply(0x04, _VERSION)

    def _switch(self, asked: Command, *, is_stop: bool) -> Sent:
        """Begin or end continuous reading, by 2F or by `AA`, whichever this module knows."""
        code, data = asked.command, asked.data
        if code == 0x2F and self._is_silion:
            return self._reply(code, status=_INVALID)
        if is_stop:
            self._head = None
            return self._reply(code, data[:12] if code == 0xAA else data[2:3])
        self._rounds, self._is_by_aa = 0, code == 0xAA
        if code == 0xAA:
            at = _FAST_FLAGS_AT if asked.fields.get("sub") == "0x58" else _FLAGS_AT
            self._head = data[at : at + 2]
            self._flags = int.from_bytes(self._head, "big") & ~_SILION_LEAVES_OUT
            self._head = self._flags.to_bytes(2, "big")
            return self._reply(code, data[:12])
        if len(data) < 16 or data[2] != 1:
            return self._reply(code, status=_WRONG_COUNT)
        self._head = b"\x10" + data[10:12] + data[14:16] + b"\x01"
        self._flags = int.from_bytes(data[14:16], "big")
        return self._reply(code, data[2:3])

    def _setting(self, code: int, data: bytes) -> tuple[bytes, int]:
        """Tell or change a setting; return the data and the status."""
        if code == 0x03:
            return _VERSION, 0
        if code == 0x0C:
            return (b"\x12" if self.is_booted else b"\x11"), 0
        if code == 0x10:
            return data + b"210620140042", 0
        if code in (0x62, 0x64) and data == b"\x01":
            return b"\x01" + self._settings[code] + _POWER_LIMITS, 0
        if code == 0x61:
            return (data or b"") + self._settings[code], 0
        if code in (0x6A, 0x9A):
            if code == 0x9A:
                self._options[data[1]] = data[2:]
                return b"", 0
            return data + self._options.get(data[1], b"\x00"), 0
        if code in (0x6B, 0x9B):
            key = data[:2]
            if data[0] != GEN2 or key not in self._gen2:
                return b"", _INVALID_VALUE
            if code == 0x9B:
                self._gen2[key] = data[2:]
            return (key + self._gen2[key] if code == 0x6B else b""), 0
        if code in (0x66, 0x96):
            return self._pins(code, data)
        if code == 0x71:
            return bytes(sorted(REGIONS)), 0
        if code in (0x92, 0x94) and data > _POWER_LIMITS[:2]:
            return b"", _POWER_HIGH
        if code == 0x97 and data[0] not in REGIONS:
            return b"", _WRONG_REGION
        if code in _CHANGES:
            # A list of antennas comes with its option in front, as it is told.
            self._settings[_CHANGES[code]] = data[code == 0x91 and len(data) % 2 :]
            return b"", 0
        return self._settings.get(code, b""), 0

    def _pins(self, code: int, data: bytes) -> tuple[bytes, int]:
        """Tell every pin with its direction and level, or set one output."""
        if code == 0x66:
            told = b"".join(bytes((pin, pin in self._outputs, self.pins[pin])) for pin in self.pins)
            return b"\x01" + told, 0
        pin, level = data[-3 if len(data) == 4 else 0], data[-1]
        if pin not in self.pins:
            return b"", _INVALID_VALUE
        self._outputs.add(pin)
        self.pins[pin] = int(level > 0)
        return b"", 0

    def _round(self) -> list[EmulatedTag]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = self.tags.tags()
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        return chosen

    def _record(self, tag: EmulatedTag) -> Sent:
        assert self._head is not None
        said = self._metadata(tag)
        if self._is_by_aa:
            body = self._body(tag)
            data, code = self._head + said + bytes((len(body),)) + body, 0xAA
        else:
            data, code = self._head + said + self._counted(tag), 0x22
        return Sent(Frame(code, data, 0).encode(), "tag", tag.epc)

    def _body(self, tag: EmulatedTag) -> bytes:
        return tag.pc + tag.epc + tag.crc.to_bytes(2, "big")

    def _counted(self, tag: EmulatedTag) -> bytes:
        body = self._body(tag)
        return (len(body) * 8).to_bytes(2, "big") + body

    def _metadata(self, tag: EmulatedTag) -> bytes:
        """Return what is told in front of a tag, as the flags wish."""
        port, dbm = self.field[tag.epc]
        place = (port & 0xF) << 4 | port & 0xF
        ms = self._rounds * 50
        parts = (
            b"\x01", bytes((dbm & 0xFF,)), bytes((place,)), KHZ.to_bytes(3, "big"),
            ms.to_bytes(4, "big"), b"\x00\x5a", bytes((GEN2,)), b"\x00\x00", b"\x00",
        )  # fmt: skip
        return b"".join(part for bit, part in enumerate(parts) if self._flags >> bit & 1)

    def _single(self) -> list[Sent]:
        self.busy_ms = 50
        tags = self.tags.tags()
        if not tags:
            return [self._reply(0x21, status=NO_TAG)]
        data = tags[0].epc + tags[0].crc.to_bytes(2, "big")
        return [Sent(Frame(0x21, data, 0).encode(), "tag", tags[0].epc)]

    def _buffered(self, code: int, data: bytes) -> Sent:
        """Search into the buffer, tell what is in it, or empty it."""
        if code == 0x2A:
            self._buffer.clear()
            return self._reply(code)
        if code == 0x22:
            self.busy_ms = 50
            chosen = self._chosen(selected(data[0], data[5:])) if len(data) > 5 else None
            found = self.tags.tags() if chosen is None else chosen
            self._buffer += found
            if not found:
                return self._reply(code, status=NO_TAG)
            return self._reply(code, data[:3] + bytes((len(found),)))
        told, self._buffer = self._buffer[:_FETCHED], self._buffer[_FETCHED:]
        if not told:
            return self._reply(code, status=0x600)
        self._flags = int.from_bytes(data[:2], "big")
        records = b"".join(self._metadata(tag) + self._counted(tag) for tag in told)
        frame = Frame(code, data[:3] + bytes((len(told),)) + records, 0).encode()
        epcs = tuple(tag.epc for tag in told)
        return Sent(frame, "tag", epcs[0] if len(epcs) == 1 else None, None, epcs)

    def _chosen(self, asked: dict[str, object] | None) -> list[EmulatedTag]:
        """Return the tags that a filter names; all of them where there is none."""
        number = {key: value for key, value in (asked or {}).items() if isinstance(value, int)}
        if asked is None or "mask_bits" not in number:
            return self.tags.tags()
        mask = bytes.fromhex(str(asked["mask"]))
        return self.tags.find(number["select_bank"], number["bit_addr"], number["mask_bits"], mask)

    def _write_epc(self, epc: bytes) -> Sent:
        tags = self.tags.tags()
        if not tags:
            return self._reply(0x23, status=NO_TAG)
        if len(epc) % 2 or not 2 <= len(epc) <= 62:
            return self._reply(0x23, status=0x410)
        pc = (len(epc) // 2 << 11).to_bytes(2, "big")
        outcome = tags[0].write(1, 1, pc + epc)
        self.tags.settle()
        return self._reply(0x23, status=_OUTCOMES[outcome])

    def _access(self, code: int, asked: dict[str, object] | None) -> Sent:
        """Do what is asked of the one tag that is meant, as the real module does."""
        self.busy_ms = 30
        if asked is None:
            return self._reply(code, status=_WRONG_COUNT)
        number = {key: value for key, value in asked.items() if isinstance(value, int)}
        tags = self._chosen(asked)
        if not tags:
            return self._reply(code, status=NO_TAG)
        tag, password = tags[0], int(str(asked.get("password", "0")), 16)
        if code == 0x28:
            if not tag.knows(password):
                return self._reply(code, status=0x404)
            held = tag.read(number["bank"], number["word_addr"], number["words"])
            if held is None:
                return self._reply(code, status=0x423)
            option = int(str(asked["option"]), 16)
            return self._reply(code, (bytes((option, 0, 0)) if option & 0x10 else b"") + held)
        if code == 0x24:
            held = bytes.fromhex(str(asked["data"]))
            outcome = tag.write(number["bank"], number["word_addr"], held, password)
        elif code == 0x25:
            action = int(str(asked["lock_action"]), 16)
            outcome = tag.lock(int(str(asked["lock_mask"]), 16), action, password)
        else:
            outcome = tag.kill(password)
        self.tags.settle()
        failed = 0x40C if code == 0x26 else _OUTCOMES[outcome]
        return self._reply(code, status=0 if outcome == "ok" else failed)
