"""Impinj R2000 / E710 boxes and gates that speak `A0` (Invelion, Rodinbell, Fonkan, YR9xx, IND9xx).

Checklist: link 115200 8N1 or TCP port 4001; frame `A0 LEN ADDR CMD DATA CHECK`, LEN counts what
follows it, the sum of the whole frame is 0 mod 256; address FF asks any reader; inventory must be
asked for again after each end frame; antenna ports 5 to 8 are announced by bit 7 of the RSSI.

>>> [read] = R2000Codec().receive(bytes.fromhex("a0130189d43000300833b2ddd90140000000013674"))
>>> read.tree()["epc"], read.tree()["antenna"], read.tree()["frequency_mhz"]
('300833b2ddd9014000000001', 1, 925.0)

Source: PROTOCOLS.md section 2 (makers' manual "UHF RFID Reader Serial Interface Protocol" 3.x).
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.r2000_a0.codec import R2000Codec, R2000HostCodec
from readers.protocols.r2000_a0.controls import R2000Controls
from readers.protocols.r2000_a0.emulator import R2000Emulator
from readers.protocols.r2000_a0.inquiry import R2000_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="r2000_a0",
    title="Impinj R2000 / E710 UHF gate (A0)",
    bauds=(115200, 38400),
    codec=R2000Codec,
    host_codec=R2000HostCodec,
    emulator=R2000Emulator,
    reads="tags",
    inquiry=R2000_INQUIRY,
    short="R2000",
    controls=R2000Controls,
)
