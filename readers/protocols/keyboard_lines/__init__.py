r"""Scanners and card readers that type like a keyboard, at a station without a screen.

Checklist: the kernel tells each press and release of a key as 24 bytes (`struct input_event`:
time, type, code, value), never half of one; a keyboard belongs to one program only after it was
grabbed, else what is scanned goes into whatever window is open, too. A scanner types places, not
characters: the layout is the one that the scanner is set to, whatever the PC's own. Shift, caps
lock, AltGr, dead keys, the keypad and Alt with a number on it; F8, Ctrl + ] or Alt 029 is the group
separator. A line ends with Enter, Tab, Enter of the keypad, or 100 ms of silence after keys that
came as fast as a machine types. Traps: a key that the PC repeats by itself; the keypad has keys of
its own; keys that the system lost (SYN_DROPPED) cost their line.

>>> from readers.protocols.keyboard_lines.emulator import KeyboardEmulator
>>> [scan] = KeyboardCodec().receive(KeyboardEmulator().scan("0109501101530003", "]C1").frame)
>>> scan.symbology, scan.text
(']C1', '0109501101530003')

Source: PROTOCOLS.md section 13 (evdev); Linux `Documentation/input/input.rst`, `input-event-codes`.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.keyboard_lines.codec import KeyboardCodec
from readers.protocols.keyboard_lines.emulator import KeyboardEmulator

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="keyboard_lines",
    title="Scanner or card reader that types like a keyboard (Linux)",
    bauds=(),
    codec=KeyboardCodec,
    host_codec=None,
    emulator=KeyboardEmulator,
    reads="barcodes",
    short="keyboard scanner",
)
