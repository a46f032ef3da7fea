"""Chafon readers that speak `53 57` and answer `43 54` (RU5100, RU5300, RU5500).

Checklist: link 115200 8N1, or the reader dials in over TCP and sends heartbeats; frame
`53 57 LEN(2) ADDR CMD DATA CHECK`, answer `43 54 LEN(2) ADDR CMD STATUS DATA CHECK`, LEN counts
what follows it, the sum of a whole frame is 0 mod 256; status 01 is good and 00 is not; address FF
asks any reader. Out of its box a reader pushes what it reads (45). Several tags share a frame, each
with a length of its own. Traps: the manual's example of E0 has a wrong length; RSSI is not defined
in dBm.

>>> one, other = Chafon5357Codec().receive(bytes.fromhex(
...     "4354002c004501c4dd938e170123020f0102e2002075601001820480e064330f0103"
...     "e3002075601001820480e0643407"))
>>> one.tree()["epc"], other.tree()["antenna"], one.frame is other.frame
('e2002075601001820480e064', 3, True)

Source: PROTOCOLS.md section 5.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.chafon_5357.codec import Chafon5357Codec, Chafon5357HostCodec
from readers.protocols.chafon_5357.controls import Chafon5357Controls
from readers.protocols.chafon_5357.emulator import Chafon5357Emulator
from readers.protocols.chafon_5357.inquiry import CHAFON_5357_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="chafon_5357",
    title="Chafon UHF reader (53 57)",
    bauds=(115200,),
    codec=Chafon5357Codec,
    host_codec=Chafon5357HostCodec,
    emulator=Chafon5357Emulator,
    reads="tags",
    inquiry=CHAFON_5357_INQUIRY,
    short="Chafon RU5000",
    controls=Chafon5357Controls,
)
