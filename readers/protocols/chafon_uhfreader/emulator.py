"""A UHFReader288 or 18 played: rounds, a buffer, tag memory, and tags pushed in real-time mode."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Outcome, Population
from readers.protocols.chafon_uhfreader.asked import ACCESS, ROUNDS, asked
from readers.protocols.chafon_uhfreader.codec import (
    ANTENNA_FAULT,
    ASKED,
    BROADCAST,
    HEARTBEAT,
    NO_TAG,
    Frame,
    UHFReaderHostCodec,
)
from readers.protocols.chafon_uhfreader.commands import (
    BUFFER_CLEAR,
    BUFFER_COUNT,
    BUFFER_READ,
    BUFFERED,
    COMMANDS,
    INFO,
    MODE_GET,
    MODE_SET,
    PUSH,
    REAL_TIME,
)
from readers.reads import Command, Item

LAST, MORE, FULL_LENGTH = 1, 3, 0xFD
ILLEGAL, WRONG_PARAMETER, TAG_ERROR, POOR_COMMUNICATION = 0xFE, 0xFF, 0xFC, 0xFA
WRONG_PASSWORD, KILL_FAILED, ZERO_KILL_PASSWORD, ZERO_PASSWORD = 0x05, 0x09, 0x0A, 0x0C
OVERRUN, LOCKED = b"\x03", b"\x04"
_MASK_PARTS = ("bank", "bit_addr", "bits")
TICKS_30S = 600
"""Rounds of 50 ms in the unit of the heartbeat's interval."""

# Settings by the command that asks for them; the info is taken apart: each part has its own.
_SETTINGS: dict[int, bytes] = {
    0x22: b"\x4e\x00", 0x25: b"\x0a", 0x2F: b"\x1e", 0x3F: b"\x0f", 0x46: b"\x00", 0x47: b"\x00",
    0x4C: bytes.fromhex("17439015"), 0x66: b"\x00", MODE_GET: b"\x00", REAL_TIME: b"\0\0\0\x04\0",
    0x78: b"\x00", 0x7A: b"\x1e", 0x7F: b"\x20", 0x91: b"\x14", 0x92: b"\x01\x1f",
}  # fmt: skip
_CHANGES = {0x22: 0x22, 0x25: 0x25, 0x46: 0x46, 0x66: 0x66, 0x75: REAL_TIME, MODE_SET: MODE_GET,
            0x79: 0x7A}  # fmt: skip
_QUESTIONS = frozenset({0x47, 0x4C, MODE_GET, 0x7A, 0x91, 0x92})
_BOTH_WAYS = frozenset({0x78, 0x7F})
"""With data they set, without they ask."""


