"""A Fonkan module played: a round of tags a question, their memory, its settings."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Population
from readers.protocols.fonkan_ascii.codec import DONE, FonkanHostCodec, Frame
from readers.protocols.fonkan_ascii.commands import (
    ALL,
    GET_POWER,
    GET_REGION,
    KILL,
    LOCK,
    NUMBER,
    ONE,
    PASSWORD,
    READ,
    REGULATIONS,
    SELECT,
    SET_POWER,
    SET_REGION,
    SET_SPEED,
    SETTING,
    UNKNOWN,
    VERSION,
    WRITE,
)
from readers.reads import Command

_SETTINGS = {GET_POWER: 0x1B, GET_REGION: 0x05, SET_SPEED: 0x04}
_CHANGES = {SET_POWER: GET_POWER, SET_REGION: GET_REGION, SET_SPEED: SET_SPEED}
_REFUSALS = {"overrun": "3", "locked": "4", "password": "0"}
_OTHER = "0"
_TEXTS = {VERSION: "V3.2.1", NUMBER: "S07D2A31F"}


class FonkanEmulator(Emulator):
    """A module: answers each command with lines."""

    def __init__(self) -> None:
        """Switch the module on with an empty field."""
        super().__init__()
        self.tags = Population(self.field)
        self._host = FonkanHostCodec()
        self._settings = dict(_SETTINGS)
        self._password = 0
        self._mask: tuple[int, int, int, bytes] | None = None

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Return a bit of the first byte: elsewhere the case of a digit may be all that changes."""
        return 0, 7

    def _do(self, asked: Command) -> list[Sent]:
        letters = asked.command.to_bytes(2, "big").strip(b"\0").decode("ascii")
        if letters in (ONE, ALL):
            return self._round(letters)
        if letters in _TEXTS:
            return [_say(_TEXTS[letters])]
        if letters in _SETTINGS.keys() | _CHANGES.keys():
            return [self._set(letters, asked)]
        if letters in (READ, WRITE, LOCK, KILL):
            return [self._access(letters, asked)]
        return [_say(letters if self._prepare(letters, asked) else UNKNOWN)]

    def _prepare(self, letters: str, asked: Command) -> bool:
        """Keep a password or a choice of tags for the access that follows."""
        try:
            if letters == PASSWORD:
                self._password = int(str(asked.fields["password"]), 16)
            elif letters == SELECT:
                mask = str(asked.fields["mask"])
                bits = bytes.fromhex(mask + "0" * (len(mask) % 2))
                bank, at = _number(asked, "bank"), _number(asked, "bit_addr")
                self._mask = (bank, at, _number(asked, "bits"), bits)
            else:
                return False
        except (KeyError, ValueError):
            return False
        return True

    def _set(self, letters: str, asked: Command) -> Sent:
        if letters in _CHANGES:
            try:
                value = int(asked.data.decode(), 16)
            except ValueError:
                return _say(UNKNOWN)
            if value > 0xFF or (letters == SET_REGION and value not in REGULATIONS):
                return _say(UNKNOWN)
            self._settings[_CHANGES[letters]] = value
        return _say(f"{SETTING}{self._settings[_CHANGES.get(letters, letters)]:02X}")

    def _chosen(self) -> list[EmulatedTag]:
        return self.tags.tags() if self._mask is None else self.tags.find(*self._mask)

    def _round(self, letters: str) -> list[Sent]:
        tags = self._chosen()
        self.busy_ms = max(20, 5 * len(tags))
        if letters == ONE:
            tags = tags[:1]
        sent = []
        for tag in tags:
            text = (tag.pc + tag.epc + tag.crc.to_bytes(2, "big")).hex().upper()
            sent.append(Sent(Frame(letters + text, is_answer=True).encode(), "tag", tag.epc))
        return sent if letters == ONE and sent else [*sent, _say(letters)]

    def _access(self, letters: str, asked: Command) -> Sent:
        """Answer for the first tag that hears; the choice and the password hold for one access."""
        tags, password = self._chosen(), self._password
        self._mask, self._password = None, 0
        if not tags:
            return _say(letters)
        try:
            said = self._touch(tags[0], letters, asked, password)
        except (KeyError, ValueError):
            return _say(UNKNOWN)
        self.tags.settle()
        return _say(letters + said)

    def _touch(self, tag: EmulatedTag, letters: str, asked: Command, password: int) -> str:
        fields = asked.fields
        if letters == READ:
            bank, at, words = (_number(asked, key) for key in ("bank", "word_addr", "words"))
            held = tag.read(bank, at, words)
            return held.hex().upper() if held is not None else _REFUSALS["overrun"]
        if letters == WRITE:
            data = bytes.fromhex(str(fields["data"]))
            if len(data) != 2 * _number(asked, "words"):
                return _OTHER
            bank, at = _number(asked, "bank"), _number(asked, "word_addr")
            outcome = tag.write(bank, at, data, password)
        elif letters == LOCK:
            mask, action = int(str(fields["mask"]), 16), int(str(fields["action"]), 16)
            outcome = tag.lock(mask, action, password)
        else:
            outcome = tag.kill(int(str(fields["password"]), 16))
        return _REFUSALS.get(outcome, DONE)


def _number(asked: Command, key: str) -> int:
    return int(str(asked.fields[key]))


def _say(text: str) -> Sent:
    return Sent(Frame(text, is_answer=True).encode())
