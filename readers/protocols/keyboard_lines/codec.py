"""Key presses of a scanner that types like a keyboard, as the kernel tells them, put into words."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from readers.codec import FramedCodec
from readers.protocols.barcode_lines.codec import AIM_ID
from readers.protocols.keyboard_lines.keys import (
    ALT_GR,
    CAPS_LOCK,
    ENDINGS,
    F8,
    KEYPAD,
    LAYOUTS,
    LEFT_ALT,
    LEFT_CTRL,
    LEFT_SHIFT,
    RIGHT_CTRL,
    RIGHT_SHIFT,
    SPACE,
    Layout,
    compose,
)
from readers.reads import CardRead, Item, Noise, Scan, TagRead

EVENT = struct.Struct("<qqHHi")
"""`struct input_event` of a 64-bit system: seconds, µs, type, code, value; 24 bytes."""
SYN, KEY, MISC, LED, REPEAT, CHOICE = 0x00, 0x01, 0x04, 0x11, 0x14, 0x1F
"""Types of events. The last one is none of the kernel's: what was chosen for this keyboard goes
through the wire as its first event, so that a recording needs no setting to be understood."""
SYN_DROPPED = 3
RELEASED, PRESSED, REPEATED = 0, 1, 2
READS = ("codes", "cards", "cards-hex", "tags")
"""What a keyboard types: barcodes, cards as ten decimal or ten hex digits, EPCs in hex. Their order
is part of recordings."""
TEXT_SIZE_MAX = 8192
QUIET_MS = 100
"""What was typed as fast as a machine types, without an ending, is complete after this."""
STALE_MS = 30_000
"""A person who has begun a line and gone away has not written its beginning for the next one."""
BY_HAND_MS = 50
"""Between two keys; a scanner needs a few, a person 60 and more."""
GS = "\x1d"
_CONTROLS = "\t\n\r\x04\x1c\x1d\x1e\x1f"
"""Of Ctrl with a letter: endings, and what stands inside codes of ISO/IEC 15434 and GS1."""
_SECONDS_MAX = 1 << 34
_CODE_MAX = 0x2FF
_VALUE_MAX = {SYN: 1, KEY: 2, LED: 1, REPEAT: 1 << 16, CHOICE: len(READS) - 1}


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of the kernel."""

    at_us: int
    """µs since 1970, by the clock of this PC."""
    type: int
    code: int
    value: int

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        return EVENT.pack(*divmod(self.at_us, 1_000_000), self.type, self.code, self.value)


def choice(layout: str = "us", reads: str = "codes") -> Frame:
    """Return the event that says what was chosen for a keyboard.

    Raises:
        ValueError: If there is no such layout, or keyboards type no such thing.
    """
    return Frame(0, CHOICE, list(LAYOUTS).index(layout), READS.index(reads))


