"""An Alien reader played: settings by name, a tag list, a login on the network."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Outcome, Population
from readers.protocols.alien_ascii.codec import NO_TAGS, PASSWORD, USER, AlienHostCodec
from readers.reads import Command

_SETTINGS = {
    "ReaderName": "Alien RFID Reader",
    "ReaderType": "Alien RFID Tag Reader, Model: ALR-9900 (Four Antenna, Gen 2, 902-928 MHz)",
    "ReaderVersion": "Ent. SW Rev: 08.12.14, Country Code: 02, Firmware Rev: 3.2.10",
    "AcqG2AccessPwd": "00 00 00 00",
    "AcqG2Mask": "00",
    "AcqG2Q": "3",
    "AcqG2Session": "1",
    "AntennaSequence": "0",
    "BlinkLED": "0 0 0 0",
    "ExternalInput": "0",
    "ExternalOutput": "0",
    "PersistTime": "-1",
    "RFLevel": "316",
    "RFModulation": "STD",
    "TagListFormat": "Custom",
    "TagListMillis": "ON",
}
_LOCKS = {"killpwd": 8, "accesspwd": 6, "epc": 4, "user": 0}
"""What LockX and UnlockX name → its two bits of the lock command."""
_BY_PASSWORD = 0b10
_REFUSALS: dict[Outcome, str] = {
    "overrun": "Error 135: Memory overrun.",
    "locked": "Error 136: Memory locked.",
    "password": "Error 137: Access denied.",
}
_NO_TAG = "Error 134: No tag found."
_CLOCK_MS = 1_518_371_341_633
_TIME = "2018/02/11 17:49:01.633"


class AlienEmulator(Emulator):
    """A fixed reader: answers what it is asked; a round lasts as long as its tag list."""

    def __init__(self, *, asks_who: bool = False) -> None:
        """Switch the reader on with an empty field.

        Args:
            asks_who: Let in only who gives the maker's user and password, as on the network.
        """
        super().__init__()
        self._asks_who = asks_who
        self._host = AlienHostCodec()
        self._settings = dict(_SETTINGS)
        self._wanted: list[str] = []
        self._said = b""
        self.counts: dict[bytes, int] = {}
        self.tags = Population(self.field)

    def input(self, pin: int, *, is_high: bool) -> None:
        """Change an input, such as a photo-eye; the host learns of it when it asks."""
        held = int(self._settings["ExternalInput"]) & ~(1 << (pin - 1))
        self._settings["ExternalInput"] = str(held | is_high << (pin - 1))

    @property
    def output_bits(self) -> int:
        """Levels of the outputs, the first in the lowest bit."""
        return int(self._settings["ExternalOutput"])

    def connect(self) -> list[Sent]:
        """Greet a host, and ask who it is."""
        if not self._asks_who:
            return []
        self._wanted = [USER, PASSWORD]
        stars = b"*" * 30 + b"\r\n"
        return [Sent(stars + b"* Alien Technology : RFID Reader *\r\n" + stars + b"\r\nUsername>")]

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command; nobody is answered who has not said who he is."""
        self.busy_ms = 0
        if self._wanted:
            return self._let_in(data)
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def _let_in(self, data: bytes) -> list[Sent]:
        self._said = (self._said + data)[-1024:]
        sent: list[Sent] = []
        while self._wanted and b"\n" in self._said:
            line, _, self._said = self._said.partition(b"\n")
            if line.strip() != self._wanted[0].encode():
                self._wanted = [USER, PASSWORD]
                sent.append(Sent(b"\r\nError 101: Invalid user or password.\r\n\r\nUsername>"))
                continue
            self._wanted.pop(0)
            sent.append(Sent(b"\r\nPassword>" if self._wanted else b"\r\nAlien>"))
        return sent

    def _do(self, asked: Command) -> list[Sent]:
        action, value = asked.fields["action"], str(asked.fields["value"])
        name = next(
            (each for each in self._settings if each.lower() == str(asked.fields["name"]).lower()),
            str(asked.fields["name"]),
        )
        is_bare = asked.frame[:1] == b"\x01"
        if name.lower() in ("taglist", "t") and action != "set":
            self.busy_ms = 50
            return [*self._tags(), *self._say("", is_bare)]
        if (done := self._access(name.lower(), value)) is not None:
            self.busy_ms = 30
            return self._say(
                f"{done if done.startswith('Error') else f'{name} = {done}'}\r\n", is_bare
            )
        if name not in self._settings or (action == "set" and name == "ExternalInput"):
            return self._say("Error 2: Command not understood.\r\n", is_bare)
        if action == "set":
            if name == "RFLevel" and not (value.isdigit() and 150 <= int(value) <= 316):
                return self._say("Error 10: Value out of range.\r\n", is_bare)
            self._settings[name] = value
        return self._say(f"{name} = {self._settings[name]}\r\n", is_bare)

    def _say(self, text: str, is_bare: bool) -> list[Sent]:
        return [Sent(text.encode() + b"\x00" + (b"" if is_bare else b"\r\nAlien>"))]

    def _access(self, name: str, value: str) -> str | None:
        """Read, write or lock the first tag behind the mask; None: it is no such command."""
        what = name.removeprefix("un").removeprefix("lock")
        if name not in ("g2read", "g2write") and (what == name or what not in _LOCKS):
            return None
        tags = self._chosen()
        if not tags:
            return _NO_TAG
        tag, words = tags[0], value.replace(",", " ").split()
        if name in ("g2read", "g2write"):
            return self._memory(name, tag, words)
        shift = _LOCKS[what]
        action = 0 if name.startswith("un") else _BY_PASSWORD << shift
        return self._done(tag.lock(0b11 << shift, action, int("".join(words) or "0", 16)))

    def _memory(self, name: str, tag: EmulatedTag, words: list[str]) -> str:
        password = int(self._settings["AcqG2AccessPwd"].replace(" ", ""), 16)
        bank, at = int(words[0]), int(words[1])
        if name == "g2write":
            return self._done(tag.write(bank, at, bytes.fromhex("".join(words[2:])), password))
        if not tag.knows(password):
            return _REFUSALS["password"]
        held = tag.read(bank, at, int(words[2]))
        return held.hex(" ").upper() if held is not None else _REFUSALS["overrun"]

    def _done(self, outcome: Outcome) -> str:
        self.tags.settle()
        return _REFUSALS.get(outcome, "Success!")

    def _chosen(self) -> list[EmulatedTag]:
        words = self._settings["AcqG2Mask"].replace(",", " ").split()
        if len(words) < 4:
            return self.tags.tags()
        bank, at, bits = (int(word) for word in words[:3])
        return self.tags.find(bank, at, bits, bytes.fromhex("".join(words[3:])))

    def _tags(self) -> list[Sent]:
        tags = self._chosen()
        if not tags:
            return [Sent(f"{NO_TAGS}\r\n".encode())]
        return [Sent(self._line(tag.epc), "tag", tag.epc) for tag in tags]

    def _line(self, epc: bytes) -> bytes:
        antenna, dbm = self.field[epc]
        count = self.counts[epc] = self.counts.get(epc, 0) + 1
        digits = epc.hex().upper()
        if self._settings["TagListFormat"].lower() == "custom":
            last = _CLOCK_MS + 50 * count
            return f"{digits};{_CLOCK_MS};{last};{antenna};{dbm};{count}\r\n".encode()
        words = " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
        return (
            f"Tag:{words}, Disc:{_TIME}, Last:{_TIME}, Count:{count}, Ant:{antenna}, Proto:2\r\n"
        ).encode()

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Return a bit of the first letter: lines have no checksum, a digit may become another."""
        return 0, 7
