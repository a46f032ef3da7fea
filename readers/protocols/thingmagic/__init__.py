"""ThingMagic M5e, M6e, Micro, Nano and M7e modules (Novanta, Jadak), and Silion modules.

Checklist: link 115200 8N1 (M6e: 9600 to 921600), TCP 8080 on Silion boxes; command
`FF LEN OP DATA CRC`, answer `FF LEN OP STATUS(2) DATA CRC`, LEN counts DATA alone; the CRC shifts
nibbles in at the low end, so it is not CRC-16/CCITT-FALSE although the makers call it CCITT; FF
occurs everywhere in frames; after power-up a module sits in its bootloader and refuses tag commands
until 04; while it reads it hears nothing but the stop; it says 22 with status 0400 once a second,
three missed are a stall; a record may come without an EPC; Silion modules refuse 2F and read by AA.

>>> [read] = ThingMagicCodec().receive(bytes.fromhex("ff2822000010001b01ff0101c4110e16400000012700"
...     "000500000f00803000000000000000000000001545e94a561d"))
>>> read.tree()["epc"], read.tree()["rssi_dbm"], read.tree()["frequency_khz"]
('000000000000000000001545', -60.0, 923200)

Source: PROTOCOLS.md section 1.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.thingmagic.codec import ThingMagicCodec, ThingMagicHostCodec
from readers.protocols.thingmagic.controls import ThingMagicControls
from readers.protocols.thingmagic.emulator import ThingMagicEmulator
from readers.protocols.thingmagic.inquiry import THINGMAGIC_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="thingmagic",
    title="ThingMagic M5e / M6e / Nano / M7e module, Silion module (FF)",
    bauds=(115200, 9600),
    codec=ThingMagicCodec,
    host_codec=ThingMagicHostCodec,
    emulator=ThingMagicEmulator,
    reads="tags",
    inquiry=THINGMAGIC_INQUIRY,
    short="ThingMagic",
    controls=ThingMagicControls,
)
