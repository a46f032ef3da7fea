"""Tags that no number was ever written into: they arrive on a roll, all alike, and are no garments.

Two things tell them. Their own header does: nothing is written, or the chip's own number stands
where the garment's should. And two tags do that answer with the same number and another protocol
control word: one tag has one such word, so one number with two of them is on two tags at least.
Some makers ship a whole roll under one number that looks like any other.
"""

from __future__ import annotations

from collections.abc import Iterable

from readers.reads import TagRead
from traceability.gs1.blank import blank_of_epc, blank_of_key
from traceability.observation.passes import Sighting

__all__ = ["BlankTags"]

WORDS_MAX = 20_000
"""Numbers whose control words are remembered; a gate sees fewer in a day."""


class BlankTags:
    """What a station has learnt of tags without a number of their own. Owned by one thread."""

    def __init__(self) -> None:
        self._words: dict[str, set[int]] = {}
        self._shared: set[str] = set()

    def see(self, key: str, read: TagRead) -> bool:
        """Take in one read; True if its number belongs to no single thing."""
        if read.pc is not None:
            words = self._words.setdefault(key, set())
            words.add(read.pc)
            if len(words) > 1:
                self._shared.add(key)
            while len(self._words) > WORDS_MAX:
                self._words.pop(next(iter(self._words)))
        return blank_of_epc(read.epc) is not None or self.is_blank(key)

    def is_blank(self, key: str) -> bool:
        """Tell whether a number belongs to no single thing, by all that is known of it."""
        return key in self._shared or blank_of_key(key) is not None

    def among(self, sightings: Iterable[Sighting]) -> dict[str, int]:
        """Return such numbers of a pass, each with how many tags carry it at least."""
        return {
            each.key: max(len(self._words.get(each.key, ())), 1)
            for each in sightings
            if self.is_blank(each.key)
        }
