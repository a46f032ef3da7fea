"""An Impinj R700's data stream played: a status first, then a line for each tag."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from readers.codec import Emulator, Sent

BLANK_TICKS = 100
"""A blank line every 5 s, as a keep-alive."""
_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


class ImpinjR700Emulator(Emulator):
    """A reader whose inventory has been started; a request is answered with HTTP's head."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self._ticks = 0

    def connect(self) -> list[Sent]:
        """Say that the inventory is running."""
        status = {"inventoryStatus": "running"}
        return [self._line("inventoryStatus", inventoryStatusEvent=status)]

    def answer(self, data: bytes) -> list[Sent]:
        """Answer a request for the stream."""
        return [Sent(_HEAD)] if data.startswith(b"GET ") else []

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Flip what no JSON survives: the first brace."""
        return 0, 7

    def tick(self) -> list[Sent]:
        """Push a line for each tag, now and then a blank one."""
        self._ticks += 1
        sent = [self._tag(epc) for epc in self.field]
        return sent if self._ticks % BLANK_TICKS else [*sent, Sent(b"\r\n")]

    def _tag(self, epc: bytes) -> Sent:
        antenna, dbm = self.field[epc]
        told = {
            "epc": urlsafe_b64encode(epc).decode(), "antennaPort": antenna,
            "peakRssiCdbm": dbm * 100, "frequency": 866900, "transmitPowerCdbm": 3000,
        }  # fmt: skip
        line = self._line("tagInventory", tagInventoryEvent=told)
        return Sent(line.frame, "tag", epc)

    def _line(self, kind: str, **event: object) -> Sent:
        seconds = self._ticks // 20
        at = f"2026-01-01T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        told = {"timestamp": f"{at}.000000000Z", "eventType": kind, **event}
        return Sent(json.dumps(told, separators=(",", ":")).encode() + b"\r\n")
