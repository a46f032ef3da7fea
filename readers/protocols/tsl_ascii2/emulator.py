"""A TSL hand-held reader played: it answers in lines, and speaks up when its trigger is pulled."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Population
from readers.protocols.tsl_ascii2.codec import COMMANDS, Frame, TslHostCodec, options_of
from readers.reads import Command

_ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    ".vr": (
        ("MF", "TSL"), ("US", "1128-EU-000123"), ("PV", "2.5"), ("UF", "1.6.0"), ("UB", "1.1.0"),
        ("RS", "000456"), ("RF", "2.1.0"), ("AS", "000789"), ("BA", "00:11:22:33:44:55"),
    ),
    ".bl": (("BP", "85%"), ("CH", "Off")),
    ".da": (("DA", "2026-01-05"),),
    ".tm": (("TM", "08:00:00"),),
}  # fmt: skip
POWERS_DBM = (10, 29)
_INVENTORY = {"al": "on", "e": "off", "fs": "off", "io": "on", "o": "29", "ql": "all",
              "qs": "s1", "qt": "a", "sa": "4", "sb": "epc", "sd": "", "sl": "00", "so": "0020",
              "st": "s1"}  # fmt: skip
"""Options of the inventory as the reader leaves the factory; they stay as they were last said."""
_PASSWORD_ERROR = "004"  # noqa: S105  # a code, no password
_ACCESS_FAILED = "ER: 008"
_BANKS = {"res": 0, "epc": 1, "tid": 2, "usr": 3}
_FAILURES = {"overrun": ("EB", "003"), "locked": ("EB", "004"), "password": ("EA", _PASSWORD_ERROR)}
"""`EA` is what the reader has against it, `EB` what the tag has: an error code of Gen2."""
_NO_TAG, _NO_BARCODE, _SYNTAX = "ER: 005", "ER: 006", "ER: 001"


class TslEmulator(Emulator):
    """A sled: reads what is near when it is told to or its trigger is pulled."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.tags = Population(self.field)
        self.alert_is_on = True
        self.beeps = 0
        self._kept = dict(_INVENTORY)
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
        return self._inventory({})

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Return one barcode as the trigger's second position sends it."""
        return Sent(Frame(".bc", (("BC", text),)).encode(), "scan", None, text)

    def _do(self, asked: Command) -> list[Sent]:
        word = "." + asked.command.to_bytes(2, "big").decode()
        options = asked.data.decode()
        said = options_of(options)
        power = said.get("o", "29")
        if not power.isdigit() or not POWERS_DBM[0] <= int(power) <= POWERS_DBM[1]:
            return [Sent(Frame(word, (), _SYNTAX).encode())]
        if word == ".iv":
            return self._inventory(said)
        if word in (".rd", ".wr", ".lo", ".ki"):
            return [self._access(word, said)]
        if word == ".bc":
            return [Sent(Frame(word, (), _NO_BARCODE).encode())]
        if word == ".al":
            self._alert(said)
        end = "OK:" if word in COMMANDS else _SYNTAX
        return [Sent(Frame(word, _ANSWERS.get(word, ()), end).encode())]

    def _alert(self, said: dict[str, str]) -> None:
        if "b" in said:
            self.alert_is_on = said["b"] != "off"
        elif "off" in said.values():
            self.alert_is_on = False
        if "n" not in said and self.alert_is_on:
            self.beeps += 1

    def _inventory(self, said: dict[str, str]) -> list[Sent]:
        """Keep the options, as the reader does; read the tags that are asked."""
        self.busy_ms = 100
        self._kept |= {name: value for name, value in said.items() if name not in ("n", "p")}
        if "n" in said:  # take no action: settings alone
            told = " ".join(f"-{name} {value}" for name, value in self._kept.items())
            return [Sent(Frame(".iv", (("PR", told),) if "p" in said else ()).encode())]
        tags = self._chosen(self._kept)
        if self._kept.get("fs") == "on" and tags:  # the strongest alone
            tags = [max(tags, key=lambda tag: self.field[tag.epc][1])]
        if not tags:
            return [Sent(Frame(".iv", (), _NO_TAG).encode())]
        lines = tuple(line for tag in tags for line in self._lines(tag))
        if self._kept.get("e") == "on":
            lines = tuple(
                line for tag in tags for line in (("PC", tag.pc.hex().upper()), *self._lines(tag))
            )
        epcs = tuple(tag.epc for tag in tags)
        return [Sent(Frame(".iv", lines).encode(), "tag", epcs=epcs)]

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Return a bit of the first letter: lines have no checksum, a digit may become another."""
        return 0, 7

    def _lines(self, tag: EmulatedTag) -> tuple[tuple[str, str], ...]:
        return ("EP", tag.epc.hex().upper()), ("RI", str(self.field[tag.epc][1]))

    def _access(self, word: str, options: dict[str, str]) -> Sent:
        """Do what is asked with every tag that the selection names; say how the last one went."""
        tags = self._chosen(options)
        if not tags:
            return Sent(Frame(word, (), _NO_TAG).encode())
        lines: list[tuple[str, str]] = []
        end = "OK:"
        for tag in tags:
            lines += self._lines(tag)
            told, failure = self._touch(word, tag, options)
            lines += told
            end = _ACCESS_FAILED if failure else end
        self.tags.settle()
        is_kept = word == ".rd"
        epcs = tuple(tag.epc for tag in tags) if is_kept else ()
        return Sent(
            Frame(word, tuple(lines), end).encode(), "tag" if is_kept else "reply", epcs=epcs
        )

    def _chosen(self, options: dict[str, str]) -> list[EmulatedTag]:
        bits = int(options.get("sl", "0"), 16)
        if not bits or options.get("io", "on") == "on":
            return self.tags.tags()
        mask = bytes.fromhex(options.get("sd", ""))
        return self.tags.find(_BANKS[options["sb"]], int(options.get("so", "0"), 16), bits, mask)

    def _touch(
        self, word: str, tag: EmulatedTag, options: dict[str, str]
    ) -> tuple[list[tuple[str, str]], bool]:
        """Read, write, lock or kill one tag; return what is told and whether it failed."""
        password = int(options.get("ap", "0"), 16)
        bank, at = _BANKS[options.get("db", "usr")], int(options.get("do", "0"), 16)
        if not tag.knows(password):
            return [("EA", _PASSWORD_ERROR)], True
        if word == ".rd":
            held = tag.read(bank, at, int(options.get("dl", "4"), 16))
            return ([("RD", held.hex().upper())], False) if held else ([("EB", "003")], True)
        if word == ".wr":
            data = bytes.fromhex(options.get("da", ""))
            outcome = tag.write(bank, at, data, password)
            written = [("WW", str(len(data) // 2))]
            return (written, False) if outcome == "ok" else ([_FAILURES[outcome]], True)
        if word == ".lo":
            payload = int(options.get("lp", "0"), 16)
            outcome = tag.lock(payload >> 10, payload & 0x3FF, password)
        else:
            outcome = tag.kill(int(options.get("kp", "0"), 16))
        done = [("LS" if word == ".lo" else "KS", "")] if outcome == "ok" else [_FAILURES[outcome]]
        return done, outcome != "ok"
