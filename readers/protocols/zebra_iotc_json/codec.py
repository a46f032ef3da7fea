"""Events of Zebra's IoT Connector: JSON objects, often glued together without anything between."""

from __future__ import annotations

from typing import Any

from readers.codec import Codec
from readers.json_stream import JsonStream, hex_of, number_of
from readers.reads import Item, Noise, Reply, TagRead

EVENT = 0
_SHOWN = {"MAC": "mac", "eventNum": "event_number", "format": "format", "channel": "channel",
          "TID": "tid", "USER": "user", "XPC": "xpc"}  # fmt: skip


class ZebraIotcCodec(Codec):
    """Hears what the reader pushes; counts events that were lost by their numbers."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self._stream = JsonStream()
        self._numbers: dict[object, int] = {}

    @property
    def has_pending(self) -> bool:
        """True if half an event waits for its rest."""
        return bool(self._stream.rest)

    def start(self) -> bytes:
        """Say nothing: the reader pushes."""
        self._stream = JsonStream()
        return b""

    def receive(self, data: bytes) -> list[Item]:
        """Return the events that are whole."""
        return [self._item(each) for each in self._stream.receive(data)]

    def flush(self) -> list[Item]:
        """Return what is left when no more bytes will come."""
        return [self._item(each) for each in self._stream.flush()]

    def _item(self, told: tuple[dict[str, Any], bytes] | Noise) -> Item:
        """Read one event. `Any`: JSON."""
        if isinstance(told, Noise):
            return told
        event, frame = told
        tag = event.get("data")
        if not isinstance(tag, dict) or "idHex" not in tag:
            kind = str(event.get("type", "event"))
            return Reply(EVENT, kind, {"kind": kind, "event": event}, None, frame)
        epc = hex_of(tag["idHex"])
        if epc is None or len(epc) > 62:
            return Noise(frame, "an event of a tag whose EPC is no hex")
        rssi, pc, crc = tag.get("peakRssi"), hex_of(tag.get("PC")), hex_of(tag.get("CRC"))
        # A figure that no radio can mean is none.
        is_figure = isinstance(rssi, int | float) and rssi is not True and rssi is not False
        dbm = float(str(rssi)) if is_figure and abs(float(str(rssi))) < 1000 else None
        phase = tag.get("phase")
        more: dict[str, object] = {
            name: event[key]
            for key, name in (("timestamp", "timestamp"), ("reader_name", "reader_name"))
            if isinstance(event.get(key), str)
        }
        more |= {name: tag[key] for key, name in _SHOWN.items() if key in tag}
        for name in ("tid", "user"):
            if (words := hex_of(more.get(name))) is not None:
                more[name] = words.hex()
        if lost := self._lost(tag):
            more["lost_events"] = lost
        return TagRead(
            epc, number_of(tag.get("antenna")), dbm, number_of(rssi),
            int.from_bytes(pc, "big") if pc is not None and len(pc) == 2 else None,
            int.from_bytes(crc, "big") if crc is not None and len(crc) == 2 else None,
            None, None, number_of(tag.get("reads")),
            round(phase) if isinstance(phase, int | float) and abs(phase) < 1e6 else None,
            frame, tuple(more.items()),
        )  # fmt: skip

    def _lost(self, tag: dict[str, Any]) -> int:
        """Return how many numbers lie between this event and the last. `Any`: JSON."""
        number = number_of(tag.get("eventNum"))
        if number is None:
            return 0
        reader = str(tag.get("MAC"))
        last = self._numbers.get(reader)
        if last is None and len(self._numbers) >= 64:
            self._numbers.clear()
        self._numbers[reader] = number
        return max(0, number - last - 1) if last is not None else 0
