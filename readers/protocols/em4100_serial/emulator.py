"""A card reader played: it says the card that lies on it, and hears nothing."""

from __future__ import annotations

from collections.abc import Sequence

from readers.codec import Emulator, Sent
from readers.protocols.em4100_serial.codec import NUMBER_SIZE, Frame
from readers.reads import ReaderError


class Em4100Emulator(Emulator):
    """An RDM6300, which repeats itself, or an ID-12, which does not."""

    def __init__(self, *, is_repeating: bool = True) -> None:
        """Switch the reader on without a card."""
        super().__init__()
        self._is_repeating = is_repeating
        self._said: bytes | None = None

    def answer(self, data: bytes) -> list[Sent]:
        """Hear nothing: a card reader has no commands."""
        return []

    def show(self, epcs: Sequence[bytes], *, antenna: int = 1, rssi_dbm: int = -55) -> None:
        """Hold a card to the reader, in the place of the one before: it hears one at a time.

        Raises:
            ReaderError: If a number has not 5 bytes.
        """
        for number in epcs:
            if len(number) != NUMBER_SIZE:
                raise ReaderError(
                    f"Cannot show {number.hex()}: expected a card's number of {NUMBER_SIZE} bytes,"
                    f" got {len(number)}."
                )
        if epcs:
            self.field.clear()
            super().show(epcs[-1:], antenna=antenna, rssi_dbm=rssi_dbm)

    def tick(self) -> list[Sent]:
        """Say the card that lies here; an ID-12 does so once."""
        number = next(iter(self.field), None)
        is_again = number == self._said
        self._said = number
        if number is None or (is_again and not self._is_repeating):
            return []
        frame = Frame(number, has_line_end=not self._is_repeating).encode()
        return [Sent(frame, "card", None, number.hex().upper())]