class KeyboardCodec(FramedCodec):
    """Hears one keyboard."""

    def __init__(self) -> None:
        """Begin with no key pressed, the layout of the United States, and barcodes."""
        super().__init__()
        self._layout: Layout = LAYOUTS["us"]
        self._reads = READS[0]
        self._has_endings = False
        self._let_go()

    def _let_go(self) -> None:
        self._held: set[int] = set()
        self._has_caps = False
        self._begin()

    def _begin(self) -> None:
        """Begin a new line."""
        self._text = ""
        self._dead = ""
        self._alt_digits = ""
        self._frame = b""
        self._first_us = self._last_us = 0
        self._key_count = 0

    # --- events -------------------------------------------------------------------------------

    def _find_head(self, data: bytes, position: int) -> int:
        return position  # Nothing marks an event: what it says must be possible.

    def _take(self, data: bytes, position: int) -> tuple[int, Item | list[Item] | str]:
        end = position + EVENT.size
        if end > len(data):
            return 0, "half an event of a keyboard"
        seconds, micros, kind, code, value = EVENT.unpack_from(data, position)
        is_event = (
            0 <= seconds < _SECONDS_MAX
            and 0 <= micros < 1_000_000
            and code <= _CODE_MAX
            and (kind == MISC or 0 <= value <= _VALUE_MAX.get(kind, -1))
            and (kind != CHOICE or code < len(LAYOUTS))
        )
        if not is_event:
            return -1, "no event of a keyboard"
        event = Frame(seconds * 1_000_000 + micros, kind, code, value)
        if kind == CHOICE:
            self._layout, self._reads = list(LAYOUTS.values())[code], READS[value]
            self._let_go()
            self._frame = data[position:end]
            return end, []
        if self._frame or kind == KEY:
            self._frame += data[position:end]
        return end, self._hear(event)

    def _hear(self, event: Frame) -> list[Item]:
        if event.type == SYN and event.code == SYN_DROPPED:
            return self._refuse("the system lost keys")
        if event.type != KEY or event.value == REPEATED:
            # A PC that is held up repeats a key by itself: no scanner means that.
            return []
        found = self._press(event) if event.value == PRESSED else self._release(event)
        if not self._text and not self._dead and not self._held:
            self._frame = b""
        if len(self._text) > TEXT_SIZE_MAX:
            return self._refuse(f"{TEXT_SIZE_MAX} keys without an ending")
        return found

    def _press(self, event: Frame) -> list[Item]:
        code = event.code
        self._held.add(code)
        if code == CAPS_LOCK:
            self._has_caps = not self._has_caps
        if code in ENDINGS:
            self._has_endings = True
            return self._end()
        if LEFT_ALT in self._held and code in KEYPAD and KEYPAD[code].isdigit():
            self._alt_digits += KEYPAD[code]
            return []
        if written := self._written(code):
            self._write(written, event.at_us)
            if written in ("\r", "\n", "\t"):
                self._text = self._text[:-1]
                return self._end()
        return []

    def _release(self, event: Frame) -> list[Item]:
        self._held.discard(event.code)
        if event.code == LEFT_ALT and self._alt_digits:
            digits, self._alt_digits = self._alt_digits, ""
            self._write(_of_alt_code(digits), event.at_us)
        return []

    def _written(self, code: int) -> str:
        """Return what a key writes now; empty if it writes nothing."""
        if code == F8:
            return GS
        if code in KEYPAD:
            return KEYPAD[code]
        is_third = ALT_GR in self._held
        is_shifted = bool(self._held & {LEFT_SHIFT, RIGHT_SHIFT})
        if self._held & {LEFT_CTRL, RIGHT_CTRL} and not is_third:
            # Control characters lie where a keyboard of the United States has them.
            char = LAYOUTS["us"].character(code, is_shifted=False, is_third=False).upper()
            control = chr(ord(char) & 0x1F) if "@" <= char <= "_" else ""
            return control if control in _CONTROLS else ""
        if self._has_caps and self._layout.is_letter(code):
            is_shifted = not is_shifted
        char = self._layout.character(code, is_shifted=is_shifted, is_third=is_third)
        if self._dead:
            dead, self._dead = self._dead, ""
            return compose(dead, char) if char else dead
        if char and char in self._layout.dead and not is_third and code != SPACE:
            self._dead = char
            return ""
        return char

    def _write(self, written: str, at_us: int) -> None:
        if not self._key_count:
            self._first_us = at_us
        self._key_count += 1
        self._last_us = at_us
        self._text += written

    # --- lines --------------------------------------------------------------------------------

    @property
    def _gap_ms(self) -> float:
        """Mean time between two keys; 0 for a single one."""
        return (self._last_us - self._first_us) / 1000 / max(1, self._key_count - 1)

    def _end(self) -> list[Item]:
        """Return what was typed."""
        text, frame, gap_ms = self._text + self._dead, self._frame, self._gap_ms
        self._begin()
        if not text:
            return []
        aim = AIM_ID.match(text)
        symbology = aim.group() if aim else None
        if text == symbology:
            return [Noise(frame, "an AIM id without data")]
        if (read := _read(text, frame, self._reads)) is not None:
            return [read]
        more: tuple[tuple[str, object], ...] = (("by_hand", True),) if gap_ms > BY_HAND_MS else ()
        return [Scan(text[len(symbology or "") :], symbology, frame, more)]

    def _refuse(self, reason: str) -> list[Item]:
        frame = self._frame
        self._let_go()
        return [Noise(frame, reason)] if frame else []

    @property
    def has_pending(self) -> bool:
        """True if a line has begun and not ended."""
        return bool(self._text or self._rest)

    def idle(self, idle_ms: int) -> list[Item]:
        """End a line by silence, where the scanner sends no ending; never a person's line."""
        is_fast = self._key_count > 1 and self._gap_ms <= BY_HAND_MS
        if is_fast and idle_ms >= QUIET_MS and not self._has_endings:
            return self._end()
        if self._text and idle_ms >= STALE_MS:
            return self._refuse("a line whose ending never came")
        return super().idle(idle_ms)

    def flush(self) -> list[Item]:
        """Return what is left when no more keys will come."""
        return super().flush() + self._end()

    def cut(self) -> list[Item]:
        """Refuse half a line: nothing in it tells that its other half is missing."""
        rest = self._frame if self._text else b""
        rest, self._rest = rest + self._rest, b""
        self._let_go()
        return [Noise(rest, "the keyboard went away inside a line")] if rest else []


def _of_alt_code(digits: str) -> str:
    """Return the character of a number typed on the keypad while Alt is held, as Windows has it.

    >>> _of_alt_code("029") == _of_alt_code("29") == GS, _of_alt_code("0252"), _of_alt_code("129")
    (True, 'ü', 'ü')
    """
    number = int(digits[:7])
    if number < 0x80 or number > 0xFF:
        return chr(number) if number < 0xD800 else "\ufffd"
    page = "cp1252" if digits.startswith("0") else "cp437"
    return bytes((number,)).decode(page, "replace")


def _read(text: str, frame: bytes, reads: str) -> CardRead | TagRead | None:
    """Return the card or tag that was typed; None if it is none, or barcodes are typed here."""
    if reads == "cards" and re.fullmatch(r"[0-9]{1,10}", text) and int(text) < 1 << 32:
        number = int(text).to_bytes(5, "big")
        return CardRead(number, number.hex().upper(), frame)
    if reads == "cards-hex" and re.fullmatch(r"[0-9A-Fa-f]{8}|[0-9A-Fa-f]{10}", text):
        return CardRead(bytes.fromhex(text.zfill(10)), text.zfill(10), frame)
    if reads == "tags" and re.fullmatch(r"(?:[0-9A-Fa-f]{4}){1,31}", text):
        return TagRead(bytes.fromhex(text), None, None, None, frame=frame)
    return None
