"""Lines of an Alien reader, and the commands of its host."""

from __future__ import annotations

import re

from readers.codec import Codec
from readers.reads import Command, Item, Noise, Reply, TagRead

LINE_SIZE_MAX = 2048
POLL_MS = 100
"""So long after its last line the reader is asked for its tags again."""
QUIET_MS = 500
"""So long a login that went astray waits before it begins anew."""
USER, PASSWORD = "alien", "password"  # what the maker prints in every manual
NO_TAGS = "(No Tags)"

_ASK = b"\x01get TagList\r\n"
_CUSTOM = re.compile(
    rb"(?P<epc>(?:[0-9A-Fa-f]{4}){1,31});(?P<first>\d{1,15});(?P<last>\d{1,15})"
    rb";(?P<antenna>\d{1,2});(?P<rssi>-?\d{1,3}(?:\.\d{1,3})?);(?P<count>\d{1,9})$"
)
_TEXT = re.compile(
    rb"Tag:(?P<epc>[0-9A-Fa-f][0-9A-Fa-f ]{3,160}), Disc:(?P<first>[0-9/:. ]{8,30})"
    rb", Last:(?P<last>[0-9/:. ]{8,30}), Count:(?P<count>\d{1,9}), Ant:(?P<antenna>\d{1,2})"
    rb"(?:, Proto:\d{1,2})?$"
)
_VALUE = re.compile(r"([A-Za-z][A-Za-z0-9]{1,40})(?: (\d{1,2}))? ?= ?(.*)$")
_ERROR = re.compile(r"Error (\d{1,4}): ?(.*)$")
_HEADER = re.compile(r"#([A-Za-z][A-Za-z0-9 ]{1,60})(?:: ?(.*))?$")
_COMMAND = re.compile(
    rb"\x01?(?:(?i:get) (?P<got>[A-Za-z]\w{1,40}(?: \d{1,2})?)"
    rb"|(?P<asked>[A-Za-z]\w{1,40}(?: \d{1,2})?) ?\?"
    rb"|(?:(?i:set) )?(?P<set>[A-Za-z]\w{1,40}(?: \d{1,2})?) ?= ?(?P<value>[ -~]*)"
    rb"|(?P<done>[A-Za-z]\w{0,40}))$"
)
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_PRINTABLE = re.compile(rb"[ -~]+$")
# They wait for a person, so no line ending follows them.
_PROMPTS = (b"Alien>", b"Username>", b"Password>")
_ENDING = re.compile(rb"\r?\n|\x00")


def command_code(name: str) -> int:
    """Return the number of a command: its name in lower case as bytes.

    >>> hex(command_code("ID"))
    '0x6964'
    """
    return int.from_bytes(name.lower().encode("ascii"), "big")


class AlienCodec(Codec):
    """The host's side: asks for the tag list, logs in where it must."""

    silent_ms_max = 10_000

    def __init__(self, *, user: str = USER, password: str = PASSWORD) -> None:
        """Set up polling.

        Args:
            user: Whom a reader on the network lets in.
            password: And with which word.
        """
        self._rest = b""
        self._logins = {
            "Username": f"{user}\r\n".encode(),
            "Password": f"{password}\r\n".encode(),
        }
        self._prompt = ""
        self._is_astray = False

    @property
    def has_pending(self) -> bool:
        """True if a line has begun and not ended."""
        return bool(self._rest)

    @property
    def has_begun(self) -> bool:
        """True inside a line that begins as only such a reader's do."""
        return self._rest.startswith((b"#", b"Tag:"))

    def start(self) -> bytes:
        """Ask for the tags, in the form that the reader is set to."""
        self._prompt, self._is_astray = "", False
        return _ASK

    def on_item(self, item: Item) -> bytes:
        """Log in where the reader asks who is there.

        What was said before the reader asked counts as a user's name, so every answer after it
        would come one question late. After a refusal nothing is answered until the line is quiet.
        """
        kind = item.fields.get("kind") if isinstance(item, Reply) else None
        if kind == "error" and self._prompt:
            self._is_astray = True
        elif kind == "prompt":
            self._prompt = ""
        elif kind == "login":
            assert isinstance(item, Reply)
            self._prompt = item.name
            return b"" if self._is_astray else self._logins[self._prompt]
        return b""

    def receipt(self, item: Item) -> bytes:
        """Log in where the reader asks who is there."""
        return self.on_item(item)

    def keep_going(self, silent_ms: int) -> bytes:
        """Ask for the tags again; a reader that streams them is never that silent."""
        if not self._prompt:
            return _ASK if silent_ms >= POLL_MS else b""
        if silent_ms < QUIET_MS:
            return b""
        self._is_astray = False
        return self._logins[self._prompt]

    def receive(self, data: bytes) -> list[Item]:
        """Return the lines that ended; keep the one that has not."""
        data = self._rest + data
        found: list[Item] = []
        position = 0
        while position < len(data):
            prompt = next((each for each in _PROMPTS if data.startswith(each, position)), b"")
            if prompt:
                found.append(_prompt(prompt))
                position += len(prompt)
                continue
            ending = _ENDING.search(data, position)
            if ending is None:
                break
            # NUL and empty lines part messages and belong to none.
            if ending.start() > position:
                found += self._read(data[position : ending.start()], ending.group())
            position = ending.end()
        self._rest = data[position:]
        while len(self._rest) > LINE_SIZE_MAX:
            found.append(Noise(self._rest[:LINE_SIZE_MAX], "a line without an ending"))
            self._rest = self._rest[LINE_SIZE_MAX:]
        return found

    def flush(self) -> list[Item]:
        """Refuse half a line."""
        rest, self._rest = self._rest, b""
        return [Noise(rest, "a line without an ending")] if rest.strip(b"\r") else []

    def _read(self, line: bytes, ending: bytes) -> list[Item]:
        """Read one line; what stands before a tag line is noise."""
        for form in (_CUSTOM, _TEXT):
            if match := form.search(line):
                at = match.start()
                # An EPC has whole words; a digit too many in front would make another tag of it.
                if form is _CUSTOM and at and line[at - 1] in _HEX_DIGITS:
                    break
                read = _tag(match, line[at:] + ending)
                if isinstance(read, str):
                    return [Noise(line + ending, read)]
                return [Noise(line[:at], "no line begins here"), read] if at else [read]
        if not _PRINTABLE.match(line):
            return [Noise(line + ending, "a line that is no text")]
        return [_line(line.decode("ascii"), line + ending)]


