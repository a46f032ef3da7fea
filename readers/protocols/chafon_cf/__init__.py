"""Chafon readers that speak `CF`, with "UHF Prime" (CF591 to CF691, H103 sled, M-200 gate).

Checklist: link 115200 8N1, TCP port 2022 or 4001, Bluetooth in pieces of 20 bytes; frame
`CF ADDR CMD(2) LEN DATA CRC`, CRC-16/MCRF4XX with its high byte first; a reader's data begins with
a status; address FF asks any reader. RSSI is a signed number of tenths of a dBm. Status 12 is a
round without a tag, no error. Traps: `00 00` comes first on a network and is noise; a reader in
active mode speaks unasked; sleds put barcodes into tag reports without RSSI, antenna and channel.

>>> [read] = CFCodec().receive(
...     bytes.fromhex("cf0000011200fd8a01000ce280691500004020ed9648b35057"))
>>> read.tree()["epc"], read.tree()["rssi_dbm"]
('e280691500004020ed9648b3', -63.0)

Source: PROTOCOLS.md section 4.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.chafon_cf.codec import CFCodec, CFHostCodec
from readers.protocols.chafon_cf.controls import CFControls
from readers.protocols.chafon_cf.emulator import CFEmulator
from readers.protocols.chafon_cf.inquiry import CF_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="chafon_cf",
    title="Chafon UHF reader (CF, UHF Prime)",
    bauds=(115200,),
    codec=CFCodec,
    host_codec=CFHostCodec,
    emulator=CFEmulator,
    reads="tags",
    inquiry=CF_INQUIRY,
    short="Chafon CF",
    controls=CFControls,
)
