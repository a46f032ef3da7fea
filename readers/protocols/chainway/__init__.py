"""Chainway fixed readers and modules (UR4, UR8, UR1A, R series, CM modules).

Checklist: link 115200 8N1 or TCP port 8888; frame `A5 5A` or `C8 8C`, LEN u16 of the whole frame,
CMD, DATA, the XOR of LEN to DATA, `0D 0A`; an answer's CMD is the question's plus one. Traps:
`0D 0A` occurs inside frames, even as the checksum; a tag record says by its length alone whether
TID, user memory, phase and frequency are in it; while it reads, the reader hears only the stop.

>>> [read] = ChainwayCodec().receive(
...     bytes.fromhex("c88c0019833000e2003411b802011383258566fd6f02100d0a")
... )
>>> read.tree()["epc"], read.tree()["antenna"], read.tree()["rssi_dbm"]
('e2003411b802011383258566', 2, -65.7)

Source: PROTOCOLS.md section 7 (makers' module protocol document; captures of a UR4).
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.chainway.codec import ChainwayCodec, ChainwayHostCodec
from readers.protocols.chainway.controls import ChainwayControls
from readers.protocols.chainway.emulator import ChainwayEmulator
from readers.protocols.chainway.inquiry import CHAINWAY_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="chainway",
    title="Chainway UR4 / UR8 / UR1A UHF reader, CM module",
    bauds=(115200,),
    codec=ChainwayCodec,
    host_codec=ChainwayHostCodec,
    emulator=ChainwayEmulator,
    reads="tags",
    inquiry=CHAINWAY_INQUIRY,
    short="Chainway",
    controls=ChainwayControls,
)
