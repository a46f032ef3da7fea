"""A TSL hand-held reader played: it answers in lines, and speaks up when its trigger is pulled."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.protocols.tsl_ascii2.codec import COMMANDS, Frame, TslHostCodec
from readers.reads import Command
from readers.tag_memory import EmulatedTag, Population

_ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    ".vr": (
        ("MF", "TSL"), ("US", "1128-EU-000123"), ("PV", "2.5"), ("UF", "1.6.0"), ("UB", "1.1.0"),
        ("RS", "000456"), ("RF", "2.1.0"), ("AS", "000789"), ("BA", "00:11:22:33:44:55"),
    ),
    ".bl": (("BP", "85%"), ("CH", "Off")),
    ".da": (("DA", "2026-01-05"),),
    ".tm": (("TM", "08:00:00"),),
}  # fmt: skip
_NO_TAG, _NO_BARCODE, _SYNTAX = "ER: 005", "ER: 006", "ER: 001"


class TslEmulator(Emulator):
    """A sled: reads what is near when it is told to or its trigger is pulled."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.tags = Population(self.field)
        self.alert_is_on = True
        self._host = TslHostCodec()

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every command."""
        self.busy_ms = 0
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                sent += self._do(item)
        return sent

    def pull_trigger(self) -> list[Sent]:
        """Send what a pull of the trigger reads: an inventory that no host asked for."""
        return self._inventory("")

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Return one barcode as the trigger's second position sends it."""
        return Sent(Frame(".bc", (("BC", text),)).encode(), "scan", None, text)

    def _do(self, asked: Command) -> list[Sent]:
        word = "." + asked.command.to_bytes(2, "big").decode()
        options = asked.data.decode()
        if word == ".iv":
            return self._inventory(options)
        if word == ".rd":
            return [self._read(options)]
        if word == ".bc":
            return [Sent(Frame(word, (), _NO_BARCODE).encode())]
        if word == ".al" and options:
            self.alert_is_on = "off" not in options
        end = "OK:" if word in COMMANDS else _SYNTAX
        return [Sent(Frame(word, _ANSWERS.get(word, ()), end).encode())]

    def _inventory(self, options: str) -> list[Sent]:
        self.busy_ms = 100
        tags = self.tags.tags()
        if "-fs on" in options and tags:  # the strongest alone
            tags = [max(tags, key=lambda tag: self.field[tag.epc][1])]
        if "-n" in options.split():  # take no action: settings alone
            return [Sent(Frame(".iv").encode())]
        if not tags:
            return [Sent(Frame(".iv", (), _NO_TAG).encode())]
        lines = tuple(line for tag in tags for line in self._lines(tag))
        epcs = tuple(tag.epc for tag in tags)
        return [Sent(Frame(".iv", lines).encode(), "tag", epcs=epcs)]

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Return a bit of the first letter: lines have no checksum, a digit may become another."""
        return 0, 7

    def _lines(self, tag: EmulatedTag) -> tuple[tuple[str, str], ...]:
        return ("EP", tag.epc.hex().upper()), ("RI", str(self.field[tag.epc][1]))

    def _read(self, options: str) -> Sent:
        """Read user memory of the first tag; the bank of `-db` if it is given."""
        words = options.split()
        banks = {"epc": 1, "tid": 2, "res": 0, "usr": 3}
        bank = banks.get(words[words.index("-db") + 1], 3) if "-db" in words[:-1] else 3
        for tag in self.tags.tags():
            held = tag.read(bank, 0, 4)
            if held is not None:
                lines = (*self._lines(tag), ("RD", held.hex().upper()))
                return Sent(Frame(".rd", lines).encode(), "tag", tag.epc)
        return Sent(Frame(".rd", (), _NO_TAG).encode())
