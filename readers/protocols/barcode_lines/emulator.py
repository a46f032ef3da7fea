"""A barcode scanner played: it says what it is shown and hears nothing."""

from __future__ import annotations

from readers.codec import Emulator, Sent
from readers.protocols.barcode_lines.codec import Frame


class BarcodeEmulator(Emulator):
    """A scanner: says what it is shown, hears nothing."""

    def __init__(self, *, ending: bytes = b"\r\n") -> None:
        """Set the ending that follows each scan."""
        super().__init__()
        self._ending = ending

    def answer(self, data: bytes) -> list[Sent]:
        """Hear nothing: a line scanner has no commands."""
        return []

    def scan(self, text: str, aim: str | None = None) -> Sent:
        """Send one barcode."""
        return Sent(Frame(text.encode(), aim, self._ending).encode(), "scan", None, text)
