r"""Impinj R700 and R7xx readers that tell events as JSON lines (IoT device interface).

Checklist: HTTP `GET /api/v1/data/stream` with a password, one object a line that ends in CR LF,
blank lines are keep-alives; EPC in hex (`epcHex`) or base64 or base64url (`epc`), perhaps only one
of them; RSSI in hundredths of a dBm; older firmware says no `eventType`. The stream is asked for
by `https://`, comes by `mqtt://`, to `http-listen://` (a webhook), or over `socket://`; Kafka and
starting the inventory are not spoken here.

>>> [read] = ImpinjR700Codec().receive(
...     b'{"tagInventoryEvent":{"epc":"ikUCJA==","antennaPort":3,"peakRssiCdbm":-7400}}\r\n')
>>> read.epc.hex(), read.antenna, read.rssi_dbm
('8a450224', 3, -74.0)

Source: PROTOCOLS.md section 10; Impinj IoT device interface.
"""

from __future__ import annotations

from readers.inquiry import About, Inquiry
from readers.protocol import ProtocolEntry
from readers.protocols.impinj_r700_json.codec import EVENT, ImpinjR700Codec
from readers.protocols.impinj_r700_json.controls import ImpinjR700Controls
from readers.protocols.impinj_r700_json.emulator import ImpinjR700Emulator
from readers.reads import Item, Reply, TagRead

__all__ = ["ENTRY"]


def _is_pushed(item: Item) -> bool:
    if isinstance(item, Reply):
        return item.command == EVENT and item.fields["kind"] == "inventoryStatus"
    return isinstance(item, TagRead)


ENTRY = ProtocolEntry(
    name="impinj_r700_json",
    title="Impinj R700 event stream (JSON lines)",
    bauds=(),
    codec=ImpinjR700Codec,
    host_codec=None,
    emulator=ImpinjR700Emulator,
    reads="tags",
    inquiry=Inquiry(
        asks=(),
        is_answer=lambda _item: False,
        is_pushed=_is_pushed,
        further=lambda _item: (),
        about=lambda _items: About(),
        pushed_min=1,
    ),
    short="Impinj R700 events",
    controls=ImpinjR700Controls,
)
