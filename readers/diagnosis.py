"""Why a reader that answers may hear no tag, and what about it is not as it left its box.

>>> [hint.sentence for hint in deaf(About(power_dbm=(5.0,), region="us"))][0]
'It sends with 5 dBm, which reaches a hand: 20 to 30 dBm reach a gate.'

Nothing of this is ever changed unasked: a person reads it and decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readers.inquiry import REGIONS, About
from readers.reads import Item, Reply

WEAK_DBM = 15.0
"""Below this a reader reaches what is held before it, no more."""
USUAL_ADDRESSES = (0x00, 0x01, 0xFF)
_SENTENCES = {
    "pushing": "It speaks by itself, as whoever had it before has set it. It is used as it is.",
    "address": "It is set to address {detail}; it is spoken to whatever its address is.",
    "password": "It does not let us in ({detail}): set its user and password back to those it left"
    " the factory with, or close the program that has changed them.",
    "antenna": "It says that an antenna is missing or broken ({detail}): screw the cable on, and"
    " try another one.",
    "no antenna": "Nothing is connected to antenna {detail}.",
    "heat": "It says that it is too hot ({detail}): let it cool, and give it air.",
    "supply": "It says that it gets too little power ({detail}): use its own power supply.",
    "refuses": "It refuses to read: {detail}.",
    "weak": "It sends with {detail} dBm, which reaches a hand: 20 to 30 dBm reach a gate.",
    "region": "It is set to region {detail}: tags answer only there where it may send, and it may"
    " send only where that is your country.",
    "tag": "Hold a UHF tag a hand's width before the antenna, not on metal and not in the hand.",
}
_SIGNS = (
    ("password", ("password", "user", "login")),
    ("antenna", ("antenna", "return loss")),
    ("heat", ("hot", "temperature", "overheat")),
    ("supply", ("voltage", "power not reached", "power too low")),
)
_HARMLESS = ("no tag", "buffer empty", "buffer is empty", "inventory end")


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to know of a reader, or to try."""

    kind: str
    """A key of `_SENTENCES`."""
    detail: str = ""
    """A number, a region's key, or what the reader said."""

    @property
    def sentence(self) -> str:
        """Say it."""
        detail = REGIONS.get(self.detail, self.detail) if self.kind == "region" else self.detail
        return _SENTENCES[self.kind].format(detail=detail)


def complaint_of(item: Item) -> Hint | None:
    """Return what a reader complains of; None if it does not, or only of an empty field."""
    if not isinstance(item, Reply) or item.error is None:
        return None
    said = str(item.fields.get("code") or item.fields.get("error") or item.error)
    low = said.lower()
    if any(words in low for words in _HARMLESS):
        return None
    kind = next((kind for kind, signs in _SIGNS if any(sign in low for sign in signs)), "refuses")
    return Hint(kind, said)


def oddities(about: About, *, speaks_unasked: bool = False, address: int = 0) -> tuple[Hint, ...]:
    """Return what is worth knowing of a reader that was just recognised.

    Args:
        about: What it says of itself.
        speaks_unasked: Whether it was reading when it was found.
        address: On its bus; the usual ones are not worth a word.
    """
    found = [Hint("pushing")] if speaks_unasked else []
    if address not in USUAL_ADDRESSES:
        found.append(Hint("address", str(address)))
    found += [Hint("no antenna", str(number)) for number in about.no_antenna]
    if about.power_dbm and max(about.power_dbm) < WEAK_DBM:
        found.append(Hint("weak", f"{max(about.power_dbm):g}"))
    return tuple(found)


def deaf(about: About, complaints: Sequence[Hint] = ()) -> tuple[Hint, ...]:
    """Return what to look at when a reader of tags answers and hears none, the likeliest first.

    Args:
        about: What it says of itself.
        complaints: What it said while it was listened to.
    """
    found = [*dict.fromkeys(complaints)]
    if about.power_dbm and max(about.power_dbm) < WEAK_DBM:
        found.append(Hint("weak", f"{max(about.power_dbm):g}"))
    found += [Hint("no antenna", str(number)) for number in about.no_antenna]
    found.append(Hint("tag"))
    if about.region:
        found.append(Hint("region", about.region))
    return tuple(found)