class UHFReaderEmulator(Emulator):
    """A reader: obeys one command at a time, or pushes what it reads."""

    def __init__(self, *, layout: str = "288", address: int = 0) -> None:
        """Switch a `288` or an `18` on with an empty field."""
        super().__init__()
        self.address = address
        self.is_288 = layout == "288"
        self.tags_a_round = 14
        """At 57600 baud a round of 50 ms carries no more than this many tag frames."""
        self.tags = Population(self.field)
        self._host = UHFReaderHostCodec()
        self._settings = dict(_SETTINGS)
        self._buffer: dict[bytes, int] = {}
        self._first = 0
        self._packet = 0
        self._total = 0
        self._ticks = 0
        self._is_heard = False

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command addressed to this reader or to any."""
        self._is_heard = True
        return self._obey(self._host.receive(data))

    def tick(self) -> list[Sent]:
        """Push a round in real-time mode; a command whose rest never comes is given up."""
        # A real reader gives it up after 15 ms; a tick is the only clock an emulator has.
        sent = [] if self._is_heard else self._obey(self._host.flush())
        self._is_heard = False
        if self._settings[MODE_GET] == b"\x00":
            return sent
        chosen = self._next(list(self.field))
        self._total += len(chosen)
        self._ticks += 1
        interval = self._settings[0x78][0] & 0x7F
        is_beating = self._settings[0x78][0] & 0x80 and interval
        if self.is_288 and is_beating and self._ticks % (interval * TICKS_30S) == 0:
            self._packet += 1
            beat = self._packet.to_bytes(4, "big") + self._antenna_states()
            sent.append(self._reply(PUSH, HEARTBEAT, beat + self._total.to_bytes(4, "big")))
        return sent + [self._tag(PUSH, 0, epc) for epc in chosen]

    def _antenna_states(self) -> bytes:
        return bytes(1 if self._settings[0x3F][0] >> port & 1 else 0 for port in range(4))

    def _obey(self, items: list[Item]) -> list[Sent]:
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in items:
            if isinstance(item, Command) and item.frame[1] in (self.address, BROADCAST):
                sent += self._do(item)
        return sent

    def _do(self, command: Command) -> list[Sent]:
        code, data = command.command, command.data
        is_pushing = self._settings[MODE_GET] != b"\x00"
        if code not in COMMANDS or code == PUSH or (
            is_pushing and code not in (INFO, MODE_SET, MODE_GET)
        ):  # fmt: skip
            return [self._reply(0, ILLEGAL)]
        if code in ROUNDS or code in ACCESS:
            fields = asked(code, data)
            if fields is None:
                return [self._reply(code, FULL_LENGTH)]
            if code in ACCESS:
                self.busy_ms = 20
                return [self._access(code, fields)]
            return self._round(code, fields)
        if not any(layout.decode(data) is not None for layout in ASKED[code]):
            return [self._reply(code, FULL_LENGTH)]
        if code == BUFFER_READ:
            return self._read_buffer()
        if code == BUFFER_CLEAR:
            self._buffer.clear()
        if code == BUFFER_COUNT:
            return [self._reply(code, 0, len(self._buffer).to_bytes(2, "big"))]
        return [self._setting(code, data)]

    def _setting(self, code: int, data: bytes) -> Sent:
        if code == INFO:
            return self._reply(code, 0, self._info())
        if code in _QUESTIONS or (code in _BOTH_WAYS and not data):
            return self._reply(code, 0, self._settings[code])
        if code in _BOTH_WAYS:
            self._settings[code] = data
            return self._reply(code, 0, data)
        if code in (0x2F, 0x3F):
            if code == 0x2F and data[0] & 0x7F > 33:
                return self._reply(code, WRONG_PARAMETER)
            self._settings[code] = bytes((data[0] & 0x7F,))
        if code in _CHANGES:
            self._settings[_CHANGES[code]] = data
        answer = self._reply(code, 0)
        if code == 0x24:
            self.address = data[0]
        return answer

    def _info(self) -> bytes:
        of = self._settings
        kind = b"\x03\x01\x10\x02" if self.is_288 else b"\x01\x17\x08\x03"
        told = kind + of[0x22] + of[0x2F] + of[0x25]
        return told + of[0x3F] + b"\x00\x00" + of[0x66] if self.is_288 else told

    def _reply(self, code: int, status: int, data: bytes = b"") -> Sent:
        return Sent(Frame(self.address, code, bytes((status,)) + data).encode())

    def _next(self, everything: list[bytes]) -> list[bytes]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        if not everything:
            return []  # an antenna that hears nothing does not begin the others anew
        first = self._first % len(everything)
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        return chosen

    def _round(self, code: int, fields: dict[str, object]) -> list[Sent]:
        port = None
        if self.is_288 and "ant" in fields:
            port = (int(str(fields["ant"])[:4], 16) & 0x7F) + 1
        mask = self._settings[0x3F][0]
        if port is not None and not mask >> (port - 1) & 1:
            return [self._reply(code, ANTENNA_FAULT)]
        ports = [port] if port else [each for each in range(1, 9) if mask >> (each - 1) & 1]
        here = self.tags.tags() if "mask_bank" not in fields else self._masked(fields)
        heard = [tag.epc for tag in here if not self.is_288 or self.field[tag.epc][0] in ports]
        chosen = self._next(heard)
        self.busy_ms = max(50, 3 * len(chosen))
        self._total += len(chosen)
        if code == BUFFERED:
            for epc in chosen:
                self._buffer[epc] = min(self._buffer.get(epc, 0) + 1, 255)
            counts = len(self._buffer).to_bytes(2, "big") + len(chosen).to_bytes(2, "big")
            return [self._reply(code, 0, counts)]
        if not chosen:
            return [self._reply(code, NO_TAG)]
        last = bytes((1 << ((ports[0] or 1) - 1), 0)) if self.is_288 else b"\x00"
        return [*(self._tag(code, MORE, epc) for epc in chosen), self._reply(code, LAST, last)]

    def _radio(self, epc: bytes) -> tuple[bytes, bytes]:
        """Return antenna mask and RSSI byte; nobody says what the byte means in dBm."""
        port, dbm = self.field[epc]
        return bytes((1 << (port - 1) & 0xFF,)), bytes((min(max(dbm + 130, 0), 255),))

    def _tag(self, code: int, status: int, epc: bytes) -> Sent:
        mask, rssi = self._radio(epc)
        size = bytes((len(epc),))
        if code == PUSH:
            data = mask + size + epc + rssi if self.is_288 else epc
        else:
            data = mask + b"\x01" + size + epc + rssi if self.is_288 else b"\x01" + size + epc
        frame = Frame(self.address, code, bytes((status,)) + data).encode()
        return Sent(frame, "tag", epc)

    def _read_buffer(self) -> list[Sent]:
        held = [epc for epc in self._buffer if epc in self.field]
        if not held:
            return [self._reply(BUFFER_READ, LAST, b"\x00")]
        sent = []
        for epc in held:
            mask, rssi = self._radio(epc)
            status = LAST if epc is held[-1] else MORE
            size, count = bytes((len(epc),)), bytes((self._buffer[epc],))
            data = bytes((status, 1)) + mask + size + epc + rssi + count
            sent.append(Sent(Frame(self.address, BUFFER_READ, data).encode(), "tag", epc))
        return sent

    def _masked(self, fields: dict[str, object]) -> list[EmulatedTag]:
        bank, at, bits = (_number(fields[f"mask_{each}"]) for each in _MASK_PARTS)
        return self.tags.find(bank, at, bits, bytes.fromhex(str(fields["mask"])))

    def _chosen(self, fields: dict[str, object]) -> EmulatedTag | None:
        """Return the tag that an access means: by its EPC, by a mask, or the first one heard."""
        wanted = bytes.fromhex(str(fields.get("epc", "")))
        if wanted:
            found = [tag for tag in self.tags.tags() if tag.epc == wanted]
        elif "mask_bank" in fields:
            found = self._masked(fields)
        else:
            found = self.tags.tags()
        return found[0] if found else None

    def _access(self, code: int, fields: dict[str, object]) -> Sent:
        if code == 0x04:
            return self._write_epc(fields)
        tag = self._chosen(fields)
        if tag is None:
            return self._reply(code, NO_TAG)
        password = int(str(fields["password"]), 16)
        if code == 0x05:
            return self._kill(tag, password)
        if not tag.knows(password):
            return self._reply(code, WRONG_PASSWORD)
        if code == 0x06:
            return self._protect(tag, _number(fields["area"]), _number(fields["lock"]), password)
        bank, word_addr = _number(fields["bank"]), _number(fields["word_addr"])
        if code in (0x02, 0x15):
            words = _number(fields["words"])
            held = tag.read(bank, word_addr, words) if words else None
            return self._reply(code, 0, held) if held else self._reply(code, TAG_ERROR, OVERRUN)
        outcome = tag.write(bank, word_addr, bytes.fromhex(str(fields["data"])), password)
        self.tags.settle()
        return self._outcome(code, outcome)

    def _protect(self, tag: EmulatedTag, area: int, lock: int, password: int) -> Sent:
        if area > 4 or lock > 3:
            return self._reply(0x06, WRONG_PARAMETER)
        if not password:
            return self._reply(0x06, ZERO_PASSWORD)
        shift = (4 - area) * 2
        return self._outcome(0x06, tag.lock(3 << shift, lock << shift, password))

    def _write_epc(self, fields: dict[str, object]) -> Sent:
        """Rename the only tag in the field; with several nobody knows which one it would be."""
        tags = self.tags.tags()
        if len(tags) != 1:
            return self._reply(0x04, POOR_COMMUNICATION if tags else NO_TAG)
        epc, password = bytes.fromhex(str(fields["epc"])), int(str(fields["password"]), 16)
        outcome = tags[0].write(1, 1, (len(epc) // 2 << 11).to_bytes(2, "big") + epc, password)
        self.tags.settle()
        return self._outcome(0x04, outcome)

    def _kill(self, tag: EmulatedTag, password: int) -> Sent:
        if not int.from_bytes(tag.banks[0][:4], "big"):
            return self._reply(0x05, ZERO_KILL_PASSWORD)
        is_done = tag.kill(password) == "ok"
        self.tags.settle()
        return self._reply(0x05, 0 if is_done else KILL_FAILED)

    def _outcome(self, code: int, outcome: Outcome) -> Sent:
        if outcome == "password":
            return self._reply(code, WRONG_PASSWORD)
        if outcome == "ok":
            return self._reply(code, 0)
        return self._reply(code, TAG_ERROR, LOCKED if outcome == "locked" else OVERRUN)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
