"""Answers of a TSL reader, line by line, and the commands of its host."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field

from readers.codec import Codec
from readers.reads import Command, Item, Noise, Reply, Scan, TagRead

LINE_SIZE_MAX = 1024
ANSWER_SIZE_MAX = 1 << 18
"""Bytes of one answer: some five thousand tags."""
STALE_MS = 5000
"""An answer without its end after this long has lost it; Bluetooth pauses for less."""
AGAIN_MS = 2000
"""After this long without an answer the inventory is asked for again."""

COMMANDS = {
    ".ab": "abort", ".al": "alert", ".ba": "barcode alert", ".bc": "barcode", ".bl": "battery",
    ".bt": "Bluetooth", ".da": "date", ".fd": "factory defaults", ".iv": "inventory",
    ".ki": "kill", ".lo": "lock", ".pd": "power down", ".rd": "read", ".ro": "read log",
    ".sa": "switch action", ".sl": "sleep", ".sp": "switch press", ".tm": "time",
    ".vr": "version", ".wr": "write",
}  # fmt: skip
ERRORS = {1: "syntax error", 5: "no transponder found", 6: "no barcode found"}
"""Numbers behind `ER:` whose meaning is known."""
ACCESS_FAILURES = {
    ("EA", 3): "the tag does not answer", ("EA", 4): "wrong password",
    ("EA", 5): "the kill password is zero", ("EA", 6): "the tag left",
    ("EB", 0): "error of the tag", ("EB", 3): "there is no such memory",
    ("EB", 4): "the memory is locked", ("EB", 11): "too little power",
    ("EB", 15): "error of the tag without a reason",
}  # fmt: skip
"""What the reader (EA) or the tag (EB, codes of Gen2) has against an access; EA at second hand."""
_NAMES = {
    "AS": "antenna_serial", "BA": "bluetooth_address", "BP": "battery", "CH": "charging",
    "DA": "date", "DT": "date_time", "ME": "message", "MF": "manufacturer", "PR": "parameters",
    "PV": "protocol_version", "RF": "radio_firmware", "RS": "radio_serial", "TM": "time",
    "UB": "bootloader", "UF": "firmware", "US": "serial",
}  # fmt: skip
_LEADERS = frozenset({"EP", "IX", "PC", "CR", "DT"})
_OF_A_TAG = frozenset({"EP", "IX", "PC", "CR", "RI", "RD"})
_LINE = re.compile(rb"([A-Z]{2}):(?: ?([ -~]*))$")
_BEGINNING = re.compile(rb"CS: ?\.[a-z]{2}[ -~]*$")
_COMMAND = re.compile(rb"(\.[a-z]{2})((?: [ -~]*)?)$")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*$")


def command_code(word: str) -> int:
    """Return the number of a command: its two letters as bytes.

    >>> hex(command_code(".iv"))
    '0x6976'
    """
    return int.from_bytes(word[1:].encode("ascii"), "big")


def command_name(word: str) -> str:
    """Return a command with its meaning."""
    return f"{word} {COMMANDS[word]}" if word in COMMANDS else word


def options_of(text: str) -> dict[str, str]:
    """Return the options of a command or of a list of parameters; one without a value has none.

    >>> options_of("-db epc -dl 06 -n")
    {'db': 'epc', 'dl': '06', 'n': ''}
    """
    found: dict[str, str] = {}
    name = ""
    for word in text.split():
        if word.startswith("-"):
            name = word[1:]
            found[name] = ""
        elif name:
            found[name] = word
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer, or (`lines` empty) one command."""

    command: str
    lines: tuple[tuple[str, str], ...] = ()
    end: str = "OK:"

    def encode(self) -> bytes:
        """Return the answer's bytes on the wire."""
        lines = [f"CS: {self.command}", *(f"{name}: {text}" for name, text in self.lines)]
        return ("\r\n".join([*lines, self.end]) + "\r\n\r\n").encode("ascii")


@dataclass(slots=True)
class _Answer:
    """An answer in the making."""

    command: str
    raw: bytearray
    lines: list[tuple[str, str]] = field(default_factory=list)
    end: str | None = None


