"""R200 / M100 / YRM100x / JRD-4035 modules that speak `BB … 7E` (hand-held sleds, desk readers).

Checklist: link 115200 8N1; frame `BB TYPE CMD PL(2) PARAM SUM 7E`, SUM counts TYPE to PARAM;
TYPE 00 host, 01 answer, 02 notification; some firmware says `AA … DD` instead, so both are asked
for until one answers; 7E and DD occur inside frames; error 15 is what an empty field sounds like.

>>> [read] = R200Codec().receive(
...     bytes.fromhex("bb02220011c93400e20010710000529b0940b402163dd47e"))
>>> read.tree()["epc"], read.tree()["rssi_dbm"]
('e20010710000529b0940b402', -55.0)

Source: PROTOCOLS.md section 6.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.r200_bb7e.codec import R200Codec, R200HostCodec
from readers.protocols.r200_bb7e.controls import R200Controls
from readers.protocols.r200_bb7e.emulator import R200Emulator
from readers.protocols.r200_bb7e.inquiry import R200_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="r200_bb7e",
    title="R200 / M100 / YRM100 UHF module (BB … 7E, AA … DD)",
    bauds=(115200,),
    codec=R200Codec,
    host_codec=R200HostCodec,
    emulator=R200Emulator,
    reads="tags",
    inquiry=R200_INQUIRY,
    short="R200",
    controls=R200Controls,
)
