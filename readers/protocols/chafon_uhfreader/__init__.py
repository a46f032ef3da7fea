"""Chafon UHFReader18 and UHFReader288 readers (CF-RU5xxx, CF-MU80x, RRU9xxx, RU5102).

Checklist: link 57600 8N1, or TCP port 6000 or 27011, less than 15 ms between two bytes; frame
`LEN ADR CMD [STATUS] DATA CRC`, LEN counts what follows it, CRC-16/MCRF4XX with its low byte first
and over a whole frame 0; address FF asks any reader. There is no start byte: only the checksum
tells a frame. One command at a time, what comes meanwhile is lost. A UHFReader18 tells neither
antenna nor RSSI, a 288 tells the antenna as a mask with one bit; nobody defines RSSI in dBm. A
round ends with any status but 03. In real-time mode tags come unasked, and nothing but 21, 76 and
77 is answered.

>>> [read] = UHFReaderCodec().receive(
...     bytes.fromhex("1500010304010c49440000000000000a0003346425c0"))
>>> read.tree()["epc"], read.tree()["antenna"], read.tree()["rssi_raw"]
('49440000000000000a000334', 3, 100)

Source: PROTOCOLS.md section 3.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.chafon_uhfreader.codec import UHFReaderCodec, UHFReaderHostCodec
from readers.protocols.chafon_uhfreader.controls import UHFReaderControls
from readers.protocols.chafon_uhfreader.emulator import UHFReaderEmulator
from readers.protocols.chafon_uhfreader.inquiry import UHFREADER_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="chafon_uhfreader",
    title="Chafon UHF reader (UHFReader18, UHFReader288)",
    bauds=(57600, 115200, 38400),
    codec=UHFReaderCodec,
    host_codec=UHFReaderHostCodec,
    emulator=UHFReaderEmulator,
    reads="tags",
    inquiry=UHFREADER_INQUIRY,
    short="UHFReader",
    controls=UHFReaderControls,
)
