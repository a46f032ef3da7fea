"""Zebra FX7500, FX9600, FXR90 and ATR7000 that push JSON events (IoT Connector) over TCP.

Checklist: objects `{"type":"SIMPLE","timestamp":…,"data":{"idHex":…}}`, often glued together with
nothing between; the time's offset is `+0000` without a colon; `eventNum` counts, a gap is lost
events; which fields there are is set in the reader. Heard over
`socket://`, `mqtt://` and `http-listen://` (HTTP POST); WebSocket and starting the inventory are
not spoken here.

>>> [read] = ZebraIotcCodec().receive(b'{"data":{"idHex":"E200","peakRssi":-47,"antenna":2}}')
>>> read.epc.hex(), read.antenna, read.rssi_dbm
('e200', 2, -47.0)

Source: PROTOCOLS.md section 10; Zebra IoT Connector.
"""

from __future__ import annotations

from readers.inquiry import About, Inquiry
from readers.protocol import ProtocolEntry
from readers.protocols.zebra_iotc_json.codec import ZebraIotcCodec
from readers.protocols.zebra_iotc_json.controls import ZebraIoTCControls
from readers.protocols.zebra_iotc_json.emulator import ZebraIotcEmulator
from readers.reads import Item, Reply, TagRead

__all__ = ["ENTRY"]


def _is_pushed(item: Item) -> bool:
    if isinstance(item, Reply):
        return str(item.fields["kind"]).upper() == "HEARTBEAT"
    return isinstance(item, TagRead)


ENTRY = ProtocolEntry(
    name="zebra_iotc_json",
    title="Zebra IoT Connector events (JSON)",
    bauds=(),
    codec=ZebraIotcCodec,
    host_codec=None,
    emulator=ZebraIotcEmulator,
    reads="tags",
    inquiry=Inquiry(
        asks=(),
        is_answer=lambda _item: False,
        is_pushed=_is_pushed,
        further=lambda _item: (),
        about=lambda _items: About(),
        pushed_min=1,
    ),
    short="Zebra IoT Connector",
    controls=ZebraIoTCControls,
)