def _tag(match: re.Match[bytes], frame: bytes) -> TagRead | str:
    said = match.groupdict()
    digits = said["epc"].replace(b" ", b"")
    if len(digits) % 2:
        return f"an EPC of {len(digits)} digits"
    times: tuple[tuple[str, object], ...]
    rssi = float(said["rssi"]) if "rssi" in said else None
    if rssi is not None:
        times = ("first_ms", int(said["first"])), ("last_ms", int(said["last"]))
    else:
        times = ("first", said["first"].decode()), ("last", said["last"].decode())
    count = int(said["count"])
    return TagRead(
        bytes.fromhex(digits.decode()), int(said["antenna"]), rssi, None, None, None, None, None,
        count, None, frame, (*times, ("count", count)),
    )  # fmt: skip


def _prompt(prompt: bytes) -> Reply:
    name = prompt[:-1].decode()
    kind = "prompt" if name == "Alien" else "login"
    return Reply(0, name, {"kind": kind, "name": name}, None, prompt)


def _line(text: str, frame: bytes) -> Item:
    """Read a line that is no tag."""
    if error := _ERROR.match(text):
        number = int(error.group(1))
        code = f"{number} {error.group(2)}".strip()
        fields: dict[str, object] = {"kind": "error", "code": code, "code_number": number}
        return Reply(0, "error", fields, number, frame)
    if text == NO_TAGS:
        return Reply(command_code("TagList"), "TagList", {"kind": "no tags"}, None, frame)
    if header := _HEADER.match(text):
        fields = {"kind": "header", "name": header.group(1)}
        if header.group(2) is not None:
            fields["value"] = header.group(2)
            fields[header.group(1)] = header.group(2)
        return Reply(0, header.group(1), fields, None, frame)
    if set(text) <= set("* ") or (text.startswith("*") and "Alien" in text):
        return Reply(0, "banner", {"kind": "banner", "text": text.strip("* ")}, None, frame)
    if value := _VALUE.match(text):
        name = value.group(1)
        fields = {"kind": "value", "name": name, "value": value.group(3)}
        if value.group(2) is not None:
            fields["port"] = int(value.group(2))
        return Reply(command_code(name), text, fields, None, frame)
    return Noise(frame, "a line that no such reader sends")


class AlienHostCodec(AlienCodec):
    """The reader's side: hears the host's commands."""

    def _read(self, line: bytes, ending: bytes) -> list[Item]:
        # SOH begins a command anew, whatever was on the line.
        at = max(line.rfind(b"\x01"), 0)
        match = _COMMAND.match(line[at:])
        if match is None or ending == b"\x00":
            return [Noise(line + ending, "no command")]
        junk: list[Item] = [Noise(line[:at], "no command begins here")] if at else []
        said = {key: text.decode() for key, text in match.groupdict().items() if text is not None}
        value = said.pop("value", "")
        [(verb, name)] = said.items()
        action = {"got": "get", "asked": "get", "set": "set", "done": "do"}[verb]
        text = line[at:].lstrip(b"\x01").decode()
        fields: dict[str, object] = {"action": action, "name": name, "value": value}
        data = value.encode()
        return [*junk, Command(command_code(name), text, fields, data, line[at:] + ending)]
