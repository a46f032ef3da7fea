"""Cards of 125 kHz at a station: a badge, a bundle's card, known by the number printed on it.

A reader says its card again many times a second while it lies there. A person held it there once:
only the first of these reads is an act, until the card was away for a moment.

>>> from readers.reads import CardRead
>>> printed(CardRead(bytes.fromhex("62e3086ced"), "62E3086CED"))
'3808980205'
"""

from __future__ import annotations

from datetime import datetime, timedelta

from readers.reads import CardRead

__all__ = ["HeldCards", "printed"]

AWAY = timedelta(milliseconds=300)
"""Unread for so long, a card was taken away (PROTOCOLS.md section 12)."""
READERS_MAX = 100
"""Readers of one station whose card is remembered."""


def printed(card: CardRead) -> str:
    """Return the ten digits printed on a card, which readers that type like a keyboard type, too.

    The customer byte in front of the number is not among them.
    """
    return f"{int.from_bytes(card.number[1:], 'big'):010d}"


class HeldCards:
    """Which card lies on which reader. Owned by one thread."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[bytes, datetime]] = {}

    def is_act(self, reader: str, card: CardRead, at: datetime) -> bool:
        """Take in one read; True if somebody has just held this card to the reader."""
        number, last_at = self._held.pop(reader, (b"", at))
        self._held[reader] = (card.number, max(at, last_at))
        while len(self._held) > READERS_MAX:
            self._held.pop(next(iter(self._held)))
        return number != card.number or at - last_at >= AWAY