class _Lines(Codec):
    """Lines that end with CR LF; a bare LF will do."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self._rest = b""

    def receive(self, data: bytes) -> list[Item]:
        """Return what is complete in the bytes so far; keep the rest for the next call."""
        found: list[Item] = []
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line + b"\n", found)
        while len(self._rest) > LINE_SIZE_MAX:
            found.append(Noise(self._rest[:LINE_SIZE_MAX], "a line without an ending"))
            self._rest = self._rest[LINE_SIZE_MAX:]
        return found

    def flush(self) -> list[Item]:
        """Return what is left when no more bytes will come."""
        rest, self._rest = self._rest, b""
        return [Noise(rest, "a line without an ending")] if rest else []

    @property
    def has_pending(self) -> bool:
        """True if a line has begun and not ended."""
        return bool(self._rest)

    @abstractmethod
    def _take(self, line: bytes, found: list[Item]) -> None:
        """Take one line without its ending; add to `found` what it closes."""


class TslCodec(_Lines):
    """The host's side: asks for one inventory after the other."""

    silent_ms_max = 10_000

    def __init__(self) -> None:
        """Begin with nothing pending."""
        super().__init__()
        self._answer: _Answer | None = None

    @property
    def has_pending(self) -> bool:
        """True if a line or an answer has begun and not ended."""
        return bool(self._rest) or self._answer is not None

    @property
    def has_begun(self) -> bool:
        """True inside an answer."""
        return self._answer is not None

    def start(self) -> bytes:
        """Ask for an inventory with the reader's own settings."""
        return b".iv\r\n"

    def stop(self) -> bytes:
        """Break off what runs."""
        return b".ab\r\n"

    def on_item(self, item: Item) -> bytes:
        """Ask for the next inventory after the end of one."""
        is_end = isinstance(item, Reply) and item.command == command_code(".iv")
        return self.start() if is_end else b""

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask again a reader that has fallen silent."""
        return self.start() if silent_ms >= AGAIN_MS else b""

    def flush(self) -> list[Item]:
        """Give the tags of an answer whose end did not come; refuse half a line."""
        rest = super().flush()
        return self._close() + rest

    def idle(self, idle_ms: int) -> list[Item]:
        """Give up waiting for an end that was lost."""
        return self.flush() if idle_ms >= STALE_MS else []

    def _take(self, line: bytes, found: list[Item]) -> None:
        text = line.rstrip(b"\r\n")
        answer = self._answer
        if not text:
            if answer is not None and answer.end is not None:
                answer.raw += line
                found += self._close()
            else:
                found.append(Noise(line, "an empty line, expected the end of an answer"))
            return
        match = _LINE.match(text)
        if match is None and (beginning := _BEGINNING.search(text)):
            found.append(Noise(line[: beginning.start()], "no answer begins here"))
            line = line[beginning.start() :]
            match = _LINE.match(beginning.group())
        name = match.group(1).decode() if match else ""
        value = match.group(2).decode() if match else ""
        if name == "CS":
            # An answer whose end was lost, or the empty line behind it.
            found += self._close()
            self._answer = _Answer(value.strip(), bytearray(line))
            return
        if answer is not None and answer.end is not None:
            found += self._close()
            answer = None
        if answer is None:
            found.append(Noise(line, "no answer begins here"))
        elif match is None or not _is_sound(name, value):
            found.append(Noise(line, "a damaged line"))
            answer.lines.append(("", ""))
        else:
            answer.raw += line
            if name in ("OK", "ER"):
                answer.end = name if name == "OK" else value
            else:
                answer.lines.append((name, value))
            if len(answer.raw) > ANSWER_SIZE_MAX:
                found += self._close()

    def _close(self) -> list[Item]:
        """Read the answer so far; only one that ended says so."""
        answer, self._answer = self._answer, None
        if answer is None:
            return []
        frame = bytes(answer.raw)
        tags, others, scans = _sort(answer.lines)
        items: list[Item] = [_tag(tag, frame) for tag in tags if "EP" in tag]
        items += [Scan(text, None, frame) for text in scans]
        if answer.end is None:
            # Its reads are as good as any; where there are none, nothing was understood.
            return items or [Noise(frame, "an answer without its end")]
        fields: dict[str, object] = {
            "kind": COMMANDS.get(answer.command, "answer"),
            "command": answer.command,
            "end": "OK" if answer.end == "OK" else "ER",
            **others,
        }
        error = None
        if answer.end != "OK":
            error = int(answer.end)
            code = f"{answer.end} {ERRORS.get(error, 'unknown code')}"
            fields |= {"kind": "error", "code": code, "code_number": error}
        word = answer.command
        code_number = command_code(word) if _COMMAND.match(word.encode()) else 0
        items.append(Reply(code_number, command_name(word), fields, error, frame))
        return items


def _is_sound(name: str, value: str) -> bool:
    """Tell whether a value is what its two letters promise."""
    if name in ("EP", "PC", "CR", "RD"):
        is_word = name not in ("PC", "CR") or len(value) == 4
        return _HEX.match(value) is not None and len(value) <= 1000 and is_word
    if name in ("RI", "IX", "ER"):
        return (
            re.match(r"-?[0-9A-Fa-f]{1,5}$" if name == "IX" else r"-?\d{1,4}$", value) is not None
        )
    return True


def _sort(
    lines: list[tuple[str, str]],
) -> tuple[list[dict[str, str]], dict[str, object], list[str]]:
    """Part an answer's lines into tags, other values and barcodes.

    The first line about a tag leads: each further one like it begins the next tag. After a damaged
    line nothing is believed until then, lest a tag be given another one's signal.
    """
    tags: list[dict[str, str]] = []
    others: dict[str, object] = {}
    scans: list[str] = []
    leader = ""
    is_trusted = True
    for name, value in lines:
        if not name:
            is_trusted = False
        elif name == "BC":
            scans.append(value)
        elif name in _OF_A_TAG:
            leader = leader or (name if name in _LEADERS else "")
            if name == leader:
                tags.append({name: value})
                is_trusted = True
            elif tags and is_trusted:
                tags[-1].setdefault(name, value)
        else:
            others.setdefault(_NAMES.get(name, name), value)
    return tags, others, scans


def _tag(tag: dict[str, str], frame: bytes) -> TagRead:
    dbm = int(tag["RI"]) if "RI" in tag else None
    more = [("index", tag["IX"])] if "IX" in tag else []
    if "RD" in tag:
        more.append(("data", tag["RD"].lower()))
    return TagRead(
        bytes.fromhex(tag["EP"]), None, None if dbm is None else float(dbm), dbm,
        int(tag["PC"], 16) if "PC" in tag else None, int(tag["CR"], 16) if "CR" in tag else None,
        frame=frame, more=tuple(more),
    )  # fmt: skip


class TslHostCodec(_Lines):
    """The reader's side: hears the host's commands."""

    def _take(self, line: bytes, found: list[Item]) -> None:
        text = line.rstrip(b"\r\n")
        match = _COMMAND.search(text)
        if match is None:
            found.append(Noise(line, "no command"))
            return
        if match.start():
            found.append(Noise(line[: match.start()], "no command begins here"))
        word, options = match.group(1).decode(), match.group(2)
        found.append(
            Command(
                command_code(word), command_name(word), {"options": options.decode().strip()},
                options.strip(), line[match.start() :],
            )
        )  # fmt: skip
