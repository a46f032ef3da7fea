"""A scanner that types played: every character as the presses and releases of its keys."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.protocols.keyboard_lines.codec import (
    GS,
    KEY,
    PRESSED,
    RELEASED,
    SYN,
    Frame,
    choice,
)
from readers.protocols.keyboard_lines.keys import (
    ALT_GR,
    ENTER,
    F8,
    KEYPAD,
    LAYOUTS,
    LEFT_ALT,
    LEFT_SHIFT,
)
from readers.reads import ReaderError

KEY_US = 4000
"""Between two keys of a scanner."""
BEGUN_US = 1_767_225_600_000_000
_DIGIT_KEYS = {char: code for code, char in KEYPAD.items()}


class KeyboardEmulator(Emulator):
    """A scanner, or a radio reader, that types; its events are those of the kernel."""

    def __init__(self, *, layout: str = "us", reads: str = "codes", key_us: int = KEY_US) -> None:
        """Plug the keyboard in.

        Args:
            layout: One of `LAYOUTS`: what the scanner is set to, and its host too.
            reads: One of `READS`: `tags` types each EPC that comes into the field.
            key_us: Time between two keys, µs; a person needs 60,000 and more.
        """
        super().__init__()
        self._layout = LAYOUTS[layout]
        self._chosen = choice(layout, reads)
        self._key_us = key_us
        self._now_us = BEGUN_US
        self._typed: set[bytes] = set()

    def connect(self) -> list[Sent]:
        """Say first what was chosen, as the transport of a real keyboard does."""
        return [Sent(self._chosen.encode())]

    def answer(self, data: bytes) -> list[Sent]:
        """Hear nothing."""
        return []

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Type one barcode and Enter; its text is all that is typed, the AIM id included.

        Raises:
            ReaderError: If a character cannot be typed.
        """
        self._now_us += 1_000_000
        written = (aim or "") + text
        keys = b"".join(self._write(char) for char in written) + self._stroke(ENTER)
        return Sent(keys, "scan", None, written)

    def tick(self) -> list[Sent]:
        """Type each tag that has come into the field, once."""
        self._typed &= set(self.field)
        new = [epc for epc in self.field if epc not in self._typed]
        self._typed |= set(new)
        return [Sent(self.scan(epc.hex().upper()).frame, "tag", epc) for epc in new]

    def _write(self, char: str) -> bytes:
        if char == GS:
            return self._stroke(F8)
        key = self._layout.key_of(char)
        if key is not None:
            code, is_shifted, is_third = key
            return self._stroke(code, *[LEFT_SHIFT] * is_shifted, *[ALT_GR] * is_third)
        return self._write_by_number(char)

    def _write_by_number(self, char: str) -> bytes:
        """Type what no key has: its number on the keypad while Alt is held."""
        if not char.isprintable() or len(char.encode("utf-16-le")) > 2:
            raise ReaderError(f"Cannot type {char!r}: no keyboard has it.")
        number = ord(char)
        if 0x80 <= number <= 0xFF:
            try:
                number = char.encode("cp1252")[0]
            except UnicodeEncodeError as error:
                raise ReaderError(f"Cannot type {char!r}: no keyboard has it.") from error
        digits = b"".join(self._stroke(_DIGIT_KEYS[digit]) for digit in f"0{number}")
        return self._event(LEFT_ALT, PRESSED) + digits + self._event(LEFT_ALT, RELEASED)

    def _stroke(self, code: int, *held: int) -> bytes:
        """Press and release a key while others are held."""
        self._now_us += self._key_us
        order = [(each, PRESSED) for each in (*held, code)]
        order += [(each, RELEASED) for each in (code, *reversed(held))]
        return b"".join(self._event(each, value) for each, value in order)

    def _event(self, code: int, value: int) -> bytes:
        return (
            Frame(self._now_us, KEY, code, value).encode() + Frame(self._now_us, SYN, 0, 0).encode()
        )
