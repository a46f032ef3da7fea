"""A NUR reader played: id buffer, inventory stream that stops by itself, tag access, setup."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Population
from readers.protocols.nordicid_nur.access import asked_of_tag
from readers.protocols.nordicid_nur.codec import (
    ACCESS,
    ID_BUFFER,
    INPUT_CHANGED,
    METADATA_BUFFER,
    NO_TAG,
    PUSHED,
    SCAN_SINGLE,
    SET_GPIO,
    START,
    STREAM,
    Frame,
    NurHostCodec,
)
from readers.protocols.nordicid_nur.commands import COMMANDS, SETUP, decode
from readers.reads import Command

_INVALID, _LENGTH = 1, 2
_OUTCOMES = {"ok": 0, "overrun": 66, "locked": 66, "password": 36}
_INFO = bytes.fromhex("014944520953303030303058595a00045354495800064e4f545345540407480500100101")
_CAPABILITIES = bytes.fromhex(
    "26000000cf810f00000000001b00000001000000f4011400b80201000000020003000400000000"
).ljust(128, b"\x00")
_SETUP: dict[str, bytes] = {name: bytes(int(kind[1:])) for name, kind in SETUP} | {
    "link_frequency_hz": (256_000).to_bytes(4, "little"), "rx_decoding": b"\x02",
    "tx_modulation": b"\x01", "antenna_mask": b"\x0f", "selected_antenna": b"\xff",
}  # fmt: skip
_CHANNEL, _KHZ = 2, 866_900
STREAM_ROUNDS = 400
"""A stream stops by itself after 20 s; a round takes 50 ms."""


class NurEmulator(Emulator):
    """A reader with up to 4 antennas that streams what is in its field."""

    def __init__(self, *, stream_rounds: int = STREAM_ROUNDS) -> None:
        """Switch the reader on with an empty field; a stream ends after so many rounds."""
        super().__init__()
        self.tags_a_round = 20
        self.tags_a_notification = 8
        self.stream_rounds = stream_rounds
        self._host = NurHostCodec()
        self._settings = dict(_SETUP)
        self._tags = Population(self.field)
        self._buffer: dict[bytes, EmulatedTag] = {}
        self.outputs: dict[int, int] = {}
        """Pin, from 1 → level that a host has set."""
        self.beeps = 0
        self._pushed: list[Sent] = []
        self._rounds_left = 0
        self._clock_ms = 0
        self._first = 0

    @property
    def tags(self) -> Population:
        """The tags of the field with their memory."""
        return self._tags

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command."""
        self.busy_ms = 0
        sent: list[Sent] = []
        # A reader forgets half a command after a pause; here it is known by what came behind it.
        for item in self._host.receive(data) + self._host.idle(0):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def input(self, pin: int, *, is_high: bool) -> None:
        """Change an input, such as a photo-eye; the host hears of it in the next round."""
        frame = Frame(bytes((INPUT_CHANGED, 0, pin - 1, is_high)), PUSHED).encode()
        self._pushed.append(Sent(frame))

    def tick(self) -> list[Sent]:
        """Push changed inputs and one round of the stream; the last one says that it stopped."""
        pushed, self._pushed = self._pushed, []
        return pushed + self._stream_round()

    def _stream_round(self) -> list[Sent]:
        if not self._rounds_left:
            return []
        self._rounds_left -= 1
        self._clock_ms = (self._clock_ms + 50) & 0xFFFF
        chosen = self._round()
        each = self.tags_a_notification
        parts = [chosen[at : at + each] for at in range(0, len(chosen), each)] or [[]]
        sent: list[Sent] = []
        for number, part in enumerate(parts, 1):
            is_last = not self._rounds_left and number == len(parts)
            # A silent second would look like a lost reader: an empty round is told, too.
            said = bytes((STREAM, 0, is_last, 1, 0, 0, 4)) + b"".join(map(self._entry, part))
            frame = Frame(said, PUSHED).encode()
            sent.append(_sent(frame, part))
        return sent

    def _do(self, asked: Command) -> list[Sent]:
        code, data = asked.command, asked.data
        if code not in COMMANDS or code >= 0x80:
            return [self._reply(code, b"", _INVALID)]
        if code in ACCESS:
            return [self._access(code, asked_of_tag(code, data))]
        if code == 0x22:
            return [self._setup(data)]
        if decode(COMMANDS[code][1], data) is None:
            return [self._reply(code, b"", _LENGTH)]
        if code in (ID_BUFFER, METADATA_BUFFER):
            return [self._buffered(code, data)]
        if code == START:
            self._rounds_left = self.stream_rounds if data else 0
            return [self._reply(code)]
        if code == SCAN_SINGLE:
            return [self._scan()]
        if code in (0x31, 0x32, 0x3B):
            return [self._inventory(code)]
        if code == 0x0D:
            self.beeps += 1
        if code == SET_GPIO:
            self._set_outputs(data)
            return [self._reply(code, data)]
        if code == 0x05:
            self._buffer.clear()
        if code == 0x0E:
            self._rounds_left = 0
        if code == 0x13:
            self._settings = dict(_SETUP)
        return [self._reply(code, self._told(code))]

    def _told(self, code: int) -> bytes:
        region = b"\x00" + (865_700).to_bytes(4, "little") + (600).to_bytes(4, "little")
        return {
            0x01: b"OK", 0x02: b"A\x04\x07H\x00\x00\x00", 0x04: b"A", 0x09: _INFO,
            0x0B: _CAPABILITIES, 0x10: bytes(1), 0x20: b"\x00",
            0x24: region + b"\x04" + (4000).to_bytes(4, "little") + b"\x06Europe",
        }.get(code, b"")  # fmt: skip

    def _reply(self, code: int, data: bytes = b"", status: int = 0) -> Sent:
        return Sent(Frame(bytes((code, status)) + data).encode())

    def _round(self) -> list[EmulatedTag]:
        # A crowded field is read over several rounds: each begins where the last one stopped.
        everything = self._tags.tags()
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        self._buffer |= {tag.epc: tag for tag in chosen}
        return chosen

    def _radio(self, tag: EmulatedTag) -> tuple[int, bytes]:
        """Return antenna number from 0, and RSSI as it is and scaled to 100."""
        port, dbm = self.field.get(tag.epc, (1, -60))
        return port - 1, bytes((dbm & 0xFF, min(max((dbm + 85) * 2, 0), 100)))

    def _entry(self, tag: EmulatedTag) -> bytes:
        antenna, rssi = self._radio(tag)
        said = rssi + self._clock_ms.to_bytes(2, "little") + _KHZ.to_bytes(4, "little")
        said += tag.pc[::-1] + bytes((_CHANNEL, antenna)) + tag.epc
        return bytes((len(said),)) + said

    def _buffered(self, code: int, data: bytes) -> Sent:
        held = [tag for tag in self._buffer.values() if tag.epc in self.field]
        if len(data) == 4:
            number = int.from_bytes(data, "little")
            held = held[number : number + 1]
        if not held:
            # Who never took stock finds what is in the field: hosts ask for either alone.
            held = self._tags.tags()
        if not held:
            return self._reply(code, b"", NO_TAG)
        if code == METADATA_BUFFER:
            said = b"".join(map(self._entry, held))
        else:
            said = b"".join(
                bytes((len(tag.epc) + 1, self._radio(tag)[0])) + tag.epc for tag in held
            )
        if data == b"\x01":
            self._buffer.clear()
        return _sent(Frame(bytes((code, 0)) + said).encode(), held)

    def _scan(self) -> Sent:
        self.busy_ms = 50
        tags = self._tags.tags()
        if not tags:
            return self._reply(SCAN_SINGLE, b"", NO_TAG)
        antenna, rssi = self._radio(tags[0])
        said = bytes((SCAN_SINGLE, 0, antenna)) + rssi + tags[0].epc
        return Sent(Frame(said).encode(), "tag", tags[0].epc)

    def _inventory(self, code: int) -> Sent:
        self.busy_ms = 50
        self._buffer = {tag.epc: tag for tag in self._tags.tags()}
        found = len(self._buffer)
        if not found:
            return self._reply(code, b"", NO_TAG)
        counts = found.to_bytes(2, "little") + len(self._buffer).to_bytes(2, "little")
        return self._reply(code, counts + b"\x01\x00\x00\x04")

    def _set_outputs(self, data: bytes) -> None:
        named = [bit for bit in range(8) if data[0] >> bit & 1]
        for bit, level in zip(named, data[1:], strict=False):
            self.outputs[bit + 1] = level

    def _setup(self, data: bytes) -> Sent:
        """Change the fields that stand behind the flags; tell all that the flags name."""
        flags = int.from_bytes(data[:4], "little")
        named = [(name, kind) for bit, (name, kind) in enumerate(SETUP) if flags >> bit & 1]
        if len(data) > 4:
            position = 4
            for name, kind in named:
                self._settings[name] = data[position : position + int(kind[1:])]
                position += int(kind[1:])
            if position != len(data):
                return self._reply(0x22, b"", _LENGTH)
        if len(data) < 4:
            return self._reply(0x22, b"", _LENGTH)
        return self._reply(0x22, data[:4] + b"".join(self._settings[name] for name, _ in named))

    def _access(self, code: int, asked: dict[str, object] | None) -> Sent:
        """Do what is asked of the tag that is meant."""
        self.busy_ms = 30
        if asked is None:
            return self._reply(code, b"", _LENGTH)
        number = {key: said for key, said in asked.items() if isinstance(said, int)}
        tags = self._tags.tags()
        if "mask_bits" in number:
            mask = bytes.fromhex(str(asked["mask"]))
            tags = self._tags.find(
                number["select_bank"], number["bit_addr"], number["mask_bits"], mask
            )
        if not tags:
            return self._reply(code, b"", NO_TAG)
        tag, password = tags[0], int(str(asked["password"]), 16)
        if code == 0x33:
            if not tag.knows(password):
                return self._reply(code, b"", _OUTCOMES["password"])
            held = tag.read(number["bank"], number["word_addr"], number["words"])
            return self._reply(code, held or b"", 0 if held is not None else 66)
        if code == 0x34:
            written = bytes.fromhex(str(asked["data"]))
            outcome = tag.write(number["bank"], number["word_addr"], written, password)
            told = bytes((number["words"],)) if outcome == "ok" else b"\x00"
        elif code == 0x36:
            action = int(str(asked["lock_action"]), 16)
            outcome, told = tag.lock(int(str(asked["lock_mask"]), 16), action, password), b""
        else:
            outcome, told = tag.kill(password), b""
        self._tags.settle()
        return self._reply(code, told, _OUTCOMES[outcome])


def _sent(frame: bytes, tags: list[EmulatedTag]) -> Sent:
    """Return a frame with the tags it holds; one without any is no tag frame."""
    if not tags:
        return Sent(frame)
    epcs = tuple(tag.epc for tag in tags)
    return Sent(frame, "tag", epcs[0] if len(epcs) == 1 else None, None, epcs)
