"""A Zebra reader's IoT Connector played: a sign of life first, then events glued together."""

from __future__ import annotations

import json

from readers.codec import Emulator, Sent

HEARTBEAT_TICKS = 100


class ZebraIotcEmulator(Emulator):
    """A fixed reader that was told to push its tags."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self._ticks = self._number = 0

    def connect(self) -> list[Sent]:
        """Give a sign of life."""
        return [self._event("HEARTBEAT", {"radio_connection": "connected"})]

    def answer(self, data: bytes) -> list[Sent]:
        """Say nothing: it only pushes."""
        return []

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Flip what no JSON survives: the first brace."""
        return 0, 7

    def tick(self) -> list[Sent]:
        """Push an event for each tag, and a sign of life now and then."""
        self._ticks += 1
        sent = [self._tag(epc) for epc in self.field]
        if not self._ticks % HEARTBEAT_TICKS:
            sent += self.connect()
        return sent

    def _tag(self, epc: bytes) -> Sent:
        antenna, dbm = self.field[epc]
        self._number += 1
        told = {
            "MAC": "C4:7D:CC:FF:FF:FF", "antenna": antenna, "eventNum": self._number,
            "format": "epc", "idHex": epc.hex().upper(), "peakRssi": dbm, "reads": 1,
        }  # fmt: skip
        return Sent(self._event("SIMPLE", told).frame, "tag", epc)

    def _event(self, kind: str, data: dict[str, object]) -> Sent:
        seconds = self._ticks // 20
        at = f"2026-01-01T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        told = {"type": kind, "timestamp": f"{at}.000+0000", "data": data}
        return Sent(json.dumps(told, separators=(",", ":")).encode())
