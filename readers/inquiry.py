"""What a stranger on a port is asked, so that it says who it is; nothing asked changes anything.

>>> About(firmware="1.9", region="eu", power_dbm=(30.0,)).words()
['firmware 1.9', '30 dBm', 'region EU']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from readers.reads import Item

REGIONS = {
    "eu": "EU",
    "us": "US",
    "cn": "China 920-925 MHz",
    "cn840": "China 840-845 MHz",
    "kr": "Korea",
    "in": "India",
    "jp": "Japan",
    "au": "Australia",
    "nz": "New Zealand",
    "own": "its own frequencies",
}
"""Word for a region → what people call it."""


@dataclass(frozen=True, slots=True)
class About:
    """What a reader says of itself."""

    model: str = ""
    firmware: str = ""
    region: str = ""
    """A key of `REGIONS`; empty where the reader does not say."""
    power_dbm: tuple[float, ...] = ()
    """One figure for all antennas, or one for each."""
    no_antenna: tuple[int, ...] = ()
    """Ports of the box, from 1, at which it finds no antenna; empty where it does not look."""

    def words(self) -> list[str]:
        """Return what was said, in the order people ask for it."""
        found = [self.model] if self.model else []
        if self.firmware:
            found.append(f"firmware {self.firmware}")
        if self.power_dbm:
            found.append(" / ".join(f"{each:g}" for each in self.power_dbm) + " dBm")
        if self.region:
            found.append(f"region {REGIONS[self.region]}")
        return found

    def tree(self) -> dict[str, object]:
        """Return the JSON form; what was not said is null."""
        return {
            "model": self.model or None,
            "firmware": self.firmware or None,
            "region": self.region or None,
            "power_dbm": list(self.power_dbm) or None,
            "no_antenna": list(self.no_antenna) or None,
        }


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How one protocol's readers are recognised. Only questions, never a setting."""

    asks: tuple[bytes, ...]
    """Frames of the identification command, one for each variant; sent in this order. None where
    a reader hears nothing: then somebody shows it something."""
    is_answer: Callable[[Item], bool]
    """True of the one item that only such a reader says to that."""
    is_pushed: Callable[[Item], bool]
    """True of what such a reader says unasked while it is reading tags."""
    further: Callable[[Item], tuple[bytes, ...]]
    """What to ask next, given the answer: firmware, region, power."""
    about: Callable[[Sequence[Item]], About]
    """What all the answers together say."""
    pushed_min: int = 2
    """How many good frames unasked are no accident; 1 where a frame is long and well checked."""
    may_sleep: bool = False
    """Whether such a reader may sleep, and lose what wakes it: then it is asked a second time."""
    is_refusal: Callable[[Item], bool] = lambda _item: False
    """True of what such a reader says to a second host before it hangs up."""
