r"""Fonkan FM-50x UHF modules, which speak lines of letters and hex digits.

Checklist: link 38400 8N1; command `LF letters CR`, answer `LF letters CR LF`; `V` version, `S`
number of the reader, `Q` one tag, `U` all tags, `R`, `W` memory, `N` settings, `X` no such command.
A tag is PC, EPC and the tag's own CRC-16 in hex: residue 1D0F is the only checksum there is.
Traps: a bare `Q` or `U` means that no tag (more) answers; the answer to every setting is `N` and a
number, so that only the order tells power from region; a setting needs a third of a second before
and after it; there is no RSSI.

>>> [read] = FonkanCodec().receive(b"\nQ3000E28011606000020497CB00656A13\r\n")
>>> read.tree()["epc"], read.tree()["crc16"]
('e28011606000020497cb0065', '6a13')

Source: PROTOCOLS.md section 11; codes of regions from a driver of the same modules.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.fonkan_ascii.codec import FonkanCodec, FonkanHostCodec
from readers.protocols.fonkan_ascii.controls import FonkanControls
from readers.protocols.fonkan_ascii.emulator import FonkanEmulator
from readers.protocols.fonkan_ascii.inquiry import FONKAN_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="fonkan_ascii",
    title="Fonkan FM-50x UHF module (text lines)",
    bauds=(38400,),
    codec=FonkanCodec,
    host_codec=FonkanHostCodec,
    emulator=FonkanEmulator,
    reads="tags",
    inquiry=FONKAN_INQUIRY,
    short="Fonkan FM-50x",
    controls=FonkanControls,
)
