"""What an SSI scanner can be told: its beeper and its lamps; of tags it knows none.

Source: PROTOCOLS.md section 13 (E6, E7, E8).
"""

from __future__ import annotations

from collections.abc import Mapping

from readers.control.controls import TRIES, Controls, within
from readers.control.talk import Ask, Talk
from readers.protocols.zebra_ssi.codec import Frame
from readers.protocols.zebra_ssi.commands import ACK, BEEP, LED_OFF, LED_ON, NAK
from readers.reads import Item, ReaderError, Reply

ONE_HIGH_SHORT = b"\x00"
LAMP_MAX = 8


class SSIControls(Controls):
    """One scanner."""

    name = "An SSI scanner"

    def beep(self) -> Talk[None]:
        """Beep once, high and short."""
        yield from self._do(BEEP, ONE_HIGH_SHORT)

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch lamps of the scanner; it has as many as its model has."""
        within(self.name, "lamp", list(pins), 1, LAMP_MAX)
        for op, wanted in ((LED_ON, True), (LED_OFF, False)):
            if mask := sum(1 << (pin - 1) for pin, is_on in pins.items() if is_on is wanted):
                yield from self._do(op, bytes((mask,)))

    def _do(self, op: int, data: bytes) -> Talk[None]:
        """Send a packet and see it acknowledged.

        Raises:
            ReaderError: If the scanner refuses, or does not answer.
        """

        def is_receipt(item: Item) -> bool:
            return isinstance(item, Reply) and item.command in (ACK, NAK)

        asked = Frame(op, data).encode()
        # A sleeping scanner loses what wakes it, and hears what is said again.
        answer = yield Ask(asked, is_receipt, tries=TRIES)
        if not isinstance(answer, Reply):
            raise ReaderError(f"{self.name} does not answer: look at its cable.")
        if answer.command == NAK:
            raise ReaderError(f"{self.name} cannot do {answer.name}: it refuses.")
