r"""Card readers of 125 kHz on a serial line (RDM6300, ID-12, ID-20): a card has one fixed number.

Checklist: link 9600 8N1, the reader only speaks; frame `02 | 10 hex | 2 hex | 03` (RDM6300) or
`02 | 10 hex | 2 hex | 0D 0A | 03` (ID-12, ID-20), hex digits of either case; the last two digits
are the xor of the five bytes before them. Traps: an RDM6300 says its card again every 65 ms while
it lies there, so a card is new only after 300 ms without it (the station counts that; the codec
gives every frame); an ID-12 says it once; two cards at a time are not heard at all.

>>> [card] = Em4100Codec().receive(b"\x0262E3086CED08\x03")
>>> card.tree()["decimal"], card.tree()["facility"], card.tree()["card"]
(3808980205, 8, 27885)

Source: PROTOCOLS.md section 12.
"""

from __future__ import annotations

from readers.inquiry import About, Inquiry
from readers.protocol import ProtocolEntry
from readers.protocols.em4100_serial.codec import Em4100Codec
from readers.protocols.em4100_serial.emulator import Em4100Emulator
from readers.reads import CardRead

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="em4100_serial",
    title="Card reader 125 kHz on a serial line (RDM6300, ID-12, ID-20)",
    bauds=(9600,),
    codec=Em4100Codec,
    host_codec=None,
    emulator=Em4100Emulator,
    reads="cards",
    # It hears nothing. A frame of fourteen checked places is no accident, and an ID-12 says its
    # card only once.
    inquiry=Inquiry(
        asks=(),
        is_answer=lambda _item: False,
        is_pushed=lambda item: isinstance(item, CardRead),
        further=lambda _item: (),
        about=lambda _items: About(),
        pushed_min=1,
    ),
    short="card reader 125 kHz",
)
