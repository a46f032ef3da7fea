"""Nordic ID NUR modules and readers (Stix, Sampo, EXA sleds), by USB, serial line, TCP.

Checklist: link 115200 8N1, USB CDC (any speed), TCP 4333; frame `A5 LEN FLAGS XOR PAYLOAD CRC`, all
numbers least significant byte first, LEN counts payload and CRC, XOR begins at FF and covers the
five bytes before it, the CRC is CRC-16/CCITT-FALSE of the payload; flag bit 0 marks what is pushed,
bit 1 entries that carry read data; one notification holds many tags; the reader stops its stream by
itself and says so: it must be started again; antenna numbers begin at 0.

>>> [read] = NurCodec().receive(bytes.fromhex("a522000100798200000100000418cc640500543a0d0000"
...     "300200ccdd443031323334000000000cc7"))
>>> read.tree()["epc"], read.tree()["rssi_dbm"], read.tree()["frequency_khz"]
('ccdd44303132333400000000', -52.0, 866900)

Source: PROTOCOLS.md section 8.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.nordicid_nur.codec import NurCodec, NurHostCodec
from readers.protocols.nordicid_nur.controls import NurControls
from readers.protocols.nordicid_nur.emulator import NurEmulator
from readers.protocols.nordicid_nur.inquiry import NUR_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="nordicid_nur",
    title="Nordic ID NUR module and readers (Stix, Sampo, EXA)",
    bauds=(115200,),
    codec=NurCodec,
    host_codec=NurHostCodec,
    emulator=NurEmulator,
    reads="tags",
    inquiry=NUR_INQUIRY,
    short="Nordic ID NUR",
    controls=NurControls,
)
