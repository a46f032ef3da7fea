"""LLRP 1.0.1 readers on a network: Impinj Speedway and R700, Zebra FX, ThingMagic Sargas, Alien.

Checklist: link TCP 5084 (TLS on 5085: `tls://`); message `000 VVV TTTTTTTTTT LENGTH(4)
ID(4)`, version 1, LENGTH counts all; inside, TLVs `000000 TYPE(10) LENGTH(2)` and TVs `1 TYPE(7)`
whose sizes must be known; no checksum, TCP has one. The reader speaks first, hears one client and
refuses a second; a keep-alive wants its answer; times are the reader's own, perhaps unset; a
channel index counts from 1 into the table of the capabilities.

>>> [read] = LlrpCodec().receive(bytes.fromhex(
...     "043d000000230000000700f000198d000102030405060708090a0b81000386d6880002"))
>>> read.tree()["epc"], read.antenna, read.rssi_dbm, read.read_count
('000102030405060708090a0b', 3, -42.0, 2)

Source: LLRP 1.0.1 (EPCglobal, 2007); PROTOCOLS.md section 9.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.llrp.client import LlrpCodec
from readers.protocols.llrp.codec import LlrpHostCodec
from readers.protocols.llrp.controls import LlrpControls
from readers.protocols.llrp.emulator import LlrpEmulator
from readers.protocols.llrp.inquiry import LLRP_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="llrp",
    title="LLRP network reader (TCP 5084): Impinj, Zebra FX, Sargas, Alien",
    bauds=(),
    codec=LlrpCodec,
    host_codec=LlrpHostCodec,
    emulator=LlrpEmulator,
    reads="tags",
    inquiry=LLRP_INQUIRY,
    short="LLRP",
    controls=LlrpControls,
)
